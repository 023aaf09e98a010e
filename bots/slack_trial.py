"""Tries Slack's tokens as `clout init slack` and `clout doctor` do: each finding with its mend."""

import asyncio
from dataclasses import dataclass

import aiohttp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bots.slack_scopes import NEEDED, SCOPES
from bots.slack_socket import web_client
from core.settings import SlackSettings

SECONDS = 10  # for each question to Slack
_AWAY = "Check the network, and a proxy's settings (HTTPS_PROXY), then try again."
_BOT = "Install the app, then copy the bot token (xoxb-...) from OAuth & Permissions into CLOUT_SLACK__BOT_TOKEN."
_APP = (
    "Make an app-level token (xapp-...) with connections:write under Basic Information, switch Socket Mode on, "
    "and put the token into CLOUT_SLACK__APP_TOKEN."
)


@dataclass(frozen=True, slots=True)
class Finding:
    """What was tried and how it went; `mend` says what to do where something is wrong."""

    good: bool
    what: str
    mend: str = ""

    def __str__(self) -> str:
        return f"{'ok  ' if self.good else 'BAD '} {self.what}" + (f"\n     {self.mend}" if self.mend else "")


async def try_slack(settings: SlackSettings) -> list[Finding]:
    """Ask Slack about each token that is set; no token stands in any finding."""
    client, found = web_client(settings), []
    client.timeout = SECONDS
    if settings.bot_token is not None:
        found += await _bot(client, settings.bot_token.get_secret_value())
    if settings.app_token is not None:
        found.append(await _socket(client, settings.app_token.get_secret_value()))
    return found


async def _bot(client: AsyncWebClient, token: str) -> list[Finding]:
    try:
        known = await client.auth_test(token=token)
    except SlackApiError as error:
        return [Finding(False, f"Slack does not take the bot token: {error.response.get('error')}", _BOT)]
    except (aiohttp.ClientError, TimeoutError, OSError):
        return [Finding(False, "Slack cannot be reached", _AWAY)]
    given = {name.lower(): value for name, value in known.headers.items()}.get("x-oauth-scopes", "")
    scopes = {scope.strip() for scope in str(given).split(",")}
    return [Finding(True, f"Slack takes the bot token: workspace {known.get('team')}"), _scoped(scopes)]


def _scoped(scopes: set[str]) -> Finding:
    missing = [scope for scope in SCOPES if scope not in scopes]
    if not missing:
        return Finding(True, "the bot has every scope it asks for")
    mend = "Add them under OAuth & Permissions (or paste slack_manifest.yaml again), then install the app again."
    needed = any(scope in NEEDED for scope in missing)
    lacks = "scopes" if needed else "scopes of some features"
    return Finding(not needed, f"the bot lacks {lacks}: {', '.join(missing)}", mend)


async def _socket(client: AsyncWebClient, token: str) -> Finding:
    try:
        opened = await client.apps_connections_open(app_token=token)
        async with (
            asyncio.timeout(SECONDS),
            aiohttp.ClientSession(trust_env=True) as session,
            session.ws_connect(str(opened["url"])),
        ):
            pass  # closed at once: while it is open Slack may hand it what people type
    except SlackApiError as error:
        return Finding(False, f"Slack does not open a socket: {error.response.get('error')}", _APP)
    except (aiohttp.ClientError, TimeoutError, OSError):
        return Finding(False, "Slack's socket cannot be reached", f"WebSockets (wss) must get out. {_AWAY}")
    return Finding(True, "Slack opens a socket with the app token")
