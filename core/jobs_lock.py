"""One process at a time runs the jobs of an SQLite installation; the lock dies with the process that holds it."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from core.errors import StoreError


@contextmanager
def only_process(path: Path) -> Iterator[None]:
    """Hold the lock file at `path`; raises StoreError naming the process that holds it already."""
    try:
        handle = os.open(path, os.O_CREAT | os.O_RDWR, 0o600)
    except OSError as err:
        raise StoreError(f"The file {path.name} beside the database cannot be written: {err.strerror}.") from err
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as err:
            raise StoreError(_taken(handle)) from err
        _sign(handle)
        yield
    finally:
        os.close(handle)  # gives the lock back; the file stays, for removing it would let two hold it


def _taken(handle: int) -> str:
    pid = os.pread(handle, 20, 0).decode(errors="replace").strip()
    who = f" (process {pid})" if pid.isdecimal() else ""
    return (
        f"Clout already runs with this database{who}, and with SQLite one process may. Stop it first, or move to "
        "PostgreSQL, where several may run."
    )


def _sign(handle: int) -> None:
    try:
        os.ftruncate(handle, 0)
        os.pwrite(handle, f"{os.getpid()}\n".encode(), 0)
    except OSError:  # the disk is full: the lock holds all the same, only unsigned
        os.ftruncate(handle, 0)
