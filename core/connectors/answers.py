"""A server's answer as connectors see it: status, headers, body, and nothing of the library that fetched it."""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from json import loads
from typing import NoReturn

_SECONDS = re.compile(r"[0-9]{1,9}")


@dataclass(frozen=True, slots=True)
class Answer:
    """A server's answer, read to its end.

    Header names are lower-case; `url` is where the answer came from after redirects, without its query. Headers and
    body stay out of the repr: they may hold tokens.
    """

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    url: str

    @property
    def content_type(self) -> str:
        """The media type, lower-case, without parameters; empty when the server did not say."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    @property
    def text(self) -> str:
        """The body as text by the declared charset, else UTF-8; what cannot be read becomes U+FFFD."""
        charset = re.search(r"charset=[\"']?([\w.:-]+)", self.headers.get("content-type", ""), re.IGNORECASE)
        try:
            return self.body.decode(charset[1] if charset else "utf-8", "replace")
        except (LookupError, UnicodeError):  # a charset nobody knows, or one that is no text at all
            return self.body.decode("utf-8", "replace")

    def json(self) -> object:
        """Return the parsed body; raises `ValueError` for anything but plain JSON (NaN and endless nesting too)."""
        try:
            return loads(self.body, parse_constant=_no_constant)
        except RecursionError as err:
            raise ValueError("the JSON is nested too deeply") from err


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def lowered(raw: Sequence[tuple[bytes, bytes]]) -> dict[str, str]:
    """Return headers as text under lower-case names, repeated ones joined by a comma, cookies left out."""
    headers: dict[str, str] = {}
    for raw_name, raw_value in raw:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    headers.pop("set-cookie", None)  # no connector keeps a session, and nobody else should see one
    return headers


def retry_after_s(answer: Answer) -> float | None:
    """Return the seconds a busy server asks for, None when it does not say, infinity for anything but a number."""
    text = answer.headers.get("retry-after")
    if text is None:
        return None
    return float(text) if _SECONDS.fullmatch(text) else math.inf
