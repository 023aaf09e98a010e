"""When something is said again and again: a schedule as people write it, its next run from wall time, its periods.

A schedule is a rule on local dates and a time of day in an IANA zone, never an offset, so that daylight saving can
neither double nor skip a run (`docs/operate.md`). Pure: the present moment is a parameter.
"""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from difflib import get_close_matches
from functools import cache
from itertools import islice
from typing import Literal
from zoneinfo import ZoneInfo, available_timezones

from pydantic import Field

from core.errors import BadSchedule
from core.figures import zone_of
from core.inert import inert
from core.messenger import Place
from core.models import Model, Moment

Cadence = Literal["daily", "weekly", "monthly"]

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
DAY, WEEK = timedelta(days=1), timedelta(days=7)
NINE = time(9)  # the time of day where none is given
# from one run to the next, also of one moved to the other end of the following week or month
LONGEST_GAP: dict[Cadence, timedelta] = {"daily": 3 * DAY, "weekly": 15 * DAY, "monthly": 63 * DAY}
_FILLER = frozenset({"every", "each", "on", "at", "the", "of", "week", "weekly", "in"})
_TIME = re.compile(r"(\d{1,2})(?:[:.](\d{2}))?(?:h|uhr)?(am|pm)?")
_MONTHDAY = re.compile(r"(\d{1,2})(?:st|nd|rd|th|\.)?")
_NEAR = 3  # near misses named in one error
_QUOTED = 40  # characters of somebody's word repeated in an error


class Run(Model):
    """One run: `on` is the local date it is scheduled for, which names its period, `at` when it happens."""

    on: date
    at: Moment


class Schedule(Model):
    """`day` is the weekday (0 is Monday) of a weekly schedule and the day of a monthly one, else 0.

    A month shorter than `day` runs on its last day.
    """

    cadence: Cadence = "weekly"
    day: int = Field(0, ge=0, le=31)
    hour: int = Field(9, ge=0, le=23)
    minute: int = Field(0, ge=0, le=59)
    zone: str = "UTC"

    @property
    def written(self) -> str:
        """The rule as it is typed, without its zone: `every monday 09:00`, `daily 09:00`, `monthly 1 09:00`."""
        when = f"{self.hour:02}:{self.minute:02}"
        if self.cadence == "weekly":
            return f"every {WEEKDAYS[self.day]} {when}"
        return f"daily {when}" if self.cadence == "daily" else f"monthly {self.day} {when}"


SubscriptionState = Literal["on", "paused", "gone"]
"""`gone`: its channel was deleted; only choosing another channel brings it back."""


class Subscription(Model):
    """A digest that a team wants in a place, again and again.

    `number` is what the team calls it by. `least` None means the team's own setting. `blocked_since` is since when
    nothing could be posted there; `told_at` when its owner was told of it. `version` counts its edits.
    """

    id: int = 0
    team: str
    number: int = 0
    place: Place
    schedule: Schedule
    top: int = Field(5, ge=1, le=25)
    least: int | None = Field(None, ge=1, le=50)
    tags: tuple[str, ...] = ()
    quiet: bool = False
    mention: str | None = None
    owner: str = ""
    state: SubscriptionState = "on"
    next_run: Run
    last_run_at: Moment | None = None
    last_error: str | None = None
    blocked_since: Moment | None = None
    told_at: Moment | None = None
    version: int = 1
    edited_by: str = ""
    edited_at: Moment


class LastPost(Model):
    """What became of a subscription's newest digest; `error` says why it was not posted."""

    period: str
    state: str
    due_at: Moment
    sent_at: Moment | None = None
    error: str | None = None


class Subscribed(Model):
    """A subscription with what became of its newest digest, if there was one."""

    subscription: Subscription
    last: LastPost | None = None


# --- runs -------------------------------------------------------------------------------------------------------------


def next_run(schedule: Schedule, now: datetime, *, after: date | None = None) -> Run:
    """Return the first run later than `now` whose date is later than `after`."""
    start = now.astimezone(_place(schedule)).date() - 2 * DAY
    if after is not None:
        start = max(start, after + DAY)
    return next(run for run in _runs(schedule, start) if run.at > now)


