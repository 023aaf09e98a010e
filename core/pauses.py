"""Networks that are left alone for a while: until the moment they named, or for pauses that double. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from core.errors import SourceError

PAUSE, LONGEST_PAUSE = timedelta(minutes=1), timedelta(minutes=30)  # where a network does not say

log = structlog.get_logger("clout.refreshing")


@dataclass(frozen=True, slots=True)
class _Pause:
    """Until when, and how many in a row it is."""

    until: datetime
    times: int


class Pauses:
    """Which networks are left alone until when; one for the whole process."""

    def __init__(self) -> None:
        self._pauses: dict[str, _Pause] = {}

    def until(self, network: str, now: datetime) -> datetime | None:
        """Return until when a network is left alone; None when it is not."""
        pause = self._pauses.get(network)
        # one that ends further ahead than any began has outlived a step back of the clock; servers may ask for days
        return pause.until if pause is not None and now < pause.until else None

    def back(self, network: str, now: datetime) -> datetime:
        """Return when to come back with what could not be asked for now."""
        pause = self._pauses.get(network)
        return max(pause.until, now) if pause is not None else now + PAUSE

    def begin(self, network: str, error: SourceError, now: datetime) -> None:
        """Ask this network nothing until it said, or for a while that doubles."""
        before = self._pauses.get(network)
        times = before.times + 1 if before is not None and before.until <= now else 1
        until = error.retry_at or now + min(PAUSE * 2 ** min(times - 1, 10), LONGEST_PAUSE)
        if before is None or before.until < until:
            self._pauses[network] = _Pause(until, times)
            log.info("network left alone", network=network, error=type(error).__name__, until=until.isoformat())

    def end(self, network: str) -> None:
        """Note that somebody at this network could be read again."""
        self._pauses.pop(network, None)
