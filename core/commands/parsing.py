"""Reads a typed line as a command: the one grammar of every front end where people type."""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches

from core.commands.grammar import DEFAULT_COMMAND, Argument, Arguments, Command, Invocation
from core.commands.table import commands, words
from core.errors import BadHandle, InputError
from core.inert import inert

LINE_LIMIT = 500  # characters of a command; more is no command
_PRIVATE, _PUBLIC = "private", "public"
_QUOTED_LIMIT = 40  # characters of somebody's word repeated in an answer
_QUOTES = str.maketrans({"“": '"', "”": '"', "„": '"', "‟": '"', "«": '"', "»": '"', "‘": "'", "’": "'", "‚": "'"})
_TOKEN = re.compile(r'"([^"]*)"|(\S+)')
# Slack writes a known name as <@U1|name> and an address as <https://..|shown>; a channel stays as it is
_MENTION = re.compile(r"<@[A-Z0-9]+\|([^<>|]+)>")
_LINK = re.compile(r"<((?:https?|mailto):[^<>|\s]+)(?:\|[^<>]*)?>")


def parse(line: str) -> Invocation:
    """Return what a typed line asks for.

    The first word chooses the command; where it is none, the line is a lookup: `@handle [on network] [private]`.
    An empty line asks for help. Raises BadHandle or InputError with the usage in its words.
    """
    typed = _tokens(line)
    if not typed:
        return Invocation(commands()["help"])
    named, rest = _named(typed)
    command = named or commands()[DEFAULT_COMMAND]
    if named is not None and rest and command.name == DEFAULT_COMMAND:
        again, after = _named(rest)  # `/influence history @x`, with the slash command's own name in front
        command, rest = (again, after) if again is not None else (command, rest)
    last = rest[-1].casefold() if rest and not command.private else ""
    told = last in (_PRIVATE, _PUBLIC)
    arguments = _arguments(command, rest[:-1] if told else rest)
    return Invocation(command, arguments, private=last == _PRIVATE, public=last == _PUBLIC)


def _named(typed: list[str]) -> tuple[Command | None, list[str]]:
    """Return the command that the first words name, and what follows; `digest status` is `digest-status`."""
    first = typed[0].casefold().removeprefix("/")
    pair = words().get(f"{first}-{typed[1].casefold()}") if len(typed) > 1 else None
    if pair is not None:
        return pair, typed[2:]
    named = words().get(first)
    return named, typed[1:] if named is not None else typed


def invoke(
    name: str, *, private: bool = False, public: bool = False, **options: str | Iterable[str] | bool | None
) -> Invocation:
    """Return an invocation from typed options, for front ends that have them; None and False mean not given.

    With neither `private` nor `public` the team's own habit decides who sees the answer.

    Raises InputError for an unknown command or option and for a required one that is missing.
    """
    command = words().get(name)
    if command is None:
        raise InputError(f"There is no command {_quoted(name)}.", field="command")
    known = {argument.name: argument for argument in command.arguments}
    values: dict[str, tuple[str, ...]] = {}
    for key, value in options.items():
        if key not in known:
            raise InputError(f"{command.name} has no option {_quoted(key)}.", field=key)
        if value is None or value is False or value == "":
            continue
        given = (value,) if isinstance(value, str) else (key,) if value is True else tuple(value)
        values[key] = tuple(cleaned(word) for word in given)
    return Invocation(command, _complete(command, values), private and not command.private, public)


def cleaned(text: str) -> str:
    """Return typed text without what keyboards and copying add: smart quotes, odd spaces, invisible characters."""
    visible = (c for c in text.translate(_QUOTES) if unicodedata.category(c) not in {"Cf", "Cs"})
    spaced = "".join(" " if unicodedata.category(c) in {"Zs", "Zl", "Zp", "Cc"} else c for c in visible)
    return spaced.strip()


def _tokens(line: str) -> list[str]:
    if len(line) > LINE_LIMIT:
        raise InputError(f"That is too long for a command: at most {LINE_LIMIT} characters.")
    plain = _LINK.sub(r"\1", _MENTION.sub(r"@\1", cleaned(line)))
    found = (quoted or bare.strip("'`,;") for quoted, bare in _TOKEN.findall(plain))
    return [token for token in (word.strip() for word in found) if token]


def _arguments(command: Command, tokens: list[str]) -> Arguments:
    values: dict[str, tuple[str, ...]] = {}
    keywords = {a.keyword: a for a in command.arguments if a.keyword}
    flags = {a.name: a for a in command.arguments if a.kind == "flag"}
    places = iter([a for a in command.arguments if not a.keyword and a.kind != "flag"])
    left = iter(tokens)
    going_on = ""  # the argument behind whose keyword all words stand up to the next one
    for token in left:
        word = token.casefold()
        if word in keywords:
            named = keywords[word]
            going_on = named.name if named.repeat else ""
            values[named.name] = (*(values.get(named.name, ()) if named.repeat else ()), _after(named, left))
        elif word in flags:
            values[word] = (word,)
        elif going_on:
            values[going_on] = (*values[going_on], token)
        else:
            _place(command, token, places, values)
    return _complete(command, values)


