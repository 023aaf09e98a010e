"""YouTube: channels and their videos, through the Data API and an API key.

A lookup is the channel, a page of its uploads playlist (ids and dates only) and the counts of those videos; `search` is
never asked, it has a small quota of its own.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from core.connectors.answers import Answer
from core.connectors.base import (
    Asked,
    Call,
    Credentials,
    Page,
    Walk,
    ask,
    links_in,
    rate_limited,
)
from core.connectors.costs import Cost
from core.connectors.resets import next_pacific_midnight
from core.connectors.youtube_resources import PLAYLIST_ID, SHOWN, UPLOADED, Channel, Channels, Refusal, Uploads, Videos
from core.errors import (
    NotFound,
    Private,
    QuotaExhausted,
    RateLimited,
    SourceAuthFailed,
    SourceChanged,
    SourceError,
    Suspended,
)
from core.manifest import BudgetRule, Credential, HandleRule, Manifest, Target, UrlForm, Verified
from core.models import Clock, Profile, Snapshot

if TYPE_CHECKING:
    from core.connectors.http import Requests

# Handles are allowed in many scripts with their vowel signs, which \w does not know: letters by block, no
# punctuation, symbols or emoji beyond . _ - and the middle dot.
_FIRST = r"a-z0-9_\u00c0-\u1fff\u2c00-\u2dff\u3005-\u3007\u3041-\ud7ff\uf900-\ufaff\U00020000-\U0003ffff"

MANIFEST = Manifest(
    name="youtube",
    label="YouTube",
    hosts=("www.googleapis.com",),
    base_url="https://www.googleapis.com/youtube/v3/",
    handles=HandleRule(
        pattern=rf"user/[a-z0-9]{{1,40}}|[{_FIRST}][{_FIRST}.·-]{{1,28}}[{_FIRST}-]",
        hint="@name with 3 to 30 letters, digits or . _ - ·, or a channel id that begins with UC",
        example="@glowguru",
        native_pattern=r"UC[A-Za-z0-9_-]{22}",
        urls=(
            UrlForm(
                hosts=("youtube.com", "music.youtube.com", "gaming.youtube.com"),
                path=r"/@(?P<handle>[^/]+)(?:/.*)?",
            ),
            UrlForm(
                hosts=("youtube.com", "music.youtube.com", "gaming.youtube.com"),
                path=r"/channel/(?P<native_id>[^/]+)(?:/.*)?",
            ),
            # the user names of before 2012, which the API looks up by a parameter of their own
            UrlForm(hosts=("youtube.com",), path=r"/(?P<handle>user/[^/]+)(?:/.*)?"),
        ),
        unresolvable=(
            UrlForm(hosts=("youtube.com",), path=r"/c/.+|/(?:watch|shorts|live|playlist|embed)(?:/.*)?"),
            UrlForm(hosts=("youtube.com",), path=r"/[^/@]+"),
            UrlForm(hosts=("youtu.be",), path=r".*"),
        ),
    ),
    credentials=(
        Credential(
            name="api_key",
            help="In the Google Cloud console make a project, enable YouTube Data API v3, and create an API key "
            "restricted to it.",
        ),
    ),
    budgets=(
        BudgetRule(
            unit="units",
            window="pacific_day",
            setting="daily_units",
            default=10_000,
            per_lookup=3,
            help="Units of the Data API in one day, which ends at midnight in Los Angeles.",
        ),
    ),
    setup_url="https://console.cloud.google.com/apis/library/youtube.googleapis.com",
    counts=frozenset({"likes", "replies", "views"}),
    combine="separate",
    reset_headers=(),
    retention=timedelta(days=30),  # YouTube's developer policies: refresh or delete within 30 days
    limits="10,000 units a day; a lookup with 50 videos takes 3.",
    cost="Free; needs an API key.",
    attribution="YouTube",
    reads="Subscribers (rounded by YouTube), and views, likes and comments of uploaded videos.",
    cannot_see=(
        "Shares, saves, and whatever a channel hides. YouTube's terms keep it out of the total: it has its own score. "
        "Set CLOUT_YOUTUBE__COMBINE=sum only after accepting YouTube's amendment on derived metrics."
    ),
    off_wording="A free YouTube API key adds subscribers, views, likes and comments as a score of its own.",
)

_PAGE = 50  # the most a page holds, and the most videos asked for at once [spec]
_UNIT: Cost = {"units": 1}  # every list call, refused ones too (Data API, quota calculator)
_LONGEST_PAUSE = timedelta(hours=1)
_SITE = "https://www.youtube.com"
_WATCH = f"{_SITE}/watch?v="

# --- answers to house types -------------------------------------------------------------------------------------------


def _changed(field: str) -> SourceChanged:
    return SourceChanged(MANIFEST.name, f"YouTube changed its answers: field {field}.", field=field)


def _channel(body: bytes, asked: Asked) -> Channel:
    found = Channels.model_validate_json(body)
    if found.misfit:
        raise _changed(found.misfit)
    if not found.items:  # an unknown channel is a 200 without items
        raise NotFound(MANIFEST.name, f"I can't find {_named(asked.handle)} on YouTube.")
    return found.items[0]


def _named(handle: str) -> str:
    return f"@{handle}" if re.fullmatch(MANIFEST.handles.pattern, handle) and "/" not in handle else "this channel"


def _profile(body: bytes, asked: Asked) -> Profile | None:
    """Return the channel, None for several of which nobody knows which one was asked for."""
    several = asked.unknown and len(Channels.model_validate_json(body).items or ()) > 1
    return None if several else _shown(_channel(body, asked), asked)


def _shown(channel: Channel, asked: Asked) -> Profile:
    snippet, statistics = channel.snippet, channel.statistics
    handle = _handle(snippet.custom_url) or asked.handle or channel.id
    return Profile(
        network=MANIFEST.name,
        native_id=channel.id,
        handle=handle,
        display_name=snippet.title,
        url=f"{_SITE}/channel/{channel.id}",  # lasts through a change of handle
        avatar_url=snippet.picture,
        bio=snippet.description,
        created_at=snippet.opened,
        followers=None if statistics.hidden else statistics.subscribers,
        posts_total=statistics.videos,
        protected=channel.status.privacy == "private",
        links=links_in(snippet.description),
        fetched_at=asked.now,
    )


def _handle(custom_url: str | None) -> str | None:
    """Return the handle in `customUrl`, which once held another kind of name, without an @."""
    name = (custom_url or "").lower()
    return name[1:] if name.startswith("@") and re.fullmatch(MANIFEST.handles.pattern, name[1:]) else None


def _uploads(body: bytes, asked: Asked) -> Page:
    """Return the videos of a playlist's page as posts of which nothing is known but their dates."""
    found = Uploads.model_validate_json(body)
    if found.misfit:
        raise _changed(found.misfit)
    items = [item for item in found.items or () if item["native_id"]]
    ids = tuple(dict.fromkeys(item["native_id"] for item in items))
    dated = {item["native_id"]: item for item in items if item["created_at"] is not None}
    # an old one out of its turn is no end of the window: only the last one tells how far the page reaches
    oldest = next((item["created_at"] for item in reversed(dated.values())), None)
    posts = UPLOADED.posts(dated.values())
    return Page(posts=posts, cursor=found.cursor, oldest=oldest, items=len(found.items or ()), ids=ids)


