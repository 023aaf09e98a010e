"""`watch`: hear of a creator the moment a line is crossed."""

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from core import figures, wishes
from core.card import Card
from core.cards_alert import (
    changed_card,
    how_to_edit_card,
    offer_card,
    removed_card,
    set_up_card,
    unnamed,
    watches_card,
)
from core.commands.grammar import Argument, Arguments, Command, Context, Show
from core.discretion import discreet
from core.errors import InputError
from core.inert import inert
from core.messenger import Place
from core.watches import HOW, Listed, Rule, parse_rule

if TYPE_CHECKING:  # the use case brings the database along, which help never needs
    from core.watching import Page

HERE = "here"
_INTO = frozenset({"in", "to", "into"})
_NUMBER_MOST = 1_000_000
_LENGTH = re.compile(r"([0-9]{1,3})\s*(h|d|w)[a-z]*")
_HOURS = {"h": 1, "d": 24, "w": 168}
_AWAKE = frozenset({"off", "none", "end", "now"})


async def watch(ctx: Context, args: Arguments, show: Show) -> Card:
    """Set a watch up; with a creator alone, show what could be watched, and with nothing the watches there are."""
    creator, tag = args.get("creator"), args.get("tag")
    if creator is None and tag is None:
        return watches_card(await readable(ctx, await ctx.watches.page(ctx.team)), ctx.now)
    # `watch tag beauty above 60`: what stands in the creator's place is the first word of the condition
    words = [*([creator] if creator is not None and tag is not None else []), *args.many("condition")]
    place, condition = _place(ctx, [*words, *args.many("where")])
    if not condition and tag is None and creator is not None:
        return await _offer(ctx, creator)
    rule = _rule(ctx, condition)
    if rule is None:
        raise InputError(HOW, field="condition")
    done = await ctx.watches.add(
        ctx.team,
        creator=creator if tag is None else None,
        tag=tag,
        rule=rule,
        mention=wishes.mention(args.get("mention")),
        words=args.get("text"),
        place=place or _here(ctx),
        zone=ctx.zone,
        asker=ctx.asker,
    )
    return set_up_card(done, ctx.now)


async def _offer(ctx: Context, creator: str) -> Card:
    reading = await ctx.lookups.lookup(ctx.team, creator)
    name = reading.name or reading.handle
    score = None if reading.score.score is None else figures.shown(reading.score.score)
    return offer_card(name, await ctx.watches.page(ctx.team, creator=name), score)


def _rule(ctx: Context, words: Sequence[str]) -> Rule | None:
    return parse_rule(words, ctx.manifests) if words else None


def _place(ctx: Context, values: Sequence[str]) -> tuple[Place | None, list[str]]:
    """Return the channel that some words name, and the others, which are a condition."""
    place, rest = None, []
    for word in (piece for value in values for piece in value.split()):
        named = wishes.channel(word, ctx.place.platform) if ctx.place is not None else None
        if word.casefold() == HERE:
            named = _here(ctx)
        if named is None:
            rest.append(word)
            continue
        place = named
        if rest and rest[-1].casefold() in _INTO:
            rest.pop()
    return place, rest


def _here(ctx: Context) -> Place:
    if ctx.place is None:
        raise InputError("Clout cannot post here by itself. Name a channel it is in, or ask in that channel.")
    return ctx.place


async def edit(ctx: Context, args: Arguments, show: Show) -> Card:
    """Change a watch; without a change, show what it is set to."""
    number = _number(args.text("number"))
    place, condition = _place(ctx, [*args.many("condition"), *args.many("where")])
    mention, text = wishes.mention(args.get("mention")), args.get("text")
    if place is None and not condition and mention is None and text is None:
        return how_to_edit_card(await ctx.watches.one(ctx.team, number))
    words = "" if text is not None and text.casefold() in wishes.NOBODY else text
    rule = _rule(ctx, condition)
    done = await ctx.watches.edit(
        ctx.team, number, rule=rule, mention=mention, words=words, place=place, asker=ctx.asker
    )
    return changed_card(done, ctx.now)


async def snooze(ctx: Context, args: Arguments, show: Show) -> Card:
    """Let a watch be silent for a while."""
    length = _length(args.get("length") or "1d")
    return changed_card(
        await ctx.watches.snooze(ctx.team, _number(args.text("number")), length, asker=ctx.asker), ctx.now
    )


def _length(text: str) -> timedelta | None:
    if text.casefold() in _AWAKE:
        return None
    found = _LENGTH.fullmatch(text.casefold())
    if found is None:
        said = inert(text, 20).replace("`", "")
        raise InputError(f"`{said}` is no length of time: 12h, 1d, 1w, or `off`.", field="length")
    return timedelta(hours=int(found[1]) * _HOURS[found[2]])


