"""The six parts of one network's score: typical values in, parts between 0 and 1 out.

Every array may be (accounts,) or broadcast against (accounts, draws); the same formulas serve one creator, a
million, and every draw of the bootstrap.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.models import PARTS
from core.weights import Weights

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

LN10 = math.log(10.0)
LOG2E = 1.0 / math.log(2.0)
SPAN = 99.0  # points between the lowest score and the highest


@dataclass(frozen=True, slots=True)
class Terms:
    """What the parts need to know of each account besides its posts' typical values; arrays (accounts,).

    `rate` is the expected raw reactions per follower and post at 10,000 followers, `expected_rate` the same
    at the account's own size, both lowered for action types its posts do not supply. `active` is the active
    share in [0, 1], `growth` ln followers per 30 d or NaN. `betas` (6, accounts) are renormalised, 0 where a
    part is dropped.
    """

    tmax: Floats
    rate: Floats
    expected_rate: Floats
    followers: Floats
    listed: Floats
    active: Floats
    growth: Floats
    betas: Floats

    def by_draw(self) -> "Terms":
        """Return the same terms with a last axis for draws."""
        return Terms(*(getattr(self, name)[..., None] for name in self.__slots__))


def betas_of(with_shares: Bools, with_rate: Bools, weights: Weights) -> Floats:
    """Return renormalised betas, (6, accounts): parts whose input is not supplied are dropped, never scored 0."""
    full = np.ones(with_shares.shape)
    kept = {"amplification": with_shares, "audience": with_rate, "rate": with_rate}
    betas = np.stack([weights.betas.share(part) * kept.get(part, full) for part in PARTS])
    betas /= betas.sum(axis=0)
    return betas


def kept_share(betas: Floats, weights: Weights) -> Floats:
    """Return which share of the full betas an account's parts stand on, in (0, 1]."""
    full = np.array([weights.betas.share(part) for part in PARTS])
    kept: Floats = np.where(betas > 0, full[:, None], 0.0).sum(axis=0) / full.sum()
    return kept


def part_values(t: Floats, z: Floats, terms: Terms, weights: Weights) -> Floats:
    """Return the parts in the order of PARTS, shape (6, ...), each in [0, 1].

    `t` (3, ...) is log10(1 + typical) of weighted reactions, shares and raw reactions; `z` the credibility.
    """
    typ = t * LN10
    np.exp(typ, out=typ)  # half the time of expm1, and no nearer to 0 does a reaction count
    typ -= 1.0
    x = np.empty((len(PARTS), *z.shape))
    _rate(typ[2], z, terms, weights, out=x[3])
    typ *= z
    _log10_of_one_more(typ[:2], out=x[:2])
    gate = np.minimum(x[0] * (1.0 / np.log10(1.0 + weights.gate_reactions)), 1.0)
    x[0] /= terms.tmax
    x[1] /= terms.tmax - 1.0
    np.minimum(x[:2], 1.0, out=x[:2])
    x[2] = _audience(typ[2], gate, terms, weights)
    x[3] *= gate
    np.multiply(gate, terms.active, out=x[4])
    growth = np.where(np.isnan(terms.growth), 0.0, terms.growth)
    np.multiply(gate, 0.5 + 0.5 * np.tanh(growth / weights.growth_scale), out=x[5])
    return x


def _audience(raw: Floats, gate: Floats, terms: Terms, weights: Weights) -> Floats:
    """Followers, but no more than the reactions vouch for; lists count beside them where they are supplied.

    Lists are gated like rate, activity and growth: an account nobody reacts to stays at the floor.
    """
    audience = np.minimum(terms.followers, raw * (weights.audience_factor / terms.rate))
    _log10_of_one_more(audience, out=audience)
    audience /= weights.audience_decades
    np.minimum(audience, 1.0, out=audience)
    unlisted = np.isnan(terms.listed)
    if unlisted.all():
        return audience
    share = np.where(unlisted, 0.0, weights.listed_share)
    lists = np.minimum(np.log10(1.0 + np.where(unlisted, 0.0, terms.listed)) / weights.listed_decades, 1.0)
    return (1.0 - share) * audience + (share * lists) * gate


def _rate(raw: Floats, z: Floats, terms: Terms, weights: Weights, out: Floats) -> None:
    """Reactions per follower against creators of the same size, on a logistic scale; half at par."""
    par = terms.expected_rate * np.maximum(terms.followers, weights.follower_floor)
    np.divide(raw, par, out=out)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        np.log2(out, out=out)
        out *= z * -LOG2E
        np.exp2(out, out=out)
    out += 1.0
    np.divide(raw > 0, out, out=out)
    out[np.isnan(out)] = 0.0


def _log10_of_one_more(value: Floats, out: Floats) -> None:
    """Write log10(1 + value); the natural logarithm takes half the time of the decimal one."""
    np.add(value, 1.0, out=out)
    np.log(out, out=out)
    out *= 1.0 / LN10


def total(x: Floats, betas: Floats) -> Floats:
    """Return the score in [1, 100]: 1 + 99 * the weighted sum of the parts, added up in the order of PARTS."""
    summed: Floats = betas[0] * x[0]
    for beta, value in zip(betas[1:], x[1:], strict=True):
        summed += beta * value
    summed *= SPAN
    summed += 1.0
    return np.minimum(summed, 1.0 + SPAN, out=summed)
