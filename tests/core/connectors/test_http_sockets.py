"""The HTTP client on real sockets: hostile and broken servers on loopback, with limits of milliseconds."""

import asyncio
import gzip
import socket
import tracemalloc
import zlib

import pytest

from core.connectors.http import ConnectFailed, TimedOut, TooLarge
from tests.core.connectors.http_servers import (
    MB,
    OPEN,
    Make,
    Serve,
    Talk,
    ok,
)

# --- plain working --------------------------------------------------------------------------------------------


async def test_connections_are_used_again(serve: Serve, make: Make) -> None:
    server = await serve(ok)
    client = make().scoped(OPEN, base_url=server.url)
    for _ in range(5):
        assert (await client.get("a")).body == b"ok"
    assert len(server.connections) == 1
    assert len(server.requests) == 5


async def test_a_connection_the_server_has_closed_is_not_used_again(serve: Serve, make: Make) -> None:
    async def once(talk: Talk) -> None:
        await talk.answer()
        talk.writer.close()

    server = await serve(once)
    client = make().scoped(OPEN, base_url=server.url)
    for _ in range(3):
        assert (await client.get("a")).status == 200


async def test_a_hundred_at_once(serve: Serve, make: Make) -> None:
    server = await serve(ok)
    client = make(max_connections=8).scoped(OPEN, base_url=server.url)
    answers = await asyncio.gather(*(client.get("a", params={"n": n}) for n in range(100)))
    assert {answer.status for answer in answers} == {200}
    assert len(server.connections) <= 8


