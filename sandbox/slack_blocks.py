"""What Block Kit allows, block by block: which fields, of what form, how long. Written by hand from Slack's pages.

A check takes a value, its JSON pointer and the list of findings, and adds what is wrong. Lengths are Unicode code
points.
"""

import math
from collections.abc import Callable, Iterable
from typing import Any

Finding = tuple[str, str]
Check = Callable[[Any, str, list[Finding]], None]


def anything(value: Any, at: str, found: list[Finding]) -> None:
    """Accept whatever it is."""


def flag(value: Any, at: str, found: list[Finding]) -> None:
    """Want true or false."""
    if not isinstance(value, bool):
        found.append((at, "must be true or false"))


def finite(value: Any, at: str, found: list[Finding]) -> None:
    """Want a finite number."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        found.append((at, "must be a finite number"))


def string(most: int, least: int = 0) -> Check:
    """Want a string of so many characters."""

    def check(value: Any, at: str, found: list[Finding]) -> None:
        if not isinstance(value, str):
            found.append((at, "must be a string"))
        elif len(value) > most:
            found.append((at, f"must be at most {most} characters, not {len(value)}"))
        elif len(value) < least:
            found.append((at, f"must be at least {least} characters"))

    return check


def word(*known: str) -> Check:
    """Want one of these words."""

    def check(value: Any, at: str, found: list[Finding]) -> None:
        if value not in known:
            found.append((at, f"must be one of {', '.join(known)}"))

    return check


def whole(least: int, most: int) -> Check:
    """Want a whole number within both ends."""

    def check(value: Any, at: str, found: list[Finding]) -> None:
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            found.append((at, f"must be a whole number from {least} to {most}"))

    return check


def items(each: Check, least: int = 0, most: int = 10_000) -> Check:
    """Want a list of so many, each passing its own check."""

    def check(value: Any, at: str, found: list[Finding]) -> None:
        if not isinstance(value, list):
            found.append((at, "must be a list"))
            return
        if not least <= len(value) <= most:
            found.append((at, f"must have {least} to {most} items, not {len(value)}"))
        for place, one in enumerate(value):
            each(one, f"{at}/{place}", found)

    return check


def shape(fields: dict[str, Check], required: str = "", also: Check = anything) -> Check:
    """Want an object with these fields and no others; `required` names the ones it cannot do without."""
    needed = required.split()

    def check(value: Any, at: str, found: list[Finding]) -> None:
        if not isinstance(value, dict):
            found.append((at, "must be an object"))
            return
        found.extend((at, f"missing required field: {name}") for name in needed if value.get(name) is None)
        for name, one in value.items():
            if name == "type" or one is None:
                continue
            if name not in fields:
                found.append((f"{at}/{name}", "is no field of this object"))
            else:
                fields[name](one, f"{at}/{name}", found)
        also(value, at, found)

    return check


def kinds(table: dict[str, Check], only: Iterable[str] | None = None) -> Check:
    """Want an object whose `type` stands in the table, and in `only`."""
    allowed = None if only is None else frozenset(only)

    def check(value: Any, at: str, found: list[Finding]) -> None:
        kind = value.get("type") if isinstance(value, dict) else None
        if not isinstance(kind, str) or kind not in table:
            found.append((at, f"unsupported type: {kind}"))
        elif allowed is not None and kind not in allowed:
            found.append((at, f"type {kind} is not allowed here"))
        else:
            table[kind](value, at, found)

    return check


def text(most: int = 3000, *, plain: bool = False, mrkdwn: bool = False) -> Check:
    """Want a text object of 1 to `most` characters."""
    table: dict[str, Check] = {}
    if not mrkdwn:
        table["plain_text"] = shape({"text": string(most, 1), "emoji": flag}, "text")
    if not plain:
        table["mrkdwn"] = shape({"text": string(most, 1), "verbatim": flag}, "text")
    return kinds(table)


def exactly_one(*names: str) -> Check:
    """Want exactly one of these fields."""

    def check(value: Any, at: str, found: list[Finding]) -> None:
        if sum(value.get(name) is not None for name in names) != 1:
            found.append((at, f"must have exactly one of {' and '.join(names)}"))

    return check


def at_least_one(*names: str) -> Check:
    """Want one of these fields or more."""

    def check(value: Any, at: str, found: list[Finding]) -> None:
        if not any(value.get(name) for name in names):
            found.append((at, f"must have one of {', '.join(names)}"))

    return check


# --- objects and elements ------------------------------------------------------------------------------------------

_ID = string(255, 1)
_URL = string(3000, 1)
_confirm = shape(
    {
        "title": text(100, plain=True),
        "text": text(300),
        "confirm": text(30, plain=True),
        "deny": text(30, plain=True),
        "style": word("primary", "danger"),
    },
    "title text",
)


def option(*, plain: bool = True) -> Check:
    """Want one choice of a select, a menu or a group of boxes."""
    return shape(
        {
            "text": text(75, plain=plain),
            "value": string(150, 1),
            "description": text(75, plain=plain),
            "url": string(3000),
        },
        "text value",
    )


_group = shape({"label": text(75, plain=True), "options": items(option(), 1, 100)}, "label options")
_slack_file = shape({"id": _ID, "url": _URL}, also=exactly_one("id", "url"))
_filter = shape({
    "include": items(word("im", "mpim", "private", "public"), 1),
    "exclude_bot_users": flag,
    "exclude_external_shared_channels": flag,
})  # fmt: skip
_common: dict[str, Check] = {"action_id": _ID, "confirm": _confirm, "focus_on_load": flag}
_labelled = _common | {"placeholder": text(150, plain=True)}
_typed = {
    "action_id": _ID,
    "focus_on_load": flag,
    "placeholder": text(150, plain=True),
    "dispatch_action_config": shape({
        "trigger_actions_on": items(word("on_enter_pressed", "on_character_entered"), 1, 2)
    }),
}  # fmt: skip
_choices = {"options": items(option(), 1, 100), "option_groups": items(_group, 1, 100)}
_source = exactly_one("options", "option_groups")
_many = {"max_selected_items": whole(1, 1000)}


def _rising(value: Any, at: str, found: list[Finding]) -> None:
    try:
        if float(value["min_value"]) > float(value["max_value"]):
            found.append((at, "min_value is above max_value"))
    except KeyError:
        return
    except (TypeError, ValueError):
        found.append((at, "min_value and max_value must be numbers written as strings"))


def _select(kind: str, initial: str, one: Check, more: dict[str, Check] | None = None) -> dict[str, Check]:
    fields = _labelled | (more or {})
    several = fields | _many | {f"initial_{initial}s": items(one)}
    return {
        f"{kind}_select": shape(fields | {f"initial_{initial}": one}, "action_id"),
        f"multi_{kind}_select": shape(several, "action_id"),
    }


def _feedback() -> Check:
    fields = {"text": text(75, plain=True), "value": string(2000), "accessibility_label": string(75)}
    return shape(fields, "text value")


_answer: dict[str, Check] = {"response_url_enabled": flag}
SELECTS: dict[str, Check] = {
    "static_select": shape(_labelled | _choices | {"initial_option": option()}, "action_id", _source),
    "multi_static_select": shape(
        _labelled | _choices | _many | {"initial_options": items(option())}, "action_id", _source
    ),
    **_select("external", "option", option(), {"min_query_length": whole(0, 1000)}),
    **_select("users", "user", _ID),
    **_select("channels", "channel", _ID, _answer),
    **_select(
        "conversations", "conversation", _ID, _answer | {"filter": _filter, "default_to_current_conversation": flag}
    ),
}
PICKERS: dict[str, Check] = {
    "datepicker": shape(_labelled | {"initial_date": string(10, 10)}, "action_id"),
    "timepicker": shape(_labelled | {"initial_time": string(5, 5), "timezone": string(100)}, "action_id"),
    "datetimepicker": shape(_common | {"initial_date_time": whole(0, 10**10)}, "action_id"),
    "checkboxes": shape(
        _common | {"options": items(option(plain=False), 1, 10), "initial_options": items(option(plain=False), 1, 10)},
        "action_id options",
    ),
    "radio_buttons": shape(
        _common | {"options": items(option(plain=False), 1, 10), "initial_option": option(plain=False)},
        "action_id options",
    ),
}
_pressed = {
    "text": text(75, plain=True),
    "value": string(2000),
    "url": string(3000),
    "style": word("primary", "danger"),
    "accessibility_label": string(75),
    "confirm": _confirm,
    "action_id": _ID,
}
BUTTONS: dict[str, Check] = {
    "button": shape(_pressed, "text"),
    "workflow_button": shape(_pressed | {"workflow": anything}, "text workflow"),
    "overflow": shape(_common | {"options": items(option(), 1, 5)}, "action_id options"),
}
TYPED: dict[str, Check] = {
    "plain_text_input": shape(
        _typed
        | {
            "initial_value": string(3000),
            "multiline": flag,
            "min_length": whole(0, 3000),
            "max_length": whole(1, 3000),
        },
        "action_id",
    ),
    "email_text_input": shape(_typed | {"initial_value": string(3000)}, "action_id"),
    "url_text_input": shape(_typed | {"initial_value": string(3000)}, "action_id"),
    "number_input": shape(
        _typed | dict.fromkeys(("initial_value", "min_value", "max_value"), string(100)) | {"is_decimal_allowed": flag},
        "is_decimal_allowed",
        _rising,
    ),
    "rich_text_input": shape(
        _typed | {"initial_value": anything, "min_lines": whole(1, 100), "max_lines": whole(1, 100)}, "action_id"
    ),
    "file_input": shape({"action_id": _ID, "filetypes": items(string(50)), "max_files": whole(1, 10)}),
}
IMAGE: dict[str, Check] = {
    "image": shape(
        {"alt_text": string(2000), "image_url": _URL, "slack_file": _slack_file},
        "alt_text",
        exactly_one("image_url", "slack_file"),
    )
}
ELEMENTS: dict[str, Check] = {
    **BUTTONS,
    **SELECTS,
    **PICKERS,
    **TYPED,
    **IMAGE,
    "feedback_buttons": shape(
        {"action_id": _ID, "positive_button": _feedback(), "negative_button": _feedback()},
        "positive_button negative_button",
    ),
    "icon_button": shape(
        _pressed | {"icon": string(100), "visible_to_user_ids": items(_ID, 0, 10)}, "icon text"
    ),
    "plain_text": text(3000, plain=True),
    "mrkdwn": text(3000, mrkdwn=True),
}  # fmt: skip
"""Everything that stands inside a block."""
