"""What one creator's accounts add up to: which posts count and with what, the combined score, its history, the
strongest of several.

Pure: no clock, no store, no network.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol, get_args
from urllib.parse import urlsplit
from zlib import crc32

from core.authenticity import penalised, penalty_of, scaled
from core.combination import combine, combine_values
from core.manifest import Manifest
from core.models import (
    Action,
    BestPost,
    Candidate,
    HistoryPoint,
    NetworkReading,
    NetworkScore,
    Post,
    Profile,
    Score,
    Snapshot,
    State,
)
from core.weights import CURRENT, WEIGHTS

WINDOW = timedelta(days=90)  # SCORING 2
READ_BACK = timedelta(days=91)  # the window and the day more that consistency looks back to (SCORING 3, C)
STALE_AFTER = timedelta(days=14)  # SCORING 4: from then on a last good score leaves rankings and alerts
YOUNGEST = timedelta(hours=24)  # SCORING 2: reactions to a younger post have hardly begun
CARRY = timedelta(days=14)  # a day without a reading shows the last one, at most this old

COUNTED: tuple[State, ...] = ("ok", "provisional")


@dataclass(frozen=True, slots=True)
class Merge:
    """Posts known before joined with a new read: what counts now, what changed, what the network no longer shows."""

    posts: tuple[Post, ...]
    changed: tuple[Post, ...]
    deleted: tuple[str, ...]


def merge(known: Iterable[Post], snapshot: Snapshot) -> Merge:
    """Return which posts count after a read (SCORING 2).

    A known post inside `[complete_from, fetched_at]` that the read no longer brings was deleted; one outside stays.
    """
    before = {post.native_id: post for post in known}
    brought = {post.native_id: post for post in reversed(snapshot.posts)}  # of duplicates the first wins
    missing = {native_id: post for native_id, post in before.items() if native_id not in brought}
    start, end = snapshot.complete_from, snapshot.profile.fetched_at
    deleted = {i for i, post in missing.items() if start is not None and start <= post.created_at <= end}
    kept = [post for native_id, post in missing.items() if native_id not in deleted]
    return Merge(
        posts=(*brought.values(), *kept),
        changed=tuple(post for native_id, post in brought.items() if _counts(before.get(native_id)) != _counts(post)),
        deleted=tuple(sorted(deleted)),
    )


SWEEP_EVERY = 14  # days; then even what was paid for once is read anew, for late reactions and deleted posts


def read_from(manifest: Manifest, known: NetworkReading | None, fetched_at: datetime | None, now: datetime) -> datetime:
    """Return since when posts are read: the whole window, or where each costs, from shortly before the last read on.

    `known` was read at `fetched_at` and tells how far back its posts are stored (CONNECTORS 4.2, incremental reads).
    The whole window is read every 14th day, on days of their own for each account.
    """
    start = now - READ_BACK
    if manifest.rereads is None or known is None or known.complete_from is None or fetched_at is None:
        return start
    if (now.toordinal() + crc32((known.native_id or "").encode())) % SWEEP_EVERY == 0:
        return start
    return max(start, min(fetched_at, now) - manifest.rereads)


def joined(
    snapshot: Snapshot, manifest: Manifest, known: NetworkReading | None, fetched_at: datetime | None, now: datetime
) -> Snapshot:
    """Return a read that began before the last one ended as reaching as far back as the posts of both do.

    After `merge`, which has to know how far this read alone reaches.
    """
    reach = snapshot.complete_from
    if manifest.rereads is None or reach is None or known is None or known.complete_from is None or fetched_at is None:
        return snapshot
    if fetched_at < reach or known.complete_from >= reach:
        return snapshot
    return snapshot.model_copy(update={"complete_from": max(known.complete_from, now - READ_BACK)})


def _counts(post: Post | None) -> tuple[object, ...] | None:
    if post is None:
        return None
    counts = (post.likes, post.reposts, post.replies, post.quotes, post.saves, post.views, post.kind)
    # a repository moves with every push, and has to be found in the window where it is now
    return counts if post.opened_at is None else (*counts, post.created_at.replace(microsecond=0))


# --- running totals -----------------------------------------------------------------------------------------------

_COUNTS: tuple[Action, ...] = get_args(Action)


@dataclass(frozen=True, slots=True)
class Gains:
    """Running totals turned into what they gained in 90 days; of the posts, `measured` had an earlier reading.

    `guessed` are those whose gain is only estimated from their age.
    """

    posts: tuple[Post, ...]
    measured: int = 0
    guessed: int = 0

    @property
    def estimated(self) -> bool:
        """Whether a score of these is an estimate: nothing was measured yet, or less than was guessed."""
        return self.measured < max(self.guessed, 1)

    @property
    def notes(self) -> tuple[str, ...]:
        """What a card says about how the gain was found; for an estimate the score itself says so."""
        if self.estimated:
            return ()
        how = "Scored on what was gained between readings, scaled to 90 days"
        return (f"{how}; {self.guessed} of {len(self.posts)} estimated from their age." if self.guessed else f"{how}.",)


def gains(posts: Iterable[Post], baselines: Mapping[str, tuple[datetime, Post]], now: datetime) -> Gains:
    """Return posts whose counts are running totals with the gain of 90 days in their place (SCORING 3, GitHub).

    `baselines` holds an earlier reading by native id with its moment; the store gives the one nearest 30 days back, at
    least 7 (core/recall.py). A gain always means 90 days, the window, whatever lies between the readings:

    - with an earlier reading, `max(0, count - earlier) * 90 / days between`, at most the whole count;
    - without, `count * min(1, 90 / age in days)`: exact for what was opened within the window, else an estimate;
    - without an earlier reading and with an unknown age, None.

    A gain needs no time to ripen, so a post touched within the last 24 h counts as if touched 24 h ago, unless it was
    opened since. Raw counts are what the store keeps; only scoring sees these.
    """
    totals = tuple(posts)
    measured = {post.native_id for post in totals if post.native_id in baselines}
    old = (post for post in totals if post.opened_at is None or now - post.opened_at > WINDOW)
    return Gains(
        posts=tuple(_gained(post, baselines.get(post.native_id), now) for post in totals),
        measured=len(measured),
        guessed=sum(post.native_id not in measured for post in old),
    )


def _gained(post: Post, earlier: tuple[datetime, Post] | None, now: datetime) -> Post:
    update: dict[str, object] = {name: _gain(post, name, earlier, now) for name in _COUNTS}
    ripe = now - YOUNGEST
    if post.opened_at is not None and post.created_at > ripe:
        update["created_at"] = min(post.created_at, max(post.opened_at, ripe))
    return post.model_copy(update=update)


def _gain(post: Post, name: Action, earlier: tuple[datetime, Post] | None, now: datetime) -> int | None:
    count: int | None = getattr(post, name)
    if count is None:
        return None
    before: int | None = getattr(earlier[1], name) if earlier is not None else None
    if earlier is not None and before is not None and earlier[0] < now:
        return min(count, round(max(0, count - before) * (WINDOW / (now - earlier[0]))))
    if post.opened_at is None:
        return None
    age = now - post.opened_at
    return count if age <= WINDOW else min(count, round(count * (WINDOW / age)))


def carried(score: NetworkScore, before: NetworkScore | None) -> NetworkScore:
    """Return `score`, or the last one greyed as `dormant` when a scored account has no post left in the window."""
    last = score.last_post_at
    silent = last is None or score.as_of - last >= WINDOW
    if score.state != "insufficient" or not silent or before is None or before.score is None:
        return score
    return before.model_copy(update={"state": "dormant"})


def counted(networks: Iterable[NetworkReading], *, separate: bool = False) -> tuple[NetworkScore, ...]:
    """Return the scores that enter the total: of the networks that sum, the living ones, or else the dormant ones."""
    found = counting(networks, separate=separate)
    return tuple(reading.score for reading in found if reading.score is not None)


def counting(networks: Iterable[NetworkReading], *, separate: bool = False) -> tuple[NetworkReading, ...]:
    """Return the readings behind `counted`."""
    scored = [
        reading
        for reading in networks
        if reading.score is not None and reading.score.score is not None and (reading.combine == "separate") is separate
    ]
    living = [reading for reading in scored if reading.score is not None and reading.score.state in COUNTED]
    return tuple(living or scored)


def total(networks: Sequence[NetworkReading], now: datetime) -> Score:
    """Return the combined score of a creator, with the state that the freshness of its networks allows.

    Unusual patterns cost once a creator: those of all networks that count are taken together (SCORING 7).
    """
    readings = counting(networks)
    combined = _combined(tuple(reading.score for reading in readings if reading.score is not None))
    if combined.score is None:
        return combined
    combined = penalised(combined, (flag for reading in readings for flag in reading.flags))
    unheard = [reading for reading in readings if reading.failure is not None]
    too_old = any(_age(reading, now) > STALE_AFTER for reading in unheard)
    if too_old or (unheard and len(unheard) == len(readings)):
        return combined.model_copy(update={"state": "stale"})
    return combined


def _combined(scores: Sequence[NetworkScore]) -> Score:
    """Combine scores under the version that computed them; of several versions the label names all, as it fits none."""
    versions = sorted({(score.model_version, score.weights_version) for score in scores if score.score is not None})
    if versions in ([], [(CURRENT.model_version, CURRENT.weights_version)]):
        return combine(scores)
    models, actions = zip(*versions, strict=True)
    combined = combine(scores, weights=WEIGHTS.get(models[0], CURRENT) if len(versions) == 1 else CURRENT)
    return combined.model_copy(
        update={"model_version": " + ".join(models), "weights_version": " + ".join(dict.fromkeys(actions))}
    )


def weighed(networks: Sequence[NetworkReading]) -> tuple[NetworkReading, ...]:
    """Return the readings with each best post's leverage on the combined score: S minus S without the post.

    A post's leverage on its own network tells the network's score without it; the p-norm does the rest, exactly.
    """
    inside = {id(score): score.score for score in counted(networks) if score.score is not None}
    if len(inside) < 2:
        return tuple(networks)
    whole = combine_values(list(inside.values()))

    def without(one: NetworkScore, leverage: float) -> float:
        return whole - combine_values([s - leverage if key == id(one) else s for key, s in inside.items()])

    return tuple(
        reading.model_copy(update={"best_posts": _reweighed(reading.best_posts, reading.score, without)})
        if reading.score is not None and id(reading.score) in inside
        else reading
        for reading in networks
    )


def _reweighed(
    posts: Iterable[BestPost], score: NetworkScore, without: Callable[[NetworkScore, float], float]
) -> tuple[BestPost, ...]:
    return tuple(best.model_copy(update={"leverage": without(score, best.leverage)}) for best in posts)


def _age(reading: NetworkReading, now: datetime) -> timedelta:
    return now - reading.profile.fetched_at if reading.profile is not None else timedelta(0)


# --- history ----------------------------------------------------------------------------------------------------------


class DayScore(Protocol):
    """One account's score of one UTC day, as the store keeps it; the figures are None in states without a number."""

    @property
    def at(self) -> datetime:
        """When it was computed."""
        ...

    @property
    def score(self) -> float | None:
        """The score, 1 to 100."""
        ...

    @property
    def low(self) -> float | None:
        """The low end of its 90 % range."""
        ...

    @property
    def high(self) -> float | None:
        """The high end of its 90 % range."""
        ...

    @property
    def state(self) -> str:
        """One of core.models.State."""
        ...

    @property
    def model_version(self) -> str:
        """The formula it was computed with."""
        ...

    @property
    def flags(self) -> str | None:
        """Names of the unusual patterns counted that day, separated by commas."""
        ...


