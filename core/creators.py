"""What belongs to one team: its creators, their accounts, its settings. Every statement carries the team."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import ColumnElement, Connection, delete, exists, insert, select, update

from core.errors import InputError, NotRecorded
from core.finding import Pair
from core.grants import SIGN, granted_id, told
from core.recording import upsert
from core.tables import (
    AnyRow,
    accounts,
    creator_accounts,
    creator_pending,
    creators,
    from_ms,
    handle_key,
    storable,
    team_settings,
    to_ms,
)

LAST = "\U0010ffff"  # sorts after every name


class LinkedAccount(NamedTuple):
    """An account that a team linked to a creator."""

    network: str
    native_id: str
    handle: str


@dataclass(frozen=True, slots=True)
class TeamCreator:
    """A creator of one team with the accounts it linked."""

    name: str
    accounts: tuple[LinkedAccount, ...]
    tracked_since: datetime | None


class KnownHandle(NamedTuple):
    """A name worth suggesting; `network` is None for a creator of the team."""

    name: str
    network: str | None

    @property
    def text(self) -> str:
        """What a person types to mean exactly this one."""
        return self.name if self.network is None else f"{self.network}:{self.name}"


def _creator(conn: Connection, team: str, name: str) -> AnyRow | None:
    c = creators.c
    return conn.execute(select(c.id, c.name).where(c.team == team, c.name_key == handle_key(name))).first()


def link(conn: Connection, team: str, name: str, owned: Sequence[Pair], now: datetime) -> int:
    """See Store.link; the creator's id."""
    if not owned:
        raise InputError("Name at least one account to link.")
    creator = _creator(conn, team, name)
    at = to_ms(now)
    if creator is None:
        row = {
            "team": team,
            "name": storable(name).strip().removeprefix("@"),
            "name_key": handle_key(name),
            "created_at": at,
        }
        creator_id = int(conn.execute(insert(creators).values(row).returning(creators.c.id)).scalar_one())
    else:
        creator_id = int(creator.id)
    for network, native_id in owned:
        account_id = _linkable(conn, team, creator_id, network, native_id)
        row = {"team": team, "account_id": account_id, "creator_id": creator_id, "linked_at": at}
        conn.execute(upsert(creator_accounts, conn.dialect.name, "linked_at"), row)
        if told(native_id).team:
            _no_longer_waits(conn, creator_id, account_id)
    return creator_id


def _no_longer_waits(conn: Connection, creator_id: int, account_id: int) -> None:
    """Delete the handle that waited for this account: it stood there under the name that everybody knows."""
    network, handle = conn.execute(
        select(accounts.c.network, accounts.c.handle).where(accounts.c.id == account_id)
    ).one()
    p = creator_pending.c
    mine = (p.creator_id == creator_id, p.network == network, p.handle_key == handle_key(handle))
    conn.execute(delete(creator_pending).where(*mine))


def _linkable(conn: Connection, team: str, creator_id: int, network: str, native_id: str) -> int:
    found = conn.execute(
        select(accounts.c.id, accounts.c.handle, creators.c.id.label("creator_id"), creators.c.name)
        .outerjoin(
            creator_accounts, (creator_accounts.c.account_id == accounts.c.id) & (creator_accounts.c.team == team)
        )
        .outerjoin(creators, creators.c.id == creator_accounts.c.creator_id)
        .where(accounts.c.network == network, accounts.c.native_id == native_id)
    ).first()
    if found is None:
        raise NotRecorded(f"That {network} account was never looked up. Look it up first, then link it.")
    if found.creator_id not in (None, creator_id):
        raise InputError(f"{network}:{found.handle} already belongs to {found.name}. Unlink it there first.")
    return int(found.id)


def unlink(conn: Connection, team: str, name: str, network: str, native_id: str) -> int | None:
    """See Store.unlink; the creator's id, None when there was no such link."""
    creator = _creator(conn, team, name)
    if creator is None:
        return None
    account = select(accounts.c.id).where(accounts.c.network == network, accounts.c.native_id == native_id)
    c = creator_accounts.c
    done = conn.execute(
        delete(creator_accounts).where(
            c.team == team, c.creator_id == creator.id, c.account_id == account.scalar_subquery()
        )
    )
    conn.execute(delete(creators).where(creators.c.team == team, creators.c.id == creator.id, *_bare()))
    return int(creator.id) if done.rowcount else None


