"""Reads tracked creators again, oldest first, a batch of one network at a time, within what the networks allow.

A batch is safe to repeat: who was tried since it was made is left alone. One that is killed half way has recorded all
of its accounts or none. What keeps a network from answering is never an account's failure, and no failure is a drop.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import Connection

from core import refresh_queue as queue
from core.budgets import Budgets
from core.connectors.costs import Meter
from core.credentials import Credentials
from core.errors import (
    NotConfigured,
    PaymentRequired,
    QuotaExhausted,
    RateLimited,
    SourceAuthFailed,
    SourceError,
    Unavailable,
)
from core.fetching import failure_of, status_of
from core.grants import told
from core.learning import Read, learnt_together
from core.manifest import Target
from core.models import Clock, Model, Moment, Snapshot
from core.pacing import Pacing, batch_size
from core.pauses import Pauses
from core.readings import READ_BACK
from core.recording import Learnt, Missed
from core.refresh_queue import Waiting
from core.renewing import Renewing
from core.rereads import read_since
from core.rosters_standing import chunks
from core.sources import Source, of_team
from core.store import Store
from core.turns import Turns

EVERY = timedelta(days=1)  # DESIGN 9.7: daily where the budget suffices
FIRST_RETRY, LONGEST_RETRY = timedelta(minutes=15), timedelta(hours=6)  # of what may pass by itself
FIRST_GONE = timedelta(days=1)  # a private, suspended or deleted account may come back, seldom
MOST_WAITING = 16  # batches of a network at a time: more only grow old

_NOT_NOW = (RateLimited, QuotaExhausted, PaymentRequired, NotConfigured, SourceAuthFailed)


class Batch(Model):
    """Accounts of one network to be read again, and handles to be read for the first time; `at` is when it was made."""

    network: str
    accounts: tuple[int, ...] = ()
    handles: tuple[str, ...] = ()
    at: Moment

    @property
    def key(self) -> str:
        """The batch's name among jobs."""
        first = self.accounts[0] if self.accounts else self.handles[0]
        return f"refresh:{self.network}:{first}:{self.at:%Y%m%dT%H%M%S}"


class Refreshed(NamedTuple):
    """What came of a batch, in accounts."""

    read: int = 0
    failed: int = 0
    postponed: int = 0
    left_alone: int = 0


@dataclass(frozen=True, slots=True)
class _One:
    """Somebody to ask for: a stored account, or a handle nobody asked for yet."""

    handle: str
    known: Waiting | None = None
    failures: int = 0

    @property
    def native_id(self) -> str | None:
        return self.known.stored.reading.native_id if self.known is not None else None


@dataclass(slots=True)
class _Outcomes:
    """What a batch brought, before any of it is written."""

    read: list[tuple[_One, Snapshot]] = field(default_factory=list)
    failed: list[tuple[_One, SourceError]] = field(default_factory=list)
    postponed: list[tuple[_One, datetime]] = field(default_factory=list)


def _no_stop(step: str) -> None:
    """Stop nowhere."""


