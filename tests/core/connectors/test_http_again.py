"""The HTTP client without sockets: what is tried a second time, and what is not."""

import asyncio
from collections.abc import Sequence

import httpcore
import httpx
import pytest

from core.connectors.http import (
    ConnectFailed,
    HttpClient,
    HttpError,
    Refused,
    TimedOut,
)
from tests.core.connectors.http_pretended import Reply, Server, manifest, to

# --- second attempts --------------------------------------------------------------------------------------------------

FAULTS = [
    httpx.ConnectError("no"), httpx.ReadError("no"), httpx.RemoteProtocolError("no"), httpcore.ReadError("no"),
    httpcore.RemoteProtocolError("no"), ConnectionResetError("no"), httpcore.WriteError("no"),
]  # fmt: skip
SLOW = [httpx.ReadTimeout("no"), httpcore.ConnectTimeout("no"), httpcore.PoolTimeout("no"), TimeoutError("no")]


@pytest.mark.parametrize("fault", FAULTS + SLOW, ids=lambda fault: f"{type(fault).__module__}.{type(fault).__name__}")
async def test_a_broken_get_is_tried_twice(fault: Exception) -> None:
    server = Server(fault, httpx.Response(200))
    assert (await server.scoped().get("a")).status == 200
    assert len(server.seen) == 2


@pytest.mark.parametrize(("faults", "kind"), [(FAULTS, ConnectFailed), (SLOW, TimedOut)])
async def test_after_two_attempts_the_fault_is_told(faults: Sequence[Exception], kind: type[HttpError]) -> None:
    for fault in faults:
        server = Server(fault)
        with pytest.raises(kind, match=r"api\.example\.com"):
            await server.scoped().get("a")
        assert len(server.seen) == 2


@pytest.mark.parametrize("status", [502, 503, 504])
async def test_a_busy_server_is_asked_twice_and_then_believed(status: int) -> None:
    server = Server(httpx.Response(status), httpx.Response(200))
    assert (await server.scoped().get("a")).status == 200
    server = Server(httpx.Response(status))
    assert (await server.scoped().get("a")).status == status
    assert len(server.seen) == 2


async def test_the_second_attempts_own_fault_is_told() -> None:
    with pytest.raises(ConnectFailed):
        await Server(httpx.Response(503), httpx.ConnectError("no")).scoped().get("a")
    assert (await Server(httpx.ConnectError("no"), httpx.Response(404)).scoped().get("a")).status == 404
    with pytest.raises(Refused):
        await Server(httpx.ReadError("no"), to("https://evil.example/")).scoped().get("a")


@pytest.mark.parametrize("after", ["3", "3600", "Sun, 22 Nov 2026 20:10:00 GMT", "soon"])
async def test_a_server_that_wants_a_long_pause_is_not_asked_again(after: str) -> None:
    server = Server(httpx.Response(503, headers={"Retry-After": after}))
    answer = await server.scoped().get("a")
    assert answer.headers["retry-after"] == after
    assert len(server.seen) == 1


async def test_a_short_pause_is_kept() -> None:
    server = Server(httpx.Response(503, headers={"Retry-After": "0"}), httpx.Response(200))
    assert (await server.scoped().get("a")).status == 200


@pytest.mark.parametrize("reply", [httpx.Response(503), httpx.ReadError("no"), httpx.ReadTimeout("no")])
async def test_a_post_is_never_sent_twice(reply: Reply) -> None:
    server = Server(reply)
    if isinstance(reply, Exception):
        with pytest.raises((ConnectFailed, TimedOut)):
            await server.scoped().post("a", form={"a": "b"})
    else:
        assert (await server.scoped().post("a")).status == 503
    assert len(server.seen) == 1


@pytest.mark.parametrize("reply", [httpx.Response(503), httpx.ConnectError("no")])
async def test_no_second_attempt_whose_wait_would_pass_the_deadline(reply: Reply) -> None:
    server = Server(reply)
    loop = asyncio.get_running_loop()
    client = server.client(retry_wait=30.0).scoped(manifest(), deadline=loop.time() + 5)
    began = loop.time()
    if isinstance(reply, Exception):
        with pytest.raises(ConnectFailed):
            await client.get("a")
    else:
        assert (await client.get("a")).status == 503
    assert loop.time() - began < 1
    assert len(server.seen) == 1


async def test_nothing_is_sent_after_the_deadline() -> None:
    server = Server()
    client = server.scoped(deadline=asyncio.get_running_loop().time() - 1)
    with pytest.raises(TimedOut, match="no time left"):
        await client.get("a")
    assert server.seen == []


async def test_a_cancelled_lookup_stays_cancelled() -> None:
    class Hanging(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            await asyncio.Event().wait()
            raise AssertionError

    client = HttpClient(user_agent="Clout/0.1", transport=Hanging(), retry_wait=0).scoped(manifest())
    task = asyncio.create_task(client.get("a"))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
