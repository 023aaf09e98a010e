"""Reddit's API, as far as accounts and their submissions go, and the sign-in of apps."""

import base64
import hmac
from collections.abc import Mapping

from sandbox.faults import Fault
from sandbox.network import AppNetwork
from sandbox.wire import Answer, Ask, Headers, Json, as_html, as_json
from sandbox.world import Account, PostView, digest

CLIENT_ID = "sandboxRedditApp01"
SECRET = "sandbox-reddit-secret"
USERNAME = "sandbox_operator"
LASTS = 86_400  # seconds
REQUESTS, WINDOW = 1_000, 600  # 100 a minute, counted over ten
PAGE, DEFAULT_PAGE, DEPTH = 100, 25, 1_000  # what a listing holds at most, and reaches back
_NAMED = ":"  # of the form of user agent Reddit asks for; a browser's or a library's has none before a blank
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


def _base36(number: int) -> str:
    text = ""
    while number:
        number, digit = divmod(number, 36)
        text = _DIGITS[digit] + text
    return text or "0"


def _refuse(status: int, message: str = "", headers: Headers = ()) -> Answer:
    """Return a refusal; some of them carry no words."""
    return as_json({"message": message, "error": status} if message else {"error": status}, status, headers)


class Reddit(AppNetwork):
    """Answers what an app's own token may read; `sign_in` gives such tokens out."""

    name = "reddit"
    cursor = "after"
    sign_in_path = "/api/v1/access_token"
    token_length = 64
    token_told: Mapping[str, object] = {"token_type": "bearer", "expires_in": LASTS, "scope": "*"}

    def _refusal(self, form: Mapping[str, str], headers: Mapping[str, str]) -> Answer | None:
        basic = base64.b64encode(f"{CLIENT_ID}:{SECRET}".encode()).decode()
        if not hmac.compare_digest(headers.get("authorization", ""), f"Basic {basic}"):
            return _refuse(401, "Unauthorized")
        if form.get("grant_type") != "client_credentials":
            return as_json({"error": "unsupported_grant_type"}, 400)
        return None

    # --- what the server asks for ---------------------------------------------------------------------------------

    def answer(self, ask: Ask) -> Answer:
        """Return the answer in good weather."""
        match [part.removesuffix(".json") for part in ask.parts if part]:
            case ["user", name, "about"]:
                return self._about(name)
            case ["user", name, "submitted"]:
                return self._submitted(name, ask)
        return _refuse(404, "Not Found")

    def finish(self, ask: Ask, answer: Answer) -> Answer:
        """Return the answer to one who holds a token of ours and says who asks, else the refusal."""
        if not self._admits(ask):
            return _refuse(401, "Unauthorized")
        agent = ask.headers.get("user-agent", "")
        if agent.split(" ")[0].count(_NAMED) != 2 or "(by /u/" not in agent:
            return _refuse(429, "Too Many Requests")  # what nameless clients get
        return answer

    def subjects(self, ask: Ask) -> frozenset[str]:
        """Return the names of the account asked for."""
        name = ask.parts[1].lower() if ask.parts[0] == "user" and len(ask.parts) > 1 else ""
        account = self._world.find(self.name, name) if name else None
        known = {account.role.slug, account.native_id} if account is not None else set()
        return frozenset(known | ({name} if name else set()))

    def limit(self, ask: Ask) -> int:
        """Return what an app may ask for in ten minutes."""
        return REQUESTS

    def meter(self, remaining: int, limit: int, reset: int) -> Headers:
        """Return the rate-limit headers: a float, and the seconds that are left of the window."""
        left = max(1, reset - int(self._clock.now().timestamp()))
        return self._metered(remaining, limit - remaining, left)

    def limited(self, fault: Fault, ask: Ask, reset: int) -> Answer:
        """Return the refusal of an empty window; without its headers as plain text."""
        if not fault.reset:
            return Answer(429, b"Too Many Requests", (("content-type", "text/plain"),))
        left = reset - int(self._clock.now().timestamp())
        return _refuse(429, "Too Many Requests", self._metered(0, REQUESTS, left))

    def broken(self, status: int, ask: Ask) -> Answer:
        """Return a server error, which is always a page for people."""
        return as_html("Our CDN was unable to reach our servers", status)

    def special(self, ask: Ask, fault: Fault) -> Answer | None:
        """Return the answer of a fault that only Reddit knows; those of listings leave the account alone."""
        listing = ask.path.rstrip("/").endswith("submitted")
        name = ask.parts[1] if len(ask.parts) > 1 else ""
        everywhere = {
            "not_found": _refuse(404, "Not Found"),
            "no_such_user": as_json(_NO_USER, 400),
            "suspended": as_json({"kind": "t2", "data": {"name": name, "is_suspended": True}}),
            "token_ended": _refuse(401, "Unauthorized"),
            "missing_scope": _refuse(403, "Forbidden"),
        }
        of_listings = {
            "hidden_posts": _refuse(403),
            "hidden_posts_message": _refuse(403, "Forbidden"),
            "hidden_history": _listing([], None),
        }
        if fault.kind == "removed":
            return self._submitted(name, ask, removed=True) if listing else None
        return everywhere.get(fault.kind) or (of_listings.get(fault.kind) if listing else None)

    # --- the calls ------------------------------------------------------------------------------------------------

    def _found(self, name: str) -> Account | None:
        account = self._world.find(self.name, name)
        return account if account is not None and account.handle.lower() == name.lower() else None

    def _about(self, name: str) -> Answer:
        account = self._found(name)
        return _refuse(404, "Not Found") if account is None else as_json({"kind": "t2", "data": self._person(account)})

    def _submitted(self, name: str, ask: Ask, *, removed: bool = False) -> Answer:
        account = self._found(name)
        if account is None:
            return _refuse(404, "Not Found")
        things = [_thing(post, removed=removed) for post in self._shown_posts(account)[:DEPTH]]
        size = ask.size("limit", PAGE, DEFAULT_PAGE)
        start = _after(ask.params.get("after"), things)
        page = things[start : start + size]
        return _listing(page, page[-1]["data"]["name"] if start + size < len(things) else None)

    # --- the shapes -----------------------------------------------------------------------------------------------

    def _person(self, account: Account) -> Json:
        followers = 0 if "hidden_followers" in account.quirks else account.followers(self._moment())
        karma = sum(self._scores(account))
        return {
            "id": _base36(int(account.native_id)),
            "name": account.handle,
            "created_utc": account.opened().timestamp(),
            "link_karma": karma,
            "comment_karma": karma // 7,
            "total_karma": karma + karma // 7,
            "icon_img": f"https://pictures.example/{account.native_id}.png",
            "verified": True,
            "is_employee": False,
            "subreddit": {
                "display_name": f"u_{account.handle}",
                "title": account.name,
                "public_description": account.bio,
                "subscribers": followers,
            },
        }

    def _scores(self, account: Account) -> list[int]:
        moment = self._moment()
        line = account.timeline
        return [int(counts[0]) for counts in line.counts(line.visible(moment), moment)]

    def _metered(self, remaining: int, used: int, seconds: int) -> Headers:
        return (
            ("x-ratelimit-remaining", f"{float(remaining)}"),
            ("x-ratelimit-used", str(used)),
            ("x-ratelimit-reset", str(seconds)),
        )


