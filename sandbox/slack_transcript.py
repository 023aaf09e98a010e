"""What people see of a message or a view, as plain text."""

import html
import re
from collections.abc import Iterable
from typing import Any

from sandbox.slack_people import Channel, Json, Message, View, Workspace

_MARK = re.compile(r"<([@#!]?)([^<>|]*)(?:\|([^<>]*))?>")
_STRESS = re.compile(r"(?<![\w*_~])([*_~])(?![\s\u200b])([^*_~\n]+?)(?<!\s)\1(?!\w)")
_UNSEEN = dict.fromkeys(map(ord, "\u200b\u200c\u2060\ufeff"))
INDENT = "    "


def transcript(channel: Channel, workspace: Workspace) -> str:
    """Return a conversation: who said what, who alone sees it, with replies below their thread's first message."""
    lines = [_title(channel)]
    for message in channel.log:
        if not message.deleted and not message.thread_ts:
            lines += _entry(message, workspace)
            for reply in channel.log:
                if reply.thread_ts == message.ts and not reply.deleted:
                    lines += [INDENT + line for line in _entry(reply, workspace)]
    return "\n".join(lines) + "\n"


def _title(channel: Channel) -> str:
    notes = {"private": " (private)", "connect": " (shared with another workspace)"}.get(channel.kind, "")
    return f"── #{channel.name}{notes}{' (archived)' if channel.archived else ''} ──"


def _entry(message: Message, workspace: Workspace) -> list[str]:
    who = _name(message.author, workspace)
    if message.kind == "typed":
        return [f"{message.at} {who} types: {message.text}"]
    notes = [f"only {_name(message.only_for, workspace)} sees this"] if message.only_for else []
    notes += ["edited"] if message.earlier else []
    aside = f" ({', '.join(notes)})" if notes else ""
    return [f"{message.at} {who}{aside}", *(INDENT + line for line in plain(message, workspace).splitlines())]


def _name(number: str | None, workspace: Workspace) -> str:
    person = workspace.people.get(number or "")
    return person.real_name if person is not None else str(number)


def plain(message: Message, workspace: Workspace) -> str:
    """Return a message as people see it: its blocks, else its text."""
    shown = blocks_text(message.blocks, workspace) if message.blocks else mrkdwn(message.text, workspace)
    files = "".join(f"\n[file {name}]" for name in message.files)
    return (shown + files).translate(_UNSEEN)


def view_text(view: View, workspace: Workspace) -> str:
    """Return a modal or a home tab as people see it."""
    buttons = [_words(view.payload.get(name), workspace) for name in ("submit", "close")]
    title = _words(view.payload.get("title"), workspace) or "Home"
    lines = [f"┌ {title}", *(f"│ {line}" for line in blocks_text(view.blocks, workspace).splitlines())]
    lines += [f"│ ! {name}: {said}" for name, said in view.errors.items()]
    lines.append("└ " + " ".join(f"[{one}]" for one in buttons if one))
    return "\n".join(lines).translate(_UNSEEN).rstrip()


def mrkdwn(text: str, workspace: Workspace) -> str:
    """Return Slack's markup as people see it: names for ids, labels for links, no signs of stress."""

    def seen(match: re.Match[str]) -> str:
        kind, what, label = match.groups()
        if kind == "@":
            return f"@{label or getattr(workspace.people.get(what), 'name', what)}"
        if kind == "#":
            return f"#{label or getattr(workspace.channels.get(what), 'name', what)}"
        if kind == "!":
            return label if what.startswith("date^") and label else f"@{what}"
        return f"{label} ({what})" if label and label not in what else what

    return html.unescape(_STRESS.sub(r"\2", _MARK.sub(seen, text)))


def blocks_text(blocks: Iterable[Json], workspace: Workspace) -> str:
    """Return blocks as lines of text."""
    return "\n".join(filter(None, (_block(one, workspace) for one in blocks)))


def _words(one: Any, workspace: Workspace) -> str:
    """Return a text object's text."""
    if not isinstance(one, dict):
        return ""
    text = str(one.get("text") or "")
    return mrkdwn(text, workspace) if one.get("type") == "mrkdwn" else text


