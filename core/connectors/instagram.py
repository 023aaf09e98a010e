"""Instagram: business and creator accounts, through the team's own professional account."""

from core.models import Credential, HandleRule, Manifest, UrlForm

MANIFEST = Manifest(
    name="instagram",
    label="Instagram",
    hosts=("graph.facebook.com",),
    base_url="https://graph.facebook.com/v25.0/",
    handles=HandleRule(
        # the name goes into a field expression, so nothing but these characters may pass
        pattern=r"(?=[a-z0-9._]{1,30}\Z)[a-z0-9_]+(?:\.[a-z0-9_]+)*",
        hint="1 to 30 letters, digits, underscores or single dots, no dot at either end",
        example="glow.guru",
        reserved=frozenset(
            "about accounts api developer direct directory emails explore legal oauth p press privacy reel reels "
            "session stories terms tv web your_activity".split()
        ),
        urls=(UrlForm(hosts=("instagram.com", "instagr.am"), path=r"/(?:_u/)?@?(?P<handle>[^/@]+)(?:/.*)?"),),
        unresolvable=(UrlForm(hosts=("ig.me",), path=r".*"),),
    ),
    credentials=(
        Credential(
            name="access_token",
            help="A long-lived Facebook user token with instagram_basic, instagram_manage_insights and "
            "pages_read_engagement.",
        ),
        Credential(
            name="user_id",
            help="The id of your own Instagram business or creator account, which must be linked to a Facebook Page.",
        ),
    ),
    setup_url="https://developers.facebook.com/docs/instagram-platform",
    counts=frozenset({"likes", "reposts", "replies", "saves", "views"}),
    reset_headers=("meta",),
    limits="Meta's business-use-case limits; reading pauses at 80 per cent of them.",
    cost="Free; needs your own professional account, a linked Page and a Meta app.",
    attribution="Instagram",
    reads=(
        "Followers, and likes, comments and views of reels of business and creator accounts; "
        "saves, shares and all views once the creator connects."
    ),
    cannot_see=(
        "Personal and age-gated accounts, which look as if they did not exist; stories; likes where the owner hides "
        "them; saves and shares of accounts that are not connected."
    ),
    off_wording="A Meta app and your own professional account add business and creator accounts.",
)
