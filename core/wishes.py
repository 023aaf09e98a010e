"""What somebody wants a digest to be: the choices of one command, read from words. Pure."""

import re
from typing import Any

from core.errors import InputError
from core.inert import inert
from core.intake_creators import tags_of
from core.messenger import Place, Platform
from core.models import Model
from core.schedules import Subscription

TOP_MOST, LEAST_MOST = 25, 50
_CHANNEL = re.compile(r"<#([A-Za-z0-9]{2,32})(?:\|([^<>|]*))?>")
_ROLE = re.compile(r"<@&([0-9]{2,32})>|<!subteam\^([A-Z0-9]{2,32})(?:\|[^<>]*)?>")
NOBODY = frozenset({"none", "nobody", "off"})


class Wish(Model):
    """What is to be different; None leaves a thing as it is. An empty `mention` or no `tags` take them away."""

    schedule: str = ""
    top: int | None = None
    least: int | None = None
    tags: tuple[str, ...] | None = None
    quiet: bool | None = None
    mention: str | None = None

    def applied(self, found: Subscription) -> Subscription:
        """Return the subscription with these choices; its schedule is left to whoever knows the time."""
        update: dict[str, Any] = {}
        for name in ("top", "least", "tags", "quiet"):
            value = getattr(self, name)
            if value is not None:
                update[name] = value
        if self.mention is not None:
            update["mention"] = self.mention or None
        return found.model_copy(update=update)

    @property
    def empty(self) -> bool:
        """Whether nothing is asked for."""
        return self == Wish()


def number(text: str | None, name: str, most: int) -> int | None:
    """Return a whole number from 1 to `most`; raises InputError naming what it is for."""
    if text is None:
        return None
    if not (text.isascii() and text.isdecimal()) or not 1 <= int(text) <= most:
        raise InputError(f"The {name} is a whole number from 1 to {most}.", field=name)
    return int(text)


def tags(text: str | None) -> tuple[str, ...] | None:
    """Return tags written with commas or spaces between; `none` takes all away. Raises InputError."""
    if text is None:
        return None
    if text.casefold() in NOBODY:
        return ()
    return tags_of(word for word in re.split(r"[,\s]+", text) if word)


def mention(text: str | None) -> str | None:
    """Return the id of a role or a user group chosen from the platform's list; empty for `none`. Never everyone."""
    if text is None:
        return None
    if text.casefold() in NOBODY:
        return ""
    match = _ROLE.fullmatch(text)
    if match is None:
        raise InputError(
            f"{_quoted(text)} is no role or user group that can be called: choose one from the list, or `none`.",
            field="mention",
        )
    return match[1] or match[2]


def channel(text: str, platform: Platform) -> Place | None:
    """Return the channel a word names, or None when it is none; raises InputError for a name without its id."""
    match = _CHANNEL.fullmatch(text)
    if match is not None:
        return Place(platform=platform, channel=match[1], shown=f"#{inert(match[2], 80)}" if match[2] else "")
    if text.startswith("#") and len(text) > 1:
        raise InputError(f"Choose {_quoted(text)} from the list of channels that opens at #.", field="where")
    return None


def _quoted(text: str) -> str:
    return f"`{inert(text, 40).replace('`', '')}`"
