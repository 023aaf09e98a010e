"""Teams that threw Clout out: their data stay for a month, so that a mistake costs nothing, and then go."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, delete, or_, select

from core.creators import set_setting, setting
from core.grants import granted_id
from core.tables import accounts, from_ms, metadata, team_settings, to_ms

KEPT = timedelta(days=30)  # after an uninstall or a kick
LEFT_AT = "team.left_at"  # the setting that holds the moment, in milliseconds


def leave(conn: Connection, team: str, now: datetime) -> None:
    """Note that a team threw Clout out; what it hears a second time does not start the month anew."""
    if setting(conn, team, LEFT_AT) is None:
        set_setting(conn, team, LEFT_AT, str(to_ms(now)))


def come_back(conn: Connection, team: str) -> bool:
    """Note that Clout is wanted again; False when it had not left.

    A `team` that ends in a colon stands for every team that begins with it: an install for a whole organisation.
    """
    c = team_settings.c
    which: ColumnElement[bool] = c.team == team
    if team.endswith(":"):
        which = or_(which, c.team.startswith(team, autoescape=True))
    return conn.execute(delete(team_settings).where(which, c.key == LEFT_AT)).rowcount > 0


def left_at(conn: Connection, team: str) -> datetime | None:
    """Return when a team threw Clout out, None for one that did not."""
    return _moment(setting(conn, team, LEFT_AT))


def present(conn: Connection, prefix: str) -> Sequence[str]:
    """Return the teams that have rows of any kind and did not leave, of those whose name begins with a prefix."""
    found: set[str] = set()
    for table in metadata.sorted_tables:
        if "team" in table.c:
            team = table.c.team
            found.update(conn.scalars(select(team).where(team.startswith(prefix, autoescape=True)).distinct()))
    c = team_settings.c
    return sorted(found.difference(conn.scalars(select(c.team).where(c.key == LEFT_AT))))


def overdue(conn: Connection, now: datetime) -> Sequence[str]:
    """Return the teams whose month is over."""
    c = team_settings.c
    rows = conn.execute(select(c.team, c.value).where(c.key == LEFT_AT).order_by(c.team)).all()
    return [row.team for row in rows if (left := _moment(row.value)) is not None and now - left >= KEPT]


def purge_team(conn: Connection, team: str, now: datetime) -> bool:
    """Delete what owners showed a team, and every row of it in every table that has a `team`.

    False when it came back meanwhile.
    """
    left = left_at(conn, team)
    if left is None or now - left < KEPT:
        return False
    conn.execute(delete(accounts).where(accounts.c.native_id.endswith(granted_id("", team), autoescape=True)))
    for table in reversed(metadata.sorted_tables):  # what points at a row goes before it
        if "team" in table.c:
            conn.execute(delete(table).where(table.c.team == team))
    return True


def _moment(value: str | None) -> datetime | None:
    """Return what a setting holds; anything but a whole number, which we never write, counts as not left."""
    return from_ms(int(value)) if value is not None and value.isdecimal() else None
