"""What refreshing costs beside bare httpx that fetches and decodes the same answers, and what idle jobs cost.

The sandbox has a process of its own, so that its work counts for neither. Promises: at least 45 % of the throughput of
bare httpx with as many requests on their way; an idle process with every queue under 4 % of a core.
"""

import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime, timedelta
from typing import cast

import httpx
from sqlalchemy import update

from bots.jobs_service import JobsService
from core.app import App, build
from core.connectors import manifests
from core.jobs_work import REFRESHES_AT_ONCE
from core.pacing import BATCH
from core.refreshing import Batch
from core.settings import Settings
from core.tables import account_refresh, to_ms
from core.turns import BACKGROUND_AT_ONCE

START = datetime(2026, 11, 23, 9, tzinfo=UTC)
ACCOUNTS, POSTS_A_WEEK, ROUNDS = 200, 100 / 13, 3
SHARE, IDLE_PERCENT, IDLE_S = 0.45, 4.0, 8.0

_SERVE = """
import asyncio, json, sys
from datetime import datetime
from sandbox.server import Sandbox
async def serve():
    start, crowd, rate = datetime.fromisoformat(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
    async with Sandbox(start=start, crowd=crowd, crowd_rate=rate) as box:
        print(json.dumps({"env": box.env(), "url": box.url("bluesky")}), flush=True)
        while line := await asyncio.get_running_loop().run_in_executor(None, sys.stdin.readline):
            if line.startswith("paths"):
                print(json.dumps(box.requests.paths("bluesky")), flush=True)
            box.requests.clear()
asyncio.run(serve())
"""


class _Clock:
    moment = START

    def now(self) -> datetime:
        return self.moment


class _Box:
    """The sandbox in a process of its own."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process
        told = self._line()
        self.env: dict[str, str] = told["env"]
        self.url: str = told["url"]

    def _line(self) -> dict[str, object]:
        assert self._process.stdout is not None
        return cast("dict[str, object]", json.loads(self._process.stdout.readline()))

    def paths(self) -> list[str]:
        """Return what was asked since the last time."""
        assert self._process.stdin is not None
        self._process.stdin.write("paths\n")
        self._process.stdin.flush()
        return cast("list[str]", self._line())


@contextmanager
def box() -> Iterator[_Box]:
    given = [sys.executable, "-c", _SERVE, START.isoformat(), str(ACCOUNTS), str(POSTS_A_WEEK)]
    with subprocess.Popen(given, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield _Box(process)
        finally:
            process.kill()


@asynccontextmanager
async def opened(server: _Box, folder: str, clock: _Clock) -> AsyncIterator[App]:
    environment = {**server.env, "CLOUT_DATABASE_URL": f"sqlite:///{folder}/clout.db"}
    async with build(Settings.read(manifests(), environment, None), clock=clock) as app:
        yield app


async def track(app: App) -> None:
    """Read and track every account of the crowd."""
    for number in range(ACCOUNTS):
        handle = f"crowd-{number}.bsky.social"
        reading = await app.lookups.lookup("bench", handle, network="bluesky")
        (account,) = reading.networks
        await app.store.link("bench", f"crowd{number}", [("bluesky", str(account.native_id))])
        await app.store.track("bench", f"crowd{number}", app.clock.now())


async def refresh(app: App) -> tuple[float, int]:
    """Return the seconds for one refresh of everybody, as many batches at a time as the queue allows, and how many."""
    at = to_ms(app.clock.now())
    await app.store.database.write(lambda c: c.execute(update(account_refresh).values(next_due_at=at - 1)))
    began, room = time.perf_counter(), asyncio.Semaphore(REFRESHES_AT_ONCE)

    async def one(batch: Batch) -> int:
        async with room:
            return (await app.refreshing.refresh(batch)).read

    batches = await app.refreshing.due(app.clock.now(), {})
    read = sum(await asyncio.gather(*map(one, batches)))
    return time.perf_counter() - began, read


async def bare(url: str, paths: list[str]) -> float:
    """Return the seconds httpx and json.loads take for the same answers, as many on their way at a time."""
    room = asyncio.Semaphore(BACKGROUND_AT_ONCE)
    async with httpx.AsyncClient(trust_env=False, limits=httpx.Limits(max_connections=100)) as client:

        async def one(path: str) -> None:
            async with room:
                json.loads((await client.get(f"{url}{path.removeprefix('xrpc/')}")).content)

        began = time.perf_counter()
        await asyncio.gather(*(one(path) for path in paths))
        return time.perf_counter() - began


async def throughput(server: _Box, folder: str) -> bool:
    """Measure refreshes against bare requests, in turns."""
    clock, shares, rates = _Clock(), [], []
    async with opened(server, folder, clock) as app:
        await track(app)
        for number in range(ROUNDS + 1):
            clock.moment += timedelta(days=1)
            server.paths()
            took, read = await refresh(app)
            assert read == ACCOUNTS, read
            paths = server.paths()
            same = await bare(server.url, paths)
            if number:
                shares.append(same / took)
                rates.append((ACCOUNTS / took, ACCOUNTS / same, len(paths)))
    ours, plain, asked = rates[-1]
    detail = f"{ours:.0f} accounts/s against {plain:.0f}, {asked} requests, batches of {BATCH}"
    return _tell("refresh / bare httpx, throughput", statistics.median(shares), SHARE, detail, least=True)


async def idle(server: _Box, folder: str) -> bool:
    """Measure what ticking and looking at queues costs where nothing is due."""
    clock = _Clock()
    async with opened(server, folder, clock) as app:
        service = JobsService(app)
        await service.start()
        await asyncio.sleep(2.0)
        cpu, began = time.process_time(), time.perf_counter()
        await asyncio.sleep(IDLE_S)
        percent = 100 * (time.process_time() - cpu) / (time.perf_counter() - began)
        queues = 1 + len(app.refreshing.networks)
        await service.stop()
    return _tell("idle jobs, % of a core", percent, IDLE_PERCENT, f"{queues} queues, {os.cpu_count()} cores")


def _tell(what: str, value: float, promise: float, detail: str, *, least: bool = False) -> bool:
    kept = value >= promise if least else value <= promise
    bound = "at least" if least else "at most"
    print(
        f"{what:<34} {value:7.2f}   promise {bound} {promise:g}   {'kept' if kept else 'MISSED'}   {detail}", flush=True
    )
    return kept


async def measure() -> bool:
    """Measure both and return whether the promises were kept."""
    with box() as server, tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory() as empty:
        return all([await throughput(server, folder), await idle(server, empty)])


if __name__ == "__main__":
    sys.exit(0 if asyncio.run(measure()) else 1)
