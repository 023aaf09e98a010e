"""Servers and clients for the tests of the HTTP client and of the connectors."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator
from typing import Any

import pytest

from core.connectors.http import HttpClient
from tests.core.connectors.http_servers import Handler, Make, Serve, Server, Talk


@pytest.fixture
async def serve() -> AsyncIterator[Serve]:
    """Start servers whose connections are handled by the given coroutine, again for every request."""
    running: list[asyncio.Server] = []
    tasks: set[asyncio.Task[None]] = set()

    async def start(handler: Handler, tls: ssl.SSLContext | None = None) -> Server:
        requests: list[str] = []
        connections: list[int] = []
        gone: asyncio.Queue[int] = asyncio.Queue()

        async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            connections.append(1)
            talk = Talk(reader, writer, requests)
            with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
                while True:
                    await talk.heard()
                    await handler(talk)
                    if writer.is_closing():
                        break
            writer.transport.abort()
            gone.put_nowait(1)

        def accepted(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.create_task(connected(reader, writer))
            tasks.add(task)
            task.add_done_callback(tasks.discard)

        server = await asyncio.start_server(accepted, "127.0.0.1", 0, ssl=tls)
        running.append(server)
        return Server(server.sockets[0].getsockname()[1], requests, connections, gone)

    yield start
    for server in running:
        server.close()
    for task in list(tasks):
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


@pytest.fixture
async def make() -> AsyncIterator[Make]:
    """Make clients with short limits, closed at the end."""
    made: list[HttpClient] = []

    def build(**options: Any) -> HttpClient:
        made.append(HttpClient(user_agent="Clout/0.1", **({"retry_wait": 0.0, "whole_timeout": 5.0} | options)))
        return made[-1]

    yield build
    for client in made:
        await client.aclose()


@pytest.fixture
async def http() -> AsyncIterator[HttpClient]:
    """A client that asks again at once."""
    client = HttpClient(user_agent="Clout/test", retry_wait=0)
    yield client
    await client.aclose()
