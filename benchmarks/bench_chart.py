"""What a picture costs after warm-up, and that the loop goes on meanwhile.

Promises: a history of 90 days and a comparison of six creators each under 150 ms of processor time, which does not
depend on what else the machine does; while pictures are drawn the loop is late by at most 15 ms in 95 of 100 turns.
"""

import asyncio
import math
import statistics
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta

from core.app import App, build
from core.connectors import manifests
from core.models import ChartPoint, ChartSeries, ChartSpec
from core.settings import Settings

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
ROUNDS = 20
TURN = 0.001  # seconds the loop sleeps between two looks at the clock
PICTURE_MS, LATE_MS = 150, 15


def spec(creators: int, days: int) -> ChartSpec:
    """Return a picture of that many lines with a point a day."""
    return ChartSpec(series=tuple(series(number, days) for number in range(creators)), title="Influence", alt="")


def series(number: int, days: int) -> ChartSeries:
    points = []
    for day in range(days):
        score = 30 + 8 * number + 6 * math.sin(day / 9 + number) + day / 30
        at = NOW - timedelta(days=days - day)
        points.append(ChartPoint(at=at, score=score, low=score - 4, high=score + 3))
    return ChartSeries(name=f"@creator{number}.example", points=tuple(points))


async def drawn(app: App, wanted: ChartSpec) -> tuple[float, list[float]]:
    """Return the median processor time of a picture and how late every turn of the loop was, in milliseconds."""
    took, late = [], []
    for _ in range(ROUNDS):
        start = await busy(app)
        picture = asyncio.create_task(app.draw(wanted))
        while not picture.done():
            before = time.perf_counter()
            await asyncio.sleep(TURN)
            late.append((time.perf_counter() - before - TURN) * 1000)
        took.append((await busy(app) - start) * 1000)
    return statistics.median(took), late


async def busy(app: App) -> float:
    """Return how many seconds the thread that draws has worked so far."""
    return await asyncio.get_running_loop().run_in_executor(app.painter, time.thread_time)


def tell(what: str, value: float, promise: float, detail: str) -> bool:
    """Print one promise; True when it was kept."""
    kept = value <= promise
    print(f"{what:<34} {value:7.1f}   promise {promise:g}   {'kept' if kept else 'MISSED'}   {detail}", flush=True)
    return kept


async def measure() -> bool:
    """Measure and return whether every promise was kept."""
    kept, late = [], []
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings.read(manifests(), {"CLOUT_DATABASE_URL": f"sqlite:///{folder}/clout.db"}, None)
        async with build(settings) as app:
            start = time.perf_counter()
            await app.warm()
            print(f"warming took {time.perf_counter() - start:.1f} s, once a process")
            for words, wanted in (("history of 90 days", spec(1, 90)), ("six creators, 90 days", spec(6, 90))):
                took, turns = await drawn(app, wanted)
                kept.append(tell(f"{words}, ms", took, PICTURE_MS, f"median of {ROUNDS}, in the thread"))
                late += turns
    p95 = statistics.quantiles(late, n=20)[-1]
    kept.append(tell("loop late while drawing, ms", p95, LATE_MS, f"95 % of turns; worst {max(late):.1f} ms"))
    return all(kept)


if __name__ == "__main__":
    sys.exit(0 if asyncio.run(measure()) else 1)
