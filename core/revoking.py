"""Tells networks that a token of an owner's is no longer wanted, as far as they listen."""

from collections.abc import Sequence
from datetime import timedelta

import structlog

from core import consent_rows as rows
from core.connectors.owners import ACCESS, Grant
from core.database import Database
from core.errors import SourceError
from core.models import Clock
from core.sources import Source

PATIENCE = timedelta(seconds=5)  # what is taken back is gone here already

log = structlog.get_logger("clout.consents")


class Revoking:
    """Takes grants back at their networks; one for the whole process. Raises StoreError."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._db = database
        self._clock = clock

    async def revoke(self, source: Source, grant: Grant, native_ids: Sequence[str]) -> None:
        """Revoke a grant that opened these accounts (by the network's own ids; none where they are not known).

        Not where the same owner shows one of them to others here (docs/decisions/011): networks that end a whole app's
        access with one token would take theirs away as well.
        """
        access, network = source.connector.owner, source.manifest.name
        if access is None or access.revoke is None or source.consent_obstacle:
            return
        if await self._db.read(rows.is_granted, network, native_ids):
            return
        secrets = {**source.settings.values, ACCESS: grant.access}
        try:
            await access.revoke(grant, source.client(PATIENCE), self._clock, secrets)
        except SourceError as error:
            log.info("a token was not revoked", network=network, error=type(error).__name__)
