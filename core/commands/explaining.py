"""`why` and `compare`: where a score comes from, why it moved, and several side by side."""

from datetime import timedelta

from core.card import Card
from core.cards_compare import compare_card
from core.cards_why import why_card
from core.commands.grammar import Argument, Arguments, Command, Context, Show
from core.commands.lookup import CREATOR, NETWORK, period

SINCE_BY_DEFAULT = timedelta(days=7)


async def why(ctx: Context, args: Arguments, show: Show) -> Card:
    """Answer with the statement of a score and of its change, since a week ago unless said."""
    wanted = args.get("since")
    since = ctx.now - (period(wanted) if wanted is not None else SINCE_BY_DEFAULT)
    found = await ctx.lookups.why(ctx.team, args.text("creator"), network=args.get("network"), since=since)
    return why_card(found, ctx.now, zone=ctx.zone, manifests=ctx.manifests)


async def compare(ctx: Context, args: Arguments, show: Show) -> Card:
    """Answer with two to six creators side by side."""
    found = await ctx.lookups.compare(ctx.team, args.many("creators"))
    return compare_card(found, ctx.now, zone=ctx.zone, manifests=ctx.manifests)


COMMANDS = (
    Command(
        name="why",
        summary="where a creator's points come from, and why the score moved",
        handler=why,
        arguments=(
            CREATOR,
            Argument("since", "period", "how far back: 7d, 30d, 12w", keyword="since", typed="30d"),
            NETWORK,
        ),
        examples=("why @glowguru", "why @glowguru since 30d"),
        order=12,
    ),
    Command(
        name="compare",
        summary="two to six creators side by side",
        handler=compare,
        arguments=(
            Argument("creators", "creator", "two to six handles", required=True, repeat=True, typed="@a @b ..."),
        ),
        examples=("compare @glowguru @beanco",),
        order=14,
    ),
)
