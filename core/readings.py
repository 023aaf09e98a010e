"""What one creator's accounts add up to: the combined score, each post's part in it, and its history.

Pure: no clock, no store, no network.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from core.authenticity import penalised, penalty_of, scaled
from core.combination import combine, combine_values
from core.models import BestPost, HistoryPoint, NetworkReading, NetworkScore, Score, State
from core.weights import CURRENT, WEIGHTS

if TYPE_CHECKING:
    from core.finding import ScorePoint

WINDOW = timedelta(days=90)  # SCORING 2
READ_BACK = timedelta(days=91)  # the window and the day more that consistency looks back to (SCORING 3, C)
STALE_AFTER = timedelta(days=14)  # SCORING 4: from then on a last good score leaves rankings and alerts
CARRY = timedelta(days=14)  # a day without a reading shows the last one, at most this old

COUNTED: tuple[State, ...] = ("ok", "provisional")


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


def history(
    accounts: "Mapping[str, Sequence[ScorePoint]]", model_version: str | None = None
) -> tuple[HistoryPoint, ...]:
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


def _joined(at: datetime, series: "Iterable[Sequence[ScorePoint]]") -> HistoryPoint | None:
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


def _last(days: "Sequence[ScorePoint]", at: datetime) -> "ScorePoint | None":
    before = [point for point in days if point.at <= at]
    return before[-1] if before and at - before[-1].at <= CARRY else None
