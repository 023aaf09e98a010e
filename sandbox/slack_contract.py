"""Judges blocks against the published schema of Block Kit, where the folder that holds it is given.

jsonschema is loaded only here and only then; without it the hand-written rules stand alone.
"""

import importlib
import json
from pathlib import Path
from typing import Any

from sandbox.checks import Finding
from sandbox.slack_people import Json

NEWER_ARGUMENTS = frozenset(
    "metadata reply_broadcast client_msg_id unfurl_links unfurl_media markdown_text blocks team_id mrkdwn token "
    "grant_type refresh_token code_verifier include_locale include_num_members prevent_creation".split()
)
"""Arguments the methods learnt after the archived description was written."""

_LABEL = {"type": "string", "minLength": 1, "maxLength": 20}
_POINT = {"type": "object", "required": ["label", "value"], "additionalProperties": False}
_POINT["properties"] = {"label": _LABEL, "value": {"type": "number"}}
_SERIES = {"type": "object", "required": ["name", "data"], "additionalProperties": False}
_SERIES["properties"] = {"name": _LABEL, "data": {"type": "array", "minItems": 1, "maxItems": 20, "items": _POINT}}
_CHART_BLOCK: Json = {
    "type": "object",
    "additionalProperties": False,
    "required": ["type", "title", "chart"],
    "properties": {
        "type": {"const": "data_visualization"},
        "block_id": {"type": "string"},
        "title": {"type": "string", "minLength": 1, "maxLength": 50},
        "chart": {
            "type": "object",
            "additionalProperties": False,
            "required": ["type"],
            "properties": {
                "type": {"enum": ["line", "bar", "area", "pie"]},
                "segments": {"type": "array", "minItems": 1, "maxItems": 12, "items": _POINT},
                "series": {"type": "array", "minItems": 1, "maxItems": 12, "items": _SERIES},
                "axis_config": {
                    "type": "object",
                    "additionalProperties": False,
                    "required": ["categories"],
                    "properties": {
                        "categories": {"type": "array", "minItems": 1, "maxItems": 20, "items": _LABEL},
                        "x_label": {"type": "string", "maxLength": 50},
                        "y_label": {"type": "string", "maxLength": 50},
                    },
                },
            },
        },
    },
}


class Contract:
    """The schema of Block Kit and the arguments of the older methods, read from one folder."""

    def __init__(self, folder: Path) -> None:
        where = folder if (folder / "block-kit.schema.json").is_file() else folder / "slack"
        schema = json.loads((where / "block-kit.schema.json").read_text("utf-8"))
        self._definitions: Json = schema["definitions"]
        self._patch()
        self._names = dict(self._by_type())
        self._arguments = _arguments(json.loads((where / "web-api.openapi2.json").read_text("utf-8")))
        self._jsonschema = _jsonschema()
        self._validators: dict[str, Any] = {}

    def blocks(self, blocks: Any, at: str) -> list[Finding]:
        """Return what the schema refuses, each at the deepest place it can name."""
        if not isinstance(blocks, list) or self._jsonschema is None:
            return []
        found: list[Finding] = []
        for place, block in enumerate(blocks):
            kind = block.get("type") if isinstance(block, dict) else None
            if kind not in self._names:
                found.append((f"{at}/{place}", f"the schema knows no block of type {kind}"))
                continue
            for error in self._validator(self._names[kind]).iter_errors(block):
                deepest = self._jsonschema.exceptions.best_match([error]) or error
                path = "".join(f"/{step}" for step in deepest.absolute_path)
                found.append((f"{at}/{place}{path}", f"schema: {deepest.message[:200]}"))
        return found

    def unknown_arguments(self, method: str, given: set[str]) -> list[str]:
        """Return the arguments that a method has never heard of; empty for methods the description lacks."""
        known = self._arguments.get(method)
        return [] if known is None else sorted(given - known - NEWER_ARGUMENTS)

    def _validator(self, name: str) -> Any:
        if name not in self._validators:
            schema = {"$ref": f"#/definitions/{name}", "definitions": self._definitions}
            self._validators[name] = self._jsonschema.Draft7Validator(schema)
        return self._validators[name]

    def _patch(self) -> None:
        """Add what the published schema lacks."""
        self._definitions["DataVisualizationBlock"] = _CHART_BLOCK
        card = self._definitions["CardBlock"]["properties"]
        card["subtext"] = {"$ref": "#/definitions/MrkdwnElement"}
        card["slack_icon"] = {"type": "object", "required": ["type", "name"]}

    def _by_type(self) -> Any:
        for name, one in self._definitions.items():
            if name.endswith("Block"):
                parts = one.get("anyOf", [one])
                constants = {part.get("properties", {}).get("type", {}).get("const") for part in parts} - {None}
                yield from ((kind, name) for kind in constants)


def _jsonschema() -> Any:
    try:
        found = importlib.import_module("jsonschema")
        importlib.import_module("jsonschema.exceptions")
    except ModuleNotFoundError:
        return None
    return found


def _arguments(document: Json) -> dict[str, set[str]]:
    return {
        path.strip("/"): {one["name"] for one in operation.get("parameters", []) if "name" in one}
        for path, operations in document["paths"].items()
        for operation in operations.values()
    }
