"""`clout run`, `clout init discord` and `clout discord`: what runs until stopped, and how Discord is set up."""

from pathlib import Path
from typing import Annotated

import typer

from bots import exits

runs = typer.Typer(
    rich_markup_mode=None, help="Answer in every chat platform that is set up, or in one, until stopped."
)
discords = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Look after Clout's side of Discord.")


@runs.callback(invoke_without_command=True)
def run_all(ctx: typer.Context) -> None:
    """Answer in every chat platform that is set up, or in one, until stopped."""
    if ctx.invoked_subcommand is None:
        _serve(None)


@runs.command("slack")
def run_slack() -> None:
    """Answer /influence in Slack, with CLOUT_SLACK__BOT_TOKEN and _APP_TOKEN; CLOUT_PORT adds the web server."""
    _serve("slack")


@runs.command("discord")
def run_discord() -> None:
    """Answer in Discord, with CLOUT_DISCORD__TOKEN; CLOUT_PORT adds the web server with health and metrics."""
    _serve("discord")


def _serve(only: str | None) -> None:
    from bots import fronts

    raise typer.Exit(exits.run(fronts.serve(exits.settings(), only=only)))


def begin_discord(
    file: Annotated[Path, typer.Option(help="The file of settings to write; its other lines stay.")] = Path(".env"),
) -> None:
    """Ask for Discord's bot token, try it, write it into a file only you can read, and print the install link."""
    from bots.discord_trial import init_discord

    def ask(question: str) -> str:
        return str(typer.prompt(question, hide_input=True))

    async def begun() -> int:
        return exits.OK if await init_discord(exits.settings(), ask, typer.echo, file) else exits.BROKEN

    raise typer.Exit(exits.run(begun()))


@discords.command("sync")
def sync_discord() -> None:
    """Tell Discord the commands again, whether they changed or not; `clout run` does it when they did."""
    from bots.discord_trial import sync_commands

    async def synced() -> int:
        return exits.OK if await sync_commands(exits.settings(), typer.echo) else exits.BROKEN

    raise typer.Exit(exits.run(synced()))


@discords.callback()
def _discord() -> None:
    """Look after Clout's side of Discord."""
