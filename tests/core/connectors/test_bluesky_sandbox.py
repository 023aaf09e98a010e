"""Bluesky against the sandbox: what the server counts is what we read, in every kind of weather."""

import asyncio
from datetime import timedelta

import pytest

from core.connectors.bluesky import MANIFEST, fetch
from core.connectors.http import HttpClient
from core.errors import NotFound, Private, RateLimited, SourceChanged, SourceError, Suspended, Unavailable
from core.manifest import Target
from core.models import Snapshot
from sandbox.server import Sandbox
from tests.core.connectors.conformance import FixedClock
from tests.core.connectors.sandboxed import NOW, SINCE

BEANCO = "beanco.bsky.social"


async def read(
    box: Sandbox, http: HttpClient, handle: str = BEANCO, *, seconds: float = 10, native_id: str | None = None
) -> Snapshot:
    deadline = asyncio.get_running_loop().time() + seconds
    client = http.scoped(MANIFEST, base_url=box.url("bluesky"), deadline=deadline)
    return await fetch(Target(handle=handle, native_id=native_id), SINCE, client, FixedClock(NOW), {})


async def test_every_count_is_the_servers_own(box: Sandbox, http: HttpClient) -> None:
    found = await read(box, http)
    client = http.scoped(MANIFEST, base_url=box.url("bluesky"))
    said: dict[str, dict[str, int]] = {}
    for path in box.requests.paths("bluesky", "getAuthorFeed"):
        for item in (await client.get(path.rpartition("/")[2])).json()["feed"]:  # type: ignore[index,call-overload]
            if item["post"]["author"]["did"] == found.profile.native_id:
                said[item["post"]["uri"]] = item["post"]
    own = [post for post in found.posts if post.kind != "repost"]
    assert len(own) > 20
    for post in own:
        counts = (post.likes, post.reposts, post.replies, post.quotes, post.saves)
        view = said[post.native_id]
        names = ("likeCount", "repostCount", "replyCount", "quoteCount", "bookmarkCount")
        assert counts == tuple(view[name] for name in names)
    account = box.world.find("bluesky", BEANCO)
    assert account is not None
    assert found.profile.followers == account.followers(NOW.timestamp())


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("takedown", Suspended),
        ("deactivated", Suspended),
        ("blocked", Private),
        ("no_unauthenticated", Private),
        ("not_found", NotFound),
        ("renamed", NotFound),
        ("500", Unavailable),
        ("502", Unavailable),
        ("503", Unavailable),
        ("html200", Unavailable),
        ("not_json", Unavailable),
        ("truncated", Unavailable),
        ("disconnect", Unavailable),
        ("changed", SourceChanged),
        ("empty", Unavailable),
        ("redirect_private", Unavailable),
        ("redirect_away", Unavailable),
        ("redirect_loop", Unavailable),
        ("huge", Unavailable),
        ("bomb", Unavailable),
    ],
)
async def test_every_kind_of_weather_is_one_typed_error(
    box: Sandbox, http: HttpClient, fault: str, error: type[SourceError]
) -> None:
    box.faults.set("bluesky", fault)
    with pytest.raises(SourceError) as caught:
        await read(box, http)
    assert type(caught.value) is error


@pytest.mark.parametrize("fault", ["timeout", "drip", "slow"])
async def test_a_server_that_takes_its_time_is_cut_off_at_the_deadline(
    box: Sandbox, http: HttpClient, fault: str
) -> None:
    box.faults.set("bluesky", fault)
    loop = asyncio.get_running_loop()
    start = loop.time()
    with pytest.raises(Unavailable, match="in time"):
        await read(box, http, seconds=0.2)
    assert loop.time() - start < 2


async def test_a_limit_says_until_when(box: Sandbox, http: HttpClient) -> None:
    box.faults.set("bluesky", "429", seconds=120)
    with pytest.raises(RateLimited) as caught:
        await read(box, http)
    assert caught.value.retry_at == NOW + timedelta(seconds=120)


async def test_a_limit_without_a_reset_is_a_minute(box: Sandbox, http: HttpClient) -> None:
    box.faults.set("bluesky", "429", reset=False)
    with pytest.raises(RateLimited) as caught:
        await read(box, http)
    assert caught.value.retry_at == NOW + timedelta(seconds=60)


async def test_pages_that_repeat_end_and_say_how_far_they_reach(box: Sandbox, http: HttpClient) -> None:
    whole = await read(box, http, "dailyfizz.example")
    box.faults.set("bluesky", "repeat_page")
    box.requests.clear()
    found = await read(box, http, "dailyfizz.example")
    assert box.requests.count("bluesky") <= 3
    assert 0 < len(found.posts) < len(whole.posts)
    assert found.complete_from == min(post.created_at for post in found.posts)


async def test_a_bad_cursor_keeps_what_was_read(box: Sandbox, http: HttpClient) -> None:
    box.faults.set("bluesky", "bad_cursor")
    found = await read(box, http, "dailyfizz.example")
    assert found.posts
    assert found.notes


async def test_the_clock_of_the_author_is_not_believed(box: Sandbox, http: HttpClient) -> None:
    found = await read(box, http, "timewarp.bsky.social")
    assert all(SINCE <= post.created_at <= NOW for post in found.posts)


async def test_a_rename_is_followed_by_the_did(box: Sandbox, http: HttpClient) -> None:
    first = await read(box, http, "newleaf.bsky.social")
    again = await read(box, http, "oldleaf.bsky.social", native_id=first.profile.native_id)
    assert again.profile.handle == "newleaf.bsky.social"
    with pytest.raises(NotFound):
        await read(box, http, "oldleaf.bsky.social")
