"""Wikidata: what its answers mean, how it is asked, and what becomes of refusals and of damage."""

import json
import random
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from core import errors
from core.connectors.http import HttpClient
from core.connectors.wikidata import MANIFEST, entries
from core.errors import SourceError
from core.models import AccountName, Entry
from sandbox.faults import OWN
from sandbox.server import Sandbox
from tests.core.connectors.conformance import FixedClock

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
HERE = Path(__file__).parent / "answers_of_wikidata.json"
RECORDED = Path(__file__).parents[3] / "../shared/data/networks/wikipedia/recordings"
ANSWERS: Mapping[str, Any] = json.loads(HERE.read_text())
HIT = {"query": {"search": [{"ns": 0, "title": "Q100"}]}}
SOMEBODY = AccountName(network="instagram", name="paper.boats")


async def read(*answers: Any, accounts: tuple[AccountName, ...] = (SOMEBODY,)) -> tuple[Any, list[httpx.Request]]:
    asked: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        told = answers[min(len(asked), len(answers)) - 1]
        if not isinstance(told, dict) or "status" not in told:
            told = {"status": 200, "json": told}
        if "text" in told:
            return httpx.Response(told["status"], text=told["text"], headers=told.get("headers"))
        headers = {"content-type": "application/json", **told.get("headers", {})}
        return httpx.Response(told["status"], content=json.dumps(told["json"]).encode(), headers=headers)

    http = HttpClient(user_agent="Clout/test", transport=httpx.MockTransport(answer), retry_wait=0)
    try:
        return await entries(accounts, http.scoped(MANIFEST), FixedClock(NOW)), asked
    except SourceError as error:
        return error, asked
    finally:
        await http.aclose()


def named(entry: Entry) -> set[tuple[str, str]]:
    return {(account.network, account.name) for account in entry.accounts}


# --- what it says -----------------------------------------------------------------------------------------------------


async def test_an_item_names_accounts_of_today_and_none_on_x() -> None:
    found, asked = await read(HIT, ANSWERS["item"])
    (entry,) = found
    assert (entry.id, entry.name, entry.url) == ("Q100", "Paper Boats", "https://www.wikidata.org/wiki/Q100")
    assert named(entry) == {
        ("instagram", "Paper.Boats"),
        ("mastodon", "boats@pond.example"),
        ("youtube", "UCabcdefghijklmnopqrstuv"),
        ("linkedin", "company/paper-boats"),
        ("bluesky", "boats.example"),
    }
    search, items = (dict(request.url.params) for request in asked)
    assert search["srsearch"] == "haswbstatement:P2003=paper.boats"
    assert (search["maxlag"], items["maxlag"], items["ids"]) == ("5", "5", "Q100")
    assert all(request.headers["user-agent"].startswith("Clout/") for request in asked)


async def test_several_accounts_are_one_search_and_what_could_inject_is_left_out() -> None:
    accounts = (
        AccountName(network="mastodon", name="boats@pond.example"),
        AccountName(network="linkedin", name="company/paper-boats"),
        AccountName(network="x", name="boats"),
        AccountName(network="blog", name="https://boats.example"),
        AccountName(network="github", name="a|P31=Q5"),
        AccountName(network="github", name='a"b'),
        AccountName(network="github", name="a b"),
    )
    _, asked = await read(HIT, ANSWERS["item"], accounts=accounts)
    assert asked[0].url.params["srsearch"] == "haswbstatement:P4033=boats@pond.example|P4264=paper-boats"
    found, asked = await read(HIT, accounts=accounts[2:])
    assert (found, asked) == ((), [])


@pytest.mark.parametrize(
    ("answers", "requests"),
    [
        (({"query": {"search": []}},), 1),
        ((HIT, {"entities": {"Q100": {"id": "Q100", "missing": True}}}), 2),
        ((HIT, {"entities": {"Q100": {"id": "Q100"}}}), 2),
        (({"query": {"search": [{"title": "Talk:Q100"}, {"title": "Q1|Q2"}]}},), 1),
    ],
)
async def test_nothing_is_found(answers: tuple[Any, ...], requests: int) -> None:
    found, asked = await read(*answers)
    assert (found, len(asked)) == ((), requests)


async def test_an_item_that_no_longer_names_the_account_is_no_evidence() -> None:
    other = AccountName(network="instagram", name="former.boats")
    assert (await read(HIT, ANSWERS["item"], accounts=(other,)))[0] == ()


# --- refusals ---------------------------------------------------------------------------------------------------------

