"""What LinkedIn's answers look like: Pages, posts, reactions, statistics, members; and house types made of them.

Per-key errors stand inside a 200 (CONNECTORS 6.3). Every count is optional; times are epoch milliseconds.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, PlainValidator

from core.connectors.base import (
    Asked,
    LenientCount,
    LenientText,
    Page,
    Wire,
    count,
    links_in,
    moment,
)
from core.connectors.items import Item, Items, Place
from core.connectors.restli import LABEL, NAME, NEEDS_OWNER
from core.errors import NeedsOwner, NotFound, SourceChanged, SourceError, Unavailable
from core.models import Kind, Profile

PAGE_SIZE = 100
ORGANIZATION, BRAND, PERSON = "urn:li:organization:", "urn:li:organizationBrand:", "urn:li:person:"
_KINDS = {"SCHOOL": "school", "BRAND": "showcase"}  # primaryOrganizationType -> how its address begins
_PUBLISHED, _SHOWN = frozenset({"PUBLISHED", None}), frozenset({"PUBLIC", "LOGGED_IN", None})
_NO_FEED = "NONE"  # an advertisement that stands in no feed
_VANITY = re.compile(r"\w(?:[\w.&-]{0,98}[\w-])?")


def _from_milliseconds(value: int) -> datetime:
    return datetime.fromtimestamp(value / 1000, UTC)


def _milliseconds(value: object) -> datetime | None:
    whole = count(value)
    return None if whole is None else moment(whole / 1000)


def _objects(value: object) -> object:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else value


def _by_key(value: object) -> object:
    return {key: one for key, one in value.items() if isinstance(one, dict)} if isinstance(value, dict) else {}


def _mapping(value: object) -> object:
    return value if isinstance(value, dict) else {}


Millis = Annotated[
    Annotated[int, Field(strict=True, ge=0, le=4 * 10**12), AfterValidator(_from_milliseconds)]
    | Annotated[datetime | None, PlainValidator(_milliseconds)],
    Field(union_mode="left_to_right"),
]


class _Rest(Wire):
    model_config = ConfigDict(hide_input_in_errors=True)


class _Paging(_Rest):
    total: LenientCount = None
    links: Annotated[tuple[Mapping[str, Any], ...], BeforeValidator(lambda v: _objects(v) if v else ())] = ()


# --- Pages ------------------------------------------------------------------------------------------------------------


def _written_out(value: object) -> object:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else value


class _Organization(_Rest):
    id: Annotated[str, BeforeValidator(_written_out), Field(pattern=r"^[0-9]{1,30}$")]
    vanity: LenientText = Field(None, alias="vanityName")
    name: LenientText = Field(None, alias="localizedName")
    website: LenientText = Field(None, alias="localizedWebsite")
    description: LenientText = Field(None, alias="localizedDescription")
    kind: LenientText = Field(None, alias="primaryOrganizationType")

    @property
    def handle(self) -> str:
        """The Page's address on LinkedIn, by number where it has no name there."""
        vanity = (self.vanity or "").lower()
        return f"{_KINDS.get(self.kind or '', 'company')}/{vanity if _VANITY.fullmatch(vanity) else self.id}"

    @property
    def urn(self) -> str:
        """The name every other call knows it by."""
        return f"{BRAND if self.kind == 'BRAND' else ORGANIZATION}{self.id}"


class _KeyError(_Rest):
    status: LenientCount = None


class _Organizations(_Rest):
    """One of two answers: found by ids, with errors by id, or by a name."""

    results: dict[str, _Organization] | None = None
    errors: Annotated[dict[str, _KeyError], BeforeValidator(_by_key)] = Field(default_factory=dict)
    elements: tuple[_Organization, ...] | None = None


def organizations(body: bytes) -> tuple[_Organization, ...]:
    """Return every Page of an answer; those that were refused are left out."""
    read = _Organizations.model_validate_json(body)
    return tuple(_found(read))


def organization(body: bytes, asked: Asked) -> Profile | None:
    """Return the Page that was asked for, None for an answer about several of which nobody knows which one.

    Raises NeedsOwner for one that only its administrators may see, and NotFound.
    """
    read = _Organizations.model_validate_json(body)
    found = _found(read)
    fitting = [one for one in found if _fits(one, asked)]
    if not fitting:
        raise _why_not(read, asked)
    return _page_profile(fitting[0], asked) if asked.subject or asked.handle or len(found) == 1 else None


def _found(read: _Organizations) -> list[_Organization]:
    if read.results is None and read.elements is None:
        raise SourceChanged(NAME, f"{LABEL} changed its answers: field results.", field="results")
    return [*(read.results or {}).values(), *(read.elements or ())]


