"""How networks, handles and counts are called on a card."""

from collections.abc import Mapping
from urllib.parse import urlsplit

from core.card import Line, Span, line, outside
from core.figures import count
from core.manifest import Manifest
from core.models import Post

HANDLE_LIMIT = 64  # characters of a handle on a card; the longest that a network allows whole is 253
REMARK_LIMIT = 240  # characters of a sentence that may quote outsiders
Manifests = Mapping[str, Manifest]

# what a like, a comment and a share are called where the usual words would mislead (CONNECTORS 2, decision 5)
_WORDS: Mapping[str, tuple[str, str, str]] = {
    "github": ("star", "comment", "fork"),
    "mastodon": ("favourite", "reply", "boost"),
    "twitch": ("like", "comment", "clip"),
}
_PLURALS = {"reply": "replies", "repository": "repositories"}


def label(network: str, manifests: Manifests) -> str:
    """Return a network's own spelling, `TikTok`; an unknown one is capitalised."""
    manifest = manifests.get(network)
    return manifest.label if manifest is not None else network.capitalize()


def at_handle(handle: str) -> str:
    """Return a handle as people write it: with an @, except addresses and qualified forms."""
    return handle if handle.startswith("@") or any(c in handle for c in "/:") else f"@{handle}"


def handle_span(handle: str, *, strong: bool = False) -> Span:
    """Return a handle as outside text."""
    return outside(at_handle(handle), HANDLE_LIMIT, "strong" if strong else "plain")


def typed(network: str, handle: str) -> str:
    """Return the form of an account that every command understands: `instagram:glowguru`."""
    return handle if "://" in handle else f"{network}:{handle.removeprefix('@')}"


def plural(noun: str) -> str:
    """Return the plural of one of our own nouns."""
    return _PLURALS.get(noun, f"{noun}s")


def noun_of_posts(network: str) -> str:
    """Return what a post is called on a network."""
    return "repository" if network == "github" else "post"


def counts_of(post: Post) -> str:
    """Return the two counts that say most about a post: `88K views, 6.1K likes`; what is not supplied is left out."""
    like, comment, share = _WORDS.get(post.network, ("like", "comment", "share"))
    shares = None if post.reposts is None and post.quotes is None else (post.reposts or 0) + (post.quotes or 0)
    known = ((post.views, "view"), (post.likes, like), (post.replies, comment), (shares, share), (post.saves, "save"))
    said = [f"{count(n)} {noun if n == 1 else plural(noun)}" for n, noun in known if n is not None]
    return ", ".join(said[:2])


def post_url(post: Post, manifest: Manifest | None) -> str | None:
    """Return a post's address when its host is one of the network's own, else None."""
    if post.url is None or manifest is None:
        return None
    if manifest.follow_hosts:
        return post.url
    try:
        host = urlsplit(post.url).hostname or ""
    except ValueError:
        return None
    hosts = [known for form in manifest.handles.urls for known in form.hosts]
    return post.url if any(_same_host(host, known) for known in hosts) else None


def _same_host(host: str, known: str) -> bool:
    if known.startswith("*."):
        return host.endswith(known[1:])
    return host == known or host.removeprefix("www.") == known.removeprefix("www.")


def sentence(words: str, network_label: str = "", limit: int = REMARK_LIMIT) -> Line:
    """Return outside words as part of a line: without the network's name before a colon and without the last stop."""
    trimmed = words.strip().removeprefix(f"{network_label}:").strip().removesuffix(".")
    return line(outside(trimmed, limit))
