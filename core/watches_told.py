"""Makes the messages that tell what was crossed: one a creator and place within ten minutes, each once."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import Connection, and_, delete, exists, func, or_, select, update

from core import outbox
from core.messenger import Place
from core.models import Post
from core.outbox import Delivery
from core.recording import upsert
from core.rosters_standing import FIRM
from core.tables import (
    AnyRow,
    account_scores,
    accounts,
    creator_accounts,
    creator_days,
    creator_tags,
    day_of,
    from_ms,
    to_ms,
)
from core.tables_posting import deliveries
from core.tables_watches import watch_alerts, watch_marks, watches
from core.watches import News

KIND = "alert"
TOGETHER = timedelta(minutes=10)  # alerts of one creator in one place within this time are one message
ALERTS_KEPT = timedelta(days=60)
TOLD_FOR = timedelta(days=2)  # an alert is told within a day or never: its post, counts and all, is of no use then
_TOGETHER_MS = TOGETHER // timedelta(milliseconds=1)

_W = watches.c


class Seen(NamedTuple):
    """A creator's firm score, of the whole or of one network, when it was read, and under which version."""

    score: float
    low: float | None
    high: float | None
    at: int
    version: str


class Fired(NamedTuple):
    """Something to be told: `watch` holds the watch's id, team, place, mention and zone."""

    watch_id: int
    creator_id: int
    news: News
    seen: Seen
    before: float | None = None
    before_at: int | None = None
    post: Post | None = None
    times: float | None = None


def announce(conn: Connection, fired: Sequence[Fired], now: datetime) -> None:
    """Make what is to be told part of a message: one a creator and place within ten minutes."""
    ids = list({one.watch_id for one in fired})
    of = {row.id: row for row in conn.execute(select(watches).where(_W.id.in_(ids)))}
    for one in fired:
        row = of[one.watch_id]
        key = _message(conn, row, one, now)
        before, before_at = (one.before, one.before_at) if one.before is not None else _before(conn, row, one)
        alert = {
            "watch_id": one.watch_id,
            "creator_id": one.creator_id,
            "at": one.seen.at,
            "news": one.news,
            "score": one.seen.score,
            "low": one.seen.low,
            "high": one.seen.high,
            "before": before,
            "before_at": before_at,
            "post": one.post.model_dump_json() if one.post is not None else None,
            "times": one.times,
            "delivery": key,
        }
        conn.execute(upsert(watch_alerts, conn.dialect.name), [alert])
    conn.execute(update(watches).where(_W.id.in_(ids)).values(fired_at=to_ms(now)))


def move(conn: Connection, watch_id: int, place: Place) -> None:
    """Let what waits to be told go where its watch tells now, unless it tells of another watch too."""
    a = watch_alerts.c
    others = exists().where(a.delivery == deliveries.c.key, a.watch_id != watch_id)
    outbox.move(conn, KIND, watch_id, place, ~others)


def leave_unsaid(conn: Connection, watch_id: int) -> None:
    """Drop what waits to be told of a watch and is not written yet: it would be told in the words of another rule."""
    waits = select(deliveries.c.key).where(deliveries.c.state == "pending", deliveries.c.payload.is_(None))
    conn.execute(delete(watch_alerts).where(watch_alerts.c.watch_id == watch_id, watch_alerts.c.delivery.in_(waits)))


def forget_told(conn: Connection, now: datetime) -> None:
    """Forget the posts that alerts told of, which no network lets stand for long, and alerts of two months ago."""
    a = watch_alerts.c
    conn.execute(update(watch_alerts).where(a.at < to_ms(now - TOLD_FOR), a.post.is_not(None)).values(post=None))
    conn.execute(delete(watch_alerts).where(a.at < to_ms(now - ALERTS_KEPT)))


