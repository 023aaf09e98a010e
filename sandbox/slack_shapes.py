"""How Slack writes people, channels, messages, views and files in JSON, as far as an app looks at them."""

import mimetypes

from sandbox.slack_people import DAY_ONE, KINDS, Channel, Json, Message, Person, Upload, View, Workspace

APP_ID = "A0SANDBOX1"
VERIFICATION = "sandbox-verification"  # the retired verification token that every payload still carries


def team_json(workspace: Workspace) -> Json:
    """Return a workspace as interactions carry it."""
    return {"id": workspace.id, "domain": workspace.domain}


def user_json(person: Person, *, email: str | None = None) -> Json:
    """Return the `user` of `users.info`."""
    flags = dict.fromkeys(
        ("is_admin", "is_owner", "is_primary_owner", "is_restricted", "is_ultra_restricted", "is_bot", "deleted"), False
    )
    profile = {
        "real_name": person.real_name,
        "real_name_normalized": person.real_name,
        "display_name": person.name,
        "display_name_normalized": person.name,
        "status_text": "",
        "status_emoji": "",
        "avatar_hash": "",
        "team": person.team,
        **({"email": email} if email else {}),
    }
    return {
        "id": person.id,
        "team_id": person.team,
        "name": person.name,
        "real_name": person.real_name,
        "color": "9f69e7",
        "tz": person.tz,
        "tz_label": person.tz,
        "tz_offset": person.tz_offset,
        "profile": profile,
        **flags,
        **KINDS[person.kind],
        "is_app_user": False,
        "updated": DAY_ONE,
    }


def channel_json(channel: Channel, seen_by: str) -> Json:
    """Return the `channel` of `conversations.info` for the bot user `seen_by`."""
    private, connect = channel.kind == "private", channel.kind == "connect"
    if channel.kind == "im":
        other = next((one for one in sorted(channel.members) if one != seen_by), seen_by)
        return {"id": channel.id, "created": DAY_ONE, "is_im": True, "is_archived": False, "user": other}
    return {
        "id": channel.id,
        "name": channel.name,
        "name_normalized": channel.name,
        "is_channel": not private,
        "is_group": private,
        "is_im": False,
        "is_mpim": False,
        "is_private": private,
        "created": DAY_ONE,
        "creator": min(channel.members, default=""),
        "is_archived": channel.archived,
        "is_general": channel.name == "general",
        "is_member": seen_by in channel.members,
        "is_shared": connect,
        "is_ext_shared": connect,
        "is_org_shared": False,
        "is_pending_ext_shared": False,
        "shared_team_ids": list(channel.teams or (channel.team,)),
        "context_team_id": channel.team,
        "num_members": len(channel.members),
        "topic": {"value": "", "creator": "", "last_set": 0},
        "purpose": {"value": "", "creator": "", "last_set": 0},
        "updated": DAY_ONE * 1000,
    }


def channel_name(channel: Channel) -> str:
    """Return the name interactions give a channel: Slack hides those of private ones and direct messages."""
    return {"private": "privategroup", "im": "directmessage"}.get(channel.kind, channel.name)


def message_json(message: Message, workspace: Workspace) -> Json:
    """Return a message as answers and interactions carry it."""
    value: Json = {"type": "message", "user": message.author, "ts": message.ts, "text": message.text}
    value["team"] = workspace.id
    if message.from_bot and workspace.installation is not None:
        value |= {"bot_id": workspace.installation.bot_id, "app_id": APP_ID}
    for key, extra in (("blocks", message.blocks), ("attachments", message.attachments), ("files", message.files)):
        if extra:
            value[key] = [{"id": one} for one in message.files] if key == "files" else extra
    if message.thread_ts:
        value["thread_ts"] = message.thread_ts
    if message.metadata:
        value["metadata"] = message.metadata
    if message.earlier:
        value["edited"] = {"user": message.author, "ts": message.ts}
    return value


def view_json(view: View, workspace: Workspace) -> Json:
    """Return a view as answers and interactions carry it."""
    bot = workspace.installation.bot_id if workspace.installation is not None else ""
    given = view.payload
    return {
        "id": view.id,
        "team_id": workspace.id,
        "type": view.type,
        "blocks": view.blocks,
        "private_metadata": given.get("private_metadata") or "",
        "callback_id": view.callback_id,
        "external_id": given.get("external_id") or "",
        "state": {"values": view.state},
        "hash": view.hash,
        "title": given.get("title") or {"type": "plain_text", "text": "View Title"},
        "submit": given.get("submit"),
        "close": given.get("close"),
        "clear_on_close": bool(given.get("clear_on_close")),
        "notify_on_close": bool(given.get("notify_on_close")),
        "submit_disabled": bool(given.get("submit_disabled")),
        "root_view_id": view.root,
        "previous_view_id": view.previous,
        "app_id": APP_ID,
        "app_installed_team_id": workspace.id,
        "bot_id": bot,
    }


def file_json(file: Upload, origin: str, *, ready: bool = True) -> Json:
    """Return a file; while Slack still looks at it, its type is empty."""
    kind = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
    address = f"{origin}/slack/files/{file.id}/{file.name}"
    return {
        "id": file.id,
        "created": DAY_ONE,
        "timestamp": DAY_ONE,
        "name": file.name,
        "title": file.title or file.name,
        "mimetype": kind if ready else "",
        "filetype": file.name.rpartition(".")[2] if ready else "",
        "pretty_type": file.name.rpartition(".")[2].upper() if ready else "",
        "user": file.owner,
        "user_team": file.team,
        "size": file.length,
        "mode": "hosted",
        "is_external": False,
        "is_public": bool(file.channels),
        "alt_txt": file.alt_text,
        "channels": file.channels,
        "groups": [],
        "ims": [],
        "url_private": address,
        "url_private_download": address,
        "permalink": address,
    }
