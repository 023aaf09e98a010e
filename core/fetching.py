"""Asking one network for one account: fresh enough or not, one flight at a time, scored and stored when it answers."""

import asyncio
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import cast

import structlog

from core.errors import NotConfigured, NotFound, OptedOut, SourceError, Unavailable
from core.grants import granted_id
from core.learning import Learning
from core.manifest import Target
from core.models import Clock, Failure, NetworkReading, Status
from core.readings import READ_BACK
from core.rereads import read_since
from core.sources import Source
from core.store import Store, StoredAccount
from core.turns import Turns
from core.weights import CURRENT

log = structlog.get_logger("clout.fetching")


@dataclass(frozen=True, slots=True)
class Ask:
    """One account to answer for.

    `known` is what is stored about it, `guessed` says that a bare name is tried there, `missed` that the network did
    not know the name within the last hour. What is asked in the `background` leaves a share of the network's budget.
    """

    source: Source
    handle: str
    known: StoredAccount | None = None
    guessed: bool = False
    missed: Failure | None = None
    background: bool = False

    @property
    def network(self) -> str:
        """The network's name."""
        return self.source.manifest.name


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of one Ask: a reading when there is anything to show, and the error when asking failed."""

    ask: Ask
    reading: NetworkReading | None = None
    error: SourceError | None = None


class Fetching:
    """Answers Asks; `patience` bounds every single one. The same account asked twice at once is one request."""

    def __init__(self, store: Store, clock: Clock, patience: timedelta, turns: Turns | None = None) -> None:
        self._store = store
        self._learning = Learning(store)
        self.turns = turns or Turns()
        self._clock = clock
        self._patience = patience
        self._flights: dict[tuple[str, str, str, bool], asyncio.Task[Answer]] = {}

    async def aclose(self) -> None:
        """Give up what is still on its way."""
        flights = list(self._flights.values())
        for flight in flights:
            flight.cancel()
        await asyncio.gather(*flights, return_exceptions=True)
        await self._learning.aclose()

    def settled(self, ask: Ask, now: datetime, fresh: bool) -> Answer | None:
        """Return the answer that needs no request, or None: fresh enough, off, or told to wait."""
        known = ask.known
        if ask.source.obstacle:
            error = NotConfigured(ask.network, ask.source.obstacle)
            return Answer(ask, _failed(known.reading if known else None, ask, error), error)
        if ask.missed is not None and not fresh:
            return Answer(ask, None, NotFound(ask.network, ask.missed.message))
        if known is None:
            return None
        waiting = known.reading.failure
        if waiting is not None and waiting.retry_at is not None and waiting.retry_at > now:
            return Answer(ask, known.reading, _as_error(waiting))
        fresh_until = ask.source.fresh_until(known.fetched_at)
        if not fresh and waiting is None and now < fresh_until and not _outdated(known.reading):
            return Answer(ask, known.reading)
        return None

    async def flight(self, ask: Ask) -> Answer:
        """Join the request that is already on its way for this account, or start it; a leaving caller stops no one."""
        opened = ask.source.opened  # what an owner shows a team is a flight of that team's
        whose = granted_id("", opened.team) if opened is not None else ask.source.owner
        key = (ask.network, ask.handle, whose, ask.background)
        task = self._flights.get(key)
        if task is None:
            task = asyncio.create_task(self._answer(ask))
            self._flights[key] = task
            task.add_done_callback(lambda _: self._flights.pop(key, None))
        answer = await asyncio.shield(task)
        return replace(answer, ask=ask)

    async def _answer(self, ask: Ask) -> Answer:
        now = self._clock.now()
        native_id = ask.known.reading.native_id if ask.known else None
        try:
            target = Target(handle=ask.handle, native_id=native_id)
            async with self.turns.live(ask.network):
                since = read_since(ask.source.manifest, ask.known, now)
                with self._learning.awaited():
                    snapshot = await ask.source.fetch(target, since, self._patience, background=ask.background)
            return Answer(ask, await self._learning.learn(snapshot, ask.known, ask.source.manifest, now))
        except SourceError as error:
            return await self._failed(ask, error, now)

    async def first(self, source: Source, target: Target) -> NetworkReading:
        """Read and store an account that nothing is known of; raises the network's SourceError, nothing stored then."""
        now = self._clock.now()
        async with self.turns.live(source.manifest.name):
            snapshot = await source.fetch(target, now - READ_BACK, self._patience)
        return await self._learning.learn(snapshot, None, source.manifest, now)

    async def _failed(self, ask: Ask, error: SourceError, now: datetime) -> Answer:
        reading = ask.known.reading if ask.known and not isinstance(error, OptedOut) else None
        failure = failure_of(error)
        # what our own budget refused says nothing of the account: it is asked again as soon as the budget allows
        if not error.ours and (isinstance(error, NotFound) or reading is not None):
            await self._store.record_failure(
                ask.network,
                failure,
                status=status_of(error),
                at=now,
                handle=ask.handle,
                native_id=reading.native_id if reading else None,
            )
        log.info("network failed", network=ask.network, error=type(error).__name__)
        return Answer(ask, _failed(reading, ask, error), error)


def _outdated(reading: NetworkReading) -> bool:
    """Whether another version computed the score: versions are never compared. A dormant one cannot be had anew."""
    score = reading.score
    return score is not None and score.state != "dormant" and score.model_version != CURRENT.model_version


def failure_of(error: SourceError) -> Failure:
    """Return an error as it is stored beside a reading."""
    return Failure(network=error.network, error=type(error).__name__, message=error.message, retry_at=error.retry_at)


def _as_error(failure: Failure) -> SourceError:
    return Unavailable(failure.network, failure.message, retry_at=failure.retry_at)


def _failed(reading: NetworkReading | None, ask: Ask, error: SourceError) -> NetworkReading:
    """Return the last good reading marked with what went wrong, or an empty one when nothing is stored."""
    if reading is None:
        reading = NetworkReading(
            network=ask.network, status="ok", handle=ask.handle, combine=ask.source.manifest.combine
        )
    return reading.model_copy(update={"status": status_of(error), "failure": failure_of(error)})


def status_of(error: SourceError) -> Status:
    """Return how a card names a network that answered with this error."""
    return cast(Status, error.status)
