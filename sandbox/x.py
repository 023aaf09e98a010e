"""X's API, version 2: users, their posts and the app's usage, with errors inside answers of status 200."""

import json
from datetime import UTC, datetime

from sandbox.faults import Fault
from sandbox.network import PlainNetwork
from sandbox.timeline import ORIGINAL, QUOTE, REPOST, THREAD
from sandbox.wire import Answer, Ask, Headers, Json, as_json, packed, unpacked
from sandbox.world import Account, PostView

TOKEN = "sandbox-x-token"
PROBLEMS = "https://api.x.com/2/problems/"
_EPOCH_MS = 1_288_834_974_657


def _iso(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def _problem(kind: str, title: str, status: int, detail: str = "") -> Answer:
    body = {"title": title, "type": PROBLEMS + kind, "status": status, "detail": detail or title}
    return as_json(body, status)


def _within(title: str, kind: str, detail: str) -> Answer:
    """Return an error about the object asked for: status 200 and no data."""
    return as_json({"errors": [{"title": title, "type": PROBLEMS + kind, "detail": detail, "section": "data"}]})


class X(PlainNetwork):
    """Answers users by name and id, timelines and usage, to who brings the app's token."""

    name = "x"
    cursor = "pagination_token"

    def answer(self, ask: Ask) -> Answer:
        """Return the answer in good weather."""
        if ask.headers.get("authorization") != f"Bearer {TOKEN}":
            return _problem("unauthorized", "Unauthorized", 401)
        match ask.parts:
            case ["2", "users", "by", "username", name]:
                return self._user(self._found(name, by_id=False), name)
            case ["2", "users", key]:
                return self._user(self._found(key, by_id=True), key)
            case ["2", "users", key, "tweets"]:
                account = self._found(key, by_id=True)
                return self._tweets(account, ask) if account is not None else self._user(None, key)
            case ["2", "usage", "tweets"]:
                usage = {"project_id": "7", "project_usage": "1200", "project_cap": "50000", "cap_reset_day": 28}
                return as_json({"data": usage})
        return as_json({"title": "Not Found", "type": "about:blank", "status": 404}, 404)

    def subjects(self, ask: Ask) -> frozenset[str]:
        """Return the names of the account asked for."""
        key = ask.parts[4] if ask.parts[2:4] == ["by", "username"] and len(ask.parts) > 4 else "".join(ask.parts[2:3])
        account = self._world.find("x", key)
        asked = frozenset({key.lower()} if key else ())
        return asked if account is None else asked | account.names

    def limit(self, ask: Ask) -> int:
        """Return what an app may ask for in 15 minutes."""
        return 10_000 if ask.path.endswith("/tweets") else 300

    def meter(self, remaining: int, limit: int, reset: int) -> Headers:
        """Return the rate-limit headers."""
        figures = {"limit": limit, "remaining": remaining, "reset": reset}
        return tuple((f"x-rate-limit-{name}", str(figure)) for name, figure in figures.items())

    def limited(self, fault: Fault, ask: Ask, reset: int) -> Answer:
        """Return the limit's refusal: JSON with the header, plain text without."""
        if not fault.reset:
            return Answer(429, b"Rate limit exceeded\n", (("content-type", "text/plain"),))
        body = {"errors": [{"code": 88, "message": "Rate limit exceeded"}]}
        return as_json(body, 429, self.meter(0, self.limit(ask), reset))

    def broken(self, status: int, ask: Ask) -> Answer:
        """Return a server error."""
        return _problem("internal-error", "Service Unavailable", status)

    def special(self, ask: Ask, fault: Fault) -> Answer | None:
        """Return the answer of a fault that only X knows."""
        within = {
            "not_found": ("Not Found Error", "resource-not-found", "Could not find user."),
            "suspended": ("Forbidden", "resource-not-found", "User has been suspended: [1]."),
            "unauthorized_timeline": ("Authorization Error", "not-authorized-for-resource", "Sorry."),
        }
        refused = {
            "credits": ("credits", "CreditsDepleted", 402),
            "unauthorized": ("unauthorized", "Unauthorized", 401),
            "forbidden": ("client-forbidden", "Client Forbidden", 403),
            "capped": ("usage-capped", "UsageCapExceeded", 403),
        }
        if fault.kind in within:
            return _within(*within[fault.kind])
        if fault.kind in refused:
            return _problem(*refused[fault.kind])
        if fault.kind == "protected":
            account = self._found(self._key(ask), by_id=ask.parts[2:4] != ["by", "username"])
            return as_json({"data": {**self._shown(account), "protected": True}}) if account is not None else None
        if fault.kind == "included":
            return _beside(self.answer(ask))
        return None

    # --- the calls ------------------------------------------------------------------------------------------------

    def _key(self, ask: Ask) -> str:
        return ask.parts[4] if ask.parts[2:4] == ["by", "username"] else ask.parts[2]

    def _found(self, key: str, *, by_id: bool) -> Account | None:
        account = self._world.find("x", key)
        return account if account is not None and by_id == (key == account.native_id) else None

    def _user(self, account: Account | None, key: str) -> Answer:
        if account is None:
            return _within("Not Found Error", "resource-not-found", f"Could not find user: [{key}].")
        return as_json({"data": self._shown(account)})

    def _shown(self, account: Account) -> Json:
        moment = self._moment()
        return {
            "id": account.native_id,
            "name": account.name,
            "username": account.handle,
            "created_at": _iso(account.opened().timestamp()),
            "description": account.role.bio[:160],
            "profile_image_url": f"https://pictures.example/{account.handle}.jpg",
            "protected": False,
            "verified": "verified" in account.quirks,
            "public_metrics": {
                "followers_count": account.followers(moment),
                "following_count": account.plan.following,
                "tweet_count": account.posts_total(moment, with_reposts=True),
                "listed_count": account.followers(moment) // 400,
            },
        }

    def _tweets(self, account: Account, ask: Ask) -> Answer:
        size = ask.params.get("max_results", "10")
        if not (size.isascii() and size.isdigit() and 5 <= int(size) <= 100):
            return _problem("invalid-request", "Invalid Request", 400)
        moment, start = self._moment(), _since(ask)
        line = account.timeline
        shown = [int(i) for i in line.visible(moment)[::-1] if line.at[i] >= start]
        if "retweets" in ask.params.get("exclude", ""):
            shown = [i for i in shown if line.kind[i] != REPOST]
        first = _read_token(ask.params.get("pagination_token", ""))
        if first is None:
            return _problem("invalid-request", "Invalid Request", 400)
        page = shown[first : first + int(size)]
        meta: Json = {"result_count": len(page)}
        if first + int(size) < len(shown):
            meta["next_token"] = packed(str(first + int(size)).encode())
        tweets = [_tweet(account.view(i, moment)) for i in page]
        return as_json({"data": tweets, "meta": meta} if tweets else {"meta": meta})


def _beside(answer: Answer) -> Answer:
    """Return a good answer with an error about an object it only mentions, as of a post that its author deleted."""
    problem = {"title": "Not Found Error", "type": PROBLEMS + "resource-not-found", "section": "includes"}
    error = {**problem, "detail": "Could not find post with referenced_posts.id: [7].", "value": "7"}
    return as_json({**json.loads(answer.body), "errors": [error]}, answer.status)


def _since(ask: Ask) -> float:
    told = ask.params.get("start_time")
    return datetime.fromisoformat(told).timestamp() if told else 0.0


def _read_token(token: str) -> int | None:
    try:
        return int(unpacked(token)) if token else 0
    except ValueError:
        return None


def _number(post: PostView) -> str:
    return str(((int(post.at * 1000) - _EPOCH_MS) << 22) + post.index)


def _tweet(post: PostView) -> Json:
    tweet: Json = {
        "id": _number(post),
        "text": post.text,
        "author_id": post.account.native_id,
        "created_at": _iso(post.at),
        "public_metrics": {
            "retweet_count": post.reposts,
            "reply_count": post.replies,
            "like_count": post.likes,
            "quote_count": post.quotes,
            "bookmark_count": post.saves,
            "impression_count": post.views,
        },
    }
    if post.kind != ORIGINAL and post.target is not None:
        word = {REPOST: "retweeted", QUOTE: "quoted"}.get(post.kind, "replied_to")
        tweet["referenced_tweets"] = [{"type": word, "id": _number(post.target)}]
        if word == "replied_to":
            whom = post.account if post.kind == THREAD else post.target.account
            tweet["in_reply_to_user_id"] = whom.native_id
    return tweet
