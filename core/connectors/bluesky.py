"""Bluesky: public profiles and posts from the AppView, no key needed."""

from core.models import HandleRule, Manifest, UrlForm

MANIFEST = Manifest(
    name="bluesky",
    label="Bluesky",
    hosts=("public.api.bsky.app",),
    base_url="https://public.api.bsky.app/xrpc/",
    handles=HandleRule(
        # AT Protocol handle syntax: a domain name of at least two labels, the last one starting with a letter
        pattern=r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?",
        hint="a domain name such as alice.bsky.social or alice.example; a bare name means name.bsky.social",
        example="alice.bsky.social",
        bare_suffix=".bsky.social",
        native_pattern=r"did:[a-z]+:[A-Za-z0-9._:%-]*[A-Za-z0-9._-]",
        reserved=frozenset({"handle.invalid"}),
        urls=(
            UrlForm(
                hosts=("bsky.app", "staging.bsky.app", "main.bsky.dev"),
                path=r"/profile/(?P<handle>[^/]+)(?:/.*)?",
            ),
        ),
    ),
    counts=frozenset({"likes", "reposts", "replies", "quotes", "saves"}),
    supplies_kind=True,
    reset_headers=("bluesky",),
    limits="Generous: 3,000 requests in 5 minutes for each address on personal servers, none published here.",
    cost="Free; no key and no account.",
    attribution="Bluesky",
    reads=(
        "Followers, and likes, reposts, replies, quotes and bookmarks of every public post; "
        "reposts of other people's posts count as activity only."
    ),
    cannot_see=(
        "Views. Accounts that ask not to be shown to logged-out apps are left out, as their owners wish."
    ),
    off_wording="Bluesky is switched off here.",
)
