"""What a watch understands, and the pure judgement of scores and posts."""

import pytest

from core.errors import InputError
from core.models import Post
from core.watches import Mark, judge, parse_rule, spike_times, weighted
from tests.core.stored_readings import NOON

DAY_MS = 86_400_000


@pytest.mark.parametrize(
    ("typed", "written"),
    [
        ("above 60", "above 60"),
        ("BELOW 40", "below 40"),
        ("moves 5 in 7d", "moves 5 in 7d"),
        ("moves 5 in 2w", "moves 5 in 14d"),
        ("moves 5", "moves 5 in 7d"),
        ("instagram above 50", "instagram above 50"),
        ("spike", "spike"),
        ("above 1", "above 1"),
        ("above 100", "above 100"),
    ],
)
def test_rules_are_read(typed: str, written: str) -> None:
    assert parse_rule([typed], ["instagram"]).written == written


@pytest.mark.parametrize("points", ["0", "101", "-5", "60.5", "1e2", "٦٠", "sixty", "99999999999999999999"])
def test_a_score_that_is_none_is_refused_in_one_line(points: str) -> None:
    with pytest.raises(InputError, match="whole number from 1 to 100") as caught:
        parse_rule(["above", points], [])
    assert "\n" not in caught.value.message


@pytest.mark.parametrize(
    "typed", ["", "above", "rises 5", "above 60 70", "moves 1 in 7d", "moves 5 in 0d", "moves 5 in 91d", "moves 5 in x"]
)
def test_what_is_no_rule_says_what_would_be_one(typed: str) -> None:
    with pytest.raises(InputError, match=r"moves|above"):
        parse_rule([typed], ["instagram"])


def test_17_alerts_fire_once_per_crossing_in_any_course_of_scores() -> None:
    """For every course: between two alerts there is a score 2 points back, and 24 hours."""
    import numpy as np

    rng = np.random.default_rng(17)
    for _ in range(2_000):
        kind = "above" if rng.random() < 0.5 else "below"
        scores = np.clip(50 + np.cumsum(rng.integers(-3, 4, 40)), 1, 100)
        mark: Mark | None = None
        fired: int | None = None
        back, now = True, 0
        for score in scores.tolist():
            now += int(rng.integers(1, 48)) * DAY_MS // 24
            before = mark
            mark, news = judge(kind, 50, score, "1", mark, now)
            if news in {"crossed", "again"}:
                assert before is not None
                assert back
                assert fired is None or now - fired >= DAY_MS
                assert score >= 50 if kind == "above" else score < 50
                fired, back = now, False
            back = back or (score <= 48 if kind == "above" else score >= 52)


def test_17_another_model_version_only_says_on_which_side_a_score_stands() -> None:
    mark, news = judge("above", 50, 60, "2", Mark(True, None, "1"), DAY_MS)
    assert (mark, news) == (Mark(False, None, "2"), None)


def test_a_muted_crossing_is_told_afterwards() -> None:
    mark, news = judge("above", 50, 60, "1", Mark(True, None, "1"), DAY_MS, muted=True)
    assert (mark.armed, news) == (True, None)
    assert judge("above", 50, 60, "1", mark, 2 * DAY_MS)[1] == "crossed"


def post(**counts: int | None) -> Post:
    return Post(network="bluesky", native_id="1", created_at=NOON, **counts)


def test_a_spike_is_more_than_five_times_a_typical_post_of_eight_or_more() -> None:
    usual = weighted(post(likes=10))
    assert usual is not None
    assert spike_times(post(likes=50), usual, 8) is None
    assert spike_times(post(likes=51), usual, 8) is not None
    assert spike_times(post(likes=5_000), usual, 7) is None
    assert spike_times(post(views=5_000), usual, 8) is None
