"""Rows of Slack installations and of installs under way; what is secret arrives here encrypted already."""

from collections.abc import Callable

from sqlalchemy import ColumnElement, Connection, and_, delete, insert, select, update

from core.tables import slack_installs, slack_states

Place = tuple[str, str, str]
"""Client id, enterprise and team; empty where there is none, as of an install for a whole organisation."""


def keep(conn: Connection, place: Place, at_ms: int, sealed: str) -> str | None:
    """Store an installation in place of the one before, and return what that one held."""
    before = found(conn, place)
    conn.execute(delete(slack_installs).where(_at(place)))
    conn.execute(insert(slack_installs), _row(place) | {"at": at_ms, "sealed": sealed})
    return before


def found(conn: Connection, place: Place) -> str | None:
    """Return what an installation holds, encrypted; None where Clout is not installed."""
    return conn.scalar(select(slack_installs.c.sealed).where(_at(place)))


def change(conn: Connection, place: Place, changed: Callable[[str], str]) -> tuple[str, str] | None:
    """Replace what an installation holds, and return both; None where it is gone, so that it does not come back."""
    before = found(conn, place)
    if before is None:
        return None
    after = changed(before)
    conn.execute(update(slack_installs).where(_at(place)).values(sealed=after))
    return before, after


def remove(conn: Connection, place: Place) -> str | None:
    """Delete an installation, and return what it held."""
    before = found(conn, place)
    conn.execute(delete(slack_installs).where(_at(place)))
    return before


def begin(conn: Connection, state: str, now_ms: int, until_ms: int) -> None:
    """Remember an install under way, and drop those that took too long."""
    conn.execute(delete(slack_states).where(slack_states.c.until <= now_ms))
    conn.execute(insert(slack_states), {"state": state, "until": until_ms})


def finish(conn: Connection, state: str, now_ms: int) -> bool:
    """Take an install under way away; False for one that is unknown, used or too late."""
    fresh = and_(slack_states.c.state == state, slack_states.c.until > now_ms)
    return conn.execute(delete(slack_states).where(fresh)).rowcount == 1


def _row(place: Place) -> dict[str, object]:
    return dict(zip(("client_id", "enterprise_id", "team_id"), place, strict=True))


def _at(place: Place) -> ColumnElement[bool]:
    return and_(*(slack_installs.c[name] == value for name, value in _row(place).items()))
