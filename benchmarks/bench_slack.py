"""What Clout costs in Slack beside a bare Bolt app, and what its process weighs; ratios of one run.

Both are processes of their own behind the same web server, asked in turn by signed posts. Promises: the acknowledgement
at 200 commands a second at most 1.5 times (median) and 2 times (99th percentile) that of an app that only acknowledges;
a warm `/influence` from request to card at most 3 times an app that posts a fixed card; `clout run slack` under 200 MB.
"""

import asyncio
import json
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlencode

from core.app import build
from core.connectors import manifests
from core.settings import Settings
from sandbox.server import Sandbox
from sandbox.slack_delivery import signature

SECRET = "bench-signing-secret"
CROWD = 20  # creators that are asked for in turn
RATE, SECONDS, ROUNDS = 200, 1.5, 8
WARM_ROUNDS, WARM_EACH = 12, 30
MEDIAN, P99, WARM, MEMORY_MB = 1.5, 2.0, 3.0, 200
KNOWN = {"ok": True, "team_id": "T1", "team": "Bench", "user_id": "UB", "user": "clout", "bot_id": "B1", "url": ""}


# --- the bare app -----------------------------------------------------------------------------------------------------


def bare(port: int, card: Path) -> None:
    """Serve a Bolt app that acknowledges, and posts a fixed card where it is asked for one."""
    import uvicorn
    from slack_bolt.adapter.starlette.async_handler import AsyncSlackRequestHandler
    from slack_bolt.async_app import AsyncApp, AsyncRespond
    from slack_bolt.authorization import AuthorizeResult
    from slack_sdk.web.async_client import AsyncWebClient
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import Route

    known = AuthorizeResult(enterprise_id=None, team_id="T1", bot_user_id="UB", bot_id="B1", bot_token="xoxb-1")
    fixed = json.loads(card.read_text("utf-8")) if card.exists() else {}

    async def authorize() -> AuthorizeResult:
        return known

    app = AsyncApp(client=AsyncWebClient(), authorize=authorize, signing_secret=SECRET)

    @app.command("/influence")
    async def answer(ack: Callable[[], Awaitable[None]], body: dict[str, str], respond: AsyncRespond) -> None:
        await ack()
        if body["text"] != "ack":
            await respond(text=fixed["text"], blocks=fixed["blocks"], response_type="in_channel")

    handler = AsyncSlackRequestHandler(app)

    async def slack(request: Request) -> Response:
        return await handler.handle(request)

    web = Starlette(routes=[Route("/slack/events", slack, methods=["POST"])])
    uvicorn.run(web, host="127.0.0.1", port=port, log_config=None, access_log=False, lifespan="off")


# --- Slack's side -----------------------------------------------------------------------------------------------------


class Sink:
    """Stands for Slack: takes every request, and tells when the answer to a command came."""

    def __init__(self) -> None:
        self.waiting: dict[str, asyncio.Future[float]] = {}
        self.body = b""
        self.port = 0

    @asynccontextmanager
    async def open(self) -> AsyncIterator["Sink"]:
        """Listen while the body runs."""
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        async with server:
            yield self

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = _length(head)
                body = await reader.readexactly(length) if length else b""
                path = head.split(b" ", 2)[1].decode()
                said = json.dumps(KNOWN).encode() if path.startswith("/api/") else b"ok"
                kind = b"application/json" if path.startswith("/api/") else b"text/plain"
                writer.write(
                    b"HTTP/1.1 200 OK\r\ncontent-type: %b\r\ncontent-length: %d\r\n\r\n%b" % (kind, len(said), said)
                )
                if b'"blocks"' not in body:
                    continue  # a line that says we look is no answer
                future = self.waiting.pop(path.rpartition("/")[2], None)
                if future is not None and not future.done():
                    self.body = body
                    future.set_result(time.perf_counter())
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


def _length(head: bytes) -> int:
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return int(line.partition(b":")[2])
    return 0


