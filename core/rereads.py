"""Reading an account again: how far back, and which posts count once what was brought meets what was known.

Pure: no clock, no store, no network.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING
from zlib import crc32

from core.manifest import Manifest
from core.models import Post, Snapshot
from core.readings import READ_BACK

if TYPE_CHECKING:
    from core.finding import StoredAccount

SWEEP_EVERY = 14  # days; then even what was paid for once is read anew, for late reactions and deleted posts


def read_since(manifest: Manifest, known: "StoredAccount | None", now: datetime) -> datetime:
    """Return since when posts are read: the whole window, or where each costs, from shortly before the last read on.

    `known` tells how far back its posts are stored (CONNECTORS 4.2, incremental reads). The whole window is read every
    14th day, on days of their own for each account.
    """
    start = now - READ_BACK
    if manifest.rereads is None or known is None or known.reading.complete_from is None:
        return start
    if (now.toordinal() + crc32((known.reading.native_id or "").encode())) % SWEEP_EVERY == 0:
        return start
    return max(start, min(known.fetched_at, now) - manifest.rereads)


def whole(snapshot: Snapshot, manifest: Manifest, known: "StoredAccount | None", now: datetime) -> Snapshot:
    """Return a read that began before the last one ended as reaching as far back as the posts of both do.

    After `merge`, which has to know how far this read alone reaches.
    """
    reach = snapshot.complete_from
    if manifest.rereads is None or reach is None or known is None or known.reading.complete_from is None:
        return snapshot
    if known.fetched_at < reach or known.reading.complete_from >= reach:
        return snapshot
    return snapshot.model_copy(update={"complete_from": max(known.reading.complete_from, now - READ_BACK)})


@dataclass(frozen=True, slots=True)
class Merge:
    """Posts known before joined with a new read: what counts now, what changed, what the network no longer shows."""

    posts: tuple[Post, ...]
    changed: tuple[Post, ...]
    deleted: tuple[str, ...]


def merge(known: Iterable[Post], snapshot: Snapshot) -> Merge:
    """Return which posts count after a read (SCORING 2).

    A known post inside `[complete_from, fetched_at]` that the read no longer brings was deleted; one outside stays.
    """
    before = {post.native_id: post for post in known}
    brought = {post.native_id: post for post in reversed(snapshot.posts)}  # of duplicates the first wins
    missing = {native_id: post for native_id, post in before.items() if native_id not in brought}
    start, end = snapshot.complete_from, snapshot.profile.fetched_at
    deleted = {i for i, post in missing.items() if start is not None and start <= post.created_at <= end}
    kept = [post for native_id, post in missing.items() if native_id not in deleted]
    return Merge(
        posts=(*brought.values(), *kept),
        changed=tuple(post for native_id, post in brought.items() if _counts(before.get(native_id)) != _counts(post)),
        deleted=tuple(sorted(deleted)),
    )


def _counts(post: Post | None) -> tuple[object, ...] | None:
    if post is None:
        return None
    counts = (post.likes, post.reposts, post.replies, post.quotes, post.saves, post.views, post.kind)
    # a repository moves with every push, and has to be found in the window where it is now
    return counts if post.opened_at is None else (*counts, post.created_at.replace(microsecond=0))
