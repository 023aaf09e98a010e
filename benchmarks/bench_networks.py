"""What further networks cost a cold lookup when they are asked side by side, at 25 ms an answer.

Promise: each further network adds under 15 % to the wall time of the slowest one alone. The sandbox builds its pages
before the clock runs, and every lookup starts from an empty database.
"""

import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence

from benchmarks.bench_lookup import START, opened, tell
from sandbox.server import Sandbox

ACCOUNTS = ("bluesky:mara.example", "mara@toot.example", "github:maraquill")
CREATOR = "mara.example"  # the name the first account gives the linked creator
ANSWER_MS = 25
ROUNDS = 15
EACH_FURTHER = 0.15


async def seconds(box: Sandbox, folder: str, name: str, accounts: Sequence[str]) -> float:
    """Return how long one creator with these accounts takes, none of them fetched before."""
    async with opened(box, folder, name) as app:
        box.faults.latency("bluesky", 0)
        box.faults.latency("mastodon", 0)
        box.faults.latency("github", 0)
        first, *others = accounts
        await app.lookups.lookup("bench", first)
        for other in others:
            await app.lookups.link("bench", first if other is others[0] else CREATOR, other)
        for network in ("bluesky", "mastodon", "github"):
            box.faults.latency(network, ANSWER_MS)
        start = time.perf_counter()
        await app.lookups.lookup("bench", CREATOR if others else first, fresh=True)
        return time.perf_counter() - start


async def measure() -> bool:
    """Measure one, two and three networks in alternating rounds; True when the promise was kept."""
    alone: dict[str, list[float]] = {account: [] for account in ACCOUNTS}
    together: dict[int, list[float]] = {2: [], 3: []}
    with tempfile.TemporaryDirectory() as folder, Sandbox.in_thread(start=START) as box:
        for number in range(ROUNDS):
            for account in ACCOUNTS:
                alone[account].append(await seconds(box, folder, f"{number}-{account.partition(':')[0]}", [account]))
            for count, took in together.items():
                took.append(await seconds(box, folder, f"{number}-{count}", ACCOUNTS[:count]))
    single = {account: statistics.median(took) for account, took in alone.items()}
    kept = True
    for count, took in together.items():
        slowest = max(single[account] for account in ACCOUNTS[:count])
        ratio = statistics.median(took) / slowest
        promise = 1 + EACH_FURTHER * (count - 1)
        detail = f"{statistics.median(took) * 1000:.0f} ms against {slowest * 1000:.0f} ms for the slowest alone"
        kept &= tell(f"{count} networks side by side", ratio, promise, detail)
    return kept


if __name__ == "__main__":
    sys.exit(0 if asyncio.run(measure()) else 1)
