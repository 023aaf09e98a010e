"""Explanations made by hand: the statement of the card sketches, one with a deduction, and a comparison."""

from datetime import UTC, datetime

from core.changes import ChangeLedger, ChangeRow, PostChange
from core.context import Outreach, PeerRate
from core.explain import Comparison, Explanation, Missing
from core.ledger import FORMULAS, NetworkStatement, PointLedger, PointRow
from core.models import Flag, Inputs, Post, SubScores
from tests.core.readings_by_hand import MODEL, NOW, WEIGHTS, account, glowguru, network_score, reading, total

_POINTS = {
    "instagram": {"volume": 25.6, "audience": 13.2, "rate": 2.0, "consistency": 5.3, "growth": 1.4},
    "tiktok": {"volume": 5.1, "amplification": 2.1, "audience": 3.1, "rate": 0.5, "consistency": 1.1, "growth": 0.4},
    "bluesky": {"volume": 0.6, "amplification": 0.2, "audience": 0.2, "rate": 0.1, "consistency": 0.1, "growth": 0.0},
}
_FIGURES = {
    "instagram": {
        "followers": 184_000,
        "typical_weighted": 5_900,
        "posts": 42,
        "active_share": 0.98,
        "growth_30d": 0.02,
    },
    "tiktok": {"followers": 92_000, "typical_weighted": 2_400, "posts": 18, "active_share": 0.71, "growth_30d": 0.01},
    "bluesky": {"followers": 6_200, "typical_weighted": 75, "posts": 61, "active_share": 1.0, "growth_30d": -0.004},
}
_RATES = {"instagram": (1.6, 5_700.0), "tiktok": (0.9, 2_250.0), "bluesky": (1.1, 61.0)}
_SHARES = {"tiktok": 210.0, "bluesky": 12.0}


def row(network, part, points):
    figures = _FIGURES[network]
    times, reactions = _RATES[network]
    given = {
        "volume": {"typical_weighted": figures["typical_weighted"]},
        "amplification": {"typical_shares": _SHARES.get(network)},
        "audience": {"followers": figures["followers"]},
        "rate": {
            "followers": figures["followers"],
            "typical_reactions": reactions,
            "expected_rate": reactions / figures["followers"] / times,
        },
        "consistency": {"active_share": figures["active_share"]},
        "growth": {"growth_30d": figures["growth_30d"]},
    }[part]
    return PointRow(
        part=part, x=0.5, beta=0.2, own=points, points=points, formula=FORMULAS[part], inputs=given, constants={}
    )


def statement(network, score, share):
    rows = tuple(row(network, part, points) for part, points in _POINTS[network].items())
    return NetworkStatement(
        network=network,
        handle="glowguru",
        native_id=f"{network}-1",
        state="ok",
        score=score,
        share=share,
        posts=_FIGURES[network]["posts"],
        rows=rows,
        dropped=() if "amplification" in _POINTS[network] else ("amplification",),
    )


def ledger(**fields):
    networks = (statement("instagram", 60.0, 0.78), statement("tiktok", 49.0, 0.2), statement("bluesky", 31.0, 0.02))
    known = {"state": "ok", "score": 62.0, "networks": networks, "model_version": MODEL, "weights_version": WEIGHTS}
    return PointLedger(**(known | fields))


def new_post(network, day, leverage, number):
    post = Post(network=network, native_id=f"n{number}", created_at=datetime(2026, 11, day, 18, tzinfo=UTC))
    return PostChange(post=post, leverage=leverage)


def change(*rows, before=58.0, after=62.0, since=None):
    return ChangeLedger(
        since=since or datetime(2026, 11, 15, 12, tzinfo=UTC), until=NOW, before=before, after=after, rows=rows
    )


def sketch_rows():
    posts = (new_post("instagram", 16, 2.9, 1), new_post("tiktok", 18, 0.4, 2))
    return (
        ChangeRow(name="ageing", points=-0.94),
        ChangeRow(name="later_counts", points=1.12),
        ChangeRow(name="new_posts", points=3.41, posts=posts),
        ChangeRow(name="followers", points=0.38),
        ChangeRow(name="small_changes", points=0.03),
    )


def why_glowguru(**fields):
    peers = (
        PeerRate(
            network="instagram",
            rate=0.031,
            expected=0.0194,
            times=1.6,
            tier="mid",
            followers_from=100_000,
            followers_to=500_000,
            source="Engagement rate by tier",
            address="https://benchmark.example/tiers",
        ),
    )
    known = {
        "reading": glowguru(),
        "points": ledger(),
        "change": change(*sketch_rows()),
        "asked_since": datetime(2026, 11, 15, 14, tzinfo=UTC),
        "outreach": Outreach(value=31.2, weekly=3.2, networks=("bluesky",)),
        "peers": peers,
    }
    return Explanation(**(known | fields))


GHOST = Flag(
    name="ghost audience",
    group="audience",
    text="a post draws 90 reactions from 260K followers; creators of this size draw about 1.4K, and under 12.5 % of "
    "that is marked",
    threshold=0.125,
    numbers={"reactions": 90.0, "followers": 260_000.0, "expected": 1_400.0},
)
EVEN = Flag(
    name="too even",
    group="reactions",
    text="the likes of 38 posts vary by 2.1 % around their mean; under 8.0 % is marked",
    threshold=0.08,
    numbers={"variation": 0.021, "posts": 38.0},
)


def why_flagged():
    points = ledger(score=49.8, penalty=-12.2, flags=(GHOST, EVEN))
    return why_glowguru(points=points, change=None, asked_since=datetime(2026, 11, 15, tzinfo=UTC))


def creator(handle, score, low, high, **fields):
    inputs = Inputs(
        posts=20,
        credibility=0.9,
        typical_weighted=500.0,
        typical_reactions=300.0,
        followers=10_000,
        expected_rate=0.02,
        reactions_per_week=1_500.0,
    )
    one = account("instagram", network_score("instagram", score, low, high, inputs=inputs), handle=handle)
    parts = SubScores(reach=61.0, resonance=55.4, consistency=90.0, growth=50.0)
    return reading(f"@{handle}", total(score, low, high, sub_scores=parts), [one], **fields)


def side_by_side():
    return Comparison(
        readings=(creator("beanco", 48.2, 46.0, 51.4), creator("glow", 62.0, 58.0, 65.0)),
        missing=(Missing(asked="nobody", error="NotFound", message="I can't find @nobody on Bluesky."),),
    )


def neck_and_neck():
    return Comparison(readings=(creator("glow", 62.0, 58.0, 65.0), creator("beanco", 59.0, 55.0, 60.0)))
