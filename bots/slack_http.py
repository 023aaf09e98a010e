"""Slack for many workspaces, which install Clout by OAuth and call us over HTTP or over one socket."""

import asyncio
from collections import OrderedDict
from dataclasses import dataclass

import structlog
from aiohttp import ClientError
from pydantic import SecretStr
from slack_bolt.async_app import AsyncApp, AsyncBoltContext
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.authorization.async_authorize import AsyncAuthorize
from slack_bolt.oauth.async_oauth_flow import AsyncOAuthFlow
from slack_bolt.oauth.async_oauth_settings import AsyncOAuthSettings
from slack_sdk.oauth.installation_store.models.bot import Bot
from slack_sdk.oauth.installation_store.models.installation import Installation

from bots.running import STOP_SECONDS
from bots.slack_answer import Charts
from bots.slack_app import SlackFront
from bots.slack_clients import InstalledClients
from bots.slack_installs import STATE_LIFE, SlackInstalls, SlackStates
from bots.slack_life import SlackLife, came_back
from bots.slack_messenger import SlackMessenger
from bots.slack_rotation import NotTurnedYet, Rotator
from bots.slack_scopes import INSTALL_PATH, REDIRECT_PATH, SCOPES, check, install_address
from bots.slack_socket import Attached, web_client
from core.app import App
from core.cards_fronts import NOT_INSTALLED
from core.channels import ChannelNews
from core.errors import StoreError
from core.vault import Vault

_MOST = 10_000  # workspaces remembered
_PATIENCE = 1.0  # seconds until what is known of a workspace will do: Slack waits three for an acknowledgement

_Place = tuple[str | None, str | None]

log = structlog.get_logger("clout.slack")


@dataclass(frozen=True, slots=True)
class _Installed(Attached):
    """A Bolt app for many workspaces, and what it asks and renews while nobody waits."""

    admission: "Admission"
    rotator: Rotator

    async def stop(self, front: SlackFront) -> None:
        await asyncio.gather(Attached.stop(self, front), self.rotator.stop(STOP_SECONDS))
        await self.admission.stop()
        await self.rotator.stop(1)  # what the last answers and posts began


def many_workspaces(app: App, front: SlackFront, *, news: ChannelNews | None = None) -> Attached:
    """Return the front before every workspace that installs Clout; `news` hears of channels. Raises SettingsError."""
    check(app.settings)
    slack = app.settings.slack
    store = _installs(app)
    rotator = Rotator(
        store, web_client(slack), client_id=slack.client_id or "", client_secret=_shown(slack.client_secret)
    )
    clients = InstalledClients(
        store,
        rotator,
        lambda token, workspace: web_client(slack, token, workspace or None),
        app.store,
        address=install_address(app.settings),
    )
    admission = Admission(clients)
    bolt = _bolt(app, store, admission)
    front.attach(bolt)
    life = SlackLife(clients, app.clock, news=news)
    life.attach(bolt)
    messenger = SlackMessenger(clients, Charts(app.draw), app.clock)
    return _Installed(bolt, life, messenger, admission, rotator)


def _installs(app: App) -> SlackInstalls:
    vault = Vault.of(_shown(app.settings.secret_keys))
    store = SlackInstalls(app.store.database, vault, app.clock, app.settings.slack.client_id or "")

    async def installed(enterprise: str | None, workspace: str | None) -> None:
        await came_back(app, enterprise, workspace)

    store.installed = installed
    return store


