from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.meta import OWN_ID, TOKEN, Facebook, Instagram
from sandbox.meta_fields import Wanted, wanted
from sandbox.meta_owner import CLIENT_ID
from sandbox.meta_values import APP_SECRET, proof
from sandbox.server import Sandbox

BEARER = {"authorization": f"Bearer {TOKEN}"}
MEDIA = "id,like_count,comments_count,view_count,media_product_type,permalink,timestamp"
POSTS = "id,created_time,shares,comments.filter(stream).limit(0).summary(true),reactions.limit(0).summary(total_count)"


async def discover(caller: httpx.AsyncClient, box: Sandbox, inner: str, name: str = "daily.fizz") -> httpx.Response:
    params = {"fields": f"business_discovery.username({name}){{{inner}}}"}
    return await caller.get(f"{box.url('instagram')}{OWN_ID}", params=params, headers=BEARER)


async def pages(caller: httpx.AsyncClient, box: Sandbox, path: str, **params: Any) -> httpx.Response:
    params = {"appsecret_proof": proof(TOKEN), **params}
    return await caller.get(box.url("facebook") + path, params=params, headers=BEARER)


def told(answer: httpx.Response) -> tuple[int, int, int | None]:
    error = answer.json()["error"]
    return answer.status_code, error["code"], error.get("error_subcode")


# --- field expressions ------------------------------------------------------------------------------------------------


def test_a_field_expression_is_read() -> None:
    (one, two) = wanted("id, media.after(x=).limit(2){id,like_count}")
    assert one == Wanted("id")
    assert two == Wanted("media", {"after": "x=", "limit": "2"}, (Wanted("id"), Wanted("like_count")))


@pytest.mark.parametrize(
    "text", ["", ",", "id,", "id{", "id{}", "id{a", "id}", "id.limit", "id.limit()x", "a b", "1", "é"]
)
def test_an_expression_that_breaks_off_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        wanted(text)


@given(st.text(alphabet="ab.,(){}1 ", max_size=30))
def test_no_expression_is_too_odd(text: str) -> None:
    with suppress(ValueError):
        assert all(one.name for one in wanted(text))


# --- Instagram --------------------------------------------------------------------------------------------------------


async def test_only_what_was_asked_for_is_answered(box: Sandbox, caller: httpx.AsyncClient) -> None:
    found = (await discover(caller, box, "followers_count,username")).json()
    assert set(found) == {"business_discovery", "id"}
    assert set(found["business_discovery"]) == {"id", "followers_count", "username"}


async def test_media_come_in_pages_newest_first(box: Sandbox, caller: httpx.AsyncClient) -> None:
    media: list[dict[str, Any]] = []
    after = ""
    while True:
        answer = await discover(caller, box, f"media{after}.limit(40){{{MEDIA}}}")
        page = answer.json()["business_discovery"]["media"]
        media += page["data"]
        cursor = page["paging"]["cursors"].get("after")
        if cursor is None:
            break
        after = f".after({cursor})"
    stamps = [datetime.strptime(one["timestamp"], "%Y-%m-%dT%H:%M:%S%z") for one in media]
    assert stamps == sorted(stamps, reverse=True)
    assert len({one["id"] for one in media}) == len(media) > 100
    assert all(("view_count" in one) == (one["media_product_type"] == "REELS") for one in media)
    assert stamps[0] <= box.clock.now()


async def test_likes_grow_and_hidden_ones_are_left_out(box: Sandbox, caller: httpx.AsyncClient) -> None:
    async def likes(name: str) -> dict[str, int]:
        found = (await discover(caller, box, f"media.limit(100){{{MEDIA}}}", name)).json()
        return {
            one["id"]: one["like_count"] for one in found["business_discovery"]["media"]["data"] if "like_count" in one
        }

    before = await likes("glow.guru")
    box.clock.advance(timedelta(days=3))
    after = await likes("glow.guru")
    assert all(after[key] >= count for key, count in before.items() if key in after)
    assert await likes("pebble.peck") == {}


@pytest.mark.parametrize("name", ["nobody", "", "1000000000"])
async def test_the_unknown_and_the_personal_are_one_answer(box: Sandbox, caller: httpx.AsyncClient, name: str) -> None:
    assert told(await discover(caller, box, "id", name)) == (400, 110, 2207013)


