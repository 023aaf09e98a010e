"""`settings`: what a team decided for itself, for all to see; each setting has its own command for those who manage."""

import re
from collections.abc import Mapping

from core.card import Button, Card
from core.cards_settings import SettingEntry, changed_card, settings_card
from core.commands.grammar import Argument, Arguments, Command, Context, Show
from core.errors import InputError
from core.inert import inert
from core.schedules import zones, zones_like
from core.team_settings import TeamSettings

NOT_SET = "default"
"""The word that takes a team's own zone away."""

_ON = {"on": True, "yes": True, "off": False, "no": False}
_ECHO = 40  # characters of somebody's word repeated in an answer
_NEAREST = 3  # zones named in an error
_PERSON = re.compile(r"<@!?([A-Za-z0-9]{1,40})(?:\|([^<>]{0,200}))?>")
_ENTRIES = (
    SettingEntry(name="zone", usage="settings zone Europe/Berlin", alternatives="or default"),
    SettingEntry(name="managers", usage="settings managers admins", alternatives="or everyone, or list @a @b"),
    SettingEntry(name="threshold", usage="settings threshold 5", alternatives="1 to 50"),
    SettingEntry(name="private", usage="settings private on", alternatives="or off"),
)


async def settings(ctx: Context, args: Arguments, show: Show) -> Card:
    """Answer with every setting of the team and how to change it."""
    if (wanted := args.get("setting")) is not None:
        known = ", ".join(entry.name for entry in _ENTRIES)
        raise InputError(f"There is no setting `{inert(wanted, _ECHO).replace('`', '')}`: there are {known}.")
    return settings_card(ctx.own, _ENTRIES, ctx.now, zone=ctx.zone)


async def zone(ctx: Context, args: Arguments, show: Show) -> Card:
    """Set the zone of times, or take it away."""
    words = " ".join(args.many("zone"))
    wanted = None if words.casefold() == NOT_SET else zone_of_words(words)
    return await _changed(ctx, "zone", {"zone": wanted}, ("zone", ctx.own.zone or NOT_SET))


def zone_of_words(words: str) -> str:
    """Return a zone's IANA name, in any case and with spaces for underscores; raises InputError with the nearest."""
    found = zones().get("_".join(words.split()).casefold())
    if found is not None:
        return found
    near = zones_like(words[:_ECHO], _NEAREST)
    meant = f"Did you mean {' or '.join(near)}?" if near else "Zones are written like Europe/Berlin."
    raise InputError(f"There is no time zone `{inert(words, _ECHO).replace('`', '')}`. {meant}", field="zone")


async def managers(ctx: Context, args: Arguments, show: Show) -> Card:
    """Set who may change what the team shares."""
    who, people = args.text("who").casefold(), args.many("people")
    if who not in ("admins", "everyone", "list"):
        raise InputError("Who may manage is one of: admins, everyone, or list @a @b.", field="who")
    if (who == "list") != bool(people):
        why = "Name the people" if who == "list" else f"People are named after list only, not after {who}"
        raise InputError(f"{why}: `settings managers list @a @b`.", field="people")
    found = dict(_person(ctx, one) for one in people)
    wanted = {"managers": who, "named": tuple(found), "called": tuple(found.values())}
    undo = ("who", ctx.own.managers) if ctx.own.managers != "list" else None
    return await _changed(ctx, "managers", wanted, undo)


def _person(ctx: Context, word: str) -> tuple[str, str]:
    """Return a person's id and name; raises InputError for a name the platform did not recognise."""
    mention = _PERSON.fullmatch(word)
    if mention is not None:
        return mention[1], (mention[2] or mention[1])[:_ECHO]
    if ctx.place is not None and ctx.place.platform == "terminal":
        return word.removeprefix("@"), word.removeprefix("@")[:_ECHO]
    known = inert(word, _ECHO).replace("`", "")
    raise InputError(f"`{known}` is nobody I can recognise here: type @ and choose the person.", field="people")


async def threshold(ctx: Context, args: Arguments, show: Show) -> Card:
    """Set from how many points on a digest calls a change a move."""
    points = args.text("points").removesuffix("points").strip()
    if not re.fullmatch(r"[0-9]{1,3}", points) or not 1 <= int(points) <= 50:
        raise InputError("The threshold is a whole number of points, 1 to 50: `settings threshold 5`.", field="points")
    return await _changed(ctx, "threshold", {"threshold": int(points)}, ("points", str(ctx.own.threshold)))


async def private(ctx: Context, args: Arguments, show: Show) -> Card:
    """Set whether answers go to the asker alone unless somebody says otherwise."""
    wanted = _ON.get(args.text("value").casefold())
    if wanted is None:
        raise InputError("Private is on or off: `settings private on`.", field="value")
    return await _changed(ctx, "private", {"private": wanted}, ("value", "on" if ctx.own.private else "off"))


async def _changed(ctx: Context, name: str, changes: Mapping[str, object], before: tuple[str, str] | None) -> Card:
    own: TeamSettings = await ctx.teams.change(ctx.team, **changes)
    undo = Button(label="Undo", command=f"settings-{name}", arguments=(before,)) if before is not None else None
    return changed_card(ctx.own, own, name, undo if own != ctx.own else None, ctx.now)


COMMANDS = (
    Command(
        name="settings",
        summary="the team's time zone, who may manage, digest threshold, private answers",
        handler=settings,
        arguments=(
            Argument(
                "setting", "word", "leave it out to see all settings", typed="zone|managers|threshold|private ..."
            ),
        ),
        private=True,
        examples=("settings",),
        order=82,
    ),
    Command(
        name="settings-zone",
        summary="set the team's time zone",
        handler=zone,
        arguments=(
            Argument(
                "zone",
                "zone",
                "a zone such as Europe/Berlin, or default",
                required=True,
                repeat=True,
                typed="Europe/Berlin|default",
            ),
        ),
        manages=True,
        private=True,
        examples=("settings zone Europe/Berlin", "settings zone default"),
        order=83,
    ),
    Command(
        name="settings-managers",
        summary="set who may change what the team shares",
        handler=managers,
        arguments=(
            Argument(
                "who", "word", "admins, everyone (but guests), or list", required=True, typed="admins|everyone|list"
            ),
            Argument(
                "people", "person", "after list: who may beside the administrators", repeat=True, typed="@a @b ..."
            ),
        ),
        manages=True,
        private=True,
        examples=("settings managers admins", "settings managers list @dana @kim"),
        order=84,
    ),
    Command(
        name="settings-threshold",
        summary="set from how many points on a digest calls a change a move",
        handler=threshold,
        arguments=(Argument("points", "number", "1 to 50; 3 unless set", required=True, typed="5"),),
        manages=True,
        private=True,
        examples=("settings threshold 5",),
        order=85,
    ),
    Command(
        name="settings-private",
        summary="set whether answers go to the asker alone",
        handler=private,
        arguments=(Argument("value", "word", "on or off", required=True, typed="on|off"),),
        manages=True,
        private=True,
        examples=("settings private on",),
        order=86,
    ),
)
