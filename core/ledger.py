"""The point ledger: every point of a score with the figures, the constants and the formula it comes from.

`1 + sum of points + penalty` is the score, exactly (SCORING 6). Pure.
"""

import math
from collections.abc import Mapping, Sequence
from types import MappingProxyType

from core.columns import rounding_step
from core.combination import combine
from core.models import (
    PARTS,
    Flag,
    Inputs,
    Model,
    NetworkPoints,
    NetworkReading,
    NetworkScore,
    Part,
    PartName,
    Reading,
    Score,
    State,
)
from core.readings import counting
from core.weights import CURRENT, WEIGHTS, Weights

Figures = dict[str, float | None]

FORMULAS: Mapping[PartName, str] = MappingProxyType(
    {
        "volume": "log10(1 + credibility * typical_weighted) / tmax, at most 1",
        "amplification": "log10(1 + credibility * typical_shares) / (tmax - 1), at most 1",
        "audience": "log10(1 + min(followers, factor * credibility * typical_reactions / rate_at_10k)) / decades, "
        "at most 1; where lists are known, (1 - listed_share) of that plus listed_share * gate * log10(1 + listed) / "
        "listed_decades, at most 1",
        "rate": "gate / (1 + exp(-credibility * log2(typical_reactions / (expected_rate * max(followers, floor)))))",
        "consistency": "gate * active_share",
        "growth": "gate * (1/2 + 1/2 * tanh(growth_30d / scale)); growth unknown counts as none",
    }
)
"""How x of each part is computed.

The gate is log10(1 + credibility * typical_weighted) / log10(1 + gate_reactions), at most 1.
"""

POINTS = "99 * beta * x, scaled by the network's share of the score: share * (S - 1) / (network's score - 1)"
"""How x becomes points of the combined score."""


class PointRow(Model):
    """One part of one network: `x` in [0, 1], `own` points of the network's score, `points` of the combined one."""

    part: PartName
    x: float
    beta: float
    own: float
    points: float
    formula: str
    inputs: Figures
    constants: Figures


class NetworkStatement(Model):
    """One account's part of the score: `share` in [0, 1]; parts in `dropped` were not supplied and cost nothing."""

    network: str
    handle: str
    native_id: str | None = None
    state: State
    score: float
    share: float
    posts: int
    rows: tuple[PointRow, ...]
    dropped: tuple[PartName, ...] = ()

    @property
    def points(self) -> float:
        """The sum of the rows."""
        return math.fsum(row.points for row in self.rows)

    def row(self, part: PartName) -> PointRow | None:
        """Return the row of a part, or None when it was not supplied."""
        return next((row for row in self.rows if row.part == part), None)


class PointLedger(Model):
    """A score taken apart: `base + points + penalty == score` within 1e-9.

    `apart` says that this is the score of a network that enters no total.
    """

    state: State
    score: float
    base: float = 1.0
    networks: tuple[NetworkStatement, ...]
    penalty: float = 0.0
    flags: tuple[Flag, ...] = ()
    apart: bool = False
    model_version: str
    weights_version: str

    @property
    def points(self) -> float:
        """The sum of all rows, before the penalty."""
        return math.fsum(network.points for network in self.networks)

    @property
    def q(self) -> float:
        """What is left of S - 1 after the penalty, in [.6, 1]."""
        return 1.0 + self.penalty / self.points if self.points else 1.0


def point_ledger(reading: Reading) -> PointLedger | None:
    """Return the statement of a reading's score; of the strongest network that stands apart when there is no total.

    None when there is no number at all.
    """
    readings, score, apart = _told(reading)
    if score.score is None:
        return None
    weights = WEIGHTS.get(score.model_version, CURRENT)
    pairs = _pairs(readings, score.networks)
    return PointLedger(
        state=score.state,
        score=score.score,
        networks=tuple(_statement(read, points, weights) for read, points in pairs),
        penalty=score.penalty,
        flags=tuple(flag for read, _ in pairs for flag in read.flags),
        apart=apart,
        model_version=score.model_version,
        weights_version=score.weights_version,
    )


def _told(reading: Reading) -> tuple[Sequence[NetworkReading], Score, bool]:
    if reading.score.score is not None:
        return counting(reading.networks), reading.score, False
    apart = sorted(counting(reading.networks, separate=True), key=lambda read: -_score(read))[:1]
    return apart, combine([read.score for read in apart if read.score is not None]), True


def _score(reading: NetworkReading) -> float:
    score = reading.score.score if reading.score is not None else None
    return score if score is not None else 1.0


