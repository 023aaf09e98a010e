import json
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from sandbox.server import Sandbox

SPEC = Path(__file__).parents[2] / "../shared/data/networks/mastodon/spec/openapi_mastodon_trimmed.json"
BEARER = {"authorization": "Bearer sandbox-token"}


async def ask(caller: httpx.AsyncClient, box: Sandbox, host: str, path: str, **kwargs: Any) -> httpx.Response:
    return await caller.get(box.url("mastodon").replace("{instance}", host) + path, **kwargs)


async def lookup(caller: httpx.AsyncClient, box: Sandbox, acct: str, host: str = "toot.example") -> httpx.Response:
    return await ask(caller, box, host, "accounts/lookup", params={"acct": acct})


async def every_status(caller: httpx.AsyncClient, box: Sandbox, acct: str) -> list[dict[str, Any]]:
    key = (await lookup(caller, box, acct)).json()["id"]
    answer = await ask(caller, box, "toot.example", f"accounts/{key}/statuses", params={"limit": 40})
    found: list[dict[str, Any]] = answer.json()
    while "next" in answer.links:
        answer = await caller.get(answer.links["next"]["url"])
        found += answer.json()
    return found


async def test_lookup_by_name_by_address_and_by_id_agree(box: Sandbox, caller: httpx.AsyncClient) -> None:
    one = (await lookup(caller, box, "Mara")).json()
    assert one == (await lookup(caller, box, "mara@toot.example")).json()
    assert one == (await ask(caller, box, "toot.example", f"accounts/{one['id']}")).json()
    assert (one["acct"], one["username"]) == ("mara", "mara")
    assert one["created_at"].endswith("T00:00:00.000Z")


@pytest.mark.parametrize("acct", ["@mara", "@mara@toot.example", "nobody", "mara@odd.example", ""])
async def test_unknown_accounts_and_a_leading_at_are_not_found(
    box: Sandbox, caller: httpx.AsyncClient, acct: str
) -> None:
    answer = await lookup(caller, box, acct)
    assert answer.status_code == 404
    assert answer.json() == {"error": "Record not found"}


async def test_pages_hang_together_by_the_link_header(box: Sandbox, caller: httpx.AsyncClient) -> None:
    found = await every_status(caller, box, "mara")
    ids = [int(status["id"]) for status in found]
    assert ids == sorted(set(ids), reverse=True)
    assert len(ids) > 150


async def test_boosts_replies_threads_and_quotes(box: Sandbox, caller: httpx.AsyncClient) -> None:
    me = (await lookup(caller, box, "mara")).json()["id"]
    found = await every_status(caller, box, "mara")
    boosts = [status for status in found if status["reblog"]]
    assert boosts
    assert all(status["reblog"]["account"]["id"] != me for status in boosts)
    assert all(status["favourites_count"] == 0 for status in boosts)
    replies = [status for status in found if status["in_reply_to_id"]]
    assert replies
    assert all(status["in_reply_to_account_id"] != me for status in replies)
    key = (await lookup(caller, box, "mara")).json()["id"]
    wish = {"limit": 40, "exclude_reblogs": "true"}
    answer = await ask(caller, box, "toot.example", f"accounts/{key}/statuses", params=wish)
    assert not any(status["reblog"] for status in answer.json())
    assert "exclude_reblogs=true" in answer.links["next"]["url"]


@pytest.mark.skipif(not SPEC.is_file(), reason="the specification is not beside this checkout")
async def test_shapes_hold_what_the_specification_requires(box: Sandbox, caller: httpx.AsyncClient) -> None:
    schemas = json.loads(SPEC.read_text("utf-8"))["components"]["schemas"]
    for acct in ("mara", "glowguru", "blank", "shy"):
        assert set(schemas["Account"]["required"]) <= set((await lookup(caller, box, acct)).json())
        for status in await every_status(caller, box, acct):
            assert set(schemas["Status"]["required"]) <= set(status)
            assert datetime.fromisoformat(status["created_at"]).tzinfo is not None


