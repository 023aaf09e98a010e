"""The jobs of a running Clout: refreshes, network by network, and deliveries; joined with what they call."""

from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Sequence
from datetime import datetime
from typing import Protocol

from core import outbox
from core.database import Database
from core.jobs import Faults, Job, Jobs, QueueRule
from core.jobs_ticker import Due, Step, Ticker, line_of
from core.leases import Leases
from core.messenger import Platform
from core.models import Clock
from core.refreshing import Batch, Refreshing

REFRESH, DELIVER = "refresh.v1", "deliver.v1"  # a changed workflow gets the next number
DELIVERIES, REFRESHES = "deliveries", "refreshes"
REFRESHES_AT_ONCE = 4  # batches of one network in one process; how many are asked for at once is core/turns.py's
DELIVERY_POLL_S, REFRESH_POLL_S = 1.0, 1.0  # how often each queue is looked at

RunDue = Callable[[datetime], Awaitable[Sequence[str]]]
"""Notes what has become due and returns the keys of everything that waits to be sent."""

PlatformOf = Callable[[str], Awaitable[Platform | None]]
"""Returns the platform a delivery goes to; None for an unknown key."""


class Outbox(Protocol):
    """What is asked of `core.deliveries.Deliveries`."""

    async def deliver(self, key: str) -> str:
        """Send one delivery and return its state."""
        ...


def queues() -> list[QueueRule]:
    """Return the queue to deliver and the one to refresh, which has a part for each network.

    How much a network may be asked is counted by `core/budgets.py`, in requests and for all workers together. A queue
    each would cost a thread each, looking at the database.
    """
    return [
        QueueRule(name=DELIVERIES, at_once=8, poll=DELIVERY_POLL_S),
        QueueRule(name=REFRESHES, at_once=REFRESHES_AT_ONCE, in_parts=True, poll=REFRESH_POLL_S),
    ]


def refresh_work(refreshing: Refreshing) -> Callable[[str], Awaitable[str]]:
    """Return the job that reads one batch again."""

    async def work(argument: str) -> str:
        done = await refreshing.refresh(Batch.model_validate_json(argument))
        return f"{done.read} read, {done.failed} failed, {done.postponed} postponed, {done.left_alone} left alone"

    return work


def platform_of(database: Database) -> PlatformOf:
    """Return what knows where a delivery goes."""

    async def platform(key: str) -> Platform | None:
        found = await database.read(outbox.stored, key)
        return None if found is None else found.place.platform

    return platform


def deliver_work(
    deliveries: Outbox, platform_of: PlatformOf, leases: Leases, platforms: Collection[Platform]
) -> Callable[[str], Awaitable[str]]:
    """Return the job that sends one delivery, where this process holds the platform's lease.

    One that is not connected to the platform never takes that lease, which it would keep from those that are.
    """

    async def work(key: str) -> str:
        platform = await platform_of(key)
        if platform is None:
            return "missing"
        name = f"send:{platform}"
        if not await (leases.hold(name) if platform in platforms else leases.is_free(name)):
            return f"another process posts on {platform}"
        return await deliveries.deliver(key)

    return work


def refreshes_due(refreshing: Refreshing) -> Due:
    """Return who asks for refreshes."""

    async def due(now: datetime, waiting: Counter[str]) -> Sequence[Job]:
        busy = {network: waiting[line_of(network)] for network in refreshing.networks}
        return [
            Job(name=REFRESH, queue=REFRESHES, part=one.network, key=one.key, argument=one.model_dump_json())
            for one in await refreshing.due(now, busy)
        ]

    return due


async def holding(leases: Leases, platforms: Collection[Platform]) -> bool:
    """Take or renew the leases of the platforms this process is connected to; whether it holds one."""
    return any([await leases.hold(f"send:{platform}") for platform in platforms])


def deliveries_due(run_due: RunDue, leases: Leases, platforms: Collection[Platform], jobs: Jobs) -> Due:
    """Return who asks for deliveries: whatever waits is queued.

    A process that holds none of the `platforms` it is connected to notes and queues nothing, and leaves what is queued
    to the one that does.
    """

    async def due(now: datetime, waiting: Counter[str]) -> Sequence[Job]:
        if not await holding(leases, platforms):
            return []
        jobs.listen(DELIVERIES)
        return [Job(name=DELIVER, queue=DELIVERIES, key=key, argument=key) for key in await run_due(now)]

    return due


class Engine:
    """Everything that runs by itself, started and stopped as one; `lines` is what `ticker.waiting` counts by."""

    def __init__(
        self, jobs: Jobs, ticker: Ticker, leases: Leases, lines: Sequence[str], platforms: Collection[Platform]
    ) -> None:
        self.jobs = jobs
        self.ticker = ticker
        self.leases = leases
        self.lines = lines
        self._platforms = platforms

    async def start(self) -> None:
        """Take up what was left and begin; raises StoreError, as when another process has the SQLite database."""
        if await holding(self.leases, self._platforms):
            self.jobs.listen(DELIVERIES)
        await self.jobs.start()

    async def stop(self, seconds: float) -> None:
        """Stop taking jobs, wait for what runs, and give the leases back."""
        await self.ticker.end()
        await self.jobs.stop(seconds)
        await self.leases.release()


def engine(
    url: str,
    executor: str,
    clock: Clock,
    leases: Leases,
    faults: Faults,
    refreshing: Refreshing,
    deliveries: Outbox | None,
    platform: PlatformOf,
    run_due: RunDue | None,
    platforms: Collection[Platform],
    *,
    each: Sequence[tuple[str, Step]] = (),
    aside: Sequence[tuple[str, Step]] = (),
    tidy: Sequence[tuple[str, Step]] = (),
    alone: bool = True,
    sleep: Callable[[float], Awaitable[None]] | None = None,
) -> Engine:
    """Join jobs and ticker; nothing runs yet. Without `deliveries` (a worker) nothing is posted."""
    posts = deliveries is not None and run_due is not None
    works = {REFRESH: refresh_work(refreshing)}
    if deliveries is not None:
        works[DELIVER] = deliver_work(deliveries, platform, leases, platforms)
    jobs = Jobs(url, queues(), works, faults.guard, executor=executor, listen=None if alone and posts else [REFRESHES])
    due: list[tuple[str, Due]] = [("refreshes", refreshes_due(refreshing))]
    if run_due is not None:
        due.insert(0, ("deliveries", deliveries_due(run_due, leases, platforms, jobs)))
    more = {} if sleep is None else {"sleep": sleep}
    ticker = Ticker(jobs, leases, clock, faults, due, each=each, aside=aside, tidy=tidy, alone=alone, **more)
    lines = (DELIVERIES, *map(line_of, refreshing.networks))
    return Engine(jobs, ticker, leases, lines, platforms if posts and not alone else ())
