"""How Bluesky's AppView writes accounts and posts: profiles, the items of a feed, records, ids."""

from datetime import timedelta

from sandbox.clock import iso
from sandbox.timeline import QUOTE, REPLY, REPOST, THREAD
from sandbox.wire import Json
from sandbox.world import Account, PostView, base32, digest

_TID = "234567abcdefghijklmnopqrstuvwxyz"  # the protocol's sortable base-32 alphabet


def _iso(moment: float) -> str:
    return iso(moment, "milliseconds")


def tid(moment: float, salt: int) -> str:
    """Return a record key that sorts by time."""
    number = int(moment * 1_000_000) << 10 | salt & 1023
    return "".join(_TID[number >> 5 * place & 31] for place in range(12, -1, -1))


def cid(text: str) -> str:
    """Return a well-formed content id (CIDv1, dag-cbor, SHA-256)."""
    return "b" + base32(b"\x01\x71\x12\x20" + digest(text))


def _basic(account: Account) -> Json:
    shown: Json = {"did": account.native_id, "handle": _shown_handle(account)}
    if account.name:
        shown["displayName"] = account.name[:64]
    if account.role.slug != "blank":
        shown["avatar"] = f"https://cdn.bsky.example/img/avatar/plain/{account.native_id}/{cid(account.native_id)}@jpeg"
    shown["labels"] = _labels(account)
    if account.plan.opened_days % 2 == 0:  # the real one leaves it out for many accounts
        shown["createdAt"] = _iso(account.opened().timestamp())
    return shown


def _labels(account: Account, labelled: bool = False) -> list[Json]:
    if not labelled and "no_unauthenticated" not in account.quirks:
        return []
    return [
        {
            "src": account.native_id,
            "uri": f"at://{account.native_id}/app.bsky.actor.profile/self",
            "cid": cid(account.native_id + "label"),
            "val": "!no-unauthenticated",
            "cts": _iso(account.opened().timestamp()),
        }
    ]


def profile(account: Account, moment: float, *, labelled: bool = False) -> Json:
    """Return an account as its profile shows it; `labelled` as one that is shown to nobody signed out."""
    shown = _basic(account)
    shown["labels"] = _labels(account, labelled)
    shown["associated"] = {"lists": 0, "feedgens": 0, "starterPacks": 0, "labeler": False}
    if account.bio:
        shown["description"] = account.bio
    shown["indexedAt"] = _iso(account.opened().timestamp() + 7)
    shown["followersCount"] = account.followers(moment)
    shown["followsCount"] = account.plan.following
    shown["postsCount"] = account.posts_total(moment)
    if account.role.slug == "lantern":
        shown["verification"] = {"verifications": [], "verifiedStatus": "valid", "trustedVerifierStatus": "none"}
    if "older" in account.quirks:
        for key in ("followsCount", "indexedAt", "associated", "createdAt"):
            shown.pop(key, None)
    return shown


def item(account: Account, index: int, moment: float, *, pinned: bool = False) -> Json:
    """Return a post, or what was reposted, as an item of the author's feed."""
    post = account.view(index, moment)
    if post.kind == REPOST:
        return _repost(post)
    shown: Json = {"post": _post(post)}
    if post.kind in (REPLY, THREAD):
        shown["reply"] = _reply(post)
    if pinned:
        shown["reason"] = {"$type": "app.bsky.feed.defs#reasonPin"}
    return shown


def _repost(post: PostView) -> Json:
    target = post.target
    by = _basic(post.account)
    assert target is not None, "the world gives every repost a target"
    key = f"at://{post.account.native_id}/app.bsky.feed.repost/{tid(post.at, post.index)}"
    reason = {
        "$type": "app.bsky.feed.defs#reasonRepost",
        "by": by,
        "uri": key,
        "cid": cid(key),
        "indexedAt": _iso(post.at),
    }
    return {"post": _post(target), "reason": reason}


def _reply(post: PostView) -> Json:
    if post.target is None or post.index % 11 == 0:  # now and then the parent was deleted
        uri = _uri(post.target) if post.target else _lost_uri(post)
        lost = {"$type": "app.bsky.feed.defs#notFoundPost", "uri": uri, "notFound": True}
        return {"root": lost, "parent": lost}
    parent = {"$type": "app.bsky.feed.defs#postView", **_post(post.target)}
    return {"root": parent, "parent": parent}


def _post(post: PostView) -> Json:
    uri = _uri(post)
    shown: Json = {"uri": uri, "cid": cid(uri), "author": _basic(post.account), "record": _record(post)}
    if post.kind == QUOTE and post.target is not None:
        quoted = _quoted(post.target)
        shown["embed"] = {"$type": "app.bsky.embed.record#view", "record": quoted}
    shown["bookmarkCount"] = post.saves
    shown["replyCount"] = post.replies
    shown["repostCount"] = post.reposts
    shown["likeCount"] = post.likes
    shown["quoteCount"] = post.quotes
    shown["indexedAt"] = _iso(post.at + 0.35)
    shown["labels"] = []
    if "older" in post.account.quirks:
        for key in ("quoteCount", "bookmarkCount", *(("replyCount",) if post.index % 4 == 0 else ())):
            del shown[key]
    return shown


def _quoted(post: PostView) -> Json:
    uri = _uri(post)
    return {
        "$type": "app.bsky.embed.record#viewRecord",
        "uri": uri,
        "cid": cid(uri),
        "author": _basic(post.account),
        "value": _record(post),
        "labels": [],
        "likeCount": post.likes,
        "replyCount": post.replies,
        "repostCount": post.reposts,
        "quoteCount": post.quotes,
        "indexedAt": _iso(post.at + 0.35),
    }


def _shown_handle(account: Account) -> str:
    return "handle.invalid" if "invalid_handle" in account.quirks else account.handle


def lie(index: int) -> float:
    """Return by how many seconds the author's own date is wrong: some posts years back, some 30 days ahead."""
    return {0: timedelta(days=-1200), 3: timedelta(days=30)}.get(index % 6, timedelta(0)).total_seconds()


def _uri(post: PostView) -> str:
    return f"at://{post.account.native_id}/app.bsky.feed.post/{tid(post.at, post.index)}"


def _lost_uri(post: PostView) -> str:
    return f"at://did:plc:{base32(digest(f'lost {post.index}'))[:24]}/app.bsky.feed.post/{tid(post.at - 9e4, 1)}"


def _record(post: PostView) -> Json:
    claimed = post.at + (lie(post.index) if "lying_dates" in post.account.quirks else 0.0)
    record: Json = {"$type": "app.bsky.feed.post", "createdAt": _iso(claimed), "langs": ["en"], "text": post.text}
    if post.kind in (REPLY, THREAD):
        uri = _uri(post.target) if post.target else _lost_uri(post)
        parent = {"cid": cid(uri), "uri": uri}
        record["reply"] = {"parent": parent, "root": parent}
    if post.kind == QUOTE and post.target is not None:
        uri = _uri(post.target)
        record["embed"] = {"$type": "app.bsky.embed.record", "record": {"cid": cid(uri), "uri": uri}}
    return record
