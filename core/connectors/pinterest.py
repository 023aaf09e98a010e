"""Pinterest: accounts whose owner has connected them."""

from core.models import Credential, HandleRule, Manifest, UrlForm

# endings under which Pinterest serves profiles
_COUNTRIES = "at be ca ch cl co.kr co.uk com com.au com.mx de dk es fr ie info it jp nz ph pt ru se"

MANIFEST = Manifest(
    name="pinterest",
    label="Pinterest",
    hosts=("api.pinterest.com",),
    base_url="https://api.pinterest.com/v5/",
    handles=HandleRule(
        pattern=r"[a-z0-9_]{3,30}",
        hint="3 to 30 letters, digits or underscores",
        example="glowguru",
        reserved=frozenset(
            "about business categories explore help ideas login news_hub pin search settings shopping today "
            "topics videos".split()
        ),
        urls=(
            UrlForm(
                hosts=("*.pinterest.com", *(f"pinterest.{ending}" for ending in _COUNTRIES.split())),
                path=r"/(?P<handle>[^/]+)(?:/.*)?",
            ),
        ),
        unresolvable=(
            UrlForm(hosts=("pin.it",), path=r".*"),
            UrlForm(hosts=("*.pinterest.com", "pinterest.com"), path=r"/pin/.+"),
        ),
    ),
    access="owner_authorised",
    credentials=(
        Credential(name="client_id", help="The id of your Pinterest app."),
        Credential(name="client_secret", help="The secret of that app."),
    ),
    setup_url="https://developers.pinterest.com/apps/",
    counts=frozenset({"likes", "replies", "saves", "views"}),
    reset_headers=("pinterest",),
    limits="1,000 requests a day on the trial tier.",
    cost="Free; needs an app that Pinterest has approved, and the creator's consent.",
    attribution="Pinterest",
    reads="Followers, and reactions, comments, saves and impressions of the creator's own pins, once connected.",
    cannot_see="Accounts that are not connected: nobody can be looked up by name. Pins saved from others do not count.",
    off_wording="Pinterest needs the creator to connect the account.",
)
