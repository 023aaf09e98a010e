"""What is told of tracked creators beside their scores: tags, accounts that bring nothing new, and new names.

Each function returns it by creator id, of those that there is anything of.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple, TypeVar

from sqlalchemy import Connection, bindparam, select

from core.tables import (
    account_refresh,
    accounts,
    creator_accounts,
    creator_pending,
    creator_tags,
    from_ms,
    moment_or_none,
    to_ms,
)

WAITING = "waiting"  # the status of a handle that no network was asked for yet
RENAMED_FOR = timedelta(days=30)  # how long a new name is told

V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class Problem:
    """Why one account of a creator brings nothing new.

    `status` is one of core.models.Status, or `waiting` for a handle that was never read. `since` is when it began,
    `last_read` the last good reading.
    """

    network: str
    handle: str
    status: str
    since: datetime | None
    last_read: datetime | None
    error: str | None = None


class Renamed(NamedTuple):
    """An account that bears another handle now."""

    network: str
    before: str
    handle: str
    at: datetime


def gathered(pairs: Iterable[tuple[int, V]]) -> dict[int, tuple[V, ...]]:
    """Return the values of each creator, in their order."""
    found: defaultdict[int, list[V]] = defaultdict(list)
    for creator_id, value in pairs:
        found[creator_id].append(value)
    return {creator_id: tuple(values) for creator_id, values in found.items()}


def tags(conn: Connection, ids: Sequence[int]) -> dict[int, tuple[str, ...]]:
    """Return the creators' tags, in order of name."""
    c = creator_tags.c
    rows = conn.execute(select(c.creator_id, c.tag).where(c.creator_id.in_(ids)).order_by(c.creator_id, c.tag))
    return gathered((row.creator_id, row.tag) for row in rows)


_TROUBLED = (
    select(
        creator_accounts.c.creator_id,
        accounts.c.network,
        accounts.c.handle,
        accounts.c.status,
        accounts.c.failed_at,
        accounts.c.fetched_at,
        account_refresh.c.last_error,
        account_refresh.c.failing_since,
    )
    .join(accounts, accounts.c.id == creator_accounts.c.account_id)
    .outerjoin(account_refresh, account_refresh.c.account_id == accounts.c.id)
    .where(creator_accounts.c.creator_id.in_(bindparam("ids", expanding=True)), accounts.c.failure.is_not(None))
    .order_by(creator_accounts.c.creator_id, accounts.c.network, accounts.c.handle)
)


def problems(conn: Connection, ids: Sequence[int]) -> dict[int, tuple[Problem, ...]]:
    """Return what keeps the creators' accounts from being read: those that failed first, then handles that wait."""
    found = []
    for row in conn.execute(_TROUBLED, {"ids": list(ids)}):
        since, read = moment_or_none(row.failing_since or row.failed_at), moment_or_none(row.fetched_at or None)
        found.append((row.creator_id, Problem(row.network, row.handle, row.status, since, read, row.last_error)))
    c = creator_pending.c
    waiting = select(c.creator_id, c.network, c.handle, c.last_error).where(c.creator_id.in_(ids))
    for creator_id, network, handle, error in conn.execute(waiting.order_by(c.creator_id, c.network, c.handle_key)):
        found.append((creator_id, Problem(network, handle, WAITING, None, None, error)))
    return gathered(found)


def renamed(conn: Connection, ids: Sequence[int], at: datetime) -> dict[int, tuple[Renamed, ...]]:
    """Return the creators' accounts that bear another handle since 30 days before `at`, or less."""
    c = account_refresh.c
    rows = conn.execute(
        select(creator_accounts.c.creator_id, c.network, c.renamed_from, accounts.c.handle, c.renamed_at)
        .join(c.account_id.table, c.account_id == creator_accounts.c.account_id)
        .join(accounts, accounts.c.id == c.account_id)
        .where(creator_accounts.c.creator_id.in_(ids), c.renamed_at > to_ms(at - RENAMED_FOR))
        .order_by(creator_accounts.c.creator_id, c.network)
    )
    return gathered(
        (row.creator_id, Renamed(row.network, row.renamed_from, row.handle, from_ms(row.renamed_at))) for row in rows
    )
