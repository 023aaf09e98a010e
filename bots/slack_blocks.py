"""A card's blocks as Block Kit: text that cannot act, times in the reader's zone, tables and small print. Pure.

Outside words stand only where Slack reads no markup: plain text without emoji, text elements of rich text, raw cells.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime

from core.card import (
    Block,
    Column,
    Headline,
    Item,
    Line,
    Lines,
    Listing,
    MomentForm,
    Notes,
    Span,
    Sparkline,
    Table,
    TableRow,
    joined,
    line,
    plain,
    text,
)
from core.inert import inert

Json = dict[str, object]
"""A block or element as Slack reads it; its own library's models do not know the newer ones."""

HEADER_LIMIT = 150  # characters, docs.slack.dev/reference/block-kit
TEXT_LIMIT = 3_000  # characters of one text
TITLE_LIMIT = 200  # characters of a column's title
TABLE_ROWS, TABLE_COLUMNS, TABLE_CHARACTERS = 100, 20, 10_000  # of one table; a message has one
BLANK = "\u00a0"  # an empty cell is refused
_DATES: dict[MomentForm, str] = {
    "ago": "{date_short_pretty} {time}",
    "date": "{date_short}",
    "datetime": "{date_short_pretty} {time}",
}
_BOLD = frozenset({"strong", "up", "down", "warn"})
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SEEN = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
_MARKUP = str.maketrans({c: f"{c}\u200b" for c in "*_~`:@#"})


# --- words ------------------------------------------------------------------------------------------------------------


def unlinked(words: str) -> str:
    """Return words in which no address is recognised."""
    return words.replace("://", "\u200b://")


def shown(span: Span) -> str:
    """Return a span's text as it may stand where nothing is markup."""
    return unlinked(span.text) if span.untrusted else span.text


def mrkdwn(span: Span) -> str:
    """Return a span for a text that Slack reads as markup: nothing in it can link, mention or format."""
    if span.untrusted:
        return unlinked(span.text).translate(_SEEN).translate(_MARKUP)
    words = span.text.translate(_SEEN)
    if span.style == "code" and words and "`" not in words:
        return f"`{words}`"
    if span.moment is None or span.moment < _EPOCH:
        return words
    return f"<!date^{int(span.moment.timestamp())}^{_DATES[span.form]}|{words.replace('|', '/')}>"


def plain_text(words: str) -> Json:
    """Return a text object without markup."""
    return {"type": "plain_text", "text": words, "emoji": False}


def elements(one: Line, *, bold: bool = False) -> list[Json]:
    """Return a line as elements of rich text; neighbours of one style become one element."""
    found: list[Json] = []
    for span in one:
        for element in _element(span, bold):
            last = found[-1] if found else {}
            whole = f"{last.get('text', '')}{element.get('text', '')}"
            alike = last.get("type") == element["type"] == "text" and last.get("style") == element.get("style")
            if alike and len(whole) <= TEXT_LIMIT:
                found[-1] = {**last, "text": whole}
            else:
                found.append(element)
    return found


def _element(span: Span, bold: bool) -> Iterator[Json]:
    style = _style(span, bold)
    if span.moment is not None and span.moment >= _EPOCH and span.text:
        stamp = int(span.moment.timestamp())
        yield {"type": "date", "timestamp": stamp, "format": _DATES[span.form], "fallback": span.text, **style}
    elif span.url is not None and span.text:
        yield {"type": "link", "url": span.url, "text": shown(span)[:TEXT_LIMIT], **style}
    else:
        words = shown(span)
        parts = (words[at : at + TEXT_LIMIT] for at in range(0, len(words), TEXT_LIMIT))
        yield from ({"type": "text", "text": part, **style} for part in parts)


def _style(span: Span, bold: bool) -> Json:
    style = {"bold": True} if bold or span.style in _BOLD else {}
    if span.style == "code":
        style["code"] = True
    return {"style": style} if style else {}


# --- blocks -----------------------------------------------------------------------------------------------------------


def section(one: Line, *, bold: bool = False) -> Json:
    """Return a line of rich text."""
    return {"type": "rich_text_section", "elements": elements(one, bold=bold)}


