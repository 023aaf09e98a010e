"""Two to six creators side by side: who leads, by how much, and where it is too close to call."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import NamedTuple

from core import figures
from core.card import (
    Button,
    Card,
    Column,
    Headline,
    Line,
    Notes,
    Span,
    Table,
    TableRow,
    joined,
    line,
    outside,
    plain,
    text,
)
from core.cards_history import change_line, chart, week_change
from core.cards_remarks import CAUTION
from core.context import assumed, peer_rates
from core.explain import Comparison
from core.models import ChartSpec, NetworkReading, Reading, SubScores
from core.naming import REMARK_LIMIT, Manifests, handle_span, label
from core.readings import counting

_NOTHING = "–"


class Basis(NamedTuple):
    """What every part of the comparison is written from; readings stand in the order asked for."""

    readings: tuple[Reading, ...]
    now: datetime
    zone: str
    manifests: Manifests


def compare_card(found: Comparison, now: datetime, *, zone: str, manifests: Manifests | None = None) -> Card:
    """Return several creators side by side; `zone` is the reader's, by IANA name."""
    basis = Basis(found.readings, now, zone, manifests or {})
    said = _verdict(found.readings)
    return Card(
        kind="compare",
        title=line(*_listed(found.readings), " side by side"),
        blocks=(Headline(cells=(said,)), _table(basis), Notes(lines=tuple(_notes(found, basis)))),
        buttons=tuple(
            Button(label=f"Why {reading.handle}"[:40], command="why", arguments=(("creator", reading.handle),))
            for reading in found.readings
        ),
        chart=_chart(found.readings, zone),
    )


# --- who leads --------------------------------------------------------------------------------------------------------


def _verdict(readings: Sequence[Reading]) -> Line:
    """Return who leads; whose range reaches into the leader's is too close to call."""
    ranked = sorted((r for r in readings if r.score.score is not None), key=lambda r: (-_score(r), r.handle))
    if len(ranked) < 2:
        return line("only one of them has a score" if ranked else "none of them has a score")
    first, others = ranked[0], ranked[1:]
    near = [r for r in others if _overlap(first, r)]
    if near:
        return line("too close to call: ", *_listed([first, *near]), "; their ranges overlap")
    ahead = figures.shown(_score(first)) - figures.shown(_score(others[0]))
    by = figures.counted(ahead, "point")
    return line(handle_span(first.handle, strong=True), f" leads by {by} over ", handle_span(others[0].handle))


def _score(reading: Reading) -> float:
    return reading.score.score if reading.score.score is not None else 1.0


def _overlap(one: Reading, other: Reading) -> bool:
    """Return whether two ranges meet; judged on what is shown, so that the card never contradicts itself."""
    a, b = one.score, other.score
    if a.low is None or a.high is None or b.low is None or b.high is None:
        return True
    return figures.shown(a.low) <= figures.shown(b.high) and figures.shown(b.low) <= figures.shown(a.high)


def _listed(readings: Sequence[Reading]) -> list[Span]:
    spans: list[Span] = []
    for at, reading in enumerate(readings):
        if at:
            spans.append(text(" and " if at == len(readings) - 1 else ", "))
        spans.append(handle_span(reading.handle, strong=True))
    return spans


# --- side by side -----------------------------------------------------------------------------------------------------

_SUB_SCORES: tuple[tuple[str, Callable[[SubScores], float | None]], ...] = (
    ("Reach", lambda parts: parts.reach),
    ("Resonance", lambda parts: parts.resonance),
    ("Amplification", lambda parts: parts.amplification),
    ("Consistency", lambda parts: parts.consistency),
    ("Growth", lambda parts: parts.growth),
)


def _table(basis: Basis) -> Table:
    """Return a column a creator, a row a figure."""
    rows = [
        _row("score", [line(text(_whole(r.score.score), "strong")) for r in basis.readings]),
        _row("range", [line(_range(r)) for r in basis.readings]),
        _row("this week", [_moved(r) for r in basis.readings]),
        *(_row(name, [line(_whole(of(r.score.sub_scores))) for r in basis.readings]) for name, of in _SUB_SCORES),
        _row("followers reacting", [line(_rate(r)) for r in basis.readings]),
        _row("times the usual", [line(_times(r)) for r in basis.readings]),
        _row("reactions a week", [line(_weekly(r)) for r in basis.readings]),
        _row("networks", [line(str(len(counting(r.networks)) or _NOTHING)) for r in basis.readings]),
    ]
    states = [r.score.state for r in basis.readings]
    if any(state != "ok" for state in states):
        rows.insert(2, _row("state", [line("firm" if state == "ok" else state) for state in states]))
    columns = [Column(title=_title(reading), align="right") for reading in basis.readings]
    return Table(columns=(Column(title=""), *columns), rows=tuple(rows), heads=True)


