"""Readings made by hand: every state a card has to say, with invented creators."""

from datetime import UTC, datetime, timedelta

from core.manifest import Credential, HandleRule, Manifest, UrlForm
from core.models import (
    BestPost,
    Candidate,
    Failure,
    HistoryPoint,
    Inputs,
    NetworkReading,
    NetworkScore,
    Post,
    Profile,
    Reading,
    Score,
    SubScores,
)

NOW = datetime(2026, 11, 22, 14, 0, tzinfo=UTC)
MODEL, WEIGHTS = "1.2", "1"
TWO_HOURS = timedelta(hours=2)


def manifest(name, label, **fields):
    hosts = fields.pop("sites", (f"www.{name}.com", f"{name}.com"))
    rule = HandleRule(pattern=".+", hint="a name", example="name", urls=(UrlForm(hosts=hosts, path="/(?P<handle>.+)"),))
    return Manifest(
        name=name, label=label, hosts=(f"api.{name}.com",), base_url=f"https://api.{name}.com/", handles=rule, **fields
    )


KEY = Credential(name="client_key", help="the app's key")
MANIFESTS = {
    m.name: m
    for m in (
        manifest(
            "instagram", "Instagram", reads="Likes and comments of professional accounts", attribution="Instagram"
        ),
        manifest(
            "tiktok", "TikTok", access="owner_authorised", credentials=(Credential(name="client_key", help="key"),)
        ),
        manifest("bluesky", "Bluesky", sites=("bsky.app",)),
        manifest("youtube", "YouTube", combine="separate"),
        manifest("facebook", "Facebook"),
        manifest("x", "X", free=False, cost="Paid per post read."),
        manifest("github", "GitHub", counts_are="lifetime"),
    )
}


def inputs(posts, **fields):
    known = {"credibility": 0.9, "typical_weighted": 1000.0, "typical_reactions": 800.0, "reactions_per_week": 1_500.0}
    return Inputs(posts=posts, **(known | fields))


def network_score(network, score, low=None, high=None, *, state="ok", **fields):
    known = {"as_of": NOW - TWO_HOURS, "model_version": MODEL, "weights_version": WEIGHTS}
    low = low if low is not None or score is None else max(1.0, score - 3)
    high = high if high is not None or score is None else min(100.0, score + 3)
    return NetworkScore(network=network, state=state, score=score, low=low, high=high, **(known | fields))


def account(network, score, *, posts=20, followers=10_000, handle="glowguru", **fields):
    """One account; `score` may be a number, None, or a NetworkScore."""
    if isinstance(score, int | float):
        score = network_score(network, float(score), inputs=inputs(posts, followers=followers))
    profile = fields.pop("profile", None) or Profile(
        network=network, native_id=f"{network}-1", handle=handle, followers=followers, fetched_at=NOW - TWO_HOURS
    )
    known = {"status": "ok", "combine": MANIFESTS[network].combine}
    return NetworkReading(
        network=network, handle=handle, native_id=f"{network}-1", profile=profile, score=score, **(known | fields)
    )


def failed(network, error, message, *, status="permission_missing", retry_at=None, handle="glowguru"):
    failure = Failure(network=network, error=error, message=message, retry_at=retry_at)
    combine = MANIFESTS[network].combine
    return NetworkReading(network=network, status=status, handle=handle, combine=combine, failure=failure)


def total(score, low=None, high=None, *, state="ok", **fields):
    if score is not None:
        low, high = low if low is not None else score - 3.0, high if high is not None else score + 3.0
    return Score(state=state, score=score, low=low, high=high, model_version=MODEL, weights_version=WEIGHTS, **fields)


def reading(handle, score, networks, **fields):
    return Reading(**({"handle": handle, "team": "t", "score": score, "networks": tuple(networks), "at": NOW} | fields))


def point(days_back, score, *, state="ok", version=MODEL, at=None):
    moment = at or NOW - timedelta(days=days_back)
    low, high = max(1.0, score - 4), min(100.0, score + 4)
    return HistoryPoint(at=moment, score=score, low=low, high=high, state=state, model_version=version)


def post(network, native_id, day, **counts):
    return Post(network=network, native_id=native_id, created_at=datetime(2026, 11, day, 9, tzinfo=UTC), **counts)


# with the 62 of today these are the twelve bars of the sketch, and a week ago stood 58
TWELVE_WEEKS = (
    *(point(84 - at * 84 / 11, float(score)) for at, score in enumerate((48, 50, 50, 52, 52, 54, 54, 56, 56, 58))),
    point(7, 58.0),
    point(5, 60.0),
)


