"""The change ledger: why a score moved between two moments, row by row and without a residual.

A fixed sequence of states leads from the first score to the second (SCORING 6); each state is scored anew and each row
is one difference, so the rows add up to the change whatever they are. Pure.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Literal

import numpy as np

from core.columns import Entry, columns_of, growth_of
from core.models import Model, Moment, Post, Profile
from core.readings import COUNTED, WINDOW
from core.scoring import STATES, best_posts, score_many
from core.standings import Key, Known, Standing, Step
from core.weights import CURRENT, Weights

RowName = Literal[
    "ageing", "later_counts", "new_posts", "followers", "networks", "authenticity", "model_version", "small_changes"
]
ROWS: tuple[RowName, ...] = (
    "ageing",
    "later_counts",
    "new_posts",
    "followers",
    "networks",
    "authenticity",
    "model_version",
)
"""The rows in the one order in which they are computed, so that they can be reproduced."""

SMALL = 0.05  # points: a row below would be printed as 0.0
POSTS_LISTED = 5


class PostChange(Model):
    """A new post with its leverage: the combined score minus the score without the post."""

    post: Post
    leverage: float


class ChangeRow(Model):
    """One difference: `points` of the combined score, with the posts, networks or patterns behind it.

    `networks` and `flags` carry a leading + or -.
    """

    name: RowName
    points: float
    posts: tuple[PostChange, ...] = ()
    networks: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    versions: tuple[str, ...] = ()


class ChangeLedger(Model):
    """Why a score moved: the rows add up to `after - before` within 1e-9."""

    since: Moment
    until: Moment
    before: float
    after: float
    rows: tuple[ChangeRow, ...]

    @property
    def change(self) -> float:
        """The change that the rows add up to."""
        return self.after - self.before


def change_ledger(
    before: Sequence[Known],
    after: Sequence[Known],
    *,
    weights_before: Weights = CURRENT,
    weights: Weights = CURRENT,
) -> ChangeLedger | None:
    """Return the rows from the first score to the second; None when one of the two has no number.

    Accounts that combine separately are left out. An account known at one end only is a network added or removed.
    """
    course = _course(_summed(before), _summed(after), weights_before, weights)
    versions = [weights_before] * (len(course.steps) - 1) + [weights]
    scores = [step.score(version) for step, version in zip(course.steps, versions, strict=True)]
    first, last = scores[0], scores[-1]
    if first is None or last is None:
        return None
    rows = [
        ChangeRow(name=name, points=later - earlier)
        for name, (earlier, later) in zip(ROWS, pairwise(_filled(scores)), strict=True)
    ]
    return ChangeLedger(
        since=max(one.at for one in course.old.values()),
        until=max(one.at for one in course.new.values()),
        before=first,
        after=last,
        rows=_merged(_told(rows, course, weights_before, weights)),
    )


def _summed(accounts: Iterable[Known]) -> dict[Key, Known]:
    return {one.key: one for one in accounts if one.combine == "sum"}


def _filled(scores: Sequence[float | None]) -> list[float]:
    """A state in which nothing counts stands where the one before stood, so that it makes no row of its own."""
    filled: list[float] = []
    for score in scores:
        filled.append(score if score is not None else filled[-1])
    return filled


# --- the sequence of states -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Stage:
    """One account to be scored in one state; `exact` states obey the least number of posts."""

    key: Key
    step: int
    entry: Entry
    growth: float
    estimated: bool
    exact: bool


@dataclass(frozen=True, slots=True)
class _Course:
    """The eight states from the first score to the second, and the accounts that count at either end.

    `fresh` holds, by account, the state that first holds its new posts.
    """

    old: Mapping[Key, Known]
    new: Mapping[Key, Known]
    steps: tuple[Step, ...]
    fresh: Mapping[Key, _Stage]


def _course(
    before: Mapping[Key, Known], after: Mapping[Key, Known], weights_before: Weights, weights: Weights
) -> _Course:
    stages = [stage for key, one in before.items() for stage in _stages(one, after.get(key), weights_before)]
    stages += [_whole(one, 4, weights_before) for one in after.values() if _stored(one, weights_before) is None]
    found = _scored(stages, weights_before)
    first = {key: _stored(one, weights_before) or found[key, 0] for key, one in before.items()}
    first = {key: standing for key, standing in first.items() if _counts_in(standing)}
    ends = {key: _stored(one, weights_before) or found[key, 4] for key, one in after.items()}
    ends = {key: _carried(standing, standing, first.get(key, standing)) for key, standing in ends.items()}
    ends = {key: standing for key, standing in ends.items() if _counts_in(standing)}
    old = {key: before[key] for key in first}
    new = {key: after[key] for key in ends}
    courses = {key: _course_of(key, first[key], ends.get(key), found, old, new) for key in old}
    then, now = _flags(old, first), _flags(new, ends)
    same_version = weights_before.model_version == weights.model_version
    last = ends if same_version else _rescored(new, weights, ends)
    changing = [Step({key: course[at] for key, course in courses.items()}, then) for at in range(5)]
    steps = (*changing, Step(ends, then), Step(ends, now), Step(last, now))
    return _Course(old, new, steps, {stage.key: stage for stage in stages if stage.step == 3 and stage.key in new})


def _course_of(
    key: Key,
    first: Standing,
    end: Standing | None,
    found: Mapping[tuple[Key, int], Standing],
    old: Mapping[Key, Known],
    new: Mapping[Key, Known],
) -> list[Standing]:
    """Return the first five states of an account that counted at first; one that left stays as it was until row 5."""
    if end is None:
        return [first] * 5
    if end.state == "dormant":
        return [first, end, end, end, end]  # it fell silent: that is ageing
    if old[key].running or new[key].running:
        return [first, first, end, end, end]
    course = [first]
    for step in (1, 2, 3):
        course.append(_carried(found.get((key, step)), course[-1], first))
    return [*course, end]


def _counts_in(standing: Standing) -> bool:
    return standing.state in COUNTED or standing.state == "dormant"


def _flags(accounts: Mapping[Key, Known], standings: Mapping[Key, Standing]) -> tuple[str, ...]:
    """Return the patterns of the accounts that make the score, each once."""
    making = Step(standings, ()).counted
    return tuple(dict.fromkeys(name for key, one in accounts.items() if key in making for name in one.flags))


def _stored(one: Known, weights: Weights) -> Standing | None:
    """Return what was stored, when it was computed with these weights."""
    score = one.score
    if score is None or score.model_version != weights.model_version:
        return None
    return Standing(1.0 if score.score is None else score.score, score.state)


def _stages(old: Known, new: Known | None, weights: Weights) -> list[_Stage]:
    """Return the states of one account that have to be scored: at first, aged, with later counts, with new posts."""
    stages = [_whole(old, 0, weights)] if _stored(old, weights) is None else []
    if new is None or old.running or new.running or new.at <= old.at:
        return stages
    known = {post.native_id for post in old.posts}
    kept = {post.native_id: post for post in new.posts if post.native_id in known}
    aged = [post for post in old.posts if post.native_id in kept]
    later = [kept[post.native_id] for post in aged]
    fresh = [post for post in new.posts if post.native_id not in known]
    held = _as_before(new.profile, old)
    stages.append(_stage(new, 1, held, aged, old.growth))
    if any(_counts(a) != _counts(b) for a, b in zip(aged, later, strict=True)):
        stages.append(_stage(new, 2, held, later, old.growth))
    if fresh:
        stages.append(_stage(new, 3, held, new.posts, old.growth))
    return stages


def _as_before(profile: Profile, old: Known) -> Profile:
    """Return the account with the audience it had before."""
    inputs = old.score.inputs if old.score is not None else None
    followers = old.profile.followers if inputs is None else inputs.followers
    listed = old.profile.listed if inputs is None else inputs.listed
    return profile.model_copy(update={"followers": followers, "listed": listed})


def _counts(post: Post) -> tuple[object, ...]:
    return (post.likes, post.reposts, post.replies, post.quotes, post.saves, post.views, post.kind)


def _whole(one: Known, step: int, weights: Weights) -> _Stage:
    growth = growth_of(one.profile, one.earlier, weights)
    entry = (one.profile, one.posts, one.at, one.complete_from, one.earlier)
    return _Stage(one.key, step, entry, growth, one.estimated, exact=True)


def _stage(new: Known, step: int, profile: Profile, posts: Sequence[Post], growth: float) -> _Stage:
    """Return a state between the two: too few posts for a number are scored all the same, not taken as none."""
    return _Stage(new.key, step, (profile, posts, new.at, new.complete_from, ()), growth, new.estimated, exact=False)


def _scored(stages: Sequence[_Stage], weights: Weights) -> dict[tuple[Key, int], Standing]:
    """Score all states in one call."""
    if not stages:
        return {}
    entries = [stage.entry for stage in stages]
    columns = columns_of(entries, estimated=[stage.estimated for stage in stages], weights=weights)
    columns = replace(columns, growth=np.array([stage.growth for stage in stages]))
    scores = score_many(columns, weights=weights)
    values = 1.0 + scores.points.sum(axis=1)
    found: dict[tuple[Key, int], Standing] = {}
    for at, stage in enumerate(stages):
        state = STATES[scores.state[at]]
        if not stage.exact and state == "insufficient" and scores.inputs.posts[at]:
            state = "provisional"
        value = float(values[at]) if math.isnan(scores.s[at]) else float(scores.s[at])
        if state == "insufficient" and _silent(stage):
            state = "stale"  # nothing left in the window: the last score is carried instead
        found[stage.key, stage.step] = Standing(value, state)
    return found


def _silent(stage: _Stage) -> bool:
    _, posts, now, _, _ = stage.entry
    return all(now - post.created_at >= WINDOW for post in posts)


def _carried(found: Standing | None, last: Standing, first: Standing) -> Standing:
    """Return a state's standing; an account that fell silent keeps its first score, greyed as a lookup would."""
    if found is None:
        return last
    return Standing(first.score, "dormant") if found.state == "stale" else found


