"""chat.*: posting, changing and deleting messages."""

from sandbox.slack_people import Channel, Json, Message
from sandbox.slack_shapes import message_json
from sandbox.slack_wire import Call, Refusal


def _target(call: Call) -> Channel:
    """Return where to post; opens a direct message for a user id."""
    name = call.text("channel")
    if not name:
        raise Refusal("channel_not_found")
    if name in call.team.people:
        return call.slack.direct(call.team, name)
    return call.slack.visible(call.team, name)


def _admitted(call: Call, *, public: bool = True) -> Channel:
    """Return the channel to post to, where the app may post there; `public`: chat:write.public counts."""
    channel = _target(call)
    if channel.archived:
        raise Refusal("is_archived")
    if call.app.bot_user not in channel.members:
        anywhere = public and channel.kind == "public" and "chat:write.public" in call.app.scopes
        if not anywhere:
            raise Refusal("not_in_channel")
    return channel


def _thread(call: Call, channel: Channel) -> str | None:
    ts = call.text("thread_ts")
    if ts and channel.find(ts) is None:
        raise Refusal("thread_not_found")
    return ts or None


def post_message(call: Call) -> Json:
    """Post to a channel, a thread or a person."""
    call.slack.judge_message(call.method, call.args, unfurls=True)
    channel = _admitted(call)
    thread = _thread(call, channel)
    message = call.slack.publish(call.team, channel, call.args, via=call.method, thread_ts=thread)
    return {"channel": channel.id, "ts": message.ts, "message": message_json(message, call.team)}


def post_ephemeral(call: Call) -> Json:
    """Post a line only one person sees; the app and the person have to be in the channel."""
    call.slack.judge_message(call.method, call.args, unfurls=False)
    channel = _admitted(call, public=False)
    if call.need("user") not in channel.members:
        raise Refusal("user_not_in_channel")
    message = call.slack.publish(
        call.team, channel, call.args, via=call.method, only_for=call.text("user"), thread_ts=call.text("thread_ts")
    )
    return {"message_ts": message.ts}


def _own(call: Call, error: str) -> tuple[Channel, Message]:
    channel = call.slack.visible(call.team, call.need("channel"))
    message = channel.find(call.need("ts"))
    if message is None:
        raise Refusal("message_not_found")
    if message.author != call.app.bot_user:
        raise Refusal(error)
    return channel, message


def update(call: Call) -> Json:
    """Change a message; blocks and attachments stay unless others are given."""
    channel, message = _own(call, "cant_update_message")
    if channel.archived:
        raise Refusal("is_archived")
    call.slack.judge_message(call.method, call.args, unfurls=False)
    call.slack.change(message, call.args, keep=True)
    shown = message_json(message, call.team)
    return {"channel": channel.id, "ts": message.ts, "text": message.text, "message": shown}


def delete(call: Call) -> Json:
    """Take a message away."""
    channel, message = _own(call, "cant_delete_message")
    message.deleted = True
    return {"channel": channel.id, "ts": message.ts}


def permalink(call: Call) -> Json:
    """Return the address of a message."""
    channel = call.slack.visible(call.team, call.need("channel"))
    if channel.find(ts := call.need("message_ts")) is None:
        raise Refusal("message_not_found")
    place = f"https://{call.team.domain}.slack.com/archives/{channel.id}/p{ts.replace('.', '')}"
    return {"channel": channel.id, "permalink": place}


MESSAGE_METHODS = {
    "chat.postMessage": ("chat:write", post_message),
    "chat.postEphemeral": ("chat:write", post_ephemeral),
    "chat.update": ("chat:write", update),
    "chat.delete": ("chat:write", delete),
    "chat.getPermalink": ("", permalink),
}
