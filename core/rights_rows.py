"""Everything that hangs on one account, for whoever it belongs to: found by handle or native id, and deleted.

Rows of every team: an account is stored once, and its creator asks the installation, not a team.
"""

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import ColumnElement, Connection, and_, delete, exists, false, func, or_, select, update

from core import outbox
from core.grants import SIGN, granted_id, told
from core.keyring import OWNER
from core.naming import at_handle
from core.tables import (
    accounts,
    creator_accounts,
    creator_pending,
    creators,
    handle_history,
    handle_key,
    misses,
    posts,
    storable,
)
from core.tables_budgets import credentials
from core.tables_consents import consents
from core.tables_posting import deliveries, inbox
from core.tables_watches import watch_alerts


@dataclass(frozen=True, slots=True)
class Whose:
    """An account and all that is stored of it: as everybody sees it, and as its owner shows it to teams.

    `native_ids` are the network's own, `handles` those it has now and the one it was asked for by; both are mostly one.
    """

    network: str
    handles: tuple[str, ...]
    native_ids: tuple[str, ...] = ()
    account_ids: tuple[int, ...] = ()
    creator_ids: tuple[int, ...] = ()

    @property
    def keys(self) -> tuple[str, ...]:
        """What its handles are compared by."""
        return tuple(dict.fromkeys(handle_key(handle) for handle in self.handles))


class Held(NamedTuple):
    """What is stored of an account, in rows; `links` are teams with their names for its creator.

    `teams` are those that its owner shows it to.
    """

    posts: int
    readings: int
    links: tuple[tuple[str, str], ...]
    teams: tuple[str, ...]
    handles: tuple[str, ...]
    waiting: int


def whose(conn: Connection, network: str, name: str, known: Iterable[str] = ()) -> Whose:
    """Return what a handle or native id stands for; a former handle counts where nobody bears it now.

    `known` are native ids that it is known to stand for besides.
    """
    a, name, key = accounts.c, storable(name), handle_key(name)
    named = or_(
        _own(a.native_id, [name]),
        a.handle_key == key,
        a.handle_key.startswith(f"{key}{SIGN}", autoescape=True),
    )
    found = list(conn.scalars(select(a.native_id).where(a.network == network, named))) or _formerly(conn, network, key)
    native_ids = {told(native_id).native_id for native_id in found} | _consented(conn, network, key, name) | {*known}
    rows = conn.execute(select(a.id, a.handle).where(a.network == network, _own(a.native_id, native_ids))).all()
    handles = tuple(dict.fromkeys([name, *(row.handle for row in rows)]))
    one = Whose(network, handles, tuple(sorted(native_ids)), tuple(row.id for row in rows))
    return Whose(network, handles, one.native_ids, one.account_ids, _creators(conn, one))


def _own(column: ColumnElement[str], native_ids: Iterable[str]) -> ColumnElement[bool]:
    """Return the condition for these accounts, in public and as their owners show them."""
    ways = [or_(column == one, column.startswith(f"{one}{SIGN}", autoescape=True)) for one in sorted(native_ids)]
    return or_(*ways) if ways else false()


def _formerly(conn: Connection, network: str, key: str) -> list[str]:
    a, h = accounts.c, handle_history.c
    wanted = select(a.native_id).join(handle_history, h.account_id == a.id)
    return list(conn.scalars(wanted.where(a.network == network, func.lower(h.handle) == key).distinct()))


def _consented(conn: Connection, network: str, key: str, name: str) -> set[str]:
    """Return accounts whose owner connected them under this name, where nothing was read yet."""
    c, o = consents.c, credentials.c
    known = and_(c.network == network, or_(func.lower(c.handle) == key, c.native_id == name), c.native_id.is_not(None))
    owned = and_(o.network == network, o.kind == OWNER, o.native_id == name)
    return {*conn.scalars(select(c.native_id).where(known)), *conn.scalars(select(o.native_id).where(owned))} - {None}


def _creators(conn: Connection, one: Whose) -> tuple[int, ...]:
    linked = select(creator_accounts.c.creator_id).where(creator_accounts.c.account_id.in_(one.account_ids))
    waiting = select(creator_pending.c.creator_id).where(waits(one))
    return tuple(sorted(conn.scalars(linked.union(waiting))))


def waits(one: Whose) -> ColumnElement[bool]:
    """Return the condition for the account among handles that wait for their first reading."""
    return and_(creator_pending.c.network == one.network, creator_pending.c.handle_key.in_(one.keys))


def asked(one: Whose) -> ColumnElement[bool]:
    """Return the condition for the account among consents, links that nobody opened included."""
    c = consents.c
    named = or_(c.native_id.in_(one.native_ids), func.lower(c.handle).in_(one.keys))
    return and_(c.network == one.network, named)


def shown(one: Whose) -> ColumnElement[bool]:
    """Return the condition for the tokens that the account's owner gave."""
    c = credentials.c
    return and_(c.network == one.network, c.kind == OWNER, c.native_id.in_(one.native_ids))


def missed(one: Whose) -> ColumnElement[bool]:
    """Return the condition for the account among handles that were not found lately."""
    return and_(misses.c.network == one.network, misses.c.handle_key.in_(one.keys))


