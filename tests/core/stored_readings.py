"""Builders for the store's tests: a clock moved by hand, posts, and one fetch with its reading."""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from core.models import BestPost, Failure, NetworkReading, NetworkScore, Post, Profile, Snapshot, State
from core.store import Store

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
DAY = timedelta(days=1)


@dataclass
class HandClock:
    moment: datetime = field(default=NOON)

    def now(self) -> datetime:
        return self.moment


def open_store(folder: Path, clock: HandClock | None = None) -> AbstractAsyncContextManager[Store]:
    return Store.open(f"sqlite:///{folder / 'clout.db'}", clock or HandClock())


def make_posts(count: int, network: str = "bluesky", at: datetime = NOON, **counts: int | None) -> tuple[Post, ...]:
    given = {"likes": 10, "reposts": 2, "replies": 1} | counts
    return tuple(
        Post(
            network=network,
            native_id=f"at://did:plc:glow/app.bsky.feed.post/{n:013d}",
            created_at=at - n * timedelta(hours=20),
            url=f"https://bsky.app/profile/glow.bsky.social/post/{n:013d}",
            **given,
        )
        for n in range(count)
    )


def make_score(network: str = "bluesky", at: datetime = NOON, score: float | None = 50.0) -> NetworkScore:
    state: State = "ok" if score is not None else "insufficient"
    ends = (None, None) if score is None else (score - 3, score + 3)
    return NetworkScore(
        network=network,
        state=state,
        score=score,
        low=ends[0],
        high=ends[1],
        as_of=at,
        model_version="1",
        weights_version="1",
        draws=b"\x00\x01\xfe\xff" * 200,
    )


def make_fetch(
    native_id: str = "did:plc:glow",
    handle: str = "glow.bsky.social",
    network: str = "bluesky",
    at: datetime = NOON,
    posts: Sequence[Post] = (),
    score: float | None = 50.0,
    followers: int | None = 1000,
) -> tuple[Snapshot, NetworkReading]:
    profile = Profile(network=network, native_id=native_id, handle=handle, followers=followers, fetched_at=at)
    snapshot = Snapshot(profile=profile, posts=tuple(posts), complete_from=at - 91 * DAY)
    reading = NetworkReading(
        network=network,
        status="ok",
        handle=handle,
        native_id=native_id,
        profile=profile,
        score=make_score(network, at, score),
        best_posts=tuple(BestPost(post=post, leverage=0.5) for post in posts[:5]),
    )
    return snapshot, reading


async def keep_fetch(
    store: Store, *, changed: Sequence[Post] | None = None, deleted: Sequence[str] = (), **fetch: Any
) -> int:
    """Record `make_fetch(**fetch)`; every post counts as changed unless told otherwise."""
    snapshot, reading = make_fetch(**fetch)
    return await store.record(
        snapshot, reading, changed=snapshot.posts if changed is None else changed, deleted=deleted
    )


def make_failure(error: str = "Unavailable", network: str = "bluesky") -> Failure:
    return Failure(network=network, error=error, message=f"{network} did not answer.")
