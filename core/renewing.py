"""Reads accounts under the tokens their owners granted, and renews those tokens before they end.

A token is renewed by one process at a time, outside of every lookup, and what comes back is stored before it is used:
networks that rotate refresh tokens take each only once. Who asks while a token has run out is told so and sees the
stored score; work in the background waits for the new one.
"""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from typing import TypeVar

import structlog
from pydantic import SecretStr

from core import grants
from core.connectors.owners import Grant, OwnerAccess, ended
from core.credentials import Credentials, OwnerToken
from core.errors import SourceError, TokenExpired, Unavailable
from core.keyring import Where
from core.leases import Leases
from core.manifest import Manifest
from core.models import Clock
from core.revoking import Revoking
from core.sources import Opened, Source, of_team

FIRST_PAUSE, LONGEST_PAUSE = timedelta(minutes=1), timedelta(minutes=30)  # after a renewal that did not come through
REFUSED_PAUSE = timedelta(hours=1)  # after a renewal that was refused, while the token still reads
_AT_A_TICK = 50  # tokens of a network renewed by one process in one tick; the others come with the next

T = TypeVar("T")
log = structlog.get_logger("clout.renewing")


@dataclass(slots=True)
class _Pause:
    until: datetime
    times: int


class Renewing:
    """The tokens of owners as they are used; one for the whole process. Methods raise StoreError.

    `holder` names this process among all that share the database.
    """

    def __init__(
        self,
        credentials: Credentials,
        sources: Mapping[str, Source],
        clock: Clock,
        leases: Callable[[str], Leases],
        revoking: Revoking,
        holder: str,
        *,
        patience: timedelta = timedelta(seconds=25),
    ) -> None:
        self._credentials = credentials
        self._sources = sources
        self._clock = clock
        self._leases = leases
        self._revoking = revoking
        self._holder = holder
        self._patience = patience
        self._numbers = count()
        self._pauses: dict[Where, _Pause] = {}
        self._soon: dict[Where, asyncio.Task[object]] = {}
        self._unstored: dict[Where, tuple[OwnerToken, OwnerToken]] = {}  # what was given, by what it was given for
        self._under_way: set[asyncio.Task[OwnerToken | None]] = set()

    async def aclose(self) -> None:
        """Wait for renewals under way: a token that was given and not stored would be lost."""
        await asyncio.gather(*self._soon.values(), *self._under_way, return_exceptions=True)

    def manifest(self, network: str) -> Manifest:
        """Return a network's manifest."""
        return self._sources[network].manifest

    # --- reading ------------------------------------------------------------------------------------------------------

    async def opened(self, source: Source, native_id: str) -> Source:
        """Return the source that reads a stored account: itself for a public one, else under its owner's token."""
        own, team = grants.told(native_id)
        if not team:
            return source
        where = Where(team, source.manifest.name, own)
        return source.under(_Opened(self, where, (await self._credentials.granted(team)).get((where.network, own))))

    # --- renewing -----------------------------------------------------------------------------------------------------

    async def renew_due(self, now: datetime) -> int:
        """Renew every token that ends soon, those that end first before the others; returns how many were renewed."""
        longest = max((found.oauth.renew_ahead for found in self._owners().values()), default=timedelta(0))
        due = await self._credentials.owners_ending(now + longest, lambda where, at: self._is_due(where, at, now))
        of: defaultdict[str, list[Where]] = defaultdict(list)
        for where in due:
            of[where.network].append(where)
        return sum(await asyncio.gather(*(self._renew_those(these[:_AT_A_TICK]) for these in of.values())))

    async def _renew_those(self, due: Sequence[Where]) -> int:
        """Renew tokens of one network; one that does not answer keeps those of no other waiting, and rests."""
        renewed = 0
        for where in due:
            try:
                renewed += await self.renew(where) is not None
            except SourceError as error:
                log.info("token not renewed", network=where.network, team=where.team, error=type(error).__name__)
                if not isinstance(error, TokenExpired):
                    break
        return renewed

    async def renew(self, where: Where, refused: SecretStr | None = None) -> OwnerToken | None:
        """Return a token of an owner's that is newer than the one in use, or than the one a network `refused`.

        None while another process renews it. Raises TokenExpired when only the owner can give another, and the
        network's SourceError when it could not be asked. A caller that is cancelled leaves it to end whole.
        """
        task = asyncio.create_task(self._alone(where, refused))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)
        return await asyncio.shield(task)

    async def _alone(self, where: Where, refused: SecretStr | None) -> OwnerToken | None:
        leases = self._leases(f"{self._holder}:{next(self._numbers)}")
        if not await leases.hold(f"renew:{where.network}:{where.native_id}@{where.team}"):
            return None
        try:
            return await self._renewed(where, refused)
        finally:
            await leases.release()

    def soon(self, where: Where, refused: SecretStr | None) -> None:
        """Renew a token without letting anybody wait for it, unless that failed a moment ago."""
        if where not in self._soon and not self._rests(where, self._clock.now()):
            task = asyncio.create_task(self._quietly(where, refused))
            self._soon[where] = task
            task.add_done_callback(lambda _: self._soon.pop(where, None))

    async def _quietly(self, where: Where, refused: SecretStr | None) -> None:
        try:
            await self.renew(where, refused)
        except SourceError as error:
            log.info("token not renewed", network=where.network, team=where.team, error=type(error).__name__)

    def _owners(self) -> dict[str, OwnerAccess]:
        return {
            name: found.connector.owner for name, found in self._sources.items() if found.connector.owner is not None
        }

    def _is_due(self, where: Where, at: datetime, now: datetime) -> bool:
        access = self._owners().get(where.network)
        if access is None or access.renew is None or at > now + access.oauth.renew_ahead:
            return False
        return not self._rests(where, now)

    def _rests(self, where: Where, now: datetime) -> bool:
        pause = self._pauses.get(where)
        return pause is not None and now < pause.until <= now + max(LONGEST_PAUSE, REFUSED_PAUSE)

    async def _renewed(self, where: Where, refused: SecretStr | None) -> OwnerToken:
        """Renew the token as it is stored now: another process may have done it meanwhile."""
        token = await self._credentials.owner_token(where.team, where.network, where.native_id)
        access = self._owners().get(where.network)
        source = (await of_team(self._sources, self._credentials, where.team))[where.network]
        gone = TokenExpired(where.network, ended(source.manifest))
        if token is None or token.ended_at is not None or access is None or access.renew is None:
            raise gone
        if self._is_newer(token, refused, access):
            return token
        after = await self._given(where, source, token, refused)
        self._unstored[where] = token, after  # stays there when the database fails now: the old one is spent
        kept = await self._credentials.renew_owner(where.team, where.network, after, token)
        del self._unstored[where]
        if kept:
            return after
        newer = await self._credentials.owner_token(where.team, where.network, where.native_id)
        if newer is None:  # taken back while the network was asked: the new one was never theirs to lose
            await self._revoking.revoke(source, _grant(after), [where.native_id])
        if newer is None or newer.ended_at is not None:
            raise gone
        return newer  # the owner has connected anew meanwhile

    async def _given(self, where: Where, source: Source, token: OwnerToken, refused: SecretStr | None) -> OwnerToken:
        """Return what the network gives in place of a token, or has given already.

        A refusal ends a permission only once its token reads no more: networks word refusals in ways they never wrote
        down, and one that passes by itself must not cost the owner another consent.
        """
        before, after = self._unstored.get(where, (token, None))
        if after is not None and before.access == token.access:
            return after
        try:
            grant = await source.renewed(_grant(token), self._patience)
        except TokenExpired:
            now = self._clock.now()
            if refused is None and token.expires_at is not None and now < token.expires_at:
                self._pauses[where] = _Pause(now + min(REFUSED_PAUSE, token.expires_at - now), 0)
            else:
                await self._end(where, token)
            raise
        except SourceError:
            self._rest(where)
            raise
        self._pauses.pop(where, None)
        return token.model_copy(update=_of_grant(grant))

    def _is_newer(self, token: OwnerToken, refused: SecretStr | None, access: OwnerAccess) -> bool:
        if refused is not None:
            return token.access != refused
        return token.expires_at is None or token.expires_at > self._clock.now() + access.oauth.renew_ahead

    async def _end(self, where: Where, token: OwnerToken) -> None:
        """Remember that only the owner can help, so that the network is not asked again and again."""
        over = token.model_copy(update={"ended_at": self._clock.now(), "expires_at": None})  # nothing ends any more
        if await self._credentials.renew_owner(where.team, where.network, over, token):
            log.warning("an owner's permission has ended", network=where.network, team=where.team)

    def _rest(self, where: Where) -> None:
        before = self._pauses.get(where)
        times = before.times + 1 if before is not None else 0
        pause = min(FIRST_PAUSE * 2 ** min(times, 10), LONGEST_PAUSE)
        self._pauses[where] = _Pause(self._clock.now() + pause, times)


