"""Who may change what a workspace shares: its administrators and owners, asked of Slack and remembered for minutes."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from aiohttp import ClientError
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from core.errors import Unavailable
from core.models import Clock

KEPT = timedelta(minutes=5)
_MOST = 5_000  # people remembered
_MANAGES = ("is_admin", "is_owner", "is_primary_owner")
_OUTSIDE = ("is_restricted", "is_ultra_restricted", "is_stranger", "is_bot", "deleted")


class Managers:
    """Asks Slack who somebody is, at most once in five minutes."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._known: dict[tuple[str, str], tuple[datetime, bool]] = {}

    async def includes(self, client: AsyncWebClient, team: str, user: str) -> bool:
        """Return whether a person may manage Clout in a workspace, both by id; raises Unavailable."""
        now = self._clock.now()
        known = self._known.get((team, user))
        if known is not None and now - known[0] < KEPT:
            return known[1]
        try:
            answer = await client.users_info(user=user)
        except (SlackApiError, ClientError, TimeoutError, OSError) as error:
            raise Unavailable("slack", "Slack did not say whether you may manage Clout here.") from error
        found = answer.get("user")
        allowed = isinstance(found, dict) and manages(found, team)
        self._known.pop((team, user), None)
        self._known[team, user] = (now, allowed)
        while len(self._known) > _MOST:
            del self._known[next(iter(self._known))]
        return allowed


def manages(user: Mapping[str, object], team: str) -> bool:
    """Return whether a person as `users.info` tells of them manages this workspace; guests and strangers never do."""
    if any(user.get(name) for name in _OUTSIDE) or not any(user.get(name) for name in _MANAGES):
        return False
    wider = user.get("enterprise_user")
    teams = wider.get("teams") if isinstance(wider, dict) else None
    return user.get("team_id") == team or (isinstance(teams, list) and team in teams)
