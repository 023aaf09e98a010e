import json
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.connectors.resets import DIALECTS, FARTHEST, next_pacific_midnight, next_utc_midnight, reset_at

NOW = datetime(2026, 11, 22, 20, 0, tzinfo=UTC)
EPOCH = int(NOW.timestamp())


def later(**span: float) -> datetime:
    return NOW + timedelta(**span)


def meta_usage(*minutes: object) -> str:
    entries = [{"type": "instagram", "call_count": 100, "estimated_time_to_regain_access": m} for m in minutes]
    return json.dumps({"17841400000000000": entries})


@pytest.mark.parametrize(
    ("dialect", "headers", "expected"),
    [
        ("x", {"x-rate-limit-reset": str(EPOCH + 900)}, later(minutes=15)),
        ("bluesky", {"ratelimit-reset": str(EPOCH + 300), "ratelimit-policy": "3000;w=300"}, later(minutes=5)),
        ("mastodon", {"x-ratelimit-reset": "2026-11-22T20:05:00.123456Z"}, later(minutes=5, microseconds=123456)),
        ("mastodon", {"x-ratelimit-reset": "2026-11-22T21:05:00+01:00"}, later(minutes=5)),
        ("mastodon", {"x-ratelimit-reset": "2026-11-22T20:05:00"}, later(minutes=5)),
        ("reddit", {"x-ratelimit-reset": "598.5", "x-ratelimit-remaining": "0.0"}, later(seconds=598.5)),
        ("meta", {"x-business-use-case-usage": meta_usage(0, 12, 7)}, later(minutes=12)),
        ("meta", {"x-business-use-case-usage": meta_usage("12")}, later(minutes=12)),
        ("meta", {"x-business-use-case-usage": meta_usage(0)}, None),
        ("pinterest", {"x-ratelimit-reset": "60"}, later(seconds=60)),
        ("pinterest", {"x-ratelimit-reset": str(EPOCH + 60)}, later(seconds=60)),
        ("github", {"retry-after": "60"}, later(minutes=1)),
        ("github", {"x-ratelimit-reset": str(EPOCH + 1800), "x-ratelimit-remaining": "0"}, later(minutes=30)),
        ("github", {"x-ratelimit-reset": str(EPOCH + 1800)}, later(minutes=30)),
        ("twitch", {"Ratelimit-Reset": str(EPOCH + 30)}, later(seconds=30)),
        ("retry-after", {"Retry-After": "120"}, later(minutes=2)),
        ("retry-after", {"Retry-After": "0"}, NOW),
        ("retry-after", {"Retry-After": "Sun, 22 Nov 2026 20:10:00 GMT"}, later(minutes=10)),
        ("retry-after", {"Retry-After": "Sun, 22 Nov 2026 20:10:00 -0000"}, later(minutes=10)),
    ],
)
def test_each_dialect_reads_its_own_unit(dialect: str, headers: dict[str, str], expected: datetime | None) -> None:
    assert reset_at([dialect], headers, NOW) == expected


def test_githubs_primary_reset_does_not_apply_while_requests_remain() -> None:
    headers = {"retry-after": "60", "x-ratelimit-reset": str(EPOCH + 3000), "x-ratelimit-remaining": "41"}
    assert reset_at(["github"], headers, NOW) == later(minutes=1)


def test_the_latest_of_several_wins() -> None:
    headers = {"x-rate-limit-reset": str(EPOCH + 900), "retry-after": "60"}
    assert reset_at(["x", "retry-after"], headers, NOW) == later(minutes=15)
    assert reset_at(["retry-after", "x"], headers, NOW) == later(minutes=15)
    spent = {"retry-after": "60", "x-ratelimit-reset": str(EPOCH + 3000), "x-ratelimit-remaining": "0"}
    assert reset_at(["github"], spent, NOW) == later(seconds=3000)


def test_garbage_in_one_header_leaves_the_other_standing() -> None:
    headers = {"x-rate-limit-reset": "soon", "retry-after": "60"}
    assert reset_at(["x", "retry-after"], headers, NOW) == later(minutes=1)


GARBAGE = [
    "", " ", "nan", "NaN", "inf", "-inf", "-5", "+5", "1e3", "1_000", "0x10", "٣٠", "tomorrow", "60, 60", "6" * 500,
    "[]", "{}", "null",
    "Sun, 99 Nov 2026 20:10:00 GMT", "9999-12-31T23:59:59.999999+14:00", "0001-01-01T00:00:00-14:00",
    str(10**11), "2026-11-22T19:59:59Z", "Sun, 22 Nov 2026 19:00:00 GMT", "\x00", "0\x1f", "1.2.3", '{"a": [{"b": 1}]}',
    '{"a": [null, 3, []]}', '{"a": 4}', meta_usage(-3), meta_usage(float("nan")), meta_usage(True), meta_usage(10**9),
    meta_usage([1]), "[" * 200_000, meta_usage("NaN"), "99999999999999999999-01-01",
]  # fmt: skip
NAMES = [
    "x-rate-limit-reset", "ratelimit-reset", "x-ratelimit-reset", "x-business-use-case-usage", "retry-after",
]  # fmt: skip


