"""What Slack accepts: its limits written by hand, and its published schema where the shared folder is there."""

import json
import re
from functools import cache
from pathlib import Path

from jsonschema import Draft7Validator

SHARED = Path(__file__).parents[2] / "../shared/data/contracts/slack"
MENTIONS = re.compile(r"<(?!!date\^\d+\^[^|<>^]+\|[^<>|]+>)")  # in markup, `<` may only begin a date of ours
CONTROL_CODES = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
RAISING = {"broadcast", "usergroup", "user", "channel", "team", "emoji"}  # rich text that notifies or formats
MESSAGE = {"header", "section", "context", "actions", "divider", "image", "rich_text", "table", "data_visualization"}
SURFACES = {"message": MESSAGE, "home": MESSAGE - {"table", "data_visualization"}, "modal": {"input"}}

# path of a limit in limits.json -> its value here
LIMITS = {
    "text.max_length": 3000,
    "action_id.max_length": 255,
    "block_id.max_length": 255,
    "button.text.max_length": 75,
    "button.value.max_length": 2000,
    "option.text.max_length": 75,
    "option.value.max_length": 150,
    "select.placeholder.max_length": 150,
    "select.options.max_items": 100,
    "overflow.options.max_items": 5,
    "actions.elements.max_items": 25,
    "context.elements.max_items": 10,
    "header.text.max_length": 150,
    "image.alt_text.max_length": 2000,
    "data_visualization.title.max_length": 50,
    "data_visualization.series_name.max_length": 20,
    "data_visualization.point_label.max_length": 20,
    "data_visualization.categories.max_items": 20,
    "data_visualization.category_label.max_length": 20,
    "data_visualization.axis_label.max_length": 50,
    "view.blocks.max_items": 100,
    "view.private_metadata.max_length": 3000,
    "view.callback_id.max_length": 255,
    "view.title.max_length": 24,
    "view.submit.max_length": 24,
    "view.close.max_length": 24,
}


def of_message(payload, *, schema=True, walked=None):
    """Every rule a message breaks, as words; none for a good one. `walked`: the `nodes` of each block, if known."""
    found = [] if 0 < len(payload["text"]) <= 4_000 else [f"text of {len(payload['text'])} characters"]
    found += ["addresses may unfold"] if payload["unfurl_links"] or payload["unfurl_media"] else []
    found += [f"text: {bad}" for bad in _markup(payload["text"])]
    blocks = payload["blocks"]
    found += [f"{len(blocks)} blocks"] if len(blocks) > 50 else []
    for kind, most in (("table", 1), ("data_visualization", 2)):
        found += [f"several {kind}"] if sum(block["type"] == kind for block in blocks) > most else []
    return found + _of_blocks(blocks, "message", schema, walked)


def of_view(view, *, schema=True):
    """Every rule a modal or home view breaks."""
    found = []
    for name in ("title", "submit", "close"):
        found += [name] if name in view and not 0 < len(view[name]["text"]) <= LIMITS[f"view.{name}.max_length"] else []
    for name in ("callback_id", "private_metadata"):
        found += [name] if len(view.get(name, "")) > LIMITS[f"view.{name}.max_length"] else []
    found += ["blocks"] if not 0 < len(view["blocks"]) <= 100 else []
    return found + _of_blocks(view["blocks"], view["type"], schema)


def _of_blocks(blocks, surface, schema, walked=None):
    walked = [nodes(block) for block in blocks] if walked is None else walked
    found = [f"{b['type']} in a {surface}" for b in blocks if b["type"] not in SURFACES[surface]]
    found += [f"{at} {bad}" for at, inside in enumerate(walked) for bad in _nodes(inside)]
    names = [node["action_id"] for inside in walked for node in inside if "action_id" in node]
    found += ["action_id twice"] if len(names) != len(set(names)) else []
    if schema and SHARED.exists():
        found += [f"{at} schema: {bad}" for at, block in enumerate(blocks) for bad in against_schema(block)]
    return found


def nodes(node):
    """Every object inside in reading order, itself included."""
    found = []
    _gather(node, found)
    return found


def _gather(node, found):
    if type(node) is dict:
        found.append(node)
        node = node.values()
    for one in node:
        if type(one) in _DEEP:
            _gather(one, found)


_DEEP = (dict, list, tuple)


def _markup(words):
    return ["something in angle brackets"] if MENTIONS.search(words) else []


def _between(value, least, most, what):
    return [] if least <= len(value) <= most else [f"{what} of {len(value)}"]


def _nodes(inside):
    for node in inside:
        check = CHECKS.get(node.get("type"))
        for bad in check(node) if check else ():
            yield f"{node.get('type')}: {bad}"
        if CONTROL_CODES.search("\n".join([value for value in node.values() if type(value) is str])):
            yield "control code"
        if node.get("type") in RAISING:
            yield f"{node['type']} element"
        if "action_id" in node and len(node["action_id"]) > 255:
            yield "action_id"


def _mrkdwn(node):
    return _between(node["text"], 1, 3000, "text") + _markup(node["text"])


def _plain(node):
    return _between(node["text"], 1, 3000, "text") + ([] if node.get("emoji") is False else ["emoji"])


def _actions(node):
    return _between(node["elements"], 1, 25, "elements")


def _button(node):
    return _between(node["text"]["text"], 1, 75, "label") + _between(node["value"], 0, 2000, "value")


