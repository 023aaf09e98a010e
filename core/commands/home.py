"""What an app's home shows of a team: every file of this folder may add sections as `HOME`, and front ends draw all."""

import importlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import structlog

from core.card import Card
from core.cards_home import TrackedCreator, digests_card, tracked_card, watched_card
from core.commands import digest, watching
from core.commands.grammar import Context
from core.commands.table import commands, modules
from core.errors import CloutError

log = structlog.get_logger("clout.commands")


@dataclass(frozen=True, slots=True)
class HomeSection:
    """One section: `build` returns its card, None where it has nothing to say; `order` places it, lowest first.

    One of `members` is not for guests, like the command that lists the same.
    """

    name: str
    build: Callable[[Context], Awaitable[Card | None]]
    order: int = 50
    members: bool = False


async def home_cards(ctx: Context) -> tuple[Card, ...]:
    """Return the cards of every section in order; one that fails is logged and left out."""
    found = [one for name in modules() for one in getattr(importlib.import_module(name), "HOME", ())]
    cards: list[Card] = []
    for section in sorted(found, key=lambda one: (one.order, one.name)):
        if section.members and not ctx.member:
            continue
        try:
            card = await section.build(ctx)
        except CloutError as error:
            log.warning("a section of a home is left out", section=section.name, error=type(error).__name__)
            continue
        if card is not None:
            cards.append(card.offering(commands()))
    return tuple(cards)


async def tracked(ctx: Context) -> Card:
    """Return the creators the team tracks, or how one is."""
    found = await ctx.teams.tracked(ctx.team)
    creators = [
        TrackedCreator(name=one.name, accounts=tuple((a.network, a.handle) for a in one.accounts), since=since)
        for one in found
        if (since := one.tracked_since) is not None
    ]
    return tracked_card(creators, ctx.now, zone=ctx.zone, manifests=ctx.manifests)


async def watches(ctx: Context) -> Card:
    """Return the first of the team's watches, or how one is set up."""
    return watched_card(await watching.readable(ctx, await ctx.watches.page(ctx.team)), ctx.now)


async def digests(ctx: Context) -> Card:
    """Return the team's digests, or how one is set up."""
    return digests_card(await digest.readable(ctx), ctx.now)


HOME = (
    HomeSection("tracked", tracked, order=10),
    HomeSection("watches", watches, order=20, members=True),
    HomeSection("digests", digests, order=30, members=True),
)
