"""A network that only owners open, in memory, beside one that is open to all; and an app that reads them."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from cryptography.fernet import Fernet
from pydantic import SecretStr

from core.app import App, build
from core.connectors import Connector
from core.connectors.http import Requests
from core.connectors.owners import ACCESS, Grant, OAuth, Owned, OwnerAccess, needs_owner
from core.credentials import OwnerToken
from core.errors import NotFound, SourceError, TokenExpired
from core.manifest import Credential, Target
from core.models import Clock, Snapshot
from core.settings import NetworkSettings, Settings
from tests.core.toy_network import HandClock, toy_manifest, toy_snapshot

TEAM, OTHER_TEAM = "slack:T1", "slack:T2"
KEY = Fernet.generate_key().decode()


CLOSED = toy_manifest(
    "closed",
    access="owner_authorised",
    credentials=(Credential(name="client_id", help="id"), Credential(name="client_secret", help="secret")),
)
OPEN = toy_manifest("open")
OAUTH = OAuth(
    authorize_url="https://closed.example/authorize",
    token_url="https://closed.example/token",
    scopes=("profile", "posts"),
    needed=frozenset({"profile"}),
    pkce=True,
    reads=("followers", "likes of posts"),
    withdraw_url="https://closed.example/apps",
    renew_ahead=timedelta(hours=6),
)


@dataclass
class Net:
    """Both networks: who exists, which tokens are good, and what is refused."""

    clock: HandClock
    good: set[str] = field(default_factory=lambda: {"a-0"})
    asked: list[tuple[str, str, str]] = field(default_factory=list)
    error: SourceError | None = None
    renew_error: SourceError | None = None
    renewals: int = 0
    revoked: list[str] = field(default_factory=list)
    public: frozenset[str] = frozenset({"glow"})
    gate: asyncio.Event | None = None
    reached: asyncio.Event | None = None
    meanwhile: Callable[[], Awaitable[object]] | None = None

    async def closed(
        self, target: Target, since: datetime, client: Requests, clock: Clock, credentials: dict[str, SecretStr]
    ) -> Snapshot:
        token = credentials.get(ACCESS)
        self.asked.append(("closed", target.handle, token.get_secret_value() if token else ""))
        if token is None:
            raise needs_owner(CLOSED, target.handle)
        if self.error is not None:
            raise self.error
        if self.gate is not None and self.reached is not None:
            self.reached.set()
            await self.gate.wait()
        if token.get_secret_value() not in self.good:
            raise TokenExpired("closed", "Closed: the token is refused.")
        return self.snapshot("closed", target.native_id or "77", target.handle, 40).model_copy(
            update={"access": "owner_authorised"}
        )

    async def open(self, target: Target, since: datetime, *_: object) -> Snapshot:
        self.asked.append(("open", target.handle, ""))
        if target.handle not in self.public:
            raise NotFound("open", "no such account")
        return self.snapshot("open", f"id-{target.handle}", target.handle, 15)

    def snapshot(self, network: str, native: str, handle: str, likes: int) -> Snapshot:
        return toy_snapshot(network, native, handle, likes, self.clock.now())

    async def renew(self, grant: Grant, client: Requests, clock: Clock, credentials: object) -> Grant:
        if self.renew_error is not None:
            raise self.renew_error
        assert grant.refresh == SecretStr(f"r-{self.renewals}"), "a spent token"
        await asyncio.sleep(0)
        if self.meanwhile is not None:
            await self.meanwhile()
        self.renewals += 1
        self.good = {f"a-{self.renewals}"}
        return self.grant(self.renewals)

    def grant(self, number: int = 0) -> Grant:
        now = self.clock.now()
        return Grant(
            access=SecretStr(f"a-{number}"),
            refresh=SecretStr(f"r-{number}"),
            expires_at=now + timedelta(days=1),
            refresh_expires_at=now + timedelta(days=365),
            scopes=("profile", "posts"),
        )

    def token(self, native_id: str = "77", number: int = 0) -> OwnerToken:
        return OwnerToken(native_id=native_id, connected_by="U1", **dict(self.grant(number)))

    async def exchange(self, code: str, redirect: str, verifier: str, *_: object) -> Grant:
        if code != "good-code":
            raise TokenExpired("closed", "Closed: the code is spent.")
        return self.grant()

    async def accounts(self, *_: object) -> tuple[Owned, ...]:
        return (Owned(native_id="77", handle="glow"),)

    async def revoke(self, grant: Grant, *_: object) -> None:
        self.revoked.append(grant.access.get_secret_value())

    def connectors(self) -> dict[str, Connector]:
        access = OwnerAccess(OAUTH, self.exchange, self.accounts, self.renew, self.revoke)
        return {"closed": Connector(CLOSED, self.closed, owner=access), "open": Connector(OPEN, self.open)}


@asynccontextmanager
async def opened(folder: Path, net: Net, *, name: str = "clout.db", **more: object) -> AsyncIterator[App]:
    """Build the app over both networks; the sign-in of the closed one is set up."""
    values = {"client_id": SecretStr("ours"), "client_secret": SecretStr("whisper")}
    settings = Settings(
        database_url=f"sqlite:///{folder / name}",
        secret_keys=SecretStr(KEY),
        networks={"closed": NetworkSettings(values=values)},
        **more,  # type: ignore[arg-type]
    )
    async with build(settings, clock=net.clock, connectors=net.connectors()) as app:
        yield app
