"""The `clout` command: parses what was typed and hands it on; slow imports stand inside the commands that need them."""

import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bots import asking, operating, rights
from bots.asking import TEAM
from bots.cli_run import begin_discord, discords, runs
from bots.exits import BAD_INPUT, BROKEN, OK, guarded, run, settings

if TYPE_CHECKING:
    pass

cli = typer.Typer(
    no_args_is_help=True,
    epilog='Every other command (networks, history, link ...): clout chat -c "help"',
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help="Clout: an influence score from 1 to 100 that you can check.",
)


cli.add_typer(runs, name="run")
cli.add_typer(discords, name="discord")
begins = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Set a chat platform up.")
cli.add_typer(begins, name="init")
begins.command("discord")(begin_discord)


@cli.callback(invoke_without_command=True)
def top(version: Annotated[bool, typer.Option("--version", help="Print the version and exit.")] = False) -> None:
    """Clout: an influence score from 1 to 100 that you can check."""
    if version:
        from importlib.metadata import version as installed

        print(f"clout {installed('clout')}")
        raise typer.Exit(OK)


@cli.command()
def lookup(
    handles: Annotated[list[str], typer.Argument(help="@name, network:name, name@server, or a profile address")],
    network: Annotated[str | None, typer.Option("--network", "-n", help="Ask this network only.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object a line.")] = False,
    fresh: Annotated[bool, typer.Option("--fresh", help="Ask again, however new the stored answer is.")] = False,
) -> None:
    """Look creators up and show their score cards."""
    raise typer.Exit(run(asking.lookup(handles, network, as_json, fresh)))


