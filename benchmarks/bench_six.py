"""What six networks cost a creator's lookup when they are asked side by side, at 25 ms an answer.

Promise: the wall time of all six is at most 1.2 times that of the slowest of them alone. Every account has been read
once before, so that ids are known and the sandbox has built its pages; each round reads everything anew.
"""

import asyncio
import statistics
import sys
import tempfile
from contextlib import AsyncExitStack
from functools import partial

from benchmarks.bench_lookup import START, _BoxClock, _timed, tell
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
ROUNDS = 12
SIX_BESIDE_ONE = 1.2


async def measure() -> bool:
    """Measure each network alone and all six in alternating rounds; True when the promise was kept."""
    with tempfile.TemporaryDirectory() as folder, Sandbox.in_thread(start=START) as box:
        async with AsyncExitStack() as stack:
            apps: dict[str, App] = {}
            for name in (*NETWORKS, "all"):
                environment = {**box.env(), **box.keys(), "CLOUT_DATABASE_URL": f"sqlite:///{folder}/{name}.db"}
                settings = Settings.read(manifests(), environment, None)
                apps[name] = await stack.enter_async_context(build(settings, clock=_BoxClock(box)))
            took = await _rounds(box, apps)
    single = {name: statistics.median(took[name]) for name in NETWORKS}
    slowest = max(single, key=lambda name: single[name])
    together = statistics.median(took["all"])
    detail = f"{together * 1000:.0f} ms against {single[slowest] * 1000:.0f} ms of {slowest} alone"
    return tell("six networks side by side", together / single[slowest], SIX_BESIDE_ONE, detail)


async def _rounds(box: Sandbox, apps: dict[str, App]) -> dict[str, list[float]]:
    asked = {**dict(zip(NETWORKS, ACCOUNTS, strict=True)), "all": CREATOR}
    for name, account in zip(NETWORKS, ACCOUNTS, strict=True):
        await apps[name].lookups.lookup("bench", account)
    for account in ACCOUNTS[1:]:
        await apps["all"].lookups.link("bench", ACCOUNTS[0] if account is ACCOUNTS[1] else CREATOR, account)
    for network in NETWORKS:
        box.faults.latency(network, ANSWER_MS)
    took: dict[str, list[float]] = {name: [] for name in apps}
    for _ in range(ROUNDS):
        for name, app in apps.items():
            took[name].append(await _timed(partial(app.lookups.lookup, "bench", asked[name], fresh=True)))
    return took


if __name__ == "__main__":
    sys.exit(0 if asyncio.run(measure()) else 1)
