"""Judges the watches of creators that were read, and makes the messages that tell of it, in one transaction a round.

Whoever records a reading only notes the creator in `watch_due`, in the same transaction; so nothing is lost when the
process dies, nobody's answer waits for a judgement, and a reading is judged once.
"""

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Select,
    and_,
    bindparam,
    delete,
    exists,
    insert,
    literal,
    or_,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite

from core import figures, recall
from core.gains import gains
from core.models import Post
from core.readings import READ_BACK, WINDOW
from core.recording import upsert
from core.rosters_standing import FIRM
from core.tables import (
    MS_A_DAY,
    AnyRow,
    account_refresh,
    accounts,
    creator_accounts,
    creator_days,
    creator_tags,
    creators,
    day_of,
    from_ms,
    post_key,
    to_ms,
)
from core.tables_watches import watch_due, watch_marks, watch_posts, watches
from core.watches import BACK, Mark, News, judge, judge_move, spike_times
from core.watches_told import Fired, Seen, announce

DOWN_AFTER = timedelta(hours=6)  # a source that fails for less than this is no reason to hold anything back
ROUND = 5_000  # creators judged in one transaction
_ROOM = 0.51  # points: a score is shown rounded half up

_W, _M, _C = watches.c, watch_marks.c, creators.c


# --- who is to be judged ----------------------------------------------------------------------------------------------


def note_due(conn: Connection, account_ids: Sequence[int], now: datetime) -> None:
    """Note the watched creators who have one of these accounts, nothing without any watch.

    Those who have it from this moment on, such as one that waited for its first reading, begin anew.
    """
    own = creator_accounts.c
    of = select(own.creator_id).where(own.account_id.in_(account_ids))
    _begin_anew(conn, of.where(own.linked_at == to_ms(now)))
    _note(conn, of, now)


def note_creator(conn: Connection, creator_id: int, now: datetime) -> None:
    """Note a creator that has other accounts now, if anybody watches it."""
    of = select(_C.id).where(_C.id == creator_id)
    _begin_anew(conn, of)
    _note(conn, of, now)


def note_linked(conn: Connection, creator_id: int, now: datetime) -> None:
    """Note a creator that may have been given accounts at this moment."""
    own = creator_accounts.c
    if conn.scalar(select(exists().where(own.creator_id == creator_id, own.linked_at == to_ms(now)))):
        note_creator(conn, creator_id, now)


def _begin_anew(conn: Connection, which: Select[Any]) -> None:
    """Let watches take the next score as the one they begin with, as of another model: a link is nobody's move."""
    conn.execute(update(watch_marks).where(_M.creator_id.in_(which)).values(model_version=""))


def _note(conn: Connection, which: Select[Any], now: datetime) -> None:
    tags = creator_tags.c
    by_tag = and_(_W.team == tags.team, _W.tag == tags.tag, tags.creator_id == _C.id)
    watched = or_(exists().where(_W.creator_id == _C.id), exists().where(by_tag))
    wanted = select(_C.id, literal(to_ms(now), BigInteger))
    wanted = wanted.where(_C.id.in_(which), _C.tracked_since.is_not(None), watched).order_by(_C.id)
    make = sqlite.insert if conn.dialect.name == "sqlite" else postgresql.insert
    fresh = make(watch_due).from_select(["creator_id", "at"], wanted)
    # updated even where it stands already: the row stays locked, so that nobody takes it before this reading is stored
    conn.execute(fresh.on_conflict_do_update(index_elements=["creator_id"], set_={"at": fresh.excluded.at}))


def _take(conn: Connection, most: int) -> list[int]:
    oldest = select(watch_due.c.creator_id).order_by(watch_due.c.creator_id).limit(most)
    taken = delete(watch_due).where(watch_due.c.creator_id.in_(oldest)).returning(watch_due.c.creator_id)
    return list(conn.scalars(taken))


# --- one round --------------------------------------------------------------------------------------------------------


def judge_due(conn: Connection, now: datetime, most: int = ROUND) -> int:
    """Judge the watches of the next creators that are due; return how many creators were taken, 0 at the end."""
    ids = _take(conn, most)
    if ids:
        judge_creators(conn, ids, now)
    return len(ids)


