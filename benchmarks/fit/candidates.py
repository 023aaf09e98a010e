"""What may be chosen: betas and the other constants the form leaves open, on a coarse grid of round values.

A score is linear in its betas, so that one pass over the posts serves every candidate of one set of other constants.
"""

import itertools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.columns import Columns
from core.models import PARTS
from core.parts import SPAN
from core.scoring import score_many
from core.weights import START, Weights

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

AUDIENCE = (0.20, 0.25, 0.30, 0.35)  # "about .30" is the direction; the first is the start value
RATE = (0.02, 0.03, 0.05, 0.10)  # .05 or less is the direction; 0 would take the part off the card
AMPLIFICATION = (0.10, 0.15, 0.20)
CONSISTENCY = (0.04, 0.05, 0.08, 0.10)
GROWTH = (0.05,)  # no set holds follower histories: nothing to fit it on
LEAST_VOLUME = 0.25

FACTORS = (2.0, 3.0, 5.0)  # followers that the reactions vouch for, times those expected to react
X_SCALES = (5.5, 5.75, 6.0)  # log10 of the weighted reactions a post that fill X's volume part
LISTED = (0.3, 0.5, 0.7)  # how much of the audience part lists carry
KAPPAS = (2.0, 3.0, 5.0)  # posts of doubt


@dataclass(frozen=True, slots=True)
class Setting:
    """The constants besides the betas; the defaults are the start values."""

    factor: float = START.audience_factor
    x_scale: float = START.terms("x").tmax
    listed: float = START.listed_share
    kappa: float = START.kappa

    def weights(self) -> Weights:
        """Return the start values with these constants."""
        networks = dict(START.networks)
        networks["x"] = networks["x"].model_copy(update={"tmax": self.x_scale})
        return START.model_copy(
            update={
                "audience_factor": self.factor,
                "listed_share": self.listed,
                "kappa": self.kappa,
                "networks": networks,
            }
        )

    def text(self) -> str:
        """Return the constants in words."""
        return f"factor {self.factor:g}  X scale {self.x_scale:g}  lists {self.listed:g}  kappa {self.kappa:g}"


def settings() -> list[Setting]:
    """Return every setting that is tried with every candidate's betas."""
    return [Setting(factor, scale) for factor, scale in itertools.product(FACTORS, X_SCALES)]


def setting_of(weights: Weights) -> Setting:
    """Return the setting of a released set."""
    return Setting(weights.audience_factor, weights.terms("x").tmax, weights.listed_share, weights.kappa)


def betas_text(betas: Floats) -> str:
    """Return betas in the order of PARTS."""
    return "  ".join(f"{name[:4]} {beta:.2f}" for name, beta in zip(PARTS, betas.tolist(), strict=True))


def betas_grid() -> Floats:
    """Return every candidate's betas, (candidates, 6); the volume part takes what the others leave."""
    rows = []
    for s, a, r, c, g in itertools.product(AMPLIFICATION, AUDIENCE, RATE, CONSISTENCY, GROWTH):
        volume = round(1.0 - s - a - r - c - g, 6)
        if volume >= LEAST_VOLUME:
            rows.append((volume, s, a, r, c, g))
    return np.array(rows)


def betas_of(weights: Weights) -> Floats:
    """Return one set's betas as a grid of one row."""
    return np.array([[weights.betas.share(part) for part in PARTS]])


def points(columns: Columns, weights: Weights, betas: Floats) -> Floats:
    """Return S of every account under every candidate's betas, (accounts, candidates); NaN where there is none."""
    found = score_many(columns, weights=weights)
    kept = (found.betas > 0).astype(np.float64)
    whole = kept @ betas.T
    s: Floats = 1.0 + SPAN * (found.x @ betas.T) / np.where(whole > 0, whole, 1.0)
    s[np.isnan(found.s)] = np.nan
    return s
