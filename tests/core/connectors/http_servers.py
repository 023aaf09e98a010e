"""Servers on loopback for the tests of the HTTP client: what they are, what they heard, where they are found."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

import httpcore

from core.connectors.guard import Resolve
from core.connectors.http import HttpClient
from core.manifest import HandleRule, Manifest

PUBLIC = "93.184.216.34"
SECRET = "s3cr3t-t0ken"
MB = 1_000_000
OPEN = Manifest(
    name="blog",
    label="Blog",
    hosts=(),
    base_url="https://blog.example/",
    handles=HandleRule(pattern=".+", hint="", example="glow"),
    follow_hosts=True,
    allow_http=True,
)

Handler = Callable[["Talk"], Awaitable[None]]


@dataclass
class Talk:
    """One connection as the pretend server sees it."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    requests: list[str]

    async def heard(self) -> str:
        """The next request's head; raises `IncompleteReadError` when the client has gone."""
        head = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        self.requests.append(head)
        return head

    async def say(self, *pieces: bytes) -> None:
        for piece in pieces:
            self.writer.write(piece)
            await self.writer.drain()

    async def answer(self, body: bytes = b"ok", *, status: str = "200 OK", headers: str = "") -> None:
        await self.say(f"HTTP/1.1 {status}\r\ncontent-length: {len(body)}\r\n{headers}\r\n".encode() + body)


@dataclass
class Server:
    """A server on loopback, what it heard, and how many connections it got."""

    port: int
    requests: list[str]
    connections: list[int]
    gone: asyncio.Queue[int]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


Serve = Callable[..., Awaitable[Server]]


Make = Callable[..., HttpClient]


class Detour(httpcore.AnyIOBackend):
    """Connects to a server on loopback whatever address was asked for, and remembers what was asked for."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.asked: list[str] = []

    async def connect_tcp(self, host: str, *args: Any, **options: Any) -> httpcore.AsyncNetworkStream:
        self.asked.append(host)
        return await super().connect_tcp("127.0.0.1", self.port, *args[1:], **options)


def resolving(*answers: Sequence[str]) -> Resolve:
    """A resolver that gives one answer after the other, the last one for ever."""
    left = list(answers)

    async def resolve(host: str, port: int) -> Sequence[str]:
        return left.pop(0) if len(left) > 1 else left[0]

    return resolve


async def ok(talk: Talk) -> None:
    await talk.answer()
