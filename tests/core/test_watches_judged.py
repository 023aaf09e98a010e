"""What watches judge over a real store: what is told, once, and what is not."""

from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from core.app import App
from core.digests import Background
from core.models import Failure, NetworkReading, Post, Snapshot
from core.movement import Difference
from core.scoring import score_network
from core.tables_watches import watch_due
from core.watches import Rule
from tests.core.digest_worlds import CREATORS, TEAM, Heard, keep_day, running
from tests.core.stored_readings import DAY, HandClock, make_fetch, make_posts
from tests.core.watch_worlds import alerts, begin, read, tell, watch

HOUR = timedelta(hours=1)


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def heard() -> Heard:
    return Heard()


@pytest.fixture
async def app(tmp_path: Path, clock: HandClock, heard: Heard) -> AsyncIterator[App]:
    async with running(tmp_path, clock, heard) as app:
        yield app


async def test_17_a_crossing_is_told_once_and_again_after_two_points_back_and_a_day(
    app: App, clock: HandClock, heard: Heard
) -> None:
    await begin(app, clock, 48)
    await watch(app, "above 50")
    await read(app, clock, 50.2)
    await read(app, clock, 52)
    await read(app, clock, 49)
    await read(app, clock, 51)
    assert len(alerts(heard)) == 1
    assert "@glow is above 50: 50" in alerts(heard)[0]
    await read(app, clock, 48)
    await read(app, clock, 50, by=HOUR * 25)
    assert len(alerts(heard)) == 2
    assert "@glow is back above 50: 50" in alerts(heard)[1]
    assert await tell(app, clock) == []


async def test_17_nothing_more_is_told_within_a_day_but_what_still_holds_then(
    app: App, clock: HandClock, heard: Heard
) -> None:
    await begin(app, clock, 48)
    await watch(app, "above 50")
    await read(app, clock, 51)
    await read(app, clock, 47, by=HOUR)
    await read(app, clock, 52, by=HOUR)
    assert len(alerts(heard)) == 1
    await read(app, clock, 53)
    assert len(alerts(heard)) == 2


@pytest.mark.parametrize("state", ["provisional", "stale", "dormant"])
async def test_17_nothing_is_told_of_a_score_that_is_not_firm(
    app: App, clock: HandClock, heard: Heard, state: str
) -> None:
    await begin(app, clock, 48)
    await watch(app, "above 50")
    clock.moment += DAY
    snapshot, reading = _reading(clock, 60, state)
    await app.store.record(snapshot, reading, changed=())
    if state == "stale":
        await _fail(app, clock, "glow")
    await tell(app, clock)
    assert alerts(heard) == []


def _reading(clock: HandClock, score: float, state: str) -> tuple[Snapshot, NetworkReading]:
    snapshot, reading = make_fetch("did:plc:glow", "glow.bsky.social", at=clock.now(), score=score)
    assert reading.score is not None
    shown = "ok" if state == "stale" else state
    own = reading.score.model_copy(update={"draws": b"", "state": shown})
    return snapshot, reading.model_copy(update={"score": own})


async def test_17_a_new_model_tells_nothing(app: App, clock: HandClock, heard: Heard) -> None:
    await begin(app, clock, 48)
    await watch(app, "above 50")
    await read(app, clock, 60, version="2")
    await read(app, clock, 61, version="2")
    assert alerts(heard) == []
    await read(app, clock, 48, version="2")
    await read(app, clock, 51, version="2")
    assert len(alerts(heard)) == 1


async def test_below_tells_of_the_recovery(app: App, clock: HandClock, heard: Heard) -> None:
    await begin(app, clock, 42)
    await watch(app, "below 40")
    await read(app, clock, 40)
    assert alerts(heard) == []
    await read(app, clock, 39)
    await read(app, clock, 41)
    await read(app, clock, 43)
    assert ["is below 40: 39" in alerts(heard)[0], "is back above 40: 43" in alerts(heard)[1]] == [True, True]


async def test_what_is_true_already_is_said_and_armed_for_the_next_crossing(
    app: App, clock: HandClock, heard: Heard
) -> None:
    await begin(app, clock, 60)
    done = await app.watches.add(
        TEAM, rule=Rule(kind="above", threshold=50), creator="bluesky:glow.bsky.social", place=CREATORS
    )
    assert (done.already, done.score) == (True, 60)
    await read(app, clock, 61)
    assert alerts(heard) == []
    await read(app, clock, 45)
    await read(app, clock, 51)
    assert len(alerts(heard)) == 1


