"""Real processes, really killed: Clout's jobs against the pretend Slack and networks, at every step of their work."""

import asyncio
import os
import shutil
import signal
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bots.jobs_service import JobsService
from bots.slack_answer import Charts
from bots.slack_clients import OneClient
from bots.slack_messenger import SlackMessenger
from bots.slack_socket import web_client
from core.app import App, build
from core.connectors import manifests
from core.messenger import Place
from core.settings import Settings
from core.watches import parse_rule
from core.wishes import Wish
from sandbox.server import Sandbox
from tests.jobs.matrix_cases import noting
from tests.jobs.processes import Zygote, the_zygote
from tests.jobs.zygote import HandClock

MONDAY = datetime(2026, 11, 23, 8, tzinfo=UTC)  # 09:00 in Berlin
SUNDAY = MONDAY - timedelta(days=1, hours=2)
AFTERWARDS = timedelta(hours=3)  # a claim's lease is over, however far a slow machine let the clock tick before
CREW = 4


@dataclass
class World:
    """One test's sandbox, database and processes."""

    box: Sandbox
    zygote: Zygote
    folder: Path
    before: int = 0  # messages of earlier tests in the channel

    @property
    def env(self) -> dict[str, str]:
        return {
            **self.box.env(),
            **self.box.slack_env(),
            "CLOUT_DATABASE_URL": f"sqlite:///{self.folder}/clout.db",
            "CLOUT_LOG_LEVEL": "ERROR",
        }

    @property
    def team(self) -> str:
        return f"slack:-:{self.box.slack.home.id}"

    def run(self, now: datetime, **order: Any) -> dict[str, Any]:
        """Let a process work until it is killed or has nothing left to do."""
        return self.zygote.run({"env": self.env, "team": self.team, "now": now.isoformat(), **order})

    def killed(self, now: datetime, **order: Any) -> None:
        """Let a process work until it is killed at the step that the order names."""
        told = self.run(now, **order)
        assert told["signal"] == signal.SIGKILL, told["said"]

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(self.folder / "clout.db")) as conn:
            return conn.execute(query).fetchall()

    def change(self, statement: str) -> None:
        with closing(sqlite3.connect(self.folder / "clout.db")) as conn, conn:
            conn.execute(statement)

    def posted(self, kind: str) -> list[str]:
        """The keys of the digests or alerts that stand in the channel, one a message."""
        told = [message.metadata or {} for message in self.box.slack.channel("creators").messages[self.before :]]
        keys = [str(one["event_payload"]["key"]) for one in told if one]
        return [key for key in keys if key.startswith(f"{kind}:")]

    def digests(self) -> list[str]:
        return self.posted("digest")

    def states(self) -> dict[str, str]:
        return dict(self.rows("select key, state from deliveries where part = 0"))

    def scores(self) -> list[tuple[Any, ...]]:
        accounts = "select account_id, day, state, score, low, high from account_scores order by 1, 2"
        return self.rows(accounts) + self.rows("select id, state, score, low, high from creators order by 1")

    def status(self) -> str:
        """What `digest status` would name: the state and error of the latest delivery."""
        return str(self.rows("select state, error from deliveries where part = 0 order by due_at desc limit 1"))


@pytest.fixture(scope="module")
def zygote() -> Zygote:
    return the_zygote()


@pytest.fixture(scope="module")
def box() -> Iterator[Sandbox]:
    with Sandbox.in_thread(start=SUNDAY, crowd=CREW, crowd_rate=3.0) as running:
        yield running


def open_app(world: World, clock: HandClock) -> Any:
    return build(Settings.read(manifests(), world.env, None), clock=clock)


def with_slack(app: App, world: World) -> None:
    token = app.settings.slack.bot_token
    assert token is not None
    client = web_client(app.settings.slack, token.get_secret_value())
    app.messengers.add(SlackMessenger(OneClient(client, world.team, None), Charts(app.draw), app.clock))


@pytest.fixture(scope="module")
def template(box: Sandbox, zygote: Zygote, tmp_path_factory: pytest.TempPathFactory) -> tuple[World, Path]:
    """A database with tracked creators, a digest in Slack and one in the terminal, as it is the day before."""
    world = World(box, zygote, tmp_path_factory.mktemp("template"))
    asyncio.run(set_up(world))
    return world, world.folder


