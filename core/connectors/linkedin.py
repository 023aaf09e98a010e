"""LinkedIn: people and Pages whose owner or administrator has connected them."""

from core.models import Credential, HandleRule, Manifest, UrlForm

MANIFEST = Manifest(
    name="linkedin",
    label="LinkedIn",
    hosts=("api.linkedin.com", "www.linkedin.com"),  # the second one renews tokens
    base_url="https://api.linkedin.com/rest/",
    handles=HandleRule(
        pattern=r"(?:in|company|school|showcase)/\w(?:[\w.&-]{0,98}[\w-])?",
        hint="a kind and a name, such as linkedin:company/glow-labs or linkedin:in/mara-lind",
        example="company/glow-labs",
        urls=(
            UrlForm(
                hosts=("linkedin.com", "*.linkedin.com"),
                path=r"/(?P<handle>(?:in|company|school|showcase)/[^/]+)(?:/.*)?",
            ),
        ),
        unresolvable=(
            UrlForm(hosts=("lnkd.in",), path=r".*"),
            UrlForm(hosts=("linkedin.com", "*.linkedin.com"), path=r"/(?:pub|posts|feed|pulse|profile)/.+"),
        ),
    ),
    access="owner_authorised",
    credentials=(
        Credential(
            name="client_id",
            help="The id of your LinkedIn app with the Community Management API, which LinkedIn grants to registered "
            "legal entities.",
        ),
        Credential(name="client_secret", help="The secret of that app."),
        Credential(
            name="version",
            required=False,
            help="The API version as YYYYMM; LinkedIn retires each after about a year.",
        ),
    ),
    setup_url="https://www.linkedin.com/developers/apps",
    counts=frozenset({"likes", "reposts", "replies", "views"}),
    limits="Per app, member and day, unpublished; they start anew at 00:00 UTC.",
    cost="Free; needs LinkedIn's product approval, and the owner's consent.",
    attribution="LinkedIn",
    reads="Followers, and reactions, comments, shares and impressions of Pages whose administrator has connected them.",
    cannot_see="People and Pages that are not connected. A connected member shows own totals only.",
    off_wording="LinkedIn: people and Pages can only be read after their owner connects; not counted.",
)
