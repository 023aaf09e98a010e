"""Meta's Graph API, as far as its networks share it: errors, usage headers, signatures, cursors, the pause.

Errors are told by code and subcode, whatever the status (200 among them); throttling comes as 400 or 403. Usage headers
are JSON in a string whose figures are per cent (CONNECTORS 5). No network of its own: it has no manifest.
"""

import hashlib
import hmac
import json
import math
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

from pydantic import BeforeValidator, ConfigDict, Field

from core.connectors.answers import Answer
from core.connectors.base import (
    Asked,
    Call,
    Credentials,
    LenientCount,
    LenientText,
    Wire,
    text,
    unreachable,
)
from core.connectors.faults import HttpError
from core.connectors.resets import reset_at
from core.errors import RateLimited, SourceAuthFailed, SourceChanged, SourceError, TokenExpired, Unavailable
from core.manifest import Manifest
from core.models import Clock

if TYPE_CHECKING:
    from core.connectors.http import Requests

T = TypeVar("T")

FIRST_PAUSE = timedelta(minutes=5)
LONGEST_PAUSE = timedelta(hours=1)  # the window of the platform limits
BUSY_ABOVE = 80.0  # per cent of any allowance, from which on no new lookup begins
_MOST_DROPPED = 3  # fields left out in one lookup before the answer counts as changed


class GraphWire(Wire):
    """Base of the models of Graph answers; what did not fit stays out of errors, for it may hold a token."""

    model_config = ConfigDict(hide_input_in_errors=True)


def _written_out(value: object) -> object:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else value


NodeId = Annotated[
    Annotated[str, Field(strict=True, max_length=40, pattern=r"^[0-9]+$")]
    | Annotated[str, BeforeValidator(_written_out), Field(pattern=r"^[0-9]{1,40}$")],
    Field(union_mode="left_to_right"),
]
"""An id, which is text of any length and sometimes comes as a number."""

NODE = (
    r"^/(?:v[0-9.]+/)?"
    r"(?!(?:v[0-9.]+|search|debug_token|ig_hashtag_search|(?:instagram_)?oembed(?:_\w+)?|[0-9]+_[0-9]+)$)[^/]+$"
)
"""The path of one account; other one-word paths are searches, tokens, batches by `ids`, or single posts."""
Count = LenientCount
"""A count, as on all networks."""
Words = LenientText
"""A text, as on all networks."""


# --- errors -----------------------------------------------------------------------------------------------------------


def _whole(value: object) -> int | None:
    found = _WHOLE.fullmatch(str(value)) if isinstance(value, int | str) and not isinstance(value, bool) else None
    return int(found[0]) if found else None


class GraphError(GraphWire):
    """The inside of a refusal; `message` is English for developers and is matched on only where no code tells."""

    told: Annotated[int | None, BeforeValidator(_whole)] = Field(None, alias="code")  # some are negative
    subcode: LenientCount = Field(None, alias="error_subcode")
    message: LenientText = None
    is_transient: Annotated[bool, BeforeValidator(lambda value: value is True)] = False

    @property
    def code(self) -> int | None:
        """What is wrong; the oldest answers name it in front of the message only: `(#4) Application ...`."""
        found = _CODE_IN_WORDS.match(self.message or "") if self.told is None else None
        return int(found[1]) if found else self.told

    @property
    def missing_field(self) -> str:
        """The field that does not exist, empty when the refusal is about something else."""
        found = _NO_FIELD.search(self.message or "") if self.code == _PARAMETER else None
        return found[1] if found else ""

    @property
    def lacks_token(self) -> bool:
        """Whether it is a token that is missing; its codes stand for other mistakes as well."""
        return self.code in (_PARAMETER, _UNKNOWN_PATH) and _NO_TOKEN.search(self.message or "") is not None

    @property
    def node_type(self) -> str:
        """What kind of node lacks the field, empty when nothing is said of it."""
        found = _NODE_TYPE.search(self.message or "")
        return found[1] if found else ""


class _Refusal(GraphWire):
    error: GraphError


