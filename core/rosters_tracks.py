"""Writes what a team tracks: creators, tags, and handles that wait for their first reading. Inside the caller's
transaction, every statement with the team.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import Connection, delete, exists, insert, select, tuple_, update

from core.creators import link
from core.errors import InputError, LimitReached
from core.finding import Pair
from core.grants import granted_id, name_key, told
from core.intake_creators import BadLine, Entry
from core.models import Failure
from core.recording import upsert
from core.rosters_pages import size
from core.rosters_standing import arrived, chunks, dequeue, enqueue, regroup
from core.tables import (
    accounts,
    creator_accounts,
    creator_pending,
    creator_tags,
    creators,
    handle_key,
    storable,
    to_ms,
)

BACK_OFF = timedelta(hours=1)  # doubled with every failure in a row, up to a week
LONGEST = timedelta(days=7)
_LINES = 500  # lines of a list a step of progress

Progress = Callable[[int, int], None]
"""Hears how many of how many steps are done; may be called in another thread."""


class Wish(NamedTuple):
    """What is to be tracked: the creator's name here (None for a new one), its name from now on, accounts and tags."""

    known: str | None
    name: str
    accounts: tuple[Pair, ...]
    tags: tuple[str, ...]


class Followed(NamedTuple):
    """A tracked creator as it is kept; `already` says that it was tracked before."""

    creator_id: int
    name: str
    since: int
    tags: tuple[str, ...]
    already: bool


def follow(conn: Connection, team: str, wish: Wish, now: datetime, most: int | None) -> Followed:
    """Track a creator with these accounts, who is made if need be.

    Raises LimitReached, and InputError for accounts of other creators and for a name that is another's.
    """
    _refuse_taken(conn, team, wish.name, None if wish.known is None else _creator_id(conn, team, wish.known))
    creator_id = link(conn, team, wish.known or wish.name, wish.accounts, now)
    c = creators.c
    since = conn.scalar(select(c.tracked_since).where(c.id == creator_id))
    if since is None and most is not None and size(conn, team) >= most:
        raise full(most)
    named = {"name": storable(wish.name), "name_key": handle_key(wish.name)}
    values = {"tracked_since": to_ms(now) if since is None else since, **named}
    conn.execute(update(creators).where(c.team == team, c.id == creator_id).values(values))
    _tag(conn, team, [(creator_id, tag) for tag in wish.tags])
    regroup(conn, creator_id, now)
    t = creator_tags.c
    tags = tuple(conn.scalars(select(t.tag).where(t.team == team, t.creator_id == creator_id).order_by(t.tag)))
    return Followed(creator_id, wish.name, since or to_ms(now), tags, since is not None)


def full(most: int) -> LimitReached:
    """Return the error of a team that tracks as many creators as it may."""
    return LimitReached(f"At most {most:,} creators are tracked here (CLOUT_MAX_TRACKED).")


def owners(conn: Connection, team: str, owned: Sequence[Pair]) -> dict[int, str]:
    """Return the team's creators, id and name, that have one of these (network, native id) accounts."""
    c, own, a = creators.c, creator_accounts.c, accounts.c
    rows = conn.execute(
        select(c.id, c.name)
        .join(own.account_id.table, own.creator_id == c.id)
        .join(accounts, a.id == own.account_id)
        .where(own.team == team, tuple_(a.network, a.native_id).in_(owned))
    )
    return {row.id: row.name for row in rows}


def _creator_id(conn: Connection, team: str, name: str) -> int | None:
    found: int | None = conn.scalar(
        select(creators.c.id).where(creators.c.team == team, creators.c.name_key == handle_key(name))
    )
    return found


def _refuse_taken(conn: Connection, team: str, alias: str, creator_id: int | None) -> None:
    other = _creator_id(conn, team, alias)
    if other is not None and other != creator_id:
        raise InputError(f"@{alias} is another creator here already. Choose another alias.", field="alias")


def _tag(conn: Connection, team: str, tags: Sequence[tuple[int, str]]) -> None:
    if tags:
        rows = [{"team": team, "creator_id": creator_id, "tag": tag} for creator_id, tag in tags]
        known = creator_tags.c
        ids = {creator_id for creator_id, _ in tags}
        there = {
            (row.creator_id, row.tag)
            for part in chunks(ids, 500)
            for row in conn.execute(select(known.creator_id, known.tag).where(known.creator_id.in_(part)))
        }
        fresh = [row for row in rows if (row["creator_id"], row["tag"]) not in there]
        if fresh:
            conn.execute(insert(creator_tags), fresh)