def glowguru():
    """The sketch's own creator: three networks that count, one apart, one that does not answer."""
    instagram = account(
        "instagram",
        network_score(
            "instagram",
            60.2,
            inputs=inputs(
                42, followers=184_000, typical_reactions=6_000.0, expected_rate=0.02, reactions_per_week=8_000.0
            ),
            notes=("Shares are not supplied, so amplification is left out and the range is wider.",),
        ),
        followers=184_000,
        best_posts=(
            BestPost(
                post=post("instagram", "p1", 14, likes=12_400, replies=812, url="https://www.instagram.com/p/p1/"),
                leverage=1.94,
            ),
        ),
    )
    tiktok = account(
        "tiktok",
        network_score(
            "tiktok",
            48.6,
            inputs=inputs(
                18, followers=92_000, typical_reactions=2_500.0, expected_rate=0.0182, reactions_per_week=1_200.0
            ),
        ),
        followers=92_000,
        access="owner_authorised",
        best_posts=(BestPost(post=post("tiktok", "t1", 9, views=88_000, likes=6_100, replies=40), leverage=1.2),),
    )
    bluesky = account(
        "bluesky",
        network_score(
            "bluesky",
            30.7,
            inputs=inputs(61, followers=6_200, typical_reactions=248.0, expected_rate=0.01, reactions_per_week=200.0),
        ),
        followers=6_200,
    )
    youtube = account("youtube", 54.2, followers=50_000)
    facebook = failed("facebook", "SourceAuthFailed", "this app has no Page Public Content Access.")
    parts = SubScores(reach=71.2, resonance=65.6, amplification=38.0, consistency=91.8, growth=61.0)
    return reading(
        "@glowguru",
        total(62.0, 57.8, 65.3, sub_scores=parts),
        (instagram, tiktok, bluesky, youtube, facebook),
        history=TWELVE_WEEKS,
    )


def newcomer():
    return reading(
        "@newcomer",
        total(31.2, 22.0, 40.6, state="provisional", sub_scores=SubScores(reach=20.0, consistency=30.0, growth=50.0)),
        [
            account(
                "bluesky",
                network_score("bluesky", 31.2, 22.0, 40.6, state="provisional", inputs=inputs(4, followers=900)),
                followers=900,
                handle="newcomer",
            )
        ],
    )


def starter():
    """Two posts: no number yet."""
    none = network_score("bluesky", None, state="insufficient", inputs=inputs(2, followers=120))
    return reading(
        "@starter", total(None, state="insufficient"), [account("bluesky", none, followers=120, handle="starter")]
    )


def quiet():
    old = network_score("bluesky", 44.0, state="dormant", inputs=inputs(9), as_of=datetime(2026, 8, 3, 8, tzinfo=UTC))
    return reading(
        "@quiet",
        total(44.0, state="dormant"),
        [account("bluesky", old, handle="quiet")],
        history=(point(0, 44.0, at=datetime(2026, 8, 3, 8, tzinfo=UTC)), point(1, 40.0, state="dormant")),
    )


def unheard():
    """Every network silent for longer than a stored score may stand for the present."""
    read = datetime(2026, 11, 4, 9, tzinfo=UTC)
    profile = Profile(network="x", native_id="x-1", handle="unheard", followers=5_000, fetched_at=read)
    score = network_score("x", 51.6, 49.0, 54.0, inputs=inputs(30, followers=5_000), as_of=read)
    failure = Failure(
        network="x",
        error="PaymentRequired",
        message="X: the budget for today is used up.",
        retry_at=datetime(2026, 11, 23, tzinfo=UTC),
    )
    network = account(
        "x", score, followers=5_000, handle="unheard", profile=profile, status="rate_limited", failure=failure
    )
    return reading("@unheard", total(51.6, 49.0, 54.0, state="stale"), [network])


def only_youtube():
    score = network_score("youtube", 54.4, 50.2, 57.9, inputs=inputs(20, followers=50_000, reactions_per_week=320.0))
    return reading(
        "@tuber", total(None, state="insufficient"), [account("youtube", score, followers=50_000, handle="tuber")]
    )


def namesakes():
    others = (
        Candidate(
            network="tiktok",
            handle="glow",
            native_id="tiktok-9",
            score=49.2,
            followers=92_000,
            evidence=("its profile links to instagram.com/glow",),
        ),
        Candidate(network="github", handle="glow", native_id="github-9", score=12.0, followers=40),
    )
    return reading("@glow", total(60.0), [account("instagram", 60.0, handle="glow")], candidates=others)


def slow():
    return reading(
        "@slow",
        total(60.0),
        [account("instagram", 60.0, handle="slow")],
        pending=("tiktok", "bluesky"),
        history=TWELVE_WEEKS,
    )


EVERY = {
    "glowguru": glowguru,
    "newcomer": newcomer,
    "starter": starter,
    "quiet": quiet,
    "unheard": unheard,
    "only_youtube": only_youtube,
    "namesakes": namesakes,
    "slow": slow,
}
