"""What Block Kit allows, block by block: which fields, of what form, how long. Written by hand from Slack's pages."""

from typing import Any

from sandbox.checks import Check, Finding, anything, exactly_one, flag, items, kinds, shape, string, whole, word


def text(most: int = 3000, *, plain: bool = False, mrkdwn: bool = False) -> Check:
    """Want a text object of 1 to `most` characters."""
    table: dict[str, Check] = {}
    if not mrkdwn:
        table["plain_text"] = shape({"text": string(most, 1), "emoji": flag}, "text")
    if not plain:
        table["mrkdwn"] = shape({"text": string(most, 1), "verbatim": flag}, "text")
    return kinds(table)


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