def history(accounts: Mapping[str, Sequence[DayScore]], model_version: str | None = None) -> tuple[HistoryPoint, ...]:
    """Return a creator's combined score day by day, oldest first, of one model version when one is given.

    Several accounts are combined by the p-norm of SCORING 4. Their daily draws are not kept, so a past day's range
    joins all low ends and all high ends: never narrower than the true one. A day on which only some accounts were read
    carries the others' last score for up to 14 days. Every day has the deduction of its own day.
    """
    series = {
        name: sorted((d for d in days if model_version in (None, d.model_version) and d.score), key=lambda d: d.at)
        for name, days in accounts.items()
    }
    moments: dict[int, datetime] = {}
    for days in series.values():
        for point in days:
            day = _day(point.at)
            moments[day] = max(point.at, moments.get(day, point.at))
    joined = (_joined(at, series.values()) for _, at in sorted(moments.items()))
    return tuple(point for point in joined if point is not None)


def _day(at: datetime) -> int:
    return at.astimezone(UTC).toordinal()


def _joined(at: datetime, series: Iterable[Sequence[DayScore]]) -> HistoryPoint | None:
    current = [point for days in series if (point := _last(days, at)) is not None]
    if not current:
        return None
    states = [point.state for point in current]
    state: State = next((s for s in ("ok", "provisional", "dormant", "stale") if s in states), "insufficient")
    q = penalty_of(name for point in current for name in (point.flags or "").split(","))
    return HistoryPoint(
        at=at,
        score=scaled(combine_values([point.score or 1.0 for point in current]), q),
        low=scaled(combine_values([point.low or 1.0 for point in current]), q),
        high=scaled(combine_values([point.high or 100.0 for point in current]), q),
        state=state,
        model_version=current[-1].model_version,
    )


