"""Feeds as house types: RSS, RDF and Atom read by feedparser, JSON Feed by our own models; and what a page offers.

feedparser only ever gets bytes that our own client fetched: given an address it would fetch by itself.
"""

import re
from calendar import timegm
from codecs import BOM_UTF8
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from html import unescape
from io import BytesIO
from time import struct_time
from typing import Annotated, Any
from urllib.parse import urljoin, urlsplit

from pydantic import BeforeValidator

from core.connectors.base import LenientMoment, LenientText, Wire, count, links_in, moment, parsed, text
from core.connectors.markup import plain
from core.models import Post

_NETWORK = "blog"
_ENTITIES = re.compile(rb"<!ENTITY", re.IGNORECASE)
_BEFORE_ROOT = re.compile(rb"\s+|\xef\xbb\xbf|\xff\xfe|\xfe\xff|<\?.*?\?>|<!--.*?-->", re.DOTALL)
_DOCTYPE = re.compile(rb"<!DOCTYPE[^\[>]*(\[.*?\]\s*>|>)", re.IGNORECASE | re.DOTALL)
_HTML = re.compile(rb"<!doctype\s+html|<html[\s>]", re.IGNORECASE)
_COMMENT = re.compile(rb"<!--.*?-->", re.DOTALL)
_ROOT = re.compile(rb"<(?:[a-z]+:)?(?:rss|rdf|feed|channel)[\s>]", re.IGNORECASE)
_LINK = re.compile(r"<link\b([^<>]{1,2000})>", re.IGNORECASE)
_ATTRIBUTE = re.compile(r"([a-z]+)\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s\"'>]+))", re.IGNORECASE)
_KINDS = ("application/rss+xml", "application/atom+xml", "application/feed+json", "application/json")
_HARMLESS = frozenset({"CharacterEncodingOverride", "NonXMLContentType"})  # headers that disagree with the document
_FORMAT = "jsonfeed.org/version/"
_ID_LIMIT = 500  # characters of an entry's id; real ones are addresses


@dataclass(frozen=True, slots=True)
class Feed:
    """What a feed says: of its site, and its posts, those without a date left out.

    `items` is how many entries there are, `broken` that the document is not well-formed.
    """

    title: str | None
    about: str | None
    site: str | None
    self_link: str | None
    posts: tuple[Post, ...]
    items: int
    broken: bool = False


def declares_entities(body: bytes) -> bool:
    """Return whether a document declares entities in its DOCTYPE: nothing good comes of reading those."""
    head = body.replace(b"\0", b"")[:100_000]  # UTF-16 becomes readable enough
    place = 0
    while found := _BEFORE_ROOT.match(head, place):
        place = found.end()
    if head[place : place + 9].upper() != b"<!DOCTYPE":
        return False
    doctype = _DOCTYPE.match(head, place)
    return _ENTITIES.search(head, place, doctype.end() if doctype else len(head)) is not None


def is_page(body: bytes) -> bool:
    """Return whether a document is a web page rather than a feed, whose texts may hold whole pages."""
    head = _COMMENT.sub(b"", body.replace(b"\0", b"")[:2_000])
    page, feed = _HTML.search(head), _ROOT.search(head)
    return page is not None and (feed is None or page.start() < feed.start()) and not looks_like_json(head)


def looks_like_json(body: bytes) -> bool:
    """Return whether a document begins as JSON does."""
    return body.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"{", b"[")


def offered(page: str, address: str) -> tuple[str, ...]:
    """Return the addresses of the feeds that a web page names, comments last, at most three."""
    found = []
    for tag in _LINK.findall(page[:500_000]):
        said = {m[1].lower(): unescape(m[2] or m[3] or m[4] or "") for m in _ATTRIBUTE.finditer(tag)}
        kind = said.get("type", "").partition(";")[0].strip().lower()
        if "alternate" in said.get("rel", "").lower().split() and kind in _KINDS and said.get("href"):
            where = joined(address, said["href"])
            found += [(("comment" in (said.get("title", "") + where).lower()), where)] if where else []
    return tuple(dict.fromkeys(where for _, where in sorted(found, key=lambda entry: entry[0])))[:3]


def joined(address: str, reference: str) -> str:
    """Return an http(s) address seen from another one, empty when it cannot be one."""
    try:
        whole = urljoin(address, reference.strip())
        return whole if urlsplit(whole).hostname and links_in(whole) == (whole,) else ""
    except ValueError:  # brackets that hold no IPv6 address
        return ""


# --- JSON Feed --------------------------------------------------------------------------------------------------------


def _text_id(value: object) -> object:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 10**40 else value


class _Item(Wire):
    id: Annotated[LenientText, BeforeValidator(_text_id)] = None
    url: LenientText = None
    date_published: LenientMoment = None
    date_modified: LenientMoment = None


class _Named(Wire):
    version: LenientText = None


class _JsonFeed(Wire):
    title: LenientText = None
    description: LenientText = None
    home_page_url: LenientText = None
    feed_url: LenientText = None
    items: tuple[_Item, ...]