def unfollow(conn: Connection, team: str, name: str, now: datetime) -> bool:
    """No longer track a creator: tags, days and waiting handles go, linked accounts stay; False when it was not."""
    c = creators.c
    creator_id = conn.scalar(
        select(c.id).where(c.team == team, c.name_key == handle_key(name), c.tracked_since.is_not(None))
    )
    if creator_id is None:
        return False
    conn.execute(update(creators).where(c.team == team, c.id == creator_id).values(tracked_since=None))
    conn.execute(delete(creator_tags).where(creator_tags.c.team == team, creator_tags.c.creator_id == creator_id))
    conn.execute(delete(creator_pending).where(creator_pending.c.creator_id == creator_id))
    regroup(conn, creator_id, now)
    owned = select(creator_accounts.c.account_id).where(creator_accounts.c.creator_id == creator_id)
    dequeue(conn, list(conn.scalars(owned)))
    bare = ~exists().where(creator_accounts.c.creator_id == c.id)
    conn.execute(delete(creators).where(c.team == team, c.id == creator_id, bare))
    return True


def tracked_name(conn: Connection, team: str, key: str, network: str | None, handle: str | None) -> str | None:
    """Return the name of the team's tracked creator that is called so, or whose account or waiting handle it is."""
    c, p, own = creators.c, creator_pending.c, creator_accounts.c
    mine = select(c.name).where(c.team == team, c.tracked_since.is_not(None))
    if network is None:
        found: str | None = conn.scalar(mine.where(c.name_key == handle_key(key)))
        if found is not None:
            return found
    wanted = handle_key(handle or key)
    of_account = select(own.creator_id).join(accounts, accounts.c.id == own.account_id)
    shown = handle_key(name_key(granted_id("", team), wanted))  # an account that its owner shows to this team
    of_account = of_account.where(own.team == team, accounts.c.handle_key.in_((wanted, shown)))
    of_pending = select(p.creator_id).where(p.team == team, p.handle_key == wanted)
    if network is not None:
        of_account = of_account.where(accounts.c.network == network)
        of_pending = of_pending.where(p.network == network)
    names = list(conn.scalars(mine.where(c.id.in_(of_account.union(of_pending))).limit(2)))
    return names[0] if len(names) == 1 else None


# --- handles that wait ------------------------------------------------------------------------------------------------


class Pending(NamedTuple):
    """A handle of a tracked creator that was never read."""

    team: str
    creator_id: int
    network: str
    handle: str
    failures: int


def pending(conn: Connection, network: str, now: datetime, limit: int) -> list[Pending]:
    """Return handles of a network that are due, those that wait longest first."""
    p = creator_pending.c
    rows = conn.execute(
        select(p.team, p.creator_id, p.network, p.handle, p.failures)
        .where(p.network == network, p.next_due_at <= to_ms(now))
        .order_by(p.next_due_at)
        .limit(limit)
    )
    return [Pending(*row) for row in rows]


def resolved(conn: Connection, one: Pending, network: str, native_id: str, now: datetime) -> None:
    """Put a stored account in the place of the handle that waited for it; nothing when it no longer waits."""
    a, p = accounts.c, creator_pending.c
    account_id = conn.scalar(select(a.id).where(a.network == network, a.native_id == native_id))
    key = handle_key(one.handle)
    waits = (p.team == one.team, p.creator_id == one.creator_id, p.network == one.network, p.handle_key == key)
    if account_id is not None and conn.scalar(select(p.creator_id).where(*waits)) is not None:
        arrived(conn, one.team, one.creator_id, one.network, key, account_id, now)
        regroup(conn, one.creator_id, now)


def postpone(conn: Connection, one: Pending, failure: Failure, now: datetime) -> None:
    """Note why a handle could not be read; it is due in an hour, twice as long each time, or when the network says."""
    wait = min(BACK_OFF * 2 ** min(one.failures, 10), LONGEST)
    due = max(now + wait, failure.retry_at or now)
    p = creator_pending.c
    conn.execute(
        update(creator_pending)
        .where(p.creator_id == one.creator_id, p.network == one.network, p.handle_key == handle_key(one.handle))
        .values(next_due_at=to_ms(due), failures=one.failures + 1, last_error=failure.model_dump_json())
    )


