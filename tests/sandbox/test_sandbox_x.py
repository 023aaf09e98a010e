"""The pretend X: its shapes, its dialect, and the connector against it."""

from datetime import timedelta
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from core.connectors.costs import Meter
from core.connectors.http import HttpClient
from core.connectors.x import MANIFEST, fetch, verify
from core.errors import (
    NotFound,
    PaymentRequired,
    Private,
    QuotaExhausted,
    RateLimited,
    SourceAuthFailed,
    SourceChanged,
    Suspended,
    Unavailable,
)
from core.manifest import Target
from core.models import Snapshot
from sandbox.server import Sandbox
from sandbox.x import TOKEN
from tests.core.connectors.conformance import FixedClock

KEY = {"authorization": f"Bearer {TOKEN}"}


async def read(box: Sandbox, handle: str = "glowguru", token: str = TOKEN, meter: Meter | None = None) -> Snapshot:
    http = HttpClient(user_agent="Clout/test", retry_wait=0)
    now = box.clock.now()
    try:
        client = http.scoped(MANIFEST, base_url=box.url("x"), meter=meter)
        keys = {"bearer_token": SecretStr(token)}
        return await fetch(Target(handle=handle), now - timedelta(days=91), client, FixedClock(now), keys)
    finally:
        await http.aclose()


async def test_a_creator_is_read_as_the_world_has_it(box: Sandbox) -> None:
    meter, account = Meter(), box.world.creator("glowguru")["x"]
    found = await read(box, meter=meter)
    assert found.profile.followers == account.followers(box.clock.now().timestamp())
    assert found.profile.native_id == account.native_id
    assert len(found.posts) > 40
    assert {post.kind for post in found.posts} == {"original"}
    assert box.requests.count("x") == 2
    assert meter.spent["usd"] == pytest.approx(0.01 + 0.005 * len(found.posts))


async def test_pages_follow_each_other(box: Sandbox, caller: httpx.AsyncClient) -> None:
    path = f"{box.url('x')}users/{box.world.creator('glowguru')['x'].native_id}/tweets"
    params: dict[str, Any] = {"max_results": 20, "exclude": "retweets"}
    first = (await caller.get(path, params=params, headers=KEY)).json()
    token = first["meta"]["next_token"]
    second = (await caller.get(path, params={**params, "pagination_token": token}, headers=KEY)).json()
    ids = [int(post["id"]) for post in first["data"] + second["data"]]
    assert len(set(ids)) == 40
    assert ids == sorted(ids, reverse=True)
    assert (await caller.get(path, params={**params, "pagination_token": "!"}, headers=KEY)).status_code == 400
    later = {"max_results": 5, "start_time": "2026-08-01T00:00:00Z"}
    assert (await caller.get(path, params=later, headers=KEY)).json() == {"meta": {"result_count": 0}}


async def test_nobody_and_a_foreign_token(box: Sandbox) -> None:
    with pytest.raises(NotFound):
        await read(box, "nobody_at_all")
    with pytest.raises(SourceAuthFailed):
        await read(box, token="nonsense")


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        ("not_found", NotFound),
        ("suspended", Suspended),
        ("protected", Private),
        ("credits", PaymentRequired),
        ("unauthorized", SourceAuthFailed),
        ("forbidden", SourceAuthFailed),
        ("capped", QuotaExhausted),
        ("500", Unavailable),
        ("html200", Unavailable),
        ("changed", SourceChanged),
    ],
)
async def test_each_trouble_has_its_error(box: Sandbox, kind: str, error: type[Exception]) -> None:
    box.faults.set("x", kind)
    with pytest.raises(error):
        await read(box)


async def test_a_timeline_that_is_refused_is_private(box: Sandbox) -> None:
    box.faults.set("x", "unauthorized_timeline", path="/tweets")
    with pytest.raises(Private):
        await read(box)


@pytest.mark.parametrize(("reset", "seconds"), [(True, 120), (False, 900)])
async def test_the_limit_says_until_when_or_its_window_does(box: Sandbox, reset: bool, seconds: int) -> None:
    box.faults.set("x", "429", reset=reset)
    with pytest.raises(RateLimited) as caught:
        await read(box)
    assert caught.value.retry_at == box.clock.now() + timedelta(seconds=seconds)


async def test_a_token_is_tried(box: Sandbox) -> None:
    http = HttpClient(user_agent="Clout/test")
    client = http.scoped(MANIFEST, base_url=box.url("x"))
    told = await verify(client, FixedClock(box.clock.now()), {"bearer_token": SecretStr(TOKEN)})
    await http.aclose()
    assert told.notes
