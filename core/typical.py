"""The typical value of a post: robust, and monotone in every count.

Rows are accounts (or variants of one account), columns their posts sorted by value; a post without weight is
no post, so rows of unequal length are padded with weightless zeros. A median jumps and a mean of raw counts
is not robust; the mean of the quantile function between two quantiles is neither.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from core.weights import Weights

Floats = NDArray[np.float64]
Singles = NDArray[np.float32]
Reals = TypeVar("Reals", Floats, Singles)
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

_DRAWN_AT_ONCE = 256  # rows of the table of draws


@dataclass(frozen=True, slots=True)
class Typical:
    """Typical values of rows as t = log10(1 + typ), with the padding that held single posts to a sixth.

    All shapes (rows,). `pad_weight` is in units of recency weight, `pad_value` on the same scale as t and 0
    where nothing had to be padded; `bare` is t without padding, what the posts alone say.
    """

    t: Floats
    bare: Floats
    pad_value: Floats
    pad_weight: Floats

    def take(self, rows: Ints) -> "Typical":
        """Return some of the rows."""
        return Typical(self.t[rows], self.bare[rows], self.pad_value[rows], self.pad_weight[rows])


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


def _nonzero(total: Reals) -> Reals:
    return np.maximum(total, np.finfo(total.dtype).tiny)


def _cut(share: Floats) -> Floats:
    """Cut to [0, 1] in place."""
    return np.minimum(np.maximum(share, 0.0, out=share), 1.0, out=share)


def _quantile_mean(y: Floats, steps: Floats, reached: Floats, low: float, high: float) -> Floats:
    """Mean of the weighted quantile function between two quantiles, over the last axis; `reached` is the running mass.

    By parts: y_max minus the integral of the distribution function, cut to [low, high] and scaled to [0, 1].
    """
    share = reached[:, :-1] * (1.0 / (_nonzero(reached[:, -1:]) * (high - low)))
    share -= low / (high - low)
    passed = np.einsum("rp,rp->r", _cut(share), steps)
    mean: Floats = y[:, -1] - passed
    return mean


def typical(y: Floats, mass: Floats, even: Floats, weights: Weights) -> Typical:
    """Return the typical value of each row.

    `y` holds log10(1 + value) sorted ascending, `mass` the recency weights and `even` the weights of the padding
    value, 0 where a post does not supply the value; shapes (rows, posts).
    """
    steps = y[:, 1:] - y[:, :-1]
    reached = np.cumsum(mass, axis=1)
    bare = _quantile_mean(y, steps, reached, weights.low_quantile, weights.high_quantile)
    pad_weight = np.maximum(weights.padding_posts * mass.max(axis=1) - reached[:, -1], 0.0)
    short = np.flatnonzero(pad_weight)
    if not len(short):
        return Typical(bare, bare, np.zeros(len(y)), pad_weight)
    t, pad_value = bare.copy(), np.zeros(len(y))
    y, steps = y[short], steps[short]
    pad_value[short] = _quantile_mean(
        y, steps, np.cumsum(even[short], axis=1), weights.padding_low, weights.padding_high
    )
    t[short] = _padded(y, steps, reached[short], pad_value[short], pad_weight[short], weights)
    return Typical(t, bare, pad_value, pad_weight)


def _padded(
    y: Floats, steps: Floats, reached: Floats, pad_value: Floats, pad_weight: Floats, weights: Weights
) -> Floats:
    """The quantile mean with one more value: it splits one step in two, below it its weight is not yet reached."""
    kept = weights.high_quantile - weights.low_quantile
    scale = 1.0 / (_nonzero(reached[:, -1] + pad_weight) * kept)
    below = np.minimum(np.maximum(pad_value[:, None] - y[:, :-1], 0.0), steps)
    share = reached[:, :-1] * scale[:, None] - weights.low_quantile / kept
    padded = share + (pad_weight * scale)[:, None]
    passed = np.einsum("rp,rp->r", _cut(share), below) + np.einsum("rp,rp->r", _cut(padded), steps - below)
    mean: Floats = y[:, -1] - passed
    return mean


@lru_cache(maxsize=4)
def draw_table(model_version: str, rows: int, draws: int) -> Singles:
    """Return the shared table of exponential draws (rows, draws); over an account they normalise to Dirichlet.

    Seeded by the model version alone: which row a post uses is a matter of its network and id. The inverse
    method keeps the figures the same in every release of numpy that keeps its uniform stream. Single precision is a
    million times finer than what 200 draws can tell, and halves what has to pass through the cache.
    """
    seed = [len(model_version), *model_version.encode()]
    stream = np.random.default_rng(seed)
    table = np.empty((rows, draws), np.float32)
    for some in np.array_split(table, max(1, rows // _DRAWN_AT_ONCE)):  # the same stream as in one go, in less memory
        some[:] = stream.standard_exponential(some.shape, method="inv")
    table.setflags(write=False)
    return table


def draws_of(
    y: Floats, mass: Floats, draw_rows: Ints, base: Typical, accounts: int, table: Singles, weights: Weights
) -> tuple[Floats, Singles]:
    """Return t of each row under every draw of the Bayesian bootstrap, and the recency weight of reacted posts.

    `y`, `mass`, `draw_rows` (rows, posts) and `base` are those of `typical`; the first `accounts` rows hold E and
    give the weight of reacted posts, (accounts, draws); t is (rows, draws).
    Draws multiply the recency weights and keep their sum on average; the padding keeps its unperturbed value
    and weight, or the range would sink below the score. Posts are added up one after the other, so that an account
    comes out the same whatever stands beside it.
    """
    heights, masses, sources = y.T, mass.T, draw_rows.T
    short = np.flatnonzero(base.pad_weight)
    if len(short):
        heights, masses, sources, at = _with_padding(y, mass, draw_rows, base)
    drawn = table.take(sources, axis=0, mode="clip")  # (posts, rows, draws)
    there = masses > 0
    heights = np.maximum(heights, heights[there.argmax(axis=0), np.arange(len(y))])  # no step below the first post
    mean = _mean_draw(there[:, :accounts], drawn[:, :accounts])
    padding = base.pad_weight[short, None] * _mean_of_short(there, drawn, mean, short)
    weigh = masses.astype(np.float32)[:, :, None]
    for weight, post in zip(weigh, drawn, strict=True):
        post *= weight
    reacted = _added_up((heights[:, :accounts] > 0).astype(np.float32), drawn[:, :accounts]) / mean
    if len(short):
        drawn[at[short], short] = padding
    for nearer, further in pairwise(drawn):  # a running sum, many times quicker than cumsum
        further += nearer
    return _quantile_mean_of_draws(heights, drawn, weights), reacted


def _added_up(factor: Singles, drawn: Singles) -> Singles:
    """Return the sum over posts of factor (posts, rows) times draw (posts, rows, draws), in the order of the posts."""
    summed: Singles = np.einsum("pr,prd->rd", factor, drawn)
    return summed


def _mean_draw(there: Bools, drawn: Singles) -> Singles:
    share = there / np.maximum(there.sum(axis=0), 1)
    return _nonzero(_added_up(share.astype(np.float32), drawn))


def _mean_of_short(there: Bools, drawn: Singles, mean: Singles, short: Ints) -> Singles:
    """The mean draw of rows with padding: that of the account's first row, unless the row has fewer posts."""
    count, accounts = there.sum(axis=0), len(mean)
    found = mean[short % accounts]
    fewer = np.flatnonzero(count[short] < count[short % accounts])
    if len(fewer):
        found[fewer] = _mean_draw(there[:, short[fewer]], drawn[:, short[fewer]])
    return found


