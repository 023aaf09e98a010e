"""What people see of a message or a modal, as plain text."""

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sandbox.discord_people import DIRECT, Channel, Guild, Json, Message

if TYPE_CHECKING:
    from sandbox.discord_deeds import Modal

_MENTION = re.compile(r"<(@[!&]?|#|/[\w -]+:)(\d+)>")
_TIME = re.compile(r"<t:(-?\d+)(?::([tTdDfFR]))?>")
_ADDRESS = re.compile(r" \(https?://[^\s)]+\)")
_LINK = re.compile(r"(?<!\\)\[((?:\\.|[^\]\\])*)\]\(<?([^)\s>]+)>?\)")
_STRESS = re.compile(
    r"(?<!\\)(\*\*\*|\*\*|\*|(?<!\w)__|(?<!\w)_|~~|\|\|)(?=\S)((?:\\.|[^\\])+?)(?<=[^\s\\])\1(?!(?<=_)\w)"
)
_LEAD = re.compile(r"^(?:-# |#{1,3} |> )", re.MULTILINE)
_ESCAPED = re.compile(r"\\([^A-Za-z0-9\s])")
_UNSEEN = dict.fromkeys(map(ord, "\u200b\u200c\u2060\ufeff"))
INDENT = "    "


def transcript(channel: Channel) -> str:
    """Return a conversation: who said what, and who alone sees it."""
    title = channel.name if channel.kind == DIRECT else f"#{channel.name}"
    lines = [f"── {title}{' (deleted)' if channel.deleted else ''} ──"]
    for message in channel.log:
        if not message.deleted:
            lines += _entry(message)
    return _ADDRESS.sub("", "\n".join(lines)) + "\n"  # people see a link's label; `plain` tells its address too


def _entry(message: Message) -> list[str]:
    who = message.author.shown
    if message.kind == "command":
        return [f"{message.at} {who} uses {message.content}"]
    notes = [f"only {message.only_for.shown} sees this"] if message.only_for is not None else []
    notes += ["edited"] if message.edited else []
    aside = f" ({', '.join(notes)})" if notes else ""
    return [f"{message.at} {who}{aside}", *(INDENT + line for line in plain(message).splitlines())]


def plain(message: Message) -> str:
    """Return a message as people see it: its text, embeds and components, and files nothing else shows."""
    if message.loading:
        return f"{message.author.shown} is thinking…"
    guild = message.channel.guild
    parts = [seen(message.content, guild), *(_embed(one, guild) for one in message.embeds)]
    parts.append(components_text(message.components, guild))
    used = str(message.components) + str(message.embeds)
    for one in message.uploads:
        if f"attachment://{one.name}" not in used:
            parts.append(f"[file {one.name}{f': {one.description}' if one.description else ''}]")
    return "\n".join(filter(None, parts))


def modal_text(modal: "Modal") -> str:
    """Return a modal as people see it."""
    lines = components_text(modal.components, modal.source.guild).splitlines()
    return "\n".join([f"┌ {modal.title}", *(f"│ {line}" for line in lines), "└ [Cancel] [Submit]"])


def seen(text: str, guild: Guild | None = None) -> str:
    """Return Discord's markup as people see it: names for ids, labels for links, no signs of stress."""

    def named(match: re.Match[str]) -> str:
        kind, number = match[1], int(match[2])
        if guild is None or kind.startswith("/"):
            return kind.rstrip(":") if kind.startswith("/") else match[0]
        if kind == "#":
            return f"#{getattr(guild.channels.get(number), 'name', 'unknown')}"
        if kind == "@&":
            return f"@{getattr(guild.roles.get(number), 'name', 'unknown-role')}"
        member = guild.members.get(number)
        return f"@{member.user.shown if member is not None else 'unknown-user'}"

    text = _LINK.sub(lambda found: f"{found[1]} ({found[2]})" if found[1] != found[2] else found[2], text)
    text = _TIME.sub(lambda found: _moment(int(found[1]), found[2] or "f"), _MENTION.sub(named, text))
    text = _STRESS.sub(r"\2", _STRESS.sub(r"\2", _LEAD.sub("", text)))
    return _ESCAPED.sub(r"\1", text).translate(_UNSEEN)


