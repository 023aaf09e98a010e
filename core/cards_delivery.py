"""What is added to a message that is posted by itself, and what its owner is told when it cannot be posted."""

from datetime import datetime

from core import figures
from core.card import Button, Card, Fact, Headline, Lines, Notes, Span, at, line, outside, text
from core.naming import REMARK_LIMIT
from core.schedules import Subscription

PLACE_LIMIT = 100  # characters of a channel's name
_LATE = "Posted late; it was due "
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def when(moment: datetime, now: datetime, zone: str) -> str:
    """Return a moment as `Mon 30 Nov 09:00 Europe/Berlin`, with the year when it is not that of `now`."""
    local = moment.astimezone(figures.zone_of(zone)[0])
    return f"{_DAYS[local.weekday()]} {figures.day(moment, zone, now=now)} {figures.clock(moment, zone)}"


def moment_span(moment: datetime, now: datetime, zone: str) -> Span:
    """Return a moment that platforms may show in the reader's own zone."""
    return at(moment, when(moment, now, zone), "datetime")


PRIVATE_PLACE = "a private channel"
"""Said instead of a name that is not for everybody."""
FOR_MANAGERS = "who manages Clout here can read it"
"""Said instead of what went wrong there, which would tell the name."""


def place_span(shown: str) -> Span:
    """Return a place as people name it."""
    return outside(shown or "this channel", PLACE_LIMIT)


def late(card: Card, due: datetime, now: datetime, zone: str) -> Card:
    """Return a card that says when it should have been posted; a card that says so already is returned as it is."""
    note = Notes(lines=(line(_LATE, moment_span(due, now, zone)),))
    if card.blocks and isinstance(card.blocks[-1], Notes) and card.blocks[-1].lines[0][:1] == note.lines[0][:1]:
        return card
    return card.model_copy(update={"blocks": (*card.blocks, note)})


def blocked_card(found: Subscription, error: str) -> Card:
    """Return what an owner is told once when a channel can no longer be posted in."""
    words = "Clout keeps trying, less and less often, and goes on by itself once it may post again."
    return _trouble(found, "can not be posted", error, words)


def gone_card(found: Subscription, error: str) -> Card:
    """Return what an owner is told when a channel was deleted."""
    words = f"The digest is off. `digest edit {found.number} #channel` gives it another channel."
    return _trouble(found, "has lost its channel", error, words)


def zone_card(found: Subscription, zone: str) -> Card:
    """Return what an owner is told when a zone is no longer known to this machine."""
    words = f"`digest edit {found.number}` with a zone such as Europe/Berlin mends it."
    error = f"The time zone {zone} is no longer known here, so the digest now runs at its time in UTC."
    return _trouble(found, "needs a time zone", error, words)


def _trouble(found: Subscription, what: str, error: str, advice: str) -> Card:
    title = line(text(f"Digest {found.number} ", "strong"), "for ", place_span(found.place.shown), f" {what}")
    facts = (Fact(line=line(outside(error, REMARK_LIMIT))), Fact(line=line(advice)))
    number = (("number", str(found.number)),)
    return Card(
        kind="trouble",
        tone="warn",
        title=title,
        blocks=(Headline(cells=(title,)), Lines(facts=facts)),
        buttons=(Button(label="Status", command="digest-status", arguments=number),),
        private=True,
    )
