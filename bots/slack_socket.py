"""`clout run slack` in Socket Mode: one workspace, two tokens, no public address."""

import asyncio
import contextlib
import signal
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from secrets import token_hex
from typing import Any

from aiohttp import ClientError
from pydantic import SecretStr
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bots.slack_app import STOP_SECONDS, SlackFront
from core.app import App, build
from core.errors import CloutError, SettingsError
from core.settings import Settings, SlackSettings

OK, BAD_TOKEN, NO_ANSWER = 0, 78, 4
_TOKEN_ERRORS = frozenset(
    "invalid_auth not_authed account_inactive token_revoked token_expired not_allowed_token_type missing_scope".split()
)


class SlackRefused(CloutError):
    """Slack does not take a token, or cannot be reached; `exit_code` is what the shell is told."""

    def __init__(self, message: str, exit_code: int) -> None:
        super().__init__(message)
        self.exit_code = exit_code


def web_client(settings: SlackSettings) -> AsyncWebClient:
    """Return a client without a token, for Slack or the pretend one on this machine."""
    return AsyncWebClient(base_url=settings.api_url) if settings.api_url else AsyncWebClient()


async def bolt_app(settings: SlackSettings) -> AsyncApp:
    """Return a Bolt app for the workspace of the bot token, which is tried once; raises SlackRefused.

    Bolt would try it while the first command waits for its acknowledgement.
    """
    client = web_client(settings)
    token = _needed(settings.bot_token, "BOT_TOKEN")
    with _told("CLOUT_SLACK__BOT_TOKEN"):
        known = await client.auth_test(token=token)
    result = AuthorizeResult.from_auth_test_response(bot_token=token, auth_test_response=known)

    async def authorize() -> AuthorizeResult:
        return result

    secret = settings.signing_secret.get_secret_value() if settings.signing_secret is not None else None
    return AsyncApp(client=client, authorize=authorize, signing_secret=secret)


def on_removal(bolt: AsyncApp, gone: Callable[[], None]) -> None:
    """Call `gone` when the workspace removes the app or takes its bot token away."""

    async def uninstalled() -> None:
        gone()

    async def revoked(event: Mapping[str, Any]) -> None:
        if (event.get("tokens") or {}).get("bot"):
            gone()

    bolt.event("app_uninstalled")(uninstalled)
    bolt.event("tokens_revoked")(revoked)


@asynccontextmanager
async def connected(
    app: App, front: SlackFront, *, ping: float = 10, gone: Callable[[], None] = lambda: None
) -> AsyncIterator[AsyncSocketModeHandler]:
    """Hold Socket Mode open while the body runs, then wait for what people still are to be answered.

    `gone` is called when the workspace throws the app out. Raises SlackRefused.
    """
    settings = app.settings.slack
    token = _needed(settings.app_token, "APP_TOKEN")
    bolt = await bolt_app(settings)
    front.attach(bolt)
    on_removal(bolt, gone)
    handler = AsyncSocketModeHandler(bolt, token, ping_interval=ping)
    try:
        with _told("CLOUT_SLACK__APP_TOKEN"):
            # asked here, for the library prints a refusal as an error of its own
            opened = await bolt.client.apps_connections_open(app_token=token)
        handler.client.wss_uri = str(opened["url"])
        await handler.connect_async()  # type: ignore[no-untyped-call]
        yield handler
    finally:
        await front.stop(STOP_SECONDS)
        await handler.close_async()  # type: ignore[no-untyped-call]


async def serve(settings: Settings, *, until: Callable[[], asyncio.Event] | None = None) -> int:
    """Answer Slack until a signal asks to stop, and return the exit code; 78 for a token that Slack does not take."""
    needed = {"BOT_TOKEN": settings.slack.bot_token, "APP_TOKEN": settings.slack.app_token}
    if missing := [f"CLOUT_SLACK__{name}" for name, value in needed.items() if value is None]:
        raise SettingsError(f"Slack's Socket Mode needs {' and '.join(missing)}.")
    stop = until() if until is not None else on_signals()
    removed = asyncio.Event()

    def gone() -> None:
        removed.set()
        stop.set()

    async with build(settings) as app:
        front = SlackFront(app, reference=lambda: token_hex(2))
        try:
            async with connected(app, front, gone=gone):
                sys.stderr.write("Clout answers /influence in Slack. Ctrl-C stops it.\n")
                warming = asyncio.create_task(app.warm())
                await stop.wait()
                await warming
        except SlackRefused as error:
            sys.stderr.write(f"{error.message}\n")
            return error.exit_code
    if removed.is_set():
        sys.stderr.write("The workspace removed Clout or revoked its token. Install the app again for a new one.\n")
        return BAD_TOKEN
    return OK


def on_signals() -> asyncio.Event:
    """Return an event that SIGTERM or Ctrl-C sets; the second signal ends the process at once."""
    stop, loop = asyncio.Event(), asyncio.get_running_loop()

    def heard() -> None:
        for one in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(one)
        stop.set()

    for one in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(one, heard)
    return stop


def _needed(secret: SecretStr | None, name: str) -> str:
    if secret is None:
        raise SettingsError(f"CLOUT_SLACK__{name} is missing.")
    return secret.get_secret_value()


@contextlib.contextmanager
def _told(variable: str) -> Iterator[None]:
    """Turn Slack's refusal of a token into one clear line."""
    try:
        yield
    except SlackApiError as error:
        code = str(error.response.get("error"))
        if code in _TOKEN_ERRORS:
            raise SlackRefused(f"Slack does not take {variable}: {code}. {_mend(variable)}", BAD_TOKEN) from error
        raise SlackRefused(f"Slack did not let Clout in: {code}. Try again later.", NO_ANSWER) from error
    except (ClientError, TimeoutError, OSError) as error:
        raise SlackRefused("Slack cannot be reached. Check the network and try again.", NO_ANSWER) from error


def _mend(variable: str) -> str:
    if variable.endswith("APP_TOKEN"):
        return "Make an app-level token (xapp-...) with connections:write under Basic Information."
    return "Copy the bot token (xoxb-...) from OAuth & Permissions after installing the app."