class Asker:
    """Types commands at one app, over connections that are kept."""

    def __init__(self, port: int, sink: Sink, text: Callable[[int], str]) -> None:
        self.port, self.sink, self.text = port, sink, text
        self._idle: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []
        self._number = 0

    async def ask(self, text: str | None = None) -> tuple[float, asyncio.Future[float]]:
        """Type one command; return the seconds until it was acknowledged, and when its answer comes."""
        self._number += 1
        name = f"{self.port}-{self._number}"
        answered: asyncio.Future[float] = asyncio.get_running_loop().create_future()
        self.sink.waiting[name] = answered
        request = self._request(name, text or self.text(self._number))
        place = self._idle.pop() if self._idle else await asyncio.open_connection("127.0.0.1", self.port)
        reader, writer = place
        start = time.perf_counter()
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        took = time.perf_counter() - start
        if not head.startswith(b"HTTP/1.1 200"):
            raise RuntimeError(f"the app answered {head.splitlines()[0]!r}")
        await reader.readexactly(_length(head))
        self._idle.append(place)
        return took, answered

    async def first(self) -> None:
        """Type one command until it is answered: the port is taken before Slack is reached."""
        async with asyncio.timeout(30):
            while True:
                with suppress(RuntimeError):
                    await self.card()
                    return
                await asyncio.sleep(0.1)

    async def card(self, text: str | None = None) -> float:
        """Type one command and return the seconds until its answer was posted."""
        start = time.perf_counter()
        _, answered = await self.ask(text)
        async with asyncio.timeout(30):
            return await answered - start

    async def flood(self, text: str | None = None) -> list[float]:
        """Type `RATE` commands a second for `SECONDS`, whatever becomes of them; return when each was acknowledged."""
        loop = asyncio.get_running_loop()
        self.rest()
        begin, asked = loop.time(), []
        for number in range(int(RATE * SECONDS)):
            await asyncio.sleep(max(0.0, begin + number / RATE - loop.time()))
            asked.append(asyncio.create_task(self.ask(text)))
        done = await asyncio.gather(*asked)
        async with asyncio.timeout(120):
            if text is None:
                await asyncio.gather(*(answered for _, answered in done))
        return [took for took, _ in done]

    def rest(self) -> None:
        """Let connections go: a server closes what is idle for seconds."""
        while self._idle:
            self._idle.pop()[1].close()

    def _request(self, name: str, text: str) -> bytes:
        fields = {
            "command": "/influence",
            "text": text,
            "team_id": "T1",
            "user_id": "U1",
            "channel_id": "C1",
            "trigger_id": name,
            "response_url": f"http://127.0.0.1:{self.sink.port}/hook/{name}",
        }
        body, stamp = urlencode(fields).encode(), str(int(time.time()))
        head = (
            "POST /slack/events HTTP/1.1\r\nhost: x\r\ncontent-type: application/x-www-form-urlencoded\r\n"
            f"content-length: {len(body)}\r\nx-slack-request-timestamp: {stamp}\r\n"
            f"x-slack-signature: {signature(SECRET, stamp, body)}\r\n\r\n"
        )
        return head.encode() + body


# --- the processes ----------------------------------------------------------------------------------------------------


