"""Field expressions of Meta's Graph API, as in `id,media.limit(2){id,like_count}`."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Wanted:
    """One field that is asked for: its name, its modifiers as in `media.limit(2)`, its own fields in braces."""

    name: str
    modifiers: Mapping[str, str] = field(default_factory=dict)
    fields: tuple["Wanted", ...] = ()


_TOKENS = re.compile(r"\s*([A-Za-z_][A-Za-z0-9_]*|[.,{}]|\([^(){}]*\))")


def wanted(expression: str) -> tuple[Wanted, ...]:
    """Return what a `fields` parameter asks for; raises ValueError for one that cannot be read."""
    tokens, at = [], 0
    while at < len(expression):
        found = _TOKENS.match(expression, at)
        if found is None:
            raise ValueError(f"syntax error at {at}")
        tokens.append(found[1])
        at = found.end()
    fields, rest = _fields(tokens)
    if rest:
        raise ValueError(f"unexpected {rest[0]}")
    return fields


def _fields(tokens: list[str]) -> tuple[tuple[Wanted, ...], list[str]]:
    found = []
    while True:
        one, tokens = _field(tokens)
        found.append(one)
        if not tokens or tokens[0] != ",":
            return tuple(found), tokens
        tokens = tokens[1:]


def _field(tokens: list[str]) -> tuple[Wanted, list[str]]:
    if not tokens or not tokens[0][0].isalpha():
        raise ValueError("a field is missing")
    name, tokens, modifiers = tokens[0], tokens[1:], {}
    while tokens[:1] == ["."]:
        if len(tokens) < 3 or not tokens[2].startswith("("):
            raise ValueError("a modifier without its value")
        modifiers[tokens[1]] = tokens[2][1:-1]
        tokens = tokens[3:]
    inner: tuple[Wanted, ...] = ()
    if tokens[:1] == ["{"]:
        inner, tokens = _fields(tokens[1:])
        if tokens[:1] != ["}"]:
            raise ValueError("a brace is not closed")
        tokens = tokens[1:]
    return Wanted(name, modifiers, inner), tokens
