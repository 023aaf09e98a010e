"""What a digest costs: 10,000 tracked creators from stored scores, in time and memory, and whether it grows evenly.

Promises: the digest of 10,000 tracked creators is written in under 2 s of processor time and 300 MB; with ten times
the creators it takes at most twelve times as long. The smaller team stands beside it, so that the ratio holds on any
machine. The time on the clock is a note, for it tells of the machine's other work too.
"""

import asyncio
import random
import resource
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Any

from sqlalchemy import Connection, insert

from core.app import build
from core.messenger import Place
from core.schedules import Schedule, Subscription, next_run
from core.settings import Settings
from core.store import Store
from core.tables import accounts, creator_accounts, creator_days, creators, from_date, to_ms

NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)
DAY = timedelta(days=1)
FEW, MANY = 1_000, 10_000
MOST_S, MOST_MB, MOST_TIMES = 2.0, 300, 12.0
ROUNDS = 7
DAYS = 14  # of scores of each creator: this week's and the one before
_CHUNK = 1_000


class At:
    """A clock that stands still."""

    def now(self) -> datetime:
        """Return the moment of the digest."""
        return NOW


def fill(conn: Connection, team: str, first: int, count: int, seed: int) -> None:
    """Store tracked creators with an account and two weeks of daily totals each."""
    chance = random.Random(seed)
    for start in range(first, first + count, _CHUNK):
        ids = range(start, min(start + _CHUNK, first + count))
        before = {one: chance.gauss(45, 12) for one in ids}
        after = {one: before[one] + chance.gauss(0, 1.5) for one in ids}
        conn.execute(insert(accounts), [_account(one) for one in ids])
        conn.execute(insert(creators), [_creator(one, team, after[one]) for one in ids])
        conn.execute(insert(creator_accounts), [_link(one, team) for one in ids])
        conn.execute(insert(creator_days), [row for one in ids for row in _days(one, before[one], after[one])])


def _within(score: float) -> float:
    return min(max(score, 1.0), 100.0)


def _account(one: int) -> dict[str, Any]:
    at = to_ms(NOW)
    row = {"id": one, "network": "bluesky", "native_id": f"did:{one}", "handle": f"c{one}.bsky.social"}
    return row | {
        "handle_key": f"c{one}.bsky.social",
        "handle_since": at,
        "status": "ok",
        "status_at": at,
        "fetched_at": at,
    }


def _creator(one: int, team: str, score: float) -> dict[str, Any]:
    at = to_ms(NOW - timedelta(hours=3))
    row = {"id": one, "team": team, "name": f"creator{one}", "name_key": f"creator{one:07}", "created_at": 0}
    figures = {"score": _within(score), "low": _within(score - 3), "high": _within(score + 3)}
    versions = {"model_version": "1", "weights_version": "1"}
    return row | figures | versions | {"tracked_since": to_ms(NOW - 90 * DAY), "scored_at": at, "state": "ok"}


def _link(one: int, team: str) -> dict[str, Any]:
    return {"team": team, "account_id": one, "creator_id": one, "linked_at": 0}


def _days(one: int, before: float, after: float) -> list[dict[str, Any]]:
    rows = []
    for ago in range(DAYS):
        at, score = NOW - ago * DAY - timedelta(hours=3), after if ago < 7 else before
        figures = {"score": _within(score), "low": _within(score - 3), "high": _within(score + 3)}
        versions = {"model_version": "1", "weights_version": "1", "state": "ok"}
        rows.append({"creator_id": one, "day": from_date(at.date()), "at": to_ms(at)} | figures | versions)
    return rows


def wanted(team: str) -> Subscription:
    """Return a weekly digest of a team."""
    schedule = Schedule(zone="Europe/Berlin")
    place = Place(platform="terminal", channel="inbox", shown="the inbox")
    return Subscription(team=team, place=place, schedule=schedule, next_run=next_run(schedule, NOW), edited_at=NOW)


async def measured() -> tuple[dict[str, float], float, str]:
    """Return the usual processor time of each team's digest, the larger one's time on the clock, its first words."""
    times: dict[str, list[float]] = {"few": [], "many": []}
    clock = 1e9
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{Path(folder) / 'bench.db'}"
        async with Store.open(url, At()) as store:
            await store.database.write(fill, "few", 1, FEW, 1)
            await store.database.write(fill, "many", FEW + 1, MANY, 2)
        settings = Settings.read({}).model_copy(update={"database_url": url})
        async with build(settings, clock=At(), connectors={}) as app:
            for _ in range(ROUNDS):
                for team in ("few", "many"):
                    start, began = time.process_time(), time.perf_counter()
                    cards = await app.digests.written(wanted(team), NOW)
                    times[team].append(time.process_time() - start)
                    clock = min(clock, time.perf_counter() - began) if team == "many" else clock
    usual = {team: median(taken) for team, taken in times.items()}
    return usual, clock, "".join(span.text for span in cards[0].title)


def main() -> int:
    """Print the figures; 1 when a promise was missed."""
    times, clock, title = asyncio.run(measured())
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    ratio = times["many"] / times["few"]
    kept = times["many"] < MOST_S and peak < MOST_MB and ratio <= MOST_TIMES
    print(f"“{title}” of {MANY:,} tracked creators, {clock:.2f} s on the clock")
    print(
        f"{times['many']:.2f} s of processor time (under {MOST_S:g}), peak {peak:.0f} MB (under {MOST_MB}); "
        f"{ratio:.1f} times that of {FEW:,} (at most {MOST_TIMES:g}): {'kept' if kept else 'MISSED'}"
    )
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
