"""The neutral card: what a person is told, once; Slack, Discord and the terminal draw the same card their own way.

A card is made of a few kinds of block, a block of lines, a line of spans. A span marked `untrusted` carries words of a
network or a stranger: it is inert already, and every renderer still keeps it out of its own markup. A span with a
`moment` may be replaced by the platform's own localised time. The builders stand in core/cards_*.py.
"""

import re
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import Field, field_validator, model_validator

from core.inert import inert
from core.models import ChartSpec, Model, Moment

Tone = Literal["up", "down", "flat", "warn", "error"]
"""The accent of a card: the sign of the 7-day change, or that something is missing or went wrong."""

Style = Literal["plain", "strong", "quiet", "up", "down", "warn", "code"]
"""How a span is meant; nothing is said by style alone."""

MomentForm = Literal["ago", "date", "datetime"]
"""How a platform that localises times shows a moment."""

UNTRUSTED_LIMIT = 2_000  # characters of outside text in one span, whatever its builder allowed
_URL = re.compile(r"https://[A-Za-z0-9.-]+(?::[0-9]{1,5})?(?:/[!-;=?-Z\]_a-z\[~]*)?")
_URL_LIMIT = 512  # the shortest limit of a link among the platforms: a Discord button
_BARS = "▁▂▃▄▅▆▇█"
_LEAST_SPAN = 7.0  # points; a score that hardly moved is drawn as a nearly level line


class Span(Model):
    """A run of text. `url` is an https address or None: any other is dropped; so are control codes in outside text."""

    text: str
    style: Style = "plain"
    untrusted: bool = False
    url: str | None = None
    moment: Moment | None = None
    form: MomentForm = "ago"

    @field_validator("url")
    @classmethod
    def _plain_https(cls, url: str | None) -> str | None:
        return url if url and len(url) <= _URL_LIMIT and _URL.fullmatch(url) else None

    @model_validator(mode="after")
    def _inert(self) -> Self:
        clean = inert(self.text, UNTRUSTED_LIMIT) if self.untrusted else self.text
        if clean != self.text:
            object.__setattr__(self, "text", clean)  # the one moment a frozen span may still be mended
        return self


Line = tuple[Span, ...]
"""One line of text."""


def text(words: str, style: Style = "plain", url: str | None = None) -> Span:
    """Return a span of our own words."""
    return Span(text=words, style=style, url=url)


def outside(words: str, limit: int, style: Style = "plain", url: str | None = None) -> Span:
    """Return a span of somebody else's words, made inert and at most `limit` characters long."""
    return Span(text=inert(words, limit), style=style, untrusted=True, url=url)


def line(*parts: str | Span) -> Line:
    """Return a line; bare strings are our own words. Empty parts are left out."""
    spans = (text(part) if isinstance(part, str) else part for part in parts)
    return tuple(span for span in spans if span.text)


def joined(lines: Iterable[Line], separator: str = " · ") -> Line:
    """Return the lines as one, with the separator between those that say anything."""
    spans: list[Span] = []
    for one in lines:
        if one and spans:
            spans.append(text(separator))
        spans.extend(one)
    return tuple(spans)


def plain(one: Line) -> str:
    """Return the text of a line without its styles."""
    return "".join(span.text for span in one)


class Button(Model):
    """Something a reader can do next: a command of the one table with its arguments; labels are plain text.

    `line` is what to type instead, where an argument stands behind its keyword.
    """

    label: str
    command: str
    arguments: tuple[tuple[str, str], ...] = ()
    line: str | None = None

    @property
    def typed(self) -> str:
        """The same as a line to type, where nothing can be pressed; inert, for handles may stand in it."""
        if self.line is not None:
            return inert(self.line, UNTRUSTED_LIMIT)
        named = self.command.replace("-", " ")
        return inert(" ".join((named, *(value for _, value in self.arguments))), UNTRUSTED_LIMIT)


class Link(Model):
    """A page that a reader can open; front ends leave out one whose address is not plain https."""

    label: str
    url: str

    @property
    def opens(self) -> bool:
        """Whether the address is one that every platform takes."""
        return len(self.url) <= _URL_LIMIT and _URL.fullmatch(self.url) is not None


class Headline(Model):
    """The answer: `cells` stand beside each other, `aside` at the far end."""

    kind: Literal["headline"] = "headline"
    cells: tuple[Line, ...]
    aside: Line = ()


class Fact(Model):
    """A line of key facts with an optional remark at its far end."""

    line: Line
    aside: Line = ()


class Lines(Model):
    """Lines of key facts."""

    kind: Literal["lines"] = "lines"
    facts: tuple[Fact, ...]


class Column(Model):
    """A column's title and the side its cells lean to."""

    title: str
    align: Literal["left", "right"] = "left"