def free_ports() -> tuple[int, int]:
    """Return two ports that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as one, socket.create_server(("127.0.0.1", 0)) as other:
        return one.getsockname()[1], other.getsockname()[1]


@asynccontextmanager
async def running(command: list[str], port: int, env: dict[str, str]) -> AsyncIterator[subprocess.Popen[bytes]]:
    """Run a process until the body ends; it is ready once its port is taken."""
    quiet = {"env": {**os.environ, **env}, "stderr": subprocess.DEVNULL}
    process = subprocess.Popen([sys.executable, *command], **quiet)  # noqa: ASYNC220  # some milliseconds, before any clock runs
    try:
        async with asyncio.timeout(30):
            while True:
                try:
                    _, writer = await asyncio.open_connection("127.0.0.1", port)
                except OSError:
                    await asyncio.sleep(0.05)
                else:
                    writer.close()
                    break
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        await asyncio.to_thread(process.wait, 30)


async def filled(box: Sandbox, database: str) -> None:
    """Look everybody up once, so that a process that starts now finds them fresh."""
    environment = {**box.env(), "CLOUT_DATABASE_URL": database}
    async with build(Settings.read(manifests(), environment, None)) as app:
        for number in range(1, CROWD + 1):
            await app.lookups.lookup("slack:-:T1", f"crowd-{number}.bsky.social", network="bluesky")


def peak_mb(process: subprocess.Popen[bytes]) -> float:
    """Return the largest resident size of a process so far, in MB."""
    status = Path(f"/proc/{process.pid}/status").read_text("utf-8")
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


# --- measuring --------------------------------------------------------------------------------------------------------


async def acks(ours: Asker, plain: Asker) -> tuple[list[list[float]], list[list[float]]]:
    """Return the acknowledgements of both apps, flooded in turn, a list a round."""
    mine, bares = [], []
    for _ in range(ROUNDS):
        bares.append(await plain.flood("ack"))
        mine.append(await ours.flood())
    return mine, bares


async def cards(ours: Asker, plain: Asker) -> tuple[list[list[float]], list[list[float]]]:
    """Return the seconds from request to card of both, one at a time, a list a round; the first round warms up."""
    mine, bares = [], []
    for _ in range(WARM_ROUNDS + 1):
        ours.rest()
        plain.rest()
        bares.append([await plain.card("card") for _ in range(WARM_EACH)])
        mine.append([await ours.card() for _ in range(WARM_EACH)])
    return mine[1:], bares[1:]


def quietest(rounds: list[list[float]], part: int) -> float:
    """Return the percentile of the quietest quarter of rounds: what else the machine does is no cost of ours."""
    found = sorted(statistics.quantiles(times, n=100)[part - 1] for times in rounds)
    return statistics.median(found[: max(1, len(found) // 4)])


def cpu_s(process: subprocess.Popen[bytes]) -> float:
    """Return the seconds of processor time that a process has used."""
    fields = Path(f"/proc/{process.pid}/stat").read_text("utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


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
        Sandbox.in_thread(start=datetime.now(UTC), crowd=CROWD + 1, crowd_rate=8) as box,
    ):
        database, card = f"sqlite:///{folder}/clout.db", Path(folder) / "card.json"
        await filled(box, database)
        async with Sink().open() as sink:
            own, other = free_ports()
            slack = {"API_URL": f"http://127.0.0.1:{sink.port}/api/", "SIGNING_SECRET": SECRET, "BOT_TOKEN": "xoxb-1"}
            env = {**box.env(), **{f"CLOUT_SLACK__{name}": value for name, value in slack.items()}}
            env |= {"CLOUT_DATABASE_URL": database, "CLOUT_PORT": str(own), "CLOUT_LOG_LEVEL": "ERROR"}
            async with running(["-m", "bots.cli", "run", "slack"], own, env) as clout:
                ours = Asker(own, sink, lambda number: f"crowd-{number % CROWD + 1}.bsky.social on bluesky")
                await ours.first()
                card.write_bytes(sink.body)
                async with running(["-m", "benchmarks.bench_slack", "bare", str(other), str(card)], other, {}) as app:
                    plain = Asker(other, sink, lambda number: "card")
                    before = cpu_s(clout), cpu_s(app)
                    kept.append(compared("warm card / bare fixed card", await cards(ours, plain), 50, WARM))
                    count = (WARM_ROUNDS + 1) * WARM_EACH / 1000
                    used = (cpu_s(clout) - before[0]) / count, (cpu_s(app) - before[1]) / count
                    print(f"{'':<34} processor time a command: {used[0]:.2f} ms against {used[1]:.2f} ms")
                    flooded = await acks(ours, plain)
                    kept.append(compared("ack at 200/s, median", flooded, 50, MEDIAN))
                    kept.append(compared("ack at 200/s, 99th percentile", flooded, 99, P99))
                kept.append(tell("peak memory of the process, MB", peak_mb(clout), MEMORY_MB, ""))
    return all(kept)


def compared(what: str, rounds: tuple[list[list[float]], list[list[float]]], part: int, promise: float) -> bool:
    """Print how a percentile of ours compares; True when the promise was kept."""
    ours, bares = (quietest(one, part) for one in rounds)
    return tell(what, ours / bares, promise, _ms(ours, bares))


def _ms(ours: float, bare: float) -> str:
    return f"{ours * 1000:.2f} ms against {bare * 1000:.2f} ms"


if __name__ == "__main__":
    if sys.argv[1:2] == ["bare"]:
        bare(int(sys.argv[2]), Path(sys.argv[3]))
        sys.exit(0)
    sys.exit(0 if asyncio.run(measure()) else 1)
