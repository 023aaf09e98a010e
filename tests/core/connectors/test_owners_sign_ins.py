"""How owners of Instagram, Facebook, Threads and LinkedIn accounts let Clout in: codes, long-lived tokens, renewal."""

from datetime import timedelta

import pytest

from core.connectors import discover
from core.connectors.answers import Answer
from core.connectors.http import HttpClient
from core.connectors.owners import ACCESS, Grant, refusal
from core.errors import NeedsOwner, RateLimited, SourceAuthFailed, SourceError, TokenExpired, Unavailable
from core.manifest import Target
from sandbox.server import Sandbox
from tests.core.connectors import sandboxed
from tests.core.connectors.conformance import FixedClock
from tests.core.connectors.sandboxed import BACK, NOW, app_keys, client_of, opened, owner_access, renewed

LONG = timedelta(days=60)
WHO = {"threads": "glow.guru", "linkedin": "in/glow-guru", "instagram": "glow.guru", "facebook": "glowguru.page"}
META = ("facebook", "instagram", "threads")
EACH = pytest.mark.parametrize("network", sorted(WHO))


def code_of(box: Sandbox, network: str, scopes: list[str] | None = None) -> str:
    return sandboxed.code_of(box, network, WHO[network], scopes)


async def exchanged(
    box: Sandbox, http: HttpClient, network: str, code: str = "", back: str = BACK, **wrong: str
) -> Grant:
    return await sandboxed.exchanged(box, http, network, code or code_of(box, network), back, **wrong)


@EACH
async def test_a_code_becomes_a_token_of_sixty_days_that_tells_whose_it_is(
    box: Sandbox, http: HttpClient, network: str
) -> None:
    access, grant = owner_access(network), await exchanged(box, http, network)
    assert grant.expires_at == NOW + LONG
    assert (grant.refresh is not None) is (network == "linkedin")
    assert set(grant.scopes) == (set() if network == "threads" else set(access.oauth.scopes))
    owned = await opened(box, http, network, grant)
    assert WHO[network] in [one.handle for one in owned]
    assert all((one.access is not None) is (network == "facebook") for one in owned)
    assert grant.access.get_secret_value() not in repr((grant, owned))
    secret = box.oauth[network].dialect.secret
    assert not any(secret in ask.query for ask in box.requests.of(network)), "the app's secret stays at the sign-in"


async def test_a_member_opens_the_pages_they_administer(box: Sandbox, http: HttpClient) -> None:
    grant = await exchanged(box, http, "linkedin")
    owned = await opened(box, http, "linkedin", grant)
    assert [one.handle for one in owned] == ["company/glow-labs", "in/glow-guru"]
    assert [one.native_id.rpartition(":")[0] for one in owned] == ["urn:li:organization", "urn:li:person"]
    box.faults.set("linkedin", "pages_denied")
    assert [one.handle for one in await opened(box, http, "linkedin", grant)] == ["in/glow-guru"]
    box.faults.set("linkedin", "denied")
    with pytest.raises(NeedsOwner):
        await opened(box, http, "linkedin", grant)


@EACH
async def test_a_code_serves_once_and_for_its_own_address(box: Sandbox, http: HttpClient, network: str) -> None:
    code = code_of(box, network)
    with pytest.raises(TokenExpired):
        await exchanged(box, http, network, code, "https://elsewhere.example/back")
    code = code_of(box, network)
    await exchanged(box, http, network, code)
    with pytest.raises(TokenExpired):
        await exchanged(box, http, network, code)
    code = code_of(box, network)
    box.clock.advance(timedelta(minutes=11))
    with pytest.raises(TokenExpired):
        await exchanged(box, http, network, code)


@EACH
async def test_what_goes_wrong_at_the_token_endpoint(box: Sandbox, http: HttpClient, network: str) -> None:
    access = owner_access(network)
    with pytest.raises(SourceAuthFailed):
        await exchanged(box, http, network, **{access.oauth.secret_credential: "wrong"})
    box.oauth[network].fail(status=503)
    with pytest.raises(Unavailable):
        await exchanged(box, http, network)
    box.oauth[network].fail("slow_down", status=429)
    with pytest.raises(RateLimited):
        await exchanged(box, http, network)


