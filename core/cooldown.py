"""How often one creator may be read anew by a button: once in ten minutes for each team (CARDS, Words)."""

from datetime import datetime, timedelta

from core.models import Clock

COOLDOWN = timedelta(minutes=10)  # between two readings anew of one creator
_MOST = 20_000  # creators remembered; the oldest go first


class Cooldown:
    """Remembers who was read anew and when; kept by one process, since a restart may well read once more."""

    def __init__(self, clock: Clock, *, length: timedelta = COOLDOWN) -> None:
        self._clock = clock
        self._length = length
        self._begun: dict[tuple[str, ...], datetime] = {}

    def begin(self, *key: str) -> datetime | None:
        """Begin the time of one creator and return None, or return when it ends if it still runs."""
        now, begun = self._clock.now(), self._begun.get(key)
        if begun is not None and now < begun + self._length:
            return begun + self._length
        self._begun.pop(key, None)
        self._begun[key] = now
        while len(self._begun) > _MOST:
            del self._begun[next(iter(self._begun))]
        return None

    def forget(self, *key: str) -> None:
        """Let a creator be read anew at once, for the reading failed."""
        self._begun.pop(key, None)
