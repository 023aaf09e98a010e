"""A server without sockets for the tests of the HTTP client, and the manifests they ask with."""

from collections.abc import Callable
from typing import Any

import httpx

from core.connectors.http import (
    HttpClient,
    Requests,
)
from core.manifest import HandleRule, Manifest

RULE = HandleRule(pattern=".+", hint="", example="glow")
SECRET = "s3cr3t-t0ken"
Reply = httpx.Response | Exception


def manifest(**fields: Any) -> Manifest:
    own = {"hosts": ("api.example.com", "*.cdn.example.com"), "base_url": "https://api.example.com/v1/"}
    return Manifest(name="example", label="Example", handles=RULE, **(own | fields))


BLOG = manifest(hosts=(), base_url="https://{instance}/", follow_hosts=True, allow_http=True)
MASTODON = manifest(hosts=(), base_url="https://{instance}/api/v1/", follow_hosts=True)


class Server:
    """Answers with the given replies one after the other (the last one for ever) and remembers the requests."""

    def __init__(self, *replies: Reply | Callable[[httpx.Request], Reply]) -> None:
        self.replies = list(replies or [httpx.Response(200, json={})])
        self.seen: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.seen.append(request)
        reply = self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]
        if callable(reply):
            reply = reply(request)
        if isinstance(reply, Exception):
            raise reply
        return reply

    def client(self, **options: Any) -> HttpClient:
        return HttpClient(user_agent="Clout/0.1 (+https://clout.example)", transport=httpx.MockTransport(self),
                          **({"retry_wait": 0.0} | options))  # fmt: skip

    def scoped(self, of: Manifest | None = None, **scope: Any) -> Requests:
        return self.client().scoped(of or manifest(), **scope)


def to(location: str, status: int = 302) -> httpx.Response:
    return httpx.Response(status, headers={"location": location})