async def set_up(world: World) -> None:
    clock = HandClock(SUNDAY)
    async with open_app(world, clock) as app:
        with_slack(app, world)
        for number in range(CREW):
            reading = await app.lookups.lookup(world.team, f"crowd-{number}.bsky.social", network="bluesky")
            pair = ("bluesky", str(reading.networks[0].native_id))
            await app.store.link(world.team, f"crew{number}", [pair])
            await app.store.track(world.team, f"crew{number}", clock.now())
        place = Place(platform="slack", channel=world.box.slack.channel("creators").id, shown="#creators")
        wish = Wish(schedule="every monday 09:00 Europe/Berlin")
        await app.digests.add(world.team, wish, place=place, zone="UTC", asker="U1")
        await app.digests.add("terminal", wish, place=Place(platform="terminal", channel="inbox"), zone="UTC", asker="")
        rule = parse_rule(["above", "1"], ["bluesky"])  # true already: it rests until a test arms it
        await app.watches.add(world.team, rule=rule, creator="@crew0", place=place, asker="U1")


@pytest.fixture
def world(template: tuple[World, Path], tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[World]:
    shutil.copytree(template[1], tmp_path, dirs_exist_ok=True)
    other = "slack" if "inbox" in request.node.name else "terminal"
    with closing(sqlite3.connect(tmp_path / "clout.db")) as conn:  # one message, so that it is the one that is killed
        conn.execute("delete from subscriptions where platform = ?", (other,))
        conn.commit()
    box = template[0].box
    yield World(box, template[0].zygote, tmp_path, len(box.slack.channel("creators").messages))
    template[0].box.slack.weather.clear()
    template[0].box.faults.clear()


@pytest.fixture
def survived() -> Iterator[Callable[[str], None]]:
    """Note that a case held."""
    yield from noting("SQLite")


def one_of_slack(world: World) -> str:
    (key,) = [key for key in world.states() if key.startswith("digest:1:")]
    return key


# --- deliveries -------------------------------------------------------------------------------------------------------


def test_killed_before_the_claim(world: World, survived: Callable[[str], None]) -> None:
    world.killed(MONDAY, stop="before claim")
    assert world.digests() == []
    world.run(MONDAY + timedelta(seconds=30))
    assert world.digests() == [one_of_slack(world)]
    assert set(world.states().values()) == {"sent"}
    survived("before-claim")


def test_killed_after_the_claim(world: World, survived: Callable[[str], None]) -> None:
    world.killed(MONDAY, stop="after claim")
    assert world.digests() == []
    world.run(MONDAY + AFTERWARDS)
    assert world.digests() == [one_of_slack(world)]
    assert set(world.states().values()) == {"sent"}
    survived("after-claim")


@pytest.mark.parametrize("step", ["after send", "before mark"])
def test_killed_when_it_was_sent(world: World, survived: Callable[[str], None], step: str) -> None:
    world.killed(MONDAY, stop=step)
    assert world.digests() == [one_of_slack(world)]
    world.run(MONDAY + AFTERWARDS)
    assert world.digests() == [one_of_slack(world)]
    assert world.states()[one_of_slack(world)] == "unknown"
    survived(step.replace(" ", "-"))


def test_killed_when_the_inbox_has_it(world: World, survived: Callable[[str], None]) -> None:
    world.run(MONDAY, stop="after send", team="")
    assert len(world.rows("select * from inbox where key like 'digest:%'")) == 1
    world.run(MONDAY + AFTERWARDS, team="")
    assert len(world.rows("select * from inbox where key like 'digest:%'")) == 1
    assert "sent" in [state for key, state in world.states().items() if key.startswith("digest:2:")]
    survived("inbox-after-send")


# --- refreshes --------------------------------------------------------------------------------------------------------

DUE = SUNDAY + timedelta(days=1, minutes=1)


@pytest.mark.parametrize("step", ["before fetch", "after fetch", "after record"])
def test_killed_in_a_refresh(world: World, survived: Callable[[str], None], step: str, tmp_path: Path) -> None:
    calm = World(world.box, world.zygote, tmp_path / "calm")
    shutil.copytree(tmp_path, calm.folder, ignore=lambda _, names: [n for n in names if "clout" not in n])
    calm.run(DUE, team="")
    asked = world.box.requests.count("bluesky")
    world.killed(DUE, team="", stop=step)
    first = world.box.requests.count("bluesky") - asked
    assert (first > 0) is (step != "before fetch")
    world.run(DUE + timedelta(minutes=1), team="")
    again = world.box.requests.count("bluesky") - asked - first
    assert (again > 0) is (step != "after record")
    (number,) = world.rows("select count(*) from account_scores where day = (select max(day) from account_scores)")[0]
    assert number == CREW
    moved = [row[:4] for row in world.scores() if row not in calm.scores()]
    assert [(row[0], round(row[3] or 0, 1)) for row in moved] == [
        (row[0], round(row[3] or 0, 1)) for row in [r[:4] for r in calm.scores() if r not in world.scores()]
    ]
    later = world.rows("select min(next_due_at) from account_refresh")[0][0]
    assert later > (DUE + timedelta(hours=20)).timestamp() * 1000
    survived(step.replace(" ", "-"))


# --- alerts -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("step", "state"), [("after record", "sent"), ("before claim", "sent"), ("after send", "unknown")]
)
def test_killed_with_an_alert(world: World, survived: Callable[[str], None], step: str, state: str) -> None:
    world.change("update watch_marks set armed = true")  # as when the score has been below the line
    world.killed(DUE, stop=step)
    assert len(world.posted("alert")) == (step == "after send")
    world.run(DUE + timedelta(minutes=30))
    (key,) = world.posted("alert")
    assert {one: its for one, its in world.states().items() if one.startswith("alert:")} == {key: state}
    survived(f"alert-{step.replace(' ', '-')}")


