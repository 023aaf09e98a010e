"""Edges: accounts that a careless reader gets wrong."""

from sandbox.plan import Jump, Plan, Repo, Role

HOSTILE_BIO = (
    "\x1b[31mred\x1b[0m \x1b]0;owned\x07 \u202eesrever\u202c \u2066iso\u2069 null\x00bell\x07 tab\t cr\r\n"
    "<script>alert(1)</script> <b>bold</b> *stars* _under_ ~tilde~ `tick` ```fence``` [link](https://evil.example) "
    "@everyone @here <!channel> <!here> <@U012AB3CD> <#C012AB3CD> <https://evil.example|bank> "
    "%s {0} ${HOME} '; DROP TABLE posts; -- \ufeff\u200b\u00ad " + "a" * 9_700 + " \u202e end"
)
"""10,000 characters of everything that a careless renderer would act upon."""

HOSTILE_NAME = "\x1b[2J\u202ehexed\u202c <!channel> @everyone *_~`|> <b>"


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
                quirks=frozenset({"even"}),
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
            Plan("bluesky", "shy.bsky.social", 5_400, 0.02, 3, quirks=frozenset({"no_unauthenticated"})),
            Plan("mastodon", "shy@toot.example", 1_900, 0.02, 3, quirks=frozenset({"noindex"})),
        ),
    ),
    Role(
        "vintage",
        "Vintage Vesper",
        "typewriters",
        "older style answers: several counts are missing",
        "No backspace, no regrets.",
        (Plan("bluesky", "vintage.bsky.social", 6_600, 0.02, 3, quirks=frozenset({"older"})),),
    ),
    Role(
        "timewarp",
        "Timewarp Tess",
        "clocks",
        "createdAt lies (years ago, 30 days ahead), indexedAt is true",
        "What year is it?",
        (Plan("bluesky", "timewarp.bsky.social", 11_000, 0.015, 2, quirks=frozenset({"lying_dates"})),),
    ),
    Role(
        "hexed",
        HOSTILE_NAME,
        "hexes",
        "hostile profile and post texts: escapes, bidi, markup, mass mentions",
        HOSTILE_BIO,
        (
            Plan("bluesky", "hexed.bsky.social", 4_100, 0.02, 3, quirks=frozenset({"hostile"})),
            Plan("mastodon", "hexed@toot.example", 2_100, 0.02, 2, quirks=frozenset({"hostile"})),
            Plan("github", "hexed-hex", 50, quirks=frozenset({"hostile"}), repos=(Repo("payload", 12, 0.2, 200),)),
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
        (Plan("bluesky", "newleaf.bsky.social", 13_000, 0.015, 3, quirks=frozenset({"was:oldleaf.bsky.social"})),),
    ),
    Role(
        "bannedbea",
        "Banned Bea",
        "scams",
        "taken down by the network",
        "",
        (
            Plan("bluesky", "bannedbea.bsky.social", 900, 0.01, 3, quirks=frozenset({"takedown"})),
            Plan("mastodon", "bannedbea@toot.example", 900, 0.01, 3, quirks=frozenset({"suspended"})),
        ),
    ),
    Role(
        "gonegus",
        "Gone Gus",
        "farewells",
        "deactivated the account",
        "",
        (Plan("bluesky", "gonegus.bsky.social", 700, 0.01, 3, quirks=frozenset({"deactivated"})),),
    ),
    Role(
        "wonky",
        "Wonky Wim",
        "spirit levels",
        "broken handle verification: handle.invalid, keyed by DID",
        "Slightly off.",
        (Plan("bluesky", "wonky.example", 3_300, 0.02, 3, quirks=frozenset({"invalid_handle"})),),
    ),
    Role(
        "lantern",
        "Lantern Lab",
        "night markets",
        "did:web identity on its own domain; an organisation on GitHub",
        "We light paths.",
        (
            Plan("bluesky", "lantern.example", 19_000, 0.012, 3, quirks=frozenset({"did_web"})),
            Plan(
                "github",
                "lanternlab",
                2_300,
                quirks=frozenset({"organization"}),
                following=0,
                repos=(
                    Repo("wick", 8_900, 40, 1_300, language="Rust"),
                    Repo("wax", 640, 5, 700),
                    Repo("flame-docs", 75, 1, 380),
                    Repo("match", 1_900, 290, 45),
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
