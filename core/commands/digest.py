"""`digest`: who of the tracked creators moved, posted in a channel again and again."""

from collections.abc import Sequence

from core import wishes
from core.card import Card
from core.cards_digest import preview_card
from core.cards_subscriptions import (
    edited_card,
    export_card,
    how_to_edit_card,
    list_card,
    posted_card,
    removed_card,
    set_up_card,
    status_card,
    switched_card,
    unnamed,
)
from core.commands.grammar import Argument, Arguments, Command, Context, Show
from core.discretion import discreet
from core.errors import InputError
from core.messenger import Place
from core.schedules import Subscribed
from core.wishes import Wish

HERE = "here"
_NUMBER_MOST = 1_000_000


async def add(ctx: Context, args: Arguments, show: Show) -> Card:
    """Subscribe this place or a channel; without any word, list what there is."""
    if not args.values:
        return list_card(await readable(ctx), ctx.now)
    place, schedule = _place(ctx, [*args.many("where"), *args.many("schedule")])
    wish = _wish(args, schedule)
    made = await ctx.digests.add(ctx.team, wish, place=place or _here(ctx), zone=ctx.zone, asker=ctx.asker)
    return set_up_card(made, ctx.now)


async def edit(ctx: Context, args: Arguments, show: Show) -> Card:
    """Change a digest; without a change, show what it is set to."""
    typed = args.get("number")
    numbered = typed is not None and typed.isdecimal()
    words = [*args.many("where"), *([] if numbered or typed is None else [typed]), *args.many("schedule")]
    place, schedule = _place(ctx, words)
    wish, number = _wish(args, schedule), _number(typed) if numbered else None
    if wish.empty and place is None:
        return how_to_edit_card(await ctx.digests.one(ctx.team, number), ctx.now)
    before, after = await ctx.digests.edit(ctx.team, number, wish, place=place, asker=ctx.asker)
    return edited_card(before, after, ctx.now)


def _place(ctx: Context, words: Sequence[str]) -> tuple[Place | None, str]:
    """Return the channel that some words name, and the others, which are a schedule."""
    place, rest = None, []
    for word in (piece for text in words for piece in text.split()):
        named = wishes.channel(word, ctx.place.platform) if ctx.place is not None else None
        if word.casefold() == HERE:
            place = _here(ctx)
        elif named is not None:
            place = named
        else:
            rest.append(word)
    return place, " ".join(rest)


def _here(ctx: Context) -> Place:
    if ctx.place is None:
        raise InputError("Clout cannot post here by itself. Name a channel it is in, or ask in that channel.")
    return ctx.place


def _wish(args: Arguments, schedule: str) -> Wish:
    quiet = True if args.flag("quiet") else False if args.flag("always") else None
    return Wish(
        schedule=" ".join((schedule, args.get("zone") or "")).strip(),
        top=wishes.number(args.get("top"), "top", wishes.TOP_MOST),
        least=wishes.number(args.get("min"), "min", wishes.LEAST_MOST),
        tags=wishes.tags(args.get("tag")),
        quiet=quiet,
        mention=wishes.mention(args.get("mention")),
    )


def _number(text: str | None) -> int | None:
    return wishes.number(text, "number", _NUMBER_MOST)


async def list_(ctx: Context, args: Arguments, show: Show) -> Card:
    """Answer with the team's digests."""
    return list_card(await readable(ctx), ctx.now)


async def readable(ctx: Context) -> tuple[Subscribed, ...]:
    """Return the team's digests as the asker may read them: private channels have names for managers only."""
    known = await ctx.digests.subscribed(ctx.team)
    return known if ctx.can_manage else tuple([await _discreet(ctx, one) for one in known])


async def _discreet(ctx: Context, one: Subscribed) -> Subscribed:
    place = await discreet(one.subscription.place, ctx.team, ctx.place, ctx.messengers)
    return one if place == one.subscription.place else unnamed(one, place)


async def status(ctx: Context, args: Arguments, show: Show) -> Card:
    """Answer with how each digest fares, or one."""
    known = await readable(ctx)
    number = _number(args.get("number"))
    if number is not None:
        known = tuple(one for one in known if one.subscription.number == number)
        if not known:
            raise InputError(f"There is no digest {number}. `digest list` tells which there are.")
    return status_card(known, ctx.now)


async def preview(ctx: Context, args: Arguments, show: Show) -> Card:
    """Answer with the digest as it would be posted now, what would go into its thread included."""
    found = await ctx.digests.one(ctx.team, _number(args.get("number")))
    if not ctx.can_manage:
        found = (await _discreet(ctx, Subscribed(subscription=found))).subscription
    return preview_card(await ctx.digests.preview(found))


