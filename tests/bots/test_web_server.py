"""The web server before the pretend Slack: health, metrics, signed commands, and installs by OAuth."""

import asyncio
import socket
import time
from contextlib import asynccontextmanager
from dataclasses import replace
from itertools import count

import httpx
import pytest

from bots.fronts import serve
from bots.meters import MeteredLookups, Meters
from bots.slack_installs import SlackStates
from bots.slack_scopes import check
from bots.slack_service import SlackService
from bots.slack_socket import BAD_TOKEN, SlackRefused
from bots.supervisor import Supervisor
from bots.web import BODY_LIMIT, Health, serving, web_app
from bots.web_service import WebService
from core.app import build
from core.cards_fronts import NOT_INSTALLED
from core.connectors import manifests
from core.errors import SettingsError, StoreError
from core.settings import Settings
from core.vault import new_key


@pytest.fixture
async def caller():
    async with httpx.AsyncClient(timeout=5, trust_env=False) as client:
        yield client


@pytest.fixture
def settings(box, slack, tmp_path, free_port):
    def made(*without, install=False, **more):
        env = {**box.env(), **box.slack_env(install=install), "CLOUT_DATABASE_URL": f"sqlite:///{tmp_path / 'c.db'}"}
        env |= {"CLOUT_PORT": str(free_port), "CLOUT_SECRET_KEYS": new_key()}
        env |= {"CLOUT_PUBLIC_URL": f"http://127.0.0.1:{free_port}"} | more
        return Settings.read(manifests(), {k: v for k, v in env.items() if k not in without}, env_file=None)

    return made


@pytest.fixture
def running(box, slack):
    """Run Clout's Slack front with its web server: `async with running(settings) as url`."""

    @asynccontextmanager
    async def run(settings):
        async with build(settings, clock=box.clock) as built:
            meters, codes, stop = Meters(), count(0x10), asyncio.Event()
            app = replace(built, lookups=MeteredLookups.over(built.lookups, meters))
            front = SlackService(app, lambda messenger: None, reference=lambda: f"{next(codes):04x}")
            web = WebService(app, meters, front)
            web.supervisor = Supervisor([front], last=[web])
            served = asyncio.create_task(web.supervisor.run(stop))
            async with asyncio.timeout(10):
                while not (web.port and all((await web.health.ready()).values())):
                    await asyncio.sleep(0.01)
            slack.request_url = f"http://127.0.0.1:{web.port}/slack/events"
            yield f"http://127.0.0.1:{web.port}"
            stop.set()
            await served

    return run


async def test_a_signed_command_is_answered_and_measured(slack, settings, running, caller):
    async with running(settings()) as url:
        typed = await slack.command("/influence", "@beanco")
        await typed.answer()
        assert typed.ack.status == 200
        assert (await caller.get(f"{url}/livez")).status_code == 200
        ready = await caller.get(f"{url}/readyz")
        assert (ready.status_code, ready.json()) == (200, {"database": True, "slack": True})
        measured = (await caller.get(f"{url}/metrics")).text
        assert 'clout_lookups_total{outcome="' in measured
        assert "clout_lookup_seconds_count 1.0" in measured
        slack.signing_secret = "another"
        assert (await slack.command("/influence", "@beanco")).ack.status == 401


async def test_nothing_but_its_own_pages(settings, running, caller):
    async with running(settings()) as url:
        for path in ("/", "/livez/", "/slack/install", "/slack/oauth_redirect", "/slack/events"):
            assert (await caller.get(url + path)).status_code in (404, 405)
        huge = await caller.post(f"{url}/slack/events", content=b"x" * 1_000_001)
        assert huge.status_code == 413


