"""Where things stand in a picture of scores: axis, dates, gaps and labels; pure arithmetic, no drawing.

Days are counted from the first of January of the year 1 in the chart's zone, with the time of day as a fraction.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from itertools import pairwise
from math import ceil, floor
from statistics import median_low

from core import figures
from core.models import ChartPoint

LEAST_SPAN = 20.0  # points; a narrower axis would make a small move look like a large one
TOP = 100.0  # the highest score, and the top of the widest axis
_MARGIN = 1.5  # points of air above and below what is drawn
_STEPS = ((30.0, 5.0), (60.0, 10.0), (TOP, 20.0))  # up to this span, a line every so many points

GAP_AT_LEAST = 4.0  # days; a daily reading may be late by a weekend without anything missing
_GAP_TIMES = 3.0  # a stretch this many times the usual distance between readings is a gap

_TICKS_AT_MOST = 7
_DAY_STEPS = (1, 2, 7, 14)  # days; from a week on they start on Mondays
_MONTH_STEPS = (1, 2, 3, 6, 12, 24, 60, 120)


@dataclass(frozen=True, slots=True)
class ScoreAxis:
    """An axis of scores from `low` to `high` with a line at every `step`."""

    low: float
    high: float
    step: float

    def lines(self) -> Iterator[float]:
        """Yield the scores that get a line."""
        count = round((self.high - self.low) / self.step)
        yield from (self.low + number * self.step for number in range(count + 1))


@dataclass(frozen=True, slots=True)
class DateTick:
    """A date on the axis: where it stands in days, its words, and the year where it has to be said."""

    day: float
    words: str
    year: str


def score_axis(low: float, high: float) -> ScoreAxis:
    """Return the axis for scores of `low` to `high` (1 to 100): as narrow as honest, never under 20 points."""
    low, high = max(0.0, low - _MARGIN), min(TOP, high + _MARGIN)
    lacking = max(0.0, LEAST_SPAN - (high - low)) / 2
    low, high = low - lacking, high + lacking
    low, high = (0.0, high - low) if low < 0 else (low - max(0.0, high - TOP), min(high, TOP))
    step = next((step for span, step in _STEPS if high - low <= span), _STEPS[-1][1])
    return ScoreAxis(max(0.0, floor(low / step) * step), min(TOP, ceil(high / step) * step), step)


def day_of(moment: datetime, place: tzinfo) -> float:
    """Return where a moment stands on the axis of days in a zone."""
    local = moment.astimezone(place)
    return local.toordinal() + (local.hour * 60 + local.minute) / 1440


def date_ticks(start: float, end: float) -> tuple[DateTick, ...]:
    """Return at most seven dates between two days, at the finest natural step; a Monday or the first of a month."""
    for step in _DAY_STEPS:
        days = _by_days(start, end, step)
        if len(days) <= _TICKS_AT_MOST:
            return _named(days, monthly=False)
    for step in _MONTH_STEPS:
        days = _by_months(start, end, step)
        if len(days) <= _TICKS_AT_MOST:
            return _named(days, monthly=True)
    return ()


def _by_days(start: float, end: float, step: int) -> list[int]:
    first = ceil(start)
    # day 1 of the calendar was a Monday
    first += (1 - first) % 7 if step >= 7 else 0
    return list(range(first, floor(end) + 1, step))


def _by_months(start: float, end: float, step: int) -> list[int]:
    first = date.fromordinal(ceil(start))
    month = first.year * 12 + first.month - 1 + (first.day > 1)
    days = []
    for number in range(month + (-month) % step, month + _TICKS_AT_MOST * step + step, step):
        day = date(number // 12, number % 12 + 1, 1).toordinal()
        if day > end:
            break
        days.append(day)
    return days


def _named(days: Sequence[int], *, monthly: bool) -> tuple[DateTick, ...]:
    ticks: list[DateTick] = []
    said = ""
    for day in days:
        moment = datetime.combine(date.fromordinal(day), time(), UTC)
        words = figures.day(moment, "UTC", now=moment)
        year = str(moment.year)
        ticks.append(DateTick(day, words.split()[1] if monthly else words, year if year != said else ""))
        said = year
    return tuple(ticks)


def stretches(points: Sequence[ChartPoint]) -> list[Sequence[ChartPoint]]:
    """Return the points, oldest first, cut where so much time is missing that a line would be a guess."""
    points = sorted(points, key=lambda point: point.at)
    ages = [later.at - earlier.at for earlier, later in pairwise(points)]
    if not ages:
        return [points] if points else []
    longest = max(median_low(ages) * _GAP_TIMES, timedelta(days=GAP_AT_LEAST))
    cuts = [0, *(at + 1 for at, age in enumerate(ages) if age > longest), len(points)]
    return [points[start:end] for start, end in pairwise(cuts)]


def apart(wanted: Sequence[float], distance: float, low: float, high: float) -> list[float]:
    """Return positions at least `distance` apart within `low` to `high`, as near to the wanted ones as order allows.

    Where there is no room for all, they share what there is evenly.
    """
    if not wanted:
        return []
    distance = min(distance, (high - low) / len(wanted))
    order = sorted(range(len(wanted)), key=lambda at: wanted[at])
    # clusters of labels that touch: each keeps the mean of what its members wanted
    clusters: list[list[float]] = []  # [sum of the starts wanted, members]
    most = high - distance * (len(order) - 1)
    for number, at in enumerate(order):
        clusters.append([wanted[at] - number * distance, 1.0])
        while len(clusters) > 1 and clusters[-1][0] / clusters[-1][1] < clusters[-2][0] / clusters[-2][1]:
            total, members = clusters.pop()
            clusters[-1][0] += total
            clusters[-1][1] += members
    starts = [min(max(c[0] / c[1], low), most) for c in clusters for _ in range(int(c[1]))]
    placed = [0.0] * len(order)
    for number, at in enumerate(order):
        placed[at] = starts[number] + number * distance
    return placed
