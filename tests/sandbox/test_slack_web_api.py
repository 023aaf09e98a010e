"""Slack's real client against the Web API of the pretend Slack."""

import asyncio
import logging
from datetime import timedelta

import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.http_retry.builtin_async_handlers import AsyncRateLimitErrorRetryHandler
from slack_sdk.web.async_client import AsyncWebClient

QUIET = {"unfurl_links": False, "unfurl_media": False}
SECTION = {"type": "section", "text": {"type": "mrkdwn", "text": "hello"}}


async def refused(call, error):
    with pytest.raises(SlackApiError) as caught:
        await call
    assert caught.value.response["error"] == error
    return caught.value.response


async def test_whose_token_it_is(slack, client):
    said = await client.auth_test()
    assert (said["team_id"], said["user"], said["ok"]) == (slack.home.id, "clout", True)
    assert "chat:write" in said.headers["x-oauth-scopes"]


@pytest.mark.parametrize(
    ("token", "error"), [("xoxb-unknown", "invalid_auth"), ("", "not_authed"), ("xapp", "not_allowed_token_type")]
)
async def test_other_tokens_are_refused(slack, client, token, error):
    client.token = slack.app_token if token == "xapp" else token or None
    await refused(client.auth_test(), error)


async def test_posting_threads_changing_and_deleting(slack, client):
    room = slack.channel("creators")
    first = await client.chat_postMessage(channel=room.id, text="one", blocks=[SECTION], **QUIET)
    reply = await client.chat_postMessage(channel="#creators", text="two", thread_ts=first["ts"], **QUIET)
    await client.chat_update(channel=room.id, ts=first["ts"], text="uno")
    assert [(one.text, one.thread_ts) for one in room.messages] == [("uno", None), ("two", first["ts"])]
    assert room.messages[0].blocks[0]["text"]["text"] == "hello"  # kept, as no others were given
    assert (await client.chat_getPermalink(channel=room.id, message_ts=reply["ts"]))["permalink"].startswith("https://")
    await client.chat_delete(channel=room.id, ts=reply["ts"])
    assert len(room.messages) == 1
    await refused(client.chat_update(channel=room.id, ts="1.1", text="x"), "message_not_found")
    theirs = slack.say("creators", "mine")
    await refused(client.chat_update(channel=room.id, ts=theirs.ts, text="x"), "cant_update_message")


async def test_where_the_app_may_post(slack, client):
    async def post(channel):
        return await client.chat_postMessage(channel=channel, text="x", **QUIET)

    assert (await post(slack.channel("general").id))["ok"]  # public: chat:write.public is enough
    assert (await post(slack.person("mia").id))["channel"].startswith("D")
    await refused(post(slack.channel("leads").id), "channel_not_found")
    await refused(post(slack.channel("attic").id), "is_archived")
    await refused(post("C404"), "channel_not_found")
    slack.home.installation.scopes -= {"chat:write.public"}
    await refused(post(slack.channel("general").id), "not_in_channel")
    said = await refused(client.conversations_history(channel=slack.channel("creators").id), "missing_scope")
    assert said["needed"] == "channels:history"
    await refused(client.api_call("chat.sing"), "unknown_method")


async def test_a_private_line(slack, client):
    room, mia = slack.channel("creators"), slack.person("mia")
    await client.chat_postEphemeral(channel=room.id, user=mia.id, text="psst")
    assert [one.text for one in room.private_to(mia)] == ["psst"]
    assert room.messages == []
    room.members.discard(mia.id)
    await refused(client.chat_postEphemeral(channel=room.id, user=mia.id, text="psst"), "user_not_in_channel")


@pytest.mark.parametrize(
    ("name", "flags"),
    [
        ("ada", {"is_admin"}),
        ("otto", {"is_admin", "is_owner", "is_primary_owner"}),
        ("mia", set()),
        ("gus", {"is_restricted"}),
        ("una", {"is_restricted", "is_ultra_restricted"}),
        ("sam", {"is_stranger"}),
    ],
)
async def test_people_of_every_kind(slack, client, name, flags):
    user = (await client.users_info(user=slack.person(name).id))["user"]
    assert {flag for flag, value in user.items() if flag.startswith("is_") and value} == flags
    assert (user["team_id"] == slack.home.id) == (name != "sam")
    assert user["tz"] == "Europe/Berlin"


