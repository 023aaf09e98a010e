"""The one web server: is Clout alive, is it ready, what did it measure; Slack's requests, and pages of consent."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Protocol

import uvicorn
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from bots.meters import Meters
from bots.slack_scopes import INSTALL_PATH, REDIRECT_PATH
from core.errors import SettingsError, StoreError
from core.store import Store

if TYPE_CHECKING:
    from slack_bolt.async_app import AsyncApp

    from bots.slack_signatures import Signatures

EVENTS_PATH = "/slack/events"
LAG_LIMIT = 1.0  # seconds the loop may be late: past that, Slack's three seconds are in danger
BODY_LIMIT = 1_000_000  # bytes; Slack's largest payloads are a tenth of it
BODY_SECONDS = 3.0  # for a body to come: as long as Slack waits for its answer
_BEAT = 0.25
_WAIT_SECONDS = 5  # for connections that are still open at the end

Check = Callable[[], Awaitable[bool]]


class Pulse:
    """How late the event loop is: the worst of the last five seconds, so that one look is enough."""

    def __init__(self) -> None:
        self._late: list[float] = []

    @property
    def lag(self) -> float:
        """Return the worst lateness of late, seconds."""
        return max(self._late, default=0.0)

    async def beat(self) -> None:
        """Measure until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            due = loop.time() + _BEAT
            await asyncio.sleep(_BEAT)
            self._late = [*self._late[-19:], loop.time() - due]


class Health:
    """Whether Clout is ready, by named checks; a stopping one never is."""

    def __init__(self, checks: Mapping[str, Check]) -> None:
        self._checks = dict(checks)
        self.pulse = Pulse()
        self.stopping = False

    async def ready(self) -> dict[str, bool]:
        """Return each check with its answer."""
        answers = {name: await check() for name, check in self._checks.items()}
        return answers | ({"running": False} if self.stopping else {})


def database_check(store: Store) -> Check:
    """Return the check that the database answers."""

    async def answers() -> bool:
        try:
            await store.setting("health", "ping")
        except StoreError:
            return False
        return True

    return answers


class SlackDoor(Protocol):
    """What the web server shows of Slack: its requests, and the pages of installs."""

    @property
    def bolt(self) -> "AsyncApp | None":
        """What answers; None until Slack was reached."""
        ...

    @property
    def installs(self) -> bool:
        """Whether workspaces install Clout themselves."""
        ...

    def signatures(self) -> "Signatures | None":
        """Return what tells Slack's own requests; None where Slack does not call us."""
        ...


def web_app(
    health: Health, meters: Meters, slack: SlackDoor | None = None, pages: Sequence[BaseRoute] = ()
) -> Starlette:
    """Return the web application, with what there is of `slack` and with `pages` beside its own."""

    async def livez(request: Request) -> Response:
        lag = health.pulse.lag
        return JSONResponse({"lag_seconds": round(lag, 3)}, 200 if lag < LAG_LIMIT else 503)

    async def readyz(request: Request) -> Response:
        answers = await health.ready()
        return JSONResponse(answers, 200 if all(answers.values()) else 503)

    async def metrics(request: Request) -> Response:
        return Response(meters.text(), media_type=meters.content_type)

    routes: list[BaseRoute] = [Route("/livez", livez), Route("/readyz", readyz), Route("/metrics", metrics)]
    web = Starlette(routes=[*routes, *pages] + ([] if slack is None else _slack_routes(slack)))
    web.router.redirect_slashes = False  # it would lead to whatever host a request names
    return web


def _slack_routes(door: SlackDoor) -> list[BaseRoute]:
    signatures = door.signatures()
    if signatures is None and not door.installs:
        return []
    from slack_bolt.adapter.starlette.async_handler import AsyncSlackRequestHandler  # only where Slack calls us

    async def handled(request: Request) -> Response:
        if (bolt := door.bolt) is None:
            return Response("Slack is not reached yet", 503)
        return await AsyncSlackRequestHandler(bolt).handle(request)

    async def slack(request: Request) -> Response:
        if not _small(request.headers):
            return Response("Too large", 413)
        try:
            async with asyncio.timeout(BODY_SECONDS):
                body = await request.body()
        except (TimeoutError, ClientDisconnect):
            return Response("Too slow", 408)
        if signatures is None or not signatures.genuine(body, request.headers):
            return Response("Not signed by Slack", 401)
        return await handled(request)

    async def installs(request: Request) -> Response:
        try:
            return await handled(request)
        except StoreError as error:
            return Response(error.message, 503, media_type="text/plain")

    routes: list[BaseRoute] = [Route(EVENTS_PATH, slack, methods=["POST"])] if signatures is not None else []
    if door.installs:
        routes += [Route(path, installs, methods=["GET"]) for path in (INSTALL_PATH, REDIRECT_PATH)]
    return routes


def _small(headers: Mapping[str, str]) -> bool:
    """Return whether a body says how long it is, and is not too long; Slack always says.

    One in chunks may be of any length, whatever is said of it besides.
    """
    length = headers.get("content-length", "")
    fits = length.isascii() and length.isdecimal() and len(length) < 12 and int(length) <= BODY_LIMIT
    return fits and "transfer-encoding" not in headers


class _Server(uvicorn.Server):
    """A server that leaves signals to us: one process serves chat and web and stops them in order."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@asynccontextmanager
async def serving(web: Starlette, health: Health, host: str, port: int) -> AsyncIterator[int]:
    """Serve while the body runs, and yield the port; raises SettingsError when it cannot be had."""
    listening = _listen(host, port)
    config = uvicorn.Config(
        web, lifespan="off", log_config=None, access_log=False, timeout_graceful_shutdown=_WAIT_SECONDS
    )
    server = _Server(config)
    beating = asyncio.create_task(health.pulse.beat())
    running = asyncio.create_task(server.serve(sockets=[listening]))
    try:
        while not server.started and not running.done():  # noqa: ASYNC110  # uvicorn tells in no other way
            await asyncio.sleep(0.01)
        address: Any = listening.getsockname()
        yield address[1]
    finally:
        server.should_exit = True
        await running
        beating.cancel()
        await asyncio.gather(beating, return_exceptions=True)
        listening.close()


def _listen(host: str, port: int) -> socket.socket:
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((host, port), family=family)
    except OSError as err:
        raise SettingsError(
            f"The web server cannot listen on {host} port {port}: {err.strerror}. "
            "Choose another CLOUT_PORT or CLOUT_HOST."
        ) from err