def _last(days: Sequence[DayScore], at: datetime) -> DayScore | None:
    before = [point for point in days if point.at <= at]
    return before[-1] if before and at - before[-1].at <= CARRY else None


# --- several accounts under one name ----------------------------------------------------------------------------------


def strongest(networks: Sequence[NetworkReading]) -> NetworkReading:
    """Return the account to show when several answer to a bare name: highest score, then most followers."""
    return max(networks, key=_strength)


def _strength(reading: NetworkReading) -> tuple[float, int, str]:
    score = reading.score.score if reading.score is not None else None
    followers = reading.profile.followers if reading.profile is not None else None
    return (score or 0.0, followers or 0, reading.network)


def candidates(
    shown: NetworkReading,
    others: Iterable[NetworkReading],
    addresses: Callable[[str], tuple[str, str] | None],
    labels: Mapping[str, str],
) -> tuple[Candidate, ...]:
    """Return the other accounts with the evidence that they are the same creator.

    `addresses` turns a profile address into (network, handle), or None when it is no profile; `labels` are the
    networks' names for people.
    """
    return tuple(
        Candidate(
            network=other.network,
            handle=other.handle,
            native_id=other.native_id or "",
            score=other.score.score if other.score is not None else None,
            followers=other.profile.followers if other.profile is not None else None,
            evidence=evidence(shown, other, addresses, labels),
        )
        for other in others
    )


