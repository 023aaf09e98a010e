"""The point ledger: exact sums, and every x follows from the figures and constants that stand beside it."""

import math
import random

import numpy as np
import pytest

from core.authenticity import GROUPS, penalty
from core.explain import printed_points
from core.ledger import FORMULAS, PointLedger, PointRow, point_ledger
from core.models import PARTS, Flag, NetworkReading, Reading
from core.readings import total
from core.scoring import score_network
from tests.core.readings_by_hand import EVERY
from tests.core.simulated_accounts import NETWORKS, NOW, Habits, models_of, simulate


def made_flag(name: str) -> Flag:
    return Flag(name=name, group=GROUPS[name], text="seen", threshold=1.0)


def reading_of(readings: list[NetworkReading]) -> Reading:
    return Reading(handle="@sim", team="t", score=total(readings, NOW), networks=tuple(readings), at=NOW)


@pytest.fixture(scope="module")
def accounts() -> list[NetworkReading]:
    columns = simulate(700, 11, Habits(posts=(1, 40), listed=True))
    found = []
    for index in range(len(columns)):
        profile, posts = models_of(columns, index)
        score = score_network(profile, posts, NOW, interval=False)
        found.append(
            NetworkReading(
                network=profile.network,
                status="ok",
                handle=profile.handle,
                native_id=profile.native_id,
                profile=profile,
                score=score,
            )
        )
    return found


def creators(accounts: list[NetworkReading], count: int = 1_000) -> list[Reading]:
    rng = random.Random(5)
    found = []
    for _ in range(count):
        own = [one.model_copy() for one in rng.sample(accounts, rng.choice((1, 1, 2, 3, 5)))]
        flagged = tuple(made_flag(name) for name in rng.sample(sorted(GROUPS), rng.choice((0, 0, 1, 2, 3, 5))))
        own[0] = own[0].model_copy(update={"flags": flagged})
        if rng.random() < 0.15:
            own[-1] = own[-1].model_copy(update={"combine": "separate"})
        found.append(reading_of(own))
    return found


def test_one_plus_points_plus_penalty_is_the_score(accounts):
    seen_penalty = seen_apart = 0
    for reading in creators(accounts):
        ledger = point_ledger(reading)
        if ledger is None:
            assert reading.score.score is None
            continue
        assert abs(ledger.base + ledger.points + ledger.penalty - ledger.score) < 1e-9
        assert ledger.apart == (reading.score.score is None)
        assert ledger.penalty == (0.0 if ledger.apart else reading.score.penalty) <= 0.0
        if not ledger.apart:
            assert ledger.score == reading.score.score
            assert not ledger.points or ledger.q == pytest.approx(penalty(ledger.flags), abs=1e-9)
        seen_penalty += ledger.penalty < 0
        seen_apart += ledger.apart
    assert seen_penalty > 50
    assert seen_apart > 5


def test_each_network_fills_its_share(accounts):
    for reading in creators(accounts, 200):
        ledger = point_ledger(reading)
        if ledger is None:
            continue
        for one in ledger.networks:
            assert one.points == pytest.approx(one.share * ledger.points, abs=1e-9)
            assert 1.0 + math.fsum(row.own for row in one.rows) == pytest.approx(one.score, abs=1e-9)
            assert {row.part for row in one.rows} | set(one.dropped) == set(PARTS)


def test_x_follows_from_the_figures_beside_it(accounts):
    """A second implementation that reads nothing but the row."""
    rows = 0
    for account in accounts:
        ledger = point_ledger(reading_of([account]))
        if ledger is None:
            continue
        for row in ledger.networks[0].rows:
            if account.network != "twitch":  # scored on views, which stand in no formula of actions
                assert again(row) == pytest.approx(row.x, abs=1e-9), (account.network, row)
            assert row.own == pytest.approx(99 * row.beta * row.x, abs=1e-9)
            assert row.formula == FORMULAS[row.part]
            rows += 1
    assert rows > 2_000


def again(row: PointRow) -> float:
    given = {name: 0.0 if value is None else value for name, value in {**row.inputs, **row.constants}.items()}
    z = given.get("credibility", 0.0)
    if "gate_reactions" in row.constants:
        gate = min(1.0, math.log10(1 + z * given["typical_weighted"]) / math.log10(1 + given["gate_reactions"]))
    match row.part:
        case "volume":
            return min(1.0, math.log10(1 + z * given["typical_weighted"]) / given["tmax"])
        case "amplification":
            return min(1.0, math.log10(1 + z * given["typical_shares"]) / (given["tmax"] - 1))
        case "audience":
            reach = min(given["followers"], given["factor"] * z * given["typical_reactions"] / given["rate_at_10k"])
            own = min(1.0, math.log10(1 + reach) / given["decades"])
            if row.inputs["listed"] is None:
                return own
            lists = gate * min(1.0, math.log10(1 + given["listed"]) / given["listed_decades"])
            return (1 - given["listed_share"]) * own + given["listed_share"] * lists
        case "rate":
            if not given["typical_reactions"]:
                return 0.0
            peers = given["expected_rate"] * max(given["followers"], given["floor"])
            return gate / (1 + math.exp(-z * math.log2(given["typical_reactions"] / peers)))
        case "consistency":
            return gate * given["active_share"]
        case _:
            return gate * (0.5 + 0.5 * math.tanh(given["growth_30d"] / given["scale"]))


def test_printed_points_add_up_as_printed(accounts):
    for reading in creators(accounts, 300):
        ledger = point_ledger(reading)
        if ledger is None:
            continue
        points, taken = printed_points(ledger)
        whole = sum(points.values()) + taken
        assert abs(float(whole) - (ledger.score - 1)) <= 0.05 + 1e-9
        assert len(points) == sum(len(one.rows) for one in ledger.networks)
        exact = [row.points for one in ledger.networks for row in one.rows]
        assert np.abs(np.array([float(p) for p in points.values()]) - exact).max(initial=0) < 0.1


def test_the_floor_has_points_of_nothing():
    columns = simulate(1, 3, Habits(posts=(9, 9), networks=("bluesky",)))
    profile, posts = models_of(columns, 0)
    dead = [post.model_copy(update={"likes": 0, "replies": 0, "reposts": 0}) for post in posts]
    score = score_network(profile, dead, NOW)
    account = NetworkReading(network="bluesky", status="ok", handle="x", profile=profile, score=score)
    ledger = point_ledger(reading_of([account]))
    assert isinstance(ledger, PointLedger)
    assert (ledger.score, ledger.points) == (1.0, 0.0)


@pytest.mark.parametrize("name", EVERY)
def test_readings_of_every_state_have_a_ledger_or_none(name):
    """Hand-made readings hold no parts; what matters is that no state breaks."""
    reading = EVERY[name]()
    if reading.score.score is None and name != "only_youtube":
        assert point_ledger(reading) is None


def test_every_network_has_constants_to_tell():
    assert set(NETWORKS) >= {"bluesky", "github", "youtube"}