Own = Callable[[GraphError, Asked], SourceError | None]

_PARAMETER, _UNKNOWN_PATH = 100, 2500
MEDIA_GONE = 24
"""The code of a medium that is not there (Instagram and Threads, Error Codes)."""
THROTTLED = frozenset({4, 17, 32, 341, 368, 613, *range(80_000, 80_015)})
_TOKEN_REFUSED = frozenset({102, 104, 190, 458, 459, 460, 463, 464, 467})  # the long ones are subcodes nowadays
_NOT_ALLOWED = frozenset({3, 10, *range(200, 300)})
_PASSING = frozenset({-2, -1, 1, 2})
_WHY = {
    458: "the app was removed from the account",
    459: "the account has to pass a check first",
    460: "the account's password was changed",
    463: "it has expired",
    464: "the account is not confirmed",
    467: "it is no longer valid",
}
_WHOLE = re.compile(r"-?[0-9]{1,9}")
_CODE_IN_WORDS = re.compile(r"\(#([0-9]{1,6})\)")
_NO_TOKEN = re.compile(r"active access token|must provide an app access token", re.IGNORECASE)
_NO_FIELD = re.compile(r"nonexisting field \((\w{1,60})\)", re.IGNORECASE)
_NODE_TYPE = re.compile(r"on node type \((\w{1,60})\)", re.IGNORECASE)
_FEATURE = re.compile(
    r"public content access|app[ _]?secret[ _]?proof|requires? .{0,20}'[\w ]+' (?:permission|feature)"
)
_PERMISSION = re.compile(r"permission|reviewable feature|pages_read|instagram_")
_ERROR_INSIDE = re.compile(rb"\s*\{\s*\"error\"\s*:\s*\{")


def told(answer: Answer) -> GraphError | None:
    """Return the error an answer holds, None for anything else; a 200 may hold one too."""
    if answer.status < 400 and not _ERROR_INSIDE.match(answer.body):
        return None
    try:
        return _Refusal.model_validate_json(answer.body).error
    except ValueError:
        return None


def lacks_feature(error: GraphError) -> bool:
    """Return whether the app lacks a feature or a signature: a refusal of us, not of the account."""
    return error.code == _PARAMETER and _FEATURE.search((error.message or "").lower()) is not None


def refusal(manifest: Manifest, answer: Answer, asked: Asked, own: Own) -> SourceError | None:
    """Return what an answer refuses by Meta's table, None for an answer that is no refusal or one nobody named.

    `own` knows the codes whose meaning depends on the network.
    """
    error = told(answer)
    if answer.status == 429 or (error is not None and error.code in THROTTLED):
        return _throttled(manifest, answer, asked.now)
    if error is None:
        return _page_for_people(manifest, answer)
    if answer.status >= 500 or error.code in _PASSING or error.is_transient:
        return Unavailable(manifest.name, f"{manifest.label} has a passing problem of its own (code {error.code}).")
    return own(error, asked) or _common(manifest, error, asked) or _unnamed(manifest, answer, error)


def _common(manifest: Manifest, error: GraphError, asked: Asked) -> SourceError | None:
    name, label = manifest.name, manifest.label
    if error.code in _TOKEN_REFUSED or error.lacks_token:
        why = _WHY.get(error.subcode or error.code or 0, "it is not valid")
        if asked.owned:
            return TokenExpired(name, f"{label} refused the creator's token: {why}.")
        return SourceAuthFailed(name, f"{label} refused our token: {why}.")
    if error.missing_field:
        return SourceChanged(
            name, f"{label} no longer knows the field {error.missing_field}.", field=error.missing_field
        )
    permission = error.code == _PARAMETER and _PERMISSION.search((error.message or "").lower())
    if error.code in _NOT_ALLOWED or permission or lacks_feature(error):
        return SourceAuthFailed(name, f"{label}: our token or app lacks a permission.")
    return None


