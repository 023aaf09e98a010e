"""Blogs and other sites with a feed: RSS, Atom and JSON Feed."""

from core.models import HandleRule, Manifest, UrlForm

MANIFEST = Manifest(
    name="blog",
    label="Blog",
    hosts=(),  # the site itself, checked by the address guard
    base_url="https://{host}/",
    handles=HandleRule(
        shape="url",
        pattern=r"https?://[^/?#\s]+/[^#\s]*",
        hint="the address of a site or of its feed, such as https://blog.example/feed",
        example="https://blog.example/feed",
        urls=(
            # sites whose author pages look like Mastodon's but are not
            UrlForm(
                hosts=("medium.com", "*.medium.com", "*.substack.com", "dev.to", "hashnode.com", "*.hashnode.dev"),
                path=r".*",
            ),
            UrlForm(hosts=("*",), path=r".*"),
        ),
    ),
    counts=frozenset({"replies", "views"}),
    follow_hosts=True,
    allow_http=True,
    reset_headers=("retry-after",),
    limits="As each site asks for; an unchanged feed is not sent again.",
    cost="Free; no key.",
    attribution="Blog",
    reads="When posts appeared, and comment counts where the feed carries them.",
    cannot_see="The audience: a blog shows no followers, so it counts as activity and comments, never as reach.",
    off_wording="Blogs are switched off here.",
)
