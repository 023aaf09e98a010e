"""What each team decided for itself: its zone, who may change things, what its digests say, who sees answers.

A team is a Slack workspace, a Discord server or the local terminal, by the id its front end gives.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta

from pydantic import ValidationError

from core.errors import InputError
from core.models import Clock
from core.store import Store, TeamCreator
from core.team_settings import Managers, TeamSettings

__all__ = ["Managers", "TeamSettings", "Teams"]

KEPT = timedelta(seconds=20)  # how long another process's change may go unnoticed
_MOST = 10_000  # teams remembered
_STEM = "team."


class Teams:
    """Reads and changes the settings of teams; one for the whole process."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._known: dict[str, tuple[datetime, TeamSettings]] = {}

    async def settings(self, team: str) -> TeamSettings:
        """Return a team's settings, remembered for seconds; what is stored and no longer valid falls back."""
        now = self._clock.now()
        known = self._known.get(team)
        if known is not None and timedelta(0) <= now - known[0] < KEPT:
            return known[1]
        return self._remember(team, _read(await self._store.settings(team)), now)

    async def change(self, team: str, **changes: object) -> TeamSettings:
        """Store changed settings and return all; raises InputError for a value that does not fit."""
        try:
            settings = TeamSettings.model_validate((await self.settings(team)).model_dump() | changes, strict=False)
        except ValidationError as err:
            wrong = err.errors(include_url=False, include_input=False)[0]
            name, why = wrong["loc"][0], wrong["msg"].removeprefix("Value error, ")
            raise InputError(f"The setting {name} {why}.", field=str(name)) from err
        for name in changes:
            value = settings.model_dump_json(include={name})
            await self._store.set_setting(team, _STEM + name, value)
        return self._remember(team, settings, self._clock.now())

    async def tracked(self, team: str) -> tuple[TeamCreator, ...]:
        """Return the creators that a team tracks, in order of name."""
        return tuple(one for one in await self._store.creators(team) if one.tracked_since is not None)

    def _remember(self, team: str, settings: TeamSettings, now: datetime) -> TeamSettings:
        self._known.pop(team, None)
        self._known[team] = (now, settings)
        while len(self._known) > _MOST:
            del self._known[next(iter(self._known))]
        return settings


def _read(stored: Mapping[str, str]) -> TeamSettings:
    """Return the settings of stored rows; a value that no longer fits counts as not set."""
    settings = TeamSettings()
    for name in TeamSettings.model_fields:
        value = stored.get(_STEM + name)
        if value is not None:
            try:
                one = TeamSettings.model_validate_json(value)
            except ValidationError:
                continue
            settings = settings.model_copy(update={name: getattr(one, name)})
    return settings
