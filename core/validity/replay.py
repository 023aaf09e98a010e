"""Does the score stay calm in ordinary weeks, and does it follow a rise that lasts? Pages and accounts by the week."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from core.scoring import score_many
from core.validity import marks
from core.validity.accounts import scores
from core.validity.files import Layout, Unusable
from core.validity.forward import next_weeks, raised_pages
from core.validity.metrics import Estimate, spread_by_owner
from core.validity.pages import LAYOUT, Pages, last_monday, mondays, pages_of
from core.validity.study import Study, attempt, demand, skipped
from core.validity.table import Row
from core.weights import CURRENT

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

HISTORY_DAYS = 60.0  # days of posts before the first Monday that is scored
RISE_DAYS, RISE = 28.0, 4.0
RECENT_POSTS = 4  # in those days: one a week, or nothing lasted
TWEETS = Layout(texts=("user", "status_id"), moments=("created_at",), counts=("replies", "retweets", "favorites"))


def facebook(study: Study) -> list[Row]:
    """Return everything that pages tell: the weeks ahead, calm weeks, and a rise that lasts."""
    sheet = study.sheet("facebook_pages", LAYOUT)
    pages = pages_of(sheet)
    demand(pages.count, "pages")
    name = "facebook_pages"
    return [
        *next_weeks(pages, study, skipped(sheet)),
        raised_pages(pages, study),
        *attempt(name, "|weekly move|", marks.CALM_MEDIAN, lambda: calm_weeks(name, pages, study, marked=True)),
        *attempt(name, "quadruple.rise", marks.SUSTAINED_RISE, lambda: lasting_rise(pages, study)),
    ]


def twitter(study: Study) -> list[Row]:
    """Return how calm the score of single accounts stays over years; too few accounts for an error."""
    return calm_weeks("twitter_ratio", tweets(study), study, marked=False)


def tweets(study: Study) -> Pages:
    """Return the accounts of twitter_ratio with their posts; raises Absent or Unusable."""
    sheet = study.sheet("twitter_ratio", TWEETS)
    names, owner = np.unique(sheet.texts["user"], return_inverse=True)
    return Pages(
        network="x",
        count=len(names),
        page=owner.astype(np.int64),
        day=sheet.numbers["created_at"],
        likes=sheet.numbers["favorites"],
        comments=sheet.numbers["replies"],
        shares=sheet.numbers["retweets"],
    )


def weekly_moves(pages: Pages) -> tuple[Floats, Ints]:
    """Return |change of S| from Monday to Monday and whose it is, where both ends have enough posts to be sure of."""
    days = mondays(pages.day.min() + HISTORY_DAYS, pages.day.max())
    if len(days) < 2:
        raise Unusable("posts cover too few weeks: two Mondays with 60 days of posts before them are needed.")
    found = [score_many(pages.as_of(float(day))) for day in days]
    sure = np.stack([one.inputs.posts >= CURRENT.ok_posts for one in found])
    moved = np.abs(np.diff(np.stack([one.s for one in found]), axis=0))
    both = sure[1:] & sure[:-1]
    owner = np.broadcast_to(np.arange(pages.count), both.shape)
    return moved[both], owner[both]


def calm_weeks(name: str, pages: Pages, study: Study, *, marked: bool) -> list[Row]:
    """Return quantiles and shares of weekly moves; errors by page."""
    moves, owner = weekly_moves(pages)
    demand(len(moves), "page-weeks")
    median, share = (marks.CALM_MEDIAN, marks.CALM_SHARE) if marked else (None, None)
    measures = (
        ("median |weekly move|", _quantile(0.5), median),
        ("p90 |weekly move|", _quantile(0.9), None),
        ("p95 |weekly move|", _quantile(0.95), None),
        ("p99 |weekly move|", _quantile(0.99), None),
        ("share of weeks >= 2 points", _share(2.0), None),
        ("share of weeks >= 5 points", _share(5.0), share),
    )
    groups = len(np.unique(owner))
    note = f"{groups} accounts"
    rows = []
    for metric, of, goal in measures:
        if groups < 3:
            measured = Estimate(of(moves))
        else:
            measured = spread_by_owner(moves, owner, of, study.rng(name, metric), study.draws)
        rows.append(Row(name, metric, len(moves), measured, goal=goal, note=note))
    return rows


def _quantile(at: float) -> Callable[[Floats], float]:
    return lambda values: float(np.quantile(values, at))


def _share(points: float) -> Callable[[Floats], float]:
    return lambda values: float((values >= points).mean())


def lasting_rise(pages: Pages, study: Study) -> Row:
    """Return the median rise of S at the last Monday when the counts of the last four weeks are four times as high."""
    last = last_monday(pages)
    recent = np.bincount(
        pages.page[pages.between(last - RISE_DAYS, last - CURRENT.youngest_days)], minlength=pages.count
    )
    rise = scores(pages.as_of(last, recent=RISE_DAYS, factor=RISE)) - scores(pages.as_of(last))
    rise = rise[(recent >= RECENT_POSTS) & ~np.isnan(rise)]
    demand(len(rise), f"pages with {RECENT_POSTS} posts in the last four weeks")
    measured = spread_by_owner(
        rise, np.arange(len(rise)), _quantile(0.5), study.rng("facebook_pages", "rise"), study.draws
    )
    least = float(rise.min())
    return Row(
        "facebook_pages",
        "quadruple.rise",
        len(rise),
        Estimate(measured.value, measured.se, measured.low, measured.high, worst=least),
        goal=marks.SUSTAINED_RISE,
        note=f"least {least:.2f}",
    )
