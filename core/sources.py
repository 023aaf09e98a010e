"""What this installation can read: each connector joined with what its operator has set.

The connectors know no settings and the settings know no connectors; here they meet, and nowhere else.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from core.connectors import Connector
from core.connectors.http import HttpClient, next_utc_midnight
from core.errors import NotConfigured, SourceError, Unavailable
from core.handles import Handle
from core.models import Clock, Manifest, NetworkAvailability, Snapshot, Target
from core.settings import NetworkSettings, Settings


@dataclass(frozen=True, slots=True)
class Source:
    """One network as it can be read here."""

    connector: Connector
    settings: NetworkSettings
    http: HttpClient
    clock: Clock

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
        enabled = manifest.enabled_by_default if self.settings.enabled is None else self.settings.enabled
        if self.connector.fetch is None:  # first: no key would change it
            return f"{manifest.label} is not read by this version yet; its handles and addresses are understood."
        if not enabled:
            return manifest.off_wording or f"{manifest.label} is switched off here."
        missing = [c.name for c in manifest.credentials if c.required and c.name not in self.settings.values]
        missing += [r.setting for r in manifest.budgets if r.required and not self.settings.budgets.get(r.setting)]
        if missing:
            return f"{manifest.label} is not set up here: {', '.join(missing)} missing. {manifest.off_wording}".strip()
        return ""

    @property
    def guessable(self) -> bool:
        """Whether a bare name may be asked here: readable, and it costs nothing."""
        return not self.obstacle and self.connector.manifest.free

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

    async def fetch(self, target: Target, since: datetime, patience: timedelta) -> Snapshot:
        """Return what the network shows, within `patience`; raises one SourceError."""
        fetch = self.connector.fetch
        if self.obstacle or fetch is None:
            raise NotConfigured(self.manifest.name, self.obstacle)
        deadline = asyncio.get_running_loop().time() + patience.total_seconds()
        client = self.http.scoped(
            self.connector.manifest,
            base_url=self.settings.base_url,
            auth_url=self.settings.auth_url,
            deadline=deadline,
        )
        try:
            async with asyncio.timeout_at(deadline + 1):  # the client's own deadline comes first, with a better reason
                return await fetch(target, since, client, self.clock, self.settings.values)
        except TimeoutError as err:
            raise Unavailable(self.manifest.name, f"{self.manifest.label} did not answer in time.") from err

    def availability(self) -> NetworkAvailability:
        """Return whether the network can be read here, and why not."""
        known = self.connector.fetch is not None
        return NetworkAvailability(
            manifest=self.manifest, ready=not self.obstacle, reason=self.obstacle, implemented=known
        )


def sources_of(
    connectors: Mapping[str, Connector], settings: Settings, http: HttpClient, clock: Clock
) -> dict[str, Source]:
    """Return every network's source by name, in the connectors' order."""
    return {name: Source(found, settings.network(name), http, clock) for name, found in connectors.items()}


def named(errors: Mapping[str, SourceError]) -> str:
    """Return the reasons of several networks as one text, a sentence each."""
    return " ".join(error.message for error in errors.values())
