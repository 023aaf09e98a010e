"""Discord over HTTP as an ASGI application: faults, token, rates, then the route's handler."""

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route, WebSocketRoute

from sandbox import discord_hooks, discord_messages, discord_registry
from sandbox.discord_weather import LOST, Bucket, Trouble
from sandbox.discord_wire import SAYS, Call, Refusal, read_body

if TYPE_CHECKING:
    from sandbox.discord_office import Office

Handler = Callable[[Call], Any]

_COMMANDS = "/applications/{application}/commands"
_GUILD_COMMANDS = "/applications/{application}/guilds/{guild}/commands"
_MESSAGE = "/channels/{channel}/messages/{message}"
_HOOK = "/webhooks/{application}/{token}"

ROUTES: dict[str, Handler] = {
    "GET /users/@me": discord_messages.me,
    "GET /users/@me/guilds": discord_messages.own_guilds,
    "POST /users/@me/channels": discord_messages.open_direct,
    "GET /users/{user}": discord_messages.user,
    "GET /oauth2/applications/@me": discord_messages.application,
    "GET /applications/@me": discord_messages.application,
    "GET /gateway/bot": lambda call: call.discord.gateway.hints(),
    "GET /guilds/{guild}": discord_messages.guild,
    "GET /guilds/{guild}/channels": discord_messages.guild_channels,
    "GET /guilds/{guild}/members/{user}": discord_messages.guild_member,
    "GET /channels/{channel}": discord_messages.channel,
    "POST /channels/{channel}/typing": discord_messages.typing,
    "GET /channels/{channel}/messages": discord_messages.history,
    "POST /channels/{channel}/messages": discord_messages.post,
    f"GET {_MESSAGE}": discord_messages.fetch,
    f"PATCH {_MESSAGE}": discord_messages.edit,
    f"DELETE {_MESSAGE}": discord_messages.remove,
    f"POST {_MESSAGE}/threads": discord_messages.thread_below,
    f"GET {_COMMANDS}": discord_registry.listed,
    f"PUT {_COMMANDS}": discord_registry.put,
    f"POST {_COMMANDS}": discord_registry.add,
    f"GET {_GUILD_COMMANDS}": discord_registry.listed,
    f"PUT {_GUILD_COMMANDS}": discord_registry.put,
    f"POST {_GUILD_COMMANDS}": discord_registry.add,
}
"""What a bot reaches by its token."""

OPEN: dict[str, Handler] = {
    "POST /interactions/{interaction}/{token}/callback": discord_hooks.answer,
    f"POST {_HOOK}": discord_hooks.followup,
    f"GET {_HOOK}/messages/{{message}}": discord_hooks.fetch,
    f"PATCH {_HOOK}/messages/{{message}}": discord_hooks.edit,
    f"DELETE {_HOOK}/messages/{{message}}": discord_hooks.remove,
}
"""What the token in the path alone opens."""


def discord_app(discord: "Office") -> Starlette:
    """Return the application that is mounted under `/api`, `/gateway` and `/attachments`."""

    def endpoint(template: str) -> Callable[[Request], Any]:
        async def answer(request: Request) -> Response:
            return await _answer(discord, template, request)

        return answer

    async def download(request: Request) -> Response:
        return _download(discord, int(request.path_params["file"]))

    templates = dict.fromkeys(name.partition(" ")[2] for name in (*ROUTES, *OPEN))
    methods = ["GET", "POST", "PUT", "PATCH", "DELETE"]
    routes = [Route(f"/v10{one}", endpoint(one), methods=methods) for one in templates]
    routes.append(Route("/v10/{rest:path}", endpoint(""), methods=methods))
    return Starlette(
        routes=[
            *routes,
            WebSocketRoute("/", discord.gateway.serve),
            Route("/{channel:int}/{file:int}/{name}", download),
        ]
    )


async def _answer(discord: "Office", template: str, request: Request) -> Response:
    path = request.url.path.removeprefix("/v10")
    call = Call(discord, request.method, path, template, dict(request.path_params), dict(request.query_params))
    call.token = request.headers.get("authorization", "").removeprefix("Bot ")
    discord.calls.append(call)
    trouble = discord.weather.take(f"{call.method} {path}")
    try:
        await read_body(call, request)
        if trouble is not None and trouble.kind == "slow":
            await asyncio.sleep(trouble.seconds)
        good = _handled(call) if trouble is None or trouble.after or trouble.kind == "slow" else PlainTextResponse("")
    except Refusal as no:
        good = JSONResponse(no.body(), no.status)
    response = good if trouble is None else await _play(discord, trouble, request, good)
    call.status = response.status_code
    discord.invalid_requests += response.status_code in (401, 403, 429)
    discord.wake()
    return response


def _handled(call: Call) -> Response:
    name = f"{call.method} {call.template}"
    handler = OPEN.get(name)
    if handler is None:
        if call.token != call.discord.token:
            raise Refusal(0)
        handler = ROUTES.get(name)
    if handler is None:
        return JSONResponse({"message": "404: Not Found", "code": 0}, 404)
    bucket, pause = call.discord.weather.count(f"{call.method} {call.path}", call.template)
    if pause:
        return limited(pause, bucket)
    try:
        value = handler(call)
    except Refusal as no:
        return JSONResponse(no.body(), no.status, headers=_told(bucket))
    if value is None:
        return Response(status_code=204, headers=_told(bucket))
    return JSONResponse(value, headers=_told(bucket))


def _told(bucket: Bucket) -> dict[str, str]:
    return {
        "X-RateLimit-Bucket": f"{hash(bucket.name) & 0xFFFFFFFF:08x}",
        "X-RateLimit-Limit": str(bucket.limit),
        "X-RateLimit-Remaining": str(bucket.remaining),
        "X-RateLimit-Reset-After": f"{bucket.reset_after:.3f}",
    }


def limited(
    seconds: float, bucket: Bucket | None = None, *, everywhere: bool = False, banned: bool = False
) -> Response:
    """Return a 429; without the Via header it comes from the wall in front of Discord, as a ban does."""
    body = {"message": "You are being rate limited.", "retry_after": round(seconds, 3), "global": everywhere}
    headers = {} if banned else {"Via": "1.1 sandbox"}
    headers |= {"Retry-After": f"{seconds:.3f}", "X-RateLimit-Scope": "global" if everywhere else "user"}
    return JSONResponse(body, 429, headers=headers | (_told(bucket) if bucket is not None else {}))


async def _play(discord: "Office", trouble: Trouble, request: Request, good: Response) -> Response:
    """Return what a fault makes of an answer; hangs up or stays silent where it says so."""
    kind = trouble.kind
    if kind == "slow":
        return good
    if kind.startswith("429"):
        return limited(trouble.seconds, everywhere=kind == "429-global", banned=kind == "429-ban")
    if kind in LOST:
        if kind == "silence":
            await discord.box.stopping.wait()
        request.scope["state"]["hang_up"]()
        return PlainTextResponse("")
    code = int(kind)
    if code in SAYS:
        no = Refusal(code)
        return JSONResponse(no.body(), no.status)
    if code == 401:
        return JSONResponse(Refusal(0).body(), 401)
    return JSONResponse({"message": f"{code}: sandbox", "code": 0}, code)


def _download(discord: "Office", number: int) -> Response:
    for channel in discord.every_channel():
        for message in channel.log:
            for one in message.uploads:
                if one.id == number:
                    return Response(one.body, media_type=one.content_type)
    return PlainTextResponse("no such file", 404)
