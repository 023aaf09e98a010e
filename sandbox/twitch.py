"""Twitch's Helix API, as far as users, follower counts, videos and clips go, and the sign-in of apps."""

import json
from collections.abc import Mapping
from datetime import datetime

from sandbox.clock import iso
from sandbox.faults import Fault
from sandbox.network import AppNetwork
from sandbox.wire import Answer, Ask, Headers, Json, as_json, packed, unpacked
from sandbox.world import Account, PostView, digest

CLIENT_ID = "sandboxclientid0123456789abcde"
SECRET = "sandbox-twitch-secret"
LASTS = 5_011_271  # seconds, as a real answer says
POINTS = 800  # a minute
PAGE, DEFAULT_PAGE = 100, 20
CLIP_EVERY, OWN_EVERY = 2, 4  # every second video is clipped by somebody, every fourth by the channel itself


WORDS = {400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 429: "Too Many Requests"}


def _refuse(status: int, message: str, headers: Headers = ()) -> Answer:
    word = WORDS.get(status, "Internal Server Error")
    return as_json({"error": word, "status": status, "message": message}, status, headers)


class Twitch(AppNetwork):
    """Answers what an app token may read; `sign_in` gives such tokens out."""

    name = "twitch"
    cursor = "after"
    sign_in_path = "/oauth2/token"
    token_told: Mapping[str, object] = {"expires_in": LASTS, "token_type": "bearer"}

    def _refusal(self, form: Mapping[str, str], headers: Mapping[str, str]) -> Answer | None:
        if form.get("grant_type") != "client_credentials":
            return as_json({"status": 400, "message": "missing or invalid grant type"}, 400)
        if form.get("client_id") != CLIENT_ID:
            return as_json({"status": 400, "message": "invalid client"}, 400)
        if form.get("client_secret") != SECRET:
            return as_json({"status": 403, "message": "invalid client secret"}, 403)
        return None

    # --- what the server asks for ---------------------------------------------------------------------------------

    def answer(self, ask: Ask) -> Answer:
        """Return the answer in good weather."""
        match ask.parts:
            case ["users"]:
                return self._users(ask)
            case ["channels", "followers"]:
                return self._followers(ask)
            case ["videos"]:
                return self._videos(ask)
            case ["clips"]:
                return self._clips(ask)
        return as_json({"error": "Not Found", "status": 404, "message": ""}, 404)

    def finish(self, ask: Ask, answer: Answer) -> Answer:
        """Return the answer to one who holds a token of ours, else the refusal."""
        if not ask.bearer:
            return _refuse(401, "OAuth token is missing")
        if ask.headers.get("client-id") != CLIENT_ID:
            return _refuse(401, "Must provide a valid Client-ID or OAuth token")
        return answer if self._admits(ask) else _refuse(401, "Invalid OAuth token")

    def subjects(self, ask: Ask) -> frozenset[str]:
        """Return the names of the account asked for."""
        account = self._asked_for(ask)
        return frozenset() if account is None else account.names

    def limit(self, ask: Ask) -> int:
        """Return the points a minute."""
        return POINTS

    def meter(self, remaining: int, limit: int, reset: int) -> Headers:
        """Return the rate-limit headers."""
        figures = (("limit", limit), ("remaining", remaining), ("reset", reset))
        return tuple((f"ratelimit-{name}", str(figure)) for name, figure in figures)

    def limited(self, fault: Fault, ask: Ask, reset: int) -> Answer:
        """Return the refusal of an empty bucket."""
        return _refuse(429, "Request limit exceeded", self.meter(0, POINTS, reset) if fault.reset else ())

    def broken(self, status: int, ask: Ask) -> Answer:
        """Return a server error."""
        return _refuse(status, "")

    def special(self, ask: Ask, fault: Fault) -> Answer | None:
        """Return the answer of a fault that only Twitch knows."""
        followers = ask.path == "channels/followers"
        if fault.kind in ("no_scope", "followers_401") and not followers:
            return None
        if fault.kind == "not_found":
            return as_json({"data": []})
        plain = {
            "token_ended": (401, "Invalid OAuth token"),
            "followers_401": (401, "Invalid OAuth token"),
            "bad_client": (401, "Must provide a valid Client-ID or OAuth token"),
            "no_scope": (403, "Missing moderator:read:followers scope"),
            "bad_request": (400, "The request is not valid"),
        }
        return _refuse(*plain[fault.kind])

    # --- the calls ------------------------------------------------------------------------------------------------

    def _asked_for(self, ask: Ask) -> Account | None:
        asked = ask.params
        ids = (asked.get("id"), asked.get("user_id"), asked.get("broadcaster_id"))
        if wanted := next(filter(None, ids), None):
            account = self._world.find("twitch", wanted)
            return account if account is not None and account.native_id == wanted else None
        login = asked.get("login", "").lower()
        account = self._world.find("twitch", login) if login else None
        return account if account is not None and account.handle == login else None

    def _users(self, ask: Ask) -> Answer:
        if not {"id", "login"} & set(ask.params):
            return _refuse(400, "Must provide an ID, Login or OAuth Token")
        account = self._asked_for(ask)
        return as_json({"data": [] if account is None else [self._user(account)]})

    def _followers(self, ask: Ask) -> Answer:
        if "broadcaster_id" not in ask.params:
            return _refuse(400, "the broadcaster id was not provided")
        account = self._asked_for(ask)
        total = 0 if account is None else account.followers(self._moment())
        return as_json({"total": total, "data": [], "pagination": {}})

    def _videos(self, ask: Ask) -> Answer:
        if "user_id" not in ask.params:
            return _refuse(400, 'Must provide one of the following query params: "user_id", "game_id", "id"')
        account = self._asked_for(ask)
        return _paged([] if account is None else [_video(post) for post in self._shown_posts(account)], ask)

    def _clips(self, ask: Ask) -> Answer:
        asked = ask.params
        if "broadcaster_id" not in asked:
            return _refuse(400, "Must provide one of: id, broadcaster_id, game_id")
        account = self._asked_for(ask)
        posts = [] if account is None else [p for p in self._shown_posts(account) if p.index % CLIP_EVERY == 0]
        first, last = _window(asked.get("started_at"), asked.get("ended_at"))
        clips = sorted((_clip(post) for post in posts), key=lambda clip: -int(clip["view_count"]))
        return _paged([clip for clip in clips if first <= clip["created_at"] <= last], ask)

    # --- the shapes -----------------------------------------------------------------------------------------------

    def _user(self, account: Account) -> Json:
        return {
            "id": account.native_id,
            "login": account.handle,
            "display_name": account.name,
            "type": "",
            "broadcaster_type": "partner" if account.plan.followers > 100_000 else "affiliate",
            "description": account.bio,
            "profile_image_url": f"https://pictures.example/{account.native_id}-300x300.png",
            "offline_image_url": "",
            "view_count": 0,
            "created_at": iso(account.opened().timestamp()),
        }


