"""What the store costs, beside one primary-key read through SQLAlchemy's async engine on the same file.

Promises: the warm path (`find`, two statements) takes at most 3 such reads; a cold fetch of 100 posts commits in a few
milliseconds. The ratio travels between machines, the milliseconds do not.
"""

import asyncio
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import bindparam, select
from sqlalchemy.ext.asyncio import create_async_engine

from core.models import BestPost, NetworkReading, NetworkScore, Post, Profile, Snapshot
from core.store import Store
from core.tables import accounts

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
ROUNDS, WARM_UP = 300, 20
LIMIT = 3.0  # find() against one primary-key read
DAYS = 84  # the sparkline of a card


class Noon:
    """A clock that stands still."""

    def now(self) -> datetime:
        return NOW


def fetch(number: int, posts: tuple[Post, ...], at: datetime = NOW) -> tuple[Snapshot, NetworkReading]:
    profile = Profile(
        network="bluesky",
        native_id=f"did:plc:{number}",
        handle=f"creator{number}.bsky.social",
        followers=12_345,
        fetched_at=at,
    )
    score = NetworkScore(
        network="bluesky",
        state="ok",
        score=52.4,
        low=49.0,
        high=55.1,
        as_of=at,
        model_version="1",
        weights_version="1",
        draws=bytes(800),
    )
    reading = NetworkReading(
        network="bluesky",
        status="ok",
        handle=profile.handle,
        native_id=profile.native_id,
        profile=profile,
        score=score,
        best_posts=tuple(BestPost(post=post, leverage=0.4) for post in posts[:5]),
    )
    return Snapshot(profile=profile, posts=posts), reading


def hundred_posts() -> tuple[Post, ...]:
    return tuple(
        Post(
            network="bluesky",
            native_id=f"at://did:plc:creator/app.bsky.feed.post/{n:013d}",
            created_at=NOW - timedelta(hours=20 * n),
            url=f"https://bsky.app/profile/creator.bsky.social/post/{n:013d}",
            likes=n * 7,
            reposts=n,
            replies=2 * n,
            quotes=1,
        )
        for n in range(100)
    )


async def measure(name: str, step: Callable[[int], Awaitable[object]], rounds: int = ROUNDS) -> float:
    """The median of `rounds` calls in ms, printed with the 90th percentile."""
    taken = []
    for number in range(WARM_UP + rounds):
        started = time.perf_counter()
        await step(number)
        taken.append((time.perf_counter() - started) * 1000)
    ordered = sorted(taken[WARM_UP:])
    median = ordered[len(ordered) // 2]
    print(f"{name:<44} {median:7.2f} ms   p90 {ordered[int(len(ordered) * 0.9)]:7.2f} ms")
    return median


async def main() -> int:
    posts = hundred_posts()
    candidates = [(network, "creator0.bsky.social") for network in ("bluesky", "github", "mastodon", "youtube")]
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite+aiosqlite:///{Path(folder) / 'bench.db'}"
        started = time.perf_counter()
        async with Store.open(url, Noon()) as store:
            print(f"{'open, with a new database':<44} {(time.perf_counter() - started) * 1000:7.2f} ms")
            new = [fetch(number, posts) for number in range(ROUNDS + WARM_UP)]
            await measure(
                "record: new account, 100 new posts", lambda n: store.record(new[n][0], new[n][1], changed=posts)
            )
            await measure(
                "record: known account, 10 changed posts",
                lambda n: store.record(new[n][0], new[n][1], changed=posts[:10]),
            )
            for back in range(DAYS, -1, -1):
                snapshot, reading = fetch(0, posts, NOW - timedelta(days=back))
                await store.record(snapshot, reading, changed=())
            await store.link("T", "Glow", [("bluesky", "did:plc:0")])
            since = NOW - timedelta(days=DAYS)
            await measure("past: 100 posts, 85 snapshots", lambda n: store.past("bluesky", "did:plc:0", since=since))
            found = await measure(
                "find: team's creator, 85 days of history",
                lambda n: store.find("T", "glow", None, candidates, history_since=since),
            )
            bare = [("bluesky", "creator7.bsky.social")]
            await measure("find: bare handle, no history", lambda n: store.find("T", "x", None, bare))
            one_row = await read_by_key(url)
            await measure("purge: 320 accounts, nothing due", lambda n: store.purge(NOW, {}), rounds=10)
        started = time.perf_counter()
        async with Store.open(url, Noon()):
            print(f"{'open again':<44} {(time.perf_counter() - started) * 1000:7.2f} ms")
    print(f"find / primary-key read: {found / one_row:.2f} (limit {LIMIT:.0f})")
    return 0 if found <= LIMIT * one_row else 1


async def read_by_key(url: str) -> float:
    """The yardstick: SQLAlchemy's own async engine reading one whole account by its id."""
    engine = create_async_engine(url)
    statement = select(accounts).where(accounts.c.id == bindparam("id"))

    async def read(_: int) -> object:
        async with engine.connect() as conn:
            return (await conn.execute(statement, {"id": 1})).first()

    try:
        return await measure("SQLAlchemy async engine: one row by its key", read)
    finally:
        await engine.dispose()


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
