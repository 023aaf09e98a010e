"""Keeps a copy of an installation in one SQLite file, made while Clout runs, and brings it back.

The file is the same whatever database it came from, so that a backup of PostgreSQL can be restored into SQLite too.
"""

import asyncio
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from core.copying import Copied, Progress, copy
from core.database import parse_url
from core.database_faults import plain_faults
from core.errors import InputError, StoreError

_PAGES = 1_000  # 4 MB a step: writers get their turn in between


async def back_up(url: str, file: Path, progress: Progress = lambda table, done, total: None) -> Path:
    """Write everything of the database at `url`, as it is at one moment, into the new `file`; returns it.

    Only the owner may read the file, and it stands under its name only when it is whole. Raises InputError when there
    is such a file already, StoreError otherwise.
    """
    _refuse_taken(file)
    parsed = parse_url(url)
    with _half(file) as half:
        if parsed.get_backend_name() == "sqlite":
            await asyncio.to_thread(_copy_file, Path(str(parsed.database)), half)
        else:
            await copy(url, f"sqlite:///{half}", progress)
        await asyncio.to_thread(_check, half)
    return file


def _refuse_taken(file: Path) -> None:
    if file.exists():
        raise InputError(f"{file.name} is there already. Name a new file: a backup replaces nothing.")


@contextmanager
def _half(file: Path) -> Iterator[Path]:
    """The file while it is written, in a folder of its own beside the place where it will be."""
    with plain_faults():
        file.parent.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(prefix=".backup-", dir=file.parent) as folder:
            half = Path(folder) / "clout.db"
            os.close(os.open(half, os.O_CREAT | os.O_RDWR, 0o600))
            yield half
            half.replace(file)


def _copy_file(source: Path, target: Path) -> None:
    if not source.is_file():
        raise InputError("There is no database yet: nothing to back up.")
    with plain_faults(), closing(sqlite3.connect(source)) as of, closing(sqlite3.connect(target)) as to:
        of.backup(to, pages=_PAGES, sleep=0.01)
        to.execute("PRAGMA journal_mode=DELETE")  # one file, without a -wal beside it


def _check(file: Path) -> None:
    with plain_faults(), closing(sqlite3.connect(file)) as conn:
        conn.execute("PRAGMA journal_mode=DELETE")
        found = conn.execute("PRAGMA quick_check").fetchone()
        if found != ("ok",):
            raise StoreError("The copy is damaged, and so may the database be. No backup was written.")


async def restore(url: str, file: Path, progress: Progress = lambda table, done, total: None) -> Copied:
    """Bring the backup `file`, of this version or an older one, into the empty database at `url`.

    The file itself stays as it is. Raises InputError for a file that is no backup or a database that holds something,
    StoreError otherwise.
    """
    _refuse_other(file)
    with plain_faults(), TemporaryDirectory(prefix="clout-restore-") as folder:
        opened = Path(folder) / "clout.db"  # a copy: opening it upgrades it
        await asyncio.to_thread(_copy_file, file, opened)
        return await copy(f"sqlite:///{opened}", url, progress)


def _refuse_other(file: Path) -> None:
    if not file.is_file():
        raise InputError(f"There is no file {file.name}.")
    try:
        with closing(sqlite3.connect(f"{file.resolve().as_uri()}?mode=ro", uri=True)) as conn:
            ours = conn.execute("SELECT count(*) FROM sqlite_master WHERE name = 'alembic_version'").fetchone()[0]
    except sqlite3.DatabaseError as err:
        raise InputError(f"{file.name} is no backup of Clout.") from err
    if not ours:
        raise InputError(f"{file.name} is no backup of Clout.")
