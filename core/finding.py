"""The warm path: everything a card needs, in one statement for the accounts and one for their scores."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    Connection,
    Select,
    and_,
    bindparam,
    literal,
    null,
    or_,
    select,
    union_all,
)

from core.models import Failure, NetworkReading
from core.tables import (
    AnyRow,
    account_scores,
    accounts,
    creator_accounts,
    creators,
    from_date,
    from_ms,
    handle_key,
    misses,
    moment_or_none,
    to_ms,
)

Pair = tuple[str, str]
"""A network and a handle on it."""


class ScorePoint(NamedTuple):
    """The score of one account on one UTC day under one version; the figures are None where the state has no number.

    `flags` are the names of the unusual patterns counted that day, separated by commas.
    """

    day: date
    at: datetime
    score: float | None
    low: float | None
    high: float | None
    state: str
    model_version: str
    weights_version: str
    flags: str | None = None


@dataclass(frozen=True, slots=True)
class StoredAccount:
    """One account with its last good reading.

    `reading.failure` and `.status` tell of a failed attempt after it. Of an account whose counts were purged only the
    identity is left; its `fetched_at` is 1970.
    """

    account_id: int
    reading: NetworkReading
    fetched_at: datetime
    failed_at: datetime | None


@dataclass(frozen=True, slots=True)
class StoredCreator:
    """What is stored under one name: a team's creator (`linked`), else every account of that handle.

    `history` maps account ids to their scores, oldest first. `misses` are those of the asked handles that a network did
    not know within the last hour.
    """

    name: str | None
    linked: bool
    accounts: tuple[StoredAccount, ...] = ()
    history: Mapping[int, tuple[ScorePoint, ...]] = field(default_factory=dict)
    misses: Mapping[Pair, Failure] = field(default_factory=dict)


# --- the statements ----------------------------------------------

CREATOR, ACCOUNT, MISS = 0, 1, 2


def _is_candidate(columns: Any, count: int) -> ColumnElement[bool]:
    return or_(
        *(and_(columns.network == bindparam(f"n{i}"), columns.handle_key == bindparam(f"k{i}")) for i in range(count))
    )


def _account_columns() -> list[ColumnElement[Any]]:
    c = accounts.c
    return [c.id, c.network, c.native_id, c.handle, c.status, c.fetched_at, c.failed_at, c.failure, c.reading]


def _creator_select(count: int) -> Select[Any]:
    named = creators.c.name_key == bindparam("key")
    alias = accounts.alias("alias")
    wanted = named
    if count:
        through = (
            select(creator_accounts.c.creator_id)
            .join(alias, alias.c.id == creator_accounts.c.account_id)
            .where(creator_accounts.c.team == bindparam("team"), _is_candidate(alias.c, count))
        )
        wanted = or_(named, creators.c.id.in_(through))
    return (
        select(literal(CREATOR).label("kind"), creators.c.id.label("creator_id"), creators.c.name, named.label("named"))
        .add_columns(*_account_columns())
        .select_from(creators)
        .outerjoin(creator_accounts, creator_accounts.c.creator_id == creators.c.id)
        .outerjoin(accounts, accounts.c.id == creator_accounts.c.account_id)
        .where(creators.c.team == bindparam("team"), wanted)
    )


def _blank_creator(kind: int) -> list[ColumnElement[Any]]:
    return [
        literal(kind).label("kind"),
        null().label("creator_id"),
        null().label("name"),
        literal(False).label("named"),
    ]


def _account_select(count: int) -> Select[Any]:
    return select(*_blank_creator(ACCOUNT), *_account_columns()).where(_is_candidate(accounts.c, count))


def _miss_select(count: int) -> Select[Any]:
    c = misses.c
    blank = [null()] * 3
    return select(
        *_blank_creator(MISS),
        null(),
        c.network,
        null(),
        c.handle_key.label("handle"),
        *blank,
        c.failure,
        null(),
    ).where(_is_candidate(c, count), c.until > bindparam("now"))


@cache
def _find_statement(count: int, *, with_creators: bool) -> CompoundSelect[Any] | Select[Any]:
    parts = [_creator_select(count)] if with_creators else []
    if count:
        parts += [_account_select(count), _miss_select(count)]
    return union_all(*parts) if len(parts) > 1 else parts[0]


@cache
def _missed_statement(count: int) -> Select[Any]:
    return _miss_select(count)


_HISTORY = (
    select(
        account_scores.c.account_id,
        account_scores.c.at,
        *(account_scores.c[name] for name in ScorePoint._fields[2:]),
    )
    .where(
        account_scores.c.account_id.in_(bindparam("ids", expanding=True)),
        account_scores.c.day >= bindparam("since"),
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
    with_creators = network is None
    if not candidates and not with_creators:
        return None
    values = _pair_values(candidates, now)
    if with_creators:
        values |= {"team": team, "key": handle_key(key)}
    rows = conn.execute(_find_statement(len(candidates), with_creators=with_creators), values).all()
    owned = _chosen_creator(rows)
    chosen = owned or [row for row in rows if row.kind == ACCOUNT]
    found = tuple(stored_account(row) for row in chosen if row.id is not None)
    if not found:
        return None
    return StoredCreator(
        name=owned[0].name if owned else None,
        linked=bool(owned),
        accounts=found,
        history=_history(conn, [account.account_id for account in found], history_since),
        misses=_misses(rows, candidates),
    )


def _pair_values(pairs: Sequence[Pair], now: datetime) -> dict[str, Any]:
    values: dict[str, Any] = {"now": to_ms(now)}
    for i, (network, handle) in enumerate(pairs):
        values[f"n{i}"], values[f"k{i}"] = network, handle_key(handle)
    return values


def _misses(rows: Iterable[AnyRow], pairs: Sequence[Pair]) -> dict[Pair, Failure]:
    """The pairs as they were asked for, spelling and all, that stand in the negative cache."""
    stored = {(row.network, row.handle): row.failure for row in rows if row.kind == MISS}
    asked = {pair: stored.get((pair[0], handle_key(pair[1]))) for pair in pairs} if stored else {}
    return {pair: Failure.model_validate_json(told) for pair, told in asked.items() if told is not None}


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
    return StoredAccount(row.id, reading, from_ms(row.fetched_at or 0), moment_or_none(row.failed_at))


def _history(conn: Connection, account_ids: Sequence[int], since: datetime | None) -> dict[int, tuple[ScorePoint, ...]]:
    if since is None or not account_ids:
        return {}
    rows = conn.execute(_HISTORY, {"ids": list(account_ids), "since": from_date(since.date())}).all()
    points: dict[int, list[ScorePoint]] = {account_id: [] for account_id in account_ids}
    for account_id, ms, *figures in rows:
        at = from_ms(ms)
        points[account_id].append(ScorePoint(at.date(), at, *figures))
    return {account_id: tuple(found) for account_id, found in points.items()}


def missed(conn: Connection, pairs: Sequence[Pair], now: datetime) -> dict[Pair, Failure]:
    """See Store.missed."""
    if not pairs:
        return {}
    return _misses(conn.execute(_missed_statement(len(pairs)), _pair_values(pairs, now)).all(), pairs)
