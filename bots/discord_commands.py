"""Slash commands out of the one command table: where each stands on Discord, and its arguments as typed options.

A command without a place of its own here gets its own name, so that a new one is never missing.
"""

import inspect
import re
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Optional, Protocol

import discord
from discord import app_commands

from core.commands import COMMANDS, Argument, Command
from core.commands.grammar import ArgumentKind

PRIVATE = "private"
"""The option that says who sees an answer: yes for the asker alone, no for everybody, neither for the team's habit."""

MOST = 6  # options of an argument that repeats
_DESCRIPTION = 100  # characters, docs.discord.com/developers/interactions/application-commands
_TEXT = 300  # characters of a typed option
_CHOICES = 25
_SHOW = "show"
_NUMBERED: frozenset[ArgumentKind] = frozenset({"creator", "account", "person", "channel", "role"})
_NETWORKS: frozenset[ArgumentKind] = frozenset({"network"})
_SUGGESTED: frozenset[ArgumentKind] = frozenset({"creator", "account", "command", "zone"})
_BRACKETS = re.compile(r"[<>|]")  # would end a person's name too early

Value = str | tuple[str, ...] | bool
"""What an argument was given, as `core.commands.invoke` takes it."""


@dataclass(frozen=True, slots=True)
class Slot:
    """Where a command stands: its words behind the slash, and other names for its options."""

    words: tuple[str, ...]
    options: Mapping[str, str] = field(default_factory=dict)


_HANDLE = MappingProxyType({"creator": "handle", "creators": "handle"})
SLOTS: Mapping[str, Slot] = MappingProxyType(
    {
        "influence": Slot(("influence",), _HANDLE),
        "why": Slot(("why",), _HANDLE),
        "compare": Slot(("compare",), _HANDLE),
        "history": Slot(("history",), _HANDLE),
        "link": Slot(("creator", "link")),
        "unlink": Slot(("creator", "unlink")),
        "accounts": Slot(("creator", "accounts")),
        "connect": Slot(("creator", "connect")),
        "disconnect": Slot(("creator", "disconnect")),
        "track": Slot(("creator", "track")),
        "untrack": Slot(("creator", "untrack")),
        "tracked": Slot(("creator", "list")),
        "tag": Slot(("creator", "tag")),
        "untag": Slot(("creator", "untag")),
        "watch": Slot(("watch", "add")),
        "watches": Slot(("watch", "list")),
        "unwatch": Slot(("watch", "remove")),
        "digest": Slot(("digest", "add")),
        "digests": Slot(("digest", "list")),
    }
)
"""The places of CARDS' command table; names of commands that do not exist are not looked at."""

_GROUPS: Mapping[str, str] = MappingProxyType(
    {
        "creator": "whose accounts belong together, and who is followed",
        "watch": "alerts when a score crosses a line",
        "digest": "weekly digests in a channel",
        "settings": "what this server decided for itself",
    }
)


def slot_of(name: str, known: Mapping[str, Command] = COMMANDS) -> Slot:
    """Return where a command stands; `digest-status` is `/digest status`, and its neighbour `digest` must move in."""
    slot = SLOTS.get(name)
    if slot is not None:
        return slot
    head, joined, rest = name.partition("-")
    if joined:
        return Slot((head, rest))
    groups = {other.partition("-")[0] for other in known if "-" in other}
    groups |= {other.words[0] for at, other in SLOTS.items() if at in known and len(other.words) > 1}
    return Slot((name, _SHOW)) if name in groups else Slot((name,))


def shown_as(command: Command) -> str:
    """Return a command as it is typed on Discord."""
    return f"/{' '.join(slot_of(command.name).words)}"


