"""The sandbox's own time: running with the wall clock, or standing still until it is moved."""

import time
from datetime import UTC, datetime, timedelta


def wall_now() -> datetime:
    """Return the machine's present moment in UTC."""
    return datetime.fromtimestamp(time.time(), UTC)


def iso(moment: float, precision: str = "seconds") -> str:
    """Return epoch seconds as most networks write them: ISO 8601 with a Z; `precision` is `seconds` or finer."""
    return datetime.fromtimestamp(moment, UTC).isoformat(timespec=precision).replace("+00:00", "Z")


class MovableClock:
    """A clock that a test moves forward and back.

    With a `start` it stands still there; without one it runs with the machine's clock, and moving it only shifts it.
    """

    def __init__(self, start: datetime | None = None) -> None:
        if start is not None and start.tzinfo is None:
            raise ValueError("the sandbox's start needs a time zone, for example datetime(2026, 3, 2, tzinfo=UTC)")
        self._frozen = start.astimezone(UTC) if start is not None else None
        self._shift = timedelta(0)

    @property
    def running(self) -> bool:
        """Whether time passes by itself."""
        return self._frozen is None

    def now(self) -> datetime:
        """Return the sandbox's present moment, aware, in UTC."""
        return self._frozen if self._frozen is not None else wall_now() + self._shift

    def set(self, moment: datetime) -> None:
        """Jump to `moment`; a running clock goes on from there."""
        if moment.tzinfo is None:
            raise ValueError("the clock needs a moment with a time zone")
        if self._frozen is not None:
            self._frozen = moment.astimezone(UTC)
        else:
            self._shift = moment - wall_now()

    def advance(self, by: timedelta) -> None:
        """Move by `by`, which may be negative."""
        self.set(self.now() + by)

    def freeze(self, moment: datetime | None = None) -> None:
        """Stand still at `moment`, or where the clock is now."""
        self._frozen = (moment or self.now()).astimezone(UTC)

    def minute(self) -> int:
        """Return the whole minutes since 1970: everything the sandbox shows is constant within one."""
        return int(self.now().timestamp() // 60)