def _unnamed(manifest: Manifest, answer: Answer, error: GraphError) -> SourceError | None:
    if answer.status >= 400:
        return None
    words = f"{manifest.label} refused the way we asked (code {error.code})."
    return SourceChanged(manifest.name, words, field="error")


def _page_for_people(manifest: Manifest, answer: Answer) -> SourceError | None:
    """A web page with a 4xx comes from in front of the API, which only speaks JSON: it says nothing of the account."""
    if 400 <= answer.status < 500 and answer.content_type.endswith("html"):
        return Unavailable(manifest.name, f"{manifest.label} answered with a web page instead of data.")
    return None


def _throttled(manifest: Manifest, answer: Answer, now: datetime) -> RateLimited:
    regain = reset_at(manifest.reset_headers, answer.headers, now) or now
    words = f"{manifest.label} limits how often it may be asked."
    return RateLimited(manifest.name, words, retry_at=max(regain, now + FIRST_PAUSE))


# --- usage ------------------------------------------------------------------------------------------------------------

_FIGURES = ("call_count", "total_cputime", "total_time")


def usage(headers: Mapping[str, str]) -> float:
    """Return the highest figure of the usage headers, in per cent; 0 where nothing is said."""
    plain = (one for name in ("x-app-usage", "x-page-usage") for one in _objects(headers.get(name, "")))
    groups = (group for one in _objects(headers.get("x-business-use-case-usage", "")) for group in one.values())
    entries = (entry for group in groups if isinstance(group, list) for entry in group if isinstance(entry, dict))
    return max((figure for told in (*plain, *entries) for figure in _figures(told)), default=0.0)


def _objects(told: str) -> Iterator[Mapping[str, Any]]:
    """Yield the objects of a header; one that came twice arrives joined by a comma."""
    try:
        found = json.loads(f"[{told}]")
    except (ValueError, RecursionError):
        return
    yield from (one for one in found if isinstance(one, dict))


def _figures(told: Mapping[str, Any]) -> Iterator[float]:
    for name in _FIGURES:
        try:
            figure = float(told.get(name, 0))
        except (TypeError, ValueError, OverflowError):
            continue
        if math.isfinite(figure):
            yield figure


# --- pages ------------------------------------------------------------------------------------------------------------

_CURSOR = re.compile(r"[A-Za-z0-9_=+/-]{1,1000}")
_UNTIL = re.compile(r"[?&]until=([0-9]{1,11})(?:&|$)")


def _after(value: object) -> str | None:
    return text(value.get("after")) if isinstance(value, dict) else None


def _whole_paging(value: object) -> tuple[str | None, bool, str | None]:
    """Return the cursor, whether there is a next page, and from when on it goes back, of a `paging` object.

    `next` is an address that carries our token: nothing of it is kept but the digits of a date.
    """
    if not isinstance(value, dict):
        return None, False, None
    there = text(value.get("next"), 4_000)
    until = _UNTIL.search(there) if there else None
    return _after(value.get("cursors")), there is not None, until[1] if until else None


class Paging(GraphWire):
    """Where a page of a list ends, rebuilt from cursors."""

    told: Annotated[tuple[str | None, bool, str | None], BeforeValidator(_whole_paging)] = Field(
        (None, False, None), alias="paging"
    )

    @property
    def after(self) -> str | None:
        """The cursor after this page, there or not at the end of a list."""
        return self.told[0]

    @property
    def next_page(self) -> str | None:
        """What `page_after` takes for the page that `next` announces, None on the last page."""
        after, more, until = self.told
        return (after or (f"until={until}" if until else None)) if more else None


def is_cursor(cursor: str) -> bool:
    """Return whether a cursor is made of what may stand in a field expression."""
    return _CURSOR.fullmatch(cursor) is not None


def page_after(cursor: str) -> Mapping[str, str]:
    """Return the parameter that asks for the page after a cursor, or before a moment where there are no cursors."""
    return {"until": cursor[6:]} if cursor.startswith("until=") else {"after": cursor}


# --- asking -----------------------------------------------------------------------------------------------------------

