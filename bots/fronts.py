"""Which front ends run: those with a token, each as a service; and the web server beside them where a port is set.

A front end's libraries take some 10 MB each, so only those that run are imported.
"""

import asyncio
import gc
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from secrets import token_hex
from typing import TYPE_CHECKING

from bots.jobs_service import JobsService
from bots.meters import MeteredLookups, Meters
from bots.slack_scopes import lacks
from bots.standby import Standby, standing_by
from bots.supervisor import Service, Supervisor, on_signals
from core.app import App, build
from core.errors import SettingsError
from core.jobs import only_run
from core.messenger import Messenger
from core.settings import Settings

if TYPE_CHECKING:
    from bots.slack_service import SlackService
    from bots.web_service import WebService

Hand = Callable[[Messenger], None]
"""Takes what posts by itself on a platform."""

_NOTHING = "No front end has a token: `clout init slack` or `clout init discord` sets one up."


def reference() -> str:
    """Return the code of an error card."""
    return token_hex(2)


def _slack(app: App, hand: Hand, only: str | None) -> "SlackService | None":
    """Return Slack as a service where it is wanted and set up; SettingsError when it is named and lacks something."""
    missing = lacks(app.settings)
    if only not in (None, "slack") or (only is None and missing):
        return None
    if missing:
        raise SettingsError(missing)
    from bots.slack_service import SlackService

    return SlackService(app, hand, reference=reference)


def _discord(app: App, hand: Hand, only: str | None) -> Service | None:
    """Return Discord as a service where it is wanted and has a token."""
    if only not in (None, "discord") or app.settings.discord.token is None:
        return None
    from bots.discord_client import discord_service

    return discord_service(app, hand, reference=reference)


def _has_pages(settings: Settings) -> bool:
    """Return whether browsers reach pages of consent here, even where no front end runs."""
    return settings.public_url is not None and settings.port is not None


def _web(app: App, meters: Meters, slack: "SlackService | None") -> "WebService | None":
    """Return the web server where a port is set."""
    if app.settings.port is None:
        return None
    from bots.web_service import WebService

    return WebService(app, meters, slack)


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
    when there is none and no page of consent either, StoreError when another process runs with the same SQLite file.
    """
    stop = (until or on_signals)()
    with only_run(settings.database_url):
        async with build(settings) as built:
            meters = Meters()
            app = replace(built, lookups=MeteredLookups.over(built.lookups, meters))
            slack = _slack(app, hand or app.messengers.add, only)
            discord = _discord(app, hand or app.messengers.add, only)
            fronts = [one for one in (slack, discord) if one is not None]
            if not fronts and (only is not None or not _has_pages(settings)):
                raise SettingsError("Discord needs CLOUT_DISCORD__TOKEN." if only == "discord" else _NOTHING)
            web = _web(app, meters, slack)
            jobs = JobsService(app, meters=meters)
            # among the last, so that the process ends with its last front end; it is told of the end first all the same
            last: list[Service] = [jobs] if web is None or not fronts else [web, jobs]
            alone: list[Service] = [] if web is None or fronts else [web]  # for a terminal, which needs the pages alone
            standing = standing_by(app, fronts, _greeting(fronts))
            at_once = [one for one in (*standing, *alone) if not isinstance(one, Standby)]
            supervisor = Supervisor([*standing, *services(app), *alone], last=last, up=_greeting(at_once))
            if web is not None:
                web.supervisor, web.jobs = supervisor, jobs
            warming, noting = asyncio.create_task(_warmed(app)), asyncio.create_task(_noted(supervisor, web, jobs))
            try:
                code = await supervisor.run(stop)
                await asyncio.gather(warming, noting, return_exceptions=True)
                return code
            finally:
                gc.unfreeze()


async def _warmed(app: App) -> None:
    """Load what pictures need, then spare what stays for good from every later search for garbage.

    Those are 200,000 objects, mostly of libraries: to go through them stops everything for a quarter of a second.
    """
    await app.warm()
    gc.collect()
    gc.freeze()
    gc.collect()  # takes nothing now, and lets the collector begin to count anew


def _greeting(fronts: Sequence[Service]) -> Callable[[str], None]:
    """Return what says that a front end is up, and says nothing of other services."""
    names = {one.name for one in fronts}

    def greet(name: str) -> None:
        if name in names:
            doing = "serves the pages of consent" if name == "web" else f"answers in {name.capitalize()}"
            sys.stderr.write(f"Clout {doing}. Ctrl-C stops it.\n")

    return greet


async def _noted(supervisor: Supervisor, web: "WebService | None", jobs: JobsService) -> None:
    """Let probes see the end coming, and let no new job be taken."""
    await supervisor.stopping.wait()
    if web is not None:
        web.health.stopping = True
    await jobs.stop()