def take_back(conn: Connection, moves: Sequence[tuple[int, int, int]]) -> None:
    """Undo what was not told after all, by watch, creator and reading: it waits for the next reading, as before."""
    a, m = watch_alerts.c, watch_marks.c
    for watch_id, creator_id, at in moves:
        mine = (a.watch_id == watch_id, a.creator_id == creator_id)
        conn.execute(delete(watch_alerts).where(*mine, a.at == at))
        told = conn.scalar(select(func.max(a.at)).where(*mine))
        of = (m.watch_id == watch_id, m.creator_id == creator_id)
        conn.execute(update(watch_marks).where(*of).values(armed=True, fired_at=told))
        last = conn.scalar(select(func.max(a.at)).where(a.watch_id == watch_id))
        conn.execute(update(watches).where(_W.id == watch_id).values(fired_at=last))


def _message(conn: Connection, row: AnyRow, one: Fired, now: datetime) -> str:
    """Return the key of the message that tells this: one that still waits, or a new one."""
    at = to_ms(now)
    a, d = watch_alerts.c, deliveries.c
    here = and_(d.platform == row.platform, d.team == row.team, d.channel == row.channel)
    here = and_(here, d.thread == row.thread if row.thread is not None else d.thread.is_(None))
    wanted = select(d.key, d.state, d.attempt, d.due_at).join(watch_alerts, a.delivery == d.key)
    lately = and_(a.creator_id == one.creator_id, here, d.due_at > at - _TOGETHER_MS)
    last = conn.execute(wanted.where(lately).order_by(d.due_at.desc()).limit(1)).first()
    if last is not None:
        waits = and_(d.key == last.key, d.state == "pending", d.attempt == 0)
        mention = func.coalesce(d.mention, row.mention)
        if conn.execute(update(deliveries).where(waits).values(mention=mention)).rowcount:
            return str(last.key)
        return _put(conn, row, one, from_ms(max(at, last.due_at + _TOGETHER_MS)))
    return _put(conn, row, one, now + TOGETHER if _has_company(conn, row, one.creator_id) else now)


def _has_company(conn: Connection, row: AnyRow, creator_id: int) -> bool:
    """Whether another watch might tell of the same creator in the same place soon: then both are told together."""
    t = creator_tags.c
    by_tag = exists().where(t.team == row.team, t.tag == _W.tag, t.creator_id == creator_id)
    same = and_(_W.platform == row.platform, _W.channel == row.channel, _W.state == "on", _W.id != row.id)
    wanted = select(_W.id).where(_W.team == row.team, or_(_W.creator_id == creator_id, by_tag), same).limit(1)
    return conn.scalar(wanted) is not None


def _put(conn: Connection, row: AnyRow, one: Fired, due: datetime) -> str:
    """Make a message; `{score}` of its key is the reading that crossed, by creator and moment."""
    period = f"{one.creator_id}.{one.seen.at}"
    made = Delivery(
        key=f"{KIND}:{row.id}:{period}",
        kind=KIND,
        subscription=row.id,
        period=period,
        team=row.team,
        place=Place(platform=row.platform, channel=row.channel, thread=row.thread, shown=row.shown),
        mention=row.mention,
        zone=row.zone,
        due_at=due,
    )
    outbox.put(conn, [made])
    return made.key


def _before(conn: Connection, row: AnyRow, one: Fired) -> tuple[float | None, int | None]:
    """Return the newest firm score of an earlier day, of the same version, and when it was."""
    seen, c = one.seen, creator_days.c
    wanted = select(c.score, c.at).where(c.creator_id == one.creator_id)
    if row.network is not None and row.kind != "spike":
        s, own = account_scores.c, creator_accounts.c
        wanted = (
            select(s.score, s.at)
            .join(creator_accounts, own.account_id == s.account_id)
            .join(accounts, accounts.c.id == s.account_id)
            .where(own.creator_id == one.creator_id, accounts.c.network == row.network, s.score.is_not(None))
        )
        c = s
    wanted = wanted.where(c.day < day_of(seen.at), c.state.in_(FIRM), c.model_version == seen.version)
    found = conn.execute(wanted.order_by(c.day.desc()).limit(1)).first()
    return (None, None) if found is None else (found[0], found[1])
