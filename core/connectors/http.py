"""The one HTTP client of Clout; it and the transport beside it are all that imports httpx.

`HttpClient` lives as long as the process and owns the connections; `scoped` makes from it the `Requests` that one
connector gets for one lookup, bound to its manifest's hosts and to the lookup's deadline. Servers are asked politely
(limits on time, size and redirects, one second try) and no secret ever reaches a log, an error or a repr.
"""

import asyncio
import logging
import re
import ssl
from collections.abc import AsyncIterable, Collection, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from json import dumps
from typing import Any, cast
from urllib.parse import urlencode

import httpcore
import httpx

from core.connectors.again import RETRY_WAIT_S, answered
from core.connectors.answers import Answer, lowered
from core.connectors.bodies import MAX_BODY_BYTES, read_body
from core.connectors.costs import FREE, Cost, Meter
from core.connectors.faults import ConnectFailed, HttpError, Refused, TimedOut, TooLarge, TooManyRedirects
from core.connectors.guard import GuardedBackend, Resolve, SystemResolver, TidyBackend, check_name
from core.connectors.origins import INSTANCE, Params, beneath, host_and_port, is_exception, overridden, slashed, written
from core.connectors.remembered import NOT_MODIFIED, Remembered
from core.connectors.transport import BROKEN, TIMEOUTS, broken, transport_of, trusted
from core.manifest import Manifest

__all__ = [
    "Answer",
    "ConnectFailed",
    "HttpClient",
    "HttpError",
    "Refused",
    "Requests",
    "TimedOut",
    "TooLarge",
    "TooManyRedirects",
]

Headers = Mapping[str, str]
Origin = tuple[str, bytes, int | None]  # scheme, host, port as httpx.URL gives them

CONNECT_TIMEOUT_S = 5.0
READ_TIMEOUT_S = 10.0
WHOLE_TIMEOUT_S = 10.0  # CONNECTORS rule 11; redirects and the body are within it
MAX_REDIRECTS = 3  # DESIGN 9.4

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_KEPT_ELSEWHERE = frozenset({"accept", "accept-encoding", "accept-language", "user-agent"})
_NONE: Mapping[str, str] = {}
_KEEPING_METHOD = frozenset({307, 308})
_TOKEN = re.compile(r"[a-z0-9!#$%&'*+.^_`|~-]+")  # RFC 9110, 5.6.2


@dataclass(frozen=True, slots=True)
class _Call:
    """One request before it is sent; nothing of it may be printed."""

    method: str
    url: httpx.URL = field(repr=False)
    headers: dict[str, str] = field(repr=False)
    content: bytes = field(default=b"", repr=False)
    cost: Cost = field(default_factory=lambda: FREE)

    @property
    def host(self) -> str:
        return self.url.raw_host.decode("ascii")


class HttpClient:
    """The process's HTTP client: one per event loop, made and closed by core/app.py.

    `allow_hosts` are the operator's exceptions, `host:port`, that may be called as they are: plain http, private
    address and all. `transport` replaces the network (tests), `resolve` the resolver, `dial` what opens the sockets.
    Times are seconds.
    """

    def __init__(
        self,
        *,
        user_agent: str,
        allow_hosts: Collection[str] = (),
        transport: httpx.AsyncBaseTransport | None = None,
        resolve: Resolve | None = None,
        dial: httpcore.AsyncNetworkBackend | None = None,
        ssl_context: ssl.SSLContext | None = None,
        max_connections: int = 100,
        max_body_bytes: int = MAX_BODY_BYTES,
        connect_timeout: float = CONNECT_TIMEOUT_S,
        read_timeout: float = READ_TIMEOUT_S,
        whole_timeout: float = WHOLE_TIMEOUT_S,
        retry_wait: float = RETRY_WAIT_S,
    ) -> None:
        _keep_quiet()
        self.open_hosts = frozenset(map(host_and_port, allow_hosts))
        self.kept: dict[str, dict[str, Any]] = {}
        self.remembered = Remembered()
        self.base_headers = {"user-agent": user_agent, "accept": "*/*", "accept-encoding": "gzip"}
        _check_headers(self.base_headers)
        self.max_body_bytes = max_body_bytes
        self.whole_timeout = whole_timeout
        self.retry_wait = retry_wait
        # The whole limit already covers a read that is allowed just as long; a second timer would only cost time.
        read = read_timeout if read_timeout < whole_timeout else None
        self.extensions = {"timeout": {"connect": connect_timeout, "read": read, "write": read}}
        self._resolver = SystemResolver() if transport is None and resolve is None else None
        if transport is not None:
            self.guarded = self.unguarded = transport
            return
        tls = ssl_context or trusted()
        dial = dial or httpcore.AnyIOBackend()
        judge = GuardedBackend(cast(Resolve, resolve or self._resolver), dial)
        self.guarded = transport_of(tls, judge, max_connections)
        # A pool of its own: a connection opened under an exception must never serve a name that a stranger typed.
        self.unguarded = transport_of(tls, TidyBackend(dial), max_connections)

    def scoped(
        self,
        manifest: Manifest,
        *,
        base_url: str | None = None,
        auth_url: str | None = None,
        deadline: float | None = None,
        meter: Meter | None = None,
    ) -> "Requests":
        """Return what one connector gets for one lookup.

        `base_url` and `auth_url` are the operator's overrides; their host and port may be called as they are.
        `deadline` is in the event loop's time. `meter` counts what the requests cost.
        """
        return Requests(self, manifest, base_url=base_url, auth_url=auth_url, deadline=deadline, meter=meter)

    async def aclose(self) -> None:
        """Close every connection; the client is not usable afterwards."""
        await self.guarded.aclose()
        if self.unguarded is not self.guarded:
            await self.unguarded.aclose()
        if self._resolver is not None:
            self._resolver.close()


