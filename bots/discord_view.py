"""Our components as the library's own objects, and forms.

Using a control leads to the front, whatever process drew it.
"""

from collections.abc import Sequence
from typing import Any

import discord
from discord import ui

from bots.controls import Press
from bots.discord_commands import POSTABLE, shown_as
from bots.discord_controls import Json, custom_id, pressed
from bots.render_discord import DiscordMessage
from core.card import Button
from core.commands import Argument, Command

TITLE_LIMIT, LABEL_LIMIT, HINT_LIMIT = 45, 45, 100  # characters of a form, docs.discord.com: components/reference
FIELDS = 5  # of a form
FIELD_TEXT = 300  # characters somebody may enter
_FORM_SECONDS = 900  # as long as what it answers lives


class _Unkept(ui.Item[Any]):
    """A control that the library neither remembers nor answers: the client hands every use of one to the front."""

    def is_dispatchable(self) -> bool:
        return False


class _Button(_Unkept, ui.Button[Any]):
    """A button whose state is all that is known of it."""


class _Select(_Unkept, ui.Select[Any]):
    """A select whose state is all that is known of it."""


def layout(components: Sequence[Json]) -> ui.LayoutView:
    """Return components as a view; nothing of it is kept in memory, for every control says all it needs."""
    view = ui.LayoutView(timeout=None)
    for one in components:
        view.add_item(_item(one))
    return view


def rows_only(rows: Sequence[Json]) -> ui.View:
    """Return rows of controls as they stand beside an embed."""
    view = ui.View(timeout=None)
    for at, row in enumerate(rows):
        for one in row["components"]:
            item = _item(one)
            item.row = at
            view.add_item(item)
    return view


class _Embed(discord.Embed):
    """An embed as it may be sent: the library adds flags, which only Discord sets."""

    def to_dict(self) -> Any:
        sent: Any = super().to_dict()
        sent.pop("flags", None)
        return sent


def embed(message: DiscordMessage) -> discord.Embed:
    """Return the older form of a message."""
    return _Embed.from_dict(message.embed)


def _item(one: Json) -> ui.Item[Any]:
    inside = [_item(part) for part in one.get("components", ())]
    match one["type"]:
        case 17:
            return ui.Container(*inside, accent_colour=one["accent_color"])
        case 1:
            return ui.ActionRow(*inside)
        case 9:
            return ui.Section(*inside, accessory=_item(one["accessory"]))
        case 10:
            return ui.TextDisplay(one["content"])
        case 12:
            items = (discord.MediaGalleryItem(i["media"]["url"], description=i["description"]) for i in one["items"])
            return ui.MediaGallery(*items)
        case 2 if "url" in one:
            return ui.Button(label=one["label"], url=one["url"])
        case 2:
            off = one.get("disabled", False)
            return _Button(label=one["label"], custom_id=one["custom_id"], disabled=off)
        case _:
            options = [discord.SelectOption(label=o["label"], value=o["value"]) for o in one["options"]]
            return _Select(custom_id=one["custom_id"], placeholder=one["placeholder"], options=options)


# --- forms ------------------------------------------------------------------------------------------------------------


def missing(command: Command, press: Press) -> list[Argument]:
    """Return the arguments that a control leaves out although its command needs them."""
    return [one for one in command.arguments if one.required and one.name not in press.options]


def form(command: Command, press: Press, networks: Sequence[tuple[str, str]]) -> ui.Modal | None:
    """Return a form for what a control leaves out, or None when its state has no room in one."""
    state = custom_id("form", Button(label="", command=command.name, arguments=press.arguments))
    if state is None:
        return None
    asked = [one for one in command.arguments if one.name not in press.options and one.kind != "flag"]
    asked.sort(key=lambda one: not one.required)
    made = ui.Modal(title=shown_as(command)[:TITLE_LIMIT], custom_id=state, timeout=_FORM_SECONDS)
    for argument in asked[:FIELDS]:
        made.add_item(_field(argument, networks))
    return made


def _field(argument: Argument, networks: Sequence[tuple[str, str]]) -> ui.Item[Any]:
    label, about = argument.name.replace("_", " ").capitalize()[:LABEL_LIMIT], argument.help[:HINT_LIMIT]
    name = argument.name
    if argument.kind == "network" and networks:
        options = [discord.SelectOption(label=label_, value=value) for value, label_ in networks[:25]]
        field: ui.Item[Any] = ui.Select(custom_id=name, required=argument.required, options=options, min_values=0)
        if argument.required:
            field = ui.Select(custom_id=name, options=options)
    elif argument.kind == "channel":
        field = ui.ChannelSelect(custom_id=name, required=argument.required, channel_types=list(POSTABLE))
    elif argument.kind == "role":
        field = ui.RoleSelect(custom_id=name, required=argument.required)
    elif argument.kind == "person":
        most = 10 if argument.repeat else 1
        field = ui.UserSelect(custom_id=name, required=argument.required, max_values=most)
    else:
        field = ui.TextInput(custom_id=name, required=argument.required, max_length=FIELD_TEXT)
    return ui.Label(text=label, description=about, component=field)


def entered(interaction: discord.Interaction[Any]) -> tuple[Press, dict[str, tuple[str, ...]]]:
    """Return what a form belongs to and the words that were entered, by argument. Raises OldControl."""
    sent: Any = interaction.data or {}
    press = pressed(sent.get("custom_id"))
    found: dict[str, tuple[str, ...]] = {}
    for part in sent.get("components", ()):
        inside: Any = part.get("component") or next(iter(part.get("components", ())), {})
        name, kind = str(inside.get("custom_id", "")), inside.get("type")
        marks = {5: "<@{}>", 6: "<@&{}>", 8: "<#{}>"}.get(int(kind or 0), "{}")
        values = inside.get("values") if kind != 4 else [inside.get("value")]
        words = tuple(marks.format(one) for one in values or () if isinstance(one, str) and one.strip())
        if words:
            found[name] = words
    return press, found
