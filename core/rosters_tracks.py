"""Tracks a creator for a team, and no longer. Inside the caller's transaction, every statement with the team."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, delete, exists, insert, select, tuple_, update

from core.creators import link
from core.errors import InputError, LimitReached
from core.finding import Pair
from core.grants import granted_id, name_key
from core.rosters_pages import size
from core.rosters_standing import dequeue, regroup
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
    tags = _tagged(conn, team, creator_id, wish.tags)
    regroup(conn, creator_id, now)
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


def _tagged(conn: Connection, team: str, creator_id: int, tags: Sequence[str]) -> tuple[str, ...]:
    """Give a creator these tags beside those it bears; returns all of them, in order."""
    t = creator_tags.c
    own = set(conn.scalars(select(t.tag).where(t.team == team, t.creator_id == creator_id)))
    fresh = [{"team": team, "creator_id": creator_id, "tag": tag} for tag in tags if tag not in own]
    if fresh:
        conn.execute(insert(creator_tags), fresh)
    return tuple(sorted(own.union(tags)))


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
