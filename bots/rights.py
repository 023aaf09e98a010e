"""`clout export`, `clout forget` and `clout optout`: what a creator may ask of whoever runs the installation."""

import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bots import exits

if TYPE_CHECKING:
    from core.rights import Account, Rights
    from core.rights_rows import Held

ACCOUNT = "network:handle, or the profile's address"
EVERYBODY = "all"
_SHOWN = 100  # characters of a name that a network or a team wrote
_NAMED = 10  # teams that are named one by one

Whom = Annotated[str, typer.Argument(metavar="ACCOUNT", help=ACCOUNT)]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask again.")]


def export(
    account: Whom,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="A file that is not there yet; else it is printed.")
    ] = None,
) -> None:
    """Give out everything that is stored about an account, of all teams, as one JSON document."""

    async def exported() -> int:
        from bots.json_lines import json_document
        from core.app import build

        target = None if out is None or str(out) == "-" else out
        if target is not None:
            _refuse_taken(target)
        async with build(exits.settings()) as app:
            found = json_document(await app.rights.export(account))
        if target is None:
            typer.echo(found)
        else:
            _write(target, found)
            typer.echo(f"{target} holds everything that is stored about {account}; only you can read it.")
        return exits.OK

    raise typer.Exit(exits.run(exported()))


def forget(account: Whom, yes: Yes = False) -> None:
    """Delete everything that is stored about an account, of all teams; a later lookup would read it anew."""

    async def forgotten() -> int:
        from core.app import build
        from core.rights import nothing_stored

        async with build(exits.settings()) as app:
            whose, held = app.rights.account(account), await app.rights.held(account)
            if held is None:
                raise nothing_stored(whose)
            typer.echo("\n".join(_told(whose, held)))
            if not _agreed(yes, "Delete all of it?"):
                return _nothing_done()
            await app.rights.forget(account)
        typer.echo(f"{whose.label} {_at(whose.name)} is forgotten. Backups made before still hold it.")
        return exits.OK

    raise typer.Exit(exits.run(forgotten()))


def optout(
    account: Whom,
    yes: Yes = False,
    undo: Annotated[
        bool, typer.Option("--undo", help="Take it back; `all` as the account empties the list, its key lost or not.")
    ] = False,
) -> None:
    """Forget an account and never ask its network for it again, under this name or another one."""

    async def listed() -> int:
        from core.app import build

        async with build(exits.settings()) as app:
            if undo:
                return await (_all_undone(app.rights, yes) if account == EVERYBODY else _undone(app.rights, account))
            return await _opted_out(app.rights, account, yes)

    raise typer.Exit(exits.run(listed()))


def join(commands: typer.Typer) -> None:
    """Add these commands to the `clout` command."""
    commands.command()(export)
    commands.command()(forget)
    commands.command()(optout)


# --- what they do -----------------------------------------------------------------------------------------------------


async def _opted_out(rights: "Rights", account: str, yes: bool) -> int:
    rights.check()  # before anybody is asked to agree to what cannot be done
    whose, held = rights.account(account), await rights.held(account)
    if held is not None:
        typer.echo("\n".join(_told(whose, held)))
    else:
        typer.echo(f"Nothing is stored about {whose.label} {_at(whose.name)}.")
    if not _agreed(yes, "Delete what is stored, and never read the account again?"):
        return _nothing_done()
    done = await rights.opt_out(account)
    name = f"{whose.label} {_at(whose.name)}"
    typer.echo(f"{name} is on the list: every process stops asking for it within a minute.")
    if done.by_handle_alone:
        typer.echo(
            f"The account behind the name is not known, so the list holds the name alone, and another name of the same "
            f"creator would still be read. The reason: {_name(done.by_handle_alone, 300)}"
        )
    if done.forgotten:
        typer.echo("What was stored is deleted. Backups made before still hold it.")
    return exits.OK


async def _undone(rights: "Rights", account: str) -> int:
    whose = rights.account(account)
    name = f"{whose.label} {_at(whose.name)}"
    if not await rights.welcome_back(account):
        typer.echo(f"{name} is not on the list.", err=True)
        return exits.BAD_INPUT
    typer.echo(f"{name} may be looked up again. What was deleted stays deleted.")
    return exits.OK


async def _all_undone(rights: "Rights", yes: bool) -> int:
    if not _agreed(yes, "May everybody who asked not to be scored be looked up again?"):
        return _nothing_done()
    typer.echo("The list is empty now." if await rights.welcome_all() else "The list was empty.")
    return exits.OK


def _told(whose: "Account", held: "Held") -> list[str]:
    """Return what will be deleted, a line each."""
    from core.figures import counted

    names = ", ".join(map(_at, held.handles))
    lines = [f"Stored about {whose.label} {names}:"]
    if held.readings:
        lines.append(f"  {counted(held.posts, 'post')} with their counts, profile readings and scores")
    if held.waiting:
        lines.append("  a handle that waits for its first reading")
    if held.links:
        shown = [f"{_at(name)} ({_name(team)})" for team, name in held.links[:_NAMED]]
        more = f" and {len(held.links) - _NAMED} more" if len(held.links) > _NAMED else ""
        lines.append(f"  its place among the creators of {counted(len(held.links), 'team')}: {', '.join(shown)}{more}")
    if held.teams:
        lines.append(
            f"  what its owner granted {counted(len(held.teams), 'team')}: {', '.join(map(_name, held.teams))}"
        )
    return lines


def _agreed(yes: bool, question: str) -> bool:
    """Return whether it may be done; raises InputError where nobody can be asked."""
    from core.errors import InputError

    if yes:
        return True
    if not sys.stdin.isatty():
        raise InputError("Nobody is at a terminal to agree. Add --yes to do it all the same.")
    return typer.confirm(question)


def _nothing_done() -> int:
    typer.echo("Nothing was changed.")
    return exits.OK


def _name(text: str, limit: int = _SHOWN) -> str:
    from core.inert import inert

    return inert(text, limit)


def _at(handle: str) -> str:
    from core.naming import at_handle

    return _name(at_handle(handle))


def _refuse_taken(file: Path) -> None:
    from core.errors import InputError

    if os.path.lexists(file):
        raise InputError(f"{_name(file.name)} is there already. Name a new file: an export replaces nothing.")


def _write(file: Path, text: str) -> None:
    """Write a file that only its owner can read, whole or not at all."""
    from core.errors import InputError

    try:
        with os.fdopen(os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w", encoding="utf-8") as stream:
            stream.write(text + "\n")
    except FileExistsError:
        _refuse_taken(file)
    except (OSError, ValueError) as err:
        with suppress(OSError):
            file.unlink(missing_ok=True)
        why = getattr(err, "strerror", None) or type(err).__name__
        raise InputError(f"The file cannot be written: {why}.") from err
