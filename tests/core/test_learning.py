"""Reads that come together are scored and stored together, and nobody notices but the clock."""

import asyncio
from datetime import UTC, datetime, timedelta

from core.connectors import manifests
from core.errors import StoreError
from core.learning import Learning, Read, learnt, learnt_together
from core.models import Post, Profile, Snapshot
from core.recall import Past

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
NETWORKS = ("bluesky", "github", "instagram", "youtube", "facebook", "mastodon")


def snapshot(network: str) -> Snapshot:
    posts = tuple(
        Post(network=network, native_id=f"{network}{n}", created_at=NOW - timedelta(hours=30 * n + 26), likes=30 + n)
        for n in range(12)
    )
    profile = Profile(network=network, native_id=network, handle=network, followers=9_000, fetched_at=NOW)
    return Snapshot(profile=profile, posts=posts, complete_from=NOW - timedelta(days=91))


class Shelf:
    """What stands for the store: notes how often it was asked."""

    def __init__(self, broken: bool = False) -> None:
        self.written: list[list[str]] = []
        self.broken = broken

    async def pasts(self, pairs, *, since):
        return [Past() for _ in pairs]

    async def record_many(self, taught, missed):
        if self.broken:
            raise StoreError("The disk is full.")
        self.written.append([one.reading.network for one in taught])


async def learn(learning: Learning, network: str, delay: float):
    with learning.awaited():
        await asyncio.sleep(delay)
    return await learning.learn(snapshot(network), None, manifests()[network], NOW)


def test_together_is_as_one_by_one():
    read = [Read(snapshot(n), Past(), None, manifests()[n], NOW) for n in NETWORKS]
    alone = [learnt(snapshot(n), Past(), None, manifests()[n], NOW).reading for n in NETWORKS]
    assert [one.reading for one in learnt_together(read)] == alone


async def test_what_is_under_way_together_is_stored_together():
    shelf = Shelf()
    assert (await learn(Learning(shelf), "github", 0)).network == "github"
    learning = Learning(shelf)
    readings = await asyncio.gather(*(learn(learning, n, 0.001 * i) for i, n in enumerate(NETWORKS)))
    assert [reading.network for reading in readings] == list(NETWORKS)
    assert [sorted(names) for names in shelf.written] == [["github"], sorted(NETWORKS)]


async def test_what_is_read_does_not_wait_for_long():
    learning = Learning(Shelf())
    slow = asyncio.create_task(learn(learning, "mastodon", 30))
    reading = await asyncio.wait_for(learn(learning, "github", 0), 10)
    assert reading.network == "github"
    slow.cancel()
    await learning.aclose()


async def test_a_fault_reaches_everybody_and_a_leaving_one_stops_nobody():
    broken = Learning(Shelf(broken=True))
    found = await asyncio.gather(*(learn(broken, n, 0) for n in NETWORKS[:3]), return_exceptions=True)
    assert [type(one) for one in found] == [StoreError] * 3
    shelf = Shelf()
    learning = Learning(shelf)
    tasks = [asyncio.create_task(learn(learning, n, 0.001 * i)) for i, n in enumerate(NETWORKS[:3])]
    await asyncio.sleep(0)
    tasks[0].cancel()
    done = await asyncio.gather(*tasks, return_exceptions=True)
    assert isinstance(done[0], asyncio.CancelledError)
    assert [one.network for one in done[1:]] == list(NETWORKS[1:3])
