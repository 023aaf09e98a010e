"""How long an allowance lasts: from when to when a window goes, and what of it is left; pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, tzinfo
from zoneinfo import ZoneInfo

from core.manifest import BudgetRule, Window

PACIFIC = ZoneInfo("America/Los_Angeles")
BACKGROUND_SHARE = 0.8  # of an allowance that refreshes may take, so that people who ask find some left (DESIGN 9.7)
_ZONES: Mapping[Window, tzinfo] = {"utc_day": UTC, "pacific_day": PACIFIC}
_SPANS: Mapping[Window, timedelta] = {
    "minute": timedelta(minutes=1),
    "ten_minutes": timedelta(minutes=10),
    "quarter_hour": timedelta(minutes=15),
    "hour": timedelta(hours=1),
    "rolling_day": timedelta(days=1),
}


@dataclass(frozen=True, slots=True)
class Spent:
    """What is known of one window: millionths spent, and what the server told of its limit and its end."""

    unit: str
    start: datetime
    spent: int
    told_limit: int | None = None
    resets_at: datetime | None = None


def begins_itself(window: Window) -> bool:
    """Whether a window begins with the first request rather than by the calendar."""
    return window in _SPANS


def span(window: Window) -> timedelta:
    """Return how long a window lasts that begins with the first request."""
    return _SPANS[window]


def calendar(window: Window, now: datetime) -> tuple[datetime, datetime]:
    """Return begin and end of a calendar's window around `now`, in UTC; across a clock change the day is 23 or 25 h."""
    if window == "month":
        first = now.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
        return first, (first + timedelta(days=32)).replace(day=1)
    zone = _ZONES[window]
    today = now.astimezone(zone).date()
    begin, end = (datetime.combine(today + timedelta(days=n), time(), zone).astimezone(UTC) for n in (0, 1))
    return begin, end


def ends(rule: BudgetRule, row: Spent) -> datetime:
    """Return when the window of a stored row ends."""
    if row.resets_at is not None:
        return row.resets_at
    return row.start + span(rule.window) if begins_itself(rule.window) else calendar(rule.window, row.start)[1]


def running(rule: BudgetRule, rows: Sequence[Spent], now: datetime) -> list[Spent]:
    """Return the stored rows of the window that `now` lies in.

    After the clock was set back a row may begin after `now`: of a window that begins itself it still counts, so that
    nothing is spent twice.
    """
    own = [row for row in rows if row.unit == rule.key]
    if not begins_itself(rule.window):
        start = calendar(rule.window, now)[0]
        return [row for row in own if row.start == start]
    return [row for row in own if now < ends(rule, row) <= now + 2 * span(rule.window)]


def limit_of(rule: BudgetRule, given: float | None, rows: Sequence[Spent]) -> int | None:
    """Return an allowance in millionths: the operator's figure and the server's, the smaller, else the rule's own."""
    told = next((row.told_limit for row in reversed(rows) if row.unit == rule.key and row.told_limit is not None), None)
    if given is not None:
        return millionths(given) if told is None else min(millionths(given), told)
    return told if told is not None else None if rule.default is None else millionths(rule.default)


def millionths(amount: float) -> int:
    """Return an amount as it is stored."""
    return round(amount * 1_000_000)


def amount(stored: int) -> float:
    """Return a stored amount in its unit."""
    return stored / 1_000_000
