"""Every 20 seconds: say that we live, ask what is due, queue it, and tidy up; any number of processes tick.

Time and sleep are parameters. A step that fails is told and leaves the others alone; one that may take long, since it
asks networks or goes through everything that is stored, runs beside the ticks and keeps none of them waiting.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta

from core.jobs import Faults, Job, Jobs
from core.leases import SILENT, Leases
from core.models import Clock

TICK_S = 20.0
TIDY_EVERY = timedelta(hours=1)

Due = Callable[[datetime, Counter[str]], Awaitable[Sequence[Job]]]
"""Returns the jobs that are due, given how many of each queue wait or run."""

Step = Callable[[datetime], Awaitable[object]]


class Ticker:
    """Asks every `due` each tick and queues what they return.

    `each` runs every tick, `aside` does so beside it, unless it still runs, and `tidy` beside it once an hour.
    """

    def __init__(
        self,
        jobs: Jobs,
        leases: Leases,
        clock: Clock,
        faults: Faults,
        due: Sequence[tuple[str, Due]],
        *,
        each: Sequence[tuple[str, Step]] = (),
        aside: Sequence[tuple[str, Step]] = (),
        tidy: Sequence[tuple[str, Step]] = (),
        alone: bool = True,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._jobs = jobs
        self._leases = leases
        self._clock = clock
        self._faults = faults
        self._due = due
        self._each = each
        self._aside = aside
        self._tidy = tidy
        self._beside: dict[str, asyncio.Task[bool]] = {}
        self._seen = 0  # faults
        self._alone = alone
        self._sleep = sleep
        self._tidied: datetime | None = None
        self._beaten: datetime | None = None
        self.ticks = 0
        self.waiting: Counter[str] = Counter()
        self.well = True

    async def run(self) -> None:
        """Tick until cancelled."""
        while True:
            await self.tick(self._clock.now())
            await self._sleep(TICK_S)

    async def tick(self, now: datetime) -> int:
        """Do everything that is due and return how many jobs were queued; raises nothing."""
        there = await self._step("heartbeat", self._beat)
        for name, step in self._each:
            await self._step(name, lambda step=step: step(now))  # type: ignore[misc]
        for name, step in self._aside if there else ():
            self._begin(name, step, now)
        queued = await self._queue_all(now) if there else 0  # where the database is away, nothing comes of asking
        self.ticks += 1
        self.well, self._seen = self._faults.count == self._seen, self._faults.count
        return queued

    def _begin(self, name: str, step: Step, now: datetime) -> None:
        before = self._beside.get(name)
        if before is None or before.done():
            self._beside[name] = asyncio.create_task(self._step(name, lambda: step(now)), name=name)

    async def end(self) -> None:
        """Stop what runs beside the ticks."""
        for task in self._beside.values():
            task.cancel()
        await asyncio.gather(*self._beside.values(), return_exceptions=True)

    async def _beat(self) -> None:
        await self._leases.beat()
        if not self._alone:
            silent = self._clock.now() - SILENT
            dead = [one.executor for one in await self._leases.beats() if one.at < silent]
            if dead and await self._leases.hold("take-over"):  # two at it could queue a job that already runs again
                await self._jobs.take_over(dead)

    async def _queue_all(self, now: datetime) -> int:
        await self._step("stray jobs", self._jobs.take_back)
        queued = 0
        if await self._step("queues", self._look):
            for name, due in self._due:
                queued += await self._queue(name, due, now)
        await self._maybe_tidy(now)
        return queued

    async def _look(self) -> None:
        self.waiting = Counter(_line(job) for job in await self._jobs.active())

    async def _queue(self, name: str, due: Due, now: datetime) -> int:
        queued = 0

        async def work() -> None:
            nonlocal queued
            queued = await self._jobs.enqueue(await due(now, self.waiting), now)

        await self._step(name, work)
        return queued

    async def _maybe_tidy(self, now: datetime) -> None:
        if self._tidied is not None and timedelta(0) <= now - self._tidied < TIDY_EVERY:
            return
        self._tidied = now
        await self._step("tidy jobs", lambda: self._jobs.prune(now))
        for name, step in self._tidy:
            self._begin(name, step, now)

    async def _step(self, name: str, work: Callable[[], Awaitable[object]]) -> bool:
        async def done() -> str:
            await work()
            return ""

        return await self._faults.guard(name, done) == ""


def line_of(network: str) -> str:
    """Return what waiting refreshes of a network are counted by."""
    return f"refresh-{network}"


def _line(job: Job) -> str:
    """Return what a job is counted by; one that was taken up after a crash waits in a queue of DBOS's own."""
    return line_of(job.key.split(":")[1]) if job.key.startswith("refresh:") else job.queue
