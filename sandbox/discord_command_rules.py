"""What Discord allows in commands that an app registers (documentation, Application Commands)."""

import re
from typing import Any

from sandbox.checks import Check, Finding, anything, finite, flag, items, shape, string, whole
from sandbox.discord_people import Json

COMMANDS_MOST, MENUS_MOST = 100, 15
TEXT_MOST = 8000  # characters of a command: names, descriptions and choice values
OPTIONS_MOST = CHOICES_MOST = 25
SUBCOMMAND, GROUP_OF, TEXT, WHOLE, NUMBER = 1, 2, 3, 4, 10
SLASH, USER_MENU, MESSAGE_MENU = 1, 2, 3

_NAME = re.compile(r"[-_'\w]{1,32}")


def _name(value: Any, at: str, found: list[Finding]) -> None:
    if not isinstance(value, str) or not _NAME.fullmatch(value):
        found.append((at, "must be 1 to 32 letters, digits, - or _"))
    elif value != value.lower():
        found.append((at, "must be in lower case"))


def _texts(each: Check) -> Check:
    """Want an object of texts by locale."""

    def check(value: Any, at: str, found: list[Finding]) -> None:
        if not isinstance(value, dict):
            found.append((at, "must be an object"))
            return
        for locale, text in value.items():
            each(text, f"{at}/{locale}", found)

    return check


def _choice_value(value: Any, at: str, found: list[Finding]) -> None:
    (string(100) if isinstance(value, str) else finite)(value, at, found)


_choice = shape(
    {"name": string(100, 1), "name_localizations": _texts(string(100, 1)), "value": _choice_value}, "name value"
)


def _option(value: Any, at: str, found: list[Finding]) -> None:
    _option_shape(value, at, found)
    if not isinstance(value, dict):
        return
    kind = value.get("type")
    if value.get("choices") and value.get("autocomplete"):
        found.append((at, "choices and autocomplete exclude each other"))
    if (value.get("choices") or value.get("autocomplete")) and kind not in (TEXT, WHOLE, NUMBER):
        found.append((at, "only texts and numbers have choices"))
    if value.get("options") and kind not in (SUBCOMMAND, GROUP_OF):
        found.append((f"{at}/options", "only subcommands have options"))
    inside = [one.get("type") for one in value.get("options") or [] if isinstance(one, dict)]
    if (kind == SUBCOMMAND and {SUBCOMMAND, GROUP_OF} & set(inside)) or (
        kind == GROUP_OF and set(inside) - {SUBCOMMAND}
    ):
        found.append((f"{at}/options", "subcommands nest one level below a group, and no deeper"))
    _order(value.get("options"), f"{at}/options", found)


def _order(options: Any, at: str, found: list[Finding]) -> None:
    known = [one for one in options or [] if isinstance(one, dict)] if isinstance(options, list) else []
    names = [one.get("name") for one in known]
    if len(set(map(str, names))) < len(names):
        found.append((at, "the names of options have to differ"))
    needed = [bool(one.get("required")) for one in known]
    if needed != sorted(needed, reverse=True):
        found.append((at, "required options come first"))


_options: Check = items(_option, 0, OPTIONS_MOST)
_option_shape = shape(
    {
        "name": _name,
        "name_localizations": _texts(_name),
        "description": string(100, 1),
        "description_localizations": _texts(string(100, 1)),
        "required": flag,
        "autocomplete": flag,
        "choices": items(_choice, 0, CHOICES_MOST),
        "options": lambda value, at, found: _options(value, at, found),
        "channel_types": items(whole(0, 20)),
        "min_length": whole(0, 6000),
        "max_length": whole(1, 6000),
        "min_value": finite,
        "max_value": finite,
    },
    "name description",
)


def _command(value: Any, at: str, found: list[Finding]) -> None:
    kind = (value.get("type") or SLASH) if isinstance(value, dict) else SLASH
    slash = kind == SLASH
    shape(
        {
            "name": _name if slash else string(32, 1),
            "name_localizations": _texts(_name if slash else string(32, 1)),
            "description": string(100, 1) if slash else string(0),
            "description_localizations": _texts(string(100)),
            "options": _options if slash else items(anything, 0, 0),
            "contexts": items(whole(0, 2), 1, 3),
            "integration_types": items(whole(0, 1), 1, 2),
            **dict.fromkeys(("default_member_permissions", "dm_permission", "id", "handler"), anything),
            "nsfw": flag,
        },
        "name description" if slash else "name",
    )(value, at, found)
    if isinstance(value, dict):
        _order(value.get("options"), f"{at}/options", found)
        if (size := _size(value)) > TEXT_MOST:
            found.append((at, f"a command has at most {TEXT_MOST} characters in all, not {size}"))


def _size(one: Json) -> int:
    """Return the characters of names, descriptions and choice values; of translations the longest counts."""
    total = 0
    for name in ("name", "description"):
        other = one.get(f"{name}_localizations")
        texts = [one.get(name), *(other.values() if isinstance(other, dict) else ())]
        total += max(len(str(text or "")) for text in texts)
    total += sum(_size(inner) for inner in one.get("options") or [] if isinstance(inner, dict))
    total += sum(
        len(str(choice.get("name"))) + len(str(choice.get("value")))
        for choice in one.get("choices") or []
        if isinstance(choice, dict)
    )
    return total


def judge_commands(commands: Any, at: str = "") -> list[Finding]:
    """Return what Discord refuses in a list of commands."""
    found: list[Finding] = []
    items(_command, 0, COMMANDS_MOST + 2 * MENUS_MOST)(commands, at, found)
    known = [one for one in commands if isinstance(one, dict)] if isinstance(commands, list) else []
    names = [(one.get("type") or SLASH, one.get("name")) for one in known]
    found += [
        (f"{at}/{place}/name", f"{name!r} is used twice")
        for place, (kind, name) in enumerate(names)
        if (kind, name) in names[:place]
    ]
    for kind, most in ((SLASH, COMMANDS_MOST), (USER_MENU, MENUS_MOST), (MESSAGE_MENU, MENUS_MOST)):
        if sum(one == kind for one, _ in names) > most:
            found.append((at, f"at most {most} commands of type {kind} are allowed"))
    return found
