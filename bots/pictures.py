"""Shows a picture where the terminal can, and leaves it in a file where it cannot.

Inline pictures are written in the graphics protocol of kitty or of iTerm2; which of them a terminal speaks is taken
from its environment, since asking it would mean to read its answer from the keyboard.
"""

import base64
import os
import re
from collections.abc import Awaitable, Callable, Iterator, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Literal

from core.card import Card
from core.models import ChartSpec

Draw = Callable[[ChartSpec, bool], Awaitable[bytes]]
"""Draws a picture as PNG; the second argument asks for dark paper."""

Inline = Literal["kitty", "iterm"]

KEPT = 50  # pictures left in the folder; older ones are removed
_WIDEST = 90  # columns; a picture across a whole wide screen would hide the card
_CHUNK = 4096  # characters of one escape sequence, as kitty asks for
_KITTY_TERMS = ("xterm-kitty", "xterm-ghostty")
_KITTY_PROGRAMS = ("ghostty",)
_ITERM_PROGRAMS = ("iTerm.app", "WezTerm", "mintty")
_PICTURED = frozenset({"history", "compare"})  # cards that are about their picture
_UNSAFE = re.compile(r"[^a-z0-9]+")


def inline(environment: Mapping[str, str]) -> Inline | None:
    """Return how the terminal draws pictures between lines, None where it cannot or something stands between."""
    term, program = environment.get("TERM", ""), environment.get("TERM_PROGRAM", "")
    if environment.get("TMUX") or term.startswith(("screen", "tmux", "dumb")):
        return None
    if environment.get("KITTY_WINDOW_ID") or term in _KITTY_TERMS or program in _KITTY_PROGRAMS:
        return "kitty"
    if program in _ITERM_PROGRAMS or environment.get("LC_TERMINAL") == "iTerm2":
        return "iterm"
    return None


def dark_screen(environment: Mapping[str, str]) -> bool:
    """Return whether the terminal's paper is dark; most are, and few say (`COLORFGBG`, as in `0;15`)."""
    paper = environment.get("COLORFGBG", "").rpartition(";")[2]
    return paper not in {"7", "9", "10", "11", "12", "13", "14", "15"}


def drawn_inline(png: bytes, protocol: Inline, columns: int) -> str:
    """Return the sequences that draw a picture `columns` wide, ending on a line of their own."""
    coded = base64.b64encode(png).decode()
    if protocol == "iterm":
        return f"\x1b]1337;File=inline=1;size={len(png)};width={columns};preserveAspectRatio=1:{coded}\x07\n"
    return "".join(_kitty(coded, columns)) + "\n"


def _kitty(coded: str, columns: int) -> Iterator[str]:
    # a=T draws at once, f=100 is PNG, q=2 keeps the terminal from answering into the next line typed
    first = f"a=T,f=100,q=2,c={columns},"
    for at in range(0, len(coded), _CHUNK):
        more = int(at + _CHUNK < len(coded))
        yield f"\x1b_G{first if at == 0 else ''}m={more};{coded[at : at + _CHUNK]}\x1b\\"


def cache_folder(environment: Mapping[str, str]) -> Path:
    """Return where pictures are left, in the user's cache (XDG base directories)."""
    base = environment.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "clout" / "pictures"


class Pictures:
    """The pictures of one terminal; `folder` takes those that cannot be shown between the lines."""

    def __init__(
        self, draw: Draw, *, environment: Mapping[str, str], screen: bool = False, folder: Path | None = None
    ) -> None:
        self._draw = draw
        self._inline = inline(environment) if screen else None
        self._dark = dark_screen(environment)
        self._folder = folder or cache_folder(environment)

    async def of(self, card: Card, columns: int) -> str:
        """Return what to write below a card: its picture, the path of it, or nothing for a card without one."""
        if card.chart is None or card.kind not in _PICTURED:
            return ""
        if self._inline is not None:
            png = await self._draw(card.chart, self._dark)
            return drawn_inline(png, self._inline, min(columns, _WIDEST))
        png = await self._draw(card.chart, False)
        try:
            return f"Picture: {self._left(png, card)}\n"
        except OSError as error:
            return f"Picture: not saved, {self._folder} cannot be written ({error.strerror}).\n"

    def _left(self, png: bytes, card: Card) -> Path:
        """Write a picture for its owner's eyes only and return its path."""
        names = [_UNSAFE.sub("-", one.name.casefold()).strip("-") for one in card.chart.series] if card.chart else []
        stem = "-".join(filter(None, [card.kind, *names]))[:60].rstrip("-")
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = self._folder / f"{stem}-{sha256(png).hexdigest()[:8]}.png"
        with os.fdopen(os.open(path, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "wb") as file:
            file.write(png)
        self._tidy()
        return path

    def _tidy(self) -> None:
        left = sorted(self._folder.glob("*.png"), key=lambda path: path.stat().st_mtime_ns, reverse=True)
        for path in left[KEPT:]:
            path.unlink(missing_ok=True)
