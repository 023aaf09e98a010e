"""Accounts and their posts as columns: what the score is computed from, for one creator or a million.

One row per post, accounts as offsets into the rows. `columns_of` makes them from models; whoever has figures
in arrays builds `Columns` directly.
"""

import math
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from operator import attrgetter
from typing import get_args

import numpy as np
from numpy.typing import NDArray

from core.errors import InputError
from core.models import Action, FollowerReading, Kind, Post, Profile
from core.weights import CURRENT, Weights

ACTIONS: tuple[Action, ...] = get_args(Action)
"""The order of the six counts in `Columns.counts`."""

KINDS: tuple[Kind, ...] = get_args(Kind)
"""`Columns.kind` holds indices into this."""

SCORED_KINDS: frozenset[Kind] = frozenset(("original", "thread", "quote"))
"""A repost carries another author's counts and a reply to others is conversation: neither is scored."""

DAY = timedelta(days=1)

_CREATED = attrgetter("created_at")
_COUNTS = attrgetter(*ACTIONS)

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Entry = tuple[Profile, Sequence[Post], datetime, datetime | None, Sequence[FollowerReading]]
"""One account to score: profile, posts, now, how far back the read reaches, earlier follower readings."""


@dataclass(frozen=True, slots=True)
class Columns:
    """Posts and accounts in arrays; NaN always means "not supplied".

    `offsets` (accounts + 1): the posts of account i are rows offsets[i] to offsets[i + 1]. Per post:
    `age_days` (negative is taken as 0), `kind` (index into KINDS), `counts` (posts, 6) in the order of
    ACTIONS, `draw_row` (which row of the shared table of draws the post uses; any whole number, the same for
    the same post). Per account: `network` (index into `networks`), `followers`, `listed`, `growth` (ln
    followers per 30 days), `covered_days` (how far back the read reaches, at most 91 count), `estimated` (the
    counts are an estimate, at most provisional).
    """

    networks: tuple[str, ...]
    offsets: Ints
    age_days: Floats
    kind: NDArray[np.int8]
    counts: Floats
    draw_row: Ints
    network: Ints
    followers: Floats
    listed: Floats
    growth: Floats
    covered_days: Floats
    estimated: NDArray[np.bool_]

    def __len__(self) -> int:
        """Return the number of accounts."""
        return len(self.offsets) - 1

    def check(self) -> None:
        """Refuse shapes that do not fit and figures no network could have sent.

        Raises InputError naming the column. Counts are checked where they are read, block by block.
        """
        accounts, posts = len(self), len(self.age_days)
        self._check_shapes(accounts, posts)
        if not np.isfinite(self.age_days).all():
            raise InputError("Every post needs a finite age.", field="age_days")
        for field in ("followers", "listed", "covered_days"):
            column = getattr(self, field)
            if (column < 0).any() or np.isinf(column).any():
                raise InputError(f"{field} must be zero or more and finite.", field=field)
        if np.isinf(self.growth).any():
            raise InputError("growth must be finite.", field="growth")

    def _check_shapes(self, accounts: int, posts: int) -> None:
        per_account = (
            self.network,
            self.followers,
            self.listed,
            self.growth,
            self.covered_days,
            self.estimated,
        )
        if any(len(column) != accounts for column in per_account):
            raise InputError("Every account column needs one value per account.", field="offsets")
        if self.counts.shape != (posts, len(ACTIONS)) or len(self.kind) != posts or len(self.draw_row) != posts:
            raise InputError("Every post column needs one row per post.", field="counts")
        steps = np.diff(self.offsets)
        if accounts < 0 or self.offsets[0] != 0 or self.offsets[-1] != posts or (steps < 0).any():
            raise InputError("offsets must rise from 0 to the number of posts.", field="offsets")
        if accounts and not (self.network.min() >= 0 and self.network.max() < len(self.networks)):
            raise InputError("network must be an index into networks.", field="network")
        if posts and not (self.kind.min() >= 0 and self.kind.max() < len(KINDS)):
            raise InputError("kind must be an index into KINDS.", field="kind")


def refuse_bad_counts(filled: Floats) -> None:
    """Raise InputError when a count (None already filled with 0) is negative or not finite."""
    if filled.size and not (filled.min() >= 0 and filled.max() < math.inf):
        raise InputError("Counts must be zero or more and finite; leave out what is unknown.", field="counts")


