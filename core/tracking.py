"""Use cases of tracking: follow a creator or a whole list, stop it, list who is followed."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import structlog
from sqlalchemy import Connection

from core import rosters_tracks as tracks
from core.errors import AmbiguousHandle, InputError, NotRecorded
from core.finding import Pair
from core.handles import Handle
from core.intake_creators import BadLine, Check, alias_of, decoded, rows, tags_of
from core.lookup import Lookups
from core.manifest import Manifest
from core.models import Candidate, Clock, Model, Moment, NetworkReading, Reading
from core.roster import Roster, Row, Sort
from core.rosters_intake import Progress, enter
from core.store import Store
from core.tables import from_ms
from core.watches_judged import note_linked

SHOWN = 10  # creators a page
AT_ONCE = 50  # lines checked before others get their turn: some 10 ms
log = structlog.get_logger("clout.tracking")


class Tracked(Model):
    """A creator that is tracked now; `already` says it was before, `others` bear the same name elsewhere."""

    name: str
    since: Moment
    tags: tuple[str, ...] = ()
    already: bool = False
    accounts: tuple[NetworkReading, ...] = ()
    others: tuple[Candidate, ...] = ()


@dataclass(frozen=True, slots=True)
class Page:
    """A page of tracked creators, from 1; `total` counts all of them, `tags` are some of the team's own."""

    rows: tuple[Row, ...]
    sort: Sort
    tag: str | None
    number: int
    pages: int
    total: int
    start: int
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of a list of creators; with a bad line nothing of it was entered."""

    lines: int
    made: int = 0
    joined: int = 0
    already: int = 0
    bad: tuple[BadLine, ...] = ()


class Tracking:
    """Follows creators for teams; one for the whole process. Every method raises StoreError as the store does."""

    def __init__(
        self, store: Store, lookups: Lookups, roster: Roster, clock: Clock, *, most: int | None = None
    ) -> None:
        """`most` is how many creators a team may track, None for any number."""
        self._db = store.database
        self._lookups = lookups
        self._roster = roster
        self._clock = clock
        self._most = most

    @property
    def _manifests(self) -> Mapping[str, Manifest]:
        return self._lookups.manifests

    # --- one creator --------------------------------------------------------------------------------------------------

    async def track(
        self,
        team: str,
        text: str,
        *,
        alias: str | None = None,
        tags: Sequence[str] = (),
        accounts: Sequence[str] = (),
    ) -> Tracked:
        """Track a creator under its handle or an alias, together with further accounts as network:handle.

        Everything is looked up first, so that only real accounts are tracked; of several accounts under a bare name it
        is the one that the card shows. Raises what a lookup raises, InputError for a name or account of another
        creator, LimitReached.
        """
        wanted_tags = tags_of(tags)
        named = alias_of(alias, self._lookups.handle) if alias is not None else None
        reading = await self._lookups.lookup(team, text)
        own = list(_accounts(reading))
        for target in accounts:
            own += await self._further(team, target)
        pairs = tuple(dict.fromkeys((one.network, one.native_id) for one in own if one.native_id is not None))
        known = reading.name or await self._owner(team, pairs[:1])
        name = named or known or await self._lookups.new_name(team, text, reading)
        wish = tracks.Wish(known, name, pairs, wanted_tags)
        done = await self._db.write(_follow, team, wish, self._clock.now(), self._most)
        return Tracked(
            name=done.name,
            since=from_ms(done.since),
            tags=done.tags,
            already=done.already,
            accounts=tuple({(one.network, one.native_id): one for one in own}.values()),
            others=reading.candidates,
        )

    async def _further(self, team: str, target: str) -> Sequence[NetworkReading]:
        found = await self._lookups.lookup(team, target)
        if found.candidates:
            raise AmbiguousHandle(f"{target} is several accounts: say which network, as in network:name.")
        return _accounts(found)

    async def _owner(self, team: str, accounts: Sequence[Pair]) -> str | None:
        """Return the creator that has the account by now: one whose handle waited for this first reading."""
        return next(iter((await self._db.read(tracks.owners, team, accounts)).values()), None)

    async def untrack(self, team: str, text: str) -> str:
        """Stop tracking a creator and return its name; linked accounts stay linked. Raises NotRecorded."""
        name = await self.known(team, text)
        if name is None or not await self._db.write(tracks.unfollow, team, name, self._clock.now()):
            raise NotRecorded(f"{self._said(text)} is not tracked here. `tracked` lists who is.")
        return name

    async def known(self, team: str, text: str) -> str | None:
        """Return the name of the tracked creator that a handle or an alias means; no network is asked."""
        try:
            handle = self._lookups.handle(text)
        except InputError:
            return await self._db.read(tracks.tracked_name, team, text, None, None)
        name = handle.native_id or handle.name
        found = await self._db.read(tracks.tracked_name, team, name, handle.network, name)
        if found is None and handle.network is None:
            return await self._of_full_handle(team, handle)
        return found

    async def _of_full_handle(self, team: str, handle: Handle) -> str | None:
        """Find a bare name under a network's own way of writing it, such as name.bsky.social."""
        for network, manifest in self._manifests.items():
            if manifest.handles.bare_suffix:
                full = handle.name + manifest.handles.bare_suffix
                found = await self._db.read(tracks.tracked_name, team, full, network, full)
                if found is not None:
                    return found
        return None

    def _said(self, text: str) -> str:
        try:
            return self._lookups.handle(text).shown
        except InputError:
            return "That creator"

    # --- lists --------------------------------------------------------------------------------------------------------

    async def tracked(
        self, team: str, *, tag: str | None = None, sort: Sort = "score", page: int = 1, size: int = SHOWN
    ) -> Page:
        """Return a page of the team's tracked creators, the nearest one there is; raises InputError for a bad tag."""
        wanted = tags_of([tag])[0] if tag is not None else None
        total = await self._roster.size(team, wanted)
        pages = max(1, -(-total // size))
        number = max(1, min(page, pages))
        start = (number - 1) * size
        found = await self._roster.page(team, sort=sort, tag=wanted, start=start, count=size)
        tags = tuple(await self._roster.tags(team)) if number == 1 else ()
        return Page(tuple(found), sort, wanted, number, pages, total, start, tags)

    async def bring_in(self, team: str, content: bytes, progress: Progress | None = None) -> Imported:
        """Track everybody of a CSV file, in one transaction; with one bad line nobody is.

        The handles are not looked up: they wait for the next refresh. `progress(done, of)` hears of the lines checked,
        then of those entered, possibly in another thread. Raises InputError for a file that is no such list, and
        LimitReached.
        """
        checker = Check(self._lookups.handle, self._lookups.obstacle, self._bare)
        found = list(rows(decoded(content)))
        steps = 2 * len(found)
        for done, (number, row) in enumerate(found, start=1):
            checker.line(number, row)
            if done % AT_ONCE == 0:
                await asyncio.sleep(0)
                _tell(progress, done, steps)
        checked = checker.checked
        if not found:
            raise InputError("The file names its columns, but no creator.", field="file")
        if checked.bad:
            return Imported(len(found), bad=tuple(checked.bad))
        return await self._enter(team, checker, progress, steps)

    async def _enter(self, team: str, checker: Check, progress: Progress | None, steps: int) -> Imported:
        entries, now = checker.checked.entries, self._clock.now()

        def entering(done: int, of: int) -> None:
            _tell(progress, steps // 2 + done * (steps // 2) // max(of, 1), steps)

        result = await self._db.write(enter, team, entries, self._bare, now, self._most, entering)
        for creator_id in result.known:  # scores of accounts that were read before; each its own short transaction
            await self._db.write(self._joined, creator_id, now)
        if not result.bad:
            _tell(progress, steps, steps)
        return Imported(len(entries), result.made, result.joined, result.already, tuple(result.bad))

    def _joined(self, conn: Connection, creator_id: int, now: datetime) -> None:
        self._roster.regrouped(conn, creator_id, now)
        note_linked(conn, creator_id, now)

    def _bare(self, network: str, handle: str) -> str:
        """Return what a creator is called after one of its handles: without the server, as a lookup names it."""
        manifest = self._manifests.get(network)
        return handle.partition("@")[0].removesuffix(manifest.handles.bare_suffix if manifest is not None else "")


def _accounts(reading: Reading) -> tuple[NetworkReading, ...]:
    """Return the accounts a card stands on: all of a known creator, else those that were read."""
    stored = [one for one in reading.networks if one.native_id is not None]
    return tuple(stored if reading.linked else [one for one in stored if one.score is not None])


def _follow(conn: Connection, team: str, wish: tracks.Wish, now: datetime, most: int | None) -> tracks.Followed:
    done = tracks.follow(conn, team, wish, now, most)
    note_linked(conn, done.creator_id, now)
    return done


def _tell(progress: Progress | None, done: int, of: int) -> None:
    if progress is not None:
        progress(done, of)
