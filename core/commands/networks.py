"""`networks` and `help`: what is read here, and what can be asked."""

from core.card import Card
from core.cards_networks import HelpEntry, help_card, networks_card
from core.commands.grammar import Argument, Arguments, Command, Context, Show
from core.commands.table import commands, words
from core.errors import InputError
from core.inert import inert


async def networks(ctx: Context, args: Arguments, show: Show) -> Card:
    """Answer with every network, what is left to ask of it, and what a key would add."""
    return networks_card(await ctx.networks.of(ctx.team), ctx.now, ctx.zone)


async def help_(ctx: Context, args: Arguments, show: Show) -> Card:
    """Answer with all commands, or with one and its examples."""
    wanted = " ".join(args.many("command"))
    if not wanted:
        return help_card([entry(command) for command in commands().values()])
    command = words().get(wanted.casefold().removeprefix("/").replace(" ", "-"))
    if command is None:
        raise InputError(f"There is no command `{inert(wanted, 40)}`: `help` lists them.", field="command")
    return help_card([entry(command)])


def entry(command: Command) -> HelpEntry:
    """Return a command as help shows it."""
    return HelpEntry(usage=command.usage, summary=command.summary, examples=command.examples, manages=command.manages)


COMMANDS = (
    Command(
        name="networks",
        summary="which networks are read here, and what each other one would need",
        handler=networks,
        private=True,
        examples=("networks",),
        order=80,
    ),
    Command(
        name="help",
        summary="the commands, or one with examples",
        handler=help_,
        arguments=(Argument("command", "command", "a command to explain", repeat=True),),
        private=True,
        examples=("help", "help history"),
        order=90,
    ),
)
