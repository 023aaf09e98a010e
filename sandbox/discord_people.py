"""Who and what lives in the pretend Discord: users, guilds with roles and channels, messages and their files."""

from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

from sandbox.discord_permissions import ALL, Overwrite, Role, settle

Json = dict[str, Any]


class Named(Protocol):
    """Whatever has an id and a name."""

    id: int
    name: str


N = TypeVar("N", bound=Named)

TEXT, DIRECT, GROUP, THREAD = 0, 1, 3, 11
EPHEMERAL, LOADING, V2 = 1 << 6, 1 << 7, 1 << 15
"""Flags of a message: only one person sees it, the app is still thinking, it is made of components alone."""


@dataclass
class User:
    """Somebody with an account. `installed`: the app stands in this person's own list, wherever they are."""

    id: int
    name: str
    shown: str
    bot: bool = False
    installed: bool = False
    takes_messages: bool = True
    locale: str = "en-US"


@dataclass
class Member:
    """A user in one guild, with the ids of the roles there."""

    user: User
    roles: list[int] = field(default_factory=list)


@dataclass
class Upload:
    """A file of a message."""

    id: int
    name: str
    body: bytes = field(repr=False)
    description: str | None = None

    @property
    def content_type(self) -> str:
        """Return the type its name tells."""
        ending = self.name.rpartition(".")[2].lower()
        return {"png": "image/png", "jpg": "image/jpeg", "gif": "image/gif"}.get(ending, "application/octet-stream")


@dataclass(eq=False)
class Message:
    """One message as it is now; `earlier` holds its payloads before each edit, `payload` the one that counts.

    `only_for` is the one person who sees it; `kind` "command" is the line that says who used which command.
    `components` and `embeds` are kept as they were sent.
    """

    id: int
    channel: "Channel" = field(repr=False)
    author: User
    payload: Json = field(default_factory=dict)
    uploads: list[Upload] = field(default_factory=list)
    flags: int = 0
    only_for: User | None = None
    kind: str = "message"
    deleted: bool = False
    edited: bool = False
    earlier: list[Json] = field(default_factory=list, repr=False)
    at: str = ""
    stamp: str = ""
    nonce: str = ""
    via: str = ""

    @property
    def content(self) -> str:
        """Return the plain text, empty without one."""
        return str(self.payload.get("content") or "")

    @property
    def components(self) -> list[Json]:
        """Return the components as they were sent."""
        return list(self.payload.get("components") or [])

    @property
    def embeds(self) -> list[Json]:
        """Return the embeds as they were sent."""
        return list(self.payload.get("embeds") or [])

    @property
    def ephemeral(self) -> bool:
        """Whether only one person sees it."""
        return self.only_for is not None

    @property
    def loading(self) -> bool:
        """Whether it still shows that the app is thinking."""
        return bool(self.flags & LOADING)


@dataclass(eq=False)
class Channel:
    """A text channel, a thread, or a direct message (with no guild, and `people` in it)."""

    id: int
    name: str
    kind: int = TEXT
    guild: "Guild | None" = field(default=None, repr=False)
    overwrites: dict[int, Overwrite] = field(default_factory=dict)
    people: list[User] = field(default_factory=list)
    log: list[Message] = field(default_factory=list, repr=False)
    deleted: bool = False
    with_app: bool = True
    parent: "Channel | None" = field(default=None, repr=False)

    @property
    def messages(self) -> list[Message]:
        """Return what is still there, private ones too, without the lines that tell of commands."""
        return [one for one in self.log if not one.deleted and one.kind == "message"]

    def allows(self, member: Member) -> int:
        """Return the permissions a member has here."""
        if self.guild is None:
            return ALL
        writes = self.overwrites if self.parent is None else self.parent.overwrites
        return settle(self.guild.id, self.guild.owner.id, member.user.id, self._roles(member), writes)

    def _roles(self, member: Member) -> list[Role]:
        assert self.guild is not None, "roles exist in guilds"
        return [self.guild.roles[number] for number in (self.guild.id, *member.roles)]


@dataclass(eq=False)
class Guild:
    """A server. `installed`: the app is in it; `available` is False during an outage."""

    id: int
    name: str
    owner: User
    roles: dict[int, Role] = field(default_factory=dict)
    channels: dict[int, Channel] = field(default_factory=dict)
    members: dict[int, Member] = field(default_factory=dict)
    installed: bool = True
    available: bool = True
    locale: str = "en-US"

    def channel(self, name: "str | int | Channel") -> Channel:
        """Return a channel by name or id; raises LookupError."""
        return found(name, self.channels, "channel", self.name)

    def role(self, name: "str | int | Role") -> Role:
        """Return a role by name or id; raises LookupError."""
        return found(name, self.roles, "role", self.name)

    def member(self, name: "str | int | User") -> Member:
        """Return a member by name or id; raises LookupError."""
        for one in self.members.values():
            if name is one.user or name in (one.user.name, one.user.id):
                return one
        raise LookupError(f"nobody called {name!r} in {self.name}")


def found(name: Any, among: dict[int, N], what: str, where: str) -> N:
    """Return the one with this name or id, or itself; raises LookupError that lists the names there are."""
    for one in among.values():
        if name is one or name in (one.name, one.id, str(one.id)):
            return one
    there = ", ".join(one.name for one in among.values())
    raise LookupError(f"no {what} {name!r} in {where}; there are: {there or 'none'}")
