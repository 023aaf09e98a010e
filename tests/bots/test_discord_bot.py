"""From what people do on Discord to what they see there: the real client, the real core, a pretend Discord."""

import json
from contextlib import asynccontextmanager
from datetime import timedelta
from itertools import count

import pytest

from bots.discord_bot import DiscordFront
from bots.discord_client import connected
from core.app import build
from core.connectors import manifests
from core.settings import Settings

CREATORS = "creators"


@pytest.fixture
async def hall(box):
    """The pretend Discord; a payload that is wrong in any way fails the test that sent it."""
    yield box.discord
    assert box.discord.violations == []


@pytest.fixture
async def clout(box, hall, tmp_path):
    database = {"CLOUT_DATABASE_URL": f"sqlite:///{tmp_path / 'clout.db'}"}
    settings = Settings.read(manifests(), {**box.env(), **box.discord_env(), **database}, env_file=None)
    async with build(settings, clock=box.clock) as app:
        yield app


@asynccontextmanager
async def running(clout, hall):
    """The bot, connected and synced."""
    numbers = count(0x7F3A)
    front = DiscordFront(clout, reference=lambda: f"{next(numbers):04x}")
    async with connected(clout, front) as connection:
        await hall.ready()
        connection.front = front
        yield connection


@pytest.fixture
async def bot(clout, hall):
    async with running(clout, hall) as connection:
        yield connection


async def asked(hall, handle="@beanco", user="mia", name="influence", **options):
    return await hall.command(hall.home, CREATORS, user, name, {"handle": handle, **options})


def public(hall):
    return [m for m in hall.channel(CREATORS).messages if not m.deleted and m.only_for is None]


async def test_a_command_is_answered_with_a_card_for_everybody(hall, bot):
    deed = await asked(hall)
    shown = await deed.says("51 (49 to 54)")
    assert (deed.type, deed.ephemeral) == (5, False)
    assert public(hall) == [shown]
    assert "@beanco" in hall.read(shown).replace("\u200b", "")


async def a_past(clout, box, weeks=4):
    """Read the creator once a week, so that the card has a course to draw."""
    for _ in range(weeks):
        await clout.lookups.lookup(f"discord:{box.discord.home.id}", "@beanco", fresh=True)
        box.clock.advance(timedelta(weeks=1))


async def test_a_card_comes_with_its_picture_described(hall, clout, box, bot):
    await a_past(clout, box)
    shown = await (await asked(hall)).says("Updated")
    [picture] = shown.uploads
    assert (picture.name, picture.body[:8]) == ("history.png", b"\x89PNG\r\n\x1a\n")
    assert picture.description.startswith("Score ")


async def test_without_the_right_to_attach_files_there_is_no_picture(hall, clout, box, bot):
    await a_past(clout, box)
    hall.forbid(hall.channel(CREATORS), "attach_files")
    shown = await (await asked(hall)).says("Updated")
    assert shown.uploads == []


async def test_a_private_card_is_the_askers_until_it_is_shared(hall, bot):
    deed = await asked(hall, private=True)
    card = await deed.says("51 (49 to 54)")
    assert deed.ephemeral
    assert public(hall) == []
    shared = await hall.click(card, "Share to channel", "mia")
    await shared.says("51 (49 to 54)")
    assert len(public(hall)) == 1


@pytest.mark.parametrize("typed", ["na sa!", "@", "nowhere:x"])
async def test_what_cannot_be_a_handle_is_told_to_the_asker_alone(hall, bot, typed):
    deed = await asked(hall, typed)
    await deed.says("7f3a")
    assert deed.ephemeral
    assert public(hall) == []


async def test_what_cannot_be_found_leaves_nothing_in_the_channel(hall, bot):
    deed = await asked(hall, "@beancoo")
    await deed.finished()
    await hall.until(lambda: deed.deleted_original, 5, "the neutral line is deleted")
    [told] = deed.followups
    assert told.ephemeral
    assert "7f3a" in hall.read(told)
    assert public(hall) == []


async def test_a_team_that_likes_it_private_gets_private_answers_from_the_start(hall, clout, bot):
    await clout.teams.change(f"discord:{hall.home.id}", private=True)
    await bot.front.on_guild(bot.client.get_guild(hall.home.id))
    deed = await asked(hall)
    await deed.says("51 (49 to 54)")
    assert deed.ephemeral
    open_ = await asked(hall, private=False)
    await open_.says("51 (49 to 54)")
    assert not open_.ephemeral


