"""What a creator's accounts add up to."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest

from core.readings import carried, counted, history, total, weighed
from tests.core.toy_readings import NOW, post, reading, score


class TestTotal:
    def test_one_network_is_shown_as_it_is(self) -> None:
        assert total([reading(62.0)], NOW).score == pytest.approx(62.0)

    def test_another_network_never_lowers(self) -> None:
        both = total([reading(62.0), reading(20.0, "other")], NOW)
        assert both.score is not None
        assert both.score >= 62.0

    def test_a_separate_network_stays_out(self) -> None:
        found = total([reading(40.0), reading(90.0, "video", combine="separate")], NOW)
        assert found.score == pytest.approx(40.0)

    def test_a_failed_network_keeps_its_last_score(self) -> None:
        good, failed = [reading(50.0), reading(45.0, "b")], [reading(50.0), reading(45.0, "b", failed=True)]
        assert total(failed, NOW).score == total(good, NOW).score
        assert total(failed, NOW).state == "ok"

    def test_when_every_network_failed_the_state_is_stale(self) -> None:
        assert total([reading(50.0, failed=True)], NOW).state == "stale"

    def test_after_14_days_one_silent_network_makes_the_total_stale(self) -> None:
        later = NOW + timedelta(days=15)
        assert total([reading(50.0), reading(45.0, "b", failed=True)], later).state == "stale"

    def test_a_dormant_network_counts_only_when_no_living_one_does(self) -> None:
        dormant = reading(80.0, "b").model_copy(update={"score": score(80.0, "dormant", "b")})
        assert [s.network for s in counted([reading(40.0), dormant])] == ["toy"]
        assert [s.network for s in counted([dormant])] == ["b"]

    def test_nothing_scored_gives_no_number(self) -> None:
        assert total([reading(None)], NOW).score is None


class TestWeighed:
    def best(self, network: str, leverage: float) -> dict[str, object]:
        return {"best_posts": ({"post": post(f"{network}-p", 3).model_dump(), "leverage": leverage},)}

    def test_one_network_keeps_its_own_leverage(self) -> None:
        one = reading(50.0, **self.best("toy", 2.0))
        assert weighed([one])[0].best_posts[0].leverage == 2.0

    def test_the_small_network_moves_the_total_least(self) -> None:
        large, small = reading(80.0, "a", **self.best("a", 1.0)), reading(40.0, "b", **self.best("b", 1.0))
        first, second = (found.best_posts[0].leverage for found in weighed([large, small]))
        assert 0 < second < 0.1 < first <= 1.0

    def test_it_is_the_total_minus_the_total_without_the_post(self) -> None:
        networks = [reading(60.0, "a", **self.best("a", 3.0)), reading(55.0, "b")]
        whole, without = total(networks, NOW), total([reading(57.0, "a"), reading(55.0, "b")], NOW)
        assert whole.score is not None
        assert without.score is not None
        assert weighed(networks)[0].best_posts[0].leverage == pytest.approx(whole.score - without.score)


class TestCarried:
    def test_no_post_left_keeps_the_last_score_as_dormant(self) -> None:
        kept = carried(score(None, "insufficient"), score(44.0))
        assert (kept.state, kept.score) == ("dormant", 44.0)

    def test_too_few_posts_is_not_dormant(self) -> None:
        recent = score(None, "insufficient").model_copy(update={"last_post_at": NOW - timedelta(hours=3)})
        assert carried(recent, score(44.0)).state == "insufficient"

    def test_without_an_earlier_score_nothing_is_carried(self) -> None:
        assert carried(score(None, "insufficient"), None).state == "insufficient"


@dataclass(frozen=True)
class Day:
    at: datetime
    score: float | None
    low: float | None
    high: float | None
    state: str = "ok"
    model_version: str = "m"
    flags: str | None = None


def day(back: int, value: float, **more: object) -> Day:
    return Day(NOW - timedelta(days=back), value, value - 2, value + 2, **more)  # type: ignore[arg-type]


class TestHistory:
    def test_one_account_comes_back_as_stored(self) -> None:
        points = history({"a": [day(1, 50.0), day(0, 52.0)]})
        assert [(p.score, p.low, p.high) for p in points] == [(50.0, 48.0, 52.0), (52.0, 50.0, 54.0)]

    def test_a_day_without_a_reading_carries_the_last_one(self) -> None:
        points = history({"a": [day(3, 50.0), day(0, 50.0)], "b": [day(2, 50.0)]})
        assert [round(p.score, 1) for p in points] == [50.0, 55.7, 55.7]

    def test_a_carried_score_ends_after_14_days(self) -> None:
        points = history({"a": [day(20, 50.0)], "b": [day(0, 40.0)]})
        assert points[-1].score == 40.0

    def test_versions_are_never_mixed(self) -> None:
        points = history({"a": [day(1, 50.0, model_version="old"), day(0, 60.0)]}, "m")
        assert [p.score for p in points] == [60.0]

    def test_states_without_a_number_leave_no_point(self) -> None:
        assert history({"a": [Day(NOW, None, None, None, "insufficient")]}) == ()
