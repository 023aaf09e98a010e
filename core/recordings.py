"""Recorded answers of the networks, run through the connectors' own parsing: what would Clout make of each of them?

A folder holds `<network>/recordings/*.json`, one answer a file:

    {"request": {"method", "url"} | null, "response": {"status", "headers", "body", "body_encoding"?}}

`body` is the JSON value itself; with `body_encoding` it is text, of UTF-8 or of base64, packed with gzip or not. No
request is made.
"""

import json
import re
import zlib
from base64 import b64decode
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict

from core.connectors import Connector
from core.connectors.answers import Answer
from core.connectors.base import Asked, Call, Page, usual_error
from core.connectors.bodies import MAX_BODY_BYTES
from core.errors import InputError, SourceChanged, SourceError, Unavailable, UnknownNetwork
from core.models import Model, Profile

AnyCall = Call[Any]


class RecordingOutcome(Model):
    """What one recorded answer is to Clout; its JSON has the keys in this order.

    `call` is the kind of request that was recognised. `not_ours` is an answer to something that Clout never asks, of a
    network that this version does not read, or one that only sends on to another address. `posts` is how many posts a
    page holds, forks and other people's left out. `error` is a class of core.errors; InputError stands for a file that
    is no recording.
    """

    network: str
    file: str
    call: str | None = None
    outcome: Literal["profile", "posts", "error", "not_ours"]
    posts: int | None = None
    error: str | None = None


def read_recordings(
    folder: Path, connectors: Mapping[str, Connector], network: str | None = None, *, now: datetime
) -> list[RecordingOutcome]:
    """Return what the connectors make of every recorded answer in a folder, by network and file name.

    `now` is the clock for answers that do not tell when they were given. A broken file is an outcome like any other.
    Raises InputError for a folder without recordings, UnknownNetwork for a network that does not exist.
    """
    if not folder.is_dir():
        raise InputError(f"{folder} is no folder.")
    if network is not None and network not in connectors and not (folder / network).is_dir():
        raise UnknownNetwork(f"There is no network {network!r}; there are {', '.join(sorted(connectors))}.")
    files = sorted(folder.glob(f"{network or '*'}/recordings/*.json"))
    if not files:
        raise InputError(f"{folder} holds no {network or 'NETWORK'}/recordings/*.json.")
    return [_outcome(file, _connector(file.parent.parent.name, connectors), now) for file in files]


_FOLDERS = {"wikipedia": "wikidata"}  # folders under another name than their connector's


def _connector(folder: str, connectors: Mapping[str, Connector]) -> Connector | None:
    return connectors.get(folder) or connectors.get(_FOLDERS.get(folder, ""))


def _outcome(file: Path, connector: Connector | None, now: datetime) -> RecordingOutcome:
    network = file.parent.parent.name
    try:
        recording = _Recording.model_validate(json.loads(file.read_bytes()))
        answer = recording.answer()
    except (OSError, ValueError, RecursionError):
        return RecordingOutcome(network=network, file=file.name, outcome="error", error=InputError.__name__)
    if connector is None or not connector.calls:
        return RecordingOutcome(network=network, file=file.name, outcome="not_ours")
    call, result = _read(recording, answer, connector.calls, _recorded_at(answer, now))
    name = call.name if call is not None else None
    row = RecordingOutcome(network=network, file=file.name, call=name, outcome="not_ours")
    if isinstance(result, Profile):
        return row.model_copy(update={"outcome": "profile"})
    if isinstance(result, Page):
        return row.model_copy(update={"outcome": "posts", "posts": len({post.native_id for post in result.posts})})
    if isinstance(result, SourceError):
        return row.model_copy(update={"outcome": "error", "error": type(result).__name__})
    return row.model_copy(update={"call": None})


# --- the files --------------------------------------------------------------------------------------------------------


