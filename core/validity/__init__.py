"""How valid is the score? Measures it on labelled sets and holds it against the marks: `clout evaluate`.

Only the public scoring path is used and nothing is ever fitted. docs/score.md shows the table of the released version.
"""

import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from core.errors import InputError
from core.validity.files import Unusable
from core.validity.sets import OPTIONAL, SETS, Measure
from core.validity.study import Absent, Study
from core.validity.table import Report, Row, unmeasured
from core.weights import CURRENT

__all__ = ["SETS", "Report", "Row", "evaluate", "run"]


def evaluate(folder: Path, *, sets: Sequence[str] | None = None, seed: int = 0, fast: bool = False) -> Report:
    """Measure the score on the sets in `folder`, each a sub-folder with data.csv or data.csv.gz.

    `sets` names some of SETS (all by default), `fast` takes fewer draws. The same folder, seed and version give the
    same report. A set that is absent or cannot be measured is a row that says so. Raises InputError when the folder
    does not exist or a set has no such name. Not to be called from inside an event loop: one set runs its own.
    """
    if not folder.is_dir():
        raise InputError("There is no such folder. Give one that holds a folder for each set.", field="folder")
    wanted = _wanted(sets)
    study = Study(folder, seed, fast)
    rows = [row for name in wanted for row in _measured(name, SETS[name], study)]
    return Report(CURRENT.model_version, CURRENT.weights_version, seed, tuple(rows))


def run(folder: Path, *, sets: Sequence[str] | None = None, seed: int = 0, fast: bool = False) -> Report:
    """Do what `evaluate` does; the name the command line calls."""
    return evaluate(folder, sets=sets, seed=seed, fast=fast)


def _wanted(sets: Sequence[str] | None) -> list[str]:
    """Return the chosen sets in the order of the table, the parts of a set with the set."""
    if sets is None:
        return list(SETS)
    unknown = [name for name in sets if name not in SETS]
    if unknown:
        raise InputError(f"No such set: {', '.join(unknown)}. There are: {', '.join(SETS)}.", field="sets")
    return [name for name in SETS if name in sets or (name in OPTIONAL and name.partition("/")[0] in sets)]


def _explained(row: Row) -> Row:
    """Give a measure without a value a reason where it has none of its own."""
    if row.note or not math.isnan(row.estimate.value):
        return row
    return replace(row, note="cannot be measured: the figures do not vary.")


def _measured(name: str, measure: Measure, study: Study) -> list[Row]:
    try:
        return [_explained(row) for row in measure(study)]
    except Absent as err:
        return [] if name in OPTIONAL else [unmeasured(name, "all", err.message)]
    except Unusable as err:
        return [unmeasured(name, "all", err.message)]
