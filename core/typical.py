"""The typical value of a post: robust, and monotone in every count.

Rows are accounts (or variants of one account), columns their posts sorted by value; a post without weight is
no post, so rows of unequal length are padded with weightless zeros. A median jumps and a mean of raw counts
is not robust; the mean of the quantile function between two quantiles is neither.
"""

from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from core.weights import Weights

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Typical:
    """Typical values of rows as t = log10(1 + typ), with the padding that held single posts to a sixth.

    All shapes (..., rows). `pad_weight` is in units of recency weight, `pad_value` on the same scale as t.
    """

    t: Floats
    pad_value: Floats
    pad_weight: Floats

    def flat(self) -> "Typical":
        """Return the same rows along a single axis."""
        return Typical(self.t.ravel(), self.pad_value.ravel(), self.pad_weight.ravel())


def recency(age: Floats, weights: Weights) -> Floats:
    """Return the weight of a post of `age` days: half-life 30 d, falling to exactly 0 at the window's end."""
    end = 2.0 ** (-weights.window_days / weights.half_life_days)
    fading: Floats = np.exp2(age * (-1.0 / weights.half_life_days))
    fading -= end
    fading /= 1.0 - end
    return np.maximum(fading, 0.0, out=fading)


def evenness(age: Floats, weights: Weights) -> Floats:
    """Return the nearly equal weight a post has in the padding value; it fades out in the window's last days."""
    left: Floats = (weights.window_days - age) / weights.padding_fade_days
    return np.clip(left, 0.0, 1.0, out=left)


def _nonzero(total: Floats) -> Floats:
    return np.where(total > 0, total, 1.0)


def _quantile_mean(y: Floats, steps: Floats, mass: Floats, low: float, high: float) -> Floats:
    """Mean of the weighted quantile function between two quantiles, over the last axis.

    By parts: y_max minus the integral of the distribution function, cut to [low, high] and scaled to [0, 1].
    """
    reached = np.cumsum(mass, axis=-1)
    share = reached[..., :-1] / _nonzero(reached[..., -1:])
    share -= low
    share /= high - low
    np.clip(share, 0.0, 1.0, out=share)
    share *= steps
    mean: Floats = y[..., -1] - share.sum(axis=-1)
    return mean


def typical(y: Floats, mass: Floats, even: Floats, weights: Weights) -> Typical:
    """Return the typical value of each row.

    `y` holds log10(1 + value) sorted ascending along the last axis, `mass` the recency weights and `even` the
    weights of the padding value, 0 where a post does not supply the value; shapes broadcast to (..., posts).
    """
    steps = np.diff(y, axis=-1)
    pad_value = _quantile_mean(y, steps, even, weights.padding_low, weights.padding_high)
    reached = np.cumsum(mass, axis=-1)
    own = reached[..., -1]
    pad_weight = np.maximum(weights.padding_posts * mass.max(axis=-1) - own, 0.0)
    scale = 1.0 / (_nonzero(own + pad_weight) * (weights.high_quantile - weights.low_quantile))
    cut = weights.low_quantile / (weights.high_quantile - weights.low_quantile)
    # The padding value splits one step in two: below it the padding is not yet reached, above it it is.
    below = np.clip(pad_value[..., None] - y[..., :-1], 0.0, steps)
    share = reached[..., :-1] * scale[..., None]
    share -= cut
    padded = share + (pad_weight * scale)[..., None]
    np.clip(share, 0.0, 1.0, out=share)
    np.clip(padded, 0.0, 1.0, out=padded)
    share *= below
    padded *= steps - below
    share += padded
    return Typical(y[..., -1] - share.sum(axis=-1), pad_value, pad_weight)


def unpadded(y: Floats, mass: Floats, weights: Weights) -> Floats:
    """Return t of each row without padding: what the posts alone say; arguments as for `typical`."""
    return _quantile_mean(y, np.diff(y, axis=-1), mass, weights.low_quantile, weights.high_quantile)


@lru_cache(maxsize=4)
def draw_table(model_version: str, rows: int, draws: int) -> Floats:
    """Return the shared table of exponential draws (rows, draws); over an account they normalise to Dirichlet.

    Seeded by the model version alone: which row a post uses is a matter of its network and id. The inverse
    method keeps the figures the same in every release of numpy that keeps its uniform stream.
    """
    seed = [len(model_version), *model_version.encode()]
    table = np.random.default_rng(seed).standard_exponential((rows, draws), method="inv")
    table.setflags(write=False)
    return table


@dataclass(frozen=True, slots=True)
class Drawn:
    """Typical values by draw: `t` (rows, draws), and of each row the recency weight of posts with a reaction."""

    t: Floats
    reacted: Floats


def typical_draws(y: Floats, mass: Floats, draw_rows: Ints, base: Typical, table: Floats, weights: Weights) -> Drawn:
    """Return the typical value of each row under every draw of the Bayesian bootstrap.

    `y`, `mass`, `draw_rows` have shape (rows, posts) in the order `typical` took. Draws multiply the recency
    weights and keep their sum on average; the padding keeps its unperturbed value and weight, or the range
    would sink below the score.
    """
    rows, posts = y.shape
    at = (y < base.pad_value[:, None]).sum(axis=1)  # where the padding stands among the sorted posts
    column = np.arange(posts + 1)[:, None]
    source = np.minimum(column - (column > at), posts - 1)
    lane = np.arange(rows)
    is_pad = column == at
    height = np.where(is_pad, base.pad_value, y[lane, source])
    weight = np.where(is_pad, 0.0, mass[lane, source])
    supplied = weight > 0

    drawn = table[draw_rows[lane, source] % len(table)]  # (posts + 1, rows, draws)
    mean = np.einsum("pr,prd->rd", supplied / np.maximum(supplied.sum(axis=0), 1), drawn)
    mean = np.where(mean > 0, mean, 1.0)
    drawn *= weight[:, :, None]
    reacted = np.einsum("pr,prd->rd", (supplied & (height > 0)).astype(np.float64), drawn) / mean
    drawn[at, lane] = base.pad_weight[:, None] * mean
    for nearer, further in pairwise(drawn):  # a running sum, many times quicker than cumsum
        further += nearer

    total = _nonzero(drawn[-1])
    low, high = weights.low_quantile * total, weights.high_quantile * total
    steps = np.diff(height, axis=0)
    np.minimum(np.maximum(drawn, low, out=drawn), high, out=drawn)
    passed = np.einsum("pr,prd->rd", steps, drawn[:-1]) - low * steps.sum(axis=0)[:, None]
    return Drawn(height[-1][:, None] - passed / (high - low), reacted)
