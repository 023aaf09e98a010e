"""uvicorn's HTTP protocol, quiet about faults and with an express lane for answers that lie ready."""

import asyncio
import logging
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

LOG = logging.getLogger("sandbox.http")

_SLOW = frozenset({b"connection", b"content-length", b"transfer-encoding", b"upgrade", b"expect"})

Express = Callable[[str, tuple[tuple[bytes, bytes], ...]], bytes | None]
"""From the request target and its headers to the whole response, or None where the slow lane has to answer."""


def _not_on_purpose(record: logging.LogRecord) -> bool:
    """Drop the line about an answer that was left unfinished: the faults do so on purpose."""
    return not str(record.msg).startswith("ASGI callable returned without")


LOG.addFilter(_not_on_purpose)


class QuietProtocol(H11Protocol):
    """Logs to a logger of its own, and answers a plain GET that arrived in one piece without a task or a parser."""

    def __init__(self, express: Express, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.logger = LOG
        self.access_log = False
        self._express = express

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Let the application hang up in the middle of anything, which ASGI has no message for."""
        super().connection_made(transport)
        self.app_state = {"hang_up": transport.abort}

    def data_received(self, data: bytes) -> None:
        """Answer at once where that is possible, else the ordinary way."""
        response = self._at_once(data) if data.startswith(b"GET /") and self._is_idle() else None
        if response is None:
            super().data_received(data)
            return
        self._unset_keepalive_if_required()
        self.transport.write(response)

    def _is_idle(self) -> bool:
        """Return whether nothing of an earlier request is left to be read or answered."""
        between = self.cycle is None or self.cycle.response_complete
        return between and self.conn.their_state is h11.IDLE and not self.conn.trailing_data[0]

    def _at_once(self, data: bytes) -> bytes | None:
        head, end, rest = data.partition(b"\r\n\r\n")
        if not end or rest:
            return None
        first, *lines = head.split(b"\r\n")
        target, _, version = first[4:].partition(b" ")
        if version != b"HTTP/1.1":
            return None
        headers = []
        for line in lines:
            name, _, value = line.partition(b":")
            name, value = name.strip().lower(), value.strip()
            if name in _SLOW and (name, value.lower()) != (b"connection", b"keep-alive"):
                return None
            headers.append((name, value))
        return self._express(target.decode("latin-1"), tuple(headers))


def whole_response(status: int, headers: list[tuple[bytes, bytes]], body: bytes) -> bytes:
    """Return status line, headers and body in one piece."""
    lines = [b"HTTP/1.1 %d %s" % (status, HTTPStatus(status).phrase.encode())]
    lines += [name + b": " + value for name, value in headers]
    return b"\r\n".join(lines) + b"\r\n\r\n" + body
