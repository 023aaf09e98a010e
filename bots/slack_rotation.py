"""Bot tokens that live twelve hours: turned over in good time, once, and never at the price of an answer."""

import asyncio
import time
from collections.abc import Callable

import structlog
from aiohttp import ClientError
from slack_sdk.errors import SlackTokenRotationError
from slack_sdk.oauth.installation_store.async_installation_store import AsyncInstallationStore
from slack_sdk.oauth.installation_store.models.bot import Bot
from slack_sdk.oauth.token_rotation.async_rotator import AsyncTokenRotator
from slack_sdk.web.async_client import AsyncWebClient

from bots.slack_codes import LATER, UNSURE, code_of
from core.errors import CloutError, StoreError

MINUTES_BEFORE = 120  # of its end a token is turned over, so that a fault of Slack's has time to pass
_AWAY = LATER | UNSURE  # codes that say nothing of the token
_ALWAYS = 10**9  # minutes: the library is asked only once we know that it is due

log = structlog.get_logger("clout.slack")


class NotTurnedYet(CloutError):
    """A token has ended, and Slack could not be asked for the next one."""


class Rotator(AsyncTokenRotator):
    """Turns bot tokens over for Bolt's authorisation and for posts, and stores what came.

    Slack's library would spend a refresh token twice when two commands come at once, and would call a workspace not
    installed while the old token still works. `seconds` is the time since 1970, which the library stamps tokens by.
    """

    def __init__(
        self,
        store: AsyncInstallationStore,
        client: AsyncWebClient,
        *,
        client_id: str,
        client_secret: str,
        seconds: Callable[[], float] = time.time,
    ) -> None:
        super().__init__(client_id=client_id, client_secret=client_secret, client=client)
        self._store = store
        self._seconds = seconds
        self._turn = asyncio.Lock()
        self._unsaved: dict[str, Bot] = {}  # what could not be stored, by the token before, which Slack has spent

    async def perform_bot_token_rotation(
        self, *, bot: Bot, minutes_before_expiration: int = MINUTES_BEFORE
    ) -> Bot | None:
        """Return the bot with a new token, None where the old one still does.

        Raises StoreError, SlackTokenRotationError where there is no next token, and NotTurnedYet where nobody knows.
        """
        if not self._due(bot, minutes_before_expiration):
            return None
        async with self._turn:
            stored = await self._stored(bot)
            if stored is not None and not self._due(stored, minutes_before_expiration):
                return stored  # somebody else was faster
            held = self._unsaved.get((stored or bot).bot_token)
            return await self._saved(stored or bot, held) if held is not None else await self._turned(stored or bot)

    async def _turned(self, bot: Bot) -> Bot | None:
        try:
            turned = await super().perform_bot_token_rotation(bot=bot, minutes_before_expiration=_ALWAYS)
        except (SlackTokenRotationError, ClientError, TimeoutError, OSError) as error:
            # another process may have spent the refresh token a moment ago
            stored = await self._stored(bot)
            if stored is not None and stored.bot_token != bot.bot_token:
                return stored
            if not self._due(bot, 0):
                log.warning("a bot token could not be turned over yet", error=type(error).__name__)
                return None
            if isinstance(error, SlackTokenRotationError) and code_of(error.api_error) not in _AWAY:
                raise
            raise NotTurnedYet("Slack did not renew Clout's token for this workspace.") from error
        return turned if turned is None else await self._saved(bot, turned)

    async def _saved(self, before: Bot, turned: Bot) -> Bot:
        """Store what came; where that fails it is kept and used all the same, for the token before is spent."""
        try:
            await self._store.async_save_bot(turned)
        except StoreError as error:
            log.error("a new bot token could not be stored yet", error=error.message)  # noqa: TRY400
            self._unsaved[before.bot_token] = turned
        else:
            self._unsaved.pop(before.bot_token, None)
        return turned

    async def _stored(self, bot: Bot) -> Bot | None:
        return await self._store.async_find_bot(
            enterprise_id=bot.enterprise_id, team_id=bot.team_id, is_enterprise_install=bot.is_enterprise_install
        )

    def _due(self, bot: Bot, minutes: int) -> bool:
        return bot.bot_token_expires_at is not None and bot.bot_token_expires_at <= self._seconds() + minutes * 60
