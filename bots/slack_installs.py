"""Where Slack's libraries keep installations and installs under way: in our database, with every token encrypted."""

import json
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from logging import Logger, getLogger
from secrets import token_urlsafe
from typing import Any

from slack_sdk.oauth.installation_store.async_installation_store import AsyncInstallationStore
from slack_sdk.oauth.installation_store.models.bot import Bot
from slack_sdk.oauth.installation_store.models.installation import Installation
from slack_sdk.oauth.state_store.async_state_store import AsyncOAuthStateStore

from core import installs
from core.database import Database
from core.errors import StoreError
from core.models import Clock
from core.tables import to_ms
from core.vault import Vault

STATE_LIFE = timedelta(minutes=10)  # from the install link to Slack's answer

log = getLogger(__name__)


class SlackInstalls(AsyncInstallationStore):
    """One installation a workspace: a new one replaces the tokens, an uninstall deletes them.

    `installed` hears the organisation and the workspace of each install.
    """

    def __init__(self, database: Database, vault: Vault, clock: Clock, client_id: str) -> None:
        self._db = database
        self._vault = vault
        self._clock = clock
        self._client_id = client_id
        self.installed: Callable[[str | None, str | None], Awaitable[object]] = _nobody

    @property
    def logger(self) -> Logger:
        """Return where Slack's library logs to."""
        return log

    async def async_save(self, installation: Installation) -> None:
        """Keep an installation in place of the one before."""
        place = self._place(
            installation.enterprise_id, None if installation.is_enterprise_install else installation.team_id
        )
        sealed = self._vault.lock(json.dumps(_plain(installation.to_dict())))
        await self._db.write(installs.keep, place, to_ms(self._clock.now()), sealed)
        await self.installed(place[1] or None, place[2] or None)

    async def async_save_bot(self, bot: Bot) -> None:
        """Keep the tokens that Slack turned over; one uninstalled meanwhile stays gone."""
        turned = {name: value for name, value in _plain(bot.to_dict()).items() if name.startswith("bot_")}

        def renewed(sealed: str) -> str:
            return self._vault.lock(json.dumps(json.loads(self._vault.unlock(sealed)) | turned))

        place = self._place(bot.enterprise_id, None if bot.is_enterprise_install else bot.team_id)
        await self._db.write(installs.change, place, renewed)

    async def async_find_bot(
        self, *, enterprise_id: str | None, team_id: str | None, is_enterprise_install: bool | None = False
    ) -> Bot | None:
        """Return the bot of a workspace or organisation, None where Clout is not installed."""
        found = await self.async_find_installation(
            enterprise_id=enterprise_id, team_id=team_id, is_enterprise_install=is_enterprise_install
        )
        return None if found is None or not found.bot_token else found.to_bot()

    async def async_find_installation(
        self,
        *,
        enterprise_id: str | None,
        team_id: str | None,
        user_id: str | None = None,
        is_enterprise_install: bool | None = False,
    ) -> Installation | None:
        """Return the installation of a workspace or organisation, with `user_id` only if that person made it."""
        place = self._place(enterprise_id, None if is_enterprise_install else team_id)
        opened = self._opened(await self._db.read(installs.found, place))
        if opened is None or user_id not in (None, opened["user_id"]):
            return None
        return Installation(**opened)

    async def async_delete_bot(self, *, enterprise_id: str | None, team_id: str | None) -> None:
        """Delete an installation whose bot token was revoked."""
        await self._db.write(installs.remove, self._place(enterprise_id, team_id))

    async def async_delete_installation(
        self, *, enterprise_id: str | None, team_id: str | None, user_id: str | None = None
    ) -> None:
        """Delete an installation; with `user_id` only that person's own token went, and Clout asks for none."""
        if user_id is None:
            await self.async_delete_bot(enterprise_id=enterprise_id, team_id=team_id)

    async def async_delete_all(self, *, enterprise_id: str | None, team_id: str | None) -> None:
        """Delete everything of a workspace or organisation after an uninstall."""
        await self.async_delete_bot(enterprise_id=enterprise_id, team_id=team_id)

    def _place(self, enterprise_id: str | None, team_id: str | None) -> installs.Place:
        return self._client_id, enterprise_id or "", team_id or ""

    def _opened(self, sealed: str | None) -> dict[str, Any] | None:
        """Return what was stored; without its key it counts as not installed, which an install mends."""
        if sealed is None:
            return None
        try:
            opened: dict[str, Any] = json.loads(self._vault.unlock(sealed))
        except StoreError as error:
            log.error("%s Put the key back, or add Clout to the workspace again.", error.message)  # noqa: TRY400
            return None
        return opened


async def _nobody(enterprise: str | None, workspace: str | None) -> None:
    """Tell nobody of an install."""


class SlackStates(AsyncOAuthStateStore):
    """Installs under way: each state is good once and for ten minutes."""

    def __init__(self, database: Database, clock: Clock, life: timedelta = STATE_LIFE) -> None:
        self._db = database
        self._clock = clock
        self._life = life

    @property
    def logger(self) -> Logger:
        """Return where Slack's library logs to."""
        return log

    async def async_issue(self, *args: object, **kwargs: object) -> str:
        """Return a new state."""
        state, now = token_urlsafe(32), self._clock.now()
        await self._db.write(installs.begin, state, to_ms(now), to_ms(now + self._life))
        return state

    async def async_consume(self, state: str) -> bool:
        """Return whether a state is ours, unused and in time; it is used up by asking."""
        return await self._db.write(installs.finish, state, to_ms(self._clock.now()))


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    """Return values as JSON takes them and `Installation` takes them back: moments as ISO text."""
    return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in values.items()}
