"""What happens around answers: faults of Discord, servers that come and go, restarts, tokens, and posts by itself."""

import asyncio
import base64
import hashlib
from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from bots.discord_client import BAD_TOKEN, DiscordRefused, connected, discord_service, sync
from bots.discord_limits import Refusals
from bots.discord_messenger import DiscordMessenger, nonce_of
from core.errors import ChannelGone, DeliveryForbidden, DeliveryUnknown
from core.messenger import Place
from sandbox.discord_people import Channel
from sandbox.discord_permissions import Overwrite, bits
from tests.bots.test_discord_bot import CREATORS, asked, bot, clout, hall, public, running  # noqa: F401
from tests.bots.test_render_slack import CARDS

ORIGINAL = "PATCH /webhooks/*/messages/@original"
POSTS = "POST /channels/*/messages"


# --- faults -------------------------------------------------------------------------------------------------------


async def test_a_429_is_waited_for(hall, bot):  # noqa: F811
    hall.weather.fail(ORIGINAL, "429", seconds=0.05)
    shown = await (await asked(hall)).says("51 (49 to 54)")
    assert public(hall) == [shown]
    assert bot.client.refusals.count == 1


async def test_components_that_are_refused_become_an_embed(hall, bot):  # noqa: F811
    hall.weather.fail(ORIGINAL, "50035")
    deed = await asked(hall)
    await deed.says("51 (49 to 54)")
    assert deed.original.embeds


async def test_a_token_that_is_over_ends_the_answer_quietly(hall, bot):  # noqa: F811
    hall.weather.fail(ORIGINAL, "50027", times=9)
    await asked(hall)
    await hall.until(lambda: len(bot.front._running) == 0, 5, "the handler is done")
    assert len([call for call in hall.calls if call.method == "PATCH"]) == 1
    assert [call for call in hall.calls if call.template == POSTS] == []


async def test_a_connection_that_breaks_costs_no_answer(hall, bot):  # noqa: F811
    hall.weather.fail(ORIGINAL, "hang_up", after=True)
    hall.weather.fail("POST /interactions/*/*/callback", "hang_up", after=True)
    shown = await (await asked(hall)).says("51 (49 to 54)")
    assert public(hall) == [shown]


async def test_what_nobody_foresaw_is_told_with_a_reference(hall, bot, monkeypatch):  # noqa: F811
    for room in ("bots.discord_bot", "bots.controls"):
        monkeypatch.setattr(f"{room}.invoke", lambda *given, **options: 1 / 0)
    with capture_logs() as logged:
        deed = await asked(hall)
        await deed.says("7f3a")
        assert (deed.type, deed.ephemeral) == (4, True)
        pressed = await hall.click(deed.original, "clout1~run~why~0~creator=@beanco", "mia", force=True)
        await pressed.says("7f3b")
    assert [(one["reference"], type(one["exc_info"])) for one in logged if "reference" in one] == [
        ("7f3a", ZeroDivisionError), ("7f3b", ZeroDivisionError),
    ]  # fmt: skip


@pytest.mark.parametrize("code", ["10062", "40060"])
async def test_an_interaction_that_is_late_or_taken_is_dropped(hall, bot, code):  # noqa: F811
    hall.weather.fail("POST /interactions/*/*/callback", code)
    await hall.command(hall.home, CREATORS, "mia", "influence", {"handle": "@beanco"}, wait=False)
    await hall.until(lambda: any("callback" in call.path for call in hall.calls), 5, "a callback")
    await asyncio.sleep(0)
    assert len(bot.front._running) == 0


async def test_the_gateway_asks_to_reconnect_and_the_next_command_is_answered(hall, bot):  # noqa: F811
    hall.reconnect()
    await hall.until(lambda: hall.gateway.resumed, 10, "a resumed session")
    await (await asked(hall)).says("51 (49 to 54)")


# --- the end ------------------------------------------------------------------------------------------------------


async def test_a_stop_waits_for_what_runs_and_tells_the_rest(hall, clout, monkeypatch):  # noqa: F811
    monkeypatch.setattr("bots.discord_client.STOP_SECONDS", 1.0)
    begun = asyncio.Event()

    async def slowly(ctx, invocation, show, *, reference):
        begun.set()
        await asyncio.sleep(0.1 if invocation.arguments.get("creator") == "@quick" else 60)
        return CARDS["newcomer"]

    monkeypatch.setattr("bots.discord_bot.run", slowly)
    async with running(clout, hall):
        quick, slow = await asked(hall, "@quick"), await asked(hall, "@slow")
        await begun.wait()
        card = await quick.says("about 31 (22 to 41)")
        again = await hall.click(card, "clout1~run~influence~0~creator=@slow~fresh=yes", "max", force=True)
    assert "about 31 (22 to 41)" in hall.read(card), "a card that was to be read anew stays"
    for waiting in (slow, again):
        told = await waiting.says("Clout is restarting. Please try again in a minute.")
    assert told.ephemeral


