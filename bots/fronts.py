"""Which front ends run: those with a token, each as a service; and the web server beside them where a port is set."""

import asyncio
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from secrets import token_hex

from bots.discord_bot import DiscordFront
from bots.discord_client import Connection
from bots.discord_client import connected as discord_connected
from bots.jobs_service import JobsService
from bots.meters import MeteredLookups, Meters
from bots.slack_app import STOP_SECONDS, SlackFront
from bots.slack_http import check, many_workspaces
from bots.slack_scopes import installs_by_oauth
from bots.slack_signatures import Signatures
from bots.slack_socket import BAD_TOKEN, Attached, SlackRefused, on_signals, one_workspace
from bots.slack_socket import connected as slack_connected
from bots.standby import standing_by
from bots.supervisor import Held, Service, Supervisor
from bots.web import Health, database_check, serving, web_app
from core.app import App, build
from core.channels import Heard
from core.errors import SettingsError
from core.jobs import only_run
from core.messenger import Messenger
from core.settings import Settings

Hand = Callable[[Messenger], None]
"""Takes what posts by itself on a platform."""

_REMOVED = "The workspace removed Clout or revoked its token. Install the app again for a new one."
_NOTHING = "No front end has a token: `clout init slack` or `clout init discord` sets one up."


def reference() -> str:
    """Return the code of an error card."""
    return token_hex(2)


def nobody(messenger: Messenger) -> None:
    """Take no messenger: where nothing is posted by itself."""


def discord_service(app: App, hand: Hand = nobody) -> Service:
    """Return Discord as a service."""
    return Held(
        "discord",
        lambda: discord_connected(app, DiscordFront(app, reference=reference), hand=hand),
        check=Connection.healthy,
        over=Connection.over,
    )


class SlackService:
    """Slack as a service: Socket Mode, or the requests it sends to the web server, which `made` then gives a Bolt app.

    The one workspace of a bot token may throw the app out; then the service ends.
    """

    name = "slack"

    def __init__(self, app: App, hand: Hand = nobody) -> None:
        self._app = app
        self._hand = hand
        self._front = SlackFront(app, reference=reference)
        self._removed = asyncio.Event()
        self._held: Held[Callable[[], object]] | None = None
        self.made: Attached | None = None

    @property
    def called(self) -> bool:
        """Whether Slack calls us over HTTP."""
        return _by_http(self._app.settings)

    @property
    def has_pages(self) -> bool:
        """Whether the web server has something to show of Slack: its requests, or the pages of installs."""
        return self.called or installs_by_oauth(self._app.settings)

    async def prepare(self) -> None:
        """Make the Bolt app; raises SlackRefused and SettingsError."""
        if self.made is None:
            oauth = installs_by_oauth(self._app.settings)
            gone = self._removed.set
            news = Heard(self._app.digests, self._app.watches)
            self.made = (
                many_workspaces(self._app, self._front, news=news)
                if oauth
                else await one_workspace(self._app, self._front, gone=gone, news=news)
            )

    async def start(self) -> None:
        """See Service.start."""
        await self.prepare()
        hold = self._over_http if self.called else self._over_socket
        self._held = Held("slack", hold, check=_said)
        await self._held.start()

    async def stop(self) -> None:
        """See Service.stop."""
        if self._held is not None:
            await self._held.stop()

    async def healthy(self) -> bool:
        """See Service.healthy."""
        return self._held is not None and await self._held.healthy()

    async def ended(self) -> None:
        """See Ending.ended."""
        await self._removed.wait()
        raise SlackRefused(_REMOVED, BAD_TOKEN)

    @asynccontextmanager
    async def _over_http(self) -> "AsyncIterator[Callable[[], object]]":
        assert self.made is not None
        self._hand(self.made.messenger)
        try:
            yield _always
        finally:
            await self._front.stop(STOP_SECONDS)
            await self.made.life.stop(STOP_SECONDS)

    @asynccontextmanager
    async def _over_socket(self) -> "AsyncIterator[Callable[[], object]]":
        async with slack_connected(self._app, self._front, attached=self.made, hand=self._hand) as handler:
            yield handler.client.is_connected


async def _always() -> bool:
    return True


async def _said(answer: Callable[[], object]) -> bool:
    said = answer()
    return bool(await said) if asyncio.iscoroutine(said) else bool(said)


