"""What may be kept how long (DESIGN 3, CONNECTORS 14), and the purge that deletes the rest in small transactions."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import ColumnElement, Connection, Table, and_, bindparam, delete, exists, select, update

from core.creators import set_setting, setting
from core.tables import (
    account_refresh,
    account_scores,
    accounts,
    creator_accounts,
    creator_days,
    creators,
    from_date,
    misses,
    post_counts,
    posts,
    score_details,
    snapshots,
    to_ms,
)

UNTRACKED_FOR = timedelta(days=7)  # after the last fetch of an account nobody tracks; and the age of its counts
COUNTS_FOR = timedelta(days=190)  # after publication: two windows and some, so that a change can be explained
SCORES_FOR = timedelta(days=400)  # a year and a month: the same week of last year can be compared
HASTY = timedelta(days=7)  # what a network lets stand for less than this is purged every hour rather than every day
READ_BACK = timedelta(days=91)  # a post older than this is no longer fetched, so its last fetch was then
PAGE = 100  # accounts a transaction: some milliseconds, so that no lookup waits long for its turn to write

NOBODY = ""  # the team of settings that belong to no team
PURGED_ON = "purged_on"


class Keep(NamedTuple):
    """From when on an account's rows are kept: posts by creation in ms, the others by day number."""

    posts: int
    counts: int
    snapshots: int
    scores: int
    details: int


class Purged(NamedTuple):
    """What a page came to: the last account id seen, or None at the end, and how many accounts were emptied."""

    last_id: int | None
    emptied: int


def keep(tracked: bool, own: timedelta | None, now: datetime) -> Keep:
    """The limits of one account; `own` is its network's limit since the last fetch, which applies on top."""
    raw = min([limit for limit in (own, None if tracked else UNTRACKED_FOR) if limit is not None], default=SCORES_FOR)
    scores = SCORES_FOR if tracked else UNTRACKED_FOR
    return Keep(
        posts=to_ms(now - (COUNTS_FOR if own is None else min(COUNTS_FOR, READ_BACK + own))),
        counts=_day(now - raw),
        snapshots=_day(now - raw),
        scores=_day(now - scores),
        details=_day(now - min(scores, raw)),
    )


def lapses(tracked: bool, own: timedelta | None) -> timedelta | None:
    """How long after its last fetch an account's raw counts and profile go as a whole; None for never."""
    limits = [limit for limit in (own, None if tracked else UNTRACKED_FOR) if limit is not None]
    return min(limits, default=None)


def _day(moment: datetime) -> int:
    return from_date(moment.date())


_LINKED = exists().where(creator_accounts.c.account_id == accounts.c.id)
# Whether any team tracks the account of the row beside it.
TRACKED = exists().where(
    creator_accounts.c.account_id == accounts.c.id,
    creators.c.id == creator_accounts.c.creator_id,
    creators.c.tracked_since.is_not(None),
)


_FOUND = select(
    accounts.c.id,
    accounts.c.network,
    accounts.c.fetched_at,
    accounts.c.reading.is_not(None).label("read"),
    _LINKED.label("linked"),
    TRACKED.label("tracked"),
).limit(PAGE)
_PAGE = _FOUND.where(accounts.c.id > bindparam("after")).order_by(accounts.c.id)
# by way of the index of networks: few accounts are on those, and a walk by id would read all the others
_PAGE_OF = _FOUND.where(
    accounts.c.id + 0 > bindparam("after"), accounts.c.network.in_(bindparam("networks", expanding=True))
).order_by(accounts.c.id + 0)


