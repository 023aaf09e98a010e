"""Threads: the account of a token, its posts, their figures one by one, and Threads' own way to let an owner in."""

import re
from collections.abc import Mapping

from sandbox.clock import MovableClock
from sandbox.faults import Fault
from sandbox.meta import Graph
from sandbox.meta_fields import Wanted
from sandbox.meta_owner import LONG, SHORT, edge, graph_refusal, insight, longer
from sandbox.meta_refusals import INSIGHT_FAULTS, MISSING, refuse
from sandbox.meta_values import Json, chosen, moment, number
from sandbox.oauth import OAuthServer
from sandbox.oauth_dialect import Dialect, Form, Issued, Refusal
from sandbox.timeline import QUOTE, REPLY, REPOST
from sandbox.wire import Answer, Ask, as_json
from sandbox.world import Account, PostView, World

CLIENT_ID, SECRET = "700800900100200", "sandbox-threads-secret"
SCOPES = ("threads_basic", "threads_manage_insights")
_METRICS = ("views", "likes", "replies", "reposts", "quotes", "shares")

# --- the sign-in ------------------------------------------------------------------------------------------------------


def _tokens(issued: Issued, told: Json) -> Json:
    """Return an answer as Threads writes it: the first token tells whose it is, the later ones how long they live."""
    short = told.get("expires_in", 0) <= SHORT.total_seconds()
    if short:
        return {"access_token": told["access_token"], "user_id": int(issued.account.native_id)}
    return {"access_token": told["access_token"], "token_type": "bearer", "expires_in": told["expires_in"]}


def _code(server: OAuthServer, form: Form, headers: Mapping[str, str]) -> Answer:
    server.check_app(form, headers)
    if form.get("grant_type") != "authorization_code":
        raise Refusal("unsupported_grant_type")
    return server.told(server.redeem(form))


def _exchange(server: OAuthServer, form: Form, headers: Mapping[str, str]) -> Answer:
    if form.get("client_secret") != SECRET:
        raise Refusal("invalid_client")
    if form.get("grant_type") != "th_exchange_token":
        raise Refusal("unsupported_grant_type")
    return longer(server, form.get("access_token", ""))


def _refresh(server: OAuthServer, form: Form, headers: Mapping[str, str]) -> Answer:
    if form.get("grant_type") != "th_refresh_token":
        raise Refusal("unsupported_grant_type")
    return longer(server, form.get("access_token", ""))


DIALECT = Dialect(
    network="threads",
    label="Threads",
    scopes=SCOPES,
    client_id=CLIENT_ID,
    secret=SECRET,
    authorize="oauth/authorize",
    token="oauth/access_token",
    separator=",",
    loopback=False,
    lasts=SHORT,
    tokens=_tokens,
    refuse=graph_refusal,
    routes={
        ("POST", "oauth/access_token"): _code,
        ("GET", "access_token"): _exchange,
        ("GET", "refresh_access_token"): _refresh,
    },
)

# --- the API ----------------------------------------------------------------------------------------------------------


