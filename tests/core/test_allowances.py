"""When windows of allowances begin and end: over clock changes, month ends and clocks that step back."""

from datetime import UTC, datetime, timedelta

import pytest

from core.allowances import Spent, amount, begins_itself, calendar, ends, limit_of, millionths, running, span
from core.manifest import BudgetRule


def rule(window: str, **more: object) -> BudgetRule:
    return BudgetRule.model_validate({"unit": "requests", "window": window, "setting": "most", **more})


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type, misc]


@pytest.mark.parametrize(
    ("now", "begin", "end"),
    [
        (utc(2026, 3, 8, 7, 59), utc(2026, 3, 7, 8), utc(2026, 3, 8, 8)),  # the last minute before the short day
        (utc(2026, 3, 8, 8), utc(2026, 3, 8, 8), utc(2026, 3, 9, 7)),  # clocks go forward: 23 hours
        (utc(2026, 3, 9, 6, 59), utc(2026, 3, 8, 8), utc(2026, 3, 9, 7)),
        (utc(2026, 11, 1, 7), utc(2026, 11, 1, 7), utc(2026, 11, 2, 8)),  # clocks go back: 25 hours
        (utc(2026, 11, 2, 7, 59), utc(2026, 11, 1, 7), utc(2026, 11, 2, 8)),
        (utc(2026, 12, 31, 23), utc(2026, 12, 31, 8), utc(2027, 1, 1, 8)),
    ],
)
def test_a_pacific_day_ends_at_midnight_in_los_angeles(now: datetime, begin: datetime, end: datetime) -> None:
    assert calendar("pacific_day", now) == (begin, end)


@pytest.mark.parametrize(
    ("now", "begin", "end"),
    [
        (utc(2026, 1, 31, 23, 59), utc(2026, 1, 1), utc(2026, 2, 1)),
        (utc(2028, 2, 29, 12), utc(2028, 2, 1), utc(2028, 3, 1)),
        (utc(2026, 12, 31, 23), utc(2026, 12, 1), utc(2027, 1, 1)),
        (utc(2026, 4, 1), utc(2026, 4, 1), utc(2026, 5, 1)),
    ],
)
def test_a_month_is_the_calendars(now: datetime, begin: datetime, end: datetime) -> None:
    assert calendar("month", now) == (begin, end)


@pytest.mark.parametrize("window", ["utc_day", "pacific_day", "month"])
def test_calendar_windows_follow_each_other_without_a_gap(window: str) -> None:
    kind = rule(window).window
    now = utc(2026, 1, 1)
    while now < utc(2027, 1, 2):
        begin, end = calendar(kind, now)
        assert begin <= now < end
        assert calendar(kind, end)[0] == end
        now += timedelta(hours=7)


def test_a_window_that_begins_itself_counts_until_its_span_is_over() -> None:
    hour = rule("hour")
    assert begins_itself("hour")
    row = Spent(hour.key, utc(2026, 3, 1, 12, 7), 5)
    assert ends(hour, row) == utc(2026, 3, 1, 13, 7)
    assert running(hour, [row], utc(2026, 3, 1, 13, 6)) == [row]
    assert running(hour, [row], utc(2026, 3, 1, 13, 7)) == []
    assert running(hour, [row], utc(2026, 3, 1, 11, 30)) == [row], "a clock set back does not make spent things unspent"
    assert running(rule("minute"), [row], utc(2026, 3, 1, 12, 7)) == [], "another allowance's row"


def test_what_the_server_tells_rules_where_nobody_set_a_figure() -> None:
    hour = rule("hour")
    told = Spent(hour.key, utc(2026, 3, 1), 0, told_limit=millionths(5000), resets_at=utc(2026, 3, 1, 0, 20))
    assert ends(hour, told) == utc(2026, 3, 1, 0, 20)
    assert limit_of(hour, None, []) is None
    assert limit_of(hour, None, [told]) == millionths(5000)
    assert limit_of(hour, 100, [told]) == millionths(100)
    assert limit_of(hour, 9000, [told]) == millionths(5000)
    assert limit_of(rule("utc_day", default=1000), None, []) == millionths(1000)


def test_cents_add_up_exactly() -> None:
    assert sum(millionths(0.005) for _ in range(100)) == millionths(0.5)
    assert amount(millionths(0.51)) == 0.51
    assert span("minute") == timedelta(minutes=1)
