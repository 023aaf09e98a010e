"""The pretend Reddit: tokens, quota headers, paging and its dialect, and the connector against it."""

from datetime import timedelta

import httpx
import pytest
from pydantic import SecretStr

from core.connectors import manifests
from core.connectors.http import HttpClient
from core.connectors.reddit import MANIFEST, fetch, verify
from core.connectors.resets import told
from core.errors import NotFound, SourceAuthFailed, SourceError
from core.manifest import Target
from core.models import Snapshot
from core.settings import Settings
from sandbox.reddit import CLIENT_ID, SECRET, Reddit
from sandbox.server import KEYS, Sandbox
from tests.core.connectors.conformance import FixedClock

AGENT = {"user-agent": "server:clout:1 (by /u/sandbox_operator)"}


async def read(
    box: Sandbox,
    handle: str = "glow-guru",
    native_id: str | None = None,
    http: HttpClient | None = None,
    **other: str,
) -> Snapshot:
    own = http is None
    http = http or HttpClient(user_agent="Clout/test", retry_wait=0)
    now = box.clock.now()
    keys = {name: SecretStr(value) for name, value in {**KEYS["reddit"], **other}.items()}
    try:
        client = http.scoped(MANIFEST, base_url=box.url("reddit"), auth_url=box.env()["CLOUT_REDDIT__AUTH_URL"])
        target = Target(handle=handle, native_id=native_id)
        return await fetch(target, now - timedelta(days=91), client, FixedClock(now), keys)
    finally:
        if own:
            await http.aclose()


async def test_an_account_is_read_as_the_world_has_it(box: Sandbox) -> None:
    found, account = await read(box), box.world.creator("glowguru")["reddit"]
    assert found.profile.followers == account.followers(box.clock.now().timestamp())
    assert len(found.posts) > 20
    assert all(post.likes is not None and post.replies is not None for post in found.posts)
    assert box.requests.count("reddit") == 2
    assert await read(box, native_id=found.profile.native_id) == found
    with pytest.raises(NotFound, match="another account"):
        await read(box, native_id="t2_someoneelse")


async def test_pages_follow_each_other_and_hidden_followers_are_unknown(box: Sandbox) -> None:
    found = await read(box, "dailyfizz")
    assert found.profile.followers is None
    assert len(found.posts) > 100
    assert found.complete_from == box.clock.now() - timedelta(days=91)
    assert box.requests.count("reddit") == 3


async def test_nobody_nothing_and_a_removed_post(box: Sandbox) -> None:
    with pytest.raises(NotFound):
        await read(box, "nobody_at_all")
    assert (await read(box, "emptyhall")).posts == ()
    box.faults.set("reddit", "removed")
    assert (await read(box)).posts == ()


async def test_the_app_signs_in_once_and_again_when_its_token_ends(box: Sandbox) -> None:
    reddit = box.networks["reddit"]
    assert isinstance(reddit, Reddit)
    http = HttpClient(user_agent="Clout/test", retry_wait=0)
    for tokens in (1, 1, 2):
        if tokens == 2:
            reddit.end_tokens()
        assert (await read(box, http=http)).posts
        assert reddit.signed_in == tokens
    box.clock.advance(timedelta(days=1))
    assert (await read(box, http=http)).posts
    assert reddit.signed_in == 3
    await http.aclose()
    for wrong in ({"client_id": "nonsense"}, {"client_secret": "nonsense"}):
        with pytest.raises(SourceAuthFailed):
            await read(box, **wrong)


@pytest.mark.parametrize("kind", ["hidden_posts", "hidden_posts_message", "hidden_history"])
async def test_hidden_posts_leave_the_account(box: Sandbox, kind: str) -> None:
    box.faults.set("reddit", kind)
    found = await read(box)
    assert (found.posts, found.complete_from) == ((), None)
    assert any("hidden" in note for note in found.notes)


async def test_the_window_is_told_in_seconds_beside_a_float(box: Sandbox, caller: httpx.AsyncClient) -> None:
    form, url = {"grant_type": "client_credentials"}, box.env()["CLOUT_REDDIT__AUTH_URL"]
    assert (await caller.post(url, data=form, auth=("x", SECRET))).json() == {"message": "Unauthorized", "error": 401}
    answer = await caller.post(url, data=form, auth=(CLIENT_ID, SECRET))
    assert answer.json()["expires_in"] == 86_400
    bearer = {"authorization": f"Bearer {answer.json()['access_token']}"}
    where = f"{box.url('reddit')}user/glow-guru/about"
    assert (await caller.get(where, headers=AGENT)).status_code == 401
    assert (await caller.get(where, headers=bearer)).status_code == 429, "whoever does not say who asks"
    headers = (await caller.get(where, headers={**bearer, **AGENT})).headers
    assert "." in headers["x-ratelimit-remaining"]
    left = told(MANIFEST.reset_headers, headers, box.clock.now())
    assert left is not None
    assert timedelta() < left.resets_at - box.clock.now() <= timedelta(minutes=10)


async def test_the_keys_are_tried(box: Sandbox) -> None:
    http = HttpClient(user_agent="Clout/test", retry_wait=0)
    client = http.scoped(MANIFEST, base_url=box.url("reddit"), auth_url=box.env()["CLOUT_REDDIT__AUTH_URL"])
    right = {name: SecretStr(value) for name, value in KEYS["reddit"].items()}
    await verify(client, FixedClock(box.clock.now()), right)
    with pytest.raises(SourceError):
        await verify(client, FixedClock(box.clock.now()), {**right, "client_secret": SecretStr("x")})
    await http.aclose()


def test_its_settings_switch_reddit_on(box: Sandbox) -> None:
    settings = Settings.read(manifests(), {**box.env(), **box.keys("reddit")}, env_file=None)
    assert settings.network("reddit").enabled
