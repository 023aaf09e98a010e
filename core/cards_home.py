"""What an app's home shows of a team beside the commands."""

from collections.abc import Sequence
from datetime import datetime

from core import figures
from core.card import Button, Card, Fact, Headline, Item, Line, Lines, Listing, at, joined, line, outside, text
from core.models import Model, Moment
from core.naming import HANDLE_LIMIT, Manifests, handle_span, label

SHOWN = 20  # creators; the others are counted
_ACCOUNTS_SHOWN = 6


class TrackedCreator(Model):
    """A creator that a team tracks; `accounts` are pairs of network and handle."""

    name: str
    accounts: tuple[tuple[str, str], ...] = ()
    since: Moment


def tracked_card(
    creators: Sequence[TrackedCreator], now: datetime, *, zone: str, manifests: Manifests, commands: Sequence[str]
) -> Card:
    """Return the creators a team tracks, each with its card one click away; `commands` are those that exist."""
    many = figures.counted(len(creators), "creator") if creators else "nobody yet"
    title = line(text("Tracked here", "strong"), f": {many}")
    items = tuple(_item(one, now, zone, manifests) for one in creators[:SHOWN])
    more = len(creators) - len(items)
    facts: list[Line] = []
    if more > 0:
        facts.append(line(f"and {more} more", *_typed("tracked", "; all of them: ", commands)))
    if not creators:
        facts.append(line("A tracked creator is read every day, so that changes show.",
                          *_typed("track @name", " Begin with ", commands)))  # fmt: skip
    blocks = (
        Headline(cells=(title,)),
        *([Listing(items=items)] if items else []),
        *([Lines(facts=tuple(Fact(line=one) for one in facts))] if facts else []),
    )
    return Card(kind="home", title=title, blocks=blocks, private=True)


def _typed(words: str, before: str, commands: Sequence[str]) -> Line:
    return line(before, text(words, "code")) if words.split(" ")[0] in commands else ()


def _item(creator: TrackedCreator, now: datetime, zone: str, manifests: Manifests) -> Item:
    shown = [
        line(f"{label(network, manifests)} ", outside(handle, HANDLE_LIMIT))
        for network, handle in creator.accounts[:_ACCOUNTS_SHOWN]
    ]
    since = line("since ", at(creator.since, figures.day(creator.since, zone, now=now), "date"))
    card = Button(label="Card", command="influence", arguments=(("creator", creator.name),))
    detail = joined((*shown, since))
    return Item(line=line(handle_span(creator.name, strong=True)), detail=detail, buttons=(card,))
