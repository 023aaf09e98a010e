"""YouTube: channels and their videos, through the Data API and an API key."""

from datetime import timedelta

from core.models import BudgetRule, Credential, HandleRule, Manifest, UrlForm

# Handles are allowed in many scripts with their vowel signs, which \w does not know: letters by block, no
# punctuation, symbols or emoji beyond . _ - and the middle dot.
_FIRST = r"a-z0-9_\u00c0-\u1fff\u2c00-\u2dff\u3005-\u3007\u3041-\ud7ff\uf900-\ufaff\U00020000-\U0003ffff"

MANIFEST = Manifest(
    name="youtube",
    label="YouTube",
    hosts=("www.googleapis.com",),
    base_url="https://www.googleapis.com/youtube/v3/",
    handles=HandleRule(
        pattern=rf"user/[a-z0-9]{{1,40}}|[{_FIRST}][{_FIRST}.·-]{{1,28}}[{_FIRST}-]",
        hint="@name with 3 to 30 letters, digits or . _ - ·, or a channel id that begins with UC",
        example="@glowguru",
        native_pattern=r"UC[A-Za-z0-9_-]{22}",
        urls=(
            UrlForm(
                hosts=("youtube.com", "music.youtube.com", "gaming.youtube.com"),
                path=r"/@(?P<handle>[^/]+)(?:/.*)?",
            ),
            UrlForm(
                hosts=("youtube.com", "music.youtube.com", "gaming.youtube.com"),
                path=r"/channel/(?P<native_id>[^/]+)(?:/.*)?",
            ),
            # the user names of before 2012, which the API looks up by a parameter of their own
            UrlForm(hosts=("youtube.com",), path=r"/(?P<handle>user/[^/]+)(?:/.*)?"),
        ),
        unresolvable=(
            UrlForm(hosts=("youtube.com",), path=r"/c/.+|/(?:watch|shorts|live|playlist|embed)(?:/.*)?"),
            UrlForm(hosts=("youtube.com",), path=r"/[^/@]+"),
            UrlForm(hosts=("youtu.be",), path=r".*"),
        ),
    ),
    credentials=(
        Credential(
            name="api_key",
            help="In the Google Cloud console make a project, enable YouTube Data API v3, and create an API key "
            "restricted to it.",
        ),
    ),
    budgets=(
        BudgetRule(
            unit="units",
            window="pacific_day",
            setting="daily_units",
            default=10_000,
            per_lookup=3,
            help="Units of the Data API in one day, which ends at midnight in Los Angeles.",
        ),
    ),
    setup_url="https://console.cloud.google.com/apis/library/youtube.googleapis.com",
    counts=frozenset({"likes", "replies", "views"}),
    combine="separate",
    reset_headers=(),
    retention=timedelta(days=30),  # YouTube's developer policies: refresh or delete within 30 days
    limits="10,000 units a day; a lookup with 50 videos takes 3.",
    cost="Free; needs an API key.",
    attribution="YouTube",
    reads="Subscribers (rounded by YouTube), and views, likes and comments of uploaded videos.",
    cannot_see=(
        "Shares, saves, and whatever a channel hides. YouTube's terms keep it out of the total: it has its own score. "
        "Set CLOUT_YOUTUBE__COMBINE=sum only after accepting YouTube's amendment on derived metrics."
    ),
    off_wording="A free YouTube API key adds subscribers, views, likes and comments as a score of its own.",
)
