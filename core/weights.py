"""Versioned constants of the score, as data: a re-fit changes this file only and takes a new `model_version`.

Every figure carries its unit and where it comes from. "own" marks a design choice, "assumption" a figure
nobody published; both may be re-fitted on measured data while the score's invariants hold.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

from core.models import Model, PartName

Network = str
"""A network's manifest name, for instance `bluesky`."""


class ActionWeights(Model):
    """What one action counts in weighted reactions E, unit: likes.

    Kept low on purpose: a weight of 27 (X's ranker on replies) would make comment pods profitable.
    """

    likes: float = 1.0  # the unit
    saves: float = 2.0  # own
    comments: float = 3.0  # X ranker: a reply is 27 to 54 likes; earned-media tables: about 1.7
    shares: float = 4.0  # reposts and quotes; X ranker: 2 likes; Kred: a repost is worth a reply


class Betas(Model):
    """How the 99 points are shared out among the six parts; sums to 1 when every input is supplied."""

    volume: float = 0.40
    amplification: float = 0.15
    audience: float = 0.20
    rate: float = 0.10
    consistency: float = 0.10
    growth: float = 0.05

    def share(self, part: PartName) -> float:
        """Return the part's beta before renormalisation."""
        value: float = getattr(self, part)
        return value


class UsualShares(Model):
    """The usual share of each action type in raw reactions, each in [0, 1], sum 1.

    A type that an account's posts do not supply lowers the expected rate by its share.
    """

    likes: float = 0.80
    comments: float = 0.08
    shares: float = 0.12


class NetworkTerms(Model):
    """The constants of one network.

    `tmax` is log10 of the weighted reactions a post that fill the volume part. `rate_at_10k` is the expected
    raw reactions per follower and post at 10,000 followers and `slope` its change in log10 per decade of
    followers; both None where no benchmark exists, and then audience and rate are left out. `shares_supplied`
    says what public answers usually carry; the posts themselves decide. `view_weight` counts only where an
    account's posts supply nothing else. `digits` is how many significant digits the network's follower counts
    keep, None when exact.
    """

    tmax: float
    rate_at_10k: float | None = None
    slope: float | None = None
    shares_supplied: bool = True
    saves_are_shares: bool = False
    view_weight: float = 0.0
    digits: int | None = None
    usual: UsualShares = UsualShares()
    source: str


class Tier(Model):
    """One row of a published benchmark: raw reactions / followers / post, as fractions."""

    name: str
    followers_from: int
    followers_to: int | None
    instagram: float
    tiktok: float
    youtube: float


class Benchmark(Model):
    """A published benchmark kept beside the priors, with its address; `of` says whose posts it measured."""

    title: str
    of: Literal["creators", "brands"]
    address: str
    figures: str
    tiers: tuple[Tier, ...] = ()


