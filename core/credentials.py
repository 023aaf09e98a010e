"""Keys and tokens of the networks: whose each is, encrypted at rest, and known before they end.

For a team its own connected key comes first, then the environment's, then the key connected for the installation. What
is connected takes effect within `KEPT` in every process, and a stored secret is encrypted anew with the newest key of
CLOUT_SECRET_KEYS when it is read. No secret ever enters a message, a log or a repr.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog
from pydantic import SecretStr

from core import keyring
from core.database import Database
from core.errors import SettingsError, StoreError
from core.keyring import Sealed, Where
from core.models import Clock, Model, Moment
from core.vault import Vault

KEPT = timedelta(seconds=20)  # how long another process's change may go unnoticed
NOTICE = timedelta(days=7)  # before it ends an operator is told of a token
_MOST = 10_000  # teams remembered
_TRIES = 3  # the same token may be encrypted anew between reading and writing

log = structlog.get_logger("clout.credentials")


@dataclass(frozen=True, slots=True)
class Keys:
    """What a team reads a network with, as far as it was connected; `owner` is the team when the key is its own."""

    values: Mapping[str, SecretStr] = field(repr=False)
    owner: str = ""
    expires_at: datetime | None = None


class OwnerToken(Model):
    """What an account's owner has granted: the account by native id, the tokens, and what they allow until when.

    `ended_at` is when the network said that only the owner can give another.
    """

    native_id: str
    access: SecretStr
    refresh: SecretStr | None = None
    expires_at: Moment | None = None
    refresh_expires_at: Moment | None = None
    scopes: tuple[str, ...] = ()
    connected_by: str = ""
    ended_at: Moment | None = None

    @property
    def asks_owner_at(self) -> datetime | None:
        """When the owner has to be asked again, as far as it is known."""
        return self.ended_at or (self.refresh_expires_at if self.refresh is not None else self.expires_at)


@dataclass(frozen=True, slots=True)
class Ending:
    """A stored credential that ends soon or has ended, or cannot be read (no `at`)."""

    where: Where
    at: datetime | None


class Credentials:
    """Keeps the keys that were connected; one for the whole process. Methods raise StoreError."""

    def __init__(self, database: Database, clock: Clock, secret_keys: SecretStr | None) -> None:
        """Take CLOUT_SECRET_KEYS as it is set; `check` tells what is wrong with it, when something is to be kept."""
        self._db = database
        self._clock = clock
        self._vault: Vault | None = None
        self._obstacle: SettingsError | None = None
        try:
            self._vault = Vault.of(secret_keys.get_secret_value() if secret_keys is not None else "")
        except SettingsError as error:
            self._obstacle = error
        self._known: dict[str, tuple[datetime, Mapping[str, Keys]]] = {}
        self._granted: dict[str, tuple[datetime, Mapping[tuple[str, str], OwnerToken]]] = {}
        self._told: set[tuple[Where, datetime | None]] = set()

    # --- keys of teams and of the installation ------------------------------------------------------------------------

    async def keys(self, team: str) -> Mapping[str, Keys]:
        """Return what was connected for a team or for all, by network; the environment is not in it."""
        now = self._clock.now()
        known = self._known.pop(team, None)
        if known is None or not timedelta(0) <= now - known[0] < KEPT:
            known = now, await self._read(team, now)
        self._known[team] = known
        while len(self._known) > _MOST:
            del self._known[next(iter(self._known))]
        return known[1]

    async def owner(self, network: str, team: str) -> str:
        """Return whose key a network is read with for a team: the team's own, or the installation's (empty)."""
        found = (await self.keys(team)).get(network)
        return found.owner if found is not None else ""

    async def connect(
        self,
        team: str,
        network: str,
        values: Mapping[str, SecretStr],
        *,
        by: str = "",
        expires_at: datetime | None = None,
        scopes: Sequence[str] = (),
    ) -> None:
        """Store a key in place of the one before, for a team or (empty) the installation; raises SettingsError."""
        shown = {name: value.get_secret_value() for name, value in values.items()}
        await self._db.write(keyring.put, self._sealed(Where(team, network), shown, expires_at, scopes, by))
        self._known.clear()

    async def disconnect(self, team: str, network: str) -> bool:
        """Delete a team's key, or (empty) the installation's; False when there was none."""
        gone = await self._db.write(keyring.drop, Where(team, network))
        self._known.clear()
        return gone

    async def forget_team(self, team: str) -> int:
        """Delete all that a team and its creators connected; returns how many."""
        gone = await self._db.write(keyring.drop_team, team)
        self._known.clear()
        self._granted.clear()
        return gone

    def check(self) -> None:
        """See that something could be stored; raises SettingsError when CLOUT_SECRET_KEYS is missing or wrong."""
        if self._obstacle is not None:
            raise SettingsError(self._obstacle.message)

    # --- tokens of owners ---------------------------------------------------------------------------------------------

    async def keep_owner(self, team: str, network: str, token: OwnerToken) -> None:
        """Store what an owner granted a team in place of what was before; raises SettingsError without a key."""
        await self._db.write(keyring.put, self._sealed_owner(team, network, token))
        self._granted.clear()

    async def renew_owner(self, team: str, network: str, token: OwnerToken, before: OwnerToken) -> bool:
        """Store a token in place of `before`; False, nothing stored, if that was taken back or replaced meanwhile."""
        sealed, kept = self._sealed_owner(team, network, token), False
        for _ in range(_TRIES):
            found = await self._db.read(keyring.owners_of, team, network, token.native_id)
            lying = next((one.text for one in found if self._holds(one, before)), None)
            if lying is None:
                break
            kept = await self._db.write(keyring.renew, sealed, lying)
            if kept:
                break
        self._granted.clear()
        return kept

    def _holds(self, one: Sealed, token: OwnerToken) -> bool:
        values = self._unlocked(one)
        return values is not None and values.get("access") == token.access.get_secret_value()

    def _sealed_owner(self, team: str, network: str, token: OwnerToken) -> Sealed:
        shown = {"access": token.access.get_secret_value()}
        if token.refresh is not None:
            shown["refresh"] = token.refresh.get_secret_value()
        for name in _MOMENTS:
            at = getattr(token, name)
            if at is not None:
                shown[name] = at.isoformat()
        where = Where(team, network, token.native_id)
        return self._sealed(where, shown, token.expires_at, token.scopes, token.connected_by)

    async def owner_token(self, team: str, network: str, native_id: str) -> OwnerToken | None:
        """Return what an account's owner granted a team as it is stored now, None for nothing that can be read."""
        self._granted.pop(team, None)  # who asks so precisely has reason to doubt what is remembered
        return next((token for _, token in await self._owner_tokens(team, network, native_id)), None)

    async def owner_tokens(self, team: str, network: str) -> tuple[OwnerToken, ...]:
        """Return what owners granted a team on a network."""
        return tuple(token for _, token in await self._owner_tokens(team, network, None))

    async def granted(self, team: str) -> Mapping[tuple[str, str], OwnerToken]:
        """Return what owners granted a team, by network and native id; up to `KEPT` old."""
        now = self._clock.now()
        known = self._granted.pop(team, None)
        if known is None or not timedelta(0) <= now - known[0] < KEPT:
            known = now, {(one[0], one[1].native_id): one[1] for one in await self._owner_tokens(team, None, None)}
        self._granted[team] = known
        while len(self._granted) > _MOST:
            del self._granted[next(iter(self._granted))]
        return known[1]

    async def granted_networks(self) -> frozenset[str]:
        """Return the networks on which some owner has granted some team something."""
        return frozenset(await self._db.read(keyring.granted_networks))

    async def owners_ending(self, until: datetime, is_due: Callable[[Where, datetime], bool]) -> list[Where]:
        """Return the owners' tokens that end until then, are due and can be read, the first to end first.

        This is asked every few seconds, so only what is due is decrypted.
        """
        found = []
        for one in await self._db.read(keyring.owners_ending, until):
            if one.expires_at is not None and is_due(one.where, one.expires_at):
                values = await self._open(one)
                found += [one.where] if values is not None and "ended_at" not in values else []
        return found

    async def forget_owner(self, team: str, network: str, native_id: str) -> bool:
        """Delete what an owner granted; False when there was nothing."""
        gone = await self._db.write(keyring.drop, Where(team, network, native_id))
        self._granted.clear()
        return gone

    # --- before they end ----------------------------------------------------------------------------------------------

    async def ending(self, within: timedelta = NOTICE) -> tuple[Ending, ...]:
        """Return every stored credential that ends within a time, has ended, or cannot be read.

        All others are encrypted with the newest key afterwards.
        """
        until, found = self._clock.now() + within, []
        for one in await self._db.read(keyring.everything):
            values = await self._open(one)
            ends = _ends(one, values) if values is not None else None
            if values is None:
                found.append(Ending(one.where, None))
            elif ends is not None and ends <= until:
                found.append(Ending(one.where, ends))
        return tuple(found)

    # --- inside -------------------------------------------------------------------------------------------------------

    async def _read(self, team: str, now: datetime) -> Mapping[str, Keys]:
        found: dict[str, Keys] = {}
        for one in await self._db.read(keyring.keys_of, team):
            values = await self._open(one)
            own = one.where.team == team and team != ""
            if values is not None and (own or one.where.network not in found):
                secret = {name: SecretStr(value) for name, value in values.items()}
                found[one.where.network] = Keys(secret, team if own else "", one.expires_at)
                self._warn(one, now)
        return found

    async def _owner_tokens(
        self, team: str, network: str | None, native_id: str | None
    ) -> list[tuple[str, OwnerToken]]:
        tokens = []
        for one in await self._db.read(keyring.owners_of, team, network, native_id):
            values = await self._open(one)
            if values is not None:
                tokens.append((one.where.network, _owner_token(one, values)))
        return tokens

    def _sealed(
        self,
        where: Where,
        values: Mapping[str, str],
        expires_at: datetime | None,
        scopes: Sequence[str],
        by: str,
    ) -> Sealed:
        self.check()
        assert self._vault is not None
        text = self._vault.lock(json.dumps(dict(values)))
        return Sealed(where, text, expires_at, tuple(scopes), by, self._clock.now())

    async def _open(self, one: Sealed) -> dict[str, str] | None:
        """Return what a row holds, encrypted anew where an old key did it; None, said once, when no key fits."""
        values = self._unlocked(one)
        if values is None:
            self._say(one.where, None, "a stored credential cannot be read: its key is not in CLOUT_SECRET_KEYS")
            return None
        renewed = self._vault.renewed(one.text) if self._vault is not None else None
        if renewed is not None:
            await self._db.write(keyring.replace, one.where, one.text, renewed)
        return values

    def _unlocked(self, one: Sealed) -> dict[str, str] | None:
        if self._vault is None:
            return None
        try:
            return dict(json.loads(self._vault.unlock(one.text)))
        except StoreError:
            return None

    def _warn(self, one: Sealed, now: datetime) -> None:
        if one.expires_at is not None and one.expires_at <= now + NOTICE:
            self._say(one.where, one.expires_at, "a stored credential ends: `clout connect` takes a new one")

    def _say(self, where: Where, at: datetime | None, event: str) -> None:
        """Log a line once in this process for each credential and end."""
        if (where, at) not in self._told:
            self._told.add((where, at))
            ends = at.isoformat() if at is not None else None
            log.warning(event, network=where.network, team=where.team, ends=ends)


_MOMENTS = ("refresh_expires_at", "ended_at")  # of an owner's token, kept beside the secrets


def _ends(one: Sealed, values: Mapping[str, str]) -> datetime | None:
    """Return when somebody has to act: an owner's token that renews itself ends with its refresh token."""
    return _owner_token(one, values).asks_owner_at if one.where.native_id else one.expires_at


def _owner_token(one: Sealed, values: Mapping[str, str]) -> OwnerToken:
    refresh = values.get("refresh")
    moments = {name: datetime.fromisoformat(values[name]) for name in _MOMENTS if name in values}
    return OwnerToken(
        native_id=one.where.native_id,
        access=SecretStr(values["access"]),
        refresh=SecretStr(refresh) if refresh is not None else None,
        expires_at=one.expires_at,
        scopes=one.scopes,
        connected_by=one.connected_by,
        refresh_expires_at=moments.get("refresh_expires_at"),
        ended_at=moments.get("ended_at"),
    )
