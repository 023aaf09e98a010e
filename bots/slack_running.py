"""Work under way and ids seen before: at a stop nobody is left without a word, and nothing is answered twice."""

import asyncio
from collections.abc import Coroutine
from datetime import datetime, timedelta

import structlog

from core.models import Clock

KEPT = timedelta(minutes=15)  # Slack delivers a thing again within minutes, an event up to an hour later
_MOST = 20_000  # ids; the oldest go first

log = structlog.get_logger("clout.slack")


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
    """The handlers under way; neither library waits for them at the end."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()
        self.stopping = False

    def __len__(self) -> int:
        return len(self._tasks)

    def begin(self, work: Coroutine[object, object, None]) -> None:
        """Let work go on beside the acknowledgement."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("something begun beside an acknowledgement failed", exc_info=error)

    async def stop(self, seconds: float) -> None:
        """Take nothing new, wait for what runs, and cancel what takes longer; what is cancelled says goodbye itself."""
        self.stopping = True
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=seconds)
        late = list(self._tasks)
        for task in late:
            task.cancel()
        if late:
            await asyncio.gather(*late, return_exceptions=True)
