"""The one command table: every front end offers these commands, parses with this grammar and runs them here.

A file of this folder adds commands by listing them as `COMMANDS`; nothing else has to name it.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress

import structlog

from core.card import Card
from core.cards_errors import error_card, not_found_card
from core.commands.grammar import (
    DEFAULT_COMMAND,
    Argument,
    Arguments,
    Command,
    Context,
    Handler,
    Invocation,
    LookupsLike,
    Show,
    creators_of,
)
from core.commands.parsing import complete, invoke, parse
from core.commands.table import commands
from core.errors import BadHandle, CloutError, NotAllowed, NotFound, NotRecorded

__all__ = [
    "COMMANDS",
    "DEFAULT_COMMAND",
    "Argument",
    "Arguments",
    "Command",
    "Context",
    "Handler",
    "Invocation",
    "LookupsLike",
    "Show",
    "complete",
    "invoke",
    "parse",
    "refusal",
    "run",
]

log = structlog.get_logger("clout.commands")

COMMANDS = commands()
"""Every command by name, in the order of help."""


async def run(ctx: Context, invocation: Invocation, show: Show, *, reference: Callable[[], str]) -> Card:
    """Run a command and return its card; a CloutError becomes an error card with the code that `reference` gives.

    Cards offer only buttons whose command exists, and are private where the command, the asker or, unless the asker
    wants it public, the team's habit says so.
    """
    habit = ctx.own.private and not invocation.public
    private = invocation.private or invocation.command.private or habit

    async def publish(card: Card) -> None:
        await show(_finished(card, private))

    try:
        _permit(ctx, invocation.command)
        card = await invocation.command.handler(ctx, invocation.arguments, publish)
    except CloutError as error:
        ref = _logged(error, invocation.command.name, reference)
        return _finished(_failed(ctx, error, ref, await _like(ctx, invocation, error)), private=True)
    return _finished(card, private)


def refusal(ctx: Context, error: CloutError, *, reference: Callable[[], str]) -> Card:
    """Return the card for a line that could not even be parsed."""
    return _finished(_failed(ctx, error, _logged(error, "parse", reference), ()), private=True)


def _permit(ctx: Context, command: Command) -> None:
    if command.manages and not ctx.can_manage:
        raise NotAllowed(f"`{command.name}` changes what this team shares, and you do not manage Clout here.")
    if command.members and not ctx.member:
        raise NotAllowed(f"`{command.typed}` is for members of this team. Guests may look creators up.")


def _logged(error: CloutError, command: str, reference: Callable[[], str]) -> str:
    ref = reference()
    log.info("command answered with an error", command=command, error=type(error).__name__, reference=ref)
    return ref


async def _like(ctx: Context, invocation: Invocation, error: CloutError) -> Sequence[str]:
    """Return known handles like the one that was not found; a failing store must not hide the first error."""
    names = creators_of(invocation)
    if not names or not isinstance(error, NotFound | NotRecorded | BadHandle):
        return ()
    with suppress(CloutError):
        return await ctx.lookups.suggestions(ctx.team, names[0])
    return ()


def _failed(ctx: Context, error: CloutError, ref: str, suggestions: Sequence[str]) -> Card:
    if suggestions:
        return not_found_card(error, ref, suggestions, now=ctx.now, zone=ctx.zone)
    return error_card(error, ref, now=ctx.now, zone=ctx.zone)


def _finished(card: Card, private: bool) -> Card:
    return card.offering(COMMANDS).as_private(private)
