"""`track`, `untrack` and `tracked`: whom a team follows."""

from typing import TYPE_CHECKING, cast

from core.card import Card
from core.cards_tracking import roster_card, tracked_card, untracked_card
from core.commands.grammar import Argument, Arguments, Command, Context, Show
from core.errors import InputError
from core.inert import inert

if TYPE_CHECKING:  # use cases bring the database along, which help never needs
    from core.roster import Sort

CREATOR = Argument("creator", "creator", "a handle, network:handle, or a profile address", required=True)
_SORTS = {"score": "score", "movement": "movement", "moves": "movement", "change": "movement", "name": "name"}


async def track(ctx: Context, args: Arguments, show: Show) -> Card:
    """Follow a creator from now on."""
    tracked = await ctx.tracking.track(
        ctx.team,
        args.text("creator"),
        alias=args.get("alias"),
        tags=_words(args.many("tag")),
        accounts=_words(args.many("accounts")),
    )
    return tracked_card(tracked, ctx.now, zone=ctx.zone, manifests=ctx.manifests)


def _words(values: tuple[str, ...]) -> list[str]:
    """Return the words of a repeated argument; a front end with one field for all of them hands them on in one."""
    return [word for value in values for word in value.replace(",", " ").split()]


async def untrack(ctx: Context, args: Arguments, show: Show) -> Card:
    """Stop following a creator."""
    return untracked_card(await ctx.tracking.untrack(ctx.team, args.text("creator")))


async def tracked(ctx: Context, args: Arguments, show: Show) -> Card:
    """Answer with a page of the creators that are followed."""
    wanted = (args.get("sort") or "score").casefold()
    sort = _SORTS.get(wanted)
    if sort is None:
        raise InputError(
            f"“{inert(wanted, 40)}” is no order: `sort score`, `sort movement`, `sort name`.", field="sort"
        )
    page = await ctx.tracking.tracked(
        ctx.team, tag=args.get("tag"), sort=cast("Sort", sort), page=_page(args.get("page"))
    )
    return roster_card(page, ctx.now, zone=ctx.zone, manifests=ctx.manifests)


def _page(text: str | None) -> int:
    if text is None:
        return 1
    if not (text.isascii() and text.isdecimal() and len(text) <= 7 and int(text) > 0):
        raise InputError("A page is a number from 1.", field="page")
    return int(text)


COMMANDS = (
    Command(
        name="track",
        summary="follow a creator: its score is kept every day",
        handler=track,
        arguments=(
            CREATOR,
            Argument("alias", "word", "what the creator is called here, one word", keyword="as", typed="name"),
            Argument(
                "tag",
                "word",
                "one or more tags to list and report it by",
                keyword="tag",
                repeat=True,
                typed="beauty ...",
            ),
            Argument("accounts", "account", "further accounts of the same creator", keyword="with", repeat=True),
        ),
        manages=True,
        private=True,
        examples=("track @glowguru", "track @glowguru tag beauty", "track @glowguru with youtube:@glow"),
        order=36,
    ),
    Command(
        name="untrack",
        summary="stop following a creator",
        handler=untrack,
        arguments=(CREATOR,),
        manages=True,
        private=True,
        examples=("untrack @glowguru",),
        order=37,
    ),
    Command(
        name="tracked",
        summary="the creators that are followed, highest score first",
        handler=tracked,
        arguments=(
            Argument(
                "sort",
                "word",
                "score, movement (biggest change of the week first) or name",
                keyword="sort",
                typed="score|movement|name",
            ),
            Argument("tag", "word", "only those with this tag", keyword="tag", typed="beauty"),
            Argument("page", "number", "which page of the list", keyword="page", typed="2"),
        ),
        aliases=("top",),
        examples=("tracked", "tracked sort movement", "tracked tag beauty"),
        order=38,
    ),
)
