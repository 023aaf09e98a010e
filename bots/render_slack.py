"""A card as a Slack message: Block Kit within its limits, and the same as text. Pure.

What does not fit goes by whole rows, and the card says how many; a message is never refused for its size.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from bots.pages import Page, beside_picture, chart_place, in_brief, page_of, with_rows
from bots.slack_blocks import TEXT_LIMIT as RICH_TEXT_LIMIT
from bots.slack_blocks import Json, drawn, fallback, fits_a_table, mrkdwn, rich_text, section, size_of
from bots.slack_charts import chart as chart_block
from bots.slack_charts import courses, picture
from bots.slack_controls import actions, buttons, choices, control, entries, turning
from core.card import Block, Button, Card, Line, Listing, Sparkline, Table, line, outside

ChartForm = Literal["blocks", "file", "none"]
"""How a history is drawn: by Slack itself, as an uploaded picture, or as characters only."""

BLOCKS_LIMIT = 50  # of a message
CHARACTERS_LIMIT = 12_000  # of all blocks together: above about 13,000 a message is refused
TEXT_LIMIT = 4_000  # characters of the text beside the blocks, as advised; 40,000 are cut off
_ROWS = (14, 10, 7, 5, 3, 2, 1)  # rows that each block keeps, tried from the left until the message fits
_CONTROLS = 40  # of one message; each has a number
_SPARK_NAME = 40  # characters of a name before its course


@dataclass(frozen=True, slots=True)
class SlackMessage:
    """A message for Slack; addresses in it never unfold. `private` says that only the asker may see it."""

    blocks: tuple[Json, ...]
    text: str
    private: bool = False
    unfurl_links: Literal[False] = False
    unfurl_media: Literal[False] = False

    def payload(self) -> Json:
        """Return the arguments of chat.postMessage, chat.postEphemeral or chat.update, but the channel."""
        return {
            "text": self.text,
            "blocks": list(self.blocks),
            "unfurl_links": self.unfurl_links,
            "unfurl_media": self.unfurl_media,
        }

    def response(self, *, replace: bool = False) -> Json:
        """Return the body of a POST to a response_url; `replace` puts it in place of the message that was pressed."""
        kind = "ephemeral" if self.private else "in_channel"
        return self.payload() | {"response_type": kind, "replace_original": replace}

    def words_only(self) -> "SlackMessage":
        """Return the message without blocks, for when Slack refuses them."""
        return SlackMessage((), self.text, self.private)


def render(
    card: Card,
    *,
    chart: ChartForm = "blocks",
    slack_file: str | None = None,
    page: int = 0,
    again: Button | None = None,
    share: bool = False,
) -> SlackMessage:
    """Return the card as a message.

    `slack_file` is the id of an uploaded picture for the form `file`. `again` is the command that made the card: with
    it pages of long lists can be turned, and with `share` a private card can be posted to the channel.
    """
    whole = page_of(in_brief(card), page)
    drawing = _Drawing(whole, _chart(whole.card, chart, slack_file), again, share and card.private)
    for blocks in map(drawing.blocks, _cuts(whole.card)):
        if len(fitting := _within(blocks)) == len(blocks):
            break
    for words in map(drawing.text, _cuts(whole.card)):
        if len(words) <= TEXT_LIMIT:
            break
    return SlackMessage(tuple(fitting), _short(words), card.private)


def _chart(card: Card, form: ChartForm, file: str | None) -> Json | None:
    """Return the block that draws a card's history, or None where it has to be drawn in characters."""
    if card.chart is None or form == "none":
        return None
    if form == "file":
        return picture(card.chart, file) if file else None
    return chart_block(card.chart)


def _cuts(card: Card) -> Iterator[Card]:
    """Yield the card, then the same with fewer and fewer rows."""
    yield card
    yield from (with_rows(card, most) for most in _ROWS)


def _within(blocks: list[Json]) -> list[Json]:
    """Return the blocks that fit even of a card made of nothing but blocks; all of any other."""
    kept: list[Json] = []
    room = CHARACTERS_LIMIT
    for block in blocks[:BLOCKS_LIMIT]:
        room -= size_of(block)
        if room >= 0:
            kept.append(block)
    return kept


