"""What Clout costs in Discord beside a bare discord.py bot, and what its process weighs; ratios of one run.

Both are processes of their own; each talks to a pretend Discord of its own in this one, and they are asked in turn.
The networks are played by a fourth process, so that their work makes no heartbeat late.
Promises: from interaction to defer at most 1.5 times (median) and 2 times (99th percentile) a bot that only defers; a
warm `/influence` to its finished card at most 3 times a bot that edits in a fixed card; no heartbeat of the gateway
more than 250 ms late while lookups compute; `clout run discord` under 200 MB, `clout run` with Slack too under 300 MB.
"""

import asyncio
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.bench_slack import compared, cpu_s, filled, free_ports, peak_mb, tell
from benchmarks.bench_slack import running as listening
from sandbox.discord import Discord
from sandbox.discord_deeds import Interaction
from sandbox.server import Sandbox

CROWD, COLD = 20, 60  # creators known before, and asked for the first time
RATE, SECONDS, ROUNDS = 25, 2.0, 12
WARM_ROUNDS, WARM_EACH = 12, 15
MEDIAN, P99, WARM, LATE_MS, MEMORY_MB, BOTH_MB = 1.5, 2.0, 3.0, 250, 200, 300
BEAT_MS = 100  # as often as the pretend Discord wants to hear from the bots, so that a short run has many
PATIENCE = 60.0
ONLY_DEFER = "defer"

Rounds = tuple[list[list[float]], list[list[float]]]


# --- the bare bot -----------------------------------------------------------------------------------------------------


def bare(card: Path) -> None:
    """Run a bot that defers, and edits in a fixed card where it is asked for one; its settings are Clout's own."""
    import discord
    import yarl
    from discord import app_commands
    from discord.gateway import DiscordWebSocket
    from discord.http import Route

    from bots.discord_view import layout

    Route.BASE = os.environ["CLOUT_DISCORD__API_URL"]
    DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(os.environ["CLOUT_DISCORD__GATEWAY_URL"])
    fixed = json.loads(card.read_text("utf-8"))

    class Bot(discord.AutoShardedClient):
        async def setup_hook(self) -> None:
            await tree.sync()

    views: list[discord.ui.LayoutView] = []  # made once, as whoever has one fixed card would
    client = Bot(intents=discord.Intents(guilds=True), max_messages=None, guild_ready_timeout=0.05)
    tree = app_commands.CommandTree(client)

    @tree.command(name="influence", description="A fixed card")
    async def influence(interaction: discord.Interaction[Any], handle: str) -> None:
        await interaction.response.defer(thinking=True)
        if handle != ONLY_DEFER:
            views[:] = views or [layout(fixed)]
            await interaction.edit_original_response(view=views[0])

    client.run(os.environ["CLOUT_DISCORD__TOKEN"], log_handler=None)


# --- the processes ----------------------------------------------------------------------------------------------------


