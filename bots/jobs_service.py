"""The jobs of `clout run` as a service: refreshes and deliveries, with front ends in the same process or without."""

import asyncio
import os
import socket
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from secrets import token_hex

from bots.meters import Meters
from core.app import App
from core.database import parse_url
from core.deliveries import Deliveries
from core.jobs import LOCAL, Faults
from core.jobs_ticker import TICK_S
from core.jobs_work import Engine, engine, platform_of
from core.leases import Leases
from core.refresh_queue import failing

LAG_EVERY_S = 1.0  # how often it is asked whether the loop is on time
STOP_SECONDS = 15.0  # for jobs that run; what takes longer is taken up at the next start
LATE = timedelta(seconds=4 * TICK_S)  # since the last tick: something blocks the loop or the database

Reference = Callable[[], str]


class JobsService:
    """Starts, stops and watches the jobs of one app; `posts` says whether this process carries messages.

    A `clout worker` refreshes only. `sleep` is the ticker's. `engine` is there once it has started.
    """

    name = "jobs"

    def __init__(
        self,
        app: App,
        *,
        posts: bool = True,
        reference: Reference = lambda: token_hex(2),
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        stop_seconds: float = STOP_SECONDS,
        meters: Meters | None = None,
    ) -> None:
        self._app = app
        self._meters = meters or Meters()
        self._posts = posts
        self._sleep = sleep
        self._stop_seconds = stop_seconds
        url = app.settings.database_url
        self._alone = parse_url(url).get_backend_name() == "sqlite"
        self._leases = Leases(app.store.database, app.clock, executor_name(alone=self._alone))
        self.faults = Faults(reference, self._leases.note)
        self.engine: Engine | None = None
        self._ticking: asyncio.Task[None] | None = None
        self._last: tuple[int, datetime] | None = None
        self._told = 0
        self._late = 0.0
        self._ending = asyncio.Lock()

    async def start(self) -> None:
        """Take up what was left and tick from now on; raises StoreError, as when another process runs the jobs."""
        app = self._app
        made = engine(
            app.settings.database_url,
            self._leases.holder,
            app.clock,
            self._leases,
            self.faults,
            app.refreshing,
            _Counted(app.deliveries, self._meters) if self._posts else None,
            platform_of(app.store.database),
            app.digests.run_due if self._posts else None,
            app.messengers,
            each=(
                ("meters", self._measure),
                ("watches", app.watches.evaluate),
            ),
            aside=(("tokens", app.renewing.renew_due), ("sign-ins", self._sweep)),
            tidy=(("tidy readings", self._tidy),),
            alone=self._alone,
            sleep=self._sleep,
        )
        await made.start()
        self.engine = made
        self._ticking = asyncio.create_task(made.ticker.run(), name="jobs-ticker")
        self._watching = asyncio.create_task(self._watch_loop(), name="loop-lag")

    async def stop(self) -> None:
        """Take nothing new, wait for what runs, give the leases back; a second call waits for the first."""
        async with self._ending:
            await self._stop()

    async def _stop(self) -> None:
        if self._ticking is not None:
            self._ticking.cancel()
            self._watching.cancel()
            await asyncio.gather(self._ticking, self._watching, return_exceptions=True)
            self._ticking = None
        if self.engine is not None:
            made, self.engine = self.engine, None
            await made.stop(self._stop_seconds)

    async def healthy(self) -> bool:
        """Return whether it ticks, and the last tick went well."""
        ticking = self._ticking is not None and not self._ticking.done()
        return ticking and self.engine is not None and self.engine.jobs.started and self._on_time(self.engine)

    def _on_time(self, made: Engine) -> bool:
        now, ticks = self._app.clock.now(), made.ticker.ticks
        if self._last is None or self._last[0] != ticks:
            self._last = ticks, now
        return made.ticker.well and now - self._last[1] < LATE

    async def _measure(self, now: datetime) -> None:
        made, meters = self.engine, self._meters
        meters.ticks.inc()
        meters.faults.inc(self.faults.count - self._told)
        self._told = self.faults.count
        for line in made.lines if made is not None else ():
            meters.waiting.labels(line).set(made.ticker.waiting[line] if made is not None else 0)
        meters.lag.set(self._late)
        self._late = 0.0
        await self._measure_networks(self._app.refreshing.networks)

    async def _measure_networks(self, networks: Sequence[str]) -> None:
        meters, app = self._meters, self._app
        for network in networks:
            for state in await app.budgets.left(network, ""):
                if state.left is not None:
                    meters.left.labels(network, state.rule.unit, state.rule.window).set(state.left)
        meters.failing.clear()
        for network, error, accounts in await app.store.database.read(failing):
            meters.failing.labels(network, error).set(accounts)

    async def _watch_loop(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            asked = loop.time()
            await asyncio.sleep(LAG_EVERY_S)
            self._late = max(self._late, loop.time() - asked - LAG_EVERY_S)

    async def _sweep(self, now: datetime) -> None:
        await self._app.consents.sweep()

    async def _tidy(self, now: datetime) -> None:
        limits = {name: m.retention for name, m in self._app.manifests.items() if m.retention is not None}
        await self._app.consents.let_go()
        await self._app.store.purge_daily(limits)
        await self._app.digests.tidy(now)


class _Counted:
    """Deliveries, counted by what became of them."""

    def __init__(self, deliveries: Deliveries, meters: Meters) -> None:
        self._deliveries = deliveries
        self._meters = meters

    async def deliver(self, key: str) -> str:
        """See Deliveries.deliver."""
        state = await self._deliveries.deliver(key)
        self._meters.deliveries.labels(state).inc()
        return state


def executor_name(*, alone: bool) -> str:
    """Return the name jobs are taken under: one for good where one process runs, else one no other process has."""
    return LOCAL if alone else f"{socket.gethostname()}-{os.getpid()}-{token_hex(4)}"
