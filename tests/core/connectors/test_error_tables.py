"""Every row of each network's table of errors: a fixture by hand, a fault of the sandbox, and when to ask again.

A row is named as the tables name it. Its fixtures settle what the answer means; the fault shows that the sandbox gives
that answer too, and that a whole lookup over a real connection says the same.
"""

from datetime import UTC, datetime

import pytest
from pydantic import SecretStr

from core.connectors import discover
from core.connectors.http import HttpClient
from core.errors import SourceError
from core.manifest import Target
from core.models import Snapshot
from sandbox.faults import OWN
from sandbox.server import KEYS, Sandbox
from sandbox.x import TOKEN
from tests.core.connectors.conformance import FixedClock
from tests.core.connectors.error_rows import (
    MINUTE,
    QUARTER,
    SAID,
    SPAN,
    Row,
    check_fixtures,
    check_refusal,
    each_fault,
    faults_tried,
    meta_rows,
)
from tests.core.connectors.sandboxed import NOW, SINCE, client_of

PACIFIC_MIDNIGHT = datetime(2026, 3, 3, 8, tzinfo=UTC) - NOW
UTC_MIDNIGHT = datetime(2026, 3, 3, tzinfo=UTC) - NOW

STARS = {
    "youtube": "glowguru",
    "x": "glowguru",
    "twitch": "glowguru",
    "reddit": "glow-guru",
    "blog": "https://mara.example/feed",
    "instagram": "glow.guru",
    "facebook": "glowguru.page",
}
HELD = {**KEYS, "x": {"bearer_token": TOKEN}, "blog": {}}


