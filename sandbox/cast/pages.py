"""Pages: what some of the cast have on Facebook, Threads and LinkedIn, and on Instagram beside what was planned."""

from sandbox.plan import Plan

_UNLISTED = frozenset({"unlisted"})  # no profile of theirs links there: consent is what connects these

PAGES: dict[str, tuple[Plan, ...]] = {
    "glowguru": (
        Plan("facebook", "glowguru.page", 1_300_000, 0.004, 3),
        Plan("threads", "glow.guru", 2_300_000, 0.006, 4, quotes=0.4, reposts=0.8, quirks=_UNLISTED),
        Plan("linkedin", "company/glow-labs", 84_000, 0.006, 3, quotes=0.3, reposts=0.5, quirks=_UNLISTED),
        Plan("linkedin", "in/glow-guru", 21_000, 0.01, 1, quirks=_UNLISTED),
    ),
    "mara": (
        Plan("facebook", "mara.letterpress", 8_800, 0.012, 1.5),
        Plan("threads", "mara.prints", 14_200, 0.02, 1.5, quirks=_UNLISTED),
        Plan("linkedin", "company/quill-press", 1_900, 0.02, 1, quirks=_UNLISTED),
    ),
    "dailyfizz": (
        Plan("facebook", "dailyfizz", 2_100_000, 0.0003, 40, following=0),  # more than ten pages of posts
        Plan("instagram", "daily.fizz", 900_000, 0.001, 9),  # more than two pages of media
        Plan("threads", "daily.fizz", 300_000, 0.002, 20, quirks=_UNLISTED),  # the same
        Plan("linkedin", "company/daily-fizz", 410_000, 0.001, 12, quirks=_UNLISTED),  # the same
    ),
    "nanette": (Plan("facebook", "nanette.nook", 640, 0.06, 1),),
    "pebble": (Plan("instagram", "pebble.peck", 90, 0.05, 1, quirks=frozenset({"hides_likes"})),),
    "emptyhall": (
        Plan("facebook", "emptyhall.page", 5_000, per_week=0, only=()),
        Plan("instagram", "emptyhall", 5_000, per_week=0, only=()),
        Plan("threads", "emptyhall", 700, per_week=0, only=(), quirks=_UNLISTED),
        Plan("linkedin", "company/emptyhall", 60, per_week=0, only=(), quirks=_UNLISTED),
    ),
}
"""Plans by the slug of the creator they belong to; they come after all others."""
