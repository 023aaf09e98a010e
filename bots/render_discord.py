"""A card as a Discord message: components within their limits, or an embed where those are refused. Pure.

What does not fit goes by pages, then by whole rows, and the card says how many; a message is never refused for its
size. The library counts components but not characters, so both are counted here.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import Any

from bots.discord_blocks import beside, drawn, label
from bots.discord_controls import BUTTON, Json, choices, control, opening, rows, state_of, turning
from bots.discord_text import unlinked
from bots.pages import ROWS_WHOLE, Page, beside_picture, chart_place, in_brief, page_of, with_rows
from core.card import Button, Card, Listing, Tone
from core.inert import inert

COMPONENTS, CHARACTERS = 40, 4_000  # of a message, nested ones and all texts: docs.discord.com/developers/components
EMBED_DESCRIPTION, EMBED_ALL = 4_096, 6_000  # characters
CLASSIC_ROWS = 5  # of a message with an embed
ALT_LIMIT = 1_024  # characters of a picture's description
PICTURE = "history.png"
"""The file name of a card's chart."""

ACCENTS: Mapping[Tone, int] = MappingProxyType(
    {"up": 0x2E7D32, "down": 0xB3402A, "flat": 0x5B6472, "warn": 0xB7791F, "error": 0x8C1D40}
)
"""Colours of the edge; the sign or the word always stands beside."""

CONTAINER, SECTION, TEXT, GALLERY, SEPARATOR = 17, 9, 10, 12, 14  # types of components
_PAGES = ((10, ROWS_WHOLE), (8, 8), (5, 5), (3, 3))  # rows of a page, and rows shown whole, tried from the left
_ROWS = (10, 7, 5, 3, 2, 1)  # rows that each block keeps, where no page fits
_BESIDE = 5  # entries that may have their button beside them
_SHARE = "Share to channel"


@dataclass(frozen=True)
class DiscordMessage:
    """A message for Discord: `components` of its newer form, `embed` and `classic` rows of the older one.

    `private` says that only the asker may see it, `alt` describes the picture, which the sender draws and attaches
    under the name PICTURE. `page` is the page it shows.
    """

    components: tuple[Json, ...]
    card: Card
    alt: str | None = None
    private: bool = False
    page: Page | None = None
    picture: bool = True

    @cached_property
    def embed(self) -> Json:
        """The card as an embed, for where components are refused."""
        words = next((cut for cut in map(_words, _cuts(self.card)) if len(cut) <= EMBED_DESCRIPTION), "")
        found: Json = {"description": words or inert(self.card.kind, 40), "color": ACCENTS[self.card.tone]}
        if self.alt is not None and self.picture:
            found["image"] = {"url": f"attachment://{PICTURE}"}
        return found

    @property
    def classic(self) -> list[Json]:
        """The rows of controls beside an embed."""
        inside = [part for one in self.components for part in one.get("components", (one,))]
        return [part for part in inside if part["type"] == 1][:CLASSIC_ROWS]

    def words_only(self) -> "DiscordMessage":
        """Return the message as one text, for when its components are refused and an embed is no longer possible."""
        words = next((cut for cut in map(_words, _cuts(self.card)) if len(cut) <= CHARACTERS), self.card.kind)
        return DiscordMessage(({"type": TEXT, "content": words},), self.card, private=self.private, picture=False)


def render(
    card: Card, *, page: int = 0, again: Button | None = None, share: bool = False, picture: bool = True
) -> DiscordMessage:
    """Return the card as a message.

    `again` is the command that made the card: with it pages of long lists can be turned, and with `share` a private
    card can be posted to the channel. `picture` says whether its chart will be attached.
    """
    drawing = _Drawing(again, share and card.private, picture)
    short = in_brief(card)
    for rows_, whole in _PAGES:
        shown = page_of(short, page, rows=rows_, whole=whole)
        parts = drawing.parts(shown)
        if _fits(parts) and (shown.of == 1 or _all_fit(drawing, short, rows_, whole)):
            return _message(card, shown, parts, picture)
    for cut in _cuts(page_of(short, page).card):
        shown = Page(cut)
        parts = drawing.parts(shown)
        if _fits(parts):
            break
    return _message(card, shown, _within(parts), picture)


def _all_fit(drawing: "_Drawing", card: Card, rows_: int, whole: int) -> bool:
    pages = (page_of(card, number, rows=rows_, whole=whole) for number in range(page_of(card, 0, rows=rows_).of))
    return all(_fits(drawing.parts(one)) for one in pages)


def _message(card: Card, shown: Page, parts: list[Json], picture: bool) -> DiscordMessage:
    container = {"type": CONTAINER, "accent_color": ACCENTS[card.tone], "components": parts}
    alt = _alt(shown.card) if picture else None
    return DiscordMessage((container,), shown.card, alt, card.private, shown, picture)


def _cuts(card: Card) -> Iterator[Card]:
    """Yield the card, then the same with fewer and fewer rows."""
    yield card
    yield from (with_rows(card, most) for most in _ROWS)


