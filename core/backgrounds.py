"""What stands behind a mover: the posts and reasons of the change ledger, and whether the move may be none at all.

Only stored readings are asked, and only for the creators that a digest is about to name.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from core.changes import ChangeLedger
from core.digests import Background, Cause, Move
from core.errors import CloutError
from core.explain import printed_changes
from core.explaining import explained
from core.manifest import Manifest
from core.models import ChartPoint, NetworkReading, NetworkScore, Reading
from core.movement import Difference, difference
from core.readings import CARRY, READ_BACK, counting
from core.scoring import score_network
from core.store import Store

_POSTS = 2  # named beside one mover


class HistoryLike(Protocol):
    """What is asked of `core.lookup.Lookups`."""

    @property
    def manifests(self) -> Mapping[str, Manifest]:
        """Every network by name."""
        ...

    async def history(self, team: str, text: str, *, network: str | None = None, since: datetime) -> Reading:
        """Return what is stored about a creator since a moment."""
        ...


class Backgrounds:
    """Looks into the store for the creators that a digest names."""

    def __init__(self, store: Store, lookups: HistoryLike) -> None:
        self._store = store
        self._lookups = lookups

    async def of(
        self, team: str, move: Move, *, since: datetime, points: Sequence[ChartPoint] = ()
    ) -> tuple[Background, Difference | None]:
        """Return what is known of a move since then, and the range of the change; less where less is stored."""
        try:
            reading = await self._lookups.history(team, move.name, since=since - CARRY)
            why = await explained(self._store, self._lookups.manifests, reading, since, exact=True)
        except CloutError:
            return Background(points=tuple(points)), None
        told = counting(reading.networks)
        known = Background(
            causes=_causes(why.change) if why.change is not None else (),
            last_post_at=max((n.score.last_post_at for n in told if n.score and n.score.last_post_at), default=None),
            points=tuple(points),
        )
        return known, await self._difference(told, move, since)

    async def _difference(self, told: Sequence[NetworkReading], move: Move, since: datetime) -> Difference | None:
        after = [one.score for one in told if one.score is not None]
        before = [score for one in told if (score := await self._then(one, since)) is not None]
        if len(before) != len(after):
            return None  # a network more or less is a move, whatever its range
        return difference(before, after, move.change)

    async def _then(self, one: NetworkReading, since: datetime) -> NetworkScore | None:
        """Return an account's score of then with its draws, which are not stored: it is computed anew from counts."""
        if one.native_id is None or one.profile is None:
            return None
        found = await self._store.scores(one.network, one.native_id, since=since - CARRY)
        score = next((s for s in reversed(found) if s.score is not None and s.as_of <= since), None)
        if score is None:
            return None
        posts = await self._store.counts_as_of(one.network, one.native_id, score.as_of.date())
        followers = score.inputs.followers if score.inputs is not None else one.profile.followers
        profile = one.profile.model_copy(update={"followers": followers})
        kept = [post for post in posts if post.created_at >= score.as_of - READ_BACK]
        return score_network(profile, kept, score.as_of)


def _causes(change: ChangeLedger) -> tuple[Cause, ...]:
    """Return the reasons as they are printed; new posts by name rather than in one sum."""
    causes: list[Cause] = []
    for row, points in zip(change.rows, printed_changes(change.rows), strict=True):
        posts = [one for one in row.posts if one.leverage > 0] if row.name == "new_posts" and points > 0 else []
        causes += [Cause(name=row.name, points=one.leverage, post=one.post) for one in posts[:_POSTS]]
        if not posts and row.name != "small_changes":
            causes.append(Cause(name=row.name, points=float(points)))
    return tuple(causes)
