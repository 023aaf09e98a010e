"""What Slack writes to an app when somebody does something: commands, clicks, submissions, events."""

import html
import re
from typing import TYPE_CHECKING, Any

from sandbox.slack_people import Channel, Json, Message, Person, View, Workspace
from sandbox.slack_rules import nodes
from sandbox.slack_shapes import APP_ID, VERIFICATION, channel_name, message_json, team_json, view_json

if TYPE_CHECKING:
    from sandbox.slack_deeds import Interaction

Where = Message | View
_DOMAIN = r"(?<![\w./@])(?P<domain>(?:[\w-]+\.)+(?:com|social|org|net|io|dev|app|blog)\b(?:/[^\s<>|]*)?)"
_URL = r"(?P<url>https?://[^\s<>|]+)"
_MAIL = r"(?P<mail>[\w.+-]+@[\w-]+(?:\.[\w-]+)+)"
_SCHEMES = {"mail": "mailto:", "domain": "http://"}
_PICKED = {"datepicker": "date", "timepicker": "time", "datetimepicker": "date_time"}
INTERACTIVE = re.compile(r"button|select$|overflow|picker$|checkboxes|input$")


def escaped(text: str, workspace: Workspace) -> str:
    """Return a typed text as Slack sends it to a command with `should_escape`: names, channels and links marked up."""
    people = {one.name: one for one in workspace.people.values()}
    channels = {one.name: one for one in workspace.channels.values() if one.kind != "im"}
    names = "|".join(map(re.escape, people)), "|".join(map(re.escape, channels))
    known = rf"@(?P<person>{names[0]})(?![\w@.-])|#(?P<channel>{names[1]})(?![\w-])"

    def marked(match: re.Match[str]) -> str:
        found = {name: value for name, value in match.groupdict().items() if value}
        kind, value = next(iter(found.items()))
        if kind == "person":
            return f"<@{people[value].id}|{value}>"
        if kind == "channel":
            return f"<#{channels[value].id}|{value}>"
        return f"<{_SCHEMES.get(kind, '')}{value}|{value}>"

    return re.sub(f"{_URL}|{_MAIL}|{known}|{_DOMAIN}", marked, html.escape(text, quote=False))


def command_payload(deed: "Interaction", command: str, text: str, hook: str) -> Json:
    """Return the form of a slash command."""
    assert deed.channel is not None, "a command is typed in a channel"
    return {
        "token": VERIFICATION,
        "team_id": deed.workspace.id,
        "team_domain": deed.workspace.domain,
        "channel_id": deed.channel.id,
        "channel_name": channel_name(deed.channel),
        "user_id": deed.user.id,
        "user_name": deed.user.name,
        "command": command,
        "text": text,
        "api_app_id": APP_ID,
        "is_enterprise_install": "false",
        "response_url": hook,
        "trigger_id": deed.trigger_id,
    }


def _head(deed: "Interaction", kind: str) -> Json:
    return {
        "type": kind,
        "token": VERIFICATION,
        "api_app_id": APP_ID,
        "team": team_json(deed.workspace),
        "user": {
            "id": deed.user.id,
            "username": deed.user.name,
            "name": deed.user.name,
            "team_id": deed.user.team,
        },
        "enterprise": None,
        "is_enterprise_install": False,
        "trigger_id": deed.trigger_id,
    }


def actions_payload(deed: "Interaction", where: Where, action: Json, hook: str) -> Json:
    """Return what a click on a message or in a view sends."""
    value = _head(deed, "block_actions") | {"actions": [action], "state": {"values": {}}}
    if isinstance(where, View):
        container = {"type": "view", "view_id": where.id}
        return value | {"container": container, "view": view_json(where, deed.workspace)}
    value |= _place(deed, where) | {"response_url": hook}
    if not where.ephemeral:  # Slack does not send back what only one person sees
        value["message"] = message_json(where, deed.workspace)
    return value


def _place(deed: "Interaction", message: Message) -> Json:
    assert deed.channel is not None, "a message lies in a channel"
    container = {
        "type": "message",
        "message_ts": message.ts,
        "channel_id": deed.channel.id,
        "is_ephemeral": message.ephemeral,
    }
    if message.thread_ts:
        container["thread_ts"] = message.thread_ts
    return {"container": container, "channel": {"id": deed.channel.id, "name": channel_name(deed.channel)}}


def suggestion_payload(deed: "Interaction", where: Where, found: tuple[Json, Json], query: str) -> Json:
    """Return what typing into an external select sends."""
    block, element = found
    value = _head(deed, "block_suggestion")
    value |= {"action_id": element["action_id"], "block_id": block["block_id"], "value": query}
    if isinstance(where, View):
        container = {"type": "view", "view_id": where.id}
        return value | {"container": container, "view": view_json(where, deed.workspace)}
    return value | _place(deed, where)


def submission_payload(deed: "Interaction", view: View, urls: list[Json]) -> Json:
    """Return what sending a modal off sends."""
    return _head(deed, "view_submission") | {"view": view_json(view, deed.workspace), "response_urls": urls}


