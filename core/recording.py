"""Writes one fetch of one account; every function runs inside one transaction of the caller."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import Connection, Dialect, Insert, Table, bindparam, delete, or_, select, update
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.sql.compiler import SQLCompiler

from core.grants import name_key, told
from core.keyring import Where, holds
from core.models import Failure, NetworkReading, NetworkScore, Post, Profile, Snapshot, Status
from core.tables import (
    COUNTS,
    AnyRow,
    account_refresh,
    account_scores,
    accounts,
    day_of,
    handle_history,
    handle_key,
    misses,
    post_counts,
    post_key,
    posts,
    score_details,
    snapshots,
    to_ms,
)


@dataclass(frozen=True, slots=True)
class Learnt:
    """What one fetch of one account taught: posts that are new or moved, and native ids of those that are gone."""

    snapshot: Snapshot
    reading: NetworkReading
    changed: tuple[Post, ...] = ()
    deleted: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Missed:
    """One account that could not be read; `native_id` is None for a handle that never was."""

    network: str
    failure: Failure
    status: Status
    handle: str
    native_id: str | None = None


MISS_FOR = timedelta(hours=1)  # how long "no such account" is believed without asking again


@cache
def upsert(table: Table, dialect: str, *kept: str) -> Insert:
    """The dialect's insert that overwrites every column of an existing row but its primary key and `kept`."""
    make = sqlite_insert if dialect == "sqlite" else postgresql_insert
    statement = make(table)
    key = [column.name for column in table.primary_key]
    fresh = {
        column.name: statement.excluded[column.name]
        for column in table.columns
        if column.name not in key and column.name not in kept
    }
    return statement.on_conflict_do_update(index_elements=key, set_=fresh)


@cache
def _upsert_account(dialect: str) -> Insert:
    make = sqlite_insert if dialect == "sqlite" else postgresql_insert
    statement = make(accounts)
    names = [c.name for c in accounts.columns if c.name not in {"id", "network", "native_id"}]
    fresh = {name: statement.excluded[name] for name in names}
    wanted = statement.values({name: bindparam(name) for name in ["network", "native_id", *names]})
    return wanted.on_conflict_do_update(index_elements=["network", "native_id"], set_=fresh).returning(accounts.c.id)


_SAME_NAME = select(
    accounts.c.id,
    accounts.c.native_id,
    accounts.c.handle,
    accounts.c.handle_key,
    accounts.c.handle_since,
    accounts.c.fetched_at,
    accounts.c.status_at,
).where(
    accounts.c.network == bindparam("network"),
    or_(accounts.c.native_id == bindparam("native_id"), accounts.c.handle_key == bindparam("handle_key")),
)


def record(
    conn: Connection,
    snapshot: Snapshot,
    reading: NetworkReading,
    changed: Sequence[Post],
    deleted: Sequence[str],
    now: datetime,
) -> int | None:
    """See Store.record."""
    profile, dialect = snapshot.profile, conn.dialect.name
    own, team = told(profile.native_id)
    if team and not holds(conn, Where(team, profile.network, own)):
        return None  # the owner took it back while it was read
    at = to_ms(profile.fetched_at)
    mine = _settle_handle(conn, profile)
    if mine is not None and at < (mine.fetched_at or 0) <= to_ms(now):
        return int(mine.id)  # another flight brought a newer reading meanwhile
    account_id = _write_account(conn, profile, reading, mine, at)
    if deleted:
        _delete_posts(conn, account_id, deleted)
    conn.execute(upsert(snapshots, dialect), _snapshot_row(account_id, snapshot, at))
    if changed:
        _write_posts(conn, account_id, changed, at)
    if reading.score is not None:
        write_score(conn, account_id, reading.score)
    return account_id


def _settle_handle(conn: Connection, profile: Profile) -> AnyRow | None:
    """Keep former handles and take this one from whoever held it before; the account's row as it was, if any."""
    key = _key(profile.native_id, profile.handle)
    values = {"network": profile.network, "native_id": profile.native_id, "handle_key": key}
    mine = None
    for row in conn.execute(_SAME_NAME, values).all():
        if row.native_id == profile.native_id:
            mine = row
            if _key(row.native_id, row.handle) != key:
                _remember_handle(conn, row)
                _note_rename(conn, row, to_ms(profile.fetched_at))
        else:
            _remember_handle(conn, row)
            conn.execute(update(accounts).where(accounts.c.id == row.id).values(handle_key=None))
    return mine


def _key(native_id: str, handle: str) -> str:
    return handle_key(name_key(native_id, handle))


def _remember_handle(conn: Connection, row: AnyRow) -> None:
    conn.execute(
        upsert(handle_history, conn.dialect.name, "first_seen"),
        {
            "account_id": row.id,
            "handle": row.handle,
            "first_seen": row.handle_since,
            "last_seen": row.fetched_at or row.status_at,
        },
    )


def _note_rename(conn: Connection, row: AnyRow, at: int) -> None:
    renamed = {"renamed_from": row.handle, "renamed_at": at}
    conn.execute(update(account_refresh).where(account_refresh.c.account_id == row.id).values(renamed))


