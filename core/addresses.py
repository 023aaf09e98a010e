"""Web addresses and domain names as people type them: taken apart, checked by their form, written one way.

Pure text: nothing is resolved or asked. Whether a name leads to a public machine is decided by the connectors' address
guard at the moment of connecting.
"""

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import quote

from core.errors import BadHandle

MAX_DOMAIN = 253  # RFC 1035, characters of the written form
_SCHEME = re.compile(r"([a-z][a-z0-9+.-]{0,30}):(?=//)", re.IGNORECASE)
_BARE_HOST = re.compile(r"([^/?#@:\s]+)(?::[0-9]*)?[/?#]")  # `host.name/`, no scheme in front
_PARTS = re.compile(r"//(?P<authority>[^/?#]*)(?P<path>[^?#]*)(?:\?(?P<query>[^#]*))?(?:#.*)?")
_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_DEFAULT_PORTS = {"http": ":80", "https": ":443"}
# No account lives there: RFC 6761, 6762, 7686, 8375 and ICANN's reservation of `internal`
_PRIVATE = ("localhost", "local", "internal", "onion", "home.arpa", "localdomain")
_NEVER = re.compile(r"[\\^`{|}<>\"\s]|%(?:00|0a|0d)", re.IGNORECASE)
_ASTRAY = re.compile(r"%(?:2f|5c)|/(?:\.|%2e){1,2}(?:/|$)", re.IGNORECASE)  # in a path: hidden slashes, steps upwards
_SAFE = "/%:@!$&'()*+,;=~-._"  # what RFC 3986 lets stand in a path, and escapes already there
# Scripts whose letters are not mistaken for Latin ones; a domain in any other stays in its xn-- form
_DISTINCT_SCRIPTS = frozenset(
    {"LATIN", "CJK", "HIRAGANA", "KATAKANA", "HANGUL", "ARABIC", "HEBREW", "THAI", "DEVANAGARI", "BENGALI", "TAMIL"}
)


@dataclass(frozen=True, slots=True)
class Address:
    """A web address taken apart; `host` is lower-case ASCII, `query` has no question mark."""

    scheme: str
    host: str
    path: str
    query: str

    @property
    def url(self) -> str:
        """The address written one way: escapes for everything outside ASCII, no fragment, a path always."""
        query = f"?{quote(self.query, safe=_SAFE + '?')}" if self.query else ""
        return f"{self.scheme}://{self.host}{quote(self.path, safe=_SAFE) or '/'}{query}"


def looks_like_address(text: str) -> bool:
    """Return whether the text means to be a web address, with or without its scheme."""
    if text.startswith("//") or _SCHEME.match(text) is not None:
        return True
    host = _BARE_HOST.match(text)
    return host is not None and "." in host[1].strip(".")


def split_address(text: str) -> Address:
    """Take a web address apart; https where no scheme stands; raises BadHandle for what is none or leads astray."""
    found = _SCHEME.match(text)
    scheme = found[1].lower() if found else "https"
    if scheme not in _DEFAULT_PORTS:
        raise BadHandle("Only web addresses that begin with https:// or http:// can be read.")
    rest = text[found.end() :] if found else text
    parts = _PARTS.fullmatch(rest if rest.startswith("//") else f"//{rest}")
    if parts is None or _NEVER.search(rest) or _ASTRAY.search(parts["path"]):
        raise BadHandle("That web address holds signs that no profile's address has; copy it from the profile's page.")
    host = domain(parts["authority"].removesuffix(_DEFAULT_PORTS[scheme]))
    return Address(scheme, host, parts["path"], parts["query"] or "")


@lru_cache(maxsize=256)
def domain(text: str) -> str:
    """Return a public domain name in lower-case ASCII (IDNA); raises BadHandle for anything that cannot be one."""
    if len(text) > MAX_DOMAIN:
        raise BadHandle(f"A server's name has at most {MAX_DOMAIN} characters.")
    if "@" in text or ":" in text or "[" in text:
        raise BadHandle("A server is given by its name alone: no user, no port, no number, as in social.example.")
    name = _ascii(text).lower().removesuffix(".")
    labels = name.split(".")
    if len(labels) < 2 or labels[-1].isdigit() or labels[-1].startswith("0x"):
        raise BadHandle(f"“{text[:40]}” is no public server; give its full name, as in social.example.")
    if not all(_LABEL.fullmatch(label) for label in labels) or any(
        name == private or name.endswith(f".{private}") for private in _PRIVATE
    ):
        raise BadHandle(f"“{text[:40]}” is no public server; give its full name, as in social.example.")
    return name


def display_domain(name: str) -> str:
    """Return a domain for people: in its own letters where they cannot pass for others, else as it is (xn--)."""
    if "xn--" not in name:
        return name
    try:
        shown = ".".join(_decoded(label) for label in name.split("."))
        return shown if domain(shown) == name else name
    except (BadHandle, UnicodeError):
        return name


def _ascii(text: str) -> str:
    if text.isascii() and "xn--" not in text.lower():
        return text
    import idna  # its tables take a while to load, and few names need them

    try:
        return idna.encode(text.lower(), uts46=True).decode("ascii")
    except (UnicodeError, IndexError) as err:
        raise BadHandle(f"“{text[:40]}” is no domain name.") from err


def _decoded(label: str) -> str:
    if not label.startswith("xn--"):
        return label
    import idna

    shown = idna.decode(label)
    return shown if len(_scripts(shown)) == 1 and _scripts(shown) <= _DISTINCT_SCRIPTS else label


def _scripts(label: str) -> set[str]:
    # The first word of a letter's Unicode name is its script; digits and hyphens belong to all
    return {unicodedata.name(c, "?").split(" ")[0] for c in label if c.isalpha()}
