"""Outside text made harmless: one cleaning for every word that a network or a stranger wrote.

Platforms still escape their own markup; what is cleaned here could hurt any of them: terminal sequences, control and
invisible characters, reversed writing direction, towers of combining marks, endless lines.
"""

import re
import unicodedata
from functools import lru_cache

ELLIPSIS = "…"
MARKS_PER_BASE = 4  # more combining marks on one letter are decoration that climbs over other lines
_READ_LIMIT = 4  # characters read for each one shown: the rest of an over-long text is never looked at
_REMEMBERED = 600  # characters of a text whose cleaning is remembered

_SEQUENCES = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]"  # CSI: colours, cursor moves
    r"|\x9b[0-?]*[ -/]*[@-~]"  # the same in one C1 character
    r"|(?:\x1b[\]PX^_]|[\x90\x98\x9d\x9e\x9f])[^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)?"  # OSC, DCS, SOS, PM, APC
    r"|\x1b[ -/]*[0-~]"  # the short escapes
)
_BREAKS = re.compile(r"[^\S\r\n\v\f\x1c-\x1e\x85\u2028\u2029]*(?:\r\n|[\r\n\v\f\x1c-\x1e\x85\u2028\u2029])\s*")
_SPACES = re.compile(r"\s+")
_JOINER = "\u200d"
_DROPPED = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})
# letters and marks that show nothing at all, so that a name could hide in them
_INVISIBLE = frozenset(
    "\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180e\u180f\u2800\u3164\uffa0"
    + "".join(map(chr, range(0xFE00, 0xFE0F)))
    + "".join(map(chr, range(0xE0100, 0xE01F0)))
)


def inert(text: str, limit: int) -> str:
    """Return `text` on one line, without anything that could act on a screen, at most `limit` characters long.

    Line breaks become " / ", runs of spaces one space. An over-long text ends in an ellipsis and is not cut inside a
    combining or emoji sequence. Cleaning twice changes nothing.
    """
    text = text[: limit * _READ_LIMIT + 256]
    if text.isascii() and text.isprintable():  # most handles and half of all posts: nothing to clean but spaces
        return _cut(_SPACES.sub(" ", text).strip(), limit)
    return _cut(_cleaned(text) if len(text) > _REMEMBERED else _known(text), limit)


def _cleaned(text: str) -> str:
    text = _BREAKS.sub(" / ", _SEQUENCES.sub("", text).strip())
    visible = unicodedata.normalize("NFC", _visible(_SPACES.sub(" ", text)))
    return _SPACES.sub(" ", _few_marks(visible)).strip()


_known = lru_cache(maxsize=2_048)(_cleaned)  # one card cleans each text several times


def _visible(text: str) -> str:
    kept = [c for c in text if c == _JOINER or not _hidden(c)]
    return "".join(c for at, c in enumerate(kept) if c != _JOINER or _joins_emoji(kept, at))


def _hidden(char: str) -> bool:
    return unicodedata.category(char) in _DROPPED or char in _INVISIBLE


def _joins_emoji(chars: list[str], at: int) -> bool:
    return 0 < at < len(chars) - 1 and _emoji(chars[at - 1]) and _emoji(chars[at + 1])


def _emoji(char: str) -> bool:
    point = ord(char)
    return 0x1F000 <= point <= 0x1FAFF or 0x2190 <= point <= 0x2BFF or point == 0xFE0F


def _few_marks(text: str) -> str:
    kept, marks = [], 0
    for char in text:
        marks = marks + 1 if unicodedata.category(char) in {"Mn", "Me"} else 0
        if marks <= MARKS_PER_BASE:
            kept.append(char)
    return "".join(kept)


def _cut(text: str, limit: int) -> str:
    if len(text) <= limit:
        return text
    end = max(0, limit - 1)
    while end > 0 and (_clings(text[end]) or text[end - 1] == _JOINER):
        end -= 1
    return text[:end].rstrip() + ELLIPSIS if limit > 0 else ""


def _clings(char: str) -> bool:
    point = ord(char)
    return char == _JOINER or 0x1F3FB <= point <= 0x1F3FF or unicodedata.category(char) in {"Mn", "Me", "Mc"}
