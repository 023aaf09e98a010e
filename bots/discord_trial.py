"""Tries Discord's token as `clout init discord` and `clout doctor` do, and says how a server gets Clout."""

import re
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlencode

import aiohttp
import discord
from pydantic import SecretStr

from bots.discord_bot import DiscordFront
from bots.discord_client import DiscordRefused, aimed, client_of, logged_in, sync
from bots.init import write_env
from bots.slack_trial import Finding
from core.app import build
from core.errors import SettingsError
from core.settings import DiscordSettings, Settings

TOKEN = "CLOUT_DISCORD__TOKEN"  # the name of a setting
PERMISSIONS = discord.Permissions(
    view_channel=True,
    send_messages=True,
    send_messages_in_threads=True,
    create_public_threads=True,
    attach_files=True,
    embed_links=True,
)
"""What posting cards, digests and alerts needs; lookups need none."""

_SHAPE = re.compile(r"[A-Za-z0-9_-]{18,}\.[A-Za-z0-9_-]{4,}\.[A-Za-z0-9_-]{20,}")
_MEND = "Copy the token from the Bot page of the application, or reset it there, into CLOUT_DISCORD__TOKEN."
_AWAY = "Check the network, and a proxy's settings (HTTPS_PROXY), then try again."


def install_link(application: int) -> str:
    """Return the address at which somebody who manages a server adds Clout to it."""
    query = urlencode(
        {"client_id": application, "scope": "bot applications.commands", "permissions": PERMISSIONS.value}
    )
    return f"https://discord.com/oauth2/authorize?{query}"


async def try_discord(settings: DiscordSettings) -> tuple[list[Finding], int | None]:
    """Ask Discord about the token, if one is set; return findings, none of which shows it, and the application's id."""
    if settings.token is None:
        return [], None
    with aimed(settings):
        client = discord.Client(intents=discord.Intents(guilds=True))  # without it the library warns
        try:
            await client.login(settings.token.get_secret_value())
            return [Finding(True, f"Discord takes the bot token: {client.user}")], client.application_id
        except discord.LoginFailure:
            return [Finding(False, "Discord does not take the bot token", _MEND)], None
        except (discord.HTTPException, aiohttp.ClientError, TimeoutError, OSError):
            return [Finding(False, "Discord cannot be reached", _AWAY)], None
        finally:
            await client.close()


async def examined(settings: DiscordSettings) -> list[Finding]:
    """Return what `clout doctor` says of Discord."""
    found, application = await try_discord(settings)
    if not found:
        return [Finding(True, "Discord is not set up", "`clout init discord` does it, if you want it.")]
    return found + ([Finding(True, f"add it to a server: {install_link(application)}")] if application else [])


def token(typed: str) -> str:
    """Return a token as it was meant; raises SettingsError for what is none, without showing it."""
    given = typed.strip().strip("'\"").strip().removeprefix("Bot ").strip()
    if not _SHAPE.fullmatch(given):
        raise SettingsError(f"{TOKEN} is three parts with dots between, without spaces. Nothing was written.")
    return given


async def init_discord(settings: Settings, ask: Callable[[str], str], say: Callable[[str], object], file: Path) -> bool:
    """Ask, try, write, and say how a server gets Clout; False, with nothing written, when the token is not taken."""
    given = token(ask("Bot token (from the Bot page of your application)"))
    tried = settings.discord.model_copy(update={"token": SecretStr(given)})
    findings, application = await try_discord(tried)
    for finding in findings:
        say(str(finding))
    if application is None:
        say("Nothing was written.")
        return False
    write_env(file, {TOKEN: given})
    say(f"Written to {file}, which only you can read: {TOKEN}.")
    say(f"Application {application}. Add it to a server:\n  {install_link(application)}")
    say("Then start with: clout run discord")
    return True


async def sync_commands(settings: Settings, say: Callable[[str], object]) -> bool:
    """Tell Discord the commands again; raises CloutError."""
    async with build(settings) as app:
        with aimed(settings.discord):
            client = client_of(DiscordFront(app, reference=lambda: "-"), settings.discord)
            try:
                await logged_in(client, settings.discord)
                done = await sync(app, client, force=True)
            except DiscordRefused as error:
                say(error.message)
                return False
            finally:
                await client.close()
    say("Discord has the commands." if done else "Discord did not take the commands; the log says why.")
    return done
