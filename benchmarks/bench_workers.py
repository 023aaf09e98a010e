"""Two workers on one PostgreSQL beside one: how much sooner everybody is read again, and what an idle worker costs.

`clout worker` runs in processes of its own, as operators start it; the networks are played by another, each answer as
late as over a long line. One and two workers are measured in turns, from the first job queued to the last one done.
Promises: two workers at least 1.6 times as quick as one; an idle worker under 5 % of a core.
"""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from benchmarks.bench_slack import cpu_s, free_ports, peak_mb, tell
from core.app import build
from core.connectors import manifests
from core.settings import Settings
from sandbox.server import Sandbox
from tests import postgres

ACCOUNTS, POSTS_A_WEEK, LATENCY_MS, ROUNDS = 200, 2.0, 250, 3
TIMES, IDLE_PERCENT, IDLE_S = 1.6, 5.0, 20.0
PATIENCE_S = 120.0
_A_DAY = 86_400_000

_JOBS = "from dbos.workflow_status where name = 'refresh.v1'"


async def networks(port: int) -> None:
    """Play the networks until the process is ended; a line on standard input sets how late their answers are."""
    async with Sandbox(start=datetime.now(UTC), crowd=ACCOUNTS, crowd_rate=POSTS_A_WEEK, port=port) as box:
        print("ready", flush=True)
        while line := await asyncio.to_thread(sys.stdin.readline):
            box.faults.latency("bluesky", int(line))
            print("so be it", flush=True)


class Line:
    """The networks in their process."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process
        self._heard()

    def _heard(self) -> None:
        assert self._process.stdout is not None
        self._process.stdout.readline()

    def late(self, milliseconds: int) -> None:
        """Let every answer come so much later from now on."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{milliseconds}\n")
        self._process.stdin.flush()
        self._heard()


@contextmanager
def played(port: int) -> Iterator[Line]:
    given = [sys.executable, "-m", "benchmarks.bench_workers", "networks", str(port)]
    with subprocess.Popen(given, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield Line(process)
        finally:
            process.kill()


async def track(env: dict[str, str]) -> None:
    """Read and track every account of the crowd."""
    async with build(Settings.read(manifests(), env, None)) as app:
        for number in range(ACCOUNTS):
            handle = f"crowd-{number}.bsky.social"
            reading = await app.lookups.lookup("bench", handle, network="bluesky")
            (account,) = reading.networks
            await app.store.link("bench", f"crowd{number}", [("bluesky", str(account.native_id))])
            await app.store.track("bench", f"crowd{number}", app.clock.now())


class Workers:
    """Workers on one database."""

    def __init__(self, name: str, env: dict[str, str]) -> None:
        self._name = name
        self._env = env
        self.running: list[subprocess.Popen[bytes]] = []

    def _ask(self, query: str) -> list[tuple[object, ...]]:
        return postgres.the_server().sql(query, self._name)

    def number(self, wanted: int) -> None:
        """Start or stop workers until so many run and have given a sign of life."""
        while len(self.running) > wanted:
            self.end(self.running.pop())
        while len(self.running) < wanted:
            before = self._beats()
            given = [sys.executable, "-m", "bots.cli", "worker"]
            self.running.append(subprocess.Popen(given, env={**os.environ, **self._env}, stderr=subprocess.DEVNULL))
            self._until(lambda before=before: self._beats() > before)  # type: ignore[misc]

    def end(self, process: "subprocess.Popen[bytes]") -> None:
        process.send_signal(signal.SIGTERM)
        process.wait(60)

    def _beats(self) -> int:
        return len(self._ask("select 1 from heartbeats"))

    def _until(self, true: object) -> None:
        late = time.monotonic() + PATIENCE_S
        while not true():  # type: ignore[operator]
            if time.monotonic() > late:
                raise TimeoutError("the workers do nothing")
            time.sleep(0.1)

    def read_all(self) -> float:
        """Let everybody be due, and return the seconds from the first job queued to the last one done."""
        self._ask("delete from dbos.workflow_status")
        self._ask(f"update accounts set fetched_at = fetched_at - 2 * {_A_DAY}")
        self._ask(f"update account_refresh set next_due_at = {int(time.time() * 1000)}")
        fresh = f"select count(*) from accounts where fetched_at > {int(time.time() * 1000) - _A_DAY}"
        self._until(lambda: self._ask(fresh)[0][0] == ACCOUNTS)
        self._until(lambda: self._ask(f"select count(*) {_JOBS} and status <> 'SUCCESS'")[0][0] == 0)
        ((begun, done),) = self._ask(f"select min(created_at), max(updated_at) {_JOBS}")
        return (int(str(done)) - int(str(begun))) / 1000

    def shares(self) -> str:
        """Return how many jobs each worker did."""
        found = self._ask(f"select count(*) {_JOBS} group by executor_id order by 1")
        return " + ".join(str(row[0]) for row in found)


def idle(process: "subprocess.Popen[bytes]") -> bool:
    """Measure a worker that has nothing to do."""
    time.sleep(2.0)
    cpu, began = cpu_s(process), time.perf_counter()
    time.sleep(IDLE_S)
    percent = 100 * (cpu_s(process) - cpu) / (time.perf_counter() - began)
    return tell("idle worker, % of a core", percent, IDLE_PERCENT, f"{peak_mb(process):.0f} MB at most")


def measure() -> bool:
    """Measure both and return whether the promises were kept."""
    port, _ = free_ports()
    with played(port) as line, postgres.database() as url:
        env = {**Sandbox(port=port).env(), "CLOUT_DATABASE_URL": url, "CLOUT_LOG_LEVEL": "ERROR"}
        asyncio.run(track(env))
        line.late(LATENCY_MS)
        workers = Workers(url.partition("@/")[2].partition("?")[0], env)
        alone, together, shares = [], [], ""
        try:
            workers.number(1)
            kept = [idle(workers.running[0])]
            for _ in range(ROUNDS):
                workers.number(1)
                alone.append(workers.read_all())
                workers.number(2)
                together.append(workers.read_all())
                shares = workers.shares()
        finally:
            workers.number(0)
    times = min(alone) / min(together)  # the quietest rounds: what else the machine does is no cost of ours
    detail = f"{min(alone):.1f} s against {min(together):.1f} s, jobs {shares}"
    done = times >= TIMES
    verdict = "kept" if done else "MISSED"
    print(f"{'two workers / one':<34} {times:7.2f}   promise at least {TIMES:g}   {verdict}   {detail}", flush=True)
    return all([*kept, done])


if __name__ == "__main__":
    if sys.argv[1:2] == ["networks"]:
        asyncio.run(networks(int(sys.argv[2])))
    sys.exit(0 if measure() else 1)