def rich_text(parts: Iterable[Json]) -> list[Json]:
    """Return lines as one block, or as several where they are many; none for none."""
    blocks: list[list[Json]] = []
    room = 0
    for part in parts:
        size = size_of(part)
        if not blocks or size > room:
            blocks.append([])
            room = TEXT_LIMIT
        blocks[-1].append(part)
        room -= size
    return [{"type": "rich_text", "elements": found} for found in blocks]


_COUNTED = frozenset({"text", "fallback", "alt_text", "elements", "rows", "accessory", "options", "placeholder"})


def size_of(node: object) -> int:
    """Return how many characters of text a block, or a list of them, holds."""
    if not isinstance(node, dict):
        return sum(map(size_of, node)) if isinstance(node, list | tuple) else 0
    size = 0
    for name, inside in node.items():
        if name in _COUNTED:
            size += len(inside) if isinstance(inside, str) else size_of(inside)
    return size


def headline(block: Headline) -> list[Json]:
    """Return the answer in large type, and below it what needs a reader's own time or has no room there."""
    timed = (at for at, cell in enumerate(block.cells) if any(span.moment is not None for span in cell))
    firm = next(timed, len(block.cells))
    large = " · ".join("".join(map(shown, cell)) for cell in block.cells[:firm] if plain(cell).strip())
    if not large or len(large) > HEADER_LIMIT:
        rest = [section(joined(block.cells), bold=True)] if any(block.cells) else []
        return rich_text([*rest, *([section(block.aside)] if block.aside else [])])
    below = joined((*block.cells[firm:], block.aside))
    header: Json = {"type": "header", "text": plain_text(large)}
    return [header, *rich_text([section(below)] if below else [])]


def lines(block: Lines) -> list[Json]:
    """Return key facts, one below the other."""
    facts = (joined((fact.line, fact.aside)) for fact in block.facts)
    return rich_text(section(fact) for fact in facts if fact)


def sparkline(block: Sparkline) -> list[Json]:
    """Return the course of a score in characters, and in words."""
    return rich_text([section((text(f"{block.bars()}  "), *block.caption))])


def notes(block: Notes) -> list[Json]:
    """Return small print: lines of ours with the reader's times, others as plain text."""
    found: list[Json] = []
    for one in filter(None, block.lines):
        words = "".join(map(mrkdwn, one))
        if len(words) > TEXT_LIMIT or any(span.untrusted for span in one):
            _append(found, plain_text(unlinked(inert(plain(one), TEXT_LIMIT - 100))[:TEXT_LIMIT]))
        else:
            _append(found, {"type": "mrkdwn", "text": words, "verbatim": True})
    return [{"type": "context", "elements": [element]} for element in found]


def _append(found: list[Json], element: Json) -> None:
    """Add a line to the element before it when they are of one kind: side by side they would run together."""
    whole = f"{found[-1]['text']}\n{element['text']}" if found else ""
    if found and found[-1]["type"] == element["type"] and len(whole) <= TEXT_LIMIT:
        found[-1] = {**found[-1], "text": whole}
    else:
        found.append(element)


# --- lists and tables -------------------------------------------------------------------------------------------------


def bullets(rows: Sequence[Line]) -> list[Json]:
    """Return a list as blocks."""
    parts: list[list[Line]] = []
    room = 0
    for row in rows:
        size = sum(len(span.text) for span in row)
        if not parts or size > room:
            parts.append([])
            room = TEXT_LIMIT
        parts[-1].append(row)
        room -= size
    return [
        {"type": "rich_text", "elements": [{"type": "rich_text_list", "style": "bullet", "elements": _sections(part)}]}
        for part in parts
    ]


def _sections(rows: Sequence[Line]) -> list[Json]:
    return [section(row) for row in rows]


def labelled(label: Line, rows: Sequence[Line]) -> list[Json]:
    """Return a list under its label; a single row stands beside it."""
    rows = [row for row in rows if row]
    strong = tuple(span.model_copy(update={"style": "strong"}) for span in label)
    if strong and len(rows) == 1:
        return rich_text([section((*strong, text(": "), *rows[0]))])
    head = rich_text([section(strong)]) if strong else []
    if not head or not rows:
        return [*head, *bullets(rows)]
    first, *others = bullets(rows)
    # one block, so that no gap opens between a label and its rows
    whole: list[object] = [*_inside(head[0]), *_inside(first)]
    return [{"type": "rich_text", "elements": whole}, *others]


