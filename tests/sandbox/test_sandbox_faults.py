import asyncio
import json
import time

import httpx
import pytest

from sandbox.faults import COMMON, OWN, Faults
from sandbox.server import Sandbox
from sandbox.weather import HUGE_BYTES

ASKS = {
    "bluesky": "/bluesky/xrpc/app.bsky.actor.getProfile?actor=mara.example",
    "mastodon": "/mastodon/toot.example/api/v1/accounts/lookup?acct=mara",
    "github": "/github/users/maraquill",
}
NETWORKS = tuple(ASKS)


async def ask(caller: httpx.AsyncClient, box: Sandbox, network: str) -> httpx.Response:
    return await caller.get(box.origin + ASKS[network])


@pytest.mark.parametrize("network", NETWORKS)
async def test_without_faults_everybody_answers(box: Sandbox, caller: httpx.AsyncClient, network: str) -> None:
    assert (await ask(caller, box, network)).status_code == 200


@pytest.mark.parametrize(
    ("network", "header"),
    [
        ("bluesky", "ratelimit-reset"),
        ("mastodon", "x-ratelimit-reset"),
        ("github", "x-ratelimit-reset"),
    ],
)
async def test_429_speaks_each_dialect_with_and_without_reset(
    box: Sandbox, caller: httpx.AsyncClient, network: str, header: str
) -> None:
    box.faults.set(network, "429", seconds=90)
    answer = await ask(caller, box, network)
    assert answer.status_code == 429
    end = int(box.clock.now().timestamp()) + 90
    shown = answer.headers[header]
    assert shown == ("2026-03-02T12:01:30.000000Z" if network == "mastodon" else str(end))
    box.faults.set(network, "429", reset=False)
    answer = await ask(caller, box, network)
    assert answer.status_code == 429
    assert header not in answer.headers


@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("kind", ["500", "502", "503"])
async def test_server_errors(box: Sandbox, caller: httpx.AsyncClient, network: str, kind: str) -> None:
    box.faults.set(network, kind)
    assert (await ask(caller, box, network)).status_code == int(kind)


@pytest.mark.parametrize("network", NETWORKS)
async def test_bodies_that_do_not_fit(box: Sandbox, caller: httpx.AsyncClient, network: str) -> None:
    good = (await ask(caller, box, network)).json()
    box.faults.set(network, "changed", times=1)
    assert not set((await ask(caller, box, network)).json()) & set(good)
    box.faults.set(network, "odd_counts", times=1)
    odd = (await ask(caller, box, network)).json()
    assert set(odd) == set(good)
    assert odd != good
    box.faults.set(network, "html", times=1)
    answer = await ask(caller, box, network)
    assert (answer.status_code, answer.headers["content-type"][:9]) == (502, "text/html")
    box.faults.set(network, "html200", times=1)
    answer = await ask(caller, box, network)
    assert (answer.status_code, answer.headers["content-type"][:9]) == (200, "text/html")
    box.faults.set(network, "empty", times=1)
    assert (await ask(caller, box, network)).content == b""
    box.faults.set(network, "not_json", times=1)
    with pytest.raises(ValueError, match=r"."):
        (await ask(caller, box, network)).json()
    assert (await ask(caller, box, network)).json() == good


@pytest.mark.parametrize("kind", ["truncated", "disconnect"])
async def test_a_server_that_hangs_up(box: Sandbox, caller: httpx.AsyncClient, kind: str) -> None:
    box.faults.set("bluesky", kind, times=1)
    with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
        await ask(caller, box, "bluesky")
    assert (await ask(caller, box, "bluesky")).status_code == 200


async def test_timeout_hangs_until_the_caller_gives_up(box: Sandbox, caller: httpx.AsyncClient) -> None:
    box.faults.set("github", "timeout", times=1)
    with pytest.raises(httpx.ReadTimeout):
        await caller.get(box.origin + ASKS["github"], timeout=0.05)
    assert (await ask(caller, box, "github")).status_code == 200


async def test_slow_and_latency_delay_by_what_was_asked(box: Sandbox, caller: httpx.AsyncClient) -> None:
    box.faults.set("bluesky", "slow", ms=40, times=1)
    start = time.perf_counter()
    assert (await ask(caller, box, "bluesky")).status_code == 200
    assert time.perf_counter() - start >= 0.04
    box.faults.latency("bluesky", 30)
    start = time.perf_counter()
    await asyncio.gather(*(ask(caller, box, "bluesky") for _ in range(3)))
    assert time.perf_counter() - start >= 0.03


