"""PeerIndex: two persons, and which of them a human called the more influential."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.scoring import Columns
from core.validity import marks
from core.validity.accounts import equal_posts, falls_when_raised, scores, tenfold_followers
from core.validity.files import Layout, Sheet, Unusable
from core.validity.metrics import Estimate, pair_weights, paired_auc, spread_over
from core.validity.study import LEAST, Study, demand, skipped, too_few
from core.validity.table import FOLLOWERS, Row, unmeasured

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

FEATURES = (
    "follower_count",
    "following_count",
    "listed_count",
    "mentions_received",
    "retweets_received",
    "mentions_sent",
    "retweets_sent",
    "posts",
    "network_feature_1",
    "network_feature_2",
    "network_feature_3",
)
"""All eleven make a person; only the first five are ever scored."""

LAYOUT = Layout(counts=("Choice", *(f"{side}_{name}" for side in "AB" for name in FEATURES)))
POSTS = 13  # posts a person: one a week


@dataclass(frozen=True, slots=True)
class Judged:
    """Persons as rows of FEATURES, and pairs of indices into them; `first` says that the first of a pair was chosen."""

    persons: Floats
    a: Ints
    b: Ints
    first: NDArray[np.bool_]

    def column(self, name: str) -> Floats:
        """Return one feature of every person."""
        return self.persons[:, FEATURES.index(name)]


def judged(sheet: Sheet) -> Judged:
    """Return the persons (equal features are one person) and the pairs."""
    sides = [np.stack([sheet.numbers[f"{side}_{name}"] for name in FEATURES], axis=1) for side in "AB"]
    whole = ~np.isnan(np.hstack(sides)).any(axis=1) & np.isin(sheet.numbers["Choice"], (0.0, 1.0))
    both = np.vstack([side[whole] for side in sides])
    persons, index = np.unique(both, axis=0, return_inverse=True)
    a, b = np.split(index.ravel(), 2)
    return Judged(persons, a, b, sheet.numbers["Choice"][whole] == 1.0)


def accounts_of(judgements: Judged, *, listed: bool) -> Columns:
    """Return the persons as accounts on X; the rates have no stated unit and are used as they are."""
    return equal_posts(
        "x",
        POSTS,
        {"replies": judgements.column("mentions_received"), "reposts": judgements.column("retweets_received")},
        followers=judgements.column("follower_count"),
        listed=judgements.column("listed_count") if listed else None,
    )


def people(study: Study) -> Columns:
    """Return the set's persons as accounts, with their lists; raises Absent or Unusable."""
    return accounts_of(judged(study.sheet("peerindex", LAYOUT)), listed=True)


def agreement(study: Study) -> list[Row]:
    """Return agreement with people, and what raising counts and buying followers does to the persons judged."""
    sheet = study.sheet("peerindex", LAYOUT)
    judgements = judged(sheet)
    rows = _agreement("peerindex", judgements, study, skipped(sheet))
    plain = accounts_of(judgements, listed=False)
    fell, tried = falls_when_raised(plain, study.rng("peerindex", "monotone"), study.picks)
    rows.append(Row("peerindex", "monotone.violations", tried, Estimate(float(fell)), goal=marks.NO_VIOLATION))
    return rows + followers_tenfold("peerindex", plain, study, "without lists, which bought followers cannot buy")


def crossed(study: Study) -> list[Row]:
    """Return agreement on the pairs of the second file, where there is one."""
    sheet = study.sheet("peerindex", LAYOUT, "cross")
    return _agreement("peerindex/cross", judged(sheet), study, skipped(sheet))


def _agreement(name: str, judgements: Judged, study: Study, note: str) -> list[Row]:
    demand(len(judgements.first), "pairs")
    if judgements.first.all() or not judgements.first.any():
        raise Unusable("every pair has the same answer.")
    size = np.log1p(judgements.column("follower_count"))
    gap = size[judgements.a] - size[judgements.b]
    weights = pair_weights(study.rng(name, "auc"), study.draws, len(judgements.persons), judgements.a, judgements.b)
    rows = []
    for listed, metric, what in ((True, "auc", "with lists, as X supplies"), (False, "auc without lists", "")):
        s = scores(accounts_of(judgements, listed=listed))
        lead = s[judgements.a] - s[judgements.b]
        measured = paired_auc(judgements.first, lead, gap, weights)
        told = "; ".join(filter(None, (what, note)))
        rows.append(Row(name, metric, len(lead), measured, FOLLOWERS, marks.AGREEMENT, told))
    return rows


def followers_tenfold(name: str, columns: Columns, study: Study, note: str = "") -> list[Row]:
    """Return mean and worst rise of S when followers are multiplied by ten and reactions stay."""
    rise = tenfold_followers(columns)
    if len(rise) < LEAST:
        goals = (("mean", marks.TENFOLD_MEAN), ("worst", marks.TENFOLD_WORST))
        reason = too_few(len(rise), "creators")
        return [unmeasured(name, f"followers_x10.{of}", reason, n=len(rise), goal=goal) for of, goal in goals]
    mean = spread_over(rise, lambda values: float(values.mean()), study.rng(name, "tenfold"), study.draws)
    worst = Estimate(float(rise.max()))
    return [
        Row(name, "followers_x10.mean", len(rise), mean, goal=marks.TENFOLD_MEAN, note=note),
        Row(name, "followers_x10.worst", len(rise), worst, goal=marks.TENFOLD_WORST, note=note),
    ]
