"""AUC, rho and their errors against answers known by hand and second, slower implementations."""

import math

import numpy as np
import pytest

from core.validity.metrics import (
    auc,
    estimate,
    pair_weights,
    paired_auc,
    paired_rho,
    ranks,
    resampled,
    spearman,
    spread_by_owner,
    spread_over,
)


def naive_auc(positive, value, weight):
    won = total = 0.0
    for i, one in enumerate(value):
        for j, other in enumerate(value):
            if positive[i] and not positive[j]:
                both = weight[i] * weight[j]
                total += both
                won += both * (1.0 if one > other else 0.5 if one == other else 0.0)
    return won / total if total else math.nan


def naive_rank(values, i):
    below = sum(other < values[i] for other in values)
    same = sum(other == values[i] for other in values)
    return below + (same + 1) / 2


def naive_rho(one, other):
    a = [naive_rank(one, i) for i in range(len(one))]
    b = [naive_rank(other, i) for i in range(len(other))]
    mean = (len(a) + 1) / 2
    top = sum((x - mean) * (y - mean) for x, y in zip(a, b, strict=True))
    under = math.sqrt(sum((x - mean) ** 2 for x in a) * sum((y - mean) ** 2 for y in b))
    return top / under


def test_auc_is_1_in_order_0_against_it_and_half_for_ties():
    label = np.array([True, True, False, False])
    assert auc(label, np.array([3.0, 2.0, 1.0, 0.0])) == 1.0
    assert auc(label, np.array([0.0, 1.0, 2.0, 3.0])) == 0.0
    assert auc(label, np.zeros(4)) == 0.5
    assert auc(label, np.array([2.0, 1.0, 1.0, 0.0])) == pytest.approx(3.5 / 4)


def test_auc_of_one_class_is_not_a_number():
    assert math.isnan(auc(np.array([True, True]), np.array([1.0, 2.0])))


@pytest.mark.parametrize("seed", range(20))
def test_auc_agrees_with_counting_every_pair(seed):
    rng = np.random.default_rng(seed)
    size = int(rng.integers(5, 40))
    label = rng.random(size) < 0.5
    label[:2] = True, False
    value = rng.integers(0, 6, size).astype(float)
    weight = rng.poisson(1.0, size).astype(float)
    weight[:2] = 1.0
    assert auc(label, value) == pytest.approx(naive_auc(label, value, np.ones(size)), abs=1e-12)
    assert auc(label, value, weight) == pytest.approx(naive_auc(label, value, weight), abs=1e-12)


def test_a_weight_of_two_is_the_row_twice():
    label = np.array([True, False, True, False])
    value = np.array([3.0, 2.0, 1.0, 0.0])
    twice = auc(np.append(label, label[2]), np.append(value, value[2]))
    assert auc(label, value, np.array([1.0, 1.0, 2.0, 1.0])) == pytest.approx(twice)


def test_rho_is_1_along_and_minus_1_against():
    x = np.array([5.0, 1.0, 9.0, 3.0])
    assert spearman(x, np.exp(x)) == pytest.approx(1.0)
    assert spearman(x, -x) == pytest.approx(-1.0)
    assert math.isnan(spearman(x, np.ones(4)))


@pytest.mark.parametrize("seed", range(20))
def test_rho_agrees_with_ranks_counted_one_by_one(seed):
    rng = np.random.default_rng(seed)
    one, other = rng.integers(0, 9, (2, 30)).astype(float)
    assert ranks(one).tolist() == [naive_rank(one, i) for i in range(30)]
    assert spearman(one, other) == pytest.approx(naive_rho(one, other), abs=1e-12)


def test_a_pair_weighs_the_product_of_its_persons():
    a, b = np.array([0, 0, 1]), np.array([1, 2, 2])
    weights = pair_weights(np.random.default_rng(1), 500, 3, a, b)
    persons = np.random.default_rng(1).poisson(1.0, size=(500, 3))
    assert (weights == persons[:, a] * persons[:, b]).all()
    assert weights.shape == (500, 3)


def test_the_error_of_a_mean_is_that_of_the_textbook():
    values = np.random.default_rng(3).normal(10.0, 2.0, 400)
    found = spread_over(values, lambda v: float(v.mean()), np.random.default_rng(4), 2000)
    assert found.value == pytest.approx(values.mean())
    assert found.se == pytest.approx(2.0 / 20.0, rel=0.1)
    assert found.low < found.value < found.high


def test_values_of_one_owner_stay_together():
    owner = np.repeat(np.arange(20), 50)
    values = np.random.default_rng(5).normal(0.0, 1.0, 20)[owner]  # an owner's values are all alike
    grouped = spread_by_owner(values, owner, lambda v: float(v.mean()), np.random.default_rng(6), 800)
    loose = spread_over(values, lambda v: float(v.mean()), np.random.default_rng(6), 800)
    assert grouped.se > 4 * loose.se  # 20 independent owners, not 1,000 values
    assert grouped.se == pytest.approx(values.std() / math.sqrt(20), rel=0.15)


def test_the_same_predictor_differs_from_itself_by_nothing():
    rng = np.random.default_rng(7)
    label, value = rng.random(60) < 0.5, rng.normal(size=60)
    weights = rng.poisson(1.0, (100, 60)).astype(float)
    found = paired_auc(label, value, value * 3.0, weights)
    assert (found.diff, found.diff_se) == (0.0, 0.0)
    assert found.se > 0


def test_a_paired_difference_is_surer_than_two_separate_ones():
    rng = np.random.default_rng(8)
    truth = rng.normal(size=200)
    value = truth + rng.normal(size=200)
    found = paired_rho(value, value + 0.1 * rng.normal(size=200), truth, rng, 300)
    assert found.diff_se < found.se / 2


def test_draws_without_a_value_are_left_out():
    drawn = np.array([[1.0], [math.nan], [3.0]])
    found = estimate((2.0,), drawn)
    assert found.se == pytest.approx(math.sqrt(2.0))
    assert math.isnan(estimate((math.nan,), drawn).se)
    assert math.isnan(estimate((2.0,), drawn[:2]).se)


def test_seeded_draws_repeat():
    def first(rows):
        return (float(rows[0]),)

    one = resampled(np.random.default_rng(9), 5, 100, first)
    assert (one == resampled(np.random.default_rng(9), 5, 100, first)).all()
    assert (one != resampled(np.random.default_rng(10), 5, 100, first)).any()
