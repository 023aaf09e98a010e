"""One number across networks: the p-norm of the networks' odds.

Adding a network never lowers the score, two equal ones raise it by less than 6, and one network alone is
shown as it is.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from core.models import NetworkPoints, NetworkScore, Part, PartName, Score, State, SubScores
from core.parts import SPAN
from core.typical import quantiles
from core.weights import CURRENT, Weights

Floats = NDArray[np.float64]

_BEST_FIRST: tuple[State, ...] = ("ok", "provisional", "dormant", "stale", "insufficient")


def combine(scores: Sequence[NetworkScore], *, weights: Weights = CURRENT) -> Score:
    """Combine the scores of one creator's networks; order does not matter.

    The range is combined draw by draw; a network without draws counts with its score in each. Networks
    without a number are left out. Without any, the state is the best among them and there is no number.
    """
    counted = sorted(
        (one for one in scores if one.score is not None), key=lambda one: (one.network, -(one.score or 0), one.draws)
    )
    state = _best_state(counted or scores)
    versions = {"model_version": weights.model_version, "weights_version": weights.weights_version}
    if not counted:
        return Score(state=state, **versions)
    single = np.array([one.score for one in counted], dtype=np.float64)
    odds = _odds(single, weights) ** weights.power
    score = float(_from_odds(odds.sum(), weights))
    share = odds / odds.sum() if odds.sum() > 0 else np.zeros(len(counted))
    low, high = _range(counted, score, weights)
    return Score(
        state=state,
        score=score,
        low=low,
        high=high,
        networks=tuple(_points(one, float(part), score) for one, part in zip(counted, share, strict=True)),
        sub_scores=_sub_scores(counted, share),
        **versions,
    )


def combine_values(scores: Sequence[float], *, weights: Weights = CURRENT) -> float:
    """Combine bare scores in [1, 100] by the same p-norm of odds; one alone comes back as it is."""
    if len(scores) == 1:
        return scores[0]
    return float(_from_odds((_odds(np.array(scores, dtype=np.float64), weights) ** weights.power).sum(), weights))


def _best_state(scores: Sequence[NetworkScore]) -> State:
    return min((one.state for one in scores), key=_BEST_FIRST.index, default="insufficient")


def _odds(score: Floats, weights: Weights) -> Floats:
    capped = np.minimum(score, weights.odds_cap)
    odds: Floats = (capped - 1.0) / (1.0 + SPAN - capped)
    return odds


def _from_odds(powered: Floats, weights: Weights) -> Floats:
    odds = np.asarray(powered) ** (1.0 / weights.power)
    score: Floats = 1.0 + SPAN * (odds / (1.0 + odds))
    return score


def _range(counted: Sequence[NetworkScore], score: float, weights: Weights) -> tuple[float | None, float | None]:
    if all(one.low is None for one in counted):
        return None, None
    low, high = quantiles(drawn_together(counted, weights=weights), (weights.low_draw, weights.high_draw))
    return min(float(low), score), max(float(high), score)


def drawn_together(counted: Sequence[NetworkScore], *, weights: Weights = CURRENT) -> Floats:
    """Return the combined score under every draw, (draws,); a network without draws counts with its score in each."""
    drawn = np.zeros(weights.draws)
    for one in counted:
        own = np.frombuffer(one.draws, dtype="<f4").astype(np.float64)
        fits = len(own) == weights.draws
        drawn += _odds(own if fits else np.full(weights.draws, one.score), weights) ** weights.power
    return _from_odds(drawn, weights)


def _points(one: NetworkScore, share: float, score: float) -> NetworkPoints:
    """Scale a network's own points so that they fill its share of the combined score."""
    own = sum(part.points for part in one.parts)
    factor = (score - 1.0) * share / own if own > 0 else 0.0
    parts = tuple(part.model_copy(update={"points": part.points * factor}) for part in one.parts)
    return NetworkPoints(network=one.network, share=share, parts=parts)


def _sub_scores(counted: Sequence[NetworkScore], share: Floats) -> SubScores:
    """The same parts on a scale of 0 to 100, weighted by share; at the floor every network weighs the same."""
    weight = share if share.sum() > 0 else np.ones(len(counted))
    rows = [({part.name: part for part in one.parts}, float(w)) for one, w in zip(counted, weight, strict=True)]
    return SubScores(
        reach=_weighted(rows, ("audience",)),
        resonance=_weighted(rows, ("volume", "rate")),
        amplification=_weighted(rows, ("amplification",)),
        consistency=_weighted(rows, ("consistency",)),
        growth=_weighted(rows, ("growth",)),
    )


def _weighted(rows: Sequence[tuple[dict[PartName, Part], float]], names: Sequence[PartName]) -> float | None:
    known, weighed = 0.0, 0.0
    for parts, weight in rows:
        there = [parts[name] for name in names if name in parts]
        if there:
            betas = sum(part.beta for part in there)
            weighed += weight * 100.0 * sum(part.beta * part.x for part in there) / betas
            known += weight
    return weighed / known if known > 0 else None
