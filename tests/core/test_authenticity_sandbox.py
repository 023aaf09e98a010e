"""The sandbox's creators through the rules at several clocks: cheats are caught, everybody else pays nothing."""

from datetime import timedelta

import pytest

from core.authenticity import counting, flags, penalty
from core.scoring import score_network
from sandbox.world import Account, World
from tests.core.sandbox_accounts import daily_followers, posts_of, profile_of

CLOCKS = (-28, -7, 0, 21)  # days from the world's anchor
CHEATS = {"maxout", "followback"}  # two kinds of pattern each
NETWORKS = ("bluesky", "mastodon", "instagram", "tiktok", "x")


def seen(account: Account, world: World, days: int) -> tuple[set[str], float]:
    moment = world.anchor + timedelta(days=days)
    found = flags(profile_of(account, moment), posts_of(account, moment), moment, daily_followers(account, moment))
    return set(counting(found)), penalty(found)


@pytest.fixture(scope="module")
def world() -> World:
    return World()


@pytest.mark.parametrize("days", CLOCKS)
def test_only_cheats_pay(world, days):
    paying = {a.role.slug for a in world.accounts() if a.network in NETWORKS and seen(a, world, days)[1] < 1.0}
    assert paying <= CHEATS
    # its followers came 24 days before the anchor
    assert paying == (CHEATS if days > -24 else CHEATS - {"maxout"})


@pytest.mark.parametrize(
    ("slug", "network", "wanted"),
    [
        ("maxout", "bluesky", {"ghost audience", "follower jump", "too even"}),
        ("followback", "bluesky", {"mass follow", "pod-like"}),
        ("boosty", "bluesky", {"ghost audience", "follower jump"}),
        ("podling", "bluesky", {"pod-like"}),
        ("hollow", "bluesky", {"ghost audience"}),
        ("floaty", "bluesky", {"follower jump"}),
        ("tickbot", "bluesky", {"inhuman rate"}),
        ("nanette", "bluesky", set()),
        ("mara", "bluesky", set()),
        ("beanco", "bluesky", set()),
        ("flashbulb", "bluesky", set()),
        ("sprout", "bluesky", set()),
        ("pebble", "x", set()),
    ],
)
def test_each_shows_its_pattern_today(world, slug, network, wanted):
    assert seen(world.creator(slug)[network], world, 0)[0] == wanted


def test_the_deduction_of_a_cheat_is_exact(world):
    account = world.creator("maxout")["bluesky"]
    moment = world.anchor
    found = flags(profile_of(account, moment), posts_of(account, moment), moment, daily_followers(account, moment))
    assert penalty(found) == pytest.approx(0.7)  # three patterns of two kinds
    assert score_network(profile_of(account, moment), posts_of(account, moment), moment).score > 30
