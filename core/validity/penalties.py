"""Who pays: how often accounts of people lose points to unusual patterns, and how many simulated cheats do."""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from core.authenticity import counting, flags, penalty
from core.columns import ACTIONS
from core.models import Action, Flag, FollowerReading, Post, Profile
from core.scoring import columns_of, inputs_of, score_many
from core.validity import marks
from core.validity.attack import benchmarked
from core.validity.files import DAY_S, Unusable
from core.validity.forward import videos
from core.validity.lives import CHEATS, HISTORY_DAYS, Life, cheating_lives, honest_lives
from core.validity.marks import Goal
from core.validity.metrics import share
from core.validity.pages import LAYOUT, Pages, pages_of
from core.validity.replay import tweets
from core.validity.study import Study
from core.validity.table import Row, unmeasured
from core.weights import CURRENT

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Found = tuple[Flag, ...]

NAME, HONEST, CAUGHT = "honest", "penalty.honest_rate", "penalty.cheats_caught"
MOST_COUNTED = 1e18  # of anything: more does not fit a model's count
LOOK_DAYS = 1.0  # after the newest post, when the account is looked at
MOST_POSTS, MOST_POSTS_FAST = 1000, 100  # newest posts of an account; the first is what one lookup reads
HONEST_EACH, HONEST_EACH_FAST = 60, 10  # simulated honest accounts a network
CHEATS_EACH, CHEATS_EACH_FAST = 8, 4  # a recipe and network
LAST_DAY = 2_900_000.0  # days since 1970: later moments are in no calendar
TODAY = 20_000.0  # days since 1970; any day would do for simulated accounts


@dataclass(frozen=True, slots=True)
class Account:
    """One account as flags look at it."""

    profile: Profile
    posts: tuple[Post, ...]
    history: tuple[FollowerReading, ...] = ()

    @property
    def now(self) -> datetime:
        """The moment it is looked at."""
        return self.profile.fetched_at


def honest_penalties(study: Study) -> list[Row]:
    """Return which share of honest accounts is penalised, set by set and in all, and which share of cheats is caught.

    Files without follower histories cannot show a jump, and one that is absent is left out of the pooled share.
    """
    every: list[Found] = []
    rows = []
    for name, of in HONEST_SETS.items():
        metric = f"{HONEST} {name}"
        try:
            found = patterns(of(study))
        except Unusable as err:
            rows.append(unmeasured(NAME, metric, err.message))
            continue
        every += found
        rows.append(_row(metric, found, _labelled(found)))
    return [_row(HONEST, every, _labelled(every), marks.HONEST), *rows, caught(study)]


def patterns(accounts: Sequence[Account]) -> list[Found]:
    """Return the unusual patterns of each account; raises Unusable when there is no account."""
    if not accounts:
        raise Unusable("no account has a post.")
    scores = score_many(columns_of([(one.profile, one.posts, one.now, None, ()) for one in accounts]))
    inputs = [inputs_of(one.profile, scores.inputs, at) for at, one in enumerate(accounts)]
    return [
        flags(one.profile, one.posts, one.now, one.history, inputs=own)
        for one, own in zip(accounts, inputs, strict=True)
    ]


def paying(found: Iterable[Found]) -> int:
    """Return how many accounts lose points: those with flags of two independent groups."""
    return sum(penalty(own) < 1.0 for own in found)


def _labelled(found: Iterable[Found]) -> str:
    """Say how many carry a label that costs nothing."""
    return f"{sum(bool(counting(own)) and penalty(own) == 1.0 for own in found)} with one kind of flag, free"


def _row(metric: str, found: Sequence[Found], note: str, goal: Goal | None = None) -> Row:
    return Row(NAME, metric, len(found), share(paying(found), len(found)), goal=goal, note=note)


def caught(study: Study) -> Row:
    """Return the share of simulated cheats that are penalised, all recipes on every network with a benchmark."""
    each = CHEATS_EACH_FAST if study.fast else CHEATS_EACH
    found = {name: _shown(name, each, study) for name in CHEATS}
    shares = {name: paying(own) / len(own) for name, own in found.items()}
    least = min(shares, key=lambda name: shares[name])
    note = f"{len(CHEATS)} ways to cheat; least {shares[least]:.2f}: {least}"
    return _row(CAUGHT, [one for own in found.values() for one in own], note, marks.CAUGHT)


def _shown(name: str, each: int, study: Study) -> list[Found]:
    return patterns(_cheats(name, each, study))


