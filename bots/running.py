"""Work under way and ids seen before: at a stop nobody is left without a word, and nothing is answered twice."""

import asyncio
from collections import deque
from collections.abc import Coroutine
from datetime import datetime, timedelta

import structlog

from bots.supervisor import SERVICE_SECONDS
from core.models import Clock

FAREWELL = 3.0  # seconds to tell those who wait that Clout restarts
STOP_SECONDS = SERVICE_SECONDS - FAREWELL - 2.0  # for handlers that still run when Clout ends; the rest is for closing

KEPT = timedelta(minutes=15)  # Slack delivers a thing again within minutes, an event up to an hour later
_MOST = 20_000  # ids; the oldest go first
_SLOTS = 8  # handlers that compute at once in quiet times
_CROWD, _WITHIN = 10, 0.25  # so many commands within so many seconds are a crowd
_REST, _LONGEST_REST = 4, 0.5  # times as long as a handler took, and seconds, until the next of a crowd begins
_HOLD = 0.1  # seconds of a slot: who takes longer waits for a network and not for the processor

log = structlog.get_logger("clout.run")


class Seen:
    """Slack's own ids of what was delivered; a second delivery is not answered."""

    def __init__(self, clock: Clock, *, keep: timedelta = KEPT, most: int = _MOST) -> None:
        self._clock = clock
        self._keep = keep
        self._most = most
        self._when: dict[str, datetime] = {}

    def first(self, name: str | None) -> bool:
        """Return whether this id comes for the first time; a missing id always does."""
        if not name:
            return True
        now = self._clock.now()
        before = self._when.pop(name, None)
        self._when[name] = now
        while len(self._when) > self._most or now - next(iter(self._when.values())) > self._keep:
            del self._when[next(iter(self._when))]
        return before is None or now - before > self._keep


class Running:
    """The handlers under way, and those whose turn is still to come; neither library waits for them at the end.

    Acknowledgements come first: Slack waits three seconds for one, and a person half an hour for a card. While many
    commands come in, handlers begin one at a time, with a pause four times as long as each took, and the
    rest wait in line; once it is quiet again they all go on.
    """

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()
        self._line: deque[Coroutine[object, object, None]] = deque()
        self._pump: asyncio.Task[None] | None = None
        self._holding = 0
        self._came: deque[float] = deque(maxlen=_CROWD)
        self._free = asyncio.Event()
        self.stopping = False

    def __len__(self) -> int:
        return len(self._tasks) + len(self._line)

    def begin(self, work: Coroutine[object, object, None]) -> None:
        """Let work go on beside the acknowledgement, at once in quiet times."""
        self._came.append(asyncio.get_running_loop().time())
        if not self._line and self._has_room():
            self._start(work)
            return
        self._line.append(work)
        if self._pump is None or self._pump.done():
            self._pump = asyncio.create_task(self._pumped())

    def resume(self) -> None:
        """Take work on again after a stop."""
        self.stopping = False

    async def stop(self, seconds: float) -> None:
        """Take nothing new, wait for what runs, and cancel what takes longer; what is cancelled says goodbye itself."""
        self.stopping = True
        while self._line:
            self._start(self._line.popleft())
        self._free.set()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=seconds)
        late = list(self._tasks)
        for task in late:
            task.cancel()
        if late:
            await asyncio.gather(*late, return_exceptions=True)

    def _crowded(self) -> bool:
        """Return whether commands have just come fast."""
        if len(self._came) < _CROWD:
            return False
        return asyncio.get_running_loop().time() - self._came[0] < _WITHIN

    def _has_room(self) -> bool:
        return self._holding < (1 if self._crowded() else _SLOTS)

    async def _pumped(self) -> None:
        loop = asyncio.get_running_loop()
        while self._line:
            while not self._has_room():
                self._free.clear()
                await self._free.wait()
            if not self._line:
                return  # stopping has begun them all
            began = loop.time()
            self._start(self._line.popleft())
            if self._crowded():
                self._free.clear()
                await self._free.wait()
                await asyncio.sleep(min(_REST * (loop.time() - began), _LONGEST_REST))

    def _start(self, work: Coroutine[object, object, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        self._holding += 1
        freed = False

        def free() -> None:
            nonlocal freed
            if not freed:
                freed = True
                self._holding -= 1
                self._free.set()

        late = asyncio.get_running_loop().call_later(_HOLD, free)

        def ended(task: asyncio.Task[None]) -> None:
            late.cancel()
            free()
            self._ended(task)

        task.add_done_callback(ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("something begun beside an acknowledgement failed", exc_info=error)
