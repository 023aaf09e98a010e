"""Judges request bodies against Discord's own description of its API, where the folder that holds it is given.

jsonschema and referencing are loaded only here and only then; without them the hand-written rules stand alone. The
description is made strict in memory: no unknown fields, but the ones it forgets.
"""

import functools
import importlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sandbox.checks import Finding
from sandbox.discord_people import Json

_HOOK = "/webhooks/{application}/{token}"
_CALLBACK = "POST /interactions/{interaction}/{token}/callback"
NAMES = {
    "POST /channels/{channel}/messages": "MessageCreateRequest",
    "PATCH /channels/{channel}/messages/{message}": "MessageEditRequestPartial",
    f"POST {_HOOK}": "IncomingWebhookRequestPartial",
    f"PATCH {_HOOK}/messages/{{message}}": "IncomingWebhookUpdateRequestPartial",
    "POST /users/@me/channels": "CreatePrivateChannelRequest",
    "POST /applications/{application}/commands": "ApplicationCommandCreateRequest",
    "POST /applications/{application}/guilds/{guild}/commands": "ApplicationCommandCreateRequest",
    "PUT /applications/{application}/commands": "ApplicationCommandUpdateRequest",
    "PUT /applications/{application}/guilds/{guild}/commands": "ApplicationCommandUpdateRequest",
}
"""The schema of each request's body; lists are judged one by one."""

CALLBACKS = {
    **dict.fromkeys((4, 5), "CreateMessageInteractionCallbackRequest"),
    **dict.fromkeys((6, 7), "UpdateMessageInteractionCallbackRequest"),
    8: "ApplicationCommandAutocompleteCallbackRequest",
    9: "ModalInteractionCallbackRequest",
}
FORGOTTEN = {
    "ApplicationCommandCreateRequest": {"nsfw": {"type": "boolean"}},
    "ApplicationCommandUpdateRequest": {"nsfw": {"type": "boolean"}},
    "IncomingWebhookUpdateRequestPartial": {"tts": {"type": "boolean"}},
    "IncomingWebhookUpdateForInteractionCallbackRequestPartial": {"tts": {"type": "boolean"}},
    "RichEmbed": {"flags": {"type": "integer"}},
    "MessageEditRequestPartial": {"tts": {"type": "boolean"}},
}
"""Fields that discord.py sends, Discord takes and the description lacks."""

URN = "urn:discord"
PREFIX = "#/components/schemas/"


@functools.lru_cache(maxsize=2)
def load(folder: Path) -> "Contract":
    """Return the contract in a folder, read once."""
    return Contract(folder)


class Contract:
    """The schemas of Discord's request bodies."""

    def __init__(self, folder: Path) -> None:
        where = folder if (folder / "openapi.json").is_file() else folder / "discord"
        self._document: Json = json.loads((where / "openapi.json").read_text("utf-8"))
        self._schemas: Json = self._document["components"]["schemas"]
        self._patch()
        self._libraries = _libraries()
        self._validators: dict[str, Any] = {}

    def request(self, where: str, body: Any) -> list[Finding]:
        """Return what the schema refuses in a request's body; nothing for a request it is not asked about."""
        name = CALLBACKS.get(body.get("type"), "") if where == _CALLBACK else NAMES.get(where, "")
        if not name or self._libraries is None:
            return []
        if where.startswith("PUT") and isinstance(body, list):
            return [one for place, each in enumerate(body) for one in self.errors(name, each, f"/{place}")]
        return self.errors(name, body)

    def errors(self, name: str, value: Any, at: str = "") -> list[Finding]:
        """Return what a named schema refuses, each at the deepest place it can name."""
        found = []
        for error in self._validator(name).iter_errors(value):
            path = "".join(f"/{step}" for step in error.absolute_path)
            found.append((f"{at}{path}", f"schema: {error.message[:200]}"))
        return found

    def _validator(self, name: str) -> Any:
        if name not in self._validators:
            assert self._libraries is not None, "asked only where they are"
            jsonschema, referencing, dialect = self._libraries
            resource = referencing.Resource.from_contents(self._document, default_specification=dialect.DRAFT202012)
            registry = referencing.Registry().with_resource(URN, resource)
            either = {"oneOf": self._either, "anyOf": self._either}
            kind = jsonschema.validators.extend(jsonschema.Draft202012Validator, either)
            self._validators[name] = kind({"$ref": f"{URN}{PREFIX}{name}"}, registry=registry)
        return self._validators[name]

    def _either(self, validator: Any, branches: list[Json], value: Any, schema: Json) -> Iterator[Any]:
        """Descend into the branch that is meant, so that errors name the true place."""
        meant = [one for one in branches if self._is_meant(one, value)]
        if len(meant) == 1:
            yield from validator.descend(value, meant[0])
            return
        tries = [list(validator.descend(value, one)) for one in meant]
        if all(tries) and self._libraries is not None:
            kind = value.get("type") if isinstance(value, dict) else value
            message = f"{kind!r} fits none of the forms allowed here"
            yield from min(tries, key=len, default=[self._libraries[0].exceptions.ValidationError(message)])

    def _is_meant(self, branch: Json, value: Any) -> bool:
        target = self._schemas[branch["$ref"].removeprefix(PREFIX)] if "$ref" in branch else branch
        if target.get("type") == "null" or value is None:
            return (target.get("type") == "null") == (value is None)
        if isinstance(value, dict) and "type" in value and "properties" in target:
            kinds = target["properties"].get("type", {}).get("enum")
            return kinds is None or value["type"] in kinds
        return True

    def _patch(self) -> None:
        """Make the description strict, and add what it forgets."""
        _close(self._schemas)
        for name, fields in FORGOTTEN.items():
            self._schemas[name]["properties"] |= fields
        number = {"type": "integer", "minimum": 0}
        self._schemas["SnowflakeType"] = {"anyOf": [self._schemas["SnowflakeType"], number]}
        self._schemas["MessageAttachmentRequest"].pop("additionalProperties")  # what is kept comes back whole


def _close(value: Any) -> None:
    """Forbid unknown fields throughout, and write lists of constants as what they are, which is far quicker."""
    if isinstance(value, dict):
        branches = value.get("oneOf")
        if (
            isinstance(branches, list)
            and branches
            and all(isinstance(one, dict) and "const" in one for one in branches)
        ):
            value["enum"] = [one["const"] for one in value.pop("oneOf")]
        if "properties" in value and isinstance(value["properties"], dict) and value.get("type") == "object":
            value.setdefault("additionalProperties", False)
        for one in value.values():
            _close(one)
    elif isinstance(value, list):
        for one in value:
            _close(one)


def _libraries() -> tuple[Any, Any, Any] | None:
    try:
        found = importlib.import_module("jsonschema")
        importlib.import_module("jsonschema.exceptions")
        return found, importlib.import_module("referencing"), importlib.import_module("referencing.jsonschema")
    except ModuleNotFoundError:
        return None
