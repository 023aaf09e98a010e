"""The terminal's inbox on a screen: what came while nobody was here, digests and words about them."""

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime

from bots.pictures import Pictures
from bots.terminal import Terminal
from core.app import App
from core.cards_inbox import heading_card, nothing_card
from core.errors import CloutError
from core.inbox import Message


async def catch_up(app: App) -> None:
    """Put into the inbox what is due for the terminal, for nothing else may run here; a failure shows up in status."""
    with suppress(CloutError):
        now = app.clock.now()
        await app.digests.run_due(now)
        for key in await app.deliveries.waiting(now, "terminal"):
            await app.deliveries.deliver(key)


async def unread(app: App, terminal: Terminal, team: str) -> str:
    """Return what nobody has read yet, drawn for the terminal, and mark it as read; empty when there is nothing."""
    await catch_up(app)
    with suppress(CloutError):  # the prompt opens all the same
        messages = await app.inbox.unread(team)
        if messages:
            await app.inbox.read(team, messages)
            return f"{_drawn(terminal, messages, app.clock.now())}\n"
    return ""


async def show(app: App, terminal: Terminal, pictures: Pictures, team: str, *, everything: bool) -> None:
    """Print the inbox with its pictures: what is unread, or the newest messages whether read or not."""
    await catch_up(app)
    messages = await (app.inbox.latest(team) if everything else app.inbox.unread(team))
    if not messages:
        terminal.print(nothing_card(everything=everything))
        return
    for message in messages:
        terminal.print(heading_card(message.at, app.clock.now(), zone=terminal.zone))
        terminal.print(message.card)
        terminal.write(await pictures.of(message.card, terminal.columns))
        terminal.write("\n")
    await app.inbox.read(team, [message for message in messages if message.read_at is None])


def _drawn(terminal: Terminal, messages: Sequence[Message], now: datetime) -> str:
    now = messages[-1].at
    parts = []
    for message in messages:
        parts.append(terminal.text(heading_card(message.at, now, zone=terminal.zone)))
        parts.append(f"{terminal.text(message.card)}\n")
    return "\n".join(parts)
