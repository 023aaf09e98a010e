"""Bad weather over Discord: error codes, rate limits, slow and lost answers, per route."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from fnmatch import fnmatchcase

from sandbox.faults import newest

LOST = frozenset({"hang_up", "silence"})
"""`hang_up` drops the connection, `silence` never answers."""


@dataclass
class Trouble:
    """One fault of the routes whose `METHOD /path` fits the pattern `route` (`*` stands for anything).

    `kind`: an HTTP status of its own ("500"), "429" for this route, "429-global", "429-ban" (no Via header, as the
    ban by address), an error code ("50013"), "slow", or one of LOST. `times` None lasts until it is cleared;
    `seconds` is the `retry_after` or the delay; `after` does first what was asked.
    """

    route: str
    kind: str
    times: int | None = 1
    seconds: float = 0.02
    after: bool = False


@dataclass
class Bucket:
    """What Discord tells about a rate limit in its headers."""

    name: str
    limit: int
    remaining: int
    reset_after: float


class Weather:
    """The faults switched on now, and the rates Discord allows; `clock` gives seconds that only rise."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._troubles: list[Trouble] = []
        self._limits: list[tuple[str, int, float]] = []
        self._calls: dict[tuple[str, str], list[float]] = {}
        self._clock = clock

    def fail(
        self, route: str, kind: str, *, times: int | None = 1, seconds: float = 0.02, after: bool = False
    ) -> Trouble:
        """Let routes fail, for example `fail("POST /channels/*/messages", "429")`; see Trouble."""
        trouble = Trouble(route, kind, times, seconds, after)
        self._troubles.append(trouble)
        return trouble

    def limit(self, route: str, most: int, seconds: float) -> None:
        """Allow so many calls within so many seconds for each path that fits."""
        self._limits.append((route, most, seconds))

    def clear(self) -> None:
        """Switch everything off."""
        self._troubles.clear()
        self._limits.clear()
        self._calls.clear()

    def take(self, route: str) -> Trouble | None:
        """Return the newest fault that fits and count it down; None in good weather."""
        return newest(self._troubles, lambda one: fnmatchcase(route, one.route))

    def count(self, route: str, template: str) -> tuple[Bucket, float]:
        """Count a call; return its bucket, and the seconds to wait when it was one too many, else 0."""
        for pattern, most, within in self._limits:
            if not fnmatchcase(route, pattern):
                continue
            now = self._clock()
            recent = [moment for moment in self._calls.get((pattern, route), []) if moment > now - within]
            self._calls[pattern, route] = recent
            reset = (recent[0] if recent else now) + within - now
            if len(recent) >= most:
                return Bucket(template, most, 0, reset), reset
            recent.append(now)
            return Bucket(template, most, most - len(recent), reset), 0.0
        return Bucket(template, 50, 49, 1.0), 0.0