@EACH
async def test_a_token_is_renewed_before_its_end_and_not_after(box: Sandbox, http: HttpClient, network: str) -> None:
    first = await exchanged(box, http, network)
    box.clock.advance(timedelta(days=50))
    second = await renewed(box, http, network, first)
    assert second.access != first.access
    assert second.expires_at == box.clock.now() + LONG
    assert second.scopes == first.scopes
    assert box.oauth[network].refreshed == 1
    assert [one.handle for one in await opened(box, http, network, second)]
    box.clock.advance(LONG + timedelta(days=310))
    with pytest.raises(TokenExpired):
        await renewed(box, http, network, second)


@EACH
async def test_a_consent_taken_back_is_the_owners_to_mend(box: Sandbox, http: HttpClient, network: str) -> None:
    grant = await exchanged(box, http, network)
    box.oauth[network].withdraw()
    with pytest.raises(TokenExpired):
        await renewed(box, http, network, grant)
    with pytest.raises(TokenExpired):
        await opened(box, http, network, grant)


async def test_a_linkedin_token_without_a_refresh_token_lives_until_its_end(box: Sandbox, http: HttpClient) -> None:
    grant = (await exchanged(box, http, "linkedin")).model_copy(update={"refresh": None})
    with pytest.raises(Unavailable, match="good until its end"):
        await renewed(box, http, "linkedin", grant)
    box.oauth["linkedin"].withdraw()
    with pytest.raises(TokenExpired):
        await renewed(box, http, "linkedin", grant)
    box.clock.advance(LONG)
    with pytest.raises(TokenExpired):
        await renewed(box, http, "linkedin", grant)


async def test_permissions_that_were_unticked_are_told(box: Sandbox, http: HttpClient) -> None:
    some = ["instagram_basic", "pages_show_list"]
    grant = await exchanged(box, http, "instagram", code_of(box, "instagram", some))
    access = owner_access("instagram")
    assert set(grant.scopes) == set(some)
    assert access.oauth.needed - set(grant.scopes) == {"instagram_manage_insights", "pages_read_engagement"}
    none = await exchanged(box, http, "facebook", code_of(box, "facebook", ["pages_read_engagement"]))
    assert await opened(box, http, "facebook", none) == ()


async def test_permissions_that_cannot_be_read_cost_nobody_their_code(box: Sandbox, http: HttpClient) -> None:
    box.faults.set("instagram", "500", times=2)
    assert (await exchanged(box, http, "instagram")).scopes == ()


async def test_a_pages_own_token_outlives_the_one_it_came_with(box: Sandbox, http: HttpClient) -> None:
    connector, grant = discover()["facebook"], await exchanged(box, http, "facebook")
    (page,) = await opened(box, http, "facebook", grant)
    box.clock.advance(LONG + timedelta(days=1))
    assert page.access is not None
    assert connector.fetch is not None
    held, clock = {**app_keys(box, "facebook"), ACCESS: page.access}, FixedClock(box.clock.now())
    target, since = Target(handle=page.handle, native_id=page.native_id), box.clock.now() - timedelta(days=91)
    found = await connector.fetch(target, since, client_of(box, http, "facebook"), clock, held)
    assert all(post.views is not None for post in found.posts)
    box.oauth["facebook"].withdraw()
    with pytest.raises(TokenExpired):
        await connector.fetch(target, since, client_of(box, http, "facebook"), clock, held)


@pytest.mark.parametrize("network", META)
def test_metas_consent_goes_over_https_and_takes_nothing_back_for_others(network: str) -> None:
    access = owner_access(network)
    assert not access.oauth.loopback
    assert access.revoke is None, "it would end the person's consents of the other networks and teams"
    assert access.oauth.needed <= set(access.oauth.scopes)


@pytest.mark.parametrize(
    ("status", "kind", "body", "means"),
    [
        (400, "application/json", b'{"error":"invalid_grant"}', TokenExpired),
        (401, "application/json", b"", TokenExpired),
        (401, "application/json", b'{"error":"invalid_client"}', SourceAuthFailed),
        (
            403,
            "text/html; charset=utf-8",
            b"<h1>Access denied</h1>",
            Unavailable,
        ),  # a gateway says nothing of a consent
        (404, "text/html", b"", Unavailable),
        (503, "text/html", b"", Unavailable),
        (200, "application/json", b'{"access_token":"a"}', None),
    ],
)
def test_only_the_token_endpoint_itself_ends_a_consent(
    status: int, kind: str, body: bytes, means: type[SourceError] | None
) -> None:
    answer = Answer(status, {"content-type": kind}, body, "https://open.tiktokapis.com/v2/oauth/token/")
    found = refusal(discover()["tiktok"].manifest, answer, NOW)
    assert type(found) is (means or type(None))
