"""What Discord accepts: its limits written by hand, and its published schema where the shared folder is there."""

import json
import re
from functools import cache
from pathlib import Path

from jsonschema import Draft202012Validator
from referencing import Registry, Resource

SHARED = Path(__file__).parents[2] / "../shared/data/contracts/discord/openapi.json"
CONTROL_CODES = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
OURS = re.compile(r"<t:\d+:[RDf]>|\]\(<https://[^<>\s\\]+>\)")  # what may stand unescaped because we made it
CODE = re.compile(r"```\n[\s\S]*?\n```|`[^`\n]+`")
ESCAPED = re.compile(r"\\[\\*_~`|>#\[\]()<:\-.]")
ACTING = re.compile(
    r"[a-z]://|@(?!\u200b)|<|[|~_>]|(?<!^)#|discord(?:app)?\.(?:gg|com/invite)|^\s*[0-9]+\. ", re.IGNORECASE
)


def nodes(parts):
    """Every component with all that is nested in it."""
    for part in parts:
        yield part
        yield from nodes(part.get("components", ()))
        yield from nodes([part["accessory"]] if "accessory" in part else ())


def of_components(components, *, schema=True):
    """Every rule a message of the newer form breaks, as words; none for a good one."""
    every = list(nodes(components))
    found = [f"{len(every)} components"] if not 0 < len(every) <= 40 else []
    texts = [one["content"] for one in every if one["type"] == 10]
    found += [f"{sum(map(len, texts))} characters"] if sum(map(len, texts)) > 4_000 else []
    found += ["an empty text"] if any(not text for text in texts) else []
    states = [one["custom_id"] for one in every if "custom_id" in one]
    found += ["a state twice"] if len(set(states)) < len(states) else []
    found += [wrong for one in every for wrong in _of_one(one)]
    found += [f"acts: {bad}" for text in texts for bad in acting(text)]
    return found + (_of_schema(components) if schema else [])


def _of_one(one):
    match one["type"]:
        case 1:
            kinds = [part["type"] for part in one["components"]]
            if not (kinds == [3] or (set(kinds) == {2} and len(kinds) <= 5)):
                yield f"a row of {kinds}"
        case 2:
            yield from _length("label", one["label"], 80)
            yield from _length("custom_id", one["custom_id"], 100)
        case 3:
            yield from _length("custom_id", one["custom_id"], 100)
            yield from _length("placeholder", one["placeholder"], 150)
            if not 1 <= len(one["options"]) <= 25 or len({o["value"] for o in one["options"]}) < len(one["options"]):
                yield "options"
            for option in one["options"]:
                yield from _length("label", option["label"], 100)
                yield from _length("value", option["value"], 100)
        case 9:
            if not 1 <= len(one["components"]) <= 3 or "accessory" not in one:
                yield "a section"
        case 12:
            for item in one["items"]:
                yield from _length("description", item["description"], 1024)
        case 10 | 17:
            pass
        case kind:
            yield f"type {kind}"


def _length(name, words, most):
    state = name in {"custom_id", "value"}
    if not 1 <= len(words) <= most or CONTROL_CODES.search(words) or (re.search(r"[a-z]://", words) and not state):
        yield f"{name}: {words!r}"


def acting(markup):
    """What in a text would format, link or call that is not ours."""
    if CONTROL_CODES.search(markup):
        yield "a control code"
    bare = OURS.sub("x", CODE.sub("x", ESCAPED.sub("x", markup)))
    for one in bare.split("\n"):
        own = re.sub(r"^(?:### |-# |- )", "", one).replace("**", "").replace("[", "")
        if "`" in own or "*" in own or ACTING.search(own) or re.match(r"[-#>]", own):
            yield own


@cache
def _schema():
    """The official schema with objects closed, as CHAT's strictness patches ask; None without the shared folder."""
    if not SHARED.exists():
        return None
    document = json.loads(SHARED.read_text(encoding="utf-8"))
    for one in document["components"]["schemas"].values():
        if one.get("type") == "object" and "properties" in one and "additionalProperties" not in one:
            one["additionalProperties"] = False
    document["components"]["schemas"]["SnowflakeType"] = {}
    return document


@cache
def validator(name):
    """The validator of one of the schema's names, or None."""
    document = _schema()
    if document is None:
        return None
    registry = Registry().with_resource("urn:discord", Resource.from_contents(document, default_specification=_draft()))
    return Draft202012Validator({"$ref": f"urn:discord#/components/schemas/{name}"}, registry=registry)


def _draft():
    from referencing.jsonschema import DRAFT202012

    return DRAFT202012


def broken(name, payload):
    """What the official schema says against a payload; none without the shared folder."""
    judge = validator(name)
    errors = [] if judge is None else judge.iter_errors(payload)
    return [f"{error.json_path}: {error.message[:300]}" for error in errors]


def _of_schema(components):
    payload = {"components": list(components), "flags": 1 << 15, "allowed_mentions": {"parse": []}}
    return broken("IncomingWebhookUpdateRequestPartial", payload)
