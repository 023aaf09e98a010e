"""Networks of the sandbox as their connectors meet them: clients, the team's app, owners who let Clout in."""

from collections.abc import Sequence
from datetime import timedelta
from urllib.parse import parse_qsl, urlsplit

from pydantic import SecretStr

from core.connectors import discover
from core.connectors.costs import Meter
from core.connectors.http import HttpClient, Requests
from core.connectors.owners import ACCESS, Grant, Owned, OwnerAccess, challenge
from sandbox.server import Sandbox
from sandbox.world import DEFAULT_ANCHOR
from tests.core.connectors.conformance import FixedClock

NOW = DEFAULT_ANCHOR
SINCE = NOW - timedelta(days=91)
BACK = "https://clout.example/back"
VERIFIER = "verifier-" * 6


def client_of(box: Sandbox, http: HttpClient, network: str, meter: Meter | None = None) -> Requests:
    auth = box.env().get(f"CLOUT_{network.upper()}__AUTH_URL")
    return http.scoped(discover()[network].manifest, base_url=box.url(network), auth_url=auth, meter=meter)


def app_keys(box: Sandbox, network: str, **other: str) -> dict[str, SecretStr]:
    """The credentials of the team's own app."""
    return {name: SecretStr(value) for name, value in {**box.oauth[network].settings, **other}.items()}


def owner_access(network: str) -> OwnerAccess:
    access = discover()[network].owner
    assert access is not None
    return access


def code_of(box: Sandbox, network: str, handle: str, scopes: Sequence[str] | None = None) -> str:
    """Return the code that comes back from the page where an owner decides."""
    oauth, server = owner_access(network).oauth, box.oauth[network]
    server.decide(handle, scopes=scopes)
    asked = {oauth.id_parameter: server.dialect.client_id, "redirect_uri": BACK, "response_type": "code", "state": "s"}
    asked["scope"] = oauth.separator.join(oauth.scopes)
    if oauth.pkce:
        asked |= {"code_challenge": challenge(oauth, VERIFIER), "code_challenge_method": "S256"}
    answer = server.answer("GET", urlsplit(oauth.authorize_url).path, list(asked.items()), [], {})
    assert answer.status == 303, answer.body
    return dict(parse_qsl(urlsplit(dict(answer.headers)["location"]).query))["code"]


async def exchanged(box: Sandbox, http: HttpClient, network: str, code: str, back: str = BACK, **wrong: str) -> Grant:
    access = owner_access(network)
    client, clock = client_of(box, http, network), FixedClock(box.clock.now())
    verifier = VERIFIER if access.oauth.pkce else ""
    return await access.exchange(code, back, verifier, client, clock, app_keys(box, network, **wrong))


async def renewed(box: Sandbox, http: HttpClient, network: str, grant: Grant, **wrong: str) -> Grant:
    access = owner_access(network)
    assert access.renew is not None
    client, clock = client_of(box, http, network), FixedClock(box.clock.now())
    return await access.renew(grant, client, clock, app_keys(box, network, **wrong))


async def opened(box: Sandbox, http: HttpClient, network: str, grant: Grant) -> tuple[Owned, ...]:
    """Return the accounts that a grant opens."""
    held = {**app_keys(box, network), ACCESS: grant.access}
    client, clock = client_of(box, http, network), FixedClock(box.clock.now())
    return await owner_access(network).accounts(client, clock, held)
