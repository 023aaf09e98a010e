"""A real Bolt app over Socket Mode."""

import asyncio
import logging

import pytest
from slack_sdk.errors import SlackApiError

from sandbox.server import Sandbox
from sandbox.slack_wire import Refusal


@pytest.fixture
def app(over_socket):
    return over_socket


async def test_a_command_is_acknowledged_and_answered(slack, app):
    typed = await slack.command("/influence", "@beanco")
    await typed.says("@beanco · 71")
    assert (typed.ack.status, typed.ack.error) == (200, "")
    assert slack.sockets.greeted == 1
    assert slack.sockets.acknowledged[0]["envelope_id"] == typed.envelope_id


async def test_an_acknowledgement_carries_a_line(slack, app):
    told = await slack.command("/told")
    assert told.messages[0].text == "Only for you"


async def test_a_modal_is_corrected_and_sent(slack, app):
    view = await (await slack.command("/influence", "help")).opened()
    assert (await slack.submit(view, {"handle": "na sa"})).errors == {"who": "That is not a handle."}
    assert (await slack.submit(view, {"handle": "nasa"})).errors == {}
    assert view.open is False
    await slack.until(lambda: slack.calls[-1].method == "chat.postMessage", what="the message")


async def test_clicks_and_events_arrive(slack, app):
    shown = await (await slack.command("/influence", "@beanco")).says("71 ▲")
    await (await slack.click(shown, "Refresh")).says("72")
    await slack.archive("creators")
    await slack.until(lambda: len(app.seen) == 3, what="the event")
    assert app.seen[-1]["event"]["type"] == "channel_archive"


async def test_an_envelope_comes_again_under_the_same_id(slack, app):
    typed = await slack.command("/told")
    await slack.redeliver(typed)
    ids = [one["envelope_id"] for one in slack.sockets.acknowledged]
    assert ids == [typed.envelope_id] * 2


async def test_asked_to_refresh_the_app_dials_anew(slack, app):
    await slack.sockets.disconnect("refresh_requested")
    await slack.until(lambda: slack.sockets.greeted == 2, what="the second connection")
    typed = await slack.command("/influence", "@beanco")
    await typed.says("71 ▲")


async def test_a_dropped_connection_comes_back(slack, app, caplog):
    with caplog.at_level(logging.CRITICAL):
        await slack.sockets.drop()
        await slack.until(lambda: slack.sockets.greeted == 2, what="the second connection")
    assert (await slack.command("/told")).ack.error == ""


async def test_a_silent_app_times_out(slack, app):
    slack.patience = 0.05

    @app.command("/slow")
    async def slow(ack):
        await asyncio.sleep(0.2)
        await ack()

    assert (await slack.command("/slow")).ack.error == "operation_timeout"


async def test_only_the_app_token_opens_connections(slack, client):
    for token, error in ((slack.bot_token, "not_allowed_token_type"), ("xapp-other", "invalid_auth")):
        with pytest.raises(SlackApiError, match=error):
            await client.apps_connections_open(app_token=token)


async def test_at_most_ten_connections(slack):
    slack.sockets._open = [object()] * 10
    with pytest.raises(Refusal, match="too_many_websockets"):
        slack.sockets.ticket()
    slack.sockets._open = []


async def test_the_sandbox_ends_quietly_beside_an_open_connection(slack, app, caplog):
    with caplog.at_level(logging.INFO):
        await slack.box.__aexit__(None, None, None)
    assert [one for one in caplog.records if one.name.startswith(("sandbox", "uvicorn", "asyncio"))] == []
    assert len(slack.sockets) == 0
    await slack.box.__aenter__()


def test_drivers_work_from_a_program_without_a_loop():
    with Sandbox.in_thread() as box:
        slack = box.slack
        slack.request_url = "http://127.0.0.1:9/"
        typed = slack.run(slack.command("/influence", "@beanco"))
        assert typed.ack.error == "dispatch_failed"
        assert "Mia Member types: /influence @beanco" in slack.transcript("creators")


async def test_drivers_say_that_the_sandbox_has_to_run():
    with pytest.raises(RuntimeError, match="async with Sandbox"):
        await Sandbox().slack.command("/influence")