def purge_page(
    conn: Connection, now: datetime, retention: Mapping[str, timedelta], after: int, networks: Sequence[str] = ()
) -> Purged:
    """Apply the limits to the next `PAGE` accounts after the id `after`, to those on some `networks` alone."""
    which, few = (_PAGE_OF, {"networks": list(networks)}) if networks else (_PAGE, {})
    rows = conn.execute(which, {"after": after, **few}).all()
    gone: list[int] = []
    bare: list[int] = []
    unread: list[int] = []
    kept: dict[Keep, list[int]] = {}
    for row in rows:
        own = retention.get(row.network)
        lapsed = _lapsed(row.fetched_at, lapses(row.tracked, own), now)
        if lapsed and not row.linked:
            gone.append(row.id)
        elif lapsed and row.read:
            (unread if row.tracked else bare).append(row.id)
        else:
            kept.setdefault(keep(row.tracked, own, now), []).append(row.id)
    for limits, ids in kept.items():
        _trim(conn, limits, ids)
    _empty(conn, unread, (posts, snapshots, score_details))
    _empty(conn, bare, (posts, snapshots, score_details, account_scores))
    _delete(conn, accounts, accounts.c.id.in_(gone), gone)
    return Purged(rows[-1].id if rows else None, len(gone) + len(bare) + len(unread))


def _lapsed(fetched_at: int | None, limit: timedelta | None, now: datetime) -> bool:
    return limit is not None and (fetched_at or 0) < to_ms(now - limit)


def _trim(conn: Connection, limits: Keep, ids: Sequence[int]) -> None:
    _delete(conn, posts, and_(posts.c.account_id.in_(ids), posts.c.created_at < limits.posts), ids)
    _delete(conn, post_counts, _superseded(ids, limits.counts), ids)
    for table, day in (
        (snapshots, limits.snapshots),
        (account_scores, limits.scores),
        (score_details, limits.details),
    ):
        _delete(conn, table, and_(table.c.account_id.in_(ids), table.c.day < day), ids)


def _superseded(ids: Sequence[int], day: int) -> ColumnElement[bool]:
    # The last row before the limit stays: until a later one comes, it says what the count is today.
    c, later = post_counts.c, post_counts.alias("later").c
    return and_(
        c.account_id.in_(ids),
        c.day < day,
        exists().where(later.account_id == c.account_id, later.key == c.key, later.day > c.day, later.day <= day),
    )


def _empty(conn: Connection, ids: Sequence[int], tables: Iterable[Table]) -> None:
    """Leave the accounts' identity and nothing that was read of them."""
    for table in tables:
        _delete(conn, table, table.c.account_id.in_(ids), ids)
    if ids:
        blank = {"reading": None, "failure": None, "failed_at": None, "fetched_at": None}
        conn.execute(update(accounts).where(accounts.c.id.in_(ids)).values(blank))


def _delete(conn: Connection, table: Table, which: ColumnElement[bool], ids: Sequence[int]) -> None:
    if ids:
        conn.execute(delete(table).where(which))


def purge_days(conn: Connection, now: datetime, after: int) -> int | None:
    """Delete days older than scores are kept, of the next creators after the id `after`; the last id, None at the end.

    After the last one, whatever no team tracks any more leaves the queue of accounts to read again.
    """
    c = creators.c
    ids = list(conn.scalars(select(c.id).where(c.id > after).order_by(c.id).limit(PAGE)))
    days = creator_days.c
    _delete(conn, creator_days, and_(days.creator_id.in_(ids), days.day < _day(now - SCORES_FOR)), ids)
    if ids:
        return int(ids[-1])
    followed = exists().where(accounts.c.id == account_refresh.c.account_id, TRACKED)
    conn.execute(delete(account_refresh).where(~followed))
    return None


def purge_misses(conn: Connection, now: datetime) -> None:
    """Forget which handles were not found once the hour is over."""
    conn.execute(delete(misses).where(misses.c.until <= to_ms(now)))


def purged_today(conn: Connection, now: datetime) -> bool:
    """Whether a purge has run to its end on this UTC day."""
    return setting(conn, NOBODY, PURGED_ON) == now.date().isoformat()


def note_purge(conn: Connection, now: datetime) -> None:
    """Note that today's purge has run to its end."""
    set_setting(conn, NOBODY, PURGED_ON, now.date().isoformat())
