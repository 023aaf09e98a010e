"""What a lookup costs beside bare code that makes the same requests or reads the same row; ratios of one run.

Promises: a cold lookup of 100 posts at most 3.0 times bare httpx plus json.loads against an instant server, at most 1.3
times with 25 ms an answer, commit included; a warm lookup at most 3 times one SQLAlchemy primary-key read.
"""

import asyncio
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import httpx
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from core.app import App, build
from core.connectors import manifests
from core.settings import Settings
from sandbox.server import Sandbox

START = datetime(2026, 11, 23, 9, tzinfo=UTC)
ROUNDS = 40
POSTS = 100  # of an account in the 13 weeks of the window
WARM_ROUNDS = 200
WARM_UP = 5  # accounts that only warm the code
COLD_INSTANT, COLD_SLOW, WARM, HELP_S, MEMORY_MB = 3.0, 1.3, 3.0, 0.4, 110


async def _timed(work: Callable[[], Awaitable[object]]) -> float:
    start = time.perf_counter()
    await work()
    return time.perf_counter() - start


async def cold(app: App, scout: App, box: Sandbox, numbers: range) -> tuple[float, float, float]:
    """Return (ours, bare, ratio): seconds of accounts never seen before, against the same requests made bare.

    `scout` looks each account up first, over a database of its own, so that the sandbox has built its pages.
    """
    ours, bare = [], []
    async with httpx.AsyncClient(trust_env=False) as client:
        for number in numbers:
            handle = f"crowd-{number}.bsky.social"
            box.requests.clear()
            await scout.lookups.lookup("bench", handle, network="bluesky")
            urls = [f"{box.origin}/bluesky/{path}" for path in box.requests.paths("bluesky")]

            async def product(handle: str = handle) -> None:
                await app.lookups.lookup("bench", handle, network="bluesky")

            async def plain(urls: list[str] = urls) -> None:
                for url in urls:
                    json.loads((await client.get(url)).content)

            took, same = await _timed(product), await _timed(plain)
            if number >= numbers.start + WARM_UP:
                ours.append(took)
                bare.append(same)
    ratios = [one / other for one, other in zip(ours, bare, strict=True)]
    return statistics.median(ours), statistics.median(bare), statistics.median(ratios)


async def warm(app: App, database: Path) -> tuple[float, float, float]:
    """Return (ours, bare, ratio): a lookup from the store against one primary-key read on an engine of its own."""
    await app.lookups.lookup("bench", "crowd-1.bsky.social", network="bluesky")
    engine = create_async_engine(f"sqlite+aiosqlite:///{database}")
    query = text("select id, network, native_id, handle, fetched_at, reading from accounts where id = :id")

    async def read() -> None:
        async with engine.connect() as connection:
            (await connection.execute(query, {"id": 1})).one()

    async def ask() -> None:
        await app.lookups.lookup("bench", "crowd-1.bsky.social", network="bluesky")

    ours, bare = [], []
    for number in range(WARM_ROUNDS + 20):
        one, other = await _timed(ask), await _timed(read)
        if number >= 20:
            ours.append(one)
            bare.append(other)
    await engine.dispose()
    return statistics.median(ours), statistics.median(bare), statistics.median(ours) / statistics.median(bare)


@asynccontextmanager
async def opened(box: Sandbox, folder: str, name: str) -> AsyncIterator[App]:
    """Open the product over the sandbox with a database of its own."""
    environment = {**box.env(), "CLOUT_DATABASE_URL": f"sqlite:///{folder}/{name}.db"}
    async with build(Settings.read(manifests(), environment, None), clock=box.clock) as app:
        yield app


def help_seconds() -> float:
    """Return the median of five runs of `clout lookup --help`, in seconds."""
    took = []
    for _ in range(5):
        start = time.perf_counter()
        subprocess.run([sys.executable, "-m", "bots.cli", "lookup", "--help"], check=True, capture_output=True)
        took.append(time.perf_counter() - start)
    return statistics.median(took)


def peak_mb(box: Sandbox, folder: str) -> float:
    """Return the largest resident size of one `clout lookup` in a process of its own, in MB."""
    # VmHWM, not ru_maxrss: the latter is inherited from the process that started this one
    code = (
        "import sys\nfrom bots.cli import cli\n"
        "try:\n    cli(['lookup', 'crowd-2.bsky.social', '--json'])\n"
        "except SystemExit:\n    pass\n"
        "print(int(open('/proc/self/status').read().split('VmHWM:')[1].split()[0]) / 1024, file=sys.stderr)"
    )
    environment = {**box.env(), "CLOUT_DATABASE_URL": f"sqlite:///{folder}/peak.db", "PATH": ""}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, check=True, capture_output=True, text=True, timeout=60
    )
    return float(done.stderr.strip().splitlines()[-1])


def tell(what: str, value: float, promise: float, detail: str) -> bool:
    """Print one promise; True when it was kept."""
    kept = value <= promise
    print(f"{what:<34} {value:7.2f}   promise {promise:g}   {'kept' if kept else 'MISSED'}   {detail}", flush=True)
    return kept


async def measure() -> bool:
    """Measure everything side by side and return whether every promise was kept."""
    kept = []
    with (
        tempfile.TemporaryDirectory() as folder,
        Sandbox.in_thread(start=START, crowd=120, crowd_rate=POSTS / 13) as box,
    ):
        async with opened(box, folder, "scout") as scout:
            async with opened(box, folder, "fast") as app:
                ours, bare, ratio = await cold(app, scout, box, range(WARM_UP + ROUNDS))
                kept.append(tell("cold lookup, instant answers", ratio, COLD_INSTANT, _ms(ours, bare)))
                ours, bare, ratio = await warm(app, Path(folder) / "fast.db")
                kept.append(tell("warm lookup / primary-key read", ratio, WARM, _ms(ours, bare)))
            box.faults.latency("bluesky", 25)
            async with opened(box, folder, "slow") as app:
                ours, bare, ratio = await cold(app, scout, box, range(60, 60 + WARM_UP + ROUNDS // 2))
                kept.append(tell("cold lookup, 25 ms an answer", ratio, COLD_SLOW, _ms(ours, bare)))
        box.faults.latency("bluesky", 0)
        kept.append(tell("clout lookup --help, s", help_seconds(), HELP_S, "median of 5"))
        kept.append(tell("peak memory of one lookup, MB", peak_mb(box, folder), MEMORY_MB, ""))
    return all(kept)


def _ms(ours: float, bare: float) -> str:
    return f"{ours * 1000:.2f} ms against {bare * 1000:.2f} ms"


if __name__ == "__main__":
    sys.exit(0 if asyncio.run(measure()) else 1)
