"""What an app's home shows of a team beside the commands."""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from core import figures
from core.card import Button, Card, Fact, Headline, Item, Line, Lines, Listing, at, joined, line, outside, text
from core.cards_alert import watches_card
from core.cards_subscriptions import list_card
from core.models import Model, Moment
from core.naming import HANDLE_LIMIT, Manifests, handle_span, label
from core.schedules import Subscribed

if TYPE_CHECKING:  # the use case brings the database along, which help never needs
    from core.watching import Page

SHOWN = 20  # creators; the others are counted
_ACCOUNTS_SHOWN = 6


class TrackedCreator(Model):
    """A creator that a team tracks; `accounts` are pairs of network and handle."""

    name: str
    accounts: tuple[tuple[str, str], ...] = ()
    since: Moment


def tracked_card(creators: Sequence[TrackedCreator], now: datetime, *, zone: str, manifests: Manifests) -> Card:
    """Return the creators a team tracks, each with its card one click away."""
    many = figures.counted(len(creators), "creator") if creators else "nobody yet"
    title = line(text("Tracked here", "strong"), f": {many}")
    items = tuple(_item(one, now, zone, manifests) for one in creators[:SHOWN])
    more = len(creators) - len(items)
    facts: list[Line] = []
    if more > 0:
        facts.append(line(f"and {more} more; all of them: ", text("tracked", "code")))
    if not creators:
        how = line("A tracked creator is read every day, so that changes show. Begin with ")
        facts.append((*how, text("track @name", "code")))
    blocks = (
        Headline(cells=(title,)),
        *([Listing(items=items)] if items else []),
        *([Lines(facts=tuple(Fact(line=one) for one in facts))] if facts else []),
    )
    return Card(kind="home", title=title, blocks=blocks, private=True)


def digests_card(known: Sequence[Subscribed], now: datetime) -> Card:
    """Return a team's digests, or how the first one is set up."""
    return _section("Digests", list_card(known[:SHOWN], now), len(known), len(known[:SHOWN]), "digests")


def watched_card(page: "Page", now: datetime) -> Card:
    """Return the first of a team's watches, or how one is set up."""
    return _section("Watches", watches_card(page, now), page.total, len(page.rows), "watches")


def _section(name: str, found: Card, total: int, shown: int, typed: str) -> Card:
    title = line(text(name, "strong"), f": {figures.count(total) if total else 'none yet'}")
    rest = line(f"and {figures.count(total - shown)} more; all of them: ", text(typed, "code"))
    more = (Lines(facts=(Fact(line=rest),)),) if total > shown else ()
    return Card(kind="home", title=title, blocks=(Headline(cells=(title,)), *found.blocks[1:], *more), private=True)


def _item(creator: TrackedCreator, now: datetime, zone: str, manifests: Manifests) -> Item:
    shown = [
        line(f"{label(network, manifests)} ", outside(handle, HANDLE_LIMIT))
        for network, handle in creator.accounts[:_ACCOUNTS_SHOWN]
    ]
    since = line("since ", at(creator.since, figures.day(creator.since, zone, now=now), "date"))
    card = Button(label="Card", command="influence", arguments=(("creator", creator.name),))
    detail = joined((*shown, since))
    return Item(line=line(handle_span(creator.name, strong=True)), detail=detail, buttons=(card,))