def _alt(card: Card) -> str | None:
    if card.chart is None:
        return None
    return unlinked(inert(card.chart.alt, ALT_LIMIT - 100))[:ALT_LIMIT] or "Influence scores over time"


# --- what a message holds ---------------------------------------------------------------------------------------------


def size_of(parts: Sequence[Mapping[str, Any]]) -> tuple[int, int]:
    """Return how many components these are, with all that is nested in them, and the characters of their texts."""
    count = characters = 0
    for part in parts:
        inside = (*part.get("components", ()), *([part["accessory"]] if "accessory" in part else ()))
        nested, letters = size_of(inside)
        count += 1 + nested
        characters += letters + (len(part["content"]) if part["type"] == TEXT else 0)
    return count, characters


def _fits(parts: Sequence[Json]) -> bool:
    count, characters = size_of(parts)
    return count < COMPONENTS and characters <= CHARACTERS  # one component is the container


def _within(parts: list[Json]) -> list[Json]:
    """Return the parts that fit even of a card made of nothing but blocks; all of any other."""
    kept: list[Json] = []
    for part in parts:
        if not _fits([*kept, part]):
            break
        kept.append(part)
    return kept or _texts(["\u200b"])


@dataclass(frozen=True, slots=True)
class _Drawing:
    """How a card is drawn, whatever of it fits."""

    again: Button | None
    share: bool
    picture: bool

    def parts(self, page: Page) -> list[Json]:
        """Return the components inside the container: texts, the chart after the line that says the same, controls."""
        card, found = page.card, []
        place = chart_place(card) if card.chart is not None and self.picture else None
        for at, block in enumerate(card.blocks):
            if isinstance(block, Listing) and any(item.buttons for item in block.items):
                found += _list(block)
            else:
                found += _texts(drawn(beside_picture(block) if at == place else block))
            if at == place:
                found.append(_gallery(card))
        return _alone([*_merged(found), *self._controls(page)]) or _texts(["\u200b"])

    def _controls(self, page: Page) -> list[Json]:
        again = self.again
        own = rows([*map(opening, page.card.links), *(control(button) for button in page.card.buttons)])
        if again is None:
            return own
        turn = turning(page, again) if page.of > 1 else []
        post = control(again.model_copy(update={"label": _SHARE}), "share", page=page.number)
        return [*turn, *own, *(rows([post]) if self.share else [])]


def _texts(lines: Sequence[str]) -> list[Json]:
    return [{"type": TEXT, "content": "\n".join(lines)}] if lines else []


def _gallery(card: Card) -> Json:
    picture = {"media": {"url": f"attachment://{PICTURE}"}, "description": _alt(card)}
    return {"type": GALLERY, "items": [picture]}


def _list(block: Listing) -> list[Json]:
    """Return a list with what can be done with its entries: a button beside each, or selects below."""
    each = all(len(item.buttons) <= 1 for item in block.items)
    if block.choose or not each or len(block.items) > _BESIDE:
        return [*_texts(drawn(block)), *choices(block)]
    return [*_texts(label(block)), *(part for item in block.items for part in _section(item.buttons, beside(item)))]


def _section(buttons: Sequence[Button], words: str) -> list[Json]:
    accessory = control(buttons[0]) if buttons else None
    texts = _texts([words] if words.strip() else [])
    if accessory is None or not texts:
        return texts
    return [{"type": SECTION, "components": texts, "accessory": accessory}]


def _merged(parts: list[Json]) -> list[Json]:
    """Return the parts with neighbouring texts as one, a blank line between blocks: each component costs one of 40."""
    kept: list[Json] = []
    for part in parts:
        before = kept[-1] if kept else None
        if before is not None and before["type"] == part["type"] == TEXT:
            kept[-1] = {"type": TEXT, "content": _together(before["content"], part["content"])}
        else:
            kept.append(part)
    return kept


def _together(above: str, below: str) -> str:
    tight = above.endswith("```") or below.startswith("```") or (above.startswith("### ") and "\n" not in above)
    return f"{above}\n{below}" if tight else f"{above}\n\n{below}"


def _alone(parts: list[Json]) -> list[Json]:
    """Return the parts with each state of a control once: Discord refuses a message that has one twice."""
    seen: set[str] = set()
    return [kept for part in parts if (kept := _once(part, seen)) is not None]


def _once(part: Json, seen: set[str]) -> Json | None:
    if part["type"] == SECTION:
        return part if _new(part["accessory"], seen) else part["components"][0]
    if part["type"] != 1:
        return part
    inside = [one for one in part["components"] if _new(one, seen)]
    return part | {"components": inside} if inside else None


def _new(one: Json, seen: set[str]) -> bool:
    state = state_of(one)
    known = state in seen
    seen.add(state)
    return not known


def _words(card: Card) -> str:
    texts = _merged([part for block in card.blocks for part in _texts(drawn(block))])
    return "\n\n".join(part["content"] for part in texts)


__all__ = [
    "ACCENTS",
    "BUTTON",
    "PICTURE",
    "DiscordMessage",
    "render",
    "size_of",
]
