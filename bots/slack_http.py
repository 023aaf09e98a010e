"""`clout run slack` with a web server: Slack calls us over HTTP, and many workspaces may install Clout by OAuth.

Without a signing secret Socket Mode stays, with health and metrics beside it.
"""

import asyncio
import logging
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from secrets import token_hex

from pydantic import SecretStr
from slack_bolt.async_app import AsyncApp
from slack_bolt.authorization.async_authorize import AsyncInstallationStoreAuthorize
from slack_bolt.oauth.async_oauth_flow import AsyncOAuthFlow
from slack_bolt.oauth.async_oauth_settings import AsyncOAuthSettings

from bots.meters import MeteredLookups, Meters
from bots.slack_app import STOP_SECONDS, SlackFront
from bots.slack_installs import STATE_LIFE, SlackInstalls, SlackStates
from bots.slack_scopes import SCOPES
from bots.slack_socket import BAD_TOKEN, OK, SlackRefused, bolt_app, connected, on_removal, on_signals, web_client
from bots.web import INSTALL_PATH, REDIRECT_PATH, Health, database_check, serving, web_app
from core.app import App, build
from core.errors import SettingsError
from core.settings import Settings
from core.vault import Vault

NOT_INSTALLED = "Clout is not installed in this workspace any more. Ask whoever runs it for the install link."

log = logging.getLogger(__name__)


def installs_by_oauth(settings: Settings) -> bool:
    """Return whether workspaces install Clout themselves: a client id and its secret are set."""
    return settings.slack.client_id is not None and settings.slack.client_secret is not None


def check(settings: Settings) -> None:
    """Raise SettingsError naming what an install by OAuth still needs."""
    needed = {
        "CLOUT_SLACK__SIGNING_SECRET": settings.slack.signing_secret,
        "CLOUT_PUBLIC_URL": settings.public_url,
        "CLOUT_SECRET_KEYS": settings.secret_keys,
    }
    if missing := [name for name, value in needed.items() if value is None]:
        raise SettingsError(f"Installs by OAuth need {' and '.join(missing)} too.")


def oauth_app(app: App) -> AsyncApp:
    """Return a Bolt app that any workspace can install; raises SettingsError."""
    settings, slack = app.settings, app.settings.slack
    check(settings)
    client_id, secret = slack.client_id or "", _shown(slack.client_secret)
    client = web_client(slack)
    vault = Vault.of(_shown(settings.secret_keys))
    store = SlackInstalls(app.store.database, vault, app.clock, client_id)
    # Bolt's own would ask Slack who we are before each acknowledgement
    authorize = AsyncInstallationStoreAuthorize(
        logger=log,
        installation_store=store,
        client_id=client_id,
        client_secret=secret,
        client=client,
        bot_only=True,
        cache_enabled=True,
    )
    store.retired = lambda token: authorize.authorize_result_cache.pop(token, None)
    oauth = AsyncOAuthSettings(
        client_id=client_id,
        client_secret=secret,
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
    bolt = AsyncApp(
        client=client,
        signing_secret=_shown(slack.signing_secret),
        authorize=authorize,  # type: ignore[arg-type]  # an instance is taken, its hint is old
        oauth_flow=AsyncOAuthFlow(client=client, settings=oauth),
        user_facing_authorize_error_message=NOT_INSTALLED,
    )
    bolt.enable_token_revocation_listeners()
    return bolt


def _shown(secret: SecretStr | None) -> str:
    return secret.get_secret_value() if secret is not None else ""


async def _one_workspace(settings: Settings, gone: Callable[[], None]) -> AsyncApp:
    bolt = await bolt_app(settings.slack)
    on_removal(bolt, gone)
    return bolt


@asynccontextmanager
async def listening(
    app: App, front: SlackFront, meters: Meters, gone: Callable[[], None] = lambda: None
) -> AsyncIterator[int]:
    """Serve Slack and the web while the body runs, and yield the port; raises SettingsError and SlackRefused.

    `gone` is called when the one workspace of a bot token throws the app out.
    """
    settings, checks = app.settings, {"database": database_check(app.store)}
    port = settings.port or 0
    if settings.slack.signing_secret is not None:
        bolt = oauth_app(app) if installs_by_oauth(settings) else await _one_workspace(settings, gone)
        front.attach(bolt)
        health = Health(checks)
        async with serving(web_app(health, meters, bolt), health, settings.host, port) as found:
            try:
                yield found
            finally:
                health.stopping = True
                await front.stop(STOP_SECONDS)
        return
    async with connected(app, front, gone=gone) as handler:

        async def socket() -> bool:
            return bool(await handler.client.is_connected())

        health = Health(checks | {"slack": socket})
        async with serving(web_app(health, meters), health, settings.host, port) as found:
            try:
                yield found
            finally:
                health.stopping = True


async def serve(settings: Settings, *, until: Callable[[], asyncio.Event] | None = None) -> int:
    """Answer Slack and the web until a signal asks to stop, and return the exit code."""
    stop, removed = (until or on_signals)(), asyncio.Event()

    def gone() -> None:
        removed.set()
        stop.set()

    async with build(settings) as built:
        meters = Meters()
        app = replace(built, lookups=MeteredLookups.over(built.lookups, meters))
        front = SlackFront(app, reference=lambda: token_hex(2))
        try:
            async with listening(app, front, meters, gone) as port:
                sys.stderr.write(f"Clout answers /influence in Slack; port {port}. Ctrl-C stops it.\n")
                warming = asyncio.create_task(app.warm())
                await stop.wait()
                await warming
        except SlackRefused as error:
            sys.stderr.write(f"{error.message}\n")
            return error.exit_code
    return BAD_TOKEN if removed.is_set() else OK
