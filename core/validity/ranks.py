"""Orders made by others: vendors' lists and scores, and the reach that only an owner sees. Sanity checks, not truth."""

import numpy as np
from numpy.typing import NDArray

from core.models import Action
from core.validity import marks
from core.validity.accounts import equal_posts, scores
from core.validity.files import Layout, Sheet
from core.validity.marks import Goal
from core.validity.study import Study, rho_row, skipped
from core.validity.table import Row
from core.weights import CURRENT

Floats = NDArray[np.float64]

LISTS = Layout(
    texts=("platform", "month", "handle"),
    counts=("src_row", "followers", "likes_avg", "comments_avg", "shares_avg", "eng_avg"),
)
LISTED_POSTS = 26  # equal posts a creator of a list: two a week
RANKED = ("instagram", "tiktok")  # YouTube's lists are ordered by subscribers
UNRANKED_MONTHS = ("2022-06", "undated")  # lists in no rank order
VENDOR_GOALS = {"instagram": marks.VENDOR_INSTAGRAM, "tiktok": marks.VENDOR_TIKTOK}

ACCOUNTS = Layout(texts=("channel_info",), scaled=("influence_score", "followers", "new_post_avg_like"))
PAGE_POSTS = Layout(counts=("T_Reach", "T_Impression", "like", "comment", "share"), separator=";")
OWN_POSTS = Layout(counts=("Impressions", "Likes", "Comments", "Shares", "Saves"))


def vendor_lists(study: Study) -> list[Row]:
    """Return how S agrees with each ranked list, and how S of the first month orders the engagement of the last."""
    sheet = study.sheet("hypeauditor_2022", LISTS)
    months = sorted(set(sheet.texts["month"].tolist()) - {"undated"})
    ranked = [month for month in months if month not in UNRANKED_MONTHS]
    rows = []
    for platform in RANKED:
        for month in ranked:
            goal = VENDOR_GOALS[platform] if month == ranked[-1] else None
            rows.append(_order(_part(sheet, platform, month), platform, month, goal, study))
    if len(months) > 1:
        rows += [_later(sheet, platform, months[0], months[-1], study) for platform in (*RANKED, "youtube")]
    return rows


def _part(sheet: Sheet, platform: str, month: str) -> Sheet:
    return sheet.where((sheet.texts["platform"] == platform) & (sheet.texts["month"] == month))


def _scores(part: Sheet, platform: str) -> Floats:
    """Score creators by their averages: Instagram's engagement stands as likes, elsewhere each count as what it is."""
    numbers = part.numbers
    counts: dict[Action, Floats]
    if platform == "instagram":
        counts = {"likes": numbers["eng_avg"]}
    else:
        counts = {"likes": numbers["likes_avg"], "replies": numbers["comments_avg"]}
        if platform == "tiktok":
            counts["reposts"] = numbers["shares_avg"]
    return scores(equal_posts(platform, LISTED_POSTS, counts, followers=numbers["followers"]))


def _engagement(part: Sheet, platform: str) -> Floats:
    numbers = part.numbers
    if platform == "instagram":
        return numbers["eng_avg"]
    shares = np.nan_to_num(numbers["shares_avg"]) if platform == "tiktok" else 0.0
    total: Floats = numbers["likes_avg"] + np.nan_to_num(numbers["comments_avg"]) + shares
    return total


def _order(part: Sheet, platform: str, month: str, goal: Goal | None, study: Study) -> Row:
    name, metric = "hypeauditor_2022", f"rho order {platform} {month}"
    s, size, rank = _scores(part, platform), part.numbers["followers"], -part.numbers["src_row"]
    return rho_row(name, metric, s, size, rank, study, goal=goal)


def _later(sheet: Sheet, platform: str, first: str, last: str, study: Study) -> Row:
    """S in the first month against engagement in the last, creators in both lists."""
    before, after = _part(sheet, platform, first), _part(sheet, platform, last)
    _, here, there = np.intersect1d(before.texts["handle"], after.texts["handle"], return_indices=True)
    s, size = _scores(before, platform)[here], before.numbers["followers"][here]
    metric = f"rho {platform} {first} to engagement {last}"
    return rho_row("hypeauditor_2022", metric, s, size, _engagement(after, platform)[there], study)


def vendor_score(study: Study) -> list[Row]:
    """Return how S agrees with an undocumented vendor's score; reported only."""
    sheet = study.sheet("top_insta", ACCOUNTS)
    numbers = sheet.numbers
    likes: dict[Action, Floats] = {"likes": numbers["new_post_avg_like"]}
    s = scores(equal_posts("instagram", LISTED_POSTS, likes, followers=numbers["followers"]))
    truth = numbers["influence_score"]
    note = "; ".join(filter(None, ("undocumented score, reported only", skipped(sheet))))
    return [rho_row("top_insta", "rho vendor score", s, numbers["followers"], truth, study, note=note)]


def page_reach(study: Study) -> list[Row]:
    """Return how weighted reactions E of a page's posts stand in for their reach and impressions."""
    sheet = study.sheet("uci_facebook", PAGE_POSTS)
    numbers, act = sheet.numbers, CURRENT.actions
    e = act.likes * numbers["like"] + act.comments * numbers["comment"] + act.shares * numbers["share"]
    note = skipped(sheet)
    return [
        rho_row("uci_facebook", f"rho E {what}", e, numbers["like"], numbers[column], study, "likes", note=note)
        for what, column in (("reach", "T_Reach"), ("impressions", "T_Impression"))
    ]


def own_impressions(study: Study) -> list[Row]:
    """Return how weighted reactions E of one account's posts stand in for their impressions."""
    sheet = study.sheet("instagram_single", OWN_POSTS)
    numbers, act = sheet.numbers, CURRENT.actions
    e = act.likes * numbers["Likes"] + act.comments * numbers["Comments"] + act.shares * numbers["Shares"]
    e = e + act.saves * numbers["Saves"]
    truth, note = numbers["Impressions"], skipped(sheet)
    name = "instagram_single"
    return [rho_row(name, "rho E impressions", e, numbers["Likes"], truth, study, "likes", note=note)]