def _rescored(new: Mapping[Key, Known], weights: Weights, under_old: Mapping[Key, Standing]) -> dict[Key, Standing]:
    stages = [_whole(one, 7, weights) for one in new.values() if _stored(one, weights) is None]
    found = _scored(stages, weights)
    return {
        key: _stored(one, weights) or _carried(found.get((key, 7)), under_old[key], under_old[key])
        for key, one in new.items()
    }


# --- what stands behind a row -----------------------------------------------------------------------------------------


def _told(rows: Sequence[ChangeRow], course: _Course, weights_before: Weights, weights: Weights) -> list[ChangeRow]:
    """Return the rows with what stands behind them."""
    then, now = course.steps[0].flags, course.steps[-1].flags
    posts = any(row.name == "new_posts" and abs(row.points) >= SMALL for row in rows)
    details: dict[RowName, dict[str, object]] = {
        "new_posts": {"posts": _new_posts(course, weights_before) if posts else ()},
        "networks": {"networks": (*_signed("+", course.new, course.old), *_signed("-", course.old, course.new))},
        "authenticity": {"flags": (*_marked("+", now, then), *_marked("-", then, now))},
        "model_version": {"versions": (weights_before.model_version, weights.model_version)},
    }
    return [row.model_copy(update=details.get(row.name, {})) for row in rows]


