"""TikTok: the Display API of accounts whose owner let Clout in, and the Research API for an approved project."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from sandbox.faults import Fault
from sandbox.network import OwnersNetwork
from sandbox.oauth import OAuthServer, usual_token
from sandbox.oauth_dialect import Dialect, Form, Issued, Refusal
from sandbox.wire import Answer, Ask, Json, as_html, as_json
from sandbox.world import Account, PostView, digest

APP_TOKEN_LASTS = timedelta(hours=2)
PAGE, STUDIED_PAGE = 20, 100
LONGEST = timedelta(days=30)
REQUESTS = 600  # a minute for each kind of call
_LOG = "20260302120000SANDBOX"

SCOPE_OF = {
    **dict.fromkeys(("open_id", "union_id", "avatar_url", "display_name"), "user.info.basic"),
    **dict.fromkeys(("username", "bio_description", "profile_deep_link", "is_verified"), "user.info.profile"),
    **dict.fromkeys(("follower_count", "following_count", "likes_count", "video_count"), "user.info.stats"),
}
"""The scope that each field of an account needs."""
_STUDIED = frozenset(SCOPE_OF) - {"open_id", "union_id", "username", "profile_deep_link"}
_STUDIED_VIDEO = frozenset({
    "id", "create_time", "username", "region_code", "video_description", "music_id", "like_count", "comment_count",
    "share_count", "view_count", "favorites_count", "hashtag_names",
})  # fmt: skip


def _refuse(code: str, message: str, status: int) -> Answer:
    return as_json({"data": {}, "error": {"code": code, "message": message, "log_id": _LOG}}, status)


_TOKEN = _refuse("access_token_invalid", "The access token is invalid or not found in the request.", 401)
_SCOPE = _refuse("scope_not_authorized", "The user did not authorize the scope required for this request.", 401)
_LIMIT = _refuse("rate_limit_exceeded", "The API rate limit was exceeded. Please try again later.", 429)


def _no_user(name: str) -> Answer:
    return _refuse("invalid_params", f"Username {name} is invalid: cannot find the user", 400)


def _wrong(message: str) -> Answer:
    return _refuse("invalid_params", message, 400)


def _oauth_refusal(refusal: Refusal) -> Answer:
    told = {"error": refusal.error, "error_description": refusal.description, "log_id": _LOG}
    return as_json(told, refusal.status)


def _tokens(issued: Issued, told: Json) -> Json:
    return {**told, "open_id": issued.account.native_id, "token_type": "Bearer"}


def _token(server: OAuthServer, form: Form, headers: Mapping[str, str]) -> Answer:
    if form.get("grant_type") != "client_credentials":
        return usual_token(server, form, headers)
    server.check_app(form, headers)
    return server.app_token(APP_TOKEN_LASTS)


DIALECT = Dialect(
    network="tiktok",
    label="TikTok",
    scopes=("user.info.basic", "user.info.profile", "user.info.stats", "video.list"),
    client_id="sandboxtiktokkey01",
    secret="sandbox-tiktok-secret",
    authorize="v2/auth/authorize",
    token="v2/oauth/token",
    revoke="v2/oauth/revoke",
    id_setting="client_key",
    id_parameter="client_key",
    pkce="hex",
    separator=",",
    lasts=timedelta(hours=2),
    refresh_lasts=timedelta(days=180),
    refresh_ends="refresh_expires_in",
    rotates=True,
    back=("scopes",),
    tokens=_tokens,
    refuse=_oauth_refusal,
    routes={("POST", "v2/oauth/token"): _token},
)


class TikTok(OwnersNetwork):
    """Answers the account of a token, and whom a research project asks for; `oauth` is where owners let Clout in."""

    name = "tiktok"
    dialect = DIALECT
    refused = _TOKEN

    # --- what the server asks for ---------------------------------------------------------------------------------

    def answer(self, ask: Ask) -> Answer:
        """Return the answer in good weather."""
        match (ask.method, *_parts(ask)):
            case ("GET", "user", "info"):
                return self._user(ask)
            case ("POST", "video", "list"):
                return self._videos(ask)
            case ("POST", "research", "user", "info"):
                return self._studied(ask)
            case ("POST", "research", "video", "query"):
                return self._studied_videos(ask)
        return _refuse("invalid_params", "Unsupported path", 404)

    def finish(self, ask: Ask, answer: Answer) -> Answer:
        """Return the answer to one whose token opens it, else the refusal."""
        if not _is_research(ask):
            return super().finish(ask, answer)
        return answer if self.oauth.is_app_token(ask.bearer) else _TOKEN

    def cache_key(self, ask: Ask) -> str:
        """Return the question, its body too, and who asks."""
        return f"{super().cache_key(ask)} {ask.body!r}"

    def subjects(self, ask: Ask) -> frozenset[str]:
        """Return the names of the account asked for."""
        account = self._asked_for(ask)
        return frozenset() if account is None else account.names

    def limit(self, ask: Ask) -> int:
        """Return the requests a minute."""
        return REQUESTS

    def limited(self, fault: Fault, ask: Ask, reset: int) -> Answer:
        """Return the refusal of a spent minute or, of the Research API, day: the same words."""
        return _LIMIT

    def broken(self, status: int, ask: Ask) -> Answer:
        """Return a server error: TikTok's own, or the page of what stands before it."""
        if status == 500:
            return _refuse("internal_error", "Something is wrong. Please try again later.", 500)
        return as_html("Gateway Timeout", status)

    def first_page(self, ask: Ask) -> Ask:
        """Return the question without its cursor."""
        kept = {name: value for name, value in ask.question.items() if name not in ("cursor", "search_id")}
        return replace(ask, body=json.dumps(kept).encode())

    def has_cursor(self, ask: Ask) -> bool:
        """Return whether a later page is asked for."""
        return bool(ask.question.get("cursor"))

    def special(self, ask: Ask, fault: Fault) -> Answer | None:
        """Return the answer of a fault that only TikTok knows; those of the Research API leave the other alone."""
        everywhere = {
            "token_invalid": _TOKEN,
            "scope_not_authorized": _SCOPE,
            "scope_missed": _refuse("scope_permission_missed", "A scope is missing.", 401),
            "invalid_params": _wrong("One or more fields in request is invalid."),
            "error_200": _refuse("internal_error", "Something is wrong.", 200),
        }
        of_research = {
            "no_user": _no_user(str(ask.question.get("username", ""))),
            "private": _wrong("This username's account is private"),
            "search_lost": _wrong("Search Id 7354367454467855403 is invalid or expired"),
            "not_approved": _SCOPE,
        }
        if fault.kind == "search_lost" and "query" not in ask.path:
            return None
        return everywhere.get(fault.kind) or (of_research.get(fault.kind) if _is_research(ask) else None)

    # --- the Display API ------------------------------------------------------------------------------------------

    def _asked_for(self, ask: Ask) -> Account | None:
        if not _is_research(ask):
            issued = self._holder(ask)
            return None if issued is None else issued.account
        asked = ask.question
        if "username" in asked:
            return self._named(asked["username"])
        return self._named(_whose(asked))

    def _named(self, name: object) -> Account | None:
        account = self._world.find(self.name, str(name))
        return account if account is not None and account.handle == name else None

    def _user(self, ask: Ask) -> Answer:
        issued, fields = self._holder(ask), _fields(ask)
        if issued is None:
            return _TOKEN
        if not fields or not fields <= set(SCOPE_OF):
            return _wrong("Fields is invalid")
        if not {SCOPE_OF[name] for name in fields} <= set(issued.scopes):
            return _SCOPE
        values = self._person(issued.account)
        return _good({"user": {name: values[name] for name in fields}})

    def _videos(self, ask: Ask) -> Answer:
        issued = self._holder(ask)
        size, before = ask.question.get("max_count", 10), ask.question.get("cursor")
        if issued is None:
            return _TOKEN
        if "video.list" not in issued.scopes:
            return _SCOPE
        if not _fields(ask) or not isinstance(size, int) or not 0 < size <= PAGE:
            return _wrong("Invalid count or fields")
        videos = [_video(post) for post in self._shown_posts(issued.account)]
        later = [video for video in videos if not before or video["create_time"] * 1000 < before]
        shown = later[:size]
        told = [{name: video[name] for name in _fields(ask) if name in video} for video in shown]
        cursor = shown[-1]["create_time"] * 1000 if shown else 0
        return _good({"videos": told, "cursor": cursor, "has_more": len(later) > size})

    # --- the Research API -----------------------------------------------------------------------------------------

    def _studied(self, ask: Ask) -> Answer:
        account = self._asked_for(ask)
        if account is None:
            return _no_user(str(ask.question.get("username", "")))
        if not _fields(ask) or not _fields(ask) <= _STUDIED:
            return _wrong("Fields is invalid")
        values = self._person(account)
        return _good({name: values[name] for name in _fields(ask)})

    def _studied_videos(self, ask: Ask) -> Answer:
        asked = ask.question
        first, last = _day(asked.get("start_date")), _day(asked.get("end_date"))
        size, start = asked.get("max_count", 20), asked.get("cursor", 0)
        if first is None or last is None or not timedelta() <= last - first <= LONGEST:
            return _wrong("Invalid start date or end date")
        if not isinstance(size, int) or not isinstance(start, int) or not 0 < size <= STUDIED_PAGE:
            return _wrong("Invalid count or cursor")
        search = str(int.from_bytes(digest(f"search {_whose(asked)} {first}")[:7], "big"))
        if start and asked.get("search_id") != search:
            return _wrong(f"Search Id {asked.get('search_id')} is invalid or expired")
        account = self._asked_for(ask)
        posts = [] if account is None else self._shown_posts(account)
        posts = [post for post in posts if first <= post.moment.date() <= last]
        shown = [_studied_video(post) for post in posts[start : start + size]]
        told = [{name: video[name] for name in _fields(ask) if name in video} for video in shown]
        more = start + size < len(posts)
        return _good({"videos": told, "cursor": start + len(shown), "has_more": more, "search_id": search})

    # --- the shapes -----------------------------------------------------------------------------------------------

    def _person(self, account: Account) -> Json:
        moment = self._moment()
        followers = account.followers(moment)
        return {
            "open_id": account.native_id,
            "union_id": f"u-{account.native_id}",
            "avatar_url": f"https://pictures.example/{account.native_id}.jpeg?x-expires=1&x-signature=s",
            "display_name": account.name,
            "username": account.handle,
            "bio_description": account.role.bio,
            "profile_deep_link": f"https://vm.tiktok.com/Z{account.native_id}/",
            "is_verified": followers > 1_000_000,
            "follower_count": followers,
            "following_count": account.plan.following,
            "likes_count": followers * 7,
            "video_count": account.posts_total(moment),
        }


