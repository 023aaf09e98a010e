"""Does the score foresee what comes next? TikTok creators' next videos, Facebook pages' next weeks."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.scoring import Columns
from core.validity import marks
from core.validity.accounts import falls_when_raised, lay, scores
from core.validity.files import DAY_S, Layout, Sheet
from core.validity.metrics import Estimate
from core.validity.pages import Pages, last_monday
from core.validity.pairs import followers_tenfold
from core.validity.study import Study, demand, rho_row, skipped
from core.validity.table import Row
from core.weights import CURRENT

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

VIDEOS = Layout(
    texts=("user_name", "id"),
    counts=("create_time", "n_likes", "n_shares", "n_comments", "n_plays", "n_followers"),
)
IMMATURE_DAYS = 3.0  # counts of the newest videos of the whole file are still growing
LEAST_VIDEOS = 30  # of a creator, before anything is asked
PAST, NEXT = 10, 10  # videos

PAST_DAYS, NEXT_DAYS = 28.0, 21.0
SETTLING_DAYS = 1.0  # counts of a page's posts after the day before the last Monday are taken as still growing
PAST_TOTAL = "past total"
WITH_POSTS = "pages with posts before and after"


# --- TikTok -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Creators:
    """Creators as they stood before their next videos; `likes`, `shares`, `plays` are medians of those next ones."""

    columns: Columns
    followers: Floats
    likes: Floats
    shares: Floats
    plays: Floats
    note: str = ""


def creators(study: Study) -> Creators:
    """Return the creators of tiktok_posts; raises Absent or Unusable."""
    sheet = videos(study)
    spans = _spans(sheet)
    demand(len(spans), f"creators with {LEAST_VIDEOS} videos")
    past = np.concatenate([rows[-PAST - NEXT : -NEXT] for rows in spans])
    nexts = np.stack([rows[-NEXT:] for rows in spans])
    return _creators(sheet, past, nexts, skipped(sheet))


def videos(study: Study) -> Sheet:
    """Return the videos of tiktok_posts, each once, without those whose counts still grow; raises as `creators`."""
    sheet = study.sheet("tiktok_posts", VIDEOS)
    once = np.ones(len(sheet), dtype=np.bool_)
    ids, names = sheet.texts["id"], sheet.texts["user_name"]
    once[1:] = (ids[1:] != ids[:-1]) | (names[1:] != names[:-1])  # rows are sorted by creator and id
    newest = sheet.numbers["create_time"].max(initial=0.0)
    mature = sheet.numbers["create_time"] <= newest - IMMATURE_DAYS * DAY_S
    return sheet.where(once & mature)


def _spans(sheet: Sheet) -> list[Ints]:
    """Return the rows of each creator with enough videos, oldest first."""
    _, owner = np.unique(sheet.texts["user_name"], return_inverse=True)
    order = np.lexsort((sheet.numbers["create_time"], owner))  # stable: equal times stay in order of id
    groups = np.split(order, np.flatnonzero(np.diff(owner[order])) + 1)
    return [rows for rows in groups if len(rows) >= LEAST_VIDEOS]


def _creators(sheet: Sheet, past: Ints, nexts: Ints, note: str) -> Creators:
    numbers = sheet.numbers
    owner = np.repeat(np.arange(len(nexts)), PAST)
    clock = numbers["create_time"][nexts[:, 0]]
    age = (clock[owner] - numbers["create_time"][past]) / DAY_S
    followers = numbers["n_followers"][nexts[:, 0]]
    columns = lay(
        "tiktok",
        owner,
        np.maximum(age, CURRENT.youngest_days),
        {
            "likes": numbers["n_likes"][past],
            "replies": numbers["n_comments"][past],
            "reposts": numbers["n_shares"][past],
            "views": numbers["n_plays"][past],
        },
        len(nexts),
        followers=followers,
    )
    likes, shares, plays = (np.median(numbers[name][nexts], axis=1) for name in ("n_likes", "n_shares", "n_plays"))
    return Creators(columns, followers, likes, shares, plays, note)


def next_videos(study: Study) -> list[Row]:
    """Return how S orders creators by their next ten videos, and what ten times the followers would add."""
    made = creators(study)
    s = scores(made.columns)
    rows = []
    for what, truth, goal in (
        ("likes", made.likes, marks.NEXT_LIKES),
        ("shares", made.shares, None),
        ("plays", made.plays, None),
    ):
        known = (f"rho next median {what}", s, made.followers, truth)
        rows += [rho_row("tiktok_posts", *known, study, goal=goal, note=made.note, what="creators with a score")]
    return rows + followers_tenfold("tiktok_posts", made.columns, study)


# --- Facebook ---------------------------------------------------------------------------------------------------------


def next_weeks(pages: Pages, study: Study, note: str) -> list[Row]:
    """Return how S orders pages by their next three weeks, beside their past total.

    The weeks end on the day before the file's last Monday, so that the newest, still growing counts stay out.
    """
    clock = last_monday(pages) - SETTLING_DAYS - NEXT_DAYS
    s = scores(pages.as_of(clock, back=PAST_DAYS))
    past, ahead = pages.between(clock - PAST_DAYS, clock), pages.between(clock, clock + NEXT_DAYS)
    total = pages.per_page(past, pages.reactions, "sum")
    truths = (
        ("median", pages.per_page(ahead, pages.reactions, "median"), marks.NEXT_MEDIAN),
        ("total", pages.per_page(ahead, pages.reactions, "sum"), None),
        ("shares", pages.per_page(ahead, pages.shares, "sum"), None),
    )
    rows = []
    for what, truth, goal in truths:
        made = (f"rho next {what}", s, total, truth)
        rows += [rho_row("facebook_pages", *made, study, PAST_TOTAL, goal=goal, note=note, what=WITH_POSTS)]
    return rows


def raised_pages(pages: Pages, study: Study) -> Row:
    """Return how often S fell at the last Monday when a count was raised."""
    rng = study.rng("facebook_pages", "monotone")
    fell, tried = falls_when_raised(pages.as_of(last_monday(pages)), rng, study.picks)
    return Row("facebook_pages", "monotone.violations", tried, Estimate(float(fell)), goal=marks.NO_VIOLATION)
