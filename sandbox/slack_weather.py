"""Bad weather over Slack: error codes, rate limits, slow and lost answers, per method and channel."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from sandbox.faults import newest

LOST = frozenset({"hang_up", "silence"})
"""`hang_up` drops the connection, `silence` never answers."""


@dataclass
class Trouble:
    """One fault of a method. `kind` is a Slack error code, an HTTP status such as "503", "slow", or one of LOST.

    `channel` limits it to one channel id; `times` None lasts until it is cleared; `after` does what was asked
    first, so that the caller cannot know whether it was done.
    """

    method: str
    kind: str
    channel: str = ""
    times: int | None = 1
    seconds: float = 1.0
    after: bool = False


class Weather:
    """The faults switched on now, and the rates Slack allows; `clock` gives seconds that only rise."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._troubles: list[Trouble] = []
        self._per_minute: dict[str, int] = {}
        self._per_channel_seconds: float | None = None
        self._burst = 1
        self._calls: dict[tuple[str, str], list[float]] = {}
        self._clock = clock

    def fail(
        self,
        method: str,
        kind: str,
        *,
        channel: str = "",
        times: int | None = 1,
        seconds: float = 1.0,
        after: bool = False,
    ) -> Trouble:
        """Let a method fail; `*` means every method, "response_url" the answers to interactions.

        `seconds` is the Retry-After of "ratelimited" and the delay of "slow".
        """
        trouble = Trouble(method, kind, channel, times, seconds, after)
        self._troubles.append(trouble)
        return trouble

    def limit(self, method: str, per_minute: int) -> None:
        """Allow a method so many calls a minute and workspace."""
        self._per_minute[method] = per_minute

    def limit_posts(self, seconds: float = 1.0, burst: int = 1) -> None:
        """Allow `burst` chat.postMessage within `seconds` per channel."""
        self._per_channel_seconds, self._burst = seconds, burst

    def clear(self) -> None:
        """Switch everything off."""
        self._troubles.clear()
        self._per_minute.clear()
        self._calls.clear()
        self._per_channel_seconds = None

    def take(self, method: str, channel: str) -> Trouble | None:
        """Return the newest fault that fits and count it down; None in good weather."""
        return newest(self._troubles, lambda one: one.method in ("*", method) and one.channel in ("", channel))

    def wait(self, method: str, team: str, channel: str) -> float:
        """Count a call; return the seconds to wait when it is one too many, else 0."""
        if (most := self._per_minute.get(method)) is not None:
            pause = self._count((method, team), most, 60.0)
            if pause:
                return pause
        if method == "chat.postMessage" and self._per_channel_seconds is not None:
            return self._count((method, channel), self._burst, self._per_channel_seconds)
        return 0.0

    def _count(self, key: tuple[str, str], most: int, within: float) -> float:
        now = self._clock()
        recent = [moment for moment in self._calls.get(key, []) if moment > now - within]
        self._calls[key] = recent
        if len(recent) >= most:
            return recent[0] + within - now
        recent.append(now)
        return 0.0
