"""The labelled files, read once: what each candidate scores on them, on any part of the people."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.fit.candidates import points
from core.columns import Columns
from core.models import Action
from core.scoring import score_many
from core.validity.accounts import TENFOLD, equal_posts
from core.validity.forward import NEXT_DAYS, PAST_DAYS, SETTLING_DAYS, creators
from core.validity.metrics import auc, spearman
from core.validity.pages import LAYOUT as PAGES
from core.validity.pages import Pages, last_monday, mondays, pages_of
from core.validity.pairs import LAYOUT as PAIRS
from core.validity.pairs import Judged, accounts_of, judged
from core.validity.ranks import LISTED_POSTS, LISTS
from core.validity.replay import HISTORY_DAYS, RECENT_POSTS, RISE, RISE_DAYS
from core.validity.study import Study
from core.weights import Weights

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

QUANTILES = (5, 25, 50, 75, 95)


@dataclass(frozen=True, slots=True)
class People:
    """Which people of each set are looked at: persons, creators, pages, and the handles of the vendor's lists."""

    persons: Bools
    creators: Bools
    pages: Bools
    instagram: Bools
    tiktok: Bools

    def others(self) -> "People":
        """Return everybody else."""
        return People(*(~getattr(self, name) for name in self.__slots__))


@dataclass(frozen=True, slots=True)
class Labelled:
    """The sets as columns, with what is to be foreseen."""

    judged: Judged
    columns: dict[str, Columns]
    weeks: tuple[Columns, ...]
    next_likes: Floats
    next_median: Floats
    recent: NDArray[np.int64]
    instagram_rank: Floats
    tiktok_rank: Floats

    def everybody(self) -> People:
        """Return all people of all sets."""
        sizes = (len(self.judged.persons), len(self.next_likes), len(self.next_median))
        lists = (len(self.instagram_rank), len(self.tiktok_rank))
        return People(*(np.ones(size, dtype=np.bool_) for size in (*sizes, *lists)))

    def folds(self, rng: np.random.Generator, count: int) -> list[People]:
        """Return everybody cut into groups at random, each person in one group."""
        names = People.__slots__
        whole = {name: len(getattr(self.everybody(), name)) for name in names}
        drawn = {name: rng.permutation(size) % count for name, size in whole.items()}
        return [People(*(drawn[name] == fold for name in names)) for fold in range(count)]


def read(folder: Path) -> Labelled:
    """Read the sets the fit stands on; raises Absent or Unusable when one of them cannot be read."""
    study = Study(folder)
    pairs = judged(study.sheet("peerindex", PAIRS))
    made = creators(study)
    pages = pages_of(study.sheet("facebook_pages", PAGES))
    last = last_monday(pages)
    clock = last - SETTLING_DAYS - NEXT_DAYS
    columns = {
        "listed": accounts_of(pairs, listed=True),
        "plain": accounts_of(pairs, listed=False),
        "videos": made.columns,
        "before": pages.as_of(clock, back=PAST_DAYS),
        "now": pages.as_of(last),
        "risen": pages.as_of(last, recent=RISE_DAYS, factor=RISE),
    }
    for name in ("plain", "videos"):
        columns[f"{name} x10"] = replace(columns[name], followers=columns[name].followers * TENFOLD)
    columns["instagram"], instagram_rank = _list(study, "instagram")
    columns["tiktok"], tiktok_rank = _list(study, "tiktok")
    recent = pages.page[pages.between(last - RISE_DAYS, last - 1.0)]
    return Labelled(
        judged=pairs,
        columns=columns,
        weeks=tuple(pages.as_of(float(day)) for day in mondays(pages.day.min() + HISTORY_DAYS, pages.day.max())),
        next_likes=made.likes,
        next_median=_next_median(pages, clock),
        recent=np.bincount(recent, minlength=pages.count),
        instagram_rank=instagram_rank,
        tiktok_rank=tiktok_rank,
    )


def _next_median(pages: Pages, clock: float) -> Floats:
    return pages.per_page(pages.between(clock, clock + NEXT_DAYS), pages.reactions, "median")


def _list(study: Study, platform: str) -> tuple[Columns, Floats]:
    """The newest ranked list of a platform, as the evaluation lays it out."""
    sheet = study.sheet("hypeauditor_2022", LISTS)
    own = sheet.texts["platform"] == platform
    newest = max(month for month in sheet.texts["month"][own].tolist() if month != "undated")
    numbers = sheet.where(own & (sheet.texts["month"] == newest)).numbers
    counts: dict[Action, Floats] = {"likes": numbers["eng_avg"]}
    if platform == "tiktok":
        counts = {"likes": numbers["likes_avg"], "replies": numbers["comments_avg"], "reposts": numbers["shares_avg"]}
    return equal_posts(platform, LISTED_POSTS, counts, followers=numbers["followers"]), -numbers["src_row"]


