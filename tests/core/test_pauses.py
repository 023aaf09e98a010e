"""Networks that are left alone: how long, that nobody's score moves by it, and that they are asked again."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from core.app import App
from core.errors import RateLimited, SourceAuthFailed, Unavailable
from core.refreshing import Refreshed
from tests.core.refreshed_toy import Toy, due_at, everything, opened, refresh_all, score_of, track
from tests.core.toy_network import HandClock


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def toy(clock: HandClock) -> Toy:
    return Toy(clock)


@pytest.fixture
async def app(tmp_path: Path, clock: HandClock, toy: Toy) -> AsyncIterator[App]:
    async with opened(tmp_path, clock, toy) as app:
        yield app


async def test_a_network_that_limits_us_is_left_alone_until_it_said(app: App, clock: HandClock, toy: Toy) -> None:
    names = [f"c{number}" for number in range(20)]
    await track(app, *names)
    before, asked = await everything(app), len(toy.asked)
    clock.move(days=1)
    until = clock.now() + timedelta(hours=1)
    toy.error = RateLimited("toy", "Too often.", retry_at=until)
    (done,) = await refresh_all(app)
    assert done == Refreshed(postponed=20)
    assert len(toy.asked) - asked <= 8  # those already on their way; nobody after the refusal
    calm = len(toy.asked)
    for _ in range(59):
        clock.move(minutes=1)
        assert await app.refreshing.due(clock.now(), {}) == []
    assert len(toy.asked) == calm
    after = await everything(app)
    assert (after["account_scores"], after["accounts"]) == (before["account_scores"], before["accounts"])
    toy.error = None
    clock.move(minutes=1)
    assert await refresh_all(app) == [Refreshed(read=20)]


async def test_our_refused_key_is_no_account_s_failure(app: App, clock: HandClock, toy: Toy) -> None:
    await track(app, "glow")
    toy.error = SourceAuthFailed("toy", "Key refused.")
    clock.move(days=1)
    assert await refresh_all(app) == [Refreshed(postponed=1)]
    assert await due_at(app, "glow") == clock.now() + timedelta(minutes=1)


async def test_a_network_that_is_down_is_asked_less_and_less(app: App, clock: HandClock, toy: Toy) -> None:
    await track(app, "glow")
    score = await score_of(app, "glow")
    toy.error = Unavailable("toy", "Down.")
    clock.move(days=1)
    asked = len(toy.asked)
    for _ in range(24 * 12):
        clock.move(minutes=5)
        await refresh_all(app)
    assert 4 <= len(toy.asked) - asked <= 12
    assert await score_of(app, "glow") == score
    toy.error = None
    clock.move(hours=7)
    assert await refresh_all(app) == [Refreshed(read=1)]