def _keep_quiet() -> None:
    # Both libraries log URLs or headers: queries may hold keys, answers' headers may hold tokens.
    for name in ("httpx", "httpcore"):
        logging.getLogger(name).setLevel(logging.WARNING)


class Requests:
    """What a connector gets as `client`: requests within its manifest's hosts and its lookup's deadline.

    `base` ends with a slash; `manifest` is the connector's own, `meter` counts what its requests cost. Every method
    raises `Refused`, `TimedOut`, `ConnectFailed`, `TooLarge` or `TooManyRedirects`, and QuotaExhausted or
    PaymentRequired, before anything is sent, where a budget does not allow the request; any status is an answer.
    """

    __slots__ = ("_auth_url", "_client", "_deadline", "_doors", "_open", "_template", "base", "manifest", "meter")

    def __init__(
        self,
        client: HttpClient,
        manifest: Manifest,
        *,
        base_url: str | None,
        auth_url: str | None,
        deadline: float | None,
        meter: Meter | None = None,
    ) -> None:
        self.manifest = manifest
        self.meter = Meter() if meter is None else meter
        self._template, opened = overridden(base_url, manifest.base_url)
        self.base = slashed(self._template)
        self._client = client
        self._auth_url = auth_url
        self._deadline = deadline
        exceptions = (opened, overridden(auth_url, "")[1])
        self._open = client.open_hosts.union(pair for pair in exceptions if pair is not None)
        self._doors: dict[Origin, httpx.AsyncBaseTransport] = {}

    @property
    def kept(self) -> dict[str, Any]:
        """What the connector keeps in memory from lookup to lookup, for as long as the client lives: app tokens."""
        return self._client.kept.setdefault(self.manifest.name, {})

    def base_for(self, host: str) -> str:
        """Return the base URL, ending with a slash, of one server of a network that has many; raises `Refused`."""
        if INSTANCE in self._template:
            check_name(host)  # before it enters a URL
        return slashed(self._template.replace(INSTANCE, host))

    def auth_for(self, default: str) -> str:
        """Return the operator's token address if there is one, else `default`; a bare host takes `default`'s path."""
        return overridden(self._auth_url, default)[0]

    def auth_beneath(self, default: str) -> str:
        """Return one of several sign-in addresses: `default`, or its path beneath the operator's address."""
        return beneath(self._auth_url, default)

    async def get(
        self,
        path: str,
        *,
        params: Params | None = None,
        headers: Headers | None = None,
        cost: Cost = FREE,
        unless_same: bool = False,
    ) -> Answer:
        """Fetch `path`, relative to `base` or an absolute URL; tried a second time, and paid again, when that may help.

        `cost` is what one try takes from the budgets the manifest declares, beside the request itself. `unless_same`
        asks for an answer only if it is another one than the last time (RFC 9110, 13.1); else that one is returned.
        """
        call = _Call("GET", self._url(path, params), self._headers(headers), cost=cost)
        if not unless_same:
            return await self._got(call)
        key = (str(call.url), tuple(sorted(call.headers.items())))
        known = self._client.remembered.get(key)
        if known is not None:
            answer = await self._got(replace(call, headers={**call.headers, **known.conditions}))
            if answer.status != NOT_MODIFIED:
                return self._client.remembered.put(key, answer)
            if answer.url == known.answer.url:
                return known.still(answer)
        return self._client.remembered.put(key, await self._got(call))

    async def _got(self, call: _Call) -> Answer:
        return await answered(
            partial(self._attempt, call),
            pause_s=self._client.retry_wait,
            deadline=self._deadline,
            network=self.manifest.name,
            host=call.host,
        )

    async def post(
        self,
        path: str,
        *,
        params: Params | None = None,
        json: object = None,
        form: Mapping[str, str] | None = None,
        headers: Headers | None = None,
        cost: Cost = FREE,
    ) -> Answer:
        """Send `json` or `form` to `path`; never tried twice, for it may have had its effect."""
        own: dict[str, str] = {}
        content = b""
        if json is not None:
            own["content-type"], content = "application/json", dumps(json).encode()
        elif form is not None:
            own["content-type"], content = "application/x-www-form-urlencoded", urlencode(form).encode()
        return await self._attempt(_Call("POST", self._url(path, params), self._headers(headers, own), content, cost))

    def _url(self, path: str, params: Params | None) -> httpx.URL:
        try:
            return httpx.URL(written(self.base, path, params, self.manifest.name))
        except (httpx.InvalidURL, UnicodeError):
            # Without its cause: the parser quotes what it could not read, and that may be a secret.
            raise Refused("the address cannot be read") from None

    def _headers(self, given: Headers | None, own: Mapping[str, str] = _NONE) -> dict[str, str]:
        headers = {**self._client.base_headers, **own}
        if given:
            lowered = {name.lower(): value for name, value in given.items()}
            _check_headers(lowered)
            headers.update(lowered)
        return headers

    async def _attempt(self, call: _Call) -> Answer:
        loop = asyncio.get_running_loop()
        until = loop.time() + self._client.whole_timeout
        if self._deadline is not None and self._deadline < until:
            until = self._deadline
            if until <= loop.time():
                raise TimedOut(f"{call.host}: there was no time left to ask")
        await self.meter.charge(call.cost)
        try:
            async with asyncio.timeout_at(until):
                answer = await self._follow(call)
            self.meter.answered = answer.headers
            return answer
        except TIMEOUTS as err:
            again = self._deadline is None or loop.time() < self._deadline
            raise TimedOut(f"{call.host} did not answer in time", again=again) from err
        except BROKEN as err:
            raise broken(call.host, err) from err

    async def _follow(self, call: _Call) -> Answer:
        for _ in range(MAX_REDIRECTS + 1):
            request = httpx.Request(
                call.method,
                call.url,
                headers=call.headers,
                content=call.content,
                extensions=self._client.extensions,
            )
            response = await self._door(call.url).handle_async_request(request)
            try:
                headers = lowered(response.headers.raw)
                location = headers.get("location") if response.status_code in _REDIRECTS else None
                if location is None:
                    pieces = cast(AsyncIterable[bytes], response.stream)
                    body = await read_body(pieces, headers, call.host, self._client.max_body_bytes)
                    return Answer(response.status_code, headers, body, _without_query(call.url))
            finally:
                await response.aclose()
            call = self._onward(call, response.status_code, location)
        raise TooManyRedirects(f"{call.host} sends us on more than {MAX_REDIRECTS} times")

    def _onward(self, call: _Call, status: int, location: str) -> _Call:
        """Return the request that follows a redirect, without anything the next server has no right to."""
        try:
            url = call.url.join(location)
        except (httpx.InvalidURL, UnicodeError, ValueError):
            raise Refused(f"{call.host} sends us to an address that cannot be read") from None
        if call.url.scheme == "https" and url.scheme == "http" and not self.manifest.allow_http:
            raise Refused(f"{call.host} sends us from https to http")
        headers = call.headers
        if _origin(url) != _origin(call.url):
            headers = {name: value for name, value in headers.items() if name in _KEPT_ELSEWHERE}
        if call.method == "GET":
            return replace(call, url=url, headers=headers)
        if status in _KEEPING_METHOD:
            if headers is not call.headers:
                raise Refused(f"{call.host} sends our request's content to another server")
            return replace(call, url=url)
        return _Call("GET", url, {name: value for name, value in headers.items() if name != "content-type"})

    def _door(self, url: httpx.URL) -> httpx.AsyncBaseTransport:
        """Return the transport that may carry a request to `url`; raises `Refused` when none may."""
        if url.userinfo:
            raise Refused("an address may not hold a user name or password")
        origin = _origin(url)
        door = self._doors.get(origin)
        if door is None:
            host = url.raw_host.decode("ascii")
            opened = is_exception(url.scheme, host, url.port, self.manifest, self._open)
            door = self._doors[origin] = self._client.unguarded if opened else self._client.guarded
        return door


def _origin(url: httpx.URL) -> Origin:
    return url.scheme, url.raw_host, url.port


def _check_headers(headers: Headers) -> None:
    # Here, because the libraries beneath us quote a bad value, most likely a token with a line end, in their errors.
    for name, value in headers.items():
        if not (value.isascii() and value.isprintable() and value == value.strip() and _TOKEN.fullmatch(name)):
            raise Refused(f"the header {name!r} holds characters that cannot be sent")


def _without_query(url: httpx.URL) -> str:
    path = url.raw_path.partition(b"?")[0]
    return f"{url.scheme}://{url.netloc.decode('ascii')}{path.decode('ascii')}"
