"""What a command is: its name, its arguments, who may use it, and the words people type for it."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal, Protocol

from core.card import Card
from core.errors import InputError
from core.explain import Comparison, Explanation
from core.manifest import Manifest, NetworkAvailability
from core.messenger import Messenger, Place, Platform
from core.models import Linked, Offers, Reading
from core.team_settings import TeamSettings

if TYPE_CHECKING:  # use cases bring the database along, which help never needs
    from core.consents import Consents
    from core.deliveries import Deliveries
    from core.networks import Networks
    from core.posting import Digests
    from core.roster import Roster
    from core.teams import Teams
    from core.tracking import Tracking
    from core.watching import Watches

Show = Callable[[Card], Awaitable[None]]
"""Publishes a card before the final one."""

ArgumentKind = Literal[
    "creator", "account", "network", "period", "word", "command", "flag", "channel", "role", "zone", "number", "person"
]
"""What an argument stands for; front ends with typed options choose their own controls by it.

A `channel`, a `role` and a `person` are handed on as the platform writes them in text: `<#1>`, `<@&2>`, `<@3>`, in
Slack with their names, `<#1|general>` and `<@3|name>`; a `number` as digits.
"""


class LookupsLike(Protocol):
    """What commands need of `core.lookup.Lookups`; all but `networks` raise CloutError."""

    async def lookup(
        self,
        team: str,
        text: str,
        *,
        network: str | None = None,
        fresh: bool = False,
        show: Callable[[Reading], Awaitable[None]] | None = None,
    ) -> Reading:
        """Return everything known about a creator."""
        ...

    async def history(self, team: str, text: str, *, network: str | None = None, since: datetime) -> Reading:
        """Return what is stored about a creator since a moment."""
        ...

    async def why(
        self, team: str, text: str, *, network: str | None = None, since: datetime | None = None
    ) -> Explanation:
        """Return where a creator's points come from, and why the score moved since a moment."""
        ...

    async def compare(self, team: str, texts: Sequence[str]) -> Comparison:
        """Return two to six creators side by side."""
        ...

    async def link(self, team: str, name: str, target: str) -> Linked:
        """Say that an account belongs to a creator."""
        ...

    async def unlink(self, team: str, name: str, target: str) -> Linked:
        """Take an account away from a creator."""
        ...

    async def accounts(self, team: str, name: str) -> Linked:
        """Return the accounts linked under a name."""
        ...

    def networks(self) -> tuple[NetworkAvailability, ...]:
        """Return every network with whether it can be read."""
        ...

    async def offers(self, team: str, name: str) -> tuple[Linked, Offers] | None:
        """Return the accounts known under a name, and those that reference works name beside them."""
        ...

    async def suggestions(self, team: str, text: str) -> tuple[str, ...]:
        """Return known handles like the text."""
        ...


class Unwired:
    """Stands for a use case that a context was made without; only tests make such contexts."""

    def __getattr__(self, name: str) -> Any:
        raise LookupError(f"this context was made without the use case that has {name!r}")


UNWIRED: Any = Unwired()
UNDECIDED = TeamSettings()
"""The settings of a team that has changed none."""


@dataclass(frozen=True, slots=True)
class Context:
    """Who asks, when and from where; `zone` is the channel's, by IANA name. `core.app.App.context` makes them.

    `asker` is the person's id on their platform, `place` the channel the words were said in (None where Clout cannot
    post by itself), `own` the team's settings. `member` is False for guests and people of other teams. `team_name` is
    what the platform calls the team, as far as it says.
    """

    team: str
    now: datetime
    lookups: LookupsLike
    manifests: Mapping[str, Manifest]
    can_manage: bool = False
    zone: str = "UTC"
    asker: str = ""
    place: Place | None = None
    own: TeamSettings = UNDECIDED
    member: bool = True
    messengers: "Mapping[Platform, Messenger]" = UNWIRED
    teams: "Teams" = UNWIRED
    networks: "Networks" = UNWIRED
    roster: "Roster" = UNWIRED
    tracking: "Tracking" = UNWIRED
    digests: "Digests" = UNWIRED
    watches: "Watches" = UNWIRED
    deliveries: "Deliveries" = UNWIRED
    consents: "Consents" = UNWIRED
    team_name: str = ""


