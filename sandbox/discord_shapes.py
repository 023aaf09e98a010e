"""Users, guilds, channels, messages and interactions as Discord writes them in JSON."""

import copy
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sandbox.discord_people import DIRECT, GROUP, THREAD, Channel, Guild, Json, Member, Message, User
from sandbox.discord_permissions import ALL, Role

if TYPE_CHECKING:
    from sandbox.discord_deeds import Interaction
    from sandbox.discord_office import Office

APPLICATION = 1_100_000_000_000_000_001
FILE_BYTES = 10 * 1024 * 1024  # attachment_size_limit of a guild without boosts
DAY_ONE = datetime(2025, 1, 1, tzinfo=UTC).isoformat()


def user_json(user: User) -> Json:
    """Return a user."""
    return {
        "id": str(user.id),
        "username": user.name,
        "global_name": user.shown,
        "discriminator": "0",
        "avatar": None,
        "bot": user.bot,
        "public_flags": 0,
    }


def member_json(member: Member, channel: Channel | None = None) -> Json:
    """Return a member; with a channel also the permissions there, as interactions carry them."""
    value: Json = {
        "user": user_json(member.user),
        "nick": None,
        "avatar": None,
        "roles": [str(number) for number in member.roles],
        "joined_at": DAY_ONE,
        "premium_since": None,
        "deaf": False,
        "mute": False,
        "pending": False,
        "flags": 0,
    }
    return value if channel is None else value | {"permissions": str(channel.allows(member))}


def role_json(role: Role, place: int) -> Json:
    """Return a role."""
    return {
        "id": str(role.id),
        "name": role.name,
        "permissions": str(role.permissions),
        "position": place,
        "color": 0,
        "colors": {"primary_color": 0, "secondary_color": None, "tertiary_color": None},
        "hoist": False,
        "managed": role.managed,
        "mentionable": True,
        "flags": 0,
    }


def channel_json(channel: Channel) -> Json:
    """Return a channel of any kind."""
    value: Json = {"id": str(channel.id), "type": channel.kind, "last_message_id": None, "flags": 0}
    if channel.guild is None:
        people = [user_json(one) for one in channel.people]
        more = {"name": channel.name, "icon": None, "owner_id": people[0]["id"]} if channel.kind == GROUP else {}
        return value | {"recipients": people} | more
    if channel.kind == THREAD:
        return value | _thread_json(channel)
    writes = [
        {"id": str(number), "type": one.kind, "allow": str(one.allow), "deny": str(one.deny)}
        for number, one in channel.overwrites.items()
    ]
    return value | {
        "guild_id": str(channel.guild.id),
        "name": channel.name,
        "position": 0,
        "permission_overwrites": writes,
        "nsfw": False,
        "parent_id": None,
        "topic": None,
        "rate_limit_per_user": 0,
    }


def _thread_json(channel: Channel) -> Json:
    assert channel.guild is not None, "threads are in guilds"
    assert channel.parent is not None, "threads are in channels"
    state = {"archived": False, "auto_archive_duration": 1440, "archive_timestamp": DAY_ONE, "locked": False}
    return {
        "guild_id": str(channel.guild.id),
        "name": channel.name,
        "parent_id": str(channel.parent.id),
        "owner_id": str(channel.guild.owner.id),
        "message_count": len(channel.messages),
        "member_count": 1,
        "rate_limit_per_user": 0,
        "thread_metadata": state | {"create_timestamp": DAY_ONE},
    }


def guild_json(guild: Guild, bot: User) -> Json:
    """Return a guild as GUILD_CREATE brings it."""
    there = [one for one in guild.channels.values() if not one.deleted]
    return {
        "id": str(guild.id),
        "name": guild.name,
        "icon": None,
        "splash": None,
        "discovery_splash": None,
        "owner_id": str(guild.owner.id),
        "afk_channel_id": None,
        "afk_timeout": 300,
        "verification_level": 0,
        "default_message_notifications": 0,
        "explicit_content_filter": 0,
        "roles": [role_json(one, place) for place, one in enumerate(guild.roles.values())],
        "emojis": [],
        "features": [],
        "mfa_level": 0,
        "system_channel_id": None,
        "system_channel_flags": 0,
        "rules_channel_id": None,
        "vanity_url_code": None,
        "description": None,
        "banner": None,
        "premium_tier": 0,
        "premium_subscription_count": 0,
        "preferred_locale": guild.locale,
        "public_updates_channel_id": None,
        "nsfw_level": 0,
        "stickers": [],
        "premium_progress_bar_enabled": False,
        "joined_at": DAY_ONE,
        "large": False,
        "member_count": len(guild.members),
        "voice_states": [],
        "members": [member_json(one) for one in guild.members.values() if one.user is bot],
        "channels": [channel_json(one) for one in there if one.kind != THREAD],
        "threads": [channel_json(one) for one in there if one.kind == THREAD],
        "presences": [],
        "stage_instances": [],
        "guild_scheduled_events": [],
        "soundboard_sounds": [],
    }


