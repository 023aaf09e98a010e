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
PAUSE = 60  # seconds after a turn that failed, while the old token still does
_AWAY = LATER | UNSURE  # codes that say nothing of the token
_NOT_RENEWED = "Slack did not renew Clout's token for this workspace."
_ALWAYS = 10**9  # minutes: the library is asked only once we know that it is due

_Place = tuple[str | None, str | None, bool]

log = structlog.get_logger("clout.slack")


class NotTurnedYet(CloutError):
    """A token has ended, and Slack could not be asked for the next one."""


class Rotator(AsyncTokenRotator):
    """Turns bot tokens over for Bolt's authorisation and for posts, and stores what came.

    Slack's library would spend a refresh token twice when two commands come at once, and would call a workspace not
    installed while the old token still works. Here a workspace has one turn at a time, which nobody waits for while
    the old token does, and which outlives whoever waits. `seconds` is the time since 1970, which the library stamps
    tokens by.
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
        self._turns: dict[_Place, asyncio.Task[Bot]] = {}
        self._failed: dict[_Place, float] = {}  # when
        self._unsaved: dict[str, Bot] = {}  # what could not be stored, by the token before, which Slack has spent

    async def perform_bot_token_rotation(
        self, *, bot: Bot, minutes_before_expiration: int = MINUTES_BEFORE
    ) -> Bot | None:
        """Return the bot with a new token, None where the old one still does: then a new one comes behind its back.

        Only a token that has ended is waited for. Raises StoreError, SlackTokenRotationError where there is no next
        token, and NotTurnedYet where nobody knows.
        """
        if not self._due(bot, minutes_before_expiration):
            return None
        place = (bot.enterprise_id, bot.team_id, bool(bot.is_enterprise_install))
        held = self._unsaved.get(bot.bot_token)
        if self._due(held or bot, 0):
            # the refresh token is spent once Slack was asked, so a caller that is cancelled leaves the turn to end
            return await asyncio.shield(self._turn(place, bot, minutes_before_expiration))
        if not self._rests(place):
            self._turn(place, bot, minutes_before_expiration)
        return held

    async def stop(self, seconds: float) -> None:
        """Wait for turns under way, for a token that came and is not stored is lost; cancel what is late."""
        turns = list(self._turns.values())
        if turns:
            _, late = await asyncio.wait(turns, timeout=seconds)
            for task in late:
                task.cancel()
            await asyncio.gather(*turns, return_exceptions=True)

    def _turn(self, place: _Place, bot: Bot, minutes: int) -> asyncio.Task[Bot]:
        """Return the turn of a workspace that is under way, or begin one."""
        if (under_way := self._turns.get(place)) is not None:
            return under_way
        task = self._turns[place] = asyncio.create_task(self._next(place, bot, minutes))

        def ended(task: asyncio.Task[Bot]) -> None:
            del self._turns[place]
            if not task.cancelled() and (error := task.exception()) is not None:
                self._failed[place] = self._seconds()
                log.warning("a bot token could not be turned over yet", error=type(error.__cause__ or error).__name__)

        task.add_done_callback(ended)
        return task

    async def _next(self, place: _Place, bot: Bot, minutes: int) -> Bot:
        stored = await self._stored(bot)
        if stored is not None and not self._due(stored, minutes):
            return stored  # another process was faster
        before = stored or bot
        held = self._unsaved.get(before.bot_token)
        return await (self._turned(place, before) if held is None else self._saved(place, before, held))

    async def _turned(self, place: _Place, bot: Bot) -> Bot:
        try:
            turned = await super().perform_bot_token_rotation(bot=bot, minutes_before_expiration=_ALWAYS)
        except (SlackTokenRotationError, ClientError, TimeoutError, OSError) as error:
            # another process may have spent the refresh token a moment ago
            stored = await self._stored(bot)
            if stored is not None and stored.bot_token != bot.bot_token:
                return stored
            if isinstance(error, SlackTokenRotationError) and code_of(error.api_error) not in _AWAY:
                raise
            raise NotTurnedYet(_NOT_RENEWED) from error
        if turned is None:  # Slack gave a token of another kind
            raise NotTurnedYet(_NOT_RENEWED)
        return await self._saved(place, bot, turned)

    async def _saved(self, place: _Place, before: Bot, turned: Bot) -> Bot:
        """Store what came; where that fails it is kept and used all the same, for the token before is spent."""
        try:
            await self._store.async_save_bot(turned)
        except StoreError as error:
            log.error("a new bot token could not be stored yet", error=error.message)  # noqa: TRY400
            self._unsaved[before.bot_token] = turned
            self._failed[place] = self._seconds()
        else:
            self._unsaved.pop(before.bot_token, None)
            self._failed.pop(place, None)
        return turned

    async def _stored(self, bot: Bot) -> Bot | None:
        return await self._store.async_find_bot(
            enterprise_id=bot.enterprise_id, team_id=bot.team_id, is_enterprise_install=bot.is_enterprise_install
        )

    def _due(self, bot: Bot, minutes: int) -> bool:
        return bot.bot_token_expires_at is not None and bot.bot_token_expires_at <= self._seconds() + minutes * 60

    def _rests(self, place: _Place) -> bool:
        failed = self._failed.get(place)
        return failed is not None and 0 <= self._seconds() - failed < PAUSE  # a clock may be set back
