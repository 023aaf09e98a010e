"""Movers: who rises, who falls and who stays."""

from sandbox.plan import Hit, Jump, Plan, Repo, Role

MOVERS = (
    Role(
        "beanco",
        "Bean & Co",
        "coffee",
        "riser: the product demo of last week did very well, and so did what followed",
        "Small roastery, loud grinder.",
        (
            Plan(
                "bluesky",
                "beanco.bsky.social",
                12_400,
                0.016,
                4,
                growth=0.012,
                replies=2,
                bursts=((-7, 1, 8),),
                boosts=((-14, -7, 2.0), (-7, 400, 9.0)),
                hits=(Hit(-6, 6.0, "Product demo: the Foldable Kettle, live from our kitchen"),),
                jumps=(Jump(-5, 260),),
            ),
            Plan("mastodon", "beanco@toot.example", 3_200, 0.02, 2, boosts=((-7, 400, 3.0),)),
            Plan("github", "beanco", 64, repos=(Repo("grind-timer", 130, 4, 420, language="Go"),)),
        ),
    ),
    Role(
        "lull",
        "Lull Larkin",
        "lo-fi music",
        "faller: three weeks without a post, and followers leave",
        "Slow songs, slower posts.",
        (
            Plan(
                "bluesky",
                "lull.bsky.social",
                18_000,
                0.02,
                4,
                boosts=((-32, -21, 0.05),),
                jumps=(Jump(-6, -1_100),),
                silences=((-21, 400),),
            ),
        ),
    ),
    Role(
        "fadeout",
        "Fadeout Finch",
        "vintage radios",
        "faller: reactions down to a twentieth in the last ten days",
        "Static collector.",
        (
            Plan(
                "bluesky",
                "fadeout.bsky.social",
                26_000,
                0.02,
                4,
                growth=-0.006,
                boosts=((-28, -10, 0.5), (-10, 400, 0.06)),
            ),
        ),
    ),
    Role(
        "slowburn",
        "Slow Burn Soraya",
        "ceramics",
        "riser: four times the reactions for four weeks",
        "Mud, patience, fire.",
        (Plan("bluesky", "slowburn.bsky.social", 9_000, 0.012, 3, growth=0.02, boosts=((-28, 400, 4.0),), replies=1),),
    ),
    *(
        Role(
            slug,
            name,
            topic,
            "steady",
            bio,
            (
                Plan(
                    "bluesky",
                    f"{slug}.bsky.social",
                    followers,
                    rate,
                    per_week,
                    replies=1,
                    reposts=0.5,
                    spread=0.3,
                    swing=0.05,
                ),
            ),
        )
        for slug, name, topic, bio, followers, rate, per_week in (
            ("kettlewright", "Kettle Wright", "tea", "Boils things for a living.", 44_000, 0.012, 4),
            ("mossy", "Mossy Mab", "moss", "It is always growing somewhere.", 7_300, 0.020, 3),
            ("gridlock", "Gridlock Gus", "crosswords", "Seven letters, ends in a sigh.", 120_000, 0.008, 5),
            ("pixelpom", "Pixel Pom", "pixel art", "16 colours are plenty.", 15_500, 0.016, 3.5),
            ("wrenna", "Wrenna Tide", "sea swimming", "Cold is a flavour.", 58_000, 0.010, 3),
        )
    ),
)
"""Who rises, who falls and who stays."""
