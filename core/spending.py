"""Rows of what is spent: set aside, settled and corrected, each in one transaction with whatever it was judged by."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, bindparam, case, delete, insert, select, update
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.sql.dml import ReturningInsert

from core.allowances import BACKGROUND_SHARE, Spent, begins_itself, calendar, ends, limit_of, millionths, running, span
from core.manifest import BudgetRule
from core.tables import from_ms, moment_or_none, to_ms
from core.tables_budgets import spend

KEPT = timedelta(days=62)  # longer than the longest window, a month
REFUSAL = "*"  # the row that holds until when the network itself wants to be left alone

Owner = tuple[str, str]
"""A network, and the team whose key it is (empty for the installation's own)."""


@dataclass(frozen=True, slots=True)
class Take:
    """What is wanted of one allowance: `amount` and `given`, the operator's figure, in millionths and in units."""

    rule: BudgetRule
    amount: int
    given: float | None


@dataclass(frozen=True, slots=True)
class Held:
    """What was set aside in one window, in millionths."""

    rule: BudgetRule
    start: datetime
    amount: int


@dataclass(frozen=True, slots=True)
class Short:
    """Why nothing was set aside: the allowance, what is spent of it, and when it is back; no rule: the network's no."""

    until: datetime
    rule: BudgetRule | None = None
    spent: int = 0
    limit: int = 0


class TooMuch(Exception):
    """Carries a `Short` out of a transaction, which is undone; never leaves core/budgets.py."""

    def __init__(self, short: Short) -> None:
        super().__init__("the budget does not hold it")
        self.short = short


def rows_of(conn: Connection, owner: Owner) -> list[Spent]:
    """Return every row kept for one key, the oldest first."""
    found = conn.execute(_ROWS, {"network_": owner[0], "team_": owner[1]})
    return [Spent(unit, from_ms(start), spent, told, moment_or_none(ms)) for unit, start, spent, told, ms in found]


def take(conn: Connection, owner: Owner, takes: Sequence[Take], now: datetime, background: bool) -> list[Held]:
    """Set amounts aside, all or none; raises TooMuch."""
    rows = rows_of(conn, owner)
    until = refused_until(rows, now)
    if until is not None:
        raise TooMuch(Short(until))
    return [_take(conn, owner, one, rows, now, background) for one in takes]


def refused_until(rows: Sequence[Spent], now: datetime) -> datetime | None:
    """Return until when the network asked to be left alone, None when it did not."""
    stated = [row.resets_at for row in rows if row.unit == REFUSAL and row.resets_at is not None]
    return max((moment for moment in stated if now < moment <= now + KEPT), default=None)


def _take(conn: Connection, owner: Owner, wanted: Take, rows: Sequence[Spent], now: datetime, background: bool) -> Held:
    rule, current = wanted.rule, running(wanted.rule, rows, now)
    start = current[-1].start if current else now if begins_itself(rule.window) else calendar(rule.window, now)[0]
    if not current:
        conn.execute(delete(spend).where(_of(owner), spend.c.window_start < to_ms(now - KEPT)))
    added = conn.execute(
        _upsert(conn.dialect.name),
        {"network": owner[0], "team": owner[1], "unit": rule.key, "window_start": to_ms(start), "spent": wanted.amount},
    )
    # what this statement gives back counts what other workers took meanwhile; earlier rows are those of a race
    spent = int(added.scalar_one()) + sum(row.spent for row in current[:-1])
    limit = limit_of(rule, wanted.given, rows)
    # people who ask are refused by an allowance that somebody set, never by a figure that only a server told: it says
    # no by itself, and may have counted otherwise
    binding = background or wanted.given is not None or rule.default is not None
    if binding and limit is not None and spent > (limit * BACKGROUND_SHARE if background else limit):
        until = max((ends(rule, row) for row in current), default=ends(rule, Spent(rule.key, start, 0)))
        raise TooMuch(Short(until, rule, spent - wanted.amount, limit))
    return Held(rule, from_ms(to_ms(start)), wanted.amount)


def correct(conn: Connection, owner: Owner, changes: Sequence[Held]) -> None:
    """Add differences, which may be negative, to what was set aside; a window that is gone stays so."""
    if changes:
        rows = [
            {
                "network_": owner[0],
                "team_": owner[1],
                "unit_": change.rule.key,
                "start_": to_ms(change.start),
                "change": change.amount,
            }
            for change in changes
        ]
        conn.execute(_CORRECT, rows)


def tell(
    conn: Connection, owner: Owner, rule: BudgetRule, limit: int | None, left: int, resets_at: datetime, now: datetime
) -> None:
    """Note what the server said of a window that begins itself: its count is the one that matters."""
    rows = rows_of(conn, owner)
    current = running(rule, rows, now)
    most = millionths(limit) if limit is not None else limit_of(rule, None, rows)
    spent = 0 if most is None else max(0, most - millionths(left))
    start = to_ms(resets_at - span(rule.window))
    starts = [to_ms(row.start) for row in current] + [start]
    conn.execute(delete(spend).where(_of(owner), spend.c.unit == rule.key, spend.c.window_start.in_(starts)))
    conn.execute(
        insert(spend), _row(owner, rule.key, start, spent) | {"told_limit": most, "resets_at": to_ms(resets_at)}
    )


def refuse(conn: Connection, owner: Owner, until: datetime) -> None:
    """Note until when the network wants to be left alone."""
    conn.execute(delete(spend).where(_of(owner), spend.c.unit == REFUSAL))
    conn.execute(insert(spend), _row(owner, REFUSAL, 0, 0) | {"told_limit": None, "resets_at": to_ms(until)})


def _row(owner: Owner, unit: str, start_ms: int, spent: int) -> dict[str, object]:
    return {"network": owner[0], "team": owner[1], "unit": unit, "window_start": start_ms, "spent": spent}


def _of(owner: Owner) -> ColumnElement[bool]:
    return and_(spend.c.network == owner[0], spend.c.team == owner[1])


_ROWS = (
    select(spend.c.unit, spend.c.window_start, spend.c.spent, spend.c.told_limit, spend.c.resets_at)
    .where(spend.c.network == bindparam("network_"), spend.c.team == bindparam("team_"))
    .order_by(spend.c.window_start)
)

_TOTAL = spend.c.spent + bindparam("change")
_CORRECT = (
    update(spend)
    .where(
        spend.c.network == bindparam("network_"),
        spend.c.team == bindparam("team_"),
        spend.c.unit == bindparam("unit_"),
        spend.c.window_start == bindparam("start_"),
    )
    .values(spent=case((_TOTAL < 0, 0), else_=_TOTAL))
)


@cache
def _upsert(dialect: str) -> ReturningInsert[Any]:
    statement = (sqlite_insert if dialect == "sqlite" else postgresql_insert)(spend)
    total = spend.c.spent + statement.excluded.spent
    return statement.on_conflict_do_update(
        index_elements=["network", "team", "unit", "window_start"], set_={"spent": total}
    ).returning(spend.c.spent)
