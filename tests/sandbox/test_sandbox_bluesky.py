import json
import re
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from sandbox.server import Sandbox

LEXICONS = Path(__file__).parents[2] / "../shared/data/networks/bluesky/spec/lexicons"
DID = re.compile(r"did:(plc:[a-z2-7]{24}|web:[a-z0-9.-]+)")
AT_URI = re.compile(r"at://did:(plc|web):[a-z0-9.-]+/[a-z][A-Za-z.]+/([2-7a-z]{13}|self)")
CID = re.compile(r"bafyrei[a-z2-7]{52}")


@pytest.fixture
async def xrpc(box: Sandbox) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=box.url("bluesky"), timeout=5, trust_env=False) as client:
        yield client


async def profile(xrpc: httpx.AsyncClient, actor: str) -> httpx.Response:
    return await xrpc.get("app.bsky.actor.getProfile", params={"actor": actor})


async def feed(xrpc: httpx.AsyncClient, actor: str, **params: Any) -> httpx.Response:
    return await xrpc.get("app.bsky.feed.getAuthorFeed", params={"actor": actor, "limit": 100, **params})


async def whole_feed(xrpc: httpx.AsyncClient, actor: str, limit: int = 100) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = []
    more: dict[str, Any] = {"limit": limit}
    while True:
        page = (await feed(xrpc, actor, **more)).json()
        items += page["feed"]
        if "cursor" not in page:
            return items
        more["cursor"] = page["cursor"]


# --- shapes against the published lexicons ---


class Lexicons:
    def __init__(self, folder: Path) -> None:
        docs = (json.loads(path.read_text("utf-8")) for path in folder.glob("*.json"))
        self.docs = {doc["id"]: doc["defs"] for doc in docs}

    def check(self, value: Any, schema: dict[str, Any], home: str, where: str) -> None:
        kind = schema["type"]
        if kind == "ref":
            self.check_ref(value, schema["ref"], home, where)
        elif kind == "union":
            full = [ref if not ref.startswith("#") else home + ref for ref in schema["refs"]]
            assert value["$type"] in full, where
            self.check_ref(value, value["$type"], home, where)
        elif kind == "object":
            assert isinstance(value, dict), where
            assert set(schema.get("required", ())) <= set(value), where
            for name, part in schema["properties"].items():
                if name in value:
                    self.check(value[name], part, home, f"{where}.{name}")
        elif kind == "array":
            assert isinstance(value, list), where
            for number, item in enumerate(value):
                self.check(item, schema["items"], home, f"{where}[{number}]")
        else:
            self.check_plain(value, schema, where)

    def check_ref(self, value: Any, ref: str, home: str, where: str) -> None:
        document, _, name = ref.partition("#")
        document = document or home
        if document in self.docs:  # the folder holds only what a reader needs
            self.check(value, self.docs[document][name or "main"], document, where)

    def check_plain(self, value: Any, schema: dict[str, Any], where: str) -> None:
        kinds = {"integer": int, "string": str, "boolean": bool}
        if schema["type"] in kinds:
            assert type(value) is kinds[schema["type"]], where
        assert len(str(value)) <= schema.get("maxLength", 10**9), where
        forms = {"did": DID, "at-uri": AT_URI, "cid": CID}
        if schema.get("format") in forms:
            assert forms[schema["format"]].fullmatch(value), f"{where}: {value}"
        if schema.get("format") == "datetime":
            assert datetime.fromisoformat(value).tzinfo is not None, where

    def answer(self, method: str, value: Any) -> None:
        self.check(value, self.docs[method]["main"]["output"]["schema"], method, method)

    def record(self, value: Any) -> None:
        self.check(value, self.docs["app.bsky.feed.post"]["main"]["record"], "app.bsky.feed.post", "record")


@pytest.mark.skipif(not LEXICONS.is_dir(), reason="the lexicons are not beside this checkout")
async def test_every_answer_fits_the_lexicons(box: Sandbox, xrpc: httpx.AsyncClient) -> None:
    lexicons = Lexicons(LEXICONS)
    for account in box.world.accounts("bluesky"):
        if account.quirks & {"takedown", "deactivated", "hostile"}:
            continue
        lexicons.answer("app.bsky.actor.getProfile", (await profile(xrpc, account.native_id)).json())
        page = (await feed(xrpc, account.native_id, limit=60)).json()
        lexicons.answer("app.bsky.feed.getAuthorFeed", page)
        for item in page["feed"]:
            lexicons.record(item["post"]["record"])
    answer = await xrpc.get("com.atproto.identity.resolveHandle", params={"handle": "mara.example"})
    lexicons.answer("com.atproto.identity.resolveHandle", answer.json())


# --- profiles ---


async def test_a_profile_by_handle_and_by_did_is_the_same(xrpc: httpx.AsyncClient) -> None:
    one = (await profile(xrpc, "GlowGuru.bsky.social")).json()
    assert one == (await profile(xrpc, one["did"])).json()
    assert one["followersCount"] > 9_900_000
    assert "https://toot.example/@glowguru" in one["description"]


