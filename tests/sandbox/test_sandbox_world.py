import ast
import sys
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from sandbox.cast import CAST
from sandbox.clock import MovableClock
from sandbox.timeline import KIND_NAMES, REPLY, REPOST, THREAD, grown_share
from sandbox.world import Account, World

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
DAY = 86_400.0


def bluesky(world: World, slug: str) -> Account:
    return world.creator(slug)["bluesky"]


def totals(account: Account, moment: float) -> int:
    return int(account.timeline.counts(account.timeline.visible(moment), moment)[:, :4].sum())


def test_the_same_seed_makes_the_same_world_whatever_is_asked_first() -> None:
    one, two = World(20, NOW), World(20, NOW)
    order = [account.handle for account in one.accounts()]
    for account in reversed(list(two.accounts())):
        assert len(account.timeline.at) >= 0
    for handle_of_one, account in zip(order, two.accounts(), strict=True):
        assert handle_of_one == account.handle
        twin = one.find(account.network, account.native_id)
        assert twin is not None
        assert np.array_equal(twin.timeline.final, account.timeline.final)
        assert np.array_equal(twin.timeline.at, account.timeline.at)
        assert twin.followers(NOW.timestamp()) == account.followers(NOW.timestamp())


def test_another_seed_makes_another_world_with_the_same_people() -> None:
    one, two = World(20, NOW), World(21, NOW)
    assert one.handles() == two.handles()
    first, second = (bluesky(world, "glowguru").timeline.final for world in (one, two))
    assert first.shape != second.shape or not np.array_equal(first, second)


@pytest.mark.parametrize("slug", [role.slug for role in CAST])
def test_nothing_falls_while_the_clock_moves_on(slug: str) -> None:
    world = World(20, NOW)
    for account in world.accounts_of(slug):
        moments = NOW.timestamp() + DAY * np.array([-84.0, -30.0, -7.0, -1.0, 0.0, 0.5, 7.0, 84.0])
        line = account.timeline
        for before, after in pairwise(moments):
            seen = line.visible(float(before))
            kept = seen[line.deleted_at[seen] > after]
            assert set(kept) <= set(line.visible(float(after)))
            assert (line.counts(kept, float(after)) >= line.counts(kept, float(before))).all()


def test_no_post_of_the_future_shows_and_none_has_reactions_before_it_exists() -> None:
    world = World(20, NOW)
    then = (NOW - timedelta(weeks=12)).timestamp()
    for account in world.accounts():
        line = account.timeline
        seen = line.visible(then)
        assert (line.at[seen] <= then).all()
        assert (line.counts(seen, then) >= 0).all()
        assert (line.counts(seen, then) <= line.final[seen]).all()


def test_most_reactions_come_in_the_first_two_days() -> None:
    share = grown_share(np.array([-5.0, 0.0, 2 * DAY, 14 * DAY, 90 * DAY]))
    assert share[0] == share[1] == 0.0
    assert 0.75 < share[2] < 0.9
    assert 0.9 < share[3] < share[4] <= 1.0


def test_bought_followers_come_in_a_day_and_bring_no_reactions() -> None:
    world = World(20, NOW)
    boosty, now = bluesky(world, "boosty"), NOW.timestamp()
    before, after = boosty.followers(now - 18 * DAY), boosty.followers(now - 15 * DAY)
    assert after > 8 * before
    line = boosty.timeline
    early = (line.at > now - 60 * DAY) & (line.at < now - 20 * DAY)
    late = (line.at > now - 15 * DAY) & (line.at < now)
    assert np.median(line.final[late].sum(axis=1)) < 2 * np.median(line.final[early].sum(axis=1))


def test_a_follower_jump_that_is_lost_again() -> None:
    floaty, now = bluesky(World(20, NOW), "floaty"), NOW.timestamp()
    top = floaty.followers(now - 37 * DAY)
    start = floaty.followers(now - 41 * DAY)
    end = floaty.followers(now - 20 * DAY)
    assert top - end > 0.5 * (top - start)


def test_bought_likes_are_too_even() -> None:
    line = bluesky(World(20, NOW), "maxout").timeline
    likes = line.final[:, 0]
    assert likes.std() / likes.mean() < 0.08


def test_the_silent_the_dormant_and_the_newcomer() -> None:
    world, now = World(20, NOW), NOW.timestamp()

    def newest_age(slug: str) -> float:
        line = bluesky(world, slug).timeline
        return float((now - line.at[line.visible(now)][-1]) / DAY)

    assert 59 < newest_age("oldstar") < 75
    assert newest_age("driftwood") > 90
    assert 20 < newest_age("lull") < 30
    assert len(bluesky(world, "sprout").timeline.visible(now)) == 4
    assert len(bluesky(world, "blank").timeline.visible(now)) == 0


