"""Words as Discord's markdown: nothing a stranger wrote can format, link, mention or call a command. Pure.

The library's own escaping leaves addresses, mentions, times and lists as they are, so none of it is used here.
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import lru_cache

from core.card import Line, MomentForm, Span

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TIMES: dict[MomentForm, str] = {"ago": "R", "date": "D", "datetime": "f"}
_BOLD = frozenset({"strong", "up", "down", "warn"})
_SPECIAL = str.maketrans({c: f"\\{c}" for c in r"\*_~`|>#[]()<:-"} | {"@": "@\u200b"})
_INVITE = re.compile(r"(discord(?:app)?)(?=\.(?:gg|com/invite|new))", re.IGNORECASE)
_NUMBERED = re.compile(r"^(\s*[0-9]+)(?=\.(?:\s|$))")  # a bracket is escaped anyway
_MARKUP = re.compile(r"[\\*_~`|>#\[\]()<:\-@]|discord|^\s*[0-9]+\.", re.IGNORECASE)  # what has something to escape
_FENCE = str.maketrans({"`": "`\u200b"})


def unlinked(words: str) -> str:
    """Return words in which no address or invitation is recognised."""
    return _INVITE.sub("\\1\u200b", words.replace("://", "\u200b://"))


@lru_cache(maxsize=4096)
def escaped(words: str) -> str:
    """Return words as they are, wherever Discord reads markup; about twice as long at worst."""
    if _MARKUP.search(words) is None:
        return words
    plain = unlinked(words).translate(_SPECIAL)
    return _NUMBERED.sub("\\1\\\\", plain)


def boxed(words: str) -> str:
    """Return words for a block of code, which they cannot end."""
    return unlinked(words).translate(_FENCE)


def marked(one: Line, *, bold: bool = True) -> str:
    """Return a line as markup, with times in the reader's own zone; without `bold` no span is emphasised."""
    runs: list[tuple[bool, str]] = []
    for span in one:
        strong = bold and span.style in _BOLD
        words = _span(span)
        if runs and runs[-1][0] == strong:
            runs[-1] = (strong, runs[-1][1] + words)
        else:
            runs.append((strong, words))
    return "".join(emphasised(words) if strong else words for strong, words in runs)


def emphasised(markup: str) -> str:
    """Return markup in bold; the spaces around stay outside, for Discord would show the stars."""
    bare = markup.strip()
    if not bare:
        return markup
    start = markup.index(bare)
    return f"{markup[:start]}**{bare}**{markup[start + len(bare) :]}"


def _span(span: Span) -> str:
    if span.moment is not None and span.moment >= _EPOCH and span.text:
        return f"<t:{int(span.moment.timestamp())}:{_TIMES[span.form]}>"
    words = escaped(span.text) if span.untrusted else _ours(span.text, span.style == "code")
    return f"[{words}](<{span.url}>)" if span.url is not None and words.strip() else words


@lru_cache(maxsize=4096)
def _ours(words: str, code: bool) -> str:
    """Return words of our own as markup; most of them stand on every card."""
    return "".join(_own(words, code))


def _own(words: str, code: bool) -> Iterator[str]:
    """Yield our own words, with what stands between backticks as code; others' words may be quoted there."""
    if code and words.strip() and not any(c in words for c in "`\\"):
        yield f"`{unlinked(words)}`"
        return
    parts = words.split("`")
    if len(parts) % 2 == 0:  # one backtick too many is just a character
        yield escaped(words)
        return
    for at, part in enumerate(parts):
        if at % 2 == 0:
            yield escaped(part)
        elif part.strip() and "\\" not in part:
            yield f"`{unlinked(part)}`"
        else:
            yield escaped(f"`{part}`")
