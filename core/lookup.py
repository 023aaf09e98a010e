"""The use case behind every card: ask the store and the networks side by side, score, keep what was learnt.

A network's failure is a value of the reading and never lowers a score; only "nothing at all could be found" is raised.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import structlog

from core.composing import Question, composed
from core.credentials import Credentials
from core.errors import (
    AmbiguousHandle,
    BadHandle,
    CloutError,
    InputError,
    NotFound,
    NotRecorded,
    OptedOut,
    SourceError,
    Unavailable,
)
from core.explain import Comparison, Explanation
from core.explaining import compared, explained
from core.fetching import Answer, Ask, Fetching
from core.grants import granted_id, name_key, told
from core.handles import Handle, closest
from core.manifest import Manifest, NetworkAvailability
from core.models import Clock, Linked, Offers, Post, Reading
from core.readings import READ_BACK
from core.references import References
from core.renewing import Renewing
from core.sources import Source, of_team
from core.store import Store, StoredAccount, StoredCreator
from core.turns import Turns

_NEAR_AMONG = 500  # known names that a mistyped one is compared with
PARTIAL_AFTER = 10.0  # seconds until a card with what has answered is shown (DESIGN 2)
HISTORY_SHOWN = timedelta(weeks=12)  # the sparkline of a score card

Show = Callable[[Reading], Awaitable[None]]
log = structlog.get_logger("clout.lookup")


class Lookups:
    """Looks creators up, links their accounts, and tells what is read; one for the whole process."""

    def __init__(
        self,
        store: Store,
        sources: Mapping[str, Source],
        clock: Clock,
        *,
        patience: timedelta = timedelta(seconds=25),
        credentials: Credentials | None = None,
        renewing: Renewing | None = None,
    ) -> None:
        self._store = store
        self._credentials = credentials
        self._renewing = renewing
        self._sources = sources
        self._clock = clock
        self._fetching = Fetching(store, clock, patience)
        self._references = References(sources, clock)
        self.manifests: Mapping[str, Manifest] = {name: source.manifest for name, source in sources.items()}
        self._labels = {name: manifest.label for name, manifest in self.manifests.items()}

    async def aclose(self) -> None:
        """Give up what is still on its way."""
        await self._fetching.aclose()

    @property
    def turns(self) -> Turns:
        """The order at every network, in which refreshes wait for people."""
        return self._fetching.turns

    @property
    def fetching(self) -> Fetching:
        """What reads one account of one network."""
        return self._fetching

    # --- use cases ----------------------------------------------------------------------------------------------------

    async def lookup(
        self, team: str, text: str, *, network: str | None = None, fresh: bool = False, show: Show | None = None
    ) -> Reading:
        """Return everything known about a creator, fetched where what is stored is older than the network allows.

        `show` receives a partial reading after 10 s. Raises InputError for text that is no handle, a SourceError when
        the one network asked could not answer and nothing is stored, NotFound or Unavailable when none could.
        """
        handle = self._handle(text, network)
        now = self._clock.now()
        sources = await of_team(self._sources, self._credentials, team)
        question = Question(team, handle, now, fresh, await self._stored(team, handle, now - HISTORY_SHOWN), sources)
        answers = await self._answers(question, await self._asks(question), show)
        if not any(answer.reading is not None and answer.reading.score is not None for answer in answers):
            raise await self._nothing(team, handle, answers)
        return await self._references.corroborated(self._reading(question, answers))

    async def history(self, team: str, text: str, *, network: str | None = None, since: datetime) -> Reading:
        """Return what is stored about a creator since `since`, asking no network; raises NotRecorded."""
        handle = self._handle(text, network)
        now = self._clock.now()
        stored = await self._stored(team, handle, since)
        if stored is None:
            raise NotRecorded(f"Nothing is stored about {handle.shown} yet.", suggestion=await self._near(team, handle))
        answers = [Answer(await self._ask_for(account), account.reading) for account in stored.accounts]
        return self._reading(Question(team, handle, now, False, stored), answers)

    async def why(
        self, team: str, text: str, *, network: str | None = None, since: datetime | None = None
    ) -> Explanation:
        """Return where a creator's points come from and, with `since`, why the score moved; raises as `lookup` does."""
        return await explained(self._store, self.manifests, await self.lookup(team, text, network=network), since)

    async def compare(self, team: str, texts: Sequence[str]) -> Comparison:
        """Return two to six creators, looked up side by side; raises InputError for another number of them."""
        return await compared(lambda text: self.lookup(team, text), texts)

    async def link(self, team: str, name: str, target: str) -> Linked:
        """Say that `target` belongs to the creator `name`; both are looked up so that only real accounts are linked."""
        first = await self.lookup(team, name)
        second = await self.lookup(team, target)
        if second.candidates:
            raise AmbiguousHandle(f"{target} is several accounts: say which network, as in network:name.")
        creator = first.name or await self.new_name(team, name, first)
        accounts = [(r.network, r.native_id) for r in (*first.networks, *second.networks) if r.native_id is not None]
        await self._store.link(team, creator, list(dict.fromkeys(accounts)))
        return await self.accounts(team, creator)

    async def new_name(self, team: str, name: str, reading: Reading) -> str:
        """Return the name of the creator who has this account, else of one to be made: the handle without its server.

        Raises InputError where that name already means others.
        """
        bare = self._handle(name).name.partition("@")[0].removesuffix(self._suffix(reading))
        taken = await self._stored(team, self._handle(bare), None)
        if taken is not None and taken.linked:
            own = {(one.network, one.native_id) for one in reading.networks}
            if any((one.reading.network, one.reading.native_id) in own for one in taken.accounts):
                return taken.name or bare
            raise InputError(f"@{bare} already means other accounts here; unlink those first, or name them: @{bare}.")
        return bare

    def _suffix(self, reading: Reading) -> str:
        return self.manifests[reading.networks[0].network].handles.bare_suffix if reading.networks else ""

    async def unlink(self, team: str, name: str, target: str) -> Linked:
        """Take an account away from the creator `name`; raises NotRecorded when it was not linked."""
        linked = await self.accounts(team, name)
        wanted = self._handle(target)
        for reading in linked.accounts:
            same_place = wanted.network in (None, reading.network)
            if same_place and reading.native_id and self._sources[reading.network].name_for(wanted) == reading.handle:
                await self._store.unlink(team, linked.name, reading.network, reading.native_id)
                left = tuple(other for other in linked.accounts if other is not reading)
                return Linked(name=linked.name, accounts=left)
        raise NotRecorded(f"{wanted.shown} is not linked to {linked.name}.")

    async def accounts(self, team: str, name: str) -> Linked:
        """Return the accounts a team has linked under a name; raises NotRecorded when there is no such creator."""
        handle = self._handle(name)
        stored = await self._stored(team, handle, None)
        if stored is None or not stored.linked:
            raise NotRecorded(f"No accounts are linked to {handle.shown} here.")
        return Linked(name=stored.name or handle.name, accounts=tuple(account.reading for account in stored.accounts))

    async def offers(self, team: str, name: str) -> tuple[Linked, Offers] | None:
        """Return the accounts known under a name, linked or not, and those that reference works name beside them.

        None when no reference work is switched on. Raises NotRecorded when nothing is stored under the name.
        """
        if not self._references.on:
            return None
        reading = await self.history(team, name, since=self._clock.now())
        shown = reading.networks if reading.linked else reading.networks[:1]
        linked = Linked(name=reading.name or reading.handle, accounts=shown)
        sources = await of_team(self._sources, self._credentials, team)
        return linked, await self._references.offers(shown, sources)

    async def posts(self, reading: Reading) -> dict[tuple[str, str], tuple[Post, ...]]:
        """Return the window's stored posts of each account of a reading by network and native id, newest first."""
        since = reading.at - READ_BACK
        return {
            (r.network, r.native_id): await self._store.posts(r.network, r.native_id, since=since)
            for r in reading.networks
            if r.native_id is not None
        }

    def networks(self) -> tuple[NetworkAvailability, ...]:
        """Return every network with whether it can be read here."""
        return tuple(source.availability() for source in self._sources.values())

    async def suggestions(self, team: str, text: str) -> tuple[str, ...]:
        """Return known handles that begin like the text; after `network:` those of that network only."""
        network, named, start = text.lstrip("@").lower().rpartition(":")
        known = await self._store.known_handles(team, start)
        return tuple(name.text for name in known if not named or name.network == network)

    def handle(self, text: str, network: str | None = None) -> Handle:
        """Return what a handle or profile address means, on `network` when given; raises InputError."""
        return self._handle(text, network)

    def obstacle(self, network: str) -> str:
        """Return why a network cannot be read by this version, or an empty text; what is merely not set up can."""
        source = self._sources[network]
        return "" if source.connector.fetch is not None else source.obstacle

    def _handle(self, text: str, network: str | None = None) -> Handle:
        mastodon = self._sources.get("mastodon")
        default_instance = mastodon.default_instance if mastodon is not None else None
        return Handle.parse(text, self.manifests, network, default_instance=default_instance)

    # --- whom to ask --------------------------------------------------------------------------------------------------

    def _names(self, handle: Handle, sources: Mapping[str, Source] | None = None) -> dict[str, str]:
        """Return network -> name there: the one named, or every free network where the bare name could exist."""
        if handle.network is not None:
            return {handle.network: handle.name}
        names = {}
        for name, source in (sources or self._sources).items():
            if source.guessable:
                try:
                    names[name] = source.name_for(handle)
                except (BadHandle, AmbiguousHandle):
                    continue
        return names

    async def _stored(self, team: str, handle: Handle, since: datetime | None) -> StoredCreator | None:
        names = {handle.network: handle.name} if handle.network else self._everywhere(handle)
        pairs = list(names.items())
        if self._credentials is not None:  # what owners show this team is found by the team's own name for it
            granted = {network: own for network, own in await self._credentials.granted(team) if network in names}
            pairs += [(network, name_key(granted_id(own, team), names[network])) for network, own in granted.items()]
        found = await self._store.find(team, handle.name, handle.network, pairs, history_since=since)
        return _preferred(found) if found is not None else None

    def _everywhere(self, handle: Handle) -> dict[str, str]:
        names = {}
        for name, source in self._sources.items():
            if source.connector.fetch is None:
                continue
            try:
                names[name] = source.name_for(handle)
            except (BadHandle, AmbiguousHandle):
                continue
        return names

    async def _asks(self, question: Question) -> list[Ask]:
        handle, stored, sources = question.handle, question.stored, question.sources
        asks = [await self._ask_for(account, sources) for account in stored.accounts] if stored is not None else []
        answered = {ask.network for ask in asks}
        unknown = [(n, name) for n, name in self._names(handle, sources).items() if n not in answered]
        if stored is not None and stored.linked:  # nobody else is asked, but who asked not to be scored is named
            return asks + [Ask(sources[n], name) for n, name in unknown if await sources[n].opted_out(name)]
        missed = stored.misses if stored is not None else await self._store.missed(unknown, question.now)
        guessed = handle.network is None
        return asks + [Ask(sources[n], name, None, guessed, missed.get((n, name))) for n, name in unknown]

    async def _ask_for(self, account: StoredAccount, sources: Mapping[str, Source] | None = None) -> Ask:
        reading = account.reading
        source = (sources or self._sources)[reading.network]
        if self._renewing is not None and reading.native_id is not None:
            source = await self._renewing.opened(source, reading.native_id)
        return Ask(source, reading.handle, account)

    # --- asking -------------------------------------------------------------------------------------------------------

    async def _answers(self, question: Question, asks: Sequence[Ask], show: Show | None) -> list[Answer]:
        settled: list[Answer] = []
        tasks: list[tuple[Ask, asyncio.Future[Answer]]] = []
        for ask in asks:
            answer = self._fetching.settled(ask, question.now, question.fresh)
            if answer is not None:
                settled.append(answer)
            else:
                tasks.append((ask, asyncio.ensure_future(self._fetching.flight(ask))))
        try:
            if tasks and show is not None:
                await asyncio.wait([task for _, task in tasks], timeout=PARTIAL_AFTER)
                waiting = tuple(ask.network for ask, task in tasks if not task.done())
                if waiting:
                    ready = [task.result() for _, task in tasks if task.done()]
                    await show(self._reading(question, settled + ready, waiting))
            return settled + [await task for _, task in tasks]
        finally:
            for _, task in tasks:
                task.cancel()

    # --- putting together ---------------------------------------------------------------------------------------------

    def _reading(self, question: Question, answers: Sequence[Answer], pending: tuple[str, ...] = ()) -> Reading:
        return composed(question, answers, pending, labels=self._labels, address=self._address)

    def _address(self, link: str) -> tuple[str, str] | None:
        try:
            handle = self._handle(link)
        except CloutError:
            return None
        return (handle.network, handle.name) if handle.network is not None else None

    async def _nothing(self, team: str, handle: Handle, answers: Sequence[Answer]) -> CloutError:
        """Return the error that says why nothing at all can be shown."""
        errors = [answer.error for answer in answers if answer.error is not None]
        others = [error for error in errors if not isinstance(error, NotFound)]
        if handle.network is not None and errors:
            error: CloutError = errors[0]
        elif len(others) == 1:
            error = others[0]
        elif others:
            error = _several(others)
        else:
            error = NotFound("", f"I can't find {handle.shown} on {self._where(handle)}.")
        if isinstance(error, NotFound) and (near := await self._near(team, handle)):
            error = NotFound(error.network, f"{error.message} Did you mean {near}?", suggestion=near)
        return error

    def _where(self, handle: Handle) -> str:
        labels = [self.manifests[name].label for name in self._names(handle)]
        return " or ".join(labels) if labels else "any network read here"

    async def _near(self, team: str, handle: Handle) -> str | None:
        known = await self._store.known_handles(team, "", limit=_NEAR_AMONG)
        names = {name.name.partition("@")[0].partition(".")[0]: name.name for name in known}
        names.update((name.name, name.name) for name in known)
        near = closest(handle.name, names)
        return f"@{names[near]}" if near is not None else None


def _preferred(found: StoredCreator) -> StoredCreator:
    """Leave out the public reading of an account that its owner shows to the team, unless the team linked both."""
    if found.linked:
        return found
    opened = {one.reading.network for one in found.accounts if told(one.reading.native_id or "").team}
    kept = [a for a in found.accounts if a.reading.network not in opened or told(a.reading.native_id or "").team]
    return replace(found, accounts=tuple(kept))


def _several(errors: Sequence[SourceError]) -> SourceError:
    """Return the failures of several networks as one, to be tried again when the first of them may be."""
    if all(isinstance(error, OptedOut) for error in errors):
        return OptedOut("", "This creator asked not to be scored here.")
    times = [error.retry_at for error in errors if error.retry_at is not None]
    said = " ".join(error.message for error in errors)
    return Unavailable("", said, retry_at=min(times, default=None), causes=tuple(errors))
