"""X, paid by the read: profiles and posts under a daily spending cap."""

from core.models import BudgetRule, Credential, HandleRule, Manifest, UrlForm

MANIFEST = Manifest(
    name="x",
    label="X",
    hosts=("api.x.com",),
    base_url="https://api.x.com/2/",
    handles=HandleRule(
        pattern=r"[a-z0-9_]{1,15}",
        hint="1 to 15 letters, digits or underscores",
        example="glowguru",
        reserved=frozenset(
            "about account compose download explore hashtag home i intent jobs login logout messages notifications "
            "privacy search settings share signup tos".split()
        ),
        urls=(
            UrlForm(
                hosts=("x.com", "twitter.com"),
                path=r"/intent/(?:user|follow)\?(?:.*&)?screen_name=@?(?P<handle>[^&]+)(?:&.*)?",
            ),
            UrlForm(hosts=("x.com", "twitter.com"), path=r"/@?(?P<handle>[^/@]+)(?:/.*)?"),
        ),
        unresolvable=(UrlForm(hosts=("t.co",), path=r".*"),),
    ),
    free=False,
    credentials=(
        Credential(
            name="bearer_token",
            help="In the X developer console create your own app, buy credits and copy its bearer token. "
            "Every team registers its own app.",
        ),
    ),
    budgets=(
        BudgetRule(
            unit="usd",
            window="utc_day",
            setting="daily_usd",
            required=True,
            per_lookup=0.01,  # the profile; posts are asked for before they are paid
            help="The most that may be spent on X in one UTC day, in dollars, such as 2.00. Unset means off.",
        ),
    ),
    setup_url="https://console.x.com",
    counts=frozenset({"likes", "reposts", "replies", "quotes", "saves", "views"}),
    supplies_kind=True,
    reset_headers=("x",),
    limits="300 profile lookups and 10,000 timeline pages in 15 minutes, and never more than the daily cap in dollars.",
    cost="Paid: $0.010 a profile and $0.005 a post; a first lookup with 100 posts costs $0.51. Repeats within one "
    "UTC day are free.",
    attribution="X",
    reads="Followers, lists, and likes, reposts, replies, quotes, bookmarks and views of the account's own posts.",
    cannot_see=(
        "Protected accounts, and reposts of other people's posts, which would be paid for. "
        "An X name is never joined to another account by guess."
    ),
    off_wording="X charges for every read: it needs a token and a daily cap in dollars.",
)
