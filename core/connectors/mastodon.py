"""Mastodon: any server that speaks its API; every account is read on its home server."""

from core.models import Credential, HandleRule, Manifest, UrlForm

MANIFEST = Manifest(
    name="mastodon",
    label="Mastodon",
    hosts=(),  # the account's own server, checked by the address guard
    base_url="https://{instance}/api/v1/",
    handles=HandleRule(
        shape="address",
        # Mastodon's own rule for user names, written so that it never backtracks, then a public domain name
        pattern=r"[a-z0-9_](?:[a-z0-9_.-]*[a-z0-9_])?@(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9-]{2,63}",
        hint="a name and its server, such as @mara@social.example",
        example="@mara@social.example",
        urls=(
            UrlForm(hosts=("*",), path=r"(?:/web|/deck)?/@(?P<handle>[^/]+)(?:/.*)?"),
            UrlForm(hosts=("*",), path=r"/users/(?P<handle>[^/]+)(?:/.*)?"),
        ),
    ),
    credentials=(
        Credential(
            name="tokens",
            required=False,
            help="Tokens for servers that show accounts only to logged-in apps: server=token, separated by commas. "
            "Each comes from that server: Preferences, Development, New application, scope read.",
        ),
        Credential(
            name="default_instance",
            required=False,
            help="The server meant when a name comes without one, such as mastodon.social. Unset: a bare name is not "
            "looked up on Mastodon.",
        ),
    ),
    setup_url="https://docs.joinmastodon.org/client/token/",
    counts=frozenset({"likes", "reposts", "replies", "quotes"}),
    supplies_kind=True,
    follow_hosts=True,
    reset_headers=("mastodon",),
    limits="300 requests in 5 minutes on each server.",
    cost="Free; no key on most servers.",
    attribution="Mastodon",
    reads=(
        "Followers, and favourites, boosts, replies and, on newer servers, quotes of public and unlisted posts, "
        "as the home server counts them. Boosts of other people's posts count as activity only."
    ),
    cannot_see=(
        "Views and bookmarks, posts for followers only, and a few reactions that other servers never reported home. "
        "Accounts that ask not to be indexed are kept only while a team tracks them."
    ),
    off_wording="Mastodon is switched off here.",
)
