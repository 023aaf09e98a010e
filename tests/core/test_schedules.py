"""Schedules: what people may type, the hours that daylight saving takes and gives, and the names of periods."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import BadSchedule
from core.schedules import Schedule, covered, due_runs, moment, next_run, parse_schedule, period, zones_like

SUNDAY = 6


def at(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[misc, arg-type]


def weekly(day: int, hour: int, minute: int, zone: str) -> Schedule:
    return Schedule(cadence="weekly", day=day, hour=hour, minute=minute, zone=zone)


@pytest.mark.parametrize(
    ("words", "written", "zone"),
    [
        ("every monday 09:00 Europe/Berlin", "every monday 09:00", "Europe/Berlin"),
        ("mon 09:00", "every monday 09:00", "UTC"),
        ("Tues 9am", "every tuesday 09:00", "UTC"),
        ("fridays at 9:30pm europe/paris", "every friday 21:30", "Europe/Paris"),
        ("every week on thu 7 pm", "every thursday 19:00", "UTC"),
        ("sun 12am", "every sunday 00:00", "UTC"),
        ("wed noon", "every wednesday 12:00", "UTC"),
        ("daily 09:00", "daily 09:00", "UTC"),
        ("every day 8.15", "daily 08:15", "UTC"),
        ("monthly 1 09:00 America/New_York", "monthly 1 09:00", "America/New_York"),
        ("every month on the 31st at 18:00", "monthly 31 18:00", "UTC"),
        ("", "every monday 09:00", "UTC"),
    ],
)
def test_what_people_type(words: str, written: str, zone: str) -> None:
    found = parse_schedule(words, "UTC")
    assert (found.written, found.zone) == (written, zone)
    assert parse_schedule(f"{found.written} {found.zone}", "UTC") == found, "what is shown can be typed"


@pytest.mark.parametrize(
    ("words", "named"),
    [
        ("every mnoday 09:00", "Did you mean monday"),
        ("every monday 25:00", "00:00 to 23:59"),
        ("mon 13pm", "the hour is 1 to 12"),
        ("mon 9:75", "00:00 to 23:59"),
        ("mon 09:00 Europe/Berln", "Europe/Berlin"),
        ("mon 09:00 berlin", "Europe/Berlin"),
        ("mon 09:00 Mars/Base", "no weekday, time or time zone"),
        ("monthly 32 09:00", "from 1 to 31"),
        ("monthly", "from 1 to 31"),
        ("mon `rm -rf`\u202e 09:00", "time zone"),
    ],
)
def test_what_makes_no_sense_is_refused_with_what_was_meant(words: str, named: str) -> None:
    with pytest.raises(BadSchedule, match=named) as caught:
        parse_schedule(words, "UTC")
    assert "\u202e" not in caught.value.message


def test_an_edit_keeps_what_it_does_not_name() -> None:
    base = parse_schedule("every friday 17:30 Asia/Tokyo", "UTC")
    assert parse_schedule("tuesday", "UTC", base=base).written == "every tuesday 17:30"
    assert parse_schedule("18:00", "UTC", base=base).written == "every friday 18:00"
    moved = parse_schedule("Europe/Berlin", "UTC", base=base)
    assert (moved.written, moved.zone) == ("every friday 17:30", "Europe/Berlin")


def test_zones_are_suggested_by_city_and_by_near_spelling() -> None:
    assert "Europe/Berlin" in zones_like("berl")
    assert "America/New_York" in zones_like("new york")
    assert zones_like("Europe/Berln")[0] == "Europe/Berlin"


# --- daylight saving --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("schedule", "on", "utc"),
    [
        (weekly(SUNDAY, 2, 30, "America/New_York"), date(2026, 3, 8), at(2026, 3, 8, 7, 30)),  # a gap: 03:30 EDT
        (weekly(SUNDAY, 1, 30, "America/New_York"), date(2026, 11, 1), at(2026, 11, 1, 5, 30)),  # twice: the first
        (weekly(SUNDAY, 2, 15, "Australia/Lord_Howe"), date(2026, 10, 4), at(2026, 10, 3, 15, 45)),  # half an hour
        (weekly(4, 9, 0, "Pacific/Apia"), date(2011, 12, 30), at(2011, 12, 30, 19, 0)),  # a day that never was
    ],
)
def test_hours_that_are_missing_or_come_twice(schedule: Schedule, on: date, utc: datetime) -> None:
    assert moment(schedule, on) == utc
    run = next_run(schedule, utc - timedelta(hours=12))
    assert (run.on, run.at) == (on, utc)
    assert next_run(schedule, utc, after=on).on == on + timedelta(days=7), "once a week, whatever the clock shows"


def test_a_day_that_never_was_has_no_daily_run() -> None:
    daily = Schedule(cadence="daily", hour=9, zone="Pacific/Apia")
    runs = due_runs(daily, date(2011, 12, 28), at(2012, 1, 1))
    assert [run.on.day for run in runs] == [28, 29, 31, 1]
    assert len({run.at for run in runs}) == 4


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe"])
def test_a_year_of_mondays_at_the_right_wall_time(zone: str) -> None:
    schedule, now, last = weekly(0, 9, 0, zone), at(2026, 1, 1), None
    periods, offsets = [], set()
    while True:
        run = next_run(schedule, now, after=last)
        if run.on.year > 2026:
            break
        local = run.at.astimezone(ZoneInfo(zone))
        assert (local.hour, local.minute, local.weekday(), local.date()) == (9, 0, 0, run.on)
        periods.append(period("weekly", run.on))
        offsets.add(local.utcoffset())
        now, last = run.at, run.on
    assert len(periods) == len(set(periods)) == 52
    assert len(offsets) == 2, "both changes of the clock are in the year"


@given(
    st.sampled_from(
        ["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Pacific/Apia", "Asia/Kathmandu"]
    ),
    st.sampled_from(["daily", "weekly", "monthly"]),
    st.integers(0, 6),
    st.integers(0, 23),
    st.integers(0, 59),
    st.integers(0, 10_000_000),
)
def test_runs_go_forward_one_a_period(zone: str, cadence: str, day: int, hour: int, minute: int, start: int) -> None:
    schedule = Schedule(cadence=cadence, day=day + (cadence == "monthly"), hour=hour, minute=minute, zone=zone)  # type: ignore[arg-type]
    now = at(2011, 1, 1) + timedelta(minutes=start)
    found = []
    run = next_run(schedule, now)
    for _ in range(5):
        assert run.at > now
        found.append(run)
        run = next_run(schedule, now, after=run.on)
    assert [one.at for one in found] == sorted({one.at for one in found})
    assert len({period(schedule.cadence, one.on) for one in found}) == len(found)
    assert due_runs(schedule, found[0].on, found[-1].at) == tuple(found)


# --- periods ----------------------------------------------------------------------------------------------------------


def test_periods_are_named_by_the_scheduled_date() -> None:
    assert period("weekly", date(2026, 11, 16)) == "2026-W47"
    assert period("weekly", date(2026, 12, 31)) == period("weekly", date(2027, 1, 1)) == "2026-W53"
    assert (period("daily", date(2026, 11, 23)), period("monthly", date(2026, 11, 1))) == ("2026-11-23", "2026-11")


def test_what_a_run_reports_on() -> None:
    assert covered("weekly", date(2026, 11, 23)) == (date(2026, 11, 16), date(2026, 11, 22))
    assert covered("daily", date(2026, 3, 1)) == (date(2026, 2, 28), date(2026, 2, 28))
    assert covered("monthly", date(2026, 1, 15)) == (date(2025, 12, 15), date(2026, 1, 14))
    assert covered("monthly", date(2026, 3, 31)) == (date(2026, 2, 28), date(2026, 3, 30))


def test_a_month_shorter_than_the_day_runs_on_its_last() -> None:
    monthly = Schedule(cadence="monthly", day=31, hour=9)
    runs = due_runs(monthly, date(2026, 1, 1), at(2026, 5, 1))
    assert [run.on for run in runs] == [date(2026, 1, 31), date(2026, 2, 28), date(2026, 3, 31), date(2026, 4, 30)]


def test_a_zone_that_vanished_runs_in_utc() -> None:
    lost = weekly(0, 9, 0, "Europe/Atlantis")
    assert next_run(lost, at(2026, 11, 20)).at == at(2026, 11, 23, 9)
