"""The pages where owners connect their accounts and withdraw: plain HTML with one stylesheet and no scripts.

They hold secrets in their addresses, so they are neither stored, indexed nor sent on as a referrer. Only a POST changes
anything: whatever previews a link sees the page and uses nothing up. And only one from the page itself: networks that
know an owner's consent to Clout already ask no second time, so a stranger's page must not be able to press the button.
"""

from collections.abc import Awaitable, Callable
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import structlog
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Route

from core.card import plain
from core.cards_consent_pages import Sheet, broken_sheet, going_on_sheet, sheet_of
from core.consents import Consents
from core.errors import CloutError
from core.models import Clock
from core.permission import CALLBACK_PATH, CONNECT_PATH, WITHDRAW_PATH, Outcome, OutcomeKind
from core.sign_ins import SECRET

STYLE_PATH = f"{CONNECT_PATH}/style.css"
_TEMPLATES = Path(__file__).parent / "templates"
_LONGEST = 4_000  # characters of a network's code
_A_DAY = 86_400  # seconds
_STYLE = {"cache-control": "public, max-age=3600", "x-content-type-options": "nosniff"}
_HEADERS = {
    "cache-control": "no-store",
    "content-security-policy": (
        "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "cross-origin-opener-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "x-robots-tag": "noindex, nofollow, noarchive",
}
_STATUS: dict[OutcomeKind, int] = {
    "unknown": 404,
    "gone": 410,
    "used": 410,
    "expired": 410,
    "foreign": 403,
    "replayed": 409,
    "unanswered": 502,
    "refused": 502,
    "unready": 503,
}

Handler = Callable[[Request], Awaitable[Response]]

log = structlog.get_logger("clout.consent_pages")


class ConsentPages:
    """The pages of one installation; `done` hears what became of every sign-in."""

    def __init__(
        self,
        consents: Consents,
        clock: Clock,
        *,
        reference: Callable[[], str],
        done: Callable[[Outcome], object] = lambda outcome: None,
    ) -> None:
        self._consents = consents
        self._clock = clock
        self._reference = reference
        self._done = done
        parts = urlsplit(consents.base or "")
        self._beneath = parts.path.rstrip("/")  # a proxy may keep the path of the public address to itself
        self._secure = parts.scheme == "https"
        self._origin = f"{parts.scheme}://{parts.netloc}"
        loader = FileSystemLoader(_TEMPLATES)
        pages = Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True)
        self._page = pages.get_template("consent.html")
        self._style = (_TEMPLATES / "consent.css").read_text(encoding="utf-8")

    def routes(self) -> list[BaseRoute]:
        """Return the routes beneath the public address."""
        return [
            Route(STYLE_PATH, self._stylesheet, methods=["GET"]),
            Route(f"{CALLBACK_PATH}/{{network}}", self._guarded(self._came_back), methods=["GET"]),
            Route(f"{CONNECT_PATH}/{{link}}", self._guarded(self._look), methods=["GET"]),
            Route(f"{CONNECT_PATH}/{{link}}", self._guarded(self._begin), methods=["POST"]),
            Route(f"{WITHDRAW_PATH}/{{secret}}", self._guarded(self._ask), methods=["GET"]),
            Route(f"{WITHDRAW_PATH}/{{secret}}", self._guarded(self._withdraw), methods=["POST"]),
        ]

    # --- pages --------------------------------------------------------------------------------------------------------

    async def _stylesheet(self, request: Request) -> Response:
        return Response(self._style, media_type="text/css", headers=_STYLE)

    async def _look(self, request: Request) -> Response:
        link = request.path_params["link"]
        return self._answer(await self._consents.shown(link), action=f"{CONNECT_PATH}/{link}")

    async def _begin(self, request: Request) -> Response:
        link = request.path_params["link"]
        if not self._pressed_here(request):
            return await self._look(request)
        begun = await self._consents.start(link)
        if isinstance(begun, Outcome):
            return self._answer(begun, action=f"{CONNECT_PATH}/{link}")
        # a page, not a redirect: `form-action` would stop one, wherever the network sends people on to
        answer = self._shown(going_on_sheet(begun.label), 200, onward=begun.address)
        answer.set_cookie(
            self._cookie(begun.state),
            f"{begun.browser}.{link}",
            max_age=_A_DAY,
            path="/",
            secure=self._secure,
            httponly=True,
            samesite="lax",
        )
        return answer

    async def _came_back(self, request: Request) -> Response:
        asked = request.query_params
        state, network = asked.get("state", ""), request.path_params["network"]
        browser, _, link = request.cookies.get(self._cookie(state), "").partition(".")
        code, error = asked.get("code", ""), asked.get("error", "")
        if request.method != "GET" or len(code) > _LONGEST or not SECRET.fullmatch(state):  # HEAD uses nothing up
            return self._answer(Outcome(kind="unknown"))
        outcome = await self._consents.finish(network, state, browser, code=code, error=error)
        self._done(outcome)
        answer = self._answer(outcome, again=f"{CONNECT_PATH}/{link}" if SECRET.fullmatch(link) else "")
        if outcome.kind not in ("foreign", "unknown"):
            answer.delete_cookie(self._cookie(state), path="/", secure=self._secure, httponly=True, samesite="lax")
        return answer

    async def _ask(self, request: Request) -> Response:
        secret = request.path_params["secret"]
        return self._answer(await self._consents.withdrawable(secret), action=f"{WITHDRAW_PATH}/{secret}")

    async def _withdraw(self, request: Request) -> Response:
        if not self._pressed_here(request):
            return await self._ask(request)
        return self._answer(await self._consents.withdraw(request.path_params["secret"]))

    # --- drawing ------------------------------------------------------------------------------------------------------

    def _guarded(self, handler: Handler) -> Handler:
        """Let what our own side cannot do be a page as well."""

        async def guarded(request: Request) -> Response:
            try:
                return await handler(request)
            except CloutError as error:
                reference = self._reference()
                log.warning("a page of consent failed", error=type(error).__name__, reference=reference)
                return self._shown(broken_sheet(reference), 503)

        return guarded

    def _answer(self, outcome: Outcome, *, action: str = "", again: str = "") -> Response:
        sheet = sheet_of(outcome, self._clock.now())
        return self._shown(sheet, _STATUS.get(outcome.kind, 200), action=action, again=again)

    def _shown(self, sheet: Sheet, status: int, *, action: str = "", again: str = "", onward: str = "") -> Response:
        held: dict[str, Any] = {
            "sheet": sheet,
            "title": plain(sheet.card.title),
            "stylesheet": f"{self._beneath}{STYLE_PATH}",
            "action": f"{self._beneath}{action}",
            "again": f"{self._beneath}{again}" if again else "",
            "onward": onward,
        }
        return HTMLResponse(self._page.render(held), status, headers=_HEADERS)

    def _pressed_here(self, request: Request) -> bool:
        """Whether a POST comes from a page of ours, as far as the browser says (Fetch Metadata, Origin).

        Our pages send no referrer, so browsers write `null` for their origin.
        """
        site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin", "null")
        if site is not None:
            return site in ("same-origin", "none")
        return origin in ("null", self._origin)

    def _cookie(self, state: str) -> str:
        """Return the name of a sign-in's cookie, so that several may be under way in one browser."""
        name = f"clout-{sha256(state.encode()).hexdigest()[:16]}"
        return f"__Host-{name}" if self._secure else name
