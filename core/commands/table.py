"""Finds the commands: every file of this folder may list some as `COMMANDS`, and is found without being named."""

import importlib
import pkgutil
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType

from core.commands.grammar import Command


@cache
def commands() -> Mapping[str, Command]:
    """Return every command by name, in the order of help; a name or alias claimed twice raises ValueError."""
    found = [command for module in modules() for command in _listed(module)]
    found.sort(key=lambda command: (command.order, command.name))
    claimed: set[str] = set()
    for word in (word for command in found for word in (command.name, *command.aliases)):
        if word in claimed:
            raise ValueError(f"two commands answer to {word!r}")
        claimed.add(word)
    return MappingProxyType({command.name: command for command in found})


@cache
def words() -> Mapping[str, Command]:
    """Return every command by name and alias."""
    pairs = ((word, command) for command in commands().values() for word in (command.name, *command.aliases))
    return MappingProxyType(dict(pairs))


def modules() -> list[str]:
    """Return the names of this folder's files, by which they are imported."""
    return sorted(f"core.commands.{module.name}" for module in pkgutil.iter_modules([str(Path(__file__).parent)]))


def _listed(module: str) -> tuple[Command, ...]:
    return tuple(getattr(importlib.import_module(module), "COMMANDS", ()))
