"""What one request through the guarded client costs, as a ratio to bare httpx, against a server that answers at once.

Both run in one loop in alternating rounds, so that a busy machine slows both alike; the ratio is the median of the
rounds. Promise: at most 1.3.
"""

import argparse
import asyncio
import statistics
import time
from collections.abc import Awaitable, Callable
from typing import cast

import httpx

from core.connectors.http import HttpClient
from core.manifest import HandleRule, Manifest

PROMISE = 1.3
BODY = b'{"did":"did:plc:abc","handle":"glow.example","followersCount":1234,"posts":[' + b"1," * 400 + b"1]}"
ANSWER = (
    b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nratelimit-reset: 1790000000\r\n"
    b"content-length: %d\r\n\r\n" % len(BODY)
) + BODY
PARAMS: dict[str, str | int] = {"actor": "glow.example", "limit": 100}
MANIFEST = Manifest(
    name="bench",
    label="Bench",
    hosts=("bench.example",),
    base_url="https://bench.example/xrpc/",
    handles=HandleRule(pattern=".+", hint="", example="glow"),
)


class _Server(asyncio.Protocol):
    """Answers every complete request at once; the requests here have no body."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        if data.endswith(b"\r\n\r\n"):
            self._transport.write(ANSWER)


async def _seconds(ask: Callable[[], Awaitable[object]], requests: int) -> float:
    start = time.perf_counter()
    for _ in range(requests):
        await ask()
    return (time.perf_counter() - start) / requests


async def measure(rounds: int, requests: int) -> tuple[float, float, float]:
    """Return seconds a request through bare httpx, through Clout, and the median ratio of the two."""
    server = await asyncio.get_running_loop().create_server(_Server, "127.0.0.1", 0)
    here = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    ours = HttpClient(user_agent="Clout/bench")
    async with httpx.AsyncClient(trust_env=False) as bare:
        client = ours.scoped(MANIFEST, base_url=here)

        async def ask_bare() -> object:
            return (await bare.get(f"{here}/xrpc/profile", params=PARAMS)).json()

        async def ask_ours() -> object:
            return (await client.get("profile", params=PARAMS)).json()

        await _seconds(ask_bare, requests)
        await _seconds(ask_ours, requests)
        pairs = [(await _seconds(ask_bare, requests), await _seconds(ask_ours, requests)) for _ in range(rounds)]
    await ours.aclose()
    server.close()
    bare_s, ours_s = (statistics.median(column) for column in zip(*pairs, strict=True))
    return bare_s, ours_s, statistics.median(b / a for a, b in pairs)


def main() -> None:
    """Print the figures; exits with 1 when the promise is broken."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--requests", type=int, default=200)
    options = parser.parse_args()
    bare_s, ours_s, ratio = asyncio.run(measure(options.rounds, options.requests))
    print(f"bare httpx     {bare_s * 1e6:7.0f} us a request")
    print(f"Clout          {ours_s * 1e6:7.0f} us a request")
    print(f"ratio          {ratio:7.2f} (promise: at most {PROMISE})")
    raise SystemExit(ratio > PROMISE)


if __name__ == "__main__":
    main()