def _with_padding(y: Floats, mass: Floats, draw_rows: Ints, base: Typical) -> tuple[Floats, Floats, Ints, Ints]:
    """Put each row's padding in its place among the sorted posts, without weight yet; arrays (posts + 1, rows)."""
    rows, posts = y.shape
    at = (y < base.pad_value[:, None]).sum(axis=1)
    column, lane = np.arange(posts + 1)[:, None], np.arange(rows)
    source = np.minimum(column - (column > at), posts - 1)
    is_pad = column == at
    heights = np.where(is_pad, base.pad_value, y[lane, source])
    return heights, np.where(is_pad, 0.0, mass[lane, source]), draw_rows[lane, source], at


def _quantile_mean_of_draws(heights: Floats, reached: Singles, weights: Weights) -> Floats:
    """The quantile mean of rows whose posts lie along the first axis, for every draw; overwrites `reached`."""
    total = _nonzero(reached[-1])
    low, high = weights.low_quantile * total, weights.high_quantile * total
    steps = (heights[1:] - heights[:-1]).astype(np.float32)
    inner = reached[:-1]
    for post in inner:
        np.minimum(np.maximum(post, low, out=post), high, out=post)
    passed = _added_up(steps, inner) - low * (heights[-1] - heights[0]).astype(np.float32)[:, None]
    mean: Floats = heights[-1][:, None] - passed / (high - low)
    return mean


def quantiles(drawn: Floats, fractions: Sequence[float]) -> list[Floats]:
    """Return quantiles over the last axis, interpolated linearly; many times quicker than numpy's general one."""
    ranked = np.sort(drawn, axis=-1)
    places = [divmod(fraction * (ranked.shape[-1] - 1), 1.0) for fraction in fractions]
    return [ranked[..., int(i)] * (1.0 - f) + ranked[..., min(int(i) + 1, ranked.shape[-1] - 1)] * f for i, f in places]
