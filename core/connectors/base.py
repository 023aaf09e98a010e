"""What every connector shares: asking, status before body, lenient counts and dates, the paging guard.

A connector is a module with a `MANIFEST`, its `CALLS` and an `async def fetch(target, since, client, clock,
credentials) -> Snapshot`; one with keys also has `verify`. Each raises one `SourceError` or returns; this room is the
only place where transport failures, statuses and misfits become house errors.
"""

import json
import math
import re
from codecs import BOM_UTF8
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any, Generic, Protocol, TypeVar

from pydantic import BaseModel, ConfigDict, Field, PlainValidator, SecretStr, ValidationError

from core.connectors.answers import Answer
from core.connectors.costs import FREE, Cost
from core.connectors.faults import HttpError, Refused, TimedOut, TooLarge, TooManyRedirects
from core.connectors.resets import reset_at
from core.errors import (
    NeedsOwner,
    NotFound,
    PaymentRequired,
    QuotaExhausted,
    RateLimited,
    SourceAuthFailed,
    SourceChanged,
    SourceError,
    Unavailable,
)
from core.manifest import Manifest, Target, Verified
from core.models import MAX_COUNT, AccountName, Clock, Entry, Post, Snapshot

if TYPE_CHECKING:  # naming the networks must not load the HTTP client
    from core.connectors.http import Requests

MAX_PAGES = 10  # of posts in one fetch; DESIGN 9.3
TEXT_LIMIT = 2_000  # characters kept of a bio; longer ones are padding or attacks
_RATE_LIMIT_PAUSE = timedelta(seconds=60)  # when a 429 does not say how long
_PASSING = frozenset({408, 421, 425})  # took too long, wrong connection, too early: RFC 9110 15.5.9 and .20, RFC 8470

Credentials = Mapping[str, SecretStr]
T = TypeVar("T")


class Fetch(Protocol):
    """The one thing a connector does."""

    async def __call__(
        self, target: Target, since: datetime, client: "Requests", clock: Clock, credentials: Credentials
    ) -> Snapshot:
        """Return the account and its posts since `since`; raises one SourceError."""
        ...


class Verify(Protocol):
    """What a connector with keys also does: try them with one cheap request, for `clout connect`."""

    async def __call__(self, client: "Requests", clock: Clock, credentials: Credentials) -> Verified:
        """Return what the network says of the key; raises SourceAuthFailed, or another SourceError."""
        ...


class Entries(Protocol):
    """What a reference work does in place of `Fetch`: say which accounts belong to the same person or company."""

    async def __call__(self, accounts: Sequence[AccountName], client: "Requests", clock: Clock) -> tuple[Entry, ...]:
        """Return the entries that name one of the accounts; raises one SourceError."""
        ...


class Wire(BaseModel):
    """Base of the models of outside answers: unknown fields are ignored, every count is optional.

    What reads them is built when the first answer comes: most processes never ask most networks.
    """

    model_config = ConfigDict(extra="ignore", frozen=True, defer_build=True)


# --- lenient values ---------------------------------------------------------------------------------------------------


def count(value: object) -> int | None:
    """Return a count as a whole non-negative number, or None when it is missing, hidden, negative or no number.

    Several networks write counts as strings, one as floats; booleans and non-finite values are no counts.
    """
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, str):
        value = int(value) if value.isascii() and value.isdigit() and len(value) <= 19 else None
    elif isinstance(value, float):
        value = int(value) if math.isfinite(value) and value.is_integer() else None
    return value if isinstance(value, int) and 0 <= value <= MAX_COUNT else None


def moment(value: object) -> datetime | None:
    """Return an ISO 8601 text or epoch seconds as an aware UTC datetime, or None when it is neither.

    A date without a zone is taken as UTC: the networks that omit it (CONNECTORS 3.2, 6.2) mean UTC.
    """
    try:
        if isinstance(value, str):
            parsed = datetime.fromisoformat(value)
            if parsed.tzinfo is UTC:
                return parsed
        elif isinstance(value, int | float) and not isinstance(value, bool):
            parsed = datetime.fromtimestamp(value, UTC)
        else:
            return None
        return parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else parsed.astimezone(UTC)
    except (ValueError, OverflowError, OSError):
        return None


def text(value: object, limit: int = TEXT_LIMIT) -> str | None:
    """Return outside text without control characters, at most `limit` characters, or None when nothing is left."""
    if not isinstance(value, str):
        return None
    if len(value) <= limit and value.isprintable():
        return value.strip() or None
    return _CONTROLS.sub(" ", value[:limit]).strip() or None


def code(value: object) -> str:
    """Return an outside error code that is safe to show, or an empty text."""
    return value if isinstance(value, str) and _CODE.fullmatch(value) else ""


def links_in(*texts: str | None, limit: int = 20) -> tuple[str, ...]:
    """Return the http(s) addresses that profile texts publish, in order, at most `limit`."""
    found = dict.fromkeys(link for value in texts if value for link in _LINK.findall(value))
    return tuple(found)[:limit]


