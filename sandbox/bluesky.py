"""Bluesky's public AppView, as far as a reader without a login needs it."""

import base64
import binascii
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import numpy as np

from sandbox.clock import MovableClock
from sandbox.faults import Fault
from sandbox.timeline import DAY, ORIGINAL, QUOTE, REPLY, REPOST, THREAD, Floats, Ints
from sandbox.wire import Answer, Ask, Headers, as_json
from sandbox.world import Account, PostView, World, base32, digest

Json = dict[str, Any]

_TID = "234567abcdefghijklmnopqrstuvwxyz"  # the protocol's sortable base-32 alphabet
_ACTOR = re.compile(r"did:[a-z]+:[A-Za-z0-9._:%-]+|[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")
LIMIT, WINDOW = 3000, 300  # requests in seconds, as the policy header says
FILTERS = {"posts_with_replies", "posts_no_replies", "posts_with_media", "posts_and_author_threads", "posts_with_video"}


def iso(moment: float) -> str:
    """Return epoch seconds in the protocol's form, milliseconds and Z."""
    return datetime.fromtimestamp(moment, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def tid(moment: float, salt: int) -> str:
    """Return a record key that sorts by time."""
    number = int(moment * 1_000_000) << 10 | salt & 1023
    return "".join(_TID[number >> 5 * place & 31] for place in range(12, -1, -1))


def cid(text: str) -> str:
    """Return a well-formed content id (CIDv1, dag-cbor, SHA-256)."""
    return "b" + base32(b"\x01\x71\x12\x20" + digest(text))


def _refuse(message: str, name: str = "InvalidRequest", status: int = 400) -> Answer:
    return as_json({"error": name, "message": message}, status)


class Bluesky:
    """Answers the four queries a reader asks, in their documented shapes.

    A pinned post comes first, out of order and with a pin's reason, and again at its own place. Cursors are opaque; one
    that this server did not make is answered with 500, as the real one does. The last page has no cursor.
    """

    name = "bluesky"
    origin = ""

    def __init__(self, world: World, clock: MovableClock) -> None:
        self._world = world
        self._clock = clock
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

    def finish(self, ask: Ask, answer: Answer) -> Answer:
        """Return the answer as it is: no conditional requests here."""
        return answer

    def cache_key(self, ask: Ask) -> str:
        """Return path and query: no header changes an answer."""
        return f"{ask.method} {ask.path}?{ask.query}"

    def subjects(self, ask: Ask) -> frozenset[str]:
        """Return the names of every account in the query."""
        names: set[str] = set()
        for key, value in ask.pairs:
            if key in ("actor", "actors", "handle"):
                names.add(value.lower())
                if account := self._find(value):
                    names.update((account.role.slug, account.handle.lower(), account.native_id.lower()))
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

    def first_page(self, ask: Ask) -> Ask:
        """Return the question without `cursor`."""
        return replace(ask, query=urlencode([(key, value) for key, value in ask.pairs if key != "cursor"]))

    def has_cursor(self, ask: Ask) -> bool:
        """Return whether a cursor was given."""
        return "cursor" in ask.params

    def special(self, ask: Ask, fault: Fault) -> Answer | None:
        """Return the answer while an account is taken down, deactivated, blocked, renamed, unknown or labelled."""
        profile = ask.path.endswith("getProfile")
        if fault.kind in ("takedown", "deactivated") and profile:
            return _account_gone(fault.kind)
        if fault.kind == "blocked":
            feed = ask.path.endswith("getAuthorFeed")
            return _refuse("Requester has blocked actor", "BlockedActor") if feed else None
        if fault.kind == "renamed":
            return self._renamed(ask)
        if fault.kind == "no_unauthenticated":
            account = self._find(ask.params.get("actor", ""))
            return as_json(self._profile(account, labelled=True)) if account and profile else None
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
        return as_json({**self._profile(account), "handle": f"renamed-{account.role.slug}.bsky.social"})

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
        return as_json(self._profile(account))

    def _get_profiles(self, ask: Ask) -> Answer:
        actors = [value for key, value in ask.pairs if key in ("actors", "actors[]")]
        if not actors or len(actors) > 25:
            return _refuse("Error: actors must not have more than 25 elements")
        found = [acc for acc in map(self._find, actors) if acc and not acc.quirks & {"takedown", "deactivated"}]
        return as_json({"profiles": [self._profile(account) for account in dict.fromkeys(found)]})

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
        items = [] if pin is None else [self._item(account, pin, moment, pinned=True)]
        items += [self._item(account, int(post), moment) for post in posts[:room]]
        page: Json = {"feed": items}
        if len(posts) > room and room > 0:
            page = {"cursor": _make_cursor(float(sorts[room - 1]), int(posts[room - 1])), **page}
        return page

    def _sort_times(self, account: Account, posts: Ints) -> Floats:
        """Return what the feed is sorted by: the claimed date, which only one account lies about."""
        times = account.timeline.at[posts].copy()
        if "lying_dates" in account.quirks:
            times += np.array([_lie(int(post)) for post in posts], dtype=float)
        return times

    def _pinned(self, account: Account, moment: float) -> int | None:
        day = account.plan.pinned_day
        line = account.timeline
        if day is None:
            return None
        seen = line.visible(moment)
        seen = seen[(line.kind[seen] == ORIGINAL) & (line.at[seen] >= self._world.anchor_day + day * DAY)]
        return int(seen[0]) if len(seen) else None

    # --- the shapes -----------------------------------------------------------------------------------------------

    def _find(self, actor: str) -> Account | None:
        if actor == self._world.strangers["bluesky"].handle:
            return self._world.strangers["bluesky"]
        account = self._world.find("bluesky", actor)
        broken = account is not None and "invalid_handle" in account.quirks and not actor.startswith("did:")
        # A handle whose verification broke still resolves by its own name on the real network, but shows as invalid.
        return account if account and not (broken and actor == "handle.invalid") else None

    def _moment(self) -> float:
        return self._clock.minute() * 60.0

    def _basic(self, account: Account) -> Json:
        shown: Json = {"did": account.native_id, "handle": _shown_handle(account)}
        if account.name:
            shown["displayName"] = account.name[:64]
        if account.role.slug != "blank":
            shown["avatar"] = (
                f"https://cdn.bsky.example/img/avatar/plain/{account.native_id}/{cid(account.native_id)}@jpeg"
            )
        shown["labels"] = self._labels(account)
        if account.plan.opened_days % 2 == 0:  # the real one leaves it out for many accounts
            shown["createdAt"] = iso(account.opened().timestamp())
        return shown

    def _labels(self, account: Account, labelled: bool = False) -> list[Json]:
        if not labelled and "no_unauthenticated" not in account.quirks:
            return []
        return [
            {
                "src": account.native_id,
                "uri": f"at://{account.native_id}/app.bsky.actor.profile/self",
                "cid": cid(account.native_id + "label"),
                "val": "!no-unauthenticated",
                "cts": iso(account.opened().timestamp()),
            }
        ]

    def _profile(self, account: Account, *, labelled: bool = False) -> Json:
        moment = self._moment()
        shown = self._basic(account)
        shown["labels"] = self._labels(account, labelled)
        shown["associated"] = {"lists": 0, "feedgens": 0, "starterPacks": 0, "labeler": False}
        if account.bio:
            shown["description"] = account.bio
        shown["indexedAt"] = iso(account.opened().timestamp() + 7)
        shown["followersCount"] = account.followers(moment)
        shown["followsCount"] = account.plan.following
        shown["postsCount"] = account.posts_total(moment)
        if account.role.slug == "lantern":
            shown["verification"] = {"verifications": [], "verifiedStatus": "valid", "trustedVerifierStatus": "none"}
        if "older" in account.quirks:
            for key in ("followsCount", "indexedAt", "associated", "createdAt"):
                shown.pop(key, None)
        return shown

    def _item(self, account: Account, index: int, moment: float, *, pinned: bool = False) -> Json:
        post = account.view(index, moment)
        if post.kind == REPOST:
            return self._repost(post)
        item: Json = {"post": self._post(post)}
        if post.kind in (REPLY, THREAD):
            item["reply"] = self._reply(post)
        if pinned:
            item["reason"] = {"$type": "app.bsky.feed.defs#reasonPin"}
        return item

    def _repost(self, post: PostView) -> Json:
        target = post.target
        by = self._basic(post.account)
        assert target is not None, "the world gives every repost a target"
        key = f"at://{post.account.native_id}/app.bsky.feed.repost/{tid(post.at, post.index)}"
        reason = {
            "$type": "app.bsky.feed.defs#reasonRepost",
            "by": by,
            "uri": key,
            "cid": cid(key),
            "indexedAt": iso(post.at),
        }
        return {"post": self._post(target), "reason": reason}

    def _reply(self, post: PostView) -> Json:
        if post.target is None or post.index % 11 == 0:  # now and then the parent was deleted
            uri = _uri(post.target) if post.target else _lost_uri(post)
            lost = {"$type": "app.bsky.feed.defs#notFoundPost", "uri": uri, "notFound": True}
            return {"root": lost, "parent": lost}
        parent = {"$type": "app.bsky.feed.defs#postView", **self._post(post.target)}
        return {"root": parent, "parent": parent}

    def _post(self, post: PostView) -> Json:
        uri = _uri(post)
        shown: Json = {"uri": uri, "cid": cid(uri), "author": self._basic(post.account), "record": _record(post)}
        if post.kind == QUOTE and post.target is not None:
            quoted = self._quoted(post.target)
            shown["embed"] = {"$type": "app.bsky.embed.record#view", "record": quoted}
        shown["bookmarkCount"] = post.saves
        shown["replyCount"] = post.replies
        shown["repostCount"] = post.reposts
        shown["likeCount"] = post.likes
        shown["quoteCount"] = post.quotes
        shown["indexedAt"] = iso(post.at + 0.35)
        shown["labels"] = []
        if "older" in post.account.quirks:
            for key in ("quoteCount", "bookmarkCount", *(("replyCount",) if post.index % 4 == 0 else ())):
                del shown[key]
        return shown

    def _quoted(self, post: PostView) -> Json:
        uri = _uri(post)
        return {
            "$type": "app.bsky.embed.record#viewRecord",
            "uri": uri,
            "cid": cid(uri),
            "author": self._basic(post.account),
            "value": _record(post),
            "labels": [],
            "likeCount": post.likes,
            "replyCount": post.replies,
            "repostCount": post.reposts,
            "quoteCount": post.quotes,
            "indexedAt": iso(post.at + 0.35),
        }


def _account_gone(kind: str) -> Answer:
    if kind == "takedown":
        return _refuse("Account has been suspended", "AccountTakedown")
    return _refuse("Account is deactivated", "AccountDeactivated")


def _shown_handle(account: Account) -> str:
    return "handle.invalid" if "invalid_handle" in account.quirks else account.handle


def _kinds_of(name: str) -> list[int]:
    """Return the kinds a filter lets through; none of them drops reposts."""
    if name == "posts_with_replies":
        return [ORIGINAL, THREAD, REPLY, QUOTE, REPOST]
    if name == "posts_and_author_threads":
        return [ORIGINAL, THREAD, QUOTE, REPOST]
    return [ORIGINAL, QUOTE, REPOST]


def _lie(index: int) -> float:
    """Return by how many seconds the author's own date is wrong: some posts years back, some 30 days ahead."""
    return {0: timedelta(days=-1200), 3: timedelta(days=30)}.get(index % 6, timedelta(0)).total_seconds()


def _uri(post: PostView) -> str:
    return f"at://{post.account.native_id}/app.bsky.feed.post/{tid(post.at, post.index)}"


def _lost_uri(post: PostView) -> str:
    return f"at://did:plc:{base32(digest(f'lost {post.index}'))[:24]}/app.bsky.feed.post/{tid(post.at - 9e4, 1)}"


def _record(post: PostView) -> Json:
    claimed = post.at + (_lie(post.index) if "lying_dates" in post.account.quirks else 0.0)
    record: Json = {"$type": "app.bsky.feed.post", "createdAt": iso(claimed), "langs": ["en"], "text": post.text}
    if post.kind in (REPLY, THREAD):
        uri = _uri(post.target) if post.target else _lost_uri(post)
        parent = {"cid": cid(uri), "uri": uri}
        record["reply"] = {"parent": parent, "root": parent}
    if post.kind == QUOTE and post.target is not None:
        uri = _uri(post.target)
        record["embed"] = {"$type": "app.bsky.embed.record", "record": {"cid": cid(uri), "uri": uri}}
    return record


def _make_cursor(sort_time: float, index: int) -> str:
    text = f"{sort_time!r}|{index}"
    return base64.urlsafe_b64encode(f"{text}|{digest(text).hex()[:8]}".encode()).decode().rstrip("=")


def _open_cursor(cursor: str) -> tuple[float, int] | None:
    """Return sort time and index of a cursor of ours, None for any other text."""
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode("ascii")
        body, _, check = text.rpartition("|")
        moment, _, index = body.partition("|")
        return (float(moment), int(index)) if digest(body).hex()[:8] == check else None
    except (ValueError, binascii.Error, UnicodeError):
        return None
