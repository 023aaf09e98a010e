import asyncio
import signal
import time
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from sandbox.server import Sandbox

START = datetime(2026, 3, 2, 12, tzinfo=UTC)
PROFILE = "app.bsky.actor.getProfile?actor=mara.example"


async def until_asked(box: Sandbox, times: int) -> None:
    for _ in range(1000):
        if box.requests.count() >= times:
            return
        await asyncio.sleep(0)


async def test_it_starts_quickly_and_leaves_nothing_behind(caplog: pytest.LogCaptureFixture) -> None:
    before = asyncio.all_tasks()
    handler = signal.getsignal(signal.SIGINT)
    begun = time.perf_counter()
    async with httpx.AsyncClient(trust_env=False) as client:
        async with Sandbox(start=START) as box:
            assert time.perf_counter() - begun < 0.3
            assert signal.getsignal(signal.SIGINT) is handler
            assert (await client.get(box.url("bluesky") + PROFILE)).status_code == 200
            box.faults.set("bluesky", "timeout")
            hanging = asyncio.create_task(client.get(box.url("bluesky") + PROFILE, timeout=30))
            await until_asked(box, 2)
            begun = time.perf_counter()
        assert time.perf_counter() - begun < 0.3
        with pytest.raises(httpx.TransportError):
            await hanging
    await asyncio.sleep(0)
    assert asyncio.all_tasks() == before
    assert not caplog.records


async def test_it_can_be_started_again() -> None:
    box = Sandbox(start=START)
    async with httpx.AsyncClient(trust_env=False) as client:
        for _ in range(2):
            async with box:
                assert (await client.get(box.url("bluesky") + PROFILE)).status_code == 200


async def test_settings_point_at_the_port(box: Sandbox) -> None:
    env = box.env()
    assert env["CLOUT_BLUESKY__BASE_URL"] == f"http://127.0.0.1:{box.port}/bluesky/xrpc/"
    assert env["CLOUT_MASTODON__BASE_URL"] == f"http://127.0.0.1:{box.port}/mastodon/{{instance}}/api/v1/"
    assert env["CLOUT_GITHUB__BASE_URL"] == f"http://127.0.0.1:{box.port}/github"


async def test_requests_are_noted_with_their_headers(box: Sandbox, caller: httpx.AsyncClient) -> None:
    await caller.get(box.url("bluesky") + PROFILE, headers={"user-agent": "Clout/test"})
    await caller.get(box.url("github") + "/users/robin")
    assert (box.requests.count(), box.requests.count("github")) == (2, 1)
    assert box.requests.paths("bluesky") == ["xrpc/" + PROFILE]
    assert box.requests.count("bluesky", "getProfile") == 1
    assert box.requests.of("bluesky")[0].headers["user-agent"] == "Clout/test"
    box.requests.clear()
    assert box.requests.count() == 0


async def test_the_express_lane_and_the_slow_lane_say_the_same(box: Sandbox, caller: httpx.AsyncClient) -> None:
    url = box.url("bluesky") + "app.bsky.feed.getAuthorFeed?actor=glowguru.bsky.social&limit=100"
    fast = await caller.get(url)
    box.faults.latency("bluesky", 1)
    slow = await caller.get(url)
    assert fast.content == slow.content
    assert set(fast.headers) == set(slow.headers)
    hundred = await asyncio.gather(*(caller.get(url) for _ in range(20)))
    assert all(answer.content == fast.content for answer in hundred)


async def test_requests_in_pieces_and_in_a_row_are_answered(box: Sandbox) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", box.port)
    request = f"GET /bluesky/xrpc/{PROFILE} HTTP/1.1\r\nhost: x\r\n\r\n".encode()
    writer.write(request[:25])
    await writer.drain()
    await asyncio.sleep(0.01)
    writer.write(request[25:] + request)
    for _ in range(2):
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
        assert b"mara.example" in await reader.readexactly(length)
    writer.close()
    await writer.wait_closed()


