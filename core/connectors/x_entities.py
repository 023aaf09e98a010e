"""What X's answers look like.

The guides and every recorded answer say tweet and retweet, the specification of the same version says post and repost;
both are read. Every count is optional: older answers lack bookmarks and views.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated

from pydantic import BeforeValidator, Field

from core.connectors.base import Code, LenientCount, LenientMoment, LenientText, Wire, moment
from core.connectors.items import Item, Items, LenientStamp, Place


def _if_object(value: object) -> object:
    return value if isinstance(value, Mapping) else None


def _if_flag(value: object) -> object:
    return value if isinstance(value, bool) else None


def _list(value: object) -> object:
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, list) else ()


# beyond 64 bits as well: ids are never reckoned with
_Id = Annotated[str, Field(strict=True, max_length=40, pattern=r"^[0-9]+$")]
_Flag = Annotated[bool | None, BeforeValidator(_if_flag)]


class Audience(Wire):
    """How many people and posts an account has (`public_metrics` of a user)."""

    followers_count: LenientCount = None
    following_count: LenientCount = None
    listed_count: LenientCount = None
    post_count: LenientCount = None
    tweet_count: LenientCount = None


class Link(Wire):
    """One link of a text; `expanded_url` is where X's short one leads."""

    expanded_url: LenientText = None


class Spot(Wire):
    """The links of one field of a profile."""

    urls: Annotated[tuple[Link, ...], BeforeValidator(_list)] = ()


class Entities(Wire):
    """The links of a profile's web site and text."""

    url: Annotated[Spot | None, BeforeValidator(_if_object)] = None
    description: Annotated[Spot | None, BeforeValidator(_if_object)] = None


class User(Wire):
    """One account."""

    id: _Id
    username: str = Field(min_length=1, max_length=50)
    name: LenientText = None
    description: LenientText = None
    profile_image_url: LenientText = None
    created_at: LenientMoment = None
    protected: _Flag = None
    verified: _Flag = None
    entities: Annotated[Entities | None, BeforeValidator(_if_object)] = None
    public_metrics: Annotated[Audience | None, BeforeValidator(_if_object)] = None


class Reference(Wire):
    """What a post answers, quotes or repeats."""

    kind: Code = Field("", alias="type")


_References = Annotated[tuple[Reference, ...], BeforeValidator(_list)]


_METRICS = "public_metrics."
POSTS = Items(
    "x",
    native_id=Place("id", _Id, needed=True),
    created_at=Place("created_at", LenientStamp),
    likes=Place(_METRICS + "like_count"),
    reposts=Place(f"{_METRICS}repost_count|{_METRICS}retweet_count"),
    replies=Place(_METRICS + "reply_count"),
    quotes=Place(_METRICS + "quote_count"),
    saves=Place(_METRICS + "bookmark_count"),
    views=Place(_METRICS + "impression_count"),
    author=Place("author_id", str),
    answered=Place("in_reply_to_user_id", str),
    references=Place("referenced_posts|referenced_tweets", _References, default=()),
)
"""Posts; asides are who wrote one, whom it answers and what it refers to."""


class Problem(Wire):
    """What went wrong with a request or with one object of an answer (RFC 7807)."""

    kind: LenientText = Field(None, alias="type")
    code: LenientCount = None  # of the first API, whose errors some answers still have
    title: LenientText = None
    detail: LenientText = None

    @property
    def name(self) -> str:
        """The end of `type`, whose host differs from answer to answer."""
        return (self.kind or "").rpartition("/")[2]


_Problems = Annotated[tuple[Problem, ...], BeforeValidator(_list)]


class Whose(Wire):
    """The answer to the question who somebody is."""

    data: User | None = None
    errors: _Problems = ()


class Meta(Wire):
    """What an answer says of its own pages."""

    next_token: LenientText = None


class Timeline(Wire):
    """One page of posts."""

    data: Annotated[list[Item], POSTS] | None = None
    meta: Meta | None = None
    errors: _Problems = ()


class Refusal(Problem):
    """The body of an answer that is none: a problem, or a list of them."""

    errors: _Problems = ()


_EPOCH_MS = 1_288_834_974_657  # the id's own clock begins on 2010-11-04 [spec, "X IDs"]
_FIRST_DATED_ID = 1 << 40  # smaller ids were counted, not made from the time


def written_at(native_id: str) -> datetime | None:
    """Return when a post was written by its id, whose upper bits are milliseconds; None where they cannot be."""
    if len(native_id) > 19 or (number := int(native_id)) < _FIRST_DATED_ID or number >= 1 << 63:
        return None
    return moment(((number >> 22) + _EPOCH_MS) / 1000)