def message_json(message: Message, origin: str) -> Json:
    """Return a message; media that named an attachment carry its address."""
    files = [_file_json(message, one, origin) for one in message.uploads]
    addresses = {f"attachment://{one['filename']}": one["url"] for one in files}
    value: Json = {
        "id": str(message.id),
        "channel_id": str(message.channel.id),
        "type": 20 if message.via.startswith("interaction") else 0,
        "author": user_json(message.author),
        "content": message.content,
        "timestamp": message.stamp,
        "edited_timestamp": message.stamp if message.edited else None,
        "tts": False,
        "mention_everyone": False,
        "mentions": [],
        "mention_roles": [],
        "attachments": files,
        "embeds": _shown(message.embeds, addresses),
        "components": _numbered(_shown(message.components, addresses), [0]),
        "pinned": False,
        "flags": message.flags,
    }
    if message.nonce:
        value["nonce"] = message.nonce
    if message.channel.guild is not None and message.channel.kind != DIRECT:
        value["guild_id"] = str(message.channel.guild.id)
    return value


def _file_json(message: Message, upload: Any, origin: str) -> Json:
    url = f"{origin}/attachments/{message.channel.id}/{upload.id}/{upload.name}"
    value = {
        "id": str(upload.id),
        "filename": upload.name,
        "size": len(upload.body),
        "url": url,
        "proxy_url": url,
        "content_type": upload.content_type,
    }
    return value | ({} if upload.description is None else {"description": upload.description})


def _shown(value: Any, addresses: dict[str, str]) -> Any:
    """Return a copy in which `attachment://` addresses are real ones."""
    if isinstance(value, list):
        return [_shown(one, addresses) for one in value]
    if isinstance(value, dict):
        return {name: _shown(one, addresses) for name, one in value.items()}
    return addresses.get(value, value) if isinstance(value, str) else value


def _numbered(value: Any, last: list[int]) -> Any:
    """Give every component that has none an id."""
    for one in value:
        last[0] += 1
        one.setdefault("id", last[0])
        _numbered(one.get("components") or [], last)
        if isinstance(one.get("accessory"), dict):
            _numbered([one["accessory"]], last)
    return value


def interaction_json(discord: "Office", deed: "Interaction", kind: int, said: Json) -> Json:
    """Return the payload of INTERACTION_CREATE."""
    guild, channel = deed.guild, deed.channel
    value: Json = {
        "id": str(deed.id),
        "application_id": str(APPLICATION),
        "type": kind,
        "token": deed.token,
        "version": 1,
        "data": copy.deepcopy(said),
        "channel_id": str(channel.id),
        "channel": channel_json(channel),
        "locale": deed.locale or deed.user.locale,
        "app_permissions": str(app_permissions(discord, deed)),
        "entitlements": [],
        "authorizing_integration_owners": deed.owners,
        "context": 0 if guild is not None else 1 if channel.with_app else 2,
        "attachment_size_limit": FILE_BYTES,
    }
    if deed.message is not None and kind != 2:
        value["message"] = message_json(deed.message, discord.origin)
    if guild is None:
        return value | {"user": user_json(deed.user)}
    about = {"id": str(guild.id), "locale": guild.locale, "features": []}
    member = member_json(guild.member(deed.user), channel)
    more = {"guild_id": str(guild.id), "guild": about, "guild_locale": guild.locale, "member": member}
    return value | more


def app_permissions(discord: "Office", deed: "Interaction") -> int:
    """Return what the app may do where a deed happened; where it is a guest, what everybody may."""
    if deed.guild is None:
        return ALL
    if not deed.guild.installed:
        return deed.channel.allows(deed.guild.member(deed.user)) & ~(1 << 3)
    return deed.channel.allows(deed.guild.member(discord.bot))
