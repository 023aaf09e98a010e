"""What a team decided for itself, and how each of it is changed: the settings card."""

from collections.abc import Sequence
from datetime import datetime

from core import figures
from core.card import Button, Card, Headline, Item, Line, Listing, Notes, joined, line, outside, text
from core.models import Model
from core.team_settings import TeamSettings

_NAME_LIMIT = 60  # characters of a person's name
_NAMES_SHOWN = 12

_MANAGERS = {
    "admins": "administrators",
    "everyone": "everyone but guests and people of other workspaces",
}


class SettingEntry(Model):
    """How one setting is changed: by which command, and what may stand after it."""

    name: str
    usage: str
    alternatives: str


def settings_card(own: TeamSettings, entries: Sequence[SettingEntry], now: datetime, *, zone: str) -> Card:
    """Return every setting with how to change it; `zone` is the one that counts where the team has none."""
    title = line(text("Settings of this team", "strong"))
    return Card(
        kind="settings",
        title=title,
        blocks=(Headline(cells=(title,)), _listing(own, entries, now, zone), _small_print()),
        private=True,
    )


def changed_card(before: TeamSettings, own: TeamSettings, name: str, undo: Button | None, now: datetime) -> Card:
    """Return what a setting is now and what it was, with a button that takes the change back."""
    value, was = _value(own, name, now, ""), _value(before, name, now, "")
    said = line(f"{_LABELS[name]}: ", *value)
    note = line("as it was before") if value == was else line("it was: ", *was)
    return Card(
        kind="settings",
        title=said,
        blocks=(Headline(cells=(said,)), Notes(lines=(note,))),
        buttons=(*((undo,) if undo is not None else ()), Button(label="All settings", command="settings")),
        private=True,
    )


def _listing(own: TeamSettings, entries: Sequence[SettingEntry], now: datetime, zone: str) -> Listing:
    return Listing(items=tuple(_item(own, entry, now, zone) for entry in entries))


def _item(own: TeamSettings, entry: SettingEntry, now: datetime, zone: str) -> Item:
    value = _value(own, entry.name, now, zone)
    said = line(text(_LABELS[entry.name], "strong"), ": ", *value)
    return Item(line=said, detail=line("change it: ", text(entry.usage, "code"), f" ({entry.alternatives})"))


def _small_print() -> Notes:
    return Notes(lines=(line("Everybody may look; changing takes the right to manage Clout here."),))


_LABELS = {
    "zone": "Time zone",
    "managers": "Who may change what is shared",
    "threshold": "A digest calls it a move from",
    "private": "Answers",
}


def _value(own: TeamSettings, name: str, now: datetime, zone: str) -> Line:
    """Return a setting in words; `zone` is the one that counts where the team has none, empty where nobody knows."""
    match name:
        case "zone" if own.zone is not None:
            return line(f"{own.zone}, where it is {figures.clock(now, own.zone).split(' ')[0]}")
        case "zone":
            return line(f"not set, so {zone or 'the one that Clout was set up with'}")
        case "managers":
            return _managers(own)
        case "threshold":
            return line(figures.counted(own.threshold, "point"))
        case _:
            return line("to the asker alone, unless asked for with public" if own.private else
                        "to everybody in the channel, unless asked for with private")  # fmt: skip


def _managers(own: TeamSettings) -> Line:
    if own.managers != "list":
        return line(_MANAGERS[own.managers])
    names = [line(outside(f"@{name.removeprefix('@')}", _NAME_LIMIT)) for name in own.called[:_NAMES_SHOWN]]
    if more := len(own.named) - len(names):
        names.append(line(f"{more} more"))
    return line("administrators and ", *joined(names, ", "))
