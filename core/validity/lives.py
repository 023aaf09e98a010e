"""Simulated accounts with a past: honest ones, and cheats who bought or traded what two kinds of pattern show.

Every recipe starts from an honest account of its network at the benchmark rates. Cheats buy plenty, for a small
purchase shows no pattern (what it gains stands in core/validity/attack.py); how much varies from cheat to cheat, so
that some may stay below a threshold. All figures are own.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from core.columns import ACTIONS
from core.validity.attack import honest_accounts
from core.validity.metrics import Random

Floats = NDArray[np.float64]

HISTORY_DAYS = 60  # days with a follower reading each
HITS = 0.1  # share of honest accounts with a post that made their name
LIKES, REPLIES, REPOSTS = (ACTIONS.index(name) for name in ("likes", "replies", "reposts"))


@dataclass(frozen=True, slots=True)
class Life:
    """One account today: `ages` (posts,) in days, `counts` (posts, 6) in the order of ACTIONS, NaN = not supplied.

    `followers` (HISTORY_DAYS + 1,) day by day, today's last.
    """

    network: str
    ages: Floats
    counts: Floats
    followers: Floats
    following: float


Recipe = Callable[[Life, Random], Life]


def honest_lives(network: str, rng: Random, accounts: int) -> list[Life]:
    """Return honest accounts that grow by little day by day; one in ten had a post that made its name."""
    columns = honest_accounts(network, rng, accounts)
    posts = [slice(*ends) for ends in zip(columns.offsets[:-1], columns.offsets[1:], strict=True)]
    following = np.rint(10.0 ** rng.normal(2.5, 0.4, accounts))
    lives = [
        Life(network, columns.age_days[own], columns.counts[own], _grown(today, rng), follows)
        for own, today, follows in zip(posts, columns.followers.tolist(), following.tolist(), strict=True)
    ]
    return [_with_a_hit(life, rng) if rng.random() < HITS else life for life in lives]


def _grown(today: float, rng: Random) -> Floats:
    """Return daily followers that end at today's: a tenth of a per cent a day, give or take."""
    growth = rng.normal(0.001, 0.001, HISTORY_DAYS)
    back = np.concatenate((np.cumsum(growth[::-1])[::-1], [0.0]))
    daily: Floats = np.rint(today * np.exp(-back))
    return daily


def _with_a_hit(life: Life, rng: Random) -> Life:
    """Return the life with one post of 20 times its counts, and a fifth more followers the day after."""
    recent = np.flatnonzero((life.ages > 3.0) & (life.ages < HISTORY_DAYS - 5.0))
    hit = int(rng.choice(recent))
    counts = life.counts.copy()
    counts[hit] *= 20.0
    return replace(life, counts=counts, followers=_jumped(life.followers, 1.2, life.ages[hit] - 1.0))


# --- what is bought or traded -----------------------------------------------------------------------------------------


def _jumped(followers: Floats, times: float, days_ago: float, lost: float = 0.0, after: float = 10.0) -> Floats:
    """Return daily followers that were fewer before a day: `times` as many come at once, and a share leaves later."""
    age = np.arange(HISTORY_DAYS, -1, -1)
    gained = np.where(age <= days_ago, times - 1.0, 0.0)
    gained[age <= days_ago - after] *= 1.0 - lost
    daily: Floats = np.rint(followers * (1.0 + gained))
    return daily


def _noisy(middle: float, spread: float, posts: int, rng: Random) -> Floats:
    """Return whole counts around a middle; `spread` is the sd of their logarithm."""
    values: Floats = np.rint(middle * np.exp(rng.normal(0.0, spread, posts)))
    return values


def _with(life: Life, likes: Floats, replies: Floats) -> Floats:
    counts = life.counts.copy()
    counts[:, LIKES], counts[:, REPLIES] = likes, replies
    return counts


