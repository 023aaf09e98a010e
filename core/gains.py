"""Running totals, such as GitHub's stars, turned into what they gained in 90 days. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import get_args

from core.models import Action, Post
from core.readings import WINDOW

YOUNGEST = timedelta(hours=24)  # SCORING 2: reactions to a younger post have hardly begun

_COUNTS: tuple[Action, ...] = get_args(Action)


@dataclass(frozen=True, slots=True)
class Gains:
    """Running totals turned into what they gained in 90 days; of the posts, `measured` had an earlier reading.

    `guessed` are those whose gain is only estimated from their age.
    """

    posts: tuple[Post, ...]
    measured: int = 0
    guessed: int = 0

    @property
    def estimated(self) -> bool:
        """Whether a score of these is an estimate: nothing was measured yet, or less than was guessed."""
        return self.measured < max(self.guessed, 1)

    @property
    def notes(self) -> tuple[str, ...]:
        """What a card says about how the gain was found; for an estimate the score itself says so."""
        if self.estimated:
            return ()
        how = "Scored on what was gained between readings, scaled to 90 days"
        return (f"{how}; {self.guessed} of {len(self.posts)} estimated from their age." if self.guessed else f"{how}.",)


def gains(posts: Iterable[Post], baselines: Mapping[str, tuple[datetime, Post]], now: datetime) -> Gains:
    """Return posts whose counts are running totals with the gain of 90 days in their place (SCORING 3, GitHub).

    `baselines` holds an earlier reading by native id with its moment; the store gives the one nearest 30 days back, at
    least 7 (core/recall.py). A gain always means 90 days, the window, whatever lies between the readings:

    - with an earlier reading, `max(0, count - earlier) * 90 / days between`, at most the whole count;
    - without, `count * min(1, 90 / age in days)`: exact for what was opened within the window, else an estimate;
    - without an earlier reading and with an unknown age, None.

    A gain needs no time to ripen, so a post touched within the last 24 h counts as if touched 24 h ago, unless it was
    opened since. Raw counts are what the store keeps; only scoring sees these.
    """
    totals = tuple(posts)
    measured = {post.native_id for post in totals if post.native_id in baselines}
    old = (post for post in totals if post.opened_at is None or now - post.opened_at > WINDOW)
    return Gains(
        posts=tuple(_gained(post, baselines.get(post.native_id), now) for post in totals),
        measured=len(measured),
        guessed=sum(post.native_id not in measured for post in old),
    )


def _gained(post: Post, earlier: tuple[datetime, Post] | None, now: datetime) -> Post:
    update: dict[str, object] = {name: _gain(post, name, earlier, now) for name in _COUNTS}
    ripe = now - YOUNGEST
    if post.opened_at is not None and post.created_at > ripe:
        update["created_at"] = min(post.created_at, max(post.opened_at, ripe))
    return post.model_copy(update=update)


def _gain(post: Post, name: Action, earlier: tuple[datetime, Post] | None, now: datetime) -> int | None:
    count: int | None = getattr(post, name)
    if count is None:
        return None
    before: int | None = getattr(earlier[1], name) if earlier is not None else None
    if earlier is not None and before is not None and earlier[0] < now:
        return min(count, round(max(0, count - before) * (WINDOW / (now - earlier[0]))))
    if post.opened_at is None:
        return None
    age = now - post.opened_at
    return count if age <= WINDOW else min(count, round(count * (WINDOW / age)))
