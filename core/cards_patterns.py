"""Unusual patterns on a card: a name, its numbers and the rule, and what they take off; never a verdict."""

from collections.abc import Sequence

from core import figures
from core.card import Column, Table, TableRow, line, text
from core.models import Flag


def patterns_table(flags: Sequence[Flag], penalty: float) -> Table:
    """Return the unusual patterns with their numbers, what is for information last, and what they take off."""
    counted = {flag.name for flag in flags if not flag.information}
    ordered = sorted(flags, key=lambda flag: flag.information)
    rows = [TableRow(cells=(line(text(f"{flag.name}: ", "warn"), flag.text),)) for flag in ordered]
    if penalty:
        taken = figures.one_decimal(-penalty)
        said = f"{len(counted)} patterns of different kinds: {taken} points taken off"
        rows.append(TableRow(cells=(line(said),)))
    elif counted:
        said = "no points taken off: that needs patterns of two kinds (audience, reactions, behaviour)"
        rows.append(TableRow(cells=(line(text(said, "quiet")),)))
    return Table(label="Patterns", columns=(Column(title="Pattern"),), rows=tuple(rows))
