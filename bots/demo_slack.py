"""`clout demo slack`: the real Slack app talks to a pretend Slack on this machine, and the channel is printed."""

import sys
import tempfile
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

from bots.slack_app import SlackFront
from bots.slack_socket import connected
from core.app import App, build
from core.connectors import manifests
from core.settings import Settings
from sandbox.server import Sandbox
from sandbox.slack import Slack

MONDAY = datetime(2026, 11, 23, 9, tzinfo=UTC)  # the same today for everybody, so that its text is too
WEEKS_BEFORE = 12
CHANNEL = "creators"
_PATIENCE = 60.0  # seconds for one answer on a slow machine
_INTRO = """
Clout in Slack. The app is the real one, over Socket Mode; Slack, its people and all creators are pretend and live on
this machine. What follows is what #creators shows, with what only one person sees marked as such.
"""
_OUTRO = """
Next: make a Slack app, set CLOUT_SLACK__BOT_TOKEN and CLOUT_SLACK__APP_TOKEN, and type: clout run slack
"""


@dataclass(frozen=True, slots=True)
class Visit:
    """What a scene of the demo may touch."""

    box: Sandbox
    app: App
    slack: Slack

    async def type(self, text: str, *, user: str = "mia") -> None:
        """Let somebody type a command, and wait for its answer."""
        typed = await self.slack.command("/influence", text, user=user, channel=CHANNEL)
        await typed.answer(seconds=_PATIENCE)

    async def click(self, button: str, *, user: str) -> None:
        """Let somebody press a button of the newest card, and wait for what it does."""
        shown = self.slack.channel(CHANNEL).messages[-1]
        pressed = await self.slack.click(shown, button, user=user)
        await pressed.answer(seconds=_PATIENCE)


@dataclass(frozen=True, slots=True)
class _BoxClock:
    box: Sandbox

    def now(self) -> datetime:
        return self.box.clock.now()


async def conversation(seed: int) -> int:
    """Play every scene, print the channel, and return the exit code 0; 1 when a payload broke one of Slack's rules."""
    with tempfile.TemporaryDirectory(prefix="clout-demo-") as folder, Sandbox.in_thread(seed, MONDAY) as box:
        slack = box.slack
        database = {"CLOUT_DATABASE_URL": f"sqlite:///{Path(folder) / 'clout.db'}", "CLOUT_LOG_LEVEL": "ERROR"}
        settings = Settings.read(manifests(), {**box.env(), **box.slack_env(), **database}, env_file=None)
        async with build(settings, clock=_BoxClock(box)) as app:
            numbers = count(0x7F3A)
            front = SlackFront(app, reference=lambda: f"{next(numbers) % 0x10000:04x}", patience=_PATIENCE)
            async with connected(app, front):
                for scene in SCENES:
                    await scene(Visit(box, app, slack))
        sys.stdout.write(f"{_INTRO}\n{slack.transcript(CHANNEL)}\n{_OUTRO}")
        for violation in slack.violations:
            sys.stderr.write(f"{violation}\n")
        return 1 if slack.violations else 0


# --- the scenes -------------------------------------------------------------------------------------------------------


async def _twelve_weeks(visit: Visit) -> None:
    """Read one creator once a week, so that today's card has a past that was really measured."""
    team = f"slack:-:{visit.slack.home.id}"
    for week in range(WEEKS_BEFORE, 0, -1):
        visit.box.clock.set(MONDAY - timedelta(weeks=week))
        await visit.app.lookups.lookup(team, "@beanco", fresh=True)
    visit.box.clock.set(MONDAY)


async def _a_lookup(visit: Visit) -> None:
    visit.slack.say(CHANNEL, "who is beanco? they asked us for a sponsorship", user="max")
    await visit.type("@beanco")


async def _a_why(visit: Visit) -> None:
    await visit.click("Why", user="max")


async def _a_failing_network(visit: Visit) -> None:
    visit.box.clock.advance(timedelta(hours=7))
    visit.slack.say(CHANNEL, "seven hours later, and Bluesky answers nothing but errors", user="ada")
    visit.box.faults.set("bluesky", "500")
    await visit.type("@beanco", user="ada")
    visit.box.faults.clear()


async def _a_hostile_profile(visit: Visit) -> None:
    visit.slack.say(CHANNEL, "this one's profile is full of control codes and markup", user="max")
    await visit.type("@hexed", user="max")


async def _nobody(visit: Visit) -> None:
    await visit.type("@beancoo", user="mia")


SCENES: tuple[Callable[[Visit], Awaitable[None]], ...] = (
    _twelve_weeks,
    _a_lookup,
    _a_why,
    _a_failing_network,
    _a_hostile_profile,
    _nobody,
)
