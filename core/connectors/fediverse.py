"""What the fediverse's servers share: addresses and their home, pages by the Link header, a token for each server."""

import re
from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import parse_qs, urlsplit

from pydantic import Field

from core.addresses import domain
from core.connectors.answers import Answer
from core.connectors.base import Wire
from core.errors import BadHandle

_LINK = re.compile(r"<([^<>]*)>([^<>]*)")  # RFC 8288, as far as servers use it
_NEXT = re.compile(r";\s*rel\s*=\s*\"?next\"?\s*(?:[;,]|$)", re.IGNORECASE)
_CURSOR = re.compile(r"[A-Za-z0-9_.:~=-]{1,100}")
_TOKEN = re.compile(r"[\x21-\x7e]{1,500}")
_ACTOR = ("application/activity+json", 'application/ld+json; profile="https://www.w3.org/ns/activitystreams"')
_PAGE = "http://webfinger.net/rel/profile-page"


class Place(NamedTuple):
    """Where an account lives: its server, and its address as that server or the asked domain vouches for it."""

    server: str
    address: str


class _Link(Wire):
    rel: str = ""
    type: str | None = None
    href: str | None = None


class Finger(Wire):
    """A webfinger answer (RFC 7033)."""

    subject: str = ""
    links: tuple[_Link, ...] = Field(())

    def place(self, asked: str) -> Place | None:
        """Return where the account of the address `asked` lives, or None when the answer does not say.

        A domain may vouch for its own addresses on any server. For an address of another domain it is only a signpost:
        what counts then is the name on the server it points to.
        """
        server = self._server()
        user, _, given = self.subject.removeprefix("acct:").lower().partition("@")
        if server is None or not user:
            return None
        named = f"{user}@{server_name(given) or given}"
        return Place(server, named if named == asked else f"{user}@{server}")

    def _server(self) -> str | None:
        actors = [link.href for link in self.links if link.rel == "self" and link.type in _ACTOR]
        pages = [link.href for link in self.links if link.rel == _PAGE]
        return next((name for href in (*actors, *pages) if (name := host_of(href))), None)


def server_name(text: str) -> str:
    """Return a server's name in lower-case ASCII, empty for anything that cannot be a public one."""
    try:
        return domain(text)
    except BadHandle:
        return ""


def host_of(url: str | None) -> str:
    """Return the server's name in an https or http address, empty when there is none."""
    try:
        parts = urlsplit(url or "")
        return server_name(parts.hostname or "") if parts.scheme in ("https", "http") else ""
    except ValueError:  # brackets that hold no IPv6 address
        return ""


def next_cursor(answer: Answer) -> str | None:
    """Return the `max_id` of the next page by the Link header, None when it names none that can be used.

    Only the cursor is taken, and only from a link to the very server that answered: where to ask is never its choice.
    """
    url = _next_link(answer)
    try:
        there, here = urlsplit(url or ""), urlsplit(answer.url)
        cursor = parse_qs(there.query).get("max_id", [""])[0]
    except ValueError:
        return None
    return cursor if there.hostname in (None, here.hostname) and _CURSOR.fullmatch(cursor) else None


def is_last(answer: Answer, items: int, full: int) -> bool:
    """Return whether a page of so many items is known to be the last one.

    It is not when it announces another one that cannot be asked for, nor when it is `full` and has no Link header.
    """
    if items == 0:
        return True
    return _next_link(answer) is None and ("link" in answer.headers or items < full)


def _next_link(answer: Answer) -> str | None:
    links = _LINK.findall(answer.headers.get("link", ""))
    return next((url for url, rest in links if _NEXT.search(rest)), None)


def server_tokens(text: str) -> Mapping[str, str]:
    """Read `server=token,server=token`; raises ValueError, without a word of the text, when it is something else."""
    tokens = {}
    for entry in filter(None, re.split(r"[,\s]+", text)):
        name, _, token = entry.partition("=")
        server = server_name(name.removeprefix("https://").rstrip("/"))
        if not server or not _TOKEN.fullmatch(token):
            raise ValueError("an entry is not server=token")
        tokens[server] = token
    return tokens
