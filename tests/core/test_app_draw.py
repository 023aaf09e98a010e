import asyncio
import threading
from datetime import UTC, datetime

import pytest

from core import chart
from core.app import build
from core.connectors import manifests
from core.models import ChartPoint, ChartSeries, ChartSpec
from core.settings import Settings

SPEC = ChartSpec(
    series=(
        ChartSeries(name="@a", points=(ChartPoint(at=datetime(2026, 11, 22, tzinfo=UTC), score=9, low=7, high=12),)),
    ),
    title="Influence",
    alt="9",
)


@pytest.fixture
def settings(tmp_path):
    return Settings.read(manifests(), {"CLOUT_DATABASE_URL": f"sqlite:///{tmp_path / 'clout.db'}"}, env_file=None)


async def test_pictures_are_drawn_in_our_own_thread_which_ends_with_the_app(settings):
    async with build(settings) as app:
        await app.warm()
        light, dark = await app.draw(SPEC), await app.draw(SPEC, dark=True)
        assert light.startswith(b"\x89PNG")
        assert light != dark
        assert any(thread.name.startswith("painter") for thread in threading.enumerate())
    assert not any(thread.name.startswith("painter") for thread in threading.enumerate())
    with pytest.raises(RuntimeError, match="shutdown"):
        await app.draw(SPEC)


async def test_the_loop_goes_on_while_a_picture_is_drawn(settings, monkeypatch):
    begun, may_end = threading.Event(), threading.Event()

    def slow(spec, *, dark=False):
        begun.set()
        assert may_end.wait(10)
        return b"done"

    monkeypatch.setattr(chart, "draw", slow)
    async with build(settings) as app:
        picture = asyncio.create_task(app.draw(SPEC))
        assert await asyncio.to_thread(begun.wait, 10)
        may_end.set()
        assert await picture == b"done"


async def test_an_app_that_draws_nothing_starts_no_thread(settings):
    async with build(settings):
        assert not any(thread.name.startswith("painter") for thread in threading.enumerate())
