"""Every network that owners open, through its own pretend sign-in: refusals, and the whole way."""

from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from core.app import build
from core.connectors import manifests
from core.settings import Settings
from core.vault import new_key
from tests.core.consenting import everything

TEAM = "slack:-:T1"


@pytest.fixture
async def app(box, tmp_path):
    env = {**box.env(), **box.keys(*box.oauth), "CLOUT_SECRET_KEYS": new_key(), "CLOUT_PUBLIC_URL": "https://c.example"}
    env |= {"CLOUT_DATABASE_URL": f"sqlite:///{tmp_path / 'c.db'}"}
    async with build(Settings.read(manifests(), env, None), clock=box.clock) as running:
        yield running


async def signed_in(app, web, network, handle):
    consent = await app.consents.begin(TEAM, f"{network}:{handle}", network, "U1")
    begun = await app.consents.start(consent.address.rpartition("/")[2])
    answer = await web.get(begun.address)
    back = {name: one for name, (one, *_) in parse_qs(urlsplit(answer.headers["location"]).query).items()}
    given = {name: back.get(name, "") for name in ("code", "error")}
    return await app.consents.finish(network, back["state"], begun.browser, **given)


async def test_every_network_connects_and_lets_go(box, app):
    async with httpx.AsyncClient(trust_env=False, timeout=20) as web:
        for network, server in box.oauth.items():
            handle, other, *_ = [account.handle for account in box.world.accounts(network)]
            needed = sorted(app.consents._named(network).connector.owner.oauth.needed)
            if network != "linkedin":  # where one person may open several Pages
                server.decide(other)
                assert (await signed_in(app, web, network, handle)).kind == "other_account", network
            if network != "threads":  # whose tokens do not say what they allow
                server.decide(handle, scopes=[s for s in server.dialect.scopes if s != needed[0]])
                outcome = await signed_in(app, web, network, handle)
                assert (outcome.kind, outcome.missing) == ("partly", (needed[0],)), network
            server.decide(deny=True)
            assert (await signed_in(app, web, network, handle)).kind == "denied", network
            assert await app.credentials.owner_tokens(TEAM, network) == ()
            server.decide(handle)
            outcome = await signed_in(app, web, network, handle)
            assert outcome.kind == "connected", (network, outcome)
            reading = await app.lookups.lookup(TEAM, f"{network}:{handle}")
            assert [one.access for one in reading.networks if one.network == network] == ["owner_authorised"]
            gone = await app.consents.disconnect(TEAM, f"{network}:{handle}", network)
            assert gone.network == network
            assert f" @{TEAM}" not in await everything(app), network
            assert await app.credentials.owner_tokens(TEAM, network) == ()