async def test_the_difficult_server(box: Sandbox, caller: httpx.AsyncClient) -> None:
    missing = await lookup(caller, box, "oddny", "odd.example")
    assert missing.status_code == 404
    assert missing.headers["content-type"].startswith("text/html")
    one = (await ask(caller, box, "odd.example", "accounts/oddny")).json()
    found = (await ask(caller, box, "odd.example", "accounts/search", params={"q": "oddny"})).json()
    assert [account["id"] for account in found] == [one["id"]]
    assert not one["id"].isdigit()
    assert one["acct"] == "oddny@odd.example"
    assert one["last_status_at"] is None
    path = f"accounts/{one['id']}/statuses"
    first = await ask(caller, box, "odd.example", path, params={"limit": 40})
    again = await caller.get(first.links["next"]["url"])
    assert first.json() == again.json()
    assert len(first.json()) == 20
    assert "." not in first.json()[0]["created_at"]
    assert not any(status["reblog"] for status in first.json())


async def test_the_server_that_wants_a_token(box: Sandbox, caller: httpx.AsyncClient) -> None:
    assert (await lookup(caller, box, "hushed", "shut.example")).status_code == 401
    wrong = {"authorization": "Bearer nonsense"}
    answer = await ask(caller, box, "shut.example", "accounts/lookup?acct=hushed", headers=wrong)
    assert answer.json() == {"error": "The access token is invalid"}
    answer = await ask(caller, box, "shut.example", "accounts/lookup?acct=hushed", headers=BEARER)
    assert answer.json()["username"] == "hushed"
    made = await caller.post(
        f"{box.origin}/mastodon/shut.example/oauth/token", data={"grant_type": "client_credentials"}
    )
    assert made.json()["access_token"] == "sandbox-token"


async def test_webfinger_leads_from_the_address_domain_to_the_server(box: Sandbox, caller: httpx.AsyncClient) -> None:
    base = f"{box.origin}/mastodon/mask.example/.well-known/webfinger"
    answer = await caller.get(base, params={"resource": "acct:mask@mask.example"})
    hrefs = {link["rel"]: link["href"] for link in answer.json()["links"]}
    assert hrefs["self"] == "https://toot.example/users/mask"
    assert answer.json()["subject"] == "acct:mask@mask.example"
    assert (await caller.get(base, params={"resource": "acct:nobody@mask.example"})).status_code == 404
    html = await lookup(caller, box, "mask", "mask.example")
    assert html.status_code == 404
    assert (await lookup(caller, box, "mask@mask.example")).json()["username"] == "mask"


async def test_moved_suspended_noindex_and_nobot(box: Sandbox, caller: httpx.AsyncClient) -> None:
    assert (await lookup(caller, box, "wander")).json()["moved"]["acct"] == "wander@odd.example"
    banned = (await lookup(caller, box, "bannedbea")).json()
    assert banned["suspended"] is True
    assert banned["display_name"] == ""
    assert (await ask(caller, box, "toot.example", f"accounts/{banned['id']}/statuses")).json() == []
    shy = (await lookup(caller, box, "shy")).json()
    assert (shy["noindex"], shy["indexable"]) == (True, False)
    nell = (await lookup(caller, box, "nobottle")).json()
    assert "#nobot" in nell["note"]
    assert nell["locked"]


async def test_profile_links_are_verified_for_those_with_their_own_domain(
    box: Sandbox, caller: httpx.AsyncClient
) -> None:
    mara = (await lookup(caller, box, "mara")).json()["fields"]
    assert any("bsky.app/profile/mara.example" in one["value"] and one["verified_at"] for one in mara)
    glow = (await lookup(caller, box, "glowguru")).json()["fields"]
    assert glow
    assert all('rel="me' in one["value"] and one["verified_at"] is None for one in glow)


async def test_an_unknown_server_does_not_answer_sensibly(box: Sandbox, caller: httpx.AsyncClient) -> None:
    assert (await lookup(caller, box, "mara", "nowhere.example")).status_code == 503
