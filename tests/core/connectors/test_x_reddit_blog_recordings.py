"""Recorded answers of X, Reddit, blogs and Wikipedia: what each of them is was read off by hand."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest

from core.connectors import discover
from core.recordings import read_recordings

THERE = Path(__file__).parents[3] / "../shared/data/networks"
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)

# file -> outcome, posts or error
EXPECTED: Mapping[str, Mapping[str, tuple[str, object]]] = {
    "x": {
        "error_200_timeline_of_protected_user": ("error", "Private"),
        "error_200_user_not_found_by_username": ("error", "NotFound"),
        "error_200_user_suspended": ("error", "Suspended"),
        "error_429_rate_limit_legacy_shape": ("error", "RateLimited"),
        "quote_tweets": ("not_ours", None),
        "search_all_two_tweets": ("not_ours", None),
        "search_recent_with_suspended_partial_errors": ("not_ours", None),
        "tweet_counts_recent": ("not_ours", None),
        "tweet_lookup_mentions": ("not_ours", None),
        "usage_tweets": ("not_ours", None),  # asked for only when a token is tried
        "user_by_username_minimal_twitter": ("profile", None),
        "user_by_username_twitterdev": ("profile", None),
        "user_followers_page_minimal": ("not_ours", None),
        "user_mentions_metrics_twitterdev": ("not_ours", None),
        "user_mentions_minimal_twitter": ("not_ours", None),
        "user_tweets_metrics_twitterdev": ("posts", 5),
        "user_tweets_minimal_twitter": ("posts", 2),  # without dates: their ids tell them
        "users_by_twitter_twitterdev": ("not_ours", None),  # several at a time are never asked for
        "users_lookup_full_fields": ("not_ours", None),
    },
    "reddit": {
        "about_lil_spazbot": ("profile", None),
        "about_pyapitestuser3": ("profile", None),
        "about_subreddit_stats_2016": ("profile", None),
        "about_suspended": ("error", "Suspended"),
        "comments_new_spez": ("not_ours", None),
        "error_400_user_doesnt_exist": ("error", "NotFound"),
        "error_403_private_listing": ("error", "SourceAuthFailed"),  # a list of votes, not one of posts
        "error_404_user_data_by_account_ids": ("error", "NotFound"),
        "overview_new_spez": ("not_ours", None),
        "submitted_new_spez": ("posts", 25),
    },
    "blog": {
        "AmazonWebServicesBlog_xml": ("posts", 10),
        "InvalidDateFormat_xml": ("posts", 2),  # one of two dates of an entry is broken, the other is good
        "RSSWithComments_xml": ("posts", 30),
        "TechCrunch_xml": ("posts", 20),
        "TenderLovemaking_xml": ("posts", 10),
        "feedparser_atomthreadingwithentry_xml": ("posts", 1),
        "intertwingly_atom": ("posts", 20),
        "json_feed": ("posts", 20),
        "notafeed_html": ("error", "NotFound"),
        "rss2sample_xml": ("posts", 4),
        "youtube_atom_xml": ("posts", 15),
    },
    "wikipedia": {
        "pageviews_per_article_zero": ("not_ours", None),  # never scored, never asked for
        "wikidata_Q328212_veronica_roth": ("not_ours", None),  # evidence, neither a profile nor posts
    },
}


@pytest.mark.skipif(not THERE.is_dir(), reason="no recorded answers beside the project")
@pytest.mark.parametrize("network", sorted(EXPECTED))
def test_recorded_answers_are_what_they_are(network: str) -> None:
    found = read_recordings(THERE, discover(), network, now=NOW)
    told = {row.file.removesuffix(".json"): (row.outcome, row.error or row.posts) for row in found}
    assert told == EXPECTED[network]
