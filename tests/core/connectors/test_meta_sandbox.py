"""Instagram and Facebook against the sandbox: whole lookups, how many requests they take, and every kind of refusal."""

import asyncio
from datetime import timedelta

import pytest
from pydantic import SecretStr

from core import errors
from core.connectors import discover
from core.connectors.http import HttpClient
from core.errors import NotFound, RateLimited, SourceAuthFailed, SourceError
from core.manifest import Target, Verified
from core.models import Post, Snapshot
from sandbox.faults import OWN
from sandbox.server import KEYS, Sandbox
from sandbox.world import Account
from tests.core.connectors.conformance import FixedClock
from tests.core.connectors.sandboxed import NOW, SINCE

NETWORKS = ("facebook", "instagram")
STAR = {"instagram": "glow.guru", "facebook": "glowguru.page"}
BUSY = {"instagram": "daily.fizz", "facebook": "dailyfizz"}


def keys(network: str, **other: str) -> dict[str, SecretStr]:
    return {name: SecretStr(value) for name, value in ({**KEYS[network], **other}).items() if value}


async def read(
    box: Sandbox, http: HttpClient, network: str, handle: str, *, native_id: str | None = None, **other: str
) -> Snapshot:
    connector = discover()[network]
    assert connector.fetch is not None
    deadline = asyncio.get_running_loop().time() + 10
    client = http.scoped(connector.manifest, base_url=box.url(network), deadline=deadline)
    target = Target(handle=handle, native_id=native_id)
    return await connector.fetch(target, SINCE, client, FixedClock(box.clock.now()), keys(network, **other))


async def refused(box: Sandbox, http: HttpClient, network: str, **other: str) -> SourceError:
    with pytest.raises(SourceError) as caught:
        await read(box, http, network, STAR[network], **other)
    return caught.value


def account_of(box: Sandbox, network: str, handle: str) -> Account:
    account = box.world.find(network, handle)
    assert account is not None
    return account


def expected(account: Account) -> list[int]:
    """The likes of an account's posts in the window, newest first, straight from the world."""
    line, now = account.timeline, NOW.timestamp()
    seen = [index for index in line.visible(now)[::-1] if line.at[index] >= SINCE.timestamp()]
    return [account.view(int(index), now, deep=False).likes for index in seen]


# --- whole lookups ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("network", "requests"), [("instagram", 1), ("facebook", 3)])
async def test_a_star_in_as_few_requests_as_it_takes(
    box: Sandbox, http: HttpClient, network: str, requests: int
) -> None:
    found = await read(box, http, network, STAR[network])
    account = account_of(box, network, STAR[network])
    assert found.profile.handle == STAR[network]
    assert found.profile.followers == account.followers(NOW.timestamp())
    assert found.profile.avatar_url is None
    assert [post.likes for post in found.posts] == expected(account)
    assert (found.complete_from, found.notes) == (SINCE, ())
    assert box.requests.count(network) == requests


async def test_what_each_network_counts(box: Sandbox, http: HttpClient) -> None:
    def known(posts: tuple[Post, ...], name: str) -> int:
        return sum(getattr(post, name) is not None for post in posts)

    media = (await read(box, http, "instagram", STAR["instagram"])).posts
    assert 0 < known(media, "views") < len(media), "reels only"
    assert (known(media, "likes"), known(media, "replies"), known(media, "reposts")) == (len(media), len(media), 0)
    posts = (await read(box, http, "facebook", STAR["facebook"])).posts
    assert known(posts, "views") == 0
    assert known(posts, "likes") == known(posts, "replies") == known(posts, "reposts") == len(posts)
    shy = (await read(box, http, "instagram", "pebble.peck")).posts
    assert shy
    assert known(shy, "likes") == 0, "hidden likes are unknown"
    small = (await read(box, http, "facebook", "nanette.nook")).posts
    assert any(post.reposts == 0 for post in small), "nobody shared: zero"


