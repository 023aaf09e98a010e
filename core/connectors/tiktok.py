"""TikTok: accounts whose owner has connected them."""

from core.models import Credential, HandleRule, Manifest, UrlForm

MANIFEST = Manifest(
    name="tiktok",
    label="TikTok",
    hosts=("open.tiktokapis.com",),
    base_url="https://open.tiktokapis.com/v2/",
    handles=HandleRule(
        pattern=r"[a-z0-9._]{1,23}[a-z0-9_]",
        hint="@name with 2 to 24 letters, digits, underscores or dots, no dot at the end",
        example="@glowguru",
        urls=(UrlForm(hosts=("tiktok.com",), path=r"/@(?P<handle>[^/]+)(?:/.*)?"),),
        unresolvable=(
            UrlForm(hosts=("vm.tiktok.com", "vt.tiktok.com"), path=r".*"),
            UrlForm(hosts=("tiktok.com",), path=r"/(?:t|v)/.+"),
        ),
    ),
    access="owner_authorised",
    credentials=(
        Credential(name="client_key", help="The client key of your TikTok app with Login Kit and the Display API."),
        Credential(name="client_secret", help="The client secret of that app."),
    ),
    setup_url="https://developers.tiktok.com/apps/",
    counts=frozenset({"likes", "reposts", "replies", "views"}),
    limits="600 requests a minute for each kind of call.",
    cost="Free; needs an app that TikTok has reviewed, and the creator's consent.",
    attribution="TikTok",
    reads="Followers, and likes, comments, shares and views of videos, once the creator connects the account.",
    cannot_see="Accounts that are not connected: public lookup is reserved for approved researchers. Saves.",
    off_wording="TikTok needs the creator to connect the account (public lookup is reserved for approved researchers).",
)
