"""A pretend Discord for a real discord.py client: REST, gateway, and people who type, click and fill in forms.

`box.discord` makes it on first use, with one guild, Beanworks. Drivers return an Interaction: what the app answered
first, the original message, followups, choices, the modal it opened.

    async with Sandbox(contracts=folder) as box:
        ...                                        # start the bot with the variables of box.discord_env()
        await box.discord.ready()
        home = box.discord.home
        deed = await box.discord.command(home, "creators", "mia", "influence", {"handle": "@beanco"})
        await deed.finished()
        deed.original.components, deed.followups, deed.seconds
        await box.discord.click(deed.original, "Refresh", "mia")
        box.discord.transcript("creators")
        assert box.discord.violations == []
"""

import asyncio
import secrets
from collections.abc import Coroutine, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from sandbox.chat_office import driven
from sandbox.discord_api import discord_app
from sandbox.discord_deeds import Interaction, Modal
from sandbox.discord_events import Events
from sandbox.discord_forms import Forms
from sandbox.discord_people import GROUP, TEXT, Channel, Guild, Json, Member, Message, User, found
from sandbox.discord_permissions import ALL, BITS, ORDINARY, Role
from sandbox.discord_registry import Lookup, descend, filled, may_see, nested, offered, words
from sandbox.discord_shapes import guild_json, interaction_json, message_json
from sandbox.discord_transcript import modal_text, plain, transcript

if TYPE_CHECKING:
    from sandbox.server import Sandbox

T = TypeVar("T")
Place = Guild | str | int | None
Where = Channel | str | int | None

CHANNELS = ("general", "creators", "leads")
CAST = {"ada": "admin", "otto": "owner", "mona": "manager", "mia": "member", "max": "member"}
"""Who is in every guild that names nobody: an administrator, the owner, one who may manage the server, two members."""