def _write_account(conn: Connection, profile: Profile, reading: NetworkReading, mine: AnyRow | None, at: int) -> int:
    key = _key(profile.native_id, profile.handle)
    same = mine is not None and mine.handle_key == key
    row = {
        "network": profile.network,
        "native_id": profile.native_id,
        "handle": profile.handle,
        "handle_key": key,
        "handle_since": mine.handle_since if mine is not None and same else at,
        "status": reading.status,
        "status_at": at,
        "fetched_at": at,
        "failed_at": None,
        "failure": None,
        "reading": reading.model_dump_json(),
    }
    return int(conn.execute(_upsert_account(conn.dialect.name), row).scalar_one())


def _snapshot_row(account_id: int, snapshot: Snapshot, at: int) -> dict[str, Any]:
    profile = snapshot.profile
    return {
        "account_id": account_id,
        "day": day_of(at),
        "at": at,
        "followers": profile.followers,
        "following": profile.following,
        "listed": profile.listed,
        "posts_total": profile.posts_total,
        "complete_from": None if snapshot.complete_from is None else to_ms(snapshot.complete_from),
    }


@cache
def _bulk_sql(statement: Insert, dialect: Dialect) -> tuple[str, tuple[str, ...] | None]:
    compiled = statement.compile(dialect=dialect)
    assert isinstance(compiled, SQLCompiler)
    return str(compiled), tuple(compiled.positiontup) if compiled.positiontup is not None else None


def _write_many(conn: Connection, statement: Insert, rows: Sequence[Mapping[str, Any]]) -> None:
    """Many plain rows at once, past SQLAlchemy's work on each value, which costs more than SQLite's own."""
    sql, order = _bulk_sql(statement, conn.dialect)
    if order is None:
        conn.exec_driver_sql(sql, [dict(row) for row in rows])
    else:
        conn.exec_driver_sql(sql, [tuple(row[name] for name in order) for row in rows])


def _write_posts(conn: Connection, account_id: int, changed: Sequence[Post], at: int) -> None:
    rows = {post.native_id: _post_row(account_id, post, at) for post in changed}
    day = day_of(at)
    dialect = conn.dialect.name
    _write_many(conn, upsert(posts, dialect, "first_seen_at"), list(rows.values()))
    _write_many(
        conn,
        upsert(post_counts, dialect),
        [
            {"account_id": account_id, "key": row["key"], "day": day, **{name: row[name] for name in COUNTS}}
            for row in rows.values()
        ],
    )


def _post_row(account_id: int, post: Post, at: int) -> dict[str, Any]:
    return {
        "account_id": account_id,
        "key": post_key(post.native_id),
        "native_id": post.native_id,
        "created_at": to_ms(post.created_at),
        "kind": post.kind,
        "url": post.url,
        "opened_at": None if post.opened_at is None else to_ms(post.opened_at),
        "likes": post.likes,
        "reposts": post.reposts,
        "replies": post.replies,
        "quotes": post.quotes,
        "saves": post.saves,
        "views": post.views,
        "first_seen_at": at,
    }


_DELETE_POST = delete(posts).where(posts.c.account_id == bindparam("account"), posts.c.key == bindparam("post"))


def _delete_posts(conn: Connection, account_id: int, native_ids: Iterable[str]) -> None:
    # Gone there, gone here, counts and all (CONNECTORS 14): no tombstone.
    conn.execute(_DELETE_POST, [{"account": account_id, "post": post_key(native_id)} for native_id in native_ids])


def write_score(conn: Connection, account_id: int, score: NetworkScore) -> None:
    """Write the score of one day and version, over an earlier one of the same."""
    at = to_ms(score.as_of)
    key = {
        "account_id": account_id,
        "day": day_of(at),
        "model_version": score.model_version,
        "weights_version": score.weights_version,
    }
    flags = ",".join(score.flags) or None
    row = {"at": at, "state": score.state, "score": score.score, "low": score.low, "high": score.high, "flags": flags}
    detail = {"detail": score.model_dump_json(exclude={"draws"})}
    conn.execute(upsert(account_scores, conn.dialect.name), key | row)
    conn.execute(upsert(score_details, conn.dialect.name), key | detail)


def record_failure(
    conn: Connection,
    network: str,
    failure: Failure,
    status: Status,
    at: datetime,
    handle: str,
    native_id: str | None,
) -> int | None:
    """See Store.record_failure; the account's id when it is known."""
    known = accounts.c.native_id == native_id if native_id else accounts.c.handle_key == handle_key(handle)
    as_json = failure.model_dump_json()
    account_id: int | None = conn.scalar(
        update(accounts)
        .where(accounts.c.network == network, known)
        .values(status=status, status_at=to_ms(at), failed_at=to_ms(at), failure=as_json)
        .returning(accounts.c.id)
    )
    if account_id is None and failure.error == "NotFound":
        row = {"network": network, "handle_key": handle_key(handle), "failure": as_json, "until": to_ms(at + MISS_FOR)}
        conn.execute(upsert(misses, conn.dialect.name), row)
    return account_id


def record_many(conn: Connection, learnt: Sequence[Learnt], missed: Sequence[Missed], now: datetime) -> list[int]:
    """See Store.record_many; the ids of all accounts that are known."""
    read = [record(conn, one.snapshot, one.reading, one.changed, one.deleted, now) for one in learnt]
    failed = [record_failure(conn, m.network, m.failure, m.status, now, m.handle, m.native_id) for m in missed]
    return [account_id for account_id in (*read, *failed) if account_id is not None]
