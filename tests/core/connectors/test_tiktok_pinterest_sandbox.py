"""TikTok and Pinterest against the sandbox: lookups under an owner's token, consent, each row of their error tables."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest
from pydantic import SecretStr

from core.connectors import discover
from core.connectors.costs import Cost, Meter
from core.connectors.http import HttpClient
from core.connectors.owners import ACCESS, Grant
from core.errors import NeedsOwner, QuotaExhausted, SourceAuthFailed, SourceError, TokenExpired, Unavailable
from core.manifest import Target
from core.models import Snapshot
from sandbox.faults import OWN
from sandbox.server import Sandbox
from tests.core.connectors import sandboxed
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
)
from tests.core.connectors.sandboxed import NOW, SINCE, app_keys, client_of, opened, owner_access, renewed

MIDNIGHT = datetime(2026, 3, 3, tzinfo=UTC) - NOW
PROJECT = {"research_project": SecretStr("7123456789")}
BOTH = pytest.mark.parametrize("network", ["tiktok", "pinterest"])


async def read(
    box: Sandbox,
    http: HttpClient,
    network: str,
    handle: str = "glowguru",
    *,
    scopes: list[str] | None = None,
    more: Mapping[str, SecretStr] | None = None,
    meter: Meter | None = None,
) -> Snapshot:
    """Return what an account shows with its owner's token; with `more` credentials without one."""
    connector, target = discover()[network], Target(handle=handle)
    credentials = app_keys(box, network)
    if more is None:
        issued = box.oauth[network].grant(handle, scopes=scopes)
        credentials[ACCESS] = SecretStr(issued.token)
        target = Target(handle=handle, native_id=issued.account.native_id)
    assert connector.fetch is not None
    clock, client = FixedClock(NOW), client_of(box, http, network, meter)
    return await connector.fetch(target, SINCE, client, clock, {**credentials, **(more or {})})


# --- whole lookups ----------------------------------------------------------------------------------------------------


@BOTH
async def test_an_owner_shows_followers_and_posts(box: Sandbox, http: HttpClient, network: str) -> None:
    found = await read(box, http, network)
    account = box.world.find(network, "glowguru")
    assert account is not None
    assert (found.access, found.profile.handle, found.profile.native_id) == (
        "owner_authorised",
        "glowguru",
        account.native_id,
    )
    assert found.profile.followers == account.followers(NOW.timestamp())
    own = [post for post in found.posts if post.kind == "original"]
    assert own
    assert all(post.likes and post.views and post.replies is not None for post in own)
    assert (found.complete_from, found.notes) == (SINCE, ())


@BOTH
async def test_an_empty_account_and_one_with_many_posts(box: Sandbox, http: HttpClient, network: str) -> None:
    assert (await read(box, http, network, "emptyhall")).posts == ()
    many = await read(box, http, network, "dailyfizz")
    assert len(many.posts) > 130
    assert many.complete_from == SINCE
    assert box.requests.count(network) == (2 + 9 if network == "tiktok" else 2 + 3)


async def test_pins_are_counted_with_the_saves_that_are_ready(box: Sandbox, http: HttpClient) -> None:
    found = await read(box, http, "pinterest", "maraquill")
    account = box.world.find("pinterest", "maraquill")
    assert account is not None
    own = [post for post in found.posts if post.kind == "original"]
    assert len(own) < len(found.posts), "a pin saved from others is no pin of one's own"
    assert all(post.saves for post in own if NOW - post.created_at > timedelta(days=5))
    assert box.requests.count("pinterest", "analytics") == len(own)


async def test_an_approved_project_reads_whom_nobody_connected(box: Sandbox, http: HttpClient) -> None:
    meter = Meter()
    found = await read(box, http, "tiktok", more=PROJECT, meter=meter)
    owned = await read(box, http, "tiktok")
    assert found.access == "research_programme"
    assert [post.native_id for post in found.posts] == [post.native_id for post in owned.posts]
    assert all(post.saves is not None for post in found.posts)
    assert (found.complete_from, meter.spent["units"]) == (SINCE, 4)
    with pytest.raises(NeedsOwner):
        await read(box, http, "tiktok", more={})