async def test_channels_of_every_kind(slack, client):
    async def info(name):
        return (await client.conversations_info(channel=slack.channel(name).id))["channel"]

    general = await info("general")
    assert (general["is_member"], general["is_private"], general["is_archived"]) == (False, False, False)
    assert (await info("attic"))["is_archived"] is True
    assert (await info("partners"))["is_ext_shared"] is True
    await refused(info("leads"), "channel_not_found")
    slack.channel("leads").members.add(slack.home.installation.bot_user)
    assert (await info("leads"))["is_private"] is True
    await client.conversations_join(channel=general["id"])
    assert (await info("general"))["is_member"] is True
    assert (await client.conversations_join(channel=general["id"]))["warning"] == "already_in_channel"
    await refused(client.conversations_join(channel=slack.channel("attic").id), "is_archived")
    await refused(client.users_info(user="U404"), "user_not_found")


async def test_members_come_in_pages(slack, client):
    room, found, cursor = slack.channel("creators"), [], None
    while cursor != "":
        page = await client.conversations_members(channel=room.id, limit=3, cursor=cursor)
        found += page["members"]
        cursor = page["response_metadata"]["next_cursor"]
    assert found == sorted(room.members)


async def test_an_upload_in_three_steps_is_ready_at_the_third_look(slack, client):
    done = await client.files_upload_v2(content=b"\x89PNG", filename="trend.png", title="Trend", alt_txt="71 to 83")
    number = done["file"]["id"]
    image = {"type": "image", "alt_text": "71 to 83", "slack_file": {"id": number}}
    post = {"channel": slack.channel("creators").id, "text": "Trend", "blocks": [image], **QUIET}
    said = await refused(client.chat_postMessage(**post), "invalid_blocks")
    assert said["response_metadata"]["messages"] == ["[ERROR] invalid slack file [json-pointer:/blocks/0/slack_file]"]
    kinds = [(await client.files_info(file=number))["file"]["mimetype"] for _ in range(3)]
    assert kinds == ["", "", "image/png"]
    await client.chat_postMessage(**post)
    assert slack.files[number].body == b"\x89PNG"
    assert slack.violations == []


async def test_an_upload_into_a_channel_is_shown_there(slack, client):
    room = slack.channel("creators")
    await client.files_upload_v2(content="x", filename="a.txt", channel=room.id, initial_comment="the table")
    assert room.messages[0].text == "the table"
    assert "[file F" in slack.transcript("creators")
    await refused(
        client.files_upload_v2(content="x", filename="a.txt", channel=slack.channel("general").id), "not_in_channel"
    )


async def test_views_open_by_a_fresh_trigger_once(slack, client, over_http):
    view = {"type": "modal", "title": {"type": "plain_text", "text": "Hi"}, "blocks": [SECTION]}
    trigger = (await slack.command("/told")).trigger_id
    opened = (await client.views_open(trigger_id=trigger, view=view))["view"]
    await refused(client.views_open(trigger_id=trigger, view=view), "exchanged_trigger_id")
    await refused(client.views_open(trigger_id="1.2", view=view), "invalid_trigger_id")
    await refused(client.views_update(view_id=opened["id"], hash="0", view=view), "hash_conflict")
    await client.views_update(view_id=opened["id"], hash=opened["hash"], view=view)
    for _ in range(2):
        await client.views_push(trigger_id=(await slack.command("/told")).trigger_id, view=view)
    third = (await slack.command("/told")).trigger_id
    await refused(client.views_push(trigger_id=third, view=view), "push_limit_reached")
    await slack.close(slack.views[0], clear=True)
    await refused(client.views_update(view_id=opened["id"], view=view), "not_found")


async def test_a_trigger_dies_after_three_seconds(slack, client, over_http, box):
    trigger = (await slack.command("/told")).trigger_id
    box.clock.advance(timedelta(seconds=4))
    view = {"type": "modal", "title": {"type": "plain_text", "text": "Hi"}, "blocks": [SECTION]}
    await refused(client.views_open(trigger_id=trigger, view=view), "expired_trigger_id")


# --- weather --------------------------------------------------------------------------------------------------------


async def test_slacks_own_handler_waits_for_a_rate_limit(slack, client, monkeypatch):
    waits = []

    async def no_wait(seconds):
        waits.append(seconds)

    monkeypatch.setattr("slack_sdk.http_retry.builtin_async_handlers.asyncio.sleep", no_wait)
    patient = AsyncWebClient(token=client.token, base_url=client.base_url)
    patient.retry_handlers.append(AsyncRateLimitErrorRetryHandler(max_retry_count=2))
    slack.weather.fail("chat.postMessage", "ratelimited", seconds=7)
    said = await patient.chat_postMessage(channel=slack.channel("creators").id, text="x", **QUIET)
    assert said["ok"]
    assert 7 <= waits[0] < 8.1
    assert len(slack.channel("creators").messages) == 1


