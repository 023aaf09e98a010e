"""What stands behind a mover, from stored readings really scored: posts, silence, and ranges around nothing."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from core.app import App
from core.backgrounds import Backgrounds
from core.digests import Move
from core.models import NetworkReading, Post, Profile, Snapshot
from core.movement import difference
from core.schedules import Run, Schedule, Subscription
from core.scoring import score_network
from tests.core.digest_worlds import CREATORS, TEAM, Heard, follow, running
from tests.core.stored_readings import DAY, HandClock

MONDAY = datetime(2026, 11, 23, 8, tzinfo=UTC)
LAST = MONDAY - 7 * DAY


def post(number: int, at: datetime, likes: int) -> Post:
    native_id = f"at://did:plc:glow/app.bsky.feed.post/{number:013d}"
    url = f"https://bsky.app/profile/glow.bsky.social/post/{number:013d}"
    return Post(
        network="bluesky",
        native_id=native_id,
        created_at=at,
        url=url,
        likes=likes,
        reposts=likes // 9,
        replies=likes // 12,
        quotes=0,
    )


async def keep(app: App, posts: Sequence[Post], at: datetime) -> None:
    """Record a reading that was really scored."""
    profile = Profile(
        network="bluesky", native_id="did:plc:glow", handle="glow.bsky.social", followers=20_000, fetched_at=at
    )
    known = [one for one in posts if one.created_at <= at]
    reading = NetworkReading(
        network="bluesky",
        status="ok",
        handle="glow.bsky.social",
        native_id="did:plc:glow",
        profile=profile,
        score=score_network(profile, known, at, complete_from=at - 91 * DAY),
    )
    snapshot = Snapshot(profile=profile, posts=tuple(known), complete_from=at - 91 * DAY)
    await app.store.record(snapshot, reading, changed=known)


@pytest.fixture
def clock() -> HandClock:
    return HandClock(LAST - DAY)


async def two_weeks(app: App, clock: HandClock, posts: Sequence[Post]) -> None:
    for days in range(14, -1, -1):
        clock.moment = MONDAY - days * DAY - timedelta(hours=2)
        await keep(app, posts, clock.moment)
    await follow(app.store, "glow", LAST - 60 * DAY)
    clock.moment = MONDAY


def steadily(likes: int = 100) -> list[Post]:
    return [post(number, LAST - number * 2 * DAY, likes + number % 3) for number in range(1, 40)]


async def test_a_riser_is_told_by_its_posts(tmp_path: Path, clock: HandClock) -> None:
    hits = [post(100 + number, LAST + number * DAY + timedelta(hours=9), 60_000) for number in range(1, 5)]
    async with running(tmp_path, clock, Heard()) as app:
        await two_weeks(app, clock, [*hits, *steadily()])
        found = Subscription(
            team=TEAM, place=CREATORS, schedule=Schedule(), next_run=Run(on=MONDAY.date(), at=MONDAY), edited_at=LAST
        )
        card = (await app.digests.written(found, MONDAY))[0]
        facts = "\n".join(card.facts())
        assert "▲ @glow" in facts
        assert "Bluesky post of" in facts.replace("\n", " ")
        rows = [row for block in card.blocks if block.kind == "table" for row in block.rows]
        links = [span.url for row in rows for cell in row.cells for span in cell if span.url]
        assert links
        assert all(link.startswith("https://bsky.app/profile/glow.bsky.social/post/") for link in links)


async def test_who_falls_silent_is_told_by_the_silence(tmp_path: Path, clock: HandClock) -> None:
    async with running(tmp_path, clock, Heard()) as app:
        old = [post(number, MONDAY - (30 + number) * DAY, 3_000) for number in range(1, 50)]
        await two_weeks(app, clock, old)
        backgrounds = Backgrounds(app.store, app.lookups)
        move = Move(creator_id=1, name="glow", before=60, after=55)
        known, _ = await backgrounds.of(TEAM, move, since=LAST)
        assert known.last_post_at == old[0].created_at
        assert any(cause.name == "ageing" for cause in known.causes)


async def test_a_change_within_its_range_may_be_none(tmp_path: Path, clock: HandClock) -> None:
    async with running(tmp_path, clock, Heard()) as app:
        wild = [post(number, LAST - number * 3 * DAY, 5_000 if number % 4 == 0 else 20) for number in range(1, 12)]
        more = [post(50, LAST + DAY, 20), post(51, LAST + 2 * DAY, 5_000)]
        await two_weeks(app, clock, [*more, *wild])
        backgrounds = Backgrounds(app.store, app.lookups)
        _, spread = await backgrounds.of(TEAM, Move(creator_id=1, name="glow", before=50, after=51), since=LAST)
        assert spread is not None
        low, high = spread
        assert low <= 0 <= high, "a handful of wild posts say little about one point"
        _, far = await backgrounds.of(TEAM, Move(creator_id=1, name="glow", before=10, after=90), since=LAST)
        assert far is not None
        assert far[0] > 0


async def test_an_unknown_creator_has_no_background(tmp_path: Path, clock: HandClock) -> None:
    async with running(tmp_path, clock, Heard()) as app:
        known, spread = await Backgrounds(app.store, app.lookups).of(
            TEAM, Move(creator_id=9, name="nobody at all", before=1, after=9), since=LAST
        )
        assert (known.causes, spread) == ((), None)


def test_shared_posts_cancel_out_of_the_difference() -> None:
    profile = Profile(network="bluesky", native_id="did:plc:glow", handle="g", followers=20_000, fetched_at=MONDAY)
    posts = [post(number, LAST - number * 2 * DAY, 40 + 900 * (number % 5)) for number in range(1, 30)]
    before, after = score_network(profile, posts, LAST), score_network(profile, posts, LAST + DAY)
    spread = difference([before], [after], 0.0)
    assert spread is not None
    assert before.low is not None
    assert before.high is not None
    assert spread[1] - spread[0] < (before.high - before.low) / 3, "the same posts have the same draws"
    assert difference([before], [after.model_copy(update={"draws": b""})], 0.0) is None
