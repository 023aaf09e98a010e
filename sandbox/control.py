"""The sandbox's own controls over HTTP, for programs that run beside it."""

import json
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from sandbox import discord_control, slack_control

if TYPE_CHECKING:
    from sandbox.server import Sandbox


Endpoint = Callable[[Request], Awaitable[JSONResponse]]


class _Refused(Exception):
    """The body makes no sense; says why."""


def control_app(box: "Sandbox") -> Starlette:
    """Return the routes.

    Clock, slack and discord (GET, POST), faults (DELETE too), creators (GET), requests (GET, DELETE).
    """

    async def clock(request: Request) -> JSONResponse:
        if request.method == "POST":
            _move(box, await _body(request))
        return JSONResponse({"now": box.clock.now().isoformat(), "running": box.clock.running})

    async def faults(request: Request) -> JSONResponse:
        if request.method == "DELETE":
            box.faults.clear(request.query_params.get("network"))
        elif request.method == "POST":
            _switch(box, await _body(request))
        return JSONResponse({"active": [vars(fault) for fault in box.faults.active()]})

    async def creators(request: Request) -> JSONResponse:
        return JSONResponse({"creators": describe(box)})

    async def requests(request: Request) -> JSONResponse:
        if request.method == "DELETE":
            box.requests.clear()
        network = request.query_params.get("network")
        counts = {name: box.requests.count(name) for name in box.networks}
        return JSONResponse({"counts": counts, "paths": box.requests.paths(network)[-1000:]})

    def chat(state: Callable[["Sandbox"], Any], act: Callable[["Sandbox", Any], Awaitable[Any]]) -> Endpoint:
        async def room(request: Request) -> JSONResponse:
            if request.method == "GET":
                return JSONResponse(state(box))
            try:
                return JSONResponse(await act(box, await _body(request)))
            except (TypeError, ValueError, LookupError, TimeoutError) as error:
                raise _Refused(f"cannot do this: {error}") from error

        return room

    async def refused(request: Request, error: Exception) -> JSONResponse:
        return JSONResponse({"error": str(error)}, 400)

    return Starlette(
        routes=[
            Route("/clock", clock, methods=["GET", "POST"]),
            Route("/faults", faults, methods=["GET", "POST", "DELETE"]),
            Route("/creators", creators),
            Route("/requests", requests, methods=["GET", "DELETE"]),
            Route("/slack", chat(slack_control.state, slack_control.act), methods=["GET", "POST"]),
            Route("/discord", chat(discord_control.state, discord_control.act), methods=["GET", "POST"]),
        ],
        exception_handlers={_Refused: refused},
    )


async def _body(request: Request) -> dict[str, Any]:
    try:
        value = json.loads(await request.body())
    except ValueError as error:
        raise _Refused("the body is no JSON") from error
    if not isinstance(value, dict):
        raise _Refused("the body has to be a JSON object")
    return value


def _move(box: "Sandbox", body: dict[str, Any]) -> None:
    try:
        if "set" in body:
            box.clock.set(datetime.fromisoformat(body["set"]))
        elif "advance" in body:
            box.clock.advance(timedelta(seconds=float(body["advance"])))
        else:
            raise _Refused('say {"set": "2026-03-02T12:00:00Z"} or {"advance": seconds}')
    except (TypeError, ValueError, OverflowError) as error:
        raise _Refused(str(error)) from error


def _switch(box: "Sandbox", body: dict[str, Any]) -> None:
    try:
        if "latency_ms" in body:
            box.faults.latency(body["network"], int(body["latency_ms"]))
        elif "budget" in body:
            box.faults.budget(body["network"], int(body["budget"]), int(body.get("seconds", 300)))
        else:
            box.faults.set(**body)
    except (TypeError, ValueError, KeyError) as error:
        raise _Refused(f"cannot set this fault: {error}") from error


def describe(box: "Sandbox") -> list[dict[str, Any]]:
    """Return every creator with the accounts and what each is there to show."""
    moment = box.clock.now().timestamp()
    return [
        {
            "slug": role.slug,
            "name": role.name,
            "shows": role.shows,
            "handles": [{"network": plan.network, "handle": plan.handle} for plan in role.plans],
            "followers": {acc.network: acc.followers(moment) for acc in box.world.accounts_of(role.slug)},
        }
        for role in box.world.roles
        if not role.slug.startswith("crowd-")
    ]
