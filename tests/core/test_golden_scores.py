"""Thirty accounts whose scores were computed by a second implementation: a changed number needs a new version."""

import pytest

from core.scoring import combine, score_network
from core.weights import CURRENT, WEIGHTS
from tests.core.golden import NOW, GoldenAccount, accounts, read
from tests.core.naive_scoring import naive_score

GOLDEN = read()
ACCOUNTS = accounts(GOLDEN)
MEND = "run python -m tests.core.write_golden for a new model version; a version's own numbers never change"


def score_of(one: GoldenAccount, version: str) -> float | None:
    return score_network(
        one.profile,
        one.posts,
        NOW,
        complete_from=one.complete_from,
        earlier=one.earlier,
        weights=WEIGHTS[version],
        interval=False,
    ).score


@pytest.mark.parametrize("version", list(WEIGHTS))
def test_19_version_pin(version: str) -> None:
    assert version in GOLDEN["versions"], MEND
    for number, (one, expected) in enumerate(zip(ACCOUNTS, GOLDEN["versions"][version]["accounts"], strict=True)):
        found = score_of(one, version)
        assert found == (None if expected is None else pytest.approx(expected, abs=1e-9)), (number, MEND)


@pytest.mark.parametrize("version", list(WEIGHTS))
def test_19_version_pin_of_totals(version: str) -> None:
    assert version in GOLDEN["versions"], MEND
    weights = WEIGHTS[version]
    scores = [
        score_network(
            one.profile, one.posts, NOW, complete_from=one.complete_from, earlier=one.earlier, weights=weights
        )
        for one in ACCOUNTS
    ]
    for members, expected in zip(GOLDEN["creators"], GOLDEN["versions"][version]["creators"], strict=True):
        total = combine([scores[at] for at in members], weights=weights)
        assert total.score == pytest.approx(expected, abs=1e-9), MEND


def test_19_the_file_is_what_the_second_implementation_says() -> None:
    for one, expected in zip(ACCOUNTS, GOLDEN["versions"][CURRENT.model_version]["accounts"], strict=True):
        again = naive_score(one.profile, one.posts, NOW, complete_from=one.complete_from, earlier=one.earlier)
        assert again == (None if expected is None else pytest.approx(expected, abs=1e-9)), MEND


def test_the_golden_accounts_are_many_and_various() -> None:
    assert len(ACCOUNTS) == 30
    assert len({one.profile.network for one in ACCOUNTS}) == 15
    told = [score for score in GOLDEN["versions"][CURRENT.model_version]["accounts"] if score is not None]
    assert len(told) >= 24
    assert min(told) < 15
    assert max(told) > 60
