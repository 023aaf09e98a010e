"""A second `clout run` with the same token waits until the first one is gone, instead of answering everything twice."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from hashlib import blake2b

import structlog

from bots.jobs_service import executor_name
from bots.supervisor import Service, ended
from core.app import App
from core.database import parse_url
from core.errors import StoreError
from core.leases import Leases

RENEW_S = 15.0  # a lease lasts 60 s
MOST_FAILED = 3  # renewals in a row, so that we are silent before another process may speak

log = structlog.get_logger("clout.standby")


def lease_of(platform: str, token: str) -> str:
    """Return the name of a token's lease; nothing of the token can be read from it."""
    return f"front:{platform}:{blake2b(token.encode(), digest_size=8).hexdigest()}"


def standing_by(app: App, fronts: Sequence[Service], up: Callable[[str], object]) -> list[Service]:
    """Let each front end that is connected by a token wait for that token's lease; SQLite has one process anyway.

    `up` is told the name of each that has waited and answers now.
    """
    settings = app.settings
    if parse_url(settings.database_url).get_backend_name() == "sqlite":
        return list(fronts)
    by_socket = settings.slack.signing_secret is None
    tokens = {"discord": settings.discord.token, "slack": settings.slack.bot_token if by_socket else None}
    holder = executor_name(alone=False)

    def kept(one: Service) -> Service:
        token = tokens.get(one.name)
        if token is None:  # Slack calls over HTTP: whichever process is asked answers
            return one
        leases = Leases(app.store.database, app.clock, f"{holder}-{one.name}")
        return Standby(one, leases, lease_of(one.name, token.get_secret_value()), up=up)

    return [kept(one) for one in fronts]


class Standby:
    """A front end that starts when its lease is free, and stops when the lease is lost to another process."""

    def __init__(
        self,
        service: Service,
        leases: Leases,
        lease: str,
        *,
        up: Callable[[str], object] = lambda name: None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.name = service.name
        self._service = service
        self._leases = leases
        self._lease = lease
        self._up = up
        self._sleep = sleep
        self._active = False
        self._running: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to wait for the lease; returns at once."""
        self._running = asyncio.create_task(self._run(), name=f"standby-{self.name}")

    async def stop(self) -> None:
        """End the service where it runs, and give the lease back."""
        if self._running is not None:
            self._running.cancel()
            await asyncio.gather(self._running, return_exceptions=True)
        await self._rest()
        with suppress(StoreError):  # it runs out by itself
            await self._leases.release()

    async def healthy(self) -> bool:
        """Return whether it answers, or waits as it should."""
        if self._active:
            return await self._service.healthy()
        return self._running is not None and not self._running.done()

    async def ended(self) -> None:
        """Wait until the service ends by itself; raises what it raised."""
        assert self._running is not None
        await asyncio.shield(self._running)

    async def _run(self) -> None:
        told = False
        while True:
            if await self._held():
                await self._active_until_lost()
            elif not told:
                log.info("another process answers with this token; waiting for it to end", service=self.name)
                told = True
            await self._sleep(RENEW_S)

    async def _held(self) -> bool | None:
        """Return whether the lease is ours; None where nobody can say, and a minute later another may hold it."""
        try:
            return await self._leases.hold(self._lease)
        except StoreError:
            return None

    async def _active_until_lost(self) -> None:
        await self._service.start()
        self._active = True
        self._up(self.name)
        over = asyncio.ensure_future(ended(self._service))
        try:
            failed = 0
            while failed < MOST_FAILED:
                pause = asyncio.ensure_future(self._sleep(RENEW_S))
                await asyncio.wait({over, pause}, return_when=asyncio.FIRST_COMPLETED)
                pause.cancel()
                if over.done():
                    return over.result()
                held = await self._held()
                failed = 0 if held else MOST_FAILED if held is False else failed + 1
            log.warning("the lease was lost; another process answers", service=self.name)
        finally:
            over.cancel()
            await asyncio.gather(over, return_exceptions=True)
            await self._rest()

    async def _rest(self) -> None:
        if self._active:
            self._active = False
            await self._service.stop()