class Refreshing:
    """Picks who is due and reads them; any number of processes may do so. Every method raises StoreError.

    `turns` are shared with lookups, which go first. `checkpoint` is called at "before fetch", "after fetch" and
    "after record": tests stop a process there.
    """

    def __init__(
        self,
        store: Store,
        sources: Mapping[str, Source],
        clock: Clock,
        turns: Turns,
        *,
        budgets: Budgets | None = None,
        credentials: Credentials | None = None,
        renewing: Renewing | None = None,
        patience: timedelta = timedelta(seconds=25),
        checkpoint: Callable[[str], None] = _no_stop,
    ) -> None:
        self._store = store
        self._sources = sources
        self._clock = clock
        self._turns = turns
        self._budgets = budgets
        self._credentials = credentials
        self._renewing = renewing
        self._patience = patience
        self._checkpoint = checkpoint
        self._pauses = Pauses()
        self._pacing = Pacing()

    @property
    def networks(self) -> tuple[str, ...]:
        """The networks that this version can read, set up or not."""
        return tuple(name for name, source in self._sources.items() if source.connector.fetch is not None)

    def paused_until(self, network: str) -> datetime | None:
        """Return until when a network is left alone; None when it is not."""
        return self._pauses.until(network, self._clock.now())

    # --- who is due ---------------------------------------------------------------------------------------------------

    async def due(self, now: datetime, busy: Mapping[str, int]) -> list[Batch]:
        """Take whoever has waited longest at each network and may be asked now; nobody else takes them for 10 minutes.

        `busy` is how many batches of each network wait already: behind more than a few nothing is added.
        """
        sources = await of_team(self._sources, self._credentials, "")
        opened = await self._credentials.granted_networks() if self._credentials is not None else frozenset()
        batches: list[Batch] = []
        for network in self.networks:
            readable = not sources[network].obstacle or network in opened  # an owner's token needs no key of ours
            if readable and busy.get(network, 0) < MOST_WAITING and self._pauses.until(network, now) is None:
                batches += await self._due_at(network, now)
        return batches

    async def _due_at(self, network: str, now: datetime) -> list[Batch]:
        states = await self._budgets.left(network, "") if self._budgets is not None else ()
        room = self._pacing.room(network, states, now)
        if not room:
            return []
        taken = await self._store.database.write(queue.take, network, now, room)
        self._pacing.took(network, len(taken.accounts) + len(taken.handles))
        size = batch_size(states)
        groups = [Batch(network=network, handles=tuple(part), at=now) for part in chunks(taken.handles, size)]
        return groups + [Batch(network=network, accounts=tuple(part), at=now) for part in chunks(taken.accounts, size)]

    # --- one batch ----------------------------------------------------------------------------------------------------

    async def refresh(self, batch: Batch) -> Refreshed:
        """Read the accounts of a batch and record them in one transaction, all but those tried since it was made."""
        now = self._clock.now()
        source = (await of_team(self._sources, self._credentials, ""))[batch.network]
        wanted = await self._wanted(batch)
        left_alone = len(batch.accounts) + len(batch.handles) - len(wanted)
        outcomes = _Outcomes()
        fresh = [one for one in wanted if _still_fresh(source, one, now)]
        asked = [one for one in wanted if one not in fresh]
        self._checkpoint("before fetch")
        await self._ask(source, asked, outcomes, now)
        self._checkpoint("after fetch")
        await self._record(source, outcomes, fresh)
        self._checkpoint("after record")
        return Refreshed(len(outcomes.read), len(outcomes.failed), len(outcomes.postponed), left_alone + len(fresh))

    async def _wanted(self, batch: Batch) -> list[_One]:
        db = self._store.database
        known = await db.read(queue.waiting, batch.accounts, batch.at) if batch.accounts else []
        names = await db.read(queue.names, batch.network, batch.handles) if batch.handles else {}
        stored = [_One(one.stored.reading.handle, one, one.failures) for one in known]
        return stored + [_One(handle, None, failures) for handle, failures in names.items()]

    async def _ask(self, source: Source, wanted: Sequence[_One], outcomes: _Outcomes, now: datetime) -> None:
        if not wanted:
            return
        network = source.manifest.name
        try:
            async with self._metered(network, len(wanted)) as meter:
                await asyncio.gather(*(self._one(source, one, outcomes, meter) for one in wanted))
        except (QuotaExhausted, PaymentRequired) as error:  # the budget does not hold the batch
            self._pauses.begin(network, error, now)
            outcomes.postponed += [(one, self._pauses.back(network, now)) for one in wanted]
            return
        if outcomes.failed and not outcomes.read and all(isinstance(e, Unavailable) for _, e in outcomes.failed):
            self._pauses.begin(network, outcomes.failed[0][1], now)
        elif outcomes.read:
            self._pauses.end(network)

    async def _one(self, source: Source, one: _One, outcomes: _Outcomes, meter: Meter | None) -> None:
        network = source.manifest.name
        async with self._turns.background(network):
            now = self._clock.now()
            if self._pauses.until(network, now) is not None:
                outcomes.postponed.append((one, self._pauses.back(network, now)))
                return
            source = await self._opened(source, one)
            # a public account among those that owners opened is not the network's fault; and an owner lets a team look
            # that uses Clout, not one that threw it out and may be back within the month
            if source.obstacle or await self._left(source):
                outcomes.postponed.append((one, now + EVERY))
                return
            try:
                target = Target(handle=one.handle, native_id=one.native_id)
                since = read_since(source.manifest, one.known.stored if one.known is not None else None, now)
                snapshot = await source.fetch(target, since, self._patience, background=True, meter=meter)
            except _NOT_NOW as error:
                if source.opened is not None and isinstance(error, SourceAuthFailed):
                    outcomes.failed.append((one, error))  # what one owner does not allow keeps nobody else waiting
                    return
                await self._refused(network, error, now)
                outcomes.postponed.append((one, self._pauses.back(network, now)))
            except SourceError as error:
                outcomes.failed.append((one, error))
            else:
                outcomes.read.append((one, snapshot))

    async def _opened(self, source: Source, one: _One) -> Source:
        if self._renewing is None or one.native_id is None:
            return source
        team = told(one.native_id).team
        if team:  # the team's own app, where it has one: Meta's signatures fit no other's tokens
            source = (await of_team(self._sources, self._credentials, team))[source.manifest.name]
        return await self._renewing.opened(source, one.native_id)

    async def _left(self, source: Source) -> bool:
        return source.opened is not None and await self._store.left_at(source.opened.team) is not None

    async def _refused(self, network: str, error: SourceError, now: datetime) -> None:
        self._pauses.begin(network, error, now)
        if self._budgets is not None and not error.ours and error.retry_at is not None:
            await self._budgets.refused(network, "", error.retry_at)

    def _metered(self, network: str, accounts: int) -> AbstractAsyncContextManager[Meter | None]:
        if self._budgets is None:
            return nullcontext()
        return self._budgets.metered(network, "", background=True, lookups=accounts)

    # --- writing ------------------------------------------------------------------------------------------------------

    async def _record(self, source: Source, outcomes: _Outcomes, fresh: Sequence[_One]) -> None:
        now = self._clock.now()
        taught = await self._taught(source, outcomes.read, now)
        missed = [_missed(source, one, error) for one, error in outcomes.failed]
        due = {one.known.stored.account_id: now + EVERY for one, _ in outcomes.read if one.known is not None}
        due |= {_id(one): _again(one, error, now) for one, error in outcomes.failed if one.known is not None}
        due |= {_id(one): at for one, at in outcomes.postponed if one.known is not None}
        due |= {_id(one): one.known.stored.fetched_at + EVERY for one in fresh if one.known is not None}
        network = source.manifest.name
        arrived = {one.handle: brought.profile.native_id for one, brought in outcomes.read if one.known is None}

        def schedule(conn: Connection) -> None:
            queue.again(conn, due)
            queue.arrived(conn, network, arrived, now)
            for one, error in outcomes.failed:
                if one.known is None:
                    queue.name_again(conn, network, one.handle, _again(one, error, now), failure_of(error))
            for one, at in outcomes.postponed:
                if one.known is None:
                    queue.name_again(conn, network, one.handle, at, None)

        await self._store.record_many(taught, missed, also=schedule)

    async def _taught(self, source: Source, read: Sequence[tuple[_One, Snapshot]], now: datetime) -> list[Learnt]:
        if not read:
            return []
        ids = [snapshot.profile.native_id for _, snapshot in read]
        network, db = source.manifest.name, self._store.database
        pasts = await db.read(queue.pasts, network, ids, now - READ_BACK, now)
        brought = [
            Read(snapshot, past, one.known.stored if one.known is not None else None, source.manifest, now)
            for (one, snapshot), past in zip(read, pasts, strict=True)
        ]
        taught = []
        for one in learnt_together(brought):
            taught.append(one)
            await asyncio.sleep(0)  # each takes milliseconds: somebody's command may be waiting for the loop
        return taught


def _still_fresh(source: Source, one: _One, now: datetime) -> bool:
    """Whether somebody's lookup has read the account lately, so that asking again would be waste."""
    if one.known is None or one.known.stored.reading.failure is not None:
        return False
    fetched = one.known.stored.fetched_at
    return fetched <= now < source.fresh_until(fetched)


def _id(one: _One) -> int:
    assert one.known is not None
    return one.known.stored.account_id


def _missed(source: Source, one: _One, error: SourceError) -> Missed:
    return Missed(source.manifest.name, failure_of(error), status_of(error), one.handle, one.native_id)


def _again(one: _One, error: SourceError, now: datetime) -> datetime:
    """Return when an account that could not be read is tried again: later each time, at most two weeks."""
    times = int(2 ** min(one.failures, 12))
    if error.transient or isinstance(error, SourceAuthFailed):  # an operator may mend the second at any time
        return max(now + min(FIRST_RETRY * times, LONGEST_RETRY), error.retry_at or now)
    return now + min(FIRST_GONE * times, queue.LONGEST)
