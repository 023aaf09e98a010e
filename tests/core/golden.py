"""The golden file: thirty accounts as they were written down once, and each version's scores of them."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from core.columns import ACTIONS
from core.models import FollowerReading, Post, Profile

FILE = Path(__file__).with_name("golden_scores.json")
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class GoldenAccount:
    profile: Profile
    posts: tuple[Post, ...]
    earlier: tuple[FollowerReading, ...]
    complete_from: datetime | None


def read() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))
    return found


def account(row: dict[str, Any], number: int) -> GoldenAccount:
    """One account of the file; a post is [id, hours old, kind, six counts], a reading [hours old, followers]."""
    network, reach = row["network"], row["complete_hours"]
    profile = Profile(
        network=network,
        native_id=str(number),
        handle=f"golden{number}",
        followers=row["followers"],
        listed=row["listed"],
        fetched_at=NOW,
    )
    posts = [
        Post(
            network=network,
            native_id=native_id,
            created_at=NOW - hours * HOUR,
            kind=kind,
            **dict(zip(ACTIONS, counts, strict=True)),
        )
        for native_id, hours, kind, *counts in row["posts"]
    ]
    earlier = [FollowerReading(fetched_at=NOW - hours * HOUR, followers=count) for hours, count in row["earlier"]]
    return GoldenAccount(profile, tuple(posts), tuple(earlier), None if reach is None else NOW - reach * HOUR)


def accounts(found: dict[str, Any]) -> list[GoldenAccount]:
    return [account(row, number) for number, row in enumerate(found["accounts"])]
