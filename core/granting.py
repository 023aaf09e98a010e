"""Use case: an account that its owner opens to a team joins the team's creator, and leaves without a trace."""

import asyncio
from collections.abc import Mapping

from core.connectors.owners import Owned
from core.credentials import Credentials, OwnerToken
from core.errors import CloutError, NeedsOwner, NotFound, NotRecorded
from core.grants import granted_id
from core.lookup import Lookups
from core.manifest import Target
from core.models import Linked
from core.renewing import opened_by
from core.sources import Source, of_team
from core.store import Store


class Granting:
    """Adds and removes accounts read with their owners' consent; one for the whole process. Raises StoreError."""

    def __init__(self, store: Store, sources: Mapping[str, Source], credentials: Credentials, lookups: Lookups) -> None:
        self._store = store
        self._sources = sources
        self._credentials = credentials
        self._lookups = lookups

    async def grant(self, team: str, creator: str, network: str, owned: Owned, token: OwnerToken) -> Linked:
        """Read an account under its owner's token, keep both, and link it to a creator of the team's, made if need be.

        All of it or nothing: raises SourceError when the account or the creator's others cannot be read, InputError
        when it belongs to another creator, SettingsError where tokens cannot be kept.
        """
        name, beside = await self._creator(team, creator)
        source = (await of_team(self._sources, self._credentials, team))[network].under(opened_by(team, token))
        stored = granted_id(owned.native_id, team)
        known = await self._credentials.owner_token(team, network, owned.native_id)
        await self._credentials.keep_owner(team, network, token)  # first: without it nothing read may be kept
        try:
            await self._lookups.fetching.first(source, Target(handle=owned.handle, native_id=owned.native_id))
            await self._store.link(team, name, [*beside, (network, stored)])
        except (CloutError, asyncio.CancelledError):
            if known is None:
                await self.withdraw(team, network, owned.native_id)
            else:
                await self._credentials.renew_owner(team, network, known, token)  # unless it was taken back meanwhile
            raise
        await self._store.unlink(team, name, network, owned.native_id)  # the public reading of the same account
        return await self._lookups.accounts(team, name)

    async def withdraw(self, team: str, network: str, native_id: str) -> bool:
        """Delete an owner's token and everything it brought, at once; False when there was nothing.

        `native_id` is the network's own.
        """
        known = await self._credentials.forget_owner(team, network, native_id)
        return await self._store.withdrawn(team, network, native_id) or known

    async def _creator(self, team: str, text: str) -> tuple[str, list[tuple[str, str]]]:
        """Return the creator's name, and the accounts that make one that is not there yet."""
        try:
            return (await self._lookups.accounts(team, text)).name, []
        except NotRecorded:
            pass
        try:
            reading = await self._lookups.lookup(team, text)
        except (NotFound, NeedsOwner):  # on no network that everybody may read: the account alone makes the creator
            return self._lookups.handle(text).name.rpartition("/")[2], []  # `company/glow-labs` is called by its end
        accounts = [(one.network, one.native_id) for one in reading.networks if one.native_id is not None]
        return reading.name or await self._lookups.new_name(team, text, reading), accounts