def read_json(body: bytes) -> Feed | None:
    """Return a JSON Feed (jsonfeed.org, version 1 and 1.1), None for what does not say that it is one.

    Raises ValidationError for a broken one.
    """
    body = body.removeprefix(BOM_UTF8)
    if body.lstrip().startswith(b"["):
        return None
    if _FORMAT not in (parsed(body, _Named.model_validate_json).version or ""):
        return None
    told = parsed(body, _JsonFeed.model_validate_json)
    posts = (_post(item.id, item.url or "", item.date_published or item.date_modified) for item in told.items)
    return Feed(
        title=told.title,
        about=told.description,
        site=joined("", told.home_page_url or "") or None,
        self_link=told.feed_url,
        posts=_first_of_each(posts),
        items=len(told.items),
    )


# --- RSS, RDF, Atom ---------------------------------------------------------------------------------------------------

Entry = Mapping[str, Any]


def read_xml(body: bytes, address: str, content_type: str) -> Feed | None:
    """Return an RSS, RDF or Atom feed, as much of it as can be read; None for what is none."""
    import feedparser  # type: ignore[import-untyped]

    headers = {"content-location": address, **({"content-type": content_type} if content_type else {})}
    try:
        told = feedparser.parse(
            BytesIO(body), response_headers=headers, sanitize_html=False, resolve_relative_uris=False
        )
    except (ValueError, LookupError, TypeError, AttributeError, AssertionError, RecursionError):  # of hostile documents
        return None
    entries, feed = told.get("entries", []), told.get("feed", {})
    if not told.get("version") and not entries:
        return None
    return Feed(
        title=text(_plain(feed.get("title"))),
        about=text(_plain(feed.get("subtitle"))),
        site=joined(address, _said(feed, "link")) or None,
        self_link=next((_said(link, "href") for link in _links(feed) if link.get("rel") == "self"), None),
        posts=_first_of_each(_entry(entry, address) for entry in entries),
        items=len(entries),
        broken=_is_broken(told),
    )


def _is_broken(told: Entry) -> bool:
    return bool(told.get("bozo")) and type(told.get("bozo_exception")).__name__ not in _HARMLESS


def _entry(entry: Entry, address: str) -> Post | None:
    told = _said(entry, "link").strip()
    link = joined(address, told) if told else ""
    return _post(_said(entry, "id"), link, _date(entry), _comments(entry), _views(entry))


def _date(entry: Entry) -> datetime | None:
    """Return when an entry appeared, else changed; asked without feedparser's own substitutions, which warn."""
    for name in ("published", "updated"):
        value = dict.get(entry, f"{name}_parsed")  # type: ignore[call-overload]
        told = dict.get(entry, name)  # type: ignore[call-overload]
        at = _calendar(value) if isinstance(value, struct_time) else _without_zone(told)
        if at is not None:
            return at
    return None


def _calendar(value: struct_time) -> datetime | None:
    try:
        return datetime.fromtimestamp(timegm(value), UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _without_zone(told: object) -> datetime | None:
    """Return a date of RFC 822 that lacks its zone, which feedparser does not take, as UTC."""
    try:
        return moment(parsedate_to_datetime(told).isoformat()) if isinstance(told, str) else None
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def _comments(entry: Entry) -> int | None:
    """Return the number of comments by `slash:comments`, `thr:total` or a link's `thr:count`."""
    links = [
        link.get(name) for link in _links(entry) for name in ("thr:count", "count") if link.get("rel") == "replies"
    ]
    told = (entry.get("slash_comments"), entry.get("thr_total"), *links)
    return next((number for value in told if (number := _counted(value)) is not None), None)


def _views(entry: Entry) -> int | None:
    told = entry.get("media_statistics")
    return _counted(told.get("views")) if isinstance(told, Mapping) else None


def _counted(value: object) -> int | None:
    return count(value.strip() if isinstance(value, str) else value)


def _links(thing: Entry) -> list[Entry]:
    links = dict.get(thing, "links")  # type: ignore[call-overload]
    return [link for link in links if isinstance(link, Mapping)] if isinstance(links, list) else []


def _said(thing: Entry, name: str) -> str:
    value = thing.get(name)
    return value if isinstance(value, str) else ""


def _plain(value: object) -> str | None:
    return plain(value).text if isinstance(value, str) else None


# --- both -------------------------------------------------------------------------------------------------------------


def _post(
    native_id: str | None, link: str, at: datetime | None, replies: int | None = None, views: int | None = None
) -> Post | None:
    """Return an entry as a post, known by its moment where it has neither id nor link; None without a date."""
    if at is None:
        return None
    known = text(native_id, _ID_LIMIT) or text(link, _ID_LIMIT) or at.isoformat()
    url = link if links_in(link) == (link,) else None
    return Post(network=_NETWORK, native_id=known, created_at=at, url=url, replies=replies, views=views)


def _first_of_each(posts: Any) -> tuple[Post, ...]:
    found: dict[str, Post] = {}
    for post in posts:
        if post is not None:
            found.setdefault(post.native_id, post)
    return tuple(found.values())
