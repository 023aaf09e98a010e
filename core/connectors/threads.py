"""Threads: accounts whose owner has connected them."""

from core.models import Credential, HandleRule, Manifest, UrlForm

MANIFEST = Manifest(
    name="threads",
    label="Threads",
    hosts=("graph.threads.net",),
    base_url="https://graph.threads.net/v1.0/",
    handles=HandleRule(
        pattern=r"(?=[a-z0-9._]{1,30}\Z)[a-z0-9_]+(?:\.[a-z0-9_]+)*",
        hint="as on Instagram: 1 to 30 letters, digits, underscores or single dots, no dot at either end",
        example="@glow.guru",
        reserved=frozenset({"login", "search", "settings"}),
        urls=(UrlForm(hosts=("threads.net", "threads.com"), path=r"/@(?P<handle>[^/]+)(?:/.*)?"),),
        unresolvable=(UrlForm(hosts=("threads.net", "threads.com"), path=r"/t/.+"),),
    ),
    access="owner_authorised",
    credentials=(
        Credential(name="client_id", help="The id of your Meta app with the Threads use case."),
        Credential(name="client_secret", help="The secret of that app."),
    ),
    setup_url="https://developers.facebook.com/docs/threads/get-started",
    counts=frozenset({"likes", "reposts", "replies", "quotes", "views"}),
    supplies_kind=True,
    reset_headers=("meta",),
    limits="4,800 requests a day for every impression of the account, counted as at least 10 impressions.",
    cost="Free; needs a Meta app with App Review, and the creator's consent.",
    attribution="Threads",
    reads="Followers, and likes, reposts, replies, quotes and views, once the creator connects the account.",
    cannot_see="Accounts that are not connected, and saves.",
    off_wording="Threads needs the creator to connect the account.",
)
