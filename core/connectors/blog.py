"""Blogs and other sites with a feed: RSS, Atom and JSON Feed."""

import asyncio
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from pydantic import ValidationError

from core.connectors.answers import Answer
from core.connectors.base import Asked, Call, Credentials, Page, changed, links_in, rate_limited, unreachable
from core.connectors.faults import HttpError
from core.connectors.feeds import (
    Feed,
    declares_entities,
    is_page,
    joined,
    looks_like_json,
    offered,
    read_json,
    read_xml,
)
from core.errors import NotFound, Private, SourceError, Suspended, Unavailable
from core.manifest import HandleRule, Manifest, Target, UrlForm
from core.models import Clock, Profile, Snapshot

if TYPE_CHECKING:
    from core.connectors.http import Requests

MANIFEST = Manifest(
    name="blog",
    label="Blog",
    hosts=(),  # the site itself, checked by the address guard
    base_url="https://{instance}/",
    handles=HandleRule(
        shape="url",
        pattern=r"https?://[^/?#\s]+/[^#\s]*",
        hint="the address of a site or of its feed, such as https://blog.example/feed",
        example="https://blog.example/feed",
        urls=(
            # sites whose author pages look like Mastodon's but are not
            UrlForm(
                hosts=("medium.com", "*.medium.com", "*.substack.com", "dev.to", "hashnode.com", "*.hashnode.dev"),
                path=r".*",
            ),
            UrlForm(hosts=("*",), path=r".*"),
        ),
    ),
    counts=frozenset({"replies", "views"}),
    follow_hosts=True,
    allow_http=True,
    reset_headers=("retry-after",),
    limits="As each site asks for; one request for a feed that is known, up to six to find one.",
    cost="Free; no key.",
    attribution="Blog",
    reads="When posts appeared, and comment counts where the feed carries them.",
    cannot_see="The audience: a blog shows no followers, so it counts as activity and comments, never as reach.",
    off_wording="Blogs are switched off here.",
)

_WHAT_COUNTS = "Blog: activity and comments only; a blog shows no audience size."
_BROKEN = "Blog: the feed is not well-formed; what could be read of it counts."
_ACCEPT = {
    "accept": "application/atom+xml, application/rss+xml, application/feed+json, application/xml;q=0.9, "
    "text/html;q=0.8, */*;q=0.5"
}
_USUAL_PLACES = ("/feed", "/rss.xml", "/atom.xml", "/feed.json")


class _NoFeed(NotFound):
    """A web page, which may name a feed; leaves this module as the NotFound it is."""


def _errors(answer: Answer, asked: Asked) -> SourceError | None:
    """Return what a site's refusal means; sites of strangers have no dialect."""
    name, status = MANIFEST.name, answer.status
    if 200 <= status < 300:
        return None
    if status == 410:
        return Suspended(name, "Blog: the site says that this is gone for good.")
    if status in (404, 451):
        return NotFound(name, "Blog: there is nothing at this address.")
    if status in (401, 402, 403):
        return Private(name, "Blog: the site does not let us read this address.")
    if status in (429, 503) and ("retry-after" in answer.headers or status == 429):
        return rate_limited(MANIFEST, answer, asked.now)
    return Unavailable(name, f"Blog: the site answers with a problem (status {status}).")


def _read(answer: Answer, asked: Asked, address: str) -> Feed:
    """Return the feed in an answer; status first, then what the document is. Raises SourceError."""
    if (error := _errors(answer, asked)) is not None:
        raise error
    body, name = answer.body, MANIFEST.name
    if declares_entities(body):
        raise Unavailable(name, "Blog: the feed declares entities, which are not read.")
    if is_page(body):
        raise _NoFeed(name, "Blog: there is a web page at this address, and no feed.")
    if not body.strip():
        raise Unavailable(name, "Blog: the site sent an empty answer.")
    try:
        kind = answer.headers.get("content-type", "")
        feed = read_json(body) if looks_like_json(body) else read_xml(body, address, kind)
    except ValidationError as err:
        raise changed(MANIFEST, answer, err) from err
    if feed is None:
        raise _NoFeed(name, "Blog: there is no feed at this address.")
    return feed


class _Feed(Call[Page]):
    """A feed as one page of posts: any answer of any address may be one."""

    def read(self, answer: Answer, asked: Asked) -> Page:
        try:
            return _page(_read(answer, asked, answer.url))
        except _NoFeed as err:
            raise NotFound(MANIFEST.name, err.message) from err


