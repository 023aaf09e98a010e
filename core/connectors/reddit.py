"""Reddit: accounts and their submissions; off until Reddit has approved the team's app."""

from core.models import Credential, HandleRule, Manifest, UrlForm

MANIFEST = Manifest(
    name="reddit",
    label="Reddit",
    hosts=("oauth.reddit.com", "www.reddit.com"),
    base_url="https://oauth.reddit.com/",
    handles=HandleRule(
        pattern=r"[a-z0-9_-]{3,20}",
        hint="u/name with 3 to 20 letters, digits, hyphens or underscores",
        example="u/glowguru",
        urls=(
            UrlForm(hosts=("reddit.com", "*.reddit.com"), path=r"/(?:u|user)/(?P<handle>[^/]+)(?:/.*)?"),
            UrlForm(hosts=(), path=r"/?u/(?P<handle>[^/]+)"),
        ),
        unresolvable=(UrlForm(hosts=("redd.it", "*.redd.it"), path=r".*"),),
    ),
    enabled_by_default=False,
    credentials=(
        Credential(
            name="client_id",
            help="The id of an app that Reddit has approved. Reddit may refuse apps that score its users, "
            "and commercial use needs a contract.",
        ),
        Credential(name="client_secret", help="The secret of that app."),
        Credential(name="username", help="The Reddit account of the operator, named in every request as Reddit asks."),
    ),
    setup_url="https://www.reddit.com/prefs/apps",
    counts=frozenset({"likes", "reposts", "replies"}),
    reset_headers=("reddit",),
    limits="100 requests a minute, averaged over 10 minutes.",
    cost="Free for non-commercial use, after Reddit's own approval.",
    attribution="Reddit",
    reads="Score, comments and crossposts of submissions; karma, which is not a number of followers.",
    cannot_see="Followers, views, removed posts, hidden histories. Reddit blurs every score a little.",
    off_wording="Reddit is off here: it needs Reddit's own approval.",
)