async def test(ctx: Context, args: Arguments, show: Show) -> Card:
    """Post a digest now, marked as a test."""
    number = _number(args.get("number"))
    return await _posted(ctx, number, await ctx.digests.test(ctx.team, number))


async def post(ctx: Context, args: Arguments, show: Show) -> Card:
    """Post the newest digest that was not, or perhaps not, posted."""
    number = _number(args.get("number"))
    return await _posted(ctx, number, await ctx.digests.post_now(ctx.team, number))


async def _posted(ctx: Context, number: int | None, key: str) -> Card:
    state = await ctx.deliveries.deliver(key)
    return posted_card(await ctx.digests.one(ctx.team, number), state)


async def pause(ctx: Context, args: Arguments, show: Show) -> Card:
    """Stop a digest until it is resumed."""
    return switched_card(await ctx.digests.pause(ctx.team, _number(args.get("number")), asker=ctx.asker), ctx.now)


async def resume(ctx: Context, args: Arguments, show: Show) -> Card:
    """Let a digest run again."""
    return switched_card(await ctx.digests.resume(ctx.team, _number(args.get("number")), asker=ctx.asker), ctx.now)


async def remove(ctx: Context, args: Arguments, show: Show) -> Card:
    """Delete a digest."""
    return removed_card(await ctx.digests.remove(ctx.team, _number(args.get("number"))))


async def export(ctx: Context, args: Arguments, show: Show) -> Card:
    """Answer with the rows behind a digest as CSV."""
    found, standings = await ctx.digests.current(ctx.team, _number(args.get("number")))
    return export_card(found, standings, ctx.now.date())


NUMBER = Argument("number", "number", "which digest; `digest list` numbers them")
SCHEDULE = Argument(
    "schedule",
    "word",
    "every monday 09:00, daily 09:00, or monthly 1 09:00; a zone may follow",
    repeat=True,
    typed="every monday 09:00",
)
CHOICES = (
    Argument("zone", "zone", "its time zone, such as Europe/Berlin", keyword="zone", typed="Europe/Berlin"),
    Argument("top", "number", "how many risers and fallers it names, 5 unless said", keyword="top", typed="10"),
    Argument("min", "number", "how many points are a move, else the team's threshold", keyword="min", typed="5"),
    Argument(
        "tag", "word", "only creators with this tag, or one of several with commas", keyword="tag", typed="beauty"
    ),
    Argument("mention", "role", "a role or user group to call; none for nobody", keyword="mention", typed="@role|none"),
    Argument("quiet", "flag", "say nothing when nobody moved"),
)


def _command(name: str, summary: str, handler: object, order: int, *, manages: bool = False) -> Command:
    """Return a command about digests there are; what tells of them is for members, what changes them for managers."""
    examples = (f"digest {name} 1",) if name != "list" else ("digest list",)
    arguments = () if name == "list" else (NUMBER,)
    return Command(
        name=f"digest-{name}",
        summary=summary,
        handler=handler,  # type: ignore[arg-type]
        arguments=arguments,
        manages=manages,
        members=not manages,
        private=True,
        examples=examples,
        order=order,
    )


COMMANDS = (
    Command(
        name="digest-add",
        summary="post who moved in a channel, every week, day or month",
        handler=add,
        arguments=(Argument("where", "channel", "the channel, or here", typed="here|#channel"), SCHEDULE, *CHOICES),
        manages=True,
        private=True,
        aliases=("digest",),
        examples=(
            "digest here every monday 09:00 Europe/Berlin",
            "digest here mon 9am top 10 min 5 quiet",
            "digest here daily 08:30 tag skincare",
        ),
        order=60,
    ),
    _command("list", "the team's digests, where each is posted and when", list_, 61),
    _command("status", "when each digest ran and runs next, and what stands in its way", status, 61),
    _command("preview", "a digest as it would be posted now, for you alone", preview, 62),
    Command(
        name="digest-edit",
        summary="change a digest's time, channel or contents",
        handler=edit,
        arguments=(
            NUMBER,
            SCHEDULE,
            Argument("where", "channel", "another channel, or here", keyword="to", typed="here|#channel"),
            *CHOICES,
            Argument("always", "flag", "post also when nobody moved"),
        ),
        manages=True,
        private=True,
        examples=("digest edit 1 every tuesday 10:00", "digest edit 1 top 10 min 5", "digest edit 1 to here"),
        order=63,
    ),
    _command("pause", "stop a digest until it is resumed", pause, 64, manages=True),
    _command("resume", "let a paused digest run again", resume, 64, manages=True),
    _command("test", "post a digest now, marked as a test", test, 65, manages=True),
    _command(
        "post", "post a digest that was skipped, or of which nobody knows whether it arrived", post, 65, manages=True
    ),
    _command("export", "the scores behind a digest as a CSV file", export, 66),
    _command("remove", "delete a digest", remove, 67, manages=True),
)
