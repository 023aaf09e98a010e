"""A process that forks a Clout for each order on its standard input, and says how each ended.

Only tests start it. An order may name a step at which the fork kills itself as `kill -9` would; the product knows no
such thing. Forking spares each test the seconds of importing.
"""

import asyncio
import json
import os
import resource
import select
import signal
import traceback
from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from bots.jobs_service import JobsService
from bots.slack_answer import Charts
from bots.slack_clients import OneClient
from bots.slack_messenger import SlackMessenger
from bots.slack_socket import web_client
from core import jobs, jobs_work
from core.app import App, build
from core.connectors import manifests
from core.errors import CloutError
from core.settings import Settings

QUIET_TICKS = 3
MOST_TICKS = 400
LONGEST_S = 90.0  # of a machine busy with other tests


class HandClock:
    """The time an order gives; each sleep of the ticker moves it."""

    def __init__(self, moment: datetime) -> None:
        self.moment = moment

    def now(self) -> datetime:
        return self.moment

    async def tick(self, seconds: float) -> None:
        self.moment += timedelta(seconds=seconds)
        await asyncio.sleep(0.05)


def freezer(step: str, note: str, clock: HandClock, woken: datetime) -> Any:
    """Return a checkpoint that lets the process stand still at `step`, its id in the file `note`, until it is woken.

    Time goes on meanwhile: it is `woken` then.
    """

    def checkpoint(at: str) -> None:
        if at == step and not Path(note).exists():
            Path(note).write_text(str(os.getpid()))
            os.kill(os.getpid(), signal.SIGSTOP)
            clock.moment = woken

    return checkpoint


def killer(step: str) -> Any:
    """Return a checkpoint that ends the process at `step`, without a word to anybody."""

    def checkpoint(at: str) -> None:
        if at == step:
            os.kill(os.getpid(), signal.SIGKILL)

    return checkpoint


async def live(order: dict[str, Any]) -> str:
    """Run Clout's jobs until nothing is left to do; returns what `stop` says when it cannot start."""
    clock = HandClock(datetime.fromisoformat(order["now"]))
    settings = Settings.read(manifests(), order["env"], None)
    jobs_work.DELIVERY_POLL_S = jobs_work.REFRESH_POLL_S = 0.05
    jobs.STRAY_S = 3.0
    async with build(settings, clock=clock) as app:
        connect(app, order)
        if stop := order.get("stop"):
            app.deliveries._checkpoint = app.refreshing._checkpoint = killer(stop)
        if freeze := order.get("freeze"):
            app.deliveries._checkpoint = app.refreshing._checkpoint = freezer(
                freeze, order["note"], clock, datetime.fromisoformat(order.get("woken", order["now"]))
            )
        if order.get("file_bytes"):
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            limit = order["file_bytes"]
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
        service = JobsService(app, posts=order.get("posts", True), sleep=clock.tick)
        try:
            await service.start()
        except CloutError as error:
            return error.message
        await quiet(service, order.get("least", 0), order.get("ticks", MOST_TICKS), full="file_bytes" in order)
        if order.get("graceful"):
            await service.stop()
            return "stopped"
        return f"done, {service.faults.count} faults"


def connect(app: App, order: dict[str, Any]) -> None:
    slack = app.settings.slack
    if order.get("team") and slack.bot_token is not None:
        client = web_client(slack, slack.bot_token.get_secret_value())
        app.messengers.add(SlackMessenger(OneClient(client, order["team"], None), Charts(app.draw), app.clock))


async def quiet(service: JobsService, least: int, most: int, *, full: bool) -> None:
    """Wait until several ticks in a row found nothing to do, at least and at most so many.

    With a full disk what cannot be asked is not waited for; a server that is away comes back.
    """
    made = service.engine
    assert made is not None
    async with asyncio.timeout(LONGEST_S):
        calm = 0
        while (calm < QUIET_TICKS or made.ticker.ticks < least) and made.ticker.ticks < most:
            before = made.ticker.ticks
            while made.ticker.ticks == before:
                await asyncio.sleep(0.02)
            try:
                busy = made.jobs.running or made.ticker.waiting.total() or await made.jobs.active()
            except CloutError:
                busy = not full
            calm = 0 if busy else calm + 1


def child(order: dict[str, Any], out: int) -> None:
    """Be the Clout of one order, and end."""
    try:
        said = asyncio.run(run(order, out))
    except BaseException:  # noqa: BLE001  # the parent reads what went wrong
        said = traceback.format_exc()
    os.write(out, said.encode())
    os._exit(0)


async def run(order: dict[str, Any], out: int) -> str:
    said = await live(order)
    if not order.get("graceful"):  # threads of the queues would be waited for
        os.write(out, said.encode())
        os._exit(0)
    return said


def begin(order: dict[str, Any], others: Iterable[int]) -> tuple[int, int]:
    """Fork the Clout of one order; its id, and where it says how it ended."""
    ours, theirs = os.pipe()
    pid = os.fork()
    if not pid:
        os.close(ours)
        for fd in others:
            os.close(fd)
        os.dup2(2, 1)
        child(order, theirs)
    os.close(theirs)
    return pid, ours


def ended(number: int, pid: int, words: bytes) -> None:
    _, status = os.waitpid(pid, 0)
    killed = os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
    told = {"number": number, "said": words.decode(), "signal": killed}
    os.write(1, (json.dumps(told) + "\n").encode())


def main() -> None:
    running: dict[int, tuple[int, int, bytearray]] = {}
    orders = bytearray()
    while True:
        for fd in select.select([0, *running], [], [])[0]:
            heard = os.read(fd, 65_536)
            if fd == 0:
                if not heard:
                    return
                orders += heard
                while b"\n" in orders:
                    line, _, rest = orders.partition(b"\n")
                    orders = bytearray(rest)
                    order = json.loads(line)
                    pid, said = begin(order, running)
                    running[said] = order["number"], pid, bytearray()
            elif heard:
                running[fd][2].extend(heard)
            else:
                number, pid, words = running.pop(fd)
                os.close(fd)
                ended(number, pid, bytes(words))


if __name__ == "__main__":
    main()
