"""The commands an app has registered, and what a person's client makes of them when they are used."""

from collections.abc import Iterator
from typing import Any

from sandbox.discord_judge import judge_commands
from sandbox.discord_people import Channel, Guild, Json, User, found
from sandbox.discord_shapes import APPLICATION, channel_json, member_json, role_json, user_json
from sandbox.discord_wire import Call, Refusal

SUBCOMMAND, GROUP_OF, TEXT, WHOLE, YES_NO, USER, CHANNEL, ROLE, NUMBER = 1, 2, 3, 4, 5, 6, 7, 8, 10


def _place(call: Call) -> int:
    if call.named["application"] != str(APPLICATION):
        raise Refusal(20012, status=403)
    if "guild" not in call.named:
        return 0
    guild = call.discord.guilds.get(call.number("guild"))
    if guild is None or not guild.installed:
        raise Refusal(50001)
    return guild.id


def listed(call: Call) -> list[Json]:
    """Return the commands, global ones or those of a guild."""
    return call.discord.commands.get(_place(call), [])


def put(call: Call) -> list[Json]:
    """Replace the commands; counted as a sync."""
    place = _place(call)
    commands = call.body if isinstance(call.body, list) else []
    judge_commands(call, call.body)
    old = {(one["name"], one["type"]): one["id"] for one in call.discord.commands.get(place, [])}
    call.discord.commands[place] = [_registered(call, one, place, old) for one in commands]
    call.discord.syncs.append(place)
    return call.discord.commands[place]


def add(call: Call) -> Json:
    """Add one command or replace the one of this name."""
    place, one = _place(call), call.object()
    judge_commands(call, [one])
    known = call.discord.commands.setdefault(place, [])
    key = (one.get("name"), one.get("type") or 1)
    old = {(was["name"], was["type"]): was["id"] for was in known}
    made = _registered(call, one, place, old)
    call.discord.commands[place] = [*(was for was in known if (was["name"], was["type"]) != key), made]
    return made


def _registered(call: Call, one: Json, place: int, old: dict[Any, str]) -> Json:
    kind = one.get("type") or 1
    wanted = one.get("default_member_permissions")
    value = {
        "type": kind,
        "description": "",
        "options": [],
        "nsfw": False,
        **{name: given for name, given in one.items() if given is not None},
        "id": old.get((one["name"], kind)) or str(call.discord.new_id()),
        "application_id": str(APPLICATION),
        "version": str(call.discord.new_id()),
        "default_member_permissions": None if wanted is None else str(wanted),
        "integration_types": one.get("integration_types") or [0],
        "contexts": one.get("contexts"),
    }
    return value | ({"guild_id": str(place)} if place else {})


# --- used by a person -------------------------------------------------------------------------------------------------


def offered(commands: dict[int, list[Json]], name: str, kind: int, guild: Guild | None) -> Json:
    """Return the registered command of a name; raises LookupError that lists what there is."""
    every = [*(commands.get(guild.id, []) if guild is not None else []), *commands.get(0, [])]
    for one in every:
        if one["name"] == name and one["type"] == kind:
            return one
    there = ", ".join(one["name"] for one in every if one["type"] == kind) or "none"
    raise LookupError(f"no command {name!r} is registered here; there are: {there}")


def may_see(command: Json, user: User, guild: Guild | None, channel: Channel) -> str:
    """Return why a person is not offered a command, empty when they are."""
    context = 0 if guild is not None else 1 if channel.with_app else 2
    contexts = command.get("contexts")
    if contexts is None and command.get("dm_permission") is False:
        contexts = [0]  # the older way to say so, which discord.py still uses
    if contexts is not None and context not in contexts:
        return f"/{command['name']} is not offered in context {context}"
    installs = command["integration_types"]
    by_guild = 0 in installs and (guild.installed if guild is not None else channel.with_app)
    if not by_guild and not (1 in installs and user.installed):
        return f"/{command['name']} is installed neither here nor for {user.name}"
    wanted = command.get("default_member_permissions")
    if wanted is not None and guild is not None:
        held = channel.allows(guild.member(user))
        if held & int(wanted) != int(wanted):
            return f"{user.name} lacks the permissions that /{command['name']} asks for"
    return ""