async def test_what_comes_while_it_stops_is_told_so(hall, bot):  # noqa: F811
    bot.front._running.stopping = True
    deed = await asked(hall)
    assert (deed.type, deed.ephemeral) == (4, True)
    assert "restarting" in hall.read(deed.original)


async def test_a_token_that_discord_does_not_take_is_one_clear_line(hall, clout):  # noqa: F811
    from bots.discord_bot import DiscordFront

    hall.revoke_token()
    with pytest.raises(DiscordRefused, match="does not take CLOUT_DISCORD__TOKEN") as refused:
        async with connected(clout, DiscordFront(clout, reference=lambda: "0")):
            pass
    assert refused.value.exit_code == BAD_TOKEN


async def test_a_token_that_is_taken_away_ends_the_connection_for_good(hall, bot):  # noqa: F811
    hall.revoke_token()
    with pytest.raises(DiscordRefused, match="does not take"):
        async with asyncio.timeout(10):
            await bot.over()


# --- servers ------------------------------------------------------------------------------------------------------


async def test_a_kick_begins_a_month_and_a_new_invitation_ends_it(hall, clout, bot):  # noqa: F811
    team = f"discord:{hall.home.id}"
    hall.outage(hall.home)
    hall.recover(hall.home)
    assert await clout.store.left_at(team) is None
    hall.kick(hall.home)
    await until(lambda: clout.store.left_at(team), True)
    hall.invite(hall.home)
    await until(lambda: clout.store.left_at(team), False)


async def until(ask, wanted):
    async with asyncio.timeout(5):
        while (await ask() is not None) != wanted:
            await asyncio.sleep(0.01)


async def test_a_kick_while_it_was_away_is_noticed_at_the_next_start(hall, clout):  # noqa: F811
    others = hall.guild("Elsewhere"), hall.guild("In the dark"), hall.guild("Still here")
    kicked, dark, stayed = (f"discord:{guild.id}" for guild in others)
    for team in (kicked, dark, stayed, "discord:user:5", "slack:-:T1"):
        await clout.teams.change(team, private=True)
    hall.kick(others[0])
    hall.outage(others[1])
    async with running(clout, hall):
        await until(lambda: clout.store.left_at(kicked), True)
    for team in (dark, stayed, "discord:user:5", "slack:-:T1"):
        assert await clout.store.left_at(team) is None
    hall.invite(others[0])
    async with running(clout, hall):
        await until(lambda: clout.store.left_at(kicked), False)


async def test_commands_are_synced_once_and_by_force(hall, clout):  # noqa: F811
    async with running(clout, hall):
        pass
    async with running(clout, hall) as again:
        assert len(hall.syncs) == 1
        assert await sync(clout, again.client, force=True)
    assert len(hall.syncs) == 2


@pytest.mark.parametrize("fault", ["429", "hang_up"])
async def test_commands_that_discord_does_not_take_now_stop_nothing(hall, clout, bot, fault):  # noqa: F811
    hall.weather.fail("PUT /applications/*/commands", fault, seconds=100, times=6)  # 200 new commands a day are allowed
    assert not await sync(clout, bot.client, force=True)
    await (await asked(hall)).says("51 (49 to 54)")


async def test_a_login_that_discord_limits_is_one_clear_line(hall, clout):  # noqa: F811
    hall.weather.fail("GET /users/@me", "429", seconds=100)
    with pytest.raises(DiscordRefused, match="did not let Clout in"):
        async with running(clout, hall):
            pass


def test_refusals_are_counted_for_ten_minutes():
    now = [0.0]
    refusals = Refusals(lambda: now[0], most=3)
    for status, scope in ((200, ""), (403, ""), (429, "shared"), (429, "user"), (401, "")):
        refusals.note(status, scope)
    assert (refusals.count, refusals.many) == (3, True)
    now[0] = 601.0
    assert (refusals.count, refusals.many) == (0, False)


