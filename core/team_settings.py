"""What a team may decide for itself, as a model; core/teams.py keeps it.

It stands apart from the store so that a command's context can be made without a database.
"""

from typing import Literal
from zoneinfo import ZoneInfo

from pydantic import Field, field_validator

from core.models import Model

Managers = Literal["admins", "everyone", "list"]
"""Who may change what a team shares: its administrators, everyone but guests, or administrators and named people."""


class TeamSettings(Model):
    """One team's settings; `zone` None means the installation's own.

    `named` are people by platform id where `managers` is `list`, and `called` how each was written then.
    """

    zone: str | None = None
    managers: Managers = "admins"
    named: tuple[str, ...] = Field((), max_length=100)
    called: tuple[str, ...] = Field((), max_length=100)
    threshold: int = Field(2, ge=1, le=50)  # points a digest calls a move; less than 2 never are (core/movement.py)
    private: bool = False  # whether answers go to the asker alone unless they are shared

    def lets(self, person: str) -> bool:
        """Return whether a person, by platform id, may change what the team shares though no administrator."""
        return self.managers == "everyone" or (self.managers == "list" and person in self.named)

    @field_validator("zone")
    @classmethod
    def _known(cls, zone: str | None) -> str | None:
        if zone is None:
            return None
        try:
            return ZoneInfo(zone).key
        except (KeyError, OSError, ValueError) as err:
            raise ValueError("is no IANA time zone such as Europe/Berlin") from err
