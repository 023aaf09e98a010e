"""A card as text: aligned columns, a bar for each score, nothing but printable characters unless colour is wanted.

Pure. Without `colour` the result holds no control character but line feeds; without `unicode` it is ASCII.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from rich.cells import cell_len, chop_cells

from core.card import (
    Block,
    Button,
    Card,
    Fact,
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
    outside,
    plain,
    text,
)

LEAST_WIDTH = 24  # columns; a narrower screen wraps by itself
_GAP = "   "
_LEAST_CELL = 20  # columns that the last cell of a row needs to be worth wrapping; else the row becomes a paragraph
_LEAST_FOR_LABEL = 72  # columns from which a table's label stands beside its rows
_TYPED_LIMIT = 300  # characters; the longest handle a network allows, and a command before it
_SGR = {"strong": "1", "quiet": "2", "up": "32", "down": "31", "warn": "33", "code": "36"}
_ASCII = str.maketrans(
    {"▲": "up", "▼": "down", "●": "*", "·": "|", "−": "-", "…": "...", "×": "x", "’": "'"}
    | dict(zip("▁▂▃▄▅▆▇█", "_.:-=+*#", strict=True))
)
_WORDS = re.compile(r"(\s+)|(\S+)")

Rendered = list[Line]
"""Lines that fit the width."""


def render(card: Card, *, width: int = 100, colour: bool = False, unicode: bool = True) -> str:
    """Return the card as text at most `width` columns wide, ending without a line feed.

    `colour` adds terminal styles and links; `unicode` False writes ASCII for terminals that know no more.
    """
    room = max(width, LEAST_WIDTH)
    drawn = _Page(room, links=not colour, unicode=unicode).card(card)
    return "\n".join(_painted(one) if colour else _bare(one) for one in drawn)


def _bare(one: Line) -> str:
    return plain(one).rstrip()


def _painted(one: Line) -> str:
    return "".join(_paint(span) for span in one).rstrip()


def _paint(span: Span) -> str:
    style = _SGR.get(span.style)
    shown = f"\x1b[{style}m{span.text}\x1b[0m" if style and span.text.strip() else span.text
    return f"\x1b]8;;{span.url}\x1b\\{shown}\x1b]8;;\x1b\\" if span.url else shown


def _cells(one: Line) -> int:
    return sum(cell_len(span.text) for span in one)


def _spaces(count: int) -> Line:
    return (text(" " * count),) if count > 0 else ()


@dataclass(frozen=True, slots=True)
class _Page:
    """Where a card is laid out.

    `links` prints the addresses of running text, since nothing can be clicked; in tables they would double the rows.
    """

    width: int
    links: bool
    unicode: bool

    def card(self, card: Card) -> Rendered:
        drawn: Rendered = []
        before: Block | None = None
        for block in card.blocks:
            if before is not None and _apart(before, block):
                drawn.append(())
            drawn += self.block(block)
            before = block
        said = card.facts() if card.links else ()
        for link in card.links:
            if link.opens and not any(link.url in fact for fact in said):
                drawn += self.wrapped(line(f"{self.own(link.label)}: {link.url}"))
        if card.buttons:
            drawn += [(), *self.wrapped(line(" ".join(f"[{self.own(b.label)}]" for b in card.buttons)))]
        return drawn

    def block(self, block: Block) -> Rendered:
        match block:
            case Headline():
                return self.facing(joined(block.cells, _GAP), block.aside)
            case Lines():
                return [one for fact in block.facts for one in self.fact(fact)]
            case Table():
                return self.table(block)
            case Sparkline():
                return self.wrapped(self.line((text(block.bars()), text(_GAP), *block.caption)))
            case Notes():
                return [one for note in block.lines for one in self.wrapped(self.with_links(note))]
            case Listing():
                return self.listing(block)

    # --- lines --------------------------------------------------------------------------------------------------------

    def own(self, words: str) -> str:
        """Return text in the characters this page may use."""
        if self.unicode:
            return words
        plainer = unicodedata.normalize("NFKD", words.translate(_ASCII))
        return "".join(c for c in plainer if not unicodedata.combining(c)).encode("ascii", "replace").decode()

    def line(self, one: Line) -> Line:
        return one if self.unicode else tuple(s.model_copy(update={"text": self.own(s.text)}) for s in one)

    def with_links(self, one: Line) -> Line:
        """Return a line with its addresses after it, unless they are its text already."""
        if not self.links:
            return one
        urls = [span.url for span in one if span.url is not None and span.url != span.text]
        return (*one, text(f" ({', '.join(urls)})")) if urls else one

    def fact(self, fact: Fact) -> Rendered:
        return self.facing(self.with_links(fact.line), fact.aside)

    def facing(self, left: Line, right: Line) -> Rendered:
        """Return two texts at the ends of a line, or below each other where there is no room."""
        left, right = self.line(left), self.line(right)
        room = self.width - _cells(left) - _cells(right)
        if not right or not left or room < len(_GAP):
            return [*(self.wrapped(left) if left else []), *(self.wrapped(right) if right else [])]
        return [(*left, *_spaces(room), *right)]

    def wrapped(self, one: Line, width: int | None = None, hang: int = 2) -> Rendered:
        """Return a line broken at spaces; what follows the first hangs by `hang` columns."""
        room = self.width if width is None else width
        one = self.line(one)
        return [one] if _cells(one) <= room else _broken(one, room, min(hang, room // 4))

    # --- lists --------------------------------------------------------------------------------------------------------

    def listing(self, block: Listing) -> Rendered:
        drawn = self.wrapped(block.label) if block.label else []
        if not block.choose:
            return drawn + self.rows([self._pair(item) for item in block.items], (False, False), 0)
        for item in block.items:
            drawn += self.indented(self.with_links(item.line), 2)
            drawn += self.indented(item.detail, 4) if item.detail else []
            drawn += self.indented(self.pressed(item.buttons), 4) if item.buttons else []
        return drawn

    def _pair(self, item: Item) -> TableRow:
        return TableRow(cells=(self.with_links(item.line), item.detail))

    def pressed(self, buttons: Sequence[Button]) -> Line:
        return joined(line(f"{b.label}: ", outside(b.typed, _TYPED_LIMIT, "code")) for b in buttons)

    def indented(self, one: Line, by: int) -> Rendered:
        return [(*_spaces(by), *part) for part in self.wrapped(one, self.width - by)]

    # --- tables -------------------------------------------------------------------------------------------------------

    def table(self, block: Table) -> Rendered:
        right = tuple(column.align == "right" for column in block.columns)
        heads = [TableRow(cells=tuple(line(text(c.title, "quiet")) for c in block.columns))] if block.heads else []
        rows = [*heads, *block.rows]
        if block.heads and not self._fits(rows, 0):
            return self._told(block)
        if not block.label:
            return self.rows(rows, right, 0)
        label = self.line((text(block.label, "strong"),))
        indent = _cells(label) + len(_GAP)
        if self.width < _LEAST_FOR_LABEL:
            return [*self.wrapped(label), *self.rows(rows, right, 2)]
        drawn = self.rows(rows, right, indent)
        return [(*label, *_spaces(len(_GAP)), *drawn[0][1:]), *drawn[1:]]

    def rows(self, rows: Sequence[TableRow], right: Sequence[bool], indent: int) -> Rendered:
        """Return rows in aligned columns, or each as a paragraph where the columns leave no room."""
        rows = [_trimmed(TableRow(cells=tuple(map(self.line, r.cells)), tail=self.line(r.tail))) for r in rows]
        widths = _widths(rows)
        room = self.width - indent
        starts = _starts(widths)
        if any(room - starts[at] < need for at, need in _needs(rows)):
            return [one for row in rows for one in self._paragraph(row, indent)]
        return [one for row in rows for one in self._aligned(row, widths, starts, right, indent)]

    def _fits(self, rows: Sequence[TableRow], indent: int) -> bool:
        """Return whether rows can stand in columns."""
        rows = [_trimmed(TableRow(cells=tuple(map(self.line, r.cells)), tail=self.line(r.tail))) for r in rows]
        starts = _starts(_widths(rows))
        return all(self.width - indent - starts[at] >= need for at, need in _needs(rows))

    def _told(self, block: Table) -> Rendered:
        """Return a table whose titles matter as paragraphs, each figure under the title it had."""
        drawn = self.wrapped((text(block.label, "strong"),)) if block.label else []
        for row in block.rows:
            titled = [
                (text(f"{column.title} ", "quiet"), *cell) if column.title and cell else cell
                for column, cell in zip(block.columns, row.cells, strict=False)
            ]
            drawn += self._paragraph(TableRow(cells=tuple(map(self.line, titled)), tail=self.line(row.tail)), 0)
        return drawn

    def _paragraph(self, row: TableRow, indent: int) -> Rendered:
        whole = joined((*row.cells, row.tail))
        return [(*_spaces(indent), *part) for part in self.wrapped(whole, self.width - indent)]

    def _aligned(
        self, row: TableRow, widths: Sequence[int], starts: Sequence[int], right: Sequence[bool], indent: int
    ) -> Rendered:
        """Return a row whose last text may run on below itself."""
        cells, last = (row.cells, row.tail) if row.tail else (row.cells[:-1], row.cells[-1])
        head: Line = ()
        for at, cell in enumerate(cells):
            if widths[at]:
                pad = _spaces(widths[at] - _cells(cell))
                head = (*head, *((*pad, *cell) if right[at] else (*cell, *pad)), *_spaces(len(_GAP)))
        start = starts[len(cells)]
        room = self.width - indent - start
        if not row.tail and right[len(cells)]:
            last = (*_spaces(widths[len(cells)] - _cells(last)), *last)
        parts = self.wrapped(last, room, 0) or [()]
        drawn = [(*head, *parts[0]), *((*_spaces(start), *part) for part in parts[1:])]
        return [(*_spaces(indent), *one) for one in drawn]


def _apart(before: Block, block: Block) -> bool:
    """Return whether an empty line stands between two blocks."""
    if isinstance(before, Headline):
        return not isinstance(block, Lines | Sparkline)
    if isinstance(before, Lines):
        return isinstance(block, Lines | Listing | Notes) or (isinstance(block, Table) and bool(block.label))
    return True


def _trimmed(row: TableRow) -> TableRow:
    """Return a row without the empty cells at its end, which need no room."""
    last = max((at for at, cell in enumerate(row.cells) if cell), default=0)
    return row if row.tail else row.model_copy(update={"cells": row.cells[: last + 1]})


def _widths(rows: Sequence[TableRow]) -> list[int]:
    count = max((len(row.cells) for row in rows), default=0)
    return [max((_cells(row.cells[at]) for row in rows if len(row.cells) > at), default=0) for at in range(count)]


def _starts(widths: Sequence[int]) -> list[int]:
    return [sum(w + len(_GAP) for w in widths[:at] if w) for at in range(len(widths) + 1)]


def _needs(rows: Sequence[TableRow]) -> list[tuple[int, int]]:
    """Return (column, columns of room needed there) for the last text of each row, the only one that may wrap."""
    needs = []
    for row in rows:
        at, last = (len(row.cells), row.tail) if row.tail else (len(row.cells) - 1, row.cells[-1])
        needs.append((at, min(_cells(last), _LEAST_CELL)))
    return needs


# --- breaking lines ---------------------------------------------------------------------------------------------------


def _broken(one: Line, room: int, hang: int) -> Rendered:
    """Return a line broken at spaces, or inside a word that is longer than the room."""
    drawn: list[list[Span]] = [[]]
    used, gap = 0, 0
    for word in _words(one):
        if isinstance(word, int):
            gap = word
            continue
        size = _cells(word)
        if used > hang and used + gap + size > room:
            drawn.append([*_spaces(hang)])
            used, gap = hang, 0
        for piece in _pieces(word, room - hang) if used + gap + size > room else (word,):
            if used > hang and used + gap + _cells(piece) > room:
                drawn.append([*_spaces(hang)])
                used, gap = hang, 0
            drawn[-1] += [*_spaces(gap), *piece]
            used, gap = used + gap + _cells(piece), 0
    return [tuple(spans) for spans in drawn if spans]


def _words(one: Line) -> list[Line | int]:
    """Return words, each of one or more spans, and the number of spaces between them."""
    found: list[Line | int] = []
    for span in one:
        for spaces, word in _WORDS.findall(span.text):
            last = found[-1] if found else 0
            if spaces:
                found.append(len(spaces))
            elif isinstance(last, int):
                found.append((span.model_copy(update={"text": word}),))
            else:
                found[-1] = (*last, span.model_copy(update={"text": word}))
    return found


def _pieces(word: Line, room: int) -> list[Line]:
    """Return a word in pieces that fit."""
    pieces: list[Line] = []
    for span in word:
        pieces += [(span.model_copy(update={"text": part}),) for part in chop_cells(span.text, room)]
    return pieces
