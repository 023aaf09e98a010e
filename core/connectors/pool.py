"""Connections kept open between requests, as many at a time as was agreed.

httpcore's own pool assigns a connection to a request that may be cancelled before it wakes up, and then counts that
connection as busy for ever; it also closes connections that others wait for. Lookups are cancelled at their deadlines
all the time, so this pool lends a connection only to the coroutine that is running, and takes it back whatever happens.
"""

import asyncio
import ssl
from collections import deque

import httpcore

Key = tuple[bytes, bytes, int | None]


class Pool:
    """HTTP/1.1 connections by origin, at most `max_connections` in use and as many idle ones.

    `keepalive_s` is how long an idle connection may be used again, in seconds.
    """

    def __init__(
        self,
        *,
        ssl_context: ssl.SSLContext,
        backend: httpcore.AsyncNetworkBackend,
        max_connections: int,
        keepalive_s: float,
    ) -> None:
        self._ssl_context = ssl_context
        self._backend = backend
        self._keepalive_s = keepalive_s
        self._max_idle = max_connections
        self._room = asyncio.Semaphore(max_connections)
        self._idle: dict[Key, deque[httpcore.AsyncHTTPConnection]] = {}  # the origin that rests longest comes first
        self._idle_count = 0
        self._closed = False

    async def send(self, request: httpcore.Request) -> tuple[httpcore.Response, httpcore.AsyncHTTPConnection]:
        """Send `request`; the answer's connection is the caller's until `take_back`. Raises httpcore's exceptions."""
        await self._room.acquire()
        connection = None
        try:
            url = request.url
            connection = await self._rested((url.scheme, url.host, url.port)) or self._new(url.origin)
            return await connection.handle_async_request(request), connection
        except BaseException:
            self._room.release()
            if connection is not None:
                await connection.aclose()
            raise

    async def take_back(self, connection: httpcore.AsyncHTTPConnection, url: httpcore.URL) -> None:
        """Keep a connection whose answer was read to its end, close any other."""
        self._room.release()
        if self._closed or not connection.is_idle():
            await connection.aclose()
            return
        key = (url.scheme, url.host, url.port)
        resting = self._idle.pop(key, None) or deque()
        resting.append(connection)
        self._idle[key] = resting
        self._idle_count += 1
        if self._idle_count > self._max_idle:
            await self._evict()

    async def aclose(self) -> None:
        """Close every idle connection now, and the others when they come back."""
        self._closed = True
        while self._idle:
            await self._evict()

    def _new(self, origin: httpcore.Origin) -> httpcore.AsyncHTTPConnection:
        return httpcore.AsyncHTTPConnection(
            origin,
            ssl_context=self._ssl_context,
            keepalive_expiry=self._keepalive_s,
            network_backend=self._backend,
        )

    async def _rested(self, key: Key) -> httpcore.AsyncHTTPConnection | None:
        """Return an idle connection that still stands, the youngest first; those that have fallen are closed."""
        while resting := self._idle.get(key):
            connection = resting.pop()
            self._forget_one(key)
            if not connection.has_expired():
                return connection
            await connection.aclose()
        return None

    async def _evict(self) -> None:
        key = next(iter(self._idle))
        connection = self._idle[key].popleft()
        self._forget_one(key)
        await connection.aclose()

    def _forget_one(self, key: Key) -> None:
        self._idle_count -= 1
        if not self._idle[key]:
            del self._idle[key]
