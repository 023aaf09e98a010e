"""Bluesky's public AppView, as far as a reader without a login needs it."""

import re

import numpy as np

from sandbox.bluesky_shapes import item, lie, profile
from sandbox.clock import MovableClock
from sandbox.faults import Fault
from sandbox.network import PlainNetwork
from sandbox.timeline import DAY, ORIGINAL, QUOTE, REPLY, REPOST, THREAD, Floats, Ints
from sandbox.wire import Answer, Ask, Headers, Json, as_json, packed, unpacked
from sandbox.world import Account, World, digest

_ACTOR = re.compile(r"did:[a-z]+:[A-Za-z0-9._:%-]+|[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")
LIMIT, WINDOW = 3000, 300  # requests in seconds, as the policy header says
FILTERS = {"posts_with_replies", "posts_no_replies", "posts_with_media", "posts_and_author_threads", "posts_with_video"}


def _refuse(message: str, name: str = "InvalidRequest", status: int = 400) -> Answer:
    return as_json({"error": name, "message": message}, status)


class Bluesky(PlainNetwork):
    """Answers the four queries a reader asks, in their documented shapes.

    A pinned post comes first, out of order and with a pin's reason, and again at its own place. Cursors are opaque; one
    that this server did not make is answered with 500, as the real one does. The last page has no cursor.
    """

    name = "bluesky"
    cursor = "cursor"

    def __init__(self, world: World, clock: MovableClock) -> None:
        super().__init__(world, clock)
        self._queries = {
            "app.bsky.actor.getProfile": self._get_profile,
            "app.bsky.actor.getProfiles": self._get_profiles,
            "app.bsky.feed.getAuthorFeed": self._get_author_feed,
            "com.atproto.identity.resolveHandle": self._resolve_handle,
        }

    # --- what the server asks for ---------------------------------------------------------------------------------

    def answer(self, ask: Ask) -> Answer:
        """Return the answer in good weather."""
        query = self._queries.get(ask.path.removeprefix("xrpc/"))
        if query is None or not ask.path.startswith("xrpc/"):
            return _refuse("Method Not Implemented", "MethodNotImplemented", 501)
        if ask.method != "GET":
            return _refuse("Incorrect HTTP method (POST) expected GET")
        return query(ask)

    def subjects(self, ask: Ask) -> frozenset[str]:
        """Return the names of every account in the query."""
        names: set[str] = set()
        for key, value in ask.pairs:
            if key in ("actor", "actors", "handle"):
                names.add(value.lower())
                if account := self._find(value):
                    names |= account.names
        return frozenset(names)

    def meter(self, remaining: int, limit: int, reset: int) -> Headers:
        """Return the four rate-limit headers."""
        return (
            ("ratelimit-limit", str(limit)),
            ("ratelimit-remaining", str(remaining)),
            ("ratelimit-reset", str(reset)),
            ("ratelimit-policy", f"{limit};w={WINDOW}"),
        )

    def limit(self, ask: Ask) -> int:
        """Return the same limit for everybody."""
        return LIMIT

    def limited(self, fault: Fault, ask: Ask, reset: int) -> Answer:
        """Return the 429; without a reset it carries no rate-limit header at all."""
        meter = self.meter(0, LIMIT, reset) if fault.reset else ()
        return as_json({"error": "RateLimitExceeded", "message": "Rate Limit Exceeded"}, 429, meter)

    def broken(self, status: int, ask: Ask) -> Answer:
        """Return a server error."""
        name = "UpstreamFailure" if status == 502 else "InternalServerError"
        return _refuse("Internal Server Error", name, status)

    def special(self, ask: Ask, fault: Fault) -> Answer | None:
        """Return the answer while an account is taken down, deactivated, blocked, renamed, unknown or labelled."""
        of_profile = ask.path.endswith("getProfile")
        if fault.kind in ("takedown", "deactivated") and of_profile:
            return _account_gone(fault.kind)
        if fault.kind == "blocked":
            feed = ask.path.endswith("getAuthorFeed")
            return _refuse("Requester has blocked actor", "BlockedActor") if feed else None
        if fault.kind == "renamed":
            return self._renamed(ask)
        if fault.kind == "no_unauthenticated":
            account = self._find(ask.params.get("actor", ""))
            return as_json(profile(account, self._moment(), labelled=True)) if account and of_profile else None
        if ask.path.endswith("getProfiles"):
            return as_json({"profiles": []})
        return _refuse("Profile not found")

    def _renamed(self, ask: Ask) -> Answer:
        actor = ask.params.get("actor", ask.params.get("handle", ""))
        account = self._find(actor)
        if account is None or not actor.startswith("did:"):
            return _refuse("Profile not found")
        if not ask.path.endswith("getProfile"):
            return self.answer(ask)
        return as_json({**profile(account, self._moment()), "handle": f"renamed-{account.role.slug}.bsky.social"})

    # --- the queries ----------------------------------------------------------------------------------------------

    def _get_profile(self, ask: Ask) -> Answer:
        actor = ask.params.get("actor", "")
        if not _ACTOR.fullmatch(actor):
            return _refuse("Error: actor must be a valid did or a handle")
        account = self._find(actor)
        if account is None:
            return _refuse("Profile not found")
        for quirk in ("takedown", "deactivated"):
            if quirk in account.quirks:
                return _account_gone(quirk)
        return as_json(profile(account, self._moment()))

    def _get_profiles(self, ask: Ask) -> Answer:
        actors = [value for key, value in ask.pairs if key in ("actors", "actors[]")]
        if not actors or len(actors) > 25:
            return _refuse("Error: actors must not have more than 25 elements")
        found = [acc for acc in map(self._find, actors) if acc and not acc.quirks & {"takedown", "deactivated"}]
        return as_json({"profiles": [profile(account, self._moment()) for account in dict.fromkeys(found)]})

    def _resolve_handle(self, ask: Ask) -> Answer:
        account = self._find(ask.params.get("handle", ""))
        if account is None:
            return _refuse("Unable to resolve handle")
        return as_json({"did": account.native_id})

    def _get_author_feed(self, ask: Ask) -> Answer:
        params = ask.params
        limit = params.get("limit", "50")
        if not limit.isascii() or not limit.isdigit() or not 1 <= int(limit) <= 100:
            return _refuse("Error: limit can not be greater than 100" if limit != "0" else "Error: limit too small")
        if params.get("filter", "posts_with_replies") not in FILTERS:
            return _refuse("Error: filter is not known")
        account = self._find(params.get("actor", ""))
        if account is None or account.quirks & {"takedown", "deactivated"}:
            return _refuse("Profile not found")
        before = None
        if "cursor" in params:
            before = _open_cursor(params["cursor"])
            if before is None:
                return self.broken(500, ask)
        return as_json(self._page(account, int(limit), before, params.get("filter", "posts_with_replies")))

    def _page(self, account: Account, limit: int, before: tuple[float, int] | None, kinds: str) -> Json:
        moment = self._moment()
        line = account.timeline
        posts = line.visible(moment)
        posts = posts[np.isin(line.kind[posts], _kinds_of(kinds))]
        sorts = self._sort_times(account, posts)
        order = np.lexsort((posts, sorts))[::-1]
        posts, sorts = posts[order], sorts[order]
        if before is not None:
            later = (sorts < before[0]) | ((sorts == before[0]) & (posts < before[1]))
            posts, sorts = posts[later], sorts[later]
        pin = self._pinned(account, moment) if before is None else None
        room = limit - (pin is not None)
        items = [] if pin is None else [item(account, pin, moment, pinned=True)]
        items += [item(account, int(post), moment) for post in posts[:room]]
        page: Json = {"feed": items}
        if len(posts) > room and room > 0:
            page = {"cursor": _make_cursor(float(sorts[room - 1]), int(posts[room - 1])), **page}
        return page

    def _sort_times(self, account: Account, posts: Ints) -> Floats:
        """Return what the feed is sorted by: the claimed date, which only one account lies about."""
        times = account.timeline.at[posts].copy()
        if "lying_dates" in account.quirks:
            times += np.array([lie(int(post)) for post in posts], dtype=float)
        return times

    def _pinned(self, account: Account, moment: float) -> int | None:
        day = account.plan.pinned_day
        line = account.timeline
        if day is None:
            return None
        seen = line.visible(moment)
        seen = seen[(line.kind[seen] == ORIGINAL) & (line.at[seen] >= self._world.anchor_day + day * DAY)]
        return int(seen[0]) if len(seen) else None

    def _find(self, actor: str) -> Account | None:
        if actor == self._world.strangers["bluesky"].handle:
            return self._world.strangers["bluesky"]
        account = self._world.find("bluesky", actor)
        broken = account is not None and "invalid_handle" in account.quirks and not actor.startswith("did:")
        # A handle whose verification broke still resolves by its own name on the real network, but shows as invalid.
        return account if account and not (broken and actor == "handle.invalid") else None


def _account_gone(kind: str) -> Answer:
    if kind == "takedown":
        return _refuse("Account has been suspended", "AccountTakedown")
    return _refuse("Account is deactivated", "AccountDeactivated")


def _kinds_of(name: str) -> list[int]:
    """Return the kinds a filter lets through; none of them drops reposts."""
    if name == "posts_with_replies":
        return [ORIGINAL, THREAD, REPLY, QUOTE, REPOST]
    if name == "posts_and_author_threads":
        return [ORIGINAL, THREAD, QUOTE, REPOST]
    return [ORIGINAL, QUOTE, REPOST]


def _make_cursor(sort_time: float, index: int) -> str:
    text = f"{sort_time!r}|{index}"
    return packed(f"{text}|{digest(text).hex()[:8]}".encode())


def _open_cursor(cursor: str) -> tuple[float, int] | None:
    """Return sort time and index of a cursor of ours, None for any other text."""
    try:
        text = unpacked(cursor).decode("ascii")
        body, _, check = text.rpartition("|")
        moment, _, index = body.partition("|")
        return (float(moment), int(index)) if digest(body).hex()[:8] == check else None
    except ValueError:
        return None