def test_the_demo_post_of_last_week_did_very_well() -> None:
    line = bluesky(World(20, NOW), "beanco").timeline
    (index, text), *_ = line.text.items()
    assert "demo" in text.lower()
    assert 5 < (NOW.timestamp() - line.at[index]) / DAY < 8
    assert line.final[index].sum() > 20 * np.median(line.final[: index - 20].sum(axis=1))


def test_one_viral_post_among_small_ones() -> None:
    final = bluesky(World(20, NOW), "flashbulb").timeline.final.sum(axis=1)
    assert final.max() > 500_000
    assert np.sort(final)[-2] < 500


def test_people_sleep_and_the_bot_does_not() -> None:
    world = World(20, NOW)
    hours = {
        slug: {int(hour) for hour in (bluesky(world, slug).timeline.at % DAY) // 3600}
        for slug in ("kettlewright", "tickbot")
    }
    assert hours["kettlewright"] <= set(range(7, 22))
    assert hours["tickbot"] == set(range(24))


def test_replies_and_reposts_point_to_somebody_else_and_threads_to_oneself() -> None:
    world, now = World(20, NOW), NOW.timestamp()
    glow = bluesky(world, "glowguru")
    line = glow.timeline
    kinds = {KIND_NAMES[kind] for kind in line.kind}
    assert kinds == set(KIND_NAMES)
    for index in line.visible(now):
        post = glow.view(int(index), now)
        if post.kind in (REPLY, REPOST):
            assert post.target is not None
            assert post.target.account is not glow
            assert post.target.at < post.at
        if post.kind == THREAD:
            assert post.target is not None
            assert post.target.account is glow
            assert post.target.at <= post.at


def test_a_deletion_takes_effect_at_its_moment_only() -> None:
    edda, now = bluesky(World(20, NOW), "eraser"), NOW.timestamp()
    assert len(edda.timeline.visible(now - 3 * DAY)) > 0
    gone = np.nonzero(np.isfinite(edda.timeline.deleted_at))[0]
    assert len(gone) == 2
    assert set(gone) <= set(edda.timeline.visible(now - 3 * DAY))
    assert not set(gone) & set(edda.timeline.visible(now))


def test_links_are_mutual_and_namesakes_are_not_linked() -> None:
    world = World(20, NOW)
    for account in world.accounts():
        assert all(account in other.links for other in account.links)
    song, code = world.find("bluesky", "robin.bsky.social"), world.find("github", "robin")
    assert song is not None
    assert code is not None
    assert song.role is not code.role
    assert "github.com/robin" not in song.bio
    assert "robin.bsky.social" not in code.bio


def test_no_handle_and_no_native_id_twice() -> None:
    world = World(20, NOW)
    keys = [(account.network, name) for account in world.accounts() for name in (account.handle, account.native_id)]
    assert len(keys) == len(set(keys))
    assert 40 <= len(CAST) <= 55


def test_the_crowd_is_as_large_as_asked_and_stays_the_same() -> None:
    small, large = World(20, NOW, crowd=3), World(20, NOW, crowd=30)
    one, two = (world.find("bluesky", "crowd-2.bsky.social") for world in (small, large))
    assert one is not None
    assert two is not None
    assert np.array_equal(one.timeline.final, two.timeline.final)
    assert small.find("bluesky", "crowd-3.bsky.social") is None
    assert totals(one, NOW.timestamp()) == totals(two, NOW.timestamp())


def test_the_clock_stands_moves_and_refuses_times_without_a_zone() -> None:
    clock = MovableClock(NOW)
    clock.advance(timedelta(days=-84))
    assert clock.now() == NOW - timedelta(days=84)
    assert not clock.running
    with pytest.raises(ValueError, match="zone"):
        clock.set(datetime(2026, 1, 1))  # noqa: DTZ001
    with pytest.raises(ValueError, match="zone"):
        MovableClock(datetime(2026, 1, 1))  # noqa: DTZ001


def test_a_running_clock_goes_on_from_where_it_was_set() -> None:
    clock = MovableClock()
    assert clock.running
    clock.set(NOW)
    assert timedelta(0) <= clock.now() - NOW < timedelta(seconds=5)
    clock.freeze()
    assert clock.now() == clock.now()


def test_the_sandbox_imports_nothing_of_the_product() -> None:
    allowed = {"sandbox", "numpy", "starlette", "uvicorn", "h11"}
    for path in (Path(__file__).parents[2] / "sandbox").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            for name in names:
                root = name.partition(".")[0]
                assert root in allowed or root in sys.stdlib_module_names, f"{path.name} imports {name}"