ROWS = (
    # --- YouTube
    Row("youtube", "200 without items", "unknown unknown_empty_list", "not_found", "NotFound"),
    Row("youtube", "404 playlistNotFound", "no_uploads", "no_uploads"),
    Row("youtube", "403 quotaExceeded", "quota quota_in_summer", "quota", "QuotaExhausted", PACIFIC_MIDNIGHT),
    Row("youtube", "403 rateLimitExceeded", "rate_limited", "rate", "RateLimited", MINUTE),
    Row("youtube", "403 userRateLimitExceeded", "user_rate_limited", "user_rate", "RateLimited", MINUTE),
    Row("youtube", "429", "rate_limited_429 rate_limited_plain", "429", "RateLimited", MINUTE),
    Row("youtube", "400 keyInvalid", "key_invalid", "key_invalid", "SourceAuthFailed"),
    Row("youtube", "400 API_KEY_INVALID", "key_invalid_details", "api_key_invalid", "SourceAuthFailed"),
    Row("youtube", "403 accessNotConfigured", "not_enabled", "not_enabled", "SourceAuthFailed"),
    Row("youtube", "403 forbidden", "forbidden", "forbidden", "SourceAuthFailed"),
    Row("youtube", "5xx backendError", "server_error", "500 503", "Unavailable"),
    # --- X
    Row("x", "200 Not Found Error", "unknown", "not_found", "NotFound"),
    Row("x", "200 Forbidden", "suspended", "suspended", "Suspended"),
    Row("x", "protected", "protected", "protected", "Private"),
    Row("x", "200 not-authorized-for-resource", "protected_timeline", "unauthorized_timeline", "Private"),
    Row("x", "errors beside data", "errors_beside_data", "included", posts=True),
    Row("x", "429 json", "rate_limited rate_limited_problem", "429", "RateLimited", SAID),
    Row("x", "429 plain text", "rate_limited_plain", "429", "RateLimited", QUARTER, reset=False),
    Row("x", "402", "credits", "credits", "PaymentRequired"),
    Row("x", "401", "bad_token", "unauthorized", "SourceAuthFailed"),
    Row("x", "403 client-forbidden", "client_forbidden", "forbidden", "SourceAuthFailed"),
    Row("x", "403 usage-capped", "usage_capped", "capped", "QuotaExhausted", UTC_MIDNIGHT),
    # --- Twitch
    Row("twitch", "401", "token_refused_twice client_unknown", "token_ended bad_client", "SourceAuthFailed"),
    Row("twitch", "403 scope", "followers_want_a_scope", "no_scope", notes="follower", posts=True),
    Row("twitch", "401 followers", "followers_want_a_users_token", "followers_401", notes="follower", posts=True),
    Row("twitch", "429", "rate_limited", "429", "RateLimited", SAID),
    Row("twitch", "429 without a reset", "rate_limited_no_reset", "429", "RateLimited", MINUTE, reset=False),
    Row("twitch", "400", "bad_request", "bad_request", "SourceChanged"),
    Row("twitch", "200 without data", "unknown", "not_found", "NotFound"),
    # --- Reddit
    Row("reddit", "404", "unknown", "not_found", "NotFound"),
    Row("reddit", "200 is_suspended", "suspended", "suspended", "Suspended"),
    Row("reddit", "403 listing", "hidden_posts hidden_posts_message", "hidden_posts hidden_posts_message", notes="hid"),
    Row("reddit", "empty with karma", "hidden_history", "hidden_history", notes="history is hidden"),
    Row("reddit", "400 USER_DOESNT_EXIST", "unknown_400", "no_such_user", "NotFound"),
    Row("reddit", "401", "refused_token refused_app", "token_ended", "SourceAuthFailed"),
    Row("reddit", "429", "rate_limited", "429", "RateLimited", SAID),
    Row("reddit", "429 plain text", "rate_limited_no_reset", "429", "RateLimited", MINUTE, reset=False),
    Row("reddit", "5xx", "server_error", "500 503", "Unavailable"),
    # --- blogs
    Row("blog", "410", "gone", "gone", "Suspended"),
    Row("blog", "429", "rate_limited rate_limited_date", "429", "RateLimited", SAID),
    Row("blog", "429 without a word", "rate_limited_no_reset", "429", "RateLimited", MINUTE, reset=False),
    Row("blog", "503 with Retry-After", "busy_until", "busy", "RateLimited", SAID),
    Row("blog", "5xx", "server_error", "500 502", "Unavailable"),
    Row("blog", "404", "unknown", "not_found", "NotFound"),
    Row("blog", "a page without a feed", "no_feed", "html200", "NotFound"),
    Row("blog", "entities", "entities", "entities", "Unavailable"),
    Row("blog", "not well-formed", "not_well_formed", "not_well_formed", notes="not well-formed", posts=True),
    # --- Meta
    *meta_rows("instagram", "SourceAuthFailed"),
    *meta_rows("facebook", "SourceAuthFailed"),
    Row("instagram", "110 with 2207013", "unknown", "not_found", "NotFound"),
    Row("instagram", "100 nonexisting field", "no_view_count", "no_field", notes="left out", posts=True),
    Row("facebook", "803", "unknown", "not_found", "NotFound"),
    Row("facebook", "803 a person", "person", "person", "NotFound"),
    Row("facebook", "100 with 33", "missing_object", "missing_object", "NotFound"),
    Row("facebook", "100 names a feature", "no_public_content_access", "no_access", "SourceAuthFailed"),
    Row("facebook", "100 wants proof", "wants_a_signature", "wants_proof", "SourceAuthFailed"),
    Row("facebook", "100 nonexisting field", "no_followers_count", "no_field", notes="left out", posts=True),
)
EXTRA = {  # faults that stand in no table: each is tried in a test of its network
    "youtube": {"closed", "not_public", "bad_token"},
    "reddit": {"removed", "missing_scope"},
    "blog": {"forbidden"},
    "instagram": {"missing_object", "own_id_of_a_page", "no_access", "wants_proof", "no_insights", "insights_denied"},
    "facebook": {"merged", "not_a_page", "no_views"},
}
_META_EXTRA = {"expires_late", "high_usage", "limit_200", "plain_400", "web_page_400"}


async def read(box: Sandbox, http: HttpClient, network: str) -> Snapshot | SourceError:
    fetch, client = discover()[network].fetch, client_of(box, http, network)
    assert fetch is not None
    keys = {name: SecretStr(value) for name, value in HELD[network].items()}
    try:
        return await fetch(Target(handle=STARS[network]), SINCE, client, FixedClock(NOW), keys)
    except SourceError as error:
        return error


@each_fault(ROWS)
async def test_a_fault_is_what_its_row_says(box: Sandbox, http: HttpClient, row: Row, fault: str) -> None:
    box.faults.set(row.network, fault, seconds=SPAN, reset=row.reset)
    outcome = await read(box, http, row.network)
    if row.error:
        assert isinstance(outcome, SourceError)
        check_refusal(row, outcome)
    else:
        assert isinstance(outcome, Snapshot), outcome
        assert row.notes in " ".join(outcome.notes)
        assert bool(outcome.posts) is row.posts
    assert not any(value in repr(outcome) for value in HELD[row.network].values())


@pytest.mark.parametrize("network", STARS)
def test_each_row_has_its_fixtures(network: str) -> None:
    check_fixtures(row for row in ROWS if row.network == network)


@pytest.mark.parametrize("network", STARS)
def test_no_fault_is_without_a_row(network: str) -> None:
    extra = EXTRA.get(network, set()) | (_META_EXTRA if network in ("instagram", "facebook") else set())
    assert OWN[network] - faults_tried(ROWS, network) == extra