async def test_a_spent_project_is_not_half_asked(box: Sandbox, http: HttpClient) -> None:
    async def refuse(cost: Cost) -> None:
        if "units" in cost:
            raise QuotaExhausted("tiktok", "no", retry_at=NOW + MIDNIGHT)

    with pytest.raises(QuotaExhausted):
        await read(box, http, "tiktok", more=PROJECT, meter=Meter({"requests": 9}, refuse))
    assert box.requests.count() == 0


async def test_saves_are_left_out_where_the_days_requests_do_not_suffice(box: Sandbox, http: HttpClient) -> None:
    async def refuse(cost: Cost) -> None:
        raise QuotaExhausted("pinterest", "no", retry_at=NOW + MIDNIGHT)

    found = await read(box, http, "pinterest", "maraquill", meter=Meter({"requests": 2}, refuse))
    assert found.posts
    assert all(post.saves is None for post in found.posts)
    assert "do not suffice" in found.notes[0]
    assert box.requests.count() == 2


# --- consent ----------------------------------------------------------------------------------------------------------


async def granted(box: Sandbox, http: HttpClient, network: str, scopes: list[str] | None = None) -> Grant:
    code = sandboxed.code_of(box, network, "glowguru", scopes)
    return await sandboxed.exchanged(box, http, network, code)


@BOTH
async def test_consent_brings_tokens_and_they_tell_whose_account_it_is(
    box: Sandbox, http: HttpClient, network: str
) -> None:
    access, grant = owner_access(network), await granted(box, http, network)
    assert set(grant.scopes) == set(access.oauth.scopes)
    assert grant.expires_at == NOW + (timedelta(hours=2) if network == "tiktok" else timedelta(days=30))
    assert grant.refresh_expires_at == NOW + timedelta(days=180 if network == "tiktok" else 60)
    (owned,) = await opened(box, http, network, grant)
    issued = box.oauth[network].consents("glowguru")[0]
    assert (owned.handle, owned.native_id) == ("glowguru", issued.account.native_id)
    assert not any(secret in repr(grant) for secret in (issued.token, issued.refresh))


@BOTH
async def test_a_renewed_token_takes_the_place_of_the_old_one(box: Sandbox, http: HttpClient, network: str) -> None:
    first = await granted(box, http, network)
    second = await renewed(box, http, network, first)
    assert second.access != first.access
    assert second.refresh != first.refresh
    assert second.scopes == first.scopes
    with pytest.raises(TokenExpired):
        await renewed(box, http, network, first)  # each refresh token serves once
    assert box.oauth[network].refreshed == 1 or network == "pinterest"
    box.oauth[network].withdraw()
    with pytest.raises(TokenExpired):
        await renewed(box, http, network, second)


@BOTH
async def test_a_wrong_secret_of_ours_is_not_taken_for_the_end_of_a_consent(
    box: Sandbox, http: HttpClient, network: str
) -> None:
    grant = await granted(box, http, network)
    with pytest.raises(SourceAuthFailed):
        await renewed(box, http, network, grant, client_secret="wrong")
    box.oauth[network].fail(status=503)
    with pytest.raises(Unavailable):
        await renewed(box, http, network, grant)
    assert (await renewed(box, http, network, grant)).access != grant.access


@BOTH
async def test_keys_are_tried_without_an_owner(box: Sandbox, http: HttpClient, network: str) -> None:
    verify, clock = discover()[network].verify, FixedClock(NOW)
    assert verify is not None
    await verify(client_of(box, http, network), clock, app_keys(box, network))
    with pytest.raises(SourceAuthFailed) as caught:
        await verify(client_of(box, http, network), clock, app_keys(box, network, client_secret="planted-wrong"))
    assert "planted-wrong" not in repr(caught.value)


