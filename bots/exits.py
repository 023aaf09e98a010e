"""What a `clout` command ends with: its exit code, its settings, and one clear line where something went wrong."""

import asyncio
import sys
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from core.errors import CloutError
    from core.settings import Settings

OK, BAD_INPUT, NOT_FOUND, NETWORK_FAILURE, INTERRUPTED = 0, 2, 3, 4, 130
BROKEN = 1  # the installation itself: settings or database


def run(work: Coroutine[object, object, int]) -> int:
    """Run a command's work and return its exit code; what goes wrong is one clear line."""
    return guarded(lambda: asyncio.run(work))


def guarded(work: Callable[[], int]) -> int:
    """Do a command's work and return its exit code; what goes wrong is one clear line."""
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
    typer.echo(" ".join(filter(None, (error.message, type(error).advice))), err=True)


def settings() -> "Settings":
    """Return the settings of the environment and `.env`, with a line for each that nothing reads."""
    from core.connectors import manifests
    from core.settings import Settings, unknown_settings

    for line in unknown_settings(manifests()):
        typer.echo(line, err=True)
    return Settings.read(manifests())
