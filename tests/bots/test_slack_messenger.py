"""Posts that nobody asked for at that moment: they arrive once, at Slack's pace, and every refusal has a meaning."""

import asyncio
import random
from datetime import UTC, datetime, timedelta

import pytest
from slack_sdk.errors import SlackApiError

from bots.slack_answer import Charts
from bots.slack_clients import OneClient
from bots.slack_codes import code_of, needed_scope, pause_of
from bots.slack_messenger import LONGEST_WAIT, SlackMessenger
from bots.slack_socket import web_client
from core.connectors import manifests
from core.errors import DeliveryError, DeliveryForbidden, DeliveryUnknown, StoreError
from core.messenger import Messenger, Place
from core.settings import Settings
from tests.bots.test_render_text import CARDS

CARD = CARDS["error"].model_copy(update={"private": False})
HISTORY = CARDS["history"]
START = datetime(2026, 3, 2, 12, tzinfo=UTC)
POST = "chat.postMessage"


class Hand:
    """A clock that sleeping moves."""

    def __init__(self):
        self.moment = START
        self.slept = []

    def now(self):
        return self.moment

    async def sleep(self, seconds):
        self.slept.append(seconds)
        self.moment += timedelta(seconds=seconds)
        await asyncio.sleep(0)


@pytest.fixture
def clock():
    return Hand()


@pytest.fixture
def gone():
    return []


@pytest.fixture
def api(box, slack):
    return Settings.read(manifests(), {**box.env(), **box.slack_env()}, env_file=None).slack


@pytest.fixture
def messenger(slack, api, clock, gone) -> Messenger:
    async def draw(spec):
        return b"\x89PNG\r\n\x1a\n" + bytes(100)

    async def ended(team):
        gone.append(1)

    clients = OneClient(web_client(api, slack.bot_token), team(slack), ended)
    return SlackMessenger(clients, Charts(draw), clock, sleep=clock.sleep)


def team(slack):
    return f"slack:-:{slack.home.id}"


def place(slack, name="creators", **more):
    return Place(platform="slack", channel=slack.channel(name).id, shown=f"#{name}", **more)


def posted(slack, name="creators"):
    return slack.channel(name).messages


async def sent(messenger, slack, card=CARD, *, key="digest:1:2026-W47", where="creators", **more):
    return await messenger.send(team(slack), place(slack, where), card, key=key, **more)


# --- what arrives -----------------------------------------------------------------------------------------------------


async def test_a_card_is_posted_with_its_key_and_without_unfolding(slack, messenger):
    ts = (await sent(messenger, slack)).message
    [message] = posted(slack)
    assert message.ts == ts
    assert message.metadata == {"event_type": "clout_post", "event_payload": {"key": "digest:1:2026-W47"}}
    [call] = [one for one in slack.calls if one.method == POST]
    assert (call.text("unfurl_links").lower(), call.text("unfurl_media").lower()) in (("false", "false"), ("0", "0"))


async def test_below_a_message_and_in_a_thread(slack, messenger):
    ts = (await sent(messenger, slack)).message
    await sent(messenger, slack, key="b", under=ts)
    await messenger.send(team(slack), place(slack, thread=ts), CARD, key="c")
    assert [one.thread_ts for one in posted(slack)] == [None, ts, ts]


async def test_the_same_key_again_is_the_same_message(slack, messenger, clock):
    first = await sent(messenger, slack)
    assert await sent(messenger, slack) == first
    assert len(posted(slack)) == 1
    clock.moment += timedelta(minutes=11)
    assert await sent(messenger, slack) != first


@pytest.mark.parametrize("card", [CARD, HISTORY], ids=["plain", "history"])
async def test_one_user_group_is_called_and_nobody_else(slack, messenger, card):
    slack.groups.add("S0GROUP")
    await sent(messenger, slack, card, mention="S0GROUP")
    [message] = posted(slack)
    assert message.text.startswith("<!subteam^S0GROUP> ")
    assert str(message.blocks).count("usergroup_id") == 1
    for key, wrong in enumerate(("here", "!channel", "U123", "S1><!here")):
        await sent(messenger, slack, key=str(key), mention=wrong)
    assert not any("<!" in one.text.replace("<!date", "") for one in posted(slack)[1:])


async def test_every_card_the_house_knows_can_be_posted(slack, messenger):
    for name, card in CARDS.items():
        await sent(messenger, slack, card, key=name)
    assert len(posted(slack)) == len(CARDS)


async def test_where_slack_cannot_draw_a_picture_is_uploaded(slack, messenger):
    slack.unsupported_blocks.add("data_visualization")
    await sent(messenger, slack, HISTORY)
    await sent(messenger, slack, HISTORY, key="2")
    assert [[block["type"] for block in one.blocks].count("image") for one in posted(slack)] == [1, 1]
    assert sum(one.method == POST for one in slack.calls) == 3, "what was refused once is not tried again"