@dataclass(frozen=True, slots=True)
class Scored:
    """S on every set for each candidate, arrays (accounts, candidates)."""

    sets: dict[str, Floats]
    moves: Floats
    sure: Bools

    @classmethod
    def under(cls, labelled: Labelled, weights: Weights, betas: Floats) -> "Scored":
        """Score every set with one setting and every candidate's betas."""
        sets = {name: points(columns, weights, betas) for name, columns in labelled.columns.items()}
        weeks = np.stack([points(week, weights, betas) for week in labelled.weeks])
        posts = np.stack([score_many(week, weights=weights).inputs.posts for week in labelled.weeks])
        sure = (posts[1:] >= weights.ok_posts) & (posts[:-1] >= weights.ok_posts)
        return cls(sets, np.abs(np.diff(weeks, axis=0)), sure)


def measures(labelled: Labelled, scored: Scored, people: People) -> dict[str, Floats]:
    """Return every measure on some of the people, arrays over the candidates."""
    sets = scored.sets
    own, made, held = people.persons, people.creators, people.pages
    pairs = labelled.judged
    known = own[pairs.a] & own[pairs.b]
    a, b, first = pairs.a[known], pairs.b[known], pairs.first[known]
    moved = scored.moves[:, held][scored.sure[:, held]]
    rise = (sets["risen"] - sets["now"])[held & (labelled.recent >= RECENT_POSTS)]
    plain = (sets["plain x10"] - sets["plain"])[own]
    videos = (sets["videos x10"] - sets["videos"])[made]
    mixed = np.concatenate([sets["listed"][own], sets["videos"][made]])
    found = {
        "agreement, with lists": _each(lambda s: auc(first, s[a] - s[b]), sets["listed"]),
        "agreement, without": _each(lambda s: auc(first, s[a] - s[b]), sets["plain"]),
        "TikTok next likes": _order(sets["videos"], labelled.next_likes, made),
        "Facebook next median": _order(sets["before"], labelled.next_median, held),
        "Instagram list": _order(sets["instagram"], labelled.instagram_rank, people.instagram),
        "TikTok list": _order(sets["tiktok"], labelled.tiktok_rank, people.tiktok),
        "weekly move, median": np.median(moved, axis=0),
        "weeks of 5 points": (moved >= 5).mean(axis=0),
        "quadruple, median": np.nanmedian(rise, axis=0),
        "quadruple, least": np.nanmin(rise, axis=0),
        "followers x10, mean": np.maximum(np.nanmean(plain, axis=0), np.nanmean(videos, axis=0)),
        "followers x10, worst": np.maximum(np.nanmax(plain, axis=0), np.nanmax(videos, axis=0)),
    }
    return found | {f"shape p{q}": np.nanquantile(mixed, q / 100.0, axis=0) for q in QUANTILES}


def followers_alone(labelled: Labelled, people: People) -> float:
    """Return the agreement of follower counts on the same pairs."""
    pairs, own = labelled.judged, people.persons
    known = own[pairs.a] & own[pairs.b]
    size = np.log1p(pairs.column("follower_count"))
    return auc(pairs.first[known], (size[pairs.a] - size[pairs.b])[known])


def _each(of: Callable[[Floats], float], s: Floats) -> Floats:
    return np.array([of(s[:, candidate]) for candidate in range(s.shape[1])])


def _order(s: Floats, truth: Floats, people: Bools) -> Floats:
    known = people & ~np.isnan(truth) & ~np.isnan(s[:, 0])
    return _each(lambda column: spearman(column[known], truth[known]), s)


GOALS: dict[str, tuple[float, float]] = {
    "TikTok next likes": (1, 0.88),
    "Facebook next median": (1, 0.85),
    "Instagram list": (1, 0.70),
    "TikTok list": (1, 0.78),
    "weekly move, median": (-1, 0.8),
    "weeks of 5 points": (-1, 0.02),
    "quadruple, median": (1, 4.0),
    "quadruple, least": (1, 0.0),
    "followers x10, mean": (-1, 0.5),
    "followers x10, worst": (-1, 6.0),
}
"""Sense (1: at least, -1: at most) and bound of every measure that a choice must meet on the people it is made on."""


def breach(found: dict[str, Floats]) -> Floats:
    """Return how far each candidate misses the goals, as a sum of shares of the bounds; 0 when all are met."""
    missed = [
        np.maximum(sense * (bound - found[name]), 0.0) / max(bound, 1.0) for name, (sense, bound) in GOALS.items()
    ]
    total: Floats = np.sum(missed, axis=0)
    return total