class Threads(Graph):
    """Answers a person's own account, and no other."""

    name = "threads"
    use_case = "threads"
    limit_code = 4
    lacking = "is_verified"
    node = "ThreadsUser"
    dialect = DIALECT

    def __init__(self, world: World, clock: MovableClock) -> None:
        super().__init__(world, clock)
        self._numbers: dict[str, dict[str, int]] = {}

    def special(self, ask: Ask, fault: Fault) -> Answer | None:
        """Return the answer of a fault that Threads knows."""
        insights = re.fullmatch(r".*/[0-9]+/insights", f"/{ask.path}") is not None
        if fault.kind in INSIGHT_FAULTS:
            return INSIGHT_FAULTS[fault.kind] if insights else None
        if fault.kind == "no_followers":
            return refuse(100, "(#100) The metric is not available") if ask.path.endswith("threads_insights") else None
        return super().special(ask, fault)

    def _asked_for(self, ask: Ask) -> str:
        consent = self.consent(ask)
        return "" if consent is None else consent.account.handle

    def _own(self, ask: Ask, parts: list[str], fields: tuple[Wanted, ...], issued: Issued) -> Answer:
        account = issued.account
        if parts == ["me"]:
            return as_json(chosen(self._user(account), fields))
        if parts == ["me", "threads"]:
            since = float(ask.params.get("since", "0"))
            return _list(ask, [chosen(_thread(post), fields) for post in self._all(account, since)])
        if "threads_manage_insights" not in issued.scopes:
            return refuse(10, "(#10) Application does not have permission for this action", 403)
        if parts == ["me", "threads_insights"]:
            return self._account_insights(ask, account)
        return self._insights(ask, account, parts[0]) if parts[1:] == ["insights"] else MISSING

    def _user(self, account: Account) -> Json:
        return {
            "id": account.native_id,
            "username": account.handle,
            "name": account.name or None,
            "is_verified": account.plan.followers > 1_000_000,
            "threads_biography": account.role.bio or None,
            "threads_profile_picture_url": f"https://cdn.example/{account.native_id}.jpg?oh=signed",
        }

    def _all(self, account: Account, since: float) -> list[PostView]:
        """Return posts and reposts, newest first; replies have a list of their own."""
        line, now = account.timeline, self._moment()
        seen = [int(i) for i in line.visible(now)[::-1] if line.kind[i] != REPLY and line.at[i] >= since]
        return [account.view(index, now, deep=False) for index in seen]

    def _account_insights(self, ask: Ask, account: Account) -> Answer:
        if ask.params.get("metric") != "followers_count":
            return refuse(100, "(#100) metric[0] must be one of the following values: followers_count")
        total = {"value": account.followers(self._moment())}
        return as_json({"data": [{"name": "followers_count", "period": "day", "total_value": total}]})

    def _insights(self, ask: Ask, account: Account, key: str) -> Answer:
        index = self._places(account).get(key)
        asked = ask.params.get("metric", "").split(",")
        if index is None:
            return MISSING
        if not set(asked) <= set(_METRICS):
            return refuse(100, "(#100) metric[0] must be one of the following values: " + ", ".join(_METRICS))
        post = account.view(index, self._moment(), deep=False)
        values = {"likes": post.likes, "replies": post.replies, "reposts": post.reposts, "quotes": post.quotes}
        values |= {"views": 30 * (post.likes + post.replies), "shares": post.reposts // 3}
        return as_json({"data": [insight(name, values[name], key) for name in asked]})

    def _places(self, account: Account) -> dict[str, int]:
        if account.native_id not in self._numbers:
            posts = (account.view(index, 0.0, deep=False) for index in range(len(account.timeline.at)))
            self._numbers[account.native_id] = {_key(post): post.index for post in posts}
        return self._numbers[account.native_id]


def _list(ask: Ask, items: list[Json]) -> Answer:
    """Return a page as Threads does: cursors, and no address of the next page."""
    answer = edge(ask, items)
    return Answer(answer.status, re.sub(rb',"next":"[^"]*"', b"", answer.body), answer.headers)


def _key(post: PostView) -> str:
    return str(18_000_000_000_000_000 + number(post) % 10**13)


def _thread(post: PostView) -> Json:
    repost = post.kind == REPOST
    return {
        "id": _key(post),
        "media_product_type": "THREADS",
        "media_type": "REPOST_FACADE" if repost else ("TEXT_POST", "IMAGE", "VIDEO")[post.index % 3],
        "permalink": f"https://www.threads.net/@{post.account.handle}/post/C{number(post):x}",
        "username": post.account.handle,
        "text": None if repost else post.text,
        "timestamp": moment(post.at),
        "is_quote_post": post.kind == QUOTE,
    }


__all__ = ["CLIENT_ID", "DIALECT", "LONG", "SECRET", "Threads"]