async def test_refused_blocks_become_words_once(slack, messenger):
    slack.weather.fail(POST, "invalid_blocks")
    await sent(messenger, slack)
    assert [(one.blocks, bool(one.text)) for one in posted(slack)] == [([], True)]
    slack.weather.fail(POST, "invalid_blocks", times=None)
    with pytest.raises(DeliveryForbidden, match="invalid_blocks"):
        await sent(messenger, slack, key="2")


# --- pace -------------------------------------------------------------------------------------------------------------


async def test_one_post_a_second_in_a_channel_and_none_waits_for_another_channel(slack, messenger, clock):
    await slack.invite("general") if slack.sockets else slack.channel("general").members.add(
        slack.home.installation.bot_user
    )
    for n in range(4):
        await sent(messenger, slack, key=f"a{n}")
    assert clock.slept == [1, 1, 1]
    await sent(messenger, slack, key="b", where="general")
    assert clock.slept == [1, 1, 1]


async def test_many_at_once_wait_in_a_row_and_the_late_ones_come_again(slack, messenger, clock):
    asked = [sent(messenger, slack, key=str(n)) for n in range(30)]
    done = await asyncio.gather(*asked, return_exceptions=True)
    late = [one for one in done if isinstance(one, DeliveryForbidden)]
    assert len(posted(slack)) + len(late) == 30
    assert all(one.retry_at is not None for one in late)


async def test_retry_after_is_obeyed(slack, messenger, clock):
    slack.weather.fail(POST, "ratelimited", seconds=7)
    await sent(messenger, slack)
    assert sum(clock.slept) >= 7
    assert len(posted(slack)) == 1


async def test_a_long_pause_is_handed_back_and_kept(slack, messenger, clock):
    slack.weather.fail(POST, "ratelimited", seconds=300)
    for _ in range(2):  # the second one does not ask Slack at all
        with pytest.raises(DeliveryForbidden) as caught:
            await sent(messenger, slack)
        assert caught.value.retry_at == START + timedelta(seconds=300)
    assert sum(one.method == POST for one in slack.calls) == 1
    assert clock.slept == []
    assert timedelta(seconds=300) > LONGEST_WAIT


async def test_a_storm_of_429_ends(slack, messenger):
    slack.weather.fail(POST, "ratelimited", seconds=1, times=None)
    with pytest.raises(DeliveryForbidden) as caught:
        await sent(messenger, slack)
    assert caught.value.retry_at is not None
    assert posted(slack) == []


# --- nothing twice ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["503", "500", "hang_up", "not_json", "internal_error", "fatal_error"])
@pytest.mark.parametrize("after", [False, True])
async def test_what_may_have_arrived_is_unknown_and_not_sent_again(slack, messenger, kind, after):
    slack.weather.fail(POST, kind, after=after)
    with pytest.raises(DeliveryUnknown):
        await sent(messenger, slack)
    assert len(posted(slack)) == after
    assert sum(one.method == POST for one in slack.calls) == 1


async def test_no_connection_is_tried_again_and_handed_back(api, slack, clock):
    away = web_client(api.model_copy(update={"api_url": "http://127.0.0.1:9/api/"}), "xoxb-1")
    messenger = SlackMessenger(OneClient(away, team(slack), None), Charts(None), clock, sleep=clock.sleep)
    with pytest.raises(DeliveryForbidden, match="reached") as caught:
        await sent(messenger, slack)
    assert caught.value.retry_at > clock.now()
    with pytest.raises(DeliveryForbidden, match="reached"):
        await messenger.check(team(slack), place(slack))


async def test_a_silent_slack_is_unknown(slack, api, clock):
    client = web_client(api, slack.bot_token)
    client.timeout = 0.2
    messenger = SlackMessenger(OneClient(client, team(slack), None), Charts(None), clock, sleep=clock.sleep)
    slack.weather.fail(POST, "silence", after=True)
    with pytest.raises(DeliveryUnknown):
        await sent(messenger, slack)
    assert len(posted(slack)) == 1


@pytest.mark.parametrize("seed", range(4))
async def test_in_any_storm_no_key_is_ever_posted_twice(slack, messenger, seed):
    """A caller that sends again whatever is not unknown, as the outbox does."""
    chance = random.Random(seed)
    lost, refused = ("503", "hang_up", "internal_error", "not_json"), ("ratelimited", "channel_not_found")
    done = set()
    for n in range(12):
        for _ in range(3):
            if chance.random() < 0.6:
                kind = chance.choice(lost + refused)
                slack.weather.fail(POST, kind, after=kind in lost and chance.random() < 0.5, seconds=1)
        for _ in range(6):
            try:
                await sent(messenger, slack, key=str(n))
                done.add(str(n))
                break
            except DeliveryUnknown:
                break
            except DeliveryForbidden:
                continue
        slack.weather.clear()
    keys = [one.metadata["event_payload"]["key"] for one in posted(slack)]
    assert len(keys) == len(set(keys))
    assert done <= set(keys)


