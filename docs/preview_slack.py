"""Draws Slack messages as one HTML page, light and dark, to look at without a workspace.

`python -m docs.preview_slack > page.html` draws the score card of an invented creator; the picture in docs/pictures is
that page in a browser without a window: `chromium --headless --no-sandbox --disable-gpu --hide-scrollbars
--disable-background-networking --window-size=1400,785 --screenshot=slack-card.png page.html`. It is a likeness: only
Slack draws what Slack draws.
"""

import sys
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from html import escape
from typing import Any

from bots.render_slack import render
from docs.pictured import card
from tests.core.readings_by_hand import NOW

Node = Mapping[str, Any]

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_CSS = """
:root { color-scheme: light; }
* { box-sizing: border-box; margin: 0; }
body { display: flex; font: 15px/1.46668 Lato, "Liberation Sans", Arial, sans-serif; }
.pane { --ink: #1d1c1d; --soft: #616061; --line: #dddddd; --back: #ffffff; --link: #1264a3; --code: #c01343;
  --chart: #1264a3; --button: #ffffff; --edge: #bbbabb; --well: #f8f8f8;
  flex: 1; padding: 20px 24px 24px; background: var(--back); color: var(--ink); min-width: 0; }
.dark { --ink: #d1d2d3; --soft: #9a9b9e; --line: #3a3d41; --back: #1a1d21; --link: #1d9bd1; --code: #e8912d;
  --chart: #36a3e0; --button: #222529; --edge: #565856; --well: #222529; }
.message { display: flex; gap: 10px; margin-bottom: 22px; }
.face { width: 36px; height: 36px; border-radius: 6px; background: #4a3aff; color: #fff; font: 700 20px/36px sans-serif;
  text-align: center; flex: none; }
.body { flex: 1; min-width: 0; max-width: 640px; }
.by { font-weight: 700; } .by small { font: 400 12px sans-serif; color: var(--soft); }
.by i { font: 400 10px sans-serif; background: var(--line); border-radius: 2px; padding: 1px 3px; }
.asked { color: var(--soft); font-size: 13px; }
h3 { font-size: 18px; line-height: 1.33; margin: 8px 0 4px; }
.rich { margin: 4px 0; } .rich ul { padding-left: 22px; }
.context { color: var(--soft); font-size: 12.5px; margin: 5px 0; white-space: pre-line; }
code { color: var(--code); background: var(--well); border: 1px solid var(--line); border-radius: 3px; font-size: 12px;
  padding: 1px 3px; }
a { color: var(--link); text-decoration: none; }
button, .select { font: 700 13px/1 Lato, "Liberation Sans", sans-serif; color: var(--ink); background: var(--button);
  border: 1px solid var(--edge); border-radius: 4px; padding: 7px 11px; margin: 6px 6px 0 0; display: inline-block; }
.select { font-weight: 400; }
table { border-collapse: collapse; margin: 6px 0; font-size: 13.5px; }
td, th { border: 1px solid var(--line); padding: 5px 10px; text-align: left; vertical-align: top; }
th { background: var(--well); } .right { text-align: right; }
.chart { border: 1px solid var(--line); border-radius: 8px; padding: 10px 12px 4px; margin: 8px 0; }
.chart b { font-size: 13.5px; } svg { width: 100%; display: block; } svg text { fill: var(--soft); font-size: 10.5px; }
"""


def page(messages: list[tuple[str, Node]]) -> str:
    """Return all messages beside each other in both colours."""
    shown = "".join(_message(asked, payload) for asked, payload in messages)
    panes = "".join(f'<div class="pane {colour}">{shown}</div>' for colour in ("light", "dark"))
    return f'<!doctype html><meta charset="utf-8"><title>Slack</title><style>{_CSS}</style>{panes}'


def _message(asked: str, payload: Node) -> str:
    blocks = "".join(_block(block) for block in payload["blocks"])
    by = '<div class="by">Clout <i>APP</i> <small>2:00 PM</small></div>'
    shown = f'<div class="asked">dana used <b>{escape(asked)}</b></div>'
    return f'<div class="message"><div class="face">c</div><div class="body">{shown}{by}{blocks}</div></div>'


def _block(block: Node) -> str:
    match block["type"]:
        case "header":
            return f"<h3>{escape(block['text']['text'])}</h3>"
        case "rich_text":
            return f'<div class="rich">{_rich(block)}</div>'
        case "context":
            return "".join(f'<div class="context">{_words(one)}</div>' for one in block["elements"])
        case "section":
            beside = _control(block["accessory"]) if "accessory" in block else ""
            return f'<div class="rich">{_words(block["text"])} {beside}</div>'
        case "actions":
            return f"<div>{''.join(_control(one) for one in block['elements'])}</div>"
        case "table":
            return _table(block)
        case "data_visualization":
            return f'<div class="chart"><b>{escape(block["title"])}</b>{_chart(block["chart"])}</div>'
        case "divider":
            return "<hr>"
        case kind:
            return f'<div class="context">[{escape(kind)}]</div>'


