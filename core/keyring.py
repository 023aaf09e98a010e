"""Rows of connected keys and owners' tokens; what is secret arrives here encrypted already."""

from dataclasses import dataclass
from datetime import datetime
from functools import cache

from sqlalchemy import ColumnElement, Connection, and_, delete, select, true, update
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.sql.dml import Insert

from core.tables import from_ms, moment_or_none, to_ms
from core.tables_budgets import credentials

APP, OWNER = "app", "owner"


@dataclass(frozen=True, slots=True)
class Where:
    """Which credential: whose team (empty for the installation), which network, whose account (empty for a key)."""

    team: str
    network: str
    native_id: str = ""

    @property
    def kind(self) -> str:
        """Whether it is a key of the team's or an owner's token."""
        return OWNER if self.native_id else APP


@dataclass(frozen=True, slots=True)
class Sealed:
    """A stored credential as it lies there, encrypted."""

    where: Where
    text: str
    expires_at: datetime | None
    scopes: tuple[str, ...]
    connected_by: str
    at: datetime


def put(conn: Connection, one: Sealed) -> None:
    """Store a credential in place of the one before."""
    where = one.where
    key = {"team": where.team, "network": where.network, "native_id": where.native_id, "kind": where.kind}
    conn.execute(_upsert(conn.dialect.name), key | _fields(one))


def renew(conn: Connection, one: Sealed, before: str) -> bool:
    """Store a credential in place of the one that lies there as `before`; False, nothing stored, when it does not."""
    same = and_(_at(one.where), credentials.c.sealed == before)
    return conn.execute(update(credentials).where(same).values(_fields(one))).rowcount == 1


def _fields(one: Sealed) -> dict[str, str | int | None]:
    return {
        "sealed": one.text,
        "expires_at": None if one.expires_at is None else to_ms(one.expires_at),
        "scopes": " ".join(one.scopes),
        "connected_by": one.connected_by,
        "at": to_ms(one.at),
    }


def holds(conn: Connection, where: Where) -> bool:
    """Return whether there is such a credential."""
    return conn.scalar(select(credentials.c.at).where(_at(where))) is not None


def keys_of(conn: Connection, team: str) -> list[Sealed]:
    """Return the keys a team may use: its own and the installation's."""
    where = and_(credentials.c.team.in_({team, ""}), credentials.c.kind == APP)
    return _found(conn, where)


def owners_of(conn: Connection, team: str, network: str | None, native_id: str | None) -> list[Sealed]:
    """Return the tokens of owners who connected to a team: of one account, of all on a network, or of all."""
    where = [credentials.c.team == team, credentials.c.kind == OWNER]
    where += [credentials.c.network == network] if network is not None else []
    where += [credentials.c.native_id == native_id] if native_id is not None else []
    return _found(conn, and_(*where))


def owners_ending(conn: Connection, until: datetime) -> list[Sealed]:
    """Return the tokens of owners, of every team, that end until then, the first to end first."""
    ends = credentials.c.expires_at
    return _found(conn, and_(credentials.c.kind == OWNER, ends <= to_ms(until)), ends)


def granted_networks(conn: Connection) -> list[str]:
    """Return the networks on which some owner has connected an account."""
    return list(conn.scalars(select(credentials.c.network).where(credentials.c.kind == OWNER).distinct()))


def everything(conn: Connection) -> list[Sealed]:
    """Return every stored credential, of every team."""
    return _found(conn, true())


def replace(conn: Connection, where: Where, before: str, after: str) -> bool:
    """Store the same secret encrypted anew, unless somebody has stored another one meanwhile."""
    same = and_(_at(where), credentials.c.sealed == before)
    return conn.execute(update(credentials).where(same).values(sealed=after)).rowcount == 1


def drop(conn: Connection, where: Where) -> bool:
    """Delete a credential; False when there was none."""
    return conn.execute(delete(credentials).where(_at(where))).rowcount > 0


def drop_team(conn: Connection, team: str) -> int:
    """Delete all that a team and its creators connected; returns how many."""
    return conn.execute(delete(credentials).where(credentials.c.team == team)).rowcount


def _found(conn: Connection, where: ColumnElement[bool], *first: ColumnElement[int | None]) -> list[Sealed]:
    c = credentials.c
    rows = conn.execute(select(credentials).where(where).order_by(*first, c.network, c.team, c.native_id))
    return [
        Sealed(
            Where(row.team, row.network, row.native_id),
            row.sealed,
            moment_or_none(row.expires_at),
            tuple(row.scopes.split()),
            row.connected_by,
            from_ms(row.at),
        )
        for row in rows
    ]


def _at(where: Where) -> ColumnElement[bool]:
    return and_(
        credentials.c.team == where.team,
        credentials.c.network == where.network,
        credentials.c.native_id == where.native_id,
        credentials.c.kind == where.kind,
    )


@cache
def _upsert(dialect: str) -> Insert:
    statement = (sqlite_insert if dialect == "sqlite" else postgresql_insert)(credentials)
    key = [column.name for column in credentials.primary_key]
    fresh = {c.name: statement.excluded[c.name] for c in credentials.columns if c.name not in key}
    return statement.on_conflict_do_update(index_elements=key, set_=fresh)
