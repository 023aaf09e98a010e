"""Creators who asked not to be scored here: no network is asked for them any more, and nothing of them is kept.

The list holds keyed hashes (HMAC-SHA-256) of handles and native ids, and names nobody. Its key is made with the first
entry, lies in the database encrypted with CLOUT_SECRET_KEYS, and is encrypted anew when those change, so that the list
outlives every rotation. Another process's change is seen within `KEPT`; what it had under way by then is read in vain,
for the transaction that would store it looks at the list itself.
"""

import hmac
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from secrets import token_bytes

import structlog
from pydantic import SecretStr
from sqlalchemy import Connection, delete, insert, select, update

from core.creators import set_setting, setting
from core.database import Database
from core.errors import OptedOut, SettingsError, StoreError
from core.finding import Pair
from core.grants import told
from core.manifest import Manifest
from core.models import Clock, Profile
from core.retention import NOBODY
from core.tables import handle_key, storable, suppressions, to_ms
from core.vault import Vault

KEPT = timedelta(seconds=20)  # how long another process's change may go unnoticed
KEY = "suppression.key"  # the setting of nobody's that holds the key, encrypted
_KEY_BYTES = 32  # as long as a SHA-256
_UNREADABLE = (
    "The list of creators who asked not to be scored cannot be read, so no network is asked: its key is not in "
    "CLOUT_SECRET_KEYS. Put the former key back, behind a comma."
)

log = structlog.get_logger("clout.suppression")


@dataclass(frozen=True, slots=True)
class Marks:
    """The hashes of accounts under one key."""

    key: bytes = field(repr=False)

    def handle(self, network: str, handle: str) -> bytes:
        """Return the hash of a handle, by which nobody may be asked for."""
        return self._of("handle", network, handle_key(handle))

    def alone(self, network: str, handle: str) -> bytes:
        """Return the hash of a handle whose account is not known: whoever is found to bear it is meant."""
        return self._of("alone", network, handle_key(handle))

    def account(self, network: str, native_id: str) -> bytes:
        """Return the hash of an account by its native id, whatever it is called."""
        return self._of("id", network, storable(told(native_id).native_id))

    def _of(self, *words: str) -> bytes:
        return hmac.digest(self.key, "\0".join(words).encode(), "sha256")

    def asked(self, network: str, handle: str, native_id: str | None) -> frozenset[bytes]:
        """Return what stands on the list if this account may not be asked for; a handle may be a typed native id."""
        if native_id is not None:  # known: a handle that it shares with somebody of former days says nothing
            return self.found(network, handle, native_id)
        return frozenset({self.handle(network, handle), self.account(network, handle)})

    def found(self, network: str, handle: str, native_id: str) -> frozenset[bytes]:
        """Return what stands on the list if this account, as it was found, may not be kept."""
        return frozenset({self.account(network, native_id), self.alone(network, told(handle).native_id)})


@dataclass(frozen=True, slots=True)
class _Known:
    """The list as it was at a moment; without marks nobody asked."""

    at: datetime
    marks: Marks | None = None
    hashes: frozenset[bytes] = frozenset()


