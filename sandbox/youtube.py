"""YouTube's Data API, as far as channels, uploads and videos go: read with a key, counted in units."""

from collections import Counter
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

from sandbox.clock import MovableClock, iso
from sandbox.faults import Fault
from sandbox.network import PlainNetwork
from sandbox.wire import Answer, Ask, Json, as_html, as_json, packed, unpacked
from sandbox.world import Account, PostView, World, digest

KEY = "sandbox-youtube-key"
QUOTA = 10_000  # units a day and key
PAGE, DEFAULT_PAGE = 50, 5
PACIFIC = ZoneInfo("America/Los_Angeles")
QUOTA_WORDS = 'The request cannot be completed because you have exceeded your <a href="/youtube/v3/quota">quota</a>.'


def _refuse(code: int, reason: str, domain: str = "youtube.parameter", words: str = "", **more: Any) -> Answer:
    said = words or f"The request was refused: <code>{reason}</code>."
    errors = [{"message": said, "domain": domain, "reason": reason}]
    return as_json({"error": {"code": code, "message": said, "errors": errors, **more}}, code)


def _bad_key() -> Answer:
    detail = {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "API_KEY_INVALID"}
    words = "API key not valid. Please pass a valid API key."
    more = {"status": "INVALID_ARGUMENT", "details": [{**detail, "domain": "googleapis.com"}]}
    return _refuse(400, "badRequest", "global", words, **more)


def _over_quota() -> Answer:
    return _refuse(403, "quotaExceeded", "youtube.quota", QUOTA_WORDS)


REFUSALS: dict[str, tuple[int, str, str]] = {
    "rate": (403, "rateLimitExceeded", "usageLimits"),
    "user_rate": (403, "userRateLimitExceeded", "usageLimits"),
    "key_invalid": (400, "keyInvalid", "usageLimits"),
    "not_enabled": (403, "accessNotConfigured", "usageLimits"),
    "forbidden": (403, "forbidden", "global"),
    "no_uploads": (404, "playlistNotFound", "youtube.playlistItem"),
    "closed": (403, "channelSuspended", "youtube.channel"),
    "not_public": (403, "playlistItemsNotAccessible", "youtube.playlistItem"),
    "bad_token": (400, "invalidPageToken", "youtube.parameter"),
}
"""Faults that are a refusal with a reason."""
_AT_THE_PLAYLIST = frozenset({"no_uploads", "not_public", "bad_token"})


