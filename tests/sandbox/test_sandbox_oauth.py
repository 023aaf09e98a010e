"""The pretend sign-ins: what the page sends back, what the token endpoint refuses, and how tokens turn and end."""

import base64
import hashlib
import json
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl, urlsplit

import pytest

from sandbox.clock import MovableClock
from sandbox.oauth import OAuthServer
from sandbox.oauth_dialect import Dialect, Issued
from sandbox.wire import Answer, as_json
from sandbox.world import World

START = datetime(2026, 3, 2, 12, tzinfo=UTC)
BACK = "https://clout.example/back"
VERIFIER = "v" * 50
TOY = Dialect(
    network="x",
    label="Toy",
    scopes=("read", "count"),
    client_id="toy-app",
    secret="toy-secret",
    revoke="oauth/revoke",
    pkce="base64url",
    refresh_lasts=timedelta(days=30),
    rotates=True,
)


@pytest.fixture(scope="module")
def world() -> World:
    return World(anchor=START)


@pytest.fixture
def server(world: World) -> OAuthServer:
    return OAuthServer(TOY, world, MovableClock(START))


def hashed(verifier: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")


def opened(server: OAuthServer, form: list[tuple[str, str]] | None = None, **asked: str) -> Answer:
    question = {"client_id": "toy-app", "redirect_uri": BACK, "response_type": "code", "scope": "read count"}
    question |= {"state": "s1", "code_challenge": hashed(VERIFIER), "code_challenge_method": "S256", **asked}
    return server.answer("GET" if form is None else "POST", "/oauth/authorize", list(question.items()), form or [], {})


def sent_back(answer: Answer) -> dict[str, str]:
    assert answer.status == 303
    location = dict(answer.headers)["location"]
    assert location.startswith(f"{BACK}?")
    return dict(parse_qsl(urlsplit(location).query))


def tokens(server: OAuthServer, **form: str) -> tuple[int, dict[str, object]]:
    given = {"client_id": "toy-app", "client_secret": "toy-secret", **form}
    answer = server.answer("POST", "/oauth/token", [], list(given.items()), {})
    return answer.status, json.loads(answer.body)


def exchanged(server: OAuthServer, code: str, **form: str) -> tuple[int, dict[str, object]]:
    given = {"grant_type": "authorization_code", "code": code, "redirect_uri": BACK, "code_verifier": VERIFIER, **form}
    return tokens(server, **given)


def test_a_consent_by_hand_becomes_tokens_for_that_account_and_those_scopes(server: OAuthServer) -> None:
    page = opened(server).body.decode()
    assert '<html lang="en">' in page
    assert "<legend>" in page
    assert 'value="glowguru"' in page
    told = sent_back(opened(server, [("account", "glowguru"), ("scope", "read"), ("decision", "allow")]))
    assert told["state"] == "s1"
    status, given = exchanged(server, told["code"])
    assert (status, given["scope"], given["expires_in"]) == (200, "read", 3600)
    held = server.holder(str(given["access_token"]))
    assert held is not None
    assert held.account.handle == "glowguru"
    assert exchanged(server, told["code"])[1]["error"] == "invalid_grant", "a code serves once"


@pytest.mark.parametrize(
    ("form", "told"),
    [
        ([("account", "glowguru"), ("decision", "deny")], {"error": "access_denied"}),
        ([], {"error": "access_denied"}),
    ],
)
def test_a_denial_comes_back_with_the_state(
    server: OAuthServer, form: list[tuple[str, str]], told: dict[str, str]
) -> None:
    assert {"state": "s1", **told}.items() <= sent_back(opened(server, [*form, ("x", "y")])).items()


def test_a_page_without_an_account_chosen_says_so(server: OAuthServer) -> None:
    answer = opened(server, [("decision", "allow")])
    assert answer.status == 400
    assert b'role="alert"' in answer.body


@pytest.mark.parametrize(
    "asked",
    [
        {"client_id": "other"},
        {"redirect_uri": "http://clout.example/back"},
        {"redirect_uri": "javascript:alert(1)"},
        {"redirect_uri": ""},
    ],
)
def test_nobody_is_sent_to_an_address_that_is_not_the_apps(server: OAuthServer, asked: dict[str, str]) -> None:
    server.decide("glowguru")
    answer = opened(server, **asked)
    assert answer.status == 400
    assert "location" not in dict(answer.headers)


@pytest.mark.parametrize(
    ("asked", "error"),
    [
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"scope": "read everything"}, "invalid_scope"),
        ({"scope": ""}, "invalid_scope"),
        ({"code_challenge": ""}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
    ],
)
def test_a_wrong_question_comes_back_as_an_error(server: OAuthServer, asked: dict[str, str], error: str) -> None:
    assert sent_back(opened(server, **asked))["error"] == error