# --- a list of creators -----------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Entered:
    """What became of a list: nothing at all was written when a line is bad."""

    made: int = 0
    joined: int = 0
    already: int = 0
    bad: list[BadLine] = field(default_factory=list)
    known: list[int] = field(default_factory=list)  # creators whose accounts had been read before


Key = tuple[str, str]


@dataclass(slots=True)
class _Plan:
    """What a list comes to, before anything is written."""

    fresh: list[tuple[str, Entry]] = field(default_factory=list)
    joins: list[tuple[int, Entry]] = field(default_factory=list)
    result: Entered = field(default_factory=Entered)


class _Here:
    """What the team has: names, and whose creator each account or waiting handle is."""

    def __init__(self, conn: Connection, team: str) -> None:
        c, p, own = creators.c, creator_pending.c, creator_accounts.c
        rows = conn.execute(select(c.id, c.name, c.name_key, c.tracked_since).where(c.team == team)).all()
        self.ids = {row.name_key: row.id for row in rows}
        self.names = {row.id: row.name for row in rows}
        self.tracked = {row.id for row in rows if row.tracked_since is not None}
        linked = select(own.creator_id, accounts.c.network, accounts.c.handle_key)
        linked = linked.join(accounts, accounts.c.id == own.account_id).where(own.team == team)
        waiting = select(p.creator_id, p.network, p.handle_key).where(p.team == team)
        self.owner: dict[Key, int] = {
            (row.network, row.handle_key and told(row.handle_key).native_id): row.creator_id
            for which in (linked, waiting)
            for row in conn.execute(which)
        }
        t = creator_tags.c
        tagged = conn.execute(select(t.creator_id, t.tag).where(t.team == team))
        self.tags = {(row.creator_id, row.tag) for row in tagged}
        self._keys: dict[int, list[Key]] = {}

    def keys(self, entry: Entry) -> list[Key]:
        """What an entry's accounts are found by."""
        if entry.line not in self._keys:
            self._keys[entry.line] = [(network, handle_key(handle)) for network, handle in entry.accounts]
        return self._keys[entry.line]


def enter(
    conn: Connection,
    team: str,
    entries: Sequence[Entry],
    name_of: Callable[[str, str], str],
    now: datetime,
    most: int | None,
    progress: Progress | None = None,
) -> Entered:
    """Track everybody of a list, in this one transaction; with a bad line nothing is written.

    `name_of(network, handle)` is what a creator without an alias is called. Raises LimitReached.
    """
    here = _Here(conn, team)
    plan = _planned(here, entries, name_of)
    result = plan.result
    more = len(plan.fresh) + len({i for i, _ in plan.joins} - here.tracked)
    if most is not None and more and len(here.tracked) + more > most:
        raise full(most)
    if result.bad:
        return Entered(bad=result.bad)
    made = _make(conn, team, plan.fresh, now)
    wanted = [(creator_id, entry) for creator_id, (_, entry) in zip(made, plan.fresh, strict=True)]
    _follow_again(conn, team, [creator_id for creator_id, _ in plan.joins], now)
    wanted += plan.joins
    for start in range(0, len(wanted), _LINES):
        part = wanted[start : start + _LINES]
        result.known += _own(conn, team, here, part, now)
        if progress is not None:
            progress(min(start + _LINES, len(wanted)), len(wanted))
    return result


def _follow_again(conn: Connection, team: str, creator_ids: Sequence[int], now: datetime) -> None:
    c = creators.c
    for ids in chunks(creator_ids, _LINES):
        idle = (c.team == team, c.id.in_(ids), c.tracked_since.is_(None))
        conn.execute(update(creators).where(*idle).values(tracked_since=to_ms(now)))