def _videos(body: bytes, asked: Asked) -> Page:
    found = Videos.model_validate_json(body)
    if found.misfit:
        raise _changed(found.misfit)
    items = found.items or []
    if asked.subject and any(item["created_at"] is None for item in items):
        undated = [number for number, item in enumerate(items) if item["created_at"] is None]
        whole = items[undated[0]]["channel"] is not None  # asked for, so it has to be there
        raise _changed(f"items.{undated[0]}.snippet.publishedAt" if whole else "snippet")
    ids = tuple(item["native_id"] for item in items)
    whose = asked.subject
    own = [
        item
        for item in items
        # one that is only announced is not out yet
        if item["created_at"] is not None and item["live"] != "upcoming" and (not whose or item["channel"] == whose)
    ]
    for item in own:
        item["url"] = _WATCH + item["native_id"]
    return Page(posts=SHOWN.posts(own), items=len(items), ids=ids)


# --- errors -----------------------------------------------------------------------------------------------------------

_QUOTA = frozenset({"quotaExceeded", "dailyLimitExceeded"})
_RATE = frozenset({"rateLimitExceeded", "userRateLimitExceeded", "RATE_LIMIT_EXCEEDED"})
_KEY = frozenset({"keyInvalid", "keyExpired", "API_KEY_INVALID", "API_KEY_EXPIRED", "accessNotConfigured", "forbidden"})
_CLOSED = frozenset({"channelClosed", "channelSuspended"})
_SHUT = frozenset({"channelForbidden", "playlistItemsNotAccessible"})


def _errors(answer: Answer, asked: Asked) -> SourceError | None:
    """Return what a refusal means by its reason; its message is for people and may hold HTML."""
    if not 400 <= answer.status < 500:
        return None
    name, reasons = MANIFEST.name, _reasons(answer)
    if reasons & _QUOTA:
        until = next_pacific_midnight(asked.now)
        return QuotaExhausted(name, "YouTube: today's units are used up.", retry_at=until)
    if reasons & _RATE:
        return rate_limited(MANIFEST, answer, asked.now)
    if reasons & _KEY:
        return SourceAuthFailed(name, "YouTube refused our key, or the key may not use YouTube Data API v3.")
    if reasons & _CLOSED:
        return Suspended(name, "YouTube has closed this channel.")
    if reasons & _SHUT:
        return Private(name, "YouTube: this channel is not public.")
    return None


def _reasons(answer: Answer) -> frozenset[str]:
    try:
        error = Refusal.model_validate_json(answer.body).error
    except ValueError:
        return frozenset()
    return frozenset(one.reason for one in (*error.errors, *error.details))


class _UploadsCall(Call[Page]):
    """A call for a playlist that is not there when nothing was ever uploaded, or nothing is left."""

    def read(self, answer: Answer, asked: Asked) -> Page:
        if answer.status == 404 and "playlistNotFound" in _reasons(answer):
            return Page(posts=())
        return super().read(answer, asked)


