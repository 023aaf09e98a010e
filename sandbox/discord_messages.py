"""Messages, channels, guilds and users over REST, as a bot with its token reaches them."""

from sandbox.discord_judge import judge_message
from sandbox.discord_people import THREAD, Channel, Guild, Json, Message, User
from sandbox.discord_permissions import ALL
from sandbox.discord_shapes import APPLICATION, channel_json, guild_json, member_json, message_json, user_json
from sandbox.discord_wire import Call, Refusal

THREAD_NAME_MOST = 100
NONCE_SECONDS = 180.0  # "in the past few minutes"


def me(call: Call) -> Json:
    """Answer users/@me."""
    return user_json(call.discord.bot) | {"mfa_enabled": False, "verified": True, "email": None, "locale": "en-US"}


def application(call: Call) -> Json:
    """Answer oauth2/applications/@me and applications/@me."""
    owner = next(one for one in call.discord.users.values() if not one.bot)
    return {
        "id": str(APPLICATION),
        "name": "Clout",
        "icon": None,
        "description": "",
        "rpc_origins": [],
        "bot_public": True,
        "bot_require_code_grant": False,
        "owner": user_json(owner),
        "summary": "",
        "verify_key": "0" * 64,
        "team": None,
        "flags": 0,
        "approximate_guild_count": len(_inside(call)),
        "integration_types_config": {"0": {}, "1": {}},
    }


def _inside(call: Call) -> list[Guild]:
    return [one for one in call.discord.guilds.values() if one.installed]


def own_guilds(call: Call) -> list[Json]:
    """Answer users/@me/guilds."""
    more: Json = {"icon": None, "owner": False, "permissions": str(ALL), "features": []}
    return [{"id": str(one.id), "name": one.name} | more for one in _inside(call)]


def guild(call: Call) -> Json:
    """Return a guild."""
    return guild_json(_guild(call), call.discord.bot)


def guild_channels(call: Call) -> list[Json]:
    """Return the channels of a guild."""
    there = _guild(call).channels.values()
    return [channel_json(one) for one in there if not one.deleted and one.kind != THREAD]


def guild_member(call: Call) -> Json:
    """Return a member."""
    found = _guild(call).members.get(call.number("user"))
    if found is None:
        raise Refusal(10013)
    return member_json(found)


def _guild(call: Call) -> Guild:
    found = call.discord.guilds.get(call.number("guild"))
    if found is None or not found.installed:
        raise Refusal(10004)
    return found


def user(call: Call) -> Json:
    """Return a user."""
    return user_json(_user(call, call.named["user"]))


def _user(call: Call, number: object) -> User:
    text = str(number)
    found = call.discord.users.get(int(text)) if text.isdecimal() else None
    if found is None:
        raise Refusal(10013)
    return found


def open_direct(call: Call) -> Json:
    """Return the direct message with a person, made on first use."""
    try:
        person = _user(call, call.object().get("recipient_id"))
    except Refusal as error:
        raise Refusal(50033) from error
    return channel_json(call.discord.direct(person))


def channel(call: Call) -> Json:
    """Return a channel."""
    return channel_json(_channel(call))


def _channel(call: Call) -> Channel:
    return call.discord.visible(call.number("channel"))


def typing(call: Call) -> None:
    """Take note that the app is typing."""
    _channel(call)


# --- messages ---------------------------------------------------------------------------------------------------------


def post(call: Call) -> Json:
    """Post a message; an enforced nonce that came a moment ago returns the message it made."""
    discord, where = call.discord, _channel(call)
    payload = call.object()
    _may_post(call, where, payload)
    judge_message(call, payload, digest=discord.nonces and where.guild is not None)
    nonce = str(payload.get("nonce") or "")
    key = (where.id, nonce)
    if nonce and payload.get("enforce_nonce") and key in discord.nonces_seen:
        born, before = discord.nonces_seen[key]
        if abs(discord.moment()[0] - born) < NONCE_SECONDS:
            return message_json(before, discord.origin)
    message = discord.publish(where, payload, via="post", files=call.files)
    message.nonce = nonce
    if nonce:
        discord.nonces_seen[key] = (discord.moment()[0], message)
    return message_json(message, discord.origin)


def _may_post(call: Call, where: Channel, payload: Json) -> None:
    if where.guild is None:
        if not all(one.takes_messages for one in where.people):
            raise Refusal(50007)
        return
    wanted = ["send_messages_in_threads" if where.kind == THREAD else "send_messages"]
    wanted += ["attach_files"] if call.files else []
    wanted += ["embed_links"] if payload.get("embeds") else []
    if not call.discord.may(where, *wanted):
        raise Refusal(50013)


def fetch(call: Call) -> Json:
    """Return a message that everybody sees."""
    return message_json(_message(call), call.discord.origin)


def history(call: Call) -> list[Json]:
    """Return the newest messages of a channel."""
    where = _channel(call)
    if not call.discord.may(where, "read_message_history"):
        return []
    most = int(call.query.get("limit") or 50)
    shown = [one for one in reversed(where.messages) if not one.ephemeral]
    return [message_json(one, call.discord.origin) for one in shown[:most]]


def _message(call: Call) -> Message:
    number = call.number("message")
    for one in _channel(call).messages:
        if one.id == number and not one.ephemeral:
            return one
    raise Refusal(10008)


def edit(call: Call) -> Json:
    """Edit one of the app's own messages."""
    message, payload = _message(call), call.object()
    if message.author is not call.discord.bot:
        raise Refusal(50005)
    judge_message(call, payload, before=message)
    call.discord.change(message, payload, call.files)
    return message_json(message, call.discord.origin)


def remove(call: Call) -> None:
    """Delete a message; another's only with the permission."""
    message = _message(call)
    if message.author is not call.discord.bot and not call.discord.may(message.channel, "manage_messages"):
        raise Refusal(50013)
    call.discord.delete(message)


def thread_below(call: Call) -> Json:
    """Begin a thread below a message; its id is the message's, and there is one at most."""
    message, name = _message(call), str(call.object().get("name") or "")
    if not call.discord.may(message.channel, "create_public_threads"):
        raise Refusal(50013)
    if any(one.id == message.id for one in call.discord.every_channel()):
        raise Refusal(160004)
    if not 1 <= len(name) <= THREAD_NAME_MOST:
        call.discord.sentence(call.where, [("/name", f"must have 1 to {THREAD_NAME_MOST} characters")], [])
    return channel_json(call.discord.begin_thread(message.channel, name, message.id))
