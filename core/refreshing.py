"""Reads tracked creators again, oldest first, a batch of one network at a time, within what the networks allow.

A batch is safe to repeat: who was tried since it was made is left alone. One that is killed half way has recorded all
of its accounts or none. What keeps a network from answering is never an account's failure, and no failure is a drop.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple, TypeVar

import structlog
from sqlalchemy import Connection

from core import refresh_queue as queue
from core.budgets import Budgets
from core.connectors.costs import Cost, Meter
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
from core.manifest import BudgetState, Target, Window
from core.models import Clock, Model, Moment, Snapshot
from core.readings import READ_BACK
from core.recording import Learnt, Missed
from core.refresh_queue import Waiting
from core.renewing import Renewing
from core.rereads import read_since
from core.sources import Source, of_team
from core.store import Store
from core.turns import Turns

EVERY = timedelta(days=1)  # DESIGN 9.7: daily where the budget suffices
BATCH = 25  # accounts a job: one transaction, a few seconds
MOST_A_TICK = 200  # accounts of one network, where no budget limits
AHEAD = timedelta(minutes=2)  # how much of an allowance may be saved up for one tick
SPARE = 0.2  # of an allowance is left to people who ask (core/allowances.py)
FIRST_RETRY, LONGEST_RETRY = timedelta(minutes=15), timedelta(hours=6)  # of what may pass by itself
FIRST_GONE = timedelta(days=1)  # a private, suspended or deleted account may come back, seldom
PAUSE, LONGEST_PAUSE = timedelta(minutes=1), timedelta(minutes=30)  # when nobody at a network could be read

T = TypeVar("T")

_NOT_NOW = (RateLimited, QuotaExhausted, PaymentRequired, NotConfigured, SourceAuthFailed)

log = structlog.get_logger("clout.refreshing")


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


@dataclass(slots=True)
class _Pause:
    """A network that is left alone until a moment; `times` counts pauses in a row."""

    until: datetime
    times: int = 0


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
        self._pauses: dict[str, _Pause] = {}
        self._saved: dict[str, tuple[datetime, float]] = {}

    @property
    def networks(self) -> tuple[str, ...]:
        """The networks that this version can read, set up or not."""
        return tuple(name for name, source in self._sources.items() if source.connector.fetch is not None)

    def paused_until(self, network: str) -> datetime | None:
        """Return until when a network is left alone; None when it is not."""
        pause = self._pauses.get(network)
        return pause.until if pause is not None and pause.until > self._clock.now() else None

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
            if readable and busy.get(network, 0) < _AHEAD_BATCHES and not self._waits(network, now):
                batches += await self._due_at(network, now)
        return batches

    def _waits(self, network: str, now: datetime) -> bool:
        pause = self._pauses.get(network)
        # one that ends further ahead than any began has outlived a step back of the clock; servers may ask for days
        return pause is not None and now < pause.until

    async def _due_at(self, network: str, now: datetime) -> list[Batch]:
        states = await self._budgets.left(network, "") if self._budgets is not None else ()
        room = self._room(network, states, now)
        if room < 1:
            return []
        taken = await self._store.database.write(queue.take, network, now, int(room))
        number = len(taken.accounts) + len(taken.handles)
        self._saved[network] = now, room - number if number == int(room) else 0.0
        size = batch_size(states)
        groups = [Batch(network=network, handles=part, at=now) for part in _parts(taken.handles, size)]
        return groups + [Batch(network=network, accounts=part, at=now) for part in _parts(taken.accounts, size)]

    def _room(self, network: str, states: Sequence[BudgetState], now: datetime) -> float:
        """Return how many accounts may be asked for now: what is left for us, spread over the time it has to last."""
        before, saved = self._saved.get(network, (now - timedelta(seconds=20), 0.0))
        passed = min(max(now - before, timedelta(0)), AHEAD)
        room = float(MOST_A_TICK)
        for state in states:
            if state.left is None or state.limit is None or not state.rule.per_lookup:
                continue
            usable = max(0.0, state.left - SPARE * state.limit) / state.rule.per_lookup
            lasts = max(_until(state, now), passed)
            room = min(room, usable, saved + usable * (passed / lasts) if lasts else usable)
        self._saved[network] = now, room
        return room

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
            self._leave_alone(network, error, now)
            outcomes.postponed += [(one, self._comes_back(network, now)) for one in wanted]
            return
        if outcomes.failed and not outcomes.read and all(isinstance(e, Unavailable) for _, e in outcomes.failed):
            self._leave_alone(network, outcomes.failed[0][1], now)
        elif outcomes.read:
            self._pauses.pop(network, None)

    async def _one(self, source: Source, one: _One, outcomes: _Outcomes, meter: Meter | None) -> None:
        network = source.manifest.name
        async with self._turns.background(network):
            now = self._clock.now()
            if self._waits(network, now):
                outcomes.postponed.append((one, self._comes_back(network, now)))
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
                outcomes.postponed.append((one, self._comes_back(network, now)))
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
        self._leave_alone(network, error, now)
        if self._budgets is not None and not error.ours and error.retry_at is not None:
            await self._budgets.refused(network, "", error.retry_at)

    def _leave_alone(self, network: str, error: SourceError, now: datetime) -> None:
        """Ask this network nothing until it said, or for a while that doubles."""
        before = self._pauses.get(network)
        times = before.times + 1 if before is not None and before.until <= now else 1
        until = error.retry_at or now + min(PAUSE * 2 ** min(times - 1, 10), LONGEST_PAUSE)
        if before is None or before.until < until:
            self._pauses[network] = _Pause(until, times)
            log.info("network left alone", network=network, error=type(error).__name__, until=until.isoformat())

    def _comes_back(self, network: str, now: datetime) -> datetime:
        pause = self._pauses.get(network)
        return max(pause.until, now) if pause is not None else now + PAUSE

    def _metered(self, network: str, accounts: int) -> "_Metered":
        return _Metered(self._budgets, network, accounts)

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

        def schedule(conn: Connection) -> None:
            queue.again(conn, due)
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


class _Metered:
    """One reservation for a whole batch, settled by what was used; counts nothing without budgets."""

    def __init__(self, budgets: Budgets | None, network: str, accounts: int) -> None:
        self._budgets = budgets
        self._network = network
        self._accounts = accounts
        self._meter: Meter | None = None

    async def __aenter__(self) -> Meter | None:
        if self._budgets is None:
            return None
        states = await self._budgets.left(self._network, "")
        needs = {state.rule.unit: state.rule.per_lookup * self._accounts for state in states}
        self._kept = await self._budgets.reserve(self._network, "", needs, background=True)
        self._meter = Meter(self._kept.needs, self._more) if states else None
        return self._meter

    async def _more(self, more: Cost) -> None:
        assert self._budgets is not None
        self._kept = await self._budgets.extend(self._kept, more)

    async def __aexit__(self, *_: object) -> None:
        if self._budgets is not None and self._meter is not None:
            await asyncio.shield(self._budgets.settle(self._kept, self._meter.spent, self._meter.answered))


SECONDS: Mapping[Window, float] = {
    "minute": 60.0,
    "ten_minutes": 600.0,
    "quarter_hour": 900.0,
    "hour": 3600.0,
    "rolling_day": 86_400.0,
    "utc_day": 86_400.0,
    "pacific_day": 86_400.0,
    "month": 28 * 86_400.0,
}
"""How long each window of an allowance lasts at least."""

_AHEAD_BATCHES = 16  # of a network that may wait at a time: more only grow old


def batch_size(states: Sequence[BudgetState]) -> int:
    """Return how many accounts one job may hold, so that a small allowance is not asked for at once."""
    holds = [
        (1 - SPARE) * state.limit / state.rule.per_lookup
        for state in states
        if state.limit is not None and state.rule.per_lookup
    ]
    return max(1, min([BATCH, *map(int, holds)]))


def _until(state: BudgetState, now: datetime) -> timedelta:
    """Return how long what is left has to last; a window nobody has begun yet lasts from now on."""
    if state.resets_at is None:
        return timedelta(seconds=SECONDS[state.rule.window])
    return max(state.resets_at - now, timedelta(0))


def _parts(wanted: Sequence[T], size: int) -> list[tuple[T, ...]]:
    return [tuple(wanted[start : start + size]) for start in range(0, len(wanted), size)]


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
