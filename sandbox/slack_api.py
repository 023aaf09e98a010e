"""The Web API of the pretend Slack as an ASGI application: tokens, scopes, faults, rates, then the method."""

import asyncio
import base64
import math
from collections.abc import Callable
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route, WebSocketRoute

from sandbox.slack_hooks import answer_hook
from sandbox.slack_install import INSTALL_METHODS, consent
from sandbox.slack_messages import MESSAGE_METHODS
from sandbox.slack_people import Json, Workspace
from sandbox.slack_places import PLACE_METHODS
from sandbox.slack_socket import open_connection
from sandbox.slack_uploads import UPLOAD_METHODS, download, receive_upload
from sandbox.slack_views import VIEW_METHODS
from sandbox.slack_weather import LOST, Trouble
from sandbox.slack_wire import Call, Refusal, arguments

if TYPE_CHECKING:
    from sandbox.slack_office import Office

Handler = Callable[[Call], Json]

METHODS: dict[str, tuple[str, Handler]] = {
    **MESSAGE_METHODS,
    **VIEW_METHODS,
    **PLACE_METHODS,
    **UPLOAD_METHODS,
    **INSTALL_METHODS,
}
"""Scope and handler of each bot method; an empty scope is none."""

OPEN = frozenset({"api.test", "oauth.v2.access", "oauth.v2.exchange", "apps.uninstall"})
"""Methods that identify the app by its client secret, or nobody at all."""

REFUSED_SCOPES = {
    "conversations.history": "channels:history",
    "conversations.replies": "channels:history",
    "conversations.list": "channels:manage",
    "users.list": "users:read.all",
    "search.messages": "search:read",
    "reactions.add": "reactions:write",
}
"""Methods that Clout asks no scope for."""


def slack_app(slack: "Office") -> Starlette:
    """Return the application that is mounted under `/slack`."""

    async def api(request: Request) -> Response:
        return await _answer(slack, request)

    async def hook(request: Request) -> Response:
        return await answer_hook(slack, request)

    async def upload(request: Request) -> Response:
        return await receive_upload(slack, request)

    async def files(request: Request) -> Response:
        return download(slack, request)

    async def authorize(request: Request) -> Response:
        return consent(slack, request)

    return Starlette(
        routes=[
            Route("/api/{method}", api, methods=["GET", "POST"]),
            Route("/commands/{team}/{number}/{secret}", hook, methods=["POST"]),
            Route("/upload/{file}", upload, methods=["POST"]),
            Route("/files/{file}/{name}", files),
            Route("/oauth/v2/authorize", authorize),
            WebSocketRoute("/link", slack.sockets.serve),
        ]
    )


async def _answer(slack: "Office", request: Request) -> Response:
    method = str(request.path_params["method"])
    try:
        call = Call(slack, method, await arguments(request))
        call.token, call.basic = _credentials(request, call)
    except Refusal as no:
        return _said(method, no)
    slack.calls.append(call)
    channel = call.text("channel") or call.text("channel_id")
    trouble = slack.weather.take(method, channel)
    try:
        if trouble is None or trouble.after or trouble.kind == "slow":
            response = _handled(call, channel)
        else:
            response = PlainTextResponse("")
    finally:
        slack.wake()
    return response if trouble is None else await play(slack, trouble, request, response)


def _handled(call: Call, channel: str) -> Response:
    try:
        handler = _admitted(call)
        team = call.workspace.id if call.workspace is not None else ""
        if pause := call.slack.weather.wait(call.method, team, channel):
            return _limited(pause)
        call.slack.note_arguments(call)
        value = handler(call)
    except Refusal as no:
        return _said(call.method, no)
    return JSONResponse({"ok": True, **value}, headers=_scopes(call))


def _admitted(call: Call) -> Handler:
    """Return the handler, after token and scopes were looked at."""
    if call.method == "apps.connections.open":
        return open_connection
    if call.method in OPEN:
        return METHODS[call.method][1]
    _identify(call)
    if call.method in REFUSED_SCOPES:
        raise _missing(call, REFUSED_SCOPES[call.method])
    if call.method not in METHODS:
        raise Refusal("unknown_method", req_method=call.method)
    scope, handler = METHODS[call.method]
    if scope and not call.app.scopes & set(scope.split("|")):
        raise _missing(call, scope.split("|")[0])
    return handler


def _missing(call: Call, scope: str) -> Refusal:
    return Refusal("missing_scope", needed=scope, provided=",".join(sorted(call.app.scopes)))


def _identify(call: Call) -> None:
    if not call.token:
        raise Refusal("not_authed")
    if call.token == call.slack.app_token:
        raise Refusal("not_allowed_token_type")
    workspace = _owner(call.slack, call.token)
    if workspace is None or (app := workspace.installation) is None:
        raise Refusal("invalid_auth")
    if not app.installed:
        raise Refusal("account_inactive")
    if call.token in app.revoked:
        raise Refusal("token_revoked")
    expires = app.tokens[call.token]
    if expires is not None and expires <= call.slack.seconds():
        raise Refusal("token_expired")
    call.workspace = workspace


def _owner(slack: "Office", token: str) -> Workspace | None:
    return next(
        (one for one in slack.workspaces.values() if one.installation is not None and token in one.installation.tokens),
        None,
    )


def _credentials(request: Request, call: Call) -> tuple[str, tuple[str, str] | None]:
    kind, _, value = request.headers.get("authorization", "").partition(" ")
    if kind.lower() == "bearer":
        return value.strip(), None
    if kind.lower() == "basic":
        try:
            name, _, secret = base64.b64decode(value, validate=True).decode().partition(":")
        except ValueError as error:
            raise Refusal("invalid_auth") from error
        return "", (name, secret)
    return call.text("token"), None


def _scopes(call: Call) -> dict[str, str]:
    if call.workspace is None:
        return {}
    return {"x-oauth-scopes": ",".join(sorted(call.app.scopes)), "x-accepted-oauth-scopes": METHODS[call.method][0]}


def _said(method: str, no: Refusal) -> Response:
    return JSONResponse({"ok": False, "error": no.error, **no.beside}, headers={"x-slack-method": method})


def _limited(seconds: float) -> Response:
    headers = {"retry-after": str(math.ceil(seconds))}
    return JSONResponse({"ok": False, "error": "ratelimited"}, 429, headers=headers)


async def play(slack: "Office", trouble: Trouble, request: Request, response: Response) -> Response:
    """Return what a fault makes of an answer; hangs up or stays silent where it says so."""
    if trouble.kind == "slow":
        await asyncio.sleep(trouble.seconds)
        return response
    if trouble.kind == "ratelimited":
        return _limited(trouble.seconds)
    if trouble.kind in LOST:
        if trouble.kind == "silence":
            await slack.stopping.wait()
        request.scope["state"]["hang_up"]()
        return PlainTextResponse("")
    if trouble.kind == "not_json":
        return PlainTextResponse("<html>We are improving things</html>", 200, media_type="text/html")
    if trouble.kind.isdigit():
        return PlainTextResponse("Server Error", int(trouble.kind))
    return JSONResponse({"ok": False, "error": trouble.kind})
