"""The queue of accounts to read again: who is due, who is taken for now, and when each comes back."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import ColumnElement, Connection, bindparam, exists, func, literal, or_, select, union_all, update

from core import rosters_standing as standing
from core.finding import StoredAccount, stored_account
from core.models import Failure
from core.recall import Past, past
from core.tables import account_refresh, accounts, creator_pending, from_ms, handle_key, to_ms
from core.watches_judged import note_creator

HELD = timedelta(minutes=10)  # who was taken and never came back is due again then
LONGEST = timedelta(days=14)  # nobody waits longer for a try

_R, _P = account_refresh.c, creator_pending.c
_STORED = ("id", "network", "native_id", "handle", "status", "fetched_at", "failed_at", "failure", "reading")


class Taken(NamedTuple):
    """Who is to be asked for next: accounts by id, and handles that no network was asked for yet."""

    accounts: tuple[int, ...]
    handles: tuple[str, ...]


class Waiting(NamedTuple):
    """An account of a batch as it is stored, and how often in a row it failed by its own fault."""

    stored: StoredAccount
    failures: int
    tried_at: datetime | None


def with_due(conn: Connection, networks: Sequence[str], now: datetime) -> list[str]:
    """Return those of the networks where anybody is due: mostly nobody is, and to take from each would write."""
    if not networks:
        return []
    asked = []
    for network in networks:
        account = exists().where(_R.network == network, _due(_R.next_due_at, now))
        handle = exists().where(_P.network == network, _due(_P.next_due_at, now))
        asked.append(select(literal(network)).where(or_(account, handle)))
    found = set(conn.scalars(union_all(*asked)))
    return [network for network in networks if network in found]


def take(conn: Connection, network: str, now: datetime, most: int) -> Taken:
    """Take the accounts that have waited longest, at most so many, new handles first; they are nobody else's then."""
    until = to_ms(now + HELD)
    wanted = select(_P.handle_key).where(_P.network == network, _due(_P.next_due_at, now))
    handles = tuple(dict.fromkeys(conn.scalars(wanted.order_by(_P.next_due_at).limit(most))))
    if handles:
        of_them = (_P.network == network, _P.handle_key.in_(handles))
        conn.execute(update(creator_pending).where(*of_them).values(next_due_at=until))
    due = select(_R.account_id).where(_R.network == network, _due(_R.next_due_at, now))
    ids = tuple(conn.scalars(due.order_by(_R.next_due_at).limit(most - len(handles))))
    if ids:
        conn.execute(update(account_refresh).where(_R.account_id.in_(ids)).values(next_due_at=until))
    return Taken(ids, handles)


def _due(column: ColumnElement[int], now: datetime) -> ColumnElement[bool]:
    # one further ahead than anybody is ever sent was put there by a clock that has stepped back since
    return or_(column <= to_ms(now), column > to_ms(now + LONGEST + timedelta(days=1)))


def waiting(conn: Connection, account_ids: Sequence[int], since: datetime) -> list[Waiting]:
    """Return those of the accounts that are still in the queue and were not tried since then, as they are stored."""
    columns = [accounts.c[name] for name in _STORED]
    rows = conn.execute(
        select(*columns, _R.failures)
        .join(account_refresh, _R.account_id == accounts.c.id)
        .where(accounts.c.id.in_(account_ids))
        .order_by(accounts.c.id)
    ).all()
    found = []
    for row in rows:
        tried = max(row.fetched_at or 0, row.failed_at or 0)
        if tried < to_ms(since):
            found.append(Waiting(stored_account(row), row.failures, from_ms(tried) if tried else None))
    return found


def failing(conn: Connection) -> list[tuple[str, str, int]]:
    """Return how many accounts' last try failed, by network and the name of the error."""
    wanted = select(_R.network, _R.last_error, func.count()).where(_R.last_error.is_not(None))
    return [(one[0], one[1], one[2]) for one in conn.execute(wanted.group_by(_R.network, _R.last_error))]


def names(conn: Connection, network: str, handles: Sequence[str]) -> dict[str, int]:
    """Return those of the handles that still wait for their first reading, with their failures in a row."""
    wanted = select(_P.handle, _P.failures).where(_P.network == network, _P.handle_key.in_(handles))
    return {row.handle: row.failures for row in conn.execute(wanted.order_by(_P.handle_key)).all()}


def pasts(conn: Connection, network: str, native_ids: Sequence[str], since: datetime, now: datetime) -> list[Past]:
    """Return what is stored about several accounts before a fetch, in one round."""
    return [past(conn, network, native_id, since, now) for native_id in native_ids]


def arrived(conn: Connection, network: str, found: Mapping[str, str], now: datetime) -> None:
    """Put accounts in the place of handles that still wait for them, because their network writes them otherwise.

    `found` are native ids by handle. Where nothing of the account is stored, the handle waits another day.
    """
    keys = {handle_key(handle): native_id for handle, native_id in found.items()}
    mine = (_P.network == network, _P.handle_key.in_(keys))
    waits = conn.execute(select(_P.team, _P.creator_id, _P.handle_key).where(*mine)).all() if keys else []
    for team, creator_id, key in waits:
        of_it = (accounts.c.network == network, accounts.c.native_id == keys[key])
        account_id = conn.scalar(select(accounts.c.id).where(*of_it))
        if account_id is None:
            name_again(conn, network, key, now + timedelta(days=1), None)
        else:
            standing.arrived(conn, team, creator_id, network, key, account_id, now)
            standing.regroup(conn, creator_id, now)
            note_creator(conn, creator_id, now)


_AGAIN = update(account_refresh).where(_R.account_id == bindparam("of")).values(next_due_at=bindparam("due"))


def again(conn: Connection, due: Mapping[int, datetime]) -> None:
    """Write when each account comes back."""
    if due:
        conn.execute(_AGAIN, [{"of": account_id, "due": to_ms(at)} for account_id, at in sorted(due.items())])


def name_again(conn: Connection, network: str, handle: str, due: datetime, failure: Failure | None) -> None:
    """Write when a handle that could not be read comes back, and why; without a failure it was not asked for."""
    mine = (_P.network == network, _P.handle_key == handle_key(handle))
    values: dict[str, object] = {"next_due_at": to_ms(due)}
    if failure is not None:
        values |= {"failures": _P.failures + 1, "last_error": failure.model_dump_json()}
    conn.execute(update(creator_pending).where(*mine).values(values))
