"""TikTok's Research API: any public account, for an approved project, in windows of 30 days under a daily allowance."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING, TypeVar

from pydantic import SecretStr

from core.connectors.answers import Answer
from core.connectors.base import MAX_PAGES, Asked, Call, Credentials, Page, Walk, unreachable
from core.connectors.costs import Cost
from core.connectors.faults import HttpError
from core.connectors.resets import next_utc_midnight
from core.connectors.tiktok_entities import (
    LIMITS,
    NAME,
    SCOPES,
    TOKEN_URL,
    VIDEO_FIELDS,
    AppToken,
    Problem,
    StudiedAnswer,
    StudiedVideoAnswer,
    as_posts,
    missing,
    problem,
    shown,
    trouble,
)
from core.errors import NotFound, Private, QuotaExhausted, SourceAuthFailed, SourceError, Unavailable
from core.manifest import Manifest
from core.models import Post, Profile, Snapshot

if TYPE_CHECKING:
    from core.connectors.http import Requests

_PAGE = 100  # the most a page holds [spec]
_WINDOW = timedelta(days=30)  # from the first to the last day of one question [spec]
_LONGEST_S = 7_200  # a token lives for 2 hours [spec] and is never kept longer
_EARLIER = timedelta(minutes=5)
_COST: Cost = {"units": 1}  # of 1,000 requests a day, whatever is asked [spec]
_FIELDS = "display_name,bio_description,is_verified,follower_count,following_count,video_count"
_VIDEO_FIELDS = f"{VIDEO_FIELDS},favorites_count,username"
_LATE = "TikTok: counts of the Research API can be some days old."
T = TypeVar("T")

# --- answers to house types -------------------------------------------------------------------------------------------


def _profile(body: bytes, asked: Asked) -> Profile:
    """Return an account; the answer tells no id, so the name it was asked for by has to serve."""
    person = StudiedAnswer.model_validate_json(body).data
    if not any(told is not None for told in person.model_dump().values()):
        raise missing("data.display_name")
    name = asked.handle or "unnamed"  # only a recorded answer does not tell what was asked
    return shown(person, name, name, asked.now)


def _page(body: bytes, asked: Asked) -> Page:
    """Return a page of videos; its cursor is the place and the name of the search."""
    told = StudiedVideoAnswer.model_validate_json(body).data
    if told.none_told:
        raise missing("data.videos")
    videos = told.videos or ()
    own = [video for video in videos if not asked.subject or (video.username or "").lower() == asked.subject]
    more = told.has_more and told.cursor is not None
    return Page(
        posts=as_posts(own, asked),
        cursor=f"{told.cursor} {told.search_id or ''}" if more else None,
        oldest=None,  # they come in no order that could be relied on
        items=len(videos),
        ids=tuple(video.id for video in videos),
    )


# --- errors -----------------------------------------------------------------------------------------------------------


def _errors(answer: Answer, asked: Asked) -> SourceError | None:
    """Return what a refusal means; where one code stands for several things, by its words."""
    found = problem(answer)
    if found.code in LIMITS or answer.status == 429:
        until = next_utc_midnight(asked.now)
        return QuotaExhausted(NAME, "TikTok: today's requests of the research project are used up.", retry_at=until)
    if found.code in SCOPES:
        return SourceAuthFailed(NAME, "TikTok has not approved this app for the Research API.")
    if found.code == "access_token_invalid" or answer.status == 401:
        return SourceAuthFailed(NAME, "TikTok refused our token.")
    return _in_words(found, asked) or trouble(found.code)


def _in_words(found: Problem, asked: Asked) -> SourceError | None:
    said = (found.message or "").lower()
    if found.code != "invalid_params":
        return None
    if "cannot find the user" in said:
        whom = f"@{asked.handle}" if asked.handle else "this account"
        return NotFound(NAME, f"I can't find {whom} on TikTok.")
    if "is private" in said:
        return Private(NAME, "TikTok: this account is private.")
    if "search id" in said or "count or cursor" in said:
        return Unavailable(NAME, "TikTok lost the search it was paging through.")
    return None


def _no_token(answer: Answer, asked: Asked) -> SourceError | None:
    if answer.status in (400, 401, 403) or b'"invalid_client"' in answer.body:
        return SourceAuthFailed(NAME, "TikTok refused the app's key or secret.")
    return None


# --- asking -----------------------------------------------------------------------------------------------------------


def bearer(token: SecretStr) -> Mapping[str, str]:
    """Return the header that carries a token."""
    return {"authorization": f"Bearer {token.get_secret_value()}"}


async def post(
    call: Call[T], client: "Requests", asked: Asked, token: SecretStr, fields: str, question: Mapping[str, object]
) -> T:
    """Ask one of the calls that are POSTs, at its path beneath the API's version; raises SourceError."""
    path = call.path.removeprefix("^/v2/").removesuffix("?$")
    try:
        answer = await client.post(
            path, params={"fields": fields}, json=question, headers=bearer(token), cost=call.cost
        )
    except HttpError as err:
        raise unreachable(call.manifest, err) from err
    return call.read(answer, asked)


