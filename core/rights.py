"""Use case: what a creator may ask of whoever runs Clout: to see what is stored, to have it deleted, to be let alone.

Accounts are stored once for all teams, so these are the operator's commands and no team's.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

import structlog
from sqlalchemy import Connection

from core import rights_export, rights_rows
from core.consents import Consents
from core.credentials import Credentials
from core.errors import InputError, NotRecorded, SourceError
from core.lookup import Lookups
from core.manifest import Target
from core.models import Clock
from core.naming import at_handle
from core.rights_export import Document
from core.rights_rows import Held, Whose
from core.sources import Source, of_team
from core.store import Store
from core.suppression import Suppression

log = structlog.get_logger("clout.rights")


@dataclass(frozen=True, slots=True)
class Account:
    """An account as it was asked for: its network, and its handle there, or the native id that was typed as `name`."""

    network: str
    label: str
    name: str
    native_id: str | None = None


@dataclass(frozen=True, slots=True)
class _Entry:
    """What an account is listed by besides the names it is stored under."""

    handles: tuple[str, ...] = ()
    native_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class OptOut:
    """What came of an opt-out: whether anything was stored, and why the list knows the handle alone (or empty)."""

    forgotten: bool
    by_handle_alone: str = ""


class Rights:
    """Exports, forgets and lets alone; one for the whole process. Methods raise StoreError.

    Every `text` is `network:handle` or a profile address; InputError for anything else.
    """

    def __init__(
        self,
        store: Store,
        clock: Clock,
        sources: Mapping[str, Source],
        credentials: Credentials,
        lookups: Lookups,
        consents: Consents,
        suppression: Suppression,
        *,
        patience: timedelta = timedelta(seconds=25),
    ) -> None:
        self._store = store
        self._db = store.database
        self._clock = clock
        self._sources = sources
        self._credentials = credentials
        self._lookups = lookups
        self._consents = consents
        self._suppression = suppression
        self._patience = patience

    def account(self, text: str) -> Account:
        """Return which account is meant; raises InputError where no network is named."""
        handle = self._lookups.handle(text)
        if handle.network is None:
            raise InputError(f"Which account is it? Name the network: youtube:{handle.name}, or give its address.")
        source = self._sources[handle.network]
        return Account(handle.network, source.manifest.label, source.name_for(handle), handle.native_id)

    def check(self) -> None:
        """See that somebody could be entered on the list; raises SettingsError without CLOUT_SECRET_KEYS."""
        self._suppression.check()

    async def held(self, text: str) -> Held | None:
        """Return how much is stored of an account, of all teams together; None for nothing."""
        one = self.account(text)

        def counted(conn: Connection) -> Held | None:
            whose = rights_rows.whose(conn, one.network, one.name)
            return rights_rows.held(conn, whose) if _is_stored(whose) else None

        return await self._db.read(counted)

    async def export(self, text: str) -> Document:
        """Return everything stored about an account, ready for JSON; raises NotRecorded when that is nothing."""
        one = self.account(text)
        found = await self._db.read(rights_export.document, one.network, one.name, self._clock.now())
        if found is None:
            raise nothing_stored(one)
        return found

    async def forget(self, text: str) -> None:
        """Delete an account with everything that hangs on it, permissions of its owner first; raises NotRecorded."""
        one = self.account(text)
        if not await self._forgotten(one, None):
            raise nothing_stored(one)

    async def opt_out(self, text: str) -> OptOut:
        """Forget an account and put it on the list that every lookup honours, in one transaction.

        It is entered by its handles and native id; where nothing is stored the network is asked for that once. Raises
        SettingsError, nothing done, without CLOUT_SECRET_KEYS.
        """
        self.check()
        one = self.account(text)
        known = await self._db.read(rights_rows.whose, one.network, one.name)
        entry, why = (_Entry(), "") if known.native_ids else await self._asked(one)
        return OptOut(await self._forgotten(one, entry), why)

    async def welcome_back(self, text: str) -> bool:
        """Take an account off the list, whichever of its names is given; False when it is not there."""
        one = self.account(text)
        if await self._suppression.release(one.network, one.name):
            return True
        entry, _ = await self._asked(one)  # it may have another handle now
        return any([await self._suppression.release(one.network, native_id) for native_id in entry.native_ids])

    async def welcome_all(self) -> int:
        """Empty the list, even where its key is lost; return how many hashes it held."""
        return await self._suppression.release_all()

    # --- inside -------------------------------------------------------------------------------------------------------

    async def _forgotten(self, one: Account, entry: _Entry | None) -> bool:
        """Delete, and with an entry put it on the list; False when nothing was stored."""
        known = await self._db.read(rights_rows.whose, one.network, one.name)
        for team, native_id in await self._db.read(rights_rows.granted, known):
            await self._consents.take_back(team, one.network, native_id)

        def enter(conn: Connection) -> None:
            if entry is not None:
                now = rights_rows.whose(conn, one.network, one.name)  # another process may have read it meanwhile
                handles = {*entry.handles, *known.handles, *now.handles}
                self._suppression.enter(
                    conn, one.network, handles, {*entry.native_ids, *known.native_ids, *now.native_ids}
                )

        try:
            gone = await self._store.forget(one.network, one.name, known=known.native_ids, also=enter)
        finally:
            self._suppression.entered()
        log.info("an account was forgotten", network=one.network, listed=entry is not None)
        return gone or _is_stored(known)

    async def _asked(self, one: Account) -> tuple[_Entry, str]:
        """Return handle and native id as the network tells them, keeping nothing else of the answer; or why not."""
        source = (await of_team(self._sources, self._credentials, ""))[one.network]
        try:
            target = Target(handle=one.name)
            snapshot = await replace(source, suppression=None).fetch(target, self._clock.now(), self._patience)
        except SourceError as error:
            return (_Entry((), (one.native_id,)), "") if one.native_id is not None else (_Entry(), error.message)
        return _Entry((snapshot.profile.handle,), (snapshot.profile.native_id,)), ""


def _is_stored(one: Whose) -> bool:
    return bool(one.native_ids or one.creator_ids)


def nothing_stored(one: Account) -> NotRecorded:
    """Return the error of an account that nothing is stored of."""
    return NotRecorded(f"Nothing is stored about {one.label} {at_handle(one.name)}.")
