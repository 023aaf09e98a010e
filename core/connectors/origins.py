"""Where a connector may call, and how that is written: beneath its base URL, on its manifest's hosts, on any public
host if it follows links, and on the named exceptions.
"""

import re
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from functools import lru_cache
from urllib.parse import urlencode, urlsplit

from core.connectors.faults import Refused
from core.connectors.guard import check_name
from core.manifest import Manifest

INSTANCE = "{instance}"
"""Stands for the server's name in the base URL of a network that has many servers."""

DEFAULT_PORTS = {"http": 80, "https": 443}
_PORTS = frozenset(DEFAULT_PORTS.values())
_CLIMBS = re.compile(r"(?:^|/)(?:\.|%2e){1,2}(?:[/?#]|$)", re.IGNORECASE)
_ABSOLUTE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")

HostPort = tuple[str, int]
Params = Mapping[str, str | int | Sequence[str]]


def host_and_port(entry: str) -> HostPort:
    """Read one `host:port` of the operator's exceptions; raises `ValueError` that says how to write it."""
    host, _, port = entry.strip().rpartition(":")
    if not host or not port.isdecimal() or not 0 < int(port) < 65536:
        raise ValueError(f"allowed hosts are written host:port, not {entry!r}")
    return host.strip("[]").lower(), int(port)


@lru_cache(maxsize=256)
def overridden(override: str | None, default: str) -> tuple[str, HostPort | None]:
    """Return the URL to use and, for an override, the host and port that it opens.

    An override without a path takes over the default's path. One whose host holds `{instance}` opens nothing: there the
    host is a stranger's word. Raises `ValueError` for what is no http(s) address.
    """
    if override is None:
        return default, None
    parts = urlsplit(override.strip())
    host = parts.hostname
    if parts.scheme not in DEFAULT_PORTS or not host or "@" in parts.netloc or parts.query or parts.fragment:
        raise ValueError("a base URL is written http(s)://host[:port][/path]")
    if parts.path in ("", "/"):
        parts = parts._replace(path=urlsplit(default).path)
    opens = None if INSTANCE in parts.netloc else (host, parts.port or DEFAULT_PORTS[parts.scheme])
    return parts.geturl(), opens


def beneath(override: str | None, default: str) -> str:
    """Return `default`, or its path beneath the operator's address; raises `ValueError` for what is no address."""
    if override is None:
        return default
    base = overridden(override, "")[0]
    return base.rstrip("/") + urlsplit(default).path


def slashed(url: str) -> str:
    """Return an address that others can be written beneath."""
    return url if url.endswith("/") else f"{url}/"


def written(base: str, path: str, params: Params | None, network: str) -> str:
    """Return `path` beneath `base`, or as it is where it is a whole address, with its parameters.

    Raises `Refused` for a path that leaves its base and for a base whose server was not named yet, and `UnicodeError`.
    """
    address = path if _ABSOLUTE.match(path) else _beneath_base(base, path, network)
    if not params:
        return address
    plain = {name: _plain(value) for name, value in params.items()}
    return f"{address}{'&' if '?' in address else '?'}{urlencode(plain, doseq=True)}"


def _beneath_base(base: str, path: str, network: str) -> str:
    if INSTANCE in base:
        raise Refused(f"{network}: name the server first, with base_for()")
    if _CLIMBS.search(path):
        raise Refused(f"{network}: a path may not climb out of its base")
    return base + path.lstrip("/")


def _plain(value: str | int | Sequence[str]) -> str | int | Sequence[str]:
    return ("true" if value else "false") if isinstance(value, bool) else value


def is_exception(scheme: str, host: str, port: int | None, manifest: Manifest, opened: AbstractSet[HostPort]) -> bool:
    """Judge one origin: True when the operator opened it, False when it is an ordinary public one of `manifest`.

    `host` is lower-case and IDNA-encoded, `port` None where the URL names none. Raises `Refused` for everything else.
    An ordinary origin's addresses are still to be judged when it is connected to.
    """
    if scheme not in DEFAULT_PORTS:
        raise Refused("only http and https addresses can be read")
    real_port = port or DEFAULT_PORTS[scheme]
    if (host, real_port) in opened:
        return True
    if scheme == "http" and not manifest.allow_http:
        raise Refused(f"{manifest.label} is read over https only")
    if real_port not in _PORTS:
        raise Refused("only the ports 80 and 443 are used")
    check_name(host)
    if not manifest.follow_hosts and not any(_fits(host, rule) for rule in manifest.hosts):
        raise Refused(f"{host} is not a server of {manifest.label}")
    return False


def _fits(host: str, rule: str) -> bool:
    return host == rule or (rule.startswith("*.") and (host == rule[2:] or host.endswith(rule[1:])))