async def app_token(client: "Requests", now: datetime, credentials: Credentials) -> AppToken:
    """Return a token of the app itself (grant client_credentials); raises SourceAuthFailed for a refused app."""
    form = {name: credentials[name].get_secret_value() for name in ("client_key", "client_secret")}
    form["grant_type"] = "client_credentials"
    try:
        answer = await client.post(client.auth_beneath(TOKEN_URL), form=form, cost={"requests": 0})
    except HttpError as err:
        raise unreachable(client.manifest, err) from err
    call = Call(client.manifest, "token", r"/oauth/token/?$", _token, _no_token)
    return call.read(answer, Asked(handle="", now=now))


def _token(body: bytes, asked: Asked) -> AppToken:
    return AppToken.model_validate_json(body)


class Programme:
    """The calls of the API, and one lookup of them."""

    def __init__(self, manifest: Manifest) -> None:
        place, listing = r"^/v2/research/user/info/?$", r"^/v2/research/video/query/?$"
        self.profile = Call(manifest, "research profile", place, _profile, _errors, method="POST", cost=_COST)
        self.videos = Call(manifest, "research posts", listing, _page, _errors, method="POST", cost=_COST)
        self.label = manifest.label

    async def snapshot(
        self, handle: str, since: datetime, client: "Requests", now: datetime, credentials: Credentials
    ) -> Snapshot:
        """Return an account and its videos since `since`; raises SourceError."""
        asked = Asked(handle=handle, now=now, subject=handle)
        windows = _windows(since.date(), now.date())
        await client.meter.afford({"units": 1 + len(windows)})  # a profile is worth nothing without its videos
        session = _Session(client, credentials, now)
        profile = await session.ask(self.profile, asked, _FIELDS, {"username": handle})
        posts: dict[str, Post] = {}
        notes, complete_from, left = [_LATE], None, MAX_PAGES
        for first, last in windows:
            walk = await Walk(since, limit=max(left, 1)).over(self._pages(session, asked, first, last), self.label)
            posts.update((video.native_id, video) for video in walk.inside())
            notes += walk.notes
            if not walk.whole:
                break
            complete_from = max(since, datetime(first.year, first.month, first.day, tzinfo=UTC))
            left -= 1 + len(walk.known) // _PAGE
        newest_first = sorted(posts.values(), key=lambda video: (video.created_at, video.native_id), reverse=True)
        return Snapshot(
            profile=profile,
            posts=tuple(newest_first),
            access="research_programme",
            complete_from=complete_from,
            notes=tuple(notes),
        )

    def _pages(self, session: "_Session", asked: Asked, first: date, last: date) -> "_Pages":
        return _Pages(self.videos, session, asked, first, last)


def _windows(begin: date, last: date) -> list[tuple[date, date]]:
    """Return the first and last days to ask for, newest first, none longer than TikTok takes."""
    found: list[tuple[date, date]] = []
    while last >= begin and len(found) < MAX_PAGES:
        first = max(begin, last - _WINDOW)
        found.append((first, last))
        last = first - timedelta(days=1)
    return found


@dataclass(frozen=True, slots=True)
class _Pages:
    """The pages of some days' videos."""

    call: Call[Page]
    session: "_Session"
    asked: Asked
    first: date
    last: date

    async def __call__(self, cursor: str | None) -> Page:
        place, _, search = (cursor or "0 ").partition(" ")
        whose = {"operation": "EQ", "field_name": "username", "field_values": [self.asked.handle]}
        question: dict[str, object] = {
            "query": {"and": [whose]},
            "start_date": f"{self.first:%Y%m%d}",
            "end_date": f"{self.last:%Y%m%d}",
            "max_count": _PAGE,
            "cursor": int(place),
        }
        question |= {"search_id": search} if search else {}
        return await self.session.ask(self.call, self.asked, _VIDEO_FIELDS, question)


@dataclass(slots=True)
class _Session:
    """Requests of one lookup under the app's token, which is kept between lookups and renewed once when refused."""

    client: "Requests"
    credentials: Credentials
    now: datetime
    renewed: bool = False

    async def ask(self, call: Call[T], asked: Asked, fields: str, question: Mapping[str, object]) -> T:
        """Ask with the token; raises SourceError."""
        token, until = self.client.kept.get(self._key, (None, self.now))
        if token is None or until <= self.now:
            token = await self._sign_in()
        try:
            return await post(call, self.client, asked, token, fields, question)
        except SourceAuthFailed:
            self.client.kept.pop(self._key, None)
            if self.renewed:
                raise
            self.renewed = True
        return await post(call, self.client, asked, await self._sign_in(), fields, question)

    async def _sign_in(self) -> SecretStr:
        told = await app_token(self.client, self.now, self.credentials)
        lives = timedelta(seconds=min(told.expires_in or 0, _LONGEST_S)) - _EARLIER
        self.client.kept[self._key] = told.access_token, self.now + lives
        return told.access_token

    @property
    def _key(self) -> str:
        pair = "\n".join(self.credentials[name].get_secret_value() for name in ("client_key", "client_secret"))
        return f"research {sha256(pair.encode()).hexdigest()}"  # each team's app has a token of its own
