"""What pressing a control of a card means, on whatever platform. Pure.

A state comes back from strangers' clients; each platform's own reading takes nothing for granted, and whether somebody
may do a thing is asked when it is pressed, never when it is drawn.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from bots.rereading import FRESH
from core.card import Button
from core.cards_fronts import NEWER_CARD, NO_CONTROL, OLD_CARD
from core.commands import Invocation, invoke
from core.errors import InputError

Verb = Literal["run", "page", "share", "choose", "form", "open", "link"]
"""Run a command, turn to a page of its answer, post its answer to the channel, run what a select chose, send what a
form asked for, or open a command's form; a link opens by itself, and Slack tells of it all the same."""

ARGUMENTS, LAST_PAGE = 20, 10_000
"""Most arguments and the last page of a state."""

_VISIBILITY = frozenset({"private", "public"})  # no arguments: who sees an answer is told by what was pressed


class OldControl(InputError):
    """A control's state is not one that this version writes."""

    advice = NEWER_CARD


def unknown_control() -> OldControl:
    """Return the error of a control that never was ours."""
    return OldControl(NO_CONTROL)


def old_control() -> OldControl:
    """Return the error of a control that another version made."""
    return OldControl(OLD_CARD)


@dataclass(frozen=True, slots=True)
class Press:
    """What pressing a control asks for; the values of `options` are still words somebody typed once."""

    verb: Verb
    command: str
    arguments: tuple[tuple[str, str], ...] = ()
    page: int = 0

    def __post_init__(self) -> None:
        if any(name in _VISIBILITY for name, _ in self.arguments):
            raise old_control()

    @property
    def options(self) -> Mapping[str, tuple[str, ...]]:
        """The arguments by name, as `core.commands.invoke` takes them."""
        values: dict[str, tuple[str, ...]] = {}
        for name, value in self.arguments:
            values[name] = (*values.get(name, ()), value)
        return MappingProxyType(values)

    @property
    def replaces(self) -> bool:
        """Whether the answer takes the card's place: another page, a new reading; anything else stands below it."""
        return self.verb == "page" or (self.verb == "run" and FRESH in self.options)

    def wanted(self, *, private: bool) -> Invocation:
        """Return what is asked for; `private` says that one person sees the card. Raises InputError."""
        shared = self.verb == "share"
        # what takes the place of a public card, or was shared on purpose, is public whatever the team's habit
        public = shared or (self.replaces and not private)
        return invoke(self.command, private=private and not shared, public=public, **self.options)


def again(invocation: Invocation) -> Button:
    """Return the command as a button: asked again for another page or to be shared, but not read anew."""
    flags = {argument.name for argument in invocation.command.arguments if argument.kind == "flag"}
    given = invocation.arguments.values.items()
    pairs = tuple((name, value) for name, values in given if name not in flags for value in values)
    return Button(label="Again", command=invocation.command.name, arguments=pairs)
