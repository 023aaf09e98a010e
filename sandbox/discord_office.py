"""The state of the pretend Discord, and everything that may change it: ids, time, judging, showing messages."""

import time
from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from sandbox.chat_office import ChatOffice
from sandbox.checks import Finding, Violation
from sandbox.discord_contract import Contract, load
from sandbox.discord_gateway import Gateway
from sandbox.discord_people import DIRECT, EPHEMERAL, LOADING, THREAD, V2, Channel, Guild, Json, Message, Upload, User
from sandbox.discord_permissions import BITS
from sandbox.discord_rules import form_errors
from sandbox.discord_shapes import APPLICATION, FILE_BYTES, channel_json
from sandbox.discord_weather import Weather
from sandbox.discord_wire import Call, Refusal, Sent

if TYPE_CHECKING:
    from sandbox.discord_deeds import Interaction
    from sandbox.server import Sandbox

EPOCH_MS = 1_420_070_400_000  # Discord's first second, 2015-01-01


class Office(ChatOffice):
    """Guilds with all that is in them, the app's token, and what the app asked so far."""

    look_every = 0.01  # what a test waits for may be the bot's own state, which wakes nobody here

    def __init__(self, box: "Sandbox", contracts: Path | None = None) -> None:
        super().__init__(box)
        self.token = "sandbox.discord.token"  # the right one; `revoke_token` changes it
        self.token_seconds = 900.0  # life of an interaction's token
        self.time_by: Literal["both", "sandbox", "real"] = "both"  # the clock that judges these two
        self.followup_after_delete = False  # what Discord itself does here is not documented: the strict reading
        self.nonces = True  # whether a post to a guild's channel has to carry a nonce
        self.guilds: dict[int, Guild] = {}
        self.users: dict[int, User] = {}
        self.directs: dict[int, Channel] = {}
        self.weather = Weather()
        self.calls: deque[Call] = deque(maxlen=20_000)
        self.invalid_requests = 0  # answers 401, 403 and 429: ten thousand in ten minutes are a ban
        self.interactions: dict[str, Interaction] = {}
        self.commands: dict[int, list[Json]] = {}  # by guild, 0 for the global ones
        self.syncs: list[int] = []  # a guild's id or 0, for each time commands were put
        self.nonces_seen: dict[tuple[int, str], tuple[float, Message]] = {}
        self.contract: Contract | None = None if contracts is None else load(contracts)
        self._last_id = 0
        self.gateway = Gateway(self)
        self.bot = User(APPLICATION, "clout", "Clout", bot=True)
        self.users[self.bot.id] = self.bot

    # --- time and ids ---------------------------------------------------------------------------------------------

    def age(self, born: tuple[float, float]) -> float:
        """Return the seconds since a moment, by the clock that judges; with both by whichever went further."""
        ours, real = (now - then for now, then in zip(self.moment(), born, strict=True))
        return {"both": max(ours, real), "sandbox": ours, "real": real}[self.time_by]

    def tell(self, name: str, value: Json, guild: Guild | None = None) -> None:
        """Send an event over the gateway, from whatever thread."""
        if self.box.loop is not None:
            self.box.loop.call_soon_threadsafe(self.gateway.tell, name, value, guild)

    def new_id(self) -> int:
        """Return a snowflake of the present: clients read an interaction's age from it by their own clock."""
        fresh = (int(time.time() * 1000) - EPOCH_MS) << 22 | next(self._numbers) & 0xFFF
        self._last_id = max(fresh, self._last_id + 1)
        return self._last_id

    # --- judging ------------------------------------------------------------------------------------------------------

    def sentence(self, where: str, hard: list[Finding], house: list[Finding]) -> None:
        """Note findings; raises Refusal 50035 with the paths for what Discord would not take."""
        self.violations += [Violation(where, path, why, house=True) for path, why in house]
        self.violations += [Violation(where, path, why) for path, why in hard]
        if hard:
            raise Refusal(50035, form_errors(hard))

    # --- places -------------------------------------------------------------------------------------------------------

    def every_channel(self) -> list[Channel]:
        """Return every channel there is, direct messages too."""
        return [*(one for guild in self.guilds.values() for one in guild.channels.values()), *self.directs.values()]

    def visible(self, number: int) -> Channel:
        """Return a channel the app may look into; raises Refusal 10003 or 50001."""
        channel = next((one for one in self.every_channel() if one.id == number), None)
        if channel is None or channel.deleted:
            raise Refusal(10003)
        if channel.guild is not None and not self.may(channel, "view_channel"):
            raise Refusal(50001)
        if channel.guild is None and not channel.with_app:
            raise Refusal(50001)
        return channel

    def may(self, channel: Channel, *names: str) -> bool:
        """Return whether the app has these permissions in a channel."""
        if channel.guild is None:
            return True
        if not channel.guild.installed or self.bot.id not in channel.guild.members:
            return False
        held = channel.allows(channel.guild.member(self.bot))
        return all(held & BITS[name] for name in names)

    def direct(self, user: User) -> Channel:
        """Return the direct message between the app and a person."""
        for one in self.directs.values():
            if one.kind == DIRECT and one.people == [user]:
                return one
        channel = Channel(self.new_id(), f"direct-{user.name}", DIRECT, people=[user])
        self.directs[channel.id] = channel
        return channel

    def begin_thread(self, parent: Channel, name: str, number: int | None = None) -> Channel:
        """Return a new public thread; one below a message has the message's id."""
        assert parent.guild is not None, "threads are in guilds"
        thread = Channel(number or self.new_id(), name, THREAD, parent.guild, parent=parent)
        parent.guild.channels[thread.id] = thread
        self.tell("THREAD_CREATE", channel_json(thread) | {"newly_created": True}, parent.guild)
        return thread

    # --- messages -----------------------------------------------------------------------------------------------------

    def publish(
        self,
        channel: Channel,
        payload: Json,
        *,
        via: str,
        author: User | None = None,
        files: list[Sent] | None = None,
        only_for: User | None = None,
        loading: bool = False,
        kind: str = "message",
    ) -> Message:
        """Show a message in a channel; without an author it is the app's."""
        flags = int(payload.get("flags") or 0) & ~(EPHEMERAL | LOADING)
        flags |= (EPHEMERAL if only_for is not None else 0) | (LOADING if loading else 0)
        now = self.box.clock.now()
        message = Message(
            self.new_id(),
            channel,
            author or self.bot,
            payload,
            self._uploads(payload, files or []),
            flags,
            only_for,
            kind,
            at=now.strftime("%H:%M"),
            stamp=now.isoformat(),
            via=via,
        )
        channel.log.append(message)
        self.wake()
        return message

    def change(self, message: Message, payload: Json, files: list[Sent]) -> None:
        """Change a message: what the payload does not name stays."""
        first = message.loading
        if not first:
            message.earlier.append(message.payload)
            message.edited = True
        message.payload = merged(message, payload)
        message.flags = message.flags & ~LOADING | int(payload.get("flags") or 0) & V2
        kept = message.uploads
        if payload.get("attachments") is not None:
            named = {str(one.get("id")) for one in payload["attachments"]}
            kept = [one for one in kept if str(one.id) in named]
        message.uploads = kept + self._uploads(payload, files)
        self.wake()

    def delete(self, message: Message) -> None:
        """Take a message away."""
        message.deleted = True
        self.wake()

    def _uploads(self, payload: Json, files: list[Sent]) -> list[Upload]:
        about = {str(one.get("id")): one for one in payload.get("attachments") or []}
        uploads = []
        for one in files:
            said = about.get(str(one.number), {})
            uploads.append(Upload(self.new_id(), said.get("filename") or one.name, one.body, said.get("description")))
        return uploads


def merged(message: Message, payload: Json) -> Json:
    """Return what a message holds after an edit."""
    named = {name: one for name, one in payload.items() if name in ("content", "embeds", "components")}
    return {**message.payload, **named}


def too_large(files: list[Sent]) -> bool:
    """Return whether a file is above what a guild without boosts takes."""
    return any(len(one.body) > FILE_BYTES for one in files)
