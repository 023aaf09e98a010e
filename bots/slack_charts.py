"""A card's chart as Slack's own chart block: shared days, whole scores, nothing between them invented. Pure."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from bots.slack_blocks import Json, unlinked
from core import figures
from core.card import Sparkline
from core.inert import inert
from core.models import ChartPoint, ChartSeries, ChartSpec

SERIES, CATEGORIES = 6, 20  # docs.slack.dev allows 12 series, its older pages 6
TITLE_LIMIT, LABEL_LIMIT, ALT_LIMIT = 50, 20, 2_000  # characters
_STRETCHES = (20, 16, 12, 10, 8, 6, 4, 3, 2)
_BARS = 12  # characters of a sparkline
_Row = tuple[ChartPoint, ...]


def chart(spec: ChartSpec) -> Json | None:
    """Return the block that draws a history, or None where fewer than two days have a score of every creator.

    A day on which one of them has none is left out: the block needs a value everywhere, and none is made up.
    """
    series = [one for one in spec.series if one.points][:SERIES]
    rows = _labelled(_rows(series), spec.zone) if series else {}
    if len(rows) < 2:
        return None
    lines = [
        {"name": name, "data": [{"label": day, "value": figures.shown(row[at].score)} for day, row in rows.items()]}
        for at, name in enumerate(_names(series))
    ]
    axes = {"categories": list(rows), "x_label": "Day", "y_label": "Score (1 to 100)"}
    title = unlinked(inert(spec.title, ALT_LIMIT))
    shown = {"type": "line", "series": lines, "axis_config": axes}
    return {
        "type": "data_visualization",
        "title": title if 0 < len(title) <= TITLE_LIMIT else "Influence scores",
        "chart": shown,
    }


def _rows(series: Sequence[ChartSeries]) -> list[_Row]:
    """Return the last points of up to 20 stretches of time, one of each series, as many as there can be."""
    start = max(one.points[0].at for one in series)
    end = max(one.points[-1].at for one in series)
    found: list[_Row] = []
    for stretches in _STRETCHES:
        rows = list(_in_stretches(series, start, end, stretches))
        found = rows if len(rows) > len(found) else found
    return found


def _in_stretches(series: Sequence[ChartSeries], start: datetime, end: datetime, stretches: int) -> Iterator[_Row]:
    """Yield a row for each stretch in which every series has a point; counted back, so that the newest is the last."""
    length = (end - start) / max(1, stretches - 1)
    if not length:
        return
    last: list[dict[int, ChartPoint]] = [
        {round((end - point.at) / length): point for point in one.points if point.at >= start} for one in series
    ]
    for back in range(stretches - 1, -1, -1):
        if all(back in points for points in last):
            yield tuple(points[back] for points in last)


def _labelled(rows: Sequence[_Row], zone: str) -> dict[str, _Row]:
    """Return rows by their day, which is the latest of their points."""
    if not rows:
        return {}
    newest = max(point.at for point in rows[-1])
    return {figures.day(max(point.at for point in row), zone, now=newest): row for row in rows}


def _names(series: Sequence[ChartSeries]) -> list[str]:
    """Return names that fit and differ."""
    names: list[str] = []
    for at, one in enumerate(series):
        name = unlinked(inert(one.name, LABEL_LIMIT - 1))[:LABEL_LIMIT]
        names.append(name if name and name not in names else f"{name[: LABEL_LIMIT - 3]} {at + 1}".strip())
    return names


def picture(spec: ChartSpec, file: str) -> Json:
    """Return the block that shows an uploaded picture of a history."""
    alt = unlinked(inert(spec.alt, ALT_LIMIT - 100))[:ALT_LIMIT]
    return {"type": "image", "slack_file": {"id": file}, "alt_text": alt or "Influence scores over time"}


def courses(spec: ChartSpec) -> Iterator[tuple[str, str, str]]:
    """Yield each creator's name, the course of the score in characters, and its first and last score in words."""
    for one in spec.series:
        if len(one.points) < 2:
            continue
        step = (len(one.points) - 1) / (min(_BARS, len(one.points)) - 1)
        values = [one.points[round(at * step)].score for at in range(min(_BARS, len(one.points)))]
        ends = f"{figures.shown(values[0])} to {figures.shown(values[-1])}"
        yield one.name, Sparkline(values=tuple(values), caption=()).bars(), ends
