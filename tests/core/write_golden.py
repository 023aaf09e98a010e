"""Adds each released version's scores to the golden file: `python -m tests.core.write_golden [--replace]`.

The numbers come from the second, deliberately plain implementation (tests/core/naive_scoring.py) and never from the
code they check. A version that is in the file already keeps its numbers; where they would differ, the formula was
changed without a new version, and only `--replace` overwrites them (before a version is released).
"""

import json
import math
import random
import sys
from typing import Any

from core.weights import WEIGHTS, Weights
from tests.core.golden import FILE, NOW, accounts, read
from tests.core.naive_scoring import naive_score

NETWORKS = (
    *("instagram", "tiktok", "youtube", "x", "facebook", "linkedin", "bluesky", "mastodon", "threads", "pinterest"),
    *("github", "reddit", "twitch", "blog", "wikipedia"),
)
SUPPLIED = {  # counts in the order likes, reposts, replies, quotes, saves, views
    "instagram": (1, 0, 1, 0, 0, 0),
    "youtube": (1, 0, 1, 0, 0, 1),
    "x": (1, 1, 1, 1, 0, 1),
    "bluesky": (1, 1, 1, 1, 0, 0),
    "pinterest": (1, 0, 1, 0, 1, 0),
    "twitch": (0, 0, 0, 0, 0, 1),
    "blog": (0, 0, 1, 0, 0, 1),
}
CREATORS = ([0, 1], [2, 17, 21], [3, 6, 7, 8], [5, 5], [10, 11, 12, 13, 14, 15])


def write(replace: bool) -> int:
    found = read() if FILE.exists() else {"accounts": _accounts(), "creators": list(CREATORS), "versions": {}}
    clashes = 0
    for name, weights in WEIGHTS.items():
        fresh = _scores(found, weights)
        kept = found["versions"].get(name)
        if kept is not None and not _same(kept, fresh) and not replace:
            sys.stderr.write(f"{name}: the numbers differ; such a change needs a new model version.\n")
            clashes += 1
        elif kept is None or replace:
            found["versions"][name] = fresh
    FILE.write_text(_layout(found), encoding="utf-8")
    return 1 if clashes else 0


def _scores(found: dict[str, Any], weights: Weights) -> dict[str, list[float | None]]:
    single = [
        naive_score(one.profile, one.posts, NOW, complete_from=one.complete_from, earlier=one.earlier, weights=weights)
        for one in accounts(found)
    ]
    creators = [_total([single[at] for at in members if single[at] is not None]) for members in found["creators"]]
    return {"accounts": single, "creators": creators}


def _total(scores: list[Any]) -> float | None:
    """The p-norm of the odds, p = 3, as the specification's sentence says it."""
    if not scores:
        return None
    odds = sum(((s - 1) / (100 - s)) ** 3 for s in scores) ** (1 / 3)
    return 1 + 99 * odds / (1 + odds)


def _same(one: dict[str, Any], other: dict[str, Any]) -> bool:
    pairs = [(a, b) for key in ("accounts", "creators") for a, b in zip(one[key], other[key], strict=True)]
    return all(a == b or (None not in (a, b) and math.isclose(a, b, abs_tol=1e-9)) for a, b in pairs)


# --- the accounts: drawn once, then kept as they stand in the file ---


def _accounts() -> list[dict[str, Any]]:
    rng = random.Random(19)
    return [_account(NETWORKS[number % len(NETWORKS)], number, rng) for number in range(30)]


def _account(network: str, number: int, rng: random.Random) -> dict[str, Any]:
    size = 10 ** rng.uniform(0.3, 4.5)
    followers = None if number in (4, 22) else int(10 ** rng.uniform(2, 7))
    posts = [_post(network, at, size, rng) for at in range(rng.choice((2, 3, 5, 8, 14, 26, 40)))]
    if number % 4 == 1:
        posts.append([posts[0][0], 700.5, "original", *[9] * 6])  # a second post of the same id
    rng.shuffle(posts)
    return {
        "network": network,
        "followers": followers,
        "listed": int(10 ** rng.uniform(0, 4)) if network == "x" else None,
        "complete_hours": rng.choice((None, None, 1000.0, 3000.0)),
        "earlier": [[720.0, int((followers or 0) * rng.uniform(0.85, 1.1))], [200.0, followers]] if number % 2 else [],
        "posts": posts,
    }


def _post(network: str, at: int, size: float, rng: random.Random) -> list[Any]:
    kind = rng.choice(("original",) * 8 + ("thread", "quote", "reply", "repost"))
    shares = (1.0, 0.1, 0.2, 0.03, 0.3, 20.0)
    supplied = SUPPLIED.get(network, (1, 1, 1, 0, 0, 0))
    counts = [
        int(size * share * rng.lognormvariate(0, 1)) if there and rng.random() > 0.05 else None
        for share, there in zip(shares, supplied, strict=True)
    ]
    return [f"p{at}", round(rng.uniform(2, 2280), 2), kind, *counts]


def _layout(found: dict[str, Any]) -> str:
    """A line an account and a line a version, so that a change shows in a diff where it happened."""
    rows = ",\n".join(json.dumps(row) for row in found["accounts"])
    versions = ",\n".join(f"{json.dumps(name)}: {json.dumps(kept)}" for name, kept in found["versions"].items())
    return (
        f'{{"accounts": [\n{rows}\n],\n"creators": {json.dumps(found["creators"])},\n"versions": {{\n{versions}\n}}}}\n'
    )


if __name__ == "__main__":
    sys.exit(write("--replace" in sys.argv[1:]))
