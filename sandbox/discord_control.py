"""The pretend Discord over HTTP, for programs that run beside the sandbox: look, type, click, break things."""

from typing import TYPE_CHECKING, Any

from sandbox.discord_deeds import Interaction
from sandbox.discord_people import Json, Message

if TYPE_CHECKING:
    from sandbox.discord import Discord
    from sandbox.server import Sandbox


def state(box: "Sandbox") -> Json:
    """Return the settings to reach it, every conversation, the heartbeats, and what was wrong with payloads so far."""
    hall = box.discord
    talked = {one.name: hall.transcript(one) for one in hall.every_channel() if one.log}
    late = [one.late for one in hall.gateway.heartbeats]
    return {
        "env": box.discord_env(),
        "transcripts": talked,
        "violations": [str(one) for one in hall.violations],
        "heartbeats": {"count": len(late), "latest_ms": round(1000 * max(late, default=0.0), 1)},
        "connected": hall.gateway.session() is not None and bool(hall.commands),
        "syncs": len(hall.syncs),
        "invalid_requests": hall.invalid_requests,
    }


async def act(box: "Sandbox", body: Json) -> Json:
    """Do one thing; raises ValueError, LookupError or TypeError for what makes no sense.

    `{"do": "command", "name": "influence", "options": {"handle": "@beanco"}, "user": "mia", "channel": "creators"}`,
    `{"do": "click", "channel": "creators", "button": "Refresh"}` (on the newest message that has it),
    `{"do": "fail", "route": "POST /channels/*/messages", "kind": "429"}`, `{"do": "beat", "milliseconds": 500}` (for
    connections that come).
    """
    hall, given = box.discord, dict(body)
    deed = given.pop("do", None)
    if deed == "command":
        return await _command(hall, **given)
    if deed == "click":
        return await _click(hall, **given)
    if deed == "fail":
        return vars(hall.weather.fail(**given))
    if deed == "beat":
        hall.gateway.heartbeat_ms = int(given["milliseconds"])
        return {"milliseconds": hall.gateway.heartbeat_ms}
    raise ValueError("do is one of command, click, fail, beat")


async def _command(
    hall: "Discord", name: str, options: Json | None = None, user: str = "mia", channel: str = "creators"
) -> Json:
    return await _told(await hall.command(hall.home, channel, user, name, options))


async def _click(hall: "Discord", button: str, channel: str = "creators", user: str = "mia") -> Json:
    person = hall.user(user)
    for message in reversed(hall.channel(channel).messages):
        if message.only_for in (None, person) and button in str(message.components):
            return await _told(await hall.click(message, button, user))
    raise LookupError(f"no message in #{channel} has {button!r}")


async def _told(deed: Interaction) -> Json:
    """Return what came of a deed as soon as it is done."""
    if deed.callback is not None:
        await deed.finished(30.0)
    shown: list[Message] = deed.messages
    said: Any = [deed.discord.box.discord.read(one) for one in shown]
    return {"type": deed.type, "seconds": deed.seconds, "failed": deed.failed, "shows": said}