def judge_creators(conn: Connection, ids: Sequence[int], now: datetime, *, watch: int | None = None) -> None:
    """Judge the watches of some creators; with `watch` only that one, which was just set up."""
    rows = _watches_of(conn, ids, watch)
    if not rows:
        return
    told_of = list({row.creator_id for row in rows})
    seen = _standing(conn, told_of)
    down = _down(conn, told_of, now)
    marks: list[dict[str, Any]] = []
    fired: list[Fired] = []
    of_network = _of_networks(conn, [row for row in rows if row.network is not None and row.kind != "spike"])
    moving = [row for row in rows if row.kind == "moves"]
    earlier = _earlier(conn, moving, seen) if moving else {}
    shown = {creator_id: figures.shown(one.score) for creator_id, one in seen.items()}
    at = to_ms(now)
    for row in rows:
        one = seen.get(row.creator_id) if row.network is None else of_network.get((row.creator_id, row.network))
        silent = down.get(row.creator_id, ())
        if row.kind == "spike" or one is None or (silent and (row.network is None or row.network in silent)):
            continue
        mark = None if row.armed is None else Mark(row.armed, row.marked_at, row.model_version)
        muted = row.snoozed_until is not None and at < row.snoozed_until
        score = shown[row.creator_id] if row.network is None else figures.shown(one.score)
        before: tuple[int, int] | None = None
        news: News | None
        if row.kind == "moves":
            fresh, before = _moved(row, score, one, earlier.get(row.creator_id, ()), mark, at, muted)
            news = None if before is None else "moved"
        else:
            fresh, news = judge(row.kind, row.threshold, score, one.version, mark, at, muted=muted)
        if fresh is not mark:
            marks.append(_mark_row(row, fresh))
        if news is not None:
            fired.append(Fired(row.id, row.creator_id, news, one, *(before or (None, None))))
    spikes = [row for row in rows if row.kind == "spike"]
    fired += _spikes(conn, spikes, seen, at, marks) if spikes else ()
    if marks:
        conn.execute(upsert(watch_marks, conn.dialect.name), marks)
    if fired:
        announce(conn, fired, now)


def _mark_row(row: AnyRow, mark: Mark) -> dict[str, Any]:
    return {
        "watch_id": row.id,
        "creator_id": row.creator_id,
        "armed": mark.armed,
        "fired_at": mark.fired_at,
        "model_version": mark.model_version,
    }


_JUDGED = (_W.id, _W.kind, _W.network, _W.threshold, _W.days, _W.snoozed_until)
_MARKED = (_M.armed, _M.fired_at.label("marked_at"), _M.model_version)


def _watches_of(conn: Connection, ids: Sequence[int], watch: int | None) -> list[AnyRow]:
    """Return the watches of creators, their own and those of their tags, with their marks."""
    t = creator_tags.c
    ours = [_W.state == "on", _C.state == "ok", _may_change()] if watch is None else [_W.id == watch]
    own = (
        select(*_JUDGED, _W.creator_id, *_MARKED)
        .join(creators, _C.id == _W.creator_id)
        .outerjoin(watch_marks, and_(_M.watch_id == _W.id, _M.creator_id == _W.creator_id))
        .where(_W.creator_id.in_(bindparam("ids", expanding=True)), *ours)
    )
    by_tag = (
        select(*_JUDGED, t.creator_id, *_MARKED)
        .join(watches, and_(_W.team == t.team, _W.tag == t.tag))
        .join(creators, _C.id == t.creator_id)
        .outerjoin(watch_marks, and_(_M.watch_id == _W.id, _M.creator_id == t.creator_id))
        .where(t.creator_id.in_(bindparam("ids", expanding=True)), *ours)
    )
    given = {"ids": list(ids)}
    return [*conn.execute(own, given), *conn.execute(by_tag, given)]


