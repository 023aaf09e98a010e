"""The pretend Slack over HTTP, for programs that run beside the sandbox: look, type, click, break things."""

from typing import TYPE_CHECKING, Any

from sandbox.slack_people import Json

if TYPE_CHECKING:
    from sandbox.server import Sandbox
    from sandbox.slack import Slack


def state(box: "Sandbox") -> Json:
    """Return the settings to reach it, every conversation, and what was wrong with payloads so far."""
    slack = box.slack
    talked = {one.name: slack.transcript(one.id) for one in slack.home.channels.values() if one.log}
    return {"env": box.slack_env(), "transcripts": talked, "violations": [str(one) for one in slack.violations]}


async def act(box: "Sandbox", body: Json) -> Json:
    """Do one thing; raises ValueError, LookupError or TypeError for what makes no sense.

    `{"do": "command", "command": "/influence", "text": "@beanco", "user": "mia", "channel": "creators"}`,
    `{"do": "click", "channel": "creators", "action": "Refresh"}` (on the newest message that has it),
    `{"do": "fail", "method": "chat.postMessage", "kind": "503"}`, `{"do": "connect", "url": ...}` for an app over HTTP.
    """
    slack, given = box.slack, dict(body)
    deed = given.pop("do", None)
    if deed == "command":
        typed = await slack.command(**given)
        return {"status": typed.ack.status, "body": typed.ack.body, "error": typed.ack.error}
    if deed == "click":
        return await _click(slack, **given)
    if deed == "fail":
        return vars(slack.weather.fail(**given))
    if deed == "connect":
        slack.request_url = given["url"]
        return {"url": slack.request_url}
    raise ValueError("do is one of command, click, fail, connect")


async def _click(slack: "Slack", channel: str, action: str, value: Any = None, user: str = "") -> Json:
    person = slack.person(user or "mia")
    for message in reversed(slack.channel(channel).log):
        if message.deleted or message.only_for not in (None, person.id) or action not in str(message.blocks):
            continue
        clicked = await slack.click(message, action, value, user=person.name)
        return {"status": clicked.ack.status, "body": clicked.ack.body, "error": clicked.ack.error}
    raise LookupError(f"no message in #{channel} has {action!r}")
