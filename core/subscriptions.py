"""Rows of subscriptions: a team's digests, when each is due next, and what stands in its way. All carry the team."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, and_, delete, func, insert, or_, select, update

from core import outbox
from core.errors import LimitReached
from core.messenger import Place
from core.schedules import LONGEST_GAP, Run, Schedule, Subscription
from core.tables import AnyRow, from_date, from_ms, moment_or_none, to_date, to_ms
from core.tables_posting import subscriptions

KIND = "digest"  # of the deliveries that a subscription makes
MOST = 50  # subscriptions a team
_AT_ONCE = 1_000  # due ones read at a time

_S = subscriptions.c


def _subscription(row: AnyRow) -> Subscription:
    return Subscription(
        id=row.id,
        team=row.team,
        number=row.number,
        place=Place(platform=row.platform, channel=row.channel, thread=row.thread, shown=row.shown),
        schedule=Schedule(cadence=row.cadence, day=row.day, hour=row.hour, minute=row.minute, zone=row.zone),
        top=row.top,
        least=row.least,
        tags=tuple(row.tags.split()),
        quiet=row.quiet,
        mention=row.mention,
        owner=row.owner,
        state=row.state,
        next_run=Run(on=to_date(row.next_on), at=from_ms(row.next_run_at)),
        last_run_at=moment_or_none(row.last_run_at),
        last_error=row.last_error,
        blocked_since=moment_or_none(row.blocked_since),
        told_at=moment_or_none(row.told_at),
        version=row.version,
        edited_by=row.edited_by,
        edited_at=from_ms(row.edited_at),
    )


def _values(one: Subscription) -> dict[str, Any]:
    """Return what people decide about a subscription, as columns."""
    return (
        one.place.model_dump()
        | one.schedule.model_dump()
        | {
            "top": one.top,
            "least": one.least,
            "tags": " ".join(one.tags),
            "quiet": one.quiet,
            "mention": one.mention,
            "state": one.state,
            "edited_by": one.edited_by,
            "edited_at": to_ms(one.edited_at),
        }
        | _next(one.next_run)
    )


def _next(run: Run) -> dict[str, int]:
    return {"next_on": from_date(run.on), "next_run_at": to_ms(run.at)}


def add(conn: Connection, one: Subscription) -> Subscription:
    """Store a new subscription under the team's next number; raises LimitReached."""
    count, last = conn.execute(select(func.count(), func.max(_S.number)).where(_S.team == one.team)).one()
    if count >= MOST:
        raise LimitReached(f"This team has {MOST} digests already: `digest remove` takes one away.")
    row = _values(one) | {"team": one.team, "number": (last or 0) + 1, "owner": one.owner, "version": 1}
    if conn.dialect.name == "sqlite":  # which else gives a removed one's id, and so the keys of what that said, again
        highest = conn.scalar(select(func.max(_S.id))) or 0
        row["id"] = 1 + max(highest, outbox.last_subscription(conn, KIND))
    return _subscription(conn.execute(insert(subscriptions).values(row).returning(subscriptions)).one())


def of_team(conn: Connection, team: str) -> list[Subscription]:
    """Return a team's subscriptions in order of number."""
    wanted = select(subscriptions).where(_S.team == team).order_by(_S.number)
    return [_subscription(row) for row in conn.execute(wanted)]


def by_id(conn: Connection, team: str, subscription: int) -> Subscription | None:
    """Return one of a team's subscriptions."""
    row = conn.execute(select(subscriptions).where(_S.team == team, _S.id == subscription)).first()
    return _subscription(row) if row is not None else None


def change(conn: Connection, one: Subscription, version: int) -> Subscription | None:
    """Store what people decided anew, unless somebody else was quicker: then None."""
    mine = and_(_S.team == one.team, _S.id == one.id, _S.version == version)
    cleared = {"last_error": None, "blocked_since": None, "told_at": None, "version": version + 1}
    row = conn.execute(
        update(subscriptions).where(mine).values(_values(one) | cleared).returning(subscriptions)
    ).first()
    return _subscription(row) if row is not None else None


def remove(conn: Connection, team: str, subscription: int) -> bool:
    """Delete a subscription."""
    return conn.execute(delete(subscriptions).where(_S.team == team, _S.id == subscription)).rowcount > 0


# --- running ----------------------------------------------------------------------------------------------------------


def due(conn: Connection, now: datetime) -> list[Subscription]:
    """Return what has a run due, and what has one further ahead than its schedule allows: the clock was wrong then."""
    odd = [
        and_(_S.cadence == cadence, _S.next_run_at > to_ms(now + longest)) for cadence, longest in LONGEST_GAP.items()
    ]
    wanted = and_(_S.state == "on", or_(_S.next_run_at <= to_ms(now), *odd))
    rows = conn.execute(select(subscriptions).where(wanted).order_by(_S.next_run_at).limit(_AT_ONCE))
    return [_subscription(row) for row in rows]


def advance(conn: Connection, one: Subscription, run: Run) -> bool:
    """Write the next run, unless another process did or somebody edited meanwhile."""
    same = and_(_S.id == one.id, _S.version == one.version, _S.next_run_at == to_ms(one.next_run.at))
    return conn.execute(update(subscriptions).where(same).values(_next(run))).rowcount > 0


def note(conn: Connection, subscription: int, values: Mapping[str, datetime | str | None]) -> None:
    """Write what became of a subscription's post: last_run_at, last_error, blocked_since, told_at, state, zone."""
    row = {name: to_ms(value) if isinstance(value, datetime) else value for name, value in values.items()}
    conn.execute(update(subscriptions).where(_S.id == subscription).values(row))


def in_channel(conn: Connection, team: str, channel: str) -> list[Subscription]:
    """Return a team's subscriptions that post in a channel or in a thread of it."""
    wanted = select(subscriptions).where(_S.team == team, _S.channel == channel).order_by(_S.number)
    return [_subscription(row) for row in conn.execute(wanted)]
