"""Pages: what some of the cast have on Facebook, and on Instagram beside what they were planned with."""

from sandbox.plan import Plan

PAGES: dict[str, tuple[Plan, ...]] = {
    "glowguru": (Plan("facebook", "glowguru.page", 1_300_000, 0.004, 3),),
    "mara": (Plan("facebook", "mara.letterpress", 8_800, 0.012, 1.5),),
    "dailyfizz": (
        Plan("facebook", "dailyfizz", 2_100_000, 0.0003, 40, following=0),  # more than ten pages of posts
        Plan("instagram", "daily.fizz", 900_000, 0.001, 9),  # more than two pages of media
    ),
    "nanette": (Plan("facebook", "nanette.nook", 640, 0.06, 1),),
    "pebble": (Plan("instagram", "pebble.peck", 90, 0.05, 1, quirks=frozenset({"hides_likes"})),),
    "emptyhall": (
        Plan("facebook", "emptyhall.page", 5_000, per_week=0, only=()),
        Plan("instagram", "emptyhall", 5_000, per_week=0, only=()),
    ),
}
"""Plans by the slug of the creator they belong to; they come after all others."""