async def test_drip_comes_byte_by_byte(box: Sandbox, caller: httpx.AsyncClient) -> None:
    box.faults.set("github", "drip", ms=1)
    pieces = 0
    async with caller.stream("GET", box.origin + ASKS["github"]) as answer:
        async for _ in answer.aiter_raw():
            pieces += 1
            if pieces == 10:
                break
    assert pieces == 10


async def test_huge_says_no_length_and_bomb_unpacks(box: Sandbox, caller: httpx.AsyncClient) -> None:
    box.faults.set("bluesky", "huge", times=1)
    answer = await ask(caller, box, "bluesky")
    assert "content-length" not in answer.headers
    assert len(answer.content) > HUGE_BYTES
    box.faults.set("bluesky", "bomb", times=1)
    async with caller.stream("GET", box.origin + ASKS["bluesky"]) as answer:
        assert int(answer.headers["content-length"]) < 100_000
        assert answer.headers["content-encoding"] == "gzip"


@pytest.mark.parametrize("network", NETWORKS)
async def test_redirects(box: Sandbox, caller: httpx.AsyncClient, network: str) -> None:
    box.faults.set(network, "redirect_private", times=1)
    answer = await ask(caller, box, network)
    assert answer.status_code == 302
    assert answer.headers["location"].startswith("http://169.254.169.254/")
    box.faults.set(network, "redirect_away", times=1)
    assert "elsewhere.example" in (await ask(caller, box, network)).headers["location"]
    box.faults.set(network, "redirect_loop", times=1)
    assert (await ask(caller, box, network)).headers["location"] == box.origin + ASKS[network]


PAGED = {
    "bluesky": ("/bluesky/xrpc/app.bsky.feed.getAuthorFeed?actor=glowguru.bsky.social&limit=20", "&cursor=x"),
    "mastodon": ("/mastodon/toot.example/api/v1/accounts/{id}/statuses?limit=20", "&max_id=1"),
    "github": ("/github/users/patchwork-pia/repos?per_page=20", "&page=3"),
}


@pytest.mark.parametrize("network", NETWORKS)
async def test_paging_faults(box: Sandbox, caller: httpx.AsyncClient, network: str) -> None:
    path, cursor = PAGED[network]
    account = box.world.find("mastodon", "mara@toot.example")
    assert account is not None
    first = box.origin + path.format(id=account.native_id)
    good = await caller.get(first)
    box.faults.set(network, "repeat_page")
    repeated = await caller.get(first + cursor)
    assert repeated.json() == good.json()
    assert repeated.headers.get("link", "").count("next") == good.headers.get("link", "").count("next")
    box.faults.clear(network)
    box.faults.set(network, "bad_cursor")
    assert (await caller.get(first)).status_code == 200
    assert (await caller.get(first + cursor)).status_code == 500


async def test_blueskys_own_faults(box: Sandbox, caller: httpx.AsyncClient) -> None:
    feed = box.origin + "/bluesky/xrpc/app.bsky.feed.getAuthorFeed?actor=mara.example"
    for kind, error in (("takedown", "AccountTakedown"), ("deactivated", "AccountDeactivated")):
        box.faults.set("bluesky", kind, handle="mara", times=2)
        assert (await ask(caller, box, "bluesky")).json()["error"] == error
        assert (await caller.get(feed)).json()["message"] == "Profile not found"
    box.faults.set("bluesky", "blocked", handle="mara.example", times=2)
    assert (await ask(caller, box, "bluesky")).status_code == 200
    assert (await caller.get(feed)).json()["error"] == "BlockedActor"
    box.faults.set("bluesky", "not_found", times=1)
    assert (await ask(caller, box, "bluesky")).json()["message"] == "Profile not found"
    box.faults.set("bluesky", "no_unauthenticated", times=1)
    assert (await ask(caller, box, "bluesky")).json()["labels"][0]["val"] == "!no-unauthenticated"


async def test_a_rename_keeps_the_did(box: Sandbox, caller: httpx.AsyncClient) -> None:
    did = (await ask(caller, box, "bluesky")).json()["did"]
    box.faults.set("bluesky", "renamed", handle="mara")
    assert (await ask(caller, box, "bluesky")).status_code == 400
    base = box.origin + "/bluesky/xrpc/app.bsky"
    renamed = (await caller.get(f"{base}.actor.getProfile?actor={did}")).json()
    assert (renamed["did"], renamed["handle"]) == (did, "renamed-mara.bsky.social")
    assert (await caller.get(f"{base}.feed.getAuthorFeed?actor={did}")).json()["feed"]