def _block(block: Json, workspace: Workspace) -> str:
    kind = block.get("type")
    if kind == "divider":
        return "─" * 24
    if kind == "image":
        return f"[image: {block.get('alt_text')}]"
    if kind == "markdown":
        return str(block.get("text"))
    if kind in ("actions", "context", "context_actions"):
        gap = " " if kind == "actions" else " · "
        return gap.join(_element(one, workspace) for one in block.get("elements") or [])
    if kind == "section":
        return _section(block, workspace)
    if kind == "input":
        return f"{_words(block.get('label'), workspace)}: {_element(block.get('element') or {}, workspace)}"
    if kind == "rich_text":
        return _rich(block)
    if kind in ("table", "data_table"):
        return _table(block)
    if kind == "data_visualization":
        return _chart(block)
    if kind == "carousel":
        return blocks_text(block.get("elements") or [], workspace)
    return _rest(block, workspace)


def _rest(block: Json, workspace: Workspace) -> str:
    names = ("title", "subtitle", "text", "body", "subtext")
    lines = [_words(block.get(name), workspace) or _plain_string(block.get(name)) for name in names]
    lines.append(blocks_text(block.get("child_blocks") or [], workspace))
    lines.append(" ".join(_element(one, workspace) for one in block.get("actions") or []))
    return "\n".join(filter(None, lines))


def _plain_string(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _section(block: Json, workspace: Workspace) -> str:
    lines = [_words(block.get("text"), workspace)]
    lines += [_words(one, workspace) for one in block.get("fields") or []]
    if block.get("accessory"):
        lines.append(_element(block["accessory"], workspace))
    return "\n".join(filter(None, lines))


def _element(one: Json, workspace: Workspace) -> str:
    kind = str(one.get("type"))
    if kind in ("plain_text", "mrkdwn"):
        return _words(one, workspace)
    if kind == "image":
        return f"[image: {one.get('alt_text')}]"
    if kind in ("button", "workflow_button", "icon_button"):
        return f"[{_words(one.get('text'), workspace)}]"
    if kind in ("radio_buttons", "checkboxes"):
        return " ".join(f"( ) {_words(choice.get('text'), workspace)}" for choice in one.get("options") or [])
    hint = _words(one.get("placeholder"), workspace)
    chosen = _words((one.get("initial_option") or {}).get("text"), workspace) or str(one.get("initial_value") or "")
    if kind.endswith("_input"):
        return f"[{chosen or hint or '…'}]"
    return f"[{chosen or hint or ('⋯' if kind == 'overflow' else 'choose')} ▾]"


def _rich(one: Any) -> str:
    """Return rich text; every section, item and quote on a line of its own."""
    if not isinstance(one, dict):
        return ""
    kind = one.get("type")
    if kind in ("rich_text", "rich_text_list"):
        mark = "• " if kind == "rich_text_list" else ""
        return "\n".join(mark + _rich(part) for part in one.get("elements") or [])
    if "elements" in one:
        return "".join(_rich(part) for part in one["elements"])
    if kind == "emoji":
        return f":{one.get('name')}:"
    if kind == "date":
        return str(one.get("fallback") or one.get("timestamp"))
    return str(one.get("text") or one.get("url") or one.get("user_id") or one.get("channel_id") or "")


def _table(block: Json) -> str:
    rows = [[_cell(cell) for cell in row] for row in block.get("rows") or []]
    widths = [max(len(row[place]) for row in rows if place < len(row)) for place in range(max(map(len, rows)))]
    return "\n".join("  ".join(map(str.ljust, row, widths)).rstrip() for row in rows)


def _cell(cell: Json) -> str:
    return _rich(cell) if cell.get("type") == "rich_text" else str(cell.get("text"))


def _chart(block: Json) -> str:
    chart = block.get("chart") or {}
    lines = [f"[{chart.get('type')} chart: {block.get('title')}]"]
    for series in chart.get("series") or []:
        lines.append(f"{series.get('name')}: " + " ".join(f"{point.get('value'):g}" for point in series["data"]))
    lines += [f"{one.get('label')}: {one.get('value'):g}" for one in chart.get("segments") or []]
    return "\n".join(lines)
