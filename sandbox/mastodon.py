"""Mastodon servers: a good one, a difficult one, one that wants a token, and a domain that only points elsewhere.

The server's own name is the first part of the path, so `/.well-known/webfinger` of a domain lives at
`/mastodon/<domain>/.well-known/webfinger`, and its API at `/mastodon/<domain>/api/v1/`.
"""

import re
from dataclasses import replace
from urllib.parse import urlencode

from sandbox.clock import iso
from sandbox.faults import Fault
from sandbox.mastodon_shapes import GOOD, ODD, SHUT, SUSPENDED, Sight, home_of, snowflake, user_of
from sandbox.network import PlainNetwork
from sandbox.timeline import REPLY, REPOST
from sandbox.wire import Answer, Ask, Headers, Json, as_html, as_json
from sandbox.world import Account

INSTANCES = (GOOD, ODD, SHUT)
TOKEN = "sandbox-token"
LIMIT = 300  # in five minutes
_ODD_PAGE = 20  # the difficult server's only page size


class Mastodon(PlainNetwork):
    """Answers for every server of the pretend fediverse."""

    name = "mastodon"
    cursor = "max_id"

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
                return self._missing(host) if account is None else as_json(self._sight(host).account(account, top=True))
            case ["api", "v1", "accounts", key, "statuses"]:
                account = self._by_key(host, key)
                return self._missing(host) if account is None else self._statuses(account, host, ask)
        return self._missing(host)

    def subjects(self, ask: Ask) -> frozenset[str]:
        """Return the names of the account asked for, and its server."""
        host, *rest = ask.parts
        wanted = ask.params.get("acct", ask.params.get("resource", ask.params.get("q", ""))).removeprefix("acct:")
        keys = [wanted.lstrip("@"), *rest[3:4]]
        names = {host.lower(), *(key.lower() for key in keys if key)}
        for key in keys:
            if key and (account := self._by_key(host, key, lenient=True)) is not None:
                names |= account.names
        return frozenset(names)

    def limit(self, ask: Ask) -> int:
        """Return the same limit for everybody."""
        return LIMIT

    def meter(self, remaining: int, limit: int, reset: int) -> Headers:
        """Return the rate-limit headers; the reset is a date with microseconds."""
        figures = (("limit", str(limit)), ("remaining", str(remaining)), ("reset", iso(reset, "microseconds")))
        return tuple((f"x-ratelimit-{name}", figure) for name, figure in figures)

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
        shown = self._sight(home_of(account)).account(account, top=True)
        return as_json({**shown, **self._altered(account, fault.kind)})

    def _altered(self, account: Account, kind: str) -> Json:
        if kind == "suspended":
            return SUSPENDED
        if kind == "moved":
            other = self._world.find("mastodon", f"wander@{ODD}")
            assert other is not None, "one of the cast"
            return {"moved": self._sight(home_of(account)).account(other)}
        return {"limited": True} if kind == "limited" else dict.fromkeys(("followers_count", "statuses_count"), -1)

    def _asked(self, ask: Ask) -> Account | None:
        host, *rest = ask.parts
        key = ask.params.get("acct") or (rest[3] if len(rest) > 3 else "")
        return self._by_key(host, key, lenient=True)

    def _sight(self, host: str) -> Sight:
        return Sight(host, self._moment())

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
        return self._missing(host) if account is None else as_json(self._sight(host).account(account, top=True))

    def _search(self, host: str, ask: Ask) -> Answer:
        if host == GOOD and "authorization" not in ask.headers:
            return as_json({"error": "This API requires an authenticated user"}, 401)
        words = ask.params.get("q", "").lstrip("@").partition("@")[0].lower()
        found = [
            self._sight(host).account(account)
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
        page = [self._sight(host).status(account.view(post, moment)) for post in posts[:limit]]
        more = bool(page) and (len(posts) > limit or host == ODD)
        return as_json(page, headers=self._link(account, host, limit, page, ask) if more else ())

    def _cut(self, account: Account, host: str, ask: Ask, posts: list[int]) -> tuple[int, list[int]]:
        """Return the page size and the posts from the cursor on; the difficult server ignores both wishes."""
        if host == ODD:
            return _ODD_PAGE, posts
        limit = ask.size("limit", 40, 20)
        before = re.sub(r"\D", "", ask.params.get("max_id", ""))
        if before:
            at = account.timeline.at
            posts = [post for post in posts if snowflake(float(at[post]), post) < int(before)]
        return limit, posts

    def _link(self, account: Account, host: str, limit: int, page: list[Json], ask: Ask) -> Headers:
        wishes = [(key, value) for key, value in ask.pairs if key.startswith("exclude_")]
        query = urlencode([*wishes, ("limit", limit)])
        base = f"{self.origin}/mastodon/{host}/api/v1/accounts/{account.native_id}/statuses?{query}"
        older, newer = f"{base}&max_id={page[-1]['id']}", f"{base}&min_id={page[0]['id']}"
        return (("link", f'<{older}>; rel="next", <{newer}>; rel="prev"'),)


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
