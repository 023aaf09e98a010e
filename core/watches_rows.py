"""Rows of watches: what each team wants to hear of, and where it is told. Every statement carries the team."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, delete, exists, func, insert, or_, select, update

from core import figures
from core.errors import LimitReached
from core.messenger import Place
from core.tables import AnyRow, creator_tags, creators, from_ms, moment_or_none, to_ms
from core.tables_posting import deliveries
from core.tables_watches import watch_alerts, watch_marks, watch_posts, watches
from core.watches import Listed, Rule, Watch

MOST = 5_000  # watches a team
MOST_ON_ONE = 100  # watches of a team on one creator or tag

_W = watches.c


def _watch(row: AnyRow) -> Watch:
    held = row._mapping
    return Watch(
        rule=Rule(kind=row.kind, network=row.network, threshold=row.threshold, days=row.days),
        place=Place(platform=row.platform, channel=row.channel, thread=row.thread, shown=row.shown),
        snoozed_until=moment_or_none(row.snoozed_until),
        fired_at=moment_or_none(row.fired_at),
        told_at=moment_or_none(row.told_at),
        edited_at=from_ms(row.edited_at),
        **{name: held[name] for name in _PLAIN},
        name=held["name"],
    )


_PLAIN = (
    "id team number creator_id tag mention words zone owner state last_error version edited_by".split()  # as they stand
)


def _values(one: Watch) -> dict[str, Any]:
    """Return what people decide about a watch, as columns."""
    snoozed = None if one.snoozed_until is None else to_ms(one.snoozed_until)
    return (
        one.place.model_dump()
        | one.rule.model_dump()
        | {name: getattr(one, name) for name in ("mention", "words", "zone", "state", "edited_by")}
        | {"snoozed_until": snoozed, "edited_at": to_ms(one.edited_at)}
    )


def _named(*more: Any) -> Select[Any]:
    return select(watches, creators.c.name, *more).outerjoin(creators, creators.c.id == _W.creator_id)


def add(conn: Connection, one: Watch) -> Watch:
    """Store a new watch under the team's next number; raises LimitReached."""
    count, last = conn.execute(select(func.count(), func.max(_W.number)).where(_W.team == one.team)).one()
    if count >= MOST:
        raise LimitReached(f"This team has {MOST} watches already: `unwatch` takes one away.")
    same = _W.creator_id == one.creator_id if one.creator_id is not None else _W.tag == one.tag
    if (conn.scalar(select(func.count()).select_from(watches).where(_W.team == one.team, same)) or 0) >= MOST_ON_ONE:
        of = "creator" if one.creator_id is not None else "tag"
        raise LimitReached(
            f"This {of} has {MOST_ON_ONE} watches already: `watches` lists them, `unwatch` takes one away."
        )
    row = _values(one) | {
        "team": one.team,
        "number": (last or 0) + 1,
        "creator_id": one.creator_id,
        "tag": one.tag,
        "owner": one.owner,
        "version": 1,
    }
    made = conn.execute(insert(watches).values(row).returning(_W.id)).scalar_one()
    return one.model_copy(update={"id": made, "number": row["number"]})


def creator_of(conn: Connection, team: str, name_key: str) -> int | None:
    """Return the id of a team's tracked creator."""
    c = creators.c
    found: int | None = conn.scalar(
        select(c.id).where(c.team == team, c.name_key == name_key, c.tracked_since.is_not(None))
    )
    return found


def same(conn: Connection, one: Watch) -> Watch | None:
    """Return a watch that waits for the same in the same place."""
    r, p = one.rule, one.place
    alike = and_(
        _W.team == one.team,
        _W.creator_id == one.creator_id if one.creator_id is not None else _W.tag == one.tag,
        _W.kind == r.kind,
        _W.threshold == r.threshold,
        _W.days == r.days,
        _W.network == r.network if r.network is not None else _W.network.is_(None),
        _W.platform == p.platform,
        _W.channel == p.channel,
        _W.thread == p.thread if p.thread is not None else _W.thread.is_(None),
    )
    row = conn.execute(_named().where(alike).order_by(_W.number).limit(1)).first()
    return _watch(row) if row is not None else None


