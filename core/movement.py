"""Whether a score moved: the one answer that digests and watches give (SCORING 8). Pure."""

from collections.abc import Sequence

from core.combination import drawn_together
from core.models import NetworkScore
from core.typical import quantiles
from core.weights import CURRENT, Weights

LEAST = 2  # points: a smaller change of the shown score is none, whatever a team chose

Difference = tuple[float, float]
"""The 90 % range of the difference of two scores, in points."""


def steady(before: int, after: int, *, least: int = LEAST, difference: Difference | None = None) -> bool:
    """Whether a shown score did not move: less than `least` points (at least 2), or a difference that may be none.

    `difference` is None where the posts of then are no longer known; the change alone decides then.
    """
    if abs(after - before) < max(least, LEAST):
        return True
    return difference is not None and difference[0] <= 0 <= difference[1]


def difference(
    before: Sequence[NetworkScore], after: Sequence[NetworkScore], moved: float, *, weights: Weights = CURRENT
) -> Difference | None:
    """Return the 90 % range of a change by `moved` points, draw by draw; None without draws at both ends.

    Posts that both scores share have the same draws, so what they do not know of cancels out. The draws are centred
    on the change that was stored.
    """
    counted = [[one for one in end if one.score is not None and one.draws] for end in (before, after)]
    if not all(counted):
        return None
    first, last = (drawn_together(end, weights=weights) for end in counted)
    drawn = last - first
    low, middle, high = quantiles(drawn, (weights.low_draw, 0.5, weights.high_draw))
    shift = moved - float(middle)
    return float(low) + shift, float(high) + shift
