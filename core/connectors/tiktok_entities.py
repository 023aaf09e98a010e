"""What TikTok's answers look like: the Display API's, which write ids as text, and the Research API's, as numbers.

Every count is optional: a field that was not asked for, or whose scope the creator did not allow, is left out.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, SecretStr, StringConstraints

from core.connectors.answers import Answer
from core.connectors.base import Asked, LenientCount, LenientText, Wire, count, links_in, moment, text
from core.errors import SourceChanged, SourceError, Unavailable
from core.models import Post, Profile

NAME = "tiktok"
HANDLE = r"[a-z0-9._]{1,23}[a-z0-9_]"
"""How a name is written there [?]."""
TOKEN_URL = "https://open.tiktokapis.com/v2/oauth/token/"
LIMITS = frozenset({"rate_limit_exceeded", "daily_quota_limit_exceeded"})
SCOPES = frozenset({"scope_not_authorized", "scope_permission_missed"})
VIDEO_FIELDS = "id,create_time,like_count,comment_count,share_count,view_count"


def _if_object(value: object) -> object:
    return value if isinstance(value, Mapping) else None


def _if_flag(value: object) -> object:
    return value if isinstance(value, bool) else None


def _code(value: object) -> str:
    """Return an error code as text; the first version of this API wrote success as the number 0."""
    return "ok" if value == 0 and not isinstance(value, bool) else text(value, 60) or ""


def _written_out(value: object) -> object:
    """Return an id as text: the Research API's are numbers, one recorded one is wider than 64 bits."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) and 0 < value < 10**40 else value


def _seconds(value: object) -> datetime | None:
    return None if (whole := count(value)) is None else moment(whole)


def _place(value: object) -> int | None:
    """Return a cursor, a whole number; None for what is none."""
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**63 else None


_Id = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.-]{1,100}$")]
_Number = Annotated[str, BeforeValidator(_written_out), Field(pattern=r"^[0-9]{1,40}$")]
_Flag = Annotated[bool | None, BeforeValidator(_if_flag)]
_Seconds = Annotated[datetime | None, BeforeValidator(_seconds)]
_Cursor = Annotated[int | None, BeforeValidator(_place)]


class Problem(Wire):
    """The part of every answer that tells how it went; `ok` is success."""

    code: Annotated[str, BeforeValidator(_code)] = ""
    message: LenientText = None


class Judged(Wire):
    """Any answer, as far as its refusal goes."""

    error: Annotated[Problem | None, BeforeValidator(_if_object)] = None


class _Person(Wire):
    """What both APIs tell of an account."""

    display_name: LenientText = None
    bio_description: LenientText = None
    avatar_url: LenientText = None
    is_verified: _Flag = None
    follower_count: LenientCount = None
    following_count: LenientCount = None
    video_count: LenientCount = None


class User(_Person):
    """The account of the token (Display API)."""

    open_id: _Id
    username: LenientText = None


class Studied(_Person):
    """An account that was asked for by name (Research API); the answer tells neither id nor name."""


class _Video(Wire):
    create_time: _Seconds = None
    like_count: LenientCount = None
    comment_count: LenientCount = None
    share_count: LenientCount = None
    view_count: LenientCount = None


class Video(_Video):
    """One video of the token's account."""

    id: _Id


class StudiedVideo(_Video):
    """One video found by the Research API."""

    id: _Number
    username: LenientText = None
    favorites_count: LenientCount = None


class _User(Wire):
    user: User


class UserAnswer(Wire):
    """The answer of `user/info`."""

    data: _User


class StudiedAnswer(Wire):
    """The answer of `research/user/info`."""

    data: Studied


class _Listing(Wire):
    videos: Sequence[_Video] | None = None
    cursor: _Cursor = None
    has_more: _Flag = None
    comments: Any = None  # of another list

    @property
    def none_told(self) -> bool:
        """Whether it is no list of videos, not even an empty one, which comes without any."""
        return self.videos is None and (self.has_more is None or self.comments is not None)


class VideoList(_Listing):
    """A page of `video/list`; without videos where there are none."""

    videos: tuple[Video, ...] | None = None


class VideoAnswer(Wire):
    """The answer of `video/list`."""

    data: VideoList


class StudiedList(_Listing):
    """A page of `research/video/query`."""

    videos: tuple[StudiedVideo, ...] | None = None
    search_id: Annotated[LenientText, BeforeValidator(_written_out)] = None


class StudiedVideoAnswer(Wire):
    """The answer of `research/video/query`."""

    data: StudiedList


class AppToken(Wire):
    """A token of the app itself."""

    access_token: SecretStr = Field(min_length=1, max_length=4_000)
    expires_in: LenientCount = None


# --- answers to house types -------------------------------------------------------------------------------------------


def missing(field: str) -> SourceChanged:
    """Return what an answer means that lacks what it has to have."""
    return SourceChanged(NAME, f"TikTok changed its answers: field {field} (missing).", field=field)


def problem(answer: Answer) -> Problem:
    """Return how an answer says it went; nothing is said by one that is no JSON."""
    try:
        return Judged.model_validate_json(answer.body).error or Problem()
    except ValueError:
        return Problem()


def trouble(code: str) -> SourceError | None:
    """Return what a code means on either API that is a fault of TikTok's own."""
    return Unavailable(NAME, "TikTok has a problem of its own.") if code == "internal_error" else None


def is_handle(name: str) -> bool:
    """Return whether a text can be an account's name."""
    return re.fullmatch(HANDLE, name) is not None


def shown(person: User | Studied, native_id: str, handle: str, now: datetime) -> Profile:
    """Return an account as the house knows it, without a picture: TikTok's addresses of them are signed and end."""
    return Profile(
        network=NAME,
        native_id=native_id,
        handle=handle,
        display_name=person.display_name,
        url=f"https://www.tiktok.com/@{handle}" if is_handle(handle) else None,
        bio=person.bio_description,
        followers=person.follower_count,
        following=person.following_count,
        posts_total=person.video_count,
        verified=person.is_verified,
        links=links_in(person.bio_description),
        fetched_at=now,
    )


def as_posts(videos: Sequence[Video | StudiedVideo], asked: Asked) -> tuple[Post, ...]:
    """Return videos as posts; raises SourceChanged for one without a date, but for a question for other fields."""
    undated = next((number for number, video in enumerate(videos) if video.create_time is None), None)
    if undated is not None and not asked.unknown:
        raise missing(f"data.videos.{undated}.create_time")
    return tuple(_as_post(one, one.create_time, asked.handle) for one in videos if one.create_time is not None)


def _as_post(video: Video | StudiedVideo, at: datetime, handle: str) -> Post:
    """Return a video of the account of that name; only the Research API tells how often it was saved."""
    return Post(
        network=NAME,
        native_id=video.id,
        created_at=at,
        url=f"https://www.tiktok.com/@{handle}/video/{video.id}" if handle else None,
        likes=video.like_count,
        reposts=video.share_count,
        replies=video.comment_count,
        saves=video.favorites_count if isinstance(video, StudiedVideo) else None,
        views=video.view_count,
    )