def _planned(here: _Here, entries: Sequence[Entry], name_of: Callable[[str, str], str]) -> _Plan:
    plan = _Plan()
    for entry in entries:
        owners = {here.owner[key] for key in here.keys(entry) if key in here.owner}
        if not owners:
            _plan_new(plan, here, entry, entry.alias or name_of(*entry.accounts[0]))
        elif len(owners) > 1:
            names = " and ".join(sorted(f"@{here.names[one]}" for one in owners))
            plan.result.bad.append(BadLine(entry.line, "accounts", f"These accounts belong to {names} here."))
        else:
            _plan_join(plan, here, entry, owners.pop())
    return plan


def _plan_new(plan: _Plan, here: _Here, entry: Entry, name: str) -> None:
    if handle_key(name) in here.ids:
        said = f"@{name} is another creator here already: give this one an alias of its own."
        plan.result.bad.append(BadLine(entry.line, "alias", said))
        return
    plan.fresh.append((name, entry))
    plan.result.made += 1


def _plan_join(plan: _Plan, here: _Here, entry: Entry, creator_id: int) -> None:
    name = here.names[creator_id]
    if entry.alias is not None and handle_key(entry.alias) != handle_key(name):
        said = f"This creator is called @{name} here: leave the alias out, or rename it first (track @{name} as ...)."
        plan.result.bad.append(BadLine(entry.line, "alias", said))
        return
    same = all(key in here.owner for key in here.keys(entry)) and all(
        (creator_id, tag) in here.tags for tag in entry.tags
    )
    if same and creator_id in here.tracked:
        plan.result.already += 1
        return
    plan.joins.append((creator_id, entry))
    plan.result.joined += 1


def _make(conn: Connection, team: str, fresh: Sequence[tuple[str, Entry]], now: datetime) -> list[int]:
    if not fresh:
        return []
    at = to_ms(now)
    rows = [
        {"team": team, "name": storable(name), "name_key": handle_key(name), "created_at": at, "tracked_since": at}
        for name, _ in fresh
    ]
    conn.execute(insert(creators), rows)
    ids = {
        row.name_key: row.id
        for row in conn.execute(select(creators.c.id, creators.c.name_key).where(creators.c.team == team))
    }
    return [ids[handle_key(name)] for name, _ in fresh]


def _own(conn: Connection, team: str, here: _Here, part: Sequence[tuple[int, Entry]], now: datetime) -> list[int]:
    """Give creators their accounts and tags; those accounts that were never read wait. The ids that have read ones."""
    new = [(creator_id, key, handle) for creator_id, entry in part for key, handle in _missing(here, entry)]
    known = _account_ids(conn, [key for _, key, _ in new])
    at = to_ms(now)
    links: list[dict[str, Any]] = [
        {"team": team, "account_id": known[key], "creator_id": creator_id, "linked_at": at}
        for creator_id, key, _ in new
        if key in known
    ]
    if links:
        conn.execute(upsert(creator_accounts, conn.dialect.name, "linked_at"), links)
    waiting = [
        {
            "team": team,
            "creator_id": creator_id,
            "network": key[0],
            "handle": storable(handle),
            "handle_key": key[1],
            "next_due_at": at,
            "failures": 0,
        }
        for creator_id, key, handle in new
        if key not in known
    ]
    if waiting:
        conn.execute(insert(creator_pending), waiting)
    tags = dict.fromkeys((creator_id, tag) for creator_id, entry in part for tag in entry.tags)
    tagged = [{"team": team, "creator_id": i, "tag": tag} for i, tag in tags if (i, tag) not in here.tags]
    if tagged:
        conn.execute(insert(creator_tags), tagged)
    of_read = {row["creator_id"] for row in links} | {i for i, e in part if any(k in here.owner for k in here.keys(e))}
    enqueue(conn, sorted(of_read), now)
    return sorted(of_read)


def _missing(here: _Here, entry: Entry) -> list[tuple[Key, str]]:
    pairs = zip(here.keys(entry), (handle for _, handle in entry.accounts), strict=True)
    return [(key, handle) for key, handle in pairs if key not in here.owner]


def _account_ids(conn: Connection, keys: Sequence[Key]) -> dict[Key, int]:
    a = accounts.c
    found: dict[Key, int] = {}
    for start in range(0, len(keys), _LINES):
        part = keys[start : start + _LINES]
        rows = conn.execute(select(a.id, a.network, a.handle_key).where(tuple_(a.network, a.handle_key).in_(part)))
        found |= {(row.network, row.handle_key): row.id for row in rows}
    return found