def by_number(conn: Connection, team: str, number: int) -> Watch | None:
    """Return one of a team's watches."""
    row = conn.execute(_named().where(_W.team == team, _W.number == number)).first()
    return _watch(row) if row is not None else None


def by_ids(conn: Connection, ids: Sequence[int]) -> dict[int, Watch]:
    """Return watches by their ids, of whatever team: for what is posted by itself."""
    return {row.id: _watch(row) for row in conn.execute(_named().where(_W.id.in_(ids)))}


def page(
    conn: Connection, team: str, creator_id: int | None, tag: str | None, number: int, size: int
) -> tuple[list[Listed], int, int]:
    """Return the nearest page of a team's watches in order of number, its number, and how many watches there are."""
    which: list[ColumnElement[bool]] = [_W.team == team]
    if creator_id is not None:
        t = creator_tags.c
        borne = exists().where(t.team == team, t.tag == _W.tag, t.creator_id == creator_id)
        which.append(or_(_W.creator_id == creator_id, and_(_W.tag.is_not(None), borne)))
    if tag is not None:
        which.append(_W.tag == tag)
    total = conn.scalar(select(func.count()).select_from(watches).where(*which)) or 0
    number = max(1, min(number, -(-total // size)))
    m, c = watch_marks.c, creators.c
    rows = conn.execute(
        _named(c.score, c.state.label("standing"), c.tracked_since, m.armed)
        .outerjoin(watch_marks, and_(m.watch_id == _W.id, m.creator_id == _W.creator_id))
        .where(*which)
        .order_by(_W.number)
        .offset((number - 1) * size)
        .limit(size)
    )
    found = [
        Listed(
            _watch(row),
            None if row.score is None else figures.shown(row.score),
            row.standing,
            row.tag is not None or row.tracked_since is not None,
            row.armed,
        )
        for row in rows
    ]
    return found, number, total


def change(conn: Connection, one: Watch, version: int) -> bool:
    """Store what people decided anew; False when somebody else was quicker."""
    mine = and_(_W.team == one.team, _W.id == one.id, _W.version == version)
    cleared = {"last_error": None, "told_at": None, "version": version + 1}
    return conn.execute(update(watches).where(mine).values(_values(one) | cleared)).rowcount > 0


def note(conn: Connection, ids: Sequence[int], values: Mapping[str, datetime | str | None]) -> None:
    """Write what became of the messages of some watches: fired_at, last_error, told_at, state."""
    row = {name: to_ms(value) if isinstance(value, datetime) else value for name, value in values.items()}
    conn.execute(update(watches).where(_W.id.in_(ids)).values(row))


def unmark(conn: Connection, watch: int) -> None:
    """Forget how a watch stood: it waits for something else from now on."""
    conn.execute(delete(watch_marks).where(watch_marks.c.watch_id == watch))
    conn.execute(delete(watch_posts).where(watch_posts.c.watch_id == watch))


def remove(conn: Connection, one: Watch) -> bool:
    """Delete a watch; a message that tells of others too is handed on to one of those."""
    a, d = watch_alerts.c, deliveries.c
    gone = conn.execute(delete(watches).where(_W.team == one.team, _W.id == one.id)).rowcount > 0
    conn.execute(delete(watch_alerts).where(a.watch_id == one.id))
    told = select(a.delivery).where(a.delivery == d.key)
    conn.execute(
        delete(deliveries).where(d.kind == "alert", d.subscription == one.id, ~exists(told.correlate(deliveries)))
    )
    return gone


def watched_creators(conn: Connection, one: Watch) -> list[list[int]]:
    """Return the ids of the creators that a watch is about, a thousand at a time."""
    if one.creator_id is not None:
        return [[one.creator_id]]
    t = creator_tags.c
    ids = list(conn.scalars(select(t.creator_id).where(t.team == one.team, t.tag == one.tag).order_by(t.creator_id)))
    return [ids[start : start + 1_000] for start in range(0, len(ids), 1_000)]


def in_channel(conn: Connection, team: str, channel: str) -> list[Watch]:
    """Return a team's watches that are told in a channel or in a thread of it, gone ones left out."""
    wanted = _named().where(_W.team == team, _W.channel == channel, _W.state == "on").order_by(_W.number)
    return [_watch(row) for row in conn.execute(wanted)]