@pytest.mark.parametrize("actor", ["nobody.example", "oldleaf.bsky.social", "did:plc:aaaaaaaaaaaaaaaaaaaaaaaa"])
async def test_unknown_and_renamed_actors_are_not_found(xrpc: httpx.AsyncClient, actor: str) -> None:
    answer = await profile(xrpc, actor)
    assert answer.status_code == 400
    assert answer.json() == {"error": "InvalidRequest", "message": "Profile not found"}


@pytest.mark.parametrize("actor", ["@glowguru.bsky.social", "glowguru", "", "a b.example"])
async def test_a_malformed_actor_is_another_invalid_request(xrpc: httpx.AsyncClient, actor: str) -> None:
    answer = await profile(xrpc, actor)
    assert answer.status_code == 400
    assert answer.json()["error"] == "InvalidRequest"
    assert answer.json()["message"] != "Profile not found"


@pytest.mark.parametrize(("slug", "error"), [("bannedbea", "AccountTakedown"), ("gonegus", "AccountDeactivated")])
async def test_accounts_that_are_gone(xrpc: httpx.AsyncClient, slug: str, error: str) -> None:
    assert (await profile(xrpc, f"{slug}.bsky.social")).json()["error"] == error
    assert (await feed(xrpc, f"{slug}.bsky.social")).json()["message"] == "Profile not found"


async def test_several_profiles_leave_out_the_unknown_and_refuse_26(xrpc: httpx.AsyncClient) -> None:
    wanted = ["glowguru.bsky.social", "nobody.example", "bannedbea.bsky.social", "mara.example"]
    answer = await xrpc.get("app.bsky.actor.getProfiles", params={"actors": wanted})
    assert [one["handle"] for one in answer.json()["profiles"]] == ["glowguru.bsky.social", "mara.example"]
    assert (await xrpc.get("app.bsky.actor.getProfiles", params={"actors": ["x.example"] * 26})).status_code == 400


async def test_the_shy_one_wears_the_label_and_is_answered_all_the_same(xrpc: httpx.AsyncClient) -> None:
    shy = (await profile(xrpc, "shy.bsky.social")).json()
    assert [label["val"] for label in shy["labels"]] == ["!no-unauthenticated"]
    assert (await feed(xrpc, "shy.bsky.social")).json()["feed"]


async def test_a_broken_verification_shows_as_handle_invalid(xrpc: httpx.AsyncClient) -> None:
    wonky = (await profile(xrpc, "wonky.example")).json()
    assert wonky["handle"] == "handle.invalid"
    assert (await profile(xrpc, wonky["did"])).json()["did"] == wonky["did"]
    assert (await profile(xrpc, "handle.invalid")).status_code == 400


async def test_the_hostile_profile_holds_what_it_promises(xrpc: httpx.AsyncClient) -> None:
    hexed = (await profile(xrpc, "hexed.bsky.social")).json()
    text = hexed["description"] + hexed["displayName"]
    for part in ("\x1b[31m", "\u202e", "@everyone", "<!channel>", "<script>", "\x00"):
        assert part in text
    assert len(text) >= 10_000


# --- feeds ---


@pytest.mark.parametrize("limit", ["0", "101", "-1", "many", "", "1e2", "٣"])
async def test_a_limit_out_of_range_is_refused(xrpc: httpx.AsyncClient, limit: str) -> None:
    assert (await feed(xrpc, "glowguru.bsky.social", limit=limit)).status_code == 400


@pytest.mark.parametrize("cursor", ["", "garbage", "2024-03-21T23:36:16.378Z", "AAAA", "%00"])
async def test_a_garbage_cursor_is_a_server_error(xrpc: httpx.AsyncClient, cursor: str) -> None:
    assert (await feed(xrpc, "glowguru.bsky.social", cursor=cursor)).status_code == 500


async def test_an_empty_account_has_an_empty_feed_without_cursor(xrpc: httpx.AsyncClient) -> None:
    assert (await feed(xrpc, "blank.bsky.social")).json() == {"feed": []}


@pytest.mark.parametrize("limit", [1, 7, 100])
async def test_pages_bring_every_post_once_whatever_their_size(xrpc: httpx.AsyncClient, limit: int) -> None:
    items = await whole_feed(xrpc, "sprout.bsky.social", limit)
    assert len({item["post"]["uri"] for item in items}) == len(items) == 4
    items = await whole_feed(xrpc, "wrenna.bsky.social", 100 if limit == 1 else limit)
    keys = [item["reason"]["uri"] if "reason" in item else item["post"]["uri"] for item in items]
    assert len(keys) == len(set(keys)) > 100


async def test_a_new_post_between_two_pages_shifts_nothing(box: Sandbox, xrpc: httpx.AsyncClient) -> None:
    first = (await feed(xrpc, "dailyfizz.example")).json()
    box.clock.advance(timedelta(hours=12))
    second = (await feed(xrpc, "dailyfizz.example", cursor=first["cursor"])).json()
    uris = [item["post"]["uri"] for page in (first, second) for item in page["feed"]]
    assert len(uris) == len(set(uris)) == 200


