"""The Discord client: made in one place, logged in, its commands synced when they changed, and closed in order."""

import asyncio
import hashlib
import json
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from functools import partial
from typing import Any

import aiohttp
import discord
import structlog
import yarl
from discord import app_commands
from discord.gateway import DiscordWebSocket
from discord.http import Route

from bots.discord_bot import AWAY, DiscordFront
from bots.discord_commands import payloads
from bots.discord_limits import Refusals
from bots.discord_messenger import DiscordMessenger
from bots.running import STOP_SECONDS
from bots.supervisor import Held, Service
from core.app import App
from core.cards_fronts import COMMAND_CHANGED
from core.errors import CloutError, SettingsError, StoreError
from core.messenger import Messenger
from core.settings import DiscordSettings

BAD_TOKEN, NO_ANSWER = 78, 4
SYNCED = "commands"
"""Under which the hash of what was synced last is kept; the team is `discord`."""

_TOKEN_CLOSED = 4004
_PATIENCE = 30.0  # seconds the library may wait at one rate limit, the least it takes, so that nothing hangs
_OLDER = (app_commands.CommandNotFound, app_commands.CommandSignatureMismatch, app_commands.TransformerError)

log = structlog.get_logger("clout.discord")

discord.VoiceClient.warn_nacl = discord.VoiceClient.warn_dave = False  # Clout says nothing aloud, so that nothing lacks


class DiscordRefused(CloutError):
    """Discord does not take the token, or cannot be reached; `exit_code` is what the shell is told."""

    def __init__(self, message: str, exit_code: int) -> None:
        super().__init__(message)
        self.exit_code = exit_code


class Tree(app_commands.CommandTree["Client"]):
    """Our commands; what fails before they begin gets an answer too."""

    async def on_error(self, interaction: discord.Interaction["Client"], error: app_commands.AppCommandError) -> None:
        """Say privately that a command is not the one Discord shows, or that it failed."""
        if not isinstance(error, _OLDER):
            await interaction.client.front.failed(interaction, error.__cause__ or error)
            return
        log.warning("a command is not the one Discord shows", error=type(error).__name__)
        with suppress(*AWAY):
            await interaction.response.send_message(COMMAND_CHANGED, ephemeral=True)


class Client(discord.AutoShardedClient):
    """One connection for any number of servers, with the one intent that says which there are."""

    def __init__(self, front: DiscordFront, refusals: Refusals, **options: Any) -> None:
        super().__init__(
            intents=discord.Intents(guilds=True),
            allowed_mentions=discord.AllowedMentions.none(),
            chunk_guilds_at_startup=False,
            member_cache_flags=discord.MemberCacheFlags.none(),
            max_messages=None,
            max_ratelimit_timeout=_PATIENCE,
            http_trace=refusals.trace(),
            **options,
        )
        self.front = front
        self.refusals = refusals
        self._counted = False
        self._in_turn = asyncio.Lock()
        self.tree = Tree(self)
        front.attach(self.tree)

    async def on_interaction(self, interaction: discord.Interaction["Client"]) -> None:
        """Take controls and forms on: the library forgets them when a process ends, their state does not."""
        if interaction.type is discord.InteractionType.modal_submit:
            await self.front.on_form(interaction)
        elif interaction.type is discord.InteractionType.component:
            await self.front.on_control(interaction)

    async def on_guild_available(self, guild: discord.Guild) -> None:
        """A server is there, after a start or an outage."""
        await self._noted(self.front.on_guild(guild))

    async def on_guild_join(self, guild: discord.Guild) -> None:
        """A server wants Clout."""
        await self._noted(self.front.on_guild(guild))

    async def on_guild_remove(self, guild: discord.Guild) -> None:
        """A server threw Clout out; an outage is another event."""
        await self._noted(self.front.on_guild_gone(guild))

    async def on_ready(self) -> None:
        """Every server was announced, those that are unavailable too: what is missing is gone. Once is enough."""
        if not self._counted:
            self._counted = True
            await self._noted(self.front.on_all_guilds({guild.id for guild in self.guilds}))

    async def _noted(self, work: Any) -> None:
        """Store comings and goings in the order they happened, for one may undo the other."""
        try:
            async with self._in_turn:
                await work
        except StoreError as error:
            log.warning("a server's coming or going was not stored", error=error.message)

    async def on_error(self, event_method: str, /, *args: Any, **kwargs: Any) -> None:
        """Log what no handler caught, and tell the asker where there is one."""
        error = sys.exc_info()[1]
        if error is not None and args and isinstance(args[0], discord.Interaction):
            await self.front.failed(args[0], error)
        else:
            log.exception("a Discord event failed", event=event_method)


def client_of(front: DiscordFront, settings: DiscordSettings, refusals: Refusals | None = None) -> Client:
    """Return the client: the one place that makes one, sharded from the start."""
    loop = asyncio.get_running_loop()
    options = {"guild_ready_timeout": 0.05} if settings.api_url else {}
    client = Client(front, refusals or Refusals(loop.time), **options)
    if settings.api_url:
        client.before_identify_hook = _at_once  # type: ignore[method-assign]  # nobody counts logins here
    return client


async def _at_once(shard_id: int | None, *, initial: bool = False) -> None:
    """Wait for nothing before a login to a pretend Discord."""


