"""The shape of the scale on a mixed population: no heap, hardly anybody at the top, spread out as Klout's was."""

import numpy as np
from numpy.typing import NDArray

from core.scoring import shown
from core.validity import marks
from core.validity.accounts import scores
from core.validity.files import Layout, Unusable
from core.validity.forward import creators
from core.validity.metrics import Estimate, spread_over
from core.validity.pairs import people
from core.validity.study import Study, demand
from core.validity.table import Row

Floats = NDArray[np.float64]

KLOUT = Layout(counts=("score",))
QUANTILES = (5, 10, 25, 50, 75, 90, 95, 99)  # percent
TOP = 95.0


def klout(study: Study) -> list[Row]:
    """Return the mean and the quantiles of real Klout scores: what the scale is compared with."""
    real = klout_scores(study)
    rows = [
        Row("klout_scores", "mean", len(real), Estimate(float(real.mean()))),
    ]
    rows.append(Row("klout_scores", "sd", len(real), Estimate(float(real.std()))))
    return rows + [Row("klout_scores", f"p{q}", len(real), Estimate(_percentile(real, q))) for q in QUANTILES]


def klout_scores(study: Study) -> Floats:
    """Return the real Klout scores; raises Absent or Unusable."""
    column = study.sheet("klout_scores", KLOUT).numbers["score"]
    column = column[~np.isnan(column)]
    demand(len(column), "scores")
    return column


def _percentile(values: Floats, q: int) -> float:
    return float(np.quantile(values, q / 100.0))


def population(study: Study) -> tuple[Floats, str]:
    """Return S of the persons of peerindex and the creators of tiktok_posts, and whose of them could be read."""
    found, names = [], []
    for name, read in (("peerindex", people), ("tiktok_posts", lambda own: creators(own).columns)):
        try:
            s = scores(read(study))
        except Unusable:
            continue  # the set has its own row that says why
        found.append(s[~np.isnan(s)])
        names.append(name)
    if not found:
        raise Unusable("neither peerindex nor tiktok_posts can be measured.")
    return np.concatenate(found), " + ".join(names)


def mixed(study: Study) -> list[Row]:
    """Return the quantiles of S beside Klout's, the share above 95, and the share at the commonest shown value."""
    s, names = population(study)
    demand(len(s), "accounts")
    try:
        real: Floats | None = klout_scores(study)
    except Unusable:
        real = None
    top = Estimate(float((s > TOP).mean()))
    _, times = np.unique([shown(float(one)) for one in s], return_counts=True)
    heap = Estimate(float(times.max()) / len(s))
    rows = [
        Row("mixed", "shape.above95", len(s), top, goal=marks.FEW_AT_THE_TOP, note=names),
        Row("mixed", "shape.at_one_value", len(s), heap, goal=marks.NO_HEAP, note=names),
    ]
    return rows + [_quantile_row(s, q, real, study, names) for q in QUANTILES]


def _quantile_row(s: Floats, q: int, real: Floats | None, study: Study, names: str) -> Row:
    metric = f"shape.p{q}"
    own = spread_over(s, lambda values: _percentile(values, q), study.rng("mixed", metric), study.draws)
    if real is None:
        return Row("mixed", metric, len(s), own, note=f"{names}; no Klout scores to compare with")
    other = _percentile(real, q)
    beside = Estimate(own.value, own.se, own.low, own.high, other, own.value - other, own.se)
    return Row("mixed", metric, len(s), beside, "Klout", marks.KLOUT_LIKE, names)