def _fits(one: _Organization, asked: Asked) -> bool:
    if asked.subject:
        return one.id == asked.subject.rpartition(":")[2]
    name = asked.handle.partition("/")[2]
    return not name or name in (one.id, (one.vanity or "").lower())


def _why_not(read: _Organizations, asked: Asked) -> SourceError:
    status = next((one.status for one in read.errors.values()), None)
    if status == 403:
        return NeedsOwner(NAME, NEEDS_OWNER)
    if status is None or status == 404:
        whom = asked.handle or "this Page"
        return NotFound(NAME, f"I can't find {whom} on LinkedIn.")
    return Unavailable(NAME, f"{LABEL} did not show this Page (status {status}).")


def _page_profile(one: _Organization, asked: Asked) -> Profile:
    return Profile(
        network=NAME,
        native_id=one.urn,
        handle=one.handle,
        display_name=one.name,
        url=f"https://www.linkedin.com/{one.handle}/",
        bio=one.description,
        links=links_in(one.website, one.description),
        fetched_at=asked.now,
    )


class _Size(_Rest):
    size: LenientCount = Field(None, alias="firstDegreeSize")


def size(body: bytes, asked: Asked) -> int | None:
    """Return how many follow a Page."""
    return _Size.model_validate_json(body).size


class _Acl(_Rest):
    organization: LenientText = None
    role: LenientText = None
    state: LenientText = None


class _Acls(_Rest):
    elements: Annotated[tuple[_Acl, ...], BeforeValidator(_objects)]


def administered(body: bytes, asked: Asked) -> tuple[str, ...]:
    """Return the URNs of the Pages a member administers."""
    read = _Acls.model_validate_json(body).elements
    mine = [one for one in read if one.role in ("ADMINISTRATOR", None) and one.state in ("APPROVED", None)]
    urns = (one.organization or "" for one in mine)
    return tuple(urn for urn in urns if re.fullmatch(rf"(?:{ORGANIZATION}|{BRAND})[0-9]{{1,30}}", urn))


# --- posts ------------------------------------------------------------------------------------------------------------


_PostUrn = Annotated[str, Field(strict=True, max_length=60, pattern=r"^urn:li:(?:share|ugcPost):[0-9]+$")]
_ITEMS = Items(
    NAME,
    native_id=Place("id", _PostUrn),
    created_at=Place("publishedAt|createdAt", Millis),
    author=Place("author", str),
    modified=Place("lastModifiedAt"),  # in milliseconds; only that of the last item is ever looked at
    state=Place("lifecycleState", str),
    visibility=Place("visibility", str),
    commentary=Place("commentary", str),
    reshared=Place("reshareContext", Any),
    feed=Place("distribution.feedDistribution", str),
)


class _Posts(_Rest):
    elements: Annotated[list[Item], _ITEMS]
    paging: Annotated[_Paging, BeforeValidator(_mapping)] = _Paging()


class _ById(_Rest):
    """Posts that were asked for by their ids, as we never do."""

    results: Annotated[dict[str, Any], BeforeValidator(_by_key)] = Field(default_factory=dict)


def posts(body: bytes, asked: Asked, start: int = 0) -> Page:
    """Return the published posts of a page of the list, which is sorted by the last change, newest first."""
    known = _ById.model_validate_json(body).results if asked.unknown else {}
    read = _Posts.model_validate({"elements": [*known.values()]}) if known else _Posts.model_validate_json(body)
    items, subject = read.elements, asked.subject
    if asked.unknown and items and all(item["native_id"] is None for item in items):
        raise SourceChanged(NAME, f"{LABEL} changed its answers: field elements.0.id.", field="elements.0.id")
    oldest = next(filter(None, (_milliseconds(item["modified"]) or item["created_at"] for item in items[::-1])), None)
    ids = tuple(item["native_id"] for item in items if item["native_id"] is not None)
    own = [item for item in items if _is_shown(item) and (item["author"] in (None, subject) or not subject)]
    for item in own:
        item["url"] = f"https://www.linkedin.com/feed/update/{item['native_id']}/"
        if item["reshared"]:
            item["kind"] = _reshare(item)
    cursor = str(start + PAGE_SIZE) if _has_more(read, start) else None
    return Page(posts=_ITEMS.posts(own), cursor=cursor, oldest=oldest, items=len(items), ids=ids)


def _has_more(read: _Posts, start: int) -> bool:
    if read.paging.total is not None:
        return start + PAGE_SIZE < read.paging.total
    onward = any(link.get("rel") == "next" for link in read.paging.links)
    return onward or len(read.elements) >= PAGE_SIZE


