"""The store: everything Clout remembers, behind one class; SQLite today, PostgreSQL by another address."""

from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import date, datetime, timedelta
from typing import Protocol

from sqlalchemy import Connection

from core import archive, finding, leaving, recall, recording, rights_rows
from core import creators as team_side
from core import retention as keeping
from core.archive import ProfileReading, ScoredAccount
from core.creators import KnownHandle, LinkedAccount, TeamCreator
from core.database import Database, open_database
from core.finding import Pair, ScorePoint, StoredAccount, StoredCreator
from core.models import Clock, Failure, NetworkReading, NetworkScore, Post, Profile, Snapshot, Status
from core.recall import Past
from core.recording import Learnt, Missed
from core.tables import handle_key

__all__ = [
    "KnownHandle",
    "LinkedAccount",
    "Past",
    "ScorePoint",
    "Store",
    "StoredAccount",
    "StoredCreator",
    "TeamCreator",
    "handle_key",
]


def _nothing(conn: Connection) -> None:
    """Write nothing more."""


def _pair(snapshot: Snapshot) -> Pair:
    return snapshot.profile.network, snapshot.profile.native_id


class Bar(Protocol):
    """Says of accounts that were read which may not be kept: (network, native id); see core/suppression.py."""

    def among(self, conn: Connection, profiles: Sequence[Profile]) -> frozenset[Pair]:
        """Look inside the transaction that would keep them."""
        ...


class Follower(Protocol):
    """Does its own work inside the transactions of the store, so that both stand or neither."""

    def attempted(self, conn: Connection, account_ids: Sequence[int], now: datetime) -> None:
        """Hear that these accounts were read, or could not be."""
        ...

    def regrouped(self, conn: Connection, creator_id: int, now: datetime) -> None:
        """Hear that other accounts belong to a creator from now on."""
        ...


