"""`watch` and its neighbours as people type them, and the cards they answer with."""

from pathlib import Path

import pytest

from core.app import App
from core.card import Card, Listing, plain
from core.commands import parse, run
from core.messenger import Place
from tests.core.digest_worlds import CREATORS, TEAM, Heard, follow, keep_day, running
from tests.core.stored_readings import HandClock


async def said(app: App, words: str, *, team: str = TEAM, manage: bool = True, place: Place | None = CREATORS) -> Card:
    async def show(card: Card) -> None:
        return None

    ctx = await app.context(team, asker="U1", place=place, can_manage=manage)
    return await run(ctx, parse(words), show, reference=lambda: "ref1")


def words_of(card: Card) -> str:
    return " ".join(card.facts())


async def world(app: App, clock: HandClock) -> None:
    await keep_day(app.store, "glow", 60, clock.now())
    await follow(app.store, "glow", clock.now())


async def test_a_watch_is_set_up_listed_changed_snoozed_and_removed(tmp_path: Path) -> None:
    clock = HandClock()
    async with running(tmp_path, clock, Heard()) as app:
        await world(app, clock)
        made = await said(app, 'watch @glow above 50 in <#C2> mention <@&77> saying "Have a look"')
        assert "Watch 1 on @glow: above 50 is set up" in plain(made.title)
        assert "is above 50 already, at 60: the next crossing is told, once it was at 48 or less" in words_of(made)
        for words in ("told in #c2", "calls a role", "Have a look"):
            assert words in words_of(made)
        moves = await said(app, "watch @glow moves 5 in 7d in <#C2>")
        assert "moves 5 in 7d" in plain(moves.title)
        assert "told in #c2" in words_of(moves)
        listed = await said(app, "watches")
        items = next(block for block in listed.blocks if isinstance(block, Listing)).items
        assert ["above 50" in plain(items[0].line), "moves 5 in 7d" in plain(items[1].line)] == [True, True]
        assert "told again once it was 2 points back" in plain(items[0].detail)
        assert "above 65 is changed" in plain((await said(app, "watch edit 1 above 65 to here mention none")).title)
        assert "Change it with" in words_of(await said(app, "watch edit 1"))
        assert "is snoozed" in plain((await said(app, "watch snooze 1 1w")).title)
        assert "snoozed until" in words_of(await said(app, "watches @glow"))
        assert "is awake again" in plain((await said(app, "watch snooze 1 off")).title)
        assert "is removed" in plain((await said(app, "watch remove 1")).title)
        assert "is removed" in plain((await said(app, "unwatch @glow")).title)
        assert "No watch yet" in words_of(await said(app, "watches"))


async def test_a_creator_alone_offers_what_could_be_watched(tmp_path: Path) -> None:
    clock = HandClock()
    async with running(tmp_path, clock, Heard()) as app:
        await world(app, clock)
        card = await said(app, "watch @glow")
        labels = [one.label for one in card.buttons]
        assert labels == ["Above 65", "Below 55", "Moves 5 in 7d", "Spike"]
        pressed = card.buttons[0]

        async def show(partial: Card) -> None:
            return None

        ctx = await app.context(TEAM, asker="U1", place=CREATORS, can_manage=True)
        done = await run(ctx, parse(pressed.typed), show, reference=lambda: "ref1")
        assert "Watch 1 on @glow: above 65 is set up" in plain(done.title)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("watch @glow above 0", "whole number from 1 to 100"),
        ("watch @glow above 101", "whole number from 1 to 100"),
        ("watch @glow rises", "Say when"),
        ("watch tag food above 60", "No tracked creator bears the tag food"),
        ("watch edit 9 above 60", "There is no watch 9"),
        ("watch snooze 1 soon", "no length of time"),
        ("unwatch @mara", "There is no watch on mara"),
        ("watch @glow above 60 mention @everyone", "no role or user group"),
    ],
)
async def test_what_cannot_be_done_is_one_clear_line(tmp_path: Path, line: str, words: str) -> None:
    clock = HandClock()
    async with running(tmp_path, clock, Heard()) as app:
        await world(app, clock)
        card = await said(app, line)
        assert card.error is not None
        assert words in words_of(card)


async def test_only_managers_change_watches_and_every_team_has_its_own(tmp_path: Path) -> None:
    clock = HandClock()
    async with running(tmp_path, clock, Heard()) as app:
        await world(app, clock)
        assert (await said(app, "watch @glow above 50", manage=False)).error == "NotAllowed"
        await said(app, "watch @glow above 50")
        assert "No watch yet" in words_of(await said(app, "watches", team="T2"))
        for line in ("watch edit 1 above 60", "watch snooze 1 1d", "unwatch 1"):
            assert (await said(app, line, team="T2")).error is not None
