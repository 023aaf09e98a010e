"""Reads the roster: pages of tracked creators, everything a digest needs of them, and how many stand below a score.

Every statement carries the team. Nothing here computes a score: what stands in the columns of `creators` was put there
by core/rosters_standing.py.
"""

from array import array
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal, NamedTuple

from sqlalchemy import ColumnElement, Connection, Select, and_, bindparam, exists, func, select

from core import figures
from core.readings import CARRY, STALE_AFTER
from core.rosters_standing import FIRM
from core.tables import (
    AnyRow,
    account_refresh,
    accounts,
    creator_accounts,
    creator_days,
    creator_pending,
    creator_tags,
    creators,
    from_date,
    from_ms,
    moment_or_none,
    to_ms,
)

Sort = Literal["score", "movement", "name"]
PAGE = 1_000  # creators a round of a digest: a few MB
RARE = 5_000  # creators under a tag that are sorted rather than picked out of the whole list
WAITING = "waiting"  # the status of a handle that no network was asked for yet
RENAMED_FOR = timedelta(days=30)  # how long a new name is told


@dataclass(frozen=True, slots=True)
class Problem:
    """Why one account of a creator brings nothing new.

    `status` is one of core.models.Status, or `waiting` for a handle that was never read. `since` is when it began,
    `last_read` the last good reading.
    """

    network: str
    handle: str
    status: str
    since: datetime | None
    last_read: datetime | None
    error: str | None = None


class Renamed(NamedTuple):
    """An account that bears another handle now."""

    network: str
    before: str
    handle: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a tracked creator stands at a moment, and where it stood before.

    `value`, `lowest` and `highest` are the exact score and the ends of its range, None without a number; the shown
    integers are computed when asked for. `at` is when the newest reading behind it was made. The `previous` figures
    are those of the newest firm day up to the earlier moment, at most 14 days older than it.
    """

    creator_id: int
    name: str
    tracked_since: datetime
    tags: tuple[str, ...]
    state: str | None
    value: float | None
    lowest: float | None
    highest: float | None
    at: datetime | None
    model_version: str | None
    weights_version: str | None
    previous_value: float | None = None
    previous_lowest: float | None = None
    previous_highest: float | None = None
    previous_state: str | None = None
    previous_at: datetime | None = None
    previous_model_version: str | None = None
    problems: tuple[Problem, ...] = ()
    renamed: tuple[Renamed, ...] = ()

    @property
    def score(self) -> int | None:
        """The shown score."""
        return _shown(self.value)

    @property
    def low(self) -> int | None:
        """The low end of its range as shown."""
        return _shown(self.lowest)

    @property
    def high(self) -> int | None:
        """The high end of its range as shown."""
        return _shown(self.highest)

    @property
    def previous(self) -> int | None:
        """The score shown before."""
        return _shown(self.previous_value)

    @property
    def previous_low(self) -> int | None:
        """The low end of the range shown before."""
        return _shown(self.previous_lowest)

    @property
    def previous_high(self) -> int | None:
        """The high end of the range shown before."""
        return _shown(self.previous_highest)

    @property
    def change(self) -> int | None:
        """The change of the shown score; None where none may be told: not firm now, two versions, nothing new read."""
        if self.value is None or self.previous_value is None or self.state not in FIRM:
            return None
        comparable = self.model_version == self.previous_model_version and self.at != self.previous_at
        return figures.shown(self.value) - figures.shown(self.previous_value) if comparable else None


@dataclass(frozen=True, slots=True)
class Row:
    """One tracked creator in a list; `moved` is the change of the shown score in the week before `at`."""

    creator_id: int
    name: str
    tags: tuple[str, ...]
    state: str | None
    score: int | None
    low: int | None
    high: int | None
    at: datetime | None
    moved: int | None
    account: str | None  # `network:handle` of a creator no reading is stored of, else None
    problems: tuple[Problem, ...] = ()


class Rank(NamedTuple):
    """How many of a team's tracked creators with a firm score stand below one score, and how many there are."""

    below: int
    of: int


# --- lists ------------------------------------------------------------------------------------------------------------


def _tracked(team: str) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return creators.c.team == team, creators.c.tracked_since.is_not(None)


