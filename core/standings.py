"""Accounts as they were known at one moment, and what they amount to together. Pure."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from core.authenticity import penalty_of, scaled
from core.columns import growth_of
from core.combination import combine_values
from core.models import FollowerReading, NetworkScore, Post, Profile, State
from core.readings import COUNTED
from core.weights import Weights

Key = tuple[str, str]
"""An account: network and native id."""


@dataclass(frozen=True, slots=True)
class Known:
    """One account as it was known when it was scored at `at`.

    `score` is the one that was stored then; without it the account is scored anew. `flags` are the names of the unusual
    patterns counted. `running` says that the counts are running totals, whose gain cannot be told post by post.
    """

    profile: Profile
    posts: tuple[Post, ...]
    at: datetime
    earlier: tuple[FollowerReading, ...] = ()
    complete_from: datetime | None = None
    combine: Literal["sum", "separate"] = "sum"
    flags: tuple[str, ...] = ()
    estimated: bool = False
    running: bool = False
    score: NetworkScore | None = None

    @property
    def key(self) -> Key:
        """The account's network and native id."""
        return (self.profile.network, self.profile.native_id)

    @property
    def growth(self) -> float:
        """Growth of ln followers per 30 days as it was scored, NaN when unknown."""
        if self.score is not None and self.score.inputs is not None:
            known = self.score.inputs.growth_30d
            return math.nan if known is None else known
        return growth_of(self.profile, self.earlier)


@dataclass(frozen=True, slots=True)
class Standing:
    """What one account contributes in one state: its score, and whether it is a living one or a carried one."""

    score: float
    state: State


@dataclass(frozen=True, slots=True)
class Step:
    """One state of the sequence: who counts with what, and the patterns seen."""

    standings: Mapping[Key, Standing]
    flags: tuple[str, ...]

    def score(self, weights: Weights) -> float | None:
        """Return the combined score."""
        counted = self.counted
        if not counted:
            return None
        return scaled(combine_values(sorted(counted.values()), weights=weights), penalty_of(self.flags))

    @property
    def counted(self) -> dict[Key, float]:
        """The scores that count, by the rules of core/readings.py: of the living accounts, or else the dormant ones."""
        living = {key: one.score for key, one in self.standings.items() if one.state in COUNTED}
        return living or {key: one.score for key, one in self.standings.items() if one.state == "dormant"}