BODIES = {
    "longer than it says": (b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n5\r\naaaaa\r\n", 413),
    "in chunks": (b"Transfer-Encoding: chunked\r\n\r\n5\r\naaaaa\r\n", 413),
    "of two lengths": (b"Content-Length: 5\r\nContent-Length: 6\r\n\r\naaaaa", 400),
    "too long": (b"Content-Length: %d\r\n\r\naaaaa" % (BODY_LIMIT + 1), 413),
    "no text": (b"Content-Length: 3\r\nX-Slack-Request-Timestamp: %d\r\n\r\n\xff\xfe\x80" % time.time(), 401),
    "that never ends": (b"Content-Length: 9\r\n\r\na", 408),
}


async def test_a_body_that_slack_would_not_send_is_refused_at_once(settings, running, monkeypatch, caplog):
    monkeypatch.setattr("bots.web.BODY_SECONDS", 0.05)
    async with running(settings()) as url:
        for what, (sent, status) in BODIES.items():
            reader, writer = await asyncio.open_connection("127.0.0.1", int(url.rpartition(":")[2]))
            writer.write(b"POST /slack/events HTTP/1.1\r\nHost: clout\r\n" + sent)
            answered = await asyncio.wait_for(reader.readline(), 5)
            assert int(answered.split()[1]) == status, what
            writer.close()
        _, gone = await asyncio.open_connection("127.0.0.1", int(url.rpartition(":")[2]))
        gone.write(b"POST /slack/events HTTP/1.1\r\nHost: clout\r\nContent-Length: 9\r\n\r\na")
        gone.close()
        await asyncio.sleep(0.1)
    assert [one for one in caplog.records if one.exc_info] == []


async def test_a_front_end_that_is_stopped_and_started_again_answers(slack, settings, box):
    async with build(settings("CLOUT_SLACK__SIGNING_SECRET"), clock=box.clock) as app:
        front = SlackService(app, app.messengers.add, reference=lambda: "0010")
        await front.start()
        await front.stop()
        assert "slack" not in app.messengers
        # a standby stops it when its lease is lost, and starts it again later
        await front.start()
        shown = await (await slack.command("/influence", "help history")).answer()
        assert "restarting" not in shown.text
        await front.stop()


async def test_slack_that_was_away_at_the_start_is_answered_later(slack, settings, box):
    async with build(settings(), clock=box.clock) as app:
        front, health = SlackService(app, app.messengers.add, reference=lambda: "0010"), Health({})
        async with serving(web_app(health, Meters(), front), health, "127.0.0.1", 0) as port:
            slack.request_url = f"http://127.0.0.1:{port}/slack/events"
            slack.weather.fail("auth.test", "hang_up")
            with pytest.raises(SlackRefused, match="cannot be reached"):
                await front.start()
            await front.stop()
            assert (await slack.command("/influence", "help")).ack.status == 503
            await front.start()
            await (await slack.command("/influence", "help history")).says("history @creator")
            await front.stop()


async def test_socket_mode_keeps_its_health_beside(slack, settings, running, caller):
    async with running(settings("CLOUT_SLACK__SIGNING_SECRET")) as url:
        assert (await caller.get(f"{url}/readyz")).json() == {"database": True, "slack": True}
        typed = await slack.command("/influence", "@beanco")
        await typed.answer()
        assert slack.sockets.greeted == 1


async def install(caller, url):
    """Follow a person from the install link to the page at the end."""
    began = await caller.get(f"{url}/slack/install")
    cookie = began.headers["set-cookie"].partition(";")[0]
    asked = await caller.get(began.headers["location"])
    back = asked.headers["location"]
    return await caller.get(back, headers={"cookie": cookie}), back, cookie


async def refuses(self, *_, **__):
    raise StoreError("The disk is full.")


async def test_a_workspace_installs_asks_and_leaves(box, slack, settings, running, caller, tmp_path, monkeypatch):
    other = slack.installing = slack.add_workspace("Northwind")
    async with running(settings(install=True)) as url:
        slack.weather.fail("oauth.v2.access", "hang_up")
        assert (await install(caller, url))[0].status_code == 401  # a page with the way to try again, and no error
        with monkeypatch.context() as away:
            away.setattr(SlackStates, "async_issue", refuses)
            assert (await caller.get(f"{url}/slack/install")).status_code == 503
        page, back, cookie = await install(caller, url)
        assert page.status_code == 200
        assert (await caller.get(back, headers={"cookie": cookie})).status_code in (400, 401), "a state is good once"
        typed = await slack.command("/influence", "@beanco", workspace=other, channel="general")
        await typed.answer()
        written = b"".join(one.read_bytes() for one in tmp_path.iterdir())
        assert b"slack_installs" in written
        assert b"xoxb-" not in written
        assert b"xoxe" not in written

        await slack.uninstall(workspace=other)
        async with asyncio.timeout(5):  # an event is answered before it is heeded
            shown = ""
            while NOT_INSTALLED not in shown:
                later = await slack.command("/influence", "@beanco", workspace=other, channel="general")
                shown = (await later.answer()).text
    slack.violations.clear()  # Bolt's own authorize-error message carries no unfurl flags


@pytest.mark.parametrize("name", ["CLOUT_PUBLIC_URL", "CLOUT_SECRET_KEYS", "CLOUT_SLACK__SIGNING_SECRET"])
async def test_what_an_install_needs_is_named(settings, name):
    with pytest.raises(SettingsError, match=name):
        check(settings(name, install=True))


async def test_a_stopping_or_broken_clout_is_not_ready(caller):
    async def broken():
        return False

    health = Health({"database": broken})
    async with serving(web_app(health, Meters()), health, "127.0.0.1", 0) as port:
        answer = await caller.get(f"http://127.0.0.1:{port}/readyz")
        assert (answer.status_code, answer.json()) == (503, {"database": False})
        health.stopping = True
        assert (await caller.get(f"http://127.0.0.1:{port}/readyz")).json()["running"] is False
        health.pulse._late = [1.5]
        assert (await caller.get(f"http://127.0.0.1:{port}/livez")).status_code == 503


async def test_a_taken_port_is_told():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port, health = taken.getsockname()[1], Health({})
        with pytest.raises(SettingsError, match="CLOUT_PORT"):
            async with serving(web_app(health, Meters()), health, "127.0.0.1", port):
                pass


async def test_thrown_out_by_its_one_workspace_it_stops(slack, settings, capsys, caller):
    made, stop = settings(), asyncio.Event()
    slack.request_url = f"{made.public_url}/slack/events"
    running = asyncio.create_task(serve(made, until=lambda: stop, only="slack"))
    async with asyncio.timeout(20):
        while "answers" not in capsys.readouterr().err:
            await asyncio.sleep(0.02)
        await slack.uninstall()
        assert await running == BAD_TOKEN