def _may_change() -> ColumnElement[bool]:
    """Leave out, in the database, what surely stays as it is: nearly every watch on nearly every day.

    The exact scores here leave a little room around the shown ones, which are judged afterwards.
    """
    above, line_, score = _W.kind == "above", _W.threshold, _C.score
    crossed = or_(and_(above, score > line_ - _ROOM), and_(~above, score < line_ - 1 + _ROOM))
    back = or_(and_(above, score < line_ - BACK + _ROOM), and_(~above, score > line_ + BACK - _ROOM))
    simple = and_(_W.kind.in_(("above", "below")), _W.network.is_(None))
    new = or_(_M.armed.is_(None), _M.model_version != _C.model_version)
    return or_(~simple, new, and_(_M.armed, crossed), and_(~_M.armed, back))


def _standing(conn: Connection, ids: Sequence[int]) -> dict[int, Seen]:
    """Return the firm totals: a provisional, dormant or stale one is never judged."""
    wanted = select(_C.id, _C.score, _C.low, _C.high, _C.scored_at, _C.model_version).where(
        _C.id.in_(bindparam("ids", expanding=True)),
        _C.state == "ok",
        _C.score.is_not(None),
        _C.tracked_since.is_not(None),
    )
    return {row[0]: Seen(*row[1:]) for row in conn.execute(wanted, {"ids": list(ids)})}


def _down(conn: Connection, ids: Sequence[int], now: datetime) -> dict[int, set[str]]:
    """Return the networks, of each creator, that count and have brought nothing for six hours."""
    own, r = creator_accounts.c, account_refresh.c
    rows = conn.execute(
        select(own.creator_id, accounts.c.network, accounts.c.reading)
        .join(accounts, accounts.c.id == own.account_id)
        .join(account_refresh, r.account_id == accounts.c.id)
        .where(own.creator_id.in_(ids), r.failing_since <= to_ms(now - DOWN_AFTER), accounts.c.reading.is_not(None))
    )
    found: defaultdict[int, set[str]] = defaultdict(set)
    for row in rows:
        held = json.loads(row.reading)
        if (held.get("score") or {}).get("score") is not None:
            found[row.creator_id].add(row.network)
    return found


# --- one network ------------------------------------------------------------------------------------------------------


def _of_networks(conn: Connection, rows: Sequence[AnyRow]) -> dict[tuple[int, str], Seen]:
    """Return the firm scores of watched networks; of several accounts on one, the strongest."""
    if not rows:
        return {}
    found: dict[tuple[int, str], Seen] = {}
    for account in _accounts(conn, {row.creator_id for row in rows}, {row.network for row in rows}):
        _strongest(found, account)
    return found


def _strongest(found: dict[tuple[int, str], Seen], account: AnyRow) -> None:
    """Keep an account's firm score where no stronger one is known."""
    score = json.loads(account.reading).get("score") or {}
    if score.get("state") == "ok" and score.get("score") is not None and account.failure is None:
        key = (account.creator_id, account.network)
        one = Seen(score["score"], score["low"], score["high"], account.fetched_at, score["model_version"])
        found[key] = max(found.get(key, one), one, key=lambda seen: seen.score)


def _accounts(conn: Connection, ids: set[int], networks: set[str]) -> list[AnyRow]:
    a, own = accounts.c, creator_accounts.c
    wanted = (
        select(own.creator_id, a.id, a.network, a.native_id, a.fetched_at, a.failure, a.reading)
        .join(accounts, a.id == own.account_id)
        .where(own.creator_id.in_(sorted(ids)), a.reading.is_not(None))
        .order_by(own.creator_id, a.id)
    )
    return list(conn.execute(wanted.where(a.network.in_(sorted(networks))) if networks else wanted))


# --- movement ---------------------------------------------------------------------------------------------------------


def _earlier(
    conn: Connection, rows: Sequence[AnyRow], seen: Mapping[int, Seen]
) -> dict[int, list[tuple[int, int, str]]]:
    """Return the firm days of creators whose movement is watched: moment, shown score, version."""
    c = creator_days.c
    firm = {row.creator_id: seen[row.creator_id].at for row in rows if row.creator_id in seen}
    if not firm:
        return {}
    since = day_of(min(firm.values())) - max(row.days for row in rows) - 1
    days = conn.execute(
        select(c.creator_id, c.at, c.score, c.model_version)
        .where(c.creator_id.in_(sorted(firm)), c.day >= since, c.state.in_(FIRM))
        .order_by(c.creator_id, c.at)
    )
    found: defaultdict[int, list[tuple[int, int, str]]] = defaultdict(list)
    for creator_id, at, score, version in days:
        found[creator_id].append((at, figures.shown(score), version))
    return found


