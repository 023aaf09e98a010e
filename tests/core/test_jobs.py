"""Durable jobs on a real queue: once by key, again when asked, guarded, limited to one process, gone after a week."""

import asyncio
import sqlite3
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from core import jobs as jobs_module
from core.database import open_database
from core.errors import StoreError
from core.jobs import KEPT, Faults, Job, Jobs, QueueRule, free_to_run, jobs_file
from core.jobs_lock import only_process
from core.jobs_ticker import TIDY_EVERY, Ticker
from core.leases import LEASE, SILENT, Leases, beats
from core.turns import Turns

START = datetime(2026, 11, 23, 8, tzinfo=UTC)
QUEUE = QueueRule(name="toys", poll=0.02)


class HandClock:
    def __init__(self) -> None:
        self.moment = START

    def now(self) -> datetime:
        return self.moment


class Toys:
    """What jobs do here: note their argument, or fail."""

    def __init__(self) -> None:
        self.done: list[str] = []
        self.told: list[str] = []
        self.gate = asyncio.Event()
        self.faults = Faults(lambda: "7f3a", self.note)

    async def note(self, fault: str) -> None:
        self.told.append(fault)

    async def work(self, argument: str) -> str:
        if argument == "wait":
            await self.gate.wait()
        if argument == "bug":
            raise ZeroDivisionError("secret detail")
        if argument == "refused":
            raise StoreError("The disk is full.")
        self.done.append(argument)
        return "well"

    async def until(self, many: int) -> None:
        async with asyncio.timeout(20):
            while len(self.done) + len(self.told) < many:
                await asyncio.sleep(0.01)


@asynccontextmanager
async def running(tmp_path: Path, toys: Toys, queue: QueueRule = QUEUE) -> AsyncIterator[Jobs]:
    jobs = Jobs(f"sqlite:///{tmp_path}/clout.db", [queue], {"toy.v1": toys.work}, toys.faults.guard)
    await jobs.start()
    try:
        yield jobs
    finally:
        await jobs.stop(1)


def job(key: str, argument: str = "") -> Job:
    return Job(name="toy.v1", queue="toys", key=key, argument=argument or key)


async def test_a_job_is_done_once_by_its_key_and_again_when_it_is_due_again(tmp_path: Path) -> None:
    toys = Toys()
    async with running(tmp_path, toys) as jobs:
        assert await jobs.enqueue([job("digest:1:2026-W47"), job("other")], START) == 2
        await toys.until(2)
        while await jobs.active():
            await asyncio.sleep(0.01)
        assert await jobs.enqueue([job("other")], START + timedelta(minutes=1)) == 1
        await toys.until(3)
        assert Counter(toys.done) == {"digest:1:2026-W47": 1, "other": 2}
        assert await jobs.enqueue([job("wait")], START) == 1
        assert await jobs.enqueue([job("wait")], START) == 0  # it waits or runs already
        assert [one.key for one in await jobs.active()] == ["wait"]
        toys.gate.set()
        await toys.until(4)
        assert await asyncio.to_thread(lambda: "threads still work") == "threads still work"
    assert await asyncio.to_thread(lambda: 7) == 7


async def test_a_fault_is_told_with_its_code_and_stops_nothing(tmp_path: Path) -> None:
    toys = Toys()
    async with running(tmp_path, toys) as jobs:
        await jobs.enqueue([job("a", "bug"), job("b", "refused"), job("c")], START)
        await toys.until(3)
    assert toys.done == ["c"]
    assert sorted(toys.told) == ["toy.v1: The disk is full.", "toy.v1: ZeroDivisionError, reference 7f3a"]
    assert toys.faults.count == 2


async def test_what_is_cut_off_is_taken_up_at_the_next_start(tmp_path: Path) -> None:
    toys, again = Toys(), Toys()
    async with running(tmp_path, toys) as jobs:
        await jobs.enqueue([job("wait")], START)
        async with asyncio.timeout(20):
            while not jobs.running:
                await asyncio.sleep(0.01)
    assert toys.done == []
    again.gate.set()
    async with running(tmp_path, again):
        await again.until(1)
    assert again.done == ["wait"]


