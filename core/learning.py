"""What fetches teach: scored together with what was known, and stored, several at once where several come together."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import NamedTuple

from core.authenticity import counting as counting_flags
from core.authenticity import flags as unusual
from core.gains import gains
from core.manifest import Manifest
from core.models import BestPost, NetworkReading, NetworkScore, Post, Snapshot
from core.readings import READ_BACK, carried
from core.recording import Learnt
from core.rereads import Merge, merge, whole
from core.scoring import best_posts, score_networks
from core.store import Past, Store, StoredAccount

LINGER_S = 0.05  # how long what was read waits for others that are on their way; scoring six at once costs as two


class Read(NamedTuple):
    """What one fetch of one account brought, and what was stored before it."""

    snapshot: Snapshot
    past: Past
    before: StoredAccount | None
    """How the account was shown until now."""
    manifest: Manifest
    now: datetime


class Learning:
    """Scores and stores what was read; reads that are under way together are scored at once, in one transaction."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._under_way = 0
        self._waiting: list[_Lesson] = []
        self._timer: asyncio.TimerHandle | None = None
        self._batches: set[asyncio.Task[list[NetworkReading]]] = set()

    @contextmanager
    def awaited(self) -> Iterator[None]:
        """Say that a read is under way, for as long as the context lasts."""
        self._under_way += 1
        try:
            yield
        finally:
            self._under_way -= 1
            if not self._under_way:  # what this one read is handed in before the loop goes on
                asyncio.get_running_loop().call_soon(self._begin)

    async def learn(
        self, snapshot: Snapshot, before: StoredAccount | None, manifest: Manifest, now: datetime
    ) -> NetworkReading:
        """Score what was read together with what was known, and store both; raises StoreError."""
        loop = asyncio.get_running_loop()
        lesson = _Lesson(snapshot, before, manifest, now, loop.create_future())
        self._waiting.append(lesson)
        if not self._under_way:
            self._begin()
        elif self._timer is None:
            self._timer = loop.call_later(LINGER_S, self._begin)
        return await lesson.reading

    async def aclose(self) -> None:
        """Finish what is being stored."""
        self._begin()
        await asyncio.gather(*self._batches, return_exceptions=True)

    def _begin(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._waiting:
            lessons, self._waiting = self._waiting, []
            batch = asyncio.create_task(self._learnt(lessons))
            self._batches.add(batch)
            batch.add_done_callback(self._batches.discard)
            batch.add_done_callback(partial(_hand_out, lessons))

    async def _learnt(self, lessons: Sequence["_Lesson"]) -> list[NetworkReading]:
        profiles = [lesson.snapshot.profile for lesson in lessons]
        since = min(lesson.now for lesson in lessons) - READ_BACK
        pasts = await self._store.pasts([(p.network, p.native_id) for p in profiles], since=since)
        read = [
            Read(lesson.snapshot, past, lesson.before, lesson.manifest, lesson.now)
            for lesson, past in zip(lessons, pasts, strict=True)
        ]
        # beside the loop: scoring takes milliseconds, in which other answers come in
        taught = await asyncio.to_thread(lambda: list(learnt_together(read)))
        await self._store.record_many(taught, ())
        return [one.reading for one in taught]


@dataclass(frozen=True, slots=True)
class _Lesson:
    """What was read of one account, and who waits for its reading."""

    snapshot: Snapshot
    before: StoredAccount | None
    manifest: Manifest
    now: datetime
    reading: asyncio.Future[NetworkReading]


def _hand_out(lessons: Sequence[_Lesson], batch: "asyncio.Task[list[NetworkReading]]") -> None:
    """Give each who waits, and has not left meanwhile, the reading or the fault."""
    for number, lesson in enumerate(lessons):
        if lesson.reading.done():
            continue
        if batch.cancelled():
            lesson.reading.cancel()
        elif (error := batch.exception()) is not None:
            lesson.reading.set_exception(error)
        else:
            lesson.reading.set_result(batch.result()[number])


def learnt(snapshot: Snapshot, past: Past, before: StoredAccount | None, manifest: Manifest, now: datetime) -> Learnt:
    """Return what one fetch teaches: scored together with what was known; `before` is what was shown. Pure."""
    return next(learnt_together([Read(snapshot, past, before, manifest, now)]))


def learnt_together(read: Sequence[Read]) -> Iterator[Learnt]:
    """Yield what each of several fetches teaches, scored at once. Pure."""
    ready = [_ready(one.snapshot, one.past, one.manifest, one.now) for one in read]
    wholes = [whole(one.snapshot, one.manifest, one.before, one.now) for one in read]
    entries = [
        (full.profile, each.scored, one.now, full.complete_from, one.past.followers)
        for one, full, each in zip(read, wholes, ready, strict=True)
    ]
    scores = score_networks(entries, estimated=[each.estimated for each in ready])
    for one, full, each, score in zip(read, wholes, ready, scores, strict=True):
        reading = _reading(full, each, one.past, score, one.manifest, one.now)
        if reading.score is not None:
            last = one.before.reading.score if one.before is not None else None
            reading = reading.model_copy(update={"score": carried(reading.score, last)})
        yield Learnt(full, reading, each.merged.changed, each.merged.deleted)


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
