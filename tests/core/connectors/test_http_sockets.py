"""The HTTP client on real sockets: hostile and broken servers on loopback, with limits of milliseconds."""

import asyncio
import contextlib
import gzip
import logging
import shutil
import socket
import ssl
import subprocess
import tracemalloc
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpcore
import pytest

from core.connectors.guard import Resolve
from core.connectors.http import ConnectFailed, HttpClient, Refused, TimedOut, TooLarge
from core.models import HandleRule, Manifest

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


Make = Callable[..., HttpClient]


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


# --- the address guard on the wire ----------------------------------------------------------------------------


async def test_a_public_name_is_reached_at_the_address_that_was_judged(serve: Serve, make: Make) -> None:
    server = await serve(ok)
    detour = Detour(server.port)
    client = make(resolve=resolving([PUBLIC]), dial=detour).scoped(OPEN)
    assert (await client.get("http://blog.example/a")).status == 200
    assert detour.asked == [PUBLIC]
    assert "host: blog.example\r\n" in server.requests[0].lower()


async def test_rebinding_gains_nothing(serve: Serve, make: Make) -> None:
    async def closing(talk: Talk) -> None:
        await talk.answer(headers="connection: close\r\n")
        talk.writer.close()

    server = await serve(closing)
    detour = Detour(server.port)
    client = make(resolve=resolving([PUBLIC], ["127.0.0.1"]), dial=detour).scoped(OPEN)
    assert (await client.get("http://rebind.example/")).status == 200
    with pytest.raises(Refused, match="private"):
        await client.get("http://rebind.example/")
    assert detour.asked == [PUBLIC]


@pytest.mark.parametrize("address", ["127.0.0.1", "::1", "10.0.0.1", "169.254.169.254", "::ffff:127.0.0.1"])
async def test_a_public_name_with_a_private_address_is_refused_and_never_tried_again(
    serve: Serve, make: Make, address: str
) -> None:
    asked = 0

    async def resolve(host: str, port: int) -> Sequence[str]:
        nonlocal asked
        asked += 1
        return [PUBLIC, address]

    server = await serve(ok)
    with pytest.raises(Refused, match="private"):
        await make(resolve=resolve, dial=Detour(server.port)).scoped(OPEN).get("http://evil.example/")
    assert asked == 1
    assert server.connections == []


async def test_a_redirect_to_a_name_with_a_private_address_is_refused(serve: Serve, make: Make) -> None:
    async def away(talk: Talk) -> None:
        await talk.answer(b"", status="302 Found", headers="location: http://inside.example/\r\n")

    async def resolve(host: str, port: int) -> Sequence[str]:
        return ["10.1.2.3"] if host == "inside.example" else [PUBLIC]

    server = await serve(away)
    detour = Detour(server.port)
    with pytest.raises(Refused, match=r"inside\.example"):
        await make(resolve=resolve, dial=detour).scoped(OPEN).get("http://blog.example/")
    assert detour.asked == [PUBLIC]


async def test_a_redirect_drops_the_token_on_the_wire(serve: Serve, make: Make) -> None:
    async def away(talk: Talk) -> None:
        if "blog.example" in talk.requests[-1]:
            await talk.answer(b"", status="302 Found", headers="location: http://other.example/b\r\n")
        else:
            await talk.answer()

    server = await serve(away)
    client = make(resolve=resolving([PUBLIC]), dial=Detour(server.port)).scoped(OPEN)
    answer = await client.get("http://blog.example/a", headers={"Authorization": SECRET}, params={"key": SECRET})
    assert answer.url == "http://other.example/b"
    assert SECRET in server.requests[0]
    assert SECRET not in server.requests[1]


async def test_a_connection_opened_under_an_exception_serves_no_strangers_name(serve: Serve, make: Make) -> None:
    server = await serve(ok)
    owner = make(resolve=resolving(["127.0.0.1"]))
    assert (await owner.scoped(OPEN, base_url=server.url).get("a")).status == 200
    with pytest.raises(Refused):
        await owner.scoped(OPEN).get(f"{server.url}/a")


async def test_a_hanging_resolver_is_left_after_the_connect_limit(make: Make) -> None:
    async def resolve(host: str, port: int) -> Sequence[str]:
        await asyncio.sleep(60)
        return [PUBLIC]

    with pytest.raises(TimedOut):
        await make(resolve=resolve, connect_timeout=0.03).scoped(OPEN).get("http://slow.example/")


async def test_the_real_resolver_refuses_a_name_of_our_own_machine(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    def here(*_: Any, **__: Any) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", 443))]

    monkeypatch.setattr(socket, "getaddrinfo", here)
    with pytest.raises(Refused, match="private"):
        await make().scoped(OPEN).get("https://own.example/")


# --- certificates ---------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A self-signed certificate for blog.example and its key."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("openssl is not installed, so no certificate can be made")
    folder = tmp_path_factory.mktemp("tls")
    pem, key = folder / "cert.pem", folder / "key.pem"
    subprocess.run(
        [openssl, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
         "-subj", "/CN=blog.example", "-addext", "subjectAltName=DNS:blog.example", "-keyout", key, "-out", pem],
        check=True, capture_output=True,
    )  # fmt: skip
    return pem, key


@pytest.fixture
def server_tls(certificate: tuple[Path, Path]) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    return context


async def test_a_self_signed_certificate_is_refused_at_once(
    serve: Serve, make: Make, server_tls: ssl.SSLContext
) -> None:
    server = await serve(ok, server_tls)
    detour = Detour(server.port)
    with pytest.raises(ConnectFailed, match="certificate"):
        await make(resolve=resolving([PUBLIC]), dial=detour).scoped(OPEN).get("https://blog.example/")
    assert server.requests == []
    assert len(detour.asked) == 1


async def test_a_trusted_certificate_is_checked_against_the_name_not_the_address(
    serve: Serve, make: Make, server_tls: ssl.SSLContext, certificate: tuple[Path, Path]
) -> None:
    server = await serve(ok, server_tls)
    trusting = ssl.create_default_context(cafile=str(certificate[0]))
    client = make(resolve=resolving([PUBLIC]), dial=Detour(server.port), ssl_context=trusting).scoped(OPEN)
    assert (await client.get("https://blog.example/a")).status == 200
    with pytest.raises(ConnectFailed, match="certificate"):
        await client.get("https://other.example/a")


async def test_a_server_that_never_shakes_hands_costs_no_socket(serve: Serve, make: Make) -> None:
    server = await serve(ok)  # waits for the end of a request that never comes
    client = make(resolve=resolving([PUBLIC]), dial=Detour(server.port), whole_timeout=0.05, max_connections=2)
    for _ in range(3):
        with pytest.raises(TimedOut):
            await client.scoped(OPEN).post("https://blog.example/")
    async with asyncio.timeout(2):
        for _ in range(3):
            await server.gone.get()
    assert len(server.connections) == 3


# --- secrets --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("level", [logging.DEBUG, logging.INFO])
async def test_the_libraries_log_no_secret(
    serve: Serve, make: Make, caplog: pytest.LogCaptureFixture, level: int
) -> None:
    async def echo(talk: Talk) -> None:
        await talk.answer(SECRET.encode(), headers=f"x-echo: {SECRET}\r\nset-cookie: a={SECRET}\r\n")

    server = await serve(echo)
    with caplog.at_level(level):
        client = make().scoped(OPEN, base_url=server.url)
        await client.get("a", params={"key": SECRET}, headers={"Authorization": SECRET})
        await client.post("a", form={"client_secret": SECRET})
    assert SECRET in server.requests[0]
    assert not [record for record in caplog.records if SECRET in record.getMessage()]