def withdrawn(conn: Connection, team: str, network: str, native_id: str, now: datetime) -> tuple[bool, int | None]:
    """See Store.withdrawn; whether there was such an account, and the creator it was linked to, if one is left."""
    c, own = accounts.c, creator_accounts.c
    wanted = select(c.id).where(c.network == network, c.native_id == granted_id(native_id, team))
    account_id = conn.scalar(wanted)
    if account_id is None:
        return False, None
    creator_id = conn.scalar(select(own.creator_id).where(own.team == team, own.account_id == account_id))
    conn.execute(delete(accounts).where(c.id == account_id))  # takes posts, counts, scores and links along
    if creator_id is None:
        return True, None
    public = conn.scalar(select(c.id).where(c.network == network, c.native_id == native_id))
    taken = select(own.creator_id).where(own.team == team, own.account_id == public)
    if public is not None and conn.scalar(taken) is None:
        row = {"team": team, "account_id": public, "creator_id": creator_id, "linked_at": to_ms(now)}
        conn.execute(insert(creator_accounts).values(row))
    left = conn.execute(delete(creators).where(creators.c.id == creator_id, *_bare())).rowcount == 0
    return True, int(creator_id) if left else None


def _bare() -> tuple[ColumnElement[bool], ...]:
    """Return the conditions for a creator without accounts, stored or still to be asked for."""
    return tuple(~exists().where(c.creator_id == creators.c.id) for c in (creator_accounts.c, creator_pending.c))


def track(conn: Connection, team: str, name: str, since: datetime | None) -> int | None:
    """See Store.track; the creator's id, None when there is no such creator."""
    creator_id: int | None = conn.scalar(
        update(creators)
        .where(creators.c.team == team, creators.c.name_key == handle_key(name))
        .values(tracked_since=None if since is None else to_ms(since))
        .returning(creators.c.id)
    )
    return creator_id


def team_creators(conn: Connection, team: str) -> tuple[TeamCreator, ...]:
    """See Store.creators."""
    rows = conn.execute(
        select(
            creators.c.id,
            creators.c.name,
            creators.c.tracked_since,
            accounts.c.network,
            accounts.c.native_id,
            accounts.c.handle,
        )
        .outerjoin(creator_accounts, creator_accounts.c.creator_id == creators.c.id)
        .outerjoin(accounts, accounts.c.id == creator_accounts.c.account_id)
        .where(creators.c.team == team)
        .order_by(creators.c.name_key, accounts.c.network, accounts.c.native_id)
    ).all()
    owned: dict[int, list[LinkedAccount]] = {}
    for row in rows:
        linked = [LinkedAccount(row.network, row.native_id, row.handle)] if row.network is not None else []
        owned.setdefault(row.id, []).extend(linked)
    heads = {row.id: row for row in rows}
    return tuple(
        TeamCreator(row.name, tuple(owned[row.id]), None if row.tracked_since is None else from_ms(row.tracked_since))
        for row in heads.values()
    )


def known_handles(conn: Connection, team: str, prefix: str, limit: int) -> list[KnownHandle]:
    """See Store.known_handles."""
    start = handle_key(prefix)
    own = (
        select(creators.c.name)
        .where(creators.c.team == team, creators.c.name_key >= start, creators.c.name_key < start + LAST)
        .order_by(creators.c.name_key)
        .limit(limit)
    )
    found = [KnownHandle(name, None) for name in conn.scalars(own)]
    if len(found) < limit:
        seen = (
            select(accounts.c.handle, accounts.c.network)
            .where(accounts.c.handle_key >= start, accounts.c.handle_key < start + LAST)
            .where(accounts.c.native_id.not_like(f"%{SIGN}%"))  # what an owner shows one team is not for all
            .order_by(accounts.c.handle_key, accounts.c.network)
            .limit(limit - len(found))
        )
        found += [KnownHandle(row.handle, row.network) for row in conn.execute(seen)]
    return found


def setting(conn: Connection, team: str, key: str) -> str | None:
    """See Store.setting."""
    c = team_settings.c
    return conn.scalar(select(c.value).where(c.team == team, c.key == key))


def settings(conn: Connection, team: str) -> dict[str, str]:
    """See Store.settings."""
    c = team_settings.c
    return {row.key: row.value for row in conn.execute(select(c.key, c.value).where(c.team == team))}


def set_setting(conn: Connection, team: str, key: str, value: str | None) -> None:
    """See Store.set_setting."""
    c = team_settings.c
    if value is None:
        conn.execute(delete(team_settings).where(c.team == team, c.key == key))
    else:
        conn.execute(upsert(team_settings, conn.dialect.name), {"team": team, "key": key, "value": value})