async def test_tiktok_forgets_a_consent_that_is_taken_back(box: Sandbox, http: HttpClient) -> None:
    access, grant = owner_access("tiktok"), await granted(box, http, "tiktok")
    assert access.revoke is not None
    await access.revoke(grant, client_of(box, http, "tiktok"), FixedClock(NOW), app_keys(box, "tiktok"))
    assert box.oauth["tiktok"].consents() == []


async def test_a_creator_may_hide_followers_on_tiktok_but_not_videos(box: Sandbox, http: HttpClient) -> None:
    some = ["user.info.basic", "user.info.profile", "video.list"]
    assert set((await granted(box, http, "tiktok", some)).scopes) == set(some)
    found = await read(box, http, "tiktok", scopes=some)
    assert found.profile.followers is None
    assert found.posts
    with pytest.raises(NeedsOwner):
        await read(box, http, "tiktok", scopes=some[:2])


# --- the tables of errors ---------------------------------------------------------------------------------------------


ROWS = (
    Row("tiktok", "access_token_invalid", "token_invalid token_invalid_plain", "token_invalid", "TokenExpired"),
    Row("tiktok", "scope_not_authorized", "scope_not_authorized", "scope_not_authorized", "NeedsOwner"),
    Row("tiktok", "scope_permission_missed", "scope_missed", "scope_missed", "NeedsOwner"),
    Row("tiktok", "rate_limit_exceeded", "rate_limited_no_reset rate_limited_200", "429", "RateLimited", MINUTE),
    Row("tiktok", "the project's day", "research_day_spent", "429", "QuotaExhausted", MIDNIGHT, research=True),
    Row("tiktok", "invalid_params", "invalid_params", "invalid_params", "SourceChanged"),
    Row("tiktok", "cannot find the user", "research_unknown", "no_user", "NotFound", research=True),
    Row("tiktok", "is private", "research_private", "private", "Private", research=True),
    Row("tiktok", "search id", "research_search_lost_at_once", "search_lost", "Unavailable", research=True),
    Row("tiktok", "no project", "research_not_approved", "not_approved", "SourceAuthFailed", research=True),
    Row("tiktok", "app token", "research_token_refused", "token_invalid", "SourceAuthFailed", research=True),
    Row("tiktok", "internal_error", "server_error server_error_200", "500 error_200", "Unavailable"),
    Row("tiktok", "504", "gateway_page", "503 html", "Unavailable"),
    Row("pinterest", "401", "token_ended token_ended_7", "token_ended not_authorized", "TokenExpired"),
    Row("pinterest", "403", "forbidden", "forbidden", "SourceAuthFailed"),
    Row("pinterest", "29", "tier", "tier", "SourceAuthFailed"),
    Row("pinterest", "404 50", "pin_gone", "pin_gone"),
    Row("pinterest", "429 8", "rate_limited rate_limited_epoch", "429", "RateLimited", SAID),
    Row("pinterest", "429 without a reset", "rate_limited_no_reset", "429", "RateLimited", MINUTE, reset=False),
    Row("pinterest", "not READY", "not_ready", "not_ready"),
    Row("pinterest", "no analytics", "no_analytics", "no_analytics", notes="saves"),
    Row("pinterest", "5xx", "server_error", "500 502", "Unavailable"),
)


@each_fault(ROWS)
async def test_a_fault_is_what_its_row_says(box: Sandbox, http: HttpClient, row: Row, fault: str) -> None:
    box.faults.set(row.network, fault, seconds=SPAN, reset=row.reset)
    more = PROJECT if row.research else None
    if not row.error:
        found = await read(box, http, row.network, "maraquill", more=more)
        assert found.posts
        assert all(post.saves is None for post in found.posts)
        assert row.notes in " ".join(found.notes)
        return
    with pytest.raises(SourceError) as caught:
        await read(box, http, row.network, "maraquill", more=more)
    check_refusal(row, caught.value)


def test_each_row_has_its_fixtures_and_no_fault_is_without_a_row() -> None:
    check_fixtures(ROWS)
    assert all(faults_tried(ROWS, network) >= OWN[network] for network in ("tiktok", "pinterest"))