class Weights(Model):
    """Everything the formula needs; one instance a `model_version`."""

    model_version: str
    weights_version: str
    actions: ActionWeights = ActionWeights()
    betas: Betas = Betas()

    # the window
    youngest_days: float = 1.0  # days; younger posts are still gathering reactions (own)
    window_days: float = 90.0  # days; Klout's window
    half_life_days: float = 30.0  # days; recency reaches 0 at the window's end, so nothing drops off a cliff (own)

    # the typical post
    low_quantile: float = 0.20  # fraction; the mean of the quantile function between the two is smooth and robust (own)
    high_quantile: float = 0.80
    padding_posts: float = 6.0  # posts; no post holds more than one sixth of the weight (own)
    padding_low: float = 0.20  # fraction; the padding value is the account's own low level (own)
    padding_high: float = 0.40
    padding_fade_days: float = 14.0  # days; a leaving post fades out of the padding value (own)
    kappa: float = 3.0  # posts; Buhlmann credibility Z = n / (n + kappa) (start value)

    # the parts
    audience_factor: float = 3.0  # times the expected number of reacting followers (start value)
    audience_decades: float = 8.5  # log10 followers that fill the audience part: 316 million (own)
    listed_share: float = 0.5  # lambda in [.3, .7]: how much of the audience part lists carry, where supplied (own)
    listed_decades: float = 6.0  # log10 lists that fill it (own)
    anchor_decades: float = 4.0  # log10 followers at which `rate_at_10k` holds
    follower_floor: float = 10.0  # followers; a smaller audience has no rate (own)
    gate_reactions: float = 10.0  # weighted reactions a post below which rate, activity and growth earn less (own)
    consistency_days: float = 91.0  # days
    consistency_reach_days: float = 7.0  # days a post keeps its account active (own)
    growth_scale: float = 0.10  # ln followers per 30 d at which growth earns tanh(1) of its half (start value)
    growth_basis_days: float = 30.0  # days
    growth_gap_days: float = 14.0  # days; two readings closer than this say nothing (own)

    # states and uncertainty
    provisional_posts: int = 3
    ok_posts: int = 8
    draws: int = 200  # Bayesian bootstrap
    draw_rows: int = 4096  # rows of the shared table of draws; more than the posts of almost every account
    padding_widening: float = 1.0  # exponent: range times (own + padding weight) / own weight ** this (own)
    dropped_widening: float = 0.25  # exponent: range times kept betas ** -this; covers 90 to 94 % where it acts (own)
    low_draw: float = 0.05  # fraction; the shown range is the 90 % range
    high_draw: float = 0.95

    # across networks
    power: float = 3.0  # p of the p-norm of odds: an average would let a network lower the score (own)
    odds_cap: float = 99.99  # score; odds of 100 are infinite

    networks: Mapping[Network, NetworkTerms]
    default: NetworkTerms
    benchmarks: tuple[Benchmark, ...] = ()

    def terms(self, network: Network) -> NetworkTerms:
        """Return the constants of a network; a name nobody knows gets `default`, the row of blogs."""
        return self.networks.get(network, self.default)


_TIERS = "fit to the creator tiers below"
_ASSUMED = "assumption: no public creator benchmark; start values to be replaced by an own cohort"
_NO_COHORT = "no benchmark until a cohort of 200 accounts exists: audience and rate are left out"
_SHARES_TIKTOK = UsualShares(likes=0.98, comments=0.01, shares=0.01)  # mean of 7,920 public videos of 2020
_SHARES_FACEBOOK = UsualShares(likes=0.82, comments=0.08, shares=0.10)  # mean of 146,090 page posts of 2016
_TWO_ACTIONS = UsualShares(likes=0.96, comments=0.04, shares=0.0)  # the tiers count likes and comments only
_BLOG = NetworkTerms(tmax=5.0, view_weight=0.01, source=_NO_COHORT)

_NETWORKS: dict[str, NetworkTerms] = {
    "instagram": NetworkTerms(
        tmax=6.5, rate_at_10k=0.032, slope=-0.20, shares_supplied=False, usual=_TWO_ACTIONS, source=_TIERS
    ),
    "tiktok": NetworkTerms(tmax=6.5, rate_at_10k=0.090, slope=-0.107, digits=3, usual=_SHARES_TIKTOK, source=_TIERS),
    "youtube": NetworkTerms(
        tmax=6.0,
        rate_at_10k=0.026,
        slope=-0.18,
        shares_supplied=False,
        digits=3,  # the Data API rounds subscriberCount to three digits
        usual=_TWO_ACTIONS,
        source=_TIERS,
    ),
    "x": NetworkTerms(tmax=5.5, rate_at_10k=0.006, slope=-0.20, source=_ASSUMED),
    "facebook": NetworkTerms(tmax=5.5, rate_at_10k=0.006, slope=-0.20, usual=_SHARES_FACEBOOK, source=_ASSUMED),
    "linkedin": NetworkTerms(
        tmax=4.5,
        rate_at_10k=0.020,
        slope=-0.25,
        usual=UsualShares(likes=0.85, comments=0.10, shares=0.05),  # assumption
        source=_ASSUMED,
    ),
    "bluesky": NetworkTerms(tmax=5.5, rate_at_10k=0.010, slope=-0.20, source=_ASSUMED),
    "mastodon": NetworkTerms(tmax=5.5, rate_at_10k=0.010, slope=-0.20, source=_ASSUMED),
    "threads": NetworkTerms(tmax=5.5, rate_at_10k=0.010, slope=-0.20, source=_ASSUMED),
    "pinterest": NetworkTerms(
        tmax=5.0,
        rate_at_10k=0.005,
        slope=-0.20,
        saves_are_shares=True,
        usual=UsualShares(likes=0.10, comments=0.02, shares=0.88),  # assumption: saving is what people do there
        source=_ASSUMED,
    ),
    "github": NetworkTerms(tmax=5.0, source=_NO_COHORT),
    "reddit": NetworkTerms(tmax=5.0, source=_NO_COHORT),
    "twitch": NetworkTerms(tmax=5.0, shares_supplied=False, view_weight=0.01, source=_NO_COHORT),
    "blog": _BLOG,
    "wikipedia": _BLOG,
}