async def test_chunked_and_packed_answers_are_read(serve: Serve, make: Make) -> None:
    packed = gzip.compress(b"hello " * 1000)

    async def chunked(talk: Talk) -> None:
        await talk.say(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ncontent-encoding: gzip\r\n\r\n")
        for at in range(0, len(packed), 7):
            piece = packed[at : at + 7]
            await talk.say(b"%x\r\n%s\r\n" % (len(piece), piece))
        await talk.say(b"0\r\n\r\n")

    server = await serve(chunked)
    assert (await make().scoped(OPEN, base_url=server.url).get("a")).body == b"hello " * 1000


async def test_proxies_of_the_environment_are_ignored(
    serve: Serve, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    server = await serve(ok)
    assert (await make().scoped(OPEN, base_url=server.url).get("a")).status == 200


# --- servers that are slow, endless or broken -----------------------------------------------------------------


async def dripping(talk: Talk) -> None:
    await talk.say(b"HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n")
    while True:
        await talk.say(b"x")
        await asyncio.sleep(0.01)


async def test_a_dripping_body_is_cut_by_the_whole_limit(serve: Serve, make: Make) -> None:
    server = await serve(dripping)
    loop = asyncio.get_running_loop()
    began = loop.time()
    with pytest.raises(TimedOut):
        await make(whole_timeout=0.1, read_timeout=0.05).scoped(OPEN, base_url=server.url).post("a")
    assert 0.09 < loop.time() - began < 1
    assert len(server.requests) == 1


async def test_a_dripping_body_is_cut_by_the_deadline_and_not_asked_again(serve: Serve, make: Make) -> None:
    server = await serve(dripping)
    loop = asyncio.get_running_loop()
    client = make(whole_timeout=60).scoped(OPEN, base_url=server.url, deadline=loop.time() + 0.1)
    began = loop.time()
    with pytest.raises(TimedOut):
        await client.get("a")
    assert loop.time() - began < 1
    assert len(server.requests) == 1


async def test_a_silent_server_is_left_after_the_read_limit_and_asked_once_more(serve: Serve, make: Make) -> None:
    async def silent(talk: Talk) -> None:
        await asyncio.sleep(60)

    server = await serve(silent)
    with pytest.raises(TimedOut, match="in time"):
        await make(read_timeout=0.05, whole_timeout=30).scoped(OPEN, base_url=server.url).get("a")
    assert len(server.requests) == 2


async def test_dripping_headers_are_cut_too(serve: Serve, make: Make) -> None:
    async def drip_headers(talk: Talk) -> None:
        await talk.say(b"HTTP/1.1 200 OK\r\n")
        while True:
            await talk.say(b"x-more: 1\r\n")
            await asyncio.sleep(0.005)

    server = await serve(drip_headers)
    with pytest.raises(TimedOut):
        await make(whole_timeout=0.1).scoped(OPEN, base_url=server.url).post("a")


async def test_many_cut_requests_leave_the_connections_usable(serve: Serve, make: Make) -> None:
    async def moody(talk: Talk) -> None:
        if "/slow" in talk.requests[-1]:
            await asyncio.sleep(60)
        await talk.answer()

    server = await serve(moody)
    client = make(max_connections=4, whole_timeout=0.1).scoped(OPEN, base_url=server.url)
    slow = await asyncio.gather(*(client.post("slow") for _ in range(20)), return_exceptions=True)
    assert {type(outcome) for outcome in slow} == {TimedOut}
    patient = make(max_connections=4).scoped(OPEN, base_url=server.url)
    assert (await patient.get("a")).status == 200
    assert (await client.get("a")).status == 200


async def test_ten_gigabytes_are_refused_by_their_announcement(serve: Serve, make: Make) -> None:
    async def huge(talk: Talk) -> None:
        await talk.say(b"HTTP/1.1 200 OK\r\ncontent-length: 10000000000\r\n\r\n")
        await talk.reader.read()  # nothing of the body is sent, and the client does not wait for it

    server = await serve(huge)
    with pytest.raises(TooLarge, match="5 MB"):
        await make().scoped(OPEN, base_url=server.url).get("a")
    assert len(server.requests) == 1


async def test_an_unannounced_endless_answer_is_cut_at_the_limit(serve: Serve, make: Make) -> None:
    sent = 0

    async def endless(talk: Talk) -> None:
        nonlocal sent
        await talk.say(b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n")
        while True:
            await talk.say(b"x" * 65536)
            sent += 65536

    server = await serve(endless)
    with pytest.raises(TooLarge):
        await make().scoped(OPEN, base_url=server.url).get("a")
    assert sent < 50 * MB


def gzip_bomb(megabytes: int) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, zlib.MAX_WBITS | 16)
    return b"".join(packer.compress(bytes(MB)) for _ in range(megabytes)) + packer.flush()


async def test_a_gzip_bomb_is_defused_within_little_memory(serve: Serve, make: Make) -> None:
    bomb = gzip_bomb(60)
    assert len(bomb) < MB

    async def explode(talk: Talk) -> None:
        await talk.answer(bomb, headers="content-encoding: gzip\r\n")

    server = await serve(explode)
    client = make().scoped(OPEN, base_url=server.url)
    tracemalloc.start()
    try:
        with pytest.raises(TooLarge):
            await client.get("a")
        assert tracemalloc.get_traced_memory()[1] < 20 * MB
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    "said",
    [
        b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nonly this",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nab",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\nab",
        b"HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab",
        b"HTTP/1.1 200 OK\r\nbroken header\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nx: " + b"y" * 200_000,
        b"\x16\x03\x01\x02\x00 this is no HTTP",
        b"",
    ],
    ids=[
        "short",
        "short-chunk",
        "bad-chunk",
        "minus",
        "two-lengths",
        "bad-header",
        "header-bomb",
        "not-http",
        "nothing",
    ],
)
async def test_a_broken_answer_is_a_failed_connection_after_two_tries(serve: Serve, make: Make, said: bytes) -> None:
    async def broken(talk: Talk) -> None:
        await talk.say(said)
        talk.writer.close()

    server = await serve(broken)
    with pytest.raises(ConnectFailed, match=r"127\.0\.0\.1"):
        await make().scoped(OPEN, base_url=server.url).get("a")
    assert len(server.requests) == 2


async def test_a_port_nobody_listens_on_is_a_failed_connection(make: Make) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(ConnectFailed, match="could not be reached"):
        await make().scoped(OPEN, base_url=f"http://127.0.0.1:{port}").get("a")
