"""Twitch: channels, their videos and clips, with a free client id and secret."""

from core.models import Credential, HandleRule, Manifest, UrlForm

MANIFEST = Manifest(
    name="twitch",
    label="Twitch",
    hosts=("api.twitch.tv", "id.twitch.tv"),
    base_url="https://api.twitch.tv/helix/",
    handles=HandleRule(
        pattern=r"[a-z0-9][a-z0-9_]{2,24}",
        hint="3 to 25 letters, digits or underscores, not beginning with an underscore",
        example="glowguru",
        reserved=frozenset(
            "about directory downloads drops friends inventory jobs login moderator popout prime products search "
            "settings signup store subscriptions turbo videos wallet".split()
        ),
        urls=(
            UrlForm(hosts=("twitch.tv",), path=r"/(?:popout|moderator)/(?P<handle>[^/]+)(?:/.*)?"),
            UrlForm(hosts=("twitch.tv",), path=r"/(?P<handle>[^/]+)(?:/.*)?"),
        ),
        unresolvable=(
            UrlForm(hosts=("clips.twitch.tv",), path=r".*"),
            UrlForm(hosts=("twitch.tv",), path=r"/(?:videos|p)/.+"),
        ),
    ),
    credentials=(
        Credential(name="client_id", help="The client id of an app of yours; registering one is free and immediate."),
        Credential(name="client_secret", help="The client secret of that app."),
    ),
    setup_url="https://dev.twitch.tv/console/apps",
    counts=frozenset({"views"}),
    reset_headers=("twitch",),
    limits="800 points a minute; most calls take one.",
    cost="Free; needs a client id and secret, no review.",
    attribution="Twitch",
    reads="Followers, and views of videos and clips.",
    cannot_see="Likes and shares: Twitch has none. Recordings vanish after some weeks, which lowers nothing.",
    off_wording="A free Twitch client id and secret add followers and views; Twitch has no likes.",
)