_BENCHMARKS = (
    Benchmark(
        title="Engagement rate by tier, citing Statista and HypeAuditor 2025",
        of="creators",
        address="https://organicmediabuying.com/blog/micro-vs-nano-vs-macro-influencers.html",
        figures="the tiers of this row",
        tiers=(
            Tier(
                name="nano",
                followers_from=1_000,
                followers_to=10_000,
                instagram=0.048,
                tiktok=0.103,
                youtube=0.032,
            ),
            Tier(
                name="micro",
                followers_from=10_000,
                followers_to=100_000,
                instagram=0.024,
                tiktok=0.081,
                youtube=0.021,
            ),
            Tier(
                name="mid",
                followers_from=100_000,
                followers_to=500_000,
                instagram=0.018,
                tiktok=0.063,
                youtube=0.015,
            ),
            Tier(
                name="macro",
                followers_from=500_000,
                followers_to=1_000_000,
                instagram=0.015,
                tiktok=0.055,
                youtube=0.012,
            ),
            Tier(
                name="mega",
                followers_from=1_000_000,
                followers_to=None,
                instagram=0.012,
                tiktok=0.049,
                youtube=0.009,
            ),
        ),
    ),
    Benchmark(
        title="HypeAuditor, 36,000 Instagram creators",
        of="creators",
        address="https://hypeauditor.com",
        figures="20K and over 1M followers barely differ: 1.54 to 1.62 %; disagrees with the tiers above",
    ),
    Benchmark(
        title="Socialinsider 2026, 70 million posts",
        of="brands",
        address="https://www.socialinsider.io",
        figures="LinkedIn 3.85, TikTok 3.70, Instagram 0.48, Facebook 0.15, X 0.12 %; 5 to 10 times below creators",
    ),
    Benchmark(
        title="Rival IQ 2022, medians",
        of="brands",
        address="https://www.rivaliq.com",
        figures="TikTok 5.69, Instagram 0.47, Facebook 0.06, X 0.035 %",
    ),
)

START = Weights(
    model_version="1.0",
    weights_version="1",
    networks=_NETWORKS,
    default=_BLOG,
    benchmarks=_BENCHMARKS,
)
"""The start values of the first release."""

FIRST_REFIT = START.model_copy(
    update={
        "model_version": "1.1",
        "betas": Betas(volume=0.35, amplification=0.15, audience=0.35, rate=0.05, consistency=0.05, growth=0.05),
        "audience_factor": 2.0,
        "padding_widening": 0.8,  # 1 covered 97 % at 3 posts under these betas; by simulation
        "networks": {**_NETWORKS, "x": _NETWORKS["x"].model_copy(update={"tmax": 5.75})},
    }
)
"""Betas, audience factor and X's scale fitted by benchmarks/fit; docs/decisions/005-first-refit.md tells why."""

WEIGHTS: Mapping[str, Weights] = MappingProxyType({one.model_version: one for one in (START, FIRST_REFIT)})
"""Every released set of constants by `model_version`, so that stored history can be scored again as it was."""

CURRENT: Weights = FIRST_REFIT
"""What new scores are computed with."""
