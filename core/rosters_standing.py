"""Where tracked creators stand, kept beside them: recomputed from stored readings whenever one of their accounts was
tried, in the same transaction. Every function works on the caller's connection.
"""

import json
from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple, TypeVar

from sqlalchemy import Connection, and_, bindparam, delete, exists, select, update

from core import figures
from core.finding import ScorePoint, StoredAccount, stored_account
from core.models import Score
from core.readings import counting, history, total
from core.recording import upsert
from core.retention import SCORES_FOR, TRACKED
from core.tables import (
    MS_A_DAY,
    AnyRow,
    account_refresh,
    account_scores,
    accounts,
    creator_accounts,
    creator_days,
    creator_pending,
    creators,
    day_of,
    from_date,
    from_ms,
    to_ms,
)

WEEK = timedelta(days=7)
LEAST, MOST = timedelta(days=5), timedelta(days=9)  # a reading this old may stand for last week's, as on a card
CHUNK = 200  # creators a round: their readings take a few MB
FIRM = frozenset({"ok", "provisional"})  # what movement is told of
KEPT = FIRM | {"dormant"}  # what a day is kept of: a stale total is one of an earlier day

# Failures that say nothing about the account that was asked for: no reason to ask for it less often.
NOT_ITS_FAULT = frozenset({"RateLimited", "QuotaExhausted", "PaymentRequired", "NotConfigured", "SourceAuthFailed"})


K = TypeVar("K", bound=Hashable)


class Total(NamedTuple):
    """A creator's combined score, when its newest reading was made, and what it moved since when."""

    creator_id: int
    score: Score
    at: datetime | None
    moved: int | None = None
    moved_since: datetime | None = None


def settle(conn: Connection, account_ids: Sequence[int], now: datetime) -> None:
    """Bring every tracked creator up to date that has one of these accounts; two cheap queries when nobody has."""
    for ids in chunks(account_ids):
        _arrive(conn, ids, now)
        tracking = _tracking(conn, ids)
        if tracking:
            _note_attempts(conn, ids)
            restand(conn, tracking, now)


def chunks(ids: Iterable[K], size: int = CHUNK) -> Iterator[list[K]]:
    """Return the distinct ids in groups, in order."""
    wanted = list(dict.fromkeys(ids))
    for start in range(0, len(wanted), size):
        yield wanted[start : start + size]


def _tracking(conn: Connection, account_ids: Sequence[int]) -> list[int]:
    return list(
        conn.scalars(
            select(creators.c.id)
            .join(creator_accounts, creator_accounts.c.creator_id == creators.c.id)
            .where(creator_accounts.c.account_id.in_(account_ids), creators.c.tracked_since.is_not(None))
            .distinct()
        )
    )


# --- handles that waited for their first reading ----------------------------------------------------------------------

_ARRIVED = select(
    creator_pending.c.team,
    creator_pending.c.creator_id,
    creator_pending.c.network,
    creator_pending.c.handle_key,
    accounts.c.id,
).join(
    accounts,
    and_(accounts.c.network == creator_pending.c.network, accounts.c.handle_key == creator_pending.c.handle_key),
)


def _arrive(conn: Connection, account_ids: Sequence[int], now: datetime) -> None:
    for row in conn.execute(_ARRIVED.where(accounts.c.id.in_(account_ids))).all():
        arrived(conn, row.team, row.creator_id, row.network, row.handle_key, row.id, now)


def arrived(
    conn: Connection, team: str, creator_id: int, network: str, handle_key: str, account_id: int, now: datetime
) -> None:
    """Put an account that was read in the place of the handle that waited for it.

    One that the team has linked to another creator stays there.
    """
    p, c = creator_pending.c, creator_accounts.c
    conn.execute(
        delete(creator_pending).where(p.creator_id == creator_id, p.network == network, p.handle_key == handle_key)
    )
    taken = conn.scalar(select(c.creator_id).where(c.team == team, c.account_id == account_id))
    if taken is None:
        row = {"team": team, "account_id": account_id, "creator_id": creator_id, "linked_at": to_ms(now)}
        conn.execute(creator_accounts.insert(), row)
    enqueue(conn, [creator_id], now)


# --- the queue of accounts to read again ------------------------------------------------------------------------------


def enqueue(conn: Connection, creator_ids: Sequence[int], now: datetime) -> None:
    """See that every account of these tracked creators is in the queue: due a day after its last reading."""
    wanted = (
        select(accounts.c.id, accounts.c.network, accounts.c.fetched_at)
        .join(creator_accounts, creator_accounts.c.account_id == accounts.c.id)
        .join(creators, creators.c.id == creator_accounts.c.creator_id)
        .where(creators.c.id.in_(creator_ids), creators.c.tracked_since.is_not(None))
        .where(~exists().where(account_refresh.c.account_id == accounts.c.id))
        .distinct()
    )
    rows = [
        {
            "account_id": row.id,
            "network": row.network,
            "next_due_at": to_ms(now) if not row.fetched_at else row.fetched_at + MS_A_DAY,
            "failures": 0,
        }
        for row in conn.execute(wanted).all()
    ]
    if rows:
        conn.execute(account_refresh.insert(), rows)


