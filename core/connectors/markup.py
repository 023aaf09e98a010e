"""Strangers' HTML as plain text: bios and profile fields arrive as markup on several networks.

A list of pieces rather than a parser of documents: it runs in linear time over any text, and whatever is left of a
broken tag is harmless, because nothing that comes out is ever shown as HTML.
"""

import re
from html import unescape
from typing import NamedTuple

LIMIT = 20_000  # characters of markup that are read; a bio of 500 letters needs far fewer

_PIECE = re.compile(r"<(?P<tag>[!?/]?[A-Za-z!?-][^<>]*)>|(?P<words>[^<]+|<)")
_NAME = re.compile(r"/?[A-Za-z][A-Za-z0-9]*")
_BREAKS = frozenset({"br", "p", "div", "li", "ul", "ol", "blockquote", "tr", "h1", "h2", "h3", "h4", "h5", "h6"})
_UNSEEN = frozenset({"script", "style", "template", "head"})
_SAYS = r"(?<![\w-])%s\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s\"'>]+))"
_HREF = re.compile(_SAYS % "href", re.IGNORECASE)
_CLASS = re.compile(_SAYS % "class", re.IGNORECASE)
_OTHERS = frozenset({"mention", "hashtag"})  # links to other people and to tags say nothing about the author


class Plain(NamedTuple):
    """What a reader would see: the text, one line a paragraph, and where its links lead."""

    text: str
    links: tuple[str, ...]


def plain(markup: str) -> Plain:
    """Return the text of some HTML and the addresses of its links, without mentions and hashtags.

    Scripts and styles are left out, entities become letters, white space is made single. The addresses are as written:
    they may have any scheme.
    """
    words: list[str] = []
    links: list[str] = []
    hidden = ""
    for piece in _PIECE.finditer(markup[:LIMIT]):
        tag = piece["tag"]
        name = _tag_name(tag)
        if hidden:
            hidden = "" if name == f"/{hidden}" else hidden
        elif tag is None:
            words.append(unescape(piece["words"]))
        elif name in _UNSEEN:
            hidden = name
        elif name.lstrip("/") in _BREAKS:
            words.append("\n")
        elif name == "a" and (link := _link(tag)):
            links.append(link)
    lines = (" ".join(line.split()) for line in "".join(words).split("\n"))
    return Plain("\n".join(line for line in lines if line), tuple(dict.fromkeys(links)))


def _tag_name(tag: str | None) -> str:
    name = _NAME.match(tag) if tag is not None else None
    return name[0].lower() if name is not None else ""


def _link(tag: str) -> str:
    classes = set(_said(_CLASS, tag).lower().split())
    return "" if classes & _OTHERS else unescape(_said(_HREF, tag)).strip()


def _said(attribute: re.Pattern[str], tag: str) -> str:
    found = attribute.search(tag)
    return next((value for value in found.groups() if value is not None), "") if found else ""