async def test_each_part_of_a_queue_has_room_of_its_own_and_a_job_lost_on_its_way_is_taken_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs_module, "STRAY_S", 0.02)
    toys = Toys()
    many = [Job(name="toy.v1", queue="parts", part=key[0], key=key, argument="wait") for key in ("a1", "a2", "b1")]
    async with running(tmp_path, toys, QueueRule(name="parts", at_once=1, in_parts=True, poll=0.02)) as jobs:
        assert await jobs.enqueue(many, START) == 3
        async with asyncio.timeout(20):
            while jobs.running < 2:
                await asyncio.sleep(0.01)
        assert await jobs.enqueue(many, START) == 0
        (waiting,) = waits(tmp_path, "select workflow_uuid from workflow_status where status = 'ENQUEUED'")
        # as when the database goes away after it was handed out, before we hear of it
        waits(tmp_path, "update workflow_status set status = 'PENDING', executor_id = 'clout'")
        assert await jobs.take_back() == 0
        await asyncio.sleep(0.03)
        assert await jobs.take_back() == 1
        assert await jobs.take_back() == 0
        assert waits(tmp_path, "select workflow_uuid from workflow_status where status = 'ENQUEUED'") == [waiting]
        toys.gate.set()
        await toys.until(3)


def waits(folder: Path, statement: str) -> list[str]:
    with closing(sqlite3.connect(folder / "clout.jobs.db")) as conn, conn:
        return [str(row[0]) for row in conn.execute(statement)]


async def test_finished_jobs_go_after_a_week(tmp_path: Path) -> None:
    toys = Toys()
    async with running(tmp_path, toys) as jobs:
        await jobs.enqueue([job("a"), job("b")], START)
        await toys.until(2)
        while await jobs.active():
            await asyncio.sleep(0.01)
        now = datetime.now(UTC)  # the queue keeps its own time
        assert await jobs.prune(now) == 0
        assert await jobs.prune(now + KEPT + timedelta(hours=1)) == 2


async def test_jobs_need_a_file_and_a_free_one(tmp_path: Path) -> None:
    toys = Toys()
    with pytest.raises(StoreError, match="need a database file"):
        await Jobs("sqlite://", [QUEUE], {}, toys.faults.guard).start()
    path = tmp_path / "clout.db"
    with only_process(jobs_file(path).with_suffix(".lock")):
        for _ in range(2):
            with pytest.raises(StoreError, match="already runs"):
                await Jobs(f"sqlite:///{path}", [QUEUE], {}, toys.faults.guard).start()
        with pytest.raises(StoreError, match="already runs"):
            free_to_run(f"sqlite:///{path}")
    free_to_run(f"sqlite:///{path}")


# --- leases -----------------------------------------------------------------------------------------------------------


async def test_one_process_at_a_time_holds_a_lease(tmp_path: Path) -> None:
    clock = HandClock()
    async with open_database(f"sqlite:///{tmp_path}/clout.db") as database:
        one, other = Leases(database, clock, "one"), Leases(database, clock, "other")
        assert await one.hold("send:slack")
        assert not await other.hold("send:slack")
        assert await other.hold("send:discord")
        clock.moment += LEASE - timedelta(seconds=1)
        assert await one.hold("send:slack")  # renewed
        clock.moment += LEASE - timedelta(seconds=1)
        assert not await other.hold("send:slack")
        clock.moment += timedelta(seconds=2)
        assert await other.hold("send:slack")  # one was frozen past its lease
        assert not await one.hold("send:slack")
        await other.release()
        assert await one.hold("send:slack")


async def test_a_lease_of_a_clock_that_ran_ahead_binds_nobody(tmp_path: Path) -> None:
    clock = HandClock()
    async with open_database(f"sqlite:///{tmp_path}/clout.db") as database:
        assert await Leases(database, clock, "one").hold("send:slack")
        clock.moment -= timedelta(hours=1)
        assert await Leases(database, clock, "other").hold("send:slack")


async def test_heartbeats_say_who_lives_and_what_failed_last(tmp_path: Path) -> None:
    clock = HandClock()
    async with open_database(f"sqlite:///{tmp_path}/clout.db") as database:
        one, other = Leases(database, clock, "one"), Leases(database, clock, "other")
        await one.beat()
        clock.moment += SILENT * 2
        await other.beat()
        await other.note("toy.v1: refused")
        first, second = await beats(database)
        assert (first.executor, first.fault, first.fault_at) == ("other", "toy.v1: refused", clock.now())
        assert (second.executor, second.at, second.fault) == ("one", START, None)