def _rich(block: Node) -> str:
    return "".join(_part(part) for part in block["elements"])


def _part(part: Node) -> str:
    if part["type"] == "rich_text_list":
        return f"<ul>{''.join(f'<li>{_line(one)}</li>' for one in part['elements'])}</ul>"
    return f"<div>{_line(part)}</div>"


def _line(section: Node) -> str:
    return "".join(_element(one) for one in section["elements"])


def _element(element: Node) -> str:
    words = _date(element["timestamp"], element["format"]) if element["type"] == "date" else element["text"]
    shown = escape(words)
    style = element.get("style", {})
    if element["type"] == "link":
        shown = f'<a href="#">{shown}</a>'
    shown = f"<code>{shown}</code>" if style.get("code") else shown
    return f"<b>{shown}</b>" if style.get("bold") else shown


def _date(timestamp: int, form: str) -> str:
    at = datetime.fromtimestamp(timestamp, UTC)
    day = f"{_MONTHS[at.month - 1]} {at.day}, {at.year}"
    pretty = form.replace("{date_short_pretty}", "today" if at.date() == NOW.date() else day)
    pretty = pretty.replace("{date_short}", day)
    return pretty.replace("{time}", f"{at:%I:%M %p}".lstrip("0"))


def _words(text: Node) -> str:
    words = text["text"]
    if text["type"] == "plain_text":
        return escape(words)
    first, *dates = words.split("<!date^")
    shown = first
    for one in dates:
        token, rest = one.split(">", 1)
        stamp, form = token.split("|")[0].split("^")
        shown += _date(int(stamp), form) + rest
    parts = shown.split("`")
    return "".join(f"<code>{part}</code>" if at % 2 else part for at, part in enumerate(parts))


def _control(one: Node) -> str:
    if one["type"] == "button":
        return f"<button>{escape(one['text']['text'])}</button>"
    label = one["placeholder"]["text"] if "placeholder" in one else "⋯"
    return f'<span class="select">{escape(label)} ▾</span>'


def _table(block: Node) -> str:
    sides = ["right" if column["align"] == "right" else "" for column in block["column_settings"]]
    rows = ""
    for at, row in enumerate(block["rows"]):
        tag = "td" if at else "th"
        cells = (f'<{tag} class="{side}">{_cell(cell)}</{tag}>' for cell, side in zip(row, sides, strict=True))
        rows += f"<tr>{''.join(cells)}</tr>"
    return f"<table>{rows}</table>"


def _cell(cell: Node) -> str:
    return _rich(cell) if cell["type"] == "rich_text" else escape(cell["text"])


# --- the chart as a client draws it, roughly --------------------------------------------------------------------------

_WIDTH, _HEIGHT, _LEFT, _FOOT = 600, 190, 34, 22
_DASHES = ("", "6 3", "2 3", "8 3 2 3", "1 4", "10 4")


def _chart(chart: Node) -> str:
    series, days = chart["series"], chart["axis_config"]["categories"]
    values = [point["value"] for one in series for point in one["data"]]
    low, high = min(values) // 10 * 10, -(-max(values) // 10) * 10
    high = max(high, low + 10)
    parts = [*_grid(low, high), *_days(days), *(_drawn(one, at, low, high) for at, one in enumerate(series))]
    return f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}">{"".join(parts)}</svg>'


def _y(value: float, low: int, high: int) -> float:
    return 12 + (_HEIGHT - _FOOT - 16) * (high - value) / (high - low)


def _x(at: int, of: int) -> float:
    return _LEFT + (_WIDTH - _LEFT - 24) * at / (of - 1)


def _grid(low: int, high: int) -> Iterator[str]:
    for value in range(low, high + 1, 10 if high - low <= 60 else 20):
        y = _y(value, low, high)
        yield f'<line x1="{_LEFT}" x2="{_WIDTH}" y1="{y:.1f}" y2="{y:.1f}" stroke="var(--line)"/>'
        yield f'<text x="{_LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{value}</text>'


def _days(days: list[str]) -> Iterator[str]:
    step = -(-len(days) // 7)
    for at, day in enumerate(days):
        if (len(days) - 1 - at) % step == 0:
            yield f'<text x="{_x(at, len(days)):.1f}" y="{_HEIGHT - 6}" text-anchor="middle">{escape(day)}</text>'


def _drawn(series: Node, at: int, low: int, high: int) -> str:
    points = [(_x(n, len(series["data"])), _y(p["value"], low, high)) for n, p in enumerate(series["data"])]
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    dots = "".join(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.6" fill="var(--chart)"/>' for x, y in points)
    dash = f' stroke-dasharray="{_DASHES[at]}"' if _DASHES[at] else ""
    return f'<polyline points="{path}" fill="none" stroke="var(--chart)" stroke-width="2"{dash}/>{dots}'


if __name__ == "__main__":
    sys.stdout.write(page([("/influence @glowguru", render(card()).payload())]))
