"""The address guard: which hosts may be named, and which addresses may be connected to.

People type server names (Mastodon instances, blogs), so a name may lead into our own network. Three locks, each of
which holds alone: the name itself is judged, every address it resolves to is judged, and the connection goes to the
very address that was judged, so a name that changes its answer in between gains nothing.
"""

import asyncio
import re
import socket
import ssl
from collections.abc import Awaitable, Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from itertools import chain, zip_longest
from typing import Any

import httpcore

from core.connectors.faults import ConnectFailed, Refused

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
"""Host and port -> every address of that name, as text; raises OSError when there is none."""

MAX_TRIES = 4  # addresses tried for one connection; each gets an equal part of the time that is left
DNS_THREADS = 16  # slow name servers of strangers must not block the names of everybody else

# Names that never lead to the public internet: RFC 6761, 6762, 7686, 8375 and ICANN's reservation of `.internal`.
_PRIVATE_SUFFIXES = (".localhost", ".local", ".internal", ".onion", ".home.arpa", ".localdomain")
_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")
_LAST_LABEL = re.compile(r"[a-z](?:[a-z0-9-]*[a-z0-9])")

# IANA special-purpose registries; written out because `is_global` differs between Python versions and lets some pass.
_REFUSED_4 = tuple(
    IPv4Network(net)
    for net in (
        "0.0.0.0/8",  # this network, unspecified
        "10.0.0.0/8",
        "100.64.0.0/10",  # carrier-grade NAT, and one cloud's metadata
        "127.0.0.0/8",
        "168.63.129.16/32",  # a cloud's platform address: public on paper, private in fact
        "169.254.0.0/16",  # link-local, and most clouds' metadata
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",  # documentation
        "192.31.196.0/24",
        "192.52.193.0/24",
        "192.88.99.0/24",  # 6to4 relays
        "192.168.0.0/16",
        "192.175.48.0/24",
        "198.18.0.0/15",  # benchmarks
        "198.51.100.0/24",  # documentation
        "203.0.113.0/24",  # documentation
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, broadcast
    )
)
_GLOBAL_6 = IPv6Network("2000::/3")  # the only part of IPv6 handed out for the public internet
_REFUSED_6 = tuple(
    IPv6Network(net)
    for net in (
        "2001::/23",  # protocol assignments: Teredo is unwrapped before this is asked
        "2001:db8::/32",  # documentation
        "2620:4f:8000::/48",
        "3fff::/20",  # documentation
    )
)
_CARRIERS = (  # IPv6 blocks whose last 32 bits are an IPv4 address
    IPv6Network("::/96"),  # IPv4-compatible; also holds :: and ::1, whose tails are refused as 0.0.0.0/8
    IPv6Network("::ffff:0:0/96"),  # IPv4-mapped
    IPv6Network("64:ff9b::/96"),  # NAT64
)


def _carried(address: IPv6Address) -> tuple[IPv4Address, ...]:
    """Return the IPv4 addresses an IPv6 address would really lead to, none if it carries none."""
    if any(address in block for block in _CARRIERS):
        return (IPv4Address(int(address) & 0xFFFF_FFFF),)
    if address.sixtofour is not None:
        return (address.sixtofour,)
    return address.teredo or ()


def is_public(address: str) -> bool:
    """Tell whether `address` (IPv4 or IPv6 as text) is a public unicast address; anything unreadable is not."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return False
    if isinstance(parsed, IPv4Address):
        return _is_public_4(parsed)
    carried = _carried(parsed)
    if carried:
        return all(_is_public_4(inner) for inner in carried)
    return parsed.is_global and parsed in _GLOBAL_6 and not any(parsed in net for net in _REFUSED_6)


def _is_public_4(address: IPv4Address) -> bool:
    return address.is_global and not any(address in net for net in _REFUSED_4)


def check_name(host: str) -> None:
    """Raise `Refused` unless `host` (lower-case, IDNA-encoded) looks like a name of the public internet.

    IP literals in every spelling the system's resolver knows (`127.1`, `0x7f.1`, `[::1]`) fail here, as do single
    labels.
    """
    labels = host.split(".")
    private = f".{host}".endswith(_PRIVATE_SUFFIXES)
    well_formed = len(host) <= 253 and all(_LABEL.fullmatch(label) for label in labels)  # RFC 1035
    if private or not well_formed or len(labels) < 2 or not _LAST_LABEL.fullmatch(labels[-1]):
        raise Refused(f"{_shown(host)} is not the name of a public server")


def _shown(host: str) -> str:
    return host if host.isprintable() and len(host) <= 100 else "the address"


class SystemResolver:
    """Asks the system's resolver, in threads of its own."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(DNS_THREADS, thread_name_prefix="clout-dns")

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        """Return every address of `host`, IPv6 and IPv4; raises `socket.gaierror`."""
        loop = asyncio.get_running_loop()
        found = await loop.run_in_executor(self._threads, _getaddrinfo, host, port)
        return list(dict.fromkeys(str(sockaddr[0]) for *_, sockaddr in found))

    def close(self) -> None:
        """Let the threads go without waiting for names that hang."""
        self._threads.shutdown(wait=False, cancel_futures=True)