def _moved(
    row: AnyRow,
    score: int,
    one: Seen,
    days: Sequence[tuple[int, int, str]],
    mark: Mark | None,
    now: int,
    muted: bool,
) -> tuple[Mark, tuple[int, int] | None]:
    since = one.at - row.days * MS_A_DAY
    if mark is not None and mark.fired_at is not None:
        since = max(since, mark.fired_at)  # what was told already is not told again
    known = [(at, shown) for at, shown, version in days if since <= at < one.at and version == one.version]
    fresh, before = judge_move(row.threshold, score, [s for _, s in known], one.version, mark, now, muted=muted)
    if before is None:
        return fresh, None
    return fresh, next((shown, at) for at, shown in reversed(known) if shown == before)


# --- spikes -----------------------------------------------------------------------------------------------------------


def _spikes(
    conn: Connection, rows: Sequence[AnyRow], seen: Mapping[int, Seen], now: int, marks: list[dict[str, Any]]
) -> list[Fired]:
    """Judge the posts of creators against their typical ones; a new watch takes what it finds as known."""
    firm = {row.creator_id for row in rows if row.creator_id in seen}
    far = _far_posts(conn, firm) if firm else {}
    ids = [row.id for row in rows]
    t = watch_posts.c
    told = {tuple(row) for row in conn.execute(select(t.watch_id, t.account_id, t.key).where(t.watch_id.in_(ids)))}
    fired, fresh = [], []
    for row in rows:
        if row.creator_id not in firm or (row.snoozed_until is not None and now < row.snoozed_until):
            continue
        one = seen[row.creator_id]
        mine = [p for p in far.get(row.creator_id, ()) if row.network in {None, p.post.network}]
        new = [p for p in mine if (row.id, p.account_id, post_key(p.post.native_id)) not in told]
        fresh += [{"watch_id": row.id, "account_id": p.account_id, "key": post_key(p.post.native_id)} for p in new]
        known = row.model_version == one.version
        if not known:
            marks.append(_mark_row(row, Mark(True, row.marked_at, one.version)))
        elif new:
            top = max(new, key=lambda p: p.times)
            fired.append(Fired(row.id, row.creator_id, "spiked", one, post=top.post, times=top.times))
    if fresh:
        conn.execute(insert(watch_posts), fresh)
    return fired


class _Far(NamedTuple):
    account_id: int
    post: Post
    times: float


def _far_posts(conn: Connection, ids: set[int]) -> dict[int, list[_Far]]:
    found: defaultdict[int, list[_Far]] = defaultdict(list)
    for account in _accounts(conn, ids, set()):
        inputs = (json.loads(account.reading).get("score") or {}).get("inputs")
        if not inputs or account.failure is not None:
            continue
        for post, reactions in _reactions(conn, account):
            times = spike_times(reactions, inputs["typical_weighted"], inputs["posts"])
            if times is not None:
                found[account.creator_id].append(_Far(account.id, post, times))
    return found


def _reactions(conn: Connection, account: AnyRow) -> Iterator[tuple[Post, Post]]:
    """Yield an account's posts, each with the counts that its score knows: of a running total what it gained.

    A gain that is only guessed from a counter's age is left out: the guess may be wrong by all that it says.
    """
    at = from_ms(account.fetched_at)
    posts = recall.posts_since(conn, account.network, account.native_id, at - READ_BACK)
    yield from ((post, post) for post in posts if post.opened_at is None)
    if not any(post.opened_at for post in posts):
        return
    past = recall.past(conn, account.network, account.native_id, at - READ_BACK, at)
    sure = [p for p in past.posts if p.opened_at and (p.native_id in past.baselines or at - p.opened_at <= WINDOW)]
    yield from zip(sure, gains(sure, past.baselines, at).posts, strict=True)


def network_score(conn: Connection, creator_id: int, network: str) -> Seen | None:
    """Return a creator's firm score on one network; None where there is none."""
    found: dict[tuple[int, str], Seen] = {}
    for account in _accounts(conn, {creator_id}, {network}):
        _strongest(found, account)
    return found.get((creator_id, network))