def _title(reading: Reading) -> str:
    return handle_span(reading.handle).text


def _row(name: str, cells: Sequence[Line]) -> TableRow:
    return TableRow(cells=(line(name), *cells))


def _moved(reading: Reading) -> Line:
    change = week_change(reading)
    if change is None:
        return line(_NOTHING)
    return line("●  0" if change == 0 else plain(change_line(change, "")).strip())


def _whole(value: float | None) -> str:
    return _NOTHING if value is None else str(figures.shown(value))


def _range(reading: Reading) -> str:
    low, high = reading.score.low, reading.score.high
    return _NOTHING if low is None or high is None else figures.score_range(low, high)


def _rated(reading: Reading) -> tuple[NetworkReading, ...]:
    """Return the accounts whose figures stand in the table: those of the total, else the strongest one apart."""
    return counting(reading.networks) or counting(reading.networks, separate=True)[:1]


def _rates(reading: Reading) -> tuple[float, float, float] | None:
    """Return reactions, followers and expected reactions over the networks that have all three; None when one lacks."""
    counted = _rated(reading)
    peers = peer_rates(counted)
    if not peers or len(peers) < len(counted):
        return None
    followers = [one.score.inputs.followers or 0 for one in counted if one.score is not None and one.score.inputs]
    rows = list(zip(peers, followers, strict=True))
    return (
        sum(peer.rate * size for peer, size in rows),
        float(sum(followers)),
        sum(peer.expected * size for peer, size in rows),
    )


def _rate(reading: Reading) -> str:
    known = _rates(reading)
    return _NOTHING if known is None else figures.percent(known[0] / known[1])


def _times(reading: Reading) -> str:
    known = _rates(reading)
    return _NOTHING if known is None else figures.one_decimal(known[0] / known[2])


def _weekly(reading: Reading) -> str:
    counted = _rated(reading)
    inputs = [one.score.inputs for one in counted if one.score is not None]
    known = [one.reactions_per_week for one in inputs if one is not None]
    return figures.count(sum(known)) if known else _NOTHING


def _networks(reading: Reading, manifests: Manifests) -> Line:
    """Return a creator's networks, and the unusual patterns seen there."""
    counted = counting(reading.networks)
    names = ", ".join(dict.fromkeys(label(one.network, manifests) for one in counted)) or "no network that counts"
    seen = dict.fromkeys(flag.name for one in counted for flag in one.flags if not flag.information)
    patterns = line("; ", text(f"unusual: {', '.join(seen)}", "warn")) if seen else ()
    return line(handle_span(reading.handle), f" {names}", *patterns)


# --- picture and small print ------------------------------------------------------------------------------------------


def _chart(readings: Sequence[Reading], zone: str) -> ChartSpec | None:
    """Return all histories in one picture, or None when fewer than two have one."""
    drawn = [spec for reading in readings if (spec := chart(reading, zone)) is not None]
    if len(drawn) < 2:
        return None
    series = tuple(one for spec in drawn for one in spec.series)
    names = ", ".join(one.name for one in series)
    said = "; ".join(
        f"{one.name} {figures.shown(one.points[0].score)} to {figures.shown(one.points[-1].score)}" for one in series
    )
    title = f"Influence scores of {names}"
    return ChartSpec(series=series, title=title, alt=f"Scores side by side: {said}.", zone=zone)


def _notes(found: Comparison, basis: Basis) -> list[Line]:
    lines = [joined(_networks(reading, basis.manifests) for reading in basis.readings)]
    lines += [
        line(handle_span(one.asked), " is not compared: ", outside(one.message, REMARK_LIMIT)) for one in found.missing
    ]
    compared = {one.network for reading in basis.readings if _rates(reading) is not None for one in _rated(reading)}
    guessed = [label(name, basis.manifests) for name in sorted(compared) if assumed(name)]
    if compared:
        least = f", assumed on {', '.join(guessed)} for want of a public benchmark" if guessed else ""
        lines.append(line(f"The usual: what a post of creators of the size draws{least}"))
    models = sorted({reading.score.model_version for reading in basis.readings})
    lines.append(line(f"Scores of 1 to 100 with their 90 % range · model {' and '.join(models)} · {CAUTION}"))
    return lines
