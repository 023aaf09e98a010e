"""The jobs beside front ends: `clout run` starts and ends them, says how they are, and refuses a second process."""

import asyncio

import pytest

from bots.doctor import examine
from bots.fronts import serve
from bots.jobs_service import JobsService, executor_name
from bots.meters import Meters
from core import outbox
from core.app import build
from core.connectors import manifests
from core.errors import StoreError
from core.jobs import LOCAL, jobs_file
from core.jobs_lock import only_process
from core.leases import beats
from core.messenger import Place
from core.outbox import Delivery
from core.settings import Settings
from core.tables_posting import deliveries


@pytest.fixture
def settings(box, slack, tmp_path):
    database = {"CLOUT_DATABASE_URL": f"sqlite:///{tmp_path / 'clout.db'}"}
    tokens = {name: value for name, value in box.slack_env().items() if not name.endswith("SIGNING_SECRET")}
    return Settings.read(manifests(), {**box.env(), **tokens, **database}, env_file=None)


async def test_run_does_jobs_until_it_is_stopped_and_lets_no_second_one_in(settings, slack):
    stop = asyncio.Event()
    running = asyncio.create_task(serve(settings, until=lambda: stop))
    try:
        await slack.until(lambda: slack.sockets.greeted == 1, seconds=60, what="a connection")
        with pytest.raises(StoreError, match="already runs"):
            await serve(settings, until=asyncio.Event)
        done = await slack.command("/influence", "help history")
        assert (await done.answer(seconds=60)).ephemeral
    finally:
        stop.set()
        async with asyncio.timeout(60):
            code = await running
    assert code == 0
    async with build(settings) as app:
        assert [one.executor for one in await beats(app.store.database)] == [LOCAL]


async def test_the_service_says_how_it_is(settings, capsys):
    said = []
    meters, slept = Meters(), asyncio.Event()

    async def sleep(seconds):
        slept.set()
        await asyncio.Event().wait()

    async with build(settings) as app:
        service = JobsService(app, meters=meters, sleep=sleep)
        assert not await service.healthy()
        await service.start()
        await asyncio.wait_for(slept.wait(), 20)
        assert await service.healthy()
        await examine(settings, said.append)
        await app.store.database.write(lost_message, app.clock.now())
        await service.faults.guard("refresh.v1", broken)
        await service.stop()
        await service.stop()
        assert not await service.healthy()
    text = meters.text().decode()
    assert "clout_ticks_total 1.0" in text
    assert 'clout_jobs_waiting{queue="deliveries"} 0.0' in text
    assert "clout_loop_lag_seconds" in text
    assert "clout_budget_left{network=" in text
    assert any("jobs run, in 1 process" in line for line in said)
    said.clear()
    assert not await examine(settings, said.append)
    assert any("refresh.v1: KeyError, reference" in line for line in said)
    assert any("7 days: 1 unknown" in line and "`digest status`" in line for line in said)


def lost_message(conn, now):
    place = Place(platform="slack", channel="C1", shown="#creators")
    one = Delivery(
        key="digest:1:x", kind="digest", subscription=1, period="x", team="t", place=place, zone="UTC", due_at=now
    )
    outbox.put(conn, [one])
    conn.execute(deliveries.update().values(state="unknown"))


async def broken():
    raise KeyError("a bug")


async def test_a_locked_installation_is_said_at_once(settings, tmp_path):
    with (
        only_process(jobs_file(tmp_path / "clout.db").with_suffix(".lock")),
        pytest.raises(StoreError, match="process"),
    ):
        await serve(settings, until=asyncio.Event)


def test_executors_are_one_alone_or_all_different():
    assert executor_name(alone=True) == LOCAL
    assert executor_name(alone=False) != executor_name(alone=False)