def _video(post: PostView) -> Json:
    account, number = post.account, _number(post)
    return {
        "id": number,
        "stream_id": number,
        "user_id": account.native_id,
        "user_login": account.handle,
        "user_name": account.name,
        "title": post.text[:140],
        "description": "",
        "created_at": iso(post.at),
        "published_at": iso(post.at),
        "url": f"https://www.twitch.tv/videos/{number}",
        "thumbnail_url": f"https://pictures.example/{number}-%{{width}}x%{{height}}.jpg",
        "viewable": "public",
        "view_count": post.views,
        "language": "en",
        "type": ("archive", "highlight", "upload")[post.index % 3],
        "duration": "3h21m5s",
        "muted_segments": None,
    }


def _clip(post: PostView) -> Json:
    account, slug = post.account, "Clip" + digest(f"clip {_number(post)}").hex()[:16]
    own = post.index % OWN_EVERY == 0
    return {
        "id": slug,
        "url": f"https://clips.twitch.tv/{slug}",
        "embed_url": f"https://clips.twitch.tv/embed?clip={slug}",
        "broadcaster_id": account.native_id,
        "broadcaster_name": account.name,
        "creator_id": account.native_id if own else "1000000001",
        "creator_name": account.name if own else "somebody",
        "video_id": _number(post),
        "game_id": "509658",
        "language": "en",
        "title": post.text[:80],
        "view_count": post.views // 6,
        "created_at": iso(post.at + 600),
        "thumbnail_url": f"https://pictures.example/{slug}-480x272.jpg",
        "duration": 28.5,
        "vod_offset": 480,
        "is_featured": False,
    }


def _number(post: PostView) -> str:
    return str(2_000_000_000 + int.from_bytes(digest(f"{post.account.native_id}/{post.index}")[:4], "big"))


def _window(started: str | None, ended: str | None) -> tuple[str, str]:
    """Return the first and last date of clips; a start alone means a week, as the documentation says."""
    if started is None:
        return "", "9999"
    if ended is not None:
        return started, ended
    return started, iso(datetime.fromisoformat(started).timestamp() + 7 * 86_400)


def _paged(items: list[Json], ask: Ask) -> Answer:
    size = ask.size("first", PAGE, DEFAULT_PAGE)
    start = _offset(ask.params.get("after"))
    if start is None:
        return _refuse(400, "The pagination cursor is not valid")
    more = {"cursor": _cursor(start + size)} if start + size < len(items) else {}
    return as_json({"data": items[start : start + size], "pagination": more})


def _cursor(start: int) -> str:
    return packed(json.dumps({"b": None, "a": {"Offset": start}}).encode())


def _offset(cursor: str | None) -> int | None:
    """Return where a page begins, None for a cursor that was never given out."""
    if cursor is None:
        return 0
    try:
        return int(json.loads(unpacked(cursor))["a"]["Offset"])
    except (ValueError, KeyError, TypeError):
        return None
