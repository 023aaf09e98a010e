"""The terminal's inbox: what was posted while nobody sat there, kept until it is read, and a while longer."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection, and_, delete, select, update
from sqlalchemy.dialects import postgresql, sqlite

from core.card import Card
from core.messenger import Place, Platform, Sent
from core.models import Clock, Model, Moment
from core.store import Store
from core.tables import from_ms, moment_or_none, to_ms
from core.tables_posting import inbox

KEPT = timedelta(days=90)  # after it was read
_MOST = 50  # messages shown at a time


class Message(Model):
    """One message with when it came and when it was read."""

    id: int
    at: Moment
    card: Card
    read_at: Moment | None = None


class Inbox:
    """Keeps messages of a team; every method raises StoreError when the database refuses."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._db = store.database
        self._clock = clock

    async def put(self, team: str, key: str, card: Card) -> int:
        """Keep a message and return its id; the same key twice is one message."""
        return await self._db.write(_put, team, key, card, self._clock.now())

    async def unread(self, team: str) -> tuple[Message, ...]:
        """Return what nobody has read yet, the oldest first."""
        return await self._db.read(_messages, team, unread=True)

    async def latest(self, team: str) -> tuple[Message, ...]:
        """Return the newest messages, read or not, the oldest of them first."""
        return await self._db.read(_messages, team, unread=False)

    async def read(self, team: str, messages: Sequence[Message]) -> None:
        """Mark messages as read; what was read long ago goes."""
        await self._db.write(_read, team, [one.id for one in messages], self._clock.now())


def _put(conn: Connection, team: str, key: str, card: Card, now: datetime) -> int:
    fresh = sqlite.insert(inbox) if conn.dialect.name == "sqlite" else postgresql.insert(inbox)
    row = {"team": team, "key": key, "at": to_ms(now), "card": card.model_dump_json()}
    conn.execute(fresh.values(row).on_conflict_do_nothing())
    return int(conn.execute(select(inbox.c.id).where(inbox.c.key == key)).scalar_one())


def _messages(conn: Connection, team: str, *, unread: bool) -> tuple[Message, ...]:
    c = inbox.c
    wanted = select(c.id, c.at, c.card, c.read_at).where(c.team == team)
    if unread:
        wanted = wanted.where(c.read_at.is_(None))
    rows = conn.execute(wanted.order_by(c.id.desc()).limit(_MOST)).all()
    return tuple(
        Message(id=id_, at=from_ms(at), card=Card.model_validate_json(card), read_at=moment_or_none(read))
        for id_, at, card, read in reversed(rows)
    )


def _read(conn: Connection, team: str, ids: Sequence[int], now: datetime) -> None:
    c = inbox.c
    conn.execute(update(inbox).where(and_(c.team == team, c.id.in_(ids))).values(read_at=to_ms(now)))
    conn.execute(delete(inbox).where(and_(c.team == team, c.read_at < to_ms(now - KEPT))))


class InboxMessenger:
    """Posts into the inbox; see core.messenger.Messenger. Nothing can stand in its way but the database."""

    platform: Platform = "terminal"

    def __init__(self, messages: Inbox) -> None:
        self._messages = messages

    async def send(
        self, team: str, place: Place, card: Card, *, key: str, under: str | None = None, mention: str | None = None
    ) -> Sent:
        """Keep a card; the same key is kept once, whenever it comes."""
        return Sent(message=str(await self._messages.put(team, key, card)))

    async def check(self, team: str, place: Place) -> Place:
        """Return the inbox; it is always there."""
        return place.model_copy(update={"shown": "the inbox"})

    async def private(self, team: str, place: Place) -> bool:
        """Return False: there is one person."""
        return False

    async def tell(self, team: str, person: str, card: Card) -> None:
        """Keep what is said to the one person there is."""
        title = "".join(span.text for span in card.title)
        await self._messages.put(team, f"tell:{person}:{title}", card)
