"""What a network hands to the server: questions and answers as plain bytes."""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Protocol
from urllib.parse import parse_qsl, unquote

from sandbox.faults import Fault

Json = dict[str, Any]
Headers = tuple[tuple[str, str], ...]
JSON_TYPE = "application/json; charset=utf-8"


@dataclass(frozen=True)
class Ask:
    """One request, its network's prefix removed: `path` without a leading slash, `query` still encoded.

    Only a POST has a `body`.
    """

    network: str
    method: str
    path: str
    query: str
    raw_headers: tuple[tuple[bytes, bytes], ...] = ()
    body: bytes = b""

    @cached_property
    def question(self) -> Json:
        """Return a body's JSON object; an empty one for anything else."""
        try:
            value = json.loads(self.body or b"{}")
        except ValueError:
            return {}
        return value if isinstance(value, dict) else {}

    @cached_property
    def params(self) -> dict[str, str]:
        """Return the query's parameters; of a repeated one the last."""
        return dict(self.pairs)

    @cached_property
    def pairs(self) -> list[tuple[str, str]]:
        """Return the query's parameters in order."""
        return parse_qsl(self.query, keep_blank_values=True)

    @cached_property
    def parts(self) -> list[str]:
        """Return the decoded segments of the path."""
        return [unquote(part) for part in self.path.split("/")]

    @cached_property
    def headers(self) -> Mapping[str, str]:
        """Return the headers by lower-case name."""
        return {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in self.raw_headers}

    @property
    def bearer(self) -> str:
        """Return the token of the Authorization header, empty without one."""
        return self.headers.get("authorization", "").removeprefix("Bearer ")

    def size(self, name: str, most: int, otherwise: int) -> int:
        """Return the page size under `name`, at most `most`; what is no number above zero counts as `otherwise`."""
        text = self.params.get(name, "")
        return min(int(text), most) if text.isascii() and text.isdigit() and int(text) else otherwise


@dataclass(frozen=True)
class Answer:
    """One response: status, headers and the finished body."""

    status: int
    body: bytes
    headers: Headers = (("content-type", JSON_TYPE),)
    wire_headers: list[tuple[bytes, bytes]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        encoded = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in self.headers]
        encoded.append((b"content-length", str(len(self.body)).encode()))
        object.__setattr__(self, "wire_headers", encoded)


def as_json(value: object, status: int = 200, headers: Headers = ()) -> Answer:
    """Return `value` as a JSON answer; text stays readable UTF-8."""
    body = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
    return Answer(status, body, (("content-type", JSON_TYPE), *headers))


def as_html(text: str, status: int) -> Answer:
    """Return a small HTML page."""
    page = f"<!DOCTYPE html><html><head><title>{status}</title></head><body><h1>{text}</h1></body></html>"
    return Answer(status, page.encode(), (("content-type", "text/html; charset=utf-8"),))


def packed(raw: bytes) -> str:
    """Return bytes as text that fits into an address: base64 in its URL alphabet, without padding."""
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def unpacked(text: str) -> bytes:
    """Return the bytes of such a text; raises ValueError for any other."""
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


class Network(Protocol):
    """What the server needs of a network."""

    name: str
    origin: str

    def answer(self, ask: Ask) -> Answer:
        """Return the answer in good weather; the same for the same question within a minute."""
        ...

    def finish(self, ask: Ask, answer: Answer) -> Answer:
        """Return the answer to this very request: conditional requests, tokens."""
        ...

    def cache_key(self, ask: Ask) -> str:
        """Return what an answer depends on, besides the minute."""
        ...

    def subjects(self, ask: Ask) -> frozenset[str]:
        """Return every name of the account asked for: slug, handle, native id, in lower case."""
        ...

    def limit(self, ask: Ask) -> int:
        """Return how many requests a window allows."""
        ...

    def meter(self, remaining: int, limit: int, reset: int) -> Headers:
        """Return the rate-limit headers of an ordinary answer; `reset` in epoch seconds."""
        ...

    def limited(self, fault: Fault, ask: Ask, reset: int) -> Answer:
        """Return the network's own way to say that the limit is reached."""
        ...

    def broken(self, status: int, ask: Ask) -> Answer:
        """Return the network's own server error."""
        ...

    def special(self, ask: Ask, fault: Fault) -> Answer | None:
        """Return the answer under a fault that only this network knows, or None."""
        ...

    def first_page(self, ask: Ask) -> Ask:
        """Return the question without its cursor."""
        ...

    def has_cursor(self, ask: Ask) -> bool:
        """Return whether a later page is asked for."""
        ...