class Front(Protocol):
    """What the commands need of the adapter."""

    async def on_command(
        self, interaction: discord.Interaction[Any], command: Command, values: Mapping[str, Value], private: bool | None
    ) -> None:
        """Answer a slash command."""
        ...

    async def suggest(
        self, interaction: discord.Interaction[Any], kind: ArgumentKind, begun: str
    ) -> Sequence[tuple[str, str]]:
        """Return names with values that could be meant."""
        ...


def fill(tree: "app_commands.CommandTree[Any]", front: Front, networks: Sequence[tuple[str, str]]) -> None:
    """Add every command that Discord offers to a tree; `networks` are the names and labels that can be chosen."""
    groups: dict[str, app_commands.Group] = {}
    offered = [(command, slot_of(command.name)) for command in COMMANDS.values() if "discord" not in command.absent]
    managing = {slot.words[0] for command, slot in offered if command.manages}
    for command, slot in offered:
        callback = _callback(front, command, slot, networks)
        name, summary = slot.words[-1], command.summary[:_DESCRIPTION]
        if len(slot.words) == 1:
            one: app_commands.Command[Any, ..., None] = app_commands.Command(
                name=name, description=summary, callback=callback, auto_locale_strings=False
            )
            tree.add_command(_bounded(one, slot.words[0] in managing))
        else:
            head = slot.words[0]
            if head not in groups:
                groups[head] = _group(head, head in managing)
                tree.add_command(groups[head])
            groups[head].add_command(
                app_commands.Command(name=name, description=summary, callback=callback, auto_locale_strings=False)
            )


def _group(name: str, managing: bool) -> app_commands.Group:
    about = _GROUPS.get(name, f"everything about {name}")
    group = app_commands.Group(name=name, description=about, auto_locale_strings=False)
    _bounded(group, managing)
    return group


def _bounded(one: Any, managing: bool) -> Any:
    """Say where a command is offered: what changes a team's things in servers to who manages them, the rest anywhere.

    The administrators of a server may change that; so the right is asked for again at every change.
    """
    if managing:
        one.guild_only = True
        one.default_permissions = discord.Permissions(manage_guild=True)
        one.allowed_installs = app_commands.AppInstallationType(guild=True, user=False)
    else:
        one.allowed_installs = app_commands.AppInstallationType(guild=True, user=True)
        one.allowed_contexts = app_commands.AppCommandContext(guild=True, dm_channel=True, private_channel=True)
    return one


# --- options ----------------------------------------------------------------------------------------------------------


_Channel = app_commands.AppCommandChannel | app_commands.AppCommandThread


POSTABLE = (
    discord.ChannelType.text,
    discord.ChannelType.news,
    discord.ChannelType.news_thread,
    discord.ChannelType.public_thread,
    discord.ChannelType.private_thread,
)
"""Kinds of channels that messages can be posted in; forums take threads alone."""


class _Postable(app_commands.Transformer):
    """A channel or thread to post in; the library's own choice holds kinds Discord refuses."""

    @property
    def type(self) -> discord.AppCommandOptionType:
        return discord.AppCommandOptionType.channel

    @property
    def channel_types(self) -> list[discord.ChannelType]:
        return list(POSTABLE)

    async def transform(self, interaction: discord.Interaction[Any], value: Any, /) -> Any:
        return value


@dataclass(frozen=True, slots=True)
class Option:
    """One typed option: `argument` is what it fills, `name` how it is called on Discord."""

    name: str
    argument: Argument
    required: bool

    @property
    def annotation(self) -> Any:
        """The type by which the library makes the option."""
        kinds: dict[str, Any] = {
            "flag": bool,
            "number": int,
            "channel": app_commands.Transform[_Channel, _Postable],
            "role": discord.Role,
            "person": discord.User,
        }
        kind = kinds.get(self.argument.kind, app_commands.Range[str, 1, _TEXT])
        return kind if self.required else Optional[kind]  # noqa: UP045  # a Range is no type to join