def in_order(posts: Sequence[Post]) -> list[Post]:
    """Return each post once, newest first; of two with the same native id the first given wins."""
    once = {post.native_id: post for post in reversed(posts)}
    ordered = [once[native_id] for native_id in sorted(once)]
    ordered.sort(key=_CREATED, reverse=True)
    return ordered


def draw_row(network: str, native_id: str) -> int:
    """Return the post's row in the shared table of draws, before the table's size is taken.

    It depends on nothing but the post, so two scores of one creator use the same draws for the posts they
    share.
    """
    return zlib.crc32(native_id.encode("utf-8", "surrogatepass"), zlib.crc32(network.encode()))


def growth_of(profile: Profile, earlier: Iterable[FollowerReading], weights: Weights = CURRENT) -> float:
    """Return growth of ln followers per 30 days, NaN when unknown.

    Compares with the reading nearest 30 days back that is at least 14 days old. Where a network rounds its
    counts, a change below the rounding step is no growth.
    """
    gap, basis = weights.growth_gap_days, weights.growth_basis_days
    if profile.followers is None:
        return math.nan
    known = [
        (abs(age - basis), age, reading.followers)
        for reading in earlier
        if reading.followers is not None and (age := (profile.fetched_at - reading.fetched_at) / DAY) >= gap
    ]
    if not known:
        return math.nan
    _, age, before = min(known)
    if abs(profile.followers - before) < rounding_step(max(profile.followers, before), profile.network, weights):
        return 0.0
    floor = weights.follower_floor
    return math.log(max(profile.followers, floor) / max(before, floor)) * basis / age


def rounding_step(followers: int, network: str, weights: Weights = CURRENT) -> int:
    """Return the smallest change a network's rounded follower count can show, 1 where counts are exact."""
    digits = weights.terms(network).digits
    if digits is None:
        return 1
    return int(10 ** max(0, len(str(followers)) - digits))


def _covered(now: datetime, complete_from: datetime | None, weights: Weights) -> float:
    if complete_from is None:
        return weights.consistency_days
    return min(weights.consistency_days, max(weights.youngest_days, (now - complete_from) / DAY))


def columns_of(
    entries: Sequence[Entry], *, estimated: bool | Sequence[bool] = False, weights: Weights = CURRENT
) -> Columns:
    """Build columns from models; each account's posts are deduplicated and put newest first.

    Raises InputError when a `now` has no zone.
    """
    networks = tuple(dict.fromkeys(entry[0].network for entry in entries))
    index = {name: position for position, name in enumerate(networks)}
    code = {kind: position for position, kind in enumerate(KINDS)}
    offsets, ages, kinds, counts, rows = [0], [], [], [], []
    for profile, posts, now, _, _ in entries:
        if now.tzinfo is None:
            raise InputError("The moment to score at needs a time zone.", field="now")
        ordered = in_order(posts)
        ages += [(now - post.created_at).total_seconds() for post in ordered]
        kinds += [code[post.kind] for post in ordered]
        counts += [_COUNTS(post) for post in ordered]
        rows += [draw_row(profile.network, post.native_id) for post in ordered]
        offsets.append(len(ages))
    flags = [estimated] * len(entries) if isinstance(estimated, bool) else list(estimated)
    return Columns(
        networks=networks,
        offsets=np.array(offsets, dtype=np.int64),
        age_days=np.array(ages, dtype=np.float64) / DAY.total_seconds(),
        kind=np.array(kinds, dtype=np.int8),
        counts=np.array(counts, dtype=np.float64).reshape(-1, len(ACTIONS)),
        draw_row=np.array(rows, dtype=np.int64),
        network=np.array([index[entry[0].network] for entry in entries], dtype=np.int64),
        followers=np.array([entry[0].followers for entry in entries], dtype=np.float64),
        listed=np.array([entry[0].listed for entry in entries], dtype=np.float64),
        growth=np.array([growth_of(entry[0], entry[4], weights) for entry in entries], dtype=np.float64),
        covered_days=np.array([_covered(entry[2], entry[3], weights) for entry in entries], dtype=np.float64),
        estimated=np.array(flags, dtype=np.bool_),
    )
