"""What answers cost as our models, beside pydantic's own `validate_json` of the same bytes; ratios of one run.

Promises: over a page of posts of each network whose answers are JSON, at least 0.7 times the throughput of bare models,
which hold the same fields with plain types and clean nothing; and 10,000 posts, read page by page, within 60 MB. Each
network is shown beside it: the making of posts weighs most where an item has few bytes and fields.
"""

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.answers import NOW, PAGES, SUBJECTS, body
from benchmarks.plain import BARE
from core.connectors import discover
from core.connectors.answers import Answer
from core.connectors.base import Asked, Page
from core.connectors.mastodon import At
from core.models import Post

AT_LEAST, POSTS, MEMORY_MB = 0.7, 10_000, 60
ROUNDS = 400


def asked(network: str) -> Asked:
    """Return the question that a network's pages answer."""
    if network == "mastodon":
        return At(handle="mara@toot.example", now=NOW, subject=SUBJECTS[network], host="toot.example")
    return Asked(handle="", now=NOW, subject=SUBJECTS[network])


def throughput(network: str) -> tuple[float, float]:
    """Return (ours, bare): the best seconds for one page of posts, all calls of it, read in turns.

    The best, because whatever else the machine does only ever adds.
    """
    calls = {call.name: call for call in discover()[network].calls}
    bodies = {name: body(make, 0) for name, make in PAGES[network].items()}
    answers = {name: Answer(200, {"content-type": "application/json"}, found, "") for name, found in bodies.items()}
    question = asked(network)

    def ours() -> None:
        for name, answer in answers.items():
            assert isinstance(found := calls[name].read(answer, question), Page)
            assert len(found.posts) == found.items

    def bare() -> None:
        for name, found in bodies.items():
            BARE[network][name].validate_json(found)

    took: dict[bool, list[float]] = {True: [], False: []}
    for number in range(2 * ROUNDS + 4):
        ourselves, start = number % 2 == 0, time.perf_counter()
        (ours if ourselves else bare)()
        if number >= 4:  # the first only warm the code
            took[ourselves].append(time.perf_counter() - start)
    return min(took[True]), min(took[False])


def posts_of(network: str) -> Iterator[Post]:
    """Yield posts page by page, without end."""
    calls = {call.name: call for call in discover()[network].calls}
    name, make = list(PAGES[network].items())[-1]
    number = 0
    while True:
        page = calls[name].parse(body(make, number), asked(network))
        yield from page.posts
        number += 1


def grown_mb(network: str) -> float:
    """Return by how much a process of its own grew at most while it read 10,000 posts and kept them, in MB."""
    code = f"from benchmarks.bench_models import hold; hold({network!r})"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, timeout=120)
    return float(done.stdout)


def hold(network: str) -> None:
    """Read 10,000 posts and print by how many MB the process grew."""
    posts = posts_of(network)
    kept = [next(posts)]
    before = _memory_mb("VmRSS")
    kept += [next(posts) for _ in range(POSTS - 1)]
    print(_memory_mb("VmHWM") - before)


def _memory_mb(field: str) -> float:
    return int(Path("/proc/self/status").read_text().split(f"{field}:")[1].split()[0]) / 1024


def main() -> bool:
    """Measure every network; True when both promises were kept."""
    took = {network: throughput(network) for network in PAGES}
    for network, (ours, bare) in took.items():
        detail = f"{ours * 1e6:.0f} us a page against {bare * 1e6:.0f} us"
        print(f"answers to models, {network:<15} {bare / ours:7.2f}                                {detail}")
    ours, bare = (sum(column) for column in zip(*took.values(), strict=True))
    kept = bare / ours >= AT_LEAST
    words = "kept" if kept else "MISSED"
    print(f"answers to models, all networks    {bare / ours:7.2f}   promise at least {AT_LEAST}   {words}")
    most = {network: grown_mb(network) for network in PAGES}
    worst = max(most, key=lambda network: most[network])
    well = most[worst] <= MEMORY_MB
    words = "kept" if well else "MISSED"
    print(f"10,000 posts in memory, MB         {most[worst]:7.1f}   promise {MEMORY_MB}   {words}   most on {worst}")
    return kept and well


if __name__ == "__main__":
    sys.exit(0 if main() else 1)
