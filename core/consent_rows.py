"""Rows of consents; whatever opens one arrives here hashed already."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hmac import compare_digest
from typing import Literal

from sqlalchemy import ColumnElement, Connection, and_, delete, exists, func, insert, or_, select, update

from core.keyring import OWNER
from core.tables import AnyRow, from_ms, moment_or_none, to_ms
from core.tables_budgets import credentials
from core.tables_consents import consents

KEPT = timedelta(days=7)  # after its link ran out, so that a late visitor still learns why it does not work
ABANDONED = timedelta(minutes=10)  # after which a sign-in that is not done was cut off: its process is gone

Taken = Literal["taken", "unknown", "foreign", "replayed", "expired", "used"]
"""Whether the answer to a sign-in may be worked on, and why not."""


@dataclass(frozen=True, slots=True)
class Row:
    """A consent as it is stored, without its hashes."""

    link: str
    team: str
    team_name: str
    network: str
    creator: str
    handle: str
    asked_by: str
    until: datetime
    redirect_uri: str = ""
    begun_at: datetime | None = None
    taken_at: datetime | None = None
    native_id: str | None = None
    done_at: datetime | None = None


def add(conn: Connection, row: Row, now: datetime) -> None:
    """Keep a link that is given out, and forget those that ran out a week ago."""
    c = consents.c
    conn.execute(delete(consents).where(c.done_at.is_(None), c.native_id.is_(None), c.until < to_ms(now - KEPT)))
    names = ("link", "team", "team_name", "network", "creator", "handle", "asked_by")
    values = {name: getattr(row, name) for name in names}
    conn.execute(insert(consents), values | {"at": to_ms(now), "until": to_ms(row.until)})


def by_link(conn: Connection, link: str) -> Row | None:
    """Return the consent of a link."""
    return _one(conn, consents.c.link == link)


def by_withdrawal(conn: Connection, withdrawal: str) -> Row | None:
    """Return the consent that a withdrawal link takes back."""
    return _one(conn, and_(consents.c.withdrawal == withdrawal, consents.c.done_at.is_not(None)))


def begin(conn: Connection, link: str, state: str, browser: str, redirect_uri: str, now: datetime) -> bool:
    """Note a sign-in in place of the one before; False when the link is used or has run out."""
    c = consents.c
    fresh = and_(c.link == link, c.done_at.is_(None), c.until > to_ms(now))
    fields = {"state": state, "browser": browser, "redirect_uri": redirect_uri, "begun_at": to_ms(now)}
    return conn.execute(update(consents).where(fresh).values(**fields, taken_at=None)).rowcount > 0


def take(conn: Connection, network: str, state: str, browser: str, now: datetime) -> tuple[Taken, Row | None]:
    """Use a state up, once; whoever is not the browser that began it uses nothing up and sees nobody's consent."""
    c = consents.c
    found = conn.execute(select(consents).where(c.state == state, c.network == network)).first()
    if found is None:
        return "unknown", None
    if not compare_digest(found.browser, browser):
        return "foreign", None
    row = _row(found)
    if row.taken_at is not None:
        return "replayed", row
    if row.done_at is not None:
        return "used", row
    if row.until <= now:
        return "expired", row
    conn.execute(update(consents).where(c.link == row.link).values(taken_at=to_ms(now)))
    return "taken", row


def opening(conn: Connection, link: str, native_id: str | None) -> None:
    """Note whose data is about to be stored, or (None) that nothing was."""
    conn.execute(update(consents).where(consents.c.link == link).values(native_id=native_id))


def done(conn: Connection, link: str, native_id: str, withdrawal: str, now: datetime) -> bool:
    """Note that an account is connected, and the link that takes it back; False where another sign-in was quicker."""
    which = and_(consents.c.link == link, consents.c.done_at.is_(None))
    values = {"native_id": native_id, "withdrawal": withdrawal, "done_at": to_ms(now)}
    return conn.execute(update(consents).where(which).values(**values)).rowcount > 0


def forget(conn: Connection, team: str, network: str, native_id: str) -> int:
    """Delete every row about an account that a team was shown, links still open included; returns how many."""
    c = consents.c
    theirs = and_(c.team == team, c.network == network)
    handles = set(conn.scalars(select(c.handle).where(theirs, c.native_id == native_id)))
    which = and_(theirs, or_(c.native_id == native_id, c.handle.in_(handles)))
    return conn.execute(delete(consents).where(which)).rowcount


def standing(conn: Connection, team: str, network: str) -> list[Row]:
    """Return the consents on a network that stand for a team."""
    c = consents.c
    return _all(conn, and_(c.team == team, c.network == network, c.done_at.is_not(None)))


def abandoned(conn: Connection, now: datetime) -> list[Row]:
    """Return the sign-ins that were cut off while something was being stored."""
    c = consents.c
    last = func.coalesce(c.taken_at, c.begun_at)  # a sign-in that was begun anew has not been taken yet
    return _all(conn, and_(c.native_id.is_not(None), c.done_at.is_(None), last < to_ms(now - ABANDONED)))


def is_granted(conn: Connection, network: str, native_ids: Sequence[str]) -> bool:
    """Return whether the owner of one of these accounts, or of any where none is known, shows it to any team."""
    c = credentials.c
    which = [c.kind == OWNER, c.network == network, *([c.native_id.in_(native_ids)] if native_ids else [])]
    return bool(conn.scalar(select(exists().where(*which))))


def _one(conn: Connection, which: ColumnElement[bool]) -> Row | None:
    return next(iter(_all(conn, which)), None)


def _all(conn: Connection, which: ColumnElement[bool]) -> list[Row]:
    return [_row(found) for found in conn.execute(select(consents).where(which).order_by(consents.c.at))]


def _row(found: AnyRow) -> Row:
    held = found._mapping
    same = ("link", "team", "team_name", "network", "creator", "handle", "asked_by", "native_id")
    return Row(
        **{name: held[name] for name in same},
        until=from_ms(held["until"]),
        redirect_uri=held["redirect_uri"] or "",
        begun_at=moment_or_none(held["begun_at"]),
        taken_at=moment_or_none(held["taken_at"]),
        done_at=moment_or_none(held["done_at"]),
    )
