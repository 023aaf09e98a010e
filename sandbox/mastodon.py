"""Mastodon servers: a good one, a difficult one, one that wants a token, and a domain that only points elsewhere.

The server's own name is the first part of the path, so `/.well-known/webfinger` of a domain lives at
`/mastodon/<domain>/.well-known/webfinger`, and its API at `/mastodon/<domain>/api/v1/`.
"""

import html
import re
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from sandbox.clock import MovableClock
from sandbox.faults import Fault
from sandbox.timeline import QUOTE, REPLY, REPOST, THREAD
from sandbox.wire import Answer, Ask, Headers, as_html, as_json
from sandbox.world import Account, PostView, World, profile_url

Json = dict[str, Any]

GOOD, ODD, SHUT = "toot.example", "odd.example", "shut.example"
INSTANCES = (GOOD, ODD, SHUT)
TOKEN = "sandbox-token"
LIMIT = 300  # in five minutes
_ODD_PAGE = 20  # the difficult server's only page size


def user_of(account: Account) -> str:
    """Return the name without its server."""
    return account.handle.partition("@")[0]


def home_of(account: Account) -> str:
    """Return the server an account lives on."""
    return account.handle.partition("@")[2]


def _iso(moment: float, *, odd: bool = False) -> str:
    when = datetime.fromtimestamp(moment, UTC)
    return when.isoformat(timespec="seconds" if odd else "milliseconds").replace("+00:00", "Z")


def status_id(post: PostView, host: str) -> str:
    """Return a post's id on `host`: a snowflake, or on the difficult server no number at all."""
    return f"9xQ{int(post.at):x}-{post.index:x}" if host == ODD else str(_snowflake(post.at, post.index))


def _account_id(account: Account, host: str) -> str:
    """Return an account's id on `host`, which gives strangers from elsewhere an id of its own."""
    local = home_of(account) == host or account.native_id.isdigit() or host == ODD
    return account.native_id if local else str(int.from_bytes(account.native_id.encode()[:7], "big"))


def _snowflake(at: float, index: int) -> int:
    return int(at * 1000) << 16 | index & 0xFFFF