def _page(feed: Feed) -> Page:
    oldest = min((post.created_at for post in feed.posts), default=None)
    return Page(posts=feed.posts, oldest=oldest, items=feed.items)


FEED = _Feed(MANIFEST, "posts", r"", lambda body, asked: Page(posts=()), _errors)
CALLS = (FEED,)


@dataclass(frozen=True, slots=True)
class _Found:
    """A feed and the address it was found at."""

    feed: Feed
    address: str


@dataclass(frozen=True, slots=True)
class _Site:
    """One site, asked for its feed; every address passes the client's guard."""

    client: "Requests"
    asked: Asked

    async def feed(self, address: str) -> _Found:
        """Return the feed at an address or the one its page names; raises SourceError."""
        try:
            return await self._at(address)
        except _PageThere as there:
            tried = there.offers or tuple(filter(None, (joined(address, place) for place in _USUAL_PLACES)))
        for place in tried:
            try:
                return await self._at(place)
            except (NotFound, Private, Unavailable, _PageThere):
                continue
        raise NotFound(MANIFEST.name, "Blog: no feed there; give the address of the feed itself.")

    async def _at(self, address: str) -> _Found:
        host = urlsplit(address).hostname or ""
        try:
            answer = await self.client.get(self._sent(address, host), headers=_ACCEPT, unless_same=True)
        except HttpError as err:
            raise unreachable(MANIFEST, err) from err
        answered = self._meant(answer.url, address)
        try:
            # feeds can be long and odd: reading one must not hold up everything else
            feed = await asyncio.to_thread(_read, answer, self.asked, answered)
        except _NoFeed as err:
            raise _PageThere(offered(answer.text, answered)) from err
        return _Found(feed, _canonical(address, answered, feed.self_link))

    def _sent(self, address: str, host: str) -> str:
        """Return where to ask: the address itself, or its place under the operator's address for all sites."""
        base = self.client.base_for(host)
        if base == f"https://{host}/":
            return address
        parts = urlsplit(address)
        return base + parts.path.lstrip("/") + (f"?{parts.query}" if parts.query else "")

    def _meant(self, url: str, address: str) -> str:
        """Return the address that answered as people know it."""
        head, found, _ = self.client.base.partition("{instance}")
        replaced = bool(found) and head != "https://" and url.startswith(head)
        return f"{urlsplit(address).scheme}://{url.removeprefix(head)}" if replaced else url


class _PageThere(Exception):
    """A web page instead of a feed, with the feeds it offers; never leaves this module."""

    def __init__(self, offers: tuple[str, ...]) -> None:
        super().__init__("a web page")
        self.offers = offers


def _canonical(address: str, answered: str, self_link: str | None) -> str:
    """Return the feed's lasting address.

    What a feed says of itself counts only where the server agrees: else one site could take another's place. The
    address that answered comes without its query, so a redirect is followed only when it had none to lose.
    """
    bare = address.partition("?")[0].partition("#")[0]
    if answered == bare:
        return address
    if self_link is not None and self_link.partition("?")[0] == answered:
        return self_link
    return answered if answered.partition("//")[2] == bare.partition("//")[2] and bare == address else address


async def fetch(
    target: Target, since: datetime, client: "Requests", clock: Clock, credentials: Credentials
) -> Snapshot:
    """Return a site and the posts its feed still shows since `since`; raises one SourceError.

    A feed names only its latest posts: `complete_from` is the oldest of them. Known feeds cost one request, and are
    sent again only if they changed.
    """
    asked = Asked(handle=target.handle, now=clock.now())
    site = _Site(client, asked)
    try:
        found = await site.feed(target.native_id or target.handle)
    except NotFound:
        if target.native_id in (None, target.handle):
            raise
        found = await site.feed(target.handle)  # the feed has moved; its site may name the new place
    feed, oldest = found.feed, _page(found.feed).oldest
    about = (feed.site, *links_in(feed.about))
    profile = Profile(
        network=MANIFEST.name,
        native_id=found.address,
        handle=target.handle,
        display_name=feed.title,
        url=feed.site or found.address,
        bio=feed.about,
        links=tuple(dict.fromkeys(filter(None, about))),
        fetched_at=asked.now,
    )
    posts = sorted(
        (post for post in feed.posts if post.created_at >= since), key=lambda post: post.created_at, reverse=True
    )
    return Snapshot(
        profile=profile,
        posts=tuple(posts),
        complete_from=max(oldest, since) if oldest is not None else None,
        notes=(_WHAT_COUNTS, *([_BROKEN] if feed.broken else [])),
    )