def due_runs(schedule: Schedule, first: date, now: datetime, *, most: int = 400) -> tuple[Run, ...]:
    """Return the runs from the date `first` on that are due by `now`, oldest first, the latest `most` of them."""
    longest = LONGEST_GAP[schedule.cadence] * most
    start = max(first, now.astimezone(_place(schedule)).date() - longest)
    found: list[Run] = []
    for run in _runs(schedule, start):
        if run.at > now:
            break
        found.append(run)
    return tuple(found[-most:])


def _runs(schedule: Schedule, start: date) -> Iterator[Run]:
    for on in _dates(schedule, start):
        at = moment(schedule, on)
        # a date the zone never had (Apia, 30 Dec 2011) is no day to report on; a week or a month is moved instead
        if schedule.cadence != "daily" or at.astimezone(_place(schedule)).date() == on:
            yield Run(on=on, at=at)


def _dates(schedule: Schedule, start: date) -> Iterator[date]:
    match schedule.cadence:
        case "daily":
            yield from _every(DAY, start)
        case "weekly":
            yield from _every(WEEK, start + (schedule.day - start.weekday()) % 7 * DAY)
        case "monthly":
            months = range(start.year * 12 + start.month - 1, (start.year + 100) * 12)
            found = (_in_month(month // 12, month % 12 + 1, schedule.day) for month in months)
            yield from (on for on in found if on >= start)


def _every(step: timedelta, first: date) -> Iterator[date]:
    on = first
    while True:
        yield on
        on += step


def _in_month(year: int, month: int, day: int) -> date:
    following = date(year + month // 12, month % 12 + 1, 1)
    return min(date(year, month, 1) + (day - 1) * DAY, following - DAY)


def moment(schedule: Schedule, on: date) -> datetime:
    """Return when a local date's run happens: in a gap that much later, in a repeated hour the first time."""
    local = datetime.combine(on, time(schedule.hour, schedule.minute), tzinfo=_place(schedule))
    return local.replace(fold=0).astimezone(UTC)


def _place(schedule: Schedule) -> ZoneInfo:
    place = zone_of(schedule.zone)[0]
    return place if isinstance(place, ZoneInfo) else ZoneInfo("UTC")


# --- periods ----------------------------------------------------------------------------------------------------------


def period(cadence: Cadence, on: date) -> str:
    """Return the key of the period a run reports on: `2026-W47`, `2026-11-23` or `2026-11`, from its local date."""
    if cadence == "weekly":
        year, week, _ = on.isocalendar()
        return f"{year}-W{week:02}"
    return on.isoformat() if cadence == "daily" else f"{on:%Y-%m}"


def covered(cadence: Cadence, on: date, day: int = 0) -> tuple[date, date]:
    """Return the first and the last local date that a run of this date reports on; `day` is its schedule's.

    A month's run on its last day, for want of a 31st, begins where the run of the month before ended.
    """
    last = on - DAY
    if cadence == "weekly":
        return on - WEEK, last
    if cadence == "daily":
        return last, last
    year, month = (on.year, on.month - 1) if on.month > 1 else (on.year - 1, 12)
    of_schedule = day > 0 and on == _in_month(on.year, on.month, day)  # a preview runs on any date
    return _in_month(year, month, day if of_schedule else on.day), last


# --- what people type -------------------------------------------------------------------------------------------------


def parse_schedule(words: str, zone: str, *, base: Schedule | None = None) -> Schedule:
    """Return the schedule of words like `every monday 09:00 Europe/Berlin`; `zone` is the one where none is named.

    What is left out stays as in `base`, else Monday and 09:00. Raises BadSchedule naming what was meant.
    """
    found: dict[str, object] = {}
    tokens = iter(words.replace(",", " ").split())
    for token in tokens:
        word = token.casefold()
        if word in {"daily", "day"}:
            found |= {"cadence": "daily", "day": 0}
        elif word in {"monthly", "month"}:
            found |= {"cadence": "monthly", "day": _day_of_month(_next_said(tokens))}
        elif (weekday := _weekday(word)) is not None:
            found |= {"cadence": "weekly", "day": weekday}
        elif word in {"am", "pm"} and "hour" in found:
            found["hour"] = _twelve(int(str(found["hour"])), word, token)
        elif word not in _FILLER:
            found |= _time(word, token) or {"zone": _zone(token)}
    start = base or Schedule(zone=zone_named(zone))
    return Schedule.model_validate(start.model_dump() | found)


def _next_said(tokens: Iterator[str]) -> str:
    return next((token for token in tokens if token.casefold() not in _FILLER), "")


def _day_of_month(token: str) -> int:
    match = _MONTHDAY.fullmatch(token.casefold())
    if match is None or not 1 <= int(match[1]) <= 31:
        raise BadSchedule(
            f"A monthly digest needs a day from 1 to 31, as in monthly 1 09:00{_not(token)}.", field="day"
        )
    return int(match[1])


def _not(token: str) -> str:
    return f"; {_quoted(token)} is none" if token else ""


def _weekday(word: str) -> int | None:
    stem = word.removesuffix("s") if len(word) > 4 else word
    found = [number for number, name in enumerate(WEEKDAYS) if len(stem) >= 2 and name.startswith(stem)]
    return found[0] if len(found) == 1 else None


def _time(word: str, token: str) -> dict[str, object] | None:
    if word in {"noon", "midnight"}:
        return {"hour": 12 if word == "noon" else 0, "minute": 0}
    match = _TIME.fullmatch(word)
    if match is None:
        return None
    hour, minute = int(match[1]), int(match[2] or 0)
    hour = _twelve(hour, match[3], token) if match[3] else hour
    if hour > 23 or minute > 59:
        raise BadSchedule(f"{_quoted(token)} is no time of day: 00:00 to 23:59, or 9am.", field="time")
    return {"hour": hour, "minute": minute}


def _twelve(hour: int, half: str, token: str) -> int:
    if not 1 <= hour <= 12:
        raise BadSchedule(f"{_quoted(token)} is no time of day: with am or pm the hour is 1 to 12.", field="time")
    return hour % 12 + (12 if half == "pm" else 0)


# --- zones ------------------------------------------------------------------------------------------------------------


@cache
def zones() -> dict[str, str]:
    """Return every IANA zone by its name in lower case."""
    return {name.casefold(): name for name in sorted(available_timezones()) if name not in {"localtime", "Factory"}}


def zone_named(text: str) -> str:
    """Return a zone's own spelling, or UTC where the name is not, or no longer, known."""
    return zones().get(text.casefold(), "UTC")


def zones_like(text: str, most: int = 25) -> tuple[str, ...]:
    """Return zones whose name or city begins like the text, then those spelt nearly so."""
    start = text.casefold().replace(" ", "_")
    known = zones()
    begun = [name for key, name in known.items() if key.startswith(start) or key.rpartition("/")[2].startswith(start)]
    cities = {key.rpartition("/")[2]: name for key, name in known.items()}
    near = [known[key] for key in get_close_matches(start, known, n=_NEAR, cutoff=0.75)]
    near += [cities[key] for key in get_close_matches(start, cities, n=_NEAR, cutoff=0.75)]
    return tuple(islice(dict.fromkeys([*begun, *near]), most))


def _zone(token: str) -> str:
    """Return the zone a word names; raises BadSchedule for a word that is nothing a schedule is made of."""
    known = zones().get(token.casefold())
    if known is not None:
        return known
    if days := get_close_matches(token.casefold(), (*WEEKDAYS, "daily", "monthly"), n=1, cutoff=0.7):
        raise BadSchedule(f"{_quoted(token)} is no weekday. Did you mean {days[0]}?", field="schedule")
    if token[:1].isdigit():
        raise BadSchedule(f"{_quoted(token)} is no time of day: 00:00 to 23:59, or 9am.", field="time")
    near = zones_like(token, _NEAR)
    meant = f" Did you mean {' or '.join(near)}?" if near else " Zones are written like Europe/Berlin."
    raise BadSchedule(f"{_quoted(token)} is no weekday, time or time zone.{meant}", field="zone")


def _quoted(token: str) -> str:
    return f"`{inert(token, _QUOTED).replace('`', '')}`"
