"""The gateway: shards dial in, identify or resume, keep the beat, and are told what happens."""

import asyncio
import json
import secrets
import time
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from starlette.websockets import WebSocket, WebSocketDisconnect

from sandbox.discord_people import Guild, Json
from sandbox.discord_shapes import APPLICATION, guild_json, user_json

if TYPE_CHECKING:
    from sandbox.discord_office import Office

DISPATCH, HEARTBEAT, IDENTIFY, RESUME, RECONNECT, INVALID, HELLO, ACK = 0, 1, 2, 6, 7, 9, 10, 11
PRIVILEGED = 1 << 1 | 1 << 8 | 1 << 15  # members, presences, message content
KEPT = 1000  # events kept for a session that comes back


@dataclass(frozen=True)
class Beat:
    """A heartbeat as it arrived. `at` and `late` are seconds of the machine's monotonic clock; late counts from the
    moment it was due: one interval after the beat before it, or the greeting."""

    shard: int
    at: float
    late: float
    sequence: int | None


@dataclass(eq=False)
class Link:
    """One connection with the lines that wait to be sent."""

    socket: WebSocket
    lines: asyncio.Queue[Json | int] = field(default_factory=asyncio.Queue)
    session: "Session | None" = None
    due: float = 0.0

    def say(self, op: int, value: Any = None, name: str | None = None, number: int | None = None) -> None:
        """Send a line, as soon as the ones before it are out."""
        self.lines.put_nowait({"op": op, "d": value, "s": number, "t": name})

    def close(self, code: int) -> None:
        """Close the connection with a code, after what waits was sent."""
        self.lines.put_nowait(code)


@dataclass(eq=False)
class Session:
    """What a shard began by identifying; it outlives its connections."""

    id: str
    shard: int
    shards: int
    intents: int
    link: Link | None = None
    sequence: int = 0
    sent: deque[tuple[int, str, Json]] = field(default_factory=lambda: deque(maxlen=KEPT))

    def tell(self, name: str, value: Json) -> None:
        """Tell the shard what happened, now or when it comes back."""
        self.sequence += 1
        self.sent.append((self.sequence, name, value))
        if self.link is not None:
            self.link.say(DISPATCH, value, name, self.sequence)