def _cheats(name: str, each: int, study: Study) -> list[Account]:
    return [
        _account_of(life)
        for network in benchmarked()
        for life in cheating_lives(network, name, study.rng(NAME, name, network), each)
    ]


# --- honest accounts --------------------------------------------------------------------------------------------------


def _creators(study: Study) -> list[Account]:
    sheet = videos(study)
    numbers = sheet.numbers
    counts: dict[Action, Floats] = {
        "likes": numbers["n_likes"],
        "replies": numbers["n_comments"],
        "reposts": numbers["n_shares"],
        "views": numbers["n_plays"],
    }
    _, owner = np.unique(sheet.texts["user_name"], return_inverse=True)
    days, followers = numbers["create_time"] / DAY_S, numbers["n_followers"]
    return _accounts("tiktok", owner, days, counts, followers, most=_most_posts(study))


def _pages(study: Study) -> list[Account]:
    return _accounts_of(pages_of(study.sheet("facebook_pages", LAYOUT)), study)


def _tweeting(study: Study) -> list[Account]:
    return _accounts_of(tweets(study), study)


def _simulated(study: Study) -> list[Account]:
    each = HONEST_EACH_FAST if study.fast else HONEST_EACH
    return [
        _account_of(life) for network in benchmarked() for life in honest_lives(network, study.rng(NAME, network), each)
    ]


HONEST_SETS: Mapping[str, Callable[[Study], list[Account]]] = {
    "tiktok_posts": _creators,
    "facebook_pages": _pages,
    "twitter_ratio": _tweeting,
    "simulated": _simulated,
}
"""Accounts that nobody accuses, by the name of their set."""


def _most_posts(study: Study) -> int:
    return MOST_POSTS_FAST if study.fast else MOST_POSTS


def _accounts_of(pages: Pages, study: Study) -> list[Account]:
    counts: dict[Action, Floats] = {"likes": pages.likes, "replies": pages.comments, "reposts": pages.shares}
    return _accounts(pages.network, pages.page, pages.day, counts, most=_most_posts(study))


def _accounts(
    network: str,
    owner: Ints,
    day: Floats,
    counts: Mapping[Action, Floats],
    followers: Floats | None = None,
    *,
    most: int,
) -> list[Account]:
    """Return every account a day after its newest post, with at most `most` posts of the window, the newest.

    Arrays (posts,): `day` in days since 1970, `followers` as they were known with each post.
    """
    order = np.lexsort((-day, owner))
    order = order[day[order] < LAST_DAY]
    accounts: list[Account] = []
    for own in np.split(order, np.flatnonzero(np.diff(owner[order])) + 1) if len(order) else []:
        now = float(day[own[0]]) + LOOK_DAYS
        own = own[now - day[own] < CURRENT.window_days][:most]
        audience = math.nan if followers is None else float(followers[own[0]])
        profile = _profile(network, len(accounts), now, audience)
        accounts.append(Account(profile, _posts(network, day[own], {name: c[own] for name, c in counts.items()})))
    return accounts


def _account_of(life: Life) -> Account:
    """Return a simulated account with a follower reading a day."""
    counts = {name: life.counts[:, at] for at, name in enumerate(ACTIONS)}
    history = tuple(
        FollowerReading(fetched_at=_moment(TODAY - HISTORY_DAYS + at), followers=int(followers))
        for at, followers in enumerate(life.followers[:-1].tolist())
    )
    profile = _profile(life.network, 0, TODAY, float(life.followers[-1]), life.following)
    return Account(profile, _posts(life.network, TODAY - life.ages, counts), history)


def _profile(network: str, number: int, day: float, followers: float, following: float = math.nan) -> Profile:
    return Profile(
        network=network,
        native_id=str(number),
        handle=str(number),
        followers=_whole(followers),
        following=_whole(following),
        fetched_at=_moment(day),
    )


def _posts(network: str, days: Floats, counts: Mapping[Action, Floats]) -> tuple[Post, ...]:
    """Return the posts; a count that is NaN is not supplied."""
    supplied = {name: [_whole(value) for value in column.tolist()] for name, column in counts.items()}
    rows: Iterable[tuple[int | None, ...]] = zip(*supplied.values(), strict=True)
    return tuple(
        Post(
            network=network,
            native_id=str(number),
            created_at=_moment(day),
            **dict(zip(supplied, row, strict=True)),
        )
        for number, (day, row) in enumerate(zip(days.tolist(), rows, strict=True))
    )


def _whole(value: float) -> int | None:
    return None if math.isnan(value) else int(min(value, MOST_COUNTED))


def _moment(day: float) -> datetime:
    return datetime.fromtimestamp(day * DAY_S, UTC)
