"""What this installation can read: each connector joined with what its operator has set.

The connectors know no settings and the settings know no connectors; here they meet, and nowhere else.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol, TypeVar

from pydantic import SecretStr

from core.budgets import Budgets
from core.connectors import Connector
from core.connectors.base import Credentials as Secrets
from core.connectors.costs import Meter
from core.connectors.http import HttpClient, Requests
from core.connectors.owners import ACCESS, Grant, ended
from core.connectors.resets import next_utc_midnight
from core.credentials import Credentials, Keys
from core.errors import NotConfigured, SourceError, TokenExpired, Unavailable
from core.grants import granted_id
from core.handles import Handle
from core.manifest import Manifest, NetworkAvailability, Target, Verified
from core.models import AccountName, Clock, Entry, Snapshot
from core.settings import NetworkSettings, Settings
from core.suppression import Suppression

T = TypeVar("T")


class Opened(Protocol):
    """An account that is read under its owner's token; see core/renewing.py."""

    @property
    def native_id(self) -> str:
        """The account's id as its network knows it."""
        ...

    @property
    def team(self) -> str:
        """The team that its owner shows it to."""
        ...

    async def through(self, read: Callable[[SecretStr], Awaitable[T]], now: datetime, *, background: bool) -> T:
        """Return what `read` makes of the token; raises SourceError."""
        ...


