"""A real, unmodified discord.py client against the pretend Discord: posts, lost permissions, bad weather."""

import io
import logging
from datetime import timedelta

import aiohttp
import discord
import pytest
from discord import ui


def picture():
    words = "Score 71 to 83 over 12 weeks"
    return discord.File(io.BytesIO(b"\x89PNG\r\n\x1a\n--x\r\n\r\n" + bytes(range(256))), "chart.png", description=words)


@pytest.fixture
async def clout(bot, started):
    """The client, logged in, without a command."""
    await started()
    return bot


# --- messages ---------------------------------------------------------------------------------------------------------


async def test_the_same_nonce_posts_once(hall, box, clout):
    channel = clout.get_channel(hall.channel("creators").id)
    first = await channel.send("Digest", nonce="2026-W10")
    again = await channel.send("Digest", nonce="2026-W10")
    assert first.id == again.id
    assert len(hall.channel("creators").messages) == 1
    box.clock.advance(timedelta(minutes=5))
    assert (await channel.send("Digest", nonce="2026-W10")).id != first.id


async def test_a_post_is_edited_fetched_and_deleted(hall, clout):
    channel = clout.get_channel(hall.channel("creators").id)
    sent = await channel.send(file=picture(), nonce="1")
    await sent.edit(content="With words")
    shown = hall.channel("creators").messages[0]
    assert (shown.content, shown.edited, len(shown.uploads)) == ("With words", True, 1)
    fetched = await channel.fetch_message(sent.id)
    assert await fetched.attachments[0].read() == picture().fp.read()
    assert fetched.attachments[0].description == "Score 71 to 83 over 12 weeks"
    await fetched.edit(attachments=fetched.attachments, content=None)
    assert len(shown.uploads) == 1
    await sent.delete()
    assert hall.channel("creators").messages == []


async def test_direct_messages_open_and_may_be_closed(hall, clout):
    mia = await clout.fetch_user(hall.user("mia").id)
    await mia.send("Your digest is blocked")
    assert hall.direct(hall.user("mia")).messages[0].content == "Your digest is blocked"
    hall.user("mia").takes_messages = False
    with pytest.raises(discord.Forbidden) as caught:
        await mia.send("again")
    assert caught.value.code == 50007
    with pytest.raises(discord.HTTPException) as caught:
        await clout.http.start_private_message(1)
    assert caught.value.code == 50033


@pytest.mark.parametrize(("lost", "code"), [("view_channel", 50001), ("send_messages", 50013)])
async def test_lost_permissions(hall, clout, lost, code):
    channel = hall.channel("creators")
    hall.forbid(channel, lost)
    await hall.until(lambda: "guild_channel_update" in clout.heard, what="the event")
    seen = clout.get_channel(channel.id)
    assert getattr(seen.permissions_for(seen.guild.me), lost) is False
    with pytest.raises(discord.Forbidden) as caught:
        await seen.send("x", nonce="1")
    assert caught.value.code == code
    assert hall.invalid_requests == 1
    hall.allow(channel, lost)
    await seen.send("x", nonce="1")


async def test_files_and_embeds_have_permissions_of_their_own(hall, clout):
    channel = hall.channel("creators")
    hall.forbid(channel, "attach_files", "embed_links", quietly=True)
    seen = clout.get_channel(channel.id)
    for more in ({"file": picture()}, {"embed": discord.Embed(title="x")}):
        with pytest.raises(discord.Forbidden) as caught:
            await seen.send("x", nonce="1", **more)
        assert caught.value.code == 50013


async def test_what_is_gone_is_unknown(hall, clout):
    channel = hall.channel("creators")
    seen = clout.get_channel(channel.id)
    with pytest.raises(discord.NotFound) as caught:
        await seen.fetch_message(1)
    assert caught.value.code == 10008
    hall.delete_channel(channel)
    with pytest.raises(discord.NotFound) as caught:
        await seen.send("x", nonce="1")
    assert caught.value.code == 10003
    await hall.until(lambda: "guild_channel_delete" in clout.heard, what="the event")


async def test_threads_have_a_permission_of_their_own(hall, clout):
    channel = hall.channel("creators")
    thread = hall.thread(channel, "weekly")
    await hall.until(lambda: "thread_create" in clout.heard, what="the event")
    seen = clout.get_guild(hall.home.id).get_thread(thread.id)
    await seen.send("in here", nonce="1")
    assert thread.messages[0].content == "in here"
    hall.forbid(channel, "send_messages_in_threads")
    with pytest.raises(discord.Forbidden) as caught:
        await seen.send("again", nonce="2")
    assert caught.value.code == 50013
    assert [one.name for one in await clout.get_guild(hall.home.id).fetch_channels()] == [
        "general",
        "creators",
        "leads",
    ]


async def test_a_thread_begins_below_a_message_once(hall, clout):
    sent = await clout.get_channel(hall.channel("creators").id).send("Digest", nonce="1")
    thread = await sent.create_thread(name="Details")
    assert thread.id == sent.id
    await thread.send("below", nonce="2")
    assert hall.transcript("Details").endswith("below\n")
    with pytest.raises(discord.HTTPException) as caught:
        await sent.create_thread(name="Again")
    assert caught.value.code == 160004