def _in_a_pod(life: Life, rng: Random) -> Floats:
    """Return counts of posts that few people see, and on which most of those comment."""
    likes = _noisy(rng.uniform(15.0, 70.0), 0.3, len(life.ages), rng)
    counts = _with(life, likes, np.rint(likes * rng.uniform(0.6, 1.1)))
    counts[:, REPOSTS] = np.where(np.isnan(counts[:, REPOSTS]), np.nan, np.rint(likes * 0.05))
    return counts


def followers_and_even_likes(life: Life, rng: Random) -> Life:
    """Followers come in one delivery, and every post gets a like package many times what it draws itself."""
    package = rng.uniform(10.0, 60.0) * max(float(life.counts[:, LIKES].mean()), 5.0)
    likes = life.counts[:, LIKES] + _noisy(package, 0.02, len(life.ages), rng)
    followers = _jumped(life.followers, rng.uniform(1.5, 20.0), rng.uniform(5.0, 45.0))
    return replace(life, counts=_with(life, likes, life.counts[:, REPLIES]), followers=followers)


def mass_follow_and_pod(life: Life, rng: Random) -> Life:
    """A small account follows thousands, and a circle of friends comments on whatever it posts."""
    few = _grown(rng.uniform(500.0, 2500.0), rng)
    return replace(life, counts=_in_a_pod(life, rng), followers=few, following=rng.uniform(3500.0, 7500.0))


def round_the_clock(life: Life, rng: Random) -> Life:
    """A machine posts every two or three hours, day and night, to followers who came in one delivery."""
    pause = rng.uniform(2.0, 3.0) / 24.0
    ages = np.arange(0.1, rng.uniform(15.0, 21.0), pause)
    ages = ages + rng.uniform(0.0, 0.02, len(ages))
    counts = life.counts[rng.integers(0, len(life.ages), len(ages))]
    followers = _jumped(life.followers, rng.uniform(1.5, 20.0), rng.uniform(5.0, 45.0))
    return replace(life, ages=ages, counts=counts, followers=followers)


def mass_follow_and_likes_beyond_reach(life: Life, rng: Random) -> Life:
    """A small account follows thousands and buys many times more likes than it has followers."""
    few = _grown(rng.uniform(500.0, 2000.0), rng)
    likes = _noisy(few[-1] * rng.uniform(6.0, 20.0), 0.3, len(life.ages), rng)
    counts = _with(life, likes, life.counts[:, REPLIES])
    return replace(life, counts=counts, followers=few, following=rng.uniform(3500.0, 7500.0))


def likes_without_talk(life: Life, rng: Random) -> Life:
    """Likes are bought by the hundred for each comment, and most of the bought followers are removed again."""
    comments = np.maximum(life.counts[:, REPLIES], 1.0)
    likes = comments * _noisy(rng.uniform(400.0, 2000.0), 0.4, len(life.ages), rng)
    followers = _jumped(life.followers, rng.uniform(2.0, 10.0), rng.uniform(20.0, 45.0), lost=rng.uniform(0.6, 0.95))
    return replace(life, counts=_with(life, likes, comments), followers=followers)


def ghosts_and_pod(life: Life, rng: Random) -> Life:
    """Followers bought long ago, of whom nobody is left to react but a circle that comments on each other."""
    crowd = _grown(10.0 ** rng.uniform(5.3, 6.5), rng)
    return replace(life, counts=_in_a_pod(life, rng), followers=crowd)


CHEATS: Mapping[str, Recipe] = MappingProxyType(
    {
        "bought followers, even likes": followers_and_even_likes,
        "mass follow, pod": mass_follow_and_pod,
        "round the clock, bought followers": round_the_clock,
        "mass follow, likes beyond reach": mass_follow_and_likes_beyond_reach,
        "likes without talk, removed followers": likes_without_talk,
        "ghosts, pod": ghosts_and_pod,
    }
)
"""Every way to cheat in two kinds at once, by name."""


def cheating_lives(network: str, name: str, rng: Random, accounts: int) -> list[Life]:
    """Return accounts that cheat by one of the recipes."""
    return [CHEATS[name](life, rng) for life in honest_lives(network, rng, accounts)]