@pytest.mark.parametrize("dialect", sorted(DIALECTS))
@pytest.mark.parametrize("text", GARBAGE, ids=range(len(GARBAGE)))
def test_garbage_is_no_time_at_all(dialect: str, text: str) -> None:
    assert reset_at([dialect], dict.fromkeys(NAMES, text), NOW) is None


@pytest.mark.parametrize("dialect", sorted(DIALECTS))
def test_missing_headers_are_no_time_at_all(dialect: str) -> None:
    assert reset_at([dialect], {}, NOW) is None


def test_no_wait_is_longer_than_a_month() -> None:
    days = 24 * 3600
    assert reset_at(["retry-after"], {"retry-after": str(32 * days)}, NOW) == NOW + FARTHEST
    assert reset_at(["retry-after"], {"retry-after": str(32 * days + 1)}, NOW) is None
    assert reset_at(["x"], {"x-rate-limit-reset": str(EPOCH + 33 * days)}, NOW) is None


def test_an_unknown_dialect_names_those_that_exist() -> None:
    with pytest.raises(ValueError, match=r"'klingon'.*bluesky.*x"):
        reset_at(["klingon"], {}, NOW)


def test_now_may_be_in_any_zone_and_the_answer_is_utc() -> None:
    tokyo = NOW.astimezone(ZoneInfo("Asia/Tokyo"))
    read = reset_at(["retry-after"], {"retry-after": "Mon, 23 Nov 2026 05:10:00 +0900"}, tokyo)
    assert read == later(minutes=10)
    assert read is not None
    assert read.tzinfo is UTC


@given(st.sampled_from(sorted(DIALECTS)), st.text() | st.integers().map(str) | st.floats().map(str))
def test_whatever_a_server_says_is_a_near_future_or_nothing(dialect: str, text: str) -> None:
    read = reset_at([dialect], dict.fromkeys(NAMES, text), NOW)
    assert read is None or NOW <= read <= NOW + FARTHEST


@given(st.integers(min_value=0, max_value=31 * 24 * 3600), st.integers(min_value=0, max_value=24 * 3600))
def test_a_larger_figure_is_never_an_earlier_time(seconds: int, more: int) -> None:
    first = reset_at(["retry-after"], {"retry-after": str(seconds)}, NOW)
    second = reset_at(["retry-after"], {"retry-after": str(seconds + more)}, NOW)
    assert first is not None
    assert second is not None
    assert first <= second


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (datetime(2026, 11, 22, 23, 59, 59, tzinfo=UTC), datetime(2026, 11, 23, tzinfo=UTC)),
        (datetime(2026, 11, 23, tzinfo=UTC), datetime(2026, 11, 24, tzinfo=UTC)),
        (datetime(2026, 12, 31, 12, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)),
        (datetime(2026, 11, 23, 8, tzinfo=ZoneInfo("Asia/Tokyo")), datetime(2026, 11, 23, tzinfo=UTC)),
    ],
)
def test_next_utc_midnight(now: datetime, expected: datetime) -> None:
    assert next_utc_midnight(now) == expected


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (datetime(2026, 11, 22, 7, 59, tzinfo=UTC), datetime(2026, 11, 22, 8, tzinfo=UTC)),  # PST is UTC-8
        (datetime(2026, 11, 22, 8, 0, tzinfo=UTC), datetime(2026, 11, 23, 8, tzinfo=UTC)),
        (datetime(2026, 7, 1, 6, 59, tzinfo=UTC), datetime(2026, 7, 1, 7, tzinfo=UTC)),  # PDT is UTC-7
        (datetime(2026, 3, 8, 8, 30, tzinfo=UTC), datetime(2026, 3, 9, 7, tzinfo=UTC)),  # the day of 23 hours
        (datetime(2026, 11, 1, 7, 30, tzinfo=UTC), datetime(2026, 11, 2, 8, tzinfo=UTC)),  # the day of 25 hours
    ],
)
def test_next_pacific_midnight(now: datetime, expected: datetime) -> None:
    assert next_pacific_midnight(now) == expected


@given(st.integers(min_value=0, max_value=20 * 366 * 24 * 3600))
def test_midnights_are_ahead_and_near(seconds: int) -> None:
    now = datetime(2020, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
    for midnight in (next_utc_midnight(now), next_pacific_midnight(now)):
        assert timedelta() < midnight - now <= timedelta(hours=25)