def _new_posts(course: _Course, weights: Weights) -> tuple[PostChange, ...]:
    """Return the new posts that carry most of the state that first holds them."""
    found = [
        change
        for key, stage in course.fresh.items()
        if key in course.old
        for change in _posts_of(stage, course.steps[3], weights, {post.native_id for post in course.old[key].posts})
    ]
    found.sort(key=lambda change: (-change.leverage, change.post.network, change.post.native_id))
    return tuple(found[:POSTS_LISTED])


def _posts_of(stage: _Stage, step: Step, weights: Weights, known: set[str]) -> list[PostChange]:
    profile, posts, at, reach, _ = stage.entry
    whole = step.score(weights)
    fresh = {post.native_id for post in posts} - known
    top = best_posts(profile, posts, at, complete_from=reach, weights=weights, top=len(fresh), only=fresh)
    return [
        PostChange(post=best.post, leverage=_in_total(best.leverage, stage.key, step, whole, weights)) for best in top
    ]


def _in_total(leverage: float, key: Key, step: Step, whole: float | None, weights: Weights) -> float:
    """Return what the combined score would lose without a post that its account would lose `leverage` without."""
    own = step.standings[key]
    without = replace(own, score=min(max(own.score - leverage, 1.0), 100.0))
    left = replace(step, standings={**step.standings, key: without}).score(weights)
    return 0.0 if whole is None or left is None else whole - left


def _signed(sign: str, here: Mapping[Key, Known], there: Mapping[Key, Known]) -> list[str]:
    return sorted(f"{sign}{key[0]}" for key in here if key not in there)


def _marked(sign: str, here: Sequence[str], there: Sequence[str]) -> list[str]:
    return [f"{sign}{name}" for name in here if name not in there]


def _merged(rows: Sequence[ChangeRow]) -> tuple[ChangeRow, ...]:
    """Return the rows worth reading; what is under 0.05 becomes one row, so that nothing is lost."""
    kept = [row for row in rows if abs(row.points) >= SMALL]
    small = math.fsum(row.points for row in rows if abs(row.points) < SMALL)
    return (*kept, ChangeRow(name="small_changes", points=small)) if small else tuple(kept)
