"""Bot tokens turn over through Bolt: once, encrypted, in use at once; and an old one is not given up too early."""

import asyncio
import time
from types import SimpleNamespace

import pytest
from slack_sdk.oauth.installation_store.models.bot import Bot
from slack_sdk.oauth.installation_store.models.installation import Installation

from bots.slack_clients import InstalledClients
from bots.slack_http import Admission, many_workspaces
from bots.slack_installs import SlackInstalls
from bots.slack_rotation import PAUSE, NotTurnedYet, Rotator
from bots.slack_socket import connected, web_client
from core.app import build
from core.connectors import manifests
from core.errors import StoreError
from core.settings import Settings
from core.vault import Vault, new_key
from tests.bolt_served import served
from tests.bots.test_slack_life import so

KEY = new_key()


@pytest.fixture
def settings(box, slack, tmp_path):
    env = {**box.env(), **box.slack_env(install=True), "CLOUT_DATABASE_URL": f"sqlite:///{tmp_path / 'c.db'}"}
    env |= {"CLOUT_PORT": "0", "CLOUT_SECRET_KEYS": KEY, "CLOUT_PUBLIC_URL": "https://clout.example"}
    return Settings.read(manifests(), env, env_file=None)


@pytest.fixture
async def clout(box, settings):
    async with build(settings, clock=box.clock) as app:
        yield app


@pytest.fixture
def store(clout):
    return SlackInstalls(clout.store.database, Vault([KEY]), clout.clock, "1.1")


async def installed(slack, store, seconds):
    """An installation of the first workspace whose token lives so long."""
    slack.token_seconds = seconds
    app = slack.install(slack.home, rotating=True)
    await store.async_save(
        Installation(
            team_id=slack.home.id, user_id="U1", bot_token=app.token, bot_id=app.bot_id, bot_user_id=app.bot_user,
            bot_refresh_token=app.refresh_tokens[-1], bot_token_expires_at=int(time.time() + seconds),
        )
    )  # fmt: skip
    slack.token_seconds = 43_200
    return app.token


async def stored(slack, store):
    return await store.async_find_bot(enterprise_id=None, team_id=slack.home.id)


def refreshes(slack):
    return sum(call.text("grant_type") == "refresh_token" for call in slack.calls)


async def test_a_token_near_its_end_is_turned_over_and_used(slack, clout, front, store, tmp_path):
    old = await installed(slack, store, 3_600)
    made = many_workspaces(clout, front)
    async with served(made.bolt) as url:
        slack.request_url = url
        asked = [await slack.command("/influence", "@beanco private") for _ in range(2)]
        for one in asked:
            await one.says("@beanco · 51")
        await so(lambda: refreshes(slack) == 1)
        await made.rotator.stop(5)
        await slack.open_home()
        await slack.until(lambda: any(call.method == "views.publish" for call in slack.calls), what="the home tab")
    new = (await stored(slack, store)).bot_token
    assert new != old
    assert refreshes(slack) == 1
    assert [call.token for call in slack.calls if call.method == "views.publish"] == [new]
    written = b"".join(one.read_bytes() for one in tmp_path.iterdir())
    assert new.encode() not in written
    assert b"xoxe" not in written
    await made.stop(front)


async def test_a_fault_is_not_taken_for_an_uninstall(slack, clout, front, store, monkeypatch):
    await installed(slack, store, 43_200)
    made = many_workspaces(clout, front)
    async with served(made.bolt) as url:
        slack.request_url = url
        slack.weather.fail("auth.test", "internal_error", times=None)
        await (await slack.command("/influence", "help history")).says("history @creator")
        find = SlackInstalls.async_find_bot
        monkeypatch.setattr(SlackInstalls, "async_find_bot", refuses)
        await (await slack.command("/influence", "help history")).says("history @creator")
        monkeypatch.setattr(SlackInstalls, "async_find_bot", find)
        await store.async_delete_all(enterprise_id=None, team_id=slack.home.id)
        await (await slack.command("/influence", "help history")).says("not installed")
        monkeypatch.setattr(SlackInstalls, "async_find_bot", refuses)
        assert (await slack.command("/influence", "help history")).ack.status == 500
    slack.violations.clear()  # Bolt's own authorize-error message carries no unfurl flags
    await front.stop(5)


async def refuses(self, *_, **__):
    raise StoreError("The disk is full.")


