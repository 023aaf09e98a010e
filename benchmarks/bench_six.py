"""What six networks cost a creator's lookup when they are asked side by side, at 25 ms an answer.

Promise: the wall time of all six is at most 1.2 times that of the slowest of them alone. The pretend networks run in a
process of their own. Every account has been read once before, so that ids are known and pages are built there; each
round reads everything anew. The best of the rounds are compared: whatever else the machine does only ever adds.
"""

import asyncio
import multiprocessing
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import AsyncExitStack, contextmanager
from datetime import datetime
from functools import partial
from multiprocessing.connection import Connection

from benchmarks.bench_lookup import START, _timed, tell
from core.app import App, build
from core.connectors import manifests
from core.settings import Settings
from sandbox.server import Sandbox

ACCOUNTS = (
    "bluesky:mara.example",
    "mara@toot.example",
    "github:maraquill",
    "youtube:maraquill",
    "instagram:mara.prints",
    "facebook:mara.letterpress",
)
NETWORKS = ("bluesky", "mastodon", "github", "youtube", "instagram", "facebook")
CREATOR = "mara.example"
ANSWER_MS = 25
ROUNDS = 25
SIX_BESIDE_ONE = 1.2


class _Standing:
    def now(self) -> datetime:
        return START


def _serve(pipe: Connection) -> None:
    """Run the pretend networks; slow one down at each (network, milliseconds) that is sent, end at None."""
    with Sandbox.in_thread(start=START) as box:
        pipe.send({**box.env(), **box.keys(*NETWORKS)})
        while (told := pipe.recv()) is not None:
            box.faults.latency(*told)
            pipe.send(True)


@contextmanager
def elsewhere() -> Iterator[tuple[Mapping[str, str], Connection]]:
    """Run the pretend networks in another process; their settings, and where to send what `_serve` takes."""
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=_serve, args=(there,), daemon=True)
    process.start()
    try:
        yield here.recv(), here
    finally:
        here.send(None)
        process.join(10)


async def measure() -> bool:
    """Measure each network alone and all six in alternating rounds; True when the promise was kept."""
    with tempfile.TemporaryDirectory() as folder, elsewhere() as (settings, pipe):
        async with AsyncExitStack() as stack:
            apps: dict[str, App] = {}
            for name in (*NETWORKS, "all"):
                environment = {**settings, "CLOUT_DATABASE_URL": f"sqlite:///{folder}/{name}.db"}
                read = Settings.read(manifests(), environment, None)
                apps[name] = await stack.enter_async_context(build(read, clock=_Standing()))
            took, worked = await _rounds(pipe, apps)
    single = {name: min(took[name]) for name in NETWORKS}
    slowest = max(single, key=lambda name: single[name])
    together = min(took["all"])
    detail = (
        f"{together * 1000:.0f} ms against {single[slowest] * 1000:.0f} ms of {slowest} alone; "
        f"our processor {min(worked) * 1000:.0f} ms"
    )
    return tell("six networks side by side", together / single[slowest], SIX_BESIDE_ONE, detail)


async def _rounds(pipe: Connection, apps: Mapping[str, App]) -> tuple[dict[str, list[float]], list[float]]:
    asked = {**dict(zip(NETWORKS, ACCOUNTS, strict=True)), "all": CREATOR}
    for name, account in zip(NETWORKS, ACCOUNTS, strict=True):
        await apps[name].lookups.lookup("bench", account)
    for account in ACCOUNTS[1:]:
        await apps["all"].lookups.link("bench", ACCOUNTS[0] if account is ACCOUNTS[1] else CREATOR, account)
    for network in NETWORKS:
        pipe.send((network, ANSWER_MS))
        pipe.recv()
    took: dict[str, list[float]] = {name: [] for name in apps}
    worked = []
    for _ in range(ROUNDS):
        for name, app in apps.items():
            before = time.process_time()
            took[name].append(await _timed(partial(app.lookups.lookup, "bench", asked[name], fresh=True)))
            if name == "all":
                worked.append(time.process_time() - before)
    return took, worked


if __name__ == "__main__":
    sys.exit(0 if asyncio.run(measure()) else 1)