@asynccontextmanager
async def running(command: list[str], hall: Discord, env: dict[str, str]) -> AsyncIterator[subprocess.Popen[bytes]]:
    """Run a process until the body ends; it is ready once it is connected and its commands are known."""
    process = subprocess.Popen(  # noqa: ASYNC220  # some milliseconds, before any clock runs
        [sys.executable, *command], env={**os.environ, **env}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        await hall.ready(30.0)
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        await asyncio.to_thread(process.wait, 30)


class Asker:
    """Types commands at one bot."""

    def __init__(self, hall: Discord) -> None:
        self.hall = hall
        self._number = 0

    async def ask(self, handle: str | None = None) -> Interaction:
        """Type one command and return it deferred; names of the crowd in turn unless one is given."""
        self._number += 1
        given = {"handle": handle or f"bluesky:crowd-{self._number % CROWD + 1}.bsky.social"}
        deed = await self.hall.command(self.hall.home, "creators", "mia", "influence", given)
        if deed.callback is None:
            raise RuntimeError(f"the bot did not answer: {deed.failed}")
        return deed

    async def card(self, handle: str | None = None) -> float:
        """Type one command and return the seconds until its card stands there."""
        start = asyncio.get_running_loop().time()
        deed = await self.ask(handle)
        await deed.finished(PATIENCE)
        return asyncio.get_running_loop().time() - start

    async def flood(self, handle: str | None = None) -> list[float]:
        """Type `RATE` commands a second for `SECONDS`, whatever becomes of them; return when each was deferred."""
        loop = asyncio.get_running_loop()
        begin, asked = loop.time(), []
        for number in range(int(RATE * SECONDS)):
            await asyncio.sleep(max(0.0, begin + number / RATE - loop.time()))
            asked.append(asyncio.create_task(self.ask(handle)))
        deeds = await asyncio.gather(*asked)
        if handle != ONLY_DEFER:
            await asyncio.gather(*(deed.finished(PATIENCE) for deed in deeds))
        self.forget()
        return [deed.seconds for deed in deeds]

    def forget(self) -> None:
        """Let go of what was said, so that the pretend Discord stays as quick as it was."""
        self.hall.interactions.clear()
        self.hall.channel("creators").log.clear()


# --- measuring --------------------------------------------------------------------------------------------------------


async def defers(ours: Asker, plain: Asker) -> Rounds:
    """Return how long both took to defer, asked in turn, a list a round; the first round warms up."""
    mine, bares = [], []
    for _ in range(ROUNDS + 1):
        bares.append(await plain.flood(ONLY_DEFER))
        mine.append(await ours.flood())
    return mine[1:], bares[1:]


async def cards(ours: Asker, plain: Asker) -> Rounds:
    """Return the seconds from command to card of both, one at a time, a list a round; the first round warms up."""
    mine, bares = [], []
    for _ in range(WARM_ROUNDS + 1):
        bares.append([await plain.card() for _ in range(WARM_EACH)])
        mine.append([await ours.card() for _ in range(WARM_EACH)])
        ours.forget()
        plain.forget()
    return mine[1:], bares[1:]


async def latest_beat_ms(ours: Asker) -> tuple[float, int]:
    """Return the latest heartbeat and their number while creators are read, scored and drawn for the first time."""
    gateway = ours.hall.gateway
    before = len(gateway.heartbeats)
    names = [f"bluesky:crowd-{CROWD + number + 1}.bsky.social" for number in range(COLD)]
    for start in range(0, COLD, 10):
        await asyncio.gather(*(ours.card(name) for name in names[start : start + 10]))
    await asyncio.sleep(3 * BEAT_MS / 1000)  # one that is still due counts too
    beats = gateway.heartbeats[before:]
    return max([gateway.overdue(), *(beat.late for beat in beats)]) * 1000, len(beats)


async def card_of(ours: Asker) -> str:
    """Return the components of one of our cards, for the bare bot to send."""
    deed = await ours.ask()
    await deed.finished(PATIENCE)
    assert deed.original is not None, "deferred"
    return json.dumps(deed.original.components)


def pretend() -> Sandbox:
    """Return a pretend Discord that wants to hear from bots often."""
    box = Sandbox(start=datetime.now(UTC))
    box.discord.gateway.heartbeat_ms = BEAT_MS
    return box


async def networks(port: int) -> None:
    """Play the networks until the process is ended."""
    async with Sandbox(start=datetime.now(UTC), crowd=CROWD + COLD + 1, crowd_rate=8, port=port):
        await asyncio.Event().wait()


async def measure() -> bool:
    """Measure everything side by side and return whether every promise was kept."""
    kept = []
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        box, other = [await stack.enter_async_context(pretend()) for _ in range(2)]
        port, _ = free_ports()
        cast = ["-m", "benchmarks.bench_discord", "networks", str(port)]
        await stack.enter_async_context(listening(cast, port, {}))
        played = Sandbox(port=port)
        env = {**played.env(), **box.discord_env(), "CLOUT_DATABASE_URL": f"sqlite:///{folder}/clout.db"}
        env["CLOUT_LOG_LEVEL"] = "ERROR"
        await filled(played, env["CLOUT_DATABASE_URL"])
        ours, plain = Asker(box.discord), Asker(other.discord)
        async with running(["-m", "bots.cli", "run", "discord"], box.discord, env) as clout:
            (folder / "card.json").write_text(await card_of(ours), "utf-8")
            command = ["-m", "benchmarks.bench_discord", "bare", str(folder / "card.json")]
            async with running(command, other.discord, other.discord_env()) as bot:
                before = cpu_s(clout), cpu_s(bot)
                print(f"{'':<34} memory after the start: {peak_mb(clout):.0f} MB")
                kept.append(compared("warm card / bare fixed card", await cards(ours, plain), 50, WARM))
                count = (WARM_ROUNDS + 1) * WARM_EACH / 1000
                used = (cpu_s(clout) - before[0]) / count, (cpu_s(bot) - before[1]) / count
                print(f"{'':<34} processor time a command: {used[0]:.2f} ms against {used[1]:.2f} ms")
                asked = await defers(ours, plain)
                kept.append(compared(f"defer at {RATE}/s, median", asked, 50, MEDIAN))
                kept.append(compared(f"defer at {RATE}/s, 99th percentile", asked, 99, P99))
            late, beats = await latest_beat_ms(ours)
            kept.append(tell("latest heartbeat, ms", late, LATE_MS, f"{beats} beats during {COLD} cold lookups"))
            kept.append(tell("peak memory, Discord alone, MB", peak_mb(clout), MEMORY_MB, ""))
        kept.append(await both_fronts(box, env))
    return all(kept)


async def both_fronts(box: Sandbox, env: dict[str, str]) -> bool:
    """Return whether a process that answers in Slack and in Discord stays light."""
    hall = box.discord
    async with running(["-m", "bots.cli", "run"], hall, env | box.slack_env()) as clout:
        ours = Asker(hall)
        for number in range(CROWD):
            deed = await box.slack.command(f"/influence crowd-{number + 1}.bsky.social on bluesky")
            await deed.answer(seconds=PATIENCE)
            await ours.card()
        return tell("peak memory, both front ends, MB", peak_mb(clout), BOTH_MB, "")


if __name__ == "__main__":
    if sys.argv[1:2] == ["bare"]:
        bare(Path(sys.argv[2]))
        sys.exit(0)
    if sys.argv[1:2] == ["networks"]:
        asyncio.run(networks(int(sys.argv[2])))
    sys.exit(0 if asyncio.run(measure()) else 1)
