"""The measures and their errors: AUC with ties, Spearman's rho, quantiles, and bootstraps that respect who is who.

Every draw is seeded by the caller. Arrays of draws have shape (draws, values); a measure that has no meaning (one
class, no spread) is NaN, never a made-up number.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Random = np.random.Generator

CI = (0.025, 0.975)  # fractions of the draws between which the shown interval lies
WILSON_Z = 1.959964  # standard deviations of the same 95 % interval


@dataclass(frozen=True, slots=True)
class Estimate:
    """A measured value with its error, and the same measure of a plain baseline on the same rows; NaN = not measured.

    `diff` is value minus baseline with its paired error. `worst` is the extreme single case where a mark asks for it.
    """

    value: float
    se: float = math.nan
    low: float = math.nan
    high: float = math.nan
    baseline: float = math.nan
    diff: float = math.nan
    diff_se: float = math.nan
    worst: float = math.nan


def share(chosen: int, of: int) -> Estimate:
    """Return a share with its error and Wilson's interval (JASA 1927), which says something even where it is 0 or 1."""
    if of == 0:
        return Estimate(math.nan)
    p, z2 = chosen / of, WILSON_Z**2
    middle = (p + z2 / (2.0 * of)) / (1.0 + z2 / of)
    half = math.sqrt(z2 * (p * (1.0 - p) + z2 / (4.0 * of)) / of) / (1.0 + z2 / of)
    return Estimate(p, math.sqrt(p * (1.0 - p) / of), max(middle - half, 0.0), min(middle + half, 1.0))


def auc(positive: Bools, value: Floats, weight: Floats | None = None) -> float:
    """Return the chance that a positive row has the higher value than a negative one, ties counting half.

    NaN when the weighted rows hold one class only.
    """
    weight = np.ones(len(value)) if weight is None else weight
    _, level = np.unique(value, return_inverse=True)
    above = np.bincount(level, weight * positive)
    below = np.bincount(level, weight * ~positive)
    pairs = float(above.sum() * below.sum())
    if pairs == 0:
        return math.nan
    return float((above * (np.cumsum(below) - below / 2.0)).sum()) / pairs


def ranks(values: Floats) -> Floats:
    """Return ranks from 1, equal values sharing the mean of theirs."""
    _, level, count = np.unique(values, return_inverse=True, return_counts=True)
    mean_rank: Floats = (np.cumsum(count) - (count - 1) / 2.0)[level]
    return mean_rank


def spearman(one: Floats, other: Floats) -> float:
    """Return Spearman's rank correlation, NaN when either side does not vary."""
    a, b = ranks(one), ranks(other)
    a, b = a - a.mean(), b - b.mean()
    spread = math.sqrt(float(a @ a) * float(b @ b))
    return float(a @ b) / spread if spread > 0 else math.nan


def pair_weights(rng: Random, draws: int, persons: int, one: Ints, other: Ints) -> Floats:
    """Return Poisson(1) weights a person and draw, multiplied into pairs: shape (draws, pairs)."""
    weight = rng.poisson(1.0, size=(draws, persons)).astype(np.float64)
    product: Floats = weight[:, one] * weight[:, other]
    return product


def resampled(rng: Random, draws: int, rows: int, measure: Callable[[Ints], tuple[float, ...]]) -> Floats:
    """Return `measure` of rows drawn with replacement, one line a draw: (draws, values)."""
    return np.array([measure(rng.integers(0, rows, size=rows)) for _ in range(draws)])


def estimate(point: tuple[float, ...], drawn: Floats, worst: float = math.nan) -> Estimate:
    """Return value and baseline (if there is a second figure) with the spread of their draws."""
    value = point[0]
    if math.isnan(value):
        return Estimate(value)
    se, low, high = _spread(drawn[:, 0])
    if len(point) == 1 or math.isnan(point[1]):
        return Estimate(value, se, low, high, worst=worst)
    diff_se, _, _ = _spread(drawn[:, 0] - drawn[:, 1])
    return Estimate(value, se, low, high, point[1], value - point[1], diff_se, worst)


def _spread(drawn: Floats) -> tuple[float, float, float]:
    """Return standard deviation and interval of the draws that have a value."""
    known = drawn[~np.isnan(drawn)]
    if len(known) < 2:
        return math.nan, math.nan, math.nan
    low, high = np.quantile(known, CI).tolist()
    return float(known.std(ddof=1)), low, high


def paired_auc(positive: Bools, value: Floats, baseline: Floats, weights: Floats) -> Estimate:
    """Return the AUC beside the baseline's, with errors from weighted draws, `weights` (draws, rows)."""
    point = (auc(positive, value), auc(positive, baseline))
    return estimate(point, np.array([(auc(positive, value, w), auc(positive, baseline, w)) for w in weights]))


def paired_rho(value: Floats, baseline: Floats, truth: Floats, rng: Random, draws: int) -> Estimate:
    """Return rho with the truth beside the baseline's, with errors by resampling rows."""

    def both(rows: Ints) -> tuple[float, float]:
        return spearman(value[rows], truth[rows]), spearman(baseline[rows], truth[rows])

    return estimate(both(np.arange(len(value))), resampled(rng, draws, len(value), both))


def spread_over(values: Floats, of: Callable[[Floats], float], rng: Random, draws: int) -> Estimate:
    """Return a statistic of independent values, for instance their mean, with its error by resampling."""
    drawn = resampled(rng, draws, len(values), lambda rows: (of(values[rows]),))
    return estimate((of(values),), drawn)


def spread_by_owner(values: Floats, owner: Ints, of: Callable[[Floats], float], rng: Random, draws: int) -> Estimate:
    """Return a statistic of values that come in groups, with its error by resampling whole groups.

    `owner` names the group of each value, 0 to groups - 1.
    """
    groups = int(owner.max()) + 1

    def once(rows: Ints) -> tuple[float]:
        times = np.bincount(rows, minlength=groups)[owner]
        return (of(np.repeat(values, times)) if times.any() else math.nan,)

    return estimate((of(values),), resampled(rng, draws, groups, once))
