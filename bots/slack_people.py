"""Who may change what a workspace shares, by its own rule; who somebody is, is asked of Slack and kept for minutes."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from aiohttp import ClientError
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from core.errors import Unavailable
from core.models import Clock
from core.team_settings import TeamSettings

KEPT = timedelta(minutes=5)
_MOST = 5_000  # people remembered
_MANAGES = ("is_admin", "is_owner", "is_primary_owner")
_OUTSIDE = ("is_restricted", "is_ultra_restricted", "is_stranger", "is_bot", "deleted")
_ZONE_LIMIT = 60  # characters of a zone's name


@dataclass(frozen=True, slots=True)
class Who:
    """What Slack says about a person: a full member of the workspace or not, its administrator, where they live."""

    inside: bool = False
    leads: bool = False
    zone: str | None = None


class People:
    """Asks Slack who somebody is, at most once in five minutes."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._known: dict[tuple[str, str], tuple[datetime, Who]] = {}

    async def who(self, client: AsyncWebClient, workspace: str, user: str) -> Who:
        """Return who a person is in a workspace, both by id; raises Unavailable."""
        now = self._clock.now()
        known = self._known.get((workspace, user))
        if known is not None and now - known[0] < KEPT:
            return known[1]
        try:
            answer = await client.users_info(user=user)
        except (SlackApiError, ClientError, TimeoutError, OSError) as error:
            raise Unavailable("slack", "Slack did not say whether you may manage Clout here.") from error
        found = answer.get("user")
        person = described(found, workspace) if isinstance(found, dict) else Who()
        self._known.pop((workspace, user), None)
        self._known[workspace, user] = (now, person)
        while len(self._known) > _MOST:
            del self._known[next(iter(self._known))]
        return person


def described(user: Mapping[str, object], workspace: str) -> Who:
    """Return a person as `users.info` tells of them; guests, strangers and bots are never inside."""
    wider = user.get("enterprise_user")
    teams = wider.get("teams") if isinstance(wider, dict) else None
    here = user.get("team_id") == workspace or (isinstance(teams, list) and workspace in teams)
    inside = here and not any(user.get(name) for name in _OUTSIDE)
    zone = user.get("tz")
    return Who(
        inside=inside,
        leads=inside and any(user.get(name) for name in _MANAGES),
        zone=zone[:_ZONE_LIMIT] if inside and isinstance(zone, str) and zone else None,
    )


def manages(person: Who, user: str, own: TeamSettings) -> bool:
    """Return whether a person, by id, may change things under a team's rule; administrators always may."""
    return person.inside and (person.leads or own.lets(user))