# --- posts by itself ----------------------------------------------------------------------------------------------


@pytest.fixture
def messenger(clout, bot):  # noqa: F811
    return DiscordMessenger(bot.client, clout.draw, clout.clock, seconds=3)


@pytest.fixture
def place(hall):  # noqa: F811
    return Place(platform="discord", channel=str(hall.channel(CREATORS).id), shown="#creators")


@pytest.fixture
def team(hall):  # noqa: F811
    return f"discord:{hall.home.id}"


def test_a_nonce_is_the_hash_of_the_key():
    made = base64.b32encode(hashlib.sha256(b"digest:7:2026-W47").digest()).decode()[:25]
    assert nonce_of("digest:7:2026-W47") == made


async def test_a_card_is_posted_once_however_often_it_is_sent(hall, messenger, place, team):  # noqa: F811
    first = await messenger.send(team, place, CARDS["glowguru"], key="digest:7:2026-W47")
    second = await messenger.send(team, place, CARDS["glowguru"], key="digest:7:2026-W47")
    assert first == second
    [shown] = public(hall)
    assert shown.uploads[0].description.startswith("Score 48 to 62")


async def test_what_belongs_below_stands_in_one_thread(hall, messenger, place, team):  # noqa: F811
    parent = await messenger.send(team, place, CARDS["glowguru"], key="a")
    for key in ("b", "c"):
        await messenger.send(team, place, CARDS["history"], key=key, under=parent.message)
    [thread] = [one for one in hall.every_channel() if str(one.id) == parent.message]
    assert (thread.parent, len(public(hall)), len(thread.messages)) == (hall.channel(CREATORS), 1, 2)
    assert "glowguru" in thread.name or "history" in thread.name.casefold()
    opened = [call.status for call in hall.calls if call.path.endswith("/threads")]
    assert opened[0] < 300 <= opened[1]  # a message has one thread at most: the second was there already


async def test_a_post_goes_to_the_thread_that_was_chosen(hall, messenger, place, team):  # noqa: F811
    thread = hall.thread(hall.channel(CREATORS), "campaign")
    there = place.model_copy(update={"thread": str(thread.id)})
    sent = await messenger.send(team, there, CARDS["why"], key="a")
    await messenger.send(team, there, CARDS["why"], key="b", under=sent.message)
    assert (len(thread.messages), public(hall)) == (2, [])


@pytest.mark.parametrize("wrong", ["forbidden", "deleted"])
async def test_without_a_thread_what_belongs_below_stands_behind(hall, messenger, place, team, wrong):  # noqa: F811
    parent = await messenger.send(team, place, CARDS["glowguru"], key="a")
    if wrong == "forbidden":
        hall.forbid(hall.channel(CREATORS), "create_public_threads")
    else:
        hall.delete(public(hall)[0])
    await messenger.send(team, place, CARDS["why"], key="b", under=parent.message)
    assert public(hall)[-1].nonce == nonce_of("b")


async def test_one_role_is_called_and_nobody_else(hall, messenger, place, team):  # noqa: F811
    role = next(iter(hall.home.roles.values()))
    other = next(r for r in hall.home.roles.values() if r.id != hall.home.id) if len(hall.home.roles) > 1 else None
    await messenger.send(team, place, CARDS["glowguru"], key="a", mention=f"<@&{hall.home.id}>")
    sent = [call.body for call in hall.calls if call.method == "POST" and call.path.endswith("/messages")]
    assert sent[-1]["allowed_mentions"]["parse"] == []
    assert not sent[-1]["allowed_mentions"].get("roles")
    wanted = other or role
    if wanted.id != hall.home.id:
        await messenger.send(team, place, CARDS["glowguru"], key="b", mention=f"<@&{wanted.id}>")
        sent = [call.body for call in hall.calls if call.method == "POST" and call.path.endswith("/messages")]
        assert [int(one) for one in sent[-1]["allowed_mentions"]["roles"]] == [wanted.id]


async def test_a_channel_that_not_everybody_sees_is_private_as_is_an_unknown_one(hall, messenger, place, team):  # noqa: F811
    assert not await messenger.private(team, place)
    assert await messenger.private(team, place.model_copy(update={"channel": "123"}))
    hall.channel(CREATORS).overwrites[hall.home.id] = Overwrite(0, deny=bits(["view_channel"]))
    hall.allow(hall.channel(CREATORS), "view_channel")  # Clout itself may; the gateway tells of the change
    async with asyncio.timeout(5):
        while not await messenger.private(team, place):
            await asyncio.sleep(0.01)