def _inside(block: Json) -> list[object]:
    inside = block["elements"]
    return inside if isinstance(inside, list) else []


def listing(block: Listing) -> list[Json]:
    """Return the entries of a list, each with what supports it."""
    return labelled(block.label, [entry(item) for item in block.items])


def entry(item: Item) -> Line:
    """Return an entry as one line."""
    return joined((item.line, item.detail), " – ")


def fits_a_table(block: Table) -> bool:
    """Return whether Slack's own table can hold the rows."""
    size = sum(len(span.text) + 1 for row in block.rows for one in (*row.cells, row.tail) for span in one)
    return len(block.rows) < TABLE_ROWS and len(block.columns) <= TABLE_COLUMNS and size <= TABLE_CHARACTERS // 2


def table(block: Table) -> list[Json]:
    """Return figures under their titles as Slack's own table, of which a message may hold one."""
    head = [{"type": "raw_text", "text": _title(column) or BLANK} for column in block.columns]
    rows = [head, *(_cells(row, len(block.columns)) for row in block.rows)]
    label = rich_text([section(line(text(block.label, "strong")))]) if block.label else []
    settings = [{"align": column.align, "is_wrapped": column.align == "left"} for column in block.columns]
    return [*label, {"type": "table", "rows": rows, "column_settings": settings}]


def _title(column: Column) -> str:
    """Return a column's title, which may be a creator's handle."""
    return unlinked(inert(column.title, TITLE_LIMIT))


def _cells(row: TableRow, width: int) -> list[Json]:
    cells = [*row.cells, *([row.tail] if row.tail else [])]
    return [_cell(one) for one in [*cells, *([()] * (width - len(cells)))]]


def _cell(one: Line) -> Json:
    if any(span.style != "plain" or span.url is not None or span.moment is not None for span in one):
        return {"type": "rich_text", "elements": [section(one)]}
    return {"type": "raw_text", "text": "".join(map(shown, one)) or BLANK}


def rows_in_words(block: Table) -> list[Line]:
    """Return rows as lines: each figure after the title it stands under where titles matter, else the first in bold."""
    return [row for row in (_row_in_words(row, block.columns, block.heads) for row in block.rows) if row]


def _row_in_words(row: TableRow, columns: Sequence[Column], heads: bool) -> Line:
    if not heads:
        return joined((*row.cells, row.tail))
    titled = [
        (Span(text=column.title, untrusted=True), text(" "), *cell) if column.title and cell else cell
        for column, cell in zip(columns, row.cells, strict=False)
    ]
    return joined((*titled, row.tail))


def described(block: Table) -> list[Json]:
    """Return a table as a list."""
    rows = rows_in_words(block)
    if not block.heads and len(rows) > 1:
        rows = [_first_strong(row) for row in rows]
    return labelled(line(block.label), rows)


def _first_strong(row: Line) -> Line:
    return (row[0].model_copy(update={"style": "strong"}) if row[0].style == "plain" else row[0], *row[1:])


def drawn(block: Block, *, as_table: bool) -> list[Json]:
    """Return a block of a card as Slack's; `as_table` says whether its figures may be the message's one table."""
    match block:
        case Headline():
            return headline(block)
        case Lines():
            return lines(block)
        case Sparkline():
            return sparkline(block)
        case Notes():
            return notes(block)
        case Listing():
            return listing(block)
        case Table():
            return table(block) if as_table and block.heads and fits_a_table(block) else described(block)


# --- the same as text -------------------------------------------------------------------------------------------------


def fallback(block: Block) -> Iterator[str]:
    """Return a block as lines of text for notices, screen readers and clients that show no blocks."""
    for one in _lines_of(block):
        words = "".join(map(mrkdwn, one)).strip()
        if words:
            yield words


def _lines_of(block: Block) -> list[Line]:
    match block:
        case Headline():
            return [joined((*block.cells, block.aside))]
        case Lines():
            return [joined((fact.line, fact.aside)) for fact in block.facts]
        case Sparkline():
            return [(text(f"{block.bars()}  "), *block.caption)]
        case Notes():
            return list(block.lines)
        case Listing():
            return [block.label, *(entry(item) for item in block.items)]
        case Table():
            return [line(block.label), *rows_in_words(block)]
