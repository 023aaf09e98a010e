"""What a score is read beside: engagement against peers of the size, and what a creator does for others.

Neither is part of the score. Pure.
"""

import math
from collections.abc import Iterable
from datetime import datetime, timedelta

from core.models import Kind, Model, NetworkReading, Post
from core.weights import CURRENT, Benchmark, Tier, Weights

OUTREACH_KINDS: frozenset[Kind] = frozenset(("reply", "quote", "repost"))
"""Posts that do something for somebody else; a reply to oneself is a `thread` and is none of them."""

OUTREACH_DECADES = 2.0  # log10 of actions a week that fill the scale: a hundred (SCORING 8)
_WEEK = timedelta(days=7)


class Outreach(Model):
    """What a creator does for others (Kred's second number): 0 to 100, and the actions a week behind it."""

    value: float
    weekly: float
    networks: tuple[str, ...]


class PeerRate(Model):
    """One network's engagement against creators of the size: `rate` is reactions a follower and post."""

    network: str
    rate: float
    expected: float
    times: float
    tier: str | None
    followers_from: int | None = None
    followers_to: int | None = None
    source: str
    address: str | None = None

    @property
    def assumed(self) -> bool:
        """Whether what is expected is an assumption, for want of a published benchmark."""
        return self.address is None


def outreach(posts: Iterable[tuple[str, Iterable[Post]]], now: datetime, weights: Weights = CURRENT) -> Outreach | None:
    """Return 100 * min(1, log10(1 + u) / 2), u the mean a week over 90 days of replies, quotes and reposts of others.

    `posts` are those of each network that tells the kinds of posts apart; None without any such network.
    """
    window = timedelta(days=weights.window_days)
    networks, actions = [], 0
    for network, of_network in posts:
        networks.append(network)
        actions += sum(p.kind in OUTREACH_KINDS and timedelta(0) <= now - p.created_at < window for p in of_network)
    if not networks:
        return None
    weekly = actions / (window / _WEEK)
    value = 100.0 * min(1.0, math.log10(1.0 + weekly) / OUTREACH_DECADES)
    return Outreach(value=value, weekly=weekly, networks=tuple(dict.fromkeys(networks)))


def peer_rates(readings: Iterable[NetworkReading], weights: Weights = CURRENT) -> tuple[PeerRate, ...]:
    """Return each network's engagement against its peers, where followers are known and a benchmark exists."""
    found = (_peer_rate(reading, weights) for reading in readings)
    return tuple(rate for rate in found if rate is not None)


def _peer_rate(reading: NetworkReading, weights: Weights) -> PeerRate | None:
    inputs = reading.score.inputs if reading.score is not None else None
    if inputs is None or not inputs.followers or inputs.expected_rate is None:
        return None
    rate = inputs.typical_reactions / inputs.followers
    benchmark = _benchmark(reading.network, weights)
    tier = _tier(inputs.followers, weights)
    return PeerRate(
        network=reading.network,
        rate=rate,
        expected=inputs.expected_rate,
        times=rate / inputs.expected_rate,
        tier=tier.name if tier is not None else None,
        followers_from=tier.followers_from if tier is not None else None,
        followers_to=tier.followers_to if tier is not None else None,
        source=benchmark.title if benchmark is not None else "assumed, no public benchmark of creators",
        address=benchmark.address if benchmark is not None else None,
    )


def assumed(network: str, weights: Weights = CURRENT) -> bool:
    """Return whether what is expected of creators on a network is an assumption, for want of a published benchmark."""
    return _benchmark(network, weights) is None


def _benchmark(network: str, weights: Weights) -> Benchmark | None:
    """Return the published benchmark that a network's expected rate is fitted to."""
    return next((b for b in weights.benchmarks if b.tiers and network in Tier.model_fields), None)


def _tier(followers: int, weights: Weights) -> Tier | None:
    tiers = [tier for benchmark in weights.benchmarks for tier in benchmark.tiers]
    fitting = (t for t in tiers if t.followers_from <= followers and followers < (t.followers_to or math.inf))
    return next(fitting, None)