async def test_a_place_is_checked_and_what_is_missing_is_named(hall, messenger, place, team):  # noqa: F811
    assert (await messenger.check(team, place)).shown == "#creators"
    hall.forbid(hall.channel(CREATORS), "send_messages")
    await hall.until(lambda: True, 1, "")
    async with asyncio.timeout(5):
        while True:
            try:
                await messenger.check(team, place)
            except DeliveryForbidden as error:
                assert "Send Messages" in error.message  # noqa: PT017
                break
            await asyncio.sleep(0.01)
    with pytest.raises(ChannelGone):
        await messenger.check("discord:1", place)
    with pytest.raises(ChannelGone):
        await messenger.check(team, place.model_copy(update={"channel": "123"}))


async def test_a_channel_that_takes_no_messages_is_no_place(hall, clout):  # noqa: F811
    team, forum = f"discord:{hall.home.id}", hall.new_id()
    hall.home.channels[forum] = Channel(forum, "ideas", 15, hall.home)
    async with running(clout, hall) as here:
        with pytest.raises(DeliveryForbidden, match="#ideas takes no messages"):
            await DiscordMessenger(here.client, clout.draw, clout.clock).check(
                team, Place(platform="discord", channel=str(forum))
            )


async def test_whatever_is_refused_is_an_error_of_deliveries(hall, messenger, place, team):  # noqa: F811
    hall.weather.fail(POSTS, "50007")
    with pytest.raises(DeliveryForbidden):
        await messenger.send(team, place, CARDS["why"], key="a")
    hall.weather.fail(POSTS, "50035", times=3)
    with pytest.raises(DeliveryForbidden):
        await messenger.tell(team, str(hall.user("mia").id), CARDS["why"])
    with pytest.raises(DeliveryForbidden, match="does not take"):
        await messenger.send(team, place, CARDS["why"], key="b")
    parent = await messenger.send(team, place, CARDS["why"], key="c")
    hall.weather.fail("POST /channels/*/messages/*/threads", "50035")
    await messenger.send(team, place, CARDS["why"], key="d", under=parent.message)
    assert public(hall)[-1].nonce == nonce_of("d")


@pytest.mark.parametrize(
    ("fault", "meaning"),
    [("10003", ChannelGone), ("50013", DeliveryForbidden), ("50001", DeliveryForbidden), ("silence", DeliveryUnknown)],
)
async def test_what_discord_refuses_has_a_meaning(hall, clout, bot, place, team, fault, meaning):  # noqa: F811
    hall.weather.fail(POSTS, fault, times=6)
    with pytest.raises(meaning):
        await DiscordMessenger(bot.client, clout.draw, clout.clock, seconds=0.5).send(
            team, place, CARDS["why"], key="k"
        )


async def test_a_payload_that_is_refused_goes_as_an_embed_with_the_same_nonce(hall, messenger, place, team):  # noqa: F811
    hall.weather.fail(POSTS, "50035")
    await messenger.send(team, place, CARDS["why"], key="k")
    assert public(hall)[0].embeds
    assert public(hall)[0].nonce == nonce_of("k")


async def test_a_front_end_that_ended_posts_nothing_more(hall, clout, place, team):  # noqa: F811
    service = discord_service(clout, clout.messengers.add, reference=lambda: "0")
    await service.start()
    messenger = clout.messengers["discord"]
    await service.stop()
    assert "discord" not in clout.messengers
    with pytest.raises(DeliveryForbidden, match="not connected") as later:
        await messenger.send(team, place, CARDS["why"], key="k")
    assert later.value.retry_at is not None


async def test_nothing_is_sent_near_the_ban(clout, bot, place, team):  # noqa: F811
    bot.client.refusals._when.extend([asyncio.get_running_loop().time()] * 9_000)
    with pytest.raises(DeliveryForbidden) as forbidden:
        await DiscordMessenger(bot.client, clout.draw, clout.clock).send(team, place, CARDS["why"], key="k")
    assert forbidden.value.retry_at - clout.clock.now() == timedelta(minutes=5)


async def test_a_person_who_takes_no_messages_is_no_error(hall, messenger, team):  # noqa: F811
    mia = hall.user("mia")
    await messenger.tell(team, str(mia.id), CARDS["error"])
    hall.weather.fail(POSTS, "50007")
    await messenger.tell(team, str(mia.id), CARDS["error"])
