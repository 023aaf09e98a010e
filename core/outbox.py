"""Rows of the outbox: what waits to be posted, who has claimed it, what became of it.

A row is claimed by one conditional UPDATE, so that of two processes one gets it; every later write names the attempt it
belongs to and changes nothing once another process has taken over. `core/deliveries.py` is the course of events.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import ColumnElement, Connection, and_, delete, exists, func, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from core.card import Card
from core.messenger import Place
from core.models import Model, Moment
from core.tables import AnyRow, from_ms, to_ms
from core.tables_posting import deliveries

DeliveryState = Literal["pending", "sending", "sent", "failed", "unknown", "skipped"]
"""`failed`: it will not be posted. `unknown`: nobody can tell whether it was. `skipped`: it was not worth posting."""

LEASE = timedelta(seconds=90)  # for rendering and sending; a claim older than this was left by a dead process
LONGEST_WAIT = timedelta(hours=24)  # between two tries; one further ahead was set by a clock that has stepped back
LATEST = timedelta(hours=24)  # what is later than this is old news (CHAT 12)
_SLACK_OF_CLOCKS = timedelta(minutes=1)
_AT_ONCE = 500  # keys handed out at a time

_D = deliveries.c


class Delivery(Model):
    """One message of the outbox; `key` names it for good, `period` and `part` say which of its subscription's it is.

    `tried_at` is when it was handed to the platform for the first time since its fate was last known. `card` is what
    was rendered, None before that. `error` says in words why it is not sent.
    """

    key: str
    kind: str
    subscription: int
    period: str
    part: int = 0
    parent: str | None = None
    team: str
    place: Place
    mention: str | None = None
    zone: str = "UTC"
    state: DeliveryState = "pending"
    due_at: Moment
    attempt: int = 0
    failures: int = 0
    tried_at: Moment | None = None
    message: str | None = None
    error: str | None = None
    card: Card | None = None
    sent_at: Moment | None = None


def put(conn: Connection, wanted: Sequence[Delivery]) -> tuple[str, ...]:
    """Add deliveries and return the keys of those that were not there yet; the others stay as they are."""
    return tuple(one.key for one in wanted if _put(conn, one))


def _put(conn: Connection, one: Delivery) -> bool:
    fresh = sqlite.insert(deliveries) if conn.dialect.name == "sqlite" else postgresql.insert(deliveries)
    return conn.execute(fresh.values(_row(one)).on_conflict_do_nothing()).rowcount > 0


def _row(one: Delivery) -> dict[str, Any]:
    row = one.model_dump(exclude={"place", "card", "due_at", "tried_at", "sent_at"}) | one.place.model_dump()
    due = to_ms(one.due_at)
    return row | {"due_at": due, "not_before": due, "payload": one.card.model_dump_json() if one.card else None}


def _delivery(row: AnyRow) -> Delivery:
    held = dict(row._mapping)
    place = Place(**{name: held.pop(name) for name in ("platform", "channel", "thread", "shown")})
    payload = held.pop("payload")
    moments = {name: None if held[name] is None else from_ms(held[name]) for name in ("due_at", "tried_at", "sent_at")}
    for name in ("not_before", "lease_until"):
        del held[name]
    return Delivery(**held | moments, place=place, card=Card.model_validate_json(payload) if payload else None)


def by_state(conn: Connection, since: datetime) -> dict[str, int]:
    """Return how many messages that were due since then are in each state, each with its parts as one."""
    wanted = select(_D.state, func.count()).where(_D.due_at >= to_ms(since), _D.part == 0).group_by(_D.state)
    return {row[0]: row[1] for row in conn.execute(wanted)}


# --- claiming ---------------------------------------------------------------------------------------------------------


def _free(now: int) -> ColumnElement[bool]:
    """Whether a row may be taken: it is due for a try, or whoever had it is gone; and nothing has to go before it."""
    too_far, odd = now + _ms(LONGEST_WAIT + _SLACK_OF_CLOCKS), now + _ms(LEASE + _SLACK_OF_CLOCKS)
    waits = and_(_D.state == "pending", or_(_D.not_before <= now, _D.not_before > too_far))
    left = and_(_D.state == "sending", or_(_D.lease_until <= now, _D.lease_until > odd))
    return and_(or_(waits, left), or_(_D.parent.is_(None), and_(_parent_sent(), ~_earlier_part())))


def _parent_sent() -> ColumnElement[bool]:
    parent = deliveries.alias("first")
    return exists(select(parent.c.key).where(parent.c.key == _D.parent, parent.c.state == "sent"))


def _earlier_part() -> ColumnElement[bool]:
    before = deliveries.alias("before")
    b = before.c
    same = and_(b.parent == _D.parent, b.part < _D.part, b.state.in_(("pending", "sending")))
    return exists(select(b.key).where(same))


def _ms(length: timedelta) -> int:
    return length // timedelta(milliseconds=1)


def claim(conn: Connection, key: str, now: datetime) -> Delivery | None:
    """Take a delivery for this attempt, or return None when it is not free; of two that ask one gets it."""
    at = to_ms(now)
    values = {"state": "sending", "attempt": _D.attempt + 1, "lease_until": at + _ms(LEASE)}
    row = conn.execute(update(deliveries).where(_D.key == key, _free(at)).values(values).returning(deliveries)).first()
    return _delivery(row) if row is not None else None


def waiting(conn: Connection, now: datetime, platform: str | None = None) -> tuple[str, ...]:
    """Return the keys of what can be claimed now, the oldest first."""
    here = [_D.platform == platform] if platform is not None else []
    oldest = (_D.due_at, _D.subscription, _D.part)
    wanted = select(_D.key).where(_free(to_ms(now)), *here).order_by(*oldest).limit(_AT_ONCE)
    return tuple(conn.scalars(wanted))


# --- while it is claimed ----------------------------------------------------------------------------------------------


def handing_over(conn: Connection, one: Delivery, card: Card, further: Sequence[Card], now: datetime) -> bool:
    """Note, right before it is sent, what is sent and when, and add its further parts; False when the claim is lost."""
    at = to_ms(now)
    tried = at if one.tried_at is None else to_ms(one.tried_at)
    values = {"payload": card.model_dump_json(), "tried_at": tried, "lease_until": at + _ms(LEASE)}
    if not _change(conn, one, values):
        return False
    put(conn, [_part(one, number, extra) for number, extra in enumerate(further, start=1)])
    return True


def _part(one: Delivery, number: int, card: Card) -> Delivery:
    fresh = {"key": f"{one.key}:{number}", "part": number, "parent": one.key, "card": card, "mention": None}
    return one.model_copy(update=fresh | {"state": "pending", "attempt": 0, "failures": 0, "tried_at": None})


def settle(
    conn: Connection,
    one: Delivery,
    state: DeliveryState,
    *,
    now: datetime,
    message: str | None = None,
    error: str | None = None,
    wait: timedelta = timedelta(0),
    known: bool = True,
    strike: bool = True,
) -> bool:
    """Write what became of an attempt; False when another process has taken over meanwhile.

    A delivery that is `pending` again waits for `wait`; `known` says that the platform surely did not take it,
    `strike` that it refused.
    """
    at = to_ms(now)
    values: dict[str, Any] = {"state": state, "lease_until": None, "error": error}
    if state == "pending":
        values |= {"not_before": at + _ms(min(wait, LONGEST_WAIT)), "failures": _D.failures + int(strike)}
    if state == "sent":  # what stands in the channel needs no copy here
        values |= {"message": message, "sent_at": at, "payload": None}
    if known:
        values["tried_at"] = None
    if not _change(conn, one, values):
        return False
    if state in {"failed", "skipped"}:
        c = update(deliveries).where(_D.parent == one.key, _D.state == "pending")
        conn.execute(c.values(state="skipped", error="The message it belongs to was not posted."))
    return True


def _change(conn: Connection, one: Delivery, values: dict[str, Any]) -> bool:
    mine = and_(_D.key == one.key, _D.state == "sending", _D.attempt == one.attempt)
    return conn.execute(update(deliveries).where(mine).values(values)).rowcount > 0


# --- around it --------------------------------------------------------------------------------------------------------


def stored(conn: Connection, key: str) -> Delivery | None:
    """Return a delivery as it stands."""
    row = conn.execute(select(deliveries).where(_D.key == key)).first()
    return _delivery(row) if row is not None else None


def parts_of(conn: Connection, key: str) -> tuple[str, ...]:
    """Return the keys of the further parts of a message that are not posted yet, in order."""
    wanted = select(_D.key).where(_D.parent == key, _D.state.in_(("pending", "sending"))).order_by(_D.part)
    return tuple(conn.scalars(wanted))


def latest(conn: Connection, kind: str, subscriptions: Sequence[int]) -> dict[int, Delivery]:
    """Return the newest delivery of each subscription, tests and further parts left out."""
    wanted = and_(_D.kind == kind, _D.subscription.in_(subscriptions), _D.part == 0, ~_D.period.startswith("test-"))
    newest = select(_D.subscription, func.max(_D.due_at).label("due_at")).where(wanted).group_by(_D.subscription)
    last = newest.subquery()
    same = and_(_D.subscription == last.c.subscription, _D.due_at == last.c.due_at)
    rows = conn.execute(select(deliveries).join(last, same).where(wanted).order_by(_D.key))
    return {row.subscription: _delivery(row) for row in rows}


def again(conn: Connection, kind: str, subscription: int, now: datetime) -> str | None:
    """Let the newest delivery that was not, or perhaps not, posted be posted after all; return its key."""
    states = ("unknown", "failed", "skipped")
    mine = and_(_D.kind == kind, _D.subscription == subscription, _D.state.in_(states), _D.payload.is_not(None))
    row = conn.execute(select(_D.key, _D.parent).where(mine).order_by(_D.due_at.desc(), _D.part).limit(1)).first()
    if row is None:
        return None
    at = to_ms(now)
    fresh = {"state": "pending", "not_before": at, "due_at": at, "tried_at": None, "error": None, "failures": 0}
    below = and_(_D.parent == row.key, _D.state.in_(("pending", "failed", "skipped")))  # its thread comes along
    conn.execute(update(deliveries).where(or_(_D.key == row.key, below)).values(fresh))
    return str(row.key)


def hurry(conn: Connection, team: str, channel: str, now: datetime) -> None:
    """Let what waits for a channel be tried now."""
    mine = and_(_D.team == team, _D.channel == channel, _D.state == "pending")
    conn.execute(update(deliveries).where(mine).values(not_before=to_ms(now)))


def move(conn: Connection, kind: str, subscription: int, place: Place, *which: ColumnElement[bool]) -> None:
    """Let what waits and surely was not posted go to another place, written anew: a card names where it is posted.

    What has been posted in part goes on below that part. `which` keeps some of it where it is.
    """
    whole = (_D.kind == kind, _D.subscription == subscription, _D.parent.is_(None))
    waits = and_(*whole, _D.state == "pending", _D.tried_at.is_(None), *which)
    keys = _unwritten(conn, waits)
    conn.execute(update(deliveries).where(_D.key.in_(keys)).values(**place.model_dump(), not_before=_D.due_at))


def rewrite(conn: Connection, team: str) -> None:
    """Let whatever of a team's waits and surely was not posted be written anew: what it says may be no longer said."""
    _unwritten(conn, and_(_D.team == team, _D.parent.is_(None), _D.state == "pending", _D.tried_at.is_(None)))