async def test_an_expression_that_cannot_be_read_is_refused(box: Sandbox, caller: httpx.AsyncClient) -> None:
    assert told(await discover(caller, box, "id,media.after(x).limit(2){id}"))[:2] == (400, 2500)
    assert told(await discover(caller, box, "id", "x){id}"))[:2] == (400, 2500)


async def test_only_our_own_account_may_ask(box: Sandbox, caller: httpx.AsyncClient) -> None:
    own = await caller.get(f"{box.url('instagram')}v25.0/{OWN_ID}?fields=id,username", headers=BEARER)
    assert own.json() == {"id": OWN_ID, "username": "sandbox.team"}
    other = await caller.get(f"{box.url('instagram')}17841400000009999?fields=id", headers=BEARER)
    assert told(other) == (400, 100, 33)


# --- Facebook ---------------------------------------------------------------------------------------------------------


async def test_a_page_by_name_and_by_number(box: Sandbox, caller: httpx.AsyncClient) -> None:
    one = (await pages(caller, box, "v25.0/GlowGuru.Page", fields="id,name,username,followers_count")).json()
    assert (one["name"], one["username"]) == ("Glow Guru", "glowguru.page")
    assert one == (await pages(caller, box, one["id"], fields="id,name,username,followers_count")).json()
    assert told(await pages(caller, box, "nobody.here")) == (404, 803, None)
    assert told(await pages(caller, box, "99999")) == (400, 100, 33)


async def test_posts_come_in_pages_and_the_next_address_carries_the_token(
    box: Sandbox, caller: httpx.AsyncClient
) -> None:
    since = int((box.clock.now() - timedelta(days=91)).timestamp())
    answer = (await pages(caller, box, "glowguru.page/posts", fields=POSTS, since=since)).json()
    found = answer["data"]
    assert TOKEN in parse_qs(urlsplit(answer["paging"]["next"]).query)["access_token"]
    while "next" in answer["paging"]:
        answer = (await caller.get(answer["paging"]["next"])).json()
        found += answer["data"]
    assert "after" in answer["paging"]["cursors"], "there on the last page as well"
    assert len({one["id"] for one in found}) == len(found) > 25
    assert all(set(one) <= {"id", "created_time", "shares", "comments", "reactions"} for one in found)


async def test_shares_are_left_out_when_there_are_none(box: Sandbox, caller: httpx.AsyncClient) -> None:
    found = (await pages(caller, box, "nanette.nook/posts", fields=POSTS, limit=100)).json()["data"]
    assert {"shares" in one for one in found} == {True, False}
    assert all(one["shares"]["count"] > 0 for one in found if "shares" in one)


async def test_pages_want_signed_calls_and_the_right_token(box: Sandbox, caller: httpx.AsyncClient) -> None:
    url = f"{box.url('facebook')}glowguru.page"
    assert told(await caller.get(url, headers=BEARER))[:2] == (400, 100)
    assert told(await pages(caller, box, "glowguru.page", appsecret_proof="0" * 64))[:2] == (400, 100)
    assert told(await caller.get(url, headers={"authorization": "Bearer other"}))[:2] == (401, 190)
    assert (await caller.get(url, params={"access_token": TOKEN, "appsecret_proof": proof(TOKEN)})).status_code == 200


async def test_usage_is_told_in_per_cent(box: Sandbox, caller: httpx.AsyncClient) -> None:
    assert '"call_count": 1' in (await pages(caller, box, "app")).headers["x-app-usage"]
    box.faults.budget("facebook", 10, seconds=600)
    assert '"call_count": 91' in (await pages(caller, box, "app")).headers["x-app-usage"]
    box.faults.budget("facebook", 0, seconds=600)
    limited = await pages(caller, box, "app")
    assert told(limited)[:2] == (400, 80001)
    assert '"estimated_time_to_regain_access": 10' in limited.headers["x-business-use-case-usage"]


def test_the_keys_are_what_the_pretend_networks_take(box: Sandbox) -> None:
    assert Instagram.keys == {"access_token": TOKEN, "user_id": OWN_ID}
    assert Facebook.keys == {"access_token": TOKEN, "app_secret": APP_SECRET}
    names = {"ACCESS_TOKEN": TOKEN, "APP_SECRET": APP_SECRET, "APP_ID": CLIENT_ID}
    assert box.keys("facebook") == {f"CLOUT_FACEBOOK__{name}": value for name, value in names.items()}