class Discord(Events, Forms):
    """The whole of it.

    Guilds and people: `home`, `guild(name, channels=, members=, installed=)`, `add_member`, `user(name, installed=)`,
    `channel(name, guild)`, `thread(channel, name)`, `group(name, people)`.
    People act: `command`, `autocomplete`, `context_menu`, `click`, `choose`, `submit`, `say`.
    Things happen: `kick`, `invite`, `outage`, `recover`, `reconnect`, `invalidate`, `drop`, `revoke_token`,
    `delete_channel`, `forbid`, `allow`. Faults: `weather.fail`, `weather.limit`, `weather.clear`.
    Kept: `calls`, `violations`, `syncs`, `commands`, `interactions`, `invalid_requests`, `gateway.heartbeats`,
    `gateway.identified`, `gateway.resumed`. Shown: `transcript(channel)`, `read(message or modal)`.
    Set: `patience`, `token_seconds`, `time_by`, `nonces`, `followup_after_delete`, `gateway.heartbeat_ms`,
    `gateway.shards`. Wait: `ready()`, `until(condition)`; on an Interaction `finished`, `changed`, `says`, `opened`.
    """

    def __init__(self, box: "Sandbox", contracts: Path | None = None) -> None:
        super().__init__(box, contracts)
        self.home = self.guild("Beanworks")
        self.app = discord_app(self)

    # --- who and where ------------------------------------------------------------------------------------------------

    def user(self, name: str, *, installed: bool | None = None, locale: str = "en-US") -> User:
        """Return a person by name, made on first use; `installed`: the app stands in their own list."""
        person = next((one for one in self.users.values() if one.name == name), None)
        if person is None:
            person = User(self.new_id(), name, name.title(), locale=locale)
            self.users[person.id] = person
        if installed is not None:
            person.installed = installed
        return person

    def guild(
        self,
        name: str,
        channels: Iterable[str] = CHANNELS,
        members: Mapping[str, str] | None = None,
        *,
        installed: bool = True,
        locale: str = "en-US",
    ) -> Guild:
        """Return a new guild; `members` by name: owner, admin, manager or member; `installed`: the app is in it."""
        kinds = dict(CAST if members is None else members)
        owner = next((who for who, kind in kinds.items() if kind == "owner"), "otto")
        guild = Guild(self.new_id(), name, self.user(owner), installed=installed, locale=locale)
        guild.roles[guild.id] = Role(guild.id, "@everyone", ORDINARY)
        for role, held, managed in (
            ("Admins", ALL, False),
            ("Managers", BITS["manage_guild"], False),
            ("Clout", 0, True),
        ):
            number = self.new_id()
            guild.roles[number] = Role(number, role, held, managed)
        for who, kind in ({owner: "owner"} | kinds).items():
            self.add_member(guild, who, kind)
        if installed:
            guild.members[self.bot.id] = Member(self.bot, [guild.role("Clout").id])
        for one in channels:
            number = self.new_id()
            guild.channels[number] = Channel(number, one, TEXT, guild)
        self.guilds[guild.id] = guild
        if installed:
            self.tell("GUILD_CREATE", guild_json(guild, self.bot), guild)
        return guild

    def add_member(self, guild: Guild, name: str, kind: str = "member") -> User:
        """Let a person into a guild as admin, manager or member."""
        roles = {"admin": ["Admins"], "manager": ["Managers"]}.get(kind, [])
        person = self.user(name)
        guild.members[person.id] = Member(person, [guild.role(one).id for one in roles])
        return person

    def thread(self, channel: Channel, name: str) -> Channel:
        """Return a new public thread in a channel."""
        return self.begin_thread(channel, name)

    def group(self, name: str, people: Iterable[str]) -> Channel:
        """Return a group chat of people without the app, where only their own installs work."""
        channel = Channel(self.new_id(), name, GROUP, people=[self.user(one) for one in people], with_app=False)
        self.directs[channel.id] = channel
        return channel

    def channel(self, name: "Where", guild: Place = None) -> Channel:
        """Return a channel by name or id, of the first guild unless another is named."""
        if isinstance(name, Channel):
            return name
        place = self._guild(guild) or self.home
        return place.channel(name or "")

    def _guild(self, guild: Place) -> Guild | None:
        return None if guild is None else found(guild, self.guilds, "guild", "the sandbox")

    def _user(self, user: User | str) -> User:
        return user if isinstance(user, User) else found(user, self.users, "user", "the sandbox")

    # --- what people see ----------------------------------------------------------------------------------------------

    def transcript(self, channel: "Where" = "creators", guild: Place = None) -> str:
        """Return a conversation as people see it, in plain text."""
        return transcript(self.channel(channel, guild))

    def read(self, shown: Message | Modal) -> str:
        """Return one message or modal as people see it, in plain text."""
        return modal_text(shown) if isinstance(shown, Modal) else plain(shown)

    # --- what people do -----------------------------------------------------------------------------------------------

    def run(self, driver: Coroutine[Any, Any, T], seconds: float = 30.0) -> T:
        """Run a driver from a program without a loop, beside `Sandbox.in_thread()`."""
        return asyncio.run_coroutine_threadsafe(driver, self.loop).result(seconds)

    async def ready(self, seconds: float = 10.0, *, commands: bool = True) -> None:
        """Wait until the app is connected and, unless told otherwise, has commands registered."""
        await self.until(
            lambda: self.gateway.session() is not None and (bool(self.commands) or not commands), seconds, "the app"
        )

    @driven
    async def command(
        self,
        guild: Place,
        channel: "Where",
        user: User | str,
        name: str,
        options: Json | None = None,
        *,
        locale: str = "",
        force: bool = False,
        wait: bool = True,
    ) -> Interaction:
        """Use a slash command; `name` may hold subcommands ("creator link"), options go by name.

        Users, channels and roles are given by name. Without a guild it happens in the direct message with the app, or
        in the group given as channel. `force`: even where the client would not offer it; `wait`: for the first answer.
        Raises LookupError or ValueError for what a client would not let a person do.
        """
        deed = self._deed("command", guild, channel, user, locale)
        first, *path = name.lstrip("/").split()
        command = self._offered(deed, first, 1, force)
        known, steps = descend(command, path)
        place = Lookup(deed.guild, deed.channel, self.users)
        sent = nested(steps, filled(known, options or {}, place))
        said = {"id": command["id"], "name": first, "type": 1, "options": sent}
        typed = " ".join(["/" + first, *words(sent)])
        self.publish(deed.channel, {"content": typed}, via="typed", author=deed.user, kind="command")
        await self.hand(deed, 2, self._resolved(said, place), wait=wait)
        return deed

    @driven
    async def autocomplete(
        self,
        guild: Place,
        channel: "Where",
        user: User | str,
        name: str,
        option: str,
        typed: str = "",
        options: Json | None = None,
    ) -> Interaction:
        """Type into an option that completes itself; `.choices` are the suggestions."""
        deed = self._deed("autocomplete", guild, channel, user, "")
        first, *path = name.lstrip("/").split()
        command = self._offered(deed, first, 1, False)
        known, steps = descend(command, path)
        if not any(one["name"] == option and one.get("autocomplete") for one in known):
            raise LookupError(f"the option {option!r} does not complete itself")
        place = Lookup(deed.guild, deed.channel, self.users)
        sent = nested(steps, filled(known, {**(options or {}), option: typed}, place, focused=option))
        said = {"id": command["id"], "name": first, "type": 1, "options": sent}
        await self.hand(deed, 4, self._resolved(said, place))
        return deed

    @driven
    async def context_menu(self, message: Message, name: str, user: User | str, *, wait: bool = True) -> Interaction:
        """Use a command of a message's own menu."""
        deed = self._deed("menu", message.channel.guild, message.channel, user, "")
        deed.message = message
        command = self._offered(deed, name, 3, False)
        resolved = {"messages": {str(message.id): message_json(message, self.origin)}}
        said = {"id": command["id"], "name": name, "type": 3, "target_id": str(message.id), "resolved": resolved}
        await self.hand(deed, 2, said, wait=wait)
        return deed

    def say(self, channel: "Where", text: str, user: str = "mia", guild: Place = None) -> Message:
        """Let a person write a plain message; without its intent the app does not hear of it."""
        return self.publish(self.channel(channel, guild), {"content": text}, via="say", author=self._user(user))

    # --- the way to the app -------------------------------------------------------------------------------------------

    def _deed(self, kind: str, guild: Place, channel: "Where", user: User | str, locale: str) -> Interaction:
        place, person = self._guild(guild), self._user(user)
        if place is None:
            where = channel if isinstance(channel, Channel) else self.direct(person)
        else:
            where = place.channel(channel or "general")
            place.member(person)
        deed = Interaction(self, kind, self.new_id(), secrets.token_urlsafe(48), person, where, place, locale=locale)
        deed.owners = _owners(place, where, person)
        return deed

    def _offered(self, deed: Interaction, name: str, kind: int, force: bool) -> Json:
        command = offered(self.commands, name, kind, deed.guild)
        if not force and (why := may_see(command, deed.user, deed.guild, deed.channel)):
            raise ValueError(why)
        return command

    def _resolved(self, said: Json, place: Lookup) -> Json:
        return said | ({"resolved": place.resolved} if place.resolved else {})

    async def hand(self, deed: Interaction, kind: int, said: Json, *, wait: bool = True) -> None:
        """Bring a deed to the app and wait for its first answer, or until its time is over."""
        await asyncio.sleep(0)  # events that were announced a moment ago go first
        await self.until(lambda: self.gateway.session(deed.guild) is not None, 5.0, "a gateway connection")
        deed.payload = interaction_json(self, deed, kind, said)
        deed.born = self.moment()
        self.interactions[deed.token] = deed
        self.gateway.tell("INTERACTION_CREATE", deed.payload, deed.guild)
        if not wait:
            return
        try:
            await self.until(lambda: deed.callback is not None or bool(deed.failed), self.patience)
        except TimeoutError:
            deed.failed = "The application did not respond"


def _owners(guild: Guild | None, channel: Channel, user: User) -> dict[str, str]:
    """Return by which installs the app answers: "0" the guild's (or the bot's own direct message), "1" the person's."""
    owners = {"1": str(user.id)} if user.installed else {}
    if guild is not None:
        return owners | ({"0": str(guild.id)} if guild.installed else {})
    return owners if owners or not channel.with_app else {"0": "0"}
