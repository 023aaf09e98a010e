"""The same kills on a real PostgreSQL, where any number of processes work: taken over, fenced off, never doubled."""

import asyncio
import json
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from sandbox.server import Sandbox
from tests import postgres
from tests.jobs.matrix_cases import CASES
from tests.jobs.test_kill_matrix import (
    CREW,
    DUE,
    MONDAY,
    SUNDAY,
    World,
    box,
    one_of_slack,
    set_up,
    test_killed_after_the_claim,
    test_killed_before_the_claim,
    test_killed_when_it_was_sent,
    test_killed_when_the_inbox_has_it,
    zygote,
)

pytestmark = pytest.mark.skipif(
    "CLOUT_MATRIX" not in os.environ,
    reason="takes minutes: run with CLOUT_MATRIX when the table of docs/operate.md is made",
)

__all__ = [
    "box",
    "test_killed_after_the_claim",
    "test_killed_before_the_claim",
    "test_killed_when_it_was_sent",
    "test_killed_when_the_inbox_has_it",
    "zygote",
]

other_zygote = pytest.fixture(scope="module")(zygote.__wrapped__)  # two processes at a time


@dataclass
class ServerWorld(World):
    """A world whose database is on the server."""

    name: str = ""

    @property
    def env(self) -> dict[str, str]:
        return {**super().env, "CLOUT_DATABASE_URL": postgres.the_server().url(self.name)}

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        return postgres.the_server().sql(query, self.name)

    def scored_today(self) -> int:
        query = "select count(*) from account_scores where day = (select max(day) from account_scores)"
        return int(self.rows(query)[0][0])

    def executors(self) -> set[str]:
        """Who finished refreshes."""
        done = "select executor_id from dbos.workflow_status where status = 'SUCCESS' and name = 'refresh.v1'"
        return {str(row[0]) for row in self.rows(done)}


@pytest.fixture(scope="module")
def filled(box: Sandbox, zygote: "subprocess.Popen[str]", tmp_path_factory: pytest.TempPathFactory) -> str:
    """The name of a database with tracked creators and two digests, as it is the day before."""
    world = ServerWorld(box, zygote, tmp_path_factory.mktemp("filled"), name=postgres.the_server().create())
    asyncio.run(set_up(world))
    world.run(SUNDAY, team="", ticks=1)  # makes the tables of the queues, which takes a second
    leave_alone(world.name)
    world.rows("delete from heartbeats")
    return world.name


def leave_alone(name: str) -> None:
    """End every connection to a database."""
    ended = f"select pg_terminate_backend(pid, 5000) from pg_stat_activity where datname = '{name}'"
    postgres.the_server().sql(ended)


