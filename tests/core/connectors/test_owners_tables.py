"""Threads, LinkedIn, and Instagram and Facebook in their owners' names, against the sandbox.

Whole lookups and how many requests they take, and every row of the error tables: its fixtures, its faults, when to ask
again.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from pydantic import SecretStr

from core.connectors import discover
from core.connectors.http import HttpClient
from core.connectors.owners import ACCESS
from core.errors import NeedsOwner, RateLimited, SourceAuthFailed, SourceError, TokenExpired
from core.manifest import Target
from core.models import Snapshot
from sandbox.faults import OWN
from sandbox.server import Sandbox
from sandbox.timeline import REPLY, REPOST
from tests.core.connectors.conformance import FixedClock
from tests.core.connectors.error_rows import (
    MINUTE,
    SAID,
    SPAN,
    Row,
    check_fixtures,
    check_refusal,
    each_fault,
    faults_tried,
    meta_rows,
)
from tests.core.connectors.sandboxed import NOW, SINCE, app_keys, client_of

MIDNIGHT = datetime(2026, 3, 3, tzinfo=UTC)
SMALL = {
    "threads": "mara.prints",
    "linkedin": "company/quill-press",
    "instagram": "mara.prints",
    "facebook": "mara.letterpress",
}
BUSY = {
    "threads": "daily.fizz",
    "linkedin": "company/daily-fizz",
    "instagram": "daily.fizz",
    "facebook": "dailyfizz",
}
EMPTY = {
    "threads": "emptyhall",
    "linkedin": "company/emptyhall",
    "instagram": "emptyhall",
    "facebook": "emptyhall.page",
}
EACH = pytest.mark.parametrize("network", sorted(SMALL))


ROWS = (
    # --- Threads: Meta's table
    *meta_rows("threads", "TokenExpired"),
    Row(
        "threads", "190 in the middle", "token_expired_among_the_figures token_refused", "expires_late", "TokenExpired"
    ),
    Row("threads", "10 for insights", "insights_denied", "insights_denied", "SourceAuthFailed"),
    Row("threads", "100 with 33", "missing_object", "missing_object", "NotFound"),
    Row("threads", "100 nonexisting field", "no_is_verified", "no_field", notes="left out"),
    Row("threads", "a refusal for one post", "one_post_without_figures", "no_insights", notes="figures of"),
    Row("threads", "no followers", "no_followers", "no_followers", notes="follow"),
    # --- LinkedIn
    Row("linkedin", "401", "token_ended token_expired token_ended_on_page_two", "token_ended", "TokenExpired"),
    Row("linkedin", "401 later", "token_ended_among_the_counts", "expires_late", "TokenExpired"),
    Row("linkedin", "403", "denied followers_denied", "denied", "NeedsOwner"),
    Row("linkedin", "403 by key", "refused_by_key", "key_denied", "NeedsOwner"),
    Row("linkedin", "404 by key", "unknown unknown_by_number", "not_found", "NotFound"),
    Row("linkedin", "404", "gone", "gone", "NotFound"),
    Row("linkedin", "429", "rate_limited rate_limited_plain", "429", "RateLimited", MINUTE),
    Row("linkedin", "426", "version_retired", "version_retired", "SourceAuthFailed"),
    Row("linkedin", "400", "bad_request", "bad_request", "SourceChanged"),
    Row("linkedin", "5xx", "server_error", "500 503", "Unavailable"),
    Row("linkedin", "the older spelling", "older_edge", "older_edge"),
    Row("linkedin", "below zero", "negative_counts", "negative_likes", notes="negative"),
    # --- Instagram and Facebook in the owner's name: where it differs from the team's
    *(
        Row(network, f"190 {name}", f"owner_{files}", fault, "TokenExpired")
        for network in ("instagram", "facebook")
        for name, files, fault in (("460 463", "token_expired", "password_changed expired"),)
    ),
    Row("instagram", "10", "owner_permission", "permission", "SourceAuthFailed"),
    Row("instagram", "80002", "owner_rate_limited", "instagram_use_case", "RateLimited", SAID),
    Row("instagram", "a refusal for one medium", "owner_one_medium_refused", "no_insights", notes="figures of"),
    Row("instagram", "10 for insights", "owner_insights_denied", "insights_denied", notes="figures of"),
    Row("facebook", "32", "owner_rate_limited", "page_limit", "RateLimited", SAID),
    Row("facebook", "100 for views", "owner_no_views", "no_views", notes="did not tell the views"),
)
ELSEWHERE = {  # faults without a row: refusals that say nothing else, or tried below
    "threads": {"high_usage", "limit_200", "no_access", "plain_400", "wants_proof", "web_page_400"},
    "linkedin": {"no_totals", "pages_denied"},
}


async def read(
    box: Sandbox,
    http: HttpClient,
    network: str,
    handle: str,
    *,
    scopes: Sequence[str] | None = None,
    now: datetime = NOW,
    token: str = "",
) -> Snapshot:
    """Return what an account shows under its owner's token, found as the house finds it: by what the token opens."""
    connector, clock, client = discover()[network], FixedClock(now), client_of(box, http, network)
    assert connector.owner is not None
    assert connector.fetch is not None
    active = box.faults.active()
    box.faults.clear(network)
    held = app_keys(box, network)
    held[ACCESS] = SecretStr(token or box.oauth[network].grant(handle, scopes=scopes).token)
    opened = await connector.owner.accounts(client, clock, held)
    owned = next(one for one in opened if one.handle == handle)
    for fault in active:
        box.faults.set(network, fault.kind, seconds=fault.seconds, reset=fault.reset)
    box.requests.clear()
    held[ACCESS] = owned.access or held[ACCESS]
    return await connector.fetch(Target(handle=handle, native_id=owned.native_id), SINCE, client, clock, held)