class Admission(AsyncAuthorize):
    """Tells Bolt whose request it is, before each acknowledgement: the installation says so.

    Bolt's own asks Slack each time, and takes every fault of Slack's and of the database for an app that was removed.
    Here Slack is asked only for the next of a token that has ended. What is known of a workspace is good enough while
    the database or that token is away or late, by `patience` seconds.
    """

    def __init__(self, clients: InstalledClients, *, patience: float = _PATIENCE) -> None:
        self._clients = clients
        self._patience = patience
        self._known: OrderedDict[_Place, Bot] = OrderedDict()
        self._asked: dict[_Place, asyncio.Task[Bot | None]] = {}  # under way; those who come meanwhile share it

    async def __call__(
        self, *, context: AsyncBoltContext, enterprise_id: str | None, team_id: str | None, **more: str | None
    ) -> AuthorizeResult | None:
        """Return whose request it is, None where Clout is not installed; raises StoreError and NotTurnedYet."""
        place = (enterprise_id, None if context.is_enterprise_install else team_id)
        known = self._known.get(place)
        bot = await (self._clients.bot(*place) if known is None else self._soon(place, known))
        self._known.pop(place, None)
        if bot is None:
            return None
        self._known[place] = bot
        while len(self._known) > _MOST:
            self._known.popitem(last=False)
        return AuthorizeResult(
            enterprise_id=bot.enterprise_id,
            team_id=bot.team_id or team_id,
            team=bot.team_name,
            bot_id=bot.bot_id,
            bot_user_id=bot.bot_user_id,
            bot_token=bot.bot_token,
            bot_scopes=bot.bot_scopes,
        )

    async def stop(self) -> None:
        """Give up what is still asked of the database."""
        asked = list(self._asked.values())
        for task in asked:
            task.cancel()
        await asyncio.gather(*asked, return_exceptions=True)

    async def _soon(self, place: _Place, known: Bot) -> Bot | None:
        """Return the bot as it is stored, or as it is known where that fails or is late."""
        task = self._asked.get(place) or self._ask(place)
        await asyncio.wait({task}, timeout=self._patience)  # which leaves what is late to end
        if not task.done():
            return known
        try:
            return task.result()
        except (StoreError, NotTurnedYet):
            return known

    def _ask(self, place: _Place) -> asyncio.Task[Bot | None]:
        task = self._asked[place] = asyncio.create_task(self._clients.bot(*place))

        def ended(task: asyncio.Task[Bot | None]) -> None:
            del self._asked[place]
            if not task.cancelled():
                task.exception()  # or the loop complains where nobody waited to the end

        task.add_done_callback(ended)
        return task


class _Flow(AsyncOAuthFlow):
    """Installs by OAuth; Slack that cannot be reached is a page as well, as is a code that it does not take."""

    async def run_installation(self, code: str) -> Installation | None:
        try:
            return await super().run_installation(code)
        except (ClientError, TimeoutError, OSError) as error:
            log.warning("an install could not be finished", error=type(error).__name__)
            return None


def _bolt(app: App, store: SlackInstalls, admission: Admission) -> AsyncApp:
    """Return a Bolt app that any workspace can install."""
    slack = app.settings.slack
    client = web_client(slack)
    return AsyncApp(
        name="clout",  # else it looks through the whole stack for one
        client=client,
        signing_secret=_shown(slack.signing_secret),
        authorize=admission,  # type: ignore[arg-type]  # an instance is taken, its hint is old
        oauth_flow=_Flow(client=client, settings=_oauth(app, store)),
        user_facing_authorize_error_message=NOT_INSTALLED,
    )


def _oauth(app: App, store: SlackInstalls) -> AsyncOAuthSettings:
    settings, slack = app.settings, app.settings.slack
    return AsyncOAuthSettings(
        client_id=slack.client_id or "",
        client_secret=_shown(slack.client_secret),
        scopes=SCOPES,
        redirect_uri=(settings.public_url or "").rstrip("/") + REDIRECT_PATH,
        install_path=INSTALL_PATH,
        redirect_uri_path=REDIRECT_PATH,
        install_page_rendering_enabled=False,
        authorization_url=slack.authorize_url.rstrip("/") if slack.authorize_url else None,
        installation_store=store,
        installation_store_bot_only=True,
        state_store=SlackStates(app.store.database, app.clock),
        state_expiration_seconds=int(STATE_LIFE.total_seconds()),
    )


def _shown(secret: SecretStr | None) -> str:
    return secret.get_secret_value() if secret is not None else ""
