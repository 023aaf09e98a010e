"""Slack for many workspaces, which install Clout by OAuth and call us over HTTP or over one socket."""

import logging

from pydantic import SecretStr
from slack_bolt.async_app import AsyncApp
from slack_bolt.authorization.async_authorize import AsyncInstallationStoreAuthorize
from slack_bolt.oauth.async_oauth_flow import AsyncOAuthFlow
from slack_bolt.oauth.async_oauth_settings import AsyncOAuthSettings

from bots.slack_answer import Charts
from bots.slack_app import SlackFront
from bots.slack_clients import InstalledClients
from bots.slack_installs import STATE_LIFE, SlackInstalls, SlackStates
from bots.slack_life import SlackLife, came_back
from bots.slack_messenger import SlackMessenger
from bots.slack_rotation import Rotator
from bots.slack_scopes import INSTALL_PATH, REDIRECT_PATH, SCOPES, check, install_address
from bots.slack_socket import Attached, web_client
from core.app import App
from core.channels import ChannelNews
from core.vault import Vault

NOT_INSTALLED = "Clout is not installed in this workspace any more. Ask whoever runs it for the install link."

log = logging.getLogger(__name__)


def many_workspaces(app: App, front: SlackFront, *, news: ChannelNews | None = None) -> Attached:
    """Return the front before every workspace that installs Clout; `news` hears of channels. Raises SettingsError."""
    check(app.settings)
    slack = app.settings.slack
    store = _installs(app)
    rotator = Rotator(
        store, web_client(slack), client_id=slack.client_id or "", client_secret=_shown(slack.client_secret)
    )
    bolt = _bolt(app, store, rotator)
    front.attach(bolt)
    life = SlackLife(app, news=news, store=store)
    life.attach(bolt)
    clients = InstalledClients(
        store,
        rotator,
        lambda token, workspace: web_client(slack, token, workspace),
        app.store,
        address=install_address(app.settings),
    )
    return Attached(bolt, life, SlackMessenger(clients, Charts(app.draw), app.clock))


def _installs(app: App) -> SlackInstalls:
    vault = Vault.of(_shown(app.settings.secret_keys))
    store = SlackInstalls(app.store.database, vault, app.clock, app.settings.slack.client_id or "")

    async def installed(enterprise: str | None, workspace: str | None) -> None:
        await came_back(app, enterprise, workspace)

    store.installed = installed
    return store


def _bolt(app: App, store: SlackInstalls, rotator: Rotator) -> AsyncApp:
    """Return a Bolt app that any workspace can install."""
    slack = app.settings.slack
    client = web_client(slack)
    # Bolt's own would ask Slack who we are before each acknowledgement
    authorize = AsyncInstallationStoreAuthorize(
        logger=log, installation_store=store, client=client, bot_only=True, cache_enabled=True
    )
    authorize.token_rotator = rotator
    store.retired = lambda token: authorize.authorize_result_cache.pop(token, None)
    return AsyncApp(
        name="clout",  # else it looks through the whole stack for one
        client=client,
        signing_secret=_shown(slack.signing_secret),
        authorize=authorize,  # type: ignore[arg-type]  # an instance is taken, its hint is old
        oauth_flow=AsyncOAuthFlow(client=client, settings=_oauth(app, store)),
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