class Mastodon:
    """Answers for every server of the pretend fediverse."""

    name = "mastodon"
    origin = ""

    def __init__(self, world: World, clock: MovableClock) -> None:
        self._world = world
        self._clock = clock

    # --- what the server asks for ---------------------------------------------------------------------------------

    def answer(self, ask: Ask) -> Answer:
        """Return the answer in good weather."""
        host, *rest = ask.parts
        if rest == [".well-known", "webfinger"]:
            return self._webfinger(host, ask)
        if host not in INSTANCES:
            known = any(f"domain:{host}" in account.quirks for account in self._world.accounts("mastodon"))
            return as_html("Not found", 404) if known else as_html("No such server", 503)
        if host == SHUT and (refusal := _token_refusal(ask, rest)) is not None:
            return refusal
        return self._route(host, rest, ask)

    def _route(self, host: str, rest: list[str], ask: Ask) -> Answer:
        match rest:
            case ["api", "v1", "apps"] if ask.method == "POST":
                return as_json({"id": "1", "name": "app", "client_id": "sandbox-id", "client_secret": "sandbox-secret"})
            case ["oauth", "token"] if ask.method == "POST":
                return as_json({"access_token": TOKEN, "token_type": "Bearer", "scope": "read", "created_at": 0})
            case ["api", "v1", "instance"]:
                return as_json(_instance(host))
            case ["api", "v1", "accounts", "lookup"]:
                return self._lookup(host, ask)
            case ["api", "v1", "accounts", "search"]:
                return self._search(host, ask)
            case ["api", "v1", "accounts", key]:
                account = self._by_key(host, key)
                return self._missing(host) if account is None else as_json(self._account(account, host, top=True))
            case ["api", "v1", "accounts", key, "statuses"]:
                account = self._by_key(host, key)
                return self._missing(host) if account is None else self._statuses(account, host, ask)
        return self._missing(host)

    def finish(self, ask: Ask, answer: Answer) -> Answer:
        """Return the answer as it is."""
        return answer

    def cache_key(self, ask: Ask) -> str:
        """Return path, query and token: one server answers nobody without one."""
        return f"{ask.method} {ask.path}?{ask.query} {ask.headers.get('authorization', '')}"

    def subjects(self, ask: Ask) -> frozenset[str]:
        """Return the names of the account asked for, and its server."""
        host, *rest = ask.parts
        wanted = ask.params.get("acct", ask.params.get("resource", ask.params.get("q", ""))).removeprefix("acct:")
        keys = [wanted.lstrip("@"), *rest[3:4]]
        names = {host.lower(), *(key.lower() for key in keys if key)}
        for key in keys:
            if key and (account := self._by_key(host, key, lenient=True)) is not None:
                names.update((account.role.slug, account.handle.lower(), account.native_id.lower()))
        return frozenset(names)

    def limit(self, ask: Ask) -> int:
        """Return the same limit for everybody."""
        return LIMIT

    def meter(self, remaining: int, limit: int, reset: int) -> Headers:
        """Return the rate-limit headers; the reset is a date with microseconds."""
        when = datetime.fromtimestamp(reset, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        return (
            ("x-ratelimit-limit", str(limit)),
            ("x-ratelimit-remaining", str(remaining)),
            ("x-ratelimit-reset", when),
        )

    def limited(self, fault: Fault, ask: Ask, reset: int) -> Answer:
        """Return the 429; the difficult server says it in HTML."""
        meter = self.meter(0, LIMIT, reset) if fault.reset else ()
        if ask.parts[0] == ODD:
            page = as_html("Slow down", 429)
            return replace(page, headers=(*page.headers, *meter))
        return as_json({"error": "Too many requests"}, 429, meter)

    def broken(self, status: int, ask: Ask) -> Answer:
        """Return a server error."""
        if ask.parts[0] == ODD:
            return as_html("We're sorry, but something went wrong", status)
        text = "Remote data could not be fetched" if status == 503 else "An unexpected error occurred"
        return as_json({"error": text}, status)

    def first_page(self, ask: Ask) -> Ask:
        """Return the question without `max_id`."""
        return replace(ask, query=urlencode([(key, value) for key, value in ask.pairs if key != "max_id"]))

    def has_cursor(self, ask: Ask) -> bool:
        """Return whether a later page is asked for."""
        return "max_id" in ask.params

    def special(self, ask: Ask, fault: Fault) -> Answer | None:
        """Return the answer while an account is suspended, gone, unknown, moved, limited or refused."""
        if fault.kind == "gone":
            return as_json({"error": "This account has been suspended"}, 410)
        if fault.kind == "not_found":
            return self._missing(ask.parts[0])
        if fault.kind == "unauthorized":
            return as_json({"error": "This API requires an authenticated user"}, 401)
        account = self._asked(ask)
        if account is None:
            return None
        if ask.path.endswith("/statuses"):
            return as_json([]) if fault.kind == "suspended" else None
        shown = self._account(account, home_of(account), top=True)
        return as_json({**shown, **self._altered(account, fault.kind)})

    def _altered(self, account: Account, kind: str) -> Json:
        if kind == "suspended":
            return _SUSPENDED
        if kind == "moved":
            other = self._world.find("mastodon", f"wander@{ODD}")
            assert other is not None, "one of the cast"
            return {"moved": self._account(other, home_of(account))}
        return {"limited": True} if kind == "limited" else dict.fromkeys(("followers_count", "statuses_count"), -1)

    def _asked(self, ask: Ask) -> Account | None:
        host, *rest = ask.parts
        key = ask.params.get("acct") or (rest[3] if len(rest) > 3 else "")
        return self._by_key(host, key, lenient=True)

    # --- the calls ------------------------------------------------------------------------------------------------

    def _missing(self, host: str) -> Answer:
        if host == ODD:
            return as_html("The page you are looking for isn't here", 404)
        return as_json({"error": "Record not found"}, 404)

    def _lookup(self, host: str, ask: Ask) -> Answer:
        acct = ask.params.get("acct", "")
        if host == ODD or acct.startswith("@"):
            return self._missing(host)
        account = self._by_name(host, acct)
        return self._missing(host) if account is None else as_json(self._account(account, host, top=True))

    def _search(self, host: str, ask: Ask) -> Answer:
        if host == GOOD and "authorization" not in ask.headers:
            return as_json({"error": "This API requires an authenticated user"}, 401)
        words = ask.params.get("q", "").lstrip("@").partition("@")[0].lower()
        found = [
            self._account(account, host)
            for account in self._world.accounts("mastodon")
            if words and home_of(account) == host and words in user_of(account).lower()
        ]
        return as_json(found[:40])

    def _by_name(self, host: str, acct: str) -> Account | None:
        user, _, domain = acct.partition("@")
        account = self._world.find("mastodon", f"{user}@{host}")
        if account is None or (domain and domain.lower() not in _domains(account)):
            return None
        return account

    def _by_key(self, host: str, key: str, *, lenient: bool = False) -> Account | None:
        """Return the account of an id; the difficult server takes a name as well."""
        account = self._world.find("mastodon", key)
        if account is not None and home_of(account) == host and "@" not in key:
            return account
        return self._by_name(host, key) if host == ODD or lenient else None

    def _webfinger(self, domain: str, ask: Ask) -> Answer:
        resource = ask.params.get("resource", "")
        user, _, host = resource.removeprefix("acct:").partition("@")
        for account in self._world.accounts("mastodon"):
            mine = user.lower() == user_of(account).lower() and host.lower() in _domains(account)
            if mine and domain in _domains(account):
                return _finger(account)
        return Answer(404, b"", (("content-type", "text/plain"),)) if resource else Answer(400, b"")

    def _statuses(self, account: Account, host: str, ask: Ask) -> Answer:
        if "suspended" in account.quirks:
            return as_json([])
        moment = self._moment()
        line = account.timeline
        posts = [int(post) for post in line.visible(moment)[::-1]]
        without = ask.params.get("exclude_reblogs", "").lower() in ("true", "1") or host == ODD
        posts = [post for post in posts if not (without and line.kind[post] == REPOST)]
        if ask.params.get("exclude_replies", "").lower() in ("true", "1"):
            posts = [post for post in posts if line.kind[post] != REPLY]
        limit, posts = self._cut(account, host, ask, posts)
        page = [self._status(account.view(post, moment), host) for post in posts[:limit]]
        more = bool(page) and (len(posts) > limit or host == ODD)
        return as_json(page, headers=self._link(account, host, limit, page, ask) if more else ())

    def _cut(self, account: Account, host: str, ask: Ask, posts: list[int]) -> tuple[int, list[int]]:
        """Return the page size and the posts from the cursor on; the difficult server ignores both wishes."""
        if host == ODD:
            return _ODD_PAGE, posts
        wish = ask.params.get("limit", "20")
        limit = min(40, int(wish)) if wish.isascii() and wish.isdigit() and int(wish) else 20
        before = re.sub(r"\D", "", ask.params.get("max_id", ""))
        if before:
            at = account.timeline.at
            posts = [post for post in posts if _snowflake(float(at[post]), post) < int(before)]
        return limit, posts

    def _link(self, account: Account, host: str, limit: int, page: list[Json], ask: Ask) -> Headers:
        wishes = [(key, value) for key, value in ask.pairs if key.startswith("exclude_")]
        query = urlencode([*wishes, ("limit", limit)])
        base = f"{self.origin}/mastodon/{host}/api/v1/accounts/{account.native_id}/statuses?{query}"
        older, newer = f"{base}&max_id={page[-1]['id']}", f"{base}&min_id={page[0]['id']}"
        return (("link", f'<{older}>; rel="next", <{newer}>; rel="prev"'),)

    # --- the shapes -----------------------------------------------------------------------------------------------

    def _moment(self) -> float:
        return self._clock.minute() * 60.0

    def _account(self, account: Account, host: str, *, top: bool = False) -> Json:
        """Return an account as `host` shows it; `top` adds what only the account's own page says."""
        moment, home, odd = self._moment(), home_of(account), host == ODD
        local = home == host and not odd  # the difficult server writes its domain even for its own people
        user = user_of(account)
        seen = account.timeline.visible(moment)
        last = None if odd or not len(seen) else _iso(float(account.timeline.at[seen[-1]]))[:10]
        opened = account.opened().timestamp()
        shown: Json = {
            "id": _account_id(account, host),
            "username": user,
            "acct": user if local else f"{user}@{home}",
            "display_name": account.name,
            "locked": "locked" in account.quirks,
            "bot": False,
            "discoverable": "noindex" not in account.quirks,
            "group": False,
            "created_at": _iso(opened, odd=True) if odd else _iso(opened)[:10] + "T00:00:00.000Z",
            "note": _note(account),
            "url": f"https://{home}/@{user}",
            "uri": f"https://{home}/users/{user}",
            "avatar": f"https://files.{home}/avatars/{account.native_id}.png",
            "avatar_static": f"https://files.{home}/avatars/{account.native_id}.png",
            "header": f"https://{home}/headers/missing.png",
            "header_static": f"https://{home}/headers/missing.png",
            "followers_count": account.followers(moment),
            "following_count": account.plan.following,
            "statuses_count": account.posts_total(moment, with_reposts=True),
            "last_status_at": last,
            "emojis": [],
            "fields": _fields(account),
        }
        if not odd:
            hidden = "noindex" in account.quirks
            shown |= {"noindex": hidden, "indexable": not hidden, "roles": []}
        return shown | self._own_page(account, host) if top else shown

    def _own_page(self, account: Account, host: str) -> Json:
        if "suspended" in account.quirks:
            return _SUSPENDED
        for quirk in account.quirks:
            if quirk.startswith("moved:"):
                other = self._world.find("mastodon", quirk.removeprefix("moved:"))
                return {} if other is None else {"moved": self._account(other, host)}
        return {}

    def _status(self, post: PostView, host: str, *, deep: bool = True) -> Json:
        odd, boost = host == ODD, post.kind == REPOST
        home, key = home_of(post.account), status_id(post, host)
        shown: Json = {
            "id": key,
            "created_at": _iso(post.at, odd=odd),
            "in_reply_to_id": None,
            "in_reply_to_account_id": None,
            "sensitive": False,
            "spoiler_text": "",
            "visibility": "unlisted" if post.index % 9 == 4 else "public",
            "language": "en",
            "uri": f"https://{home}/users/{user_of(post.account)}/statuses/{key}",
            "url": f"https://{home}/@{user_of(post.account)}/{key}",
            "replies_count": 0 if boost else post.replies,
            "reblogs_count": 0 if boost else post.reposts,
            "favourites_count": 0 if boost else post.likes,
            "edited_at": None,
            "content": "" if boost else f"<p>{html.escape(post.text)}</p>",
            "reblog": None,
            "account": self._account(post.account, host),
            "media_attachments": [],
            "mentions": [],
            "tags": [],
            "emojis": [],
            "card": None,
            "poll": None,
        }
        if not odd:
            shown["quotes_count"] = 0 if boost else post.quotes
        return shown | self._pointing(post, host) if deep and post.target is not None else shown

    def _pointing(self, post: PostView, host: str) -> Json:
        """Return the keys of a status that points to another one."""
        target = post.target
        assert target is not None, "asked for posts that point somewhere only"
        if post.kind in (REPLY, THREAD):
            return {
                "in_reply_to_id": status_id(target, host),
                "in_reply_to_account_id": _account_id(target.account, host),
            }
        if post.kind == REPOST:
            return {"reblog": self._status(target, host, deep=False)}
        if post.kind == QUOTE and host != ODD:
            return {"quote": {"state": "accepted", "quoted_status": self._status(target, host, deep=False)}}
        return {}


_SUSPENDED: Json = {
    "suspended": True,
    "display_name": "",
    "note": "",
    "fields": [],
    "followers_count": 0,
    "following_count": 0,
    "statuses_count": 0,
    "last_status_at": None,
}


def _domains(account: Account) -> set[str]:
    """Return the server an account lives on, and the domain of its address where that is another one."""
    return {home_of(account), *(quirk[7:] for quirk in account.quirks if quirk.startswith("domain:"))}


def _token_refusal(ask: Ask, rest: list[str]) -> Answer | None:
    if rest[:1] == ["oauth"] or rest == ["api", "v1", "apps"]:
        return None
    given = ask.headers.get("authorization")
    if given == f"Bearer {TOKEN}":
        return None
    text = "The access token is invalid" if given else "This API requires an authenticated user"
    return as_json({"error": text}, 401)


def _instance(host: str) -> Json:
    version = "2.7.2 (compatible; Oddity 1.4)" if host == ODD else "4.5.0"
    return {"uri": host, "title": host.partition(".")[0].title(), "version": version, "registrations": False}


def _finger(account: Account) -> Answer:
    user, home = user_of(account), home_of(account)
    named = sorted(_domains(account) - {home}) or [home]
    page = {"rel": "http://webfinger.net/rel/profile-page", "type": "text/html", "href": f"https://{home}/@{user}"}
    own = {"rel": "self", "type": "application/activity+json", "href": f"https://{home}/users/{user}"}
    body = {"subject": f"acct:{user}@{named[0]}", "aliases": [page["href"], own["href"]], "links": [page, own]}
    answer = as_json(body)
    return replace(answer, headers=(("content-type", "application/jrd+json; charset=utf-8"),))


def _note(account: Account) -> str:
    text = account.role.bio if account.plan.bio is None else account.plan.bio
    if "hostile" in account.quirks:
        return f"<p>{text}</p>"  # not escaped: a hostile server would not do so either
    return f"<p>{html.escape(text)}</p>" if text else ""


def _fields(account: Account) -> list[Json]:
    """Return the creator's other accounts as profile fields; those on a domain of their own are verified."""
    own_domain = any(other.network == "bluesky" and other.handle.endswith(".example") for other in account.links)
    since = _iso(account.opened().timestamp() + 86_400).replace("Z", "+00:00")
    return [
        {
            "name": other.network.title(),
            "value": f'<a href="{profile_url(other)}" rel="me nofollow noopener">{profile_url(other)}</a>',
            "verified_at": since if own_domain else None,
        }
        for other in account.links[:4]
    ]
