"""Installing by OAuth with Bolt's own flow, tokens that turn over, and being thrown out."""

from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from slack_bolt.async_app import AsyncApp
from slack_bolt.oauth.async_oauth_flow import AsyncOAuthFlow
from slack_bolt.oauth.async_oauth_settings import AsyncOAuthSettings
from slack_sdk.errors import SlackApiError
from slack_sdk.oauth.installation_store import FileInstallationStore
from slack_sdk.oauth.state_store import FileOAuthStateStore
from slack_sdk.oauth.token_rotation.async_rotator import AsyncTokenRotator
from slack_sdk.web.async_client import AsyncWebClient

from tests.bolt_served import served


@pytest.fixture
def bare(box, slack):
    """A client without a token."""
    return AsyncWebClient(base_url=box.slack_env(install=True)["CLOUT_SLACK__API_URL"])


@pytest.fixture
def store(tmp_path, slack):
    return FileInstallationStore(base_dir=str(tmp_path / "installs"), client_id=slack.client_id)


@pytest.fixture
async def url(box, slack, bare, store, tmp_path):
    """The address of a Bolt app that is installed by OAuth."""
    env = box.slack_env(install=True)
    settings = AsyncOAuthSettings(
        client_id=env["CLOUT_SLACK__CLIENT_ID"],
        client_secret=env["CLOUT_SLACK__CLIENT_SECRET"],
        scopes=["commands", "chat:write"],
        authorization_url=env["CLOUT_SLACK__AUTHORIZE_URL"],
        installation_store=store,
        state_store=FileOAuthStateStore(expiration_seconds=600, base_dir=str(tmp_path / "states")),
        install_page_rendering_enabled=False,
    )
    flow = AsyncOAuthFlow(client=bare, settings=settings)
    app = AsyncApp(client=bare, signing_secret=env["CLOUT_SLACK__SIGNING_SECRET"], oauth_flow=flow)
    async with served(app) as address:
        slack.request_url = address
        parts = urlsplit(address)
        slack.redirect_url = f"{parts.scheme}://{parts.netloc}/slack/oauth_redirect"
        yield slack.redirect_url


async def walk(caller, url):
    """Follow a person from the install link to the page at the end."""
    began = await caller.get(url.replace("oauth_redirect", "install"))
    cookie = began.headers["set-cookie"].partition(";")[0]
    asked = await caller.get(began.headers["location"])
    return await caller.get(asked.headers["location"], headers={"cookie": cookie}), asked.headers["location"], cookie


async def test_an_install_by_oauth_stores_a_working_token(slack, url, caller, store, bare):
    other = slack.installing = slack.add_workspace("Northwind")
    page, back, cookie = await walk(caller, url)
    assert page.status_code == 200
    found = await store.async_find_installation(enterprise_id=None, team_id=other.id)
    bare.token = found.bot_token
    assert (await bare.auth_test())["team_id"] == other.id
    assert found.bot_token.startswith("xoxe.xoxb-")
    assert found.bot_refresh_token.startswith("xoxe-")
    assert (await caller.get(back, headers={"cookie": cookie})).status_code in (400, 401)  # the state was used


async def test_a_refusal_of_the_person_ends_there(slack, url, caller, store):
    slack.consents = False
    _, back, _ = await walk(caller, url)
    assert "access_denied" in back
    assert slack.codes == {}
    assert await store.async_find_installation(enterprise_id=None, team_id=slack.home.id) is None


async def test_a_code_works_once_and_only_with_the_secret(slack, bare):
    code = slack.new_code(slack.home, frozenset({"commands"}))
    keys = {"client_id": slack.client_id, "client_secret": slack.client_secret}
    with pytest.raises(SlackApiError, match="bad_client_secret"):
        await bare.oauth_v2_access(**{**keys, "client_secret": "x"}, code=code)
    assert (await bare.oauth_v2_access(**keys, code=code))["scope"] == "commands"
    with pytest.raises(SlackApiError, match="invalid_code"):
        await bare.oauth_v2_access(**keys, code=code)


async def test_tokens_turn_over_with_bolts_own_rotator(slack, url, caller, store, bare, box):
    other = slack.installing = slack.add_workspace("Northwind")
    await walk(caller, url)
    found = await store.async_find_installation(enterprise_id=None, team_id=other.id)
    rotator = AsyncTokenRotator(client_id=slack.client_id, client_secret=slack.client_secret, client=bare)
    fresh = await rotator.perform_token_rotation(installation=found, minutes_before_expiration=100_000)
    assert fresh.bot_token != found.bot_token
    bare.token = fresh.bot_token
    assert (await bare.auth_test())["expires_in"] == 43_200
    with pytest.raises(SlackApiError, match="invalid_refresh_token"):
        await bare.oauth_v2_access(
            client_id=slack.client_id,
            client_secret=slack.client_secret,
            grant_type="refresh_token",
            refresh_token=found.bot_refresh_token,
        )
    box.clock.advance(timedelta(hours=13))
    with pytest.raises(SlackApiError, match="token_expired"):
        await bare.auth_test()


async def test_a_lasting_token_is_exchanged_for_one_that_ends(slack, bare):
    old = slack.bot_token
    keys = {"client_id": slack.client_id, "client_secret": slack.client_secret}
    new = (await bare.oauth_v2_exchange(**keys, token=old))["access_token"]
    assert slack.bot_token == new
    bare.token = old
    with pytest.raises(SlackApiError, match="token_revoked"):
        await bare.auth_test()


async def test_a_revoked_token_is_dead(slack, client):
    assert (await client.auth_revoke(test="true"))["revoked"] is False
    assert (await client.auth_revoke())["revoked"] is True
    with pytest.raises(SlackApiError, match="token_revoked"):
        await client.auth_test()


async def test_thrown_out_the_app_is_told_and_its_token_is_dead(slack, client, over_http):
    await slack.uninstall()
    await slack.until(lambda: len(over_http.seen) == 2, what="both events")
    assert [one["event"]["type"] for one in over_http.seen] == ["tokens_revoked", "app_uninstalled"]
    with pytest.raises(SlackApiError, match="account_inactive"):
        await client.auth_test()


async def test_kicked_from_a_private_channel_it_is_gone(slack, client, over_http):
    await slack.invite("leads")
    room = slack.channel("leads").id
    quiet = {"unfurl_links": False, "unfurl_media": False}
    await client.chat_postMessage(channel=room, text="x", **quiet)
    slack.request_url = None  # nobody is told: the app has no listener for it
    slack.channel("leads").members.discard(slack.home.installation.bot_user)
    with pytest.raises(SlackApiError, match="channel_not_found"):
        await client.chat_postMessage(channel=room, text="x", **quiet)


def test_the_settings_that_point_clout_here(box, slack):
    assert sorted(box.slack_env()) == [
        "CLOUT_SLACK__API_URL", "CLOUT_SLACK__APP_TOKEN", "CLOUT_SLACK__BOT_TOKEN", "CLOUT_SLACK__SIGNING_SECRET",
    ]  # fmt: skip
    assert box.slack_env()["CLOUT_SLACK__API_URL"].endswith("/slack/api/")
    assert not any("SLACK" in name for name in box.env())
