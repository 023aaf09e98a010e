"""The `clout` command: parses what was typed and hands it on; slow imports stand inside the commands that need them."""

import asyncio
import json
import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from core.app import App
    from core.errors import CloutError
    from core.models import Reading
    from core.settings import Settings

OK, BAD_INPUT, NOT_FOUND, NETWORK_FAILURE, INTERRUPTED = 0, 2, 3, 4, 130
BROKEN = 1  # the installation itself: settings or database
TEAM = "terminal"  # a terminal is one team (CARDS)
AT_ONCE = 5  # lookups side by side when several handles are given

cli = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help="Clout: an influence score from 1 to 100 that you can check.",
)


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
    fresh: Annotated[bool, typer.Option("--fresh", help="Ask the networks even when the stored answer is new.")] = False,
) -> None:
    """Look creators up and show their score cards."""
    raise typer.Exit(_run(_lookup(handles, network, as_json, fresh)))


@cli.command()
def chat(
    command: Annotated[str | None, typer.Option("--command", "-c", help="Run one command and exit.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Type the same commands as in Slack and Discord."""
    if command is None:
        print("Give a command: clout chat -c 'help'", file=sys.stderr)
        raise typer.Exit(BAD_INPUT)
    raise typer.Exit(_run(_chat(command, as_json)))


@cli.command()
def demo(
    seed: Annotated[int, typer.Option(help="Which invented world to visit.")] = 20,
) -> None:
    """Take a tour of Clout with invented creators; needs no key and no network."""
    from bots.demo import tour

    raise typer.Exit(_run(tour(seed)))


def main() -> None:
    """Run the command line."""
    cli()


# --- running ----------------------------------------------------------------------------------------------------------


def _run(work: Coroutine[object, object, int]) -> int:
    from core.errors import CloutError

    try:
        return asyncio.run(work)
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
    from core.errors import InputError, NotFound, SettingsError, SourceError

    if isinstance(error, NotFound):
        return NOT_FOUND
    if isinstance(error, SourceError):
        return NETWORK_FAILURE
    if isinstance(error, InputError | SettingsError):
        return BAD_INPUT
    return BROKEN


def _complain(error: "CloutError") -> None:
    print(" ".join(filter(None, (error.message, type(error).advice))), file=sys.stderr)


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
    async with build(_settings()) as app:
        tasks = [asyncio.create_task(_one(app, gate, handle, network, as_json, fresh)) for handle in handles]
        for task in tasks:
            code, out = await task
            print(out, flush=True)
            worst = max(worst, code)
    return worst