def evidence(
    one: NetworkReading,
    other: NetworkReading,
    addresses: Callable[[str], tuple[str, str] | None],
    labels: Mapping[str, str],
) -> tuple[str, ...]:
    """Return what both creators published that ties the accounts together; never a guess from names or pictures."""
    if one.profile is None or other.profile is None:
        return ()
    found = []
    for source, target in ((one, other), (other, one)):
        assert source.profile is not None
        here, there = (labels.get(reading.network, reading.network) for reading in (source, target))
        if _points_to(source.profile.verified_links, target, addresses):
            found.append(f"verified link on {here} to the {there} account")
        elif _points_to(source.profile.links, target, addresses):
            found.append(f"{here} profile links to the {there} account")
    shared = _own_domains(one.profile) & _own_domains(other.profile)
    found += [f"both use the domain {domain}" for domain in sorted(shared)]
    return tuple(found)


def _points_to(
    links: Iterable[str], target: NetworkReading, addresses: Callable[[str], tuple[str, str] | None]
) -> bool:
    return any(addresses(link) == (target.network, target.handle) for link in links)


_SHARED_HOSTS = ("bsky.social", "github.io", "mastodon.social", "linktr.ee", "github.com", "youtube.com", "x.com")


def _own_domains(profile: Profile) -> set[str]:
    """Return domains that the account itself controls: its domain handle, and web sites that its profile verifies."""
    hosts = {urlsplit(link).hostname or "" for link in profile.verified_links}
    if profile.network == "bluesky":
        hosts.add(profile.handle)
    elif profile.network == "mastodon":
        hosts.add(profile.handle.rpartition("@")[2])
    return {host.removeprefix("www.") for host in hosts if "." in host and not host.endswith(_SHARED_HOSTS)}
