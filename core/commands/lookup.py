"""`influence` and `history`: a creator's score now, and how it came there."""

import re
from collections.abc import Awaitable, Callable
from datetime import timedelta

from core.card import Card
from core.cards_history import history_card
from core.cards_score import Percentile, partial_card, score_card
from core.commands.grammar import Argument, Arguments, Command, Context, Show
from core.errors import InputError
from core.models import Reading

HISTORY_BY_DEFAULT = timedelta(days=90)
_SHORTEST, _LONGEST = timedelta(days=7), timedelta(days=400)  # scores are kept for 400 days (DESIGN 3)
_PERIOD = re.compile(r"([0-9]{1,4}) ?(d|w|m|y)(?:ays?|eeks?|onths?|ears?)?")
_DAYS = {"d": 1, "w": 7, "m": 30, "y": 365}

CREATOR = Argument("creator", "creator", "a handle, network:handle, or a profile address", required=True)
NETWORK = Argument("network", "network", "read this network only", keyword="on")


def period(text: str) -> timedelta:
    """Return a length of time like `30d`, `12w` or `6m`; raises InputError for other forms, or outside 7 to 400 d."""
    match = _PERIOD.fullmatch(text.strip().casefold())
    if match is None:
        raise InputError("A period is written 30d, 12w or 6m.", field="period")
    length = timedelta(days=int(match[1]) * _DAYS[match[2]])
    if not _SHORTEST <= length <= _LONGEST:
        raise InputError("A period is 7 days to 400 days long: scores are kept for 400 days.", field="period")
    return length


async def influence(ctx: Context, args: Arguments, show: Show) -> Card:
    """Answer with the score card; a partial card is shown while networks are slow."""
    reading = await ctx.lookups.lookup(
        ctx.team,
        args.text("creator"),
        network=args.get("network"),
        fresh=args.flag("fresh"),
        show=_partial(ctx, show),
    )
    percentile = await _percentile(ctx, reading)
    return score_card(reading, ctx.now, zone=ctx.zone, percentile=percentile, manifests=ctx.manifests)


async def _percentile(ctx: Context, reading: Reading) -> Percentile | None:
    """Return where a tracked creator stands among the team's others; a card of anybody else costs no question."""
    if not reading.linked or reading.name is None or reading.score.state != "ok":
        return None
    rank = await ctx.roster.rank(ctx.team, reading.name)
    return None if rank is None or not rank.of else Percentile(above=100 * rank.below // rank.of, of=rank.of)


def _partial(ctx: Context, show: Show) -> Callable[[Reading], Awaitable[None]]:
    async def publish(reading: Reading) -> None:
        await show(partial_card(reading, ctx.now, zone=ctx.zone, manifests=ctx.manifests))

    return publish


async def history(ctx: Context, args: Arguments, show: Show) -> Card:
    """Answer with the stored scores of a period, 90 days unless said."""
    wanted = args.get("period")
    since = ctx.now - (period(wanted) if wanted is not None else HISTORY_BY_DEFAULT)
    reading = await ctx.lookups.history(ctx.team, args.text("creator"), network=args.get("network"), since=since)
    return history_card(reading, ctx.now, zone=ctx.zone)


COMMANDS = (
    Command(
        name="influence",
        summary="how influential a creator is, and what changed",
        handler=influence,
        arguments=(CREATOR, NETWORK, Argument("fresh", "flag", "ask the networks again now")),
        aliases=("lookup", "score"),
        examples=("@glowguru", "@glowguru on tiktok", "@glowguru private"),
        order=10,
    ),
    Command(
        name="history",
        summary="a creator's scores over time",
        handler=history,
        arguments=(CREATOR, Argument("period", "period", "how far back: 30d, 12w, 6m", typed="90d"), NETWORK),
        examples=("history @glowguru", "history @glowguru 30d"),
        order=20,
    ),
)