def options_of(command: Command) -> list[Option]:
    """Return a command's options in the order they are shown; an argument that repeats gets six, or one text."""
    slot, found = slot_of(command.name), []
    for argument in command.arguments:
        name = slot.options.get(argument.name, argument.name)
        if not argument.repeat or argument.kind not in _NUMBERED:
            found.append(Option(name, argument, argument.required))
            continue
        stem = name if argument.name != "people" else "person"
        found += [Option(f"{stem}{n}", argument, argument.required and n == 1) for n in range(1, MOST + 1)]
    return found


def _callback(front: Front, command: Command, slot: Slot, networks: Sequence[tuple[str, str]]) -> Any:
    options = options_of(command)

    async def callback(interaction: discord.Interaction[Any], **given: Any) -> None:
        private = given.pop(PRIVATE, None)
        await front.on_command(interaction, command, values_of(options, given), private)

    made: Any = callback
    made.__signature__ = inspect.Signature(list(_parameters(command, options)))
    said = {option.name: option.argument.help[:_DESCRIPTION] for option in options}
    if not command.private:
        said[PRIVATE] = "yes: only you see the answer; no: everybody does"
    made.__discord_app_commands_param_description__ = said
    choices = [app_commands.Choice(name=label, value=name) for name, label in networks][:_CHOICES]
    of_networks = {option.name: choices for option in options if option.argument.kind in _NETWORKS and choices}
    made.__discord_app_commands_param_choices__ = of_networks
    suggested = (option for option in options if option.argument.kind in _SUGGESTED)
    made.__discord_app_commands_param_autocomplete__ = {
        option.name: _completion(front, option.argument.kind) for option in suggested
    }
    return made


def _parameters(command: Command, options: Sequence[Option]) -> Iterator[inspect.Parameter]:
    yield inspect.Parameter("interaction", inspect.Parameter.POSITIONAL_OR_KEYWORD)
    for option in options:
        default = inspect.Parameter.empty if option.required else None
        yield inspect.Parameter(
            option.name, inspect.Parameter.KEYWORD_ONLY, annotation=option.annotation, default=default
        )
    if not command.private:
        yield inspect.Parameter(PRIVATE, inspect.Parameter.KEYWORD_ONLY, annotation=Optional[bool], default=None)  # noqa: UP045


def _completion(
    front: Front, kind: ArgumentKind
) -> Callable[[discord.Interaction[Any], str], Awaitable[list[app_commands.Choice[str]]]]:
    async def completion(interaction: discord.Interaction[Any], current: str) -> list[app_commands.Choice[str]]:
        found = await front.suggest(interaction, kind, current)
        return [app_commands.Choice(name=name, value=value) for name, value in found]

    return completion


def values_of(options: Sequence[Option], given: Mapping[str, Any]) -> dict[str, Value]:
    """Return what was given by the names of the arguments; channels, roles and people as text writes them."""
    values: dict[str, Value] = {}
    for option in options:
        value = given.get(option.name)
        if value is None or value is False:
            continue
        name, argument = option.argument.name, option.argument
        if value is True:
            values[name] = True
            continue
        words = written(value)
        if argument.repeat:
            before = values.get(name, ())
            more = (words,) if argument.kind in _NUMBERED else tuple(words.split())
            values[name] = (*(before if isinstance(before, tuple) else ()), *more)
        else:
            values[name] = words
    return values


def written(value: object) -> str:
    """Return an option's value as it is typed in a line."""
    match value:
        case discord.Role():
            return f"<@&{value.id}>"
        case discord.User() | discord.Member():
            return f"<@{value.id}|{_BRACKETS.sub('', value.display_name)}>"
        case app_commands.AppCommandChannel() | app_commands.AppCommandThread():
            return f"<#{value.id}>"
        case _:
            return str(value)


def payloads(tree: "app_commands.CommandTree[Any]") -> list[dict[str, Any]]:
    """Return the commands of a tree as they are sent to Discord."""
    return [command.to_dict(tree) for command in tree.get_commands()]
