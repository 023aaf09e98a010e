"""One account's posts and followers as columns, made from its plan and a seed; counts are a function of the moment."""

import zlib
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from sandbox.plan import USUAL, VIEWS_PER_REACTION, Hit, Plan

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

DAY = 86_400.0
PAST_DAYS = 182  # 26 weeks of history
FUTURE_DAYS = 182  # and as much to come, so that the clock can be moved on
NEVER = np.inf

ORIGINAL, THREAD, REPLY, QUOTE, REPOST = range(5)
KIND_NAMES = ("original", "thread", "reply", "quote", "repost")
LIKES, REPLIES, REPOSTS, QUOTES, SAVES, VIEWS = range(6)


@dataclass(frozen=True)
class Timeline:
    """Posts in order of publication; `final` (n, 6) are the counts that each post ends with.

    `at` and `deleted_at` are epoch seconds. `whom` points to another post: an index into the account's own
    posts for a thread, a number in [0, 1) from which the world picks a post for replies, quotes and reposts.
    `pace` stretches the time in which reactions come; bought ones come within the hour.
    """

    at: Floats
    kind: Ints
    final: Ints
    deleted_at: Floats
    whom: Floats
    text: dict[int, str]
    pace: float = 1.0

    def visible(self, moment: float) -> Ints:
        """Return the indices, oldest first, of the posts that exist at `moment`."""
        until = int(np.searchsorted(self.at, moment, side="right"))
        alive = self.deleted_at[:until] > moment
        return np.nonzero(alive)[0].astype(np.int64)

    def counts(self, posts: Ints, moment: float) -> Ints:
        """Return the counts (k, 6) of `posts` at `moment`; they only ever grow."""
        grown = grown_share((moment - self.at[posts]) / self.pace)[:, None]
        final = self.final[posts]
        return np.minimum(final, np.floor((final + 0.999) * grown).astype(np.int64))


def grown_share(age: Floats) -> Floats:
    """Return which share of its final reactions a post of `age` seconds has: 80 % after two days."""
    age = np.maximum(age, 0.0)
    fast = 1.0 - np.exp(-age / (0.75 * DAY))
    slow = 1.0 - np.exp(-age / (10.0 * DAY))
    share: Floats = 0.82 * fast + 0.18 * slow
    return share


def dice(seed: int, plan: Plan, purpose: str) -> np.random.Generator:
    """Return a generator of its own for each account and purpose, so that no account shifts another."""
    return np.random.default_rng([seed, zlib.crc32(f"{plan.network}/{plan.handle}/{purpose}".encode())])