_NO_USER: Json = {
    "fields": ["id"],
    "explanation": "that user doesn't exist",
    "message": "Bad Request",
    "reason": "USER_DOESNT_EXIST",
}


def _listing(things: list[Json], after: str | None) -> Answer:
    told = {"after": after, "dist": len(things), "modhash": "", "geo_filter": "", "children": things, "before": None}
    return as_json({"kind": "Listing", "data": told})


def _thing(post: PostView, *, removed: bool) -> Json:
    account = post.account
    number = _base36(int.from_bytes(digest(f"reddit {account.native_id}/{post.index}")[:5], "big"))
    board = account.role.topic.replace(" ", "")
    told = {
        "id": number,
        "name": f"t3_{number}",
        "author": account.handle,
        "author_fullname": f"t2_{_base36(int(account.native_id))}",
        "subreddit": board,
        "title": post.text[:300],
        "created_utc": float(int(post.at)),
        "score": post.likes,
        "ups": post.likes,
        "upvote_ratio": 0.94,
        "num_comments": post.replies,
        "num_crossposts": post.reposts,
        "permalink": f"/r/{board}/comments/{number}/x/",
        "removed_by_category": "moderator" if removed else None,
        "stickied": False,
        "view_count": None,
    }
    return {"kind": "t3", "data": told}


def _after(cursor: str | None, things: list[Json]) -> int:
    """Return where a page begins; one that is unknown begins anew, as Reddit's does."""
    names = [thing["data"]["name"] for thing in things]
    return names.index(cursor) + 1 if cursor in names else 0
