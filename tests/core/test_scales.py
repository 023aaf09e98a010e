from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.models import ChartPoint
from core.scales import LEAST_SPAN, apart, date_ticks, day_of, score_axis, stretches

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
SCORES = st.floats(1, 100)


def points(*days_back):
    return [ChartPoint(at=NOON - timedelta(days=day), score=50, low=48, high=52) for day in days_back]


@given(SCORES, SCORES)
def test_the_axis_holds_every_score_and_never_makes_a_small_move_large(one, other):
    low, high = sorted((one, other))
    axis = score_axis(low, high)
    assert 0 <= axis.low <= low <= high <= axis.high <= 100
    assert axis.high - axis.low >= LEAST_SPAN
    assert axis.high - axis.low <= max(LEAST_SPAN, high - low + 3) + 2 * axis.step


@given(SCORES, SCORES)
def test_lines_stand_at_round_scores_from_end_to_end(one, other):
    axis = score_axis(*sorted((one, other)))
    lines = list(axis.lines())
    assert (lines[0], lines[-1]) == (axis.low, axis.high)
    assert 4 <= len(lines) <= 8
    assert all(line % 5 == 0 for line in lines)


@pytest.mark.parametrize(
    ("low", "high", "ends"),
    [(48, 62, (45, 65)), (1, 3, (0, 20)), (98, 100, (80, 100)), (1, 100, (0, 100)), (60, 60, (50, 70))],
)
def test_axes_by_hand(low, high, ends):
    axis = score_axis(low, high)
    assert (axis.low, axis.high) == ends


@given(st.floats(700_000, 760_000), st.floats(0.01, 5_000))
def test_there_are_few_dates_all_of_them_in_view_and_in_order(start, length):
    ticks = date_ticks(start, start + length)
    assert len(ticks) <= 7
    assert all(start <= tick.day <= start + length for tick in ticks)
    assert [tick.day for tick in ticks] == sorted({tick.day for tick in ticks})
    if length >= 1:
        assert ticks
    if ticks:
        assert ticks[0].year == str(date.fromordinal(int(ticks[0].day)).year)


def test_weeks_start_on_monday_and_years_are_said_once():
    start = date(2026, 11, 20).toordinal()
    weekly = date_ticks(start, start + 45)
    assert [(tick.words, tick.year) for tick in weekly][:3] == [("23 Nov", "2026"), ("30 Nov", ""), ("7 Dec", "")]
    assert [tick.words for tick in weekly if tick.year == "2027"] == ["4 Jan"]
    long = date_ticks(start, start + 400)
    assert [tick.words for tick in long][:2] == ["Jan", "Mar"]


def test_a_day_begins_at_midnight_of_the_zone():
    late = datetime(2026, 11, 22, 23, 30, tzinfo=UTC)
    assert int(day_of(late, UTC)) == date(2026, 11, 22).toordinal()
    assert int(day_of(late, ZoneInfo("Europe/Berlin"))) == date(2026, 11, 23).toordinal()


def test_missing_weeks_cut_a_daily_line_but_not_a_weekly_one():
    assert [len(part) for part in stretches(points(30, 29, 28, 10, 9, 8))] == [3, 3]
    assert [len(part) for part in stretches(points(42, 35, 28, 21, 7, 0))] == [6]
    assert [len(part) for part in stretches(points(3, 0))] == [2]
    assert stretches([]) == []
    assert [len(part) for part in stretches(points(5))] == [1]


@given(st.lists(st.integers(0, 800), max_size=60))
def test_cutting_loses_no_point(days):
    cut = [point for part in stretches(points(*days)) for point in part]
    assert sorted(point.at for point in cut) == sorted(NOON - timedelta(days=day) for day in days)
    assert [point.at for point in cut] == sorted(point.at for point in cut)


@given(st.lists(st.floats(90, 500), min_size=1, max_size=12), st.floats(1, 60))
def test_labels_never_overlap_never_leave_and_keep_their_order(wanted, distance):
    placed = apart(wanted, distance, 90, 500)
    fair = min(distance, 410 / len(wanted))
    in_order = sorted(placed)
    assert all(later - earlier >= fair - 1e-6 for earlier, later in pairwise(in_order))
    assert all(90 - 1e-6 <= place <= 500 + 1e-6 for place in placed)
    for one in range(len(wanted)):
        for other in range(len(wanted)):
            assert wanted[one] >= wanted[other] or placed[one] <= placed[other]


def test_labels_with_room_stay_where_they_want_to_be():
    assert apart([100, 300, 200], 40, 90, 500) == [100, 300, 200]
    assert apart([200, 200], 40, 90, 500) == [180, 220]
