"""The same kills on a real PostgreSQL, where any number of processes work: taken over, fenced off, never doubled."""

import asyncio
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from sandbox.server import Sandbox
from tests import postgres
from tests.jobs.matrix_cases import noting
from tests.jobs.partition import Wire
from tests.jobs.processes import Zygote
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
    test_killed_with_an_alert,
    zygote,
)

__all__ = [
    "box",
    "test_killed_after_the_claim",
    "test_killed_before_the_claim",
    "test_killed_when_it_was_sent",
    "test_killed_with_an_alert",
    "zygote",
]


@dataclass
class ServerWorld(World):
    """A world whose database is on the server."""

    name: str = ""
    url: str = ""

    @property
    def env(self) -> dict[str, str]:
        return {**super().env, "CLOUT_DATABASE_URL": self.url or postgres.the_server().url(self.name)}

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        return postgres.the_server().sql(query, self.name)

    def change(self, statement: str) -> None:
        self.rows(statement)

    def scored_today(self) -> int:
        query = "select count(*) from account_scores where day = (select max(day) from account_scores)"
        return int(self.rows(query)[0][0])

    def executors(self) -> set[str]:
        """Who finished refreshes."""
        done = "select executor_id from dbos.workflow_status where status = 'SUCCESS' and name = 'refresh.v1'"
        return {str(row[0]) for row in self.rows(done)}


@pytest.fixture(scope="module")
def filled(box: Sandbox, zygote: Zygote, tmp_path_factory: pytest.TempPathFactory) -> str:
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
    filled: str, box: Sandbox, zygote: Zygote, tmp_path: Path, request: pytest.FixtureRequest
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
    yield from noting("PostgreSQL")


class Behind(threading.Thread):
    """An order that is carried out while the test goes on."""

    def __init__(self, work: Callable[[], dict[str, Any]]) -> None:
        super().__init__(daemon=True)
        self._work = work
        self._told: dict[str, Any] = {}
        self.start()

    def run(self) -> None:
        self._told = self._work()

    def end(self) -> dict[str, Any]:
        self.join()
        return self._told


def later(moment: datetime) -> str:
    """When one that stood still wakes."""
    return (moment + timedelta(minutes=30)).isoformat()


def frozen(process: Behind, note: Path) -> int:
    """Wait until a process stands still, and return its id."""
    while not note.exists() or not note.read_text():
        assert process.is_alive(), process.end()["said"]
        time.sleep(0.02)
    return int(note.read_text())


@pytest.mark.parametrize("step", ["before fetch", "after fetch", "after record"])
def test_killed_in_a_refresh(world: ServerWorld, survived: Callable[[str], None], step: str) -> None:
    asked = world.box.requests.count("bluesky")
    world.killed(DUE, team="", posts=False, stop=step)
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
    world.killed(DUE, team="", posts=False, stop="before fetch")
    ((gone, last),) = world.rows("select executor, at from heartbeats")
    world.run(DUE, team="", posts=False)
    assert world.scored_today() == CREW
    (read,) = world.rows("select max(fetched_at) from accounts")[0]
    assert timedelta(minutes=3) < timedelta(milliseconds=read - last) <= timedelta(minutes=4)
    assert gone not in world.executors()
    assert world.executors()
    survived("worker-gone")


def test_frozen_past_its_lease_and_woken(world: ServerWorld, survived: Callable[[str], None], tmp_path: Path) -> None:
    note = tmp_path / "frozen"
    one = Behind(lambda: world.run(MONDAY, freeze="after claim", note=str(note), woken=later(MONDAY)))
    pid = frozen(one, note)
    world.run(MONDAY + timedelta(minutes=5))
    assert world.digests() == [one_of_slack(world)]
    os.kill(pid, signal.SIGCONT)
    assert "done" in one.end()["said"]
    assert world.digests() == [one_of_slack(world)]
    assert set(world.states().values()) == {"sent"}
    survived("worker-frozen")


def test_two_that_could_send(world: ServerWorld, survived: Callable[[str], None]) -> None:
    one = Behind(lambda: world.run(MONDAY))
    assert "done" in world.run(MONDAY)["said"]
    assert "done" in one.end()["said"]
    assert world.digests() == [one_of_slack(world)]
    assert world.states()[one_of_slack(world)] == "sent"
    assert world.scored_today() == CREW
    survived("two-senders")


def test_a_server_that_restarts(world: ServerWorld, survived: Callable[[str], None], tmp_path: Path) -> None:
    before = world.rows("select count(*) from account_scores")
    note = tmp_path / "frozen"
    server = postgres.the_server()
    running = Behind(lambda: world.run(MONDAY, freeze="after claim", note=str(note)))
    pid = frozen(running, note)
    server.stop()
    os.kill(pid, signal.SIGCONT)
    time.sleep(0.3)
    server.start()
    assert "done" in running.end()["said"]
    assert world.digests() == [one_of_slack(world)]
    assert world.states()[one_of_slack(world)] == "sent"
    assert world.rows("select count(*) from account_scores") >= before
    assert world.scored_today() == CREW
    survived("server-restarts")


def test_cut_off_and_back(world: ServerWorld, survived: Callable[[str], None], tmp_path: Path) -> None:
    """Nothing goes through between a worker that has read its accounts and the database; then it does again."""
    note = tmp_path / "frozen"
    with Wire(postgres.the_server().folder / "data") as wire:
        far = replace(world, url=f"postgresql+psycopg://postgres@/{world.name}?host={wire.folder}")
        cut = Behind(lambda: far.run(DUE, team="", posts=False, freeze="after fetch", note=str(note), woken=later(DUE)))
        pid = frozen(cut, note)
        wire.cut()
        os.kill(pid, signal.SIGCONT)
        world.run(DUE + timedelta(minutes=4), team="", posts=False)
        assert world.scored_today() == CREW
        scores = world.scores()
        wire.mend()
        assert "done" in cut.end()["said"]
    assert world.scores() == scores
    survived("server-away")
