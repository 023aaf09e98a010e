"""What the answers of several networks add up to: the one reading that a card is made of. Pure."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from core.errors import NotFound
from core.fetching import Answer
from core.handles import Handle
from core.models import NetworkReading, NetworkScore, Reading
from core.namesakes import candidates, strongest
from core.readings import history, total, weighed
from core.sources import Source
from core.store import ScorePoint, StoredCreator


@dataclass(frozen=True, slots=True)
class Question:
    """What one person asked for, and what the store knew about it then."""

    team: str
    handle: Handle
    now: datetime
    fresh: bool
    stored: StoredCreator | None
    sources: Mapping[str, Source] = field(default_factory=dict)

    @property
    def linked(self) -> bool:
        """Whether it is about a creator of the team's, with the accounts that were linked."""
        return self.stored is not None and self.stored.linked


def composed(
    question: Question,
    answers: Sequence[Answer],
    pending: tuple[str, ...],
    *,
    labels: Mapping[str, str],
    address: Callable[[str], tuple[str, str] | None],
) -> Reading:
    """Return what was found out; of several accounts under a bare name the strongest, the others as candidates.

    `pending` are networks still to answer, `labels` their names for people; `address` says which account a link means.
    """
    handle, stored = question.handle, question.stored
    readings = [a.reading for a in answers if a.reading is not None and not _guessed_in_vain(a)]
    shown, others = _shown(question, readings)
    score = total(shown, question.now)
    return Reading(
        handle=handle.shown,
        name=stored.name if stored is not None and stored.linked else None,
        team=question.team,
        score=score,
        networks=weighed(shown),
        history=history(_days(stored, shown), score.model_version),
        candidates=candidates(shown[0], others, address, labels) if others else (),
        pending=pending,
        connectable=_connectable(question, shown),
        linked=question.linked,
        at=question.now,
    )


def _guessed_in_vain(answer: Answer) -> bool:
    return answer.ask.guessed and isinstance(answer.error, NotFound)


def _shown(
    question: Question, readings: Sequence[NetworkReading]
) -> tuple[Sequence[NetworkReading], Sequence[NetworkReading]]:
    """Return the readings a card stands on, and the accounts that only bear the same bare name."""
    hits = [reading for reading in readings if reading.score is not None]
    if question.linked or question.handle.network is not None or not hits:
        return readings, ()
    first = strongest(hits)
    unscored = [reading for reading in readings if reading.score is None]
    return [first, *unscored], [reading for reading in hits if reading is not first]


def _connectable(question: Question, shown: Sequence[NetworkReading]) -> tuple[str, ...]:
    """Return the networks that only an owner opens, that could be connected here and are not."""
    if question.handle.network is not None:
        return ()
    there = {reading.network for reading in shown}
    return tuple(
        name
        for name, source in question.sources.items()
        if source.connectable and source.manifest.access == "owner_authorised" and name not in there
    )


def _days(stored: StoredCreator | None, shown: Sequence[NetworkReading]) -> dict[str, Sequence[ScorePoint]]:
    days: dict[str, Sequence[ScorePoint]] = {}
    known: dict[tuple[str, str | None], Sequence[ScorePoint]] = {}
    if stored is not None:
        for account in stored.accounts:
            points = stored.history.get(account.account_id, ())
            known[account.reading.network, account.reading.native_id] = points
    for reading in shown:
        if reading.combine == "separate" or reading.native_id is None:
            continue
        past = list(known.get((reading.network, reading.native_id), ()))
        if reading.score is not None and reading.score.state != "dormant":
            past = [point for point in past if point.at.date() != reading.score.as_of.date()]
            past.append(_point(reading.score))
        days[f"{reading.network}:{reading.native_id}"] = past
    return days


def _point(score: NetworkScore) -> ScorePoint:
    return ScorePoint(
        score.as_of.date(),
        score.as_of,
        score.score,
        score.low,
        score.high,
        score.state,
        score.model_version,
        score.weights_version,
        ",".join(score.flags) or None,
    )
