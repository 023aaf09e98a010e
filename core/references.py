"""Use case: what reference works say about which accounts belong together.

Suggestions only: a link is always the team's own act, and nothing from here is part of a score. X is never matched.
"""

import re
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from core.errors import CloutError, SourceError
from core.handles import Handle
from core.models import AccountName, Candidate, Clock, Entry, NetworkReading, Offer, Offers, Reading
from core.sources import Source

KEPT = timedelta(days=1)  # an encyclopedia changes slowly, and asks for few requests
_MOST_KEPT = 2_000  # answers, of some hundred bytes each
_MOST_OFFERED = 8  # accounts a card offers at once

Names = tuple[AccountName, ...]
log = structlog.get_logger("clout.references")


@dataclass(frozen=True, slots=True)
class Told:
    """What the reference works say; `trouble` is a sentence about one that could not be asked, empty otherwise."""

    entries: tuple[Entry, ...] = ()
    trouble: str = ""


class References:
    """Asks the reference works that are switched on, and keeps their answers for a day; one for the process."""

    def __init__(
        self, sources: Mapping[str, Source], clock: Clock, *, patience: timedelta = timedelta(seconds=5)
    ) -> None:
        self._sources = sources
        self._manifests = {name: source.connector.manifest for name, source in sources.items()}
        self._works = tuple(source for source in sources.values() if source.names_accounts)
        self._clock = clock
        self._patience = patience
        self._kept: OrderedDict[tuple[str, Names], tuple[datetime, tuple[Entry, ...]]] = OrderedDict()
        self._silent: dict[str, tuple[datetime, str]] = {}  # which work not to ask before when, and why

    @property
    def on(self) -> bool:
        """Whether there is any to ask."""
        return bool(self._works)

    async def corroborated(self, reading: Reading) -> Reading:
        """Return a reading whose candidates carry what the works say of them and of the account that is shown."""
        shown = next((one for one in reading.networks if one.score is not None), None)
        if shown is None or not reading.candidates or not self.on:
            return reading
        own = self._names(shown)
        told = await self._told((*own, *(name for one in reading.candidates for name in self._names(one))))
        about = [entry for entry in told.entries if _in(entry, own)]
        found = tuple(_with(one, [e for e in about if _in(e, self._names(one))]) for one in reading.candidates)
        return reading.model_copy(update={"candidates": found})

    async def offers(self, known: Sequence[NetworkReading], sources: Mapping[str, Source]) -> Offers:
        """Return the accounts that entries name beside the known ones, what can be linked first, at most eight.

        `sources` are the networks as the team reads them: one that it cannot read is named but cannot be linked.
        Accounts that only their owner could show are nobody else's business: they are not asked for.
        """
        names = tuple(name for one in known if one.access == "public" for name in self._names(one))
        told = await self._told(names)
        there = {_folded(name) for one in known for name in self._names(one)}
        named = [(account, entry) for entry in told.entries for account in entry.accounts]
        found = [self._offer(account, entry, sources) for account, entry in named if _folded(account) not in there]
        unique = {(offer.network, offer.handle): offer for offer in reversed(found) if offer is not None}
        welcome = [offer for offer in unique.values() if not await sources[offer.network].opted_out(offer.handle)]
        ordered = sorted(welcome, key=lambda offer: (not offer.ready, offer.network, offer.handle))
        return Offers(accounts=tuple(ordered[:_MOST_OFFERED]), trouble=told.trouble)

    # --- asking -------------------------------------------------------------------------------------------------------

    async def _told(self, names: Names) -> Told:
        """Return what the works say of accounts; one that fails adds a sentence and nothing else."""
        entries: list[Entry] = []
        troubles = []
        accounts = tuple(dict.fromkeys(names))
        for work in self._works if accounts else ():
            try:
                entries += await self._entries(work, accounts)
            except SourceError as error:
                log.info("reference work failed", network=work.manifest.name, error=type(error).__name__)
                troubles.append(error.message)
        return Told(tuple(entries), " ".join(troubles))

    async def _entries(self, work: Source, accounts: Names) -> tuple[Entry, ...]:
        now, key = self._clock.now(), (work.manifest.name, accounts)
        found = self._kept.get(key)
        if found is not None and now < found[0]:
            return found[1]
        entries = await self._asked(work, accounts, now)
        self._kept[key] = now + KEPT, entries
        self._kept.move_to_end(key)
        if len(self._kept) > _MOST_KEPT:
            self._kept.popitem(last=False)
        return entries

    async def _asked(self, work: Source, accounts: Names, now: datetime) -> tuple[Entry, ...]:
        """Ask, unless the work wanted to be left alone for longer; raises SourceError."""
        name = work.manifest.name
        until, why = self._silent.get(name, (now, ""))
        if now < until:
            raise SourceError(name, why, retry_at=until)
        try:
            return await work.entries(accounts, self._patience)
        except SourceError as error:
            if error.retry_at is not None:
                self._silent[name] = error.retry_at, error.message
            raise

    # --- names --------------------------------------------------------------------------------------------------------

    def _names(self, account: NetworkReading | Candidate) -> Names:
        """Return how a work may name an account: by its handle, and by its id where people use ids as names."""
        manifest = self._manifests.get(account.network)
        pattern = manifest.handles.native_pattern if manifest is not None else None
        ids = [account.native_id] if pattern and re.fullmatch(pattern, account.native_id or "") else []
        return tuple(AccountName(network=account.network, name=name) for name in (account.handle, *ids) if name)

    def _offer(self, account: AccountName, entry: Entry, sources: Mapping[str, Source]) -> Offer | None:
        """Return a suggestion; None for a network we do not know, or a value that is no handle there."""
        try:
            handle = Handle.parse(f"{account.network}:{account.name}", self._manifests)
        except CloutError:
            return None
        return Offer(
            network=account.network,
            handle=handle.native_id or handle.name,
            reason=f"{entry.work} names it for {_subject(entry)}",
            url=entry.url,
            ready=not sources[account.network].obstacle,
        )


def _subject(entry: Entry) -> str:
    return f"{entry.name} ({entry.id})" if entry.name else entry.id


def _with(candidate: Candidate, entries: Iterable[Entry]) -> Candidate:
    said = tuple(f"{entry.work} names both for {_subject(entry)}" for entry in entries)
    return candidate.model_copy(update={"evidence": (*candidate.evidence, *said)}) if said else candidate


def _in(entry: Entry, names: Iterable[AccountName]) -> bool:
    there = {_folded(account) for account in entry.accounts}
    return any(_folded(name) in there for name in names)


def _folded(account: AccountName) -> tuple[str, str]:
    return account.network, account.name.casefold()