def _short(text: str) -> str:
    """Return the first lines that fit, and how many more there are."""
    if len(text) <= TEXT_LIMIT:
        return text
    lines = text.split("\n")
    kept: list[str] = []
    room = TEXT_LIMIT - len("\nand 10000 more lines")
    for one in lines:
        room -= len(one) + 1
        if room < 0:
            break
        kept.append(one)
    return "\n".join([*kept, f"and {len(lines) - len(kept)} more lines"])


@dataclass(frozen=True, slots=True)
class _Drawing:
    """How a card is to be drawn."""

    page: Page
    chart: Json | None
    again: Button | None
    share: bool

    def blocks(self, card: Card) -> list[Json]:
        """Return a card's blocks, its chart after the line that says the same, and what can be done."""
        found: list[Json] = []
        tables = (block for block in card.blocks if isinstance(block, Table) and block.heads and fits_a_table(block))
        first = next(tables, None)
        place, count = chart_place(card), 0
        for at, block in enumerate(card.blocks):
            if isinstance(block, Listing) and count < _CONTROLS:
                found += listed(block, count)
                count += 2 * len(block.items)
            else:
                found += drawn(self._beside(block), as_table=block is first)
            found += self._course(card) if at == place else []
        return [*_merged(found), *self._controls(card, count)]

    def _beside(self, block: Block) -> Block:
        return block if self.chart is None else beside_picture(block)

    def _course(self, card: Card) -> list[Json]:
        if self.chart is not None:
            return [self.chart]
        return rich_text(section(one) for one in _courses(card))

    def _controls(self, card: Card, count: int) -> list[Json]:
        again = self.again
        own = buttons(card.buttons, count, card.links)
        if again is None:
            return own
        after = count + len(card.buttons) + len(card.links)
        turn = turning(self.page, again, after) if self.page.of > 1 else []
        post = again.model_copy(update={"label": "Share to channel"})
        shared = actions([control(post, after + 2, verb="share", page=self.page.number)]) if self.share else []
        return [*turn, *own, *shared]

    def text(self, card: Card) -> str:
        """Return the card as text, every line of it."""
        return "\n".join(self._lines(card)) or mrkdwn(outside(card.kind, 40))

    def _lines(self, card: Card) -> Iterator[str]:
        place = chart_place(card)
        for at, block in enumerate(card.blocks):
            yield from fallback(self._beside(block))
            if at == place and self.chart is None:
                yield from ("".join(map(mrkdwn, one)) for one in _courses(card))


def _merged(blocks: list[Json]) -> list[Json]:
    """Return the blocks with neighbouring lines of text as one, so that no gap opens between them."""
    kept: list[Json] = []
    for block in blocks:
        before = _only_lines(kept[-1]) if kept else []
        here = _only_lines(block)
        if before and here and size_of(kept[-1]) + size_of(block) <= RICH_TEXT_LIMIT:
            kept[-1] = {"type": "rich_text", "elements": [*before, *here]}
        else:
            kept.append(block)
    return kept


def _only_lines(block: Json) -> list[Json]:
    inside = block.get("elements")
    if block["type"] != "rich_text" or not isinstance(inside, list):
        return []
    return inside if all(part["type"] == "rich_text_section" for part in inside) else []


def listed(block: Listing, count: int) -> list[Json]:
    """Return a list with what can be done with its entries, numbered from `count`."""
    if block.choose or not any(item.buttons for item in block.items):
        return [*drawn(block, as_table=False), *(choices(block, count) if block.choose else [])]
    label = drawn(block.model_copy(update={"items": ()}), as_table=False)
    return [*label, *entries(block, count)]


def _courses(card: Card) -> list[Line]:
    """Return the courses of a chart as lines of characters, where a card has none of its own."""
    if card.chart is None or any(isinstance(block, Sparkline) for block in card.blocks):
        return []
    return [line(f"{bars}  {ends}  ", outside(name, _SPARK_NAME)) for name, bars, ends in courses(card.chart)]
