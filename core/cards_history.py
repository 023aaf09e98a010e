"""How a score moved: the week's change, the sparkline, the history card and its chart."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from core import figures
from core.card import (
    Button,
    Card,
    Column,
    Fact,
    Headline,
    Line,
    Lines,
    Notes,
    Sparkline,
    Style,
    Table,
    TableRow,
    Tone,
    at,
    line,
    plain,
    text,
)
from core.models import ChartPoint, ChartSeries, ChartSpec, HistoryPoint, Reading
from core.naming import Manifests, handle_span

WEEK = timedelta(days=7)
_WEEK_AT_LEAST, _WEEK_AT_MOST = timedelta(days=5), timedelta(days=9)  # a point this old may stand for last week's
_BARS_AT_MOST = 12
_ROWS_AT_MOST = 14  # weeks of 90 days, with a part of one at each end
_FIRM = frozenset({"ok", "provisional"})  # stale and dormant scores say nothing about movement (SCORING 5)


def same_version(reading: Reading) -> list[HistoryPoint]:
    """Return the firm points of the score's own model version, oldest first: versions are never compared."""
    version = reading.score.model_version
    kept = [p for p in reading.history if p.model_version == version and p.state in _FIRM and p.at <= reading.at]
    return sorted(kept, key=lambda point: point.at)


def week_change(reading: Reading) -> int | None:
    """Return the shown score less the one shown 7 days back, or None when no point of 5 to 9 days back exists."""
    if reading.score.score is None or reading.score.state not in _FIRM:
        return None
    aged = [(reading.at - point.at, point) for point in same_version(reading)]
    near = [(abs(age - WEEK), point.score) for age, point in aged if _WEEK_AT_LEAST <= age <= _WEEK_AT_MOST]
    if not near:
        return None
    return figures.shown(reading.score.score) - figures.shown(min(near)[1])


def tone_of(change: int | None) -> Tone:
    """Return the accent of a card with this 7-day change."""
    return "flat" if not change else "up" if change > 0 else "down"


def change_line(change: int | None, words: str = "this week") -> Line:
    """Return the change as it stands beside a score; nothing when it is not known."""
    if change is None:
        return ()
    style: Style = "plain" if change == 0 else "up" if change > 0 else "down"
    return line(text(figures.movement(change, words), style))


def _with_now(reading: Reading, points: Sequence[HistoryPoint]) -> list[HistoryPoint]:
    """Return the points up to the score on the card, which replaces those of its own day."""
    score = reading.score
    if score.score is None or score.low is None or score.high is None or score.state not in _FIRM:
        return list(points)
    now = HistoryPoint(
        at=reading.at,
        score=score.score,
        low=score.low,
        high=score.high,
        state=score.state,
        model_version=score.model_version,
    )
    return [point for point in points if point.at.date() != now.at.date()] + [now]


def sparkline(reading: Reading) -> Sparkline | None:
    """Return up to 12 scores, the last one of each stretch of time, or None with less than a day of history.

    It runs over the same points as the picture: the two stand on one card.
    """
    points = _with_now(reading, same_version(reading))
    if len(points) < 2 or points[-1].at - points[0].at < timedelta(days=1):
        return None
    start, end = points[0].at, points[-1].at
    stretch = max((end - start) / (_BARS_AT_MOST - 1), timedelta(days=1))
    # stretches are counted back from the newest score, so that the last bar is the one on the card
    last_of = {round((end - point.at) / stretch): point.score for point in points}
    values = [last_of[bar] for bar in sorted(last_of, reverse=True)]
    values[0], values[-1] = points[0].score, points[-1].score
    words = f"{figures.shown(values[0])} to {figures.shown(values[-1])} in {figures.span(end - start)}"
    return Sparkline(values=tuple(values), caption=line(words)) if len(values) > 1 else None


