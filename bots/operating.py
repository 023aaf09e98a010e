"""`clout worker`, `clout db copy`, `clout backup` and `clout restore`: what an operator does beside `clout run`."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bots import exits

if TYPE_CHECKING:
    import asyncio

    from core.copying import Copied, Progress
    from core.settings import Settings

databases = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Look after the database.")


@databases.callback()
def _database() -> None:
    """Look after the database."""


@databases.command("copy")
def copy_database(
    source: Annotated[str, typer.Argument(metavar="FROM", help="sqlite:///PATH or postgresql+psycopg://...")],
    target: Annotated[str, typer.Argument(metavar="TO", help="The same for an empty database.")],
) -> None:
    """Copy an installation to another database, empty so far, and count every row there; stop Clout first."""

    async def copied() -> int:
        from core.copying import copy

        await _at_rest(source, target)
        with _bar("Copying") as progress:
            done = await copy(source, target, progress)
        typer.echo(f"{_counted(done)} copied and counted. Set CLOUT_DATABASE_URL to the new address.")
        return exits.OK

    raise typer.Exit(exits.run(copied()))


def worker() -> None:
    """Refresh and score beside `clout run`, on this machine or another; any number of workers, on PostgreSQL."""

    raise typer.Exit(exits.run(work(exits.settings())))


def backup(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A file that is not there yet.")],
) -> None:
    """Write everything that is stored into one file, while Clout goes on running."""

    async def kept() -> int:
        from core.backups import back_up

        with _bar("Backing up") as progress:
            await back_up(exits.settings().database_url, file, progress)
        typer.echo(f"{file} holds the backup. Keys stay where they are: in CLOUT_SECRET_KEYS and your settings.")
        return exits.OK

    raise typer.Exit(exits.run(kept()))


def restore(file: Annotated[Path, typer.Argument(metavar="FILE", help="What `clout backup` wrote.")]) -> None:
    """Bring a backup into an empty installation; the file stays as it is."""

    async def restored() -> int:
        from core.backups import restore as bring_back

        url = exits.settings().database_url
        await _at_rest(url)
        with _bar("Restoring") as progress:
            done = await bring_back(url, file, progress)
        typer.echo(f"{_counted(done)} restored and counted.")
        return exits.OK

    raise typer.Exit(exits.run(restored()))


def join(commands: typer.Typer) -> None:
    """Add these commands to the `clout` command."""
    commands.add_typer(databases, name="db")
    commands.command()(worker)
    commands.command()(backup)
    commands.command()(restore)


# --- what they do -----------------------------------------------------------------------------------------------------


async def work(settings: "Settings", *, until: "Callable[[], asyncio.Event] | None" = None) -> int:
    """Refresh until a signal, with health and metrics where a port is set; raises SettingsError on SQLite."""
    import sys

    from bots.jobs_service import JobsService
    from bots.meters import Meters
    from bots.supervisor import Supervisor, on_signals
    from bots.web_service import WebService
    from core.app import build
    from core.database import parse_url
    from core.errors import SettingsError

    if parse_url(settings.database_url).get_backend_name() == "sqlite":
        raise SettingsError(
            "Workers need a database that several processes may use: set CLOUT_DATABASE_URL to PostgreSQL. With "
            "SQLite, `clout run` refreshes by itself."
        )
    stop = (until or on_signals)()
    async with build(settings) as app:
        meters = Meters()
        jobs = JobsService(app, posts=False, meters=meters)
        web = WebService(app, meters, None) if settings.port is not None else None
        supervisor = Supervisor([jobs], last=[] if web is None else [web])
        if web is not None:
            web.supervisor = supervisor
        sys.stderr.write("This worker refreshes what is tracked. Ctrl-C stops it.\n")
        return await supervisor.run(stop)


async def _at_rest(*urls: str) -> None:
    """Raise StoreError while a process does the jobs of one of these databases: what it writes would be missing."""
    from core.app import SystemClock
    from core.database import open_database, parse_url
    from core.errors import StoreError
    from core.jobs import free_to_run
    from core.leases import SILENT, beats

    for url in urls:
        free_to_run(url)
        if parse_url(url).get_backend_name() == "sqlite":
            continue
        async with open_database(url) as database:
            now = SystemClock().now()
            alive = [one for one in await beats(database) if now - one.at < SILENT]
        if alive:
            raise StoreError(
                f"Clout runs with this database ({alive[0].executor}). Stop every `clout run` and `clout worker`, wait "
                f"{int(SILENT.total_seconds()) // 60} minutes, then try again."
            )


@contextmanager
def _bar(words: str) -> "Iterator[Progress]":
    """Show the progress over many tables as one bar on standard error."""
    from bots.offline import progress

    reached: dict[str, tuple[int, int]] = {}
    with progress(words, None) as advance:

        def tell(table: str, done: int, total: int) -> None:
            before = reached.get(table, (0, 0))[0]
            reached[table] = done, total
            advance(done - before, total=sum(of for _, of in reached.values()))

        yield tell


def _counted(done: "Copied") -> str:
    from core.figures import counted

    return counted(done.total, "row", "rows")
