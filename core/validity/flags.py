"""Labelled accounts: does the ratio of following to followers tell bought and fake accounts from people?"""

import numpy as np

from core.authenticity import follow_ratio
from core.validity import marks
from core.validity.files import Layout
from core.validity.marks import Goal
from core.validity.metrics import paired_auc
from core.validity.study import Study, demand, skipped
from core.validity.table import FOLLOWERS, Row


def labelled(
    study: Study, name: str, followers: str, following: str, label: str, goal: Goal | None, note: str = ""
) -> list[Row]:
    """Return the AUC of the mass-follow ratio for the label 1, beside few followers alone; errors by account."""
    sheet = study.sheet(name, Layout(counts=(followers, following, label)))
    size, follows, marked = (sheet.numbers[column] for column in (followers, following, label))
    known = ~(np.isnan(size) | np.isnan(follows)) & np.isin(marked, (0.0, 1.0))
    size, follows, positive = size[known], follows[known], marked[known] == 1.0
    demand(min(int(positive.sum()), int((~positive).sum())), "accounts of either label")
    rng = study.rng(name, "auc")
    even = np.full(len(size), 1.0 / len(size))
    weights = rng.multinomial(len(size), even, size=study.draws).astype(np.float64)
    measured = paired_auc(positive, follow_ratio(size, follows), -size, weights)
    told = "; ".join(filter(None, ("following / followers", note, skipped(sheet))))
    return [Row(name, "auc", len(size), measured, FOLLOWERS, goal, told)]


def bought_followers(study: Study) -> list[Row]:
    """Return the row of fake_followers."""
    return labelled(study, "fake_followers", "followers_count", "friends_count", "fake", marks.BOUGHT)


def fake_accounts(study: Study) -> list[Row]:
    """Return the row of instafake."""
    return labelled(study, "instafake", "userFollowerCount", "userFollowingCount", "isFake", marks.FAKE)


def bots(study: Study) -> list[Row]:
    """Return the row of twitter_bots, whose labels are too noisy for a mark."""
    note = "noisy labels, reported only"
    return labelled(study, "twitter_bots", "followers_count", "friends_count", "bot", None, note)
