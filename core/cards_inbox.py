"""What stands around messages of the terminal's inbox."""

from datetime import datetime

from core.card import Card, Headline, line, text
from core.cards_delivery import moment_span


def heading_card(at: datetime, now: datetime, *, zone: str) -> Card:
    """Return the line above a message: when it came."""
    title = line(text("Inbox", "strong"), " · came ", moment_span(at, now, zone))
    return Card(kind="inbox", title=title, blocks=(Headline(cells=(title,)),))


def nothing_card(*, everything: bool) -> Card:
    """Return that the inbox holds nothing, or nothing new."""
    title = line(
        "The inbox is empty." if everything else "Nothing new in the inbox; `clout inbox --all` shows the old."
    )
    return Card(kind="inbox", title=title, blocks=(Headline(cells=(title,)),))
