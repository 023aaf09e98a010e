"""Networks in memory with the accounts they are given, an app that reads them, and a clock moved by hand."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Table, select

from core.app import App, build
from core.connectors import Connector
from core.errors import NotFound, SourceError
from core.manifest import HandleRule, Manifest, Target
from core.models import Post, Profile, Snapshot
from core.roster import Standing
from core.settings import Settings

START = datetime(2026, 11, 22, 12, tzinfo=UTC)
TEAM = "terminal"


@dataclass
class HandClock:
    moment: datetime = START

    def now(self) -> datetime:
        return self.moment

    def move(self, **by: float) -> None:
        self.moment += timedelta(**by)


def toy_manifest(name: str, counts: str = "likes reposts replies", **more: Any) -> Manifest:
    rule = HandleRule(pattern=r"[a-z0-9._-]{1,30}", hint="letters and digits", example="glow")
    own = {"name": name, "label": name.title(), "hosts": (f"{name}.example",), "base_url": f"https://{name}.example/"}
    return Manifest.model_validate({**own, "handles": rule, "counts": counts.split(), **more})


def toy_snapshot(network: str, native_id: str, handle: str, likes: int, now: datetime) -> Snapshot:
    """Return a creator with 5,000 followers and a post on each of twelve days."""
    own = {"network": network, "likes": likes, "reposts": 3, "replies": 2}
    posts = tuple(
        Post(native_id=f"post-{native_id}-{day}", created_at=START - timedelta(days=day + 2), **own)
        for day in range(12)
    )
    profile = Profile(network=network, native_id=native_id, handle=handle, followers=5000, fetched_at=now)
    return Snapshot(profile=profile, posts=posts, complete_from=now - timedelta(days=91))


@dataclass
class Toy:
    """A network in memory: accounts by handle, and what goes wrong."""

    name: str
    clock: HandClock
    accounts: dict[str, tuple[str, int]] = field(default_factory=dict)  # handle -> native id, likes a post
    posts: int = 12
    error: SourceError | None = None
    gate: asyncio.Event | None = None
    asked: list[Target] = field(default_factory=list)
    bio_links: tuple[str, ...] = ()

    async def fetch(self, target: Target, *_: object) -> Snapshot:
        self.asked.append(target)
        if self.gate is not None:
            await self.gate.wait()
        if self.error is not None:
            raise self.error
        for handle, (native_id, likes) in self.accounts.items():
            if native_id == target.native_id or (target.native_id is None and handle == target.handle):
                return self.snapshot(handle, native_id, likes)
        raise NotFound(self.name, f"I can't find @{target.handle} on {self.name}.")

    def snapshot(self, handle: str, native_id: str, likes: int) -> Snapshot:
        now = self.clock.now()
        profile = Profile(
            network=self.name,
            native_id=native_id,
            handle=handle,
            followers=1000,
            fetched_at=now,
            links=self.bio_links,
        )
        posts = tuple(
            Post(network=self.name, native_id=f"p{i}", created_at=START - timedelta(days=2 + i * 3), likes=likes + i)
            for i in range(self.posts)
        )
        return Snapshot(profile=profile, posts=posts, complete_from=now - timedelta(days=91))

    def connector(self) -> Connector:
        rule = HandleRule(pattern=r"[a-z0-9_]{1,30}", hint="letters and digits", example="glow", urls=())
        off = f"{self.name.title()} is off."
        manifest = toy_manifest(self.name, "likes", handles=rule, off_wording=off)
        return Connector(manifest, self.fetch)


@asynccontextmanager
async def opened(folder: Path, clock: HandClock, *toys: Toy, **env: str) -> AsyncIterator[App]:
    connectors = {toy.name: toy.connector() for toy in toys}
    manifests = {name: connector.manifest for name, connector in connectors.items()}
    settings = Settings.read(manifests, {"CLOUT_DATABASE_URL": f"sqlite:///{folder}/clout.db", **env}, None)
    async with build(settings, clock=clock, connectors=connectors) as app:
        yield app


def toys(clock: HandClock) -> tuple[Toy, Toy]:
    """Two networks with some creators, one of whom bears the same name on both."""
    first = Toy("alpha", clock, {"glow": ("a1", 40), "beanco": ("a2", 400), "mara": ("a3", 5)})
    return first, Toy("beta", clock, {"glowtube": ("b1", 90), "glow": ("b2", 4)})


async def rows(app: App, table: Table) -> list[Any]:
    """Return every row of a table."""
    return list(await app.store.database.read(lambda conn: conn.execute(select(table)).all()))


async def standing(app: App, clock: HandClock, name: str, back: timedelta = timedelta(days=7)) -> Standing:
    """Return where a tracked creator stands now, beside where it stood a week ago."""
    found = await app.roster.standings(TEAM, at=clock.now(), before=clock.now() - back)
    return next(one for one in found if one.name == name)
