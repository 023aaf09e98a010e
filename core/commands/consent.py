"""`connect` and `disconnect`: an account that only its owner can open, asked for and let go of again."""

from core.card import Card
from core.cards_consent import disconnected_card, link_card
from core.commands.grammar import Argument, Arguments, Command, Context, Show
from core.commands.links import NAME

NETWORK = Argument("network", "network", "the network the account is on", required=True)
ACCOUNT = Argument(
    "account", "account", "the account's name there, where it is another one", keyword="as", typed="@name"
)


async def connect(ctx: Context, args: Arguments, show: Show) -> Card:
    """Answer with a link by which a creator lets this team read an account."""
    consent = await ctx.consents.begin(
        ctx.team,
        args.text("creator"),
        args.text("network"),
        ctx.asker,
        account=args.get("account"),
        team_name=ctx.team_name,
    )
    return link_card(consent, ctx.now, zone=ctx.zone)


async def disconnect(ctx: Context, args: Arguments, show: Show) -> Card:
    """End a creator's permission, and delete everything that was read with it."""
    withdrawn = await ctx.consents.disconnect(ctx.team, args.text("creator"), args.text("network"))
    return disconnected_card(withdrawn, manifests=ctx.manifests)


COMMANDS = (
    Command(
        name="connect",
        summary="a link by which a creator lets this team read an account",
        handler=connect,
        arguments=(NAME, NETWORK, ACCOUNT),
        manages=True,
        private=True,
        examples=("connect @glowguru tiktok", "connect @glowguru threads as @glow.daily"),
        order=33,
    ),
    Command(
        name="disconnect",
        summary="end that permission, and delete what was read with it",
        handler=disconnect,
        arguments=(NAME, NETWORK),
        manages=True,
        private=True,
        examples=("disconnect @glowguru tiktok",),
        order=34,
    ),
)