class TableRow(Model):
    """Cells for the first columns; `tail` is text across all that remain."""

    cells: tuple[Line, ...]
    tail: Line = ()


class Table(Model):
    """Rows under columns; `label` names the whole, `heads` says whether the titles need to be shown."""

    kind: Literal["table"] = "table"
    label: str = ""
    columns: tuple[Column, ...]
    rows: tuple[TableRow, ...]
    heads: bool = False

    @model_validator(mode="after")
    def _fits(self) -> Self:
        for row in self.rows:
            if len(row.cells) + bool(row.tail) > len(self.columns):
                raise ValueError("a row is longer than its table")
        return self


class Sparkline(Model):
    """Scores in [1, 100], oldest first, and the same in words."""

    kind: Literal["sparkline"] = "sparkline"
    values: tuple[float, ...] = Field(min_length=2)
    caption: Line

    def bars(self) -> str:
        """Return one bar character a value, from the lowest to the highest shown."""
        low, high = min(self.values), max(self.values)
        if high - low < _LEAST_SPAN:
            low = (low + high - _LEAST_SPAN) / 2
            high = low + _LEAST_SPAN
        steps = (len(_BARS) - 1) / (high - low)
        return "".join(_BARS[int((value - low) * steps + 0.5)] for value in self.values)


class Notes(Model):
    """Small print: what limits the figures, where they come from, how old they are."""

    kind: Literal["notes"] = "notes"
    lines: tuple[Line, ...]


class Item(Model):
    """An entry of a list, what supports it, and what can be done with it."""

    line: Line
    detail: Line = ()
    buttons: tuple[Button, ...] = ()


class Listing(Model):
    """A list; with `choose` a front end may draw it as a select whose choice is each item's first button."""

    kind: Literal["list"] = "list"
    label: Line = ()
    items: tuple[Item, ...]
    choose: bool = False


Block = Annotated[Headline | Lines | Table | Sparkline | Notes | Listing, Field(discriminator="kind")]
"""The closed set of what a renderer has to draw."""


class Attachment(Model):
    """A text file that comes with a card, such as `digest-3.csv`; `name` is our own words."""

    name: str
    content: str


class Card(Model):
    """What one command answers.

    `title` stands for the card where only a line fits; `error` is an error's class name, `reference` its code.
    """

    kind: str
    tone: Tone = "flat"
    title: Line
    blocks: tuple[Block, ...]
    buttons: tuple[Button, ...] = ()
    links: tuple[Link, ...] = ()
    private: bool = False
    chart: ChartSpec | None = None
    attachment: Attachment | None = None
    error: str | None = None
    reference: str | None = None

    def facts(self) -> tuple[str, ...]:
        """Return every text that each rendering must show, in reading order; localisable times are left out."""
        lines = [one for block in self.blocks for one in _lines_of(block)]
        return tuple(fact for one in lines for fact in _facts_of(one))

    def offering(self, commands: Iterable[str]) -> "Card":
        """Return the card with those buttons only whose command exists."""
        known = frozenset(commands)
        blocks = tuple(_offering(block, known) for block in self.blocks)
        return self.model_copy(update={"buttons": _known(self.buttons, known), "blocks": blocks})

    def as_private(self, private: bool = True) -> "Card":
        """Return the card for one reader only, or as it is."""
        return self.model_copy(update={"private": True}) if private else self


def at(moment: datetime, words: str, form: MomentForm, style: Style = "plain") -> Span:
    """Return a time: `words` say it in the channel's zone, platforms may say it in the reader's."""
    return Span(text=words, moment=moment, form=form, style=style)


def _known(buttons: tuple[Button, ...], commands: frozenset[str]) -> tuple[Button, ...]:
    return tuple(button for button in buttons if button.command in commands)


def _offering(block: Block, commands: frozenset[str]) -> Block:
    if not isinstance(block, Listing):
        return block
    items = tuple(item.model_copy(update={"buttons": _known(item.buttons, commands)}) for item in block.items)
    return block.model_copy(update={"items": items})


def _lines_of(block: Block) -> Iterator[Line]:
    match block:
        case Headline():
            yield from (*block.cells, block.aside)
        case Lines():
            yield from (one for fact in block.facts for one in (fact.line, fact.aside))
        case Table():
            yield (text(block.label),)
            yield from ((text(column.title),) for column in block.columns if block.heads)
            yield from (one for row in block.rows for one in (*row.cells, row.tail))
        case Sparkline():
            yield block.caption
        case Notes():
            yield from block.lines
        case Listing():
            yield block.label
            yield from (one for item in block.items for one in (item.line, item.detail))


def _facts_of(one: Line) -> Iterator[str]:
    """Split a line at the times in it, since platforms write those anew."""
    words = ""
    for span in one:
        if span.moment is None:
            words += span.text
            continue
        yield from filter(None, [words.strip()])
        words = ""
    yield from filter(None, [words.strip()])
