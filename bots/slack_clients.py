"""Whose token a request or a post goes by: the one bot token, or that of each workspace's installation."""

from collections.abc import Awaitable, Callable

import structlog
from aiohttp import ClientError
from slack_sdk.errors import SlackApiError, SlackTokenRotationError
from slack_sdk.oauth.installation_store.async_installation_store import AsyncInstallationStore
from slack_sdk.oauth.installation_store.models.bot import Bot
from slack_sdk.web.async_client import AsyncWebClient

from bots.slack_rotation import Rotator
from bots.slack_teams import ids_of
from core.store import Store

BY_HAND = "Whoever runs Clout has to install its Slack app again, under Install App, and set the new bot token."

log = structlog.get_logger("clout.slack")


class OneClient:
    """The client of the one workspace that a bot token belongs to; `gone` hears the team whose token is dead."""

    again = BY_HAND

    def __init__(self, client: AsyncWebClient, team: str, gone: Callable[[str], Awaitable[object]]) -> None:
        self._client = client
        self._team = team
        self._gone = gone

    async def of(self, team: str) -> AsyncWebClient | None:
        """See bots.slack_messenger.Clients."""
        return self._client if team == self._team else None

    async def dismissed(self, team: str) -> None:
        """See bots.slack_messenger.Clients."""
        if not await _taken(self._client):
            await self._gone(team)


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

    async def bot(self, enterprise: str | None, workspace: str | None) -> Bot | None:
        """Return the bot of a workspace, or of its organisation, with a token that is good; None where there is none.

        Raises StoreError, and NotTurnedYet where Slack could not say what the next token is.
        """
        found = await self._found(enterprise, workspace)
        if found is None and enterprise is not None:
            found = await self._found(enterprise, None)
        if found is None:
            return None
        try:
            return await self._rotator.perform_bot_token_rotation(bot=found) or found
        except SlackTokenRotationError:
            log.error("a bot token ended and could not be turned over", enterprise=enterprise, workspace=workspace)  # noqa: TRY400
            return None

    async def of(self, team: str) -> AsyncWebClient | None:
        """See bots.slack_messenger.Clients; raises StoreError and NotTurnedYet."""
        enterprise, workspace = ids_of(team)
        bot = await self.bot(enterprise, workspace)
        return None if bot is None else self._make(bot.bot_token, workspace)

    async def dismissed(self, team: str) -> None:
        """See bots.slack_messenger.Clients: the installation is forgotten, its data go in 30 days."""
        enterprise, workspace = ids_of(team)
        found = await self._found(enterprise, workspace or None)
        if found is not None and await _taken(self._make(found.bot_token, workspace)):
            return
        await self._installs.async_delete_all(enterprise_id=enterprise, team_id=workspace)
        # an organisation that throws Clout out does so for all of its workspaces, but for those with their own install
        for one in [team] if workspace else await self._store.teams(team):
            if not await self._serves(one):
                await left(self._store, one)

    async def _serves(self, team: str) -> bool:
        """Return whether an installation is left that a workspace is answered with."""
        enterprise, workspace = ids_of(team)
        if await self._found(enterprise, workspace) is not None:
            return True
        return enterprise is not None and await self._found(enterprise, None) is not None

    async def _found(self, enterprise: str | None, workspace: str | None) -> Bot | None:
        return await self._installs.async_find_bot(
            enterprise_id=enterprise, team_id=workspace, is_enterprise_install=workspace is None
        )


async def left(store: Store, team: str) -> None:
    """Note that a workspace wants Clout no more; raises StoreError."""
    await store.team_left(team)
    log.warning("a workspace removed Clout or revoked its token; its data go in 30 days", team=team)


async def _taken(client: AsyncWebClient) -> bool:
    """Return whether Slack takes a token: what tells of its end may be late, and Clout installed again since."""
    try:
        await client.auth_test()
    except (SlackApiError, ClientError, TimeoutError, OSError):
        return False
    log.info("the end of a token was told that Slack still takes")
    return True
