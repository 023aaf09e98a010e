"""Facebook Pages: those the team manages, or all public ones with Page Public Content Access."""

from core.models import Credential, HandleRule, Manifest, UrlForm

_HOSTS = ("facebook.com", "web.facebook.com", "business.facebook.com", "fb.com")

MANIFEST = Manifest(
    name="facebook",
    label="Facebook",
    hosts=("graph.facebook.com",),
    base_url="https://graph.facebook.com/v25.0/",
    handles=HandleRule(
        pattern=r"(?=[a-z0-9.]{5,50}\Z)[a-z0-9]+(?:\.[a-z0-9]+)*",
        hint="the name of a Page: 5 or more letters, digits or dots, or the Page's number",
        example="glowguru.page",
        native_pattern=r"[0-9]{5,20}",
        reserved=frozenset(
            "about business dialog events friends gaming groups hashtag login marketplace media messages "
            "notifications pages people photo photo.php policies privacy profile.php public reels search settings "
            "share sharer sharer.php stories story.php permalink.php videos watch".split()
        ),
        urls=(
            UrlForm(hosts=_HOSTS, path=r"/profile\.php\?(?:.*&)?id=(?P<native_id>[0-9]+)(?:&.*)?"),
            UrlForm(hosts=_HOSTS, path=r"/(?:pages|people)/(?:[^/]+/)+(?P<native_id>[0-9]+)"),
            UrlForm(hosts=_HOSTS, path=r"/p/(?:[^/]+-)?(?P<native_id>[0-9]+)(?:/.*)?"),
            UrlForm(hosts=_HOSTS, path=r"/(?:pg/)?(?P<handle>[^/]+)(?:/.*)?"),
        ),
        unresolvable=(
            UrlForm(hosts=("fb.me", "fb.watch", "m.me"), path=r".*"),
            UrlForm(hosts=_HOSTS, path=r"/(?:share|sharer)(?:/.*)?"),
        ),
    ),
    credentials=(
        Credential(
            name="access_token",
            help="A token of a Page you manage, or of an app with Page Public Content Access (App Review and business "
            "verification).",
        ),
        Credential(
            name="app_secret",
            required=False,
            help="The app's secret, from which each call is signed; Page Public Content Access asks for it.",
        ),
    ),
    setup_url="https://developers.facebook.com/docs/features-reference/page-public-content-access",
    counts=frozenset({"likes", "reposts", "replies", "views"}),
    absent_is_zero=frozenset({"reposts"}),  # the key `shares` is left out when nobody shared
    reset_headers=("meta",),
    limits="Meta's business-use-case and platform limits; reading pauses at 80 per cent of them.",
    cost="Free; Pages of others need Meta's App Review and business verification.",
    attribution="Facebook",
    reads="Followers, and reactions, shares and comments of a Page's posts; views of Pages the team manages.",
    cannot_see="People's own profiles, ever, and Pages of others without Page Public Content Access.",
    off_wording="Facebook: without Page Public Content Access only Pages your team manages count.",
)