def _moment(seconds: int, form: str) -> str:
    """Return a moment as a client in London shows it; how long ago it is, only the client's clock would know."""
    try:
        when = datetime.fromtimestamp(seconds, UTC)
        day, hour = f"{when.day} {when:%b %Y}", f"{when:%H:%M}"
        return hour if form in "tT" else day if form in "dD" else f"{day} {hour}"
    except (ValueError, OverflowError, OSError):
        return "invalid date"


def components_text(components: list[Json], guild: Guild | None = None) -> str:
    """Return components as lines of text."""
    return "\n".join(filter(None, (_component(one, guild) for one in components)))


def _component(one: Json, guild: Guild | None) -> str:
    kind = one.get("type")
    if kind == 1:
        return " ".join(_control(part) for part in one.get("components") or [])
    if kind == 9:
        words = components_text(one.get("components") or [], guild)
        return "\n".join(filter(None, (words, _control(one.get("accessory") or {}))))
    if kind == 10:
        return seen(str(one.get("content")), guild)
    if kind == 12:
        return "\n".join(_picture(item) for item in one.get("items") or [])
    if kind == 13:
        return f"[file {str((one.get('file') or {}).get('url')).rpartition('/')[2]}]"
    if kind == 14:
        return "─" * 24 if one.get("divider", True) else ""
    if kind == 17:
        return "\n".join(f"┃ {line}" for line in components_text(one.get("components") or [], guild).splitlines())
    if kind == 18:
        about = f" ({one['description']})" if one.get("description") else ""
        return f"{one.get('label')}{about}: {_control(one.get('component') or {})}"
    return _control(one)


def _picture(item: Json) -> str:
    url = str((item.get("media") or {}).get("url"))
    return f"[image: {item.get('description') or url.rpartition('/')[2]}]"


def _control(one: Json) -> str:
    kind = one.get("type")
    if kind == 2:
        emoji = (one.get("emoji") or {}).get("name")
        where = f"→ {one['url']}" if one.get("url") else ""
        off = "(off)" if one.get("disabled") else ""
        return f"[{' '.join(filter(None, (emoji, one.get('label'), where, off)))}]"
    if kind == 11:
        return _picture(one)
    options = one.get("options") or []
    chosen = ", ".join(str(option.get("label")) for option in options if option.get("default"))
    if kind == 4:
        name = f"{one['label']}: " if one.get("label") else ""
        return f"{name}[{one.get('value') or one.get('placeholder') or '…'}]"
    if kind in (21, 22):
        return " ".join(f"({'x' if option.get('default') else ' '}) {option.get('label')}" for option in options)
    if kind == 23:
        return "[x]" if one.get("default") else "[ ]"
    return f"[{chosen or one.get('placeholder') or 'choose'} ▾]"


def _embed(embed: Json, guild: Guild | None) -> str:
    lines = [str((embed.get("author") or {}).get("name") or ""), seen(str(embed.get("title") or ""), guild)]
    lines.append(seen(str(embed.get("description") or ""), guild))
    lines += [f"{seen(str(one.get('name')), guild)}: {seen(str(one.get('value')), guild)}" for one in _fields(embed)]
    if isinstance(embed.get("image"), dict):
        lines.append(f"[image: {str(embed['image'].get('url')).rpartition('/')[2]}]")
    lines.append(str((embed.get("footer") or {}).get("text") or ""))
    whole = "\n".join(filter(None, lines))
    return "\n".join(f"│ {line}" for line in whole.splitlines())


def _fields(embed: Json) -> list[Any]:
    return list(embed.get("fields") or [])
