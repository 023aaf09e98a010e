"""Socket Mode: the app dials in, gets a greeting and envelopes, and answers each by its id."""

import asyncio
import json
import secrets
from typing import TYPE_CHECKING, Any

from starlette.websockets import WebSocket, WebSocketDisconnect

from sandbox.slack_people import Json
from sandbox.slack_shapes import APP_ID
from sandbox.slack_wire import Call, Refusal

if TYPE_CHECKING:
    from sandbox.slack_office import Office

SOCKETS_MOST = 10


class Sockets:
    """The connections the app holds open; each envelope goes to one of them, in turn."""

    def __init__(self, slack: "Office") -> None:
        self._slack = slack
        self._tickets: set[str] = set()
        self._open: list[WebSocket] = []
        self._waiting: dict[str, asyncio.Future[Json]] = {}
        self.greeted = 0
        self.acknowledged: list[Json] = []

    def __len__(self) -> int:
        return len(self._open)

    def ticket(self) -> str:
        """Return an address for one more connection."""
        if len(self._open) >= SOCKETS_MOST:
            raise Refusal("too_many_websockets")
        self._tickets.add(ticket := secrets.token_hex(8))
        return f"{self._slack.origin.replace('http', 'ws', 1)}/slack/link?ticket={ticket}&app_id={APP_ID}"

    async def serve(self, socket: WebSocket) -> None:
        """Hold one connection until it ends."""
        if socket.query_params.get("ticket") not in self._tickets:
            await socket.close(4001)
            return
        self._tickets.discard(socket.query_params["ticket"])
        await socket.accept()
        self._open.append(socket)
        try:
            await socket.send_text(json.dumps(self._hello()))
            self.greeted += 1
            self._slack.wake()
            while True:
                self._heard(await socket.receive_text())
        except WebSocketDisconnect:
            return
        finally:
            if socket in self._open:
                self._open.remove(socket)
            self._slack.wake()

    async def send(self, envelope: Json, seconds: float) -> Json:
        """Send an envelope and return the answer to it; raises TimeoutError after so many seconds."""
        await self._slack.until(lambda: bool(self._open), 5.0, "a Socket Mode connection")
        socket = self._open.pop(0)
        self._open.append(socket)
        answer: asyncio.Future[Json] = asyncio.get_running_loop().create_future()
        self._waiting[envelope["envelope_id"]] = answer
        try:
            await socket.send_text(json.dumps(envelope))
            return await asyncio.wait_for(answer, seconds)
        finally:
            del self._waiting[envelope["envelope_id"]]

    async def disconnect(self, reason: str = "refresh_requested") -> None:
        """Ask every connection to come back: the app dials anew and leaves the old one."""
        line = {"type": "disconnect", "reason": reason, "debug_info": {"host": "applink-sandbox"}}
        for socket in list(self._open):
            self._open.remove(socket)
            await socket.send_text(json.dumps(line))

    async def drop(self) -> None:
        """Close every connection without a word."""
        for socket in list(self._open):
            self._open.remove(socket)
            await socket.close(1011)

    def _heard(self, text: str) -> None:
        answer: Any = json.loads(text)
        self.acknowledged.append(answer)
        waiting = self._waiting.get(answer.get("envelope_id", ""))
        if waiting is not None and not waiting.done():
            waiting.set_result(answer)

    def _hello(self) -> Json:
        return {
            "type": "hello",
            "num_connections": len(self._open),
            "connection_info": {"app_id": APP_ID},
            "debug_info": {"host": "applink-sandbox", "build_number": 1, "approximate_connection_time": 18060},
        }


def open_connection(call: Call) -> Json:
    """Answer apps.connections.open."""
    if not call.token:
        raise Refusal("not_authed")
    if call.token != call.slack.app_token:
        raise Refusal("not_allowed_token_type" if call.token.startswith("xox") else "invalid_auth")
    return {"url": call.slack.sockets.ticket()}
