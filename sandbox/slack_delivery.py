"""How Slack reaches the app: signed HTTP posts, or envelopes over Socket Mode. Three seconds, then it has failed."""

import asyncio
import hashlib
import hmac
import json
import secrets
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlencode, urlsplit

import h11

from sandbox.clock import wall_now
from sandbox.slack_people import Json

if TYPE_CHECKING:
    from sandbox.slack_office import Office

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
ENVELOPES = {"command": "slash_commands", "event": "events_api"}


@dataclass(frozen=True)
class Ack:
    """What the app said at once. `error` is empty, `operation_timeout` or `dispatch_failed`."""

    status: int
    body: str
    ms: float
    error: str = ""

    @property
    def json(self) -> Json:
        """Return the answer as an object; plain text becomes `{"text": ...}`, nothing `{}`."""
        try:
            value = json.loads(self.body or "{}")
        except ValueError:
            return {"text": self.body}
        return value if isinstance(value, dict) else {"text": self.body}


@dataclass(frozen=True)
class Parcel:
    """One delivery: `kind` is command, interaction or event. `again` counts the deliveries before this one."""

    kind: str
    payload: Json
    envelope_id: str
    again: int = 0
    reason: str = ""

    def form(self) -> tuple[bytes, str]:
        """Return body and content type for HTTP."""
        if self.kind == "event":
            return json.dumps(self.payload).encode(), "application/json"
        fields = self.payload if self.kind == "command" else {"payload": json.dumps(self.payload)}
        return urlencode(fields).encode(), "application/x-www-form-urlencoded"

    def envelope(self) -> Json:
        """Return the envelope for Socket Mode."""
        again = {"retry_attempt": self.again, "retry_reason": self.reason} if self.kind == "event" else {}
        kind = ENVELOPES.get(self.kind, "interactive")
        answers = {"accepts_response_payload": self.kind != "event"}
        return {"envelope_id": self.envelope_id, "type": kind, "payload": self.payload, **answers, **again}


def signature(secret: str, timestamp: str, body: bytes) -> str:
    """Return the v0 signature: HMAC-SHA256 over version, time and the exact body."""
    base = b"v0:" + timestamp.encode() + b":" + body
    return "v0=" + hmac.new(secret.encode(), base, hashlib.sha256).hexdigest()


def new_envelope() -> str:
    """Return a fresh envelope id."""
    return secrets.token_hex(16)


async def deliver(slack: "Office", parcel: Parcel) -> Ack:
    """Bring a parcel to the app and return what it said at once."""
    began = time.perf_counter()
    try:
        status, body = await (_over_http(slack, parcel) if slack.request_url else _over_socket(slack, parcel))
    except TimeoutError:
        return Ack(0, "", (time.perf_counter() - began) * 1000, "operation_timeout")
    except (OSError, h11.RemoteProtocolError):
        return Ack(0, "", (time.perf_counter() - began) * 1000, "dispatch_failed")
    error = "" if 200 <= status < 300 else "dispatch_failed"
    return Ack(status, body, (time.perf_counter() - began) * 1000, error)


async def _over_socket(slack: "Office", parcel: Parcel) -> tuple[int, str]:
    answer = await slack.sockets.send(parcel.envelope(), slack.patience)
    payload = answer.get("payload")
    return 200, payload if isinstance(payload, str) else json.dumps(payload) if payload else ""


async def _over_http(slack: "Office", parcel: Parcel) -> tuple[int, str]:
    body, kind = parcel.form()
    stamp = str(int((wall_now() + slack.signing_skew).timestamp()))
    headers = {
        "content-type": kind,
        "user-agent": "Slackbot 1.0 (+https://api.slack.com/robots)",
        "x-slack-request-timestamp": stamp,
        "x-slack-signature": signature(slack.signing_secret, stamp, body),
    }
    if parcel.again:
        headers |= {"x-slack-retry-num": str(parcel.again), "x-slack-retry-reason": parcel.reason}
    assert slack.request_url is not None, "asked only with an address"
    return await post(slack.request_url, body, headers, slack.patience)


async def post(url: str, body: bytes, headers: dict[str, str], seconds: float) -> tuple[int, str]:
    """Post to a loopback address; return status and body."""
    parts = urlsplit(url)
    if parts.scheme != "http" or parts.hostname not in LOOPBACK:
        raise ValueError(f"the sandbox posts to loopback only, not to {url}")
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    async with asyncio.timeout(seconds):
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port or 80)
        try:
            return await _exchange(reader, writer, target, parts.netloc, headers, body)
        finally:
            writer.close()


async def _exchange(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    target: str,
    host: str,
    headers: dict[str, str],
    body: bytes,
) -> tuple[int, str]:
    connection = h11.Connection(h11.CLIENT)
    fields = {"host": host, "connection": "close", "content-length": str(len(body)), **headers}
    request = h11.Request(method="POST", target=target, headers=list(fields.items()))
    writer.write((connection.send(request) or b"") + (connection.send(h11.Data(body)) or b""))
    connection.send(h11.EndOfMessage())
    await writer.drain()
    status, said = 0, b""
    while True:
        event = connection.next_event()
        if event is h11.NEED_DATA:
            connection.receive_data(await reader.read(65_536))
        elif isinstance(event, h11.Response):
            status = event.status_code
        elif isinstance(event, h11.Data):
            said += bytes(event.data)
        else:
            return status, said.decode("utf-8", "replace")
