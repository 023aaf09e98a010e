"""The roster: where every tracked creator of every team stands, kept up to date and read in bulk without arithmetic."""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection

from core import rosters_pages as pages
from core import rosters_standing as standing
from core.database import Database
from core.rosters_pages import DayPoint, Problem, Rank, Renamed, Row, Sort, Standing
from core.store import Store
from core.tables import handle_key

__all__ = ["DayPoint", "Problem", "Rank", "Renamed", "Roster", "Row", "Sort", "Standing"]


class Roster:
    """Keeps and reads standings; one for the whole process. Every method raises StoreError when the database refuses.

    It follows the store: whatever records a reading or a failure through `Store` needs to call nothing here. Work with
    transactions of its own calls `attempted` inside them, or `update` afterwards.
    """

    def __init__(self, store: Store) -> None:
        self._db: Database = store.database
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
            found, after = await self._db.read(pages.standings, team, after, at, before, tags)
            if found:
                yield found
            if after is None:
                return

    async def page(
        self, team: str, *, sort: Sort = "score", tag: str | None = None, start: int = 0, count: int = 10
    ) -> list[Row]:
        """Return some of the team's tracked creators: highest first, biggest movers first, or by name."""
        return await self._db.read(pages.page, team, sort, tag, start, count)

    async def size(self, team: str, tag: str | None = None) -> int:
        """Return how many creators the team tracks, with a tag when one is given."""
        return await self._db.read(pages.size, team, tag)

    async def tags(self, team: str) -> list[tuple[str, int]]:
        """Return the team's tags with how many tracked creators bear each, in order of name."""
        return await self._db.read(pages.tags_of, team)

    async def rank(self, team: str, name: str) -> Rank | None:
        """Return where a tracked creator with a firm score stands among the team's; None for any other creator."""
        return await self._db.read(pages.rank, team, handle_key(name))

    async def lines(
        self, team: str, creator_ids: Sequence[int], *, since: datetime
    ) -> Mapping[int, tuple[DayPoint, ...]]:
        """Return the days of a few of the team's tracked creators since a moment, oldest first, for a picture."""
        return await self._db.read(pages.lines, team, creator_ids, since)
