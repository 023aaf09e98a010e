"""What people do with what the app showed: click, choose, fill in and send a modal."""

from typing import Any

from sandbox.chat_office import driven
from sandbox.discord_deeds import Interaction, Modal
from sandbox.discord_office import Office
from sandbox.discord_people import Channel, Json, Message, User
from sandbox.discord_registry import CHANNEL, ROLE, USER, Lookup

BUTTON, CHOICE, INPUT, LABEL, RADIO, CHECKS, CHECK = 2, 3, 4, 18, 21, 22, 23
SELECTS = {5: USER, 6: ROLE, 7: USER, 8: CHANNEL}
"""Selects that offer users, roles and channels, with the kind of what they pick."""


class Forms(Office):
    """Drivers for components."""

    def _deed(self, kind: str, guild: Any, channel: Any, user: User | str, locale: str) -> Interaction:
        raise NotImplementedError

    async def hand(self, deed: Interaction, kind: int, said: Json, *, wait: bool = True) -> None:
        """Bring a deed to the app; the whole of the pretend Discord knows how."""
        raise NotImplementedError

    @driven
    async def click(
        self, message: Message, custom_id: str, user: User | str = "mia", *, force: bool = False, wait: bool = True
    ) -> Interaction:
        """Click a button by its custom_id or the words on it; `force`: even where there is none such any more."""
        found = find(message.components, custom_id, force=force)
        return await self._use(message, {"custom_id": found["custom_id"], "component_type": BUTTON}, user, None, wait)

    @driven
    async def choose(
        self, message: Message, custom_id: str, values: Any, user: User | str = "mia", *, wait: bool = True
    ) -> Interaction:
        """Choose in a select: option values or words, or names of users, roles and channels; one or a list."""
        found = find(message.components, custom_id)
        place = Lookup(message.channel.guild, message.channel, self.users)
        picked = _picked(found, values, place)
        said = {"custom_id": found["custom_id"], "component_type": found["type"], "values": picked}
        return await self._use(message, said, user, place, wait)

    async def _use(
        self, message: Message, said: Json, user: User | str, place: Lookup | None, wait: bool
    ) -> Interaction:
        deed = self._deed("click", message.channel.guild, message.channel, user, "")
        if message.only_for is not None and message.only_for is not deed.user:
            raise ValueError(f"{deed.user.name} does not see this: only {message.only_for.name} does")
        if message.deleted:
            raise ValueError("this message is gone")
        deed.message = message
        if place is not None and place.resolved:
            said = said | {"resolved": place.resolved}
        await self.hand(deed, 3, said, wait=wait)
        return deed

    @driven
    async def submit(
        self, modal: Modal, values: Json | None = None, user: User | str = "", *, wait: bool = True
    ) -> Interaction:
        """Fill in a modal by custom_id or label, and send it; what is left out keeps its default.

        Raises ValueError for what a client would not let a person send: too long, missing, no such option.
        """
        source = modal.source
        if not modal.open:
            raise ValueError("this modal is closed")
        deed = self._deed("modal", source.guild, source.channel, user or source.user, source.locale)
        deed.message, deed.from_modal = source.message if source.kind == "click" else None, True
        place, given = Lookup(deed.guild, deed.channel, self.users), dict(values or {})
        sent = [_row(one, given, place) for one in modal.components]
        if given:
            raise LookupError(f"the modal has no field {', '.join(map(str, given))}")
        said: Json = {"custom_id": modal.custom_id, "components": sent}
        modal.open = False
        await self.hand(deed, 5, said | ({"resolved": place.resolved} if place.resolved else {}), wait=wait)
        return deed


def controls(components: list[Json]) -> list[Json]:
    """Return every button and select among components."""
    every: list[Json] = []
    for one in components:
        inner = [
            *(one.get("components") or []),
            *(part for part in (one.get("accessory"), one.get("component")) if part),
        ]
        every += controls(inner) if inner else [one] if one.get("custom_id") else []
    return every


