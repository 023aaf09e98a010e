"""Scoring a million creators in bounded memory, and files of creators line by line.

Promises: a million creators of 30 posts are scored, in blocks, within 1 GB; a file five times as long takes hardly more
memory. Each measurement runs in a process of its own, which reads its
peak from VmHWM: `ru_maxrss` would start at the parent's. Lines a second are printed beside it.

    python -m benchmarks.bench_score [--creators 1000000] [--lines 6000]
"""

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.bench_scoring import POSTS, population
from core.batches import Tally, score_blocks
from core.intake import open_intake
from core.scoring import score_many

BLOCK = 50_000  # creators a block
MOST_MB = 1024
MOST_GROWN_MB = 12  # a longer file may find the allocator in another mood, not grow with its size
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
Measured = tuple[float, float, Any]  # seconds, MB at the peak, what came of it


def peak_mb() -> float:
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM")) / 1024


def _measure(work: Callable[..., Any], *args: Any) -> Measured:
    start = time.perf_counter()
    result = work(*args)
    return time.perf_counter() - start, peak_mb(), result


def apart(work: Callable[..., Any], *args: Any) -> Measured:
    """Run in a fresh process, so that its peak is its own."""
    with get_context("spawn").Pool(1) as pool:
        return pool.apply(_measure, (work, *args))


def score_population(creators: int) -> tuple[float, float]:
    """Score block after block; only the scores stay. Returns seconds spent scoring and the mean."""
    scores = np.empty(creators, dtype=np.float32)
    spent = 0.0
    for first in range(0, creators, BLOCK):
        columns = population(min(BLOCK, creators - first))
        start = time.perf_counter()
        scores[first : first + BLOCK] = score_many(columns).s
        spent += time.perf_counter() - start
    return spent, float(scores.mean())


def write_lines(path: Path, lines: int) -> None:
    rng = np.random.default_rng(3)
    moment = NOW.isoformat().replace("+00:00", "Z")
    with path.open("w", encoding="utf-8") as out:
        for number in range(lines):
            posts = [
                {
                    "network": "bluesky",
                    "native_id": f"at://did:plc:{number:08d}/app.bsky.feed.post/{at:013d}",
                    "created_at": (NOW - timedelta(days=1.5 + 2.9 * at)).isoformat().replace("+00:00", "Z"),
                    "kind": "original",
                    "likes": int(likes),
                    "reposts": int(likes) // 9,
                    "replies": int(likes) // 14,
                }
                for at, likes in enumerate(rng.lognormal(4, 1, POSTS))
            ]
            profile = {"network": "bluesky", "native_id": f"did:plc:{number:08d}", "handle": f"c{number}.bsky.social"}
            profile |= {"followers": int(10 ** rng.uniform(2, 6)), "fetched_at": moment}
            out.write(json.dumps({"id": str(number), "profile": profile, "posts": posts, "now": moment}) + "\n")


def score_path(path: Path, interval: bool) -> int:
    tally = Tally()
    with open_intake(path) as intake:
        for outcomes, _ in score_blocks(intake.blocks, interval=interval):
            for outcome in outcomes:
                tally.add(outcome)
                json.dumps(outcome.json(), ensure_ascii=False)
    return tally.scored


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--creators", type=int, default=1_000_000)
    parser.add_argument("--lines", type=int, default=6_000)
    given = parser.parse_args()
    _, most, (spent, mean) = apart(score_population, given.creators)
    kept = most <= MOST_MB
    print(
        f"{given.creators:,} creators of {POSTS} posts: peak {most:.0f} MB (at most {MOST_MB}) "
        f"{'kept' if kept else 'MISSED'}; {given.creators / spent:,.0f} creators/s, mean score {mean:.1f}"
    )
    return 0 if _files(given.lines) and kept else 1


def _files(lines: int) -> bool:
    with tempfile.TemporaryDirectory() as folder:
        short, long = Path(folder) / "short.jsonl", Path(folder) / "long.jsonl"
        write_lines(short, lines // 5)
        write_lines(long, lines)
        grown = (long.stat().st_size - short.stat().st_size) / 2**20
        _, least, _ = apart(score_path, short, False)
        plain, most, scored = apart(score_path, long, False)
        drawn, _, _ = apart(score_path, long, True)
    kept = most - least <= MOST_GROWN_MB and scored == lines
    print(
        f"a file of {lines:,} lines: {lines / drawn:,.0f} lines/s with ranges, {lines / plain:,.0f} without; "
        f"peak {least:.0f} MB at a fifth of it, {most:.0f} MB at {grown:.0f} MB more {'kept' if kept else 'MISSED'}"
    )
    return kept


if __name__ == "__main__":
    sys.exit(main())
