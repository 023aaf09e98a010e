"""The use cases behind `why` and `compare`: a lookup, and what the store knows of then."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime

from core.authenticity import counting as counting_flags
from core.changes import ChangeLedger, change_ledger
from core.context import outreach, peer_rates
from core.errors import CloutError, InputError
from core.explain import Comparison, Explanation, Missing, point_ledger
from core.manifest import Manifest
from core.models import NetworkReading, NetworkScore, Post, Reading
from core.readings import CARRY, READ_BACK, counting
from core.standings import Known
from core.store import Store
from core.weights import CURRENT, WEIGHTS

FEWEST, MOST = 2, 6  # creators side by side


async def compared(lookup: Callable[[str], Awaitable[Reading]], texts: Sequence[str]) -> Comparison:
    """Return several creators, looked up side by side; one that cannot be found is named and does not stop the others.

    Raises InputError for fewer than two different creators or more than six, and the first error when fewer than two
    could be looked up.
    """
    asked = list({text.casefold().removeprefix("@"): text for text in reversed(texts)}.values())[::-1]
    if not FEWEST <= len(asked) <= MOST:
        raise InputError(f"Compare {FEWEST} to {MOST} different creators: compare @a @b", field="creators")
    found = await asyncio.gather(*(_tried(lookup, text) for text in asked))
    errors = [one for one in found if isinstance(one, CloutError)]
    readings = tuple(one for one in found if isinstance(one, Reading))
    if len(readings) < FEWEST:
        raise errors[0]
    missing = tuple(
        Missing(asked=text, error=type(one).__name__, message=one.message)
        for text, one in zip(asked, found, strict=True)
        if isinstance(one, CloutError)
    )
    return Comparison(readings=readings, missing=missing)


async def _tried(lookup: Callable[[str], Awaitable[Reading]], text: str) -> Reading | CloutError:
    try:
        return await lookup(text)
    except CloutError as error:
        return error


async def explained(
    store: Store, manifests: Mapping[str, Manifest], reading: Reading, since: datetime | None, *, exact: bool = False
) -> Explanation:
    """Return where a reading's points come from and, with `since`, why the score moved since then.

    The change starts from the last stored reading of that day, or with `exact` before that very moment; where none is
    kept, from the earliest one after it, and `reaches_back` says so. Nothing is fetched. Raises StoreError.
    """
    told = counting(reading.networks) or counting(reading.networks, separate=True)[:1]
    posts = await asyncio.gather(*(_posts(store, one) for one in told))
    kinds = [(one.network, own) for one, own in zip(told, posts, strict=True) if _supplies_kind(one, manifests)]
    running = frozenset(name for name, manifest in manifests.items() if manifest.counts_are == "lifetime")
    last = since if since is None or exact else end_of_day(since)
    change = await _change(store, told, posts, last, running) if last is not None else None
    return Explanation(
        reading=reading,
        points=point_ledger(reading),
        change=change,
        asked_since=since,
        reaches_back=change.since if change is not None else None,
        outreach=outreach(kinds, reading.at),
        peers=peer_rates(told),
    )


def _supplies_kind(reading: NetworkReading, manifests: Mapping[str, Manifest]) -> bool:
    manifest = manifests.get(reading.network)
    return manifest is not None and manifest.supplies_kind


def _as_of(reading: NetworkReading) -> datetime:
    assert reading.score is not None
    return reading.score.as_of


async def _posts(store: Store, reading: NetworkReading) -> tuple[Post, ...]:
    """Return what an account's score was computed from."""
    if reading.native_id is None:
        return ()
    return await store.posts(reading.network, reading.native_id, since=_as_of(reading) - READ_BACK)


async def _change(
    store: Store,
    told: Sequence[NetworkReading],
    posts: Sequence[tuple[Post, ...]],
    since: datetime,
    running: frozenset[str],
) -> ChangeLedger | None:
    """Return why the score moved since the reading nearest before `since`, or None when no earlier one is stored."""
    stored = await asyncio.gather(*(_scores(store, one, since - CARRY) for one in told))
    version, first = _first(stored, since)
    before = await asyncio.gather(
        *(_then(store, one, score, running) for one, score in zip(told, first, strict=True) if score is not None)
    )
    if not before:
        return None
    after = [_now(one, own, running) for one, own in zip(told, posts, strict=True)]
    return change_ledger([one for one in before if one is not None], after, weights_before=WEIGHTS[version])


async def _scores(store: Store, reading: NetworkReading, since: datetime) -> list[NetworkScore]:
    """Return an account's stored scores of earlier days that can be computed anew, oldest first."""
    if reading.native_id is None:
        return []
    found = await store.scores(reading.network, reading.native_id, since=since)
    today = _as_of(reading).date()
    return [s for s in found if s.score is not None and s.as_of.date() < today and s.model_version in WEIGHTS]


def _first(stored: Sequence[Sequence[NetworkScore]], since: datetime) -> tuple[str, list[NetworkScore | None]]:
    """Return the model version and each account's score to start from: one version for all, today's if there is one."""
    versions = sorted({s.model_version for own in stored for s in own}, key=lambda v: (v != CURRENT.model_version, v))
    version = versions[0] if versions else CURRENT.model_version
    own = [[s for s in scores if s.model_version == version] for scores in stored]
    start = max(since, min((end_of_day(s.as_of) for scores in own for s in scores), default=since))
    return version, [next((s for s in reversed(scores) if s.as_of <= start), None) for scores in own]


def end_of_day(moment: datetime) -> datetime:
    """Return the last moment of a UTC day, of which one reading is kept: the last."""
    return moment.astimezone(UTC).replace(hour=23, minute=59, second=59, microsecond=999_999)


async def _then(store: Store, reading: NetworkReading, score: NetworkScore, running: frozenset[str]) -> Known | None:
    if reading.native_id is None or reading.profile is None:
        return None
    posts = await store.counts_as_of(reading.network, reading.native_id, score.as_of.date())
    return Known(
        profile=reading.profile,
        posts=tuple(post for post in posts if post.created_at >= score.as_of - READ_BACK),
        at=score.as_of,
        flags=score.flags,
        running=reading.network in running,
        score=score,
    )


def _now(reading: NetworkReading, posts: tuple[Post, ...], running: frozenset[str]) -> Known:
    assert reading.profile is not None
    return Known(
        profile=reading.profile,
        posts=posts,
        at=_as_of(reading),
        complete_from=reading.complete_from,
        flags=counting_flags(reading.flags),
        running=reading.network in running,
        score=reading.score,
    )