def shown(box: Sandbox, network: str, handle: str) -> list[int]:
    """The likes of an account's own posts in the window, newest first, straight from the world."""
    account = box.world.find(network, handle)
    assert account is not None
    line, now = account.timeline, NOW.timestamp()
    seen = [index for index in line.visible(now)[::-1] if line.at[index] >= SINCE.timestamp()]
    own = (index for index in seen if line.kind[index] not in (REPLY, REPOST))
    return [account.view(int(index), now, deep=False).likes for index in own]


# --- whole lookups ----------------------------------------------------------------------------------------------------


@EACH
async def test_an_owner_shows_everything_in_as_few_requests_as_it_takes(
    box: Sandbox, http: HttpClient, network: str
) -> None:
    found = await read(box, http, network, SMALL[network])
    account = box.world.find(network, SMALL[network])
    assert account is not None
    own = [post for post in found.posts if post.kind != "repost"]
    assert found.profile.followers == account.followers(NOW.timestamp())
    assert [post.likes for post in own] == shown(box, network, SMALL[network])
    assert all(post.views is not None and post.replies is not None and post.reposts is not None for post in own)
    assert (found.access, found.complete_from) == ("owner_authorised", SINCE)
    assert all("reached" in note for note in found.notes)
    expected = {"threads": 4 + len(own), "instagram": 2 + len(own), "facebook": 2, "linkedin": 6}
    assert box.requests.count(network) == expected[network]
    secrets = {*box.oauth[network].settings.values(), box.oauth[network].consents()[0].token}
    assert not any(
        secret in ask.query or secret in repr(found) for ask in box.requests.of(network) for secret in secrets
    )


@EACH
async def test_an_empty_account_and_one_with_many_posts(box: Sandbox, http: HttpClient, network: str) -> None:
    empty = await read(box, http, network, EMPTY[network])
    assert (empty.posts, empty.complete_from, empty.notes) == ((), SINCE, ())
    many = await read(box, http, network, BUSY[network])
    likes, own = shown(box, network, BUSY[network]), [post for post in many.posts if post.kind != "repost"]
    counted = 50 if network == "threads" else len(own)  # the newest ones; the others go without
    assert [post.likes for post in own[:counted]] == likes[:counted]
    most = {"threads": 2 + 5 + 50, "instagram": 1 + 4 + 50, "facebook": 1 + 10, "linkedin": 2 + 2 + 4 + 4}
    assert box.requests.count(network) <= most[network]
    assert (network in ("threads", "instagram")) is any("newest 50 posts" in note for note in many.notes)


async def test_a_member_shows_totals_and_no_posts(box: Sandbox, http: HttpClient) -> None:
    found = await read(box, http, "linkedin", "in/glow-guru")
    assert (found.posts, found.complete_from, box.requests.count("linkedin")) == ((), None, 6)
    assert found.profile.followers
    assert "impressions" in found.notes[0]
    box.faults.set("linkedin", "no_totals")
    found = await read(box, http, "linkedin", "in/glow-guru")
    assert found.profile.followers is None
    assert "impressions" not in found.notes[0]


