"""Facebook pages with all their posts of some months, to be looked at from any day among them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.scoring import Columns
from core.validity.accounts import lay
from core.validity.files import Layout, Sheet
from core.weights import CURRENT

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

LAYOUT = Layout(
    texts=("page", "status_id"),
    moments=("status_published",),
    counts=("num_reactions", "num_comments", "num_shares"),
)
MONDAY = 4  # days since 1970-01-01, a Thursday, on which the first Monday fell
WEEK = 7


def mondays(first: float, last: float) -> Floats:
    """Return the Mondays from `first` to `last`, in days since 1970."""
    begin = np.ceil((first - MONDAY) / WEEK) * WEEK + MONDAY
    found: Floats = np.arange(begin, np.nextafter(last, np.inf), WEEK)
    return found


def last_monday(pages: "Pages") -> float:
    """Return the last Monday that the posts reach, in days since 1970."""
    newest = float(pages.day.max())
    return float(mondays(newest - WEEK, newest)[-1])


@dataclass(frozen=True, slots=True)
class Pages:
    """Posts as columns, in order of page; `page` is an index below `count`, `day` days since 1970."""

    network: str
    count: int
    page: Ints
    day: Floats
    likes: Floats
    comments: Floats
    shares: Floats

    @property
    def reactions(self) -> Floats:
        """Raw reactions of each post: likes, comments and shares."""
        total: Floats = self.likes + self.comments + self.shares
        return total

    def between(self, first: float, last: float) -> Bools:
        """Return which posts were published from `first` to before `last`."""
        return (self.day >= first) & (self.day < last)

    def as_of(
        self, clock: float, back: float = CURRENT.window_days, recent: float = 0.0, factor: float = 1.0
    ) -> Columns:
        """Return every page as it stood at `clock`, from its posts of the last `back` days.

        Counts are the final ones: the files hold no others. Posts of the last `recent` days get `factor` times theirs.
        """
        seen = self.between(clock - back, clock)
        age = clock - self.day[seen]
        scale = np.where(age < recent, factor, 1.0)
        return lay(
            self.network,
            self.page[seen],
            age,
            {
                "likes": self.likes[seen] * scale,
                "replies": self.comments[seen] * scale,
                "reposts": self.shares[seen] * scale,
            },
            self.count,
        )

    def per_page(self, posts: Bools, value: Floats, of: str) -> Floats:
        """Return the `sum` or `median` of a value over the chosen posts of each page, NaN where there is none."""
        owner, chosen = self.page[posts], value[posts]
        order = np.lexsort((chosen, owner))
        owner, chosen = owner[order], chosen[order]
        size = np.bincount(owner, minlength=self.count)
        held = size > 0
        start = (np.cumsum(size) - size)[held]
        result = np.full(self.count, np.nan)
        if of == "sum":
            result[held] = np.add.reduceat(chosen, start)
        else:
            result[held] = (chosen[start + (size[held] - 1) // 2] + chosen[start + size[held] // 2]) / 2.0
        return result


def pages_of(sheet: Sheet) -> Pages:
    """Return the pages; a post that stands twice under one page counts once."""
    names, page = np.unique(sheet.texts["page"], return_inverse=True)
    ids = sheet.texts["status_id"]
    again = np.zeros(len(sheet), dtype=np.bool_)
    again[1:] = (page[1:] == page[:-1]) & (ids[1:] == ids[:-1])  # rows are sorted by page and id
    numbers = sheet.where(~again).numbers
    return Pages(
        network="facebook",
        count=len(names),
        page=page[~again].astype(np.int64),
        day=numbers["status_published"],
        likes=numbers["num_reactions"],
        comments=numbers["num_comments"],
        shares=numbers["num_shares"],
    )
