"""Use case: which networks a team can read, what is left of their budgets, and how keys come and go."""

from collections.abc import Mapping
from datetime import timedelta

from pydantic import SecretStr

from core.budgets import Budgets
from core.credentials import Credentials, Ending, Keys
from core.errors import InputError, UnknownNetwork
from core.manifest import NetworkAvailability, Verified
from core.sources import Source, of_team


class Networks:
    """Tells what can be read, and connects keys; one for the whole process. Methods raise StoreError."""

    def __init__(
        self,
        sources: Mapping[str, Source],
        budgets: Budgets,
        credentials: Credentials,
        *,
        patience: timedelta = timedelta(seconds=25),
    ) -> None:
        self._sources = sources
        self._budgets = budgets
        self._credentials = credentials
        self._patience = patience

    async def of(self, team: str) -> tuple[NetworkAvailability, ...]:
        """Return every network with whether a team can read it, what is spent of its budgets, and when its key ends."""
        found = []
        for name, source in (await of_team(self._sources, self._credentials, team)).items():
            told = source.availability()
            budgets = await self._budgets.left(name, team) if told.ready else ()
            found.append(told.model_copy(update={"budgets": budgets}))
        return tuple(found)

    def source(self, network: str) -> Source:
        """Return a network a key can be connected for; raises UnknownNetwork, or InputError where none is needed."""
        source = self._sources.get(network.strip().lower())
        if source is None:
            raise UnknownNetwork(f"There is no network of that name. There are {', '.join(self._sources)}.")
        manifest = source.connector.manifest
        if source.connector.fetch is None:
            raise InputError(f"{manifest.label} is not read by this version yet, so it needs no key.")
        if not any(credential.asked for credential in manifest.credentials):
            raise InputError(f"{manifest.label} needs no key.")
        return source

    def check(self) -> None:
        """See that a key could be stored; raises SettingsError when CLOUT_SECRET_KEYS is missing or wrong."""
        self._credentials.check()

    async def connect(self, network: str, team: str, typed: Mapping[str, str], *, by: str = "") -> Verified | None:
        """Try a key with one cheap request and store it, encrypted, for a team or (empty) for all.

        `typed` holds what the manifest asks for, quotes and line ends and all; what is empty is left out. None where
        the network offers no trial. Raises InputError for what is missing, SettingsError, and the network's refusal as
        a SourceError, with nothing stored.
        """
        self.check()
        source = self.source(network)
        manifest = source.connector.manifest
        values = {name: SecretStr(text) for name, given in typed.items() if (text := tidied(given))}
        wanted = [c for c in manifest.credentials if c.asked and c.required]
        known = {**source.settings.values, **values}
        missing = [credential.name for credential in wanted if credential.name not in known]
        if missing or not values:
            raise InputError(
                f"{manifest.label} needs {', '.join(missing) or 'at least one value'}. Nothing was stored."
            )
        tried = await source.keyed(Keys(values, owner=team or "*")).verify(self._patience)
        ends, scopes = (tried.expires_at, tried.scopes) if tried is not None else (None, ())
        await self._credentials.connect(team, manifest.name, values, by=by, expires_at=ends, scopes=scopes)
        return tried

    async def disconnect(self, network: str, team: str) -> bool:
        """Delete the key that was connected for a team or (empty) for all; False when there was none."""
        if network not in self._sources:
            raise UnknownNetwork(f"There is no network of that name. There are {', '.join(self._sources)}.")
        return await self._credentials.disconnect(team, network)

    async def obstacle(self, network: str, team: str) -> str:
        """Return why a team cannot read a network, in one sentence; empty when it can."""
        return (await of_team(self._sources, self._credentials, team))[network].obstacle

    async def ending(self) -> tuple[Ending, ...]:
        """Return every connected key that ends within a week, has ended, or cannot be read."""
        return await self._credentials.ending()


def tidied(given: str) -> str:
    """Return a secret as it was meant: pasted with quotes, blanks or a line end is the commonest mistake."""
    text = given.strip().strip("'\"").strip()
    if not text.isprintable() or not text.isascii() or " " in text:
        raise InputError("A key holds letters, digits and signs only. Nothing was stored.")
    return text