async def test_the_pin_comes_first_and_again_at_its_place(xrpc: httpx.AsyncClient) -> None:
    items = await whole_feed(xrpc, "mara.example")
    assert items[0]["reason"] == {"$type": "app.bsky.feed.defs#reasonPin"}
    assert items[0]["post"]["indexedAt"] < items[1]["post"]["indexedAt"]
    uri = items[0]["post"]["uri"]
    assert sum(item["post"]["uri"] == uri for item in items) == 2
    assert len((await feed(xrpc, "mara.example", limit=5)).json()["feed"]) == 5


async def test_reposts_carry_another_author_and_their_own_time(xrpc: httpx.AsyncClient) -> None:
    mine = (await profile(xrpc, "glowguru.bsky.social")).json()["did"]
    items = await whole_feed(xrpc, "glowguru.bsky.social")
    reposts = [item for item in items if item.get("reason", {}).get("$type", "").endswith("#reasonRepost")]
    assert reposts
    for item in reposts:
        assert item["post"]["author"]["did"] != mine
        assert item["reason"]["by"]["did"] == mine
        assert item["reason"]["indexedAt"] > item["post"]["indexedAt"]
    no_replies = (await feed(xrpc, "glowguru.bsky.social", filter="posts_no_replies")).json()["feed"]
    assert any("reason" in item and "by" in item["reason"] for item in no_replies)
    assert not any("reply" in item for item in no_replies)


async def test_threads_replies_and_quotes_can_be_told_apart(xrpc: httpx.AsyncClient) -> None:
    items = await whole_feed(xrpc, "glowguru.bsky.social")
    mine = items[0]["post"]["author"]["did"]
    parents = [item["post"]["record"]["reply"]["parent"]["uri"] for item in items if "reply" in item]
    assert any(f"at://{mine}/" in uri for uri in parents)
    assert any(f"at://{mine}/" not in uri for uri in parents)
    assert any(item.get("reply", {}).get("parent", {}).get("notFound") for item in items)
    assert any(item["post"].get("embed", {}).get("$type") == "app.bsky.embed.record#view" for item in items)


async def test_lying_dates_sort_first_and_the_index_tells_the_truth(box: Sandbox, xrpc: httpx.AsyncClient) -> None:
    items = await whole_feed(xrpc, "timewarp.bsky.social")
    now = box.clock.now()
    claimed = [datetime.fromisoformat(item["post"]["record"]["createdAt"]) for item in items]
    indexed = [datetime.fromisoformat(item["post"]["indexedAt"]) for item in items]
    assert claimed[0] > now
    assert min(claimed) < now - timedelta(days=800)
    assert max(indexed) <= now + timedelta(seconds=1)
    assert min(indexed) > now - timedelta(days=190)


async def test_older_answers_lack_counts(xrpc: httpx.AsyncClient) -> None:
    items = await whole_feed(xrpc, "vintage.bsky.social")
    assert all("quoteCount" not in item["post"] for item in items)
    assert any("replyCount" not in item["post"] for item in items)
    assert all("likeCount" in item["post"] for item in items)


async def test_a_deleted_post_is_gone_and_a_clock_turned_back_brings_it_again(
    box: Sandbox, xrpc: httpx.AsyncClient
) -> None:
    now = {item["post"]["uri"] for item in await whole_feed(xrpc, "eraser.bsky.social")}
    box.clock.advance(timedelta(days=-3))
    before = {item["post"]["uri"] for item in await whole_feed(xrpc, "eraser.bsky.social")}
    assert len(before - now) == 2


async def test_twelve_weeks_ago_the_api_shows_the_state_of_then(box: Sandbox, xrpc: httpx.AsyncClient) -> None:
    today = {item["post"]["uri"]: item["post"] for item in await whole_feed(xrpc, "nanette.bsky.social")}
    box.clock.advance(timedelta(weeks=-12))
    then = await whole_feed(xrpc, "nanette.bsky.social")
    assert 0 < len(then) < len(today)
    own = [item["post"] for item in then if "reason" not in item]
    assert all(datetime.fromisoformat(post["indexedAt"]) <= box.clock.now() for post in own)
    for post in own:
        assert today[post["uri"]]["likeCount"] >= post["likeCount"]


async def test_unknown_methods_and_posts_are_refused(xrpc: httpx.AsyncClient) -> None:
    assert (await xrpc.get("app.bsky.feed.searchPosts", params={"q": "x"})).status_code == 501
    assert (await xrpc.post("app.bsky.actor.getProfile")).status_code == 400


async def test_did_web_and_resolve_handle(xrpc: httpx.AsyncClient) -> None:
    answer = await xrpc.get("com.atproto.identity.resolveHandle", params={"handle": "lantern.example"})
    assert answer.json() == {"did": "did:web:lantern.example"}
    assert (await xrpc.get("com.atproto.identity.resolveHandle", params={"handle": "no.example"})).status_code == 400