@pytest.fixture
def world(
    filled: str, box: Sandbox, zygote: "subprocess.Popen[str]", tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[ServerWorld]:
    server = postgres.the_server()
    name = server.create(filled)
    other = "slack" if "inbox" in request.node.name else "terminal"
    server.sql(f"delete from subscriptions where platform = '{other}'", name)
    yield ServerWorld(box, zygote, tmp_path, len(box.slack.channel("creators").messages), name=name)
    server.drop(name)


@pytest.fixture
def survived() -> Iterator[Callable[[str], None]]:
    """Note that a case held on PostgreSQL."""
    held: list[str] = []
    yield held.append
    path = os.environ.get("CLOUT_MATRIX")
    for name in held:
        assert name in CASES
        if path:
            with Path(path).open("a", encoding="utf-8") as file:
                file.write(json.dumps({**CASES[name]._asdict(), "database": "PostgreSQL"}) + "\n")


@pytest.fixture
def beside(world: ServerWorld, other_zygote: "subprocess.Popen[str]") -> ServerWorld:
    """The same world, for a process that runs at the same time."""
    return ServerWorld(world.box, other_zygote, world.folder, world.before, name=world.name)


class Behind(threading.Thread):
    """An order that is carried out while the test goes on."""

    def __init__(self, work: Callable[[], dict[str, Any]]) -> None:
        super().__init__(daemon=True)
        self._work = work
        self.told: dict[str, Any] = {}
        self.start()

    def run(self) -> None:
        self.told = self._work()


def later(moment: datetime) -> str:
    """When one that stood still wakes."""
    return (moment + timedelta(minutes=30)).isoformat()


def until(true: Callable[[], bool], seconds: float = 60) -> None:
    late = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < late
        time.sleep(0.02)


@pytest.mark.parametrize("step", ["before fetch", "after fetch", "after record"])
def test_killed_in_a_refresh(world: ServerWorld, survived: Callable[[str], None], step: str) -> None:
    asked = world.box.requests.count("bluesky")
    assert world.run(DUE, team="", posts=False, stop=step)["signal"] == signal.SIGKILL
    first = world.box.requests.count("bluesky") - asked
    assert (first > 0) is (step != "before fetch")
    world.run(DUE + timedelta(minutes=1), team="", posts=False)
    again = world.box.requests.count("bluesky") - asked - first
    assert (again > 0) is (step != "after record")
    assert world.scored_today() == CREW
    assert world.rows("select count(*) from account_scores a join account_scores b using (account_id, day)") == [
        tuple(world.rows("select count(*) from account_scores")[0])
    ]
    survived(step.replace(" ", "-"))


def test_a_worker_that_never_returns(world: ServerWorld, survived: Callable[[str], None]) -> None:
    assert world.run(DUE, team="", posts=False, stop="before fetch")["signal"] == signal.SIGKILL
    (gone,) = [row[0] for row in world.rows("select executor from heartbeats")]
    soon = world.run(DUE + timedelta(minutes=2), team="", posts=False, ticks=2)
    assert soon["said"].startswith("done")
    assert world.scored_today() < CREW or world.rows("select 1 from account_refresh where failures > 0") == []
    world.run(DUE + timedelta(minutes=3, seconds=40), team="", posts=False)
    assert world.scored_today() == CREW
    assert gone not in world.executors()
    assert world.executors()
    survived("worker-gone")


def test_frozen_past_its_lease_and_woken(
    world: ServerWorld, beside: ServerWorld, survived: Callable[[str], None], tmp_path: Path
) -> None:
    note = tmp_path / "frozen"
    frozen = Behind(lambda: world.run(MONDAY, freeze="after claim", note=str(note), woken=later(MONDAY)))
    until(lambda: note.exists() and note.read_text() != "")
    beside.run(MONDAY + timedelta(minutes=5))
    assert world.digests() == [one_of_slack(world)]
    os.kill(int(note.read_text()), signal.SIGCONT)
    frozen.join(90)
    assert "done" in frozen.told["said"]
    assert world.digests() == [one_of_slack(world)]
    assert set(world.states().values()) == {"sent"}
    survived("worker-frozen")


def test_two_that_could_send(world: ServerWorld, beside: ServerWorld, survived: Callable[[str], None]) -> None:
    one = Behind(lambda: world.run(MONDAY))
    assert "done" in beside.run(MONDAY)["said"]
    one.join(90)
    assert "done" in one.told["said"]
    assert world.digests() == [one_of_slack(world)]
    assert world.states()[one_of_slack(world)] == "sent"
    assert world.scored_today() == CREW
    survived("two-senders")


def test_a_server_that_restarts(world: ServerWorld, survived: Callable[[str], None], tmp_path: Path) -> None:
    before = world.rows("select count(*) from account_scores")
    note = tmp_path / "frozen"
    server = postgres.the_server()
    running = Behind(lambda: world.run(MONDAY, freeze="after claim", note=str(note)))
    until(lambda: note.exists() and note.read_text() != "")
    server.stop()
    os.kill(int(note.read_text()), signal.SIGCONT)
    time.sleep(0.3)
    server.start()
    running.join(90)
    world.run(MONDAY + timedelta(minutes=10))
    assert world.digests() == [one_of_slack(world)]
    assert world.states()[one_of_slack(world)] == "sent"
    assert world.rows("select count(*) from account_scores") >= before
    assert world.scored_today() == CREW
    survived("server-restarts")


def test_cut_off_and_back(
    world: ServerWorld, beside: ServerWorld, survived: Callable[[str], None], tmp_path: Path
) -> None:
    """A partition as the server sees it: the worker is silent and its connections are gone; then it is back."""
    note = tmp_path / "frozen"
    cut = Behind(lambda: world.run(DUE, team="", posts=False, freeze="after fetch", note=str(note), woken=later(DUE)))
    until(lambda: note.exists() and note.read_text() != "")
    leave_alone(world.name)
    beside.run(DUE + timedelta(minutes=4), team="", posts=False)
    assert world.scored_today() == CREW
    scores = world.scores()
    os.kill(int(note.read_text()), signal.SIGCONT)
    cut.join(90)
    assert world.scores() == scores
    survived("server-away")