async def test_what_is_elsewhere_is_not_found(box: Sandbox, caller: httpx.AsyncClient) -> None:
    for path in ("/", "/nothing", "/_sandbox/nothing"):
        assert (await caller.get(box.origin + path)).status_code == 404


async def test_another_application_can_be_mounted(box: Sandbox, caller: httpx.AsyncClient) -> None:
    from starlette.responses import PlainTextResponse

    box.mount("chat", PlainTextResponse("hello"))
    assert (await caller.get(box.origin + "/chat/anything")).text == "hello"


async def test_the_clock_moves_over_http(box: Sandbox, caller: httpx.AsyncClient) -> None:
    url = box.origin + "/_sandbox/clock"
    moved = await caller.post(url, json={"advance": -3600})
    assert moved.json() == {"now": (START - timedelta(hours=1)).isoformat(), "running": False}
    await caller.post(url, json={"set": "2026-01-05T00:00:00Z"})
    assert box.clock.now() == datetime(2026, 1, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    "body", ["", "[]", "{}", '{"set": "soon"}', '{"set": "2026-01-01T00:00:00"}', '{"advance": {}}']
)
async def test_a_clock_that_makes_no_sense_is_refused(box: Sandbox, caller: httpx.AsyncClient, body: str) -> None:
    answer = await caller.post(box.origin + "/_sandbox/clock", content=body)
    assert answer.status_code == 400
    assert answer.json()["error"]
    assert box.clock.now() == START


async def test_faults_are_set_over_http(box: Sandbox, caller: httpx.AsyncClient) -> None:
    url = box.origin + "/_sandbox/faults"
    await caller.post(url, json={"network": "bluesky", "kind": "503", "times": 1})
    assert (await caller.get(box.url("bluesky") + PROFILE)).status_code == 503
    assert (await caller.get(box.url("bluesky") + PROFILE)).status_code == 200
    await caller.post(url, json={"network": "github", "budget": 0})
    assert (await caller.get(box.url("github") + "/users/robin")).status_code == 429
    assert (await caller.delete(url)).json() == {"active": []}
    assert (await caller.get(box.url("github") + "/users/robin")).status_code == 200
    await caller.post(url, json={"network": "github", "latency_ms": 1})
    assert box.faults.latency_ms("github") == 1
    refused = await caller.post(url, json={"network": "github", "kind": "hiccup"})
    assert refused.status_code == 400
    assert "hiccup" in refused.json()["error"]


async def test_creators_and_requests_are_listed_over_http(box: Sandbox, caller: httpx.AsyncClient) -> None:
    people = (await caller.get(box.origin + "/_sandbox/creators")).json()["creators"]
    glow = next(one for one in people if one["slug"] == "glowguru")
    assert {"network": "bluesky", "handle": "glowguru.bsky.social"} in glow["handles"]
    assert all(one["shows"] for one in people)
    await caller.get(box.url("bluesky") + PROFILE)
    assert (await caller.get(box.origin + "/_sandbox/requests")).json()["counts"]["bluesky"] == 1


def test_in_a_thread_for_programs_without_a_loop() -> None:
    with Sandbox.in_thread(start=START) as box:
        answer = httpx.get(box.url("bluesky") + PROFILE, trust_env=False)
        assert answer.json()["handle"] == "mara.example"
        port = box.port
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"http://127.0.0.1:{port}/", trust_env=False)


def test_a_port_in_use_is_an_error_at_once() -> None:
    with Sandbox.in_thread(start=START) as box, pytest.raises(OSError, match="in use"):  # noqa: SIM117
        with Sandbox.in_thread(start=START, port=box.port):
            pass


async def test_without_a_start_the_clock_runs_and_the_world_ends_today() -> None:
    async with Sandbox(crowd=2) as box:
        assert box.clock.running
        assert box.world.anchor_day <= box.clock.now().timestamp() < box.world.anchor_day + 2 * 86_400
        assert box.world.find("bluesky", "crowd-1.bsky.social") is not None