async def test_a_token_that_cannot_be_stored_is_used_and_stored_later(slack, settings, store, monkeypatch):
    old = await installed(slack, store, -5)
    now = time.time()
    rotator = made_rotator(settings, store, lambda: now)
    keep = SlackInstalls.async_save_bot
    monkeypatch.setattr(SlackInstalls, "async_save_bot", refuses)
    turned = await rotator.perform_bot_token_rotation(bot=await stored(slack, store))
    assert (await rotator.perform_bot_token_rotation(bot=await stored(slack, store))).bot_token == turned.bot_token
    assert (await stored(slack, store)).bot_token == old != turned.bot_token
    monkeypatch.setattr(SlackInstalls, "async_save_bot", keep)
    now += PAUSE
    await rotator.perform_bot_token_rotation(bot=await stored(slack, store))
    await rotator.stop(5)
    assert ((await stored(slack, store)).bot_token, refreshes(slack)) == (turned.bot_token, 1)


async def test_an_uninstall_told_late_does_not_undo_a_new_install(slack, clout, front, store):
    await installed(slack, store, 43_200)
    made = many_workspaces(clout, front)
    async with served(made.bolt) as url:
        slack.request_url = url
        done = await slack.uninstall()
        await so(lambda: len(made.life._running) == 0)
        assert await stored(slack, store) is None
        await installed(slack, store, 43_200)
        await slack.redeliver(done)
        await so(lambda: len(made.life._running) == 0)
        assert await stored(slack, store) is not None
    await front.stop(5)


async def test_an_organisation_that_leaves_leaves_whole(slack, clout, settings, store):
    await store.async_save(Installation(enterprise_id="E1", user_id="U1", bot_token="x", is_enterprise_install=True))
    for team in ("slack:E1:T1", "slack:E1:T2", "slack:E2:T1"):
        await clout.teams.change(team, private=True)
    clients = made_clients(settings, store, clout)
    assert (await clients.bot("E1", "T1")).bot_token == "x"
    await clients.dismissed("slack:E1:")
    assert await clients.bot("E1", "T1") is None
    left = [await clout.store.left_at(team) is not None for team in ("slack:E1:T1", "slack:E1:T2", "slack:E2:T1")]
    assert left == [True, True, False]


async def test_a_workspace_that_still_has_an_installation_has_not_left(slack, clout, settings, store):
    whole = Installation(enterprise_id="E1", user_id="U1", bot_token="x", is_enterprise_install=True)
    own = Installation(enterprise_id="E1", team_id="T1", user_id="U1", bot_token="y")
    clients, team = made_clients(settings, store, clout), "slack:E1:T1"
    await clout.teams.change(team, private=True)
    for gone in (team, "slack:E1:"):  # its own, then the organisation's, while the other stays
        await store.async_save(whole)
        await store.async_save(own)
        await clients.dismissed(gone)
        assert await clout.store.left_at(team) is None
        assert await clients.bot("E1", "T1") is not None


async def test_two_at_once_spend_the_refresh_token_once(slack, settings, store):
    await installed(slack, store, -5)
    rotator = made_rotator(settings, store)
    bot = await stored(slack, store)
    first, second = await asyncio.gather(*(rotator.perform_bot_token_rotation(bot=bot) for _ in range(2)))
    assert first.bot_token == second.bot_token == (await stored(slack, store)).bot_token
    assert refreshes(slack) == 1


async def test_two_processes_at_once_end_with_one_token(slack, settings, store):
    await installed(slack, store, 60)
    bot = await stored(slack, store)
    rotators = [made_rotator(settings, store) for _ in range(2)]
    await asyncio.gather(*(one.perform_bot_token_rotation(bot=bot) for one in rotators))
    await asyncio.gather(*(one.stop(5) for one in rotators))
    assert (await stored(slack, store)).bot_token == slack.home.installation.token


@pytest.mark.parametrize("kind", ["503", "hang_up", "internal_error"])
async def test_while_slack_has_trouble_the_old_token_stays(slack, settings, store, kind):
    old = await installed(slack, store, 3_600)
    slack.weather.fail("oauth.v2.access", kind)
    now = time.time()
    rotator = made_rotator(settings, store, lambda: now)
    for pause, asked in ((0, 1), (PAUSE - 1, 1), (1, 2)):
        now += pause
        assert await rotator.perform_bot_token_rotation(bot=await stored(slack, store)) is None
        await rotator.stop(5)
        assert refreshes(slack) == asked
        assert ((await stored(slack, store)).bot_token == old) is (asked == 1)


async def test_a_good_token_waits_for_no_turn_nor_a_workspace_for_another(settings):
    rotator, free = made_rotator(settings, Shelf()), asyncio.Event()
    rotator.client = SlowSlack(free)
    turned = [await rotator.perform_bot_token_rotation(bot=bot(team, 60)) for team in ("T1", "T2", "T1")]
    await so(lambda: len(rotator.client.spent) == 2)
    free.set()
    await rotator.stop(5)
    assert (turned, rotator.client.spent) == ([None] * 3, ["xoxe-T1", "xoxe-T2"])