class Store:
    """Reads and writes, each one round of few statements; every method raises StoreError when the database refuses."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._db = database
        self._clock = clock
        self._followers: list[Follower] = []
        self._bar: Bar | None = None

    @property
    def database(self) -> Database:
        """The database itself, for rooms with tables of their own."""
        return self._db

    @classmethod
    @asynccontextmanager
    async def open(cls, url: str, clock: Clock) -> AsyncIterator["Store"]:
        """Open (and create or upgrade) the database at `url`, for example sqlite:///clout.db; closes it at the end."""
        async with open_database(url) as database:
            yield cls(database, clock)

    def follow(self, follower: Follower) -> None:
        """Let `follower` take part in every transaction that records an attempt or links accounts."""
        self._followers.append(follower)

    def keep_out(self, bar: Bar) -> None:
        """Store nothing of accounts that `bar` names."""
        self._bar = bar

    def _barred(self, conn: Connection, snapshots: Sequence[Snapshot]) -> frozenset[Pair]:
        return self._bar.among(conn, [one.profile for one in snapshots]) if self._bar is not None else frozenset()

    def _attempted(self, conn: Connection, account_id: int | None, now: datetime) -> None:
        if account_id is not None:
            for follower in self._followers:
                follower.attempted(conn, (account_id,), now)

    def _regrouped(self, conn: Connection, creator_id: int | None, now: datetime) -> None:
        if creator_id is not None:
            for follower in self._followers:
                follower.regrouped(conn, creator_id, now)

    # --- accounts: facts about public accounts, stored once ---

    async def find(
        self,
        team: str,
        key: str,
        network: str | None,
        candidates: Sequence[Pair],
        *,
        history_since: datetime | None = None,
    ) -> StoredCreator | None:
        """The team's creator called `key`, else the accounts whose (network, handle) is among `candidates`.

        A creator is found by its name, or by the handle of one of its accounts when that points to one creator only.
        With a `network` only the candidates count. Two statements at most; None when nothing at all is stored.
        """
        now = self._clock.now()
        return await self._db.read(finding.find, team, key, network, candidates, history_since, now)

    async def missed(self, pairs: Sequence[Pair], now: datetime) -> Mapping[Pair, Failure]:
        """Which of these (network, handle) pairs were not found within the last hour, with what was said then."""
        return await self._db.read(finding.missed, pairs, now)

    async def past(self, network: str, native_id: str, *, since: datetime, at: datetime | None = None) -> Past:
        """What is stored about an account before a fetch (now, or `at`); an unknown one has an empty past."""
        return await self._db.read(recall.past, network, native_id, since, at or self._clock.now())

    async def pasts(self, pairs: Sequence[Pair], *, since: datetime) -> list[Past]:
        """`past` of several (network, native id) pairs, in one round."""
        now = self._clock.now()
        return await self._db.read(lambda conn: [recall.past(conn, *pair, since, now) for pair in pairs])

    async def record(
        self,
        snapshot: Snapshot,
        reading: NetworkReading,
        *,
        changed: Sequence[Post],
        deleted: Sequence[str] = (),
    ) -> int | None:
        """Write one fetch in one transaction and return the account's id.

        `changed` are the posts that are new or whose counts moved, `deleted` native ids of posts that are gone. A
        handle that moved to another native id moves here too. An older reading never replaces a newer one. None, and
        nothing written, for what an owner has taken back while it was read, or asked not to be scored.
        """
        now = self._clock.now()

        def work(conn: Connection) -> int | None:
            if self._barred(conn, [snapshot]):
                return None
            account_id = recording.record(conn, snapshot, reading, changed, deleted, now)
            self._attempted(conn, account_id, now)
            return account_id

        return await self._db.write(work)

    async def record_many(
        self, learnt: Sequence[Learnt], missed: Sequence[Missed], *, also: Callable[[Connection], None] = _nothing
    ) -> None:
        """Write many fetches, and attempts that failed, in one transaction, with what `also` writes beside them."""
        now = self._clock.now()

        def work(conn: Connection) -> None:
            barred = self._barred(conn, [one.snapshot for one in learnt])
            kept = [one for one in learnt if _pair(one.snapshot) not in barred]
            ids = recording.record_many(conn, kept, missed, now)
            for follower in self._followers if ids else ():
                follower.attempted(conn, ids, now)
            also(conn)

        await self._db.write(work)

    async def record_failure(
        self,
        network: str,
        failure: Failure,
        *,
        status: Status,
        at: datetime,
        handle: str,
        native_id: str | None = None,
    ) -> None:
        """Note a failed attempt beside the last good reading; of unknown accounts only NotFound, for an hour."""

        def work(conn: Connection) -> None:
            account_id = recording.record_failure(conn, network, failure, status, at, handle, native_id)
            self._attempted(conn, account_id, at)

        await self._db.write(work)

    async def posts(self, network: str, native_id: str, *, since: datetime) -> tuple[Post, ...]:
        """The posts created since then, newest first, with their latest counts."""
        return await self._db.read(recall.posts_since, network, native_id, since)

    async def counts_as_of(self, network: str, native_id: str, day: date) -> tuple[Post, ...]:
        """Every post known at the end of that UTC day, with its counts as of then."""
        return await self._db.read(recall.counts_as_of, network, native_id, day)

    async def scores(
        self, network: str, native_id: str, *, since: datetime, model_version: str | None = None
    ) -> tuple[NetworkScore, ...]:
        """The stored scores since then with parts and inputs but without draws, oldest first."""
        return await self._db.read(recall.scores, network, native_id, since, model_version)

    async def scored_accounts(self, since: datetime, *, after: int = 0) -> list[ScoredAccount]:
        """The next accounts after the id `after` that have scores since then, in order of id; none at the end."""
        return await self._db.read(archive.scored_accounts, since, after)

    async def profile_readings(self, network: str, native_id: str, *, since: datetime) -> tuple[ProfileReading, ...]:
        """The figures of the profile on each day since then, oldest first."""
        return await self._db.read(archive.profile_readings, network, native_id, since)

    async def keep_scores(self, network: str, native_id: str, scores: Sequence[NetworkScore]) -> bool:
        """Store scores of past days in one transaction, beside those of other versions; False without the account."""
        return await self._db.write(archive.keep_scores, network, native_id, scores)

    async def forget(
        self, network: str, name: str, *, known: Iterable[str] = (), also: Callable[[Connection], None] = _nothing
    ) -> bool:
        """Delete an account with everything that hangs on it, of every team; False when nothing was stored of it.

        `name` is a handle or a native id, `known` native ids that it stands for besides; `also` writes in the same
        transaction. See core/rights_rows.py.
        """
        now = self._clock.now()

        def work(conn: Connection) -> bool:
            also(conn)
            one = rights_rows.whose(conn, network, name, known)
            for creator_id in rights_rows.forget(conn, one):
                self._regrouped(conn, creator_id, now)
            return bool(one.native_ids or one.creator_ids)

        return await self._db.write(work)

    async def purge(self, now: datetime, retention: Mapping[str, timedelta]) -> int:
        """Delete what may no longer be kept, a hundred accounts a transaction; the number of accounts emptied.

        `retention` gives the networks' own limits since the last fetch, on top of ours (core/retention.py).
        """
        await self._db.write(keeping.purge_misses, now)
        for team in await self._db.read(leaving.overdue, now):  # first: what only they tracked lapses right after
            await self._db.write(leaving.purge_team, team, now)
        emptied = await self._purge_accounts(now, retention)
        done: int | None = 0
        while done is not None:
            done = await self._db.write(keeping.purge_days, now, done)
        await self._db.write(keeping.note_purge, now)
        return emptied

    async def _purge_accounts(
        self, now: datetime, retention: Mapping[str, timedelta], networks: Sequence[str] = ()
    ) -> int:
        emptied = 0
        last: int | None = 0
        while last is not None:
            page = await self._db.write(keeping.purge_page, now, retention, last, networks)
            last, emptied = page.last_id, emptied + page.emptied
        return emptied

    async def purge_daily(self, retention: Mapping[str, timedelta]) -> int:
        """`purge`; once it has run on this UTC day, only of the networks that let nothing stand for a week."""
        now = self._clock.now()
        if not await self._db.read(keeping.purged_today, now):
            return await self.purge(now, retention)
        hasty = [network for network, limit in retention.items() if limit < keeping.HASTY]
        return await self._purge_accounts(now, retention, hasty) if hasty else 0

    # --- creators and settings: each team's own ---

    async def link(self, team: str, name: str, accounts: Sequence[Pair]) -> None:
        """Say that these (network, native id) accounts are the team's creator `name`, who is made if need be.

        Raises NotRecorded for an account never looked up, InputError for one that belongs to another creator.
        """
        now = self._clock.now()

        def work(conn: Connection) -> None:
            self._regrouped(conn, team_side.link(conn, team, name, accounts, now), now)

        await self._db.write(work)

    async def unlink(self, team: str, name: str, network: str, native_id: str) -> bool:
        """Undo a link; a creator without accounts goes too. False when there was no such link."""

        def work(conn: Connection) -> bool:
            creator_id = team_side.unlink(conn, team, name, network, native_id)
            self._regrouped(conn, creator_id, self._clock.now())
            return creator_id is not None

        return await self._db.write(work)

    async def withdrawn(self, team: str, network: str, native_id: str) -> bool:
        """Delete what an owner showed a team of an account, all of it; False when there was nothing.

        `native_id` is the network's own. Where the same account was read publicly too, the creator has that again.
        """
        now = self._clock.now()

        def work(conn: Connection) -> bool:
            rights_rows.forget_told(conn, team, network, native_id)
            gone, creator_id = team_side.withdrawn(conn, team, network, native_id, now)
            self._regrouped(conn, creator_id, now)
            return gone

        return await self._db.write(work)

    async def track(self, team: str, name: str, since: datetime | None) -> bool:
        """Track the team's creator from that moment, or no longer (None); False when there is no such creator."""

        def work(conn: Connection) -> bool:
            creator_id = team_side.track(conn, team, name, since)
            self._regrouped(conn, creator_id, self._clock.now())
            return creator_id is not None

        return await self._db.write(work)

    async def creators(self, team: str) -> tuple[TeamCreator, ...]:
        """The team's creators in order of name, with their accounts."""
        return await self._db.read(team_side.team_creators, team)

    async def known_handles(self, team: str, prefix: str = "", limit: int = 25) -> list[KnownHandle]:
        """Names that begin with `prefix`: the team's creators first, then handles that were looked up."""
        return await self._db.read(team_side.known_handles, team, prefix, limit)

    async def setting(self, team: str, key: str) -> str | None:
        """One setting of the team, or None."""
        return await self._db.read(team_side.setting, team, key)

    async def settings(self, team: str) -> dict[str, str]:
        """All settings of the team."""
        return await self._db.read(team_side.settings, team)

    async def set_setting(self, team: str, key: str, value: str | None) -> None:
        """Store a setting of the team; None deletes it."""
        await self._db.write(team_side.set_setting, team, key, value)

    async def team_left(self, team: str) -> None:
        """Note that a team threw Clout out: 30 days later `purge` deletes everything of it."""
        await self._db.write(leaving.leave, team, self._clock.now())

    async def team_back(self, team: str) -> bool:
        """Note that a team wants Clout again (`slack:E1:` for a whole organisation); False when it had not left."""
        return await self._db.write(leaving.come_back, team)

    async def teams(self, prefix: str) -> Sequence[str]:
        """See `core.leaving.present`: the teams that have anything here and did not leave."""
        return await self._db.read(leaving.present, prefix)

    async def left_at(self, team: str) -> datetime | None:
        """Since when a team no longer wants Clout; None while it does."""
        return await self._db.read(leaving.left_at, team)
