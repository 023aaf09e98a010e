"""Every recorded answer of YouTube and Twitch is understood; the table was read off the answers by hand."""

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
    "youtube": {
        "channels_list_empty_not_found.json": ("error", "NotFound"),
        "channels_list_one.json": ("profile", None),
        "channels_list_one_full.json": ("profile", None),
        "comment_threads_all_threads_related_to_channel.json": ("not_ours", None),
        "error_400_key_invalid.json": ("error", "SourceAuthFailed"),
        "error_403_permission.json": ("error", "SourceAuthFailed"),
        "error_403_quota_exceeded.json": ("error", "QuotaExhausted"),
        "playlist_items_page1.json": ("posts", 10),
        "playlist_items_page2.json": ("posts", 3),
        "search_videos_by_channel.json": ("not_ours", None),
        "videos_list_multi_stats.json": ("posts", 2),
        "videos_list_one.json": ("posts", 1),
    },
    "twitch": {
        "clips_empty.json": ("posts", 0),
        "docs_channels.json": ("not_ours", None),
        "docs_channels_followers_1.json": ("not_ours", None),  # a number, neither profile nor posts
        "docs_channels_followers_2.json": ("not_ours", None),
        "docs_clips_1.json": ("posts", 1),
        "docs_clips_2.json": ("posts", 1),
        "docs_streams_1.json": ("not_ours", None),
        "docs_streams_2.json": ("not_ours", None),
        "docs_users.json": ("profile", None),
        "docs_videos.json": ("posts", 1),
        "error_400_followers_no_broadcaster.json": ("error", "SourceChanged"),
        "error_400_users_no_params.json": ("error", "SourceChanged"),
        "error_401_invalid_client.json": ("error", "SourceAuthFailed"),
        "error_401_invalid_oauth_token.json": ("error", "SourceAuthFailed"),
        "error_403_missing_scope.json": ("error", "SourceAuthFailed"),
        "error_429_rate_limited.json": ("error", "RateLimited"),
        "users_unknown_login_empty.json": ("error", "NotFound"),
    },
}


@pytest.mark.skipif(not THERE.is_dir(), reason="no recorded answers beside the project")
@pytest.mark.parametrize("network", sorted(EXPECTED))
def test_recorded_answers_of_channels(network: str) -> None:
    found = read_recordings(THERE, discover(), network, now=NOW)
    assert {row.file: (row.outcome, row.error or row.posts) for row in found} == EXPECTED[network]