class YouTube(PlainNetwork):
    """Answers channels, playlistItems and videos; every list call costs a unit, refused ones too."""

    name = "youtube"
    cursor = "pageToken"

    def __init__(self, world: World, clock: MovableClock) -> None:
        super().__init__(world, clock)
        self.quota = QUOTA
        self.units: Counter[tuple[str, str]] = Counter()
        """Units spent by Pacific day and key."""

    # --- what the server asks for ---------------------------------------------------------------------------------

    def answer(self, ask: Ask) -> Answer:
        """Return the answer in good weather."""
        if _key(ask) != KEY:
            return _bad_key() if _key(ask) else _refuse(403, "forbidden", "global")
        if not ask.params.get("part"):
            return _refuse(400, "missingRequiredParameter")
        match ask.parts:
            case ["channels"]:
                return self._channels(ask)
            case ["playlistItems"]:
                return self._playlist(ask)
            case ["videos"]:
                return self._videos(ask)
        return as_html("Not Found", 404)

    def finish(self, ask: Ask, answer: Answer) -> Answer:
        """Count a unit; over the day's quota the answer is a refusal."""
        today = self._clock.now().astimezone(PACIFIC).date().isoformat()
        self.units[today, _key(ask)] += 1
        return _over_quota() if self.units[today, _key(ask)] > self.quota else answer

    def cache_key(self, ask: Ask) -> str:
        """Return path, query and key."""
        return f"{ask.method} {ask.path}?{ask.query} {_key(ask)}"

    def subjects(self, ask: Ask) -> frozenset[str]:
        """Return the names of the channel asked for."""
        asked = ask.params
        uploads = asked.get("playlistId", "")
        names = [asked.get("forHandle", "").lstrip("@"), asked.get("forUsername", ""), asked.get("id", "")]
        names.append("UC" + uploads[2:] if uploads else "")
        found = [account for name in names if name and (account := self._world.find("youtube", name)) is not None]
        found += [self._known[one][0] for one in asked.get("id", "").split(",") if one in self._known]
        return frozenset(name for account in found for name in account.names)

    def limit(self, ask: Ask) -> int:
        """Return the day's units."""
        return self.quota

    def limited(self, fault: Fault, ask: Ask, reset: int) -> Answer:
        """Return the refusal of one who asks too fast; it never says until when."""
        return _refuse(429, "rateLimitExceeded", "global", status="RESOURCE_EXHAUSTED")

    def broken(self, status: int, ask: Ask) -> Answer:
        """Return a server error."""
        return _refuse(status, "backendError", "global", "Backend Error")

    def special(self, ask: Ask, fault: Fault) -> Answer | None:
        """Return the answer of a fault that only YouTube knows."""
        if fault.kind in _AT_THE_PLAYLIST and ask.path != "playlistItems":
            return None
        if fault.kind == "bad_token" and not self.has_cursor(ask):
            return None
        if fault.kind == "quota":
            return _over_quota()
        if fault.kind == "api_key_invalid":
            return _bad_key()
        if fault.kind == "not_found":
            return _listing("channel", [], 0)
        return _refuse(*REFUSALS[fault.kind])

    # --- the calls ------------------------------------------------------------------------------------------------

    def _channels(self, ask: Ask) -> Answer:
        asked = ask.params
        if "forHandle" in asked:
            names = [asked["forHandle"].removeprefix("@")]
        else:
            names = asked.get("id", asked.get("forUsername", "")).split(",")[:PAGE]
        found = [account for name in names if name and (account := self._world.find("youtube", name)) is not None]
        return _listing("channel", [self._channel(account) for account in found], len(found))

    def _playlist(self, ask: Ask) -> Answer:
        account = self._world.find("youtube", "UC" + ask.params.get("playlistId", "")[2:])
        if account is None or "no_uploads" in account.quirks:
            return _refuse(404, "playlistNotFound", "youtube.playlistItem")
        size = _size(ask.params.get("maxResults", ""))
        start = _offset(ask.params.get("pageToken"))
        if start is None:
            return _refuse(400, "invalidPageToken")
        shown = account.timeline.visible(self._moment())[::-1]
        items = [self._item(account, int(index)) for index in shown[start : start + size]]
        more = {"nextPageToken": _page_token(start + size)} if start + size < len(shown) else {}
        return _listing("playlistItem", items, len(shown), **more)

    def _videos(self, ask: Ask) -> Answer:
        names = ask.params.get("id", "").split(",")
        if len(names) > PAGE:
            return _refuse(400, "invalidParameter")
        moment = self._moment()
        found = [self._known[name] for name in names if name in self._known]
        alive = [(account, index) for account, index in found if index in account.timeline.visible(moment)]
        return _listing("video", [_video(account.view(index, moment)) for account, index in alive], len(alive))

    # --- the shapes -----------------------------------------------------------------------------------------------

    @cached_property
    def _known(self) -> dict[str, tuple[Account, int]]:
        """Return every video there ever is by its id."""
        accounts = self._world.accounts("youtube")
        return {_video_id(account, n): (account, n) for account in accounts for n in range(len(account.timeline.at))}

    def _channel(self, account: Account) -> Json:
        moment = self._moment()
        hidden = "hidden_subscribers" in account.quirks
        sizes = {"default": 88, "medium": 240, "high": 800}
        pictures = {
            size: {"url": f"https://yt3.example/{account.native_id}=s{px}", "width": px, "height": px}
            for size, px in sizes.items()
        }
        words = {"title": account.name, "description": account.bio}
        followers = 0 if hidden else _rounded(account.followers(moment))
        posts = account.posts_total(moment)
        return {
            "kind": "youtube#channel",
            "etag": digest(account.native_id).hex()[:27],
            "id": account.native_id,
            "snippet": {
                **words,
                "customUrl": f"@{account.handle}",
                "publishedAt": iso(account.opened().timestamp()),
                "thumbnails": pictures,
                "localized": words,
            },
            "contentDetails": {"relatedPlaylists": {"likes": "", "uploads": "UU" + account.native_id[2:]}},
            "statistics": {
                "viewCount": str(followers * 40),
                "subscriberCount": str(followers),
                "hiddenSubscriberCount": hidden,
                "videoCount": str(posts),
            },
            "status": {"privacyStatus": "public", "isLinked": True, "longUploadsStatus": "longUploadsUnspecified"},
        }

    def _item(self, account: Account, index: int) -> Json:
        name = _video_id(account, index)
        details = {"videoId": name, "videoPublishedAt": iso(float(account.timeline.at[index]))}
        return {"kind": "youtube#playlistItem", "etag": name, "id": f"UU{name}", "contentDetails": details}


def _video(post: PostView) -> Json:
    account = post.account
    counts = {"viewCount": str(post.views), "favoriteCount": "0"}
    if "hidden_counts" not in account.quirks:
        counts |= {"likeCount": str(post.likes), "commentCount": str(post.replies)}
    return {
        "kind": "youtube#video",
        "etag": digest(f"{post.at}").hex()[:27],
        "id": _video_id(account, post.index),
        "snippet": {
            "publishedAt": iso(post.at),
            "channelId": account.native_id,
            "title": post.text[:100],
            "description": post.text,
            "channelTitle": account.name,
            "categoryId": "22",
            "liveBroadcastContent": "none",
        },
        "statistics": counts,
    }


def _listing(kind: str, items: list[Json], total: int, **more: Any) -> Answer:
    """Return a list answer; an empty list of channels has no `items` at all."""
    shown = {"items": items} if items or kind != "channel" else {}
    page = {"totalResults": total, "resultsPerPage": len(items)}
    return as_json({"kind": f"youtube#{kind}ListResponse", "etag": "sandbox", **more, "pageInfo": page, **shown})


def _key(ask: Ask) -> str:
    return ask.headers.get("x-goog-api-key") or ask.params.get("key", "")


def _video_id(account: Account, index: int) -> str:
    return packed(digest(f"{account.native_id}/{index}")[:9])[:11]


def _rounded(subscribers: int) -> int:
    """Return the subscribers as they are shown: three digits, the rest zeros."""
    unit = int(10 ** max(0, len(str(subscribers)) - 3))
    return subscribers // unit * unit


def _size(text: str) -> int:
    return min(int(text), PAGE) if text.isascii() and text.isdigit() else DEFAULT_PAGE


def _page_token(start: int) -> str:
    return packed(f"at:{start}".encode())


def _offset(token: str | None) -> int | None:
    """Return where a page begins, None for a token that was never given out."""
    if token is None:
        return 0
    try:
        text = unpacked(token).decode()
    except ValueError:
        return None
    return int(text[3:]) if text.startswith("at:") and text[3:].isdigit() else None