async def test_only_own_messages_are_edited(hall, clout):
    said = hall.say("creators", "mine")
    with pytest.raises(discord.Forbidden) as caught:
        await clout.get_partial_messageable(hall.channel("creators").id).get_partial_message(said.id).edit(content="x")
    assert caught.value.code == 50005


# --- weather ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["429", "429-global"])
async def test_limits_are_waited_out(hall, clout, caplog, kind):
    hall.weather.fail("POST /channels/*/messages", kind, seconds=0.03)
    with caplog.at_level(logging.CRITICAL):
        await clout.get_channel(hall.channel("creators").id).send("x", nonce="1")
    assert [one.status for one in hall.calls][-2:] == [429, 200]


async def test_a_bucket_is_enforced_and_obeyed(hall, clout, caplog):
    hall.weather.limit("POST /channels/*/messages", 2, 0.1)
    channel = clout.get_channel(hall.channel("creators").id)
    with caplog.at_level(logging.CRITICAL):
        for number in range(5):
            await channel.send("x", nonce=str(number))
    assert 429 not in [one.status for one in hall.calls]
    assert len(hall.channel("creators").messages) == 5


async def test_a_429_from_the_wall_is_no_limit_but_a_ban(hall, clout):
    hall.weather.fail("*", "429-ban")
    with pytest.raises(discord.HTTPException) as caught:
        await clout.get_channel(hall.channel("creators").id).send("x", nonce="1")
    assert caught.value.status == 429


@pytest.mark.parametrize(("kind", "error"), [("50001", discord.Forbidden), ("10003", discord.NotFound)])
async def test_any_error_code_can_be_given(hall, clout, kind, error):
    hall.weather.fail("POST /channels/*", kind)
    with pytest.raises(error) as caught:
        await clout.get_channel(hall.channel("creators").id).send("x", nonce="1")
    assert str(caught.value.code) == kind


async def test_an_answer_is_lost_after_the_deed(hall, clout):
    hall.weather.fail("POST /channels/*", "hang_up", after=True)
    with pytest.raises(aiohttp.ServerDisconnectedError):
        await clout.get_channel(hall.channel("creators").id).send("x", nonce="1")
    assert len(hall.channel("creators").messages) == 1


async def test_slow_answers_arrive(hall, clout):
    hall.weather.fail("GET /channels/*", "slow", seconds=0.03)
    hall.weather.fail("GET /users/*", "500", times=None)
    assert (await clout.fetch_channel(hall.channel("creators").id)).name == "creators"
    hall.weather.clear()
    assert (await clout.fetch_user(hall.bot.id)).name == "clout"


async def test_what_is_invalid_is_refused_with_its_paths_and_noted(hall, clout):
    view = ui.LayoutView()
    for _ in range(2):
        view.add_item(ui.TextDisplay("x" * 2500))
    with pytest.raises(discord.HTTPException) as caught:
        await clout.get_channel(hall.channel("creators").id).send(view=view, nonce="1")
    assert caught.value.code == 50035
    assert "4000 characters in all" in caught.value.text
    assert [one.path for one in hall.violations] == ["/components"]
    hall.violations.clear()


async def test_unknown_routes_answer_404(hall, clout):
    with pytest.raises(discord.NotFound):
        await clout.http.request(discord.http.Route("GET", "/voice/regions"))


# --- controls over HTTP -----------------------------------------------------------------------------------------------


async def test_a_program_beside_the_sandbox_types_clicks_and_looks(box, hall, bot, caller, started):
    @bot.tree.command(description="x")
    async def hello(interaction: discord.Interaction, name: str):
        view = ui.LayoutView(timeout=None)
        button = ui.Button(label="Again", custom_id="again")
        button.callback = lambda pressed: pressed.response.edit_message(view=ui.LayoutView().add_item(text))
        text = ui.TextDisplay(f"Hello {name}")
        await interaction.response.send_message(view=view.add_item(text).add_item(ui.ActionRow(button)))

    await started()
    url = f"{box.origin}/_sandbox/discord"

    async def post(**body):
        return (await caller.post(url, json=body)).json()

    assert (await post(do="beat", milliseconds=500)) == {"milliseconds": 500}
    typed = await post(do="command", name="hello", options={"name": "Ada"})
    assert (typed["type"], typed["shows"]) == (4, ["Hello Ada\n[Again]"])
    assert (await post(do="click", button="Again"))["shows"] == ["Hello Ada"]
    assert (await post(do="fail", route="GET *", kind="500", times=0))["kind"] == "500"
    for wrong in (
        {"do": "dance"},
        {"do": "command", "name": "gone"},
        {"do": "click", "button": "Gone"},
        {"do": "fail"},
    ):
        assert "cannot do this" in (await post(**wrong))["error"]
    seen = (await caller.get(url)).json()
    assert seen["env"] == box.discord_env()
    assert "Hello Ada" in seen["transcripts"]["creators"]
    assert (seen["violations"], seen["connected"], seen["syncs"]) == ([], True, 1)
