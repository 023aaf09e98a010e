"""The `clout` command: parses what was typed and hands it on; slow imports stand inside the commands that need them."""

import asyncio
import os
import sys
from collections.abc import Callable, Coroutine, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bots import operating
from bots.cli_run import begin_discord, discords, runs

if TYPE_CHECKING:
    from bots.pictures import Pictures
    from bots.statements import Form
    from bots.terminal import Terminal
    from core.app import App
    from core.card import Card
    from core.errors import CloutError
    from core.models import Reading
    from core.recordings import RecordingOutcome
    from core.settings import Settings

OK, BAD_INPUT, NOT_FOUND, NETWORK_FAILURE, INTERRUPTED = 0, 2, 3, 4, 130
BROKEN = 1  # the installation itself: settings or database
TEAM = "terminal"  # a terminal is one team (CARDS)
AT_ONCE = 5  # lookups side by side when several handles are given

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
    raise typer.Exit(_run(_lookup(handles, network, as_json, fresh)))


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
    raise typer.Exit(_run(_why(handle, since, network, "json" if as_json else "csv" if as_csv else "card")))


@cli.command()
def compare(
    handles: Annotated[list[str], typer.Argument(help="Two to six creators.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Show two to six creators side by side."""
    raise typer.Exit(_run(_compare(handles, as_json)))


@cli.command()
def chat(
    command: Annotated[str | None, typer.Option("--command", "-c", help="Run one command and exit.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print each card as JSON, one a line.")] = False,
) -> None:
    """Type the same commands as in Slack and Discord; reads a pipe line by line."""
    raise typer.Exit(_run(_chat(command, as_json)))


@cli.command()
def inbox(
    everything: Annotated[bool, typer.Option("--all", help="Show the newest messages, read or not.")] = False,
) -> None:
    """Show the digests and alerts of the terminal that came while nobody was here."""
    raise typer.Exit(_run(_inbox(everything)))


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

        raise typer.Exit(_run(conversation(where, seed)))
    if where:
        raise typer.BadParameter("there is one of slack, of discord, and the tour without a word", param_hint="where")
    from bots.demo import tour

    raise typer.Exit(_run(tour(seed)))


@cli.command()
def recordings(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A folder of NETWORK/recordings/*.json.")],
    network: Annotated[str | None, typer.Option("--network", "-n", help="Read this network's only.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON list.")] = False,
) -> None:
    """Say what Clout makes of recorded answers of the networks; asks nobody."""
    raise typer.Exit(_run(_recordings(folder, network, as_json)))


@cli.command()
def evaluate(
    folder: Annotated[Path, typer.Argument(help="A folder with one folder a set: SET/data.csv or SET/data.csv.gz")],
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    sets: Annotated[str | None, typer.Option(help="Measure these sets only, by name, with commas between.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the draws behind standard errors.")] = 0,
    fast: Annotated[bool, typer.Option("--fast", help="Take fewer draws.")] = False,
) -> None:
    """Measure on labelled sets how valid the score is; exits 1 when a pass mark is missed."""
    raise typer.Exit(_guarded(lambda: _evaluate(folder, as_json, sets, seed, fast)))


@cli.command()
def score(
    file: Annotated[Path, typer.Argument(help="JSON Lines or Parquet, a creator a line; - reads standard input")],
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object a line.")] = False,
    no_range: Annotated[bool, typer.Option("--no-range", help="Leave the range out; quicker.")] = False,
) -> None:
    """Score many creators from a file; exits 2 when a line was refused, with all others scored."""
    from bots.offline import score_file

    raise typer.Exit(_guarded(lambda: score_file(file, sys.stdout, as_json=as_json, interval=not no_range)))


@cli.command()
def rescore(
    weights: Annotated[str, typer.Option(help="The model version to score with.")],
    since: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Leave earlier days alone.")] = None,
) -> None:
    """Score the stored history again under another model version; the old scores stay beside the new."""
    from bots.offline import rescore as again

    raise typer.Exit(_run(again(_settings(), weights, since.date() if since else None, sys.stdout)))


@cli.command("import")
def import_(
    file: Annotated[Path, typer.Argument(help="CSV with the columns handle, network, alias, tags, accounts")],
) -> None:
    """Track every creator of a file; exits 2 and imports nothing when a line has to be mended."""
    raise typer.Exit(_run(_import(file)))


@begins.command("slack")
def begin_slack(
    file: Annotated[Path, typer.Option(help="The file of settings to write; its other lines stay.")] = Path(".env"),
) -> None:
    """Ask for Slack's two tokens, try them, and write them into a file that only you can read."""
    from bots.init import init_slack

    def ask(question: str) -> str:
        return str(typer.prompt(question, hide_input=True))

    async def begun() -> int:
        return OK if await init_slack(_settings(), ask, typer.echo, file) else BROKEN

    raise typer.Exit(_run(begun()))


@begins.command("keys")
def begin_keys(
    file: Annotated[Path, typer.Option(help="The file of settings to write; its other lines stay.")] = Path(".env"),
    rotate: Annotated[bool, typer.Option("--rotate", help="Put a new key in front of those that are there.")] = False,
) -> None:
    """Make the key that stored tokens are encrypted with, and write it into a file that only you can read."""
    from bots.init import init_keys

    def begun() -> int:
        init_keys(_settings(), typer.echo, file, rotate=rotate)
        return OK

    raise typer.Exit(_guarded(begun))


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
            return await _connect_owner(network, creator, team or TEAM, account, no_browser, port)
        await connecting.connect(_settings(), network, team, ask, typer.echo)
        return OK

    raise typer.Exit(_run(connected()))


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

            await disconnect_owner(_settings(), network, creator, team or TEAM)
            return OK
        return OK if await connecting.disconnect(_settings(), network, team, typer.echo) else BAD_INPUT

    raise typer.Exit(_run(disconnected()))


@cli.command()
def doctor() -> None:
    """Say what works here and what does not, each with its mend; exits 1 when something is wrong."""
    from bots.doctor import examine

    async def examined() -> int:
        return OK if await examine(_settings(), typer.echo) else BROKEN

    raise typer.Exit(_run(examined()))


operating.join(cli)


def main() -> None:
    """Run the command line."""
    cli()


# --- running ----------------------------------------------------------------------------------------------------------


def _run(work: Coroutine[object, object, int]) -> int:
    return _guarded(lambda: asyncio.run(work))


def _guarded(work: Callable[[], int]) -> int:
    from core.errors import CloutError

    try:
        return work()
    except KeyboardInterrupt:
        return INTERRUPTED
    except CloutError as error:
        _complain(error)
        return exit_code(error)
    except BrokenPipeError:  # the reader of our output has gone, as in `clout lookup ... | head`
        sys.stderr.close()
        return OK


def exit_code(error: "CloutError") -> int:
    """Return what the shell is told: 2 bad input, 3 not found, 4 network failure, 1 the installation itself."""
    return exit_code_of(type(error).__name__)


def exit_code_of(name: str) -> int:
    """Return the exit code for an error's class name; a name outside the tree is a fault of the installation."""
    from core import errors

    kind = getattr(errors, name, errors.CloutError)
    if issubclass(kind, errors.NotFound):
        return NOT_FOUND
    if issubclass(kind, errors.SourceError):
        return NETWORK_FAILURE
    return BAD_INPUT if issubclass(kind, errors.InputError | errors.SettingsError) else BROKEN


def _complain(error: "CloutError") -> None:
    print(" ".join(filter(None, (error.message, type(error).advice))), file=sys.stderr)


def run(work: Coroutine[object, object, int]) -> int:
    """Run a command's work and return its exit code; what goes wrong is one clear line."""
    return _run(work)


def settings() -> "Settings":
    """Return the settings of the environment and `.env`, with a line for each that nothing reads."""
    return _settings()


def _settings() -> "Settings":
    from core.connectors import manifests
    from core.settings import Settings, unknown_settings

    for line in unknown_settings(manifests()):
        print(line, file=sys.stderr)
    return Settings.read(manifests())


async def _lookup(handles: list[str], network: str | None, as_json: bool, fresh: bool) -> int:
    from core.app import build

    worst = OK
    gate = asyncio.Semaphore(AT_ONCE)
    settings = _settings()
    async with build(settings) as app:
        terminal = _terminal(app)
        with terminal.progress(f"Looking up {', '.join(handles)}"):
            async with asyncio.TaskGroup() as group:  # Ctrl-C ends all of them before the database closes
                asked = [group.create_task(_one(app, gate, handle, network, fresh)) for handle in handles]
        for handle, task in zip(handles, asked, strict=True):
            worst = max(worst, await _tell(app, terminal, handle, task.result(), as_json))
    return worst


async def _one(
    app: "App", gate: asyncio.Semaphore, handle: str, network: str | None, fresh: bool
) -> "Reading | CloutError":
    from core.errors import CloutError

    async with gate:
        try:
            return await app.lookups.lookup(TEAM, handle, network=network, fresh=fresh)
        except CloutError as error:
            return error


async def _tell(app: "App", terminal: "Terminal", handle: str, found: "Reading | CloutError", as_json: bool) -> int:
    from core.errors import CloutError
    from core.formats import failed_lookup_json, lookup_json

    if isinstance(found, CloutError):
        if as_json:
            _print_json(failed_lookup_json(handle, found))
        terminal.complain(await terminal.refusal(found))
        return exit_code(found)
    if as_json:
        _print_json(lookup_json(found, await app.lookups.posts(found)))
    else:
        terminal.print(terminal.score_card(found))
    return NETWORK_FAILURE if all(network.failure for network in found.networks) else OK


async def _why(handle: str, since: str | None, network: str | None, form: "Form") -> int:
    from bots.statements import write_why
    from core.app import build

    async with build(_settings()) as app:
        terminal = _terminal(app)
        with terminal.progress(f"Looking up {handle}"):
            told = await write_why(app, terminal, TEAM, handle, since=since, network=network, form=form)
        print(told, flush=True)
    return OK


async def _compare(handles: list[str], as_json: bool) -> int:
    from bots.statements import write_comparison
    from core.app import build

    async with build(_settings()) as app:
        terminal = _terminal(app)
        with terminal.progress(f"Looking up {', '.join(handles)}"):
            told = await write_comparison(app, terminal, TEAM, handles, as_json=as_json)
        print(told, flush=True)
    return OK


async def _connect_owner(
    network: str, creator: str, team: str, account: str | None, no_browser: bool, port: int
) -> int:
    import webbrowser

    from bots.owner_connect import Asked, Person, connect_owner
    from core.permission import FAILED_KINDS

    def ask(question: str) -> str:
        return str(typer.prompt(question))

    person = Person(ask, typer.echo, None if no_browser else webbrowser.open)
    outcome = await connect_owner(_settings(), Asked(network, creator, team, account), person, port=port)
    if outcome.kind == "connected":
        return OK
    return NETWORK_FAILURE if outcome.kind in FAILED_KINDS else BAD_INPUT


async def _chat(command: str | None, as_json: bool) -> int:
    from bots.pictures import Pictures
    from core.app import build

    async with build(_settings()) as app:
        terminal = _terminal(app)
        pictures = Pictures(app.draw, environment=os.environ, screen=terminal.screen)

        async def answer(line: str) -> int:
            return await _answer(terminal, pictures, line, as_json)

        if command is not None:
            return await answer(command)
        from bots import prompt
        from bots.inbox import unread

        if as_json or not (terminal.screen and sys.stdin.isatty()):
            return await prompt.from_a_pipe(answer)
        return await prompt.at_a_prompt(
            answer,
            terminal.complete,
            prompt.kept_history(os.environ),
            terminal.write,
            inbox=lambda: unread(app, terminal, TEAM),
        )


async def _inbox(everything: bool) -> int:
    from bots.inbox import show
    from bots.pictures import Pictures
    from core.app import build

    async with build(_settings()) as app:
        terminal = _terminal(app)
        pictures = Pictures(app.draw, environment=os.environ, screen=terminal.screen)
        await show(app, terminal, pictures, TEAM, everything=everything)
    return OK


async def _answer(terminal: "Terminal", pictures: "Pictures", line: str, as_json: bool) -> int:
    async def partly(card: "Card") -> None:
        if terminal.screen and not as_json:
            terminal.print(card)

    card = await terminal.run(line, partly)
    if as_json:
        _print_json(card.model_dump(mode="json"))
    elif card.error is not None:
        terminal.complain(card)
    elif card.attachment is not None and not terminal.screen:
        terminal.write(card.attachment.content)  # `clout chat -c "digest export" > file.csv`
    else:
        terminal.print(card)
        terminal.write(await pictures.of(card, terminal.columns))
        terminal.write(f"\n{card.attachment.content}" if card.attachment is not None else "")
    return OK if card.error is None else exit_code_of(card.error)


async def _recordings(folder: Path, network: str | None, as_json: bool) -> int:
    from core.app import SystemClock
    from core.connectors import discover
    from core.recordings import read_recordings

    outcomes = read_recordings(folder, discover(), network, now=SystemClock().now())
    if as_json:
        _print_json([outcome.model_dump(mode="json") for outcome in outcomes])
    else:
        print("\n".join(_table(outcomes)), flush=True)
    return OK


def _table(outcomes: "Sequence[RecordingOutcome]") -> list[str]:
    """Return recorded answers as lines of plain text: network, file, what it is, and how many posts or which error."""
    rows = [
        (o.network, o.file, o.outcome.replace("_", " "), o.error or (str(o.posts) if o.posts is not None else ""))
        for o in outcomes
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    lines = ["  ".join((*map(str.ljust, row, widths), row[3])).rstrip() for row in rows]
    ours = sum(outcome.outcome != "not_ours" for outcome in outcomes)
    return [*lines, f"{len(outcomes)} recorded answers, {ours} of them ours."]


def _evaluate(folder: Path, as_json: bool, sets: str | None, seed: int, fast: bool) -> int:
    from core.validity import run

    wanted = None if sets is None else [name.strip() for name in sets.split(",") if name.strip()]
    report = run(folder, sets=wanted, seed=seed, fast=fast)
    if as_json:
        _print_json(report.json())
    else:
        print(report.text(), flush=True)
    return report.exit_code


async def _import(file: Path) -> int:
    from bots.importing import bring_in
    from core.app import build

    async with build(_settings()) as app:
        card = await bring_in(app, TEAM, file)
        terminal = _terminal(app)
        (terminal.complain if card.error else terminal.print)(card)
    return BAD_INPUT if card.error else OK


def _terminal(app: "App") -> "Terminal":
    from secrets import token_hex

    from bots.terminal import Terminal

    return Terminal(app, reference=lambda: token_hex(2), zone=app.settings.zone)


def _print_json(value: object) -> None:
    from bots.json_lines import json_line

    print(json_line(value), flush=True)


if __name__ == "__main__":
    main()
