"""What the commands of `clout` do once they are parsed: ask the core, print what it says, end with a code.

Slow imports stand inside the functions that need them: `clout --help` has no time for them.
"""

import asyncio
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from bots.exits import BAD_INPUT, NETWORK_FAILURE, OK, exit_code, exit_code_of, settings

if TYPE_CHECKING:
    from bots.pictures import Pictures
    from bots.statements import Form
    from bots.terminal import Terminal
    from core.app import App
    from core.card import Card
    from core.errors import CloutError
    from core.models import Reading
    from core.recordings import RecordingOutcome

TEAM = "terminal"  # a terminal is one team (CARDS)
AT_ONCE = 5  # lookups side by side when several handles are given


async def lookup(handles: list[str], network: str | None, as_json: bool, fresh: bool) -> int:
    """Look creators up side by side and print each card; the worst exit code of all."""
    from core.app import build

    worst = OK
    gate = asyncio.Semaphore(AT_ONCE)
    async with build(settings()) as app:
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


async def why(handle: str, since: str | None, network: str | None, form: "Form") -> int:
    """Print where a creator's points come from."""
    from bots.statements import write_why
    from core.app import build

    async with build(settings()) as app:
        terminal = _terminal(app)
        with terminal.progress(f"Looking up {handle}"):
            told = await write_why(app, terminal, TEAM, handle, since=since, network=network, form=form)
        typer.echo(told)
    return OK


async def compare(handles: list[str], as_json: bool) -> int:
    """Print creators side by side."""
    from bots.statements import write_comparison
    from core.app import build

    async with build(settings()) as app:
        terminal = _terminal(app)
        with terminal.progress(f"Looking up {', '.join(handles)}"):
            told = await write_comparison(app, terminal, TEAM, handles, as_json=as_json)
        typer.echo(told)
    return OK


async def connect_owner(network: str, creator: str, team: str, account: str | None, no_browser: bool, port: int) -> int:
    """Let a creator connect an account on this machine."""
    import webbrowser

    from bots import owner_connect
    from core.permission import FAILED_KINDS

    def ask(question: str) -> str:
        return str(typer.prompt(question))

    person = owner_connect.Person(ask, typer.echo, None if no_browser else webbrowser.open)
    outcome = await owner_connect.connect_owner(
        settings(), owner_connect.Asked(network, creator, team, account), person, port=port
    )
    if outcome.kind == "connected":
        return OK
    return NETWORK_FAILURE if outcome.kind in FAILED_KINDS else BAD_INPUT


async def chat(command: str | None, as_json: bool) -> int:
    """Answer one command, or every line of a prompt or a pipe."""
    from bots.pictures import Pictures
    from core.app import build

    async with build(settings()) as app:
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


async def inbox(everything: bool) -> int:
    """Print the terminal's digests."""
    from bots.inbox import show
    from bots.pictures import Pictures
    from core.app import build

    async with build(settings()) as app:
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


async def recordings(folder: Path, network: str | None, as_json: bool) -> int:
    """Read a folder of recorded answers through the connectors' own parsing."""
    from core.app import SystemClock
    from core.connectors import discover
    from core.recordings import read_recordings

    outcomes = read_recordings(folder, discover(), network, now=SystemClock().now())
    if as_json:
        _print_json([outcome.model_dump(mode="json") for outcome in outcomes])
    else:
        typer.echo("\n".join(_table(outcomes)))
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


def evaluate(folder: Path, as_json: bool, sets: str | None, seed: int, fast: bool) -> int:
    """Print how valid the score is on labelled sets."""
    from core.validity import run

    wanted = None if sets is None else [name.strip() for name in sets.split(",") if name.strip()]
    report = run(folder, sets=wanted, seed=seed, fast=fast)
    if as_json:
        _print_json(report.json())
    else:
        typer.echo(report.text())
    return report.exit_code


async def import_file(file: Path) -> int:
    """Track what a file lists."""
    from bots.importing import bring_in
    from core.app import build

    async with build(settings()) as app:
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

    typer.echo(json_line(value))
