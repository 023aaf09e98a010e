"""`clout demo slack` and `clout demo discord`: the real front end before a pretend platform, its channel printed."""

import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any, Protocol

from bots.discord_bot import DiscordFront
from bots.discord_client import connected as discord_connected
from bots.slack_app import SlackFront
from bots.slack_socket import connected as slack_connected
from core.app import App, build
from core.cards_fronts import NEUTRAL
from core.connectors import manifests
from core.settings import Settings
from sandbox.server import Sandbox

MONDAY = datetime(2026, 11, 23, 9, tzinfo=UTC)  # the same today for everybody, so that its text is too
WEEKS_BEFORE = 12
CHANNEL = "creators"
_PATIENCE = 60.0  # seconds for one answer on a slow machine
_INTRO = """
Clout in {name}. {what} the real one, over {way}; {name}, its people and all creators are pretend and live on
this machine. What follows is what #creators shows, with what only one person sees marked as such.
"""


class Room(Protocol):
    """A channel of a platform with people in it who use Clout."""

    @property
    def team(self) -> str:
        """Whose creators these are."""
        ...

    @property
    def hall(self) -> Any:
        """The pretend platform: `say`, `transcript` and the payloads that broke its rules, `violations`."""
        ...

    async def look_up(self, handle: str, user: str) -> None:
        """Let somebody ask for a creator's card, and wait for it."""
        ...

    async def press(self, button: str, user: str) -> None:
        """Let somebody press a button of the newest card, and wait for what it does."""
        ...


@dataclass(frozen=True, slots=True)
class _SlackRoom:
    hall: Any

    @property
    def team(self) -> str:
        return f"slack:-:{self.hall.home.id}"

    async def look_up(self, handle: str, user: str) -> None:
        typed = await self.hall.command("/influence", handle, user=user, channel=CHANNEL)
        await typed.answer(seconds=_PATIENCE)

    async def press(self, button: str, user: str) -> None:
        pressed = await self.hall.click(self.hall.channel(CHANNEL).messages[-1], button, user=user)
        await pressed.answer(seconds=_PATIENCE)


@dataclass(frozen=True, slots=True)
class _DiscordRoom:
    hall: Any

    @property
    def team(self) -> str:
        return f"discord:{self.hall.home.id}"

    async def look_up(self, handle: str, user: str) -> None:
        await self._ended(await self.hall.command(self.hall.home, CHANNEL, user, "influence", {"handle": handle}))

    async def press(self, button: str, user: str) -> None:
        await self._ended(await self.hall.click(self.hall.channel(CHANNEL).messages[-1], button, user))

    async def _ended(self, deed: Any) -> None:
        await deed.finished(_PATIENCE)
        if deed.original is not None and NEUTRAL in self.hall.read(deed.original):
            await self.hall.until(lambda: deed.deleted_original, _PATIENCE, "the line to go")


@asynccontextmanager
async def _in_slack(box: Sandbox, app: App, reference: Callable[[], str]) -> AsyncIterator[Room]:
    async with slack_connected(app, SlackFront(app, reference=reference, patience=_PATIENCE)):
        yield _SlackRoom(box.slack)


@asynccontextmanager
async def _in_discord(box: Sandbox, app: App, reference: Callable[[], str]) -> AsyncIterator[Room]:
    box.discord.time_by = "real"
    async with discord_connected(app, DiscordFront(app, reference=reference)):
        await box.discord.ready()
        yield _DiscordRoom(box.discord)


_ROOMS = {"slack": _in_slack, "discord": _in_discord}
_INTROS = {
    "slack": _INTRO.format(name="Slack", what="The app is", way="Socket Mode"),
    "discord": _INTRO.format(name="Discord", what="The bot is", way="the gateway"),
}
_OUTROS = {
    "slack": "Next: make an app of slack_manifest.yaml at https://api.slack.com/apps, then type: clout init slack",
    "discord": "Next: make an application at https://discord.com/developers, then type: clout init discord",
}


def _settings(box: Sandbox, tokens: Mapping[str, str], folder: str) -> Settings:
    own = {"CLOUT_DATABASE_URL": f"sqlite:///{Path(folder) / 'clout.db'}", "CLOUT_LOG_LEVEL": "ERROR"}
    return Settings.read(manifests(), {**box.env(), **tokens, **own}, env_file=None)


async def conversation(platform: str, seed: int) -> int:
    """Play every scene on `slack` or `discord`, print the channel, and return 0; 1 when a payload broke its rules."""
    with tempfile.TemporaryDirectory(prefix="clout-demo-") as folder, Sandbox.in_thread(seed, MONDAY) as box:
        tokens = box.slack_env() if platform == "slack" else box.discord_env()
        async with build(_settings(box, tokens, folder), clock=box.clock) as app:
            numbers = count(0x7F3A)
            async with _ROOMS[platform](box, app, lambda: f"{next(numbers) % 0x10000:04x}") as room:
                for scene in SCENES:
                    await scene(Visit(box, app, room))
        sys.stdout.write(f"{_INTROS[platform]}\n{room.hall.transcript(CHANNEL)}\n\n{_OUTROS[platform]}\n")
        for violation in room.hall.violations:
            sys.stderr.write(f"{violation}\n")
        return 1 if room.hall.violations else 0


# --- the scenes -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Visit:
    """What a scene may touch."""

    box: Sandbox
    app: App
    room: Room

    def say(self, words: str, user: str) -> None:
        """Let somebody say something to the others."""
        self.room.hall.say(CHANNEL, words, user=user)


async def _twelve_weeks(visit: Visit) -> None:
    """Read one creator once a week, so that today's card has a past that was really measured."""
    for week in range(WEEKS_BEFORE, 0, -1):
        visit.box.clock.set(MONDAY - timedelta(weeks=week))
        await visit.app.lookups.lookup(visit.room.team, "@beanco", fresh=True)
    visit.box.clock.set(MONDAY)


async def _a_lookup(visit: Visit) -> None:
    visit.say("who is beanco? they asked us for a sponsorship", "max")
    await visit.room.look_up("@beanco", "mia")


async def _a_why(visit: Visit) -> None:
    await visit.room.press("Why", "max")


async def _a_failing_network(visit: Visit) -> None:
    visit.box.clock.advance(timedelta(hours=7))
    visit.say("seven hours later, and Bluesky answers nothing but errors", "ada")
    visit.box.faults.set("bluesky", "500")
    await visit.room.look_up("@beanco", "ada")
    visit.box.faults.clear()


async def _a_hostile_profile(visit: Visit) -> None:
    visit.say("this one's profile is full of control codes, mentions and markup; none of it may arrive here", "max")
    await visit.room.look_up("@hexed", "max")


async def _nobody(visit: Visit) -> None:
    await visit.room.look_up("@beancoo", "mia")


SCENES: tuple[Callable[[Visit], Awaitable[None]], ...] = (
    _twelve_weeks,
    _a_lookup,
    _a_why,
    _a_failing_network,
    _a_hostile_profile,
    _nobody,
)
