"""One evaluation under way: the folder it reads, how many draws an error takes, and seeded randomness."""

import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from core.validity.files import Layout, Sheet, Unusable, locate, read
from core.validity.metrics import Random

LEAST = 30  # creators or pairs below which a measure says nothing
DRAWS, FAST_DRAWS = 400, 50


class Absent(Unusable):
    """The folder does not hold the set."""


@dataclass(frozen=True, slots=True)
class Study:
    """What every adapter is given; `picks` is how many single posts an account are raised in the monotone test."""

    folder: Path
    seed: int = 0
    draws: int = DRAWS
    picks: int = 3

    def sheet(self, name: str, layout: Layout, stem: str = "data") -> Sheet:
        """Return the readable rows of a set; raises Absent or Unusable."""
        path = locate(self.folder, name, stem)
        if path is None:
            raise Absent(f"absent: no {stem}.csv or {stem}.csv.gz")
        return read(path, layout)

    def rng(self, *names: str) -> Random:
        """Return randomness of a measure's own, so that leaving another set out changes nothing."""
        return np.random.default_rng([self.seed, *(zlib.crc32(name.encode()) for name in names)])


def demand(count: int, what: str) -> None:
    """Raise Unusable when there are too few creators, pairs or rows to measure anything."""
    if count < LEAST:
        raise Unusable(f"too few {what}: {count}, needs {LEAST}.")


def skipped(sheet: Sheet) -> str:
    """Return a note on rows that could not be read, empty when all could."""
    return f"{sheet.skipped} unreadable rows left out" if sheet.skipped else ""