def _unwritten(conn: Connection, which: ColumnElement[bool]) -> list[str]:
    keys = list(conn.scalars(select(_D.key).where(which)))
    conn.execute(delete(deliveries).where(_D.parent.in_(keys)))
    conn.execute(update(deliveries).where(_D.key.in_(keys)).values(payload=None))
    return keys


def give_up(conn: Connection, kind: str, subscription: int, why: str) -> None:
    """Let nothing more of a subscription be posted."""
    mine = and_(_D.kind == kind, _D.subscription == subscription, _D.state == "pending")
    conn.execute(update(deliveries).where(mine).values(state="skipped", error=why))


def drop(conn: Connection, kind: str, subscription: int) -> None:
    """Forget what a subscription said that is no more, and post nothing of it; the keys stay taken."""
    mine = and_(_D.kind == kind, _D.subscription == subscription)
    conn.execute(update(deliveries).where(mine, _D.state.in_(("pending", "sending"))).values(state="skipped"))
    conn.execute(update(deliveries).where(mine).values(payload=None, error=None))


def last_subscription(conn: Connection, kind: str) -> int:
    """Return the highest id of a subscription that ever made a delivery, 0 without any."""
    return conn.scalar(select(func.max(_D.subscription)).where(_D.kind == kind)) or 0


def note_skipped(conn: Connection, skipped: Sequence[Delivery]) -> None:
    """Add deliveries that never will be posted, so that `digest status` can name them."""
    for one in skipped:
        if _put(conn, one):
            conn.execute(update(deliveries).where(_D.key == one.key).values(state="skipped", error=one.error))


def forget(conn: Connection, before: datetime) -> None:
    """Drop what was not posted, or perhaps not, before that moment, and whatever was posted.

    Its key stays, so that nothing is said twice.
    """
    old = or_(_D.state == "sent", and_(_D.due_at < to_ms(before), _D.state.not_in(("pending", "sending"))))
    old = and_(_D.payload.is_not(None), old)
    conn.execute(update(deliveries).where(old).values(payload=None))