@dataclass(frozen=True, slots=True)
class Argument:
    """One argument: positional, after its `keyword` (`on`, `since`), or a flag that is its own name.

    `repeat` takes all words that follow. `help` is at most 100 characters, the shortest limit among the platforms.
    `typed` is what help puts in its place, for whoever types it: a value, or the words there are to choose from.
    """

    name: str
    kind: ArgumentKind
    help: str
    required: bool = False
    keyword: str | None = None
    repeat: bool = False
    typed: str = ""

    @property
    def usage(self) -> str:
        """How the argument is written in help: `@creator`, `[on network]`, `[since 30d]`."""
        shown = self.typed or {"creator": "@creator", "account": "network:handle"}.get(self.kind, self.name)
        shown = f"{self.keyword} {shown}" if self.keyword else shown
        shown = f"{shown} ..." if self.repeat and not self.typed else shown
        return shown if self.required else f"[{shown}]"


@dataclass(frozen=True, slots=True)
class Arguments:
    """The values of one invocation by argument name."""

    values: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "values", MappingProxyType(dict(self.values)))

    def get(self, name: str) -> str | None:
        """Return a value, or None when it was not given."""
        found = self.values.get(name)
        return found[0] if found else None

    def text(self, name: str) -> str:
        """Return a value that must be there; raises InputError naming it."""
        found = self.get(name)
        if found is None:
            raise InputError(f"The {name} is missing.", field=name)
        return found

    def many(self, name: str) -> tuple[str, ...]:
        """Return all values of a repeated argument."""
        return self.values.get(name, ())

    def flag(self, name: str) -> bool:
        """Return whether a flag was given."""
        return name in self.values


Handler = Callable[[Context, Arguments, Show], Awaitable[Card]]


@dataclass(frozen=True, slots=True)
class Command:
    """One row of the command table. A hyphen in its name joins two words that are typed apart: `digest-status`.

    `manages` asks for the right to manage Clout in that place, `members` for more than a guest's; `private` answers go
    to the asker alone. `order` places the command in help. `absent` says for a front end (`slack`, `discord`,
    `terminal`) why it is not offered there.
    """

    name: str
    summary: str
    handler: Handler
    arguments: tuple[Argument, ...] = ()
    manages: bool = False
    members: bool = False
    private: bool = False
    aliases: tuple[str, ...] = ()
    examples: tuple[str, ...] = ()
    order: int = 50
    absent: Mapping[str, str] = field(default_factory=dict)

    @property
    def typed(self) -> str:
        """The words that name it on a line: `digest status`."""
        return self.name.replace("-", " ")

    @property
    def usage(self) -> str:
        """How the command is typed: `history @creator [period]`."""
        own = () if self.name == DEFAULT_COMMAND else (self.typed,)
        trailing = () if self.private else ("[private]",)
        return " ".join((*own, *(a.usage for a in self.arguments), *trailing))


@dataclass(frozen=True, slots=True)
class Invocation:
    """A command with its arguments, ready to run; `private` asks for an answer to the asker alone.

    `public` asks for one to everybody, where the team has made private ones its habit.
    """

    command: Command
    arguments: Arguments = field(default_factory=Arguments)
    private: bool = False
    public: bool = False


DEFAULT_COMMAND = "influence"
"""The command of a line that names none."""


def creators_of(invocation: Invocation) -> Sequence[str]:
    """Return the creators an invocation names, as typed."""
    names = [argument.name for argument in invocation.command.arguments if argument.kind == "creator"]
    return [value for name in names for value in invocation.arguments.many(name)]
