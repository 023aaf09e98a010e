"""A tiny labelled folder, written by hand, whose answers are known without computing a score."""

import csv
import gzip
import io
import random
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from functools import wraps
from pathlib import Path

import pytest

from core.validity import penalties
from core.validity.study import Study

Rows = list[list[object]]
Write = Callable[..., Path]

FEATURES = (
    "follower_count",
    "following_count",
    "listed_count",
    "mentions_received",
    "retweets_received",
    "mentions_sent",
    "retweets_sent",
    "posts",
    "network_feature_1",
    "network_feature_2",
    "network_feature_3",
)
START = datetime(2020, 1, 6, 9, tzinfo=UTC)  # a Monday


def write_rows(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]], separator: str = ",") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = io.StringIO(newline="")
    table = csv.writer(lines, delimiter=separator)
    table.writerow(header)
    table.writerows(rows)
    content = lines.getvalue().encode()
    path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)
    return path


def pair_header() -> list[str]:
    return ["Choice", *(f"{side}_{name}" for side in "AB" for name in FEATURES)]


def pair_rows(count: int = 40) -> Rows:
    """Person k + 1 has more of everything than person k and is always the one people chose."""
    people = [[1000 * 2**k, 10, 5 * 2**k, 3.5 * 2**k, 2.25 * 2**k, 1, 1, 1, 1, 1, k] for k in range(12)]
    rows: Rows = []
    for i in range(count):
        low, high = i % 11, i % 11 + 1
        first = i % 2 == 0
        rows.append([int(first), *people[high if first else low], *people[low if first else high]])
    return rows


TIKTOK = ["id", "create_time", "user_name", "n_likes", "n_shares", "n_comments", "n_plays", "n_followers"]


def tiktok_rows(creators: int = 32) -> Rows:
    """The more a creator's past videos drew, the less the next ten do; followers go the way of the past."""
    rows: Rows = []
    for creator in range(creators):
        followers = 40_000 + 4_000 * creator
        for video in range(31):
            at = int((START + timedelta(days=2 * video, minutes=creator)).timestamp())
            size = 1000 + 100 * creator if video < 21 else 1000 + 100 * (creators - creator)
            rows.append([f"{creator}-{video}", at, f"c{creator:02}", size, size // 10, size // 20, size * 9, followers])
    rows.append(["late", int((START + timedelta(days=64)).timestamp()), "c00", 1, 1, 1, 1, 1])
    return rows


FACEBOOK = ["page", "status_id", "status_published", "num_reactions", "num_comments", "num_shares"]


def facebook_rows(pages: int = 31) -> Rows:
    """Every page posts once a week, and every post draws what all its posts draw."""
    rows: Rows = []
    for page in range(pages):
        for week in range(45):
            at = START + timedelta(days=7 * week + 2)
            rows.append([f"p{page:02}", f"{page}_{week}", at.strftime("%Y-%m-%d %H:%M:%S"), 500 + 30 * page, 40, 20])
    return rows


def fraud_rows(count: int = 80) -> Rows:
    """Bought accounts follow many and are followed by few; people are not."""
    return [[10 + i, 2000 + i, 1] if i % 2 else [900 + i, 100 + i, 0] for i in range(count)]


TABLES: dict[str, tuple[list[str], Callable[[], Rows]]] = {
    "peerindex": (pair_header(), pair_rows),
    "tiktok_posts": (TIKTOK, tiktok_rows),
    "facebook_pages": (FACEBOOK, facebook_rows),
    "fake_followers": (["followers_count", "friends_count", "fake"], fraud_rows),
    "instafake": (["userFollowerCount", "userFollowingCount", "isFake"], fraud_rows),
}


@pytest.fixture
def write() -> Write:
    """Write a CSV file, gzipped when its name ends in .gz."""
    return write_rows


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    """A folder with five sets in order; its answers are 1, -1 and 0."""
    for name, (header, rows) in TABLES.items():
        write_rows(tmp_path / "tiny" / name / "data.csv", header, rows())
    return tmp_path / "tiny"


@pytest.fixture
def shuffled(tmp_path: Path) -> Path:
    """The same folder with every file's rows in another order and its columns turned round, some gzipped."""
    for place, (name, (header, rows)) in enumerate(TABLES.items()):
        mixed = rows()
        random.Random(place).shuffle(mixed)
        suffix = ".csv.gz" if place % 2 else ".csv"
        turned = [row[::-1] for row in mixed]
        write_rows(tmp_path / "shuffled" / name / f"data{suffix}", header[::-1], turned)
    return tmp_path / "shuffled"


_SHOWN: dict[tuple[str, int, int], list[penalties.Found]] = {}


@pytest.fixture(autouse=True)
def _cheats_are_looked_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """What cheats show follows from the seed, not from the folder; looking is most of the work of a table."""
    look = penalties._shown

    @wraps(look)
    def shown(name: str, each: int, study: Study) -> list[penalties.Found]:
        key = (name, each, study.seed)
        if key not in _SHOWN:
            _SHOWN[key] = look(name, each, study)
        return _SHOWN[key]

    monkeypatch.setattr(penalties, "_shown", shown)