async def test_moves_compares_with_the_days_it_names_and_rests_a_week(app: App, clock: HandClock, heard: Heard) -> None:
    await begin(app, clock, 50)
    await watch(app, "moves 5 in 7d")
    await read(app, clock, 52)
    assert alerts(heard) == []
    await read(app, clock, 56)
    assert "@glow moved up 6 points in 7 days: 56" in alerts(heard)[0]
    await read(app, clock, 62)
    assert len(alerts(heard)) == 1
    await read(app, clock, 62, by=8 * DAY)
    await read(app, clock, 55)
    assert "moved down 7 points" in alerts(heard)[1]


async def test_a_move_that_may_be_none_waits_until_it_surely_is_one(
    app: App, clock: HandClock, heard: Heard, monkeypatch: pytest.MonkeyPatch
) -> None:
    spreads: list[Difference] = [(-1.0, 13.0)]

    async def of(*_: object, **__: object) -> tuple[Background, Difference | None]:
        return Background(), spreads[-1]

    monkeypatch.setattr(app.watches._backgrounds, "of", of)
    await begin(app, clock, 50)
    await watch(app, "moves 5 in 7d")
    for spread, told in (((-1.0, 13.0), 0), ((2.0, 10.0), 1), ((3.0, 11.0), 1)):
        spreads.append(spread)
        await read(app, clock, 56)
        assert len(alerts(heard)) == told
    (listed,) = (await app.watches.page(TEAM)).rows
    assert listed.watch.fired_at == clock.now() - DAY


async def test_one_network_is_watched_by_its_own_score(app: App, clock: HandClock, heard: Heard) -> None:
    await begin(app, clock, 48)
    await watch(app, "bluesky above 50")
    await read(app, clock, 53)
    assert "@glow is above 50 on Bluesky: 53" in alerts(heard)[0]


async def test_a_post_far_above_the_others_is_told_once(app: App, clock: HandClock, heard: Heard) -> None:
    await begin(app, clock, 48)
    await watch(app, "spike")
    usual = make_posts(10, at=clock.now())
    far = usual[0].model_copy(update={"native_id": "at://far", "likes": 5_000})
    for _ in range(2):
        clock.moment += DAY
        await _spiking(app, clock, (far, *usual))
        await tell(app, clock)
    assert len(alerts(heard)) == 1
    assert "@glow: a Bluesky post has" in alerts(heard)[0]
    assert "5K likes" in alerts(heard)[0]


async def _spiking(app: App, clock: HandClock, posts: Sequence[Post]) -> None:
    snapshot, reading = make_fetch("did:plc:glow", "glow.bsky.social", at=clock.now(), posts=posts)
    scored = score_network(snapshot.profile, posts, clock.now())
    assert scored.inputs is not None
    assert reading.score is not None
    own = reading.score.model_copy(update={"draws": b"", "inputs": scored.inputs})
    await app.store.record(snapshot, reading.model_copy(update={"score": own}), changed=posts)


@pytest.mark.parametrize(("hours", "told"), [(5, 1), (7, 0)])
async def test_a_source_counts_as_down_after_six_hours(
    app: App, clock: HandClock, heard: Heard, hours: int, told: int
) -> None:
    for name in ("glow", "second"):
        await keep_day(app.store, name, 40, clock.now())
    await app.store.link(TEAM, "glow", [("bluesky", "did:plc:glow"), ("bluesky", "did:plc:second")])
    await app.store.track(TEAM, "glow", clock.now() - 60 * DAY)
    await watch(app, "above 60")
    clock.moment += DAY
    await _fail(app, clock, "second")
    await read(app, clock, 70, by=hours * HOUR)
    assert len(alerts(heard)) == told


async def _fail(app: App, clock: HandClock, name: str) -> None:
    await app.store.record_failure(
        "bluesky",
        Failure(network="bluesky", error="Unavailable", message="It did not answer."),
        status="upstream_error",
        at=clock.now(),
        handle=f"{name}.bsky.social",
        native_id=f"did:plc:{name}",
    )


async def test_nothing_is_lost_between_the_reading_and_the_judgement(
    tmp_path: Path, clock: HandClock, heard: Heard
) -> None:
    async with running(tmp_path, clock, heard) as app:
        await begin(app, clock, 48)
        await watch(app, "above 50")
        clock.moment += DAY
        await keep_day(app.store, "glow", 55, clock.now())
    async with running(tmp_path, clock, heard) as app:
        await tell(app, clock)
        await tell(app, clock)
        assert len(alerts(heard)) == 1


async def test_without_watches_nothing_is_noted(app: App, clock: HandClock) -> None:
    await begin(app, clock, 48)
    await read(app, clock, 55)
    assert await app.store.database.read(lambda c: c.scalar(select(func.count()).select_from(watch_due))) == 0
