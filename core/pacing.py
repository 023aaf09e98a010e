"""How many accounts to read again at a time, so that what is left of an allowance lasts until there is more. Pure."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from core.allowances import BACKGROUND_SHARE, span
from core.manifest import BudgetState

BATCH = 25  # accounts a job: one transaction, a few seconds
MOST_A_TICK = 200  # accounts of one network, where no budget limits
TICK = timedelta(seconds=20)  # what the first tick of a process counts for
AHEAD = timedelta(minutes=2)  # how much of an allowance may be saved up for one tick
SPARE = 1 - BACKGROUND_SHARE  # of an allowance is left to people who ask


class Pacing:
    """Spreads each network's allowance over the time it has to last; one for the whole process."""

    def __init__(self) -> None:
        self._saved: dict[str, tuple[datetime, float]] = {}

    def room(self, network: str, states: Sequence[BudgetState], now: datetime) -> int:
        """Return how many accounts may be asked for now; the fraction left over is saved for the next time."""
        before, saved = self._saved.get(network, (now - TICK, 0.0))
        passed = min(max(now - before, timedelta(0)), AHEAD)
        room = float(MOST_A_TICK)
        for state in states:
            if state.left is None or state.limit is None or not state.rule.per_lookup:
                continue
            usable = max(0.0, state.left - SPARE * state.limit) / state.rule.per_lookup
            lasts = max(_until(state, now), passed)
            room = min(room, usable, saved + usable * (passed / lasts) if lasts else usable)
        self._saved[network] = now, room
        return int(room)

    def took(self, network: str, number: int) -> None:
        """Note how many were taken: where fewer were due than there is room for, nothing is saved."""
        at, room = self._saved[network]
        self._saved[network] = at, room - number if number == int(room) else 0.0


def batch_size(states: Sequence[BudgetState]) -> int:
    """Return how many accounts one job may hold, so that a small allowance is not asked for at once."""
    holds = [
        BACKGROUND_SHARE * state.limit / state.rule.per_lookup
        for state in states
        if state.limit is not None and state.rule.per_lookup
    ]
    return max(1, min([BATCH, *map(int, holds)]))


def _until(state: BudgetState, now: datetime) -> timedelta:
    """Return how long what is left has to last; a window nobody has begun yet lasts from now on."""
    return span(state.rule.window) if state.resets_at is None else max(state.resets_at - now, timedelta(0))
