"""What stands below a finished card because of how it was asked for, and the small cards that say there is none."""

from datetime import datetime

from core import figures
from core.card import Card, Fact, Headline, Line, Lines, Notes, at, line, text
from core.cooldown import COOLDOWN

SAYS_WHAT = "public reactions, not sales"
"""What a score is made of, and what it is not: on every card that shows one."""

CAUTION = f"{SAYS_WHAT}; it can be gamed, so let people judge too"
"""The same, where a score is looked into or compared, for then something hangs on it."""


def remarked(card: Card, remark: Line) -> Card:
    """Return a card with a line of small print more."""
    last = card.blocks[-1] if card.blocks else None
    if isinstance(last, Notes):
        return card.model_copy(update={"blocks": (*card.blocks[:-1], Notes(lines=(*last.lines, remark)))})
    return card.model_copy(update={"blocks": (*card.blocks, Notes(lines=(remark,)))})


def read_lately(card: Card, again: datetime, now: datetime, *, zone: str) -> Card:
    """Return a card that is not read anew yet, with the time from which it may be."""
    minutes = int(COOLDOWN.total_seconds() // 60)
    when = at(again, figures.at_time(again, now, zone), "datetime")
    return remarked(card, line(f"Read anew at most once in {minutes} minutes; the next time from ", when, "."))


def file_sent(card: Card) -> Card:
    """Return a card whose file went to the asker directly."""
    return remarked(card, line("The file is in your direct messages with Clout."))


def file_not_sent(card: Card) -> Card:
    """Return a card whose file could not be sent."""
    return remarked(card, line("The file could not be sent to you. Try again in a minute."))


def file_card(name: str) -> Card:
    """Return what stands above a file in a direct message; `name` is our own words."""
    title = line(text("The file you asked for", "strong"), f" · {name}")
    return Card(kind="file", title=title, blocks=(Headline(cells=(title,)),), private=True)


def more_named(card: Card, more: int) -> Card:
    """Return the card of a message that names more creators than are looked up at once."""
    if not more:
        return card
    return remarked(card, line(f"The message names {figures.counted(more, 'more creator')}; these are the first."))


def nobody_named() -> Card:
    """Return what to say about a message without any profile link or handle."""
    title = line(text("Nobody to look up in this message", "strong"))
    how = line(
        "It holds no profile link and no handle that I understand. Links to posts count where the address names "
    )
    forms = line("their author: ", text("https://bsky.app/profile/name", "code"), ", ", text("@name@server", "code"))
    return Card(
        kind="nobody",
        title=title,
        blocks=(Headline(cells=(title,)), Lines(facts=(Fact(line=(*how, *forms, text("."))),))),
        private=True,
    )
