"""The composition root: every collaborator is made here, handed on as a parameter, and closed in reverse order."""

import asyncio
import logging
import sys
from collections.abc import AsyncIterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from importlib.metadata import version
from uuid import uuid4

import structlog

from core.budgets import Budgets
from core.commands.grammar import Context
from core.connectors import Connector, discover
from core.connectors.http import HttpClient
from core.consents import Consents
from core.credentials import Credentials
from core.deliveries import Deliveries, by_kind, told_by_each
from core.granting import Granting
from core.inbox import Inbox, InboxMessenger
from core.leases import Leases
from core.lookup import Lookups
from core.manifest import Manifest
from core.messenger import Messengers, Place
from core.models import ChartSpec, Clock
from core.networks import Networks
from core.posting import Digests
from core.redaction import Redacting, redact_event
from core.refreshing import Refreshing
from core.renewing import Renewing
from core.revoking import Revoking
from core.rights import Rights
from core.roster import Roster
from core.settings import Settings
from core.sources import sources_of
from core.store import Store
from core.suppression import Suppression
from core.teams import Teams
from core.tracking import Tracking
from core.watching import Watches


class SystemClock:
    """The real time."""

    def now(self) -> datetime:
        """Return the present moment in UTC."""
        return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class App:
    """A running Clout: what front ends are given."""

    settings: Settings
    clock: Clock
    store: Store
    http: HttpClient
    manifests: Mapping[str, Manifest]
    lookups: Lookups
    teams: Teams
    painter: ThreadPoolExecutor
    roster: Roster
    tracking: Tracking
    networks: Networks
    budgets: Budgets
    credentials: Credentials
    refreshing: Refreshing
    digests: Digests
    watches: Watches
    deliveries: Deliveries
    messengers: Messengers
    inbox: Inbox
    renewing: Renewing
    granting: Granting
    consents: Consents
    rights: Rights

    async def context(
        self,
        team: str,
        *,
        asker: str = "",
        place: Place | None = None,
        can_manage: bool = False,
        member: bool = True,
        zone: str | None = None,
        team_name: str = "",
    ) -> Context:
        """Return what a command needs to know of who asks; `zone` is the place's own where the platform knows it.

        `team_name` is what the platform calls the team, as far as it says.
        """
        own = await self.teams.settings(team)
        return Context(
            team,
            self.clock.now(),
            self.lookups,
            self.manifests,
            can_manage=can_manage,
            zone=own.zone or zone or self.settings.zone,
            asker=asker,
            place=place,
            own=own,
            member=member,
            messengers=self.messengers,
            teams=self.teams,
            networks=self.networks,
            roster=self.roster,
            tracking=self.tracking,
            digests=self.digests,
            watches=self.watches,
            deliveries=self.deliveries,
            consents=self.consents,
            team_name=team_name,
        )

    async def draw(self, spec: ChartSpec, dark: bool = False) -> bytes:
        """Return a card's picture as PNG, on light paper or dark; it is drawn in a thread that no command waits for."""
        return await asyncio.get_running_loop().run_in_executor(self.painter, _draw, spec, dark)

    async def warm(self) -> None:
        """Load what pictures need, about a second's work, before somebody waits for the first one."""
        await asyncio.get_running_loop().run_in_executor(self.painter, _warm)


def _draw(spec: ChartSpec, dark: bool) -> bytes:
    from core.chart import draw  # matplotlib takes a second to load; a lookup never needs it

    return draw(spec, dark=dark)


def _warm() -> None:
    from core.chart import warm

    warm()


