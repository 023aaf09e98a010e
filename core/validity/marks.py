"""The marks a measure has to reach on people the code has never seen: VALIDITY's goals as data."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from core.validity.metrics import Estimate

Verdict = Literal["pass", "good", "miss", "n/a"]
"""`pass` and `good` are the two marks, `n/a` stands where there is no mark or no value."""

Test = Callable[[Estimate], bool]


@dataclass(frozen=True, slots=True)
class Goal:
    """What a value must reach; `good` may be absent, and without `passed` nothing can be missed."""

    text: str
    passed: Test | None = None
    good: Test | None = None


def verdict(goal: Goal | None, estimate: Estimate) -> Verdict:
    """Return how a value stands against its goal."""
    if goal is None or math.isnan(estimate.value):
        return "n/a"
    if goal.passed is not None and not goal.passed(estimate):
        return "miss"
    return "good" if goal.good is not None and goal.good(estimate) else "pass"


def at_least(least: float, good: float) -> Goal:
    """Return the goal of a value that should be high."""
    return Goal(f">= {least:g} / {good:g}", lambda e: e.value >= least, lambda e: e.value >= good)


def at_most(most: float, good: float | None = None) -> Goal:
    """Return the goal of a value that should be low."""
    if good is None:
        return Goal(f"<= {most:g}", lambda e: e.value <= most)
    return Goal(f"<= {most:g} / {good:g}", lambda e: e.value <= most, lambda e: e.value <= good)


NO_VIOLATION = Goal("0", lambda e: e.value == 0)

AGREEMENT = Goal(
    "-1 SE / >= .84",
    lambda e: e.diff >= -e.diff_se or e.diff >= 0,  # the second holds where there is no error to compare with
    lambda e: e.diff > 0 and e.value >= 0.84,
)
"""Not below followers alone by more than one error; good above them and at .84."""

NEXT_LIKES = Goal(
    ">= .8, +2 SE / .88",
    lambda e: e.value >= 0.80 and e.diff >= 2.0 * e.diff_se,
    lambda e: e.value >= 0.88,
)
NEXT_MEDIAN = at_least(0.75, 0.85)
CALM_MEDIAN = at_most(1.0, 0.8)  # points
CALM_SHARE = at_most(0.05, 0.02)
SUSTAINED_RISE = Goal("all up / >= 4", lambda e: e.worst > 0, lambda e: e.value >= 4.0)
VENDOR_TIKTOK = at_least(0.70, 0.78)
VENDOR_INSTAGRAM = at_least(0.55, 0.70)
BOUGHT = at_least(0.97, 0.99)
FAKE = at_least(0.90, 0.93)
HONEST = at_most(0.01, 0.0)
CAUGHT = at_least(0.90, 1.0)
TENFOLD_MEAN = at_most(1.0, 0.5)  # points
TENFOLD_WORST = at_most(6.0, 2.5)
FEW_AT_THE_TOP = at_most(0.01)
NO_HEAP = at_most(0.05)
KLOUT_LIKE = Goal("good: within 6", None, lambda e: abs(e.diff) <= 6.0)