def _pairs(
    readings: Sequence[NetworkReading], points: Sequence[NetworkPoints]
) -> list[tuple[NetworkReading, NetworkPoints]]:
    """Join each account with its points; several accounts of a network stand in the order of their scores in both."""
    ordered = sorted(readings, key=lambda read: (read.network, -_score(read), read.score.draws if read.score else b""))
    pairs = list(zip(ordered, points, strict=True))
    return sorted(pairs, key=lambda pair: (-pair[1].share, pair[0].network))


def _statement(reading: NetworkReading, points: NetworkPoints, weights: Weights) -> NetworkStatement:
    score = reading.score
    assert score is not None
    own = {part.name: part for part in score.parts}
    inputs = score.inputs or Inputs(posts=0, credibility=0.0, typical_weighted=0.0, typical_reactions=0.0)
    return NetworkStatement(
        network=reading.network,
        handle=reading.handle,
        native_id=reading.native_id,
        state=score.state,
        score=_score(reading),
        share=points.share,
        posts=inputs.posts,
        rows=tuple(_row(part, own[part.name], inputs, score, weights) for part in points.parts),
        dropped=tuple(name for name in PARTS if name not in own),
    )


def _row(part: Part, own: Part, inputs: Inputs, score: NetworkScore, weights: Weights) -> PointRow:
    given, constants = _FIGURES[part.name](inputs, score.network, weights)
    if part.name in _GATED:
        given |= {"credibility": inputs.credibility, "typical_weighted": inputs.typical_weighted}
        constants |= {"gate_reactions": weights.gate_reactions}
    return PointRow(
        part=part.name,
        x=own.x,
        beta=own.beta,
        own=own.points,
        points=part.points,
        formula=FORMULAS[part.name],
        inputs=given,
        constants=constants,
    )


# --- what each part stands on -----------------------------------------------------------------------------------------

Told = tuple[Figures, Figures]
_GATED: frozenset[PartName] = frozenset(("audience", "rate", "consistency", "growth"))


def _volume(inputs: Inputs, network: str, weights: Weights) -> Told:
    actions = weights.actions
    return (
        {
            "posts": inputs.posts,
            "credibility": inputs.credibility,
            "typical_weighted": inputs.typical_weighted,
        },
        {
            "tmax": weights.terms(network).tmax,
            "kappa": weights.kappa,
            "like": actions.likes,
            "save": actions.saves,
            "comment": actions.comments,
            "share": actions.shares,
            "half_life_days": weights.half_life_days,
            "window_days": weights.window_days,
        },
    )


def _amplification(inputs: Inputs, network: str, weights: Weights) -> Told:
    given: Figures = {"credibility": inputs.credibility, "typical_shares": inputs.typical_shares}
    return given, {"tmax": weights.terms(network).tmax}


def _audience(inputs: Inputs, network: str, weights: Weights) -> Told:
    given: Figures = {
        "followers": inputs.followers,
        "typical_reactions": inputs.typical_reactions,
        "credibility": inputs.credibility,
        "listed": inputs.listed,
    }
    return given, {
        "rate_at_10k": _rate_at_anchor(inputs, network, weights),
        "factor": weights.audience_factor,
        "decades": weights.audience_decades,
        "listed_share": weights.listed_share,
        "listed_decades": weights.listed_decades,
    }


def _rate_at_anchor(inputs: Inputs, network: str, weights: Weights) -> float | None:
    """Return the expected rate at 10,000 followers as it was used: lowered for actions that were not supplied."""
    slope = weights.terms(network).slope
    if inputs.expected_rate is None or slope is None:
        return None
    size = math.log10(max(inputs.followers or 0, weights.follower_floor))
    return inputs.expected_rate / float(10.0 ** (slope * (size - weights.anchor_decades)))


def _rate(inputs: Inputs, network: str, weights: Weights) -> Told:
    given: Figures = {
        "followers": inputs.followers,
        "typical_reactions": inputs.typical_reactions,
        "expected_rate": inputs.expected_rate,
    }
    terms = weights.terms(network)
    return given, {"rate_at_10k": terms.rate_at_10k, "slope": terms.slope, "floor": weights.follower_floor}


def _consistency(inputs: Inputs, network: str, weights: Weights) -> Told:
    constants: Figures = {"days": weights.consistency_days, "days_after_a_post": weights.consistency_reach_days}
    return {"active_share": inputs.active_share}, constants


def _growth(inputs: Inputs, network: str, weights: Weights) -> Told:
    followers = inputs.followers
    step = None if followers is None else float(rounding_step(followers, network, weights))
    return {"growth_30d": inputs.growth_30d}, {"scale": weights.growth_scale, "rounded_to": step}


_FIGURES = {
    "volume": _volume,
    "amplification": _amplification,
    "audience": _audience,
    "rate": _rate,
    "consistency": _consistency,
    "growth": _growth,
}