def find(components: list[Json], name: str, *, force: bool = False) -> Json:
    """Return a control by custom_id or by the words on it; raises LookupError that lists what there is."""
    every = controls(components)
    for one in every:
        if name in (one["custom_id"], one.get("label"), one.get("placeholder")):
            if one.get("disabled") and not force:
                raise ValueError(f"{name!r} is switched off")
            return one
    if force:
        return {"type": BUTTON, "custom_id": name}
    there = ", ".join(f"{one.get('label') or one.get('placeholder') or ''} ({one['custom_id']})" for one in every)
    raise LookupError(f"nothing called {name!r} to click; there are: {there or 'none'}")


def _picked(one: Json, values: Any, place: Lookup) -> list[str]:
    wanted = values if isinstance(values, list | tuple) else [] if values is None else [values]
    low, high = one.get("min_values"), one.get("max_values")
    if len(wanted) < (1 if low is None else low) or len(wanted) > (high or 1):
        raise ValueError(f"{len(wanted)} values are too few or too many")
    if one["type"] in SELECTS:
        picked = [place.resolve(SELECTS[one["type"]], value) for value in wanted]
        kinds = one.get("channel_types")
        channels: dict[str, Channel] = place.resolved.get("channels") or {}
        if kinds and any(channels[number]["type"] not in kinds for number in picked):  # type: ignore[index]
            raise ValueError("this kind of channel is not offered")
        return picked
    return [_option(one, value) for value in wanted]


def _option(one: Json, value: Any) -> str:
    for option in one.get("options") or []:
        if value in (option.get("value"), option.get("label")):
            return str(option["value"])
    there = ", ".join(str(option.get("value")) for option in one.get("options") or [])
    raise ValueError(f"{value!r} is not offered; there are: {there}")


def _row(one: Json, given: Json, place: Lookup) -> Json:
    """Return one row of a modal as a client sends it."""
    kind = one["type"]
    if kind == LABEL:
        inner = one["component"]
        value = _taken(given, inner, one.get("label"))
        return {"type": LABEL, "id": one.get("id", 1), "component": _filled(inner, value, place)}
    if kind == 1:
        parts = [_filled(inner, _taken(given, inner, inner.get("label")), place) for inner in one["components"]]
        return {"type": 1, "id": one.get("id", 1), "components": parts}
    return {"type": kind, "id": one.get("id", 1)}


_ABSENT = object()


def _taken(given: Json, inner: Json, label: Any) -> Any:
    for name in (inner.get("custom_id"), label):
        if name in given:
            return given.pop(name)
    return _ABSENT


def _filled(one: Json, value: Any, place: Lookup) -> Json:
    kind = one["type"]
    sent: Json = {"type": kind, "id": one.get("id", 2), "custom_id": one["custom_id"]}
    needed = one.get("required", True)
    if kind == INPUT:
        text = str(one.get("value") or "") if value is _ABSENT else str(value)
        _measured(one, text, needed)
        return sent | {"value": text}
    if kind == CHECK:
        return sent | {"value": bool(one.get("default")) if value is _ABSENT else bool(value)}
    defaults = [str(option["value"]) for option in one.get("options") or [] if option.get("default")]
    defaults += [str(option["id"]) for option in one.get("default_values") or []]
    if value is _ABSENT:
        if needed and not defaults and one.get("min_values") != 0:
            raise ValueError(f"{one['custom_id']} has to be filled in")
        return sent | ({"value": next(iter(defaults), None)} if kind == RADIO else {"values": defaults})
    if kind == RADIO:
        return sent | {"value": _option(one, value)}
    if kind == CHECKS:
        return sent | {"values": [_option(one, each) for each in value]}
    return sent | {"values": _picked(one, value, place)}


def _measured(one: Json, text: str, needed: bool) -> None:
    if needed and not text:
        raise ValueError(f"{one['custom_id']} has to be filled in")
    if text and not (one.get("min_length") or 0) <= len(text) <= (one.get("max_length") or 4000):
        raise ValueError(f"{one['custom_id']} is too short or too long: {len(text)} characters")