def _select(node):
    found = _between(node["options"], 1, 100, "options") + _between(node["placeholder"]["text"], 1, 150, "placeholder")
    return found + _options(node)


def _options(node):
    return [
        bad
        for option in node["options"]
        for bad in _between(option["text"]["text"], 1, 75, "option")
        + _between(option["value"], 1, 150, "option's value")
    ]


def _table(node):
    rows = node["rows"]
    found = _between(rows, 1, 100, "rows") + _between(rows[0], 1, 20, "columns")
    found += ["rows of different lengths"] if len({len(row) for row in rows}) > 1 else []
    size = sum(len(one.get("text", one.get("fallback", ""))) for row in rows for one in nodes(row))
    return found + (["more than 10,000 characters"] if size > 10_000 else [])


def _chart(node):
    shown = node["chart"]
    days = shown["axis_config"]["categories"]
    found = _between(node["title"], 1, 50, "title") + _between(days, 1, 20, "categories")
    found += _between(shown["series"], 1, 6, "series")
    found += ["a label"] if any(not 0 < len(day) <= 20 for day in days) or len(set(days)) < len(days) else []
    names = [one["name"] for one in shown["series"]]
    found += ["a name"] if any(not 0 < len(n) <= 20 for n in names) or len(set(names)) < len(names) else []
    found += ["points beside days"] if any([p["label"] for p in s["data"]] != days for s in shown["series"]) else []
    values = [point["value"] for one in shown["series"] for point in one["data"]]
    return found + (["a value"] if any(type(v) is not int or not 1 <= v <= 100 for v in values) else [])


CHECKS = {
    "mrkdwn": _mrkdwn,
    "plain_text": _plain,
    "text": lambda node: _between(node["text"], 1, 3000, "text"),
    "link": lambda node: (
        _between(node["text"], 1, 3000, "text") + ([] if node["url"].startswith("https://") else ["address"])
    ),
    "date": lambda node: (
        _between(node["fallback"], 1, 100, "fallback")
        + ([] if type(node["timestamp"]) is int and node["timestamp"] >= 0 else ["timestamp"])
    ),
    "raw_text": lambda node: _between(node["text"], 1, 3000, "cell"),
    "rich_text": lambda node: _between(node["elements"], 1, 1000, "elements"),
    "rich_text_section": lambda node: _between(node["elements"], 1, 1000, "elements"),
    "rich_text_list": lambda node: _between(node["elements"], 1, 1000, "elements"),
    "header": lambda node: _between(node["text"]["text"], 1, 150, "text"),
    "context": lambda node: _between(node["elements"], 1, 10, "elements"),
    "section": lambda node: [] if "text" in node or "fields" in node else ["empty"],
    "image": lambda node: _between(node["alt_text"], 1, 2000, "alt text"),
    "actions": _actions,
    "button": _button,
    "static_select": _select,
    "overflow": lambda node: _between(node["options"], 1, 5, "options") + _options(node),
    "table": _table,
    "data_visualization": _chart,
}


# --- the published schema ---------------------------------------------------------------------------------------------

_POINT = {"type": "object", "required": ["label", "value"], "additionalProperties": False}
_POINT |= {"properties": {"label": {"type": "string"}, "value": {"type": "number"}}}
_AXES = {"categories": {"type": "array"}, "x_label": {"type": "string"}, "y_label": {"type": "string"}}
_SERIES = {"name": {"type": "string"}, "data": {"type": "array", "items": _POINT}}
_LINES = {
    "type": {"enum": ["line", "bar", "area"]},
    "series": {"type": "array", "items": {"type": "object", "properties": _SERIES, "additionalProperties": False}},
    "axis_config": {"type": "object", "properties": _AXES, "additionalProperties": False},
}
_PIE = {"type": {"const": "pie"}, "segments": {"type": "array", "items": _POINT}}
_ICON = {"type": "object"}


@cache
def _definitions():
    """The schema with what its publisher's types do not know yet."""
    found = json.loads((SHARED / "block-kit.schema.json").read_text(encoding="utf-8"))["definitions"]
    charts = [{"type": "object", "properties": p, "additionalProperties": False} for p in (_LINES, _PIE)]
    found["DataVisualizationBlock"] = {
        "type": "object",
        "required": ["type", "title", "chart"],
        "additionalProperties": False,
        "properties": {
            "type": {"const": "data_visualization"},
            "block_id": {"type": "string"},
            "title": {"type": "string"},
            "chart": {"anyOf": charts},
        },
    }
    found["CardBlock"]["properties"] |= {"slack_icon": _ICON, "subtext": found["CardBlock"]["properties"]["body"]}
    return found


@cache
def _validators():
    """A validator for each type of block."""
    found = {}
    for name, definition in _definitions().items():
        if not name.endswith("Block"):
            continue
        for branch in definition.get("anyOf", [definition]):
            kind = branch.get("properties", {}).get("type", {}).get("const")
            if kind:
                schema = {"$ref": f"#/definitions/{name}", "definitions": _definitions()}
                found[kind] = Draft7Validator(schema)
    return found


def against_schema(block):
    """What the published schema says against a block; an unknown type is an error."""
    validator = _validators().get(block["type"])
    if validator is None:
        return [f"unknown type {block['type']}"]
    return [
        f"{'/'.join(map(str, error.absolute_path))}: {error.message[:200]}" for error in validator.iter_errors(block)
    ]
