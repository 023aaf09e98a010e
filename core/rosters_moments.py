"""Where tracked creators stood at a moment and some time before it: everything a digest needs of them, read in bulk.

Every statement carries the team. Nothing here computes a score.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, and_, func, select

from core import figures
from core import rosters_remarks as remarks
from core.readings import CARRY, STALE_AFTER
from core.rosters_pages import COLUMNS, shown, tracked
from core.rosters_remarks import Problem, Renamed
from core.rosters_standing import FIRM
from core.tables import AnyRow, creator_days, creator_tags, creators, from_date, from_ms, moment_or_none, to_ms

PAGE = 1_000  # creators a round of a digest: a few MB


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a tracked creator stands at a moment, and where it stood before.

    `value` is the exact score, None without a number; the shown integers are computed when asked for. `at` is when the
    newest reading behind it was made. The `previous` figures are those of the newest firm day up to the earlier
    moment, at most 14 days older than it.
    """

    creator_id: int
    name: str
    tracked_since: datetime
    tags: tuple[str, ...]
    state: str | None
    value: float | None
    at: datetime | None
    model_version: str | None
    previous_value: float | None = None
    previous_at: datetime | None = None
    previous_model_version: str | None = None
    problems: tuple[Problem, ...] = ()
    renamed: tuple[Renamed, ...] = ()

    @property
    def score(self) -> int | None:
        """The shown score."""
        return shown(self.value)

    @property
    def previous(self) -> int | None:
        """The score shown before."""
        return shown(self.previous_value)

    @property
    def change(self) -> int | None:
        """The change of the shown score; None where none may be told: not firm now, two versions, nothing new read."""
        if self.value is None or self.previous_value is None or self.state not in FIRM:
            return None
        comparable = self.model_version == self.previous_model_version and self.at != self.previous_at
        return figures.shown(self.value) - figures.shown(self.previous_value) if comparable else None


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
    wanted = select(*COLUMNS).where(*tracked(team)).order_by(c.name_key).limit(count)
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
    told = remarks.tags(conn, ids), remarks.problems(conn, ids), remarks.renamed(conn, ids, at)
    found = [_standing(then.get(row.id, row), row, earlier.get(row.id), told, at) for row in rows]
    return found, rows[-1].name_key if len(rows) == count else None


def _newest(conn: Connection, ids: Sequence[int], at: datetime, since: datetime | None) -> dict[int, AnyRow]:
    """Return each creator's newest day up to a moment; with `since`, a firm one that is not older."""
    if not ids:
        return {}
    c = creator_days.c
    # a day holds its last reading, which may be later than the moment: then the day before it is the newest known
    days = [c.creator_id.in_(ids), c.at <= to_ms(at), c.day <= from_date(at.date())]
    if since is not None:
        days += [c.day >= from_date(since.date()), c.state.in_(FIRM)]
    last = select(c.creator_id, func.max(c.day).label("day")).where(*days).group_by(c.creator_id).subquery()
    day = creator_days.alias("d").c
    rows = conn.execute(
        select(day.creator_id, day.at.label("scored_at"), day.state, day.score, day.model_version).join_from(
            last, day.creator_id.table, and_(day.creator_id == last.c.creator_id, day.day == last.c.day)
        )
    )
    return {row.creator_id: row for row in rows}


_Told = tuple[dict[int, tuple[str, ...]], dict[int, tuple[Problem, ...]], dict[int, tuple[Renamed, ...]]]


def _standing(now: AnyRow, creator: AnyRow, earlier: AnyRow | None, told: _Told, at: datetime) -> Standing:
    tags, problems, renamed = told
    one, read = creator.id, moment_or_none(now.scored_at)
    return Standing(
        creator_id=one,
        name=creator.name,
        tracked_since=from_ms(creator.tracked_since),
        tags=tags.get(one, ()),
        state="stale" if read is not None and at - read > STALE_AFTER else now.state,
        value=now.score,
        at=read,
        model_version=now.model_version,
        **({} if earlier is None else _previous(earlier)),
        problems=problems.get(one, ()),
        renamed=renamed.get(one, ()),
    )


def _previous(day: AnyRow) -> dict[str, Any]:
    return {
        "previous_value": day.score,
        "previous_at": from_ms(day.scored_at),
        "previous_model_version": day.model_version,
    }


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
        .where(*tracked(team), c.creator_id.in_(creator_ids), c.day >= from_date(since.date()))
        .order_by(c.creator_id, c.day)
    )
    return remarks.gathered((creator_id, DayPoint(from_ms(ms), *told)) for creator_id, ms, *told in rows)
