"""Brings a request before the hand-written rules and, where the folder is there, the published schema."""

from typing import Any

from sandbox.checks import Finding
from sandbox.discord_command_rules import judge_commands as check_commands
from sandbox.discord_office import merged, too_large
from sandbox.discord_people import Json, Message
from sandbox.discord_rules import Setting
from sandbox.discord_rules import judge_choices as check_choices
from sandbox.discord_rules import judge_message as check_message
from sandbox.discord_rules import judge_modal as check_modal
from sandbox.discord_wire import Call, Refusal


def judge_message(
    call: Call, payload: Json, *, at: str = "", before: Message | None = None, digest: bool = False
) -> None:
    """Judge a message; raises Refusal with the paths for what Discord would not take."""
    files = tuple((one.number, one.name) for one in call.files)
    if before is None:
        setting = Setting(files=files, digest=digest)
    else:
        kept = tuple((one.id, one.name) for one in before.uploads)
        if payload.get("attachments") is not None:
            named = {str(one.get("id")) for one in payload["attachments"] if isinstance(one, dict)}
            kept = tuple(one for one in kept if str(one[0]) in named)
        setting = Setting(merged(before, {}), before.flags, files, kept)
    verdict = check_message(payload, setting, at)
    call.discord.sentence(call.where, _also(call, verdict.hard), verdict.house)
    if verdict.empty:
        call.discord.sentence(call.where, [], [(at, "there is nothing to show")])
        raise Refusal(50006)
    if too_large(call.files):
        raise Refusal(40005)


def judge_promise(call: Call) -> None:
    """Judge a first answer that only promises another."""
    call.discord.sentence(call.where, _also(call, []), [])


def judge_choices(call: Call, said: Any) -> None:
    """Judge the suggestions of an autocomplete."""
    call.discord.sentence(call.where, _also(call, check_choices(said, "/data")), [])


def judge_modal(call: Call, said: Any) -> None:
    """Judge a modal."""
    call.discord.sentence(call.where, _also(call, check_modal(said, "/data")), [])


def judge_commands(call: Call, commands: Any) -> None:
    """Judge commands that are to be registered."""
    call.discord.sentence(call.where, _also(call, check_commands(commands)), [])


def _also(call: Call, hard: list[Finding]) -> list[Finding]:
    """Return the findings, and beside them what the published schema finds at other places."""
    if call.discord.contract is None:
        return hard
    places = {path for path, _ in hard}
    return hard + [one for one in call.discord.contract.request(call.where, call.body) if one[0] not in places]
