"""What YouTube's Data API answers: channels, playlist items and videos (discovery document, revision 20261104)."""

import re
from collections.abc import Sequence
from typing import Annotated, ClassVar

from pydantic import BeforeValidator, Field

from core.connectors.base import Code, LenientCount, LenientMoment, LenientText, Wire, text
from core.connectors.items import CountText, Item, Items, LenientStamp, Place

_VideoId = Annotated[str, Field(strict=True, max_length=32, pattern=r"^[A-Za-z0-9_-]+$")]
"""11 characters today; it enters a list with commas."""
PLAYLIST_ID = re.compile(r"[A-Za-z0-9_-]{2,64}")


def _picture(value: object) -> str | None:
    """Return the largest thumbnail's address of a map of them."""
    if not isinstance(value, dict):
        return None
    shown = (value.get(size) for size in ("high", "medium", "default"))
    return next((url for one in shown if isinstance(one, dict) and (url := text(one.get("url")))), None)


def _if_object(value: object) -> object:
    return value if isinstance(value, dict) else {}


def _if_true(value: object) -> bool:
    return value is True


class _ChannelSnippet(Wire):
    title: LenientText = None
    description: LenientText = None
    custom_url: LenientText = Field(None, alias="customUrl")
    opened: LenientMoment = Field(None, alias="publishedAt")
    picture: Annotated[str | None, BeforeValidator(_picture)] = Field(None, alias="thumbnails")


class _ChannelStatistics(Wire):  # counts are strings; the subscribers are rounded to three digits
    subscribers: LenientCount = Field(None, alias="subscriberCount")
    hidden: Annotated[bool, BeforeValidator(_if_true)] = Field(False, alias="hiddenSubscriberCount")
    videos: LenientCount = Field(None, alias="videoCount")


class _Playlists(Wire):
    uploads: LenientText = None


class _ChannelContent(Wire):
    playlists: Annotated[_Playlists, BeforeValidator(_if_object)] = Field(_Playlists(), alias="relatedPlaylists")


class _ChannelStatus(Wire):
    privacy: Code = Field("", alias="privacyStatus")


class Channel(Wire):
    """One channel."""

    id: str = Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")
    snippet: Annotated[_ChannelSnippet, BeforeValidator(_if_object)] = _ChannelSnippet()
    statistics: Annotated[_ChannelStatistics, BeforeValidator(_if_object)] = _ChannelStatistics()
    content: Annotated[_ChannelContent, BeforeValidator(_if_object)] = Field(_ChannelContent(), alias="contentDetails")
    status: Annotated[_ChannelStatus, BeforeValidator(_if_object)] = _ChannelStatus()


class _Listing(Wire):
    """What every list answer has; `items` may be absent where nothing was found."""

    resource: ClassVar[str]
    items: Sequence[object] | None = None
    kind: LenientText = None
    page: object = Field(None, alias="pageInfo")

    @property
    def misfit(self) -> str:
        """The field that tells that it is no list answer, or one of other things; empty when it is as it should be."""
        if self.kind is not None and self.kind != f"youtube#{self.resource}ListResponse":
            return "kind"
        return "items" if self.items is None and self.kind is None and self.page is None else ""


class Channels(_Listing):
    """The answer of channels.list."""

    resource = "channel"
    items: tuple[Channel, ...] | None = None


UPLOADED = Items(
    "youtube",
    native_id=Place("contentDetails.videoId|snippet.resourceId.videoId", _VideoId),
    # absent of private and deleted videos, which were still added
    created_at=Place("contentDetails.videoPublishedAt|snippet.publishedAt", LenientStamp),
)
"""Entries of a playlist: a video without an id that could be one has None."""


class Uploads(_Listing):
    """The answer of playlistItems.list."""

    resource = "playlistItem"
    items: Annotated[list[Item], UPLOADED] | None = None
    cursor: LenientText = Field(None, alias="nextPageToken")


SHOWN = Items(
    "youtube",
    native_id=Place("id", _VideoId, needed=True),
    created_at=Place("snippet.publishedAt", LenientStamp),
    likes=Place("statistics.likeCount", CountText),  # absent when hidden; favoriteCount is always 0
    replies=Place("statistics.commentCount", CountText),  # absent when off
    views=Place("statistics.viewCount", CountText),
    channel=Place("snippet.channelId", str),
    live=Place("snippet.liveBroadcastContent", str),
)
"""Videos; asides are whose one is and whether it is out yet."""


class Videos(_Listing):
    """The answer of videos.list."""

    resource = "video"
    items: Annotated[list[Item], SHOWN] | None = None


class _Reason(Wire):
    reason: Code = ""


class _Fault(Wire):
    errors: tuple[_Reason, ...] = ()
    details: tuple[_Reason, ...] = ()


class Refusal(Wire):
    """An error answer; `errors` are the older way to name a reason, `details` the newer one."""

    error: _Fault = _Fault()
