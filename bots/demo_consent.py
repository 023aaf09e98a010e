"""One stop of `clout demo`: a creator lets the team read an account that only its owner can open, and takes it back.

The pages are the real ones on a loopback port, the network's sign-in is the sandbox's; a very small browser clicks.
"""

import asyncio
import re
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from html import unescape
from http.cookiejar import CookieJar
from urllib.parse import urljoin
from urllib.request import HTTPCookieProcessor, ProxyHandler, build_opener

from bots.consent_pages import ConsentPages
from bots.meters import Meters
from bots.web import Health, serving, web_app
from core.app import App
from core.card import Card
from core.vault import new_key

_MAIN = re.compile(r"<main\b.*?>(.*?)</main>", re.DOTALL)
_BLOCK = re.compile(r"</?(?:p|h\d|ul|ol|dl|dt|dd|div|section|header|form)\b[^>]*>|<br\s*/?>")
_FORM = re.compile(r'<form\b[^>]*\baction="([^"]*)"')
_ONWARD = re.compile(r'<a\b[^>]*\bhref="(https?:[^"]*)"')
_LINK = re.compile(r"https?://\S+/connect/[A-Za-z0-9_-]+")
_PATIENCE = 30.0  # seconds for one page on a slow machine


class Browser:
    """Reads a page as text, presses its button and follows its links; keeps cookies."""

    def __init__(self) -> None:
        self._opener = build_opener(HTTPCookieProcessor(CookieJar()), ProxyHandler({}))
        self._address = ""
        self._page = ""

    async def go(self, address: str) -> None:
        """Open an address."""
        await asyncio.to_thread(self._open, address, None)

    async def press(self) -> None:
        """Press the button of the page."""
        await asyncio.to_thread(self._open, self._found(_FORM), b"")

    async def follow(self) -> None:
        """Follow the page's first link to another site."""
        await asyncio.to_thread(self._open, self._found(_ONWARD), None)

    @property
    def text(self) -> str:
        """What the page says, a line for each block."""
        main = _MAIN.search(self._page)
        words = _BLOCK.sub("\n", main[1] if main else self._page).replace("<li>", "\n- ")
        lines = (" ".join(unescape(re.sub(r"<[^>]+>", "", line)).split()) for line in words.split("\n"))
        return "\n".join(line for line in lines if line)

    @property
    def onward(self) -> str:
        """The address of the page's first link to another site, or back to us."""
        return self._found(_ONWARD)

    def _found(self, pattern: re.Pattern[str]) -> str:
        found = pattern.search(self._page)
        assert found is not None, "the page has no such way on"
        return urljoin(self._address, unescape(found[1]))

    def _open(self, address: str, form: bytes | None) -> None:
        with self._opener.open(address, data=form, timeout=_PATIENCE) as answer:
            self._page, self._address = answer.read().decode(), answer.url


@asynccontextmanager
async def pages(app: App, port: int) -> AsyncIterator[None]:
    """Serve the pages of consent on a loopback port."""
    health = Health({})
    routes = ConsentPages(app.consents, app.clock, reference=lambda: "7f3a").routes()
    async with serving(web_app(health, Meters(), pages=routes), health, "127.0.0.1", port):
        yield


def free_port() -> int:
    """Return a loopback port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as held:
        return int(held.getsockname()[1])


def settings_of(port: int) -> dict[str, str]:
    """Return the settings that consent needs: an address for its pages, and a key that tokens are encrypted with."""
    return {"CLOUT_PUBLIC_URL": f"http://127.0.0.1:{port}", "CLOUT_SECRET_KEYS": new_key()}


def link_of(card: Card) -> str:
    """Return the link for the creator that a card of `connect` holds."""
    found = _LINK.search("\n".join(card.facts()))
    assert found is not None, "the card holds no link"
    return found[0]
