"""What front ends say in one sentence, where a card would be too much or cannot be made; pure."""

from collections.abc import Sequence

from core.card import Line, line, outside, text

RESTARTING = "Clout is restarting. Please try again in a minute."
NEUTRAL = "This answer is for the asker alone."
NO_CONTROL, OLD_CARD = "This control is not known here.", "This card was made by another version of Clout."
NEWER_CARD = "Ask for the card again."
COMMAND_CHANGED = "This command has changed. Type it again in a minute; Discord is still showing the old one."
NO_SERVER = "There is no server here whose things could be changed: use the command in a server that has Clout."
NOT_INSTALLED = "Clout is not installed in this workspace any more. Ask whoever runs it for the install link."
_NAMED = 60  # characters of a handle in the line that says we look


def looking_up(names: Sequence[str]) -> Line:
    """Return the sign of life while an answer takes its time; `names` are as somebody typed them."""
    if not names:
        return line("One moment …")
    spans = [span for name in names for span in (text(", "), outside(f"@{name.removeprefix('@')}", _NAMED))]
    return line("Looking up ", *spans[1:], " …")


def typed_instead(command: str) -> str:
    """Return what to do where a control's state has no room in a form; `command` is what it is called there."""
    return f"That is too long for a form. Type {command} instead."
