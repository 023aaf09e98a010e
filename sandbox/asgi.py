"""The sandbox's side of ASGI: whole bodies in, whole answers out, and an application made of one function."""

from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any
from urllib.parse import parse_qsl

from sandbox.wire import Answer

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
AsgiApp = Callable[[Scope, Receive, Send], Awaitable[None]]
Pairs = list[tuple[str, str]]
FormAnswer = Callable[[str, str, Pairs, Pairs, Mapping[str, str]], Answer]
"""From method, path, query, form and headers by lower-case name to the answer."""


async def whole_body(receive: Receive) -> bytes:
    """Return the body of a request."""
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    return body


async def send_answer(send: Send, answer: Answer, extra: list[tuple[bytes, bytes]]) -> None:
    """Send an answer in one go, with `extra` headers behind its own."""
    headers = answer.wire_headers + extra if extra else answer.wire_headers
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": answer.body})


def form_app(answer: FormAnswer) -> AsgiApp:
    """Return the application that answers forms: sign-ins and token endpoints."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        body = await whole_body(receive)
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        query = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
        form = parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True)
        await send_answer(send, answer(scope["method"], scope["path"], query, form, headers), [])

    return app
