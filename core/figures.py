"""Numbers, dates and the words for them, as a person reads them; nowhere else are figures formatted.

Scores, ranges and changes are integers, rounded half up. Counts are 950, 12.4K, 3.1M. Rates and ledger rows have one
decimal. Nothing depends on the machine's locale.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta, tzinfo
from decimal import ROUND_FLOOR, ROUND_HALF_UP, Decimal
from zoneinfo import ZoneInfo

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_UNITS = ((Decimal(10**12), "T"), (Decimal(10**9), "B"), (Decimal(10**6), "M"), (Decimal(10**3), "K"))
_BANDS = ((80, "exceptional"), (65, "very strong"), (50, "strong"), (40, "solid"), (20, "modest"), (1, "quiet"))
_MINUS = "−"
UP, DOWN, STEADY = "▲", "▼", "●"


def _half_up(value: Decimal, decimals: int = 0) -> Decimal:
    return value.quantize(Decimal(1).scaleb(-decimals), rounding=ROUND_HALF_UP)


def shown(score: float) -> int:
    """Return the integer a score is shown as, rounded half up; thresholds compare this number."""
    return int(_half_up(Decimal(score)))


def band(score: float) -> str:
    """Return the word for a score of 1 to 100, judged on the shown integer."""
    whole = shown(score)
    return next((word for least, word in _BANDS if whole >= least), _BANDS[-1][1])


def score_range(low: float, high: float) -> str:
    """Return a range as `58 to 65`, or one number where both ends are shown alike."""
    return str(shown(low)) if shown(low) == shown(high) else f"{shown(low)} to {shown(high)}"


def count(value: float) -> str:
    """Return a count as 950, 12.4K, 184K or 3.1M: at most three digits, never a trailing `.0`."""
    exact = Decimal(value)
    for unit, letter in _UNITS:
        scaled = exact / unit
        # 999,500 is already shown as 1M: choose the unit by what would be printed
        if _half_up(exact if unit == 1000 else scaled * 1000) >= 1000:
            return _three_digits(scaled) + letter
    return str(_half_up(exact))


def _three_digits(scaled: Decimal) -> str:
    tenth = _half_up(scaled, 1)
    text = str(_half_up(scaled)) if tenth >= 100 else str(tenth)
    return text.removesuffix(".0")


def counted(value: float, noun: str, plural: str | None = None) -> str:
    """Return a count with its noun: `1 post`, `42 posts`, `184K followers`."""
    text = count(value)
    return f"{text} {noun}" if text == "1" else f"{text} {plural or noun + 's'}"


def whole(value: float) -> str:
    """Return an amount in full, as limits are told: `10,000`."""
    return f"{_half_up(Decimal(value)):,}"


def dollars(value: float) -> str:
    """Return US dollars and cents: `$2.00`."""
    return f"${_half_up(Decimal(value), 2):,}"


def one_decimal(value: float) -> str:
    """Return a figure with one decimal, rounded half up, with a true minus sign."""
    return f"{_half_up(Decimal(value), 1) + 0}".replace("-", _MINUS)


def percent(share: float) -> str:
    """Return a share of 1 as a percentage with one decimal: `3.1 %`; a tiny one is `under 0.1 %`."""
    if 0 < share < 0.0005:
        return "under 0.1 %"
    return f"{one_decimal(share * 100)} %"


def signed(value: float) -> str:
    """Return a ledger figure with its sign and one decimal: `+1.9`, `−0.3`."""
    text = one_decimal(value)
    return text if text.startswith(_MINUS) else f"+{text}"


def whole_signed(change: int) -> str:
    """Return a change between shown scores with its sign: `+4`, `−2`, `0`."""
    return f"+{change}" if change > 0 else str(change).replace("-", _MINUS)


def movement(change: int, span: str) -> str:
    """Return a change between two shown scores: `▲ 4 this week`, `● no change this week`."""
    if change == 0:
        return f"{STEADY} no change {span}"
    return f"{UP if change > 0 else DOWN} {abs(change)} {span}"


def largest_remainder(values: Sequence[float], decimals: int = 1, total: float | None = None) -> tuple[Decimal, ...]:
    """Round values so that, as printed, they add up to the printed total (by default their own sum).

    Each value is rounded down, then the units that are missing go to the largest remainders, earlier rows first. Raises
    ValueError when `total` is further from the sum than rounding can explain: such rows would not be honest.
    """
    unit = Decimal(1).scaleb(-decimals)
    exact = [Decimal(value) / unit for value in values]
    floors = [value.to_integral_value(ROUND_FLOOR) for value in exact]
    wanted = _half_up((sum(exact, Decimal(0))) if total is None else Decimal(total) / unit)
    missing = int(wanted - sum(floors, Decimal(0)))
    if not 0 <= missing <= len(exact):
        raise ValueError("the rows do not add up to the total")
    order = sorted(range(len(exact)), key=lambda at: (floors[at] - exact[at], at))
    for at in order[:missing]:
        floors[at] += 1
    return tuple(value * unit for value in floors)


# --- time -----------------------------------------------------------------------------------------------------------


def zone_of(name: str) -> tuple[tzinfo, str]:
    """Return a zone and the name to show for it; an unknown name reads as UTC, and says UTC."""
    try:
        return ZoneInfo(name), name
    except (KeyError, ValueError, OSError):
        return ZoneInfo("UTC"), "UTC"


def day(moment: datetime, zone: str, *, now: datetime | None = None) -> str:
    """Return a date in the zone: `14 Nov`, with the year when it is not the year of `now` (or `now` is not given)."""
    place = zone_of(zone)[0]
    local = moment.astimezone(place)
    text = f"{local.day} {_MONTHS[local.month - 1]}"
    return text if now is not None and now.astimezone(place).year == local.year else f"{text} {local.year}"


def clock(moment: datetime, zone: str) -> str:
    """Return a time of day with its zone named: `00:00 UTC`."""
    place, name = zone_of(zone)
    return f"{moment.astimezone(place):%H:%M} {name}"


def ago(moment: datetime, now: datetime, zone: str) -> str:
    """Return an age: `just now`, `5 min ago`, `2 h ago`, and a date from a day on."""
    age = now - moment
    if age < timedelta(minutes=1):
        return "just now"
    if age < timedelta(hours=1):
        return f"{age // timedelta(minutes=1)} min ago"
    if age < timedelta(days=1):
        return f"{age // timedelta(hours=1)} h ago"
    return day(moment, zone, now=now)


def at_time(moment: datetime, now: datetime, zone: str) -> str:
    """Return a coming moment: `14:30 Europe/Berlin` today, else `23 Nov 00:00 UTC`."""
    place = zone_of(zone)[0]
    same_day = moment.astimezone(place).date() == now.astimezone(place).date()
    return clock(moment, zone) if same_day else f"{day(moment, zone, now=now)} {clock(moment, zone)}"


def span(length: timedelta) -> str:
    """Return a length of time in words: `12 weeks` from three weeks on, else `9 days`, at least a day."""
    days = max(1, round(length / timedelta(days=1)))
    return counted(round(days / 7), "week") if days >= 21 else counted(days, "day")
