"""The end of `clout demo`: two weeks in one minute, and the digest as Slack, Discord and the terminal show it.

The bots are the real ones, before a pretend Slack and a pretend Discord; only the clock is moved by hand.
"""

import sys
import tempfile
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from textwrap import fill

from bots.discord_bot import DiscordFront
from bots.discord_client import connected as discord_connected
from bots.inbox import unread
from bots.slack_app import SlackFront
from bots.slack_socket import connected as slack_connected
from bots.terminal import TEAM, Terminal
from core.app import App, build
from core.connectors import manifests
from core.settings import Settings
from sandbox.server import Sandbox

BEGIN = datetime(2026, 11, 23, 6, tzinfo=UTC)  # a Monday; the same for everybody, so that the text is too
DAYS = (0, 3, 7, 10, 14)  # after the beginning, on which creators are read anew
POSTED = timedelta(hours=2)  # after the day's reading: 08:00 UTC is nine in Berlin
CHANNEL = "creators"
SCHEDULE = "every monday 09:00 Europe/Berlin"
LEAST = 2  # points that count as a move here
FOLLOWED = ("@beanco", "@glowguru", "@oldstar", "@fadeout", "@mara.example", "@dailyfizz.example")
NEWCOMER = "@slowburn"
WATCHED = "@beanco above 55"
_JOINS = 10  # the day on which one more creator is tracked
_WIDTH = 100
_PATIENCE = 60.0  # seconds for one answer on a slow machine


async def weeks(seed: int) -> int:
    """Set a digest up in three places, let two weeks pass, and print all three; 1 when a platform's rule was broken."""
    with tempfile.TemporaryDirectory(prefix="clout-demo-") as folder, Sandbox.in_thread(seed, BEGIN) as box:
        box.discord.time_by = "real"
        own = {"CLOUT_DATABASE_URL": f"sqlite:///{Path(folder) / 'clout.db'}", "CLOUT_LOG_LEVEL": "ERROR"}
        environment = {**box.env(), **box.slack_env(), **box.discord_env(), **own}
        settings = Settings.read(manifests(), environment, env_file=None)
        async with build(settings, clock=box.clock) as app:
            numbers = count(0x7F3A)
            terminal = Terminal(app, reference=lambda: f"{next(numbers) % 0x10000:04x}", zone=settings.zone)
            await _two_weeks(box, app, terminal)
        for violation in (*box.slack.violations, *box.discord.violations):
            sys.stderr.write(f"{violation}\n")
        return 1 if box.slack.violations or box.discord.violations else 0


async def _two_weeks(box: Sandbox, app: App, terminal: Terminal) -> None:
    terminal.write(f"\n{fill(_INTRO, _WIDTH)}\n")
    async with AsyncExitStack() as stack:
        slack = SlackFront(app, reference=lambda: "7f3a", patience=_PATIENCE)
        await stack.enter_async_context(slack_connected(app, slack, hand=app.messengers.add))
        discord = DiscordFront(app, reference=lambda: "7f3a")
        await stack.enter_async_context(discord_connected(app, discord, hand=app.messengers.add))
        await box.discord.ready()
        await _track(box, app, FOLLOWED)
        await _subscribe(box, terminal)
        await _watch(box, terminal)
        await _pass(box, app)
        await _snooze(box)
        terminal.write(f"\n--- Slack, #{CHANNEL} ---\n\n{box.slack.transcript(CHANNEL)}\n")
        terminal.write(f"\n--- Discord, #{CHANNEL} ---\n\n{box.discord.transcript(CHANNEL)}\n")
        terminal.write(
            f"\n--- the terminal's inbox, at the next `clout chat` ---\n\n{await unread(app, terminal, TEAM)}\n"
        )


async def _subscribe(box: Sandbox, terminal: Terminal) -> None:
    """Let somebody who manages Clout set the digest up in each place."""
    typed = await box.slack.command("/influence", f"digest here {SCHEDULE} min {LEAST}", user="ada", channel=CHANNEL)
    await typed.answer(seconds=_PATIENCE)
    hall = box.discord
    asked = await hall.command(hall.home, CHANNEL, "ada", "digest add", {"schedule": SCHEDULE, "min": LEAST})
    await asked.finished(_PATIENCE)
    await terminal.run(f"digest here {SCHEDULE} min {LEAST}")


async def _watch(box: Sandbox, terminal: Terminal) -> None:
    """Let somebody ask for a line when a score crosses."""
    typed = await box.slack.command("/influence", f"watch {WATCHED}", user="ada", channel=CHANNEL)
    await typed.answer(seconds=_PATIENCE)
    creator, *condition = WATCHED.split()
    hall = box.discord
    asked = await hall.command(
        hall.home, CHANNEL, "ada", "watch add", {"creator": creator, "condition": " ".join(condition)}
    )
    await asked.finished(_PATIENCE)
    await terminal.run(f"watch {WATCHED}")


async def _snooze(box: Sandbox) -> None:
    """Let somebody have enough of the alert for a day, by its button."""
    alerts = [one for one in box.slack.channel(CHANNEL).messages if "Snooze" in str(one.blocks)]
    if alerts:
        pressed = await box.slack.click(alerts[-1], "Snooze 1 day", user="ada")
        await pressed.answer(seconds=_PATIENCE)


async def _pass(box: Sandbox, app: App) -> None:
    """Let the days go by: creators are read anew twice a week, and what is due is posted."""
    for day in DAYS:
        box.clock.set(BEGIN + timedelta(days=day))
        if day == _JOINS:
            await _track(box, app, (NEWCOMER,))
        while batches := await app.refreshing.due(box.clock.now(), {}):
            for batch in batches:
                await app.refreshing.refresh(batch)
        box.clock.advance(POSTED)
        await app.watches.evaluate(box.clock.now())
        for key in await app.digests.run_due(box.clock.now()):
            await app.deliveries.deliver(key)


async def _track(box: Sandbox, app: App, creators: tuple[str, ...]) -> None:
    for team in (TEAM, f"slack:-:{box.slack.home.id}", f"discord:{box.discord.home.id}"):
        for creator in creators:
            await app.tracking.track(team, creator)


_INTRO = (
    "13. Two weeks of a team channel. The same creators are tracked in Slack, in Discord and here. A digest is asked "
    "for every Monday at nine in Berlin, and a line when @beanco comes to 55, which somebody then snoozes by its "
    "button. The bots are the real ones; Slack and Discord are pretend, and only the clock is moved by hand."
)