class Suppression:
    """The list; one for the whole process. Methods raise StoreError, also when the list cannot be read."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        secret_keys: SecretStr | None,
        random: Callable[[int], bytes] = token_bytes,
    ) -> None:
        """Take CLOUT_SECRET_KEYS as it is set; it is needed from the first entry on."""
        self._db = database
        self._clock = clock
        self._secret = secret_keys.get_secret_value() if secret_keys is not None else ""
        self._random = random
        self._known: _Known | None = None
        self._opened: tuple[str, Marks] | None = None  # the key as it lies there, and what it opened to

    # --- looking at it ------------------------------------------------------------------------------------------------

    async def begin(self) -> None:
        """Read the list when a process begins, so that its key is encrypted with the newest one; log what is wrong."""
        try:
            await self._listed()
        except StoreError as error:
            log.warning(error.message)

    async def holds(self, network: str, handle: str, native_id: str | None = None) -> bool:
        """Return whether an account may not be asked for."""
        known = await self._listed()
        return known.marks is not None and not known.hashes.isdisjoint(known.marks.asked(network, handle, native_id))

    async def refuse(self, manifest: Manifest, handle: str, native_id: str | None = None) -> None:
        """Raise OptedOut for an account that may not be asked for."""
        if await self.holds(manifest.name, handle, native_id):
            raise opted_out(manifest)

    async def refuse_found(self, manifest: Manifest, profile: Profile) -> None:
        """Raise OptedOut for an account that was reached by another name, and may not be kept."""
        known = await self._listed()
        if known.marks is None:
            return
        if not known.hashes.isdisjoint(known.marks.found(manifest.name, profile.handle, profile.native_id)):
            raise opted_out(manifest)

    def among(self, conn: Connection, profiles: Sequence[Profile]) -> frozenset[Pair]:
        """Return those accounts (network, native id) that may not be kept, as the caller's transaction sees the list.

        One look at one row while nobody ever asked, one more by primary key after that.
        """
        marks = self._marks(setting(conn, NOBODY, KEY)) if profiles else None
        if marks is None:
            return frozenset()
        wanted = {(p.network, p.native_id): marks.found(p.network, p.handle, p.native_id) for p in profiles}
        every = frozenset[bytes]().union(*wanted.values())
        held = set(conn.scalars(select(suppressions.c.hash).where(suppressions.c.hash.in_(every))))
        return frozenset(pair for pair, hashes in wanted.items() if not held.isdisjoint(hashes))

    # --- changing it --------------------------------------------------------------------------------------------------

    def check(self) -> None:
        """See that somebody could be entered; raises SettingsError when CLOUT_SECRET_KEYS is missing or wrong."""
        if not self._secret:
            raise SettingsError(
                "CLOUT_SECRET_KEYS is missing: the list of those who asked not to be scored is kept as hashes, whose "
                "key is encrypted with it. `clout init keys` makes one."
            )
        Vault.of(self._secret)

    def enter(self, conn: Connection, network: str, handles: Iterable[str], native_ids: Iterable[str]) -> None:
        """Enter an account by its handles and native ids, or by handles alone, in the caller's transaction."""
        marks = self._marks(setting(conn, NOBODY, KEY)) or self._made(conn)
        ids = [marks.account(network, native_id) for native_id in native_ids]
        names = list(handles)
        hashes = {*ids, *(marks.handle(network, name) for name in names)}
        if not ids:
            hashes |= {marks.alone(network, name) for name in names}
        earlier = list(conn.scalars(select(suppressions.c.at).where(suppressions.c.hash.in_(hashes))))
        conn.execute(delete(suppressions).where(suppressions.c.hash.in_(hashes)))
        at = self._own_moment(conn)
        # a handle that the account bore when it was entered before is taken back together with the others
        conn.execute(update(suppressions).where(suppressions.c.at.in_(earlier)).values(at=at))
        conn.execute(insert(suppressions), [{"hash": one, "at": at} for one in sorted(hashes)])

    def entered(self) -> None:
        """Hear that this process has changed the list."""
        self._known = None

    async def release(self, network: str, name: str) -> bool:
        """Take everything back that was entered together with a handle or native id; False when neither is there."""

        def work(conn: Connection) -> bool:
            marks = self._marks(setting(conn, NOBODY, KEY))
            if marks is None:
                return False
            mine = marks.asked(network, name, None) | {marks.alone(network, name)}
            together = select(suppressions.c.at).where(suppressions.c.hash.in_(mine))
            gone = conn.execute(delete(suppressions).where(suppressions.c.at.in_(list(conn.scalars(together)))))
            if conn.scalar(select(suppressions.c.at).limit(1)) is None:
                set_setting(conn, NOBODY, KEY, None)  # the next entry makes another
            return gone.rowcount > 0

        gone = await self._db.write(work)
        self.entered()
        return gone

    async def release_all(self) -> int:
        """Empty the list, one that cannot be read too; return how many hashes it held."""

        def work(conn: Connection) -> int:
            set_setting(conn, NOBODY, KEY, None)
            return conn.execute(delete(suppressions)).rowcount

        gone = await self._db.write(work)
        self.entered()
        return gone

    def _own_moment(self, conn: Connection) -> int:
        """Return when somebody is entered, in ms: what was entered together has a moment that nothing else has."""
        at = to_ms(self._clock.now())
        taken = set(conn.scalars(select(suppressions.c.at).where(suppressions.c.at >= at)))
        while at in taken:
            at += 1
        return at

    # --- its key ------------------------------------------------------------------------------------------------------

    async def _listed(self) -> _Known:
        now = self._clock.now()
        known = self._known
        if known is None or not timedelta(0) <= now - known.at < KEPT:
            known = self._known = await self._read(now)
        return known

    async def _read(self, now: datetime) -> _Known:
        locked, hashes = await self._db.read(_stored)
        marks = self._marks(locked)
        if marks is not None and locked is not None:
            renewed = Vault.of(self._secret).renewed(locked)
            if renewed is not None:
                await self._db.write(_replace, locked, renewed)
                log.info("the key of the list is encrypted with the newest key now")
        elif hashes:
            raise StoreError(_UNREADABLE)
        return _Known(now, marks, hashes)

    def _marks(self, locked: str | None) -> Marks | None:
        if locked is None:
            return None
        if self._opened is None or self._opened[0] != locked:
            try:
                self._opened = locked, Marks(b64decode(Vault.of(self._secret).unlock(locked)))
            except (SettingsError, StoreError) as err:
                raise StoreError(_UNREADABLE) from err
        return self._opened[1]

    def _made(self, conn: Connection) -> Marks:
        self.check()
        key = self._random(_KEY_BYTES)
        set_setting(conn, NOBODY, KEY, Vault.of(self._secret).lock(b64encode(key).decode()))
        return Marks(key)


def opted_out(manifest: Manifest) -> OptedOut:
    """Return the error of an account whose owner asked not to be scored."""
    return OptedOut(manifest.name, f"{manifest.label}: this creator asked not to be scored here.")


def _stored(conn: Connection) -> tuple[str | None, frozenset[bytes]]:
    return setting(conn, NOBODY, KEY), frozenset(conn.scalars(select(suppressions.c.hash)))


def _replace(conn: Connection, before: str, after: str) -> None:
    if setting(conn, NOBODY, KEY) == before:
        set_setting(conn, NOBODY, KEY, after)
