"""Running totals (GitHub stars) become gains: directions first, then a creator read twice over a real store."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.app import build
from core.connectors import Connector
from core.gains import gains
from core.manifest import Target
from core.models import FollowerReading, Post, Profile, Snapshot
from core.rereads import merge
from core.scoring import score_network
from core.settings import Settings
from tests.core.toy_network import HandClock, toy_manifest

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
COUNT = st.integers(0, 10**9)
DAYS = st.floats(7, 200)


def total(stars: int | None, *, name: str = "r1", opened: float | None = 1000, pushed: float = 5) -> Post:
    return Post(
        network="github",
        native_id=name,
        created_at=NOW - timedelta(days=pushed),
        opened_at=None if opened is None else NOW - timedelta(days=opened),
        likes=stars,
        reposts=None if stars is None else stars // 10,
    )


def earlier(stars: int | None, days: float, name: str = "r1") -> dict[str, tuple[datetime, Post]]:
    return {name: (NOW - timedelta(days=days), total(stars, name=name))}


def stars(post: Post, baselines: dict[str, tuple[datetime, Post]]) -> int | None:
    return gains([post], baselines, NOW).posts[0].likes


# --- directions -------------------------------------------------------------------------------------------------------


@given(COUNT, COUNT, COUNT, DAYS)
def test_more_stars_never_gain_less(before: int, now: int, more: int, days: float) -> None:
    few, many = (stars(total(count), earlier(before, days)) for count in (now, now + more))
    assert few is not None
    assert many is not None
    assert few <= many


@given(COUNT, COUNT, st.floats(0.1, 5000))
def test_more_stars_are_never_estimated_lower(now: int, more: int, age: float) -> None:
    few, many = (stars(total(count, opened=age), {}) for count in (now, now + more))
    assert few is not None
    assert many is not None
    assert few <= many <= now + more


@given(COUNT, COUNT, DAYS)
def test_nothing_gains_more_than_it_has_or_less_than_nothing(before: int, now: int, days: float) -> None:
    gained = stars(total(now), earlier(before, days))
    assert gained is not None
    assert 0 <= gained <= now


@given(COUNT, st.integers(0, 10**6), DAYS)
def test_a_fallen_counter_gains_nothing(now: int, lost: int, days: float) -> None:
    assert stars(total(now), earlier(now + lost, days)) == 0


@given(st.integers(0, 10**6), DAYS)
def test_a_steady_gain_is_the_same_whatever_lies_between_the_readings(a_day: int, days: float) -> None:
    base = 10**9
    gained = stars(total(base + round(a_day * days)), earlier(base, days))
    assert gained == pytest.approx(90 * a_day, abs=90 / days)


def test_more_stars_gained_never_lower_the_score() -> None:
    profile = Profile(network="github", native_id="1", handle="boats", followers=500, fetched_at=NOW)
    scores = []
    for gained in (0, 1, 5, 40, 300, 20_000):
        posts = [total(5000 + gained * i, name=f"r{i}", pushed=2 + 7 * i) for i in range(1, 11)]
        baselines = {f"r{i}": earlier(5000, 30, f"r{i}")[f"r{i}"] for i in range(1, 11)}
        found = gains(posts, baselines, NOW)
        scores.append(score_network(profile, found.posts, NOW, estimated=found.estimated))
    figures = [score.score for score in scores if score.score is not None]
    assert figures == sorted(figures)
    assert figures[0] == 1.0, "stars of years ago are no reactions of these 90 days"
    assert {score.state for score in scores} == {"ok"}


# --- what a gain is ---------------------------------------------------------------------------------------------------


def test_a_gain_is_scaled_to_ninety_days() -> None:
    assert stars(total(1_060), earlier(1_000, 30)) == 180
    assert stars(total(1_007), earlier(1_000, 7)) == 90
    assert stars(total(1_400), earlier(1_000, 180)) == 200


def test_a_first_reading_is_estimated_from_age() -> None:
    assert stars(total(1_000, opened=900), {}) == 100
    assert stars(total(1_000, opened=90), {}) == 1_000
    assert stars(total(1_000, opened=10), {}) == 1_000
    assert gains([total(1_000)], {}, NOW).posts[0].reposts == 9


def test_what_is_not_supplied_stays_unknown() -> None:
    assert stars(total(None), {}) is None
    assert stars(total(None), earlier(7, 30)) is None
    assert stars(total(50, opened=None), {}) is None
    assert stars(total(1_000, opened=900), earlier(None, 30)) == 100


def test_a_reading_from_the_future_is_no_earlier_reading() -> None:
    assert stars(total(1_000, opened=900), earlier(900, -1)) == 100


def test_an_estimate_says_so_until_most_are_measured() -> None:
    posts = [total(100, name=f"r{i}") for i in range(4)]
    known = {f"r{i}": earlier(90, 30, f"r{i}")[f"r{i}"] for i in range(4)}

    def after(number: int) -> tuple[bool, int]:
        found = gains(posts, dict(list(known.items())[:number]), NOW)
        return found.estimated, len(found.notes)

    assert [after(number) for number in range(5)] == [(True, 0), (True, 0), (False, 1), (False, 1), (False, 1)]
    assert "2 of 4" in gains(posts, dict(list(known.items())[:2]), NOW).notes[0]


def test_a_first_reading_is_provisional_even_where_age_makes_it_exact() -> None:
    assert gains([total(10, opened=20)], {}, NOW).estimated


def test_a_new_repository_of_a_known_account_is_no_guess() -> None:
    found = gains([total(10, opened=20), total(99, name="old")], earlier(90, 30, "old"), NOW)
    assert (found.measured, found.guessed, found.estimated) == (1, 0, False)


def test_a_push_of_today_does_not_hide_a_repository() -> None:
    def moved(**ages: float) -> datetime:
        return gains([total(10, **ages)], {}, NOW).posts[0].created_at

    assert moved(pushed=0.1) == NOW - timedelta(days=1)
    assert moved(pushed=-3) == NOW - timedelta(days=1)
    assert moved(pushed=5) == NOW - timedelta(days=5)
    assert moved(pushed=0.1, opened=0.5) == NOW - timedelta(days=0.5), "one opened today is young all the same"
    assert moved(pushed=0.1, opened=0.05) == NOW - timedelta(days=0.1)


def test_a_push_is_a_change_worth_storing() -> None:
    profile = Profile(network="github", native_id="1", handle="boats", fetched_at=NOW)
    before, after = total(10, pushed=40), total(10, pushed=2)
    snapshot = Snapshot(profile=profile, posts=(after,), complete_from=NOW - timedelta(days=91))
    assert merge([before], snapshot).changed == (after,)
    assert merge([after], snapshot).changed == ()


# --- over a real store ------------------------------------------------------------------------------------------------


class Forge:
    """A network of running totals in memory: ten repositories, pushed to every day."""

    def __init__(self, clock: HandClock) -> None:
        self.clock, self.stars, self.opened = clock, 1_000, NOW - timedelta(days=900)

    async def fetch(self, target: Target, *_: object) -> Snapshot:
        now = self.clock.now()
        profile = Profile(network="forge", native_id="1", handle="boats", followers=500, fetched_at=now)
        posts = tuple(
            Post(
                network="forge",
                native_id=f"r{i}",
                created_at=now - timedelta(days=1 + 3 * i),
                opened_at=self.opened,
                likes=self.stars + i,
                reposts=self.stars // 10,
            )
            for i in range(10)
        )
        return Snapshot(profile=profile, posts=posts, complete_from=now - timedelta(days=91), notes=("Forge: stars.",))

    def connector(self) -> Connector:
        manifest = toy_manifest("forge", "likes reposts", counts_are="lifetime")
        return Connector(manifest, self.fetch)


async def test_the_first_reading_is_provisional_and_a_later_one_measures(tmp_path: Path) -> None:
    clock = HandClock()
    forge = Forge(clock)
    connectors = {"forge": forge.connector()}
    manifests = {"forge": connectors["forge"].manifest}
    settings = Settings.read(manifests, {"CLOUT_DATABASE_URL": f"sqlite:///{tmp_path}/clout.db"}, None)
    async with build(settings, clock=clock, connectors=connectors) as app:

        async def look(days: int, count: int):
            clock.moment, forge.stars = NOW + timedelta(days=days), count
            reading = await app.lookups.lookup("terminal", "boats", fresh=True)
            return reading.networks[0], await app.lookups.posts(reading)

        first, stored = await look(0, 1_000)
        assert first.score is not None
        assert first.score.state == "provisional"
        assert any("Estimated from running totals" in note for note in first.score.notes)
        assert first.score.inputs is not None
        assert first.score.inputs.typical_reactions == pytest.approx(110, abs=2), "a tenth of the life, a tenth of it"
        assert {post.likes for post in stored["forge", "1"]} == set(range(1_000, 1_010)), "raw counts are stored"
        assert first.best_posts[0].post.likes in range(1_000, 1_010)

        soon, _ = await look(3, 1_000)
        assert soon.score is not None
        assert soon.score.state == "provisional", "three days say too little"

        still, _ = await look(30, 1_000)
        assert still.score is not None
        assert (still.score.state, still.score.score) == ("ok", 1.0), "nothing gained"
        assert any("gained between readings" in note for note in still.notes)

        later, _ = await look(31, 1_100)
        assert later.score is not None
        assert later.score.score is not None
        assert later.score.score > 20
        assert later.score.inputs is not None
        assert later.score.inputs.typical_reactions == pytest.approx(110 * 90 / 31, rel=0.05)


def test_follower_readings_are_left_alone() -> None:
    profile = Profile(network="github", native_id="1", handle="boats", followers=500, fetched_at=NOW)
    found = gains([total(100, name=f"r{i}") for i in range(9)], {}, NOW)
    past = (FollowerReading(fetched_at=NOW - timedelta(days=30), followers=400),)
    score = score_network(profile, found.posts, NOW, earlier=past, estimated=True)
    assert score.inputs is not None
    assert score.inputs.growth_30d is not None