async def test_a_habit_that_was_not_known_yet_is_still_kept(hall, clout, bot):
    """Deferred for everybody, answered for one."""
    await clout.teams.change(f"discord:{hall.home.id}", private=True)
    deed = await asked(hall)
    await deed.finished()
    await hall.until(lambda: deed.deleted_original, 5, "the neutral line is deleted")
    assert "51 (49 to 54)" in hall.read(deed.followups[0])
    assert public(hall) == []


async def test_a_partial_card_is_shown_while_a_network_is_slow(hall, bot, monkeypatch):
    """And never where the answer will be the asker's alone."""
    from tests.bots.test_render_slack import CARDS

    async def slowly(ctx, invocation, show, *, reference):
        await show(CARDS["slow"].as_private(invocation.private))
        await show(CARDS["slow"].as_private(invocation.private))
        return CARDS["glowguru"].as_private(invocation.private)

    monkeypatch.setattr("bots.discord_bot.run", slowly)
    shown = await (await asked(hall)).says("62 (58 to 65)")
    assert any("waiting for TikTok" in json.dumps(before) for before in shown.earlier)


# --- controls -----------------------------------------------------------------------------------------------------


async def test_refresh_changes_the_card_in_place_and_once_in_ten_minutes(hall, box, bot):
    card = await (await asked(hall)).says("51 (49 to 54)")
    box.clock.advance(timedelta(hours=7))
    before = box.requests.count("bluesky")
    again = await hall.click(card, "Refresh", "max")
    await again.finished()
    assert (again.type, len(public(hall))) == (6, 1)
    reads = box.requests.count("bluesky")
    assert reads > before
    assert "at most once" not in hall.read(card)
    await (await hall.click(card, "Refresh", "mia")).finished()
    assert "Read anew at most once in 10 minutes; the next time from" in hall.read(card)
    await (await asked(hall, "@Beanco", fresh=True)).says("at most once in 10 minutes")
    assert box.requests.count("bluesky") == reads


async def test_why_and_history_stand_below_the_card(hall, bot):
    card = await (await asked(hall)).says("51 (49 to 54)")
    await (await hall.click(card, "Why", "mia")).finished()
    await (await hall.click(card, "History", "mia")).finished()
    assert len(public(hall)) == 3
    assert card.earlier == [] or len(card.earlier) == len(public(hall)[0].earlier)


async def test_a_button_of_yesterdays_process_still_works(hall, clout):
    async with running(clout, hall):
        card = await (await asked(hall)).says("51 (49 to 54)")
    async with running(clout, hall):
        await (await hall.click(card, "Why", "mia")).finished()
    assert len(public(hall)) == 2


@pytest.mark.parametrize(
    "state",
    ["clout0~run~why~0~creator=@a", "clout1~run~nothing~0~creator=@a", "clout1~run~why~0~creator=@a~evil=x", "clout~"],
)
async def test_a_button_of_another_version_gets_a_private_answer(hall, bot, state):
    card = await (await asked(hall)).says("51 (49 to 54)")
    deed = await hall.click(card, state, "mia", force=True)
    await deed.says("7f3a")
    assert deed.ephemeral
    assert len(public(hall)) == 1


async def test_pages_turn_in_place(hall, bot, monkeypatch):
    from tests.bots.test_render_discord import long_card

    async def at_length(ctx, invocation, show, *, reference):
        return long_card(28)

    monkeypatch.setattr("bots.discord_bot.run", at_length)
    deed = await hall.command(hall.home, CREATORS, "mia", "networks", {})
    first = await deed.says("1 to 10 of 28")
    turned = await hall.click(first, "Next", "mia")
    await turned.says("11 to 20 of 28")
    assert (turned.type, turned.original) == (6, first)


async def test_a_namesake_is_chosen_from_a_select(hall, bot, monkeypatch):
    from tests.bots.test_render_slack import CARDS

    chosen = []

    async def namesakes(ctx, invocation, show, *, reference):
        chosen.append(dict(invocation.arguments.values))
        return CARDS["namesakes"]

    monkeypatch.setattr("bots.discord_bot.run", namesakes)
    card = await (await asked(hall)).says("Also called")
    await (await hall.choose(card, "Show …", "TikTok @glow · 49 · 92K followers", "mia")).finished()
    assert chosen[-1] == {"creator": ("tiktok:glow",)}


