"""One digest as it is posted: the standings it compares, the moves it names, the cards it becomes.

Only what is stored is read; no network is asked.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime
from typing import Protocol
from zoneinfo import ZoneInfo

from core.backgrounds import Backgrounds, HistoryLike
from core.card import Card
from core.cards_digest import PICTURE_OF, Frame, digest_cards
from core.digests import Background, Digest, Move, StandingLike, Tally, shown_moves, without
from core.models import ChartPoint, Clock, State
from core.schedules import Schedule, Subscription, covered, moment, next_run
from core.store import Store
from core.teams import Teams


class PointLike(Protocol):
    """A creator's total of one day, as `core.roster` knows it."""

    @property
    def at(self) -> datetime:
        """When it was computed."""
        ...

    @property
    def state(self) -> str:
        """How far it may be trusted."""
        ...

    @property
    def score(self) -> float:
        """The score, 1 to 100."""
        ...

    @property
    def low(self) -> float:
        """The low end of its range."""
        ...

    @property
    def high(self) -> float:
        """The high end of its range."""
        ...


class RosterLike(Protocol):
    """What is asked of `core.roster.Roster`."""

    def each(
        self, team: str, *, at: datetime, before: datetime, tags: Sequence[str] = ()
    ) -> AsyncIterator[Sequence[StandingLike]]:
        """Yield the team's tracked creators, many at a time."""
        ...

    async def lines(
        self, team: str, creator_ids: Sequence[int], *, since: datetime
    ) -> Mapping[int, Sequence[PointLike]]:
        """Return the days of a few creators, oldest first."""
        ...


class Editions:
    """Writes digests; nothing here changes anything. Methods raise StoreError when the database refuses."""

    def __init__(self, store: Store, clock: Clock, lookups: HistoryLike, roster: RosterLike, teams: Teams) -> None:
        self._clock = clock
        self._roster = roster
        self._teams = teams
        self._backgrounds = Backgrounds(store, lookups)
        self._manifests = lookups.manifests

    async def cards(
        self, found: Subscription, until: datetime, *, remarks: tuple[str, ...] = (), quiet: bool = False
    ) -> tuple[Card, ...]:
        """Return the digest up to a moment; nothing where it is to be `quiet` and nobody moved."""
        digest = await self.digest(found, until)
        digest, backgrounds = await self._told(found, digest)
        if quiet and not digest.moved:
            return ()
        now = self._clock.now()
        on = until.astimezone(_place(found.schedule)).date()
        frame = Frame(
            number=found.number,
            place=found.place.shown,
            cadence=found.schedule.cadence,
            days=covered(found.schedule.cadence, on, found.schedule.day),
            zone=found.schedule.zone,
            top=found.top,
            now=now,
            next_at=upcoming(found, now) if found.state == "on" else None,
            remarks=remarks,
        )
        return digest_cards(digest, backgrounds, frame, self._manifests)

    async def digest(self, found: Subscription, until: datetime) -> Digest:
        """Return who moved up to a moment, from stored scores only."""
        own = await self._teams.settings(found.team)
        least = found.least if found.least is not None else own.threshold
        tally = Tally(since=_since(found.schedule, until), until=until, least=least)
        async for page in self.standings(found, until):
            tally.add(page)
        return tally.digest()

    def standings(self, found: Subscription, until: datetime) -> AsyncIterator[Sequence[StandingLike]]:
        """Yield the creators that a digest is about, many at a time."""
        since = _since(found.schedule, until)
        return self._roster.each(found.team, at=until, before=since, tags=found.tags)

    async def _told(self, found: Subscription, digest: Digest) -> tuple[Digest, dict[int, Background]]:
        """Return the digest without moves that may be none among those to be named, and what stands behind the rest."""
        held: set[int] = set()
        known: dict[int, Background] = {}
        for _ in range(4 * found.top):
            wanted = [move for move in shown_moves(without(digest, held), found.top) if move.creator_id not in known]
            if not wanted:
                break
            lines = await self._lines(found.team, wanted, digest.until)
            for move in wanted:
                points = lines.get(move.creator_id, ())
                background, spread = await self._backgrounds.of(found.team, move, since=digest.since, points=points)
                known[move.creator_id] = background
                if spread is not None and spread[0] <= 0 <= spread[1]:
                    held.add(move.creator_id)
        return without(digest, held), known

    async def _lines(self, team: str, moves: Sequence[Move], until: datetime) -> dict[int, tuple[ChartPoint, ...]]:
        ids = [move.creator_id for move in moves]
        found = await self._roster.lines(team, ids, since=until - PICTURE_OF)
        return {one: tuple(_point(day) for day in days if day.at <= until) for one, days in found.items()}


def _place(schedule: Schedule) -> ZoneInfo:
    return ZoneInfo("UTC") if lost_zone(schedule) is not None else ZoneInfo(schedule.zone)


def lost_zone(schedule: Schedule) -> str | None:
    """Return the zone's name when this machine no longer knows it."""
    try:
        ZoneInfo(schedule.zone)
    except (KeyError, ValueError, OSError):
        return schedule.zone
    return None


def _since(schedule: Schedule, until: datetime) -> datetime:
    """Return the moment a digest up to `until` compares with: the same time of day, a period before."""
    local = until.astimezone(_place(schedule))
    if until != moment(schedule, local.date()):  # a preview, at any time; a run's own hour may be one that a gap moved
        schedule = schedule.model_copy(update={"hour": local.hour, "minute": local.minute})
    return moment(schedule, covered(schedule.cadence, local.date(), schedule.day)[0])


def upcoming(found: Subscription, now: datetime) -> datetime:
    """Return when a subscription runs next."""
    return found.next_run.at if found.next_run.at > now else next_run(found.schedule, now).at


def _point(day: PointLike) -> ChartPoint:
    state: State = next((s for s in _STATES if s == day.state), "ok")
    return ChartPoint(at=day.at, score=day.score, low=day.low, high=day.high, state=state)


_STATES: tuple[State, ...] = ("ok", "provisional", "insufficient", "dormant", "stale")
