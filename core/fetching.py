"""Asking one network for one account: fresh enough or not, one flight at a time, scored and stored when it answers."""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import cast

import structlog

from core.authenticity import counting as counting_flags
from core.authenticity import flags as unusual
from core.errors import NotConfigured, NotFound, SourceError, Unavailable
from core.grants import granted_id
from core.models import (
    BestPost,
    Clock,
    Failure,
    Manifest,
    NetworkReading,
    NetworkScore,
    Post,
    Snapshot,
    Status,
    Target,
)
from core.readings import READ_BACK, Merge, carried, gains, joined, merge, read_from
from core.recording import Learnt
from core.scoring import best_posts, score_networks
from core.sources import Source
from core.store import Past, Store, StoredAccount
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
                snapshot = await ask.source.fetch(target, since, self._patience, background=ask.background)
            return Answer(ask, await self._learn(ask, snapshot, now))
        except SourceError as error:
            return await self._failed(ask, error, now)

    async def first(self, source: Source, target: Target) -> NetworkReading:
        """Read and store an account that nothing is known of; raises the network's SourceError, nothing stored then."""
        now = self._clock.now()
        async with self.turns.live(source.manifest.name):
            snapshot = await source.fetch(target, now - READ_BACK, self._patience)
        return await self._learn(Ask(source, target.handle), snapshot, now)

    async def _learn(self, ask: Ask, snapshot: Snapshot, now: datetime) -> NetworkReading:
        """Score what was read together with what was known, and store both in one transaction."""
        profile = snapshot.profile
        past = await self._store.past(profile.network, profile.native_id, since=now - READ_BACK)
        one = learnt(snapshot, past, ask.known, ask.source.manifest, now)
        await self._store.record(one.snapshot, one.reading, changed=one.changed, deleted=one.deleted)
        return one.reading

    async def _failed(self, ask: Ask, error: SourceError, now: datetime) -> Answer:
        reading = ask.known.reading if ask.known else None
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


Read = tuple[Snapshot, Past, StoredAccount | None]
"""What one fetch brought, what was stored before it, and how the account was shown until now."""


def read_since(manifest: Manifest, known: StoredAccount | None, now: datetime) -> datetime:
    """Return since when the posts of an account are to be read."""
    return read_from(manifest, known.reading if known else None, known.fetched_at if known else None, now)


def learnt(snapshot: Snapshot, past: Past, before: StoredAccount | None, manifest: Manifest, now: datetime) -> Learnt:
    """Return what one fetch teaches: scored together with what was known; `before` is what was shown. Pure."""
    return next(learnt_together([(snapshot, past, before)], manifest, now))


def learnt_together(read: Sequence[Read], manifest: Manifest, now: datetime) -> Iterator[Learnt]:
    """Yield what each of several fetches from one network teaches, scored at once. Pure."""
    ready = [_ready(snapshot, past, manifest, now) for snapshot, past, _ in read]
    wholes = [_whole(snapshot, manifest, before, now) for snapshot, _, before in read]
    entries = [
        (snapshot.profile, one.scored, now, snapshot.complete_from, past.followers)
        for snapshot, (_, past, _), one in zip(wholes, read, ready, strict=True)
    ]
    scores = score_networks(entries, estimated=[one.estimated for one in ready])
    for snapshot, (_, past, before), one, score in zip(wholes, read, ready, scores, strict=True):
        reading = _reading(snapshot, one, past, score, manifest, now)
        if reading.score is not None:
            reading = reading.model_copy(
                update={"score": carried(reading.score, before.reading.score if before else None)}
            )
        yield Learnt(snapshot, reading, one.merged.changed, one.merged.deleted)


def _whole(snapshot: Snapshot, manifest: Manifest, before: StoredAccount | None, now: datetime) -> Snapshot:
    """Return a read as reaching as far back as the posts that are stored, when it began where they end."""
    return joined(snapshot, manifest, before.reading, before.fetched_at, now) if before is not None else snapshot


@dataclass(frozen=True, slots=True)
class _Ready:
    """A read joined with what was known: `scored` are the posts with the counts that scoring sees."""

    merged: Merge
    scored: tuple[Post, ...]
    estimated: bool
    notes: tuple[str, ...]


def _ready(snapshot: Snapshot, past: Past, manifest: Manifest, now: datetime) -> _Ready:
    merged = merge(past.posts, snapshot)
    if manifest.counts_are != "lifetime":
        return _Ready(merged, merged.posts, False, snapshot.notes)
    gained = gains(merged.posts, past.baselines, now)
    return _Ready(merged, gained.posts, gained.estimated, (*snapshot.notes, *gained.notes))


def _reading(
    snapshot: Snapshot, one: _Ready, past: Past, score: NetworkScore, manifest: Manifest, now: datetime
) -> NetworkReading:
    profile, reach, earlier = snapshot.profile, snapshot.complete_from, past.followers
    best: tuple[BestPost, ...] = ()
    if score.score is not None:
        raw = {post.native_id: post for post in one.merged.posts}  # a card shows what the network shows
        carrying = best_posts(profile, one.scored, now, complete_from=reach, earlier=earlier, estimated=one.estimated)
        best = tuple(BestPost(post=raw[b.post.native_id], leverage=b.leverage) for b in carrying)
    # running totals say nothing about single posts, so only the audience is looked at
    shown = () if manifest.counts_are == "lifetime" else one.scored
    found = unusual(profile, shown, now, earlier, inputs=score.inputs)
    return NetworkReading(
        network=profile.network,
        status="ok",
        handle=profile.handle,
        native_id=profile.native_id,
        combine=manifest.combine,
        access=snapshot.access,
        profile=profile,
        score=score.model_copy(update={"flags": counting_flags(found)}),
        best_posts=best,
        flags=found,
        complete_from=reach,
        notes=one.notes,
    )


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