async def test_a_cancel_amid_a_turn_loses_no_token(settings):
    shelf, free = Shelf(), asyncio.Event()
    rotator = made_rotator(settings, shelf)
    rotator.client = SlowSlack(free)
    asking = asyncio.create_task(rotator.perform_bot_token_rotation(bot=bot("T1", -5)))
    await so(lambda: rotator.client.spent)
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)
    free.set()
    await rotator.stop(5)
    assert [one.bot_token for one in shelf.saved] == ["xoxb-new"]


@pytest.mark.parametrize("error", [None, StoreError("gone"), NotTurnedYet("later")])
async def test_a_known_workspace_is_admitted_while_the_database_hangs_or_fails(error):
    clients = SlowClients()
    admission = Admission(clients, patience=0)
    asked = {"context": SimpleNamespace(is_enterprise_install=False), "enterprise_id": None, "team_id": "T1"}
    await admission(**asked)
    clients.free.clear()
    clients.error = error
    assert (await admission(**asked)).bot_token == "xoxb-T1"
    assert (await admission(**asked)).bot_token == "xoxb-T1"
    assert clients.asked == 2  # the first that hangs is shared
    clients.free.set()
    await so(lambda: not admission._asked)
    clients.free.clear()
    await admission(**asked)
    await admission.stop()
    assert not admission._asked


class SlowClients:
    """One workspace, whose installation is found once `free`."""

    def __init__(self):
        self.free, self.error, self.asked = asyncio.Event(), None, 0
        self.free.set()

    async def bot(self, enterprise, workspace):
        self.asked += 1
        await self.free.wait()
        if self.error is not None:
            raise self.error
        return bot(workspace, 43_200)


class Shelf:
    """Knows no workspace, and keeps what is saved."""

    def __init__(self):
        self.saved = []

    async def async_find_bot(self, **_):
        return None

    async def async_save_bot(self, bot):
        self.saved.append(bot)


class SlowSlack:
    """Gives the next token once `free`."""

    def __init__(self, free):
        self.free, self.spent = free, []

    async def oauth_v2_access(self, *, refresh_token, **_):
        self.spent.append(refresh_token)
        await self.free.wait()
        return {"token_type": "bot", "access_token": "xoxb-new", "refresh_token": "xoxe-new", "expires_in": 43_200}


def bot(team, seconds):
    return Bot(
        team_id=team, bot_token=f"xoxb-{team}", bot_id="B1", bot_user_id="U1", bot_refresh_token=f"xoxe-{team}",
        bot_token_expires_at=int(time.time() + seconds), installed_at=1.0,
    )  # fmt: skip


async def test_a_token_that_ended_and_cannot_be_turned_over_is_an_error(slack, clout, settings, store):
    await installed(slack, store, -5)
    clients, team = made_clients(settings, store, clout), f"slack:-:{slack.home.id}"
    for away in ("503", "hang_up", "internal_error"):  # another time it may be
        slack.weather.fail("oauth.v2.access", away)
        with pytest.raises(NotTurnedYet):
            await clients.of(team)
    slack.weather.fail("oauth.v2.access", "invalid_refresh_token")
    assert await clients.of(team) is None
    assert await clients.of(team) is not None


def made_clients(settings, store, clout):
    def make(token, workspace):
        return web_client(settings.slack, token)

    return InstalledClients(store, made_rotator(settings, store), make, clout.store, address="")


def made_rotator(settings, store, seconds=time.time):
    client = web_client(settings.slack)
    return Rotator(store, client, client_id="1.1", client_secret="sandbox-client-secret", seconds=seconds)


async def test_many_workspaces_over_one_socket(slack, clout, front, store, monkeypatch):
    """Without a signing secret commands come by Socket Mode, each with its own workspace's token."""
    await installed(slack, store, 43_200)
    token = type(clout.settings.slack).model_validate(
        clout.settings.slack.model_dump() | {"app_token": slack.app_token, "signing_secret": None}
    )
    monkeypatch.setattr(clout.settings, "__dict__", clout.settings.__dict__ | {"slack": token})
    made = many_workspaces(clout, front)
    async with connected(clout, front, ping=0.5, attached=made):
        await (await slack.command("/influence", "@beanco")).says("@beanco · 51")
        await slack.uninstall()
        await so(lambda: len(slack.sockets.acknowledged) >= 3 and len(made.life._running) == 0)
    assert await stored(slack, store) is None
    assert await clout.store.left_at(f"slack:-:{slack.home.id}") is not None
