"""Reads what is stored about one account: its posts, counts, followers and scores."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from sqlalchemy import Connection, and_, bindparam, func, select

from core.models import FollowerReading, Kind, NetworkScore, Post
from core.tables import (
    COUNTS,
    MS_A_DAY,
    AnyRow,
    accounts,
    from_date,
    from_ms,
    moment_or_none,
    post_counts,
    post_key,
    posts,
    score_details,
    snapshots,
    to_ms,
)

LIFETIME_BACK = 30  # days back that a lifetime counter is compared with (SCORING 3, GitHub)
LIFETIME_LEAST = 7  # days: nearer readings say too little


@dataclass(frozen=True, slots=True)
class Past:
    """What is stored about one account before a fetch.

    `posts` are those created since the asked moment, with their latest counts; moments are cut to milliseconds, so
    compare counts and not whole posts. `baselines` holds, by native id, the reading nearest 30 days back (at least 7)
    of every lifetime counter (posts with `opened_at`), with the moment it was read.
    """

    posts: tuple[Post, ...] = ()
    followers: tuple[FollowerReading, ...] = ()
    last_fetched_at: datetime | None = None
    known: bool = False
    baselines: Mapping[str, tuple[datetime, Post]] = field(default_factory=dict)


_ACCOUNT = select(accounts.c.id, accounts.c.fetched_at).where(
    accounts.c.network == bindparam("network"), accounts.c.native_id == bindparam("native_id")
)
_IDENTITY = tuple(posts.c[name] for name in ("native_id", "created_at", "kind", "url", "opened_at"))
_POSTS = (
    select(*_IDENTITY, *(posts.c[name] for name in COUNTS))
    .where(posts.c.account_id == bindparam("account"), posts.c.created_at >= bindparam("since"))
    .order_by(posts.c.created_at.desc(), posts.c.key)
)
_FOLLOWERS = (
    select(snapshots.c.at, snapshots.c.followers)
    .where(snapshots.c.account_id == bindparam("account"), snapshots.c.day >= bindparam("since"))
    .order_by(snapshots.c.day)
)


def account_of(conn: Connection, network: str, native_id: str) -> AnyRow | None:
    """The id and the last fetch of an account, or None when it is unknown."""
    return conn.execute(_ACCOUNT, {"network": network, "native_id": native_id}).first()


def past(conn: Connection, network: str, native_id: str, since: datetime, now: datetime) -> Past:
    """See Store.past."""
    account = account_of(conn, network, native_id)
    if account is None:
        return Past()
    known = _posts(conn, network, account.id, since)
    readings = conn.execute(_FOLLOWERS, {"account": account.id, "since": from_date(since.date())}).all()
    lifetime = [post for post in known if post.opened_at is not None]
    return Past(
        posts=known,
        followers=tuple(FollowerReading(fetched_at=from_ms(at), followers=count) for at, count in readings),
        last_fetched_at=moment_or_none(account.fetched_at),
        known=True,
        baselines=_baselines(conn, account.id, lifetime, from_date(now.date())) if lifetime else {},
    )


def _posts(conn: Connection, network: str, account_id: int, since: datetime) -> tuple[Post, ...]:
    rows = conn.execute(_POSTS, {"account": account_id, "since": to_ms(since)}).all()
    return tuple(_post(network, *row) for row in rows)


def _post(
    network: str, native_id: str, created: int, kind: Kind, url: str | None, opened: int | None, *counts: int | None
) -> Post:
    return Post(
        network=network,
        native_id=native_id,
        created_at=from_ms(created),
        kind=kind,
        url=url,
        opened_at=moment_or_none(opened),
        **dict(zip(COUNTS, counts, strict=True)),
    )


def _baselines(
    conn: Connection, account_id: int, lifetime: Sequence[Post], today: int
) -> dict[str, tuple[datetime, Post]]:
    """The reading of each lifetime counter nearest 30 days back; none that is nearer than 7 days."""
    until = today - LIFETIME_LEAST
    read_at = _reading_days(conn, account_id, until)
    c = post_counts.c
    rows = conn.execute(
        select(c.key, c.day, *(c[name] for name in COUNTS))
        .where(c.account_id == account_id, c.day <= until)
        .order_by(c.day)
    )
    by_key: dict[int, list[tuple[int, Sequence[int | None]]]] = {}
    for key, day, *counts in rows.all():
        by_key.setdefault(key, []).append((day, counts))
    return {
        post.native_id: _nearest(post, by_key[key], read_at, today - LIFETIME_BACK)
        for post in lifetime
        if (key := post_key(post.native_id)) in by_key
    }


def _reading_days(conn: Connection, account_id: int, until: int) -> dict[int, int]:
    """Every day up to `until` on which the account was read, with the moment in milliseconds."""
    c = snapshots.c
    rows = conn.execute(select(c.day, c.at).where(c.account_id == account_id, c.day <= until))
    return {row.day: row.at for row in rows}


def _nearest(
    post: Post, counted: Sequence[tuple[int, Sequence[int | None]]], read_at: Mapping[int, int], aim: int
) -> tuple[datetime, Post]:
    # A count stays what it was until a later row changes it, so every day the account was read on is a reading of it.
    first = counted[0][0]
    days = [day for day in read_at if day >= first] or [first]
    day = min(days, key=lambda day: (abs(day - aim), day))
    counts = next(counts for since, counts in reversed(counted) if since <= day)
    at = read_at.get(day, day * MS_A_DAY)
    return from_ms(at), post.model_copy(update=dict(zip(COUNTS, counts, strict=True)))


def posts_since(conn: Connection, network: str, native_id: str, since: datetime) -> tuple[Post, ...]:
    """See Store.posts."""
    account = account_of(conn, network, native_id)
    return () if account is None else _posts(conn, network, account.id, since)


def counts_as_of(conn: Connection, network: str, native_id: str, day: date) -> tuple[Post, ...]:
    """See Store.counts_as_of."""
    account = account_of(conn, network, native_id)
    if account is None:
        return ()
    c, p = post_counts.c, posts.c
    latest = (
        select(c.key, func.max(c.day).label("day"))
        .where(c.account_id == account.id, c.day <= from_date(day))
        .group_by(c.key)
        .subquery()
    )
    rows = conn.execute(
        select(*_IDENTITY, *(c[name] for name in COUNTS))
        .select_from(latest)
        .join(post_counts, and_(c.account_id == account.id, c.key == latest.c.key, c.day == latest.c.day))
        .join(posts, and_(p.account_id == account.id, p.key == latest.c.key))
        .order_by(p.created_at.desc(), p.key)
    )
    return tuple(_post(network, *row) for row in rows.all())


def scores(
    conn: Connection, network: str, native_id: str, since: datetime, model_version: str | None
) -> tuple[NetworkScore, ...]:
    """See Store.scores."""
    d = score_details.c
    query = (
        select(d.detail)
        .join(accounts, accounts.c.id == d.account_id)
        .where(accounts.c.network == network, accounts.c.native_id == native_id, d.day >= from_date(since.date()))
        .order_by(d.day)
    )
    if model_version is not None:
        query = query.where(d.model_version == model_version)
    return tuple(NetworkScore.model_validate_json(detail) for detail in conn.scalars(query))
