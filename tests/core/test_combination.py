"""Several networks, one number: adding one never lowers it, points add up, order does not matter."""

import itertools
import random

import numpy as np
import pytest

from core.models import PARTS, NetworkScore, Part, State
from core.scoring import combine, score_network
from tests.core.simulated_accounts import NOW, Habits, account, models_of, simulate


def network(name: str, score: float | None, state: State = "ok", spread: float = 0.0) -> NetworkScore:
    if score is None:
        return NetworkScore(network=name, state=state, as_of=NOW, model_version="1.0", weights_version="1")
    beta, points = 1 / len(PARTS), (score - 1) / len(PARTS)
    draws = np.clip(score + spread * np.linspace(-1, 1, 200), 1, 100).astype("<f4").tobytes() if spread else b""
    return NetworkScore(
        network=name,
        state=state,
        score=score,
        low=max(1.0, score - spread),
        high=min(100.0, score + spread),
        parts=tuple(Part(name=part, beta=beta, x=points / 99 / beta, points=points) for part in PARTS),
        as_of=NOW,
        model_version="1.0",
        weights_version="1",
        draws=draws,
    )


def total(*scores: float) -> float:
    combined = combine([network(f"n{index}", score) for index, score in enumerate(scores)]).score
    assert combined is not None
    return combined


GRID = (1.0, 1.5, 10.0, 30.0, 50.0, 63.0, 80.0, 95.0, 99.9)


@pytest.mark.parametrize("score", GRID)
def test_8_one_network_is_shown_as_it_is(score: float) -> None:
    assert total(score) == pytest.approx(score, abs=1e-9)


def test_8_at_the_very_top_identity_holds_to_a_hundredth() -> None:
    assert total(100.0) == pytest.approx(100.0, abs=0.0101)


def test_8_adding_a_network_never_lowers() -> None:
    rng = random.Random(8)
    for _ in range(2_000):
        scores = [rng.choice((rng.uniform(1, 99.9), rng.choice(GRID))) for _ in range(rng.randrange(1, 6))]
        more = rng.uniform(1, 99.9)
        assert total(*scores, more) >= max(total(*scores), more) - 1e-9


def test_8_monotone_in_every_network() -> None:
    for low, high in itertools.pairwise(GRID):
        for other in GRID:
            assert total(other, high) >= total(other, low) - 1e-9


def test_9_two_equal_networks_raise_by_less_than_six() -> None:
    for score in np.linspace(1, 99.9, 400):
        assert 0 <= total(score, score) - score < 6


@pytest.mark.parametrize(
    ("scores", "combined"),
    [
        ((50, 50), 55.7),
        ((50, 50, 50, 50), 61.3),
        ((50, 30), 50.6),
        ((90, 90), 91.9),
        ((63, 55, 55, 55, 55), 69.7),
    ],
)
def test_worked_examples(scores: tuple[float, ...], combined: float) -> None:
    assert total(*scores) == pytest.approx(combined, abs=0.05)


def test_13_points_add_up_over_networks_and_parts() -> None:
    columns = simulate(60, 13, Habits(posts=(3, 40), listed=True))
    alone = [score_network(*models_of(columns, index), NOW) for index in range(60)]
    for start in range(0, 60, 4):
        combined = combine(alone[start : start + 4])
        assert combined.score is not None
        points = [part.points for one in combined.networks for part in one.parts]
        assert 1 + sum(points) == pytest.approx(combined.score, abs=1e-9)
        assert sum(one.share for one in combined.networks) == pytest.approx(1.0)
        for one in combined.networks:
            own = sum(part.points for part in one.parts)
            assert own == pytest.approx(one.share * (combined.score - 1), abs=1e-9)


def test_13_the_floor_has_no_points() -> None:
    combined = combine([network("x", 1.0), network("bluesky", 1.0)])
    assert combined.score == 1.0
    assert all(part.points == 0 for one in combined.networks for part in one.parts)
    assert combined.sub_scores.growth is not None


def test_14_order_does_not_matter() -> None:
    columns = simulate(4, 14, Habits(posts=(5, 20)))
    scores = [score_network(*models_of(columns, index), NOW) for index in range(4)]
    expected = combine(scores).model_dump_json()
    for order in itertools.permutations(scores):
        assert combine(order).model_dump_json() == expected


def test_15_the_range_is_combined_draw_by_draw() -> None:
    single = network("x", 60.0, spread=8.0)
    alone = combine([single])
    assert alone.low == pytest.approx(60 - 0.9 * 8, abs=0.1)
    assert alone.high == pytest.approx(60 + 0.9 * 8, abs=0.1)
    both = combine([single, network("bluesky", 40.0)])
    assert both.score is not None
    assert both.low is not None
    assert both.high is not None
    assert both.low <= both.score <= both.high
    assert both.high - both.low < 2 * 8


def test_15_without_draws_there_is_no_range_around_it() -> None:
    quiet = network("x", 60.0).model_copy(update={"low": None, "high": None})
    assert (combine([quiet]).low, combine([quiet]).high) == (None, None)


def test_the_state_is_the_best_among_the_networks_that_count() -> None:
    assert combine([network("x", 40, "provisional"), network("bluesky", 30, "ok")]).state == "ok"
    assert combine([network("x", 40, "provisional"), network("y", None, "insufficient")]).state == "provisional"
    assert combine([network("x", 40, "stale")]).state == "stale"


def test_nothing_to_combine_is_insufficient() -> None:
    for scores in ([], [network("x", None, "insufficient")]):
        combined = combine(scores)
        assert (combined.state, combined.score, combined.low, combined.networks) == ("insufficient", None, None, ())
        assert combined.sub_scores.reach is None


def test_sub_scores_are_weighted_by_share_and_missing_where_nobody_supplies_them() -> None:
    scores = [score_network(*account(name, 20_000, 400), NOW) for name in ("instagram", "youtube")]
    subs = combine(scores).sub_scores
    assert subs.amplification is None
    for value in (subs.reach, subs.resonance, subs.consistency, subs.growth):
        assert value is not None
        assert 0 <= value <= 100
    x_alone = score_network(*account("x", 20_000, 400), NOW)
    by_name = {part.name: part for part in x_alone.parts}
    only = combine([x_alone]).sub_scores
    assert only.reach == pytest.approx(100 * by_name["audience"].x)
    volume, rate = by_name["volume"], by_name["rate"]
    expected = (volume.beta * volume.x + rate.beta * rate.x) / (volume.beta + rate.beta)
    assert only.resonance == pytest.approx(100 * expected)
