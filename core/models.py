"""Frozen types that cross every boundary between rooms.

Counts are whole and non-negative; `None` always means "not supplied" and never 0. Moments are timezone-aware and kept
in UTC. Nothing here computes: scoring, wording and storage have rooms of their own.
"""

from datetime import UTC, datetime
from typing import Annotated, Literal, Protocol

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field

Kind = Literal["original", "thread", "reply", "quote", "repost"]
"""What a post is to its author: `thread` replies to oneself, `repost` carries another author's words and counts."""

Access = Literal["public", "owner_authorised", "research_programme"]
"""Whose permission a reading rests on."""

State = Literal["ok", "provisional", "insufficient", "dormant", "stale"]
"""How far a score may be trusted, best first."""

Status = Literal[
    "ok",
    "not_configured",
    "needs_owner_consent",
    "not_found_or_not_eligible",
    "private",
    "suspended",
    "permission_missing",
    "rate_limited",
    "token_expired",
    "upstream_error",
    "stale",
]
"""How one network answered, as a card names it."""

Action = Literal["likes", "reposts", "replies", "quotes", "saves", "views"]
"""The six counts a post may carry; `replies` are comments, `reposts + quotes` are shares."""

PartName = Literal["volume", "amplification", "audience", "rate", "consistency", "growth"]
"""The six parts of a network's score, in the order every statement prints them."""

PARTS: tuple[PartName, ...] = ("volume", "amplification", "audience", "rate", "consistency", "growth")

MAX_COUNT = 2**63 - 1  # the widest integer the databases hold

Count = Annotated[int, Field(strict=True, ge=0, le=MAX_COUNT)]
"""A whole, non-negative count."""


def _to_utc(moment: datetime) -> datetime:
    try:
        return moment if moment.tzinfo is UTC else moment.astimezone(UTC)
    except OverflowError as err:  # year 1 east of Greenwich: a stranger's date must be refused, not end the run
        raise ValueError("lies outside the calendar") from err


Moment = Annotated[AwareDatetime, AfterValidator(_to_utc)]
"""An aware datetime, normalised to UTC; a datetime without a zone is refused."""


class Model(BaseModel):
    """Base of every model: frozen, and unknown fields are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_bytes="base64", val_json_bytes="base64")


class Clock(Protocol):
    """Where every room gets the time from; the real one lives in core/app.py."""

    def now(self) -> datetime:
        """Return the present moment, aware, in UTC."""
        ...


class Profile(Model):
    """One account as its network shows it at `fetched_at`.

    `links` are the addresses the profile itself publishes, `verified_links` those of them the network has verified.
    """

    network: str
    native_id: str
    handle: str
    display_name: str | None = None
    url: str | None = None
    avatar_url: str | None = None
    bio: str | None = None
    created_at: Moment | None = None
    followers: Count | None = None
    following: Count | None = None
    listed: Count | None = None
    posts_total: Count | None = None
    verified: bool | None = None
    protected: bool = False
    links: tuple[str, ...] = ()
    verified_links: tuple[str, ...] = ()
    fetched_at: Moment


class Post(Model):
    """One post of an account with its latest counts.

    `opened_at` is filled only where a network's counts are totals since the item was opened (GitHub repositories): it
    is the moment the counting began, while `created_at` is the moment that places the item in the window.
    """

    network: str
    native_id: str
    created_at: Moment
    kind: Kind = "original"
    url: str | None = None
    opened_at: Moment | None = None
    likes: Count | None = None
    reposts: Count | None = None
    replies: Count | None = None
    quotes: Count | None = None
    saves: Count | None = None
    views: Count | None = None


class Snapshot(Model):
    """What one fetch of one account brought.

    `complete_from` is the oldest moment the posts are known to cover, `None` when nothing is known; `notes` become
    lines of the card.
    """

    profile: Profile
    posts: tuple[Post, ...] = ()
    access: Access = "public"
    complete_from: Moment | None = None
    notes: tuple[str, ...] = ()


class FollowerReading(Model):
    """One earlier follower count of an account, from our own daily history."""

    fetched_at: Moment
    followers: Count | None = None


# --- scores ---------------------------------------------------------------------------------------------------------

FlagGroup = Literal["audience", "reactions", "behaviour"]
"""What an unusual pattern is seen in; patterns of different groups are independent of each other."""


class Flag(Model):
    """One unusual pattern: never a verdict and never a cause.

    `text` says what is seen and the rule, with `numbers` in it; `threshold` is what the rule compares with.
    `information` marks what is told but never counted.
    """

    name: str
    group: FlagGroup
    text: str
    threshold: float
    numbers: dict[str, float] = {}
    information: bool = False


class Part(Model):
    """One part of a network's score: `x` in [0, 1], `beta` after renormalisation, `points = 99 * beta * x`."""

    name: PartName
    beta: float
    x: float
    points: float


class Inputs(Model):
    """The raw figures one network's score was computed from; what a statement shows beside the points.

    Typical values are counts per post (SCORING: typ), `credibility` is Z in [0, 1], `active_share` in [0, 1],
    `growth_30d` is growth of ln(followers) per 30 days, or None when unknown.
    """

    posts: int
    credibility: float
    typical_weighted: float
    typical_reactions: float
    typical_shares: float | None = None
    followers: int | None = None
    listed: int | None = None
    expected_rate: float | None = None
    active_share: float = 0.0
    growth_30d: float | None = None
    reactions_per_week: float = 0.0


