"""The use case behind `clout rescore`: stored history scored again under other constants, from the raw counts kept.

Old and new scores stay side by side, told apart by their versions. Nothing is asked of any network.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from core.archive import ProfileReading, ScoredAccount
from core.errors import InputError
from core.gains import gains
from core.manifest import Manifest
from core.models import Clock, FollowerReading, NetworkScore, Post, Profile
from core.readings import READ_BACK
from core.retention import SCORES_FOR, keep
from core.scoring import score_network
from core.store import Store
from core.tables import to_date
from core.weights import WEIGHTS, Weights

SAME_READ = timedelta(hours=1)  # a score is computed within moments of the reading it stands on

Progress = Callable[[int, int | None], None]
"""Told after each account: how many days further, and how many days there are in all once that is known."""


@dataclass(frozen=True, slots=True)
class Rescored:
    """What came of it: days scored again and days whose raw counts are no longer kept; `oldest` is the first scored."""

    accounts: int = 0
    days: int = 0
    lost: int = 0
    oldest: date | None = None


def weights_named(name: str, known: Mapping[str, Weights] = WEIGHTS) -> Weights:
    """Return a released set of constants by its model version; raises InputError naming those that exist."""
    if name not in known:
        raise InputError(f"There are no weights {name!r}. There are: {', '.join(sorted(known))}.", field="weights")
    return known[name]


class Rescoring:
    """Scores stored history again; `manifests` say how each network counts and how long its counts may be kept."""

    def __init__(self, store: Store, manifests: Mapping[str, Manifest], clock: Clock) -> None:
        self._store = store
        self._manifests = manifests
        self._clock = clock

    async def rescore(
        self, weights: Weights, *, since: date | None = None, progress: Progress = lambda days, total: None
    ) -> Rescored:
        """Score every stored day since then (by default all) of every account under `weights`.

        A day can be scored again as long as every count behind it is kept (core/retention.py); the others are counted
        as lost and keep their old score only. Running it twice changes nothing. Raises StoreError.
        """
        now = self._clock.now()
        start = now - SCORES_FOR if since is None else datetime(since.year, since.month, since.day, tzinfo=UTC)
        accounts = await self._accounts(start)
        progress(0, sum(account.days for account in accounts))
        done = Rescored()
        for account in accounts:
            scores, lost = await self._account(account, weights, start, now)
            if scores:
                await self._store.keep_scores(account.network, account.native_id, scores)
            oldest = min((score.as_of.date() for score in scores), default=None)
            done = Rescored(
                accounts=done.accounts + bool(scores),
                days=done.days + len(scores),
                lost=done.lost + lost,
                oldest=min(filter(None, (done.oldest, oldest)), default=None),
            )
            progress(account.days, None)
        return done

    async def _accounts(self, start: datetime) -> list[ScoredAccount]:
        found: list[ScoredAccount] = []
        while page := await self._store.scored_accounts(start, after=found[-1].account_id if found else 0):
            found += page
        return found

    async def _account(
        self, account: ScoredAccount, weights: Weights, start: datetime, now: datetime
    ) -> tuple[list[NetworkScore], int]:
        """Return the account's days under `weights`, and how many days could not be scored again."""
        network, native_id = account.network, account.native_id
        stored = await self._store.scores(network, native_id, since=start)
        readings = await self._store.profile_readings(network, native_id, since=start - READ_BACK)
        days = _by_day(stored, weights)
        whole_from = self._whole_from(account, now)
        found: list[NetworkScore] = []
        for old in days:
            reading = _read_for(old, readings) if old.as_of.date() >= whole_from else None
            score = await self._day(account, old, reading, readings, weights) if reading is not None else None
            if score is not None:
                found.append(score)
        return found, account.days - len(found)

    def _whole_from(self, account: ScoredAccount, now: datetime) -> date:
        """Return the first day of which every count in the score's window is still kept."""
        manifest = self._manifests.get(account.network)
        kept = keep(account.tracked, manifest.retention if manifest is not None else None, now)
        posts_from = datetime.fromtimestamp(kept.posts / 1000, UTC) + READ_BACK
        return max(posts_from.date(), to_date(max(kept.counts, kept.snapshots)))

    async def _day(
        self,
        account: ScoredAccount,
        old: NetworkScore,
        reading: ProfileReading,
        readings: Sequence[ProfileReading],
        weights: Weights,
    ) -> NetworkScore | None:
        """Score one day again, or return None where what the posts were then can no longer be told."""
        posts: Sequence[Post] = await self._store.counts_as_of(account.network, account.native_id, reading.at.date())
        guessed = False
        if self._runs_on(account.network):
            if any(post.created_at > old.as_of for post in posts):
                return None  # a repository was pushed to since; where it stood on that day is not kept
            past = await self._store.past(account.network, account.native_id, since=old.as_of - READ_BACK, at=old.as_of)
            gained = gains(posts, past.baselines, old.as_of)
            posts, guessed = gained.posts, gained.estimated
        score = score_network(
            _profile(account, reading),
            posts,
            old.as_of,
            complete_from=reading.complete_from,
            earlier=_earlier(readings, reading),
            estimated=guessed,
            weights=weights,
        )
        dormant = {"state": old.state} if old.state == "dormant" and score.score is not None else {}
        return score.model_copy(update={"flags": old.flags, **dormant})

    def _runs_on(self, network: str) -> bool:
        manifest = self._manifests.get(network)
        return manifest is not None and manifest.counts_are == "lifetime"


def _by_day(stored: Iterable[NetworkScore], weights: Weights) -> list[NetworkScore]:
    """Return one stored score a day, oldest first, rather of another version than of `weights`."""
    by_day: dict[date, NetworkScore] = {}
    for score in stored:
        kept = by_day.get(score.as_of.date())
        if kept is None or kept.model_version == weights.model_version:
            by_day[score.as_of.date()] = score
    return [by_day[day] for day in sorted(by_day)]


def _read_for(score: NetworkScore, readings: Sequence[ProfileReading]) -> ProfileReading | None:
    """Return the reading a score was computed from, or None when it is no longer kept."""
    near = [(abs(reading.at - score.as_of), reading) for reading in readings]
    gap, reading = min(near, key=lambda one: one[0], default=(timedelta.max, None))
    return reading if gap <= SAME_READ else None


def _profile(account: ScoredAccount, reading: ProfileReading) -> Profile:
    return Profile(
        network=account.network,
        native_id=account.native_id,
        handle=account.handle,
        followers=reading.followers,
        listed=reading.listed,
        fetched_at=reading.at,
    )


def _earlier(readings: Sequence[ProfileReading], reading: ProfileReading) -> list[FollowerReading]:
    first = reading.at - READ_BACK  # as far back as a lookup reads them
    return [
        FollowerReading(fetched_at=one.at, followers=one.followers)
        for one in readings
        if first.date() <= one.at.date() and one.at < reading.at
    ]