@pytest.mark.parametrize(
    ("form", "error"),
    [
        ({"code": "made-up"}, "invalid_grant"),
        ({"redirect_uri": f"{BACK}/other"}, "invalid_grant"),
        ({"code_verifier": "w" * 50}, "invalid_request"),
        ({"client_secret": "wrong"}, "invalid_client"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
    ],
)
def test_the_token_endpoint_refuses(server: OAuthServer, form: dict[str, str], error: str) -> None:
    server.decide("glowguru")
    code = sent_back(opened(server))["code"]
    status, told = exchanged(server, **{"code": code, **form})
    assert (status, told["error"]) == (401 if error == "invalid_client" else 400, error)


def test_a_code_ends_after_ten_minutes(world: World) -> None:
    clock = MovableClock(START)
    server = OAuthServer(TOY, world, clock)
    server.decide("glowguru")
    code = sent_back(opened(server))["code"]
    clock.advance(timedelta(minutes=10))
    assert exchanged(server, code)[1]["error"] == "invalid_grant"


def test_refresh_tokens_turn_and_the_old_one_is_refused(server: OAuthServer) -> None:
    first = server.grant("glowguru")
    before, refresh = first.token, first.refresh
    status, told = tokens(server, grant_type="refresh_token", refresh_token=refresh)
    assert status == 200
    assert told["refresh_token"] != refresh
    assert server.refreshed == 1
    assert server.holder(before) is first
    assert server.holder(str(told["access_token"])) is first
    assert tokens(server, grant_type="refresh_token", refresh_token=refresh)[1]["error"] == "invalid_grant"


def test_tokens_end_by_the_clock_by_hand_and_by_the_owner(world: World) -> None:
    clock = MovableClock(START)
    server = OAuthServer(TOY, world, clock)
    issued = server.grant("glowguru", scopes=["read"])
    clock.advance(timedelta(hours=1))
    assert server.holder(issued.token) is None
    server.turn(issued)
    assert server.holder(issued.token) is issued
    server.end_tokens("glowguru")
    assert server.holder(issued.token) is None
    assert server.renew(issued.refresh) is issued
    server.end_tokens(refresh=True)
    assert tokens(server, grant_type="refresh_token", refresh_token=issued.refresh)[0] == 400
    server.withdraw("glowguru")
    assert server.consents() == []


def test_revocation_takes_the_consent_back_once_and_knows_no_error(server: OAuthServer) -> None:
    issued = server.grant("glowguru")
    for _ in range(2):
        form = [("client_id", "toy-app"), ("client_secret", "toy-secret"), ("token", issued.token)]
        assert server.answer("POST", "/oauth/revoke", [], form, {}).status == 200
    assert (server.revoked, server.holder(issued.token)) == (1, None)


def test_preset_trouble_meets_the_next_calls_only(server: OAuthServer) -> None:
    refresh = server.grant("glowguru").refresh
    server.fail("server_error", status=503)
    assert tokens(server, grant_type="refresh_token", refresh_token=refresh)[0] == 503
    assert tokens(server, grant_type="refresh_token", refresh_token=refresh)[0] == 200


def test_a_dialect_adds_routes_and_shapes_of_its_own(world: World) -> None:
    def long_lived(server: OAuthServer, form: dict[str, str], headers: dict[str, str]) -> Answer:
        held = server.holder(form["access_token"])
        assert held is not None
        return server.told(server.turn(held, timedelta(days=60)))

    def shaped(issued: Issued, told: dict[str, object]) -> dict[str, object]:
        return {**told, "user_id": issued.account.native_id}

    dialect = Dialect(
        "x",
        "Toy",
        ("read",),
        "toy-app",
        "s",
        routes={("GET", "long"): long_lived},  # type: ignore[dict-item]
        tokens=shaped,
        refuse=lambda refusal: as_json({"error": {"message": refusal.description, "code": 190}}, 400),
    )
    server = OAuthServer(dialect, world, MovableClock(START))
    issued = server.grant("glowguru")
    answer = server.answer("GET", "/long", [("access_token", issued.token)], [], {})
    assert json.loads(answer.body)["expires_in"] == 60 * 86_400
    assert json.loads(answer.body)["user_id"] == issued.account.native_id
    refused = server.answer("POST", "/oauth/token", [], [("client_id", "x")], {})
    assert json.loads(refused.body) == {"error": {"message": "Client authentication failed.", "code": 190}}