def granted(conn: Connection, one: Whose) -> list[tuple[str, str]]:
    """Return the team and native id of every token that the account's owner gave, and of every consent that stands."""
    c, given = consents.c, credentials.c
    stands = and_(asked(one), c.native_id.is_not(None))
    found = [*conn.execute(select(given.team, given.native_id).where(shown(one)))]
    found += conn.execute(select(c.team, c.native_id).where(stands))
    return sorted({(row.team, row.native_id) for row in found})


def held(conn: Connection, one: Whose) -> Held:
    """Return how much is stored of an account."""
    c = creators.c
    linked = select(c.team, c.name).where(c.id.in_(one.creator_ids)).order_by(c.team, c.name)
    number = select(func.count()).select_from(posts).where(posts.c.account_id.in_(one.account_ids))
    return Held(
        posts=conn.scalar(number) or 0,
        readings=len(one.account_ids),
        links=tuple((row.team, row.name) for row in conn.execute(linked)),
        teams=tuple(sorted({team for team, _ in granted(conn, one)})),
        handles=one.handles,
        waiting=conn.scalar(select(func.count()).select_from(creator_pending).where(waits(one))) or 0,
    )


def forget(conn: Connection, one: Whose) -> Sequence[int]:
    """Delete all of it; return the creators that are left, who have other accounts."""
    c = creators.c
    with _overwriting(conn):
        for team in conn.scalars(select(c.team).where(c.id.in_(one.creator_ids)).distinct()).all():
            outbox.rewrite(conn, team)
        _forget_said(conn, one)
        return _forget_rows(conn, one)


@contextmanager
def _overwriting(conn: Connection) -> Iterator[None]:
    """Let SQLite write zeros over what is deleted, which else stays in the file until its room is needed."""
    if conn.dialect.name != "sqlite":
        yield
        return
    conn.exec_driver_sql("PRAGMA secure_delete=ON")
    try:
        yield
    finally:
        conn.exec_driver_sql("PRAGMA secure_delete=FAST")


def forget_told(conn: Connection, team: str, network: str, native_id: str) -> None:
    """Delete what was told of an account that its owner shows a team: copies of messages, and spikes of its posts."""
    a, own = accounts.c, creator_accounts.c
    theirs = and_(a.network == network, a.native_id == granted_id(native_id, team), own.team == team)
    row = conn.execute(select(a.handle, own.creator_id).join(creator_accounts, own.account_id == a.id).where(theirs))
    found = row.first()
    if found is None:
        return
    one = Whose(network, (found.handle,), creator_ids=(found.creator_id,))
    with _overwriting(conn):
        outbox.rewrite(conn, team)
        _forget_said(conn, one)
        _forget_spikes(conn, network, one.creator_ids)


def _forget_rows(conn: Connection, one: Whose) -> Sequence[int]:
    conn.execute(delete(accounts).where(accounts.c.id.in_(one.account_ids)))  # posts, counts, scores, links go along
    conn.execute(delete(creator_pending).where(waits(one)))
    conn.execute(delete(misses).where(missed(one)))
    conn.execute(delete(consents).where(asked(one)))
    conn.execute(delete(credentials).where(shown(one)))
    c = creators.c
    bare = [~exists().where(table.c.creator_id == c.id) for table in (creator_accounts, creator_pending)]
    conn.execute(delete(creators).where(c.id.in_(one.creator_ids), *bare))
    left = list(conn.scalars(select(c.id).where(c.id.in_(one.creator_ids)).order_by(c.id)))
    _forget_spikes(conn, one.network, left)
    return left


def _forget_spikes(conn: Connection, network: str, creator_ids: Sequence[int]) -> None:
    """Delete what watches told of single posts of these creators on that network."""
    w = watch_alerts.c
    told_of = select(w.watch_id, w.creator_id, w.at, w.post).where(w.creator_id.in_(creator_ids), w.post.is_not(None))
    for row in conn.execute(told_of).all():
        if json.loads(row.post)["network"] == network:
            mine = and_(w.watch_id == row.watch_id, w.creator_id == row.creator_id, w.at == row.at)
            conn.execute(delete(watch_alerts).where(mine))


def _forget_said(conn: Connection, one: Whose) -> None:
    """Delete the copies of messages about these creators: of what was posted, and from the terminal's inbox.

    What still waits to be posted stays whole; `forget` has it written anew.
    """
    c, d, i = creators.c, deliveries.c, inbox.c
    rows = conn.execute(select(c.team, c.name).where(c.id.in_(one.creator_ids))).all()
    names = sorted({at_handle(name) for name in (*one.handles, *(row.name for row in rows))})
    written = (re.escape(json.dumps(name, ensure_ascii=False)[1:-1]) for name in names)  # as cards are kept
    named = re.compile("|".join(rf"{name}(?![\w-])" for name in written), re.IGNORECASE)
    teams = {row.team for row in rows}
    said = select(d.key, d.payload).where(d.team.in_(teams), d.payload.is_not(None))
    said = said.where(d.state.not_in(("pending", "sending")))
    keys = [row.key for row in conn.execute(said) if named.search(row.payload)]
    conn.execute(update(deliveries).where(d.key.in_(keys)).values(payload=None))
    kept = conn.execute(select(i.id, i.card).where(i.team.in_(teams)))
    conn.execute(delete(inbox).where(i.id.in_([row.id for row in kept if named.search(row.card)])))