def _getaddrinfo(host: str, port: int) -> list[Any]:
    return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)


class _TidyStream(httpcore.AsyncNetworkStream):
    """A connection that closes its socket when the TLS handshake is cancelled, which httpcore's own forgets to do.

    Otherwise a server that accepts and then says nothing costs a socket for every lookup that runs out of time.
    """

    def __init__(self, stream: httpcore.AsyncNetworkStream) -> None:
        self._stream = stream

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's signature
    ) -> httpcore.AsyncNetworkStream:
        try:
            return await self._stream.start_tls(ssl_context, server_hostname, timeout)
        except BaseException:
            await self._stream.aclose()
            raise

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ASYNC109
        return await self._stream.read(max_bytes, timeout)

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ASYNC109
        await self._stream.write(buffer, timeout)

    async def aclose(self) -> None:
        await self._stream.aclose()

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


class TidyBackend(httpcore.AsyncNetworkBackend):
    """Opens connections through `dial` without judging anything; for the operator's own exceptions."""

    def __init__(self, dial: httpcore.AsyncNetworkBackend) -> None:
        self._dial = dial

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's signature
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Connect to `host`; raises httpcore's ConnectError and ConnectTimeout."""
        return _TidyStream(await self._dial.connect_tcp(host, port, timeout, local_address, socket_options))


class GuardedBackend(httpcore.AsyncNetworkBackend):
    """Opens connections to public addresses only: resolves once, judges every address, connects to a judged one.

    `dial` does the connecting. The server's name for TLS and the Host header stay those of the URL: httpcore takes them
    from the request, not from here.
    """

    def __init__(self, resolve: Resolve, dial: httpcore.AsyncNetworkBackend) -> None:
        self._resolve = resolve
        self._dial = TidyBackend(dial)

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's signature
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Connect to `host`; raises `Refused` when any of its addresses is not public, `ConnectFailed` for no name."""
        loop = asyncio.get_running_loop()
        until = None if timeout is None else loop.time() + timeout
        tries = _interleaved(await self.judged(host, port, until))[:MAX_TRIES]
        for left in range(len(tries), 0, -1):
            share = None if until is None else max(0.0, until - loop.time()) / left
            try:
                return await self._dial.connect_tcp(
                    tries[-left], port, share, local_address, socket_options=socket_options
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                if left == 1:
                    raise
        raise ConnectFailed(f"{host} has no address")

    async def judged(self, host: str, port: int, until: float | None = None) -> Sequence[str]:
        """Return the addresses of `host` when all are public; `until` is in the event loop's time."""
        try:
            async with asyncio.timeout_at(until):
                addresses = await self._resolve(host, port)
        except TimeoutError as err:
            raise httpcore.ConnectTimeout(f"{host}: the name was not resolved in time") from err
        except OSError as err:
            unknown = isinstance(err, socket.gaierror) and err.errno == socket.EAI_NONAME
            raise ConnectFailed(f"{host}: there is no server of that name", again=not unknown) from err
        # One bad address spoils the name: which one would be used is the attacker's choice, not ours. The address
        # itself stays unsaid, because it describes our network, not theirs.
        if not all(map(is_public, addresses)):
            raise Refused(f"{host} leads to a private address")
        return addresses


def _interleaved(addresses: Sequence[str]) -> list[str]:
    """Order addresses so that families take turns, starting with the resolver's first choice (after RFC 8305)."""
    first = [a for a in addresses if (":" in a) == (":" in addresses[0])]
    other = [a for a in addresses if (":" in a) != (":" in addresses[0])]
    return [a for a in chain.from_iterable(zip_longest(first, other)) if a is not None]
