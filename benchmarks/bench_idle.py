"""What `clout run` costs while nobody asks: both front ends connected on loopback, the jobs ticking, nothing due.

The process is started as an operator starts it, on SQLite and on PostgreSQL; Slack, Discord and the networks are
pretended in this one. Promises: under 5 % of a core, under 300 MB at most since the start.
"""

import asyncio
import sys
import tempfile
import time
from contextlib import ExitStack
from datetime import UTC, datetime

from benchmarks.bench_discord import running
from benchmarks.bench_slack import cpu_s, peak_mb, tell
from sandbox.server import Sandbox
from tests import postgres

PERCENT, MEMORY_MB = 5.0, 300
SETTLED_S, IDLE_S = 5.0, 22.0  # more than a tick of the jobs


async def measured(kind: str, url: str) -> bool:
    """Run the process on one database and return whether the promises were kept."""
    async with Sandbox(start=datetime.now(UTC), crowd=1) as box:
        env = {**box.env(), **box.slack_env(), **box.discord_env()}
        env |= {"CLOUT_DATABASE_URL": url, "CLOUT_LOG_LEVEL": "ERROR"}
        async with running(["-m", "bots.cli", "run"], box.discord, env) as clout:
            await asyncio.sleep(SETTLED_S)
            cpu, began = cpu_s(clout), time.perf_counter()
            await asyncio.sleep(IDLE_S)
            percent = 100 * (cpu_s(clout) - cpu) / (time.perf_counter() - began)
            light = tell(f"idle `clout run`, {kind}, % of a core", percent, PERCENT, "Slack, Discord, jobs")
            return tell(f"its memory, {kind}, MB", peak_mb(clout), MEMORY_MB, "at most since the start") and light


async def measure() -> bool:
    """Measure both databases and return whether every promise was kept."""
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        return all(
            [
                await measured("SQLite", f"sqlite:///{folder}/clout.db"),
                await measured("PostgreSQL", stack.enter_context(postgres.database())),
            ]
        )


if __name__ == "__main__":
    sys.exit(0 if asyncio.run(measure()) else 1)
