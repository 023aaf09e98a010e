"""Mastodon against the sandbox's servers: the good, the difficult and the shut one, and every kind of bad weather."""

import asyncio
from collections import Counter
from datetime import timedelta

import pytest
from pydantic import SecretStr

from core.connectors.http import HttpClient
from core.connectors.mastodon import MANIFEST, fetch
from core.errors import (
    NotConfigured,
    NotFound,
    RateLimited,
    SourceAuthFailed,
    SourceChanged,
    SourceError,
    Suspended,
    Unavailable,
)
from core.manifest import Target
from core.models import Snapshot
from sandbox.server import Sandbox
from tests.core.connectors.conformance import FixedClock
from tests.core.connectors.sandboxed import NOW, SINCE

PIA = "pia@toot.example"


async def read(
    box: Sandbox, http: HttpClient, handle: str, *, seconds: float = 10, tokens: str = "", native_id: str | None = None
) -> Snapshot:
    deadline = asyncio.get_running_loop().time() + seconds
    client = http.scoped(MANIFEST, base_url=box.url("mastodon"), deadline=deadline)
    credentials = {"tokens": SecretStr(tokens)} if tokens else {}
    return await fetch(Target(handle=handle, native_id=native_id), SINCE, client, FixedClock(NOW), credentials)


async def test_the_good_server(box: Sandbox, http: HttpClient) -> None:
    found = await read(box, http, PIA)
    account = box.world.find("mastodon", PIA)
    assert account is not None
    assert found.profile.handle == PIA
    assert found.profile.native_id == f"{account.native_id}@toot.example"
    assert found.profile.followers == account.followers(NOW.timestamp())
    assert found.profile.links == found.profile.verified_links != ()
    assert found.complete_from == SINCE
    kinds = Counter(post.kind for post in found.posts)
    assert min(kinds["original"], kinds["reply"], kinds["repost"]) > 0
    assert all((post.likes is None) == (post.kind == "repost") for post in found.posts)
    assert len({post.native_id for post in found.posts}) == len(found.posts)


async def test_again_by_its_id_and_with_the_same_posts(box: Sandbox, http: HttpClient) -> None:
    first = await read(box, http, PIA)
    box.requests.clear()
    assert await read(box, http, PIA, native_id=first.profile.native_id) == first
    assert box.requests.count("mastodon", "lookup") == 0


async def test_the_difficult_server(box: Sandbox, http: HttpClient) -> None:
    found = await read(box, http, "oddny@odd.example")
    assert found.profile.handle == "oddny@odd.example"
    assert len(found.posts) == 20, "one page, over and over"
    assert found.complete_from == min(post.created_at for post in found.posts)
    assert box.requests.count("mastodon", "/statuses") == 2


async def test_the_server_that_wants_a_token(box: Sandbox, http: HttpClient) -> None:
    with pytest.raises(NotConfigured, match="this server wants a token"):
        await read(box, http, "hushed@shut.example")
    with pytest.raises(SourceAuthFailed):
        await read(box, http, "hushed@shut.example", tokens="shut.example=wrong")
    found = await read(box, http, "hushed@shut.example", tokens="shut.example=sandbox-token")
    assert found.posts
    box.requests.clear()
    await read(box, http, PIA, tokens="shut.example=sandbox-token")
    assert all("authorization" not in ask.headers for ask in box.requests.of("mastodon"))


@pytest.mark.parametrize("handle", ["mask@mask.example", "mask@toot.example"])
async def test_one_account_under_two_domains(box: Sandbox, http: HttpClient, handle: str) -> None:
    found = await read(box, http, handle)
    account = box.world.find("mastodon", "mask@toot.example")
    assert account is not None
    assert (found.profile.handle, found.profile.native_id) == (handle, f"{account.native_id}@toot.example")
    assert found.posts


async def test_an_account_that_moved(box: Sandbox, http: HttpClient) -> None:
    found = await read(box, http, "wander@toot.example")
    assert found.profile.handle == "wander@odd.example"
    assert found.profile.followers == 1_300
    assert any("has moved to @wander@odd.example" in note for note in found.notes)


@pytest.mark.parametrize("handle", ["shy@toot.example", "nobottle@toot.example"])
async def test_who_asks_not_to_be_indexed(box: Sandbox, http: HttpClient, handle: str) -> None:
    found = await read(box, http, handle)
    assert not found.profile.protected, "locked is not private"
    assert any("asks not to be indexed" in note for note in found.notes)


async def test_hostile_texts(box: Sandbox, http: HttpClient) -> None:
    found = await read(box, http, "hexed@toot.example")
    assert "\x1b" not in (found.profile.bio or "")
    assert all(link.startswith(("https://", "http://")) for link in found.profile.links)


