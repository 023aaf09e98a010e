"""The web server as a service of `clout run` and `clout worker`; imported only where a port is set."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from secrets import token_hex
from typing import TYPE_CHECKING

from bots.jobs_service import JobsService
from bots.meters import Meters
from bots.supervisor import Held, Supervisor
from bots.web import Health, database_check, serving, web_app
from core.app import App

if TYPE_CHECKING:
    from starlette.routing import BaseRoute

    from bots.slack_service import SlackService


class WebService:
    """The web server: health of every service, metrics, and Slack's requests where it calls us."""

    name = "web"

    def __init__(self, app: App, meters: Meters, slack: "SlackService | None") -> None:
        self._app = app
        self._meters = meters
        self._slack = slack
        self.health = Health({})
        self.supervisor: Supervisor | None = None
        self.jobs: JobsService | None = None
        self._held: Held[int] | None = None
        self.port = 0

    async def start(self) -> None:
        """See Service.start."""
        checks = dict(self.supervisor.checks()) if self.supervisor is not None else {}
        if self.jobs is not None:
            checks["jobs"] = self.jobs.healthy
        self.health = Health({"database": database_check(self._app.store), **checks})
        self._held = Held("web", self._serving, check=lambda port: _always())
        await self._held.start()

    @asynccontextmanager
    async def _serving(self) -> AsyncIterator[int]:
        settings = self._app.settings
        web = web_app(self.health, self._meters, self._slack, _consent_pages(self._app))
        async with serving(web, self.health, settings.host, settings.port or 0) as port:
            self.port = port
            yield port

    async def stop(self) -> None:
        """See Service.stop."""
        if self._held is not None:
            await self._held.stop()

    async def healthy(self) -> bool:
        """See Service.healthy."""
        return self._held is not None and await self._held.healthy()


def _consent_pages(app: App) -> "list[BaseRoute]":
    """Return the pages of consent where browsers can reach them."""
    if app.consents.base is None:
        return []
    from bots.consent_pages import ConsentPages  # only here: templates take some MB

    return ConsentPages(app.consents, app.clock, reference=lambda: token_hex(2)).routes()


async def _always() -> bool:
    return True