@pytest.mark.parametrize(
    ("kind", "status", "key", "value"),
    [
        ("suspended", 200, "suspended", True),
        ("limited", 200, "limited", True),
        ("negative", 200, "followers_count", -1),
        ("gone", 410, "error", "This account has been suspended"),
        ("not_found", 404, "error", "Record not found"),
        ("unauthorized", 401, "error", "This API requires an authenticated user"),
    ],
)
async def test_mastodons_own_faults(
    box: Sandbox, caller: httpx.AsyncClient, kind: str, status: int, key: str, value: object
) -> None:
    box.faults.set("mastodon", kind, handle="mara@toot.example")
    answer = await ask(caller, box, "mastodon")
    assert answer.status_code == status
    assert answer.json()[key] == value


async def test_a_move_by_fault(box: Sandbox, caller: httpx.AsyncClient) -> None:
    box.faults.set("mastodon", "moved", handle="mara")
    assert (await ask(caller, box, "mastodon")).json()["moved"]["username"] == "wander"


@pytest.mark.parametrize(
    ("kind", "status", "words"),
    [
        ("primary", 403, "rate limit exceeded"),
        ("secondary", 403, "secondary rate limit"),
        ("unauthorized", 401, "Bad credentials"),
        ("not_found", 404, "Not Found"),
        ("no_user_agent", 403, "administrative rules"),
        ("validation", 422, "Validation Failed"),
        ("legal", 451, "blocked"),
    ],
)
async def test_githubs_own_faults(box: Sandbox, caller: httpx.AsyncClient, kind: str, status: int, words: str) -> None:
    box.faults.set("github", kind, seconds=77)
    answer = await ask(caller, box, "github")
    assert answer.status_code == status
    assert words in answer.json()["message"]
    if kind == "secondary":
        assert answer.headers["retry-after"] == "77"
    if kind == "primary":
        assert answer.headers["x-ratelimit-remaining"] == "0"
        assert answer.headers["x-ratelimit-reset"] == str(int(box.clock.now().timestamp()) + 77)


async def test_a_fault_of_one_account_or_path_leaves_the_others_alone(box: Sandbox, caller: httpx.AsyncClient) -> None:
    base = box.origin + "/bluesky/xrpc/app.bsky"
    box.faults.set("bluesky", "500", handle="tiko.bsky.social")
    assert (await ask(caller, box, "bluesky")).status_code == 200
    assert (await caller.get(f"{base}.actor.getProfile?actor=tiko.bsky.social")).status_code == 500
    box.faults.clear()
    box.faults.set("bluesky", "503", path="getAuthorFeed")
    assert (await caller.get(f"{base}.feed.getAuthorFeed?actor=mara.example")).status_code == 503
    assert (await ask(caller, box, "bluesky")).status_code == 200


async def test_a_budget_runs_out_and_can_be_renewed(box: Sandbox, caller: httpx.AsyncClient) -> None:
    box.faults.budget("github", 2)
    assert [(await ask(caller, box, "github")).status_code for _ in range(3)] == [200, 200, 429]
    box.faults.clear("github")
    assert (await ask(caller, box, "github")).status_code == 200


def test_unknown_networks_and_kinds_are_named() -> None:
    faults = Faults()
    with pytest.raises(ValueError, match="bluesky, github, mastodon"):
        faults.set("blue", "500")
    with pytest.raises(ValueError, match="takedown"):
        faults.set("bluesky", "hiccup")
    with pytest.raises(ValueError, match="unknown fault"):
        faults.set("github", "takedown")


def test_every_kind_can_be_set_and_cleared() -> None:
    faults = Faults()
    for network in NETWORKS:
        for kind in COMMON | OWN[network]:
            faults.set(network, kind)
    faults.clear("bluesky")
    assert {fault.network for fault in faults.active()} == {"mastodon", "github"}
    faults.clear()
    assert faults.calm("github")


@pytest.mark.parametrize("network", NETWORKS)
async def test_no_fault_of_any_kind_breaks_the_sandbox_itself(
    box: Sandbox, caller: httpx.AsyncClient, network: str, caplog: pytest.LogCaptureFixture
) -> None:
    for kind in sorted((COMMON | OWN[network]) - {"timeout", "huge", "bomb", "truncated", "disconnect", "not_json"}):
        box.faults.set(network, kind, ms=0, times=1)
        answer = await ask(caller, box, network)
        if answer.headers.get("content-type", "").startswith("application/json") and answer.content:
            json.loads(answer.content)
    assert not caplog.records
    assert (await ask(caller, box, network)).status_code == 200
