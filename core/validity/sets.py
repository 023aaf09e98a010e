"""Every set that can be measured, in the order of the table, and the function that measures it."""

from collections.abc import Callable, Mapping

from core.validity import attack, counters, flags, forward, pairs, penalties, ranks, replay, shape
from core.validity.study import Study
from core.validity.table import Row

Measure = Callable[[Study], list[Row]]

SETS: Mapping[str, Measure] = {
    "peerindex": pairs.agreement,
    "peerindex/cross": pairs.crossed,
    "tiktok_posts": forward.next_videos,
    "facebook_pages": replay.facebook,
    "hypeauditor_2022": ranks.vendor_lists,
    "fake_followers": flags.bought_followers,
    "instafake": flags.fake_accounts,
    "twitter_bots": flags.bots,
    "twitter_ratio": replay.twitter,
    "uci_facebook": ranks.page_reach,
    "instagram_single": ranks.own_impressions,
    "youtube_trending": counters.counters,
    "top_insta": ranks.vendor_score,
    "klout_scores": shape.klout,
    "mixed": shape.mixed,
    "honest": penalties.honest_penalties,
    "simulated": attack.simulated,
}
"""The last three are no folders: persons and creators of other sets together, honest accounts, simulated accounts."""

OPTIONAL = frozenset({"peerindex/cross"})
"""Parts of a set that are only named where they are there."""