def _picked(team: str, tag: str) -> tuple[ColumnElement[bool], ...]:
    """The few creators of a rare tag, by id; the empty text keeps the planner from walking through the whole team."""
    t = creator_tags.c
    of_tag = creators.c.id.in_(select(t.creator_id).where(t.team == team, t.tag == tag))
    return of_tag, creators.c.team + "" == team, creators.c.tracked_since.is_not(None)


def _tagged(team: str, tag: str) -> tuple[ColumnElement[bool], ...]:
    """The many creators of a common tag, met soon enough on a walk through the whole team in order."""
    t = creator_tags.c
    return *_tracked(team), exists().where(t.team == team, t.tag == tag, t.creator_id == creators.c.id)


def size(conn: Connection, team: str, tag: str | None = None) -> int:
    """Return how many creators a team tracks, with a tag when one is given."""
    if tag is None:
        return conn.scalar(select(func.count()).select_from(creators).where(*_tracked(team))) or 0
    t = creator_tags.c
    return conn.scalar(select(func.count()).select_from(creator_tags).where(t.team == team, t.tag == tag)) or 0


def page(conn: Connection, team: str, sort: Sort, tag: str | None, total: int, start: int, count: int) -> list[Row]:
    """Return `count` tracked creators from the `start`-th on; highest first, biggest movers first, or by name.

    Creators without a number, or without a movement, stand last. `total` is `size`, by which the way is chosen.
    """
    rare = tag is not None and total <= RARE
    which = _tracked(team) if tag is None else _picked(team, tag) if rare else _tagged(team, tag)
    wanted = _ordered(select(*_COLUMNS).where(*which), sort, picked=rare)
    rows = conn.execute(wanted.offset(start).limit(count)).all()
    ids = [row.id for row in rows]
    tags, troubles, waiting = _tags(conn, ids), _problems(conn, ids), _waiting(conn, ids)
    return [_row(row, tags.get(row.id, ()), (*troubles.get(row.id, ()), *waiting.get(row.id, ()))) for row in rows]


def _ordered(wanted: Select[Any], sort: Sort, *, picked: bool) -> Select[Any]:
    """Order by an index, or, for the few creators of a rare tag, by a sum that no index holds: those are sorted."""
    c = creators.c
    if sort == "name":
        return wanted.order_by((c.name_key + "") if picked else c.name_key)
    by = c.score if sort == "score" else c.moved_by
    return wanted.order_by((by + 0 if picked else by).desc().nulls_last(), c.id.desc())


_COLUMNS = (
    creators.c.id,
    creators.c.name,
    creators.c.name_key,
    creators.c.tracked_since,
    creators.c.scored_at,
    creators.c.state,
    creators.c.score,
    creators.c.low,
    creators.c.high,
    creators.c.model_version,
    creators.c.weights_version,
    creators.c.moved,
)


def _row(row: AnyRow, tags: tuple[str, ...], problems: tuple[Problem, ...]) -> Row:
    waits = next((p for p in problems if p.status == WAITING), None) if row.scored_at is None else None
    return Row(
        creator_id=row.id,
        name=row.name,
        tags=tags,
        state=row.state,
        score=_shown(row.score),
        low=_shown(row.low),
        high=_shown(row.high),
        at=moment_or_none(row.scored_at),
        moved=row.moved,
        account=None if waits is None else f"{waits.network}:{waits.handle}",
        problems=problems,
    )


def _shown(value: float | None) -> int | None:
    return None if value is None else figures.shown(value)


def _tags(conn: Connection, ids: Sequence[int]) -> dict[int, tuple[str, ...]]:
    c = creator_tags.c
    found: defaultdict[int, list[str]] = defaultdict(list)
    for row in conn.execute(select(c.creator_id, c.tag).where(c.creator_id.in_(ids)).order_by(c.creator_id, c.tag)):
        found[row.creator_id].append(row.tag)
    return {creator_id: tuple(tags) for creator_id, tags in found.items()}


def tags_of(conn: Connection, team: str, most: int) -> list[str]:
    """Return a team's first tags in order of name, each found by one step in the index."""
    c = creator_tags.c
    found: list[str] = []
    while len(found) < most:
        last = found[-1] if found else ""
        tag = conn.scalar(select(c.tag).where(c.team == team, c.tag > last).order_by(c.tag).limit(1))
        if tag is None:
            break
        found.append(tag)
    return found