def _is_shown(item: Item) -> bool:
    known = item["native_id"] is not None and item["created_at"] is not None
    return known and item["state"] in _PUBLISHED and item["visibility"] in _SHOWN and item["feed"] != _NO_FEED


def _reshare(item: Item) -> Kind:
    """Return what a reshare is to its author: with words of its own a quote."""
    return "quote" if (item["commentary"] or "").strip() else "repost"


# --- reactions and statistics -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Counts:
    """What is known of one post; `odd` says that a figure was negative, as LinkedIn's sometimes are."""

    likes: int | None = None
    replies: int | None = None
    reposts: int | None = None
    views: int | None = None
    odd: bool = False


class _Counted(_Rest):
    count: LenientCount = None


class _Social(_Rest):
    reactions: Annotated[dict[str, _Counted] | None, BeforeValidator(_by_key)] = Field(None, alias="reactionSummaries")
    comments: Annotated[_Counted, BeforeValidator(_mapping)] = Field(_Counted(), alias="commentSummary")


class _SocialMetadata(_Rest):
    results: Annotated[dict[str, _Social], BeforeValidator(_by_key)]


def social(body: bytes, asked: Asked) -> Mapping[str, Counts]:
    """Return reactions and comments by post; posts that were refused are left out."""
    read = _SocialMetadata.model_validate_json(body).results
    return {urn: Counts(likes=_sum(one), replies=one.comments.count) for urn, one in read.items()}


def _sum(one: _Social) -> int | None:
    """Return the reactions of all kinds; a post without any has an empty summary."""
    if one.reactions is None:
        return None
    known = [kind.count for kind in one.reactions.values()]
    return None if None in known else sum(filter(None, known))


class _Statistics(_Rest):
    likes: Any = Field(None, alias="likeCount")
    comments: Any = Field(None, alias="commentCount")
    shares: Any = Field(None, alias="shareCount")
    impressions: Any = Field(None, alias="impressionCount")


class _ShareStatistics(_Rest):
    share: LenientText = None
    ugc: LenientText = Field(None, alias="ugcPost")
    total: Annotated[_Statistics, BeforeValidator(_mapping)] = Field(_Statistics(), alias="totalShareStatistics")


class _Statements(_Rest):
    elements: Annotated[tuple[_ShareStatistics, ...], BeforeValidator(_objects)]


def statistics(body: bytes, asked: Asked) -> Mapping[str, Counts]:
    """Return the statistics by post; of a Page as a whole there is none."""
    read = _Statements.model_validate_json(body).elements
    return {urn: _counts(one.total) for one in read if (urn := one.share or one.ugc) is not None}


def _counts(told: _Statistics) -> Counts:
    raw = (told.likes, told.comments, told.shares, told.impressions)
    odd = any(isinstance(figure, int | float) and figure < 0 for figure in raw)
    likes, comments, shares, impressions = map(count, raw)
    return Counts(likes, comments, shares, impressions, odd)


# --- members ----------------------------------------------------------------------------------------------------------


class _Member(_Rest):
    id: str = Field(pattern=r"^[0-9A-Za-z_-]{1,60}$")
    vanity: LenientText = Field(None, alias="vanityName")
    first: LenientText = Field(None, alias="localizedFirstName")
    last: LenientText = Field(None, alias="localizedLastName")
    headline: LenientText = Field(None, alias="localizedHeadline")


def member(body: bytes, asked: Asked) -> Profile:
    """Return the member whose token it is."""
    one = _Member.model_validate_json(body)
    vanity = (one.vanity or "").lower()
    handle = f"in/{vanity if _VANITY.fullmatch(vanity) else one.id.lower()}"
    return Profile(
        network=NAME,
        native_id=f"{PERSON}{one.id}",
        handle=handle,
        display_name=" ".join(filter(None, (one.first, one.last))) or None,
        url=f"https://www.linkedin.com/{handle}/",
        bio=one.headline,
        links=links_in(one.headline),
        fetched_at=asked.now,
    )


class _Total(_Rest):
    followers: LenientCount = Field(None, alias="memberFollowersCount")
    count: LenientCount = None


class _Totals(_Rest):
    elements: Annotated[tuple[_Total, ...], BeforeValidator(_objects)]


def total(body: bytes, asked: Asked) -> int | None:
    """Return a member's one figure, of followers or of one kind of reaction; None where none is told."""
    read = _Totals.model_validate_json(body).elements
    return next((told for one in read if (told := one.followers if one.count is None else one.count) is not None), None)


__all__ = [
    "BRAND",
    "ORGANIZATION",
    "PAGE_SIZE",
    "PERSON",
    "Counts",
    "administered",
    "member",
    "organization",
    "organizations",
    "posts",
    "size",
    "social",
    "statistics",
    "total",
]
