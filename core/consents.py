"""Use case: a team asks owners to connect their accounts, and a consent is taken back by either side.

A link is good for one account of one team, for 24 hours, and for one consent; core/sign_ins.py tells how it is used.
"""

from copy import copy

from core import consent_rows as rows
from core.connectors.owners import Grant
from core.consent_rows import Row
from core.errors import BadHandle, NotConfigured, NotRecorded, UnknownNetwork
from core.grants import told
from core.handles import Handle
from core.leaving import overdue
from core.models import Linked
from core.naming import at_handle
from core.permission import CONNECT_PATH, LINK_LASTS, Consent, Outcome, Withdrawn
from core.sign_ins import SECRET, SignIns, hashed, log
from core.sources import Source, of_team
from core.suppression import opted_out

NO_ADDRESS = (
    "Consent links need an address that browsers reach: set CLOUT_PUBLIC_URL and CLOUT_PORT, and start `clout run` "
    "again. On the creator's own machine `clout connect` needs neither."
)
_TEAM_NAME = 80  # characters


class Consents(SignIns):
    """Gives out links and takes consents back; one for the whole process. Methods raise StoreError."""

    def at(self, base: str) -> "Consents":
        """Return the same with its pages at another address for a while, as on the creator's own machine."""
        other = copy(self)
        other._base = base.rstrip("/")
        return other

    def returns_to_own_machine(self, network: str) -> bool:
        """Return whether a network sends people back to their own machine; raises UnknownNetwork."""
        return self._access(self._named(network)).oauth.loopback

    @property
    def networks(self) -> frozenset[str]:
        """The networks where an owner could connect an account here."""
        return frozenset(name for name, source in self._sources.items() if source.connectable)

    # --- asking -------------------------------------------------------------------------------------------------------

    async def begin(
        self,
        team: str,
        creator: str,
        network_or_handle: str,
        by: str,
        *,
        account: str | None = None,
        team_name: str = "",
    ) -> Consent:
        """Return a new link for an account: of that name on the network, or else the creator's own there.

        Raises InputError where the account is unclear or needs no owner, NotConfigured where the network or the pages
        are not set up, SettingsError without CLOUT_SECRET_KEYS, OptedOut where the creator asked not to be scored.
        """
        said = self._lookups.handle(network_or_handle) if ":" in network_or_handle else None
        network = said.network if said is not None and said.network is not None else network_or_handle
        source = (await of_team(self._sources, self._credentials, team))[self._named(network).manifest.name]
        manifest = source.manifest
        self._access(source)
        if source.consent_obstacle:
            raise NotConfigured(manifest.name, source.consent_obstacle)
        if self._base is None:
            raise NotConfigured(manifest.name, NO_ADDRESS)
        self._credentials.check()
        if account is not None:
            said = self._lookups.handle(account, manifest.name)
        name, handle = await self._whose(team, creator, source, said)
        if await source.opted_out(handle):
            raise opted_out(manifest)
        await self.sweep()
        link, now = self._secret(), self._clock.now()
        row = Row(hashed(link), team, team_name[:_TEAM_NAME], manifest.name, name, handle, by, now + LINK_LASTS)
        await self._db.write(rows.add, row, now)
        return self._consent(row).model_copy(update={"address": self._address(CONNECT_PATH, link)})

    # --- taking back --------------------------------------------------------------------------------------------------

    async def withdrawable(self, secret: str) -> Outcome:
        """Return what stands under a withdrawal link; takes nothing back."""
        row = await self._withdrawal(secret)
        return Outcome(kind="gone") if row is None else self._outcome(row, "standing")

    async def withdraw(self, secret: str) -> Outcome:
        """Take a consent back: its token and everything that was read with it are deleted at once."""
        row = await self._withdrawal(secret)
        if row is None or row.native_id is None:
            return Outcome(kind="gone")
        outcome = self._outcome(row, "withdrawn")
        await self.take_back(row.team, row.network, row.native_id)
        return outcome

    async def disconnect(self, team: str, creator: str, network: str) -> Withdrawn:
        """Take back what a creator's owner granted a team on a network; raises NotRecorded where there is nothing."""
        source = self._named(network)
        name = source.manifest.name
        linked = await self._linked(team, creator)
        called = linked.name if linked is not None else self._lookups.handle(creator).name
        theirs = {_key(called), _key(creator)}
        standing = await self._db.read(rows.standing, team, name)
        found = {row.native_id or "": row.handle for row in standing if theirs & {_key(row.creator), _key(row.handle)}}
        for reading in linked.accounts if linked is not None else ():
            own, shown_to = told(reading.native_id or "")
            if reading.network == name and shown_to == team:
                found.setdefault(own, reading.handle)
        if not found:
            raise NotRecorded(f"No {source.manifest.label} account of {at_handle(called)} is connected here.")
        for native_id in found:
            await self.take_back(team, name, native_id)
        return Withdrawn(creator=called, network=name, handles=tuple(found.values()))

    async def sweep(self) -> int:
        """Undo sign-ins whose process was cut off while it stored something; returns how many."""
        left = await self._db.read(rows.abandoned, self._clock.now())
        for row in left:
            standing = await self._db.read(rows.standing, row.team, row.network)
            if row.native_id is not None and row.native_id not in {other.native_id for other in standing}:
                await self._undo(row.team, row.network, row.native_id, forget=False)
            await self._db.write(rows.opening, row.link, None)
        return len(left)

    async def let_go(self) -> int:
        """Take back what owners showed the teams that threw Clout out a month ago; returns how many accounts.

        Before their data go as a whole (core/leaving.py), and with them the tokens by which networks are told.
        """
        shown = [
            (team, *account)
            for team in await self._db.read(overdue, self._clock.now())
            for account in await self._credentials.granted(team)
        ]
        for team, network, native_id in shown:
            await self._undo(team, network, native_id, forget=True)
        return len(shown)

    # --- whose --------------------------------------------------------------------------------------------------------

    def _named(self, network: str) -> Source:
        source = self._sources.get(network.strip().lower())
        if source is None:
            raise UnknownNetwork(f"There is no network of that name. There are {', '.join(self._sources)}.")
        return source

    async def _linked(self, team: str, creator: str) -> Linked | None:
        try:
            return await self._lookups.accounts(team, creator)
        except NotRecorded:
            return None

    async def _whose(self, team: str, creator: str, source: Source, said: Handle | None) -> tuple[str, str]:
        """Return the creator's name, and the only handle that may be connected."""
        handle, linked = self._lookups.handle(creator), await self._linked(team, creator)
        name = linked.name if linked is not None else handle.shown
        if said is not None:
            return name, source.name_for(said)
        known = [one.handle for one in linked.accounts if one.network == source.manifest.name] if linked else []
        if len(set(known)) == 1:
            return name, known[0]
        try:
            bare = handle if linked is None or handle.network is not None else self._lookups.handle(linked.name)
            return name, source.name_for(bare)
        except BadHandle as error:
            typed = f"connect {at_handle(name)} {source.manifest.name} as NAME"
            raise BadHandle(f"Which {source.manifest.label} account is it? Write: {typed}") from error

    async def take_back(self, team: str, network: str, native_id: str) -> None:
        """Delete an owner's token and all that it brought a team, then tell the network, as far as it listens."""
        await self._undo(team, network, native_id, forget=True)
        log.info("a consent was taken back", network=network, team=team)

    async def _undo(self, team: str, network: str, native_id: str, *, forget: bool) -> None:
        """Delete what an owner showed a team, with the links of it or without, and tell the network."""
        token = await self._credentials.owner_token(team, network, native_id)
        await self._granting.withdraw(team, network, native_id)
        if forget:
            await self._db.write(rows.forget, team, network, native_id)
        source = (await of_team(self._sources, self._credentials, team)).get(network)
        if token is not None and source is not None:
            grant = Grant(access=token.access, refresh=token.refresh, scopes=token.scopes)
            await self._revoking.revoke(source, grant, [native_id])

    async def _withdrawal(self, secret: str) -> Row | None:
        return await self._db.read(rows.by_withdrawal, hashed(secret)) if SECRET.fullmatch(secret) else None


def _key(name: str) -> str:
    return name.removeprefix("@").casefold()
