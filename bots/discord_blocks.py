"""A card's blocks as Discord's markdown: headlines, lists, small print, and tables that a telephone can show. Pure."""

from collections.abc import Iterator, Sequence

from bots.discord_text import boxed, emphasised, escaped, marked
from core.card import (
    Block,
    Column,
    Headline,
    Item,
    Line,
    Lines,
    Listing,
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

BOX_WIDTH = 40  # characters of a line of code on a telephone, before it breaks
_GAP = "  "
_LEAST_LEAD = 10  # characters of the first column beside the figures
_SMALL = "-# "


def drawn(block: Block) -> list[str]:
    """Return a block as lines of markup."""
    match block:
        case Headline():
            return list(_headline(block))
        case Lines():
            return [marked(one) for fact in block.facts if (one := joined((fact.line, fact.aside)))]
        case Sparkline():
            return [f"{block.bars()}  {marked(block.caption)}".rstrip()]
        case Notes():
            return [_SMALL + marked(one, bold=False) for one in block.lines if plain(one).strip()]
        case Listing():
            return _labelled(block.label, [_entry(item) for item in block.items])
        case Table():
            return _table(block)


def _headline(block: Headline) -> Iterator[str]:
    cells = joined(block.cells)
    if plain(cells).strip():
        yield f"### {marked(cells, bold=False)}"
    if plain(block.aside).strip():
        yield marked(block.aside)


def _entry(item: Item) -> str:
    return marked(joined((item.line, item.detail), " – "))


def beside(item: Item) -> str:
    """Return an entry that stands beside its button."""
    return _entry(item)


def label(block: Listing) -> list[str]:
    """Return what a list is called."""
    return [emphasised(marked(block.label, bold=False))] if plain(block.label).strip() else []


def _labelled(name: Line, rows: Sequence[str]) -> list[str]:
    rows = [row for row in rows if row.strip()]
    if not plain(name).strip():
        return [f"- {row}" for row in rows] if len(rows) > 1 else list(rows)
    strong = emphasised(marked(name, bold=False))
    return [f"{strong}: {rows[0]}"] if len(rows) == 1 else [strong, *(f"- {row}" for row in rows)]


# --- tables -----------------------------------------------------------------------------------------------------------


def _table(block: Table) -> list[str]:
    if block.heads and (box := _box(block)):
        return [*([emphasised(escaped(block.label))] if block.label else []), *box]
    rows = [_row(row, block.columns, block.heads) for row in block.rows]
    first = Span(text=block.columns[0].title, untrusted=True) if block.heads and block.columns else text("")
    return _labelled(joined((line(block.label), line(first)), ": "), rows)


def _box(block: Table) -> list[str]:
    """Return figures under their titles, aligned in a block of code; none where a telephone would break its lines."""
    if any(row.tail or any(_needs_markup(cell) for cell in row.cells) for row in block.rows) or len(block.rows) < 2:
        return []
    titles = [boxed(inert(column.title, BOX_WIDTH)) for column in block.columns]
    cells = [titles, *([boxed(plain(cell)) for cell in row.cells] for row in block.rows)]
    cells = [[*row, *([""] * (len(titles) - len(row)))] for row in cells]
    lead, *widths = [max(map(_width, column)) for column in zip(*cells, strict=True)]
    room = BOX_WIDTH - sum(widths) - len(_GAP) * len(widths)
    if room < min(lead, _LEAST_LEAD) or lead > BOX_WIDTH:
        return []
    columns = [min(lead, room), *widths]
    return ["```", *(shown for row in cells for shown in _aligned(row, block.columns, columns)), "```"]


def _needs_markup(cell: Line) -> bool:
    return any(span.url is not None or (span.moment is not None and span.form != "date") for span in cell)


def _width(words: str) -> int:
    return len(words) - words.count("\u200b")


def _aligned(row: Sequence[str], columns: Sequence[Column], widths: Sequence[int]) -> Iterator[str]:
    """Yield a row as a line of its own width; a first cell that is wider stands above the others."""
    if _width(row[0]) > widths[0]:
        yield row[0]
        row = ["", *row[1:]]
    cells = []
    for words, column, width in zip(row, columns, widths, strict=True):
        room = " " * (width - _width(words))
        cells.append(room + words if column.align == "right" else words + room)
    yield _GAP.join(cells).rstrip() or "\u200b"


def _row(row: TableRow, columns: Sequence[Column], heads: bool) -> str:
    cells = [cell for cell in row.cells if plain(cell).strip()]
    if not heads:
        alone = len(cells) + bool(row.tail) < 2
        first = cells[0] if alone and cells else _strong(cells[0]) if cells else ()
        return marked(joined((first, *cells[1:], row.tail)))
    figures = [_titled(cell, column) for cell, column in zip(row.cells[1:], columns[1:], strict=False)]
    lead = marked(_strong(row.cells[0]) if row.cells and plain(row.cells[0]).strip() else ())
    rest = marked(joined((*figures, row.tail)))
    return f"{lead}: {rest}" if lead and rest else lead or rest


def _titled(cell: Line, column: Column) -> Line:
    if not column.title or not plain(cell).strip():
        return cell
    return (Span(text=column.title, untrusted=True), text(" "), *cell)


def _strong(cell: Line) -> Line:
    return tuple(span.model_copy(update={"style": "strong"}) if span.style == "plain" else span for span in cell)
