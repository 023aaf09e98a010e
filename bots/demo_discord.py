"""`clout demo discord`: the real bot talks to a pretend Discord on this machine, and the channel is printed."""

import sys
import tempfile
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

from bots.discord_bot import DiscordFront
from bots.discord_client import connected
from core.app import App, build
from core.connectors import manifests
from core.settings import Settings
from sandbox.discord import Discord
from sandbox.server import Sandbox

MONDAY = datetime(2026, 11, 23, 9, tzinfo=UTC)  # the same today for everybody, so that its text is too
WEEKS_BEFORE = 12
CHANNEL = "creators"
_PATIENCE = 60.0  # seconds for one answer on a slow machine
_INTRO = """
Clout in Discord. The bot is the real one, over the gateway; Discord, its people and all creators are pretend and live
on this machine. What follows is what #creators shows, with what only one person sees marked as such.
"""
_OUTRO = """
Next: make an application at https://discord.com/developers, then type: clout init discord
"""


@dataclass(frozen=True, slots=True)
class Visit:
    """What a scene of the demo may touch."""

    box: Sandbox
    app: App
    discord: Discord

    async def ask(self, handle: str, *, user: str = "mia") -> None:
        """Let somebody use /influence, and wait for its answer."""
        hall = self.discord
        await self._settled(await hall.command(hall.home, CHANNEL, user, "influence", {"handle": handle}))

    async def click(self, button: str, *, user: str) -> None:
        """Let somebody press a button of the newest card, and wait for what it does."""
        shown = self.discord.channel(CHANNEL).messages[-1]
        await self._settled(await self.discord.click(shown, button, user))

    async def _settled(self, deed: Any) -> None:
        await deed.finished(_PATIENCE)
        neutral = "This answer is for the asker alone."
        if deed.original is not None and neutral in deed.discord.read(deed.original):
            await deed.discord.until(lambda: deed.deleted_original, _PATIENCE, "the line to go")


@dataclass(frozen=True, slots=True)
class _BoxClock:
    box: Sandbox

    def now(self) -> datetime:
        return self.box.clock.now()


async def conversation(seed: int) -> int:
    """Play every scene, print the channel, and return 0, or 1 when a payload broke one of Discord's rules."""
    with tempfile.TemporaryDirectory(prefix="clout-demo-") as folder, Sandbox.in_thread(seed, MONDAY) as box:
        hall = box.discord
        hall.time_by = "real"
        database = {"CLOUT_DATABASE_URL": f"sqlite:///{Path(folder) / 'clout.db'}", "CLOUT_LOG_LEVEL": "ERROR"}
        settings = Settings.read(manifests(), {**box.env(), **box.discord_env(), **database}, env_file=None)
        async with build(settings, clock=_BoxClock(box)) as app:
            numbers = count(0x7F3A)
            front = DiscordFront(app, reference=lambda: f"{next(numbers) % 0x10000:04x}")
            async with connected(app, front):
                await hall.ready()
                for scene in SCENES:
                    await scene(Visit(box, app, hall))
        sys.stdout.write(f"{_INTRO}\n{hall.transcript(CHANNEL)}\n{_OUTRO}")
        for violation in hall.violations:
            sys.stderr.write(f"{violation}\n")
        return 1 if hall.violations else 0


# --- the scenes -------------------------------------------------------------------------------------------------------


async def _twelve_weeks(visit: Visit) -> None:
    """Read one creator once a week, so that today's card has a past that was really measured."""
    team = f"discord:{visit.discord.home.id}"
    for week in range(WEEKS_BEFORE, 0, -1):
        visit.box.clock.set(MONDAY - timedelta(weeks=week))
        await visit.app.lookups.lookup(team, "@beanco", fresh=True)
    visit.box.clock.set(MONDAY)


async def _a_lookup(visit: Visit) -> None:
    visit.discord.say(CHANNEL, "who is beanco? they asked us for a sponsorship", user="max")
    await visit.ask("@beanco")


async def _a_why(visit: Visit) -> None:
    await visit.click("Why", user="max")


async def _a_failing_network(visit: Visit) -> None:
    visit.box.clock.advance(timedelta(hours=7))
    visit.discord.say(CHANNEL, "seven hours later, and Bluesky answers nothing but errors", user="ada")
    visit.box.faults.set("bluesky", "500")
    await visit.ask("@beanco", user="ada")
    visit.box.faults.clear()


async def _a_hostile_profile(visit: Visit) -> None:
    visit.discord.say(CHANNEL, "this one's profile is full of control codes and markup", user="max")
    await visit.ask("@hexed", user="max")


async def _nobody(visit: Visit) -> None:
    await visit.ask("@beancoo", user="mia")


SCENES: tuple[Callable[[Visit], Awaitable[None]], ...] = (
    _twelve_weeks,
    _a_lookup,
    _a_why,
    _a_failing_network,
    _a_hostile_profile,
    _nobody,
)
