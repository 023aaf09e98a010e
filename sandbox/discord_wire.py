"""One REST call as a handler gets it, the refusals it may answer with, and multipart bodies."""

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from starlette.requests import Request

from sandbox.discord_people import Json

if TYPE_CHECKING:
    from sandbox.discord_office import Office

SAYS = {
    0: "401: Unauthorized",
    10003: "Unknown Channel",
    10004: "Unknown Guild",
    10008: "Unknown Message",
    10013: "Unknown User",
    10015: "Unknown Webhook",
    10062: "Unknown interaction",
    10063: "Unknown application command",
    40005: "Request entity too large",
    40060: "Interaction has already been acknowledged.",
    40094: "This interaction has reached its maximum number of follow up messages",
    160004: "A thread has already been created for this message",
    50001: "Missing Access",
    50005: "Cannot edit a message authored by another user",
    50006: "Cannot send an empty message",
    50007: "Cannot send messages to this user",
    50013: "Missing Permissions",
    50027: "Invalid Webhook Token",
    50033: "Invalid Recipient(s)",
    50035: "Invalid Form Body",
    50109: "The request body contains invalid JSON.",
}
"""Discord's words for its error codes (documentation, topic Opcodes and Status Codes)."""

STATUS = {0: 401, 40005: 413, 50001: 403, 50005: 403, 50007: 403, 50013: 403, 50027: 401}


class Refusal(Exception):
    """Discord says no: the JSON error code, the HTTP status, and the paths of what was wrong."""

    def __init__(self, code: int, errors: Json | None = None, status: int | None = None) -> None:
        super().__init__(f"{code}: {SAYS.get(code, 'refused')}")
        usual = STATUS.get(code, 404 if 10_000 < code < 20_000 else 400)
        self.code, self.errors, self.status = code, errors, status or usual

    def body(self) -> Json:
        """Return the error as JSON."""
        said: Json = {"message": SAYS.get(self.code, f"{self.status}: refused"), "code": self.code}
        return said | ({"errors": self.errors} if self.errors else {})


@dataclass
class Sent:
    """A file that came with a request: its number in `files[n]`, name and bytes."""

    number: int
    name: str
    body: bytes = field(repr=False)


@dataclass
class Call:
    """One request: method and path, the template it fits, what stood in its place holders, body and files."""

    discord: "Office" = field(repr=False)
    method: str
    path: str
    template: str = ""
    named: dict[str, str] = field(default_factory=dict)
    query: dict[str, str] = field(default_factory=dict)
    body: Any = None
    files: list[Sent] = field(default_factory=list)
    token: str = ""
    status: int = 0

    @property
    def where(self) -> str:
        """Return method and template, as violations and faults name it."""
        return f"{self.method} {self.template or self.path}"

    def number(self, name: str) -> int:
        """Return an id out of the path; raises Refusal for one that is none."""
        if not (value := self.named[name]).isdecimal():
            raise Refusal(50035, {name: {"_errors": [{"code": "NUMBER_TYPE_COERCE", "message": "is not snowflake."}]}})
        return int(value)

    def object(self) -> Json:
        """Return the body as an object; raises Refusal for another kind."""
        if not isinstance(self.body, dict):
            raise Refusal(50109)
        return self.body


async def read_body(call: Call, request: Request) -> None:
    """Fill in body and files; raises Refusal for broken JSON."""
    raw = await request.body()
    kind, _, rest = request.headers.get("content-type", "").partition(";")
    text: bytes | None = raw
    if kind.strip() == "multipart/form-data":
        text, call.files = _parts(raw, rest.partition("boundary=")[2].strip().strip('"').encode())
    if not text:
        return
    try:
        call.body = json.loads(text)
    except ValueError as error:
        raise Refusal(50109) from error


def _parts(raw: bytes, boundary: bytes) -> tuple[bytes | None, list[Sent]]:
    """Return `payload_json` and the files of a multipart body."""
    text, files = None, []
    for part in raw.split(b"--" + boundary)[1:-1]:
        head, _, body = part.removeprefix(b"\r\n").partition(b"\r\n\r\n")
        head_text, body = head.decode("utf-8", "replace"), body.removesuffix(b"\r\n")
        name = _quoted(head_text, " name=")
        if name == "payload_json":
            text = body
        elif name.startswith("files[") and name[6:-1].isdecimal():
            files.append(Sent(int(name[6:-1]), _quoted(head_text, "filename="), body))
    return text, files


def _quoted(head: str, after: str) -> str:
    return head.partition(f'{after}"')[2].partition('"')[0]