@dataclass(frozen=True, slots=True)
class Source:
    """One network as it can be read here; `opened` where it is one account, read under its owner's token."""

    connector: Connector
    settings: NetworkSettings
    http: HttpClient
    clock: Clock
    budgets: Budgets | None = None  # None limits nothing
    owner: str = ""  # the team whose own key it is; empty for the installation's
    expires_at: datetime | None = None  # of a connected key
    opened: Opened | None = None
    suppression: Suppression | None = None  # None: nobody asked not to be scored

    def keyed(self, keys: Keys) -> "Source":
        """Return the network as a team reads it: its own key before the environment's, the installation's after."""
        given = self.settings.values
        values = {**given, **keys.values} if keys.owner else {**keys.values, **given}
        used = keys.owner or not keys.values.keys() <= given.keys()
        settings = self.settings.model_copy(update={"values": values})
        return replace(self, settings=settings, owner=keys.owner, expires_at=keys.expires_at if used else None)

    def under(self, opened: Opened) -> "Source":
        """Return the network as it is read for one account that its owner opened to a team."""
        return replace(self, opened=opened)

    @property
    def manifest(self) -> Manifest:
        """The network's manifest, with the operator's choice of `combine`."""
        manifest = self.connector.manifest
        if self.settings.combine in (None, manifest.combine):
            return manifest
        return manifest.model_copy(update={"combine": self.settings.combine})

    @property
    def obstacle(self) -> str:
        """Why the network cannot be read here, in one sentence; empty when it can."""
        manifest = self.connector.manifest
        if self.names_accounts:
            return f"{manifest.label} has no scores: it only says which accounts belong together."
        if self.connector.fetch is None and self.connector.entries is None:  # first: no key would change it
            return f"{manifest.label} is not read by this version yet; its handles and addresses are understood."
        if not self._enabled:
            return manifest.off_wording or f"{manifest.label} is switched off here."
        if self.opened is not None:
            return ""
        missing = [c.name for c in manifest.credentials if c.required and c.name not in self.settings.values]
        missing += [r.setting for r in manifest.budgets if r.required and not self.settings.budgets.get(r.setting)]
        if missing:
            return f"{manifest.label} is not set up here: {', '.join(missing)} missing. {manifest.off_wording}".strip()
        return ""

    @property
    def names_accounts(self) -> bool:
        """Whether it is a reference work that is switched on here: it says which accounts belong together."""
        return self.connector.entries is not None and self._enabled

    @property
    def _enabled(self) -> bool:
        return self.connector.manifest.enabled_by_default if self.settings.enabled is None else self.settings.enabled

    @property
    def guessable(self) -> bool:
        """Whether a bare name may be asked here: readable by anybody, and it costs nothing."""
        manifest = self.connector.manifest
        return not self.obstacle and manifest.free and manifest.access == "public"

    @property
    def connectable(self) -> bool:
        """Whether an owner could connect an account here: the network asks owners, and our app is set up."""
        return self.connector.owner is not None and not self.consent_obstacle

    @property
    def consent_obstacle(self) -> str:
        """Why no owner can connect an account here, in one sentence; empty when one can."""
        manifest, access = self.connector.manifest, self.connector.owner
        if access is None:
            return f"{manifest.label} has nothing that only an owner could show."
        if self.settings.enabled is False:
            return f"{manifest.label} is switched off here."
        needed = (access.oauth.id_credential, access.oauth.secret_credential)
        missing = [name for name in needed if name not in self.settings.values]
        return f"{manifest.label} is not set up here: {', '.join(missing)} missing." if missing else ""

    @property
    def default_instance(self) -> str | None:
        """The server meant by a name that comes without one, where the network has many; None unless it is set."""
        value = self.settings.values.get("default_instance")
        return value.get_secret_value() if value is not None else None

    def name_for(self, handle: Handle) -> str:
        """Return a handle as this network writes it; raises BadHandle or AmbiguousHandle if it cannot be one there."""
        return handle.on(self.connector.manifest, self.default_instance)

    def fresh_until(self, fetched_at: datetime) -> datetime:
        """Return when a reading has to be fetched again; paid networks bill an object once a UTC day."""
        if not self.connector.manifest.free:
            return next_utc_midnight(fetched_at)
        return fetched_at + self.connector.manifest.fresh_for

    async def fetch(
        self,
        target: Target,
        since: datetime,
        patience: timedelta,
        *,
        background: bool = False,
        meter: Meter | None = None,
    ) -> Snapshot:
        """Return what the network shows, within `patience`; raises one SourceError.

        Every reading of an account passes here: OptedOut is raised before the network is asked for somebody who asked
        not to be scored, and instead of an answer that turns out to be about them. Work in the `background` leaves a
        share of the network's budget to people who ask. A `meter` counts what it costs where several fetches share one
        reservation; else each has its own.
        """
        if self.obstacle:
            raise NotConfigured(self.manifest.name, self.obstacle)
        if self.suppression is not None:
            await self.suppression.refuse(self.connector.manifest, target.handle, target.native_id)
        snapshot = await self._fetched(target, since, patience, background, meter)
        if self.suppression is not None:
            await self.suppression.refuse_found(self.connector.manifest, snapshot.profile)
        return snapshot

    async def opted_out(self, handle: str) -> bool:
        """Return whether a creator asked not to be scored under this handle."""
        return self.suppression is not None and await self.suppression.holds(self.connector.manifest.name, handle)

    async def _fetched(
        self, target: Target, since: datetime, patience: timedelta, background: bool, meter: Meter | None
    ) -> Snapshot:
        if self.opened is None:
            return await self._read(target, since, patience, background, meter, self.settings.values)
        own = Target(handle=target.handle, native_id=self.opened.native_id)

        async def read(token: SecretStr) -> Snapshot:
            return await self._read(own, since, patience, background, meter, {**self.settings.values, ACCESS: token})

        snapshot = await self.opened.through(read, self.clock.now(), background=background)
        stored = granted_id(snapshot.profile.native_id, self.opened.team)
        return snapshot.model_copy(update={"profile": snapshot.profile.model_copy(update={"native_id": stored})})

    async def _read(
        self,
        target: Target,
        since: datetime,
        patience: timedelta,
        background: bool,
        meter: Meter | None,
        secrets: Secrets,
    ) -> Snapshot:
        fetch = self.connector.fetch
        if fetch is None:
            raise NotConfigured(self.manifest.name, self.obstacle)
        async with self._metered(background, meter) as counted:
            deadline = asyncio.get_running_loop().time() + patience.total_seconds()
            client = self._client(deadline, counted)
            try:
                async with asyncio.timeout_at(deadline + 1):  # the client's own comes first, with a better reason
                    return await fetch(target, since, client, self.clock, secrets)
            except TimeoutError as err:
                raise Unavailable(self.manifest.name, f"{self.manifest.label} did not answer in time.") from err

    async def verify(self, patience: timedelta) -> Verified | None:
        """Try the key with one cheap request; None where the network has none. Raises one SourceError."""
        if self.connector.verify is None:
            return None
        return await self.connector.verify(self.client(patience), self.clock, self.settings.values)

    async def renewed(self, grant: Grant, patience: timedelta) -> Grant:
        """Return a newer grant of an owner's; raises TokenExpired when only the owner can give one."""
        access = self.connector.owner
        if access is None or access.renew is None:
            raise TokenExpired(self.manifest.name, ended(self.manifest))
        obstacle = self.consent_obstacle
        if obstacle:
            raise NotConfigured(self.manifest.name, obstacle)
        return await access.renew(grant, self.client(patience), self.clock, self.settings.values)

    def client(self, patience: timedelta) -> Requests:
        """Return the network's client for requests that no budget counts: sign-ins and trials of keys."""
        return self._client(asyncio.get_running_loop().time() + patience.total_seconds(), None)

    async def entries(self, accounts: Sequence[AccountName], patience: timedelta) -> tuple[Entry, ...]:
        """Return what a reference work says of accounts, within `patience`; raises one SourceError."""
        entries = self.connector.entries
        if entries is None or not self.names_accounts:
            raise NotConfigured(self.manifest.name, self.obstacle)
        async with self._metered(False, None) as counted:
            client = self._client(asyncio.get_running_loop().time() + patience.total_seconds(), counted)
            return await entries(accounts, client, self.clock)

    def _client(self, deadline: float, meter: Meter | None) -> Requests:
        return self.http.scoped(
            self.connector.manifest,
            base_url=self.settings.base_url,
            auth_url=self.settings.auth_url,
            deadline=deadline,
            meter=meter,
        )

    def _metered(self, background: bool, meter: Meter | None) -> AbstractAsyncContextManager[Meter | None]:
        if meter is not None or self.budgets is None:
            return nullcontext(meter)
        return self.budgets.metered(self.connector.manifest.name, self.owner, background=background)

    def availability(self) -> NetworkAvailability:
        """Return whether the network can be read here, and why not."""
        return NetworkAvailability(
            manifest=self.manifest,
            ready=self.names_accounts or not self.obstacle,
            reason="" if self.names_accounts else self.obstacle,
            implemented=self.connector.fetch is not None or self.connector.entries is not None,
            expires_at=self.expires_at,
        )


def sources_of(
    connectors: Mapping[str, Connector],
    settings: Settings,
    http: HttpClient,
    clock: Clock,
    budgets: Budgets | None = None,
    suppression: Suppression | None = None,
) -> dict[str, Source]:
    """Return every network's source by name, in the connectors' order."""
    return {
        name: Source(found, settings.network(name), http, clock, budgets, suppression=suppression)
        for name, found in connectors.items()
    }


async def of_team(sources: Mapping[str, Source], credentials: Credentials | None, team: str) -> Mapping[str, Source]:
    """Return the sources as a team reads them, with the keys that were connected; raises StoreError."""
    keys = await credentials.keys(team) if credentials is not None else {}
    if not keys:
        return sources
    return {name: source.keyed(keys[name]) if name in keys else source for name, source in sources.items()}


def named(errors: Mapping[str, SourceError]) -> str:
    """Return the reasons of several networks as one text, a sentence each."""
    return " ".join(error.message for error in errors.values())
