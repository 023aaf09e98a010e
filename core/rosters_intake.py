"""Tracks everybody of a list for a team, accounts that nobody read yet among them: all in the caller's transaction, or
nothing where a line is bad.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, select, tuple_, update

from core.grants import told
from core.intake_creators import BadLine, Entry
from core.recording import upsert
from core.rosters_standing import chunks, enqueue
from core.rosters_tracks import full
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

_LINES = 500  # lines of a list a step of progress

Progress = Callable[[int, int], None]
"""Hears how many of how many steps are done; may be called in another thread."""


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
    for part in chunks(keys, _LINES):
        rows = conn.execute(select(a.id, a.network, a.handle_key).where(tuple_(a.network, a.handle_key).in_(part)))
        found |= {(row.network, row.handle_key): row.id for row in rows}
    return found
