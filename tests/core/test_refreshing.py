"""Reading tracked creators again: who is due, what a batch writes, what a network's refusal does, and twice is once."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection, func, select, text

from core.app import App, build
from core.connectors import Connector
from core.connectors.http import Requests
from core.errors import NotFound, Private, RateLimited, SourceAuthFailed, SourceError, Suspended, Unavailable
from core.manifest import BudgetRule, HandleRule, Manifest, Target
from core.models import Post, Profile, Snapshot
from core.refreshing import BATCH, Batch, Refreshed, Refreshing
from core.settings import Settings
from core.tables import account_refresh, account_scores, accounts, creator_pending, from_ms, posts, to_ms

START = datetime(2026, 11, 22, 12, tzinfo=UTC)
TEAM = "terminal"


@dataclass
class HandClock:
    moment: datetime = START

    def now(self) -> datetime:
        return self.moment

    def move(self, **by: float) -> None:
        self.moment += timedelta(**by)


@dataclass
class Toy:
    """A network in memory where every handle exists; `errors` by handle, `error` for all."""

    clock: HandClock
    asked: list[str] = field(default_factory=list)
    errors: dict[str, SourceError] = field(default_factory=dict)
    error: SourceError | None = None
    renamed: dict[str, str] = field(default_factory=dict)
    likes: int = 30
    busiest: int = 0
    asking: int = 0
    gate: asyncio.Event | None = None

    async def fetch(self, target: Target, since: datetime, client: Requests, *_: object) -> Snapshot:
        if client.meter is not None:
            await client.meter.charge({})
        self.asked.append(target.handle)
        self.asking += 1
        self.busiest = max(self.busiest, self.asking)
        try:
            await (self.gate.wait() if self.gate is not None else asyncio.sleep(0))
        finally:
            self.asking -= 1
        error = self.error or self.errors.get(target.handle)
        if error is not None:
            raise error
        return self.snapshot(target)

    def snapshot(self, target: Target) -> Snapshot:
        now = self.clock.now()
        native = target.native_id or f"id-{target.handle}"
        handle = self.renamed.get(native, native.removeprefix("id-"))
        profile = Profile(network="toy", native_id=native, handle=handle, followers=5000, fetched_at=now)
        made = tuple(
            Post(
                network="toy",
                native_id=f"{native}-{day}",
                created_at=START - timedelta(days=day + 2),
                likes=self.likes,
                reposts=3,
                replies=2,
            )
            for day in range(12)
        )
        return Snapshot(profile=profile, posts=made, complete_from=now - timedelta(days=91))


MANIFEST = Manifest(
    name="toy",
    label="Toy",
    hosts=("toy.example",),
    base_url="https://toy.example/",
    handles=HandleRule(pattern=r"[a-z0-9-]+", hint="letters", example="glow"),
    counts=frozenset({"likes", "reposts", "replies"}),
)


@asynccontextmanager
async def opened(tmp_path: Path, clock: HandClock, toy: Toy, manifest: Manifest = MANIFEST) -> AsyncIterator[App]:
    settings = Settings(database_url=f"sqlite:///{tmp_path}/clout.db")
    async with build(settings, clock=clock, connectors={"toy": Connector(manifest, toy.fetch)}) as app:
        yield app


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


async def track(app: App, *handles: str) -> None:
    for handle in handles:
        await app.lookups.lookup(TEAM, f"toy:{handle}")
        await app.store.link(TEAM, handle, [("toy", f"id-{handle}")])
        await app.store.track(TEAM, handle, app.clock.now())


async def everything(app: App) -> dict[str, list[tuple[object, ...]]]:
    """Every row of the tables a refresh writes."""

    def rows(conn: Connection) -> dict[str, list[tuple[object, ...]]]:
        tables = (accounts, account_scores, posts, account_refresh)
        return {table.name: sorted(map(tuple, conn.execute(select(table)))) for table in tables}

    return await app.store.database.read(rows)


async def due_at(app: App, handle: str) -> datetime:
    query = (
        select(account_refresh.c.next_due_at)
        .join(accounts, accounts.c.id == account_refresh.c.account_id)
        .where(accounts.c.native_id == f"id-{handle}")
    )
    ms = await app.store.database.read(lambda conn: conn.scalar(query))
    assert ms is not None
    return from_ms(ms)


async def refresh_all(app: App) -> list[Refreshed]:
    return [await app.refreshing.refresh(batch) for batch in await app.refreshing.due(app.clock.now(), {})]


async def score_of(app: App, handle: str) -> float | None:
    query = select(accounts.c.reading).where(accounts.c.native_id == f"id-{handle}")
    reading = await app.store.database.read(lambda conn: conn.scalar(query))
    from core.models import NetworkReading

    found = NetworkReading.model_validate_json(str(reading))
    return found.score.score if found.score is not None else None


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


async def pend(app: App, handle: str) -> None:
    def work(conn: Connection) -> None:
        creator = conn.scalar(text("select id from creators limit 1"))
        row = {"team": TEAM, "creator_id": creator, "network": "toy", "handle": handle, "handle_key": handle}
        conn.execute(creator_pending.insert(), row | {"next_due_at": to_ms(app.clock.now()), "failures": 0})

    await app.store.database.write(work)


async def test_an_imported_handle_that_does_not_exist_says_so_and_waits(app: App, clock: HandClock, toy: Toy) -> None:
    await track(app, "glow")
    await pend(app, "nobody")
    toy.errors["nobody"] = NotFound("toy", "I can't find @nobody.")
    await refresh_all(app)
    row = await app.store.database.read(lambda conn: conn.execute(select(creator_pending)).one())
    assert row.failures == 1
    assert "NotFound" in row.last_error
    assert from_ms(row.next_due_at) == clock.now() + timedelta(days=1)


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


async def test_refreshes_fill_neither_more_nor_less_than_their_share(tmp_path: Path, clock: HandClock) -> None:
    rule = BudgetRule(unit="requests", window="hour", setting="hourly", default=25, per_lookup=1)
    toy = Toy(clock)
    async with opened(tmp_path, clock, toy, MANIFEST.model_copy(update={"budgets": (rule,)})) as app:
        for number in range(45):
            await track(app, f"c{number}")
            clock.move(minutes=10)
        clock.move(days=1)
        read = []
        for _ in range(120):
            read.append(sum(done.read for done in await refresh_all(app)))
            clock.move(minutes=1)
        assert max(read) <= 3  # spread over the hour, not all at once
        assert 15 <= sum(read[:60]) <= 20
        assert 30 <= sum(read) <= 40
        assert (await app.budgets.left("toy", ""))[0].left >= 5


def test_a_batch_survives_being_queued() -> None:
    batch = Batch(network="toy", accounts=(3, 4), at=START)
    assert Batch.model_validate_json(batch.model_dump_json()) == batch
    assert isinstance(Refreshing, type)
