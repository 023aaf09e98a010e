"""`track`, `untrack` and `tracked` as people type them, and the cards they answer with."""

import asyncio
from pathlib import Path

import pytest

from core.app import App
from core.card import Card, Headline, Notes, Table, plain
from core.cards_tracking import imported_card
from core.commands import invoke, parse, run
from core.errors import InputError
from core.intake_creators import BadLine
from core.tracking import Imported
from tests.core.toy_network import TEAM, HandClock, Toy, opened


async def said(app: App, words: str, *, team: str = TEAM, manage: bool = True) -> Card:
    async def show(card: Card) -> None:
        return None

    ctx = await app.context(team, can_manage=manage)
    return await run(ctx, parse(words), show, reference=lambda: "ref1")


def words_of(card: Card) -> str:
    return " ".join(card.facts())


def test_words_behind_a_keyword_stay_together() -> None:
    typed = parse("track @glow as Radiant tag a b with youtube:@glow x:glow tag c").arguments
    assert typed.text("creator") == "@glow"
    assert typed.get("alias") == "Radiant"
    assert typed.many("tag") == ("a", "b", "c")
    assert typed.many("accounts") == ("youtube:@glow", "x:glow")


def test_top_is_tracked_by_score() -> None:
    assert parse("top").command.name == "tracked"
    assert parse("tracked sort movement tag a page 2").arguments.get("page") == "2"
    with pytest.raises(InputError):
        parse("track @glow tag")


async def test_a_creator_is_tracked_listed_ranked_and_left(tmp_path: Path) -> None:
    clock = HandClock()
    toy = Toy("alpha", clock, {f"glow{n}": (f"a{n}", 10 + n) for n in range(24)})
    async with opened(tmp_path, clock, toy) as app:
        lookup = await said(app, "alpha:glow23")
        assert "track" in {button.command for button in lookup.buttons}
        assert "tracked creators" not in words_of(lookup)
        first = await said(app, "track alpha:glow0 tag beauty")
        assert "is tracked from now on" in plain(first.title)
        assert first.private
        assert "tracked already" in plain((await said(app, "track @glow0")).title)
        await asyncio.gather(*(app.tracking.track(TEAM, f"alpha:glow{n}") for n in range(1, 24)))
        lookup = await said(app, "@glow23")
        assert "above 95 % of your 24 tracked creators" in words_of(lookup)
        top = await said(app, "top")
        head, table, notes = top.blocks
        assert isinstance(head, Headline)
        assert isinstance(table, Table)
        assert isinstance(notes, Notes)
        assert plain(head.cells[0]) == "24 tracked creators"
        assert [plain(row.cells[0]) for row in table.rows] == [f"@glow{n}" for n in range(23, 13, -1)]
        assert plain(notes.lines[0]) == "1 to 10 of 24"
        following = next(button for button in top.buttons if button.label == "Next")
        assert parse(following.typed) == invoke(following.command, **dict(following.arguments))
        last = await said(app, "tracked sort score page 3")
        assert "@glow0" in words_of(last)
        assert "beauty" in words_of(last)
        assert "Next" not in {button.label for button in last.buttons}
        gone = await said(app, "untrack @glow0")
        assert "is not tracked any more" in plain(gone.title)
        assert (await said(app, "untrack @glow0")).error == "NotRecorded"


async def test_the_weeks_change_and_what_went_wrong_stand_in_the_list(tmp_path: Path) -> None:
    clock = HandClock()
    toy = Toy("alpha", clock, {"glow": ("a1", 10), "mara": ("a2", 10)})
    async with opened(tmp_path, clock, toy) as app:
        await said(app, "track alpha:glow")
        await said(app, "track alpha:mara")
        clock.move(days=7)
        toy.accounts = {"glow": ("a1", 300)}
        await said(app, "@glow")
        await said(app, "@mara")
        listed = words_of(await said(app, "tracked sort movement"))
        assert "▲" in listed
        assert "Alpha not found, or not shown any more since" in listed
        await app.tracking.bring_in(TEAM, b"handle\nalpha:late\n")
        assert "waiting for its first reading" in words_of(await said(app, "tracked sort name"))


@pytest.mark.parametrize("words", ["tracked sort beauty", "tracked page 0", "tracked page x", "tracked tag a@b"])
async def test_lists_that_cannot_be(tmp_path: Path, words: str) -> None:
    async with opened(tmp_path, HandClock()) as app:
        assert (await said(app, words)).error == "InputError"


async def test_only_managers_track_and_anybody_may_look(tmp_path: Path) -> None:
    clock = HandClock()
    async with opened(tmp_path, clock, Toy("alpha", clock, {"glow": ("a1", 10)})) as app:
        assert (await said(app, "track alpha:glow", manage=False)).error == "NotAllowed"
        assert (await said(app, "untrack alpha:glow", manage=False)).error == "NotAllowed"
        empty = await said(app, "tracked", manage=False)
        assert empty.error is None
        assert not empty.private
        assert "No creator is tracked yet" in words_of(empty)


async def test_no_command_of_one_team_tells_of_another(tmp_path: Path) -> None:
    clock = HandClock()
    async with opened(tmp_path, clock, Toy("alpha", clock, {"glow": ("a1", 10)})) as app:
        await said(app, "track alpha:glow as Secret tag hush")
        for words in ("tracked", "tracked tag hush", "untrack @Secret", "untrack alpha:glow", "accounts @Secret"):
            told = words_of(await said(app, words, team="other"))
            assert "1 tracked" not in told
            assert "alpha" not in told.lower() or words == "untrack alpha:glow"
        assert await app.roster.size(TEAM) == 1


def test_a_report_names_the_lines_to_mend() -> None:
    bad = tuple(BadLine(n, "handle", f"“\x1b[31m<@U{n}>” is no handle") for n in range(2, 303))
    card = imported_card(Imported(400, bad=bad))
    assert card.error == "InputError"
    assert "301 lines of 400 to mend" in words_of(card)
    assert "and 101 more lines" in words_of(card)
    assert "\x1b" not in words_of(card)
    fine = imported_card(Imported(1500, made=1200, joined=1, already=299))
    assert "1,200 creators tracked from now on" in words_of(fine)
    assert fine.error is None
