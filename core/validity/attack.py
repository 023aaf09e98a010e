"""What cheap tricks buy: followers, likes and one viral post, on simulated honest accounts at the benchmark rates."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from core.columns import ACTIONS
from core.models import Action
from core.scoring import Columns
from core.validity.accounts import even_ages, lay, scores
from core.validity.metrics import Estimate, Random, spread_over
from core.validity.study import Study
from core.validity.table import Row
from core.weights import CURRENT

Floats = NDArray[np.float64]

ACCOUNTS = 300  # a network
POSTS = 26  # two a week
SMALLEST, LARGEST = 3.0, 6.0  # log10 followers
ACCOUNT_SPREAD, POST_SPREAD = 0.4, 0.7  # sd of ln(rate) between accounts, of ln(reactions) between posts (own)
BOUGHT = 1000.0  # followers, or likes over the posts of RECENT_DAYS
RECENT_DAYS = 28.0
VIRAL = 1000.0  # times the counts of the newest post


@dataclass(frozen=True, slots=True)
class Trick:
    """One trick: the metric's name and what the accounts look like after it."""

    metric: str
    after: Columns
    note: str


def honest_accounts(network: str, rng: Random, accounts: int = ACCOUNTS) -> Columns:
    """Return accounts of one network that draw what the benchmark expects of their size, give or take."""
    terms = CURRENT.terms(network)
    assert terms.rate_at_10k is not None
    assert terms.slope is not None
    followers = np.rint(10.0 ** rng.uniform(SMALLEST, LARGEST, accounts))
    rate = terms.rate_at_10k * 10.0 ** (terms.slope * (np.log10(followers) - CURRENT.anchor_decades))
    usual = followers * rate * np.exp(rng.normal(0.0, ACCOUNT_SPREAD, accounts))
    raw = usual[:, None] * np.exp(rng.normal(0.0, POST_SPREAD, (accounts, POSTS)))
    shares: dict[Action, float] = {"likes": terms.usual.likes, "replies": terms.usual.comments}
    if terms.shares_supplied:
        shares["reposts"] = terms.usual.shares
    return lay(
        network,
        np.repeat(np.arange(accounts), POSTS),
        np.tile(even_ages(POSTS), accounts),
        {action: np.rint(raw * share).ravel() for action, share in shares.items()},
        accounts,
        followers=followers,
    )


def benchmarked() -> tuple[str, ...]:
    """Return the networks with a benchmark of reactions per follower."""
    return tuple(sorted(name for name, terms in CURRENT.networks.items() if terms.rate_at_10k is not None))


def tricks(honest: Columns) -> tuple[Trick, ...]:
    """Return the accounts after each trick."""
    likes = ACTIONS.index("likes")
    recent = honest.age_days < RECENT_DAYS
    each = recent.reshape(-1, POSTS).sum(axis=1).repeat(POSTS)
    liked = honest.counts.copy()
    liked[recent, likes] += BOUGHT / each[recent]
    viral = honest.counts.copy()
    viral[honest.offsets[:-1]] *= VIRAL
    return (
        Trick("attack.points_per_1000_followers", replace(honest, followers=honest.followers + BOUGHT), ""),
        Trick("attack.points_per_1000_likes", replace(honest, counts=liked), "over the posts of four weeks"),
        Trick("attack.points_one_viral", replace(honest, counts=viral), "newest post x1000"),
    )


def simulated(study: Study) -> list[Row]:
    """Return the mean gain in points of each trick over simulated accounts of every network with a benchmark."""
    gains: dict[str, list[Floats]] = {}
    notes: dict[str, str] = {}
    for network in benchmarked():
        honest = honest_accounts(network, study.rng("simulated", network))
        base = scores(honest)
        for trick in tricks(honest):
            gains.setdefault(trick.metric, []).append(scores(trick.after) - base)
            notes[trick.metric] = trick.note
    return [_gain_row(metric, np.concatenate(gain), notes[metric], study) for metric, gain in gains.items()]


def _gain_row(metric: str, gain: Floats, note: str, study: Study) -> Row:
    measured = spread_over(gain, lambda v: float(v.mean()), study.rng("simulated", metric), study.draws)
    worst = Estimate(measured.value, measured.se, measured.low, measured.high, worst=float(gain.max()))
    told = "; ".join(filter(None, (f"1K to 1M followers, most {gain.max():.2f}", note)))
    return Row("simulated", metric, len(gain), worst, note=told)