def closed_payload(deed: "Interaction", view: View, *, cleared: bool) -> Json:
    """Return what closing a modal sends to an app that asked for it."""
    value = _head(deed, "view_closed") | {"view": view_json(view, deed.workspace), "is_cleared": cleared}
    del value["trigger_id"]
    return value


def shortcut_payload(deed: "Interaction", callback_id: str, ts: str, message: Message | None, hook: str) -> Json:
    """Return what a global shortcut sends, or one on a message."""
    if message is None:
        return _head(deed, "shortcut") | {"callback_id": callback_id, "action_ts": ts}
    place = _place(deed, message)["channel"]
    return _head(deed, "message_action") | {
        "callback_id": callback_id,
        "action_ts": ts,
        "message_ts": message.ts,
        "message": message_json(message, deed.workspace),
        "channel": place,
        "response_url": hook,
    }


def event_payload(workspace: Workspace, event: Json, number: str, seconds: int) -> Json:
    """Return the wrapper of an event."""
    app = workspace.installation
    authorization = {
        "enterprise_id": None,
        "team_id": workspace.id,
        "user_id": app.bot_user if app is not None else "",
        "is_bot": True,
        "is_enterprise_install": False,
    }
    return {
        "token": VERIFICATION,
        "team_id": workspace.id,
        "api_app_id": APP_ID,
        "event": event,
        "type": "event_callback",
        "event_id": number,
        "event_time": seconds,
        "authorizations": [authorization],
        "is_ext_shared_channel": False,
        "event_context": f"4-{number}",
    }


# --- what a person touches -------------------------------------------------------------------------------------------


def find_element(where: Where, action: str | tuple[str, str]) -> tuple[Json, Json]:
    """Return block and element by action_id, by the words on a button, or by (block_id, action_id)."""
    here = [(block, one) for block in where.blocks for _, one in nodes(block) if _interactive(one)]
    fitting = [(block, one) for block, one in here if _meant(block, one, action)]
    if len(fitting) != 1:
        there = ", ".join(f"{one.get('action_id')} ({_label(one)})" for _, one in here) or "nothing to click"
        problem = "nothing is" if not fitting else f"{len(fitting)} elements are"
        raise LookupError(f"{problem} called {action!r} here; there is {there}")
    return fitting[0]


def _interactive(one: Json) -> bool:
    return bool(one.get("action_id")) and bool(INTERACTIVE.search(str(one.get("type"))))


def _meant(block: Json, one: Json, action: str | tuple[str, str]) -> bool:
    if isinstance(action, tuple):
        return (block.get("block_id"), one["action_id"]) == action
    return action in (one["action_id"], _label(one))


def _label(one: Json) -> str:
    text = one.get("text") or one.get("placeholder") or {}
    return str(text.get("text", ""))


def chosen(element: Json, value: Any, workspace: Workspace) -> Json:
    """Return what a person chose or typed, in the words of payload and state; raises ValueError for the impossible."""
    kind = str(element["type"])
    several = kind.startswith("multi_") or kind == "checkboxes"
    if kind in ("button", "workflow_button", "icon_button"):
        return {name: element[name] for name in ("text", "value", "style", "url") if name in element}
    if kind.endswith("_input") or kind == "number_input":
        return {"value": _typed(element, value)}
    if kind in _PICKED:
        return {f"selected_{_PICKED[kind]}": value}
    what = next((name for name in ("user", "channel", "conversation") if f"{name}s_select" in kind), "option")
    if value is None:
        return {f"selected_{what}s": []} if several else {f"selected_{what}": None}
    many = value if isinstance(value, list | tuple) else [value]
    picked = [_picked(element, what, one, workspace) for one in many]
    return {f"selected_{what}s": picked} if several else {f"selected_{what}": picked[0]}


def _typed(element: Json, value: Any) -> str | None:
    if value is None or value == "":
        return None
    least, most = int(element.get("min_length") or 0), int(element.get("max_length") or 3000)
    if not least <= len(str(value)) <= most:
        raise ValueError(f"Slack's window takes {least} to {most} characters here, not {len(str(value))}")
    return str(value)


def _picked(element: Json, what: str, value: Any, workspace: Workspace) -> Any:
    if what == "user":
        return workspace.person(value).id
    if what in ("channel", "conversation"):
        return workspace.channel(value).id if not isinstance(value, Channel | Person) else value.id
    if isinstance(value, dict):
        return value
    groups = [element.get("options") or [], *(one["options"] for one in element.get("option_groups") or [])]
    options = [one for group in groups for one in group]
    found = next((one for one in options if value in (one.get("value"), one["text"]["text"])), None)
    if found is None and "external" in str(element["type"]):
        return {"text": {"type": "plain_text", "text": str(value)}, "value": str(value)}
    if found is None:
        raise ValueError(f"no option {value!r}; there are {', '.join(str(one.get('value')) for one in options)}")
    return found


def initial(element: Json) -> Any:
    """Return what an element holds before anybody touches it."""
    single = ("value", "option", "user", "channel", "conversation", "date", "time", "date_time")
    for name in single:
        if (found := element.get(f"initial_{name}")) is not None:
            return found
        if (found := element.get(f"initial_{name}s")) is not None:
            return found
    return None