TABLE = {row["row"]: row for row in ANSWERS["refusals"]}


@pytest.mark.parametrize("row", TABLE)
async def test_a_refusal_is_what_it_is(row: str) -> None:
    told = TABLE[row]
    for answers in ((told["answer"],), (HIT, told["answer"])):
        error, _ = await read(*answers)
        assert type(error) is getattr(errors, told["error"])
        seconds = told.get("seconds")
        assert error.retry_at == (NOW + timedelta(seconds=seconds) if seconds is not None else None)
    assert "CLOUT_CONTACT" in error.message or told["error"] != "SourceAuthFailed"


FAULTS = (
    ("maxlag", "RateLimited", 90),
    ("ratelimited", "RateLimited", 90),
    ("429", "RateLimited", 90),
    ("readonly", "Unavailable", None),
    ("search_busy", "Unavailable", None),
    ("internal", "Unavailable", None),
    ("no_user_agent", "SourceAuthFailed", None),
    ("bad_request", "SourceChanged", None),
    ("500", "Unavailable", None),
    ("html200", "Unavailable", None),
    ("changed", "SourceChanged", None),
    ("truncated", "Unavailable", None),
)


async def test_each_fault_of_the_sandbox_says_the_same() -> None:
    tried = {kind for kind, _, _ in FAULTS}
    assert OWN["wikidata"] - tried == {"missing"}
    http = HttpClient(user_agent="Clout/test", retry_wait=0)
    async with Sandbox(start=NOW) as box:
        client = http.scoped(MANIFEST, base_url=box.url("wikidata"))
        account = AccountName(network="mastodon", name="MARA@toot.example")
        (entry,) = await entries((account,), client, FixedClock(NOW))
        assert {"bluesky", "mastodon", "instagram", "youtube"} <= {one.network for one in entry.accounts}
        assert box.requests.count("wikidata") == 2
        for kind, error, seconds in FAULTS:
            box.faults.clear()
            box.faults.set("wikidata", kind, seconds=90, handle="mara")
            with pytest.raises(SourceError) as caught:
                await entries((account,), client, FixedClock(NOW))
            assert type(caught.value) is getattr(errors, error), kind
            assert caught.value.retry_at == (NOW + timedelta(seconds=seconds) if seconds else None), kind
        box.faults.clear()
        box.faults.set("wikidata", "missing")
        assert await entries((account,), client, FixedClock(NOW)) == ()
        box.faults.clear()
        star = AccountName(network="bluesky", name="glowguru.bsky.social")
        (entry,) = await entries((star,), client, FixedClock(NOW))
        assert not {"x", "tiktok", "instagram"} & {one.network for one in entry.accounts}, "deprecated, ended, never X"
    await http.aclose()


# --- damage -----------------------------------------------------------------------------------------------------------

ODD: tuple[Any, ...] = (None, True, -1, 10**400, 1.5, "", "x" * 9_000, "\ud800", [], {}, [None], {"value": 3})


def damaged(rng: random.Random, value: Any) -> Any:
    if rng.random() < 0.02:
        return rng.choice(ODD)
    if isinstance(value, dict):
        return {key: damaged(rng, held) for key, held in value.items() if rng.random() > 0.03}
    if isinstance(value, list):
        return [damaged(rng, held) for held in value]
    return value


async def test_damaged_answers_give_entries_or_one_error() -> None:
    whole = 0
    for case in range(300):
        rng = random.Random(f"wikidata:{case}")
        hit = damaged(rng, HIT) if rng.random() < 0.3 else HIT
        body = json.dumps(damaged(rng, ANSWERS["item"])).encode()
        found, _ = await read(
            hit, {"status": 200, "text": body.decode(), "headers": {"content-type": "application/json"}}
        )
        assert isinstance(found, tuple | SourceError), case
        whole += isinstance(found, tuple)
    assert 60 < whole < 300


@pytest.mark.skipif(not RECORDED.is_dir(), reason="no recorded answers beside the project")
async def test_the_recorded_item() -> None:
    body = json.loads((RECORDED / "wikidata_Q328212_veronica_roth.json").read_text())["response"]["body"]
    account = AccountName(network="instagram", name="vrothbooks")
    found, _ = await read({"query": {"search": [{"title": "Q328212"}]}}, body, accounts=(account,))
    assert found[0].name == "Veronica Roth"
    assert ("instagram", "vrothbooks") in named(found[0])
    assert "x" not in {account.network for account in found[0].accounts}
