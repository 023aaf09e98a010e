"""The only parser of handles and profile addresses: what people type becomes a `Handle`.

Every network's own rules stand in its manifest; this room knows only how people write. All patterns run in linear time
and over bounded text, since anybody in a channel may type anything.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from functools import lru_cache
from urllib.parse import unquote

from core.addresses import Address, display_domain, domain, looks_like_address, split_address
from core.errors import AmbiguousHandle, BadHandle, InputError, UnknownNetwork
from core.manifest import HandleRule, Manifest, UrlForm
from core.models import Model

MAX_TEXT = 2_000  # characters; no profile's address is longer
MAX_NAME = 253  # characters; the longest handle is a domain name
MAX_ID = 1_900  # characters of a native id or a blog's address, so that `network:` in front of it still fits
_ECHO = 40  # characters of the input that an error repeats
FORMS = "write @name, network:name, name@server, name.bsky.social or a profile address"

_INVISIBLE = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0")  # fillers and joiners that no eye sees
_OPENING = "\"'`‘‚“„«‹([{<「『"
_CLOSING = "\"'`’‘”“»›」』"
_BRACKETS = {")": "(", "]": "[", "}": "{", ">": "<"}
_SENTENCE = ".,;:!?…。、"
_FULL_WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {0xFE6B: "@", 0x3000: " "}
_PREFIX = re.compile(r"([A-Za-z][A-Za-z0-9_-]{0,30}):(.+)")
_FRONT_DOORS = ("www.", "m.", "mobile.")  # the same site for another screen

Manifests = Mapping[str, Manifest] | Iterable[Manifest]


class Handle(Model):
    """A creator's name as somebody typed it; `network` None means a bare name that fits several networks.

    `name` is normalised and, with a network, written as that network writes it (mastodon `user@server`, linkedin
    `company/name`, a blog's whole address). `native_id` is filled when an id was typed. `text` is the cleaned input.
    """

    network: str | None
    name: str
    native_id: str | None = None
    text: str

    @classmethod
    def parse(
        cls, text: str, manifests: Manifests, network: str | None = None, *, default_instance: str | None = None
    ) -> "Handle":
        """Read a handle or profile address, on `network` when given.

        `default_instance` is the Mastodon server meant by a bare name. Raises BadHandle, UnknownNetwork or
        AmbiguousHandle, each with a sentence that says what is wrong and which forms work.
        """
        known = _by_name(manifests)
        cleaned = clean(text)
        if network is not None:
            asked = _network(network, known)
            return cls._on_network(asked, _without_prefix(cleaned, asked), cleaned, default_instance)
        return cls._anywhere(cleaned, known, default_instance)

    def on(self, manifest: Manifest, default_instance: str | None = None) -> str:
        """Return the name as the network writes it; raises BadHandle or AmbiguousHandle if it cannot be one there."""
        if self.network == manifest.name:
            return self.name
        if self.network is not None:
            raise BadHandle(f"{self.shown} is not a {manifest.label} account; write {manifest.name}:name.")
        if manifest.handles.shape == "url":
            raise _refused(self.name, manifest)
        return _named(self.name, manifest, default_instance)[0]

    @property
    def shown(self) -> str:
        """The handle for people; typing it again means the same."""
        if self.network is None:
            return f"@{self.name}"
        if self.native_id is None and "@" in self.name and "/" not in self.name:
            user, _, server = self.name.rpartition("@")
            return f"@{user}@{display_domain(server)}"
        plain = self.native_id is not None or "/" in self.name
        return f"{self.network}:{'' if plain else '@'}{self.name}"

    @classmethod
    def _anywhere(cls, text: str, known: Mapping[str, Manifest], default_instance: str | None) -> "Handle":
        bare = text.lstrip("@")
        for network, known_one in known.items():
            if ":" in bare and _is_native(bare, known_one.handles):
                return cls(network=network, name=bare, native_id=bare, text=text)
        if looks_like_address(text):
            address = split_address(text)
            return cls._at(address, _owner(address, known), text)
        if (manifest := _by_path(text, known)) is not None:
            return cls._on_network(manifest, text, text, default_instance)
        if (prefixed := _PREFIX.fullmatch(text.removeprefix("@"))) is not None:
            return cls._on_network(_network(prefixed[1], known), prefixed[2], text, default_instance)
        return cls._unqualified(bare, text, known, default_instance)

    @classmethod
    def _unqualified(
        cls, bare: str, text: str, known: Mapping[str, Manifest], default_instance: str | None
    ) -> "Handle":
        """Read a name without network: its form may still give the network away."""
        for manifest in known.values():
            rule = manifest.handles
            if rule.shape == "address" if "@" in bare else _is_at_home(bare, rule):
                return cls._on_network(manifest, bare, text, default_instance)
        fitting = {m.name: name for m in known.values() if (name := _fitting(bare, m)) is not None}
        if not fitting:
            raise BadHandle(f"“{bare[:_ECHO]}” is not a handle on any network; {FORMS}.")
        if "/" in bare and len(fitting) == 1:
            ((network, name),) = fitting.items()
            return cls(network=network, name=name, text=text)
        lower = all(known[network].handles.lowercase for network in fitting)
        return cls(network=None, name=bare.lower() if lower else bare, text=text)

    @classmethod
    def _on_network(cls, manifest: Manifest, said: str, text: str, default_instance: str | None) -> "Handle":
        """Read what was said about a known network: an address of it, a path, an id or a name."""
        if manifest.handles.shape == "url":
            address = split_address(said)
            return cls._at(address, manifest, text)
        if looks_like_address(said):
            return cls._at(split_address(said), manifest, text)
        if (match := _path_match(said, manifest)) is not None:
            said = match["handle"]
        name, native_id = _named(said, manifest, default_instance)
        return cls(network=manifest.name, name=name, native_id=native_id, text=text)

    @classmethod
    def _at(cls, address: Address, manifest: Manifest, text: str) -> "Handle":
        """Read a profile's address on the network it belongs to."""
        rule = manifest.handles
        if rule.shape == "url":
            return cls(network=manifest.name, name=_steady(address.url, manifest), text=text)
        groups = _groups(address, rule)
        if groups is None:
            raise _unread(address, manifest)
        if (native_id := groups.get("native_id")) is not None:
            if not _is_native(native_id, rule):
                raise _refused(native_id, manifest)
            return cls(network=manifest.name, name=native_id, native_id=native_id, text=text)
        name, native_id = _named(clean(unquote(groups["handle"])), manifest, address.host)
        return cls(network=manifest.name, name=name, native_id=native_id, text=text)


def clean(text: str) -> str:
    """Return the text without what copying and typing leave around a handle.

    Takes away invisible and direction marks, surrounding space, quotes and brackets, and a sentence's last
    punctuation; full-width signs become plain ones. Raises BadHandle when nothing is left, when the text is over
    2,000 characters or holds control characters.
    """
    if len(text) > MAX_TEXT:
        raise BadHandle(f"That is too long for a handle; {FORMS}.")
    plain = unicodedata.normalize("NFC", text.translate(_FULL_WIDTH))
    seen = "".join(" " if unicodedata.category(c) == "Zs" else c for c in plain if not _is_invisible(c)).strip()
    if any(unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp") for c in seen):
        raise BadHandle(f"A handle stands on one line and holds no control characters; {FORMS}.")
    trimmed = _trimmed(seen)
    if not trimmed.strip("@"):
        raise BadHandle(f"There is no handle in that; {FORMS}.")
    return trimmed


def closest(name: str, known: Iterable[str]) -> str | None:
    """Return the known name that looks most like `name`, or None; a leading @ does not matter."""
    from difflib import get_close_matches  # only errors need it

    wanted = name[:MAX_NAME].lstrip("@").lower()
    slack = max(2, len(wanted) // 3)  # names of very different length are never meant
    near = {k.lstrip("@").lower(): k for k in known if abs(len(k.lstrip("@")) - len(wanted)) <= slack}
    found = get_close_matches(wanted, near, n=1, cutoff=0.7)
    return near[found[0]] if found else None


# --- cleaning ---------------------------------------------------------------------------------------------------------


def _is_invisible(c: str) -> bool:
    return unicodedata.category(c) == "Cf" or c in _INVISIBLE or "\ufe00" <= c <= "\ufe0f"


def _trimmed(text: str) -> str:
    """Take quotes, brackets and a sentence's punctuation off both ends; a bracket with its partner inside stays."""
    start, end = 0, len(text)
    while start < end and (text[start] in _OPENING or text[start] == " "):
        start += 1
    # Counted once: brackets left over at the end have no partner in what remains
    surplus = {close: text.count(close, start) - text.count(op, start) for close, op in _BRACKETS.items()}
    while end > start:
        last = text[end - 1]
        if surplus.get(last, 0) > 0:
            surplus[last] -= 1
        elif last not in _CLOSING and last not in _SENTENCE and last != " ":
            break
        end -= 1
    return text[start:end]


# --- networks ---------------------------------------------------------------------------------------------------------


def _by_name(manifests: Manifests) -> Mapping[str, Manifest]:
    if isinstance(manifests, Mapping):
        return manifests
    return {manifest.name: manifest for manifest in manifests}


def _network(word: str, known: Mapping[str, Manifest]) -> Manifest:
    """Return the network of that name, label or site (`twitter`, `bsky`); raises UnknownNetwork."""
    lower = word.strip().lower()
    for manifest in known.values():
        if lower in _names_of(manifest):
            return manifest
    near = closest(lower, known)
    meant = f"; did you mean {near}?" if near else "."
    echo = "".join(c for c in word[:_ECHO] if c.isprintable())
    raise UnknownNetwork(f"There is no network called “{echo}”{meant} Known: {', '.join(known)}.", suggestion=near)


def _names_of(manifest: Manifest) -> frozenset[str]:
    hosts = [host for form in manifest.handles.urls for host in form.hosts if not host.startswith("*")]
    sites = [] if manifest.handles.shape == "url" else [host for host in hosts if host.count(".") == 1]
    return frozenset({manifest.name, manifest.label.lower(), *sites, *(site.split(".")[0] for site in sites)})


def _without_prefix(text: str, manifest: Manifest) -> str:
    prefixed = _PREFIX.fullmatch(text)
    return prefixed[2] if prefixed is not None and prefixed[1].lower() in _names_of(manifest) else text


# --- addresses --------------------------------------------------------------------------------------------------------


def _owner(address: Address, known: Mapping[str, Manifest]) -> Manifest:
    """Return the network an address belongs to: by host, else by its form, else a blog; raises BadHandle."""
    for manifest in known.values():
        if any(_on_host(address.host, form) for form in (*manifest.handles.urls, *manifest.handles.unresolvable)):
            return manifest
    anyones = [m for m in known.values() if any("*" in form.hosts for form in m.handles.urls)]
    for manifest in sorted(anyones, key=lambda m: m.handles.shape == "url"):
        if _groups(address, manifest.handles) is not None:
            return manifest
    raise BadHandle(f"{display_domain(address.host)} is no network that is read here; {FORMS}.")


def _on_host(host: str, form: UrlForm) -> bool:
    """Return whether the form is of this very host; a form for any host is of none."""
    door = next((d for d in _FRONT_DOORS if host.startswith(d)), "")
    names = {host, host.removeprefix(door)}
    return any(name in names or (name.startswith("*.") and host.endswith(name[1:])) for name in form.hosts)


def _matches(address: Address, form: UrlForm) -> re.Match[str] | None:
    if not _on_host(address.host, form) and "*" not in form.hosts:
        return None
    path, asks_query = address.path.rstrip("/"), r"\?" in form.path
    return _compiled(form.path).fullmatch(f"{path}?{address.query}" if asks_query else path)


def _groups(address: Address, rule: HandleRule) -> dict[str, str] | None:
    for form in rule.urls:
        if (match := _matches(address, form)) is not None:
            return match.groupdict()
    return None


def _unread(address: Address, manifest: Manifest) -> BadHandle:
    rule = manifest.handles
    if any(_matches(address, form) for form in rule.unresolvable):
        return BadHandle(f"That {manifest.label} link does not say whose account it is: {_rule(manifest)}.")
    return BadHandle(f"That is not the address of an account on {manifest.label}: {_rule(manifest)}.")


def _path_match(text: str, manifest: Manifest) -> re.Match[str] | None:
    forms = (form for form in manifest.handles.urls if not form.hosts)
    return next((m for form in forms if (m := _compiled(form.path).fullmatch(text)) is not None), None)


def _by_path(text: str, known: Mapping[str, Manifest]) -> Manifest | None:
    return next((m for m in known.values() if _path_match(text, m) is not None), None)


# --- names ------------------------------------------------------------------------------------------------------------


def _named(said: str, manifest: Manifest, server: str | None) -> tuple[str, str | None]:
    """Return a name as the network writes it, and the native id if it is one; raises BadHandle, AmbiguousHandle."""
    rule = manifest.handles
    name = said.strip().lstrip("@")
    if _is_native(name, rule):
        return name, name
    if len(name) > MAX_NAME:
        raise BadHandle(f"That is longer than {MAX_NAME} characters: {_rule(manifest)}.")
    if rule.shape == "address":
        name = _with_server(name, manifest, server)
    if rule.lowercase:
        name = unicodedata.normalize("NFC", name.lower())
    if rule.bare_suffix and "." not in name:
        name += rule.bare_suffix
    if name in rule.reserved:
        raise BadHandle(f"“{name}” is a word {manifest.label} keeps for itself, not an account: {_rule(manifest)}.")
    if not _compiled(rule.pattern).fullmatch(name):
        raise _refused(said, manifest)
    return _steady(name, manifest), None


def _with_server(name: str, manifest: Manifest, server: str | None) -> str:
    user, at, given = name.partition("@")
    if not at and not server:
        if not re.fullmatch(r"[\w.-]+", user):
            raise _refused(name, manifest)
        raise AmbiguousHandle(f"{manifest.label}: say which server, e.g. @{user[:_ECHO]}@mastodon.social.")
    return f"{user}@{domain(given if at else server or '')}"


def _steady(name: str, manifest: Manifest) -> str:
    """Return the name, or refuse one that would be read as another when typed again."""
    if len(name) > MAX_ID or _trimmed(name) != name:
        raise _refused(name, manifest)
    return name


def _fitting(bare: str, manifest: Manifest) -> str | None:
    if manifest.handles.shape != "name":
        return None
    try:
        return _named(bare, manifest, None)[0]
    except InputError:
        return None


def _is_native(text: str, rule: HandleRule) -> bool:
    if rule.native_pattern is None or len(text) > MAX_ID or _trimmed(text) != text:
        return False
    return _compiled(rule.native_pattern).fullmatch(text) is not None


def _is_at_home(bare: str, rule: HandleRule) -> bool:
    return bool(rule.bare_suffix) and bare.lower().endswith(rule.bare_suffix)


def _rule(manifest: Manifest) -> str:
    return f"on {manifest.label} a handle is {manifest.handles.hint}"


def _refused(said: str, manifest: Manifest) -> BadHandle:
    return BadHandle(f"“{said[:_ECHO]}” cannot be read: {_rule(manifest)}.")


@lru_cache(maxsize=256)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)
