"""Long cards in parts: a page of their lists, fewer rows, fewer sentences; never half a row or half a sentence. Pure.

Front ends whose messages are small cut the card first and draw it then, so that all they show agrees.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeVar

from core.card import (
    Block,
    Card,
    Fact,
    Item,
    Line,
    Lines,
    Listing,
    Notes,
    Span,
    Sparkline,
    Table,
    TableRow,
    line,
    plain,
)

ROWS_A_PAGE = 10
ROWS_WHOLE = 14  # a list up to here is shown whole: turning a page for four rows is more work than reading them
WORDY = 3_000  # characters of a table above which its remarks are shortened
_REMARK = 240  # characters a shortened remark may have; its first sentence stays whatever its length

_SENTENCE = re.compile(r"(?<=[.?!]) +(?=[A-Z])")
_SHORTENED = "Longer remarks are shortened here."
_Row = TypeVar("_Row")


@dataclass(frozen=True, slots=True)
class Page:
    """A card cut to one page: `number` counts from 0, `of` is how many there are."""

    card: Card
    number: int = 0
    of: int = 1


def chart_place(card: Card) -> int:
    """Return the block after which a chart stands: the sparkline, a digest's words, the key facts or the headline."""
    kinds = [type(block) for block in card.blocks]
    if card.kind == "digest":  # the movers are the answer, their lines its picture; only the small print comes after
        return max(at for at, kind in enumerate(kinds) if kind is not Notes)
    if Sparkline in kinds:
        return kinds.index(Sparkline)
    return 1 if kinds[1:2] == [Lines] else 0


def beside_picture(block: Block) -> Block:
    """Return what is drawn beside a picture: a course of characters adds nothing, and screen readers spell it out."""
    return Lines(facts=(Fact(line=block.caption),)) if isinstance(block, Sparkline) else block


# --- pages ------------------------------------------------------------------------------------------------------------


def page_of(card: Card, number: int, *, rows: int = ROWS_A_PAGE, whole: int = ROWS_WHOLE) -> Page:
    """Return the nearest page there is: rows may have gone since its number was printed.

    The first page has all but the further rows of long lists, later ones the headline and those rows. `rows` stand on
    a page; a list of up to `whole` is not parted.
    """
    longest = max((len(_rows(block)) for block in card.blocks if len(_rows(block)) > whole), default=0)
    if not longest:
        return Page(card)
    last = -(-longest // rows) - 1
    at = max(0, min(number, last))
    start, end = at * rows + 1, min((at + 1) * rows, longest)
    place = Notes(lines=(line(f"{start} to {end} of {longest}"),))
    blocks = [part for block in card.blocks if (part := _on_page(block, at, rows, whole)) is not None]
    kept = card if at == 0 else card.model_copy(update={"chart": None})
    return Page(kept.model_copy(update={"blocks": (*blocks, place)}), at, last + 1)


def _rows(block: Block) -> tuple[TableRow, ...] | tuple[Item, ...]:
    match block:
        case Table(rows=rows):
            return rows
        case Listing(items=items):
            return items
        case _:
            return ()


def _on_page(block: Block, at: int, rows: int, whole: int) -> Block | None:
    if len(_rows(block)) <= whole:
        return block if at == 0 or block.kind == "headline" else None
    part = _rows(block)[at * rows : (at + 1) * rows]
    return block.model_copy(update={_FIELDS[block.kind]: part}) if part else None


# --- fewer rows -------------------------------------------------------------------------------------------------------

_FIELDS = {"table": "rows", "list": "items", "lines": "facts", "notes": "lines"}


def with_rows(card: Card, most: int) -> Card:
    """Return the card with at most that many rows in each block, and how many more there are."""
    return card.model_copy(update={"blocks": tuple(_fewer(block, most) for block in card.blocks)})


def _fewer(block: Block, most: int) -> Block:
    match block:
        case Table(rows=rows):
            return block.model_copy(update={"rows": _first(rows, most, TableRow(cells=(_more(rows, most),)))})
        case Listing(items=items):
            return block.model_copy(update={"items": _first(items, most, Item(line=_more(items, most)))})
        case Lines(facts=facts):
            return block.model_copy(update={"facts": _first(facts, most, Fact(line=_more(facts, most)))})
        case Notes(lines=lines):
            return block.model_copy(update={"lines": _first(lines, most, _more(lines, most))})
        case _:
            return block


def _more(rows: tuple[object, ...], most: int) -> Line:
    return line(f"and {len(rows) - most} more")


def _first(rows: tuple[_Row, ...], most: int, more: _Row) -> tuple[_Row, ...]:
    return (*rows[:most], more) if len(rows) > most else rows


# --- fewer sentences --------------------------------------------------------------------------------------------------


def in_brief(card: Card) -> Card:
    """Return the card with the remarks of wordy tables cut after whole sentences, and a note that says so."""
    blocks = tuple(_brief(block) if isinstance(block, Table) else block for block in card.blocks)
    if blocks == card.blocks:
        return card
    return card.model_copy(update={"blocks": (*blocks, Notes(lines=(line(_SHORTENED),)))})


def _brief(table: Table) -> Table:
    lines = [one for row in table.rows for one in (*row.cells, row.tail)]
    if sum(len(span.text) for one in lines for span in one) <= WORDY:
        return table
    rows = tuple(row.model_copy(update={"tail": _few_sentences(row.tail)}) for row in table.rows)
    return table.model_copy(update={"rows": rows})


def _few_sentences(one: Line) -> Line:
    """Return the first sentence and those after it that still fit."""
    kept: list[Span] = []
    open_: list[Span] = []
    for piece in _pieces(one):
        open_.append(piece)
        if not piece.text.rstrip().endswith((".", "?", "!")):
            continue
        if kept and len(plain((*kept, *open_))) > _REMARK:
            return tuple(kept)
        kept, open_ = [*kept, *open_], []
    return one if not kept or not open_ else tuple(kept)


def _pieces(one: Line) -> Iterator[Span]:
    """Split spans after each sentence."""
    for span in one:
        if span.moment is not None or span.url is not None:
            yield span
            continue
        start = 0
        for found in _SENTENCE.finditer(span.text):
            yield span.model_copy(update={"text": span.text[start : found.start()]})
            start = found.start()
        yield span.model_copy(update={"text": span.text[start:]})
