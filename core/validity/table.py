"""What an evaluation found: rows, their text table and their JSON."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from core.validity.marks import Goal, Verdict, verdict
from core.validity.metrics import Estimate

DIGITS = 6  # decimals in JSON: below any error, above the noise of another order of adding up

FOLLOWERS = "followers"

_HEAD = ("set", "metric", "n", "value", "se", "95% CI", "followers only", "diff (se)", "goal", "verdict", "note")


@dataclass(frozen=True, slots=True)
class Row:
    """One line: a measure of one set. `n` counts what was measured: pairs, creators, page-weeks, comparisons."""

    set: str
    metric: str
    n: int
    estimate: Estimate
    baseline_name: str = ""
    goal: Goal | None = None
    note: str = ""

    @property
    def verdict(self) -> Verdict:
        """How the value stands against its goal."""
        return verdict(self.goal, self.estimate)

    def json(self) -> dict[str, Any]:
        """Return the row as JSON, its keys in their fixed order."""
        e = self.estimate
        return {
            "set": self.set,
            "metric": self.metric,
            "n": self.n,
            "value": _plain(e.value),
            "se": _plain(e.se),
            "ci": [_plain(e.low), _plain(e.high)],
            "baseline": _plain(e.baseline),
            "baseline_name": self.baseline_name,
            "diff": _plain(e.diff),
            "diff_se": _plain(e.diff_se),
            "goal": self.goal.text if self.goal else "",
            "verdict": self.verdict,
            "note": self.note,
        }

    def cells(self) -> tuple[str, ...]:
        """Return the row's texts in the order of the table's columns."""
        e = self.estimate
        missing = "absent" if self.note.startswith("absent") else "n/a"
        other = "" if self.baseline_name == FOLLOWERS else f" ({self.baseline_name})"
        return (
            self.set,
            self.metric,
            str(self.n) if self.n else "",
            missing if math.isnan(e.value) else _figure(e.value),
            _figure(e.se),
            "" if math.isnan(e.low) else f"{_figure(e.low)} .. {_figure(e.high)}",
            "" if math.isnan(e.baseline) else f"{_figure(e.baseline)}{other}",
            "" if math.isnan(e.diff) else f"{e.diff:+.3f} ({_figure(e.diff_se)})",
            self.goal.text if self.goal else "",
            self.verdict,
            self.note,
        )


def unmeasured(set_name: str, metric: str, reason: str, *, n: int = 0, goal: Goal | None = None) -> Row:
    """Return the row of a measure without a value."""
    return Row(set_name, metric, n, Estimate(math.nan), goal=goal, note=reason)


def _plain(value: float) -> float | None:
    return None if math.isnan(value) else round(value, DIGITS)


def _figure(value: float) -> str:
    if math.isnan(value):
        return ""
    return f"{value:.3f}" if abs(value) < 10 else f"{value:.1f}"


@dataclass(frozen=True, slots=True)
class Report:
    """Every row of an evaluation, with the versions and the seed that made it."""

    model_version: str
    weights_version: str
    seed: int
    rows: tuple[Row, ...]

    @property
    def exit_code(self) -> int:
        """0 when every pass mark is met or cannot be measured, 1 when one is missed."""
        return int(any(row.verdict == "miss" for row in self.rows))

    def json(self) -> dict[str, Any]:
        """Return the whole as JSON-ready values; what was not measured is None."""
        return {
            "model_version": self.model_version,
            "weights_version": self.weights_version,
            "seed": self.seed,
            "rows": [row.json() for row in self.rows],
        }

    def text(self) -> str:
        """Return one table, a line a measure, under a line that names the versions and the seed."""
        lines = [_HEAD, *(row.cells() for row in self.rows)]
        top = f"model {self.model_version}, action weights {self.weights_version}, seed {self.seed}"
        return "\n".join((top, "", *_aligned(lines)))


def _aligned(lines: Sequence[tuple[str, ...]]) -> Iterable[str]:
    widths = [max(len(line[column]) for line in lines) for column in range(len(_HEAD))]
    for line in lines:
        yield "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
