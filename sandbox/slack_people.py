"""Who and what lives in the pretend Slack: people, channels, messages, views, files and workspaces."""

from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]

KINDS: dict[str, dict[str, bool]] = {
    "member": {},
    "admin": {"is_admin": True},
    "owner": {"is_admin": True, "is_owner": True},
    "primary_owner": {"is_admin": True, "is_owner": True, "is_primary_owner": True},
    "guest": {"is_restricted": True},
    "single_channel_guest": {"is_restricted": True, "is_ultra_restricted": True},
    "stranger": {"is_stranger": True},
    "bot": {"is_bot": True},
    "deactivated": {"deleted": True},
}
"""What a kind of person sets in `users.info`; a stranger is somebody of another workspace."""

DAY_ONE = 1_700_000_000  # when everything in the pretend Slack was made, epoch seconds


@dataclass
class Person:
    """Somebody with an account; `team` is the person's own workspace."""

    id: str
    name: str
    real_name: str
    kind: str
    team: str
    tz: str = "Europe/Berlin"
    tz_offset: int = 3600
    locale: str = "en-US"


@dataclass
class Message:
    """One message as it is now; `earlier` holds what it said before each edit.

    `only_for` is the one person who sees it (an ephemeral message), `kind` tells a typed command from a message.
    """

    ts: str
    channel: str
    author: str
    text: str
    blocks: list[Json] = field(default_factory=list)
    only_for: str | None = None
    thread_ts: str | None = None
    attachments: list[Json] = field(default_factory=list)
    metadata: Json | None = None
    files: list[str] = field(default_factory=list)
    via: str = ""
    kind: str = "message"
    from_bot: bool = False
    deleted: bool = False
    earlier: list[tuple[str, list[Json]]] = field(default_factory=list)
    at: str = ""

    @property
    def ephemeral(self) -> bool:
        """Whether only one person sees it."""
        return self.only_for is not None


@dataclass
class View:
    """A modal or a home tab; `state` is what the person has filled in so far."""

    id: str
    team: str
    owner: str
    payload: Json
    hash: str
    root: str
    previous: str | None = None
    open: bool = True
    state: Json = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)
    trigger: str = ""
    versions: list[Json] = field(default_factory=list)

    @property
    def type(self) -> str:
        """`modal` or `home`."""
        return str(self.payload.get("type"))

    @property
    def callback_id(self) -> str:
        """Return the callback id, empty without one."""
        return str(self.payload.get("callback_id") or "")

    @property
    def blocks(self) -> list[Json]:
        """Return the blocks shown."""
        return list(self.payload.get("blocks") or [])

    def show(self, payload: Json, new_hash: str) -> None:
        """Replace what is shown and keep what was."""
        self.versions.append(self.payload)
        self.payload, self.hash, self.errors = payload, new_hash, {}


@dataclass
class Upload:
    """A file on its way: `asked` counts the looks at it, its type is known from the third on."""

    id: str
    team: str
    name: str
    length: int
    owner: str
    alt_text: str = ""
    title: str = ""
    body: bytes | None = None
    complete: bool = False
    asked: int = 0
    channels: list[str] = field(default_factory=list)


@dataclass
class Channel:
    """A place to talk. `kind` is public, private, im or connect (shared with other workspaces)."""

    id: str
    name: str
    team: str
    kind: str = "public"
    archived: bool = False
    deleted: bool = False
    members: set[str] = field(default_factory=set)
    teams: tuple[str, ...] = ()
    log: list[Message] = field(default_factory=list)

    @property
    def messages(self) -> list[Message]:
        """Return what everybody in the channel sees, oldest first."""
        return [one for one in self.log if one.kind == "message" and not one.ephemeral and not one.deleted]

    def private_to(self, person: Person | str) -> list[Message]:
        """Return the messages only this person sees."""
        who = person.id if isinstance(person, Person) else person
        return [one for one in self.log if one.only_for == who and one.kind == "message" and not one.deleted]

    @property
    def ephemerals(self) -> list[Message]:
        """Return the messages only one person each sees."""
        return [one for one in self.log if one.ephemeral and one.kind == "message" and not one.deleted]

    def find(self, ts: str) -> Message | None:
        """Return the public message with this time stamp."""
        return next((one for one in self.messages if one.ts == ts), None)


@dataclass
class Installation:
    """The app in one workspace, or gone from it; tokens by their text with the second they expire, None never."""

    team: str
    bot_id: str
    bot_user: str
    scopes: frozenset[str]
    tokens: dict[str, float | None] = field(default_factory=dict)
    refresh_tokens: list[str] = field(default_factory=list)
    revoked: set[str] = field(default_factory=set)
    installed: bool = True

    @property
    def token(self) -> str:
        """Return the newest bot token that was not revoked; empty without one."""
        return next((token for token in reversed(self.tokens) if token not in self.revoked), "")


@dataclass
class Workspace:
    """A team with its people and channels, and the app if it was ever installed."""

    id: str
    name: str
    domain: str
    people: dict[str, Person] = field(default_factory=dict)
    channels: dict[str, Channel] = field(default_factory=dict)
    installation: Installation | None = None
    homes: dict[str, View] = field(default_factory=dict)

    def person(self, who: Person | str) -> Person:
        """Return a person by id or name; raises LookupError naming those there are."""
        if isinstance(who, Person):
            return who
        found = self.people.get(who) or next((one for one in self.people.values() if one.name == who), None)
        if found is None:
            raise LookupError(f"nobody is called {who!r} in {self.name}; there are {_names(self.people)}")
        return found

    def channel(self, what: Channel | str) -> Channel:
        """Return a channel by id or name; raises LookupError naming those there are."""
        if isinstance(what, Channel):
            return what
        name = what.removeprefix("#")
        found = self.channels.get(what) or next((one for one in self.channels.values() if one.name == name), None)
        if found is None:
            raise LookupError(f"no channel {what!r} in {self.name}; there are {_names(self.channels)}")
        return found


def _names(things: dict[str, Any]) -> str:
    return ", ".join(sorted(str(one.name) for one in things.values()))
