"""Reads the roster as people leaf through it: pages of tracked creators, their tags, and who stands below a score.

Every statement carries the team. Nothing here computes a score: what stands in the columns of `creators` was put there
by core/rosters_standing.py.
"""

from array import array
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, NamedTuple

from sqlalchemy import ColumnElement, Connection, Select, exists, func, select

from core import figures
from core import rosters_remarks as remarks
from core.rosters_remarks import Problem
from core.tables import AnyRow, creator_tags, creators, moment_or_none

Sort = Literal["score", "movement", "name"]
RARE = 5_000  # creators under a tag that are sorted rather than picked out of the whole list


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


def tracked(team: str) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    """Return what holds of a team's tracked creators, and of nobody else."""
    return creators.c.team == team, creators.c.tracked_since.is_not(None)


def _picked(team: str, tag: str) -> tuple[ColumnElement[bool], ...]:
    """The few creators of a rare tag, by id; the empty text keeps the planner from walking through the whole team."""
    t = creator_tags.c
    of_tag = creators.c.id.in_(select(t.creator_id).where(t.team == team, t.tag == tag))
    return of_tag, creators.c.team + "" == team, creators.c.tracked_since.is_not(None)


def _tagged(team: str, tag: str) -> tuple[ColumnElement[bool], ...]:
    """The many creators of a common tag, met soon enough on a walk through the whole team in order."""
    t = creator_tags.c
    return *tracked(team), exists().where(t.team == team, t.tag == tag, t.creator_id == creators.c.id)


def size(conn: Connection, team: str, tag: str | None = None) -> int:
    """Return how many creators a team tracks, with a tag when one is given."""
    if tag is None:
        return conn.scalar(select(func.count()).select_from(creators).where(*tracked(team))) or 0
    t = creator_tags.c
    return conn.scalar(select(func.count()).select_from(creator_tags).where(t.team == team, t.tag == tag)) or 0


def page(conn: Connection, team: str, sort: Sort, tag: str | None, total: int, start: int, count: int) -> list[Row]:
    """Return `count` tracked creators from the `start`-th on; highest first, biggest movers first, or by name.

    Creators without a number, or without a movement, stand last. `total` is `size`, by which the way is chosen.
    """
    rare = tag is not None and total <= RARE
    which = tracked(team) if tag is None else _picked(team, tag) if rare else _tagged(team, tag)
    wanted = _ordered(select(*COLUMNS).where(*which), sort, picked=rare)
    rows = conn.execute(wanted.offset(start).limit(count)).all()
    ids = [row.id for row in rows]
    tags, problems = remarks.tags(conn, ids), remarks.problems(conn, ids)
    return [_row(row, tags.get(row.id, ()), problems.get(row.id, ())) for row in rows]


def _ordered(wanted: Select[Any], sort: Sort, *, picked: bool) -> Select[Any]:
    """Order by an index, or, for the few creators of a rare tag, by a sum that no index holds: those are sorted."""
    c = creators.c
    if sort == "name":
        return wanted.order_by((c.name_key + "") if picked else c.name_key)
    by = c.score if sort == "score" else c.moved_by
    return wanted.order_by((by + 0 if picked else by).desc().nulls_last(), c.id.desc())


COLUMNS = (
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
    creators.c.moved,
)


def _row(row: AnyRow, tags: tuple[str, ...], problems: tuple[Problem, ...]) -> Row:
    waits = next((p for p in problems if p.status == remarks.WAITING), None) if row.scored_at is None else None
    return Row(
        creator_id=row.id,
        name=row.name,
        tags=tags,
        state=row.state,
        score=shown(row.score),
        low=shown(row.low),
        high=shown(row.high),
        at=moment_or_none(row.scored_at),
        moved=row.moved,
        account=None if waits is None else f"{waits.network}:{waits.handle}",
        problems=problems,
    )


def shown(value: float | None) -> int | None:
    """Return the integer an exact score is shown as; None for none."""
    return None if value is None else figures.shown(value)


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


def firm_score(conn: Connection, team: str, name_key: str) -> float | None:
    """Return a tracked creator's firm score; None for any other creator."""
    c = creators.c
    found: float | None = conn.scalar(
        select(c.score).where(*tracked(team), c.name_key == name_key, c.state == "ok", c.score.is_not(None))
    )
    return found


def firm_scores(conn: Connection, team: str) -> "array[float]":
    """Return the firm scores of all the team's tracked creators, lowest first."""
    c = creators.c
    wanted = select(c.score).where(*tracked(team), c.state == "ok", c.score.is_not(None)).order_by(c.score)
    return array("d", conn.scalars(wanted))
