"""The constants: the published start values stay what they were, and every one has its source."""

import pytest
from pydantic import ValidationError

from core.models import PARTS
from core.weights import CURRENT, FIRST_REFIT, START, WEIGHTS, Weights

TABLE = {  # TMAX, er at 10K, slope, as in docs/score.md
    "instagram": (6.5, 0.032, -0.20),
    "tiktok": (6.5, 0.090, -0.107),
    "youtube": (6.0, 0.026, -0.18),
    "x": (5.5, 0.006, -0.20),
    "facebook": (5.5, 0.006, -0.20),
    "linkedin": (4.5, 0.020, -0.25),
    "bluesky": (5.5, 0.010, -0.20),
    "mastodon": (5.5, 0.010, -0.20),
    "threads": (5.5, 0.010, -0.20),
    "pinterest": (5.0, 0.005, -0.20),
    "github": (5.0, None, None),
    "reddit": (5.0, None, None),
    "twitch": (5.0, None, None),
    "blog": (5.0, None, None),
}


@pytest.mark.parametrize(("network", "constants"), TABLE.items())
def test_start_values_by_network(network: str, constants: tuple[float, float | None, float | None]) -> None:
    terms = START.terms(network)
    assert (terms.tmax, terms.rate_at_10k, terms.slope) == constants


def test_start_values_of_actions_and_betas() -> None:
    actions = START.actions
    assert (actions.likes, actions.saves, actions.comments, actions.shares) == (1, 2, 3, 4)
    assert [START.betas.share(part) for part in PARTS] == [0.40, 0.15, 0.20, 0.10, 0.10, 0.05]


def test_the_first_refit_changes_what_its_note_says_and_nothing_else() -> None:
    assert [FIRST_REFIT.betas.share(part) for part in PARTS] == [0.35, 0.15, 0.35, 0.05, 0.05, 0.05]
    assert (FIRST_REFIT.audience_factor, FIRST_REFIT.padding_widening) == (2.0, 0.8)
    assert FIRST_REFIT.terms("x") == START.terms("x").model_copy(update={"tmax": 5.75})
    told = {"model_version", "betas", "audience_factor", "padding_widening", "networks"}
    assert FIRST_REFIT.model_dump(exclude=told) == START.model_dump(exclude=told)
    rest = set(START.networks) - {"x"}
    assert all(FIRST_REFIT.networks[name] == START.networks[name] for name in rest)
    assert set(FIRST_REFIT.networks) == set(START.networks)


@pytest.mark.parametrize("weights", WEIGHTS.values())
def test_every_released_set_is_whole(weights: Weights) -> None:
    assert sum(weights.betas.share(part) for part in PARTS) == pytest.approx(1.0)
    for terms in (*weights.networks.values(), weights.default):
        assert terms.source
        assert terms.usual.likes + terms.usual.comments + terms.usual.shares == pytest.approx(1.0)
        assert (terms.rate_at_10k is None) == (terms.slope is None)
    for benchmark in weights.benchmarks:
        assert benchmark.address.startswith("https://")


def test_current_is_released_under_its_own_name() -> None:
    assert WEIGHTS[CURRENT.model_version] is CURRENT


def test_weights_cannot_be_changed_in_place() -> None:
    with pytest.raises(ValidationError):
        CURRENT.kappa = 5  # type: ignore[misc]


def test_creator_tiers_fit_the_priors() -> None:
    """The fitted lines stay within a factor of 1.5 of their tiers, at each tier's geometric middle."""
    tiers = START.benchmarks[0].tiers
    for tier in tiers:
        top = tier.followers_to or 10_000_000
        size = (tier.followers_from * top) ** 0.5
        for network in ("instagram", "tiktok", "youtube"):
            terms = START.terms(network)
            fitted = (terms.rate_at_10k or 0) * (size / 10_000) ** (terms.slope or 0)
            assert 1 / 1.5 < fitted / getattr(tier, network) < 1.5
