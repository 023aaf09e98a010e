"""`link`, `unlink` and `accounts`: which accounts belong to one creator, as this team sees it."""

from core.card import Card
from core.cards_accounts import accounts_card, linked_card
from core.commands.grammar import Argument, Arguments, Command, Context, Show

NAME = Argument("creator", "creator", "the creator's name or handle", required=True)
ACCOUNT = Argument("account", "account", "the account: network:handle, or a profile address", required=True)


async def link(ctx: Context, args: Arguments, show: Show) -> Card:
    """Say that an account belongs to a creator."""
    target = args.text("account")
    linked = await ctx.lookups.link(ctx.team, args.text("creator"), target)
    return linked_card(linked, target, ctx.now, zone=ctx.zone, manifests=ctx.manifests)


async def unlink(ctx: Context, args: Arguments, show: Show) -> Card:
    """Take an account away from a creator."""
    target = args.text("account")
    linked = await ctx.lookups.unlink(ctx.team, args.text("creator"), target)
    return linked_card(linked, target, ctx.now, zone=ctx.zone, manifests=ctx.manifests, removed=True)


async def accounts(ctx: Context, args: Arguments, show: Show) -> Card:
    """Answer with the accounts linked under a name, and those a reference work names beside them."""
    name = args.text("creator")
    found = await ctx.lookups.offers(ctx.team, name)
    if found is None:
        linked = await ctx.lookups.accounts(ctx.team, name)
        return accounts_card(linked, ctx.now, zone=ctx.zone, manifests=ctx.manifests)
    return accounts_card(found[0], ctx.now, zone=ctx.zone, manifests=ctx.manifests, offers=found[1])


COMMANDS = (
    Command(
        name="link",
        summary="say that an account belongs to a creator",
        handler=link,
        arguments=(NAME, ACCOUNT),
        manages=True,
        private=True,
        examples=("link @glowguru tiktok:glowguru",),
        order=30,
    ),
    Command(
        name="unlink",
        summary="take an account away from a creator",
        handler=unlink,
        arguments=(NAME, ACCOUNT),
        manages=True,
        private=True,
        examples=("unlink @glowguru tiktok:glowguru",),
        order=31,
    ),
    Command(
        name="accounts",
        summary="the accounts linked under a name",
        handler=accounts,
        arguments=(NAME,),
        examples=("accounts @glowguru",),
        order=32,
    ),
)