def descend(command: Json, path: list[str]) -> tuple[list[Json], list[tuple[str, int]]]:
    """Return the options at the end of a path of subcommands, and the path with their types."""
    options, steps = command["options"], []
    for step in path:
        inner = next((one for one in options if one["name"] == step and one["type"] in (SUBCOMMAND, GROUP_OF)), None)
        if inner is None:
            raise LookupError(f"/{command['name']} has no subcommand {step!r}")
        steps.append((step, inner["type"]))
        options = inner.get("options") or []
    if any(one["type"] in (SUBCOMMAND, GROUP_OF) for one in options):
        raise LookupError(f"/{command['name']} {' '.join(path)} needs a subcommand")
    return options, steps


def nested(steps: list[tuple[str, int]], options: list[Json]) -> list[Json]:
    """Return options wrapped in their subcommands."""
    for name, kind in reversed(steps):
        options = [{"name": name, "type": kind, "options": options}]
    return options


def filled(known: list[Json], given: Json, place: "Lookup", *, focused: str = "") -> list[Json]:
    """Return options as a client sends them; raises ValueError for what it would not let a person send."""
    by_name = {one["name"]: one for one in known}
    if unknown := set(given) - set(by_name):
        raise ValueError(f"no option {', '.join(sorted(unknown))}; there are: {', '.join(by_name) or 'none'}")
    if not focused and (missing := [one["name"] for one in known if one.get("required") and one["name"] not in given]):
        raise ValueError(f"{', '.join(missing)} has to be given")
    values = []
    for name, value in given.items():
        if value is None:
            continue
        option = by_name[name]
        sent = {"name": name, "type": option["type"], "value": _value(option, value, place, typing=name == focused)}
        values.append(sent | ({"focused": True} if name == focused else {}))
    return values


def _value(option: Json, value: Any, place: "Lookup", *, typing: bool) -> Any:
    kind = option["type"]
    if kind in (USER, CHANNEL, ROLE):
        return place.resolve(kind, value)
    if typing:
        return str(value)
    _fits(option, value, kind)
    return value


def _fits(option: Json, value: Any, kind: int) -> None:
    name = option["name"]
    wanted: Any = {TEXT: str, WHOLE: int, YES_NO: bool, NUMBER: (int, float)}.get(kind, object)
    if not isinstance(value, wanted) or (kind == WHOLE and isinstance(value, bool)):
        raise ValueError(f"{name} takes another kind of value than {value!r}")
    choices = [one["value"] for one in option.get("choices") or []]
    if choices and value not in choices:
        raise ValueError(f"{name} is one of {', '.join(map(str, choices))}")
    size = len(value) if kind == TEXT else value
    low, high = ("min_length", "max_length") if kind == TEXT else ("min_value", "max_value")
    if option.get(low) is not None and size < option[low]:
        raise ValueError(f"{name} is below {low} {option[low]}")
    if option.get(high) is not None and size > option[high]:
        raise ValueError(f"{name} is above {high} {option[high]}")


class Lookup:
    """Finds what a person picks by name, and keeps it for `resolved`."""

    def __init__(self, guild: Guild | None, channel: Channel, users: dict[int, User]) -> None:
        self._guild, self._channel, self._users = guild, channel, users
        self.resolved: Json = {}

    def resolve(self, kind: int, value: Any) -> str:
        """Return the id of a user, channel or role by name; raises LookupError."""
        if kind == USER:
            return self._user(value)
        if self._guild is None:
            raise ValueError("channels and roles are picked in a guild")
        if kind == CHANNEL:
            channel = self._guild.channel(value)
            shape = channel_json(channel)
            part = {name: shape[name] for name in ("id", "name", "type", "parent_id")} | {"permissions": "0"}
            self.resolved.setdefault("channels", {})[str(channel.id)] = part
            return str(channel.id)
        role = self._guild.role(value)
        self.resolved.setdefault("roles", {})[str(role.id)] = role_json(role, 1)
        return str(role.id)

    def _user(self, value: Any) -> str:
        user = found(value, self._users, "user", "the sandbox")
        self.resolved.setdefault("users", {})[str(user.id)] = user_json(user)
        if self._guild is not None and user.id in self._guild.members:
            member = member_json(self._guild.members[user.id], self._channel)
            del member["user"]
            self.resolved.setdefault("members", {})[str(user.id)] = member
        return str(user.id)


def words(options: list[Json]) -> Iterator[str]:
    """Return options as a person typed them."""
    for one in options:
        if "value" in one:
            yield f"{one['name']}:{one['value']}"
        else:
            yield one["name"]
            yield from words(one.get("options") or [])