def chart(reading: Reading, zone: str) -> ChartSpec | None:
    """Return what the picture of a history shows, or None with fewer than two points."""
    points = _with_now(reading, same_version(reading))
    if len(points) < 2:
        return None
    name = plain(line(handle_span(reading.handle)))
    peak = max(points, key=lambda point: point.score)
    first, last = points[0], points[-1]
    alt = (
        f"Score {figures.shown(first.score)} to {figures.shown(last.score)} from {figures.day(first.at, zone)} to "
        f"{figures.day(last.at, zone)}, highest {figures.shown(peak.score)} on {figures.day(peak.at, zone)}."
    )
    series = tuple(ChartPoint(at=p.at, score=p.score, low=p.low, high=p.high, state=p.state) for p in points)
    title = f"Influence score of {name}"
    return ChartSpec(series=(ChartSeries(name=name, points=series),), title=title, alt=alt, zone=zone)


def history_card(reading: Reading, now: datetime, *, zone: str, manifests: Manifests | None = None) -> Card:
    """Return a creator's stored scores week by week, newest first, with the picture to draw."""
    points = _with_now(reading, sorted(reading.history, key=lambda point: point.at))
    name = handle_span(reading.handle, strong=True)
    if not points:
        blocks: tuple[Headline | Lines, ...] = (
            Headline(cells=(line(name), line("no score stored yet"))),
            Lines(facts=(Fact(line=line("A lookup stores the first one; a tracked creator gains one a day.")),)),
        )
        return Card(kind="history", tone="warn", title=line(name, " no score stored yet"), blocks=blocks)
    span = figures.span(points[-1].at - points[0].at)
    cells = (line(name), line(text(f"{figures.counted(len(points), 'score')} in {span}")))
    spark = sparkline(reading)
    rows = _weeks(points, now, zone)
    remarked = any(len(row.cells) == len(_COLUMNS) for row in rows)
    table = Table(columns=_COLUMNS if remarked else _COLUMNS[:-1], rows=rows, heads=True)
    return Card(
        kind="history",
        tone=tone_of(_whole_change(points)),
        title=line(name, " history"),
        blocks=(Headline(cells=cells), *((spark,) if spark else ()), table, *_version_notes(points)),
        buttons=(Button(label="Card", command="influence", arguments=(("creator", reading.handle),)),),
        chart=chart(reading, zone),
    )


_COLUMNS = (
    Column(title="Day"),
    Column(title="Score", align="right"),
    Column(title="Range", align="right"),
    Column(title="Change", align="right"),
    Column(title=""),
)


def _whole_change(points: Sequence[HistoryPoint]) -> int | None:
    last = points[-1]
    known = [point for point in points if point.model_version == last.model_version and point.state in _FIRM]
    return figures.shown(last.score) - figures.shown(known[0].score) if last in known else None


def _weeks(points: Sequence[HistoryPoint], now: datetime, zone: str) -> tuple[TableRow, ...]:
    """Return a row for the newest point and one for each week before it; every day while they are few."""
    chosen = list(points)
    if len(points) > _ROWS_AT_MOST:
        step = max(WEEK, (points[-1].at - points[0].at) / (_ROWS_AT_MOST - 1))
        chosen = list({round((points[-1].at - p.at) / step): p for p in points}.values())
    before: list[HistoryPoint | None] = [None, *chosen[:-1]]
    rows = [_week(point, earlier, now, zone) for point, earlier in zip(chosen, before, strict=True)]
    return tuple(reversed(rows))


def _week(point: HistoryPoint, earlier: HistoryPoint | None, now: datetime, zone: str) -> TableRow:
    comparable = earlier is not None and earlier.model_version == point.model_version
    change = figures.shown(point.score) - figures.shown(earlier.score) if earlier is not None and comparable else None
    mark = "" if change is None else figures.whole_signed(change)
    remark = () if point.state == "ok" else (line(text(point.state, "quiet")),)
    return TableRow(
        cells=(
            line(at(point.at, figures.day(point.at, zone, now=now), "date")),
            line(str(figures.shown(point.score))),
            line(figures.score_range(point.low, point.high)),
            line(mark),
            *remark,
        )
    )


def _version_notes(points: Sequence[HistoryPoint]) -> tuple[Notes, ...]:
    versions = list(dict.fromkeys(point.model_version for point in points))
    model = f"model {' and '.join(versions)}"
    lines = [line(f"Scores of 1 to 100 with their 90 % range · {model}")]
    if len(versions) > 1:
        lines.append(line("Scores of different models are not compared: no change is shown between them."))
    return (Notes(lines=tuple(lines)),)
