"""Cards with every kind of block, full of a stranger's words; the same seed makes the same card."""

import random
from datetime import timedelta
from functools import cache

from core.card import (
    Button,
    Card,
    Column,
    Fact,
    Headline,
    Item,
    Lines,
    Listing,
    Notes,
    Sparkline,
    Table,
    TableRow,
    at,
    line,
    outside,
    text,
)
from core.models import ChartPoint, ChartSeries, ChartSpec
from tests.core.readings_by_hand import NOW

PIECES = (
    "<!channel>",
    "<!here|x>",
    "<!everyone>",
    "<!subteam^S1>",
    "<@U123>",
    "<#C1|general>",
    "<https://evil.example|a>",
    "https://evil.example/x",
    "javascript://x",
    "@channel",
    "@here",
    "&lt;!channel&gt;",
    "&amp;",
    "*b*",
    "_i_",
    "~s~",
    "`c`",
    "```",
    ":smile:",
    "\n> quote",
    "\x00",
    "\x1b[31m",
    "\u202e",
    "\u200b",
    "\ud800",
    "|",
    "^",
    "日本語",
    "Z\u0351\u0352\u0353\u0354\u0355\u0356",
    "👩\u200d💻",
    "ﷺ" * 40,
    "w" * 300,
    "<" * 90,
    "&" * 90,
    '"}]',
    " ",
    "{date}",
    "<!date^1^{date}|x>",
)


STYLES = ("plain", "strong", "code")


def words(chance, most=6):
    """A stranger's words."""
    return "".join(chance.choice(PIECES) for _ in range(chance.randrange(most + 1)))


@cache
def _strangers():
    """Spans to draw from: cleaning each text anew would be most of the work."""
    chance = random.Random(20)
    return [outside(words(chance), chance.choice((1, 40, 64, 240, 2_000)), chance.choice(STYLES)) for _ in range(3_000)]


@cache
def _parts():
    """Headlines, other blocks, buttons and charts to put cards together from."""
    chance = random.Random(21)
    kinds = (_lines, _table, _sparkline, _notes, _listing)
    return (
        [_headline(chance) for _ in range(500)],
        [kind(chance) for kind in kinds for _ in range(500)],
        [_button(chance) for _ in range(500)],
        [_chart(chance) for _ in range(200)],
    )


def card(chance):
    """One card out of a random choice of blocks."""
    heads, blocks, buttons, charts = _parts()
    count = 12 if chance.random() < 0.01 else chance.choice((1, 1, 2))
    chosen = [chance.choice(heads), *(chance.choice(blocks) for _ in range(count))]
    return Card(
        kind="score",
        title=line("t"),
        blocks=tuple(chosen * 30 if chance.random() < 0.001 else chosen),
        buttons=tuple(chance.choice(buttons) for _ in range(chance.randrange(3))),
        private=chance.random() < 0.5,
        chart=chance.choice(charts) if chance.random() < 0.05 else None,
    )


def _line(chance):
    said = chance.choice(_strangers())
    return line("said: " if chance.random() < 0.5 else "", said)


def _headline(chance):
    return Headline(cells=(line(chance.choice(_strangers())), line("62 (58 to 65)")), aside=_time(chance))


def _time(chance):
    return line("since ", at(NOW - timedelta(days=chance.choice((0, 9, 400, 30_000))), "15 Nov", "date"))


def _lines(chance):
    return Lines(facts=tuple(Fact(line=_line(chance), aside=_time(chance)) for _ in range(chance.randrange(3))))


def _table(chance):
    columns = tuple(Column(title=title) for title in ("Network", words(chance, 1), "", "Posts"))
    count = chance.choice((0, 1, 2, 3, 15, 40) if chance.random() < 0.2 else (1, 2, 3))
    rows = tuple(
        TableRow(cells=(line("Bluesky"), _line(chance)), tail=_line(chance) if chance.random() < 0.5 else ())
        for _ in range(count)
    )
    label = chance.choice(("", "Read"))
    return Table(label=label, columns=columns, rows=rows, heads=chance.random() < 0.5)


def _sparkline(chance):
    return Sparkline(values=tuple(chance.uniform(1, 100) for _ in range(5)), caption=line("48 to 62"))


def _notes(chance):
    return Notes(lines=tuple(chance.choice((_line, _time))(chance) for _ in range(chance.randrange(4))))


def _button(chance):
    return Button(label=words(chance, 1), command="influence", arguments=(("creator", words(chance, 2)),))


def _listing(chance):
    items = tuple(
        Item(
            line=_line(chance),
            detail=_line(chance),
            buttons=tuple(_button(chance) for _ in range(chance.randrange(3))),
        )
        for _ in range(chance.choice((0, 1, 2, 16) if chance.random() < 0.1 else (1, 2)))
    )
    return Listing(label=line(text("also"), chance.choice(_strangers())), items=items, choose=chance.random() < 0.5)


def _chart(chance):
    series = tuple(_series(chance) for _ in range(chance.randrange(1, 8)))
    return ChartSpec(series=series, title=f"Score of {words(chance, 2)}", alt=words(chance), zone="Pacific/Apia")


def _series(chance):
    days = sorted(chance.sample(range(500), chance.randrange(0, 40)), reverse=True)
    points = (ChartPoint(at=NOW - timedelta(days=d), score=chance.uniform(1, 100), low=1.0, high=100.0) for d in days)
    return ChartSeries(name=outside(words(chance, 2), 64).text, points=tuple(points))