# --- what keeps accounts from being read ------------------------------------------------------------------------------

_TROUBLED = (
    select(
        creator_accounts.c.creator_id,
        accounts.c.network,
        accounts.c.handle,
        accounts.c.status,
        accounts.c.failed_at,
        accounts.c.fetched_at,
        account_refresh.c.last_error,
        account_refresh.c.failing_since,
    )
    .join(accounts, accounts.c.id == creator_accounts.c.account_id)
    .outerjoin(account_refresh, account_refresh.c.account_id == accounts.c.id)
    .where(creator_accounts.c.creator_id.in_(bindparam("ids", expanding=True)), accounts.c.failure.is_not(None))
    .order_by(creator_accounts.c.creator_id, accounts.c.network, accounts.c.handle)
)


def _problems(conn: Connection, ids: Sequence[int]) -> dict[int, tuple[Problem, ...]]:
    found: defaultdict[int, list[Problem]] = defaultdict(list)
    for row in conn.execute(_TROUBLED, {"ids": list(ids)}):
        since = moment_or_none(row.failing_since or row.failed_at)
        read = moment_or_none(row.fetched_at or None)
        found[row.creator_id].append(Problem(row.network, row.handle, row.status, since, read, row.last_error))
    return {creator_id: tuple(problems) for creator_id, problems in found.items()}


def _waiting(conn: Connection, ids: Sequence[int]) -> dict[int, tuple[Problem, ...]]:
    c = creator_pending.c
    wanted = select(c.creator_id, c.network, c.handle, c.last_error).where(c.creator_id.in_(ids))
    found: defaultdict[int, list[Problem]] = defaultdict(list)
    for row in conn.execute(wanted.order_by(c.creator_id, c.network, c.handle_key)):
        found[row.creator_id].append(Problem(row.network, row.handle, WAITING, None, None, row.last_error))
    return {creator_id: tuple(problems) for creator_id, problems in found.items()}


def _renamed(conn: Connection, ids: Sequence[int], at: datetime) -> dict[int, tuple[Renamed, ...]]:
    c = account_refresh.c
    rows = conn.execute(
        select(creator_accounts.c.creator_id, c.network, c.renamed_from, accounts.c.handle, c.renamed_at)
        .join(c.account_id.table, c.account_id == creator_accounts.c.account_id)
        .join(accounts, accounts.c.id == c.account_id)
        .where(creator_accounts.c.creator_id.in_(ids), c.renamed_at > to_ms(at - RENAMED_FOR))
        .order_by(creator_accounts.c.creator_id, c.network)
    )
    found: defaultdict[int, list[Renamed]] = defaultdict(list)
    for row in rows:
        found[row.creator_id].append(Renamed(row.network, row.renamed_from, row.handle, from_ms(row.renamed_at)))
    return {creator_id: tuple(names) for creator_id, names in found.items()}


# --- everything a digest needs ----------------------------------------------------------------------------------------


def teams(conn: Connection) -> list[str]:
    """Return the teams that track somebody."""
    c = creators.c
    return list(conn.scalars(select(c.team).where(c.tracked_since.is_not(None)).distinct().order_by(c.team)))


def standings(
    conn: Connection,
    team: str,
    after: str | None,
    at: datetime,
    before: datetime,
    tags: Sequence[str],
    count: int = PAGE,
) -> tuple[list[Standing], str | None]:
    """Return the next `count` standings in order of name, and where the following ones begin (None at the end).

    `tags` keep the creators that bear one of them at least.
    """
    c = creators.c
    wanted = select(*_COLUMNS).where(*_tracked(team)).order_by(c.name_key).limit(count)
    if after is not None:
        wanted = wanted.where(c.name_key > after)
    if tags:
        t = creator_tags.c
        wanted = wanted.where(c.id.in_(select(t.creator_id).where(t.team == team, t.tag.in_(tags))))
    rows = conn.execute(wanted).all()
    ids = [row.id for row in rows]
    late = [row.id for row in rows if row.scored_at is not None and row.scored_at > to_ms(at)]
    then = _newest(conn, late, at, None)
    earlier = _newest(conn, ids, before, before - CARRY)
    told = (_tags(conn, ids), _problems(conn, ids), _waiting(conn, ids), _renamed(conn, ids, at))
    found = [_standing(then.get(row.id, row), row, earlier.get(row.id), told, at) for row in rows]
    return found, rows[-1].name_key if len(rows) == count else None