@pytest.mark.parametrize("handle", ["nobody@toot.example", "nobody@odd.example", "nobody@mask.example"])
async def test_nobody(box: Sandbox, http: HttpClient, handle: str) -> None:
    with pytest.raises(NotFound):
        await read(box, http, handle)
    assert box.requests.count("mastodon") <= 3, "a slip of the pen is not worth more"


async def test_no_such_server(box: Sandbox, http: HttpClient) -> None:
    with pytest.raises(Unavailable, match=r"nowhere\.example"):
        await read(box, http, "x@nowhere.example")


async def test_a_suspended_account(box: Sandbox, http: HttpClient) -> None:
    with pytest.raises(Suspended):
        await read(box, http, "bannedbea@toot.example")


# --- bad weather ------------------------------------------------------------------------------------------------------

FAILS: list[tuple[str, type[SourceError]]] = [
    ("429", RateLimited),
    ("500", Unavailable),
    ("502", Unavailable),
    ("503", Unavailable),
    ("html", Unavailable),
    ("html200", Unavailable),
    ("disconnect", Unavailable),
    ("truncated", Unavailable),
    ("not_json", Unavailable),
    ("empty", Unavailable),
    ("changed", SourceChanged),
    ("huge", Unavailable),
    ("bomb", Unavailable),
    ("redirect_private", Unavailable),
    ("redirect_away", Unavailable),
    ("redirect_loop", Unavailable),
    ("suspended", Suspended),
    ("gone", Suspended),
    ("unauthorized", NotConfigured),
    ("not_found", NotFound),
]


@pytest.mark.parametrize("handle", [PIA, "eke@odd.example"])
@pytest.mark.parametrize(("kind", "error"), FAILS, ids=[kind for kind, _ in FAILS])
async def test_weather_that_ends_a_reading(
    box: Sandbox, http: HttpClient, kind: str, error: type[SourceError], handle: str
) -> None:
    box.faults.set("mastodon", kind)
    with pytest.raises(SourceError) as caught:
        await read(box, http, handle, seconds=5)
    assert type(caught.value) is error, caught.value
    assert caught.value.message.endswith(".")
    assert "127.0.0.1" not in caught.value.message


@pytest.mark.parametrize("kind", ["timeout", "drip", "slow"])
async def test_a_server_that_keeps_us_waiting_is_left_at_the_deadline(
    box: Sandbox, http: HttpClient, kind: str
) -> None:
    box.faults.set("mastodon", kind)
    loop = asyncio.get_running_loop()
    started = loop.time()
    with pytest.raises(Unavailable, match="in time"):
        await read(box, http, PIA, seconds=0.3)
    assert loop.time() - started < 1.5


@pytest.mark.parametrize("kind", ["negative", "odd_counts", "limited"])
async def test_weather_that_costs_counts_only(box: Sandbox, http: HttpClient, kind: str) -> None:
    box.faults.set("mastodon", kind, handle=PIA)
    found = await read(box, http, PIA)
    assert found.posts
    if kind == "negative":
        assert (found.profile.followers, found.profile.posts_total) == (None, None)


async def test_moved_by_a_fault(box: Sandbox, http: HttpClient) -> None:
    box.faults.set("mastodon", "moved", handle=PIA)
    assert (await read(box, http, PIA)).profile.handle == "wander@odd.example"


@pytest.mark.parametrize("kind", ["repeat_page", "bad_cursor"])
async def test_weather_among_the_pages(box: Sandbox, http: HttpClient, kind: str) -> None:
    box.faults.set("mastodon", kind)
    found = await read(box, http, PIA)
    assert len(found.posts) == 40
    assert found.complete_from == min(post.created_at for post in found.posts)


async def test_a_limit_says_until_when_on_both_servers(box: Sandbox, http: HttpClient) -> None:
    box.faults.set("mastodon", "429", seconds=240)
    for handle in (PIA, "eke@odd.example"):
        with pytest.raises(RateLimited) as caught:
            await read(box, http, handle)
        assert caught.value.retry_at == NOW + timedelta(seconds=240)
        assert handle.partition("@")[2] in caught.value.message


async def test_a_limit_without_a_reset_waits_a_minute(box: Sandbox, http: HttpClient) -> None:
    box.faults.set("mastodon", "429", reset=False)
    with pytest.raises(RateLimited) as caught:
        await read(box, http, PIA)
    assert caught.value.retry_at == NOW + timedelta(minutes=1)


async def test_a_passing_fault_is_tried_again(box: Sandbox, http: HttpClient) -> None:
    box.faults.set("mastodon", "503", times=1)
    assert (await read(box, http, PIA)).posts
