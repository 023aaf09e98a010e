"""One Web API call as a handler gets it, and the refusals it may answer with."""

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from starlette.requests import Request

from sandbox.slack_people import Installation, Json, Workspace

if TYPE_CHECKING:
    from sandbox.slack_office import Office

JSON_ARGUMENTS = {
    "blocks": "invalid_blocks_format",
    "attachments": "invalid_attachments",
    "metadata": "invalid_metadata_format",
    "view": "invalid_arguments",
    "files": "invalid_arguments",
}
"""Arguments that travel as JSON inside a form, with the error for those that are none."""


class Refusal(Exception):
    """Slack says no: the error code, and what stands beside it in the answer."""

    def __init__(self, error: str, **beside: Any) -> None:
        super().__init__(error)
        self.error, self.beside = error, beside


@dataclass
class Call:
    """One call of a method by the app: where, by whose token, with which arguments (JSON decoded)."""

    slack: "Office"
    method: str
    args: Json
    token: str = ""
    workspace: Workspace | None = None
    basic: tuple[str, str] | None = None

    @property
    def team(self) -> Workspace:
        """Return the workspace of the token."""
        assert self.workspace is not None, "methods without a token do not ask"
        return self.workspace

    @property
    def app(self) -> Installation:
        """Return the installation of the token."""
        assert self.team.installation is not None, "a token belongs to an installation"
        return self.team.installation

    def text(self, name: str) -> str:
        """Return an argument as text, empty when it is missing."""
        value = self.args.get(name)
        return "" if value is None else str(value)

    def need(self, name: str) -> str:
        """Return an argument that the method cannot do without."""
        if not (value := self.text(name)):
            raise Refusal(
                "invalid_arguments",
                response_metadata={"messages": [f"[ERROR] missing required field: {name}"]},
            )
        return value

    def token_argument(self) -> str:
        """Return the token a method works on, wherever it was written."""
        return self.text("token") or self.token

    def yes(self, name: str) -> bool:
        """Return a true-or-false argument however it is written."""
        return self.text(name).lower() in ("true", "1")


async def arguments(request: Request) -> Json:
    """Return the arguments of a call from query, form or JSON; raises Refusal for broken ones."""
    args: Json = dict(request.query_params)
    kind = request.headers.get("content-type", "").partition(";")[0].strip()
    body = await request.body()
    if kind == "application/json" and body:
        try:
            value = json.loads(body)
        except ValueError as error:
            raise Refusal("invalid_json") from error
        if not isinstance(value, dict):
            raise Refusal("json_not_object")
        args |= value
    elif body:
        args |= dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))
    return decoded(args)


def decoded(args: Json) -> Json:
    """Return the arguments with the JSON inside them decoded."""
    result = dict(args)
    for name, error in JSON_ARGUMENTS.items():
        value = result.get(name)
        if isinstance(value, str) and value:
            try:
                result[name] = json.loads(value)
            except ValueError as broken:
                raise Refusal(error) from broken
        elif value == "":
            del result[name]
    return result