@asynccontextmanager
async def build(
    settings: Settings,
    *,
    clock: Clock | None = None,
    connectors: Mapping[str, Connector] | None = None,
    http: HttpClient | None = None,
) -> AsyncIterator[App]:
    """Open the database and the HTTP client and join everything; raises StoreError.

    Tests pass their own clock, connectors or client; everything else is the same as in production.
    """
    _log_to_stderr(settings.log_level)
    clock = clock or SystemClock()
    connectors = discover() if connectors is None else connectors
    painter = ThreadPoolExecutor(1, "painter")  # one: matplotlib shares its fonts between threads
    async with _ended(painter), Store.open(settings.database_url, clock) as store:
        http = http or HttpClient(user_agent=user_agent(settings), allow_hosts=settings.allowed_hosts)
        try:
            credentials = Credentials(store.database, clock, settings.secret_keys)
            budgets = _budgets(store, clock, connectors, settings, credentials)
            suppression = Suppression(store.database, clock, settings.secret_keys)
            store.keep_out(suppression)
            await suppression.begin()
            sources = sources_of(connectors, settings, http, clock, budgets, suppression)
            patience = timedelta(seconds=settings.lookup_seconds)
            revoking = Revoking(store.database, clock)
            leases = partial(Leases, store.database, clock)
            renewing = Renewing(credentials, sources, clock, leases, revoking, f"renewing:{uuid4()}")
            lookups = Lookups(store, sources, clock, patience=patience, credentials=credentials, renewing=renewing)
            granting = Granting(store, sources, credentials, lookups)
            consents = Consents(
                store.database,
                clock,
                sources,
                credentials,
                lookups,
                granting,
                revoking,
                public_url=settings.public_url,
                contact=settings.contact,
                patience=patience,
            )
            rights = Rights(store, clock, sources, credentials, lookups, consents, suppression, patience=patience)
            networks = Networks(sources, budgets, credentials, patience=patience)
            teams = Teams(store, clock)
            roster = Roster(store, clock)
            tracking = Tracking(store, lookups, roster, clock, most=settings.max_tracked)
            refreshing = Refreshing(
                store,
                sources,
                clock,
                lookups.turns,
                budgets=budgets,
                credentials=credentials,
                renewing=renewing,
                patience=patience,
            )
            inbox = Inbox(store, clock)
            messengers = Messengers(InboxMessenger(inbox))
            digests = Digests(store, clock, lookups, roster, teams, messengers=messengers)
            watches = Watches(store, clock, lookups, tracking, roster, messengers)
            render = by_kind({"digest": digests.render, "alert": watches.render})
            settled = told_by_each(digests.settled, watches.settled)
            deliveries = Deliveries(store, clock, messengers, render, settled=settled)
            try:
                yield App(
                    settings,
                    clock,
                    store,
                    http,
                    lookups.manifests,
                    lookups,
                    teams,
                    painter,
                    roster,
                    tracking,
                    networks,
                    budgets,
                    credentials,
                    refreshing=refreshing,
                    digests=digests,
                    watches=watches,
                    deliveries=deliveries,
                    messengers=messengers,
                    inbox=inbox,
                    renewing=renewing,
                    granting=granting,
                    consents=consents,
                    rights=rights,
                )
            finally:
                await lookups.aclose()
                await renewing.aclose()
            limits = {name: found.retention for name, found in lookups.manifests.items() if found.retention is not None}
            await consents.let_go()
            await store.purge_daily(limits)  # after the work is done, so that nobody waits for it
        finally:
            await http.aclose()


def _budgets(
    store: Store, clock: Clock, connectors: Mapping[str, Connector], settings: Settings, credentials: Credentials
) -> Budgets:
    manifests = {name: connector.manifest for name, connector in connectors.items()}
    given = {name: settings.network(name).budgets for name in manifests}
    return Budgets(store.database, clock, manifests, given, credentials.owner)


@asynccontextmanager
async def _ended(painter: ThreadPoolExecutor) -> AsyncIterator[None]:
    try:
        yield
    finally:
        # not through the loop's own executor, which others may have ended before; a picture is a tenth of a second
        painter.shutdown(wait=True, cancel_futures=True)


def user_agent(settings: Settings) -> str:
    """Return how we present ourselves: name, version and whom to write to (CONNECTORS rule 10)."""
    contact = f"+{settings.contact}" if settings.contact else "self-hosted, no contact set"
    return f"Clout/{version('clout')} ({contact})"


def _log_to_stderr(level: str) -> None:
    logging.basicConfig(level=level, format="%(message)s")
    for handler in logging.getLogger().handlers:
        if type(handler) is logging.StreamHandler:  # ours, not a test's
            handler.setFormatter(Redacting("%(message)s"))
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            redact_event,
            structlog.processors.KeyValueRenderer(key_order=["timestamp", "level", "event"]),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level]),
        logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),  # the stderr of the moment, not of the start
        cache_logger_on_first_use=False,
    )
