"""Which process may do what only one may do, and which processes are alive; kept in the database that they share."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, and_, delete, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from core.database import Database
from core.models import Clock
from core.tables import from_ms, moment_or_none, to_ms
from core.tables_jobs import heartbeats, leases

LEASE = timedelta(seconds=60)  # renewed every tick of 20 s: two may fail
SILENT = timedelta(minutes=3)  # without a heartbeat: dead (DESIGN 5)
FORGOTTEN = timedelta(days=7)  # the last sign of a dead process stays this long for `clout doctor`
_CLOCKS_APART = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Beat:
    """The last sign of a process that runs jobs; `fault` is its last fault in words."""

    executor: str
    since: datetime
    at: datetime
    fault: str | None = None
    fault_at: datetime | None = None


class Leases:
    """The leases of one process, by its executor's name; every method raises StoreError when the database refuses."""

    def __init__(self, database: Database, clock: Clock, holder: str) -> None:
        self._db = database
        self._clock = clock
        self.holder = holder

    async def hold(self, name: str) -> bool:
        """Take or renew a lease for a minute; False while another process holds it."""
        return await self._db.write(_hold, name, self.holder, self._clock.now())

    async def is_free(self, name: str) -> bool:
        """Whether no other process holds a lease now; takes nothing."""
        return not await self._db.read(_held_elsewhere, name, self.holder, self._clock.now())

    async def release(self) -> None:
        """Give every lease back, so that a waiting process need not wait the minute out."""
        await self._db.write(_release, self.holder)

    async def beat(self) -> None:
        """Say that this process is alive, and forget those that have not been for a week."""
        await self._db.write(_beat, self.holder, self._clock.now())

    async def note(self, fault: str) -> None:
        """Keep this process's last fault, for `clout doctor`."""
        await self._db.write(_note, self.holder, fault, self._clock.now())

    async def beats(self) -> tuple[Beat, ...]:
        """Return the last sign of every process, the youngest first."""
        return await beats(self._db)


async def beats(database: Database) -> tuple[Beat, ...]:
    """Return the last sign of every process that ran jobs within a week, the youngest first."""
    return await database.read(_beats)


def _free(holder: str, now: datetime) -> ColumnElement[bool]:
    c = leases.c
    # one that ends later than any clock could have set it was set before the clock stepped back
    odd = to_ms(now + LEASE + _CLOCKS_APART)
    return or_(c.holder == holder, c.until <= to_ms(now), c.until > odd)


def _held_elsewhere(conn: Connection, name: str, holder: str, now: datetime) -> bool:
    taken = select(leases.c.name).where(leases.c.name == name, ~_free(holder, now))
    return conn.scalar(taken) is not None


def _hold(conn: Connection, name: str, holder: str, now: datetime) -> bool:
    until, c = to_ms(now + LEASE), leases.c
    free = _free(holder, now)
    taken = conn.execute(update(leases).where(and_(c.name == name, free)).values(holder=holder, until=until))
    if taken.rowcount:
        return True
    insert = sqlite.insert if conn.dialect.name == "sqlite" else postgresql.insert
    row = {"name": name, "holder": holder, "until": until}
    return conn.execute(insert(leases).values(row).on_conflict_do_nothing()).rowcount > 0


def _release(conn: Connection, holder: str) -> None:
    conn.execute(delete(leases).where(leases.c.holder == holder))


def _beat(conn: Connection, executor: str, now: datetime) -> None:
    at, c = to_ms(now), heartbeats.c
    if not conn.execute(update(heartbeats).where(c.executor == executor).values(at=at)).rowcount:
        conn.execute(heartbeats.insert().values(executor=executor, since=at, at=at))
        conn.execute(delete(heartbeats).where(c.at < to_ms(now - FORGOTTEN), c.executor != executor))


def _note(conn: Connection, executor: str, fault: str, now: datetime) -> None:
    c = heartbeats.c
    conn.execute(update(heartbeats).where(c.executor == executor).values(fault=fault, fault_at=to_ms(now)))


def _beats(conn: Connection) -> tuple[Beat, ...]:
    rows = conn.execute(select(heartbeats).order_by(heartbeats.c.at.desc()))
    return tuple(
        Beat(row.executor, from_ms(row.since), from_ms(row.at), row.fault, moment_or_none(row.fault_at)) for row in rows
    )
