"""When a server says that asking again makes sense: one parser for each dialect of reset header.

The dialects are those of CONNECTORS section 2. Whatever cannot be a time of the next 32 days is no answer at all; the
caller then takes its network's own default.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, tzinfo
from email.utils import parsedate_to_datetime
from zoneinfo import ZoneInfo

FARTHEST = timedelta(days=32)  # the longest real quota is a calendar month
PACIFIC = ZoneInfo("America/Los_Angeles")  # YouTube's quota day ends at midnight there
_EPOCH_FROM = 1_000_000_000  # a figure above this is a date (after 2001), below it a span

_NUMBER = re.compile(r"[0-9]{1,12}(?:\.[0-9]{1,9})?")

Headers = Mapping[str, str]


def _number(text: str | None) -> float | None:
    bare = "" if text is None else text.strip(" \t")  # RFC 9110, 5.6.3: no other blanks around a value
    return float(bare) if _NUMBER.fullmatch(bare) else None


def _after(now: datetime, seconds: float | None) -> datetime | None:
    return now + timedelta(seconds=seconds) if seconds is not None and seconds <= FARTHEST.total_seconds() else None


def _epoch(now: datetime, seconds: float | None) -> datetime | None:
    # By difference, so that a figure beyond the calendar cannot overflow.
    return None if seconds is None or seconds < now.timestamp() else _after(now, seconds - now.timestamp())


def _retry_after(headers: Headers, now: datetime) -> datetime | None:
    """Seconds or HTTP date (RFC 9110, 10.2.3)."""
    text = headers.get("retry-after")
    seconds = _number(text)
    return _after(now, seconds) if seconds is not None or text is None else _http_date(text)


def _http_date(text: str) -> datetime | None:
    try:
        return _aware(parsedate_to_datetime(text))
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def _aware(moment: datetime) -> datetime:
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def _x(headers: Headers, now: datetime) -> datetime | None:
    return _epoch(now, _number(headers.get("x-rate-limit-reset")))


def _ietf_epoch(headers: Headers, now: datetime) -> datetime | None:
    """Bluesky and Twitch: `ratelimit-reset` as epoch seconds."""
    return _epoch(now, _number(headers.get("ratelimit-reset")))


def _mastodon(headers: Headers, now: datetime) -> datetime | None:
    """ISO 8601, usually with microseconds; epoch seconds on some relatives."""
    text = headers.get("x-ratelimit-reset", "").strip()
    if (seconds := _number(text)) is not None:
        return _epoch(now, seconds)
    try:
        return _aware(datetime.fromisoformat(text))
    except (ValueError, OverflowError):
        return None


def _reddit(headers: Headers, now: datetime) -> datetime | None:
    return _after(now, _number(headers.get("x-ratelimit-reset")))


def _meta(headers: Headers, now: datetime) -> datetime | None:
    """Minutes until access returns, the longest of all the business objects in the header."""
    minutes = max(_meta_minutes(headers.get("x-business-use-case-usage", "")), default=0.0)
    return _after(now, minutes * 60) if minutes > 0 else None


def _meta_minutes(text: str) -> Iterator[float]:
    try:
        usage = json.loads(text)
    except (ValueError, RecursionError):
        return
    groups = usage.values() if isinstance(usage, dict) else ()
    for entry in (entry for group in groups if isinstance(group, list) for entry in group):
        minutes = entry.get("estimated_time_to_regain_access") if isinstance(entry, dict) else None
        if isinstance(minutes, int | float | str) and not isinstance(minutes, bool):
            yield _number(str(minutes)) or 0.0


def _pinterest(headers: Headers, now: datetime) -> datetime | None:
    """Unit undocumented: a large figure is read as epoch seconds, a small one as seconds from now."""
    figure = _number(headers.get("x-ratelimit-reset"))
    return _epoch(now, figure) if figure is not None and figure >= _EPOCH_FROM else _after(now, figure)


def _github(headers: Headers, now: datetime) -> datetime | None:
    """The primary limit's reset comes with every answer, so it counts only when nothing remains."""
    spent = _number(headers.get("x-ratelimit-remaining")) in (None, 0)
    primary = _epoch(now, _number(headers.get("x-ratelimit-reset"))) if spent else None
    return _latest((primary, _retry_after(headers, now)))


_PARSERS: Mapping[str, Callable[[Headers, datetime], datetime | None]] = {
    "x": _x,
    "bluesky": _ietf_epoch,
    "mastodon": _mastodon,
    "reddit": _reddit,
    "meta": _meta,
    "pinterest": _pinterest,
    "github": _github,
    "twitch": _ietf_epoch,
    "retry-after": _retry_after,
}

DIALECTS = frozenset(_PARSERS)
"""The names a manifest's `reset_headers` may hold."""


def _latest(moments: Sequence[datetime | None]) -> datetime | None:
    return max((moment for moment in moments if moment is not None), default=None)


def reset_at(dialects: Sequence[str], headers: Headers, now: datetime) -> datetime | None:
    """Return when asking again makes sense (UTC), the latest of what the `dialects` read, or None.

    `now` is aware. Moments before `now` or more than 32 days after it, and anything unreadable, are left out. Raises
    `ValueError` for a dialect that does not exist.
    """
    unknown = sorted(set(dialects) - DIALECTS)
    if unknown:
        raise ValueError(f"no reset-header dialect {unknown[0]!r}; there are {', '.join(sorted(DIALECTS))}")
    lowered = {name.lower(): text for name, text in headers.items()}
    here = now.astimezone(UTC)
    read = (_PARSERS[dialect](lowered, here) for dialect in dialects)
    sane = [moment for moment in read if moment is not None and timedelta() <= moment - here <= FARTHEST]
    latest = _latest(sane)
    return None if latest is None else latest.astimezone(UTC)


@dataclass(frozen=True, slots=True)
class Told:
    """What an answer says of the window of requests it was counted in; `limit` and `left` are requests."""

    left: int
    resets_at: datetime
    limit: int | None = None


_STEMS = ("x-ratelimit-", "ratelimit-", "x-rate-limit-")  # GitHub, Reddit, Pinterest; Bluesky, Twitch; X


def told(dialects: Sequence[str], headers: Headers, now: datetime) -> Told | None:
    """Return what lower-cased `headers` tell of the requests left, None when they do not or make no sense."""
    stem = next((stem for stem in _STEMS if f"{stem}remaining" in headers), None)
    left = _number(headers.get(f"{stem}remaining"))
    if stem is None or left is None:
        return None
    # a dialect may hold the reset back while something is left; here it is wanted
    resets_at = reset_at(dialects, {**headers, f"{stem}remaining": "0"}, now)
    limit = _number(headers.get(f"{stem}limit"))
    return None if resets_at is None else Told(int(left), resets_at, None if limit is None else int(limit))


def next_utc_midnight(now: datetime) -> datetime:
    """Return the first 00:00 UTC after `now`."""
    return _next_midnight(now, UTC)


def next_pacific_midnight(now: datetime) -> datetime:
    """Return the first midnight in Los Angeles after `now`, in UTC; YouTube's daily quota begins anew there."""
    return _next_midnight(now, PACIFIC)


def _next_midnight(now: datetime, zone: tzinfo) -> datetime:
    tomorrow = now.astimezone(zone).date() + timedelta(days=1)
    return datetime.combine(tomorrow, time(), zone).astimezone(UTC)
