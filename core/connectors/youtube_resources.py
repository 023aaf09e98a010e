"""What YouTube's Data API answers: channels, playlist items and videos (discovery document, revision 20261104)."""

import re
from datetime import datetime
from typing import Annotated

from pydantic import BeforeValidator, Field

from core.connectors.base import Code, LenientCount, LenientMoment, LenientText, NeededMoment, Wire, text

_VIDEO_ID = re.compile(r"[A-Za-z0-9_-]{1,32}")  # 11 today; it enters a list with commas
PLAYLIST_ID = re.compile(r"[A-Za-z0-9_-]{2,64}")


def _picture(value: object) -> str | None:
    """Return the largest thumbnail's address of a map of them."""
    if not isinstance(value, dict):
        return None
    shown = (value.get(size) for size in ("high", "medium", "default"))
    return next((url for one in shown if isinstance(one, dict) and (url := text(one.get("url")))), None)


class _ChannelSnippet(Wire):
    title: LenientText = None
    description: LenientText = None
    custom_url: LenientText = Field(None, alias="customUrl")
    opened: LenientMoment = Field(None, alias="publishedAt")
    picture: Annotated[str | None, BeforeValidator(_picture)] = Field(None, alias="thumbnails")


class _ChannelStatistics(Wire):  # counts are strings; the subscribers are rounded to three digits
    subscribers: LenientCount = Field(None, alias="subscriberCount")
    hidden: bool = Field(False, alias="hiddenSubscriberCount")
    videos: LenientCount = Field(None, alias="videoCount")


class _Playlists(Wire):
    uploads: LenientText = None


class _ChannelContent(Wire):
    playlists: _Playlists = Field(_Playlists(), alias="relatedPlaylists")


class _ChannelStatus(Wire):
    privacy: Code = Field("", alias="privacyStatus")


class Channel(Wire):
    """One channel."""

    id: str = Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")
    snippet: _ChannelSnippet = _ChannelSnippet()
    statistics: _ChannelStatistics = _ChannelStatistics()
    content: _ChannelContent = Field(_ChannelContent(), alias="contentDetails")
    status: _ChannelStatus = _ChannelStatus()


class _Listing(Wire):
    """What every list answer has; `items` may be absent where nothing was found."""

    kind: LenientText = None
    page: object = Field(None, alias="pageInfo")

    @property
    def told(self) -> bool:
        """Whether it is a list answer at all, if only an empty one."""
        return self.kind is not None or self.page is not None


class Channels(_Listing):
    """The answer of channels.list."""

    items: tuple[Channel, ...] | None = None


class _Resource(Wire):
    video: LenientText = Field(None, alias="videoId")


class _ItemSnippet(Wire):
    resource: _Resource = Field(_Resource(), alias="resourceId")
    added: LenientMoment = Field(None, alias="publishedAt")


class _ItemContent(Wire):
    video: LenientText = Field(None, alias="videoId")
    published: LenientMoment = Field(None, alias="videoPublishedAt")  # absent of private and deleted videos


class _Item(Wire):
    """One entry of a playlist."""

    snippet: _ItemSnippet = _ItemSnippet()
    content: _ItemContent = Field(_ItemContent(), alias="contentDetails")

    @property
    def video(self) -> str:
        """The video's id, empty when there is none that could be one."""
        found = self.content.video or self.snippet.resource.video or ""
        return found if _VIDEO_ID.fullmatch(found) else ""

    @property
    def at(self) -> datetime | None:
        """When the video came out."""
        return self.content.published or self.snippet.added


class Items(_Listing):
    """The answer of playlistItems.list."""

    items: tuple[_Item, ...] | None = None
    cursor: LenientText = Field(None, alias="nextPageToken")


class _VideoSnippet(Wire):
    channel: str = Field("", alias="channelId")
    published: NeededMoment = Field(alias="publishedAt")
    live: Code = Field("", alias="liveBroadcastContent")


class _VideoStatistics(Wire):  # favoriteCount is always 0; likes are absent when hidden, comments when off
    views: LenientCount = Field(None, alias="viewCount")
    likes: LenientCount = Field(None, alias="likeCount")
    comments: LenientCount = Field(None, alias="commentCount")


class Video(Wire):
    """One video."""

    id: str = Field(pattern=r"^[A-Za-z0-9_-]{1,32}$")
    snippet: _VideoSnippet | None = None
    statistics: _VideoStatistics = _VideoStatistics()


class Videos(_Listing):
    """The answer of videos.list."""

    items: tuple[Video, ...] | None = None


class _Reason(Wire):
    reason: Code = ""


class _Fault(Wire):
    errors: tuple[_Reason, ...] = ()
    details: tuple[_Reason, ...] = ()


class Refusal(Wire):
    """An error answer; `errors` are the older way to name a reason, `details` the newer one."""

    error: _Fault = _Fault()
