"""The cast: every invented creator of the sandbox. No name belongs to a real person, brand or account."""

from sandbox.plan import Hit, Jump, Plan, Repo, Role

HOSTILE_BIO = (
    "\x1b[31mred\x1b[0m \x1b]0;owned\x07 \u202eesrever\u202c \u2066iso\u2069 null\x00bell\x07 tab\t cr\r\n"
    "<script>alert(1)</script> <b>bold</b> *stars* _under_ ~tilde~ `tick` ```fence``` [link](https://evil.example) "
    "@everyone @here <!channel> <!here> <@U012AB3CD> <#C012AB3CD> <https://evil.example|bank> "
    "%s {0} ${HOME} '; DROP TABLE posts; -- \ufeff\u200b\u00ad " + "a" * 9_500 + " \u202e end"
)
"""10,000 characters of everything that a careless renderer would act upon."""

HOSTILE_NAME = "\x1b[2J\u202ehexed\u202c <!channel> @everyone *_~`|> <b>"


def _q(*quirks: str) -> frozenset[str]:
    return frozenset(quirks)


ARCHETYPES = (
    Role(
        "orbita",
        "Orbita Vane",
        "stargazing",
        "archetype 1: mega, above everybody",
        "Pointing at the sky since for ever. glow is temporary, dust is not.",
        (
            Plan("bluesky", "orbita.bsky.social", 50_000_000, 0.005, 2, following=90),
            Plan("x", "orbitavane", 50_000_000, 0.0015, 2, following=90),
        ),
    ),
    Role(
        "glowguru",
        "Glow Guru",
        "skincare",
        "archetype 2: large and active; the demo's star, on five networks",
        "Skin first, filters never. New routine every Tuesday.",
        (
            Plan(
                "bluesky",
                "glowguru.bsky.social",
                10_000_000,
                0.010,
                4,
                following=312,
                threads=1,
                replies=2,
                quotes=0.3,
                reposts=1,
                pinned_day=-40,
            ),
            Plan("mastodon", "glowguru@toot.example", 64_000, 0.012, 3, replies=1, reposts=1),
            Plan("instagram", "glow.guru", 10_000_000, 0.010, 2),
            Plan("x", "glowguru", 3_100_000, 0.004, 4),
            Plan("tiktok", "glowguru", 4_200_000, 0.030, 3),
        ),
    ),
    Role(
        "oldstar",
        "Old Star Ormond",
        "cinema",
        "archetype 3: as large as 2, silent for the last 60 days",
        "Was on posters. Now mostly on the sofa.",
        (
            Plan("bluesky", "oldstar.bsky.social", 10_000_000, 0.010, 2, silences=((-60, 400),)),
            Plan("instagram", "oldstar", 10_000_000, 0.010, 2, silences=((-60, 400),)),
        ),
    ),
    Role(
        "mara",
        "Mara Quillfeather",
        "letterpress",
        "archetype 4: 200K followers, steady; three networks, linked",
        "Type, ink, coffee stains. Prints at dawn.",
        (
            Plan("bluesky", "mara.example", 200_000, 0.018, 3, replies=3, threads=1, reposts=1, pinned_day=-15),
            Plan("mastodon", "mara@toot.example", 21_000, 0.020, 4, replies=2, reposts=2),
            Plan("instagram", "mara.prints", 200_000, 0.018, 2),
            Plan(
                "github",
                "maraquill",
                840,
                following=31,
                repos=(
                    Repo("galley", 1_450, 6, 900),
                    Repo("inkwell", 210, 2, 300),
                    Repo("ledger", 90, 0, 50, fork=True),
                ),
            ),
        ),
    ),
    Role(
        "dailyfizz",
        "The Daily Fizz",
        "news",
        "archetype 5: news brand, 20 posts a day, low rate; more than ten pages",
        "All the bubbles that are fit to print.",
        (
            Plan("bluesky", "dailyfizz.example", 2_000_000, 0.0003, 140, following=12),
            Plan("x", "dailyfizz", 2_000_000, 0.0003, 140, following=12),
        ),
    ),
    Role(
        "tiko",
        "Tiko Tanuma",
        "street food",
        "archetype 6: micro, 30K followers",
        "Eats standing up. Reviews sitting down.",
        (
            Plan("bluesky", "tiko.bsky.social", 30_000, 0.024, 3, replies=4, quotes=0.5, reposts=1),
            Plan("mastodon", "tiko@toot.example", 2_600, 0.03, 2, replies=1),
            Plan("instagram", "tiko.eats", 30_000, 0.024, 2),
        ),
    ),
    Role(
        "boosty",
        "Boosty Barnaby",
        "gym",
        "archetype 7: micro with bought followers: follower jump and ghost audience",
        "Gains. All kinds of gains.",
        (
            Plan("bluesky", "boosty.bsky.social", 302_000, 0.003, 3, jumps=(Jump(-17, 270_000),)),
            Plan("instagram", "boosty", 300_000, 0.024, 2, jumps=(Jump(-17, 270_000),)),
        ),
    ),
    Role(
        "podling",
        "Podling Pim",
        "journaling",
        "archetype 8: nano in a pod: nearly as many comments as likes",
        "Page one, again.",
        (
            Plan("bluesky", "podling.bsky.social", 3_000, 0.050, 3, mix=(0.51, 0.42, 0.04, 0.01, 0.02)),
            Plan("instagram", "podling", 3_000, 0.098, 2, mix=(0.60, 0.39, 0.0, 0.0, 0.01)),
        ),
    ),
    Role(
        "nanette",
        "Nanette Nook",
        "houseplants",
        "archetype 9: an honest nano",
        "Currently losing to a fern.",
        (
            Plan("bluesky", "nanette.bsky.social", 3_000, 0.048, 3, replies=2),
            Plan("instagram", "nanette.nook", 3_000, 0.048, 2),
        ),
    ),
    Role(
        "hollow",
        "Hollow Hallam",
        "quotes",
        "archetype 10: 100K followers with the reactions of 1K: ghost audience",
        "Thoughts for everyone.",
        (
            Plan("bluesky", "hollow.bsky.social", 100_000, 0.00016, 3, growth=0.0),
            Plan("x", "hollowhallam", 100_000, 0.00016, 3, growth=0.0),
        ),
    ),
    Role(
        "flashbulb",
        "Flashbulb Fay",
        "street photos",
        "archetype 11: a small account with one viral post",
        "One good picture so far.",
        (
            Plan(
                "bluesky",
                "flashbulb.bsky.social",
                2_000,
                0.014,
                2,
                hits=(Hit(-20, 36_000, "The goose. You know the one."),),
            ),
            Plan("x", "flashbulbfay", 2_000, 0.006, 2, hits=(Hit(-20, 80_000, "The goose. You know the one."),)),
        ),
    ),
    Role(
        "pebble",
        "Pebble Peck",
        "pebbles",
        "archetype 12: a tiny account",
        "Pebbles.",
        (
            Plan("bluesky", "pebble.bsky.social", 150, 0.010, 2, following=60),
            Plan("x", "pebblepeck", 150, 0.010, 2, following=60),
        ),
    ),
    Role(
        "tickbot",
        "Tick Bot",
        "the time",
        "archetype 13: 55 posts a day around the clock, a like in twenty posts",
        "It is now. It is now. It is now. (automated)",
        (Plan("bluesky", "tickbot.bsky.social", 400, 0.000125, 385, around_the_clock=True, growth=0.0),),
    ),
    Role(
        "emptyhall",
        "Empty Hall",
        "echoes",
        "archetype 13: 100K followers and not one post",
        "Coming soon.",
        (Plan("bluesky", "emptyhall.bsky.social", 100_000, per_week=0, only=()),),
    ),
)
"""Section by section the order that a fair score has to keep."""

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
                5,
                growth=0.012,
                replies=2,
                boosts=((-7, 400, 7.0),),
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
        "faller: three weeks without a post",
        "Slow songs, slower posts.",
        (Plan("bluesky", "lull.bsky.social", 18_000, 0.02, 5, silences=((-21, 400),)),),
    ),
    Role(
        "fadeout",
        "Fadeout Finch",
        "vintage radios",
        "faller: reactions down to a fifth in the last four weeks",
        "Static collector.",
        (Plan("bluesky", "fadeout.bsky.social", 26_000, 0.02, 4, growth=-0.006, boosts=((-28, 400, 0.2),)),),
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

EDGES = (
    Role(
        "sprout",
        "Sprout Sigrid",
        "allotments",
        "newcomer: four posts, all of the last twelve days",
        "First seed just went in.",
        (Plan("bluesky", "sprout.bsky.social", 210, 0.05, only=(-11.3, -8.6, -5.4, -2.2), opened_days=12),),
    ),
    Role(
        "driftwood",
        "Driftwood Dell",
        "beachcombing",
        "dormant: no post in 90 days",
        "Back when the tide is.",
        (Plan("bluesky", "driftwood.bsky.social", 8_200, 0.015, 3, silences=((-97, 400),)),),
    ),
    Role(
        "blank",
        "Blank",
        "nothing",
        "empty account: no post, no bio, no name",
        "",
        (
            Plan("bluesky", "blank.bsky.social", 3, per_week=0, only=(), name="", bio="", following=0),
            Plan("mastodon", "blank@toot.example", 0, per_week=0, only=(), name="", bio="", following=0),
        ),
    ),
    Role(
        "maxout",
        "Maxout Maxine",
        "supplements",
        "cheat: bought followers and bought likes; flags from two groups",
        "Results guaranteed*.",
        (
            Plan(
                "bluesky",
                "maxout.bsky.social",
                260_000,
                0.0015,
                3,
                spread=0.02,
                swing=0.0,
                growth=0.0,
                quirks=_q("even"),
                jumps=(Jump(-24, 190_000),),
            ),
        ),
    ),
    Role(
        "followback",
        "Followback Flo",
        "everything",
        "cheat: mass follow and a pod; flags from two groups",
        "I follow back!! 100 %",
        (
            Plan(
                "bluesky",
                "followback.bsky.social",
                2_900,
                0.045,
                3,
                following=6_900,
                mix=(0.50, 0.44, 0.03, 0.01, 0.02),
            ),
        ),
    ),
    Role(
        "floaty",
        "Floaty McRise",
        "balloons",
        "follower jump of which most leave within three weeks",
        "Up, up, and mostly down.",
        (Plan("bluesky", "floaty.bsky.social", 31_000, 0.012, 3, jumps=(Jump(-40, 22_000, 0.8, 14),)),),
    ),
    Role(
        "shy",
        "Shy Silvan",
        "birdsong",
        "asks not to be shown to logged-out apps; noindex on Mastodon",
        "Please do not index me.",
        (
            Plan("bluesky", "shy.bsky.social", 5_400, 0.02, 3, quirks=_q("no_unauthenticated")),
            Plan("mastodon", "shy@toot.example", 1_900, 0.02, 3, quirks=_q("noindex")),
        ),
    ),
    Role(
        "vintage",
        "Vintage Vesper",
        "typewriters",
        "older style answers: several counts are missing",
        "No backspace, no regrets.",
        (Plan("bluesky", "vintage.bsky.social", 6_600, 0.02, 3, quirks=_q("older")),),
    ),
    Role(
        "timewarp",
        "Timewarp Tess",
        "clocks",
        "createdAt lies (years ago, 30 days ahead), indexedAt is true",
        "What year is it?",
        (Plan("bluesky", "timewarp.bsky.social", 11_000, 0.015, 2, quirks=_q("lying_dates")),),
    ),
    Role(
        "hexed",
        HOSTILE_NAME,
        "hexes",
        "hostile profile and post texts: escapes, bidi, markup, mass mentions",
        HOSTILE_BIO,
        (
            Plan("bluesky", "hexed.bsky.social", 4_100, 0.02, 3, quirks=_q("hostile")),
            Plan("mastodon", "hexed@toot.example", 2_100, 0.02, 2, quirks=_q("hostile")),
            Plan("github", "hexed-hex", 50, quirks=_q("hostile"), repos=(Repo("payload", 12, 0.2, 200),)),
        ),
    ),
    Role(
        "eraser",
        "Eraser Edda",
        "poems",
        "deletes posts: two of last month are gone since two days",
        "Written, regretted, removed.",
        (Plan("bluesky", "eraser.bsky.social", 5_200, 0.02, 4, deleted=((-20, -2), (-12, -2))),),
    ),
    Role(
        "newleaf",
        "New Leaf Nadia",
        "bookbinding",
        "renamed: was oldleaf.bsky.social, which is unknown now",
        "New name, same glue.",
        (Plan("bluesky", "newleaf.bsky.social", 13_000, 0.015, 3, quirks=_q("was:oldleaf.bsky.social")),),
    ),
    Role(
        "bannedbea",
        "Banned Bea",
        "scams",
        "taken down by the network",
        "",
        (
            Plan("bluesky", "bannedbea.bsky.social", 900, 0.01, 3, quirks=_q("takedown")),
            Plan("mastodon", "bannedbea@toot.example", 900, 0.01, 3, quirks=_q("suspended")),
        ),
    ),
    Role(
        "gonegus",
        "Gone Gus",
        "farewells",
        "deactivated the account",
        "",
        (Plan("bluesky", "gonegus.bsky.social", 700, 0.01, 3, quirks=_q("deactivated")),),
    ),
    Role(
        "wonky",
        "Wonky Wim",
        "spirit levels",
        "broken handle verification: handle.invalid, keyed by DID",
        "Slightly off.",
        (Plan("bluesky", "wonky.example", 3_300, 0.02, 3, quirks=_q("invalid_handle")),),
    ),
    Role(
        "lantern",
        "Lantern Lab",
        "night markets",
        "did:web identity on its own domain; an organisation on GitHub",
        "We light paths.",
        (
            Plan("bluesky", "lantern.example", 19_000, 0.012, 3, quirks=_q("did_web")),
            Plan(
                "github",
                "lanternlab",
                2_300,
                quirks=_q("organization"),
                following=0,
                repos=(
                    Repo("wick", 8_900, 40, 1_300, language="Rust"),
                    Repo("wax", 640, 5, 700),
                    Repo("flame-docs", 75, 1, 380),
                    Repo("match", 1_900, 55, 45),
                ),
            ),
        ),
    ),
    Role(
        "robin-song",
        "Robin Reedling",
        "choirs",
        "one of two different people called robin",
        "Alto, mostly.",
        (Plan("bluesky", "robin.bsky.social", 6_100, 0.018, 3),),
        linked=False,
    ),
    Role(
        "robin-code",
        "Robin Ruckle",
        "compilers",
        "the other robin: GitHub and Mastodon, no link to the first",
        "Parses for fun.",
        (
            Plan(
                "github",
                "robin",
                1_750,
                repos=(
                    Repo("tinyparse", 3_200, 12, 1_500, language="C"),
                    Repo("astoria", 420, 3, 500),
                    Repo("old-thing", 77, 0, 3_000, pushed=400),
                    Repo("borrowed", 15, 0, 100, fork=True),
                ),
            ),
            Plan("mastodon", "robin@toot.example", 4_400, 0.015, 4, replies=3),
        ),
    ),
)
"""Accounts that a careless reader gets wrong."""

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
                quirks=_q("moved:wander@odd.example"),
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
        (Plan("mastodon", "mask@toot.example", 3_900, 0.02, 3, quirks=_q("domain:mask.example")),),
    ),
    Role(
        "nobottle",
        "No Bottle Nell",
        "refills",
        "#nobot in the bio, locked account with public posts",
        "Refill it. #nobot",
        (Plan("mastodon", "nobottle@toot.example", 650, 0.03, 3, quirks=_q("locked")),),
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

CAST: tuple[Role, ...] = (*ARCHETYPES, *MOVERS, *EDGES, *FEDIVERSE)
"""Everybody, in a fixed order."""