_CODE = re.compile(r"[A-Za-z0-9_.-]{1,60}")
_LINK = re.compile(r"https?://[^\s<>\"'()\[\]{}|\\^`]{4,300}")
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")

# what is as it should be never leaves pydantic's own code; only the rest is looked at by ours
LenientCount = Annotated[
    Annotated[int, Field(strict=True, ge=0, le=MAX_COUNT)] | Annotated[int | None, PlainValidator(count)],
    Field(union_mode="left_to_right"),
]
"""A count as `count` reads it."""
LenientText = Annotated[
    Annotated[str, Field(strict=True, max_length=TEXT_LIMIT, pattern=r"^[!-~](?:[ -~]*[!-~])?$")]
    | Annotated[str | None, PlainValidator(text)],
    Field(union_mode="left_to_right"),
]
"""A text as `text` reads it; plain ASCII passes as it is."""
LenientMoment = Annotated[datetime | None, PlainValidator(moment)]
Code = Annotated[str, PlainValidator(code)]


# --- calls ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Asked:
    """What a call was asked, as far as reading its answer depends on it.

    `subject` is the native id or handle of the account, empty when a recorded answer does not tell. `owned` says that
    the credential in use is the creator's own.
    """

    handle: str
    now: datetime
    subject: str = ""
    owned: bool = False

    @property
    def unknown(self) -> bool:
        """Whether nobody tells what was asked: a recorded answer, whose question may have been for other fields."""
        return not (self.handle or self.subject or self.owned)


@dataclass(frozen=True, slots=True)
class Page:
    """One page of posts, its cursor, and the moment of its oldest item in feed order.

    `ids` are the native ids of all items where some of them are no posts of the account (forks).
    """

    posts: tuple[Post, ...]
    cursor: str | None = None
    oldest: datetime | None = None
    items: int = 0
    ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Call(Generic[T]):
    """One kind of request a connector makes.

    `path` is a regular expression searched in the path of a URL, so that a recorded answer finds its call. `parse`
    turns the bytes of a 2xx answer into house types and may raise a SourceError about the subject; `errors` knows the
    network's own dialect and returns None for what it does not know. `cost` is what one such request takes from the
    network's budgets, in the units its manifest declares; every request counts as one of `requests` by itself.
    """

    manifest: Manifest
    name: str
    path: str
    parse: Callable[[bytes, Asked], T]
    errors: Callable[[Answer, Asked], SourceError | None]
    method: str = "GET"
    cost: Cost = field(default_factory=lambda: FREE)

    def read(self, answer: Answer, asked: Asked) -> T:
        """Return what an answer says; status first, then content type, then the body. Raises SourceError."""
        if answer.body.startswith(BOM_UTF8):  # to be ignored (RFC 8259, 8.1)
            answer = replace(answer, body=answer.body.removeprefix(BOM_UTF8))
        error = self.errors(answer, asked) or usual_error(self.manifest, answer, asked.now)
        if error is not None:
            raise error
        try:
            return parsed(answer.body, lambda body: self.parse(body, asked))
        except ValidationError as err:
            raise changed(self.manifest, answer, err) from err


async def ask(
    call: Call[T],
    client: "Requests",
    asked: Asked,
    path: str,
    params: Mapping[str, Any] | None = None,
    headers: Mapping[str, str] | None = None,
    *,
    cost: Cost | None = None,
    unless_same: bool = False,
) -> T:
    """Make one GET and read its answer; transport failures become Unavailable. Raises SourceError.

    `cost` is for a request whose cost depends on what is asked; else the call's own counts. `unless_same` lets the
    server say that its answer is the same as the last time.
    """
    more = {**_costing(call.cost if cost is None else cost), **({"unless_same": True} if unless_same else {})}
    try:
        answer = await client.get(path, params=params, headers=headers, **more)
    except HttpError as err:
        raise unreachable(call.manifest, err) from err
    return call.read(answer, asked)


def _costing(cost: Cost) -> dict[str, Any]:
    return {"cost": cost} if cost else {}


def unreachable(manifest: Manifest, err: HttpError) -> Unavailable:
    """Return a transport failure as the error a card can show."""
    if isinstance(err, TimedOut):
        why = "did not answer in time"
    elif isinstance(err, TooLarge):
        why = "sent an answer larger than we accept"
    elif isinstance(err, Refused):
        why = "points to an address we do not connect to"
    elif isinstance(err, TooManyRedirects):
        why = "sends us in circles"
    else:
        why = "cannot be reached"
    return Unavailable(manifest.name, f"{manifest.label} {why}.")


