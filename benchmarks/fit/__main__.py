"""`python -m benchmarks.fit DIR [--seed 0]`: the fit, from the labelled files in DIR to a table."""

import argparse
import math
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.fit.candidates import (
    KAPPAS,
    LISTED,
    Setting,
    betas_grid,
    betas_of,
    betas_text,
    setting_of,
    settings,
)
from benchmarks.fit.invariants import BOUNDS, holds, ladder, worst_cases
from benchmarks.fit.labelled import Labelled, People, Scored, breach, followers_alone, measures, read
from core.weights import CURRENT, START, Weights

Floats = NDArray[np.float64]

FOLDS, REPEATS = 3, 6
AGREEMENT = ("agreement, with lists", "agreement, without")
RELEASED = {START.model_version: START, CURRENT.model_version: CURRENT}


def main() -> None:
    """Fit, and print what was found."""
    arguments = argparse.ArgumentParser(prog="python -m benchmarks.fit", description=__doc__)
    arguments.add_argument("folder", type=Path, help="holds a folder for each labelled set")
    arguments.add_argument("--seed", type=int, default=0)
    given = arguments.parse_args()
    labelled = read(given.folder)
    kept = survivors()
    print(f"{sum(len(betas) for _, betas in kept)} candidates keep every invariant\n")
    scored = [Scored.under(labelled, setting.weights(), betas) for setting, betas in kept]
    crossed(labelled, kept, scored, given.seed)
    chosen(labelled, kept, scored)
    one_at_a_time(labelled)
    compared(labelled)


def survivors() -> list[tuple[Setting, Floats]]:
    """Return the settings with the betas that keep every invariant under them."""
    found = []
    for setting in settings():
        betas = betas_grid()
        betas = betas[holds(worst_cases(setting.weights(), betas))]
        print(f"{setting.text()}: {len(betas)} candidates keep every invariant", flush=True)
        if len(betas):
            found.append((setting, betas))
    return found


def crossed(labelled: Labelled, kept: list[tuple[Setting, Floats]], scored: list[Scored], seed: int) -> None:
    """Choose on two thirds of the people, measure on the pairs and creators of the rest; print the mean over folds."""
    rng = np.random.default_rng(seed)
    released = {name: Scored.under(labelled, one, betas_of(one)) for name, one in RELEASED.items()}
    lines: dict[str, list[dict[str, float]]] = {}
    sizes = []
    for _ in range(REPEATS):
        for test in labelled.folds(rng, FOLDS):
            place, at = best(labelled, scored, test.others())
            unseen = measures(labelled, narrowed(scored[place], at), test)
            lines.setdefault("chosen on the others", []).append({name: float(v[0]) for name, v in unseen.items()})
            for name, one in released.items():
                row = {key: float(v[0]) for key, v in measures(labelled, one, test).items()}
                lines.setdefault(f"model {name}", []).append(row)
            sizes.append(followers_alone(labelled, test))
    print(f"People never seen: mean over {FOLDS} folds x {REPEATS} (sd), followers alone {spread(sizes)}")
    for name in measures(labelled, scored[0], labelled.everybody()):
        cells = [f"{label} {spread([row[name] for row in rows])}" for label, rows in lines.items()]
        print(f"  {name:24}" + "   ".join(cells))
    print()


def spread(values: list[float]) -> str:
    """Return mean and standard deviation."""
    return f"{np.mean(values):.3f} ({np.std(values):.3f})"


def narrowed(scored: Scored, at: int) -> Scored:
    """Return one candidate's scores."""
    return Scored({name: s[:, [at]] for name, s in scored.sets.items()}, scored.moves[:, :, [at]], scored.sure)


def best(labelled: Labelled, scored: list[Scored], people: People) -> tuple[int, int]:
    """Return setting and candidate with the best agreement among those that meet the goals on these people."""
    top, found = (-math.inf, -math.inf), (0, 0)
    for place, one in enumerate(scored):
        seen = measures(labelled, one, people)
        missed, agreement = breach(seen), np.mean([seen[name] for name in AGREEMENT], axis=0)
        at = int(np.lexsort((-agreement, missed))[0])
        mark = (-float(missed[at]), float(agreement[at]))
        if mark > top:
            top, found = mark, (place, at)
    return found


def chosen(labelled: Labelled, kept: list[tuple[Setting, Floats]], scored: list[Scored]) -> None:
    """Print the best candidates on everybody, ten lines."""
    rows: list[tuple[float, float, str, str]] = []
    for (setting, betas), one in zip(kept, scored, strict=True):
        seen = measures(labelled, one, labelled.everybody())
        missed, agreement = breach(seen).tolist(), np.mean([seen[name] for name in AGREEMENT], axis=0).tolist()
        rows += [(missed[n], -agreement[n], betas_text(betas[n]), setting.text()) for n in range(len(betas))]
    print("Best on everybody: goals missed, mean agreement, constants")
    for miss, against, betas_words, setting_words in sorted(rows)[:10]:
        print(f"  {miss:.3f}  {-against:.4f}  {betas_words}   {setting_words}")
    print()


def one_at_a_time(labelled: Labelled) -> None:
    """Print what the current betas gain by another lists' share or credibility."""
    own = setting_of(CURRENT)
    print("One constant changed, all else as released: agreement with lists, without, TikTok next, Facebook next")
    changes = [Setting(own.factor, own.x_scale, share, own.kappa) for share in LISTED]
    changes += [Setting(own.factor, own.x_scale, own.listed, kappa) for kappa in KAPPAS]
    for setting in changes:
        scored = Scored.under(labelled, setting.weights(), betas_of(CURRENT))
        seen = list(measures(labelled, scored, labelled.everybody()).values())[:4]
        print(f"  {setting.text()}   " + "  ".join(f"{float(v[0]):.4f}" for v in seen))
    print()


def compared(labelled: Labelled) -> None:
    """Print start values and current ones side by side: measures, invariants, scale."""
    everybody = labelled.everybody()
    tables: list[dict[str, float]] = []
    for weights in RELEASED.values():
        scored = Scored.under(labelled, weights, betas_of(weights))
        found = measures(labelled, scored, everybody) | worst_cases(weights, betas_of(weights))
        tables.append({name: float(value[0]) for name, value in found.items()})
    print(f"{'':42}" + "".join(f"{name:>10}" for name in RELEASED) + f"{'at most':>10}")
    for name in tables[0]:
        bound = f"{BOUNDS[name]:10g}" if name in BOUNDS else ""
        print(f"{name:42}" + "".join(f"{table[name]:10.3f}" for table in tables) + bound)
    for name, weights in RELEASED.items():
        print(f"\nAt benchmark rates, model {name}: " + scale(weights))


def scale(weights: Weights) -> str:
    """Return the ladder of accounts at benchmark rates in one line."""
    return "; ".join(
        f"{network} " + ", ".join(f"{size:,} {score:.0f}" for size, score in rungs)
        for network, rungs in ladder(weights).items()
    )


if __name__ == "__main__":
    main()
