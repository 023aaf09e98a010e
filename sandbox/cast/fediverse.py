"""The fediverse's and GitHub's own peculiarities."""

from sandbox.plan import Plan, Repo, Role

FEDIVERSE = (
    Role(
        "oddny",
        "Oddny Offbeat",
        "modular synths",
        "lives on the difficult server: no lookup, odd ids, pages that repeat",
        "Patch cables for lunch.",
        (
            Plan("mastodon", "oddny@odd.example", 5_100, 0.02, 4, replies=2, reposts=1),
            Plan("bluesky", "oddny.bsky.social", 4_000, 0.02, 3),
        ),
    ),
    Role(
        "eke",
        "Eke Evenfall",
        "fog",
        "the difficult server again: 60 posts, no boosts, no last_status_at",
        "Mostly fog.",
        (Plan("mastodon", "eke@odd.example", 800, 0.03, 2),),
    ),
    Role(
        "hushed",
        "Hushed Hanne",
        "libraries",
        "on a server that answers 401 without a token",
        "Shh.",
        (Plan("mastodon", "hushed@shut.example", 2_700, 0.02, 3),),
    ),
    Role(
        "wander",
        "Wander Wolke",
        "caravans",
        "moved from toot.example to odd.example",
        "Gone that way.",
        (
            Plan(
                "mastodon",
                "wander@toot.example",
                40,
                0.02,
                2,
                silences=((-80, 400),),
                quirks=frozenset({"moved:wander@odd.example"}),
            ),
            Plan("mastodon", "wander@odd.example", 1_300, 0.03, 3),
        ),
    ),
    Role(
        "mask",
        "Mask Merrow",
        "theatre",
        "address on one domain (mask.example), server on another (toot.example)",
        "Exit, pursued.",
        (Plan("mastodon", "mask@toot.example", 3_900, 0.02, 3, quirks=frozenset({"domain:mask.example"})),),
    ),
    Role(
        "nobottle",
        "No Bottle Nell",
        "refills",
        "#nobot in the bio, locked account with public posts",
        "Refill it. #nobot",
        (Plan("mastodon", "nobottle@toot.example", 650, 0.03, 3, quirks=frozenset({"locked"})),),
    ),
    Role(
        "patchwork",
        "Patchwork Pia",
        "open source",
        "a developer: many repositories, forks, several pages",
        "Merges before breakfast.",
        (
            Plan(
                "github",
                "patchwork-pia",
                5_200,
                following=120,
                repos=(
                    Repo("quilt", 12_400, 30, 2_100),
                    Repo("needle", 2_700, 9, 900),
                    Repo("thimble", 310, 2, 260),
                    *(Repo(f"scrap-{n:03d}", n % 9, 0, 400 + n, pushed=3 + n) for n in range(120)),
                    *(Repo(f"fork-{n}", 3 * n, 0, 200, fork=True) for n in range(12)),
                ),
            ),
            Plan("mastodon", "pia@toot.example", 7_700, 0.02, 4, replies=4, reposts=2),
            Plan("bluesky", "patchwork.example", 9_900, 0.014, 3, replies=2),
        ),
    ),
)
"""Mastodon's and GitHub's own peculiarities."""
