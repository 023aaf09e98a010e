"""What a creator's accounts add up to."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from core.models import NetworkReading, NetworkScore, Post, Profile, Snapshot
from core.readings import carried, counted, evidence, history, merge, strongest, total, weighed

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


def post(name: str, days: float, likes: int | None = 1) -> Post:
    return Post(network="toy", native_id=name, created_at=NOW - timedelta(days=days), likes=likes)


def profile(network: str = "toy", handle: str = "glow", **more: object) -> Profile:
    values = {"network": network, "native_id": f"{network}-1", "handle": handle, "fetched_at": NOW, **more}
    return Profile.model_validate(values)


def snapshot(*posts: Post, reach: float | None = 90) -> Snapshot:
    start = None if reach is None else NOW - timedelta(days=reach)
    return Snapshot(profile=profile(), posts=posts, complete_from=start)


def score(value: float | None, state: str = "ok", network: str = "toy") -> NetworkScore:
    values = {
        "network": network,
        "state": state,
        "score": value,
        "low": value,
        "high": value,
        "as_of": NOW,
        "model_version": "m",
        "weights_version": "w",
    }
    return NetworkScore.model_validate(values)


def reading(value: float | None, network: str = "toy", failed: bool = False, **more: object) -> NetworkReading:
    values = {
        "network": network,
        "status": "upstream_error" if failed else "ok",
        "handle": "glow",
        "native_id": f"{network}-1",
        "profile": profile(network),
        "score": score(value, network=network),
        "failure": {"network": network, "error": "Unavailable", "message": "m"} if failed else None,
        **more,
    }
    return NetworkReading.model_validate(values)


class TestMerge:
    def test_a_post_the_read_should_have_brought_was_deleted(self) -> None:
        merged = merge([post("a", 5), post("b", 6)], snapshot(post("a", 5)))
        assert [p.native_id for p in merged.posts] == ["a"]
        assert merged.deleted == ("b",)

    def test_a_post_outside_the_read_stays(self) -> None:
        merged = merge([post("old", 60)], snapshot(post("a", 5), reach=30))
        assert {p.native_id for p in merged.posts} == {"a", "old"}
        assert merged.deleted == ()

    def test_an_unknown_reach_deletes_nothing(self) -> None:
        assert merge([post("b", 6)], snapshot(post("a", 5), reach=None)).deleted == ()

    def test_only_what_changed_is_written(self) -> None:
        merged = merge([post("a", 5, likes=1), post("b", 6, likes=1)], snapshot(post("a", 5, 1), post("b", 6, 2)))
        assert [p.native_id for p in merged.changed] == ["b"]

    def test_of_duplicates_the_first_wins(self) -> None:
        merged = merge([], snapshot(post("a", 5, likes=1), post("a", 5, likes=9)))
        assert [p.likes for p in merged.posts] == [1]

    def test_new_counts_replace_old_ones_even_when_they_fall(self) -> None:
        assert [p.likes for p in merge([post("a", 5, 9)], snapshot(post("a", 5, 4))).posts] == [4]


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


def address(link: str) -> tuple[str, str] | None:
    network, _, handle = link.removeprefix("https://").partition("/")
    return (network, handle) if handle else None


LABELS = {"a": "Aland", "b": "Beta"}


class TestSeveralHits:
    def test_the_strongest_has_the_highest_score_then_most_followers(self) -> None:
        weak, strong = reading(20.0, "a"), reading(60.0, "b")
        assert strongest([weak, strong]) is strong
        few = reading(None, "a", profile=profile("a", followers=1))
        many = reading(None, "b", profile=profile("b", followers=9))
        assert strongest([few, many]) is many

    def test_a_profile_that_links_the_other_is_evidence(self) -> None:
        one = reading(50.0, "a", profile=profile("a", links=["https://b/glow"]))
        assert evidence(one, reading(40.0, "b"), address, LABELS) == ("Aland profile links to the Beta account",)

    def test_a_verified_link_says_so(self) -> None:
        one = reading(50.0, "a", profile=profile("a", verified_links=["https://b/glow"]))
        assert evidence(one, reading(40.0, "b"), address, LABELS) == ("verified link on Aland to the Beta account",)

    def test_a_link_to_somebody_else_is_none(self) -> None:
        one = reading(50.0, "a", profile=profile("a", links=["https://b/other"]))
        assert evidence(one, reading(40.0, "b"), address, LABELS) == ()

    def test_a_shared_domain_of_their_own_is_evidence_a_host_for_all_is_not(self) -> None:
        mine = reading(50.0, "bluesky", profile=profile("bluesky", "glow.example"))
        also = reading(40.0, "mastodon", profile=profile("mastodon", "glow@glow.example"))
        assert evidence(mine, also, address, LABELS) == ("both use the domain glow.example",)
        shared = reading(50.0, "bluesky", profile=profile("bluesky", "glow.bsky.social"))
        assert evidence(shared, also, address, LABELS) == ()
