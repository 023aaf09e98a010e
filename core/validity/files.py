"""Reads the labelled files: columns by name, cells turned into numbers and moments, rows in an order of their own.

A row with a cell that cannot be read is left out and counted; a file that cannot be read at all, or lacks a column,
raises `Unusable`, whose message becomes the reason in the table. Rows are sorted by their text, so that the order of a
file never changes a result.
"""

import csv
import gzip
import io
import math
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.errors import InputError

Floats = NDArray[np.float64]
Texts = NDArray[np.str_]

MOST_SKIPPED = 0.05  # share of a file's rows that may be unreadable before the file is not trusted at all (own)
DAY_S = 86_400.0
_EPOCH, _EPOCH_UTC = datetime(1970, 1, 1), datetime(1970, 1, 1, tzinfo=UTC)  # noqa: DTZ001 - the first is compared with moments without a zone
_SCALES = {"k": 1e3, "m": 1e6, "b": 1e9}


class Unusable(InputError):
    """A set cannot be measured; the message says why."""


@dataclass(frozen=True, slots=True)
class Layout:
    """Which columns a set needs: counts (zero or more, empty = not supplied), moments (days since 1970) and texts.

    `separator` parts the cells; `scaled` counts may be written like 3.3k or 475.8m.
    """

    counts: tuple[str, ...] = ()
    moments: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()
    scaled: tuple[str, ...] = ()
    separator: str = ","

    def columns(self) -> tuple[str, ...]:
        """Return every column's name, texts first: rows are sorted by these cells in this order."""
        return (*self.texts, *self.moments, *self.counts, *self.scaled)


@dataclass(frozen=True, slots=True)
class Sheet:
    """The readable rows of one file: `numbers` (NaN = not supplied) and `texts` by column name.

    `skipped` counts the rows that could not be read.
    """

    numbers: Mapping[str, Floats]
    texts: Mapping[str, Texts]
    skipped: int

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(next(iter((*self.numbers.values(), *self.texts.values()))))

    def where(self, rows: NDArray[np.bool_] | NDArray[np.int64]) -> "Sheet":
        """Return some of the rows, in the order given."""
        return Sheet(
            numbers={name: column[rows] for name, column in self.numbers.items()},
            texts={name: column[rows] for name, column in self.texts.items()},
            skipped=self.skipped,
        )


def locate(folder: Path, name: str, stem: str = "data") -> Path | None:
    """Return the file of a set, plain or gzipped, or None when it is absent."""
    candidates = (folder / name / f"{stem}.csv", folder / name / f"{stem}.csv.gz")
    return next((path for path in candidates if path.is_file()), None)


def read(path: Path, layout: Layout) -> Sheet:
    """Read the columns that `layout` names.

    Raises Unusable when the file is no readable CSV, a column is missing, or too many rows cannot be read.
    """
    rows, short = _rows(path, layout)
    rows.sort()
    cells: Sequence[Sequence[str]] = list(zip(*rows, strict=True)) or [()] * len(layout.columns())
    by_name = dict(zip(layout.columns(), cells, strict=True))
    parsers: dict[str, Callable[[str], float]] = dict.fromkeys(layout.counts, _count)
    parsers |= dict.fromkeys(layout.moments, _moment) | dict.fromkeys(layout.scaled, _scaled)
    numbers = {name: _parsed(by_name[name], parse) for name, parse in parsers.items()}
    readable = np.ones(len(rows), dtype=np.bool_)
    for column in numbers.values():
        readable &= ~np.isinf(column)  # infinity marks a cell that is no count and no moment
    skipped = short + int((~readable).sum())
    if skipped > MOST_SKIPPED * (len(rows) + short):
        raise Unusable(f"{skipped} of {len(rows) + short} rows cannot be read: a cell is missing or is no number.")
    texts = {name: np.array(by_name[name], dtype=np.str_) for name in layout.texts}
    return Sheet(numbers=numbers, texts=texts, skipped=skipped).where(readable)


def _rows(path: Path, layout: Layout) -> tuple[list[tuple[str, ...]], int]:
    """Return the named cells of every row that has them, and the number of rows that are too short."""
    try:
        table = csv.reader(io.StringIO(_text(path), newline=""), delimiter=layout.separator)
        header = next(table, [])
        whole = [row for row in table if row]
    except (OSError, EOFError, zlib.error, UnicodeDecodeError, csv.Error) as err:
        raise Unusable(f"the file cannot be read ({type(err).__name__}).") from err
    missing = [name for name in layout.columns() if name not in header]
    if missing:
        raise Unusable(f"column {', '.join(missing)} missing.")
    at = [header.index(name) for name in layout.columns()]
    rows = [tuple([row[i] for i in at]) for row in whole if len(row) > max(at)]
    return rows, len(whole) - len(rows)


def _text(path: Path) -> str:
    content = path.read_bytes()
    return (gzip.decompress(content) if path.suffix == ".gz" else content).decode("utf-8-sig")


def _parsed(cells: Sequence[str], parse: Callable[[str], float]) -> Floats:
    if parse is _count:
        try:
            plain = np.array(cells, dtype=np.float64)  # several times faster where every cell is a number
        except ValueError:
            pass
        else:
            return np.where(plain < 0, math.inf, plain)
    return np.array([parse(cell) for cell in cells], dtype=np.float64)


def _count(cell: str) -> float:
    """Return a count, NaN for an empty cell, infinity for what is no count."""
    try:
        value = float(cell)
    except ValueError:
        return math.inf if cell.strip() else math.nan
    return math.inf if value < 0 else value


def _scaled(cell: str) -> float:
    """Return a count that may be written short, like 3.3k, with the same exceptions."""
    text = cell.strip().lower()
    scale = _SCALES.get(text[-1:], 1.0)
    return _count(text if scale == 1.0 else text[:-1]) * scale


def _moment(cell: str) -> float:
    """Return days since 1970 of an ISO date or time, infinity for anything else; without a zone it is taken as UTC."""
    try:
        moment = datetime.fromisoformat(cell)
    except ValueError:
        return math.inf
    since = moment - _EPOCH if moment.tzinfo is None else moment - _EPOCH_UTC
    return since.total_seconds() / DAY_S
