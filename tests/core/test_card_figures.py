from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import figures

NOW = datetime(2026, 11, 22, 14, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0, "0"),
        (950, "950"),
        (999, "999"),
        (999.5, "1K"),
        (1_000, "1K"),
        (12_400, "12.4K"),
        (12_449, "12.4K"),
        (12_450, "12.5K"),
        (99_949, "99.9K"),
        (99_950, "100K"),
        (184_213, "184K"),
        (999_499, "999K"),
        (999_500, "1M"),
        (3_100_000, "3.1M"),
        (2**63 - 1, "9223372T"),
    ],
)
def test_counts_have_three_digits_at_most(value, shown):
    assert figures.count(value) == shown


@given(st.integers(0, 10**14), st.integers(0, 10**14))
def test_a_larger_count_is_never_shown_as_a_smaller_one(one, other):
    unit = {"K": 10**3, "M": 10**6, "B": 10**9, "T": 10**12}

    def read(text):
        return Decimal(text[:-1]) * unit[text[-1]] if text[-1] in unit else Decimal(text)

    low, high = sorted((one, other))
    assert read(figures.count(low)) <= read(figures.count(high))


@given(st.floats(1, 100))
def test_scores_round_half_up_and_stay_within_the_scale(score):
    assert abs(figures.shown(score) - score) <= 0.5
    assert 1 <= figures.shown(score) <= 100


def test_half_rounds_up():
    assert [figures.shown(v) for v in (1.5, 2.5, 49.5, 62.49)] == [2, 3, 50, 62]


@pytest.mark.parametrize(
    ("score", "band"),
    [
        (1, "quiet"),
        (19.4, "quiet"),
        (19.5, "modest"),
        (40, "solid"),
        (50, "strong"),
        (65, "very strong"),
        (80, "exceptional"),
    ],
)
def test_bands_stand_on_the_shown_score(score, band):
    assert figures.band(score) == band


def test_signs():
    assert figures.signed(1.94) == "+1.9"
    assert figures.signed(-0.31) == "−0.3"
    assert figures.signed(-0.01) == "+0.0"
    assert figures.whole_signed(-2) == "−2"
    assert figures.movement(4, "this week") == "▲ 4 this week"
    assert figures.movement(-3, "this week") == "▼ 3 this week"
    assert figures.movement(0, "this week") == "● no change this week"


def test_shares():
    assert figures.percent(0.031) == "3.1 %"
    assert figures.percent(0.0004) == "under 0.1 %"
    assert figures.percent(0) == "0.0 %"


@given(st.lists(st.floats(-50, 50), max_size=12), st.integers(0, 2))
def test_rounded_rows_add_up_as_printed(values, decimals):
    rows = figures.largest_remainder(values, decimals)
    unit = Decimal(1).scaleb(-decimals)
    exact = sum((Decimal(v) for v in values), Decimal(0))
    assert abs(sum(rows, Decimal(0)) - exact) <= unit / 2
    assert all(abs(row - Decimal(value)) < unit for row, value in zip(rows, values, strict=True))


def test_rows_follow_a_given_total():
    assert figures.largest_remainder([1.25, 1.25, 1.25], 1, 3.8) == (Decimal("1.3"), Decimal("1.3"), Decimal("1.2"))
    with pytest.raises(ValueError, match="add up"):
        figures.largest_remainder([1.0, 1.0], 1, 9.0)


@pytest.mark.parametrize(
    ("age", "shown"),
    [
        (timedelta(seconds=20), "just now"),
        (timedelta(seconds=-20), "just now"),
        (timedelta(minutes=5), "5 min ago"),
        (timedelta(hours=2, minutes=59), "2 h ago"),
        (timedelta(hours=23, minutes=59), "23 h ago"),
        (timedelta(days=1), "21 Nov"),
        (timedelta(days=400), "18 Oct 2025"),
    ],
)
def test_ages(age, shown):
    assert figures.ago(NOW - age, NOW, "UTC") == shown


def test_dates_are_those_of_the_zone():
    late = datetime(2026, 11, 21, 23, 30, tzinfo=UTC)
    assert figures.day(late, "UTC") == "21 Nov 2026"
    assert figures.day(late, "Europe/Berlin", now=NOW) == "22 Nov"
    assert figures.at_time(late, NOW, "Europe/Berlin") == "00:30 Europe/Berlin"
    assert figures.at_time(late, NOW, "UTC") == "21 Nov 23:30 UTC"


@pytest.mark.parametrize("zone", ["Not/AZone", "", "../etc/passwd", "\0"])
def test_an_unknown_zone_says_utc(zone):
    assert figures.clock(NOW, zone) == "14:00 UTC"


def test_lengths():
    assert [figures.span(timedelta(days=d)) for d in (0, 1, 9, 20, 21, 84)] == [
        "1 day",
        "1 day",
        "9 days",
        "20 days",
        "3 weeks",
        "12 weeks",
    ]
