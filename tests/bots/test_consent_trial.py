"""Whether creators can reach the pages of consent, as `clout doctor` finds out."""

import asyncio
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

import bots
from bots.consent_trial import try_pages
from core.connectors import manifests
from core.settings import Settings

STYLE = (Path(bots.__file__).parent / "templates" / "consent.css").read_bytes()
KEYS = {"CLOUT_SECRET_KEYS": "x" * 43}


def settings(**given):
    env = {f"CLOUT_{name.upper()}": str(value) for name, value in given.items()}
    return Settings.read(manifests(), env | KEYS, env_file=None)


@asynccontextmanager
async def serving(body, status="200 OK"):
    """Answer every request with one body, and yield the port."""

    async def answer(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        head = f"HTTP/1.1 {status}\r\ncontent-length: {len(body)}\r\nconnection: close\r\n\r\n"
        writer.write(head.encode() + body)
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        yield server.sockets[0].getsockname()[1]


@pytest.mark.parametrize(
    ("given", "good", "words"),
    [
        ({}, True, ("no page", "CLOUT_PUBLIC_URL")),
        ({"public_url": "https://clout.example"}, False, ("cannot connect", "CLOUT_PORT")),
        ({"public_url": "http://clout.example", "port": 9}, False, ("https", "certificate")),
        ({"public_url": "https://clout.example", "port": 9, "host": "0.0.0.0"}, True, ("not served now", "clout run")),
    ],
)
async def test_what_is_set_is_judged_first(given, good, words):
    (found,) = await try_pages(settings(**given))
    assert found.good is good
    for word in words:
        assert word in str(found)


async def test_the_address_is_tried_and_another_server_is_told_from_ours():
    async with serving(STYLE) as port, serving(b"parked") as parked, serving(b"", "502 Bad Gateway") as proxy:
        (reached,) = await try_pages(settings(public_url=f"http://127.0.0.1:{port}/", port=port))
        assert str(reached) == f"ok   the pages of consent are reached under http://127.0.0.1:{port}"
        (foreign,) = await try_pages(settings(public_url=f"http://127.0.0.1:{parked}/", port=port))
        (broken,) = await try_pages(settings(public_url=f"http://127.0.0.1:{proxy}", port=port))
        (nothing,) = await try_pages(settings(public_url="http://127.0.0.1:9", port=port))
    assert [one.good for one in (foreign, broken, nothing)] == [False] * 3
    assert "something else answers there (status 200)" in str(foreign)
    assert "status 502" in str(broken)
    assert "nothing answers there" in str(nothing)
    assert f"pass requests on to 127.0.0.1:{port}" in str(nothing)
