"""The life of a workspace in Slack: channels come and go, Clout is invited, removed, thrown out and brought back."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import structlog
from slack_bolt.async_app import AsyncApp, AsyncBoltContext

from bots.running import Running, Seen
from bots.slack_messenger import Clients
from bots.slack_teams import everyone_in, team_id, team_of
from core.app import App
from core.channels import ChannelNews
from core.errors import CloutError
from core.models import Clock

Body = Mapping[str, Any]
Told = Callable[[str, str], Awaitable[None]]

GONE = ("channel_deleted", "group_deleted")
LOST = ("channel_archive", "group_archive", "channel_left", "group_left")
BACK = ("channel_unarchive", "group_unarchive", "member_joined_channel")
REMOVED = ("app_uninstalled", "tokens_revoked")

log = structlog.get_logger("clout.slack")


class LoggedNews:
    """Hears of channels where nothing is posted yet: a line in the log."""

    async def gone(self, team: str, channel: str) -> None:
        """See ChannelNews.gone."""
        log.info("a channel was deleted", team=team, channel=channel)

    async def lost(self, team: str, channel: str) -> None:
        """See ChannelNews.lost."""
        log.info("a channel was archived, or Clout was removed from it", team=team, channel=channel)

    async def back(self, team: str, channel: str) -> None:
        """See ChannelNews.back."""
        log.info("a channel is there again, or Clout was invited to it", team=team, channel=channel)


class SlackLife:
    """Listens for what becomes of channels, of which `news` hears, and of installations, of which `clients` do."""

    def __init__(self, clients: Clients, clock: Clock, *, news: ChannelNews | None = None) -> None:
        self._clients = clients
        self._news = news or LoggedNews()
        self._seen = Seen(clock)
        self._running = Running()

    def attach(self, bolt: AsyncApp) -> None:
        """Give a Bolt app our listeners."""
        for names, told in ((GONE, self._news.gone), (LOST, self._news.lost), (BACK, self._news.back)):
            for name in names:
                bolt.event(name)(self._channel_listener(told))
        for name in REMOVED:
            bolt.event(name)(self._on_removal)

    async def stop(self, seconds: float) -> None:
        """Wait for what runs."""
        await self._running.stop(seconds)

    def _channel_listener(self, told: Told) -> Callable[..., Awaitable[None]]:
        async def heard(event: Body, body: Body, context: AsyncBoltContext) -> None:
            channel, who = event.get("channel"), event.get("user")
            if not isinstance(channel, str) or not self._seen.first(body.get("event_id")):
                return
            if event.get("type") == "member_joined_channel" and who != context.bot_user_id:
                return  # of people coming and going we want to know nothing
            self._running.begin(_guarded(told(team_of(context), channel), str(event.get("type"))))

        return heard

    async def _on_removal(self, event: Body, context: AsyncBoltContext) -> None:
        thrown_out = event.get("type") == "app_uninstalled"
        if not thrown_out and not (event.get("tokens") or {}).get("bot"):
            return  # somebody's own token, and Clout asks for none
        whole = context.is_enterprise_install and context.enterprise_id
        team = everyone_in(whole) if whole else team_of(context)
        self._running.begin(_guarded(self._clients.dismissed(team), str(event.get("type"))))


async def came_back(app: App, enterprise: str | None, workspace: str | None) -> None:
    """Note that Clout is installed in a workspace, or with no workspace in a whole organisation."""
    team = everyone_in(enterprise) if enterprise and not workspace else team_id(enterprise, workspace)
    if await app.store.team_back(team):
        log.warning("a workspace installed Clout again; its data stay", team=team)


async def _guarded(work: Awaitable[None], event: str) -> None:
    """Let a database that refuses cost this one event."""
    try:
        await work
    except CloutError as error:
        log.error("an event of Slack's could not be heeded", slack_event=event, error=error.message)  # noqa: TRY400
