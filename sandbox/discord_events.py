"""What happens to the app from outside: kicks, outages, new connections, lost permissions, deleted channels."""

from sandbox.discord_office import Office
from sandbox.discord_people import THREAD, Channel, Guild, Member
from sandbox.discord_permissions import Overwrite, bits
from sandbox.discord_shapes import channel_json, guild_json


class Events(Office):
    """Drivers for events; they act at once, the app hears of them over the gateway."""

    def kick(self, guild: Guild) -> None:
        """Throw the app out of a guild."""
        guild.installed = False
        guild.members.pop(self.bot.id, None)
        self.tell("GUILD_DELETE", {"id": str(guild.id)}, guild)

    def invite(self, guild: Guild) -> None:
        """Let the app into a guild, back or for the first time."""
        guild.installed = True
        guild.members[self.bot.id] = Member(self.bot, [guild.role("Clout").id])
        self.tell("GUILD_CREATE", guild_json(guild, self.bot), guild)

    def outage(self, guild: Guild) -> None:
        """Let a guild become unavailable: nobody was kicked."""
        guild.available = False
        self.tell("GUILD_DELETE", {"id": str(guild.id), "unavailable": True}, guild)

    def recover(self, guild: Guild) -> None:
        """End an outage."""
        guild.available = True
        self.tell("GUILD_CREATE", guild_json(guild, self.bot) | {"unavailable": False}, guild)

    def reconnect(self) -> None:
        """Ask the app to connect anew and resume (opcode 7)."""
        self.loop.call_soon_threadsafe(self.gateway.reconnect)

    def invalidate(self, *, resumable: bool = False) -> None:
        """Declare the sessions invalid (opcode 9)."""
        self.loop.call_soon_threadsafe(lambda: self.gateway.invalidate(resumable=resumable))

    def drop(self, code: int = 1001) -> None:
        """Close the gateway connections with a code."""
        self.loop.call_soon_threadsafe(self.gateway.drop, code)

    def revoke_token(self) -> None:
        """Make the token worthless: 401 from now on, and the gateway closes with 4004."""
        self.token = f"{self.token}.new"
        self.drop(4004)

    def delete_channel(self, channel: Channel) -> None:
        """Delete a channel."""
        channel.deleted = True
        kind = "THREAD_DELETE" if channel.kind == THREAD else "CHANNEL_DELETE"
        self.tell(kind, channel_json(channel), channel.guild)

    def forbid(self, channel: Channel, *permissions: str, quietly: bool = False) -> None:
        """Take permissions away from the app in a channel; `quietly`: the app's own picture of it stays old."""
        self._overwrite(channel, deny=bits(permissions), quietly=quietly)

    def allow(self, channel: Channel, *permissions: str, quietly: bool = False) -> None:
        """Give permissions back to the app in a channel."""
        self._overwrite(channel, allow=bits(permissions), quietly=quietly)

    def _overwrite(self, channel: Channel, *, allow: int = 0, deny: int = 0, quietly: bool) -> None:
        own = channel.overwrites.setdefault(self.bot.id, Overwrite(1))
        own.allow, own.deny = (own.allow | allow) & ~deny, (own.deny | deny) & ~allow
        if not quietly:
            self.tell("CHANNEL_UPDATE", channel_json(channel), channel.guild)
