"""Draws Discord messages as one HTML page to look at without a server: on a screen, and as narrow as a telephone.

`python -m docs.preview_discord > page.html` draws the score card of an invented creator out of the components that are
sent; the picture in docs/pictures is that page in a browser without a window: `chromium --headless --no-sandbox
--disable-gpu --hide-scrollbars --disable-background-networking --window-size=1080,1260 --screenshot=discord-card.png
page.html`. It is a likeness: only Discord draws what Discord draws.
"""

import base64
import re
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from html import escape
from typing import Any

from bots.render_discord import render
from core.card import Button, Card
from core.chart import draw
from docs.pictured import card
from tests.core.readings_by_hand import NOW

Node = Mapping[str, Any]

_CSS = """
* { box-sizing: border-box; margin: 0; }
body { display: flex; background: #313338; color: #dbdee1; font: 16px/1.375 "gg sans", "Noto Sans", "Liberation Sans",
  Arial, sans-serif; }
.pane { padding: 20px; } .wide { flex: 1; min-width: 0; } .narrow { width: 400px; background: #2b2d31; }
.asked { color: #949ba4; font-size: 14px; margin: 0 0 4px 56px; } .asked b { color: #c9cdfb; font-weight: 500; }
.message { display: flex; gap: 16px; }
.face { width: 40px; height: 40px; border-radius: 50%; background: #5b4bff; color: #fff; font: 700 20px/40px sans-serif;
  text-align: center; flex: none; }
.by { font-weight: 600; color: #fff; } .by i { font: 600 10px sans-serif; background: #5865f2; border-radius: 3px;
  padding: 2px 4px; vertical-align: 2px; } .by small { color: #949ba4; font-weight: 400; font-size: 12px; }
.body { min-width: 0; flex: 1; max-width: 560px; }
.container { background: #2b2d31; border: 1px solid #404249; border-left: 4px solid var(--accent); border-radius: 8px;
  padding: 14px 16px; margin-top: 6px; }
.narrow .container { background: #313338; } .narrow .face { width: 32px; height: 32px; line-height: 32px; }
.narrow .message { gap: 10px; } .narrow .asked { margin-left: 42px; }
.text { margin-bottom: 8px; white-space: pre-wrap; overflow-wrap: anywhere; }
h3 { font-size: 20px; line-height: 1.3; color: #fff; margin: 0; } small.sub { color: #949ba4; font-size: 12.5px; }
.li { display: block; padding-left: 18px; text-indent: -12px; } a { color: #00a8fc; text-decoration: none; }
.time { background: #3f4248; border-radius: 3px; padding: 0 2px; }
pre { background: #1e1f22; border: 1px solid #232428; border-radius: 4px; padding: 7px; white-space: pre-wrap;
  font: 13px/1.3 "DejaVu Sans Mono", monospace; }
code { background: #1e1f22; border-radius: 3px; padding: 1px 4px; font-size: 13px; }
img { width: 100%; border-radius: 8px; display: block; margin: 2px 0 10px; }
.row { display: flex; flex-wrap: wrap; gap: 8px; margin-top: 8px; }
button, .select { font: 500 14px/1 inherit; color: #fff; background: #4e5058; border: 0; border-radius: 8px;
  padding: 9px 14px; font-family: inherit; } .select { background: #1e1f22; flex: 1; } button[disabled] { opacity: .5; }
"""
_ESCAPED = re.compile(r"\\([\\*_~`|>#\[\]()<:\-.])")
_TIME = re.compile(r"&lt;t:(\d+):([RDf])&gt;")
_LINK = re.compile(r"\[([^\]]*)\]\(&lt;(https://[^&]*)&gt;\)")


def page(shown: list[tuple[str, Card]]) -> str:
    """Return the cards as wide as a screen and as narrow as a telephone."""
    both = "".join(
        f'<div class="pane {width}">{"".join(_message(asked, card) for asked, card in shown)}</div>'
        for width in ("wide", "narrow")
    )
    return f'<!doctype html><meta charset="utf-8"><title>Discord</title><style>{_CSS}</style>{both}'


def _message(asked: str, card: Card) -> str:
    message = render(card, again=Button(label="", command="influence"))
    png = base64.b64encode(draw(card.chart, dark=True)).decode() if card.chart is not None else ""
    inside = "".join(_part(part, png) for part in message.components)
    by = '<div class="by">Clout <i>APP</i> <small>Today at 14:00</small></div>'
    head = f'<div class="asked">dana used <b>{escape(asked)}</b></div>'
    return f'{head}<div class="message"><div class="face">c</div><div class="body">{by}{inside}</div></div>'


def _part(part: Node, png: str) -> str:
    inside = "".join(_part(one, png) for one in part.get("components", ()))
    match part["type"]:
        case 17:
            return f'<div class="container" style="--accent:#{part["accent_color"]:06x}">{inside}</div>'
        case 10:
            return f'<div class="text">{_markdown(part["content"])}</div>'
        case 12:
            return f'<img alt="{escape(part["items"][0]["description"])}" src="data:image/png;base64,{png}">'
        case 9:
            return f"{inside}{_part(part['accessory'], png)}"
        case 1:
            return f'<div class="row">{inside}</div>'
        case 2:
            return f"<button{' disabled' if part.get('disabled') else ''}>{escape(part['label'])}</button>"
        case _:
            return f'<span class="select">{escape(part["placeholder"])} ▾</span>'


def _markdown(content: str) -> str:
    parts = re.split(r"```\n([\s\S]*?)\n```\n?", content)
    return "".join(f"<pre>{escape(one)}</pre>" if at % 2 else _lines(one) for at, one in enumerate(parts))


def _lines(content: str) -> str:
    return (
        "\n".join(_line(one) for one in content.split("\n")).replace("</h3>\n", "</h3>").replace("</span>\n", "</span>")
    )


def _line(one: str) -> str:
    held: list[str] = []

    def hold(found: re.Match[str]) -> str:
        held.append(found[1])
        return f"\x00{len(held) - 1}\x01"

    words = escape(_ESCAPED.sub(hold, one), quote=False)
    words = _TIME.sub(lambda found: f'<span class="time">{_time(int(found[1]), found[2])}</span>', words)
    words = _LINK.sub(r'<a href="#">\1</a>', words)
    words = re.sub(r"\*\*(.+?)\*\*", r"<b>\1</b>", words)
    words = re.sub(r"`([^`]+)`", r"<code>\1</code>", words)
    words = re.sub("\x00(\\d+)\x01", lambda found: escape(held[int(found[1])]), words)
    if words.startswith("### "):
        return f"<h3>{words[4:]}</h3>"
    if words.startswith("-# "):
        return f'<small class="sub">{words[3:]}</small>'
    return f'<span class="li">• {words[2:]}</span>' if words.startswith("- ") else words


def _time(stamp: int, form: str) -> str:
    at = datetime.fromtimestamp(stamp, UTC)
    if form == "R":
        return f"{round((NOW - at).total_seconds() / 3600)} hours ago"
    day = f"{at.day} {at:%B %Y}"
    return day if form == "D" else f"{day} {at:%H:%M}"


if __name__ == "__main__":
    sys.stdout.write(page([("/influence handle:@glowguru", card())]))