def fronts_of(app: App, hand: Hand = nobody, only: str | None = None) -> list[Service]:
    """Return a service for every front end that has a token, or for the one named; SettingsError says what it lacks."""
    found: list[Service] = []
    if only == "slack" or (only is None and _slack_lacks(app.settings) is None):
        if lacks := _slack_lacks(app.settings):
            raise SettingsError(lacks)
        found.append(SlackService(app, hand))
    if only in (None, "discord") and app.settings.discord.token is not None:
        found.append(discord_service(app, hand))
    if not found:
        raise SettingsError("Discord needs CLOUT_DISCORD__TOKEN." if only == "discord" else _NOTHING)
    return found


def _by_http(settings: Settings) -> bool:
    """Return whether Slack calls us: with a signing secret, and a port that it can be called on."""
    return settings.slack.signing_secret is not None and settings.port is not None


def _slack_lacks(settings: Settings) -> str | None:
    """Return what is missing before Slack can be answered, or None."""
    slack = settings.slack
    if installs_by_oauth(settings):
        try:
            check(settings)
        except SettingsError as error:
            return error.message
        return None
    needed = {"BOT_TOKEN": slack.bot_token}
    if not _by_http(settings):
        needed["APP_TOKEN"] = slack.app_token
    missing = [f"CLOUT_SLACK__{name}" for name, value in needed.items() if value is None]
    return f"Slack's Socket Mode needs {' and '.join(missing)}." if missing else None


class WebService:
    """The web server: health of every service, metrics, and Slack's requests where it calls us."""

    name = "web"

    def __init__(self, app: App, meters: Meters, slack: SlackService | None) -> None:
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
        settings, made, signatures = self._app.settings, None, None
        if self._slack is not None and self._slack.has_pages:
            try:
                await self._slack.prepare()
                made, secret = self._slack.made, settings.slack.signing_secret
                signatures = Signatures(secret.get_secret_value(), self._app.clock) if secret is not None else None
            except SlackRefused:
                pass  # the service of Slack says so; health is told all the same
        web = web_app(self.health, self._meters, None if made is None else made.bolt, signatures)
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


async def serve(
    settings: Settings,
    *,
    until: Callable[[], asyncio.Event] | None = None,
    services: Callable[[App], Sequence[Service]] = lambda app: (),
    hand: Hand | None = None,
    only: str | None = None,
) -> int:
    """Run every front end that has a token, the jobs, and `services`, until a signal; return the exit code.

    `only` names the one front end to run. `hand` takes what posts by itself, instead of the jobs. Raises SettingsError
    when there is none, StoreError when another process runs with the same SQLite file.
    """
    stop = (until or on_signals)()
    with only_run(settings.database_url):
        async with build(settings) as built:
            meters = Meters()
            app = replace(built, lookups=MeteredLookups.over(built.lookups, meters))
            fronts = fronts_of(app, hand or app.messengers.add, only)
            slack = next((one for one in fronts if isinstance(one, SlackService)), None)
            web = WebService(app, meters, slack) if settings.port is not None else None
            jobs = JobsService(app, meters=meters)
            # among the last, so that the process ends with its last front end; it is told of the end first all the same
            last: list[Service] = [jobs] if web is None else [web, jobs]
            supervisor = Supervisor([*standing_by(app, fronts), *services(app)], last=last, up=_greeting(fronts))
            if web is not None:
                web.supervisor, web.jobs = supervisor, jobs
            warming, noting = asyncio.create_task(app.warm()), asyncio.create_task(_noted(supervisor, web, jobs))
            code = await supervisor.run(stop)
            await asyncio.gather(warming, noting, return_exceptions=True)
            return code


def _greeting(fronts: Sequence[Service]) -> Callable[[str], None]:
    """Return what says that a front end is up, and says nothing of other services."""
    names = {one.name for one in fronts}

    def greet(name: str) -> None:
        if name in names:
            sys.stderr.write(f"Clout answers in {name.capitalize()}. Ctrl-C stops it.\n")

    return greet


async def _noted(supervisor: Supervisor, web: WebService | None, jobs: JobsService) -> None:
    """Let probes see the end coming, and let no new job be taken."""
    await supervisor.stopping.wait()
    if web is not None:
        web.health.stopping = True
    await jobs.stop()
