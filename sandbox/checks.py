"""What the judges of chat payloads build their rules from.

A check takes a value, its JSON pointer and the list of findings, and adds what is wrong. Lengths are Unicode code
points.
"""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

Finding = tuple[str, str]
Check = Callable[[Any, str, list[Finding]], None]


@dataclass(frozen=True)
class Violation:
    """One thing wrong with one request: where it was sent, the JSON pointer, why. `house`: the network takes it."""

    where: str
    path: str
    reason: str
    house: bool = False

    def __str__(self) -> str:
        return f"{self.where} {self.path or '/'}: {self.reason}"


def anything(value: Any, at: str, found: list[Finding]) -> None:
    """Accept whatever it is."""


def flag(value: Any, at: str, found: list[Finding]) -> None:
    """Want true or false."""
    if not isinstance(value, bool):
        found.append((at, "must be true or false"))


def finite(value: Any, at: str, found: list[Finding]) -> None:
    """Want a finite number."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        found.append((at, "must be a finite number"))


def string(most: int, least: int = 0) -> Check:
    """Want a string of so many characters."""

    def check(value: Any, at: str, found: list[Finding]) -> None:
        if not isinstance(value, str):
            found.append((at, "must be a string"))
        elif len(value) > most:
            found.append((at, f"must be at most {most} characters, not {len(value)}"))
        elif len(value) < least:
            found.append((at, f"must be at least {least} characters"))

    return check


def word(*known: str) -> Check:
    """Want one of these words."""

    def check(value: Any, at: str, found: list[Finding]) -> None:
        if value not in known:
            found.append((at, f"must be one of {', '.join(known)}"))

    return check


def whole(least: int, most: int) -> Check:
    """Want a whole number within both ends."""

    def check(value: Any, at: str, found: list[Finding]) -> None:
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            found.append((at, f"must be a whole number from {least} to {most}"))

    return check


def items(each: Check, least: int = 0, most: int = 10_000) -> Check:
    """Want a list of so many, each passing its own check."""

    def check(value: Any, at: str, found: list[Finding]) -> None:
        if not isinstance(value, list):
            found.append((at, "must be a list"))
            return
        if not least <= len(value) <= most:
            found.append((at, f"must have {least} to {most} items, not {len(value)}"))
        for place, one in enumerate(value):
            each(one, f"{at}/{place}", found)

    return check


def shape(fields: dict[str, Check], required: str = "", also: Check = anything) -> Check:
    """Want an object with these fields and no others; `required` names the ones it cannot do without."""
    needed = required.split()

    def check(value: Any, at: str, found: list[Finding]) -> None:
        if not isinstance(value, dict):
            found.append((at, "must be an object"))
            return
        found.extend((at, f"missing required field: {name}") for name in needed if value.get(name) is None)
        for name, one in value.items():
            if name == "type" or one is None:
                continue
            if name not in fields:
                found.append((f"{at}/{name}", "is no field of this object"))
            else:
                fields[name](one, f"{at}/{name}", found)
        also(value, at, found)

    return check


def kinds(table: dict[str, Check], only: Iterable[str] | None = None) -> Check:
    """Want an object whose `type` stands in the table, and in `only`."""
    allowed = None if only is None else frozenset(only)

    def check(value: Any, at: str, found: list[Finding]) -> None:
        kind = value.get("type") if isinstance(value, dict) else None
        if not isinstance(kind, str) or kind not in table:
            found.append((at, f"unsupported type: {kind}"))
        elif allowed is not None and kind not in allowed:
            found.append((at, f"type {kind} is not allowed here"))
        else:
            table[kind](value, at, found)

    return check


def exactly_one(*names: str) -> Check:
    """Want exactly one of these fields."""

    def check(value: Any, at: str, found: list[Finding]) -> None:
        if sum(value.get(name) is not None for name in names) != 1:
            found.append((at, f"must have exactly one of {' and '.join(names)}"))

    return check


def at_least_one(*names: str) -> Check:
    """Want one of these fields or more."""

    def check(value: Any, at: str, found: list[Finding]) -> None:
        if not any(value.get(name) for name in names):
            found.append((at, f"must have one of {', '.join(names)}"))

    return check