# --- the ticker -------------------------------------------------------------------------------------------------------


class Queues:
    """Jobs that only note what the ticker does with them."""

    def __init__(self) -> None:
        self.queued: list[str] = []
        self.taken: list[str] = []
        self.pruned = 0

    async def active(self) -> tuple[Job, ...]:
        return (Job(name="refresh.v1", queue="_dbos_internal_queue", key="refresh:toy:3:1"), job("x"))

    async def enqueue(self, wanted: Sequence[Job], now: datetime) -> int:
        self.queued += [one.key for one in wanted]
        return len(wanted)

    async def prune(self, now: datetime) -> int:
        self.pruned += 1
        return 0

    async def take_back(self) -> int:
        return 0

    async def take_over(self, executors: Sequence[str]) -> int:
        self.taken += executors
        return len(executors)


async def test_a_tick_asks_queues_and_survives_whatever_fails(tmp_path: Path) -> None:
    clock, queues, toys = HandClock(), Queues(), Toys()
    waiting: list[Counter[str]] = []

    async def broken(now: datetime, seen: Counter[str]) -> Sequence[Job]:
        raise RuntimeError("bug")

    async def due(now: datetime, seen: Counter[str]) -> Sequence[Job]:
        waiting.append(seen)
        return [job(f"due:{now:%H%M}")]

    async with open_database(f"sqlite:///{tmp_path}/clout.db") as database:
        leases = Leases(database, clock, "me")
        ticker = Ticker(queues, leases, clock, toys.faults, [("broken", broken), ("good", due)], alone=False)  # type: ignore[arg-type]
        assert await ticker.tick(clock.now()) == 1
        assert waiting == [Counter({"refresh-toy": 1, "toys": 1})]
        assert not ticker.well
        assert toys.told == ["broken: RuntimeError, reference 7f3a"]
        await Leases(database, clock, "dead").beat()
        clock.moment += SILENT + timedelta(seconds=1)
        await ticker.tick(clock.now())
        assert queues.taken == ["dead"]
        assert queues.pruned == 1
        clock.moment += TIDY_EVERY
        await ticker.tick(clock.now())
        assert queues.pruned == 2
    assert queues.queued == ["due:0800", "due:0803", "due:0903"]
    assert ticker.ticks == 3


async def test_what_takes_long_keeps_no_tick_waiting_and_runs_once_at_a_time(tmp_path: Path) -> None:
    clock, queues, toys, begun, gate = HandClock(), Queues(), Toys(), [], asyncio.Event()

    async def slow(now: datetime) -> None:
        begun.append(f"{now:%H%M}")
        await gate.wait()
        raise RuntimeError("a network that never answered")

    async with open_database(f"sqlite:///{tmp_path}/clout.db") as database:
        leases = Leases(database, clock, "me")
        ticker = Ticker(queues, leases, clock, toys.faults, [], aside=[("tokens", slow)])  # type: ignore[arg-type]
        for _ in range(3):
            await ticker.tick(clock.now())
            clock.moment += timedelta(minutes=1)
        assert (begun, ticker.well) == (["0800"], True)
        gate.set()
        await asyncio.gather(*ticker._beside.values())
        gate.clear()
        await ticker.tick(clock.now())
        assert not ticker.well, "what failed beside a tick is told by the next"
        await asyncio.sleep(0)
        assert begun == ["0800", "0803"]
        await ticker.end()
    assert toys.told == ["tokens: RuntimeError, reference 7f3a"]


async def test_a_live_question_holds_refreshes_back() -> None:
    turns, order = Turns(at_once=1), []

    async def refresh() -> None:
        async with turns.background("toy"):
            order.append("refresh")

    async with turns.live("toy"):
        waiting = asyncio.create_task(refresh())
        await asyncio.sleep(0.01)
        async with turns.background("other"):
            order.append("another network")
        order.append("live")
    await waiting
    assert order == ["another network", "live", "refresh"]