# --- what refusals mean -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("not_in_channel", "/invite @Clout"),
        ("channel_not_found", "/invite @Clout"),
        ("is_archived", "archived"),
        ("restricted_action_read_only_channel", "rule"),
        ("ekm_access_denied", "rule"),
        ("invalid_auth", "invalid_auth"),
        ("something_new", "something_new"),
    ],
)
async def test_a_refusal_is_told_in_words_with_the_channel(slack, messenger, gone, code, said):
    slack.weather.fail(POST, code)
    with pytest.raises(DeliveryForbidden) as caught:
        await sent(messenger, slack)
    assert said in caught.value.message
    assert caught.value.channel == "#creators"
    assert caught.value.retry_at is None
    assert gone == []


@pytest.mark.parametrize("code", ["token_revoked", "account_inactive"])
async def test_a_dead_token_ends_that_workspace(slack, messenger, gone, code):
    slack.weather.fail(POST, code, times=2)
    with pytest.raises(DeliveryForbidden, match="no longer lets Clout"):
        await sent(messenger, slack)
    assert gone == [], "Slack takes the token: Clout was installed again meanwhile"
    slack.weather.fail("auth.test", code)
    with pytest.raises(DeliveryForbidden, match="no longer lets Clout"):
        await sent(messenger, slack)
    assert gone == [1]


async def test_a_missing_scope_is_named(slack, messenger):
    slack.home.installation.scopes -= {"chat:write"}
    with pytest.raises(DeliveryForbidden, match="chat:write"):
        await sent(messenger, slack)


async def test_a_team_that_is_not_ours_and_a_database_that_refuses(slack, messenger, api, clock):
    with pytest.raises(DeliveryForbidden, match="not installed"):
        await messenger.send("slack:-:T999", place(slack), CARD, key="k")

    class Broken(OneClient):
        async def of(self, team):
            raise StoreError("The disk is full.")

    broken = SlackMessenger(Broken(web_client(api), "", None), Charts(None), clock, sleep=clock.sleep)
    with pytest.raises(DeliveryForbidden, match="disk is full") as caught:
        await sent(broken, slack)
    assert caught.value.retry_at is not None


# --- before the first post --------------------------------------------------------------------------------------------


async def test_a_place_is_named_as_people_name_it(slack, messenger):
    found = await messenger.check(team(slack), Place(platform="slack", channel=slack.channel("creators").id))
    assert found.shown == "#creators"


async def test_whether_a_channel_is_open_to_all_is_asked_and_nothing_is_joined(slack, messenger):
    known = {name: await messenger.private(team(slack), place(slack, name)) for name in ("general", "leads")}
    assert known == {"general": False, "leads": True}
    assert await messenger.private(team(slack), Place(platform="slack", channel="C404"))
    assert slack.home.installation.bot_user not in slack.channel("general").members


async def test_a_public_channel_is_joined(slack, messenger):
    await messenger.check(team(slack), place(slack, "general"))
    assert slack.home.installation.bot_user in slack.channel("general").members


@pytest.mark.parametrize("public", [True, False])
async def test_where_it_cannot_join_it_may_post_all_the_same_or_says_how(slack, messenger, public):
    slack.home.installation.scopes -= {"channels:join"} | (set() if public else {"chat:write.public"})
    if public:
        await messenger.check(team(slack), place(slack, "general"))
    else:
        with pytest.raises(DeliveryForbidden, match="/invite"):
            await messenger.check(team(slack), place(slack, "general"))


@pytest.mark.parametrize(("name", "said"), [("leads", "/invite"), ("attic", "archived")])
async def test_a_channel_that_is_closed_to_it_is_told_before_the_first_post(slack, messenger, name, said):
    with pytest.raises(DeliveryForbidden, match=said):
        await messenger.check(team(slack), place(slack, name))


async def test_a_channel_of_nowhere(slack, messenger):
    with pytest.raises(DeliveryError):
        await messenger.check(team(slack), Place(platform="slack", channel="C404"))


# --- one person -------------------------------------------------------------------------------------------------------


async def test_a_person_is_told_alone(slack, messenger):
    await messenger.tell(team(slack), slack.person("ada").id, CARD)
    assert posted(slack) == []
    assert [one.method for one in slack.calls if one.text("channel") == slack.person("ada").id] == [POST]


@pytest.mark.parametrize("code", ["cannot_dm_bot", "user_disabled", "messages_tab_disabled", "channel_not_found"])
async def test_a_person_who_takes_no_messages_is_no_error(slack, messenger, code):
    slack.weather.fail(POST, code)
    await messenger.tell(team(slack), slack.person("ada").id, CARD)


async def test_answers_of_any_form_have_a_code():
    for held in ("Server Error", None, b"", [1], {"error": None}):
        error = SlackApiError("x", type("R", (), {"data": held, "status_code": 503})())
        assert (code_of(error), needed_scope(error), pause_of(error)) == ("", "", 1.0)