def _number(text: str) -> int:
    found = wishes.number(text.removeprefix("#"), "number", _NUMBER_MOST)
    assert found is not None
    return found


async def remove(ctx: Context, args: Arguments, show: Show) -> Card:
    """Delete a watch: by its number, or by its creator where that has only one."""
    typed = args.text("number")
    if typed.removeprefix("#").isdecimal():
        return removed_card(await ctx.watches.remove(ctx.team, _number(typed)))
    name = typed.removeprefix("@")
    page = await ctx.watches.page(ctx.team, creator=name)
    own = [one.watch.number for one in page.rows if one.watch.tag is None]
    if len(own) == 1 and page.total == len(page.rows):
        return removed_card(await ctx.watches.remove(ctx.team, own[0]))
    said = inert(name, 64).replace("`", "")
    if not own:
        raise InputError(f"There is no watch on {said}. `watches` lists them.", field="number")
    numbers = ", ".join(str(number) for number in own)
    raise InputError(f"{said} has several watches: say which by its number, {numbers}.", field="number")


async def watches(ctx: Context, args: Arguments, show: Show) -> Card:
    """Answer with a page of the team's watches."""
    page = wishes.number(args.get("page"), "page", _NUMBER_MOST) or 1
    of = args.get("of")
    name = of.removeprefix("@") if of is not None else None
    found = await ctx.watches.page(ctx.team, creator=name, tag=args.get("tag"), page=page)
    return watches_card(await readable(ctx, found), ctx.now)


async def readable(ctx: Context, page: "Page") -> "Page":
    """Return a page as the asker may read it: private channels have names for managers only."""
    return page if ctx.can_manage else replace(page, rows=tuple([await _discreet(ctx, one) for one in page.rows]))


async def _discreet(ctx: Context, one: Listed) -> Listed:
    place = await discreet(one.watch.place, ctx.team, ctx.place, ctx.messengers)
    return one if place == one.watch.place else unnamed(one, place)


NUMBER = Argument("number", "number", "which watch; `watches` numbers them", required=True)
CONDITION = Argument(
    "condition",
    "word",
    "above 60, below 40, moves 5 in 7d, instagram above 50, or spike",
    repeat=True,
    typed="above 60",
)
CHOICES = (
    Argument("where", "channel", "the channel to tell it in, this one unless said", keyword="to", typed="#channel"),
    Argument("mention", "role", "a role or user group to call; none for nobody", keyword="mention", typed="@role"),
    Argument("text", "word", "your own words on the alert, in quotes", keyword="saying", typed='"..."'),
)

COMMANDS = (
    Command(
        name="watch",
        summary="tell a channel when a score crosses a line, moves or a post takes off",
        handler=watch,
        arguments=(
            Argument("creator", "creator", "a handle, network:handle, or a profile address"),
            CONDITION,
            *CHOICES,
            Argument("tag", "word", "everybody with this tag instead of one creator", keyword="tag", typed="beauty"),
        ),
        manages=True,
        private=True,
        aliases=("watch-add",),
        examples=(
            "watch @glowguru above 60",
            "watch @glowguru moves 5 in 7d in #creators",
            "watch @glowguru instagram above 50",
            'watch tag beauty spike saying "Have a look"',
        ),
        order=50,
    ),
    Command(
        name="watches",
        summary="the team's watches, and how each stands",
        handler=watches,
        arguments=(
            Argument("of", "creator", "only those that concern this creator"),
            Argument("tag", "word", "only those on this tag", keyword="tag", typed="beauty"),
            Argument("page", "number", "which page of the list", keyword="page", typed="2"),
        ),
        members=True,
        private=True,
        aliases=("watch-list",),
        examples=("watches", "watches @glowguru"),
        order=51,
    ),
    Command(
        name="watch-edit",
        summary="change what a watch waits for, where it is told, or its words",
        handler=edit,
        arguments=(NUMBER, CONDITION, *CHOICES),
        manages=True,
        private=True,
        examples=("watch edit 1 above 65", "watch edit 1 to here", "watch edit 1 mention none"),
        order=52,
    ),
    Command(
        name="watch-snooze",
        summary="let a watch be silent for a day or a week",
        handler=snooze,
        arguments=(NUMBER, Argument("length", "word", "12h, 1d, 1w, or off to end it", typed="1d")),
        manages=True,
        private=True,
        examples=("watch snooze 1 1d", "watch snooze 1 1w", "watch snooze 1 off"),
        order=53,
    ),
    Command(
        name="unwatch",
        summary="remove a watch",
        handler=remove,
        arguments=(NUMBER,),
        manages=True,
        private=True,
        aliases=("watch-remove",),
        examples=("unwatch 1", "unwatch @glowguru"),
        order=54,
    ),
)