# --- forms, names, menus ------------------------------------------------------------------------------------------


async def test_a_button_that_lacks_something_opens_a_form_even_across_a_restart(hall, clout):
    async with running(clout, hall) as connected:
        card = await (await asked(hall)).says("51 (49 to 54)")
        opened = await hall.click(card, "clout1~run~link~0~creator=@beanco", "ada", force=True)
        assert opened.type == 9
        assert sum("callback" in call.path and str(opened.id) in call.path for call in hall.calls) == 1
        assert not connected.client._connection._view_store._dynamic_items, "the library keeps nothing of a card"
        fields = opened.modal.components
        assert [one["label"] for one in fields] == ["Account"]
    async with running(clout, hall):
        sent = await hall.submit(opened.modal, {"account": "bluesky:beanco.bsky.social"})
        await sent.says("beanco")
        assert sent.ephemeral


async def test_names_are_suggested_from_what_is_known(hall, bot):
    await (await asked(hall)).says("51 (49 to 54)")
    found = await hall.autocomplete(hall.home, CREATORS, "mia", "influence", "handle", "bea")
    assert {"name": "bluesky:beanco.bsky.social", "value": "bluesky:beanco.bsky.social"} in found.choices
    assert (await hall.autocomplete(hall.home, CREATORS, "mia", "influence", "handle", "zz")).choices == []


async def test_names_that_take_too_long_are_left_out(hall, clout, bot, monkeypatch):
    import asyncio

    from core.lookup import Lookups

    async def slow(self, team, text):
        await asyncio.sleep(0.6)
        return ("@late",)

    monkeypatch.setattr(Lookups, "suggestions", slow)
    found = await hall.autocomplete(hall.home, CREATORS, "mia", "influence", "handle", "la")
    assert found.choices == []
    assert found.seconds < 0.5


async def test_the_creators_of_a_message_are_looked_up_for_who_asks(hall, bot):
    from bots.discord_bot import MENU

    said = hall.say(CREATORS, "have you seen https://bsky.app/profile/beanco.bsky.social ?", user="max")
    deed = await hall.context_menu(said, MENU, "mia")
    await deed.says("51 (49 to 54)")
    assert deed.ephemeral
    many = " ".join(f"https://bsky.app/profile/{name}.bsky.social" for name in ("beanco", "maxout", *"abcde"))
    await (await hall.context_menu(hall.say(CREATORS, many), MENU, "mia")).says("1 more creator; these are the first")
    nobody = await hall.context_menu(hall.say(CREATORS, "good morning"), MENU, "mia")
    await nobody.says("Nobody to look up in this message")
    assert nobody.ephemeral


# --- who may ------------------------------------------------------------------------------------------------------


async def test_who_manages_the_server_may_link_and_others_may_not(hall, clout, bot):
    given = {"creator": "@beanco", "account": "bluesky:beanco.bsky.social"}
    refused = await hall.command(hall.home, CREATORS, "mia", "creator link", given, force=True)
    await refused.says("you do not manage Clout here")
    assert refused.ephemeral
    linked = await hall.command(hall.home, CREATORS, "mona", "creator link", given)
    await linked.says("belongs to")
    await clout.teams.change(f"discord:{hall.home.id}", managers="everyone")
    allowed = await hall.command(hall.home, CREATORS, "mia", "creator unlink", given, force=True)
    await allowed.says("no longer belongs")


async def test_in_direct_messages_there_are_lookups_only(hall, bot):
    hall.user("mia", installed=True)
    deed = await hall.command(None, None, "mia", "influence", {"handle": "@beanco"})
    card = await deed.says("51 (49 to 54)")
    told = await hall.click(card, "clout1~run~link~0~creator=@beanco~account=bluesky:x", "mia", force=True)
    await told.says("use the command in a server")


async def test_a_team_never_sees_another_ones_links(hall, clout, bot):
    given = {"creator": "@beanco", "account": "bluesky:beanco.bsky.social"}
    await (await hall.command(hall.home, CREATORS, "mona", "creator link", given)).says("belongs to")
    mine = await clout.lookups.accounts(f"discord:{hall.home.id}", "@beanco")
    assert len(mine.accounts) == 1