async def test_a_scope_that_was_not_granted(box: Sandbox, http: HttpClient) -> None:
    scopes = box.oauth["facebook"].dialect.scopes
    found = await read(box, http, "facebook", SMALL["facebook"], scopes=[s for s in scopes if s != "read_insights"])
    assert {post.views for post in found.posts} == {None}
    assert all(post.likes is not None for post in found.posts)
    with pytest.raises(SourceAuthFailed):
        await read(box, http, "threads", SMALL["threads"], scopes=["threads_basic"])
    scopes = box.oauth["linkedin"].dialect.scopes
    with pytest.raises(NeedsOwner):
        await read(box, http, "linkedin", SMALL["linkedin"], scopes=[s for s in scopes if s != "r_organization_social"])


# --- the tables of errors ---------------------------------------------------------------------------------------------


@each_fault(ROWS)
async def test_a_fault_is_what_its_row_says(box: Sandbox, http: HttpClient, row: Row, fault: str) -> None:
    box.faults.set(row.network, fault, seconds=SPAN)
    if not row.error:
        found = await read(box, http, row.network, SMALL[row.network])
        assert found.posts
        assert row.notes in " ".join(found.notes)
        return
    handle = BUSY[row.network] if fault == "expires_late" and row.network != "linkedin" else SMALL[row.network]
    with pytest.raises(SourceError) as caught:
        await read(box, http, row.network, handle)
    check_refusal(row, caught.value)
    assert not any(value in repr(caught.value) for value in box.oauth[row.network].settings.values())


@EACH
def test_each_row_has_its_fixtures(network: str) -> None:
    check_fixtures(row for row in ROWS if row.network == network)


@pytest.mark.parametrize("network", sorted(ELSEWHERE))
def test_no_fault_is_without_a_row(network: str) -> None:
    assert OWN[network] - faults_tried(ROWS, network) == ELSEWHERE[network]


async def test_the_first_429_of_a_day_is_worth_a_minute_and_the_next_one_the_day(
    box: Sandbox, http: HttpClient
) -> None:
    token = box.oauth["linkedin"].grant(SMALL["linkedin"]).token
    box.faults.set("linkedin", "429")
    waits = []
    moments = (0, 30, 61, 3_600, 12 * 3_600 + 5)
    for seconds in moments:
        now = NOW + timedelta(seconds=seconds)
        with pytest.raises(RateLimited) as caught:
            await read(box, http, "linkedin", SMALL["linkedin"], now=now, token=token)
        waits.append(caught.value.retry_at)
    first, anew = NOW + MINUTE, NOW + timedelta(seconds=moments[-1]) + MINUTE
    assert waits == [first, first, MIDNIGHT, MIDNIGHT, anew]


async def test_another_owners_limit_is_none_of_ours(box: Sandbox, http: HttpClient) -> None:
    box.faults.set("linkedin", "429", times=1)
    with pytest.raises(RateLimited):
        await read(box, http, "linkedin", SMALL["linkedin"])
    box.faults.set("linkedin", "429")
    with pytest.raises(RateLimited) as caught:
        await read(box, http, "linkedin", SMALL["linkedin"], now=NOW + timedelta(minutes=2))
    assert caught.value.retry_at == NOW + timedelta(minutes=3), "a new token, a new first refusal"


@EACH
async def test_a_token_that_was_taken_back_needs_its_owner(box: Sandbox, http: HttpClient, network: str) -> None:
    connector, client, clock = discover()[network], client_of(box, http, network), FixedClock(NOW)
    assert connector.fetch is not None
    account = box.world.find(network, SMALL[network])
    assert account is not None
    known = {"linkedin": f"urn:li:organization:{account.native_id}", "instagram": f"1784140{account.native_id}"}
    target = Target(handle=SMALL[network], native_id=known.get(network, account.native_id))
    held = app_keys(box, network)
    with pytest.raises(TokenExpired):
        await connector.fetch(target, SINCE, client, clock, {**held, ACCESS: SecretStr("gone")})
    if connector.manifest.access == "owner_authorised":
        with pytest.raises(NeedsOwner):
            await connector.fetch(target, SINCE, client, clock, held)
