"""`clout run slack` in Socket Mode: one workspace, two tokens, no public address."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from aiohttp import ClientError
from pydantic import SecretStr
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bots.running import STOP_SECONDS
from bots.slack_answer import Charts
from bots.slack_app import SlackFront
from bots.slack_clients import OneClient, left
from bots.slack_life import SlackLife, came_back
from bots.slack_messenger import SlackMessenger
from bots.slack_teams import team_id
from core.app import App
from core.channels import ChannelNews
from core.errors import CloutError, SettingsError
from core.settings import SlackSettings

OK, BAD_TOKEN, NO_ANSWER = 0, 78, 4
_TOKEN_ERRORS = frozenset(
    "invalid_auth not_authed account_inactive token_revoked token_expired not_allowed_token_type missing_scope".split()
)


class SlackRefused(CloutError):
    """Slack does not take a token, or cannot be reached; `exit_code` is what the shell is told."""

    def __init__(self, message: str, exit_code: int) -> None:
        super().__init__(message)
        self.exit_code = exit_code


def web_client(settings: SlackSettings, token: str | None = None, workspace: str | None = None) -> AsyncWebClient:
    """Return a client for Slack or the pretend one on this machine; it sends nothing twice."""
    # slack_sdk's own second try after a connection that broke would post a message twice
    address = settings.api_url or AsyncWebClient.BASE_URL
    return AsyncWebClient(token=token, base_url=address, team_id=workspace, retry_handlers=[])


@dataclass(frozen=True, slots=True)
class Attached:
    """A Bolt app that has our listeners, and what else belongs to it."""

    bolt: AsyncApp
    life: SlackLife
    messenger: SlackMessenger

    async def stop(self, front: SlackFront) -> None:
        """Wait for what people still are to be answered, and for what Slack told."""
        await asyncio.gather(front.stop(STOP_SECONDS), self.life.stop(STOP_SECONDS))


def nobody(messenger: SlackMessenger) -> None:
    """Take no messenger: where nothing is posted by itself."""


async def one_workspace(
    app: App, front: SlackFront, *, gone: Callable[[], None] = lambda: None, news: ChannelNews | None = None
) -> Attached:
    """Return the front before the workspace of the bot token; raises SlackRefused.

    `gone` is called when the workspace throws the app out, `news` hears of channels.
    """
    settings = app.settings.slack
    known = await _known(settings)
    bolt = _bolt_of(settings, known)
    front.attach(bolt)
    client = web_client(settings, _needed(settings.bot_token, "BOT_TOKEN"))

    async def ended(team: str) -> None:
        try:
            await left(app.store, team)
        finally:
            gone()

    clients = OneClient(client, team_id(known.enterprise_id, known.team_id), ended)
    life = SlackLife(clients, app.clock, news=news)
    life.attach(bolt)
    await came_back(app, known.enterprise_id, known.team_id)
    return Attached(bolt, life, SlackMessenger(clients, Charts(app.draw), app.clock))


async def _known(settings: SlackSettings) -> AuthorizeResult:
    """Return whose bot token it is. Bolt would ask while the first command waits for its acknowledgement."""
    token = _needed(settings.bot_token, "BOT_TOKEN")
    with _told("CLOUT_SLACK__BOT_TOKEN"):
        answer = await web_client(settings).auth_test(token=token)
    return AuthorizeResult.from_auth_test_response(bot_token=token, auth_test_response=answer)


def _bolt_of(settings: SlackSettings, known: AuthorizeResult) -> AsyncApp:
    async def authorize() -> AuthorizeResult:
        return known

    secret = settings.signing_secret.get_secret_value() if settings.signing_secret is not None else None
    return AsyncApp(name="clout", client=web_client(settings), authorize=authorize, signing_secret=secret)


@asynccontextmanager
async def connected(
    app: App,
    front: SlackFront,
    *,
    ping: float = 10,
    gone: Callable[[], None] = lambda: None,
    news: ChannelNews | None = None,
    hand: Callable[[SlackMessenger], None] = nobody,
    attached: Attached | None = None,
) -> AsyncIterator[AsyncSocketModeHandler]:
    """Hold Socket Mode open while the body runs, then wait for what people still are to be answered.

    `gone` and `news` as in `one_workspace`; `hand` is given what posts by itself. `attached` is an app that is made
    already, such as one for many workspaces. Raises SlackRefused.
    """
    token = _needed(app.settings.slack.app_token, "APP_TOKEN")
    made = attached or await one_workspace(app, front, gone=gone, news=news)
    handler = AsyncSocketModeHandler(made.bolt, token, ping_interval=ping)
    try:
        with _told("CLOUT_SLACK__APP_TOKEN"):
            # asked here, for the library prints a refusal as an error of its own
            opened = await made.bolt.client.apps_connections_open(app_token=token)
        handler.client.wss_uri = str(opened["url"])
        await handler.connect_async()  # type: ignore[no-untyped-call]
        hand(made.messenger)
        yield handler
    finally:
        await made.stop(front)
        await handler.close_async()  # type: ignore[no-untyped-call]


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
