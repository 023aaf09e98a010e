"""The unmodified discord.py client before another simulation of Discord, one that was not made beside Clout."""

import asyncio
from itertools import count

import discord
import pytest

from bots.discord_bot import DiscordFront
from bots.discord_client import Client
from bots.discord_limits import Refusals
from core.app import build
from core.connectors import manifests
from core.settings import Settings
from tests.bots.discord_contract import nodes, of_components
from tests.bots.test_render_slack import CARDS

pytestmark = pytest.mark.simcord(shard_count=1)


@pytest.fixture
async def simcord_bot(box, tmp_path):
    """The client as `clout run` makes it, with its commands told to Discord."""
    database = {"CLOUT_DATABASE_URL": f"sqlite:///{tmp_path / 'clout.db'}"}
    settings = Settings.read(manifests(), {**box.env(), **database}, env_file=None)
    async with build(settings, clock=box.clock) as app:
        numbers = count(0x7F3A)
        front = DiscordFront(app, reference=lambda: f"{next(numbers):04x}")
        client = Client(front, Refusals(lambda: 0.0), guild_ready_timeout=0.0)

        async def told():
            await client.tree.sync()

        client.setup_hook = told
        yield client


@pytest.fixture
def room(simcord_env):
    return simcord_env.create_guild().create_text_channel("creators")


@pytest.fixture
def mia(simcord_env, room):
    return simcord_env.guild.add_member(simcord_env.create_user("mia"))


def sent(env, method, ending):
    """The bodies of requests so far, by method and the end of their path."""
    return [one.json for one in env.http_requests if one.method == method and one.path.endswith(ending)]


def first(env):
    """The first answer to the newest interaction: a promise of one is no longer seen once it was kept."""
    return sent(env, "POST", "/callback")[-1]


def said(message):
    return "\n".join(one.get("content", "") for one in nodes(message.components))


async def test_a_card_follows_its_promise_and_keeps_the_schema(simcord_env, room, mia):
    result = await mia.slash(room, "influence", handle="@beanco")
    assert (first(simcord_env), result.ephemeral, result.followups) == ({"type": 5}, False, [])
    assert "51 \\(49 to 54\\)" in said(result.response)
    [edit] = sent(simcord_env, "PATCH", "/@original")
    assert (edit["allowed_mentions"]["parse"], edit["flags"] & 1 << 15) == ([], 1 << 15)
    assert of_components(edit["components"]) == []


async def test_a_picture_comes_with_the_edit(simcord_env, simcord_bot, room, mia, monkeypatch):
    async def known(ctx, invocation, show, *, reference):
        return CARDS["glowguru"]

    monkeypatch.setattr("bots.discord_bot.run", known)
    result = await mia.slash(room, "influence", handle="@glowguru")
    [picture] = result.response.attachments
    assert (picture.filename, picture.description[:12]) == ("history.png", "Score 48 to ")
    [gallery] = [one for one in nodes(result.response.components) if one["type"] == 12]
    assert gallery["items"][0]["description"] == picture.description


async def test_what_cannot_be_a_handle_is_promised_privately(simcord_env, room, mia):
    result = await mia.slash(room, "influence", handle="na sa!")
    assert first(simcord_env) == {"type": 5, "data": {"flags": 64}}
    assert result.ephemeral
    assert "7f3a" in said(result.response)


async def test_an_error_after_a_public_promise_goes_to_the_asker_alone(simcord_env, room, mia):
    """The promise becomes a line, then the error follows privately, then the line goes: in this order only."""
    result = await mia.slash(room, "influence", handle="@beancoo")
    [told] = result.followups
    assert (told.ephemeral, result.response) == (True, None)
    assert "7f3a" in said(told)
    done = [(one.method, one.path.rpartition("/")[2]) for one in simcord_env.http_requests][-4:]
    assert [method for method, _ in done] == ["POST", "PATCH", "POST", "DELETE"]


async def test_an_answer_that_takes_long_was_promised_in_time(simcord_env, room, mia, monkeypatch):
    """Discord waits three seconds for the promise and fifteen minutes for what was promised."""

    async def slowly(ctx, invocation, show, *, reference):
        await simcord_env.external_wait(asyncio.sleep(0.05), reason="a slow network")
        return CARDS["newcomer"]

    monkeypatch.setattr("bots.discord_bot.run", slowly)
    result = await mia.slash(room, "influence", handle="@slow")
    await simcord_env.settle()
    assert result.acknowledged
    assert "about 31" in said(result.response)


async def test_buttons_of_a_card_are_alive(simcord_env, room, mia):
    card = (await mia.slash(room, "influence", handle="@beanco")).response.message
    why = await mia.click(card, label="Why")
    assert first(simcord_env)["type"] == 5
    assert "= 1 + 50.0 points" in said(why.response)


async def test_names_are_offered_once_they_are_known(simcord_env, room, mia):
    assert await mia.autocomplete(room, "influence", "handle", "bea") == []
    await mia.slash(room, "influence", handle="@beanco")
    offered = await mia.autocomplete(room, "influence", "handle", "bea")
    assert "bluesky:beanco.bsky.social" in [one["value"] for one in offered]


async def test_who_does_not_manage_the_server_is_not_offered_to_change_it(simcord_env, room, mia):
    managers = simcord_env.guild.create_role("Managers", permissions=discord.Permissions(manage_guild=True))
    mona = simcord_env.guild.add_member(simcord_env.create_user("mona"), roles=[managers])
    assert "creator link" not in mia.available_commands(room)
    assert {"creator link", "influence"} <= set(mona.available_commands(room))


async def test_a_server_that_is_not_said_to_have_clout_is_not_changed(simcord_env, room):
    """This simulation leaves out whose install answers, and what is not said counts against who asks."""
    managers = simcord_env.guild.create_role("Managers", permissions=discord.Permissions(manage_guild=True))
    mona = simcord_env.guild.add_member(simcord_env.create_user("mona"), roles=[managers])
    result = await mona.slash(room, "creator link", creator="@beanco", account="bluesky:beanco.bsky.social")
    assert result.ephemeral
    assert "There is no server here" in said(result.response)


async def test_a_refused_edit_is_tried_in_a_simpler_form(simcord_env, room, mia):
    simcord_env.inject_error("PATCH", "/webhooks/*/*/messages/@original", status=400, code=50035)
    result = await mia.slash(room, "influence", handle="@beanco")
    assert result.response.embeds[0].description.startswith("###")