_SENDABLE = re.compile(r"[\x21-\x7e]+")
Params = Mapping[str, str | int]
Fields = Callable[[Collection[str]], Params]


def signed(manifest: Manifest, credentials: Credentials) -> tuple[Mapping[str, str], Mapping[str, str]]:
    """Return the parameters and headers that say who asks; raises SourceAuthFailed for a token that is none.

    The token goes into a header. `appsecret_proof`, its HMAC-SHA256 under the app's secret, is a parameter (Graph API,
    Securing requests), sent only when the secret is there.
    """
    token = _bare(credentials["access_token"].get_secret_value())
    if not _SENDABLE.fullmatch(token):
        raise SourceAuthFailed(manifest.name, f"{manifest.label}: our token holds characters that no token has.")
    headers = {"authorization": f"Bearer {token}"}
    secret = _bare(credentials["app_secret"].get_secret_value()) if "app_secret" in credentials else ""
    if not secret:
        return {}, headers
    proof = hmac.new(secret.encode(), token.encode(), hashlib.sha256).hexdigest()
    return {"appsecret_proof": proof}, headers


def _bare(pasted: str) -> str:
    return pasted.strip().strip("'\"").strip()


@dataclass(slots=True)
class Session:
    """The requests of one lookup under one token, and what was left out because the API no longer knows it."""

    client: "Requests"
    clock: Clock
    manifest: Manifest
    credentials: Credentials = field(repr=False)
    without: set[str] = field(default_factory=set)

    def begin(self) -> None:
        """Raise RateLimited while the token rests; a lookup under way is still finished."""
        until = self._rests.get(self._key, (FIRST_PAUSE, self.clock.now()))[1]
        if until > self.clock.now():
            words = f"{self.manifest.label}: most of what may be asked is used up."
            error = RateLimited(self.manifest.name, words, retry_at=until)
            error.ours = True
            raise error

    async def ask(self, call: Call[T], asked: Asked, path: str, params: Fields, optional: Collection[str]) -> T:
        """Ask for fields, again without an `optional` one that no longer exists; raises SourceError.

        `params` makes the parameters without the fields it is given.
        """
        while True:
            try:
                return await self._once(call, asked, path, params(self.without))
            except SourceChanged as error:
                gone = error.field or ""
                if gone not in optional or gone in self.without or len(self.without) >= _MOST_DROPPED:
                    raise
                self.without.add(gone)

    @property
    def notes(self) -> tuple[str, ...]:
        """A line for each field that was left out."""
        return tuple(f"{self.manifest.label} no longer tells {name}; it is left out." for name in sorted(self.without))

    async def _once(self, call: Call[T], asked: Asked, path: str, params: Params) -> T:
        proof, headers = signed(self.manifest, self.credentials)
        try:
            answer = await self.client.get(path, params={**params, **proof}, headers=headers)
        except HttpError as err:
            raise unreachable(self.manifest, err) from err
        try:
            found = call.read(answer, asked)
        except RateLimited as error:
            until = self._rest(error.retry_at)
            raise RateLimited(error.network, error.message, retry_at=until) from error
        if usage(answer.headers) > BUSY_ABOVE:
            self._rest(reset_at(self.manifest.reset_headers, answer.headers, self.clock.now()))
        return found

    def _rest(self, regain: datetime | None) -> datetime:
        """Let the token rest for twice as long as the last time when that was lately; returns until when."""
        now = self.clock.now()
        pause, until = self._rests.get(self._key, (timedelta(), now))
        if until <= now:  # what is refused during a rest was asked before it
            pause = min(2 * pause, LONGEST_PAUSE) if pause and now < until + pause else FIRST_PAUSE
        until = max(until, now + pause, regain or now)
        self._rests[self._key] = pause, until
        return until

    @property
    def _rests(self) -> dict[str, tuple[timedelta, datetime]]:
        return self.client.kept

    @property
    def _key(self) -> str:
        """Whose allowance it is; a digest, so that no secret is a key that somebody prints."""
        return hashlib.sha256(self.credentials["access_token"].get_secret_value().encode()).hexdigest()
