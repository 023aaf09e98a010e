"""One evaluation under way: the folder it reads, how many draws an error takes, and seeded randomness."""

import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from core.validity.files import Layout, Sheet, Unusable, locate, read
from core.validity.marks import Goal
from core.validity.metrics import Floats, Random, paired_rho
from core.validity.table import FOLLOWERS, Row, unmeasured

LEAST = 30  # creators or pairs below which a measure says nothing
DRAWS, FAST_DRAWS = 400, 50
PICKS, FAST_PICKS = 3, 1


class Absent(Unusable):
    """The folder does not hold the set."""


@dataclass(frozen=True, slots=True)
class Study:
    """What every adapter is given; `fast` trades draws and repetitions for time."""

    folder: Path
    seed: int = 0
    fast: bool = False
    _kept: dict[tuple[str, str, Layout], Sheet] = field(default_factory=dict, repr=False, compare=False)

    @property
    def draws(self) -> int:
        """How many bootstrap draws an error takes."""
        return FAST_DRAWS if self.fast else DRAWS

    @property
    def picks(self) -> int:
        """How many single posts of an account are raised in the monotone test."""
        return FAST_PICKS if self.fast else PICKS

    def sheet(self, name: str, layout: Layout, stem: str = "data") -> Sheet:
        """Return the readable rows of a set, read once however many measures ask; raises Absent or Unusable."""
        known = self._kept.get((name, stem, layout))
        if known is not None:
            return known
        path = locate(self.folder, name, stem)
        if path is None:
            raise Absent(f"absent: no {stem}.csv or {stem}.csv.gz")
        return self._kept.setdefault((name, stem, layout), read(path, layout))

    def rng(self, *names: str) -> Random:
        """Return randomness of a measure's own, so that leaving another set out changes nothing."""
        return np.random.default_rng([self.seed, *(zlib.crc32(name.encode()) for name in names)])


def demand(count: int, what: str) -> None:
    """Raise Unusable when there are too few creators, pairs or rows to measure anything."""
    if count < LEAST:
        raise Unusable(too_few(count, what))


def too_few(count: int, what: str) -> str:
    """Return the reason why a measure has no value."""
    return f"too few {what}: {count}, needs {LEAST}."


def attempt(name: str, metric: str, goal: Goal | None, measure: Callable[[], Row | list[Row]]) -> list[Row]:
    """Return what `measure` finds, or one row with the reason why it cannot, so that a set's other measures stand."""
    try:
        found = measure()
    except Unusable as err:
        return [unmeasured(name, metric, err.message, goal=goal)]
    return found if isinstance(found, list) else [found]


def skipped(sheet: Sheet) -> str:
    """Return a note on rows that could not be read, empty when all could."""
    return f"{sheet.skipped} unreadable rows left out" if sheet.skipped else ""


def rho_row(
    name: str,
    metric: str,
    value: Floats,
    baseline: Floats,
    truth: Floats,
    study: Study,
    baseline_name: str = FOLLOWERS,
    *,
    goal: Goal | None = None,
    note: str = "",
    what: str = "rows with a score",
) -> Row:
    """Return a rank correlation with the truth over the rows that have all three figures, n/a when they are too few."""
    known = ~(np.isnan(value) | np.isnan(baseline) | np.isnan(truth))
    count = int(known.sum())
    if count < LEAST:
        return unmeasured(name, metric, too_few(count, what), n=count, goal=goal)
    measured = paired_rho(value[known], baseline[known], truth[known], study.rng(name, metric), study.draws)
    return Row(name, metric, count, measured, baseline_name, goal, note)
