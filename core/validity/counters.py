"""Counters as networks really show them, fed to the store day by day: they fall, go missing, and come in twice."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np

from core.models import NetworkReading, Post, Profile, Snapshot
from core.rereads import merge
from core.store import Store
from core.validity import marks
from core.validity.files import Layout, Sheet
from core.validity.metrics import Estimate
from core.validity.study import Study, demand, skipped
from core.validity.table import Row

LAYOUT = Layout(
    texts=("video_id", "country"),
    moments=("date",),
    counts=("views", "likes", "comment_total"),
)
NETWORK, LISTS = "youtube", "lists"  # the lists stand for one account with many videos
SWITCHED_OFF_LIKES = 1000.0  # likes beside which no comment at all means that comments are switched off
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
READ_AT = timedelta(hours=12)
FAST_STEP = 4  # days between readings when time is short


@dataclass(slots=True)
class _Calendar:
    """A clock that stands where the replay is."""

    moment: datetime = EPOCH

    def now(self) -> datetime:
        return self.moment


def counters(study: Study) -> list[Row]:
    """Return how many videos the store holds twice or with counts that are not those of their last day."""
    sheet = study.sheet("youtube_trending", LAYOUT)
    days = _days(sheet)
    if study.fast:
        days = dict(list(days.items())[::FAST_STEP])
    demand(len(sheet), "readings")
    return _compared(days, asyncio.run(_fed(days)), skipped(sheet))


def _days(sheet: Sheet) -> dict[int, list[Post]]:
    """Return each day's readings, oldest day first; of a video in two lists the higher count comes first."""
    numbers, videos = sheet.numbers, sheet.texts["video_id"].tolist()
    views, likes, comments = (numbers[name] for name in ("views", "likes", "comment_total"))
    known = np.flatnonzero(~(np.isnan(views) | np.isnan(likes)))
    off = np.isnan(comments) | ((comments == 0) & (likes > SWITCHED_OFF_LIKES))
    opened: dict[str, datetime] = {}
    days: dict[int, list[Post]] = {}
    for i in known[np.lexsort((-likes[known], -views[known], numbers["date"][known]))].tolist():
        day = int(numbers["date"][i])
        since = opened.setdefault(videos[i], EPOCH + timedelta(days=day))
        replies = None if off[i] else int(comments[i])
        counts = {"likes": int(likes[i]), "replies": replies, "views": int(views[i])}
        post = Post(network=NETWORK, native_id=videos[i], created_at=since, opened_at=since, **counts)
        days.setdefault(day, []).append(post)
    return days


async def _fed(days: Mapping[int, list[Post]]) -> tuple[Post, ...]:
    """Feed a store in memory as lookups would, a snapshot a day, and return what it holds at the end."""
    calendar = _Calendar()
    async with Store.open("sqlite:///:memory:", calendar) as store:
        for day, posts in days.items():
            calendar.moment = EPOCH + timedelta(days=day) + READ_AT
            await _record(store, tuple(posts), calendar.moment)
        return await store.posts(NETWORK, LISTS, since=EPOCH)


async def _record(store: Store, posts: tuple[Post, ...], now: datetime) -> None:
    profile = Profile(network=NETWORK, native_id=LISTS, handle=LISTS, fetched_at=now)
    snapshot = Snapshot(profile=profile, posts=posts)
    past = await store.past(NETWORK, LISTS, since=EPOCH)
    merged = merge(past.posts, snapshot)
    reading = NetworkReading(network=NETWORK, status="ok", handle=LISTS, native_id=LISTS, profile=profile)
    await store.record(snapshot, reading, changed=merged.changed, deleted=merged.deleted)


def _compared(days: Mapping[int, list[Post]], stored: Sequence[Post], note: str) -> list[Row]:
    last, falls, doubles = _expected(days)
    held = {post.native_id: _counts(post) for post in stored}
    twice = Estimate(float(abs(len(stored) - len(last))))
    wrong = Estimate(float(sum(held.get(video) != _counts(post) for video, post in last.items())))
    name, videos = "youtube_trending", len(last)
    lists = "; ".join(filter(None, (f"{doubles} readings from two lists at once", note)))
    return [
        Row(name, "counters.stored_twice", videos, twice, goal=marks.NO_VIOLATION, note=lists),
        Row(
            name,
            "counters.wrong",
            videos,
            wrong,
            goal=marks.NO_VIOLATION,
            note=f"{falls} falling counters kept as read",
        ),
    ]


def _counts(post: Post) -> tuple[int | None, ...]:
    return post.views, post.likes, post.replies


def _expected(days: Mapping[int, list[Post]]) -> tuple[dict[str, Post], int, int]:
    """Return each video's last reading, how many counts fell from day to day, and how many readings came twice."""
    last: dict[str, Post] = {}
    falls = doubles = 0
    for posts in days.values():
        today: dict[str, Post] = {}
        for post in posts:
            today.setdefault(post.native_id, post)
        doubles += len(posts) - len(today)
        for video, post in today.items():
            pairs = zip(_counts(post), _counts(last[video]), strict=True) if video in last else ()
            falls += sum(now is not None and before is not None and now < before for now, before in pairs)
        last |= today
    return last, falls, doubles
