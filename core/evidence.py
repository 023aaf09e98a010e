"""What the rules of core/authenticity.py look at: an account at one moment, day by day. Pure."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from core.columns import DAY, SCORED_KINDS
from core.models import FollowerReading, Inputs, Post, Profile
from core.patterns import Patterns
from core.weights import Weights

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Evidence:
    """What the rules look at: one account as it is known at `now`."""

    profile: Profile
    posts: tuple[Post, ...]
    now: datetime
    readings: tuple[tuple[datetime, int], ...]
    inputs: Inputs | None
    rules: Patterns
    weights: Weights

    @cached_property
    def window(self) -> tuple[Post, ...]:
        """Every post of the last 90 days, newest first, of whatever kind."""
        return tuple(p for p in self.posts if p.created_at <= self.now and self._age(p) < self.weights.window_days)

    @cached_property
    def scored(self) -> tuple[Post, ...]:
        """The posts that are scored."""
        youngest = self.weights.youngest_days
        return tuple(p for p in self.window if p.kind in SCORED_KINDS and self._age(p) >= youngest)

    @cached_property
    def likes(self) -> Floats:
        """Likes of the scored posts that supply them."""
        return np.array([p.likes for p in self.scored if p.likes is not None], dtype=np.float64)

    @cached_property
    def discussed(self) -> Floats:
        """Likes and comments (2, posts) of the scored posts that supply both."""
        pairs = [(p.likes, p.replies) for p in self.scored if p.likes is not None and p.replies is not None]
        return np.array(pairs, dtype=np.float64).reshape(-1, 2).T

    @property
    def typical(self) -> float:
        """Raw reactions of a typical post."""
        return self.inputs.typical_reactions if self.inputs is not None else 0.0

    def _age(self, post: Post) -> float:
        return (self.now - post.created_at) / DAY


def daily(profile: Profile, history: Iterable[FollowerReading]) -> tuple[tuple[datetime, int], ...]:
    """Return the last known follower count of each UTC day, oldest first."""
    own = FollowerReading(fetched_at=profile.fetched_at, followers=profile.followers)
    known = sorted((r.fetched_at, r.followers) for r in (*history, own) if r.followers is not None)
    days = {at.date(): (at, followers) for at, followers in known if at <= profile.fetched_at}
    return tuple(days.values())


@dataclass(frozen=True, slots=True)
class Step:
    """Growth between two readings: from `start` to `end`, by `rate` of ln followers a day."""

    start: datetime
    end: datetime
    before: int
    after: int

    @property
    def rate(self) -> float:
        """Growth of ln followers a day; readings nearer than a day do not make it larger."""
        return math.log(max(self.after, 1) / max(self.before, 1)) / max((self.end - self.start) / DAY, 1.0)


def jumps(seen: Evidence) -> list[Step]:
    """Return the steps that stand out of the account's own growth."""
    rules = seen.rules
    steps = [Step(start, end, before, after) for (start, before), (end, after) in pairwise(seen.readings)]
    if len(steps) < rules.jump_steps:
        return []
    rates = np.array([step.rate for step in steps])
    usual = float(np.median(rates))
    bound = max(usual + rules.jump_deviations * float(np.median(np.abs(rates - usual))), rules.jump_growth)
    return [s for s in steps if s.rate > bound and s.after - s.before >= rules.jump_least]


def lost_share(step: Step, seen: Evidence) -> float:
    """Return which share of a step's gain was lost again within three weeks."""
    until = step.end + timedelta(days=seen.rules.jump_lost_days)
    lowest = min((count for at, count in seen.readings if step.end <= at <= until), default=step.after)
    return min(1.0, (step.after - lowest) / (step.after - step.before))


def explained(step: Step, seen: Evidence) -> bool:
    """Return whether a post that did far better than usual stands around a step."""
    around = timedelta(days=seen.rules.jump_post_days)
    bound = seen.rules.jump_post * seen.typical
    near = (
        p for p in seen.posts if p.kind in SCORED_KINDS and step.start - around <= p.created_at <= step.end + around
    )
    return any(_reactions(post) > max(bound, 1.0) for post in near)


def _reactions(post: Post) -> int:
    return sum(count or 0 for count in (post.likes, post.replies, post.reposts, post.quotes))


def longest_awake(moments: Sequence[datetime], pause: timedelta) -> float:
    """Return the longest stretch of posts, in days, with less than `pause` between any two that follow each other."""
    longest, begun = timedelta(0), moments[0]
    for before, after in pairwise(moments):
        if after - before >= pause:
            begun = after
        longest = max(longest, after - begun)
    return longest / DAY