class _Request(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)

    method: str = "GET"
    url: str = ""

    @property
    def path(self) -> str:
        """The path of a URL that may be schematic, as in `{{host}}/me?fields=...` or `.../v2/user/info/`."""
        try:
            path = urlsplit(self.url).path
        except ValueError:
            return ""
        host, slash, rest = path.partition("/")
        return path if not re.search(r"[.:{<]", host) else slash + rest


class _Response(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)

    status: int
    headers: Mapping[str, Any] | None = None
    body: Any = None
    body_encoding: str | None = None


class _Recording(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)

    request: _Request | None = None
    response: _Response

    def answer(self) -> Answer:
        """Return the answer as a connector would get it; raises ValueError for a body that is not what it says."""
        told = self.response
        headers = {name.lower(): _header(value) for name, value in (told.headers or {}).items()}
        url = self.request.url.partition("?")[0] if self.request is not None else ""
        return Answer(told.status, headers, _body(told.body, told.body_encoding), url)


def _header(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _body(body: object, encoding: str | None) -> bytes:
    """Return the bytes of a body; text stands for itself, and nothing at all for no bytes."""
    if encoding is None and not isinstance(body, str):
        return b"" if body is None else json.dumps(body).encode()
    if not isinstance(body, str):
        raise ValueError("an encoded body has to be text")
    if encoding is None or not encoding.startswith("base64"):
        return body.encode()
    packed = b64decode(body, validate=True)
    return _unpacked(packed) if packed.startswith(_GZIP) else packed


def _unpacked(packed: bytes) -> bytes:
    """Return what gzip packed, no more of it than a server may send; raises ValueError for what it did not pack."""
    try:
        return zlib.decompressobj(zlib.MAX_WBITS | 16).decompress(packed, MAX_BODY_BYTES)
    except zlib.error as err:
        raise ValueError("badly packed") from err


_GZIP = b"\x1f\x8b"


def _recorded_at(answer: Answer, now: datetime) -> datetime:
    """Return when the answer was given by its own `date` header, else `now`."""
    try:
        told = parsedate_to_datetime(answer.headers.get("date", ""))
        return told.replace(tzinfo=UTC) if told.tzinfo is None else told.astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return now


# --- finding the code that reads an answer ----------------------------------------------------------------------------


def _read(
    recording: _Recording, answer: Answer, calls: Sequence[AnyCall], now: datetime
) -> tuple[AnyCall | None, object]:
    """Return the call that an answer belongs to, None when it belongs to none, and what came of reading it."""
    asked = Asked(handle="", now=now)
    refused = answer.status >= 400
    if 300 <= answer.status < 400:
        return None, None
    if recording.request is not None:
        fitting = list(_fitting(recording.request, calls))
        if fitting:
            return fitting[0], _result(fitting[0], answer, asked)
    if refused:  # a network refuses everything in one dialect, whatever was asked
        return None, calls[0].errors(answer, asked) or usual_error(calls[0].manifest, answer, now)
    return _guessed(answer, calls, asked) if recording.request is None else (None, None)


def _fitting(request: _Request, calls: Sequence[AnyCall]) -> Iterator[AnyCall]:
    method = request.method.upper()
    return (call for call in calls if call.method == method and re.search(call.path, request.path))


def _result(call: AnyCall, answer: Answer, asked: Asked) -> object:
    try:
        return call.read(answer, asked)
    except SourceError as error:
        return error


def _guessed(answer: Answer, calls: Sequence[AnyCall], asked: Asked) -> tuple[AnyCall | None, object]:
    """Return the call whose parsing fits an answer of which nobody knows what was asked.

    Of several that come to the same it is the first, of several that do not it is none.
    """
    read = [(call, _result(call, answer, asked)) for call in calls]
    fits = [(call, result) for call, result in read if isinstance(result, Profile | Page | SourceError)]
    fits = [(call, result) for call, result in fits if not isinstance(result, SourceChanged | Unavailable)]
    same = len({(type(result), len(result.posts) if isinstance(result, Page) else 0) for _, result in fits}) == 1
    return fits[0] if same else (None, None)
