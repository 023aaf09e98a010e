"""Whose token a post is sent with: the one bot token, or that of each workspace's installation, turned over in time."""

from collections.abc import Callable

import structlog
from slack_sdk.errors import SlackTokenRotationError
from slack_sdk.oauth.installation_store.async_installation_store import AsyncInstallationStore
from slack_sdk.web.async_client import AsyncWebClient

from bots.slack_rotation import Rotator
from bots.slack_teams import ids_of
from core.store import Store

BY_HAND = "Whoever runs Clout has to install its Slack app again, under Install App, and set the new bot token."

log = structlog.get_logger("clout.slack")


class OneClient:
    """The client of the one workspace that a bot token belongs to; `gone` hears that the token is dead."""

    again = BY_HAND

    def __init__(self, client: AsyncWebClient, team: str, gone: Callable[[], None] = lambda: None) -> None:
        self._client = client
        self._team = team
        self._gone = gone

    async def of(self, team: str) -> AsyncWebClient | None:
        """See bots.slack_messenger.Clients."""
        return self._client if team == self._team else None

    async def dismissed(self, team: str) -> None:
        """See bots.slack_messenger.Clients."""
        log.error("Slack says that the bot token is dead", team=team)
        self._gone()


class InstalledClients:
    """Clients by the stored installation of a workspace or of its organisation; `make` makes one of a token."""

    def __init__(
        self,
        installs: AsyncInstallationStore,
        rotator: Rotator,
        make: Callable[[str, str], AsyncWebClient],
        store: Store,
        *,
        address: str,
    ) -> None:
        self._installs = installs
        self._rotator = rotator
        self._make = make
        self._store = store
        self.again = f"Whoever looks after Slack apps there can install it again: {address}"

    async def of(self, team: str) -> AsyncWebClient | None:
        """See bots.slack_messenger.Clients; raises StoreError."""
        enterprise, workspace = ids_of(team)
        bot = await self._installs.async_find_bot(enterprise_id=enterprise, team_id=workspace)
        if bot is None and enterprise is not None:
            bot = await self._installs.async_find_bot(
                enterprise_id=enterprise, team_id=None, is_enterprise_install=True
            )
        if bot is None:
            return None
        try:
            bot = await self._rotator.perform_bot_token_rotation(bot=bot) or bot
        except SlackTokenRotationError:
            log.error("a bot token ended and could not be turned over", team=team)  # noqa: TRY400
            return None
        return self._make(bot.bot_token, workspace)

    async def dismissed(self, team: str) -> None:
        """See bots.slack_messenger.Clients: the installation is forgotten, its data go in 30 days."""
        enterprise, workspace = ids_of(team)
        await self._installs.async_delete_all(enterprise_id=enterprise, team_id=workspace)
        await self._store.team_left(team)
