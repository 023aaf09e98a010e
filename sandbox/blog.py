"""Blogs of invented creators: `/blog/HOST/feed` as RSS, `/atom.xml`, `/feed.json`, and a page that names them."""

from datetime import UTC, datetime
from email.utils import format_datetime
from html import escape

from sandbox.faults import Fault
from sandbox.network import PlainNetwork
from sandbox.timeline import ORIGINAL
from sandbox.wire import Answer, Ask, Headers, Json, as_html, as_json
from sandbox.world import Account, PostView, digest

WRITERS = {
    "mara.example": "mara",
    "beanco.example": "beanco",
    "lanternlab.example": "lanternlab",
    "glowguru.example": "glowguru",
}
"""Which creator writes on which site; what they write follows their first account."""

_SHOWN = 15  # entries a feed holds, as most do
_BOMB = b'<?xml version="1.0"?><!DOCTYPE rss [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><rss version="2.0">&b;</rss>'


class Blog(PlainNetwork):
    """Answers a site's page and its feeds; ETags turn a repeated question into 304."""

    name = "blog"

    def answer(self, ask: Ask) -> Answer:
        """Return the answer in good weather."""
        account = self._writer(ask)
        if account is None:
            return as_html("Not found", 404)
        host, path = ask.parts[0], "/".join(ask.parts[1:]).rstrip("/")
        entries = self._entries(account)
        if path == "":
            return _page(host)
        if path == "feed":
            return _tagged(_rss(account, host, entries), "application/rss+xml; charset=utf-8")
        if path == "atom.xml":
            return _tagged(_atom(account, host, entries), "application/atom+xml; charset=utf-8")
        if path == "feed.json":
            return as_json(_json(account, host, entries))
        return as_html("Not found", 404)

    def finish(self, ask: Ask, answer: Answer) -> Answer:
        """Return 304 without a body when the caller already has this answer."""
        tag = dict(answer.headers).get("etag")
        return Answer(304, b"", (("etag", tag),)) if tag and ask.headers.get("if-none-match") == tag else answer

    def subjects(self, ask: Ask) -> frozenset[str]:
        """Return the site and who writes there."""
        account = self._writer(ask)
        return frozenset({ask.parts[0].lower()} | ({account.role.slug} if account is not None else set()))

    def limit(self, ask: Ask) -> int:
        """Return a figure nobody is told."""
        return 1_000

    def limited(self, fault: Fault, ask: Ask, reset: int) -> Answer:
        """Return a refusal in words, with Retry-After where it is told."""
        wait: Headers = (("retry-after", str(fault.seconds)),) if fault.reset else ()
        return Answer(429, b"Slow down.", (("content-type", "text/plain"), *wait))

    def broken(self, status: int, ask: Ask) -> Answer:
        """Return a server error as a page."""
        return as_html("Error establishing a database connection", status)

    def special(self, ask: Ask, fault: Fault) -> Answer | None:
        """Return the answer of a fault that only sites know."""
        if fault.kind == "entities":
            return Answer(200, _BOMB, (("content-type", "application/rss+xml"),))
        if fault.kind == "not_well_formed":
            good = self.answer(ask)
            return Answer(200, good.body.replace(b"</title>", b" & co</title>"), good.headers)
        if fault.kind == "busy":
            return Answer(503, b"Back soon.", (("retry-after", str(fault.seconds)),))
        return as_html("No.", {"gone": 410, "not_found": 404, "forbidden": 403}[fault.kind])

    # --- what is shown --------------------------------------------------------------------------------------------

    def _writer(self, ask: Ask) -> Account | None:
        slug = WRITERS.get(ask.parts[0].lower())
        return self._world.accounts_of(slug)[0] if slug is not None else None

    def _entries(self, account: Account) -> list[PostView]:
        moment, line = self._moment(), account.timeline
        own = [int(i) for i in line.visible(moment)[::-1] if line.kind[i] == ORIGINAL]
        return [account.view(i, moment, deep=False) for i in own[:_SHOWN]]


def _tagged(text: str, kind: str) -> Answer:
    tag = f'"{digest(text).hex()[:16]}"'
    return Answer(200, text.encode(), (("content-type", kind), ("etag", tag)))


def _page(host: str) -> Answer:
    link = '<link rel="alternate" type="application/{}" title="{}" href="{}">'
    links = link.format("rss+xml", "Comments", "/comments") + link.format("rss+xml", "Posts", f"https://{host}/feed")
    return Answer(200, f"<!DOCTYPE html><html><head>{links}</head></html>".encode(), (("content-type", "text/html"),))


def _rss(account: Account, host: str, entries: list[PostView]) -> str:
    items = "".join(
        f"<item><title>{escape(post.text[:60])}</title><link>https://{host}/{post.index}</link>"
        f'<guid isPermaLink="false">tag:{host},{post.index}</guid>'
        f"<pubDate>{format_datetime(post.moment)}</pubDate><slash:comments>{post.replies}</slash:comments></item>"
        for post in entries
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?><rss version="2.0" '
        'xmlns:slash="http://purl.org/rss/1.0/modules/slash/"><channel>'
        f"<title>{escape(account.name)}</title><link>https://{host}/</link>"
        f"<description>{escape(account.role.bio)}</description>{items}</channel></rss>"
    )


def _atom(account: Account, host: str, entries: list[PostView]) -> str:
    items = "".join(
        f'<entry><id>tag:{host},{post.index}</id><link href="/{post.index}"/><title>{escape(post.text[:60])}</title>'
        f"<published>{post.moment.isoformat()}</published><thr:total>{post.replies}</thr:total></entry>"
        for post in entries
    )
    updated = (entries[0].moment if entries else datetime(2020, 1, 1, tzinfo=UTC)).isoformat()
    return (
        '<?xml version="1.0" encoding="UTF-8"?><feed xmlns="http://www.w3.org/2005/Atom" '
        f'xmlns:thr="http://purl.org/syndication/thread/1.0"><title>{escape(account.name)}</title>'
        f"<id>https://{host}/</id><updated>{updated}</updated>{items}</feed>"
    )


def _json(account: Account, host: str, entries: list[PostView]) -> Json:
    items = [
        {"id": f"tag:{host},{post.index}", "url": f"https://{host}/{post.index}", "content_text": post.text}
        | {"date_published": post.moment.isoformat()}
        for post in entries
    ]
    home = f"https://{host}/"
    return {"version": "https://jsonfeed.org/version/1.1", "title": account.name, "home_page_url": home, "items": items}
