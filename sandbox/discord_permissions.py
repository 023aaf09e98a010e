"""Discord's permission bits and how roles and channel overwrites settle them (documentation, topic Permissions)."""

from collections.abc import Iterable
from dataclasses import dataclass

BITS = {
    "administrator": 1 << 3,
    "manage_channels": 1 << 4,
    "manage_guild": 1 << 5,
    "view_channel": 1 << 10,
    "send_messages": 1 << 11,
    "manage_messages": 1 << 13,
    "embed_links": 1 << 14,
    "attach_files": 1 << 15,
    "read_message_history": 1 << 16,
    "mention_everyone": 1 << 17,
    "use_application_commands": 1 << 31,
    "create_public_threads": 1 << 35,
    "send_messages_in_threads": 1 << 38,
    "use_external_apps": 1 << 50,
}
"""The permissions that matter here, by the names discord.py gives them too."""

ALL = (1 << 53) - 1
ORDINARY = sum(
    BITS[name]
    for name in (
        "view_channel",
        "send_messages",
        "embed_links",
        "attach_files",
        "read_message_history",
        "use_application_commands",
        "create_public_threads",
        "send_messages_in_threads",
        "use_external_apps",
    )
)
"""What everybody may do in a new guild."""


@dataclass
class Role:
    """A role with its permission bits."""

    id: int
    name: str
    permissions: int = 0
    managed: bool = False


@dataclass
class Overwrite:
    """What a channel allows and denies a role (`kind` 0) or a member (`kind` 1)."""

    kind: int
    allow: int = 0
    deny: int = 0


def bits(names: Iterable[str]) -> int:
    """Return the sum of named permissions; raises LookupError for an unknown name."""
    wanted = set(names)
    if unknown := wanted - set(BITS):
        raise LookupError(f"no permission called {', '.join(sorted(unknown))}; known: {', '.join(BITS)}")
    return sum(BITS[name] for name in wanted)


def settle(guild: int, owner: int, user: int, roles: list[Role], overwrites: dict[int, Overwrite]) -> int:
    """Return a member's permissions in a channel: roles, then the channel's words on everybody, roles, the member."""
    base = 0
    for role in roles:
        base |= role.permissions
    if user == owner or base & BITS["administrator"]:
        return ALL
    if (everybody := overwrites.get(guild)) is not None:
        base = base & ~everybody.deny | everybody.allow
    allow = deny = 0
    for role in roles:
        if role.id != guild and (one := overwrites.get(role.id)) is not None:
            allow, deny = allow | one.allow, deny | one.deny
    base = base & ~deny | allow
    if (own := overwrites.get(user)) is not None:
        base = base & ~own.deny | own.allow
    return base if base & BITS["view_channel"] else 0
