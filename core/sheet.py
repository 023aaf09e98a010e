"""A bare sheet of pixels to draw a picture on, its colours and its letters.

Names of strangers are drawn as they stand: mathematical notation is off, and a character that the fonts lack is a box.
"""

import struct
import unicodedata
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

import matplotlib
import numpy as np
from matplotlib import font_manager
from matplotlib.artist import Artist
from matplotlib.backends.backend_agg import RendererAgg
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle
from matplotlib.transforms import IdentityTransform

from core.inert import ELLIPSIS, inert

WIDTH, HEIGHT = 1200, 640  # pixels; chats show it at a third to a half of that, so the letters are large
TITLE, SMALL, NORMAL, LARGE = 34, 23, 26, 46  # pixels, letter sizes

_DPI = 72  # one point of matplotlib is then one pixel
_HALF_DIGIT = 0.365  # of the size of DejaVu Sans: its digits are 0.73 high
_MISSING = "□"
_ALT_LIMIT = 1_000  # characters
_PNG = b"\x89PNG\r\n\x1a\n"
_SQUEEZE = 3  # of 9; more costs time and saves little

matplotlib.rcdefaults()  # a matplotlibrc in the working folder must not change our pictures


@dataclass(frozen=True, slots=True)
class Theme:
    """The colours of a picture; `lines` can be told apart by colour-blind eyes and read on `paper`."""

    paper: str
    ink: str
    quiet: str
    grid: str
    lines: tuple[str, ...]


LIGHT = Theme(
    paper="#ffffff",
    ink="#1d2026",
    quiet="#5c6370",
    grid="#e3e6ea",
    lines=("#0b5cad", "#b8440a", "#00725c", "#8a3b93", "#7a5c00", "#4a515c"),
)
DARK = Theme(
    paper="#1b1d21",
    ink="#eceef1",
    quiet="#a3abb6",
    grid="#34383f",
    lines=("#6db3f8", "#ff9b61", "#4fd1ab", "#dc9be6", "#f0cb58", "#c3cad3"),
)


@cache
def _letters() -> frozenset[int]:
    """Return the code points that both of the fonts can draw."""
    faces = [font_manager.get_font(font_manager.findfont(_font(weight))) for weight in ("normal", "bold")]
    return frozenset.intersection(*(frozenset(face.get_charmap()) for face in faces))


@cache
def _font(weight: str, size: float = NORMAL) -> font_manager.FontProperties:
    # the family that matplotlib brings along: the same picture on every machine
    return font_manager.FontProperties(family="DejaVu Sans", weight=weight, size=size)


def _legible(text: str) -> str:
    known = _letters()
    return "".join(
        c if ord(c) in known else _MISSING
        for c in text
        if ord(c) in known or unicodedata.category(c) not in {"Mn", "Me", "Cf"}
    )


class Page:
    """One sheet; x and y are pixels, the origin at its lower left."""

    def __init__(self, theme: Theme) -> None:
        self.theme = theme
        # no Figure: it brings axes, widgets and projections, 7 MB that a picture placed in pixels has no use for
        self._renderer: Any = RendererAgg(WIDTH, HEIGHT, _DPI)  # type: ignore[no-untyped-call]
        self._drawn: list[Artist] = []
        self._written: list[tuple[float, float, str, font_manager.FontProperties, str]] = []

    def add(self, artist: Artist) -> None:
        """Put something on the sheet that is placed in pixels."""
        artist.set_transform(IdentityTransform())
        self._drawn.append(artist)

    def width(self, text: str, size: float, weight: str = "normal") -> float:
        """Return how many pixels wide a text is."""
        return float(self._renderer.get_text_width_height_descent(_legible(text), _font(weight, size), False)[0])

    def fitting(self, text: str, room: float, size: float, weight: str = "normal") -> str:
        """Return the text, cut with an ellipsis where it is wider than `room` pixels."""
        most = len(text)
        while most > 1 and self.width(inert(text, most), size, weight) > room:
            most -= max(1, most // 12)
        return inert(text, most) or ELLIPSIS

    def words(
        self,
        x: float,
        y: float,
        text: str,
        size: float,
        colour: str,
        *,
        weight: str = "normal",
        ha: Literal["left", "center", "right"] = "left",
    ) -> None:
        """Write a text over everything else: `y` is half the height of its digits, `ha` the side that stands at `x`."""
        share = {"left": 0.0, "center": 0.5, "right": 1.0}[ha]
        start = x - share * self.width(text, size, weight) if share else x
        self._written.append((start, HEIGHT - y + size * _HALF_DIGIT, _legible(text), _font(weight, size), colour))

    def stroke(self, xs: Sequence[float], ys: Sequence[float], colour: str, width: float, **how: Any) -> None:
        """Draw a line or marks; `how` is what `Line2D` understands."""
        self.add(Line2D(xs, ys, color=colour, linewidth=width, **how))

    def png(self, alt: str) -> bytes:
        """Return the sheet as PNG, which carries its text alternative as `Description`."""
        self._paint()
        self._write()
        pixels = np.asarray(self._renderer.buffer_rgba())[..., :3]
        rows = np.zeros((HEIGHT, 1 + WIDTH * 3), np.uint8)  # each row begins with its filter: 0, none
        rows[:, 1:] = pixels.reshape(HEIGHT, -1)
        told = b"Description\0\0\0\0\0" + inert(alt, _ALT_LIMIT).encode()
        size = struct.pack(">IIBBBBB", WIDTH, HEIGHT, 8, 2, 0, 0, 0)  # 8 bits, red green blue
        # written here because matplotlib's way takes twice as long, holds the interpreter and makes larger files
        chunks = ((b"IHDR", size), (b"iTXt", told), (b"IDAT", zlib.compress(rows.data, _SQUEEZE)), (b"IEND", b""))
        return _PNG + b"".join(_chunk(kind, content) for kind, content in chunks)

    def _paint(self) -> None:
        paper = Rectangle((0, 0), WIDTH, HEIGHT, facecolor=self.theme.paper, edgecolor="none", antialiased=False)
        paper.set_transform(IdentityTransform())
        for artist in (paper, *sorted(self._drawn, key=Artist.get_zorder)):  # shades below lines
            artist.draw(self._renderer)

    def _write(self) -> None:
        # by the renderer itself: `Text` would measure every word twice more, a third of the time of a picture
        brush = self._renderer.new_gc()
        for x, y, text, font, colour in self._written:
            brush.set_foreground(colour)
            self._renderer.draw_text(brush, x, y, text, font, 0, ismath=False)


def _chunk(kind: bytes, content: bytes) -> bytes:
    """Return a chunk of a PNG file (ISO/IEC 15948, 5.3): length, kind, content, checksum."""
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