async def test_many_posts_take_many_pages_and_the_guard_ends_them(box: Sandbox, http: HttpClient) -> None:
    media = await read(box, http, "instagram", BUSY["instagram"])
    assert [post.likes for post in media.posts] == expected(account_of(box, "instagram", BUSY["instagram"]))
    assert box.requests.count("instagram") == -(-len(media.posts) // 50)
    posts = await read(box, http, "facebook", BUSY["facebook"])
    assert len(posts.posts) == 250, "ten pages of 25"
    assert box.requests.count("facebook") == 11
    assert posts.complete_from == posts.posts[-1].created_at


async def test_the_token_never_stands_in_an_address_that_is_asked_for(box: Sandbox, http: HttpClient) -> None:
    for network in NETWORKS:
        await read(box, http, network, BUSY[network])
    for ask in box.requests.of():
        assert KEYS["facebook"]["access_token"] not in ask.query
        assert KEYS["facebook"]["app_secret"] not in ask.query
        assert "access_token" not in ask.query


@pytest.mark.parametrize(("network", "handle"), [("instagram", "emptyhall"), ("facebook", "emptyhall.page")])
async def test_an_account_without_posts(box: Sandbox, http: HttpClient, network: str, handle: str) -> None:
    found = await read(box, http, network, handle)
    assert (found.posts, found.complete_from) == ((), SINCE)


@pytest.mark.parametrize("network", NETWORKS)
async def test_again_by_its_id_and_with_the_same_posts(box: Sandbox, http: HttpClient, network: str) -> None:
    first = await read(box, http, network, STAR[network])
    assert await read(box, http, network, STAR[network], native_id=first.profile.native_id) == first


async def test_a_name_that_another_account_has_taken(box: Sandbox, http: HttpClient) -> None:
    with pytest.raises(NotFound, match="another account"):
        await read(box, http, "instagram", STAR["instagram"], native_id="17841400000000001")


@pytest.mark.parametrize("network", NETWORKS)
async def test_strangers_are_not_found(box: Sandbox, http: HttpClient, network: str) -> None:
    with pytest.raises(NotFound):
        await read(box, http, network, "nobody.here")
    with pytest.raises(NotFound):
        await read(box, http, network, "1234567890")


# --- keys -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("network", NETWORKS)
async def test_keys_are_tried_with_one_request(box: Sandbox, http: HttpClient, network: str) -> None:
    connector = discover()[network]
    assert connector.verify is not None
    client = http.scoped(connector.manifest, base_url=box.url(network))
    told = await connector.verify(client, FixedClock(NOW), keys(network))
    assert isinstance(told, Verified)
    assert told.whose in ("@sandbox.team", "Sandbox App")
    assert box.requests.count(network) == 1
    for wrong in ({"access_token": "nonsense"}, {"app_secret": "nonsense"}):
        with pytest.raises(SourceAuthFailed):
            await connector.verify(client, FixedClock(NOW), keys(network, **wrong))


async def test_pages_of_others_want_signed_calls(box: Sandbox, http: HttpClient) -> None:
    error = await refused(box, http, "facebook", app_secret="")
    assert isinstance(error, SourceAuthFailed)
    assert "Page Public Content Access" in error.message
    assert isinstance(await refused(box, http, "facebook", app_secret="wrong"), SourceAuthFailed)
    assert (await read(box, http, "instagram", STAR["instagram"], app_secret="")).posts


# --- refusals ---------------------------------------------------------------------------------------------------------

MEANS = {  # beside the rows of Meta's own table, which test_error_tables.py holds against the sandbox
    "own_id_of_a_page": "SourceAuthFailed",
    "limit_200": "RateLimited",
    "429": "RateLimited",
    "web_page_400": "Unavailable",
    "html": "Unavailable",
    "html200": "Unavailable",
    "truncated": "Unavailable",
    "redirect_away": "Unavailable",
    "plain_400": "SourceChanged",
    "changed": "SourceChanged",
    "not_a_page": "NotFound",
    "merged": "NotFound",
}
CASES = [
    (network, kind)
    for network in NETWORKS
    for kind in MEANS
    if kind in OWN[network] or kind not in OWN["instagram"] | OWN["facebook"]
]


@pytest.mark.parametrize(("network", "kind"), CASES)
async def test_a_refusal_is_what_it_is(box: Sandbox, http: HttpClient, network: str, kind: str) -> None:
    box.faults.set(network, kind, seconds=900)
    error = await refused(box, http, network)
    assert type(error) is getattr(errors, MEANS[kind])
    if isinstance(error, RateLimited):
        minutes = 5 if kind == "limit_200" else 15
        assert error.retry_at == NOW + timedelta(minutes=minutes)


@pytest.mark.parametrize("network", NETWORKS)
async def test_a_limit_that_does_not_say_how_long(box: Sandbox, http: HttpClient, network: str) -> None:
    box.faults.set(network, "429", reset=False)
    assert (await refused(box, http, network)).retry_at == NOW + timedelta(minutes=5)


async def test_code_100_with_33_is_the_page_on_facebook_and_our_own_account_on_instagram(
    box: Sandbox, http: HttpClient
) -> None:
    for network, meaning in (("facebook", NotFound), ("instagram", SourceAuthFailed)):
        box.faults.set(network, "missing_object")
        assert type(await refused(box, http, network)) is meaning


@pytest.mark.parametrize("network", NETWORKS)
async def test_a_field_that_vanished_is_left_out_with_a_note(box: Sandbox, http: HttpClient, network: str) -> None:
    whole = await read(box, http, network, STAR[network])
    box.faults.set(network, "no_field")
    found = await read(box, http, network, STAR[network])
    assert len(found.posts) == len(whole.posts)
    assert len(found.notes) == 1
    assert "left out" in found.notes[0]
    assert {post.views for post in found.posts} == {None}


@pytest.mark.parametrize("network", NETWORKS)
async def test_a_token_that_ends_in_the_middle(box: Sandbox, http: HttpClient, network: str) -> None:
    box.faults.set(network, "expires_late")
    with pytest.raises(SourceAuthFailed, match="expired"):
        await read(box, http, network, BUSY[network])
    assert box.requests.count(network) == {"instagram": 2, "facebook": 3}[network]


@pytest.mark.parametrize("network", NETWORKS)
async def test_high_usage_ends_with_this_lookup(box: Sandbox, http: HttpClient, network: str) -> None:
    box.faults.set(network, "high_usage")
    assert (await read(box, http, network, STAR[network])).posts
    asked = box.requests.count(network)
    error = await refused(box, http, network)
    assert isinstance(error, RateLimited)
    assert error.ours
    assert box.requests.count(network) == asked
    box.faults.clear()
    box.clock.advance(timedelta(minutes=5))
    assert (await read(box, http, network, STAR[network])).posts


@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("kind", ["repeat_page", "bad_cursor", "odd_counts"])
async def test_pages_that_repeat_or_break_keep_what_was_read(
    box: Sandbox, http: HttpClient, network: str, kind: str
) -> None:
    box.faults.set(network, kind)
    found = await read(box, http, network, BUSY[network])
    assert len(found.posts) >= 25
    if kind != "odd_counts":
        assert found.complete_from == found.posts[-1].created_at, "no more than was read"
