"""Reading tracked creators again: who is due, what a batch writes and what a failure, and twice is once."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from core.app import App
from core.errors import NotFound, Private, SourceError, Suspended
from core.pacing import BATCH
from core.refreshing import Batch, Refreshed, Refreshing
from core.tables import account_refresh, accounts, creator_pending, from_ms
from tests.core.refreshed_toy import Toy, due_at, everything, opened, pend, refresh_all, score_of, track
from tests.core.toy_network import START, TEAM, HandClock


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


# --- who is due -------------------------------------------------------------------------------------------------------


async def test_nobody_is_due_before_a_day_is_over(app: App, clock: HandClock) -> None:
    await track(app, "glow", "neon")
    assert await app.refreshing.due(clock.now(), {}) == []
    clock.move(hours=24)
    (batch,) = await app.refreshing.due(clock.now(), {})
    assert (batch.network, len(batch.accounts), batch.at) == ("toy", 2, clock.now())


async def test_an_untracked_account_is_never_due(app: App, clock: HandClock) -> None:
    await app.lookups.lookup(TEAM, "toy:glow")
    clock.move(days=9)
    assert await app.refreshing.due(clock.now(), {}) == []


async def test_who_was_taken_is_not_taken_twice_but_comes_back(app: App, clock: HandClock) -> None:
    await track(app, "glow")
    clock.move(days=1)
    assert len(await app.refreshing.due(clock.now(), {})) == 1
    assert await app.refreshing.due(clock.now(), {}) == []
    clock.move(minutes=11)
    assert len(await app.refreshing.due(clock.now(), {})) == 1


async def test_the_oldest_go_first_in_batches(app: App, clock: HandClock) -> None:
    names = [f"c{number}" for number in range(BATCH + 2)]
    for name in names:
        await track(app, name)
        clock.move(seconds=1)
    clock.move(days=1)
    first, second = await app.refreshing.due(clock.now(), {})
    assert (len(first.accounts), len(second.accounts)) == (BATCH, 2)
    assert max(first.accounts) < min(second.accounts)
    assert first.key != second.key


async def test_behind_waiting_batches_nothing_is_added(app: App, clock: HandClock) -> None:
    await track(app, "glow")
    clock.move(days=1)
    assert await app.refreshing.due(clock.now(), {"toy": 99}) == []


async def test_a_clock_that_ran_ahead_keeps_nobody_waiting(app: App, clock: HandClock) -> None:
    await track(app, "glow")
    clock.move(days=365)
    await refresh_all(app)  # due again in a year and a day
    clock.moment = START + timedelta(days=1)
    assert len(await app.refreshing.due(clock.now(), {})) == 1


# --- a batch ----------------------------------------------------------------------------------------------------------


async def test_a_refresh_records_posts_score_and_the_next_day(app: App, clock: HandClock, toy: Toy) -> None:
    await track(app, "glow")
    before = await score_of(app, "glow")
    clock.move(days=1)
    toy.likes = 300
    assert await refresh_all(app) == [Refreshed(read=1)]
    after = await score_of(app, "glow")
    assert before is not None
    assert after is not None
    assert after > before
    assert await due_at(app, "glow") == clock.now() + timedelta(days=1)
    (standing,) = await app.roster.standings(TEAM, at=clock.now(), before=clock.now())
    assert standing.name == "glow"


async def test_a_refresh_writes_what_a_lookup_would(tmp_path: Path, clock: HandClock, toy: Toy) -> None:
    found = []
    for way in ("lookup", "refresh"):
        clock.moment, folder = START, tmp_path / way
        folder.mkdir()
        async with opened(folder, clock, toy) as app:
            await track(app, "glow")
            clock.move(days=1)
            await (app.lookups.lookup(TEAM, "toy:glow") if way == "lookup" else refresh_all(app))
            found.append({name: rows for name, rows in (await everything(app)).items() if name != "account_refresh"})
    assert found[0] == found[1]


async def test_a_batch_twice_changes_nothing_and_asks_nobody(app: App, clock: HandClock, toy: Toy) -> None:
    await track(app, "glow", "neon")
    toy.errors["neon"] = Suspended("toy", "Suspended.")
    clock.move(days=1)
    (batch,) = await app.refreshing.due(clock.now(), {})
    await app.refreshing.refresh(batch)
    before, asked = await everything(app), len(toy.asked)
    toy.likes = 9000
    assert await app.refreshing.refresh(batch) == Refreshed(left_alone=2)
    clock.move(minutes=5)
    assert await app.refreshing.refresh(batch) == Refreshed(left_alone=2)
    assert (await everything(app), len(toy.asked)) == (before, asked)


async def test_a_lookup_of_this_morning_saves_the_request(app: App, clock: HandClock, toy: Toy) -> None:
    await track(app, "glow")
    clock.move(hours=22)
    await app.lookups.lookup(TEAM, "toy:glow")
    asked, looked = len(toy.asked), clock.now()
    clock.move(hours=2)
    assert await refresh_all(app) == [Refreshed(left_alone=1)]
    assert len(toy.asked) == asked
    assert await due_at(app, "glow") == looked + timedelta(days=1)


async def test_an_account_untracked_meanwhile_is_left_alone(app: App, clock: HandClock, toy: Toy) -> None:
    await track(app, "glow")
    clock.move(days=1)
    (batch,) = await app.refreshing.due(clock.now(), {})
    await app.store.database.write(lambda conn: conn.execute(account_refresh.delete()))
    asked = len(toy.asked)
    assert await app.refreshing.refresh(batch) == Refreshed(left_alone=1)
    assert len(toy.asked) == asked


async def test_a_renamed_account_keeps_its_place(app: App, clock: HandClock, toy: Toy) -> None:
    await track(app, "glow")
    toy.renamed["id-glow"] = "glowup"
    clock.move(days=1)
    assert await refresh_all(app) == [Refreshed(read=1)]
    row = await app.store.database.read(
        lambda conn: conn.execute(select(accounts.c.handle, account_refresh.c.renamed_from).join(account_refresh)).one()
    )
    assert tuple(row) == ("glowup", "glow")


async def test_a_handle_of_an_import_is_read_for_the_first_time(app: App, clock: HandClock) -> None:
    await track(app, "glow")
    await pend(app, "fresh")
    (batch,) = await app.refreshing.due(clock.now(), {})
    assert (batch.handles, batch.accounts) == (("fresh",), ())
    assert await app.refreshing.refresh(batch) == Refreshed(read=1)
    assert await score_of(app, "fresh") is not None
    left = await app.store.database.read(lambda conn: conn.scalar(select(func.count()).select_from(creator_pending)))
    assert left == 0


async def test_an_imported_handle_that_its_network_writes_otherwise_has_arrived(
    app: App, clock: HandClock, toy: Toy
) -> None:
    await track(app, "glow")
    await pend(app, "fresh")
    toy.renamed["id-fresh"] = "fresher"
    assert await refresh_all(app) == [Refreshed(read=1)]
    left = await app.store.database.read(lambda conn: conn.scalar(select(func.count()).select_from(creator_pending)))
    assert left == 0
    assert await due_at(app, "fresh") == clock.now() + timedelta(days=1)
    assert {one.handle for one in (await app.lookups.accounts(TEAM, "glow")).accounts} == {"glow", "fresher"}


async def test_an_imported_handle_that_does_not_exist_says_so_and_waits(app: App, clock: HandClock, toy: Toy) -> None:
    await track(app, "glow")
    await pend(app, "nobody")
    toy.errors["nobody"] = NotFound("toy", "I can't find @nobody.")
    await refresh_all(app)
    row = await app.store.database.read(lambda conn: conn.execute(select(creator_pending)).one())
    assert row.failures == 1
    assert "NotFound" in row.last_error
    assert from_ms(row.next_due_at) == clock.now() + timedelta(days=1)
    clock.move(days=1)
    await refresh_all(app)
    row = await app.store.database.read(lambda conn: conn.execute(select(creator_pending)).one())
    assert from_ms(row.next_due_at) == clock.now() + timedelta(days=2), "later and later"


# --- failures ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("error", [Private, Suspended, NotFound], ids=lambda kind: kind.__name__)
async def test_an_account_that_is_gone_is_a_state_and_no_drop(
    app: App, clock: HandClock, toy: Toy, error: type[SourceError]
) -> None:
    await track(app, "glow")
    before = await score_of(app, "glow")
    toy.errors["glow"] = error("toy", "Gone.")
    clock.move(days=1)
    assert await refresh_all(app) == [Refreshed(failed=1)]
    assert await score_of(app, "glow") == before
    reading = (await app.lookups.history(TEAM, "glow", since=START)).networks[0]
    assert (reading.status, reading.score is not None) == (error.status, True)


async def test_who_keeps_failing_is_tried_less_often_and_never_forgotten(app: App, clock: HandClock, toy: Toy) -> None:
    await track(app, "glow", "neon")
    toy.errors["glow"] = Suspended("toy", "Suspended.")
    waits = []
    clock.move(days=1)
    for _ in range(7):
        await refresh_all(app)
        waits.append(await due_at(app, "glow") - clock.now())
        clock.moment = max(await due_at(app, "glow"), await due_at(app, "neon"))
    assert waits == [timedelta(days=days) for days in (1, 2, 4, 8, 14, 14, 14)]
    toy.errors.clear()
    clock.move(days=30)
    await refresh_all(app)
    assert await due_at(app, "glow") == clock.now() + timedelta(days=1)


async def test_people_go_first_and_few_refreshes_ask_at_once(app: App, clock: HandClock, toy: Toy) -> None:
    await track(app, *[f"c{number}" for number in range(20)])
    clock.move(days=1)
    (batch,) = await app.refreshing.due(clock.now(), {})
    asked, toy.gate, toy.busiest = len(toy.asked), asyncio.Event(), 0
    looking = asyncio.create_task(app.lookups.lookup(TEAM, "toy:star"))
    while len(toy.asked) == asked:
        await asyncio.sleep(0)
    running = asyncio.create_task(app.refreshing.refresh(batch))
    for _ in range(50):
        await asyncio.sleep(0.001)
    assert toy.asked[asked:] == ["star"]
    toy.gate.set()
    await looking
    assert await running == Refreshed(read=20)
    assert toy.busiest <= 8


def test_a_batch_survives_being_queued() -> None:
    batch = Batch(network="toy", accounts=(3, 4), at=START)
    assert Batch.model_validate_json(batch.model_dump_json()) == batch
    assert isinstance(Refreshing, type)
