"""Which creators a message names: profile links and handles in words that anybody may have written. Pure.

A link to a post counts as one to its author where the address says who that is. Addresses that could be anybody's
site are left out: nearly every link of a conversation would be one.
"""

import re
from collections.abc import Iterable, Iterator

from core.errors import InputError
from core.handles import Handle, Manifests, clean
from core.manifest import Manifest
from core.models import Model

MOST = 6  # creators of one message that are looked up: what `compare` takes
_READ = 40_000  # characters of a message; the rest is not looked at
_TRIED = 200  # handles and addresses of a message that are parsed
_SHORTENED = 4  # parts of an address that are taken away until it is an account's
_EVERYONE = frozenset({"everyone", "channel", "here", "all", "team"})
_FOUND = re.compile(
    r"(?P<url>https?://[^\s<>|\"'`()\[\]{}]{1,500})"
    r"|(?<![\w./@:-])(?P<site>(?:[\w-]{1,63}\.){1,4}[a-zA-Z]{2,24}(?:/[^\s<>|\"'`()\[\]{}]{0,300})?)"
    r"|(?<![\w.@/:])(?P<server>@[\w.-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,4})"
    r"|(?<![\w.@/:])(?P<named>[a-zA-Z]{1,20}:@?[\w-][\w.-]{0,99})"
    r"|(?<![\w.@/:])(?P<bare>@[\w-][\w.-]{1,63})"
)


class Named(Model):
    """The creators a message names, as typed again, in its order; `more` are those beyond the first six."""

    creators: tuple[str, ...] = ()
    more: int = 0


def creators_in(texts: Iterable[str], manifests: Manifests, *, most: int = MOST) -> Named:
    """Return the creators that the texts of a message name, each once; a bare name yields to a link to that name."""
    known = {one.name: one for one in (manifests.values() if hasattr(manifests, "values") else manifests)}
    handles = list(_handles(_whole(texts), known))
    qualified = {_key(handle)[1] for handle in handles if handle.network is not None}
    found: dict[tuple[str | None, str], Handle] = {}
    for handle in handles:
        if handle.network is not None or _key(handle)[1] not in qualified:
            found.setdefault(_key(handle), handle)
    shown = [handle.shown for handle in found.values()]
    return Named(creators=tuple(shown[:most]), more=max(0, len(shown) - most))


def _whole(texts: Iterable[str]) -> str:
    """Return the texts as one, without the invisible characters that keep names in our own cards from acting."""
    room, kept = _READ, []
    for text in texts:
        if room <= 0:
            break
        kept.append(text[:room])
        room -= len(text) + 1
    return "\n".join(kept).translate(_INVISIBLE)


_INVISIBLE = dict.fromkeys((0x200B, 0x200C, 0x200D, 0x2060, 0xFEFF, 0x200E, 0x200F))


def _key(handle: Handle) -> tuple[str | None, str]:
    """Return what makes two spellings the same creator; a handle's home server is not part of a bare one."""
    return handle.network, handle.name.casefold().removesuffix(".bsky.social")


def _handles(text: str, known: dict[str, Manifest]) -> Iterator[Handle]:
    for tried, match in enumerate(_FOUND.finditer(text)):
        if tried >= _TRIED:
            return
        handle = _handle(str(match.lastgroup), match[0], known)
        if handle is not None:
            yield handle


def _handle(kind: str, said: str, known: dict[str, Manifest]) -> Handle | None:
    """Return the handle that a piece of a message stands for, None when it is none."""
    if kind == "named" and said.partition(":")[0].casefold() not in known:
        return None
    if kind == "bare" and said[1:].rstrip(".-").casefold() in _EVERYONE:
        return None
    for words in _shorter(said, known) if kind in ("url", "site") else (said,):
        try:
            handle = Handle.parse(clean(words), known)
        except InputError:
            continue
        anybodys = handle.network is not None and known[handle.network].handles.shape == "url"
        return None if anybodys else handle
    return None


def _shorter(address: str, known: dict[str, Manifest]) -> Iterator[str]:
    """Yield an address, then the same without its query, then without its last parts; a name that is a host alone."""
    rest = re.split(r"[?#]", address, maxsplit=1)[0].rstrip("/.,;:!")
    host, _, path = rest.partition("://")[2].partition("/") if "://" in rest else rest.partition("/")
    if not path:
        ends = tuple(one.handles.bare_suffix for one in known.values() if one.handles.bare_suffix)
        if ends and host.casefold().endswith(ends):
            yield host
        return
    yield address
    for _ in range(_SHORTENED):
        yield rest
        rest, _, last = rest.rpartition("/")
        if last in ("", host):
            return
