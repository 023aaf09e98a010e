"""A second scoring of one account, in plain Python and straight from the specification's sentences.

Slow on purpose and without numpy: loops, lists and one post at a time. It shares the constants with core, never
its code.
"""

import math
from collections.abc import Sequence
from datetime import datetime, timedelta

from core.models import FollowerReading, Post, Profile
from core.weights import CURRENT, NetworkTerms, Weights

DAY = timedelta(days=1)
Pairs = list[tuple[float, float]]  # (value, weight)


def weight_of_age(age: float) -> float:
    return max(0.0, (2 ** (-age / 30) - 1 / 8) / (7 / 8))


def quantile_mean(pairs: Pairs, low: float, high: float) -> float:
    """Mean of the step-shaped quantile function between two quantiles."""
    whole = sum(weight for _, weight in pairs)
    if whole <= 0:
        return 0.0
    area, before = 0.0, 0.0
    for value, weight in sorted(pairs):
        after = before + weight / whole
        area += value * max(0.0, min(after, high) - max(before, low))
        before = after
    return area / (high - low)


def typ(values: list[tuple[float, float]]) -> float:
    """Typical value of (count, age) pairs."""
    if not values:
        return 0.0
    logs = [(math.log10(1 + count), weight_of_age(age)) for count, age in values]
    even = [(math.log10(1 + count), min(1.0, (90 - age) / 14)) for count, age in values]
    missing = 6 * max(weight for _, weight in logs) - sum(weight for _, weight in logs)
    if missing > 0:
        logs.append((quantile_mean(even, 0.2, 0.4), missing))
    return 10 ** quantile_mean(logs, 0.2, 0.8) - 1


def summed(*counts: float | None) -> float | None:
    known = [count for count in counts if count is not None]
    return sum(known) if known else None


def shares_of(post: Post, terms: NetworkTerms) -> float | None:
    return summed(post.reposts, post.quotes, post.saves if terms.saves_are_shares else None)


def weighted_of(post: Post, terms: NetworkTerms) -> float | None:
    def times(weight: float, count: int | None) -> float | None:
        return None if count is None else weight * count

    save = 4 if terms.saves_are_shares else 2
    return summed(
        times(1, post.likes),
        times(save, post.saves),
        times(3, post.replies),
        times(4, post.reposts),
        times(4, post.quotes),
    )


def active_share(ages: list[float], covered: float) -> float:
    """Walk over the sorted stretches [age - 7, age] and add up what they cover together."""
    active, reached = 0.0, 0.0
    for start, end in sorted((max(0.0, age - 7), min(age, covered)) for age in ages):
        if end > max(start, reached):
            active += end - max(start, reached)
            reached = end
    return active / covered


def growth(profile: Profile, earlier: Sequence[FollowerReading], terms: NetworkTerms) -> float:
    best: tuple[float, float, int] | None = None
    for reading in earlier:
        gap = (profile.fetched_at - reading.fetched_at) / DAY
        if reading.followers is None or profile.followers is None or gap < 14:
            continue
        if best is None or abs(gap - 30) < best[0]:
            best = (abs(gap - 30), gap, reading.followers)
    if best is None or profile.followers is None:
        return 0.0
    _, gap, then = best
    now = profile.followers
    if terms.digits is not None and abs(now - then) < 10 ** max(0, len(str(max(now, then))) - terms.digits):
        return 0.0
    return math.log(max(now, 10) / max(then, 10)) * 30 / gap


def naive_score(
    profile: Profile,
    posts: Sequence[Post],
    now: datetime,
    *,
    complete_from: datetime | None = None,
    earlier: Sequence[FollowerReading] = (),
    weights: Weights = CURRENT,
) -> float | None:
    """The account's score, or None when fewer than three posts can be scored."""
    terms = weights.terms(profile.network)
    window: list[tuple[Post, float]] = []
    seen: set[str] = set()
    for post in posts:
        age = max(0.0, (now - post.created_at) / DAY)
        if post.native_id not in seen and post.kind in ("original", "thread", "quote") and 1 <= age < 90:
            window.append((post, age))
        seen.add(post.native_id)
    scored = [(post, age, e) for post, age in window if (e := weighted_of(post, terms)) is not None]
    if not scored and terms.view_weight:
        scored = [(post, age, post.views * terms.view_weight) for post, age in window if post.views is not None]
    if len(scored) < 3:
        return None

    shares = [(n, age) for post, age, _ in scored if (n := shares_of(post, terms)) is not None]
    raw = [
        (n, age)
        for post, age, _ in scored
        if (n := summed(post.likes, post.replies, shares_of(post, terms))) is not None
    ]
    n_e = sum(weight_of_age(age) for _, age, e in scored if e > 0)
    z = n_e / (n_e + weights.kappa)
    half = len(scored) / 2
    typ_e, typ_shares, typ_raw = typ([(e, age) for _, age, e in scored]), typ(shares), typ(raw)

    x: dict[str, float] = {}
    x["volume"] = min(1.0, math.log10(1 + z * typ_e) / terms.tmax)
    gate = min(1.0, x["volume"] / (math.log10(11) / terms.tmax))
    if len(shares) >= half:
        x["amplification"] = min(1.0, math.log10(1 + z * typ_shares) / (terms.tmax - 1))
    if profile.followers is not None and terms.rate_at_10k is not None and len(raw) >= half:
        lacking = 0.0
        if sum(post.likes is not None for post, _, _ in scored) < half:
            lacking += terms.usual.likes
        if sum(post.replies is not None for post, _, _ in scored) < half:
            lacking += terms.usual.comments
        if len(shares) < half:
            lacking += terms.usual.shares
        er = terms.rate_at_10k * max(0.01, 1 - lacking)
        reach = min(profile.followers, weights.audience_factor * z * typ_raw / er)
        audience = min(1.0, math.log10(1 + reach) / 8.5)
        if profile.listed is not None:
            lists = gate * min(1.0, math.log10(1 + profile.listed) / 6)
            audience = (1 - weights.listed_share) * audience + weights.listed_share * lists
        x["audience"] = audience
        size = max(profile.followers, 10)
        expected = er * 10 ** ((terms.slope or 0) * (math.log10(size) - 4)) * size
        x["rate"] = gate / (1 + math.exp(-z * math.log2(typ_raw / expected))) if typ_raw > 0 else 0.0
    covered = 91.0 if complete_from is None else min(91.0, max(1.0, (now - complete_from) / DAY))
    x["consistency"] = gate * active_share([age for _, age, _ in scored], covered)
    x["growth"] = gate * (0.5 + 0.5 * math.tanh(growth(profile, earlier, terms) / weights.growth_scale))

    betas = {name: getattr(weights.betas, name) for name in x}
    return 1 + 99 * sum(betas[name] * x[name] for name in x) / sum(betas.values())