def usual_error(manifest: Manifest, answer: Answer, now: datetime) -> SourceError | None:
    """Return the error that a status or content type means on any network, or None for an answer worth parsing."""
    status, name, label = answer.status, manifest.name, manifest.label
    if 200 <= status < 300:
        if answer.content_type.endswith("html"):
            return Unavailable(name, f"{label} answered with a web page instead of data.")
        return None
    if status == 429:
        return rate_limited(manifest, answer, now)
    if status in (401, 403):
        return SourceAuthFailed(name, f"{label} refused our key or permission.")
    if status == 402:
        return PaymentRequired(name, f"{label}: the paid credits are used up.")
    if status in (404, 410, 451):
        return NotFound(name, f"{label} does not know this account.")
    if status >= 500 or status in _PASSING:
        return Unavailable(name, f"{label} has a problem of its own (status {status}).")
    return SourceChanged(name, f"{label} refused the way we asked (status {status}).", field="status")


def rate_limited(
    manifest: Manifest, answer: Answer, now: datetime, pause: timedelta = _RATE_LIMIT_PAUSE
) -> RateLimited:
    """Return a RateLimited with the server's own reset time, or `now + pause` when it gives none."""
    until = reset_at(manifest.reset_headers, answer.headers, now) or now + pause
    return RateLimited(manifest.name, f"{manifest.label} limits how often it may be asked.", retry_at=max(until, now))


def changed(manifest: Manifest, answer: Answer, err: ValidationError) -> SourceError:
    """Return what a 2xx that does not fit means: a broken body is a passing fault, a misfit names its field."""
    first = err.errors(include_url=False, include_input=False, include_context=False)[0]
    where = ".".join(str(part) for part in first["loc"] if not _is_form(part)) or "body"
    if first["type"] == "json_invalid" and not _whole(answer.body):
        return Unavailable(manifest.name, f"{manifest.label} sent an incomplete answer.")
    return SourceChanged(
        manifest.name, f"{manifest.label} changed its answers: field {where} ({first['type']}).", field=where
    )


def _is_form(part: int | str) -> bool:
    """Whether a part of an error's place is pydantic's name for one of a field's forms, not a field."""
    return isinstance(part, str) and ("-" in part or "[" in part)


def _whole(body: bytes) -> bool:
    try:
        json.loads(body)
    except (ValueError, RecursionError):
        return False
    return True


def parsed(body: bytes, parse: Callable[[bytes], T]) -> T:
    """Return what a model makes of JSON; raises what `parse` raises.

    What pydantic's parser stumbles over is tried once more as plain UTF-8: servers write UTF-16, or cut a text in the
    midst of a pair of surrogates.
    """
    try:
        return parse(body)
    except ValidationError as err:
        if not any(error["type"] == "json_invalid" for error in err.errors(include_url=False, include_input=False)):
            raise
        try:
            plain = json.dumps(json.loads(body), ensure_ascii=False).encode("utf-8", "replace")
        except (ValueError, RecursionError):
            raise err from None
    return parse(plain)


# --- paging -----------------------------------------------------------------------------------------------------------

_HOPELESS = (
    RateLimited,
    QuotaExhausted,
    PaymentRequired,
    SourceAuthFailed,
    NeedsOwner,
)  # a partial read would hide these


@dataclass(slots=True)
class Walk:
    """Posts gathered page by page under the paging guard (CONNECTORS rule 5).

    Stops when there is no cursor, the window is passed, the page limit is reached, the cursor repeats, a page brings no
    new id, or a page is empty. A page that fails after the first is dropped and what was read is kept.
    """

    since: datetime
    limit: int = MAX_PAGES
    posts: dict[str, Post] = field(default_factory=dict)
    oldest: datetime | None = None
    whole: bool = False
    notes: list[str] = field(default_factory=list)
    known: set[str] = field(default_factory=set)

    async def over(self, page: Callable[[str | None], Awaitable[Page]], label: str) -> "Walk":
        """Fetch pages until the guard stops; raises what the first page raises."""
        cursor: str | None = None
        seen: set[str] = set()
        for number in range(self.limit):
            try:
                found = await page(cursor)
            except SourceError as err:
                if number == 0 or isinstance(err, _HOPELESS):
                    raise
                self.notes.append(f"{label} stopped answering on page {number + 1}; earlier posts are not counted.")
                return self
            fresh = self._add(found)
            self.oldest = min(filter(None, (self.oldest, found.oldest)), default=None)
            if found.cursor is None or found.items == 0:
                self.whole = True
                return self
            if self.oldest is not None and self.oldest < self.since:
                self.whole = True
                return self
            if not fresh or found.cursor in seen:
                return self
            seen.add(found.cursor)
            cursor = found.cursor
        return self

    def _add(self, page: Page) -> int:
        """Keep a page's posts; returns how many items are new, posts of the account or not."""
        fresh = {*page.ids, *(post.native_id for post in page.posts)} - self.known
        self.known |= fresh
        for post in page.posts:
            self.posts.setdefault(post.native_id, post)
        return len(fresh)

    @property
    def complete_from(self) -> datetime | None:
        """The oldest moment the gathered posts are known to cover."""
        return self.since if self.whole else self.oldest

    def inside(self) -> tuple[Post, ...]:
        """Return the posts of the window, newest first."""
        kept = [post for post in self.posts.values() if post.created_at >= self.since]
        return tuple(sorted(kept, key=lambda post: (post.created_at, post.native_id), reverse=True))