def _after(argument: Argument, left: Iterator[str]) -> str:
    value = next(left, None)
    if value is None:
        said = f"{'an' if argument.name[0] in 'aeiou' else 'a'} {argument.name}"
        raise InputError(f"`{argument.keyword}` needs {said} after it.", field=argument.name)
    return value


def _place(command: Command, token: str, places: Iterator[Argument], values: dict[str, tuple[str, ...]]) -> None:
    repeated = next((a for a in command.arguments if a.repeat and not a.keyword and a.name in values), None)
    place = repeated or next(places, None)
    if place is None:
        raise _extra(command, token, values)
    values[place.name] = (*values.get(place.name, ()), token)


def _extra(command: Command, token: str, values: Mapping[str, tuple[str, ...]]) -> InputError:
    """Return the error for a word with no place: a mistyped command more often than not."""
    first = next((value[0] for value in values.values()), "")
    if command.name == DEFAULT_COMMAND and not first.startswith("@"):
        close = get_close_matches(first.casefold(), list(words()), n=1)
        meant = f" Did you mean `{close[0]}`?" if close else " `help` lists the commands."
        return BadHandle(f"{_quoted(first)} is no command, and {_quoted(f'{first} {token}')} is no handle.{meant}")
    return InputError(f"I do not understand {_quoted(token)} there. It is written: `{command.usage}`.")


def _complete(command: Command, values: Mapping[str, tuple[str, ...]]) -> Arguments:
    missing = [a for a in command.arguments if a.required and a.name not in values]
    if missing:
        name = missing[0].name
        raise InputError(
            f"The {name} {'are' if name.endswith('s') else 'is'} missing. It is written: `{command.usage}`.", field=name
        )
    return Arguments(values)


def _quoted(word: str) -> str:
    return f"`{inert(word, _QUOTED_LIMIT).replace('`', '')}`"


# --- completion -------------------------------------------------------------------------------------------------------


def complete(
    line: str, *, networks: Iterable[str] = (), creators: Iterable[str] = (), limit: int = 25
) -> tuple[str, ...]:
    """Return words that could stand in place of the last one of an unfinished line; case does not matter.

    `creators` are handles known to the team. Nothing is looked up: this may be called at every key press.
    """
    typed = cleaned(line[:LINE_LIMIT]).split()
    begun = typed.pop() if typed and not line[-1:].isspace() else ""
    command = _named(typed)[0] if typed else None
    found = _candidates(typed, command, networks, creators)
    start = begun.casefold().lstrip("@/")
    fitting = (word for word in found if _begins(word.casefold().lstrip("@"), start))
    return tuple(list(dict.fromkeys(fitting))[:limit])


def _begins(word: str, start: str) -> bool:
    """Whether a word begins so, or the name in it does that stands after its network."""
    return word.startswith(start) or word.partition(":")[2].startswith(start or ":")


def _candidates(
    typed: list[str], command: Command | None, networks: Iterable[str], creators: Iterable[str]
) -> Iterator[str]:
    if not typed:
        yield from (known.typed for known in commands().values())
        yield from map(_spoken, creators)
        return
    if len(typed) == 1:
        stem = f"{typed[0].casefold().removeprefix('/')}-"
        yield from (word.removeprefix(stem) for word in words() if word.startswith(stem))
    arguments = (command or commands()[DEFAULT_COMMAND]).arguments
    last = next((a for a in arguments if a.keyword == typed[-1].casefold()), None)
    if last is not None:
        yield from networks if last.kind == "network" else ()
        return
    if command is not None:
        yield from _words_for(arguments, creators)
    yield from (a.keyword for a in arguments if a.keyword and a.keyword not in typed)
    yield from (a.name for a in arguments if a.kind == "flag" and a.name not in typed)
    if command is None or not command.private:
        yield from (_PRIVATE, _PUBLIC)


def _spoken(name: str) -> str:
    """Return a known name as it is typed: `network:name` as it stands, every other one with its `@`."""
    return name if ":" in name else f"@{name.removeprefix('@')}"


def _words_for(arguments: Iterable[Argument], creators: Iterable[str]) -> Iterator[str]:
    kinds = {argument.kind for argument in arguments}
    if "creator" in kinds:
        yield from map(_spoken, creators)
    if "command" in kinds:
        yield from commands()
