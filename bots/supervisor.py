"""`clout run`: every front end that has a token, the jobs and the web under one supervisor; one failing stops no other.

A signal stops what claims work first, then lets running handlers end, and closes the web last, so that probes can see
it; a second signal ends the process at once.
"""

import asyncio
import signal
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from typing import Generic, Protocol, TypeVar

import structlog

from core.errors import CloutError

OK, BROKEN, AWAY = 0, 1, 4
STOP_SECONDS = 25.0  # until the process ends, whatever still runs
_LAST_SECONDS = 6.0  # of them for what is closed last
_FIRST_PAUSE, _LONGEST_PAUSE = 15.0, 300.0  # seconds until a platform that was away is tried again
SERVICE_SECONDS = STOP_SECONDS - _LAST_SECONDS
"""How long each service may take to end, in seconds; a longer one is cut short."""

_Held = TypeVar("_Held")
log = structlog.get_logger("clout.run")


class Service(Protocol):
    """Something that runs until it is stopped; `start` raises CloutError when it cannot."""

    @property
    def name(self) -> str:
        """What it is called in health checks and messages."""
        ...

    async def start(self) -> None:
        """Begin, and return when it is there."""
        ...

    async def stop(self) -> None:
        """End in order."""
        ...

    async def healthy(self) -> bool:
        """Return whether it does its work now."""
        ...


class Ending(Service, Protocol):
    """A service that may end by itself, such as a front end whose token is taken away."""

    async def ended(self) -> None:
        """Wait until it ends; raises CloutError saying why."""
        ...


class Held(Generic[_Held]):
    """A context manager as a service: `check` says whether what it holds is healthy, `over` waits until it ends."""

    def __init__(
        self,
        name: str,
        hold: Callable[[], AbstractAsyncContextManager[_Held]],
        *,
        check: Callable[[_Held], Awaitable[bool]],
        over: Callable[[_Held], Awaitable[None]] | None = None,
    ) -> None:
        self.name = name
        self._hold = hold
        self._check = check
        self._over = over
        self._stack = AsyncExitStack()
        self._held: list[_Held] = []

    async def start(self) -> None:
        """See Service.start."""
        self._held = [await self._stack.enter_async_context(self._hold())]

    async def stop(self) -> None:
        """See Service.stop."""
        self._held = []
        await self._stack.aclose()

    async def healthy(self) -> bool:
        """See Service.healthy."""
        return bool(self._held) and await self._check(self._held[0])

    async def ended(self) -> None:
        """See Ending.ended."""
        if self._over is None or not self._held:
            await asyncio.Event().wait()
        else:
            await self._over(self._held[0])


class Supervisor:
    """Runs services side by side; those of `last` start first and end when all others have.

    `say` is told what went wrong, `up` the name of every service that has started.
    """

    def __init__(
        self,
        services: Sequence[Service],
        *,
        last: Sequence[Service] = (),
        say: Callable[[str], object] = lambda line: sys.stderr.write(f"{line}\n"),
        up: Callable[[str], object] = lambda name: None,
        seconds: float = STOP_SECONDS,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._services = tuple(services)
        self._last = tuple(last)
        self._say = say
        self._greet = up
        self._seconds = seconds
        self._sleep = sleep
        self._busy: set[str] = set()
        self._up: set[str] = set()
        self._codes: list[int] = []
        self.stopping = asyncio.Event()

    def checks(self) -> Mapping[str, Callable[[], Awaitable[bool]]]:
        """Return a health check for each service that is not the web itself."""
        return {service.name: self._check(service) for service in self._services}

    def _check(self, service: Service) -> Callable[[], Awaitable[bool]]:
        async def healthy() -> bool:
            return service.name in self._up and await service.healthy()

        return healthy

    async def run(self, stop: asyncio.Event) -> int:
        """Run until `stop` is set or nothing runs any more, and return the exit code: the first failure's when all
        failed, else 0.
        """
        done = asyncio.Event()
        self._busy = {one.name for one in self._services}
        last = [asyncio.create_task(self._kept(one, done)) for one in self._last]
        running = [asyncio.create_task(self._kept(one, self.stopping)) for one in self._services]
        asked = asyncio.create_task(stop.wait())
        all_over = asyncio.create_task(_all(running))
        await asyncio.wait({asked, all_over}, return_when=asyncio.FIRST_COMPLETED)
        failed = not asked.done()
        asked.cancel()
        self.stopping.set()
        await self._stopped(running, self._seconds - _LAST_SECONDS)
        done.set()
        await self._stopped(last, _LAST_SECONDS)
        await asyncio.gather(all_over, asked, return_exceptions=True)
        return (self._codes[0] if self._codes else OK) if failed else OK

    async def _kept(self, service: Service, stop: asyncio.Event) -> None:
        """Keep one service until it is to stop or ends by itself; what goes wrong is one line, and no other's fault.

        One whose platform is away is tried again while another runs; alone it ends, and whoever runs Clout begins anew.
        """
        pause, now = _FIRST_PAUSE, asyncio.get_running_loop().time
        began = now()
        while (code := await self._once(service, stop)) is not None:
            self._busy.discard(service.name)
            if code != AWAY or stop.is_set() or not self._busy:
                self._codes.append(code)
                return
            await _first(stop.wait(), self._sleep(pause))
            if stop.is_set():
                return
            self._busy.add(service.name)
            # what ran for long before it went away is not away for the second time
            pause = _FIRST_PAUSE if now() - began > 2 * _LONGEST_PAUSE else min(2 * pause, _LONGEST_PAUSE)
            began = now()
        self._busy.discard(service.name)

    async def _once(self, service: Service, stop: asyncio.Event) -> int | None:
        """Run a service until it is to stop, and return None, or until it ends, and return its exit code."""
        try:
            await service.start()
            self._up.add(service.name)
            log.info("a service is up", service=service.name)
            self._greet(service.name)
            await _first(stop.wait(), ended(service))
        except CloutError as error:
            if not stop.is_set():
                self._say(f"{service.name}: {' '.join(filter(None, (error.message, type(error).advice)))}")
            return int(getattr(error, "exit_code", BROKEN))
        except Exception:  # the last resort of this adapter: a fault of one must not end the others
            self._say(f"{service.name}: stopped by a fault of its own; the log has it.")
            log.exception("a service failed", service=service.name)
            return BROKEN
        finally:
            self._up.discard(service.name)
            await service.stop()
        return None

    async def _stopped(self, tasks: "Sequence[asyncio.Task[None]]", seconds: float) -> None:
        if not tasks:
            return
        _, late = await asyncio.wait(tasks, timeout=seconds)
        for task in late:
            log.warning("a service did not stop in time")
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def on_signals() -> asyncio.Event:
    """Return an event that SIGTERM or Ctrl-C sets; the second signal ends the process at once."""
    stop, loop = asyncio.Event(), asyncio.get_running_loop()

    def heard() -> None:
        for one in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(one)
        stop.set()

    for one in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(one, heard)
    return stop


async def ended(service: Service) -> None:
    """Wait until a service ends by itself, for good where it never does; raises what it ends with."""
    over: Callable[[], Awaitable[None]] | None = getattr(service, "ended", None)
    await (asyncio.Event().wait() if over is None else over())


async def _all(tasks: "Sequence[asyncio.Task[None]]") -> None:
    await asyncio.gather(*tasks, return_exceptions=True)


async def _first(*works: Awaitable[object]) -> None:
    """Wait for the first of several, raise what it raised, and end the others."""
    tasks = [asyncio.ensure_future(work) for work in works]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