class Gateway:
    """Every connection and session. `heartbeats` notes when each beat came; `shards` is what the app is advised."""

    def __init__(self, discord: "Office") -> None:
        self._discord = discord
        self.heartbeat_ms = 41_250
        self.shards = 1
        self.allowed_intents = ~PRIVILEGED
        self.heartbeats: list[Beat] = []
        self.identified: list[Json] = []
        self.resumed = 0
        self.sessions: dict[str, Session] = {}
        self._links: list[Link] = []

    def hints(self) -> Json:
        """Answer GET /gateway/bot."""
        limit = {"total": 1000, "remaining": 999 - len(self.identified), "reset_after": 86_400_000}
        return {"url": self.address, "shards": self.shards, "session_start_limit": limit | {"max_concurrency": 16}}

    @property
    def address(self) -> str:
        """Return where to connect."""
        return self._discord.origin.replace("http", "ws", 1) + "/gateway"

    def session(self, guild: Guild | None = None) -> Session | None:
        """Return the connected session that serves a guild, or direct messages."""
        for one in self.sessions.values():
            shard = 0 if guild is None else (guild.id >> 22) % one.shards
            if one.link is not None and one.shard == shard:
                return one
        return None

    def tell(self, name: str, value: Json, guild: Guild | None = None) -> None:
        """Tell the shard of a guild what happened; sessions between two connections learn of it on their return."""
        for one in self.sessions.values():
            if one.shard == (0 if guild is None else (guild.id >> 22) % one.shards):
                one.tell(name, value)

    def reconnect(self) -> None:
        """Ask every shard to come back (opcode 7)."""
        for link in self._links:
            link.say(RECONNECT)

    def invalidate(self, *, resumable: bool = False) -> None:
        """End every session (opcode 9)."""
        for link in self._links:
            if not resumable and link.session is not None:
                self.sessions.pop(link.session.id, None)
            link.say(INVALID, resumable)

    def drop(self, code: int = 1001) -> None:
        """Close every connection with a code."""
        for link in self._links:
            link.close(code)

    def overdue(self) -> float:
        """Return by how many seconds the latest missing heartbeat is late now, 0 when none is missing."""
        return max([0.0, *(time.monotonic() - link.due for link in self._links if link.due)])

    # --- one connection -----------------------------------------------------------------------------------------------

    async def serve(self, socket: WebSocket) -> None:
        """Hold one connection until it ends."""
        await socket.accept()
        link = Link(socket)
        self._links.append(link)
        link.due = time.monotonic() + self.heartbeat_ms / 1000
        writing = asyncio.create_task(self._write(link))
        link.say(HELLO, {"heartbeat_interval": self.heartbeat_ms, "_trace": []})
        try:
            while True:
                self._heard(link, await socket.receive_text())
                self._discord.wake()
        except (WebSocketDisconnect, RuntimeError):  # RuntimeError: we closed it ourselves a moment ago
            return
        finally:
            writing.cancel()
            self._links.remove(link)
            if link.session is not None and link.session.link is link:
                link.session.link = None
            self._discord.wake()

    async def _write(self, link: Link) -> None:
        while True:
            line = await link.lines.get()
            try:
                if isinstance(line, int):
                    await link.socket.close(line)
                    return
                await link.socket.send_text(json.dumps(line, separators=(",", ":")))
            except (WebSocketDisconnect, RuntimeError):  # the other side is gone
                return

    def _heard(self, link: Link, text: str) -> None:
        try:
            line = json.loads(text)
            op, value = line["op"], line.get("d")
        except (ValueError, TypeError, KeyError):
            link.close(4002)
            return
        if op == HEARTBEAT:
            self._beat(link, value)
        elif op == IDENTIFY:
            self._identify(link, value)
        elif op == RESUME:
            self._resume(link, value)
        elif link.session is None:
            link.close(4003)
        elif op not in (3, 4, 8):  # presence, voice state, request for members: taken, not answered
            link.close(4001)

    def _beat(self, link: Link, sequence: int | None) -> None:
        now = time.monotonic()
        shard = link.session.shard if link.session is not None else 0
        self.heartbeats.append(Beat(shard, now, max(0.0, now - link.due), sequence))
        link.due = now + self.heartbeat_ms / 1000
        link.say(ACK)

    def _identify(self, link: Link, value: Json) -> None:
        shard, shards = value.get("shard") or (0, 1)
        if link.session is not None:
            link.close(4005)
        elif value.get("token") != self._discord.token:
            link.close(4004)
        elif not 0 <= shard < shards:
            link.close(4010)
        elif value.get("intents", 0) & ~self.allowed_intents:
            link.close(4014)
        else:
            self.identified.append(value)
            session = Session(secrets.token_hex(16), shard, shards, value.get("intents", 0), link)
            self.sessions = {one.id: one for one in self.sessions.values() if one.shard != shard}
            self.sessions[session.id], link.session = session, session
            self._welcome(session)

    def _welcome(self, session: Session) -> None:
        guilds = [
            one
            for one in self._discord.guilds.values()
            if one.installed and (one.id >> 22) % session.shards == session.shard
        ]
        ready = {
            "v": 10,
            "user": user_json(self._discord.bot),
            "guilds": [{"id": str(one.id), "unavailable": True} for one in guilds],
            "session_id": session.id,
            "resume_gateway_url": self.address,
            "shard": [session.shard, session.shards],
            "application": {"id": str(APPLICATION), "flags": 0},
        }
        session.tell("READY", ready)
        for one in guilds:
            if one.available:
                session.tell("GUILD_CREATE", guild_json(one, self._discord.bot) | {"unavailable": False})

    def _resume(self, link: Link, value: Json) -> None:
        session = self.sessions.get(str(value.get("session_id")))
        if value.get("token") != self._discord.token:
            link.close(4004)
        elif session is None:
            link.say(INVALID, False)
        else:
            session.link, link.session = link, session
            self.resumed += 1
            for number, name, event in session.sent:
                if number > (value.get("seq") or 0):
                    link.say(DISPATCH, event, name, number)
            session.tell("RESUMED", {"_trace": []})