class NetworkScore(Model):
    """The score of one account on one network as of one moment.

    `score`, `low`, `high` are in [1, 100], or None in state `insufficient`. `draws` are 200 little-endian float32
    values, one a bootstrap draw, so that several networks can be combined draw by draw. `flags` are the names of the
    unusual patterns counted on that day.
    """

    network: str
    state: State
    score: float | None = None
    low: float | None = None
    high: float | None = None
    parts: tuple[Part, ...] = ()
    dropped: tuple[PartName, ...] = ()
    inputs: Inputs | None = None
    as_of: Moment
    last_post_at: Moment | None = None
    model_version: str
    weights_version: str
    draws: bytes = b""
    notes: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()


class BestPost(Model):
    """A post with its leverage: the creator's score on that network minus the score without the post."""

    post: Post
    leverage: float


class NetworkPoints(Model):
    """What one network contributes to the combined score; `share` in [0, 1], points sum to `share * (S - 1)`."""

    network: str
    share: float
    parts: tuple[Part, ...]


class SubScores(Model):
    """The five figures on a card, 0 to 100, or None when no network supplies the input."""

    reach: float | None = None
    resonance: float | None = None
    amplification: float | None = None
    consistency: float | None = None
    growth: float | None = None


class Score(Model):
    """The combined score of a creator: `1 + sum of all points + penalty == score` within 1e-9.

    `penalty` is 0 or less: what unusual patterns of two independent groups take off.
    """

    state: State
    score: float | None = None
    low: float | None = None
    high: float | None = None
    networks: tuple[NetworkPoints, ...] = ()
    sub_scores: SubScores = SubScores()
    penalty: float = 0.0
    model_version: str
    weights_version: str


# --- readings: what a use case hands to the cards ---------------------------------------------------------------------


class Failure(Model):
    """Why one network could not answer: the error's class name and its safe wording."""

    network: str
    error: str
    message: str
    retry_at: Moment | None = None


class NetworkReading(Model):
    """One account of a creator as a card shows it: what is stored, how fresh, and what went wrong.

    `complete_from` is how far back the posts behind the score are known to be complete.
    """

    network: str
    status: Status
    handle: str
    native_id: str | None = None
    combine: Literal["sum", "separate"] = "sum"
    access: Access = "public"
    profile: Profile | None = None
    score: NetworkScore | None = None
    best_posts: tuple[BestPost, ...] = ()
    flags: tuple[Flag, ...] = ()
    complete_from: Moment | None = None
    notes: tuple[str, ...] = ()
    failure: Failure | None = None


class HistoryPoint(Model):
    """The combined score of one UTC day; `at` is the moment it was computed."""

    at: Moment
    score: float
    low: float
    high: float
    state: State
    model_version: str


class Candidate(Model):
    """Another account under the same bare name, with the evidence that it is (or is not) the same creator."""

    network: str
    handle: str
    native_id: str
    score: float | None = None
    followers: int | None = None
    evidence: tuple[str, ...] = ()


class Reading(Model):
    """Everything one lookup found about one creator.

    `connectable` are the networks that would count once the creator connected them: set up here, and not connected.
    """

    handle: str
    name: str | None = None
    team: str
    score: Score
    networks: tuple[NetworkReading, ...]
    history: tuple[HistoryPoint, ...] = ()
    candidates: tuple[Candidate, ...] = ()
    pending: tuple[str, ...] = ()
    linked: bool = False
    connectable: tuple[str, ...] = ()
    at: Moment


class AccountName(Model):
    """An account by its network and its handle, or native id, there."""

    network: str
    name: str


class Entry(Model):
    """What a reference work says of one person or company: `id` and `name` of its entry, and the accounts it names.

    `work` is the reference work's name for people.
    """

    work: str
    id: str
    name: str | None = None
    url: str
    accounts: tuple[AccountName, ...] = ()


class Offer(Model):
    """An account that a reference work names beside known ones: a suggestion, for the team to link or to leave.

    `reason` says who names it; `ready` whether its network can be read here, which linking needs.
    """

    network: str
    handle: str
    reason: str
    url: str
    ready: bool = True


class Offers(Model):
    """What reference works name beside known accounts; `trouble` is a sentence about one that could not be asked."""

    accounts: tuple[Offer, ...] = ()
    trouble: str = ""


class Linked(Model):
    """The accounts a team has linked under one name, after or without a change."""

    name: str
    accounts: tuple[NetworkReading, ...]


# --- pictures: what a card asks core/chart.py to draw ----------------------------------------------------------


class ChartPoint(Model):
    """A score with its range at one moment, all in [1, 100]; `state` says how far it may be trusted."""

    at: Moment
    score: float
    low: float
    high: float
    state: State = "ok"


class ChartSeries(Model):
    """One line of a chart; `name` is outside text, already made inert."""

    name: str
    points: tuple[ChartPoint, ...]


class ChartSpec(Model):
    """A picture to draw: one band and line a series; `alt` says in one sentence what it shows, with its numbers.

    `zone` is the IANA name of the zone its dates are in, the same as on the card.
    """

    series: tuple[ChartSeries, ...]
    title: str
    alt: str
    zone: str = "UTC"
