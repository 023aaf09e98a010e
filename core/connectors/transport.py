"""httpx's transport interface over our own pool of httpcore connections, and what its faults mean; proxies do not exist
here.
"""

import ssl
from collections.abc import AsyncIterator, Iterator
from functools import cache

import httpcore
import httpx

from core.connectors.faults import ConnectFailed
from core.connectors.pool import Pool

KEEPALIVE_S = 30.0  # shorter than the idle limits of common servers

TIMEOUTS = (TimeoutError, httpx.TimeoutException, httpcore.TimeoutException)
BROKEN = (
    OSError,  # ssl.SSLError among them
    httpx.TransportError,
    httpcore.NetworkError,
    httpcore.ProtocolError,
    httpcore.UnsupportedProtocol,
)


class CoreTransport(httpx.AsyncBaseTransport):
    """Carries requests over a pool; faults surface as httpcore's exceptions, TIMEOUTS and BROKEN, or the guard's."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request; the body of the answer is not read yet, and closing it frees the connection."""
        url = request.url
        asked = httpcore.Request(
            method=request.method,
            url=httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path),
            headers=request.headers.raw,
            content=request.stream,
            extensions=request.extensions,
        )
        answer, connection = await self._pool.send(asked)
        return httpx.Response(
            answer.status, headers=answer.headers, stream=_Pieces(answer, connection, asked.url, self._pool)
        )

    async def aclose(self) -> None:
        """Close every connection."""
        await self._pool.aclose()


class _Pieces(httpx.AsyncByteStream):
    """An answer's body on its borrowed connection, as httpx wants to see it."""

    def __init__(
        self, answer: httpcore.Response, connection: httpcore.AsyncHTTPConnection, url: httpcore.URL, pool: Pool
    ) -> None:
        self._answer = answer
        self._connection = connection
        self._url = url
        self._pool = pool

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self._answer.aiter_stream()

    async def aclose(self) -> None:
        try:
            await self._answer.aclose()
        finally:
            await self._pool.take_back(self._connection, self._url)


def transport_of(tls: ssl.SSLContext, backend: httpcore.AsyncNetworkBackend, max_connections: int) -> CoreTransport:
    """Return a transport whose connections are dialled by `backend`, at most `max_connections` at a time."""
    return CoreTransport(
        Pool(ssl_context=tls, backend=backend, max_connections=max_connections, keepalive_s=KEEPALIVE_S)
    )


@cache
def trusted() -> ssl.SSLContext:
    """Return the certificates everybody trusts."""
    # Reading the certificates takes some 40 ms; every client of a process may share them.
    return httpx.create_ssl_context(trust_env=False)


def broken(host: str, err: BaseException) -> ConnectFailed:
    """Return one of BROKEN as the fault that it is."""
    if any(isinstance(cause, ssl.SSLCertVerificationError) for cause in _causes(err)):
        return ConnectFailed(f"{host}: its certificate is not valid")
    if isinstance(err, httpx.ProtocolError | httpcore.ProtocolError):
        return ConnectFailed(f"{host}: the answer broke off or made no sense", again=True)
    return ConnectFailed(f"{host} could not be reached", again=True)


def _causes(err: BaseException) -> Iterator[BaseException]:
    cause: BaseException | None = err
    for _ in range(8):  # the libraries wrap each other four deep; a chain may also be a ring
        if cause is None:
            return
        yield cause
        cause = cause.__cause__ or cause.__context__
