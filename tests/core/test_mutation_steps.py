"""The deliberate breakages of benchmarks/mutation.py must still fit the formula they break."""

from pathlib import Path

from benchmarks.mutation import STEPS, stale

SOURCE = Path(__file__).parents[2] / "core" / "parts.py"


def test_each_breakage_finds_its_line() -> None:
    assert stale(SOURCE.read_text(encoding="utf-8")) == []


def test_a_line_that_changed_is_told() -> None:
    name, (old, _) = next(iter(STEPS.items()))
    assert name in stale(SOURCE.read_text(encoding="utf-8").replace(old, ""))
