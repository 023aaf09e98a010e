"""Channels: what some of the cast have beside their other accounts on YouTube, Twitch, Reddit, TikTok and Pinterest."""

from sandbox.plan import Plan

CHANNELS: dict[str, tuple[Plan, ...]] = {
    "glowguru": (
        Plan("youtube", "glowguru", 2_400_000, 0.020, 2, opened_days=2_900),
        Plan("twitch", "glowguru", 180_000, 0.012, 2, growth=0.004),
        Plan("reddit", "glow-guru", 21_000, 0.05, 2.5),
        Plan("pinterest", "glowguru", 310_000, 0.006, 4),
    ),
    "mara": (
        Plan("youtube", "maraquill", 48_200, 0.035, 1),
        Plan("twitch", "maraquill", 5_600, 0.04, 1),
        Plan("tiktok", "maraquill", 61_000, 0.05, 2),
        Plan("pinterest", "maraquill", 18_400, 0.02, 1.5),
    ),
    "dailyfizz": (
        Plan("youtube", "dailyfizz", 900_000, 0.002, 9, opened_days=4_000),  # more than two pages
        Plan("reddit", "DailyFizz", 30_000, 0.01, 12, quirks=frozenset({"hidden_followers"})),  # the same
        Plan("tiktok", "dailyfizz", 1_100_000, 0.003, 12),  # the same
        Plan("pinterest", "dailyfizz", 44_000, 0.004, 30),  # the same
    ),
    "tiko": (
        Plan("youtube", "tiko.eats", 12_300, 0.04, 1.5, quirks=frozenset({"hidden_subscribers"})),
        Plan("twitch", "tiko_eats", 3_100, 0.05, 3),
    ),
    "nanette": (Plan("youtube", "nanette-nook", 1_240, 0.06, 1, quirks=frozenset({"hidden_counts"})),),
    "emptyhall": (
        Plan("youtube", "emptyhall", 5_000, per_week=0, only=(), quirks=frozenset({"no_uploads"})),
        Plan("twitch", "emptyhall", 700, per_week=0, only=()),
        Plan("reddit", "emptyhall", 40, per_week=0, only=()),
        Plan("tiktok", "emptyhall", 900, per_week=0, only=()),
        Plan("pinterest", "emptyhall", 30, per_week=0, only=()),
    ),
}
"""Plans by the slug of the creator they belong to; they come after those of the other networks."""