class Maker:
    """Builds the timeline and the follower curve of one plan around the anchor day."""

    def __init__(self, plan: Plan, anchor_day: float, seed: int) -> None:
        self._plan = plan
        self._anchor = anchor_day
        self._seed = seed

    @cached_property
    def timeline(self) -> Timeline:
        """Return the account's posts over 26 weeks back and 26 weeks ahead."""
        plan, rng = self._plan, dice(self._seed, self._plan, "posts")
        at, kind = self._written(rng)
        order = np.argsort(at, kind="stable")
        at, kind = at[order], kind[order]
        final, text = self._reactions(at, kind, rng)
        whom = rng.random(len(at))
        own = np.nonzero(kind == ORIGINAL)[0]
        for post in np.nonzero(kind == THREAD)[0]:
            before = own[own < post]
            whom[post] = before[-1] if len(before) else -1
            kind[post] = THREAD if len(before) else ORIGINAL
        pace = 0.01 if "even" in plan.quirks else 1.0
        return Timeline(at, kind, final, self._deletions(at, kind), whom, text, pace)

    def _written(self, rng: np.random.Generator) -> tuple[Floats, Ints]:
        plan = self._plan
        if plan.only is not None:
            return self._anchor + np.array(plan.only, dtype=float) * DAY, np.zeros(len(plan.only), dtype=np.int64)
        weekly = (plan.per_week, plan.threads, plan.replies, plan.quotes, plan.reposts)
        times, kinds = [], []
        for kind, rate in enumerate(weekly):
            # Nobody answers before there is something to answer.
            days = self._days(rate, rng, -PAST_DAYS if kind in (ORIGINAL, THREAD) else 10 - PAST_DAYS)
            times.append(self._anchor + days * DAY)
            kinds.append(np.full(len(days), kind, dtype=np.int64))
        for start, end, rate in plan.bursts:
            days = self._days(rate, rng, start)
            times.append(self._anchor + days[days < end] * DAY)
            kinds.append(np.zeros(len(times[-1]), dtype=np.int64))
        return np.concatenate(times), np.concatenate(kinds)

    def _days(self, rate: float, rng: np.random.Generator, first: float) -> Floats:
        """Return moments in days: evenly spread with jitter, by day only unless the plan posts around the clock."""
        if rate <= 0:
            return np.zeros(0)
        step = 7.0 / rate
        slots = np.arange(first, FUTURE_DAYS, step)
        days = slots + step * rng.uniform(0.05, 0.95, len(slots))
        if not self._plan.around_the_clock:
            awake = np.floor(days) + (7.0 + 15.0 * (days % 1.0)) / 24.0
            days = awake
        for start, end in self._plan.silences:
            days = days[(days < start) | (days >= end)]
        return days

    def _reactions(self, at: Floats, kind: Ints, rng: np.random.Generator) -> tuple[Ints, dict[int, str]]:
        plan = self._plan
        days = (at - self._anchor) / DAY
        week = np.floor(days / 7.0).astype(np.int64) + 64
        swing = np.exp(plan.swing * rng.standard_normal(160))
        noise = np.exp(plan.spread * rng.standard_normal(len(at)) - plan.spread**2 / 2)
        bought = sum(jump.followers * (1 - jump.lost_share) for jump in plan.jumps if jump.day <= 0)
        base = plan.rate * (plan.followers - bought)  # bought followers do not react
        mean = base * np.exp(plan.growth * days / 7.0) * swing[week] * noise
        mean = np.where(kind == ORIGINAL, mean, mean * 0.35)
        for start, end, factor in plan.boosts:
            mean = np.where((days >= start) & (days < end), mean * factor, mean)
        text = self._apply_hits(plan.hits, days, kind, mean)
        return self._split(mean, rng), text

    @staticmethod
    def _apply_hits(hits: tuple[Hit, ...], days: Floats, kind: Ints, mean: Floats) -> dict[int, str]:
        text: dict[int, str] = {}
        for hit in hits:
            later = np.nonzero((days >= hit.day) & (kind == ORIGINAL))[0]
            if len(later):
                mean[later[0]] *= hit.factor
                text[int(later[0])] = hit.text
        return text

    def _split(self, mean: Floats, rng: np.random.Generator) -> Ints:
        plan = self._plan
        final = np.zeros((len(mean), 6), dtype=np.int64)
        mix = plan.mix or USUAL.get(plan.network, USUAL["bluesky"])
        for column, share in enumerate(mix):
            wobble = np.exp(0.5 * plan.spread * rng.standard_normal(len(mean)))
            expected = mean * share * wobble
            if "even" in plan.quirks:  # bought likes come in round parcels
                final[:, column] = np.rint(mean * share)
                continue
            # A Poisson draw keeps small accounts grainy; above a million it would only cost time.
            final[:, column] = np.where(expected < 1e6, rng.poisson(np.minimum(expected, 1e6)), expected)
        final[:, VIEWS] = final.sum(axis=1) * VIEWS_PER_REACTION.get(plan.network, 0.0)
        return final

    def _deletions(self, at: Floats, kind: Ints) -> Floats:
        gone = np.full(len(at), NEVER)
        days = (at - self._anchor) / DAY
        for written, removed in self._plan.deleted:
            later = np.nonzero((days >= written) & (kind == ORIGINAL))[0]
            if len(later):
                gone[later[0]] = self._anchor + removed * DAY
        return gone

    @cached_property
    def _follower_days(self) -> tuple[Floats, Floats]:
        plan, rng = self._plan, dice(self._seed, self._plan, "followers")
        days = np.arange(-PAST_DAYS - 14, FUTURE_DAYS + 15, dtype=float)
        daily = plan.growth / 7.0
        steps = daily + np.abs(daily) * 0.4 * rng.standard_normal(len(days))
        if plan.growth >= 0:
            steps = np.maximum(steps, 0.0)
        curve = np.concatenate([[0.0], np.cumsum(steps)[:-1]])
        curve -= np.interp(0.0, days, curve)
        added = self._jumped(days)
        organic = plan.followers - float(np.interp(0.0, days, added))
        return days, np.maximum(organic * np.exp(curve) + added, 0.0)

    def _jumped(self, days: Floats) -> Floats:
        added = np.zeros(len(days))
        for jump in self._plan.jumps:
            came = np.clip(days - jump.day, 0.0, 1.0)
            left = jump.lost_share * np.clip((days - jump.day - 2.0) / jump.lost_days, 0.0, 1.0)
            added += jump.followers * (came - left)
        return added

    def followers(self, moment: float) -> int:
        """Return the follower count at `moment` (epoch seconds)."""
        days, values = self._follower_days
        return round(float(np.interp((moment - self._anchor) / DAY, days, values)))