PROFILE = Call(MANIFEST, "profile", r"/channels$", _profile, _errors, cost=_UNIT)
UPLOADS = _UploadsCall(MANIFEST, "uploads", r"/playlistItems$", _uploads, _errors, cost=_UNIT)
VIDEOS = Call(MANIFEST, "posts", r"/videos$", _videos, _errors, cost=_UNIT)
CALLS = (PROFILE, UPLOADS, VIDEOS)
_CHANNEL = Call(MANIFEST, "channel", PROFILE.path, _channel, _errors, cost=_UNIT)  # before it becomes a profile
_TRIAL = Call(MANIFEST, "trial", PROFILE.path, lambda body, asked: None, _errors, cost=_UNIT)


# --- one lookup -------------------------------------------------------------------------------------------------------


async def fetch(
    target: Target, since: datetime, client: "Requests", clock: Clock, credentials: Credentials
) -> Snapshot:
    """Return a channel and its videos since `since`; raises one SourceError.

    Costs a unit for the channel and two for each 50 videos.
    """
    asked = Asked(handle=target.handle, now=clock.now())
    try:
        return await _Lookup(client, asked, since, _headers(credentials)).snapshot(_who(target))
    except RateLimited as error:
        raise _patient(client, error, asked.now) from error


@dataclass(frozen=True, slots=True)
class _Lookup:
    """One channel being read."""

    client: "Requests"
    asked: Asked
    since: datetime
    headers: Mapping[str, str]

    async def snapshot(self, who: Mapping[str, str]) -> Snapshot:
        params = {"part": "id,snippet,statistics,contentDetails,status", **who}
        channel = await ask(_CHANNEL, self.client, self.asked, "channels", params, self.headers)
        profile = _shown(channel, self.asked)
        notes = ("YouTube: subscriber count is hidden.",) if channel.statistics.hidden else ()
        uploads = channel.content.playlists.uploads or ""
        if not PLAYLIST_ID.fullmatch(uploads):
            return Snapshot(profile=profile, notes=(*notes, "YouTube: this channel does not list its uploads."))
        asked = replace(self.asked, handle=profile.handle, subject=channel.id)

        async def page(cursor: str | None) -> Page:
            return await self._page(asked, uploads, cursor)

        walk = await Walk(self.since).over(page, MANIFEST.label)
        notes = (*notes, *walk.notes)
        return Snapshot(profile=profile, posts=walk.inside(), complete_from=walk.complete_from, notes=notes)

    async def _page(self, asked: Asked, uploads: str, cursor: str | None) -> Page:
        """Return a page of the playlist with the counts of its videos; those before the window are not paid for."""
        params = {"part": "contentDetails", "playlistId": uploads, "maxResults": _PAGE}
        params |= {"pageToken": cursor} if cursor is not None else {}
        listed = await ask(UPLOADS, self.client, asked, "playlistItems", params, self.headers)
        early = {post.native_id for post in listed.posts if post.created_at < self.since}
        wanted = [video for video in listed.ids if video not in early][:_PAGE]
        if not wanted:
            return replace(listed, posts=())
        params = {"part": "snippet,statistics", "id": ",".join(wanted)}
        videos = await ask(VIDEOS, self.client, asked, "videos", params, self.headers)
        return replace(listed, posts=videos.posts)


def _who(target: Target) -> Mapping[str, str]:
    """Return the parameter that names a channel; raises NotFound for what is no name, before it enters an address."""
    rule, handle = MANIFEST.handles, target.handle
    if re.fullmatch(rule.native_pattern or "", target.native_id or handle):
        return {"id": target.native_id or handle}
    if target.native_id is not None or not re.fullmatch(rule.pattern, handle):
        raise NotFound(MANIFEST.name, "YouTube: that cannot be a channel.")
    former = handle.removeprefix("user/")
    return {"forUsername": former} if former != handle else {"forHandle": f"@{handle}"}


def _patient(client: "Requests", error: RateLimited, now: datetime) -> RateLimited:
    """Return a refusal with twice the pause of the last one when it follows soon; YouTube names no time itself."""
    kept: dict[str, Any] = client.kept
    pause, until = kept.get("pause", (timedelta(), now))
    again = now < until + pause
    pause = min(2 * pause, _LONGEST_PAUSE) if pause and again else (error.retry_at or now) - now
    kept["pause"] = pause, now + pause
    return RateLimited(error.network, error.message, retry_at=now + pause)


async def verify(client: "Requests", clock: Clock, credentials: Credentials) -> Verified:
    """Try the key with one request that costs a unit; raises SourceAuthFailed for a refused one."""
    params = {"part": "id", "forHandle": "@youtube"}
    await ask(_TRIAL, client, Asked(handle="", now=clock.now()), "channels", params, _headers(credentials))
    return Verified()


def _headers(credentials: Credentials) -> Mapping[str, str]:
    return {"x-goog-api-key": credentials["api_key"].get_secret_value()}
