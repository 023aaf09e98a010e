"""The HTTP client on real sockets: the address guard, certificates, and what is never logged."""

import asyncio
import logging
import shutil
import socket
import ssl
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from core.connectors.http import ConnectFailed, Refused, TimedOut
from tests.core.connectors.http_servers import (
    OPEN,
    PUBLIC,
    SECRET,
    Detour,
    Make,
    Serve,
    Talk,
    ok,
    resolving,
)

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