def discord_service(app: App, hand: Callable[[Messenger], None], *, reference: Callable[[], str]) -> Service:
    """Return Discord as a service of `clout run`; `reference` makes the codes of error cards."""

    @asynccontextmanager
    async def held() -> AsyncIterator[Connection]:
        async with connected(app, DiscordFront(app, reference=reference), hand=hand) as connection:
            try:
                yield connection
            finally:
                app.messengers.remove("discord")  # the process may go on without it

    return Held("discord", held, check=Connection.healthy, over=Connection.over)


@contextmanager
def aimed(settings: DiscordSettings) -> Iterator[None]:
    """Lead the library to a pretend Discord on this machine while the body runs, where one is set."""
    base, gateway = Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY
    if settings.api_url is not None:
        Route.BASE = settings.api_url.rstrip("/")
    if settings.gateway_url is not None:
        DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(settings.gateway_url)
    try:
        yield
    finally:
        Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY = base, gateway


async def sync(app: App, client: Client, *, force: bool = False) -> bool:
    """Tell Discord our commands if they changed since they were told last; returns whether they were sent."""
    told = json.dumps([client.application_id, payloads(client.tree)], sort_keys=True, ensure_ascii=False)
    mark = hashlib.sha256(told.encode()).hexdigest()
    if not force and await app.store.setting("discord", SYNCED) == mark:
        return False
    try:
        await client.tree.sync()
    except AWAY as error:  # those of before go on; at the next start they are told again
        log.error("Discord did not take the commands", why=str(error)[:500])  # noqa: TRY400
        return False
    await app.store.set_setting("discord", SYNCED, mark)
    log.info("commands synced", count=len(client.tree.get_commands()))
    return True


@asynccontextmanager
async def connected(
    app: App, front: DiscordFront, *, ready: float = 60.0, hand: Callable[[DiscordMessenger], None] = lambda one: None
) -> AsyncIterator["Connection"]:
    """Hold the gateway open while the body runs, then wait for what people still are to be answered.

    `hand` is given what posts by itself. Raises DiscordRefused when the token is not taken, SettingsError when there
    is none.
    """
    settings = app.settings.discord
    with aimed(settings):
        client = client_of(front, settings)
        try:
            await logged_in(client, settings)
            await sync(app, client)
            connection = Connection(client)
            try:
                await connection.ready(ready)
                hand(DiscordMessenger(client, partial(app.draw, dark=True), app.clock))
                yield connection
            finally:
                await front.stop(STOP_SECONDS)
                await connection.close()
        finally:
            if not client.is_closed():
                await client.close()


async def logged_in(client: Client, settings: DiscordSettings) -> None:
    """Log in over HTTP; raises DiscordRefused, or SettingsError when there is no token."""
    if settings.token is None:
        raise SettingsError("CLOUT_DISCORD__TOKEN is missing: `clout init discord` asks for it.")
    try:
        await client.login(settings.token.get_secret_value())
    except discord.LoginFailure as error:
        raise refused() from error
    except (discord.HTTPException, discord.RateLimited) as error:
        status = getattr(error, "status", 429)
        raise DiscordRefused(f"Discord did not let Clout in ({status}). Try again later.", NO_ANSWER) from error
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        raise DiscordRefused("Discord cannot be reached. Check the network and try again.", NO_ANSWER) from error


def refused() -> DiscordRefused:
    """Return the one clear line about a token."""
    mend = "Copy it again from the Bot page of the application, or reset it there."
    return DiscordRefused(f"Discord does not take CLOUT_DISCORD__TOKEN. {mend}", BAD_TOKEN)


class Connection:
    """A gateway that is held open; `ended` finishes, or raises DiscordRefused, when Discord ends it for good."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.ended = asyncio.create_task(self._held())

    async def _held(self) -> None:
        try:
            await self.client.connect(reconnect=True)
        except discord.ConnectionClosed as error:
            if error.code == _TOKEN_CLOSED:
                raise refused() from error
            raise DiscordRefused(f"Discord closed the gateway for good ({error.code}).", NO_ANSWER) from error
        except discord.PrivilegedIntentsRequired as error:
            raise DiscordRefused("Discord refuses the intents Clout asks for.", BAD_TOKEN) from error
        except discord.HTTPException as error:
            raise (refused() if error.status == 401 else _away()) from error
        except (discord.GatewayNotFound, discord.RateLimited, aiohttp.ClientError, OSError) as error:
            raise _away() from error

    async def ready(self, seconds: float) -> None:
        """Wait until every server was announced; raises DiscordRefused."""
        waiting = asyncio.create_task(self.client.wait_until_ready())
        await asyncio.wait({waiting, self.ended}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        if self.ended.done():
            await self.ended

    async def over(self) -> None:
        """Wait until Discord ends it for good; raises DiscordRefused."""
        await asyncio.shield(self.ended)
        raise _away()

    async def healthy(self) -> bool:
        """Return whether the gateway answers: ready, and its heartbeat is less than a minute late."""
        return self.client.is_ready() and not self.client.is_closed() and 0 <= self.client.latency < 60.0

    async def close(self) -> None:
        """Leave the gateway."""
        await self.client.close()
        self.ended.cancel()
        await asyncio.gather(self.ended, return_exceptions=True)


def _away() -> DiscordRefused:
    return DiscordRefused("Discord's gateway cannot be reached. Check the network and try again.", NO_ANSWER)


__all__ = [
    "BAD_TOKEN",
    "NO_ANSWER",
    "Client",
    "Connection",
    "DiscordRefused",
    "aimed",
    "client_of",
    "connected",
    "discord_service",
    "logged_in",
    "refused",
    "sync",
]
