"""Every recorded answer of Instagram and Facebook, with what it is: read off the answers by hand."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from core.connectors import discover
from core.recordings import read_recordings

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
FOLDER = Path(__file__).parents[3] / "../shared/data/networks"

# file -> outcome, number of posts or error
EXPECTED: dict[str, dict[str, tuple[str, object]]] = {
    "instagram": {
        "discovery_media_p1_facebookfordevelopers.json": ("posts", 2),  # business discovery without a profile
        "discovery_media_p2_facebookfordevelopers.json": ("posts", 2),
        "discovery_profile_facebookfordevelopers.json": ("profile", None),
        "discovery_profile_with_media_qq122755990.json": ("profile", None),
        "error_100_33_missing_object_or_permission.json": ("error", "NotFound"),
        "error_10_permission.json": ("error", "SourceAuthFailed"),
        "error_190_token_undecryptable.json": ("error", "SourceAuthFailed"),
        "error_400_not_business_110_2207013.json": ("error", "NotFound"),
        "error_400_not_exists_110_2207013.json": ("error", "NotFound"),
        "error_4_app_rate_limited.json": ("error", "RateLimited"),
        "own_account_media_p1.json": ("posts", 2),  # asked for in the owner's name
        "own_account_media_p2.json": ("posts", 2),
        "own_account_profile.json": ("profile", None),
        "own_media_insights.json": ("not_ours", None),  # figures of one post, neither profile nor posts
    },
    "facebook": {
        "error_100_needs_appsecret_proof.json": ("error", "SourceAuthFailed"),
        "error_100_needs_ppca.json": ("error", "SourceAuthFailed"),
        "error_190_460_doc_shape.json": ("error", "SourceAuthFailed"),
        "error_190_session_invalidated.json": ("error", "SourceAuthFailed"),
        "error_32_page_rate_limited.json": ("error", "RateLimited"),
        "error_803_alias_does_not_exist.json": ("error", "NotFound"),
        "error_803_user_not_page.json": ("error", "NotFound"),
        "page_facebookapp.json": ("profile", None),
        "page_posts_minimal_p1.json": ("posts", 5),
        "page_posts_minimal_p2.json": ("posts", 5),
        "page_posts_p1_facebookfordevelopers.json": ("posts", 5),
        "page_posts_p2_facebookfordevelopers.json": ("posts", 5),
        "pages_multi_ids.json": ("not_ours", None),  # several Pages at once
        "pages_search_facebook.json": ("not_ours", None),
        "single_post_with_reaction_summaries.json": ("not_ours", None),
    },
}


@pytest.mark.skipif(not FOLDER.is_dir(), reason="no recorded answers beside the project")
@pytest.mark.parametrize("network", sorted(EXPECTED))
def test_recorded_answers_are_what_they_are(network: str) -> None:
    found = read_recordings(FOLDER, discover(), network, now=NOW)
    assert {row.file: (row.outcome, row.error or row.posts) for row in found} == EXPECTED[network]
