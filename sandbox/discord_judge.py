"""Stub."""

from sandbox.discord_people import Json, Message
from sandbox.discord_wire import Call


def judge_message(
    call: Call,
    payload: Json,
    *,
    at: str = "",
    before: Message | None = None,
    post: bool = False,
    to_guild: bool = False,
) -> None:
    """Stub."""


def judge_choices(call: Call, said: Json) -> None:
    """Stub."""


def judge_modal(call: Call, said: Json) -> None:
    """Stub."""


def judge_commands(call: Call, commands: object) -> None:
    """Stub."""
