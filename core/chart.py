"""Draws a card's `ChartSpec` as a PNG: one creator with the range as a band, or several side by side.

Slow to import and to run: only `app.draw` calls it, in a thread of its own. Everything is placed in pixels on a bare
`Figure`, without pyplot and without axes of matplotlib's own.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from math import isfinite
from typing import Literal, TypeVar

from matplotlib.patches import Polygon

from core import figures
from core.inert import inert
from core.models import ChartPoint, ChartSeries, ChartSpec
from core.scales import ScoreAxis, apart, date_ticks, day_of, score_axis, stretches
from core.sheet import DARK, HEIGHT, LARGE, LIGHT, NORMAL, SMALL, TITLE, WIDTH, Page

SERIES_AT_MOST = 12  # more lines than this cannot be told apart
NAME_LIMIT, TITLE_LIMIT = 40, 120  # characters

_LEFT, _RIGHT, _TOP, _BOTTOM = 40, 40, 142, 92  # pixels around the plot, labels beside it not counted
_LABEL_GAP = 34  # pixels between the plot and the labels at the ends of its lines
_NAME_ROOM = 340  # pixels that a name at the end of a line may take
_MARKED_AT_MOST = 27  # points of one line that are all marked; of more only the last
_HOLLOW_APART = 28.0  # pixels between the hollow points of a dense line
_SHAPE_EVERY = 130.0  # pixels between the marks that tell dense lines apart
_INSET = 14.0  # pixels, so that the first point does not sit on the edge
_MILESTONES_APART = 60.0  # pixels; numbers closer to each other would overlap
_ALONE = 3.5  # days shown on each side of a single point

_T = TypeVar("_T")
_MARKERS = ("o", "s", "^", "D", "v", "P")
_FEATHER = (1.0, 0.95, 0.9)  # shares of the range, drawn over each other
_SHADE = 0.44  # how much ink a lone band has, twice over


def draw(spec: ChartSpec, *, dark: bool = False) -> bytes:
    """Return the picture as PNG of 1200 x 640 pixels, on dark paper or light; its text alternative is `spec.alt`."""
    page = Page(DARK if dark else LIGHT)
    lines = [line for line in map(_drawable, spec.series) if line.points]
    _heading(page, inert(spec.title, TITLE_LIMIT), _key(lines))
    if not lines:
        page.words(WIDTH / 2, HEIGHT / 2, "No score stored yet", NORMAL, page.theme.quiet, ha="center")
        return page.png(spec.alt)
    shown = lines[:SERIES_AT_MOST]
    labels = _Labels.of(page, shown)
    plot = _Plot.around(page, shown, spec.zone, labels.width)
    plot.frame()
    traces = [plot.trace(line, number) for number, line in enumerate(shown)]
    for trace in traces:
        plot.band(trace, len(traces))
    for trace in traces:
        plot.line(trace, len(traces))
    if len(traces) == 1:
        plot.milestones(traces[0])
    labels.place(plot, traces)
    return page.png(spec.alt)


def warm() -> None:
    """Draw a small picture and forget it, so that the first real one does not wait for fonts."""
    draw(ChartSpec(series=(), title="", alt=""))


def _heading(page: Page, title: str, key: str) -> None:
    room = WIDTH - _LEFT - _RIGHT
    title = page.fitting(title, room, TITLE, "bold")
    page.words(_LEFT, HEIGHT - 52, title, TITLE, page.theme.ink, weight="bold")
    page.words(_LEFT, HEIGHT - 98, page.fitting(key, room, SMALL), SMALL, page.theme.quiet)


def _drawable(series: ChartSeries) -> ChartSeries:
    points = tuple(p for p in series.points if isfinite(p.score) and isfinite(p.low) and isfinite(p.high))
    name = inert(series.name, NAME_LIMIT)
    return ChartSeries(name=name, points=tuple(sorted(points, key=lambda point: point.at)))


def _key(lines: Sequence[ChartSeries]) -> str:
    """Return what the signs of this picture mean, naming only those it holds."""
    states = {point.state for line in lines for point in line.points} - {"ok"}
    words = [] if not lines else ["Score of 1 to 100, shaded with its 90 % range"]
    words += [f"hollow: {' or '.join(sorted(states))}"] if states else []
    words += ["gap: not read"] if any(len(stretches(line.points)) > 1 for line in lines) else []
    words += [f"{len(lines) - SERIES_AT_MOST} more not drawn"] if len(lines) > SERIES_AT_MOST else []
    return " · ".join(words)


# --- the plot ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Dot:
    """A point of a series where it stands on the page; its range from `low` to `high` in pixels too."""

    x: float
    y: float
    low: float
    high: float
    point: ChartPoint

    @property
    def score(self) -> str:
        return str(figures.shown(self.point.score))

    @property
    def hollow(self) -> bool:
        return self.point.state != "ok"

    def edges(self, share: float) -> tuple[float, float]:
        """Return both ends of a share of the range."""
        return self.y + (self.low - self.y) * share, self.y + (self.high - self.y) * share


@dataclass(frozen=True, slots=True)
class _Trace:
    """One series on the page, cut at its gaps; `number` gives it colour and mark."""

    number: int
    runs: Sequence[Sequence[_Dot]]

    @property
    def dots(self) -> Sequence[_Dot]:
        return [dot for run in self.runs for dot in run]

    @property
    def last(self) -> _Dot:
        return self.runs[-1][-1]


@dataclass(frozen=True, slots=True)
class _Plot:
    """Where moments and scores stand on the page."""

    page: Page
    place: tzinfo
    scores: ScoreAxis
    start: float
    end: float
    left: float
    right: float

    @classmethod
    def around(cls, page: Page, lines: Sequence[ChartSeries], zone: str, beside: float) -> "_Plot":
        points = [point for line in lines for point in line.points]
        place = figures.zone_of(zone)[0]
        start = day_of(min(point.at for point in points), place)
        end = day_of(max(point.at for point in points), place)
        alone = _ALONE if end - start < 0.5 else 0.0
        lows = min(min(p.low, p.score) for p in points)
        highs = max(max(p.high, p.score) for p in points)
        left = _LEFT + page.width("100", SMALL) + 22
        right = WIDTH - _RIGHT - beside - _LABEL_GAP
        return cls(page, place, score_axis(lows, highs), start - alone, end + alone, left, right)

    def x(self, day: float) -> float:
        room = self.right - self.left - 2 * _INSET
        return self.left + _INSET + (day - self.start) / (self.end - self.start) * room

    def y(self, score: float) -> float:
        share = (score - self.scores.low) / (self.scores.high - self.scores.low)
        return _BOTTOM + share * (HEIGHT - _TOP - _BOTTOM)

    def trace(self, line: ChartSeries, number: int) -> _Trace:
        return _Trace(number, [[self._dot(point) for point in stretch] for stretch in stretches(line.points)])

    def _dot(self, point: ChartPoint) -> _Dot:
        y = self.y(point.score)
        return _Dot(
            self.x(day_of(point.at, self.place)), y, min(y, self.y(point.low)), max(y, self.y(point.high)), point
        )

    def frame(self) -> None:
        theme = self.page.theme
        for score in self.scores.lines():
            level = round(self.y(score)) + 0.5
            self.page.stroke((self.left, self.right), (level, level), theme.grid, 1.5)
            self.page.words(self.left - 16, level, str(figures.shown(score)), SMALL, theme.quiet, ha="right")
        for tick in date_ticks(self.start, self.end):
            x = round(self.x(tick.day)) + 0.5
            self.page.stroke((x, x), (_BOTTOM - 8, _BOTTOM), theme.grid, 1.5)
            self.page.words(x, _BOTTOM - 30, tick.words, SMALL, theme.quiet, ha="center")
            if tick.year:
                self.page.words(x, _BOTTOM - 62, tick.year, SMALL, theme.quiet, ha="center")

    # --- one line -----------------------------------------------------------------------------------------------------

    def band(self, trace: _Trace, among: int) -> None:
        """Draw the range as one shade with a soft edge; many bands over each other are fainter."""
        colour = _of(self.page.theme.lines, trace.number)
        alpha = _SHADE / (among + 1) / len(_FEATHER)
        for run in trace.runs:
            for share in _FEATHER:
                corners = list(_outline(run, share))
                self.page.add(Polygon(corners, closed=True, facecolor=colour, edgecolor="none", alpha=alpha))

    def line(self, trace: _Trace, among: int) -> None:
        colour = _of(self.page.theme.lines, trace.number)
        for run in trace.runs:
            if len(run) > 1:
                xs, ys = [dot.x for dot in run], [dot.y for dot in run]
                self.page.stroke(xs, ys, colour, 4.5, solid_joinstyle="round", solid_capstyle="round")
        marked = list(self._marked(trace, among))
        for hollow in (False, True):
            chosen = [dot for dot in marked if dot.hollow is hollow]
            if chosen:
                self.mark([dot.x for dot in chosen], [dot.y for dot in chosen], trace.number, hollow=hollow)

    def mark(self, xs: Sequence[float], ys: Sequence[float], number: int, *, hollow: bool) -> None:
        theme = self.page.theme
        colour = _of(theme.lines, number)
        self.page.stroke(
            xs,
            ys,
            colour,
            0,
            marker=_of(_MARKERS, number),
            markersize=13,
            markeredgewidth=3,
            markeredgecolor=colour,
            markerfacecolor=theme.paper if hollow else colour,
        )

    def _marked(self, trace: _Trace, among: int) -> Iterator[_Dot]:
        """Yield what gets a mark: all of a few, else the last, lone and hollow points, and some for their shape."""
        dots = trace.dots
        if len(dots) <= _MARKED_AT_MOST // among:
            yield from dots
            return
        lone = {run[0].x for run in trace.runs if len(run) == 1}
        # marks of neighbouring lines do not stand above each other
        shape = self.left + _SHAPE_EVERY * (trace.number / among - 1) if among > 1 else float("inf")
        hollow = float("-inf")
        for dot in dots[:-1]:
            if dot.hollow and dot.x - hollow >= _HOLLOW_APART:
                hollow = dot.x
            elif dot.x - shape >= _SHAPE_EVERY:
                shape = dot.x
            elif dot.x not in lone:
                continue
            yield dot
        yield dots[-1]

    def milestones(self, trace: _Trace) -> None:
        """Write the first score and the highest above their points, where they are not the last."""
        first, last = trace.dots[0], trace.last
        peak = max(trace.dots, key=lambda dot: dot.point.score)
        if first.score != last.score and last.x - first.x >= _MILESTONES_APART:
            self._milestone(first, "left")
        near = min(peak.x - first.x, last.x - peak.x)
        if near >= _MILESTONES_APART and peak.score not in {first.score, last.score}:
            self._milestone(peak, "center")

    def _milestone(self, dot: _Dot, ha: Literal["left", "center"]) -> None:
        x = dot.x - (8 if ha == "left" else 0)
        self.page.words(x, dot.high + 20, dot.score, NORMAL, self.page.theme.ink, ha=ha)


def _outline(run: Sequence[_Dot], share: float) -> Iterator[tuple[float, float]]:
    if len(run) == 1:  # a lone point still has a range: a bar instead of a band
        low, high = run[0].edges(share)
        left, right = run[0].x - 7, run[0].x + 7
        yield from ((left, high), (right, high), (right, low), (left, low))
        return
    yield from ((dot.x, dot.edges(share)[1]) for dot in run)
    yield from ((dot.x, dot.edges(share)[0]) for dot in reversed(run))


def _of(choices: Sequence[_T], number: int) -> _T:
    return choices[number % len(choices)]


# --- labels -----------------------------------------------------------------------------------------------------------

_ROW = 40.0  # pixels from one label to the next
_MARK_ROOM, _NUMBER_ROOM = 26, 46  # pixels for the mark and the number before a name


@dataclass(frozen=True, slots=True)
class _Labels:
    """The score and the name at the end of each line, which spare the picture a legend."""

    page: Page
    names: Sequence[str]
    width: float

    @classmethod
    def of(cls, page: Page, lines: Sequence[ChartSeries]) -> "_Labels":
        if len(lines) == 1:
            last = lines[0].points[-1]
            wide = page.width(str(figures.shown(last.score)), LARGE, "bold")
            return cls(page, (), max(wide, page.width(_range(last), SMALL)))
        names = [page.fitting(line.name, _NAME_ROOM, NORMAL) for line in lines]
        wide = max(page.width(name, NORMAL) for name in names)
        return cls(page, names, _MARK_ROOM + _NUMBER_ROOM + wide)

    def place(self, plot: _Plot, traces: Sequence[_Trace]) -> None:
        if len(traces) == 1:
            self._one(plot, traces[0].last)
            return
        levels = apart([trace.last.y for trace in traces], _ROW, _BOTTOM, HEIGHT - _TOP)
        for trace, name, level in zip(traces, self.names, levels, strict=True):
            self._row(plot, trace, name, level)

    def _one(self, plot: _Plot, last: _Dot) -> None:
        theme, x = self.page.theme, plot.right + _LABEL_GAP
        level = min(max(last.y, _BOTTOM + 44), HEIGHT - _TOP - 10)
        self.page.words(x, level, last.score, LARGE, theme.lines[0], weight="bold")
        self.page.words(x, level - 42, _range(last.point), SMALL, theme.quiet)

    def _row(self, plot: _Plot, trace: _Trace, name: str, level: float) -> None:
        theme, x, last = self.page.theme, plot.right + _LABEL_GAP, trace.last
        colour = _of(theme.lines, trace.number)
        # from the end of the line to its label, so that a label that had to move still finds its line
        self.page.stroke((last.x + 12, plot.right, x - 8), (last.y, last.y, level), colour, 1.5, alpha=0.5)
        plot.mark((x + 6,), (level,), trace.number, hollow=last.hollow)
        self.page.words(x + _MARK_ROOM, level, last.score, NORMAL, colour, weight="bold")
        self.page.words(x + _MARK_ROOM + _NUMBER_ROOM, level, name, NORMAL, theme.ink)


def _range(point: ChartPoint) -> str:
    return figures.score_range(point.low, point.high)
