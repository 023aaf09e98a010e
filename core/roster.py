"""The roster: where every tracked creator of every team stands, kept up to date and read in bulk without arithmetic."""

from array import array
from bisect import bisect_left
from collections.abc import AsyncIterator, Hashable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TypeVar

from sqlalchemy import Connection

from core import rosters_moments as moments
from core import rosters_pages as pages
from core import rosters_standing as standing
from core.database import Database
from core.models import Clock
from core.rosters_moments import DayPoint, Standing
from core.rosters_pages import Rank, Row, Sort
from core.rosters_remarks import Problem, Renamed
from core.store import Store
from core.tables import handle_key

__all__ = ["DayPoint", "Problem", "Rank", "Renamed", "Roster", "Row", "Sort", "Standing"]

KEPT = timedelta(minutes=1)  # how old a count of many, or others' scores, may be
MANY = 10_000  # creators: fewer are counted each time
SIZES, TEAMS = 1_000, 16  # counts, and lists of scores (0.8 MB for 100,000), that are remembered

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Roster:
    """Keeps and reads standings; one for the whole process. Every method raises StoreError when the database refuses.

    It follows the store: whatever records a reading or a failure through `Store` needs to call nothing here. Work with
    transactions of its own calls `attempted` inside them, or `update` afterwards.
    """

    def __init__(self, store: Store, clock: Clock) -> None:
        self._db: Database = store.database
        self._clock = clock
        self._sizes: dict[tuple[str, str | None], tuple[datetime, int]] = {}
        self._firm: dict[str, tuple[datetime, array[float]]] = {}
        store.follow(self)

    # --- writing ------------------------------------------------------------------------------------------------------

    def attempted(self, conn: Connection, account_ids: Sequence[int], now: datetime) -> None:
        """Bring the tracked creators of these accounts up to date, inside the caller's transaction."""
        standing.settle(conn, account_ids, now)

    def regrouped(self, conn: Connection, creator_id: int, now: datetime) -> None:
        """Bring a creator up to date that has other accounts, or is tracked from now on, or no longer."""
        standing.regroup(conn, creator_id, now)

    async def update(self, account_ids: Sequence[int], now: datetime) -> None:
        """Bring the tracked creators of these accounts up to date, in one transaction."""
        await self._db.write(standing.settle, account_ids, now)

    async def rebuild(self, team: str, now: datetime) -> int:
        """Write the days of all tracked creators of a team anew from stored scores, a transaction each; how many."""
        done = 0
        async for found in self.each(team, at=now, before=now):
            for one in found:
                await self._db.write(standing.regroup, one.creator_id, now)
            done += len(found)
        return done

    async def rebuild_all(self, now: datetime) -> int:
        """Do so for every team that tracks somebody, after stored scores changed; returns how many creators."""
        return sum([await self.rebuild(team, now) for team in await self._db.read(moments.teams)])

    # --- reading ------------------------------------------------------------------------------------------------------

    async def standings(self, team: str, *, at: datetime, before: datetime, tags: Sequence[str] = ()) -> list[Standing]:
        """Return where the team's tracked creators stand at `at` and stood at `before`, in order of name.

        With `tags`, those creators that bear one of them at least.
        """
        return [one async for found in self.each(team, at=at, before=before, tags=tags) for one in found]

    async def each(
        self, team: str, *, at: datetime, before: datetime, tags: Sequence[str] = ()
    ) -> AsyncIterator[list[Standing]]:
        """Yield the same a thousand at a time, so that memory stays small and other readers get their turn."""
        after: str | None = None
        while True:
            found, after = await self._db.read(moments.standings, team, after, at, before, tags)
            if found:
                yield found
            if after is None:
                return

    async def page(
        self, team: str, *, sort: Sort = "score", tag: str | None = None, start: int = 0, count: int = 10
    ) -> list[Row]:
        """Return some of the team's tracked creators: highest first, biggest movers first, or by name."""
        total = await self.size(team, tag)
        return await self._db.read(pages.page, team, sort, tag, total, start, count)

    async def size(self, team: str, tag: str | None = None) -> int:
        """Return how many creators the team tracks, with a tag when one is given; of many, as of a minute ago."""
        key, now = (team, tag), self._clock.now()
        known = _fresh(self._sizes, key, now)
        if known is not None:
            return known
        counted = await self._db.read(pages.size, team, tag)
        if counted >= MANY:
            _remember(self._sizes, key, now, counted, SIZES)
        return counted

    async def tags(self, team: str, most: int = 20) -> list[str]:
        """Return the first of the team's tags, in order of name."""
        return await self._db.read(pages.tags_of, team, most)

    async def rank(self, team: str, name: str) -> Rank | None:
        """Return where a tracked creator with a firm score stands among the team's; None for any other creator.

        The others' scores may be a minute old.
        """
        score = await self._db.read(pages.firm_score, team, handle_key(name))
        if score is None:
            return None
        now = self._clock.now()
        others = _fresh(self._firm, team, now)
        if others is None:
            others = await self._db.read(pages.firm_scores, team)
            _remember(self._firm, team, now, others, TEAMS)
        return Rank(bisect_left(others, score), max(len(others), 1))

    async def lines(
        self, team: str, creator_ids: Sequence[int], *, since: datetime
    ) -> Mapping[int, tuple[DayPoint, ...]]:
        """Return the days of a few of the team's tracked creators since a moment, oldest first, for a picture."""
        return await self._db.read(moments.lines, team, creator_ids, since)


def _fresh(known: Mapping[K, tuple[datetime, V]], key: K, now: datetime) -> V | None:
    found = known.get(key)
    return found[1] if found is not None and timedelta(0) <= now - found[0] < KEPT else None


def _remember(known: dict[K, tuple[datetime, V]], key: K, now: datetime, value: V, most: int) -> None:
    known.pop(key, None)
    known[key] = (now, value)
    while len(known) > most:
        del known[next(iter(known))]