def dequeue(conn: Connection, account_ids: Sequence[int]) -> None:
    """Take those of the accounts out of the queue that no team tracks any more."""
    followed = exists().where(accounts.c.id == account_refresh.c.account_id, TRACKED)
    for ids in chunks(account_ids):
        conn.execute(delete(account_refresh).where(account_refresh.c.account_id.in_(ids), ~followed))


def _note_attempts(conn: Connection, account_ids: Sequence[int]) -> None:
    """Keep in the queue what went wrong and since when; the failures in a row are the account's own alone."""
    c = account_refresh.c
    tried = select(
        accounts.c.id, accounts.c.failure, accounts.c.failed_at, c.failures, c.last_error, c.failing_since
    ).join(accounts, accounts.c.id == c.account_id)
    rows = conn.execute(tried.where(c.account_id.in_(account_ids))).all()
    well = [row.id for row in rows if row.failure is None and row.last_error is not None]
    if well:
        healed = {"failures": 0, "last_error": None, "failing_since": None}
        conn.execute(update(account_refresh).where(c.account_id.in_(well)).values(healed))
    failed = [_failed(row) for row in rows if row.failure is not None]
    if failed:
        conn.execute(update(account_refresh).where(c.account_id == bindparam("of")), failed)


def _failed(row: AnyRow) -> dict[str, Any]:
    error = stored_error(row.failure)
    return {
        "of": row.id,
        "failures": row.failures + (error not in NOT_ITS_FAULT),
        "last_error": error,
        "failing_since": row.failing_since or row.failed_at,
    }


def stored_error(failure: str) -> str:
    """Return the class name in a stored Failure."""
    return str(json.loads(failure)["error"])


# --- totals -----------------------------------------------------------------------------------------------------------

_OWNED = (
    select(
        creator_accounts.c.creator_id,
        accounts.c.id,
        accounts.c.network,
        accounts.c.native_id,
        accounts.c.handle,
        accounts.c.status,
        accounts.c.fetched_at,
        accounts.c.failed_at,
        accounts.c.failure,
        accounts.c.reading,
    )
    .join(accounts, accounts.c.id == creator_accounts.c.account_id)
    .where(creator_accounts.c.creator_id.in_(bindparam("ids", expanding=True)))
    .order_by(creator_accounts.c.creator_id, accounts.c.network, accounts.c.native_id)
)


def _owned(conn: Connection, creator_ids: Sequence[int]) -> dict[int, list[StoredAccount]]:
    found: dict[int, list[StoredAccount]] = {creator_id: [] for creator_id in creator_ids}
    for row in conn.execute(_OWNED, {"ids": list(creator_ids)}):
        found[row.creator_id].append(stored_account(row))
    return found


def restand(conn: Connection, creator_ids: Sequence[int], now: datetime) -> None:
    """Compute the totals of these creators from their stored readings, and keep them with the day and the movement."""
    for ids in chunks(creator_ids):
        _keep(conn, [_total(creator_id, stored, now) for creator_id, stored in _owned(conn, ids).items()])


def _total(creator_id: int, stored: Sequence[StoredAccount], now: datetime) -> Total:
    """The combination of a lookup's own card (core/readings.py), so that list, digest and card agree."""
    readings = [account.reading for account in stored]
    counted = {id(reading) for reading in counting(readings)}
    read = [s.fetched_at for s in stored if s.reading.score is not None and (id(s.reading) in counted or not counted)]
    return Total(creator_id, total(readings, now), max(read, default=None))


def _keep(conn: Connection, totals: Sequence[Total]) -> None:
    days = [_day(one) for one in totals if one.at is not None and one.score.state in KEPT and one.score.low is not None]
    if days:
        conn.execute(upsert(creator_days, conn.dialect.name), days)
    moved = _moved(conn, totals)
    gone = [one.creator_id for one in moved if one.score.score is None]
    known = _scored(conn, gone)
    rows = [_columns(one) for one in moved if one.creator_id not in known]
    if rows:
        conn.execute(update(creators).where(creators.c.id == bindparam("of")), rows)
    if known:  # what was read is gone, not the creator's standing: the last score stays, marked
        conn.execute(update(creators).where(creators.c.id.in_(known)).values(state="stale", moved=None, moved_by=None))


def _scored(conn: Connection, creator_ids: Sequence[int]) -> set[int]:
    """Those without a number now that had one, because their readings may no longer be kept."""
    if not creator_ids:
        return set()
    read = exists().where(
        creator_accounts.c.creator_id == creators.c.id,
        accounts.c.id == creator_accounts.c.account_id,
        accounts.c.reading.is_not(None),
    )
    c = creators.c
    return set(conn.scalars(select(c.id).where(c.id.in_(creator_ids), c.score.is_not(None), ~read)))


def _day(one: Total) -> dict[str, Any]:
    assert one.at is not None
    score, at = one.score, to_ms(one.at)
    return {
        "creator_id": one.creator_id,
        "day": day_of(at),
        "at": at,
        "state": score.state,
        "score": score.score,
        "low": score.low,
        "high": score.high,
        "model_version": score.model_version,
        "weights_version": score.weights_version,
    }