@dataclass(frozen=True, slots=True)
class _Opened:
    """One account under its owner's token; None where nothing is stored that can be read."""

    renewing: Renewing
    where: Where
    token: OwnerToken | None = field(repr=False)

    @property
    def native_id(self) -> str:
        """The account's id as its network knows it."""
        return self.where.native_id

    @property
    def team(self) -> str:
        """The team that its owner shows it to."""
        return self.where.team

    async def through(self, read: Callable[[SecretStr], Awaitable[T]], now: datetime, *, background: bool) -> T:
        """Return what `read` makes of the token; raises its SourceError, and TokenExpired while there is none."""
        manifest = self.renewing.manifest(self.where.network)
        token = self.token
        if token is None or token.ended_at is not None:
            raise TokenExpired(self.where.network, ended(manifest))
        if token.expires_at is not None and token.expires_at <= now:
            token = await self._next(token, background=background, refused=None)
        try:
            return await read(token.access)
        except TokenExpired:
            newer = await self._next(token, background=background, refused=token.access)
            return await read(newer.access)

    async def _next(self, token: OwnerToken, *, background: bool, refused: SecretStr | None) -> OwnerToken:
        label = self.renewing.manifest(self.where.network).label
        being = f"{label}: the permission is being renewed; try again in a minute."
        if not background:
            self.renewing.soon(self.where, refused)
            raise TokenExpired(self.where.network, being)
        newer = await self.renewing.renew(self.where, refused)
        if newer is None:
            raise Unavailable(self.where.network, being)
        return newer


@dataclass(frozen=True, slots=True)
class _JustOpened:
    """One account under a token that was given this minute: what is refused now cannot be renewed."""

    team: str
    token: OwnerToken = field(repr=False)

    @property
    def native_id(self) -> str:
        """The account's id as its network knows it."""
        return self.token.native_id

    async def through(self, read: Callable[[SecretStr], Awaitable[T]], now: datetime, *, background: bool) -> T:
        """Return what `read` makes of the token; raises its SourceError."""
        return await read(self.token.access)


def opened_by(team: str, token: OwnerToken) -> Opened:
    """Return an account as its owner opens it to a team for the first time, before anything is stored."""
    return _JustOpened(team, token)


def _grant(token: OwnerToken) -> Grant:
    return Grant(
        access=token.access,
        refresh=token.refresh,
        expires_at=token.expires_at,
        refresh_expires_at=token.refresh_expires_at,
        scopes=token.scopes,
    )


def _of_grant(grant: Grant) -> dict[str, object]:
    return {name: getattr(grant, name) for name in Grant.model_fields}
