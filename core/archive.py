"""Reads and writes stored history account by account, so that it can be scored again under other constants."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, bindparam, func, select

from core.models import NetworkScore
from core.recall import account_of
from core.recording import write_score
from core.retention import TRACKED
from core.tables import account_scores, accounts, from_date, from_ms, moment_or_none, snapshots

PAGE = 100  # accounts a statement


@dataclass(frozen=True, slots=True)
class ScoredAccount:
    """An account with stored scores: on how many days, and whether any team tracks it."""

    account_id: int
    network: str
    native_id: str
    handle: str
    tracked: bool
    days: int


class ProfileReading(NamedTuple):
    """The figures of a profile as they were last read on one UTC day, and how far back its posts were read then."""

    at: datetime
    followers: int | None
    listed: int | None
    complete_from: datetime | None


_PAGE = (
    select(
        accounts.c.id,
        accounts.c.network,
        accounts.c.native_id,
        accounts.c.handle,
        TRACKED.label("tracked"),
        func.count(account_scores.c.day.distinct()).label("days"),
    )
    .join(account_scores, account_scores.c.account_id == accounts.c.id)
    .where(accounts.c.id > bindparam("after"), account_scores.c.day >= bindparam("since"))
    .group_by(accounts.c.id)
    .order_by(accounts.c.id)
    .limit(PAGE)
)
_READINGS = (
    select(*(snapshots.c[name] for name in ("at", "followers", "listed", "complete_from")))
    .where(snapshots.c.account_id == bindparam("account"), snapshots.c.day >= bindparam("since"))
    .order_by(snapshots.c.day)
)


def scored_accounts(conn: Connection, since: datetime, after: int) -> list[ScoredAccount]:
    """See Store.scored_accounts."""
    rows = conn.execute(_PAGE, {"after": after, "since": from_date(since.date())}).all()
    return [ScoredAccount(*row) for row in rows]


def profile_readings(conn: Connection, network: str, native_id: str, since: datetime) -> tuple[ProfileReading, ...]:
    """See Store.profile_readings."""
    account = account_of(conn, network, native_id)
    if account is None:
        return ()
    rows = conn.execute(_READINGS, {"account": account.id, "since": from_date(since.date())}).all()
    return tuple(
        ProfileReading(from_ms(at), followers, listed, moment_or_none(reach)) for at, followers, listed, reach in rows
    )


def keep_scores(conn: Connection, network: str, native_id: str, scores: Sequence[NetworkScore]) -> bool:
    """See Store.keep_scores."""
    account = account_of(conn, network, native_id)
    if account is None:
        return False
    for score in scores:
        write_score(conn, account.id, score)
    return True