# --- the rest of the world --------------------------------------------------------------------------------------------


def test_a_full_disk(world: World, survived: Callable[[str], None]) -> None:
    before = world.scores()
    said = world.run(DUE, file_bytes=4096)["said"]
    assert "fault" in said or "full" in said or "disk" in said
    assert world.scores() == before
    assert world.rows("pragma integrity_check") == [("ok",)]
    world.run(MONDAY + timedelta(minutes=30))
    assert world.digests() == [one_of_slack(world)]
    (number,) = world.rows("select count(*) from account_scores where day = (select max(day) from account_scores)")[0]
    assert number == CREW
    survived("disk-full")


def test_an_hour_of_429(world: World, survived: Callable[[str], None]) -> None:
    before = world.scores()
    world.box.clock.set(DUE)  # the network's own clock, by which it says when to come back
    world.box.faults.set("bluesky", "429", seconds=3600, times=None)
    asked = world.box.requests.count("bluesky")
    world.run(DUE, team="")
    calm = world.box.requests.count("bluesky")
    assert calm - asked <= 3 * CREW  # those on their way when the first refusal came
    world.run(DUE + timedelta(minutes=30), team="")  # a restart does not forget what the network said
    assert world.box.requests.count("bluesky") == calm
    assert world.scores() == before
    world.box.faults.clear()
    world.run(DUE + timedelta(hours=1, minutes=1), team="")
    (number,) = world.rows("select count(*) from account_scores where day = (select max(day) from account_scores)")[0]
    assert number == CREW
    survived("network-429")


def test_a_storm_over_slack(world: World, survived: Callable[[str], None]) -> None:
    world.box.slack.weather.fail("*", "503", times=None)
    world.run(MONDAY)
    world.run(MONDAY + timedelta(minutes=10))
    world.box.slack.weather.clear()
    world.run(MONDAY + timedelta(minutes=20))
    assert len(world.digests()) <= 1
    state = world.states()[one_of_slack(world)]
    assert (state, len(world.digests())) in {("unknown", 0), ("unknown", 1), ("sent", 1)}
    survived("slack-5xx")


def test_a_platform_that_is_away(world: World, survived: Callable[[str], None]) -> None:
    world.run(MONDAY, team="", ticks=4)  # no Slack in this process: as a gateway that is down
    world.run(MONDAY + timedelta(hours=10), team="", ticks=4)
    assert world.digests() == []
    assert world.states()[one_of_slack(world)] == "pending"
    world.run(MONDAY + timedelta(hours=20))
    assert world.digests() == [one_of_slack(world)]
    assert world.states()[one_of_slack(world)] == "sent"
    world.run(MONDAY + timedelta(hours=21))
    assert len(world.digests()) == 1
    survived("platform-down")


def test_the_clock_steps_back(world: World, survived: Callable[[str], None]) -> None:
    world.run(MONDAY + timedelta(minutes=30))
    assert world.digests() == [one_of_slack(world)]
    world.run(MONDAY - timedelta(minutes=30))
    world.run(MONDAY + timedelta(minutes=10))
    assert world.digests() == [one_of_slack(world)]
    world.run(MONDAY + timedelta(days=7, minutes=1))
    assert len(world.digests()) == 2
    survived("clock-back")


async def test_a_second_process(world: World, survived: Callable[[str], None]) -> None:
    async with open_app(world, HandClock(MONDAY)) as app:
        service = JobsService(app, posts=False)
        await service.start()
        try:
            said = await asyncio.to_thread(world.run, MONDAY)
            healthy = await service.healthy()
        finally:
            await service.stop()
        assert healthy
        assert f"process {os.getpid()}" in said["said"]
        assert "already runs" in said["said"]
        assert world.digests() == []
    assert "done" in world.run(MONDAY)["said"]
    assert len(world.digests()) == 1
    survived("second-process")


async def test_a_lock_of_a_dead_process_is_free(world: World) -> None:
    world.killed(MONDAY, stop="before claim")
    async with open_app(world, HandClock(MONDAY)) as app:
        service = JobsService(app, posts=False)
        await service.start()
        await service.stop()


def test_a_graceful_end_leaves_nothing_running(world: World) -> None:
    assert world.run(MONDAY, graceful=True) == {"said": "stopped", "signal": 0}
    assert world.rows("select * from leases") == []