@cli.command()
def why(
    handle: Annotated[str, typer.Argument(help="@name, network:name, name@server, or a profile address")],
    since: Annotated[
        str | None, typer.Option(help="Explain the change since 7d, 30d, 12w before; 7d by default.")
    ] = None,
    network: Annotated[str | None, typer.Option("--network", "-n", help="Explain this network only.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object with every point unrounded.")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print the rows as CSV, unrounded.")] = False,
) -> None:
    """Explain a score point by point, and why it moved."""
    raise typer.Exit(run(asking.why(handle, since, network, "json" if as_json else "csv" if as_csv else "card")))


@cli.command()
def compare(
    handles: Annotated[list[str], typer.Argument(help="Two to six creators.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Show two to six creators side by side."""
    raise typer.Exit(run(asking.compare(handles, as_json)))


@cli.command()
def chat(
    command: Annotated[str | None, typer.Option("--command", "-c", help="Run one command and exit.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print each card as JSON, one a line.")] = False,
) -> None:
    """Type the same commands as in Slack and Discord; reads a pipe line by line."""
    raise typer.Exit(run(asking.chat(command, as_json)))


@cli.command()
def inbox(
    everything: Annotated[bool, typer.Option("--all", help="Show the newest messages, read or not.")] = False,
) -> None:
    """Show the digests and alerts of the terminal that came while nobody was here."""
    raise typer.Exit(run(asking.inbox(everything)))


@cli.command()
def demo(
    where: Annotated[
        str, typer.Argument(metavar="[slack|discord]", help="`slack` or `discord` shows a conversation in a channel.")
    ] = "",
    seed: Annotated[int, typer.Option(help="Which invented world to visit.")] = 20,
) -> None:
    """Take a tour of Clout with invented creators; needs no key and no network."""
    if where in {"slack", "discord"}:
        from bots.demo_chats import conversation

        raise typer.Exit(run(conversation(where, seed)))
    if where:
        raise typer.BadParameter("there is one of slack, of discord, and the tour without a word", param_hint="where")
    from bots.demo import tour

    raise typer.Exit(run(tour(seed)))


@cli.command()
def recordings(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A folder of NETWORK/recordings/*.json.")],
    network: Annotated[str | None, typer.Option("--network", "-n", help="Read this network's only.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON list.")] = False,
) -> None:
    """Say what Clout makes of recorded answers of the networks; asks nobody."""
    raise typer.Exit(run(asking.recordings(folder, network, as_json)))


@cli.command()
def evaluate(
    folder: Annotated[Path, typer.Argument(help="A folder with one folder a set: SET/data.csv or SET/data.csv.gz")],
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    sets: Annotated[str | None, typer.Option(help="Measure these sets only, by name, with commas between.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the draws behind standard errors.")] = 0,
    fast: Annotated[bool, typer.Option("--fast", help="Take fewer draws.")] = False,
) -> None:
    """Measure on labelled sets how valid the score is; exits 1 when a pass mark is missed."""
    raise typer.Exit(guarded(lambda: asking.evaluate(folder, as_json, sets, seed, fast)))


@cli.command()
def score(
    file: Annotated[Path, typer.Argument(help="JSON Lines or Parquet, a creator a line; - reads standard input")],
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object a line.")] = False,
    no_range: Annotated[bool, typer.Option("--no-range", help="Leave the range out; quicker.")] = False,
) -> None:
    """Score many creators from a file; exits 2 when a line was refused, with all others scored."""
    from bots.offline import score_file

    raise typer.Exit(guarded(lambda: score_file(file, sys.stdout, as_json=as_json, interval=not no_range)))


@cli.command()
def rescore(
    weights: Annotated[str, typer.Option(help="The model version to score with.")],
    since: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Leave earlier days alone.")] = None,
) -> None:
    """Score the stored history again under another model version; the old scores stay beside the new."""
    from bots.offline import rescore as again

    raise typer.Exit(run(again(settings(), weights, since.date() if since else None, sys.stdout)))


@cli.command("import")
def import_(
    file: Annotated[Path, typer.Argument(help="CSV with the columns handle, network, alias, tags, accounts")],
) -> None:
    """Track every creator of a file; exits 2 and imports nothing when a line has to be mended."""
    raise typer.Exit(run(asking.import_file(file)))


@begins.command("slack")
def begin_slack(
    file: Annotated[Path, typer.Option(help="The file of settings to write; its other lines stay.")] = Path(".env"),
) -> None:
    """Ask for Slack's two tokens, try them, and write them into a file that only you can read."""
    from bots.init import init_slack

    def ask(question: str) -> str:
        return str(typer.prompt(question, hide_input=True))

    async def begun() -> int:
        return OK if await init_slack(settings(), ask, typer.echo, file) else BROKEN

    raise typer.Exit(run(begun()))


@begins.command("keys")
def begin_keys(
    file: Annotated[Path, typer.Option(help="The file of settings to write; its other lines stay.")] = Path(".env"),
    rotate: Annotated[bool, typer.Option("--rotate", help="Put a new key in front of those that are there.")] = False,
) -> None:
    """Make the key that stored tokens are encrypted with, and write it into a file that only you can read."""
    from bots.init import init_keys

    def begun() -> int:
        init_keys(settings(), typer.echo, file, rotate=rotate)
        return OK

    raise typer.Exit(guarded(begun))


@cli.command()
def connect(
    network: Annotated[str, typer.Argument(help="The network whose key you have, or whose account opens.")],
    team: Annotated[str, typer.Option(help="Keep it for this team alone, by its id; else it is for all.")] = "",
    creator: Annotated[
        str | None, typer.Option(metavar="@NAME", help="Let this creator connect an account, on this machine.")
    ] = None,
    account: Annotated[
        str | None, typer.Option("--as", metavar="@NAME", help="The account's name there, where it is another one.")
    ] = None,
    no_browser: Annotated[bool, typer.Option("--no-browser", help="Print the page's address and open none.")] = False,
    port: Annotated[int, typer.Option(min=1, max=65535, help="Where the creator's browser comes back to.")] = 8737,
) -> None:
    """Ask for a network's key without showing it, try it, and keep it encrypted; takes effect without a restart.

    With --creator a creator connects an account instead, by signing in at the network in a browser on this machine.
    """
    from bots import connect as connecting

    def ask(question: str) -> str:
        return str(typer.prompt(question, hide_input=True, default="", show_default=False))

    async def connected() -> int:
        if creator is not None:
            return await asking.connect_owner(network, creator, team or TEAM, account, no_browser, port)
        await connecting.connect(settings(), network, team, ask, typer.echo)
        return OK

    raise typer.Exit(run(connected()))


@cli.command()
def disconnect(
    network: Annotated[str, typer.Argument(help="The network whose key shall go.")],
    team: Annotated[str, typer.Option(help="The key of this team alone, by its id.")] = "",
    creator: Annotated[
        str | None, typer.Option(metavar="@NAME", help="End this creator's permission, and delete what it brought.")
    ] = None,
) -> None:
    """Delete a network's key that was connected, or what a creator granted; exits 2 when there was none."""
    from bots import connect as connecting

    async def disconnected() -> int:
        if creator is not None:
            from bots.owner_connect import disconnect_owner

            await disconnect_owner(settings(), network, creator, team or TEAM)
            return OK
        return OK if await connecting.disconnect(settings(), network, team, typer.echo) else BAD_INPUT

    raise typer.Exit(run(disconnected()))


@cli.command()
def doctor() -> None:
    """Say what works here and what does not, each with its mend; exits 1 when something is wrong."""
    from bots.doctor import examine

    async def examined() -> int:
        return OK if await examine(settings(), typer.echo) else BROKEN

    raise typer.Exit(run(examined()))


operating.join(cli)
rights.join(cli)


def main() -> None:
    """Run the command line."""
    cli()


if __name__ == "__main__":
    main()
