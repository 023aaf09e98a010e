"""A network in memory where every handle exists, an app that tracks some of them, and what its tables hold."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection, select, text

from core.app import App, build
from core.connectors import Connector
from core.connectors.http import Requests
from core.errors import SourceError
from core.manifest import Manifest, Target
from core.models import NetworkReading, Snapshot
from core.refreshing import Refreshed
from core.settings import Settings
from core.tables import account_refresh, account_scores, accounts, creator_pending, from_ms, posts, to_ms
from tests.core.toy_network import TEAM, HandClock, toy_manifest, toy_snapshot


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
        native = target.native_id or f"id-{target.handle}"
        handle = self.renamed.get(native, native.removeprefix("id-"))
        return toy_snapshot("toy", native, handle, self.likes, self.clock.now())


MANIFEST = toy_manifest("toy")


@asynccontextmanager
async def opened(tmp_path: Path, clock: HandClock, toy: Toy, manifest: Manifest = MANIFEST) -> AsyncIterator[App]:
    settings = Settings(database_url=f"sqlite:///{tmp_path}/clout.db")
    async with build(settings, clock=clock, connectors={"toy": Connector(manifest, toy.fetch)}) as app:
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
    found = NetworkReading.model_validate_json(str(reading))
    return found.score.score if found.score is not None else None


async def pend(app: App, handle: str) -> None:
    def work(conn: Connection) -> None:
        creator = conn.scalar(text("select id from creators limit 1"))
        row = {"team": TEAM, "creator_id": creator, "network": "toy", "handle": handle, "handle_key": handle}
        conn.execute(creator_pending.insert(), row | {"next_due_at": to_ms(app.clock.now()), "failures": 0})

    await app.store.database.write(work)
