"""What Slack sends, read with care: where something happened, what was pressed, what a form was opened for. Pure.

Everything here comes from strangers' clients or went through them; what is not as we wrote it reads as not there.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from bots.controls import Press
from bots.slack_controls import pressed
from bots.slack_views import METADATA_LIMIT, Asked
from bots.slack_words import said, typed
from core.commands import DEFAULT_COMMAND, Invocation, invoke
from core.commands.grammar import Arguments
from core.commands.parsing import cleaned
from core.errors import InputError
from core.messenger import Place

Body = Mapping[str, Any]
"""What Slack sends; only the fields that are read are looked at."""

Source = Literal["none", "public", "private"]
"""What a deed came from: no message, one that all see, or one that the asker alone sees."""

HOOK_LIFE = timedelta(minutes=30)  # of a response_url
_NAMELESS = frozenset({"privategroup", "mpdm", "group"})  # what Slack says in place of a private channel's name
_NAME_LIMIT = 80  # characters of a channel's name
_SPARE = timedelta(minutes=1)  # of a response_url's life that nobody should count on
_LOOKED_AT = 2_000  # parts of a message
_WORDS = frozenset(
    {
        "author_link",
        "fallback",
        "from_url",
        "original_url",
        "pretext",
        "text",
        "title",
        "title_link",
        "url",
        "value",
    }
)


def place_of(channel: object, name: object) -> Place | None:
    """Return a channel as a place to post in; None for direct messages, which are no place to share things in."""
    if not isinstance(channel, str) or not channel or channel.startswith("D") or name == "directmessage":
        return None
    known = isinstance(name, str) and name and name not in _NAMELESS
    shown = f"#{str(name)[:_NAME_LIMIT]}" if known else "this channel"
    return Place(platform="slack", channel=channel, shown=shown)


def channel_of(body: Body) -> Place | None:
    """Return where a click or a shortcut happened; None outside of channels."""
    channel = body.get("channel")
    return place_of(channel.get("id"), channel.get("name")) if isinstance(channel, Mapping) else None


def press_of(body: Body) -> Press:
    """Return what a control asks for; raises OldControl."""
    action = (body.get("actions") or [{}])[0]
    option = action.get("selected_option") or {}
    return pressed(action.get("action_id", ""), action.get("value") or option.get("value"))


def opens_a_page(body: Body) -> bool:
    """Return whether a button was pressed that opens a page: the browser has done it already."""
    action = (body.get("actions") or [{}])[0]
    return str(action.get("action_id", "")).startswith("clout.link.")


def with_ids(invocation: Invocation, named: Mapping[str, str]) -> Invocation:
    """Return an invocation whose people and channels carry their ids: the grammar knows names only."""
    carrying = {one.name for one in invocation.command.arguments if one.kind in ("person", "channel")}
    values = {
        name: tuple(named.get(word.casefold(), word) for word in given) if name in carrying else given
        for name, given in invocation.arguments.values.items()
    }
    return replace(invocation, arguments=Arguments(values))


# --- forms ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Carried:
    """What a form carries along: the response_url it may answer to, what that belongs to, where and when."""

    url: str = ""
    source: Source = "none"
    place: Place | None = None
    opened: datetime | None = None

    def written(self) -> str:
        """Return it as a form's metadata; empty where that is too long."""
        held: dict[str, object] = {"url": self.url, "source": self.source}
        if self.place is not None:
            held |= {"channel": self.place.channel, "name": self.place.shown.removeprefix("#")}
        if self.opened is not None:
            held["at"] = int(self.opened.timestamp())
        words = json.dumps(held)
        return words if self.url and len(words) <= METADATA_LIMIT else ""

    def answers(self, now: datetime) -> bool:
        """Return whether the response_url may still be good."""
        return bool(self.url) and (self.opened is None or now - self.opened < HOOK_LIFE - _SPARE)


def carried(metadata: object) -> Carried:
    """Return what a form carried along, nothing where that cannot be read."""
    try:
        held = json.loads(metadata) if isinstance(metadata, str) and metadata else {}
        at = held.get("at")
        opened = datetime.fromtimestamp(at, UTC) if type(at) is int else None
    except (AttributeError, OverflowError, OSError, RecursionError, ValueError):
        return Carried()
    url, source = held.get("url"), held.get("source")
    if not isinstance(url, str) or not url.startswith(("https://", "http://")):
        return Carried()
    known: Source = source if source in ("public", "private") else "none"
    return Carried(url, known, place_of(held.get("channel"), held.get("name")), opened)


def asked_for(wanted: Asked, parsed: Callable[[str, str | None], object]) -> Invocation:
    """Return the lookup that a form asks for; raises InputError, as `parsed` does for what cannot be a handle."""
    if not wanted.creator:
        raise InputError("Type a handle or a profile address.", field="creator")
    creator = cleaned(typed(wanted.creator))
    parsed(creator, wanted.network)
    return invoke(
        DEFAULT_COMMAND, private=wanted.private, public=not wanted.private, creator=creator, network=wanted.network
    )


# --- messages ---------------------------------------------------------------------------------------------------------


def words_of(message: object) -> Iterator[str]:
    """Yield the words and addresses of a message, its blocks and attachments; what they nest in does not matter."""
    waiting, looked = [message], 0
    while waiting and looked < _LOOKED_AT:
        part, looked = waiting.pop(), looked + 1
        if isinstance(part, Mapping):
            yield from (said(words) for name, words in part.items() if name in _WORDS and isinstance(words, str))
            waiting += [one for one in reversed(list(part.values())) if isinstance(one, Mapping | list)]
        elif isinstance(part, list):
            waiting += [one for one in reversed(part) if isinstance(one, Mapping | list)]
