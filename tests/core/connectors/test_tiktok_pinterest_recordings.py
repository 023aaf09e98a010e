"""Every recorded answer of TikTok and Pinterest is understood; the table was read off the answers by hand."""

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
    "tiktok": {
        "display_user_info_basic.json": ("profile", None),
        "display_user_info_full.json": ("profile", None),
        "display_video_list_2022.json": ("posts", 2),
        "error_400_user_not_found.json": ("error", "NotFound"),
        "error_401_access_token_invalid.json": ("error", "TokenExpired"),
        "error_401_scope_not_authorized.json": ("error", "NeedsOwner"),
        "error_429_rate_limit_exceeded.json": ("error", "RateLimited"),
        "research_user_info_doc.json": ("profile", None),
        "research_video_comments.json": ("not_ours", None),
        "research_videos_p1.json": ("posts", 27),
        "research_videos_p2_last.json": ("posts", 27),  # one of its ids is wider than 64 bits
    },
    "pinterest": {
        "boards_list.json": ("not_ours", None),
        "error_401_not_authorized_7.json": ("error", "TokenExpired"),
        "error_403_user_account.json": ("error", "SourceAuthFailed"),
        "error_404_pin_not_found_50.json": ("error", "NotFound"),
        "error_429_rate_limited_8.json": ("error", "RateLimited"),
        "pin_analytics_zero.json": ("not_ours", None),  # a number, neither profile nor posts
        "pin_merleliukun.json": ("not_ours", None),  # pins are read from the list only
        "pin_saved.json": ("not_ours", None),
        "user_account_analytics.json": ("not_ours", None),
        "user_account_nangodeveloper.json": ("profile", None),
        "user_account_top_pins.json": ("not_ours", None),
    },
}


@pytest.mark.skipif(not THERE.is_dir(), reason="no recorded answers beside the project")
@pytest.mark.parametrize("network", sorted(EXPECTED))
def test_recorded_answers_of_owners_networks(network: str) -> None:
    found = read_recordings(THERE, discover(), network, now=NOW)
    assert {row.file: (row.outcome, row.error or row.posts) for row in found} == EXPECTED[network]