async def test_rates_per_channel_and_method(slack, client):
    passing = [0.0]
    slack.weather._clock = lambda: passing[0]
    slack.weather.limit_posts(1.0)
    slack.weather.limit("users.info", per_minute=2)

    async def post(channel):
        return await client.chat_postMessage(channel=slack.channel(channel).id, text="x", **QUIET)

    await post("creators")
    await post("general")
    said = await refused(post("creators"), "ratelimited")
    assert (said.status_code, said.headers["retry-after"]) == (429, "1")
    passing[0] = 1.5
    await post("creators")
    for _ in range(2):
        await client.users_info(user=slack.person("mia").id)
    assert (await refused(client.users_info(user=slack.person("mia").id), "ratelimited")).headers["retry-after"] == "60"


@pytest.mark.parametrize(
    "error",
    "not_in_channel channel_not_found is_archived token_revoked account_inactive invalid_auth missing_scope "
    "invalid_blocks msg_too_long restricted_action restricted_action_read_only_channel ekm_access_denied "
    "fatal_error internal_error".split(),
)
async def test_every_error_code_can_be_switched_on(slack, client, error):
    slack.weather.fail("chat.postMessage", error, channel=slack.channel("creators").id)
    await client.chat_postMessage(channel=slack.channel("general").id, text="x", **QUIET)
    await refused(client.chat_postMessage(channel=slack.channel("creators").id, text="x", **QUIET), error)
    await client.chat_postMessage(channel=slack.channel("creators").id, text="x", **QUIET)


@pytest.mark.parametrize("kind", ["500", "503", "hang_up", "not_json"])
async def test_an_answer_may_be_lost_after_the_message_was_posted(slack, client, kind, caplog):
    slack.weather.fail("chat.postMessage", kind, after=True)
    client.retry_handlers.clear()
    with caplog.at_level(logging.CRITICAL), pytest.raises(Exception):  # noqa: B017, PT011
        await client.chat_postMessage(channel=slack.channel("creators").id, text="once", **QUIET)
    assert [one.text for one in slack.channel("creators").messages] == ["once"]


async def test_a_slow_answer_comes_and_a_silent_one_ends_with_the_sandbox(slack, client, caplog):
    slack.weather.fail("auth.test", "slow", seconds=0.02)
    assert (await client.auth_test())["ok"]
    slack.weather.fail("auth.test", "silence")
    client.timeout = 0.05
    with caplog.at_level(logging.CRITICAL), pytest.raises(asyncio.TimeoutError):
        await client.auth_test()


async def test_the_sandbox_ends_quietly_beside_an_open_question(slack, client, caplog):
    slack.weather.fail("auth.test", "silence")
    client.retry_handlers.clear()
    asked = asyncio.ensure_future(client.auth_test())
    await slack.until(lambda: bool(slack.calls), what="the question")
    await slack.box.__aexit__(None, None, None)
    with caplog.at_level(logging.CRITICAL), pytest.raises(Exception):  # noqa: B017, PT011
        await asked
    assert [one for one in caplog.records if one.name.startswith(("sandbox", "uvicorn"))] == []
    await slack.box.__aenter__()


async def test_blocks_not_rolled_out_are_refused_without_blame(slack, client):
    slack.unsupported_blocks.add("data_visualization")
    chart = {"type": "data_visualization", "title": "Score", "chart": {"type": "pie", "segments": [_slice()]}}
    post = {"channel": slack.channel("creators").id, "text": "Score 71", "blocks": [chart], **QUIET}
    await refused(client.chat_postMessage(**post), "invalid_blocks")
    slack.unsupported_blocks.clear()
    await client.chat_postMessage(**post)


def _slice():
    return {"label": "Reach", "value": 3}


async def test_wrong_blocks_are_refused_with_their_path_and_noted(slack, client):
    wrong = {"type": "section", "text": {"type": "mrkdwn", "text": "x" * 3001}}
    post = client.chat_postMessage(channel=slack.channel("creators").id, text="x", blocks=[SECTION, wrong], **QUIET)
    said = await refused(post, "invalid_blocks")
    reason = "must be at most 3000 characters, not 3001"
    assert said["response_metadata"]["messages"] == [f"[ERROR] {reason} [json-pointer:/blocks/1/text/text]"]
    assert [str(one) for one in slack.violations] == [f"chat.postMessage /blocks/1/text/text: {reason}"]
    assert slack.channel("creators").messages == []
    slack.violations.clear()


async def test_house_rules_are_noted_but_posted(slack, client):
    await client.chat_postMessage(channel=slack.channel("creators").id, text="hi <!channel>")
    assert {one.path for one in slack.violations} == {"/text", "/unfurl_links", "/unfurl_media"}
    assert all(one.house for one in slack.violations)
    assert len(slack.channel("creators").messages) == 1
    slack.violations.clear()
