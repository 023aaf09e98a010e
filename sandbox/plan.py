"""What the cast is made of: one `Plan` an account, one `Role` a creator."""

from dataclasses import dataclass, field

Mix = tuple[float, float, float, float, float]
"""Shares of likes, replies, reposts, quotes and saves among a post's reactions."""

USUAL: dict[str, Mix] = {
    "bluesky": (0.78, 0.07, 0.10, 0.02, 0.03),
    "mastodon": (0.66, 0.09, 0.22, 0.03, 0.0),
    "x": (0.82, 0.05, 0.09, 0.02, 0.02),
    "facebook": (0.86, 0.07, 0.07, 0.0, 0.0),
    "threads": (0.80, 0.09, 0.08, 0.03, 0.0),
    "linkedin": (0.86, 0.08, 0.06, 0.0, 0.0),
    "instagram": (0.93, 0.04, 0.0, 0.0, 0.03),
    "pinterest": (0.34, 0.03, 0.0, 0.0, 0.63),
    "tiktok": (0.88, 0.02, 0.06, 0.0, 0.04),
    "youtube": (0.94, 0.06, 0.0, 0.0, 0.0),
    "reddit": (0.86, 0.12, 0.02, 0.0, 0.0),
    "twitch": (1.0, 0.0, 0.0, 0.0, 0.0),  # never shown; its views follow from them
}
"""How reactions usually fall on each network."""

VIEWS_PER_REACTION: dict[str, float] = {
    "x": 60.0,
    "instagram": 30.0,
    "tiktok": 14.0,
    "youtube": 32.0,
    "twitch": 9.0,
    "pinterest": 45.0,
}
"""Networks whose posts carry views; the others show none."""


@dataclass(frozen=True)
class Jump:
    """Followers that come within a day, and how many of them leave again within `lost_days`.

    `day` counts from the world's anchor day; the past is negative.
    """

    day: float
    followers: int
    lost_share: float = 0.0
    lost_days: float = 14.0


@dataclass(frozen=True)
class Hit:
    """One original post, the first from `day` on, with `factor` times its usual reactions."""

    day: float
    factor: float
    text: str


@dataclass(frozen=True)
class Repo:
    """One repository: lifetime stars as of the anchor, stars a week, days since it was opened and pushed."""

    name: str
    stars: int
    gain: float
    opened: int
    pushed: float = 2.0
    fork: bool = False
    language: str = "Python"


@dataclass(frozen=True)
class Plan:
    """One account: how large it is, how often it posts, how people react, and what is odd about it.

    `followers` holds on the anchor day. `rate` is reactions per follower and post. All frequencies are a week;
    `silences`, `bursts` (so many originals a week more) and `boosts` (so many times the reactions) are spans of days
    from the anchor day.
    """

    network: str
    handle: str
    followers: int
    rate: float = 0.01
    per_week: float = 3.0
    growth: float = 0.002
    following: int = 240
    threads: float = 0.0
    replies: float = 0.0
    quotes: float = 0.0
    reposts: float = 0.0
    mix: Mix | None = None
    spread: float = 0.45
    swing: float = 0.12
    around_the_clock: bool = False
    silences: tuple[tuple[float, float], ...] = ()
    bursts: tuple[tuple[float, float, float], ...] = ()
    boosts: tuple[tuple[float, float, float], ...] = ()
    hits: tuple[Hit, ...] = ()
    jumps: tuple[Jump, ...] = ()
    only: tuple[float, ...] | None = None
    deleted: tuple[tuple[float, float], ...] = ()
    pinned_day: float | None = None
    opened_days: int = 900
    name: str | None = None
    bio: str | None = None
    quirks: frozenset[str] = frozenset()
    repos: tuple[Repo, ...] = ()


@dataclass(frozen=True)
class Role:
    """One invented creator: a name, what the account is there to show, and its accounts."""

    slug: str
    name: str
    topic: str
    shows: str
    bio: str
    plans: tuple[Plan, ...]
    linked: bool = True
    tags: frozenset[str] = field(default_factory=frozenset)
