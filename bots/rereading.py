"""A creator read anew, by a button or by hand: once in ten minutes for each team, else the stored card says when."""

from dataclasses import dataclass, replace
from datetime import datetime

import structlog

from core.card import Card
from core.cards_remarks import read_lately
from core.commands import Arguments, Invocation
from core.cooldown import Cooldown
from core.models import Clock

FRESH = "fresh"
"""The flag with which a command asks the networks again."""

log = structlog.get_logger("clout.rereading")


@dataclass(frozen=True, slots=True)
class Reading:
    """What may run: the invocation, without its flag where that comes too soon; `again` is then when it may be."""

    invocation: Invocation
    key: tuple[str, ...] = ()
    again: datetime | None = None


class Rereadings:
    """Counts the readings anew of one process."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._cooldown = Cooldown(clock)

    def allowed(self, team: str, wanted: Invocation) -> Reading:
        """Return what may run of what is wanted; the ten minutes of a creator begin now."""
        if not wanted.arguments.flag(FRESH):
            return Reading(wanted)
        given = {name: words for name, words in wanted.arguments.values.items() if name != FRESH}
        said = (word.casefold().removeprefix("@") for words in given.values() for word in words)
        key = (team, wanted.command.name, *said)
        again = self._cooldown.begin(*key)
        if again is None:
            return Reading(wanted, key)
        log.info("a reading anew came too soon; the stored one is shown", team=team)
        return Reading(replace(wanted, arguments=Arguments(given)), key, again)

    def finished(self, reading: Reading, card: Card, *, zone: str) -> Card:
        """Return the card with what there is to say of its reading; one that failed may be tried again at once."""
        if card.error is None:
            return card if reading.again is None else read_lately(card, reading.again, self._clock.now(), zone=zone)
        if reading.key and reading.again is None:
            self._cooldown.forget(*reading.key)
        return card
