"""Recorded answers of Threads and LinkedIn, with what each of them is: read off by hand."""

import csv
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest

from core.connectors import discover
from core.connectors.base import Asked
from core.connectors.linkedin_resources import statistics
from core.recordings import read_recordings

THERE = Path(__file__).parents[3] / "../shared/data/networks"
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
beside = pytest.mark.skipif(not THERE.is_dir(), reason="no recorded answers beside the project")

# file -> outcome, posts or error
EXPECTED: Mapping[str, Mapping[str, tuple[str, object]]] = {
    "threads": {  # the vendor's placeholders: shape only
        "postman_embed_a_threads_post.json": ("not_ours", None),
        "postman_get_a_list_of_all_a_user_s_replies.json": ("not_ours", None),  # replies are not read
        "postman_get_a_list_of_all_a_user_s_threads.json": ("posts", 1),
        "postman_get_account_insights.json": ("not_ours", None),  # figures, neither profile nor posts
        "postman_get_app_scoped_user_s_profile_information.json": ("profile", None),
        "postman_get_post_insights.json": ("not_ours", None),
        "postman_get_threads_conversations.json": ("not_ours", None),
        "postman_get_threads_post_details.json": ("not_ours", None),
        "postman_get_threads_replies.json": ("not_ours", None),
    },
    "linkedin": {
        "error_401_invalid_token_65600.json": ("error", "TokenExpired"),
        "error_403_access_denied_versioned.json": ("error", "NeedsOwner"),
        "error_429_throttle_101.json": ("error", "RateLimited"),
        "member_followers_count_me.json": ("not_ours", None),  # a number, neither profile nor posts
        "member_post_analytics_comment_total.json": ("not_ours", None),
        "network_size_zero.json": ("not_ours", None),
        "organization_acls_role_assignee.json": ("not_ours", None),
        "organization_brands_batch_one_403.json": ("profile", None),  # one is shown, the other refused by its key
        "organizations_lookup_non_admin.json": ("not_ours", None),  # two Pages at once
        "share_statistics_lifetime_org1337.json": ("not_ours", None),
        "v2_me_profile_2018.json": ("profile", None),
    },
}


@beside
@pytest.mark.parametrize("network", sorted(EXPECTED))
def test_recorded_answers_are_what_they_are(network: str) -> None:
    found = read_recordings(THERE, discover(), network, now=NOW)
    assert {row.file: (row.outcome, row.error or row.posts) for row in found} == EXPECTED[network]


@beside
def test_figures_of_parts_of_an_answer_are_read() -> None:
    calls = {call.name: call for connector in ("threads", "linkedin") for call in discover()[connector].calls}
    expected = {
        "threads/postman_get_account_insights": ("insights", {"views": 0, "likes": 0, "followers_count": 0}),
        "threads/postman_get_post_insights": ("insights", {"views": 0, "likes": 0, "reposts": 0}),
        "linkedin/member_followers_count_me": ("total", 961),
        "linkedin/member_post_analytics_comment_total": ("total", 2),
        "linkedin/network_size_zero": ("followers", 0),
        "linkedin/organization_acls_role_assignee": ("acls", ("urn:li:organization:108187115",)),
    }
    for place, (name, wanted) in expected.items():
        network, _, file = place.partition("/")
        body = json.loads((THERE / network / "recordings" / f"{file}.json").read_text())["response"]["body"]
        found = calls[name].parse(json.dumps(body).encode(), Asked(handle="", now=NOW))
        assert found == wanted if not isinstance(wanted, dict) else wanted.items() <= found.items(), place


@beside
def test_every_row_of_the_exported_statistics_is_read() -> None:
    (file,) = (THERE / "linkedin/tables").glob("*share_statistic_data.csv")
    rows = list(csv.DictReader(file.read_text().splitlines()))
    names = {"impressionCount": "impression_count", "likeCount": "like_count", "commentCount": "comment_count"}
    names["shareCount"], negative = "share_count", 0
    for row in rows:
        told = {name: int(row[column]) for name, column in names.items()}
        element = {"share": row["_share_entity_urn"], "totalShareStatistics": told}
        (one,) = statistics(json.dumps({"elements": [element]}).encode(), Asked(handle="", now=NOW)).values()
        assert [one.views, one.likes, one.replies, one.reposts] == [n if n >= 0 else None for n in told.values()]
        assert one.odd is (min(told.values()) < 0)
        negative += one.odd
    assert (len(rows), negative > 0) == (100, True), "real figures fall below zero"
