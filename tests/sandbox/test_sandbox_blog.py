"""The pretend blogs, and the connector against them."""

from datetime import timedelta

import httpx
import pytest

from core.connectors.blog import MANIFEST, fetch
from core.connectors.http import HttpClient
from core.errors import NotFound, Private, RateLimited, SourceError, Suspended, Unavailable
from core.manifest import Target
from core.models import Snapshot
from sandbox.server import Sandbox
from tests.core.connectors.conformance import FixedClock

FEED = "https://mara.example/feed"


async def read(box: Sandbox, handle: str = FEED, http: HttpClient | None = None) -> Snapshot:
    own = http is None
    http = http or HttpClient(user_agent="Clout/test", retry_wait=0)
    now = box.clock.now()
    try:
        client = http.scoped(MANIFEST, base_url=box.url("blog"))
        return await fetch(Target(handle=handle), now - timedelta(days=91), client, FixedClock(now), {})
    finally:
        if own:
            await http.aclose()


async def test_three_formats_say_the_same(box: Sandbox) -> None:
    found = [await read(box, f"https://mara.example/{name}") for name in ("feed", "atom.xml", "feed.json")]
    ids = [[post.native_id for post in one.posts] for one in found]
    assert ids[0] == ids[1] == ids[2]
    assert len(ids[0]) == 15
    assert [post.replies for post in found[0].posts] == [post.replies for post in found[1].posts]
    assert all(post.replies is None for post in found[2].posts)
    assert found[0].profile.native_id == FEED
    assert found[0].profile.followers is None
    assert box.requests.count("blog") == 3


async def test_a_page_leads_to_its_feed(box: Sandbox) -> None:
    found = await read(box, "https://mara.example/")
    assert (found.profile.native_id, found.profile.handle) == (FEED, "https://mara.example/")
    assert box.requests.count("blog") == 2


async def test_an_unchanged_feed_is_not_sent_again(box: Sandbox, caller: httpx.AsyncClient) -> None:
    where = f"{box.origin}/blog/mara.example/feed"
    tag = (await caller.get(where)).headers["etag"]
    assert (await caller.get(where, headers={"if-none-match": tag})).status_code == 304


async def test_a_feed_that_is_known_is_asked_for_only_if_it_changed(box: Sandbox) -> None:
    http = HttpClient(user_agent="Clout/test", retry_wait=0)
    first = await read(box, http=http)
    again = await read(box, http=http)
    assert again.posts == first.posts
    last = box.requests.of("blog")[-1].headers
    assert last["if-none-match"]
    box.clock.advance(timedelta(days=2))
    later = await read(box, http=http)
    assert later.profile.fetched_at == box.clock.now()
    box.clock.advance(timedelta(days=20))
    assert (await read(box, http=http)).posts != first.posts
    await http.aclose()


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        ("not_found", NotFound),
        ("gone", Suspended),
        ("forbidden", Private),
        ("entities", Unavailable),
        ("500", Unavailable),
        ("html200", NotFound),
        ("not_json", Unavailable),
        ("empty", Unavailable),
    ],
)
async def test_each_trouble_has_its_error(box: Sandbox, kind: str, error: type[SourceError]) -> None:
    box.faults.set("blog", kind)
    with pytest.raises(error):
        await read(box)


@pytest.mark.parametrize("kind", ["429", "busy"])
async def test_a_busy_site_says_until_when(box: Sandbox, kind: str) -> None:
    box.faults.set("blog", kind, seconds=600)
    with pytest.raises(RateLimited) as caught:
        await read(box)
    assert caught.value.retry_at == box.clock.now() + timedelta(seconds=600)


async def test_a_broken_document_is_used_with_a_note(box: Sandbox) -> None:
    box.faults.set("blog", "not_well_formed")
    found = await read(box)
    assert len(found.posts) == 15
    assert "not well-formed" in found.notes[-1]
