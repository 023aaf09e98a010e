"""response_url: five answers within half an hour, in the channel of the deed, member or not."""

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from sandbox.checks import Violation
from sandbox.slack_people import Channel, Json, Message, Person, Workspace
from sandbox.slack_wire import Refusal, decoded

if TYPE_CHECKING:
    from sandbox.slack_deeds import Interaction
    from sandbox.slack_office import Office

USES = 5
LIFE_SECONDS = 1800.0


@dataclass
class Hook:
    """One response_url; `source` is the message a click came from."""

    workspace: Workspace
    channel: Channel
    user: Person
    interaction: "Interaction"
    born: tuple[float, float]
    source: Message | None = None
    uses: int = 0
    last: Message | None = None


async def answer_hook(slack: "Office", request: Request) -> Response:
    """Take one answer."""
    from sandbox.slack_api import play  # the application needs this module first

    hook = slack.hooks.get(str(request.path_params["secret"]))
    trouble = slack.weather.take("response_url", hook.channel.id if hook else "")
    if trouble is None or trouble.after or trouble.kind == "slow":
        response = _answer(slack, hook, await request.body())
        slack.wake()
    else:
        response = PlainTextResponse("")
    return response if trouble is None else await play(slack, trouble, request, response)


def _answer(slack: "Office", hook: Hook | None, body: bytes) -> Response:
    if hook is None:
        return PlainTextResponse("no_service", 404)
    if slack.age(hook.born) > LIFE_SECONDS:
        return PlainTextResponse("expired_url", slack.spent_status)
    if hook.uses >= USES:
        return PlainTextResponse("used_url", slack.spent_status)
    try:
        payload = json.loads(body)
        if not isinstance(payload, dict):
            raise ValueError("no object")
    except ValueError:
        return PlainTextResponse("invalid_payload", 400)
    try:
        hook.uses += 1
        hook.interaction.uses = hook.uses
        _show(slack, hook, decoded(payload))
    except Refusal as no:
        return JSONResponse({"ok": False, "error": no.error, **no.beside}, 400)
    return PlainTextResponse("ok")


def _show(slack: "Office", hook: Hook, payload: Json) -> None:
    old = hook.source or hook.last
    if payload.get("delete_original"):
        if old is not None:
            old.deleted = True
        return
    slack.judge_message("response_url", payload, unfurls=True)
    private = payload.get("response_type") != "in_channel"
    if payload.get("replace_original") and old is not None and not old.deleted:
        if "response_type" in payload and private != old.ephemeral:
            reason = "a replaced message stays public or private; post a new one instead"
            slack.violations.append(Violation("response_url", "/response_type", reason, house=True))
        slack.change(old, payload)
        hook.interaction.note(old)
        return
    message = slack.publish(
        hook.workspace,
        hook.channel,
        payload,
        via="response_url",
        only_for=hook.user.id if private else None,
        thread_ts=payload.get("thread_ts"),
    )
    hook.last = message
    hook.interaction.note(message)
