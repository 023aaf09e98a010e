"""What an X lookup costs: dollars before each request, and back what was not delivered."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from core.connectors.costs import Cost, Meter
from core.connectors.http import HttpClient
from core.connectors.x import MANIFEST, fetch, verify
from core.errors import NotFound, PaymentRequired, SourceAuthFailed, SourceError, Unavailable
from core.manifest import Target
from tests.core.connectors.conformance import FixedClock

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
TOKEN = "planted-0123456789"
USER = {"data": {"id": "900", "username": "boats"}}
NOBODY = {"errors": [{"type": "https://api.x.com/2/problems/resource-not-found", "title": "Not Found Error"}]}


def posts(many: int, first: int = 1_990_000_000_000_000_000) -> Mapping[str, Any]:
    return {
        "data": [{"id": str(first + n), "created_at": "2026-11-20T08:00:00Z"} for n in range(many)],
        "meta": {"result_count": many},
    }


async def spent(
    *answers: tuple[int, object], meter: Meter | None = None, days: int = 91, most: int = 100
) -> tuple[float, SourceError | None, int]:
    """Dollars that a lookup leaves counted, its error, and how many requests it made."""
    left, asked = list(answers), 0

    def answer(request: httpx.Request) -> httpx.Response:
        nonlocal asked
        asked += 1
        assert TOKEN not in str(request.url)
        status, body = left.pop(0)
        if status == 0:
            raise httpx.ReadTimeout("slow")
        return httpx.Response(status, content=json.dumps(body), headers={"content-type": "application/json"})

    http = HttpClient(user_agent="Clout/test", transport=httpx.MockTransport(answer), retry_wait=0)
    meter, error = meter or Meter(), None
    try:
        client = http.scoped(MANIFEST, meter=meter)
        keys = {"bearer_token": SecretStr(TOKEN), "posts": SecretStr(str(most))}
        await fetch(Target(handle="boats"), NOW - timedelta(days=days), client, FixedClock(NOW), keys)
    except SourceError as err:
        error = err
    finally:
        await http.aclose()
    assert TOKEN not in str(error) + repr(error)
    return round(meter.spent.get("usd", 0), 6), error, asked


@pytest.mark.parametrize(("many", "usd"), [(100, 0.51), (40, 0.21), (0, 0.01)])
async def test_only_what_came_is_paid(many: int, usd: float) -> None:
    assert await spent((200, USER), (200, posts(many))) == (usd, None, 2)


async def test_what_was_refused_is_not_paid() -> None:
    usd, error, _ = await spent((200, NOBODY))
    assert (usd, type(error)) == (0, NotFound)
    usd, error, _ = await spent((200, USER), (401, {"title": "Unauthorized"}))
    assert (usd, type(error)) == (0.01, SourceAuthFailed)


async def test_a_second_try_pays_once_and_a_lost_answer_stays_paid() -> None:
    assert (await spent((503, {}), (200, USER), (200, posts(2))))[0] == 0.02
    usd, error, _ = await spent((0, None), (0, None))
    assert (usd, type(error)) == (0.02, Unavailable)


async def test_nothing_is_asked_for_that_the_cap_does_not_hold() -> None:
    asked_for: list[Cost] = []

    async def refuse(cost: Cost) -> None:
        asked_for.append(dict(cost))
        raise PaymentRequired("x", "X: today's spending cap is reached.")

    usd, error, requests = await spent(meter=Meter({"usd": 0.01}, refuse))
    assert (usd, type(error), requests) == (0, PaymentRequired, 0)
    assert asked_for == [{"usd": pytest.approx(0.5)}]


async def test_a_read_of_what_is_new_sets_aside_what_its_first_page_can_cost() -> None:
    asked_for: list[float] = []

    async def once(cost: Cost) -> None:
        asked_for.extend([cost["usd"]] if "usd" in cost else [])
        if len(asked_for) > 1:
            error = PaymentRequired("x", "X: today's spending cap is reached.")
            error.ours = True
            raise error

    more = {**posts(34), "meta": {"result_count": 34, "next_token": "t2"}}
    found = await spent((200, USER), (200, more), meter=Meter({"usd": 0.01}, once), days=4)
    assert found == (0.18, None, 2), "what was paid for is kept, a page that the cap does not hold is left out"
    assert asked_for == [pytest.approx(0.17), pytest.approx(0.17)]


@pytest.mark.parametrize(("most", "pages"), [(6, [5]), (14, [5, 5]), (16, [6, 6]), (34, [12, 12, 10])])
async def test_no_more_is_read_than_the_operator_allows(most: int, pages: list[int]) -> None:
    more = [
        (200, {**posts(size, 100 * number + 1), "meta": {"result_count": size, "next_token": f"t{number}"}})
        for number, size in enumerate(pages)
    ]
    usd, error, asked = await spent((200, USER), *more, days=4, most=most)
    assert (usd, error, asked) == (pytest.approx(0.01 + 0.005 * sum(pages)), None, 1 + len(pages))


async def test_a_token_is_tried_for_nothing() -> None:
    told = {"data": {"cap_reset_day": 28, "project_cap": "50000000", "project_id": "1", "project_usage": "11174038"}}

    def answer(request: httpx.Request) -> httpx.Response:
        assert request.url.path == "/2/usage/tweets"
        return httpx.Response(200, json=told)

    http = HttpClient(user_agent="Clout/test", transport=httpx.MockTransport(answer))
    meter = Meter()
    client = http.scoped(MANIFEST, meter=meter)
    found = await verify(client, FixedClock(NOW), {"bearer_token": SecretStr(TOKEN)})
    await http.aclose()
    assert found.notes == ("X: 11,174,038 of 50,000,000 posts of this month are read.",)
    assert "usd" not in meter.spent
