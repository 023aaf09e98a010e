"""users.* and conversations.*: who is there, and where one may talk."""

from sandbox.slack_people import Channel, Json
from sandbox.slack_shapes import channel_json, user_json
from sandbox.slack_wire import Call, Refusal


def user_info(call: Call) -> Json:
    """Return a person, also one of another workspace met in a shared channel."""
    person = call.team.people.get(call.need("user"))
    if person is None:
        raise Refusal("user_not_found")
    mail = f"{person.name}@{call.team.domain}.example" if "users:read.email" in call.app.scopes else None
    return {"user": user_json(person, email=mail)}


def _channel(call: Call) -> Channel:
    return call.slack.visible(call.team, call.need("channel"))


def info(call: Call) -> Json:
    """Return a channel; a private one only where the app is in it."""
    return {"channel": channel_json(_channel(call), call.app.bot_user)}


def join(call: Call) -> Json:
    """Let the app into a public channel."""
    channel = _channel(call)
    if channel.kind in ("private", "im"):
        raise Refusal("method_not_supported_for_channel_type")
    if channel.archived:
        raise Refusal("is_archived")
    already = call.app.bot_user in channel.members
    channel.members.add(call.app.bot_user)
    value: Json = {"channel": channel_json(channel, call.app.bot_user)}
    if already:
        value |= {"warning": "already_in_channel", "response_metadata": {"warnings": ["already_in_channel"]}}
    return value


def members(call: Call) -> Json:
    """Return the members of a channel, page by page."""
    everybody = sorted(_channel(call).members)
    if not call.text("limit").isdecimal() and call.text("limit"):
        raise Refusal("invalid_limit")
    size = min(1000, int(call.text("limit") or 100))
    start = int(call.text("cursor")) if call.text("cursor").isdecimal() else 0
    if call.text("cursor") and not 0 < start < len(everybody):
        raise Refusal("invalid_cursor")
    following = str(start + size) if start + size < len(everybody) else ""
    return {"members": everybody[start : start + size], "response_metadata": {"next_cursor": following}}


def open_direct(call: Call) -> Json:
    """Open a direct message with one person."""
    who = call.need("users").split(",")
    if len(who) != 1:
        raise Refusal("too_many_users")
    if who[0] not in call.team.people:
        raise Refusal("user_not_found")
    channel = call.slack.direct(call.team, who[0])
    return {"no_op": False, "already_open": False, "channel": {"id": channel.id}}


PLACE_METHODS = {
    "users.info": ("users:read", user_info),
    "conversations.info": ("channels:read|groups:read", info),
    "conversations.join": ("channels:join", join),
    "conversations.members": ("channels:read|groups:read", members),
    "conversations.open": ("im:write|chat:write", open_direct),
}
