"""Reads from the database what is known about accounts; every function runs on an open connection."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    CompoundSelect,
    Connection,
    Select,
    and_,
    bindparam,
    func,
    literal,
    null,
    or_,
    select,
    union_all,
)

from core.models import Failure, FollowerReading, NetworkReading, NetworkScore, Post
from core.tables import (
    COUNTS,
    AnyRow,
    account_scores,
    accounts,
    creator_accounts,
    creators,
    from_date,
    from_ms,
    handle_key,
    misses,
    post_counts,
    posts,
    score_details,
    snapshots,
    to_date,
    to_ms,
)

Pair = tuple[str, str]
"""A network and a handle on it."""

LIFETIME_BACK = 30  # days back that a lifetime counter is compared with (SCORING 3, GitHub)
LIFETIME_LEAST = 7  # days: nearer readings say too little


class ScorePoint(NamedTuple):
    """The score of one account on one UTC day under one version; the figures are None where the state has no number."""

    day: date
    at: datetime
    score: float | None
    low: float | None
    high: float | None
    state: str
    model_version: str
    weights_version: str


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


@dataclass(frozen=True, slots=True)
class StoredAccount:
    """One account with its last good reading.

    `reading.failure` and `.status` tell of a failed attempt after it. `fetched_at` is None when only the account's
    identity is known.
    """

    account_id: int
    reading: NetworkReading
    fetched_at: datetime | None
    failed_at: datetime | None


@dataclass(frozen=True, slots=True)
class StoredCreator:
    """What is stored under one name: a team's creator (`linked`), else every account of that handle.

    `history` maps account ids to their scores, oldest first. `misses` are the asked handles that no network had within
    the last hour.
    """

    name: str | None
    linked: bool
    accounts: tuple[StoredAccount, ...] = ()
    history: Mapping[int, tuple[ScorePoint, ...]] = field(default_factory=dict)
    misses: Mapping[Pair, Failure] = field(default_factory=dict)


# --- the warm path: one statement for the accounts, one for their scores ----------------------------------------------

CREATOR, ACCOUNT, MISS = 0, 1, 2


def _param(name: str) -> BindParameter[Any]:
    return bindparam(name)


def _is_candidate(columns: Any, count: int) -> ColumnElement[bool]:
    return or_(*(and_(columns.network == _param(f"n{i}"), columns.handle_key == _param(f"k{i}")) for i in range(count)))


def _account_columns() -> list[ColumnElement[Any]]:
    c = accounts.c
    return [c.id, c.network, c.native_id, c.handle, c.status, c.fetched_at, c.failed_at, c.failure, c.reading]


def _creator_select(count: int) -> Select[Any]:
    named = creators.c.name_key == _param("key")
    alias = accounts.alias("alias")
    wanted = named
    if count:
        through = (
            select(creator_accounts.c.creator_id)
            .join(alias, alias.c.id == creator_accounts.c.account_id)
            .where(creator_accounts.c.team == _param("team"), _is_candidate(alias.c, count))
        )
        wanted = or_(named, creators.c.id.in_(through))
    return (
        select(literal(CREATOR).label("kind"), creators.c.id.label("creator_id"), creators.c.name, named.label("named"))
        .add_columns(*_account_columns())
        .select_from(creators)
        .outerjoin(creator_accounts, creator_accounts.c.creator_id == creators.c.id)
        .outerjoin(accounts, accounts.c.id == creator_accounts.c.account_id)
        .where(creators.c.team == _param("team"), wanted)
    )


def _account_select(count: int) -> Select[Any]:
    return select(literal(ACCOUNT), null(), null(), literal(False), *_account_columns()).where(
        _is_candidate(accounts.c, count)
    )


def _miss_select(count: int) -> Select[Any]:
    c = misses.c
    blank = [null()] * 3
    return select(
        literal(MISS),
        null(),
        null(),
        literal(False),
        null(),
        c.network,
        null(),
        c.handle_key,
        *blank,
        c.failure,
        null(),
    ).where(_is_candidate(c, count), c.until > _param("now"))


@cache
def _find_statement(count: int, *, with_creators: bool) -> CompoundSelect[Any] | Select[Any]:
    parts = [_creator_select(count)] if with_creators else []
    if count:
        parts += [_account_select(count), _miss_select(count)]
    return union_all(*parts) if len(parts) > 1 else parts[0]


_HISTORY = (
    select(account_scores)
    .where(
        account_scores.c.account_id.in_(bindparam("ids", expanding=True)),
        account_scores.c.day >= _param("since"),
    )
    .order_by(account_scores.c.account_id, account_scores.c.day, account_scores.c.at)
)


def find(
    conn: Connection,
    team: str,
    key: str,
    network: str | None,
    candidates: Sequence[Pair],
    history_since: datetime | None,
    now: datetime,
) -> StoredCreator | None:
    """See Store.find."""
    pairs = tuple(dict.fromkeys((net, handle_key(handle)) for net, handle in candidates))
    with_creators = network is None
    if not pairs and not with_creators:
        return None
    values: dict[str, Any] = {"now": to_ms(now)}
    if with_creators:
        values |= {"team": team, "key": handle_key(key)}
    for i, (net, handle) in enumerate(pairs):
        values[f"n{i}"], values[f"k{i}"] = net, handle
    rows = conn.execute(_find_statement(len(pairs), with_creators=with_creators), values).all()
    if not rows:
        return None
    return _stored_creator(conn, rows, history_since)


def _stored_creator(conn: Connection, rows: Sequence[AnyRow], since: datetime | None) -> StoredCreator:
    owned = _chosen_creator(rows)
    linked = bool(owned)
    chosen = owned or [row for row in rows if row.kind == ACCOUNT]
    found = tuple(stored_account(row) for row in chosen if row.id is not None)
    return StoredCreator(
        name=owned[0].name if owned else None,
        linked=linked,
        accounts=found,
        history=_history(conn, [account.account_id for account in found], since),
        misses={
            (row.network, row.handle): Failure.model_validate_json(row.failure) for row in rows if row.kind == MISS
        },
    )


def _chosen_creator(rows: Sequence[AnyRow]) -> list[AnyRow]:
    """The rows of the creator of that name; else of the only creator that owns an account of that handle."""
    of_creators = [row for row in rows if row.kind == CREATOR]
    named = [row for row in of_creators if row.named]
    if named or len({row.creator_id for row in of_creators}) == 1:
        return named or of_creators
    return []


def stored_account(row: AnyRow) -> StoredAccount:
    """One row of `accounts` as it leaves the store."""
    if row.reading is None:
        reading = NetworkReading(network=row.network, status="stale", handle=row.handle, native_id=row.native_id)
    else:
        reading = NetworkReading.model_validate_json(row.reading)
    if row.failure is not None:
        failure = Failure.model_validate_json(row.failure)
        reading = reading.model_copy(update={"failure": failure, "status": row.status})
    return StoredAccount(row.id, reading, _moment(row.fetched_at), _moment(row.failed_at))


def _moment(ms: int | None) -> datetime | None:
    return None if ms is None else from_ms(ms)


def _history(conn: Connection, account_ids: Sequence[int], since: datetime | None) -> dict[int, tuple[ScorePoint, ...]]:
    if since is None or not account_ids:
        return {}
    points: dict[int, list[ScorePoint]] = {}
    rows = conn.execute(_HISTORY, {"ids": list(account_ids), "since": from_date(since.date())})
    for account_id, day, model, weights, at, state, score, low, high in rows:
        point = ScorePoint(to_date(day), from_ms(at), score, low, high, state, model, weights)
        points.setdefault(account_id, []).append(point)
    return {account_id: tuple(found) for account_id, found in points.items()}


def missed(conn: Connection, pairs: Iterable[Pair], now: datetime) -> dict[Pair, Failure]:
    """See Store.missed."""
    wanted = {(network, handle_key(handle)) for network, handle in pairs}
    if not wanted:
        return {}
    values: dict[str, Any] = {"now": to_ms(now)}
    for i, (network, handle) in enumerate(wanted):
        values[f"n{i}"], values[f"k{i}"] = network, handle
    rows = conn.execute(_miss_select(len(wanted)), values)
    return {(row.network, row.handle_key): Failure.model_validate_json(row.failure) for row in rows}


# --- one account's past -----------------------------------------------------------------------------------------------

_ACCOUNT = select(accounts.c.id, accounts.c.fetched_at).where(
    accounts.c.network == _param("network"), accounts.c.native_id == _param("native_id")
)
_POSTS = select(posts).where(posts.c.account_id == _param("account"), posts.c.created_at >= _param("since"))
_FOLLOWERS = (
    select(snapshots.c.at, snapshots.c.followers)
    .where(snapshots.c.account_id == _param("account"), snapshots.c.day >= _param("since"))
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
    rows = conn.execute(_POSTS, {"account": account.id, "since": to_ms(since)}).all()
    readings = conn.execute(_FOLLOWERS, {"account": account.id, "since": from_date(since.date())})
    return Past(
        posts=tuple(_post(network, row, row) for row in rows),
        followers=tuple(FollowerReading(fetched_at=from_ms(at), followers=count) for at, count in readings),
        last_fetched_at=_moment(account.fetched_at),
        known=True,
        baselines=_baselines(conn, network, account.id, [row for row in rows if row.opened_at is not None], now),
    )


def _post(network: str, row: AnyRow, counts: AnyRow) -> Post:
    return Post(
        network=network,
        native_id=row.native_id,
        created_at=from_ms(row.created_at),
        kind=row.kind,
        url=row.url,
        opened_at=_moment(row.opened_at),
        likes=counts.likes,
        reposts=counts.reposts,
        replies=counts.replies,
        quotes=counts.quotes,
        saves=counts.saves,
        views=counts.views,
    )


def _baselines(
    conn: Connection, network: str, account_id: int, lifetime: Sequence[AnyRow], now: datetime
) -> dict[str, tuple[datetime, Post]]:
    if not lifetime:
        return {}
    today = from_date(now.date())
    read_at = _reading_days(conn, account_id, today - LIFETIME_LEAST)
    if not read_at:
        return {}
    by_key: dict[int, list[AnyRow]] = {}
    counted = select(post_counts).where(
        post_counts.c.account_id == account_id, post_counts.c.day <= today - LIFETIME_LEAST
    )
    for row in conn.execute(counted.order_by(post_counts.c.day)):
        by_key.setdefault(row.key, []).append(row)
    found: dict[str, tuple[datetime, Post]] = {}
    for post in lifetime:
        if counts := by_key.get(post.key):
            found[post.native_id] = _nearest(network, post, counts, read_at, today - LIFETIME_BACK)
    return found


def _reading_days(conn: Connection, account_id: int, until: int) -> dict[int, int]:
    """Every day up to `until` on which the account was read, with the moment in milliseconds."""
    c = snapshots.c
    rows = conn.execute(select(c.day, c.at).where(c.account_id == account_id, c.day <= until))
    return {row.day: row.at for row in rows}


def _nearest(
    network: str, post: AnyRow, counts: Sequence[AnyRow], read_at: Mapping[int, int], aim: int
) -> tuple[datetime, Post]:
    # A count stays what it was until a later row changes it, so every day the account was read on is a reading of it.
    first = counts[0].day
    days = [day for day in read_at if day >= first] or [first]
    day = min(days, key=lambda day: (abs(day - aim), day))
    row = next(row for row in reversed(counts) if row.day <= day)
    at = from_ms(read_at[day]) if day in read_at else from_ms(day * 86_400_000)
    return at, _post(network, post, row)


def posts_since(conn: Connection, network: str, native_id: str, since: datetime) -> tuple[Post, ...]:
    """See Store.posts."""
    account = account_of(conn, network, native_id)
    if account is None:
        return ()
    rows = conn.execute(_POSTS, {"account": account.id, "since": to_ms(since)})
    return tuple(_post(network, row, row) for row in rows)


def counts_as_of(conn: Connection, network: str, native_id: str, day: date) -> tuple[Post, ...]:
    """See Store.counts_as_of."""
    account = account_of(conn, network, native_id)
    if account is None:
        return ()
    c = post_counts.c
    latest = (
        select(c.key, func.max(c.day).label("day"))
        .where(c.account_id == account.id, c.day <= from_date(day))
        .group_by(c.key)
        .subquery()
    )
    p = posts.c
    rows = conn.execute(
        select(p.native_id, p.created_at, p.kind, p.url, p.opened_at, *(c[name] for name in COUNTS))
        .select_from(latest)
        .join(post_counts, and_(c.account_id == account.id, c.key == latest.c.key, c.day == latest.c.day))
        .join(posts, and_(p.account_id == account.id, p.key == latest.c.key))
    )
    return tuple(_post(network, row, row) for row in rows)


def scores(
    conn: Connection, network: str, native_id: str, since: datetime, model_version: str | None
) -> tuple[NetworkScore, ...]:
    """See Store.scores."""
    d = score_details.c
    query = (
        select(d.detail, d.draws)
        .join(accounts, accounts.c.id == d.account_id)
        .where(accounts.c.network == network, accounts.c.native_id == native_id, d.day >= from_date(since.date()))
        .order_by(d.day)
    )
    if model_version is not None:
        query = query.where(d.model_version == model_version)
    return tuple(
        NetworkScore.model_validate_json(row.detail).model_copy(update={"draws": row.draws})
        for row in conn.execute(query)
    )