def _columns(one: Total) -> dict[str, Any]:
    score = one.score
    return {
        "of": one.creator_id,
        "scored_at": None if one.at is None else to_ms(one.at),
        "state": score.state,
        "score": score.score,
        "low": score.low,
        "high": score.high,
        "model_version": score.model_version,
        "weights_version": score.weights_version,
        "moved": one.moved,
        "moved_by": None if one.moved is None else abs(one.moved),
        "moved_since": None if one.moved_since is None else to_ms(one.moved_since),
    }


# --- movement ---------------------------------------------------------------------------------------------------------


def _moved(conn: Connection, totals: Sequence[Total]) -> list[Total]:
    """Add the change of the shown score since the firm day nearest to a week back, of the same version."""
    firm = [one for one in totals if one.at is not None and one.score.state in FIRM]
    if not firm:
        return list(totals)
    moments = [one.at for one in firm if one.at is not None]
    c = creator_days.c
    rows = conn.execute(
        select(c.creator_id, c.at, c.score, c.model_version).where(
            c.creator_id.in_([one.creator_id for one in firm]),
            c.day.between(from_date((min(moments) - MOST).date()), from_date((max(moments) - LEAST).date())),
            c.state.in_(FIRM),
        )
    )
    before: defaultdict[int, list[AnyRow]] = defaultdict(list)
    for row in rows:
        before[row.creator_id].append(row)
    return [_since(one, before[one.creator_id]) if one in firm else one for one in totals]


def _since(one: Total, days: Sequence[AnyRow]) -> Total:
    assert one.at is not None
    assert one.score.score is not None
    same = [(abs(one.at - from_ms(d.at) - WEEK), d) for d in days if d.model_version == one.score.model_version]
    near = [(off, d.at, d.score) for off, d in same if off <= MOST - WEEK]
    if not near:
        return one
    _, at, score = min(near)
    return one._replace(moved=figures.shown(one.score.score) - figures.shown(score), moved_since=from_ms(at))


# --- the past anew ----------------------------------------------------------------------------------------------------

_PAST = (
    select(creator_accounts.c.creator_id, account_scores.c.account_id, account_scores.c.at)
    .add_columns(*(account_scores.c[name] for name in ScorePoint._fields[2:]))
    .join(account_scores, account_scores.c.account_id == creator_accounts.c.account_id)
    .where(creator_accounts.c.creator_id == bindparam("creator"), account_scores.c.day >= bindparam("since"))
    .order_by(account_scores.c.account_id, account_scores.c.at)
)


def rebuild(conn: Connection, creator_id: int, now: datetime) -> None:
    """Write a creator's days anew from its accounts' stored scores: other accounts belong to it, or it is tracked now.

    Of a day scored under several versions the current one's score is kept.
    """
    conn.execute(delete(creator_days).where(creator_days.c.creator_id == creator_id))
    stored = _owned(conn, [creator_id])[creator_id]
    apart = {s.account_id for s in stored if s.reading.combine == "separate"}
    series: defaultdict[str, list[ScorePoint]] = defaultdict(list)
    for row in conn.execute(_PAST, {"creator": creator_id, "since": from_date((now - SCORES_FOR).date())}):
        if row.account_id not in apart:
            at = from_ms(row.at)
            series[str(row.account_id)].append(ScorePoint(at.date(), at, *row[3:]))
    current = total([s.reading for s in stored], now).model_version
    days = _days(creator_id, series, current)
    if days:
        conn.execute(upsert(creator_days, conn.dialect.name), days)


def _days(creator_id: int, series: Mapping[str, Sequence[ScorePoint]], current: str) -> list[dict[str, Any]]:
    weights = {point.model_version: point.weights_version for points in series.values() for point in points}
    days = {}
    for version in sorted(weights, key=lambda known: (known == current, known)):
        for point in history(series, version):
            if point.state in KEPT:
                day = from_date(point.at.date())
                days[day] = {
                    "creator_id": creator_id,
                    "day": day,
                    "at": to_ms(point.at),
                    "state": point.state,
                    "score": point.score,
                    "low": point.low,
                    "high": point.high,
                    "model_version": version,
                    "weights_version": weights[version],
                }
    return list(days.values())


def regroup(conn: Connection, creator_id: int, now: datetime) -> None:
    """Do what follows from a creator being tracked, no longer tracked, or having other accounts."""
    tracked = conn.scalar(select(creators.c.tracked_since).where(creators.c.id == creator_id))
    if tracked is not None:
        enqueue(conn, [creator_id], now)
        rebuild(conn, creator_id, now)
        restand(conn, [creator_id], now)
        return
    conn.execute(delete(creator_days).where(creator_days.c.creator_id == creator_id))
    blank = dict.fromkeys(_columns(Total(0, Score(state="ok", model_version="", weights_version=""), None)))
    blank.pop("of")
    conn.execute(update(creators).where(creators.c.id == creator_id).values(blank))
