"""The pool alone, on pretend streams: what is kept, what is closed, and that no place is ever lost."""

import asyncio
import ssl
from typing import Any

import httpcore
import pytest

from core.connectors.pool import Pool

ANSWER = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"


class Stream(httpcore.AsyncMockStream):
    """A pretend connection that counts itself open until it is closed."""

    def __init__(self, net: "Net", pieces: list[bytes]) -> None:
        super().__init__(pieces)
        self.net = net
        self.fallen = False
        net.open += 1

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ASYNC109
        if self.net.stall is not None:
            await self.net.stall.wait()
        return await super().read(max_bytes, timeout)

    def get_extra_info(self, info: str) -> Any:
        return self.fallen if info == "is_readable" else None

    async def aclose(self) -> None:
        if not self._closed:
            self.net.open -= 1
        await super().aclose()


class Net(httpcore.AsyncNetworkBackend):
    """Opens pretend connections, each good for three answers."""

    def __init__(self, pieces: list[bytes] | None = None) -> None:
        self.pieces = pieces or [ANSWER] * 3
        self.opened: list[str] = []
        self.streams: list[Stream] = []
        self.open = 0
        self.stall: asyncio.Event | None = None

    async def connect_tcp(self, host: str, port: int, *args: Any, **options: Any) -> httpcore.AsyncNetworkStream:
        self.opened.append(host)
        await asyncio.sleep(0)
        self.streams.append(Stream(self, list(self.pieces)))
        return self.streams[-1]


@pytest.fixture
def net() -> Net:
    return Net()


def pool_on(net: Net, max_connections: int = 4, keepalive_s: float = 30) -> Pool:
    tls = ssl.create_default_context()
    return Pool(ssl_context=tls, backend=net, max_connections=max_connections, keepalive_s=keepalive_s)


async def ask(pool: Pool, host: str = "a.example", *, read: bool = True) -> int:
    request = httpcore.Request("GET", f"http://{host}/", headers=[("host", host)])
    answer, connection = await pool.send(request)
    try:
        if read:
            await answer.aread()
    finally:
        await answer.aclose()
        await pool.take_back(connection, request.url)
    return answer.status


async def test_a_connection_is_used_again_for_its_own_origin_only(net: Net) -> None:
    pool = pool_on(net)
    for host in ("a.example", "a.example", "b.example", "a.example", "b.example"):
        assert await ask(pool, host) == 200
    assert net.opened == ["a.example", "b.example"]
    await pool.aclose()
    assert net.open == 0


async def test_an_answer_left_unread_closes_its_connection(net: Net) -> None:
    pool = pool_on(net)
    await ask(pool, read=False)
    assert net.open == 0
    await ask(pool)
    assert len(net.opened) == 2


async def test_a_fallen_connection_is_closed_and_replaced(net: Net) -> None:
    pool = pool_on(net)
    await ask(pool)
    net.streams[0].fallen = True
    await ask(pool)
    assert (len(net.opened), net.open) == (2, 1)


async def test_an_idle_connection_grows_old(net: Net) -> None:
    pool = pool_on(net, keepalive_s=-1)
    await ask(pool)
    await ask(pool)
    assert (len(net.opened), net.open) == (2, 1)


async def test_idle_connections_are_bounded_and_the_longest_idle_goes_first(net: Net) -> None:
    pool = pool_on(net, max_connections=2)
    for host in ("a.example", "b.example", "a.example", "c.example", "a.example", "b.example"):
        await ask(pool, host)
    assert net.opened == ["a.example", "b.example", "c.example", "b.example"]
    assert net.open == 2


async def test_a_failed_connection_gives_its_place_back() -> None:
    net = Net([b"this is no HTTP"])
    pool = pool_on(net, max_connections=1)
    for _ in range(5):
        with pytest.raises(httpcore.RemoteProtocolError):
            await ask(pool)
    assert net.open == 0


@pytest.mark.parametrize("steps", range(12))
async def test_cancelling_at_any_moment_loses_no_place(net: Net, steps: int) -> None:
    pool = pool_on(net, max_connections=2)
    net.stall = asyncio.Event()
    tasks = [asyncio.create_task(ask(pool)) for _ in range(6)]
    for _ in range(steps):
        await asyncio.sleep(0)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert net.open == 0
    net.stall = None
    async with asyncio.timeout(2):
        assert await asyncio.gather(*(ask(pool) for _ in range(6))) == [200] * 6


async def test_a_connection_that_comes_back_to_a_closed_pool_is_closed(net: Net) -> None:
    pool = pool_on(net)
    request = httpcore.Request("GET", "http://a.example/", headers=[("host", "a.example")])
    answer, connection = await pool.send(request)
    await pool.aclose()
    await answer.aread()
    await answer.aclose()
    await pool.take_back(connection, request.url)
    assert net.open == 0