def _parts(ask: Ask) -> list[str]:
    return [part for part in ask.parts if part]


def _is_research(ask: Ask) -> bool:
    return ask.path.startswith("research/")


def _fields(ask: Ask) -> set[str]:
    return set(filter(None, ask.params.get("fields", "").split(",")))


def _good(told: Json) -> Answer:
    return as_json({"data": told, "error": {"code": "ok", "message": "", "log_id": _LOG}})


def _whose(asked: Json) -> object:
    """Return the one name that a query asks for, None for any other query."""
    try:
        (clause,) = asked["query"]["and"]
        return clause["field_values"][0] if clause["field_name"] == "username" else None
    except (KeyError, TypeError, ValueError, IndexError):
        return None


def _day(text: object) -> date | None:
    try:
        return datetime.strptime(str(text), "%Y%m%d").replace(tzinfo=UTC).date()
    except ValueError:
        return None


def _number(post: PostView) -> int:
    return 7 * 10**18 + int.from_bytes(digest(f"tiktok {post.account.native_id}/{post.index}")[:6], "big")


def _video(post: PostView) -> Json:
    return {
        "id": str(_number(post)),
        "create_time": int(post.at),
        "share_url": f"https://www.tiktok.com/@{post.account.handle}/video/{_number(post)}?utm_source=sandbox",
        "title": post.text[:150],
        "video_description": post.text,
        "duration": 5 + post.index % 55,
        "like_count": post.likes,
        "comment_count": post.replies,
        "share_count": post.reposts,
        "view_count": post.views,
    }


def _studied_video(post: PostView) -> Json:
    """Return a video as the Research API shows it: its ids are numbers, wider than a float can hold."""
    shown = {**_video(post), "id": _number(post), "username": post.account.handle, "favorites_count": post.saves}
    shown |= {"region_code": "US", "music_id": 7_320_768_196_569_599_275, "hashtag_names": []}
    return {name: value for name, value in shown.items() if name in _STUDIED_VIDEO}