def _newest(conn: Connection, ids: Sequence[int], at: datetime, since: datetime | None) -> dict[int, AnyRow]:
    """Return each creator's newest day up to a moment; with `since`, a firm one that is not older."""
    if not ids:
        return {}
    c = creator_days.c
    days = [c.creator_id.in_(ids), c.day <= from_date(at.date())]
    if since is not None:
        days += [c.day >= from_date(since.date()), c.state.in_(FIRM)]
    last = select(c.creator_id, func.max(c.day).label("day")).where(*days).group_by(c.creator_id).subquery()
    day = creator_days.alias("d").c
    rows = conn.execute(
        select(
            day.creator_id,
            day.at.label("scored_at"),
            day.state,
            day.score,
            day.low,
            day.high,
            day.model_version,
            day.weights_version,
        ).join_from(last, day.creator_id.table, and_(day.creator_id == last.c.creator_id, day.day == last.c.day))
    )
    return {row.creator_id: row for row in rows}


Told = tuple[
    dict[int, tuple[str, ...]],
    dict[int, tuple[Problem, ...]],
    dict[int, tuple[Problem, ...]],
    dict[int, tuple[Renamed, ...]],
]


def _standing(now: AnyRow, creator: AnyRow, earlier: AnyRow | None, told: Told, at: datetime) -> Standing:
    tags, problems, waiting, renamed = told
    one, read = creator.id, moment_or_none(now.scored_at)
    return Standing(
        creator_id=one,
        name=creator.name,
        tracked_since=from_ms(creator.tracked_since),
        tags=tags.get(one, ()),
        state="stale" if read is not None and at - read > STALE_AFTER else now.state,
        value=now.score,
        lowest=now.low,
        highest=now.high,
        at=read,
        model_version=now.model_version,
        weights_version=now.weights_version,
        **({} if earlier is None else _previous(earlier)),
        problems=(*problems.get(one, ()), *waiting.get(one, ())),
        renamed=renamed.get(one, ()),
    )


def _previous(day: AnyRow) -> dict[str, Any]:
    return {
        "previous_value": day.score,
        "previous_lowest": day.low,
        "previous_highest": day.high,
        "previous_state": day.state,
        "previous_at": from_ms(day.scored_at),
        "previous_model_version": day.model_version,
    }


# --- the lines of a few -----------------------------------------------------------------------------------------------


class DayPoint(NamedTuple):
    """A creator's total of one day, exact, for a picture."""

    at: datetime
    state: str
    score: float
    low: float
    high: float
    model_version: str


def lines(conn: Connection, team: str, creator_ids: Sequence[int], since: datetime) -> dict[int, tuple[DayPoint, ...]]:
    """Return the days of a few of the team's creators since a moment, oldest first."""
    c = creator_days.c
    rows = conn.execute(
        select(c.creator_id, c.at, c.state, c.score, c.low, c.high, c.model_version)
        .join(creators, creators.c.id == c.creator_id)
        .where(*_tracked(team), c.creator_id.in_(creator_ids), c.day >= from_date(since.date()))
        .order_by(c.creator_id, c.day)
    )
    found: dict[int, list[DayPoint]] = {}
    for creator_id, ms, *figures_ in rows:
        found.setdefault(creator_id, []).append(DayPoint(from_ms(ms), *figures_))
    return {creator_id: tuple(points) for creator_id, points in found.items()}


# --- percentile -------------------------------------------------------------------------------------------------------


def firm_score(conn: Connection, team: str, name_key: str) -> float | None:
    """Return a tracked creator's firm score; None for any other creator."""
    c = creators.c
    found: float | None = conn.scalar(
        select(c.score).where(*_tracked(team), c.name_key == name_key, c.state == "ok", c.score.is_not(None))
    )
    return found


def firm_scores(conn: Connection, team: str) -> "array[float]":
    """Return the firm scores of all the team's tracked creators, lowest first."""
    c = creators.c
    wanted = select(c.score).where(*_tracked(team), c.state == "ok", c.score.is_not(None)).order_by(c.score)
    return array("d", conn.scalars(wanted))
