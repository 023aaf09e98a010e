"""Meta's Graph API beyond what one fixture can show: the pause, usage headers, keys tried, and tokens in no log."""

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from core.connectors import discover, facebook
from core.connectors.answers import Answer
from core.connectors.base import Asked
from core.connectors.facebook import POSTS
from core.connectors.graph import GraphError, refusal, usage
from core.connectors.http import HttpClient
from core.errors import (
    NotConfigured,
    NotFound,
    RateLimited,
    SourceAuthFailed,
    SourceChanged,
    SourceError,
    TokenExpired,
    Unavailable,
)
from core.manifest import Target
from core.models import Snapshot
from tests.core.connectors import conformance

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
TOKEN = "EAABplanted-token-0123456789"
APP_SECRET = "planted-app-secret"
OWN_ID = "17841400000000020"
KEYS = {"access_token": TOKEN, "app_secret": APP_SECRET, "user_id": OWN_ID}
NETWORKS = ("facebook", "instagram")
PAGE = {"id": "100200300400", "name": "Glow Guru", "username": "glowguru.page", "followers_count": 7}
PROFILE = {"id": "17841400000001001", "username": "glow.guru", "media": {"data": []}}
GOOD: Mapping[str, Any] = {
    "instagram": {"business_discovery": PROFILE, "id": OWN_ID},
    "facebook": {**PAGE, "data": []},  # as good for a Page as for its posts
}


@dataclass
class Clock:
    moment: datetime = NOW

    def now(self) -> datetime:
        return self.moment


@dataclass
class Meta:
    """Answers every request alike until it is told otherwise; lookups share one client, as in a process."""

    network: str
    clock: Clock = field(default_factory=Clock)
    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    asked: list[httpx.Request] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.http = HttpClient(user_agent="Clout/test", transport=httpx.MockTransport(self.answer), retry_wait=0)

    def answer(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        body = GOOD[self.network] if self.body is None else self.body
        return httpx.Response(self.status, headers=self.headers, json=body)

    def refuse(self, code: int | None, *, minutes: int = 0) -> None:
        self.status, self.body = (400, {"error": {"code": code}}) if code else (200, None)
        entry = {"type": "pages", "call_count": 100, "estimated_time_to_regain_access": minutes}
        self.headers = {"x-business-use-case-usage": json.dumps({"1": [entry]})} if minutes else {}

    async def look(self, token: str = TOKEN, handle: str = "") -> Snapshot | SourceError:
        connector = discover()[self.network]
        assert connector.fetch is not None
        keys = {name: SecretStr(value) for name, value in (KEYS | {"access_token": token}).items()}
        target = Target(handle=handle or connector.manifest.handles.example)
        client = self.http.scoped(connector.manifest)
        try:
            return await connector.fetch(target, self.clock.now() - timedelta(days=91), client, self.clock, keys)
        except SourceError as error:
            return error

    async def until(self) -> timedelta:
        """How long the refusal of a lookup says to wait."""
        outcome = await self.look()
        assert isinstance(outcome, RateLimited)
        assert outcome.retry_at is not None
        return outcome.retry_at - self.clock.now()


def minutes(number: float) -> timedelta:
    return timedelta(minutes=number)


# --- the pause --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("network", NETWORKS)
async def test_refusals_in_a_row_double_the_pause_up_to_an_hour(network: str) -> None:
    meta = Meta(network)
    meta.refuse(4)
    waits = []
    for _ in range(6):
        waits.append(await meta.until())
        meta.clock.moment += waits[-1]
    assert waits == [minutes(n) for n in (5, 10, 20, 40, 60, 60)]
    meta.clock.moment += timedelta(hours=3)
    assert await meta.until() == minutes(5), "long ago counts no more"


@pytest.mark.parametrize("network", NETWORKS)
async def test_while_it_rests_nothing_is_asked(network: str) -> None:
    meta = Meta(network)
    meta.refuse(32, minutes=25)
    assert await meta.until() == minutes(25)
    meta.refuse(None)
    sent = len(meta.asked)
    meta.clock.moment += minutes(24)
    refused = await meta.look()
    assert isinstance(refused, RateLimited)
    assert refused.ours, "nothing was learnt of the account"
    assert refused.retry_at == meta.clock.now() + minutes(1)
    assert len(meta.asked) == sent
    meta.clock.moment += minutes(1)
    assert isinstance(await meta.look(), Snapshot)


@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("x-app-usage", {"call_count": 28, "total_cputime": 81, "total_time": 12}),
        ("x-page-usage", {"call_count": 99}),
        ("x-business-use-case-usage", {"1": [{"call_count": 1}], "2": [{"type": "pages", "total_time": 100}]}),
    ],
)
async def test_above_80_per_cent_a_lookup_is_finished_and_no_new_one_begins(
    network: str, header: str, value: object
) -> None:
    meta = Meta(network)
    meta.headers = {header: json.dumps(value)}
    assert isinstance(await meta.look(), Snapshot)
    assert await meta.until() == minutes(5)
    assert isinstance(await meta.look("EAABanother"), Snapshot), "another token has its own allowance"


@pytest.mark.parametrize("told", ['{"call_count":80}', "", "{", "[]", '{"call_count":"many"}', '{"call_count":NaN}'])
async def test_up_to_80_per_cent_and_unreadable_figures_are_no_pause(told: str) -> None:
    meta = Meta("facebook")
    meta.headers = {"x-app-usage": told}
    assert isinstance(await meta.look(), Snapshot)
    assert isinstance(await meta.look(), Snapshot)


def test_usage_is_the_highest_figure_of_all() -> None:
    entries = {"1": [{"call_count": 3, "total_time": "41.5"}], "2": [{"estimated_time_to_regain_access": 500}]}
    told = {"x-business-use-case-usage": json.dumps(entries), "x-app-usage": '{"call_count": 40}'}
    assert usage(told) == 41.5
    assert usage({}) == 0
    assert usage({"x-app-usage": '{"call_count": 1}, {"call_count": 91}'}) == 91, "one header that came twice"


@given(st.recursive(st.none() | st.floats() | st.integers() | st.text(max_size=5), lambda x: st.lists(x, max_size=3)))
def test_no_usage_header_is_too_odd(value: object) -> None:
    told = {"call_count": value, "total_time": [value]}
    headers = {"x-app-usage": json.dumps(told), "x-business-use-case-usage": json.dumps({"1": [told, value]})}
    assert usage(headers) >= 0


# --- the table, as far as a fetch does not reach it -------------------------------------------------------------------


def refused(error: object, *, owned: bool = False, status: int = 400, kind: str = "application/json") -> object:
    answer = Answer(status, {"content-type": kind}, json.dumps({"error": error}).encode(), "https://graph.example/x")
    return refusal(facebook.MANIFEST, answer, Asked(handle="x", now=NOW, owned=owned), _nothing_own)


def _nothing_own(error: GraphError, asked: Asked) -> SourceError | None:
    return None


@pytest.mark.parametrize("subcode", [None, 458, 459, 460, 463, 464, 467])
def test_a_creators_own_token_is_the_creators_to_renew(subcode: int | None) -> None:
    error = {"code": 190, "error_subcode": subcode}
    assert type(refused(error, owned=True)) is TokenExpired
    assert type(refused(error)) is SourceAuthFailed


@pytest.mark.parametrize("code", [4, 17, 32, 341, 368, 613, 80_000, 80_001, 80_002, 80_014])
@pytest.mark.parametrize("status", [200, 400, 403, 500])
def test_limits_are_limits_whatever_the_status(code: int, status: int) -> None:
    error = refused({"code": code, "is_transient": True}, status=status)
    assert isinstance(error, RateLimited)
    assert error.retry_at == NOW + minutes(5)


@pytest.mark.parametrize(
    "error", ["invalid_request", None, [], {"code": None}, {"code": 10**30}, {"code": "ten"}, {"code": -4}]
)
def test_a_refusal_that_nobody_named_is_left_to_its_status(error: object) -> None:
    assert refused(error) is None
    assert refused(error, status=404) is None


def test_sentences_alone_mean_nothing() -> None:
    assert refused({"code": 7, "message": "Application request limit reached, permission, expired"}) is None


# --- keys tried -------------------------------------------------------------------------------------------------------


async def tried(meta: Meta, **values: str) -> Any:
    connector = discover()[meta.network]
    assert connector.verify is not None
    keys = {name: SecretStr(value) for name, value in (KEYS | values).items()}
    return await connector.verify(meta.http.scoped(connector.manifest), meta.clock, keys)


async def test_a_key_is_tried_with_one_request() -> None:
    meta = Meta("instagram", body={"id": OWN_ID, "username": "our.account"})
    told = await tried(meta)
    assert told.whose == "@our.account"
    assert [request.url.path for request in meta.asked] == [f"/v25.0/{OWN_ID}"]
    meta = Meta("facebook", body={"id": "1234567890", "name": "Our app"})
    assert (await tried(meta)).whose == "Our app"
    assert [request.url.path for request in meta.asked] == ["/v25.0/app"]
    assert len(meta.asked[0].url.params["appsecret_proof"]) == 64


@pytest.mark.parametrize("network", NETWORKS)
async def test_a_refused_key_is_said_to_be_refused(network: str) -> None:
    meta = Meta(network, status=400, body={"error": {"code": 190, "error_subcode": 463}})
    with pytest.raises(SourceAuthFailed, match="expired"):
        await tried(meta)
    with pytest.raises(SourceAuthFailed, match="characters"):
        await tried(meta, access_token="EAAB one\ntwo")
    assert len(meta.asked) == 1


async def test_our_own_account_has_to_be_a_number_that_the_token_may_use() -> None:
    meta = Meta("instagram", status=400, body={"error": {"code": 100, "error_subcode": 33, "message": "x"}})
    with pytest.raises(SourceAuthFailed, match="user_id"):
        await tried(meta)
    with pytest.raises(NotConfigured, match="USER_ID"):
        await tried(meta, user_id="../me")


# --- injection --------------------------------------------------------------------------------------------------------

NASTY = st.text(alphabet=st.sampled_from("x.){}(,_%0 \n/?&#=@'\"\\éａ"), min_size=1, max_size=40)


@given(NASTY)
async def test_no_name_leaves_its_place_in_the_expression(name: str) -> None:
    """Whatever is let through has no bracket, comma, blank or per cent sign; everything else asks nothing."""
    meta = Meta("instagram")
    outcome = await meta.look(handle=name)
    if isinstance(outcome, NotFound):
        assert not meta.asked
    else:
        (request,) = meta.asked
        assert request.url.params["fields"].startswith(f"business_discovery.username({name}){{biography,")
        assert set(name) <= set("x._0")


# --- secrecy ----------------------------------------------------------------------------------------------------------

LEAKY = f"https://graph.facebook.com/v25.0/1/posts?access_token={TOKEN}&after=abc"


@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, None),
        (200, {"data": "odd", "paging": {"next": LEAKY}, "name": "x", "id": LEAKY, "business_discovery": LEAKY}),
        (200, {**PAGE, "data": [{"id": LEAKY}], "paging": {"next": LEAKY, "cursors": {"after": "x"}}}),
        (400, {"error": {"code": 190, "message": f"Malformed access token {TOKEN}"}}),
        (400, {"error": {"code": 100, "message": f"nonexisting field (x) {LEAKY}"}}),
        (500, {"error": {"code": 2, "message": LEAKY}}),
    ],
)
async def test_nothing_of_a_token_reaches_logs_errors_or_reprs(
    network: str, status: int, body: object, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    meta = Meta(network, status=status, body=body)
    outcome = await meta.look()
    shown = f"{outcome!r} {outcome} {caplog.text} {_causes(outcome)} {meta.http.kept!r}"
    proof = meta.asked[0].url.params["appsecret_proof"]
    for secret in (TOKEN, APP_SECRET, proof, TOKEN[4:20]):
        assert secret not in shown
    for request in meta.asked:
        assert TOKEN not in str(request.url)
        assert APP_SECRET not in str(request.url)
        assert request.headers["authorization"] == f"Bearer {TOKEN}"


def _causes(outcome: object) -> str:
    """What a traceback would show of an error: itself and all it came from."""
    told, err = [], outcome if isinstance(outcome, BaseException) else None
    while err is not None:
        told.append(f"{err!r} {err}")
        err = err.__cause__ or err.__context__
    return " ".join(told)


def test_a_page_keeps_nothing_of_the_address_of_the_next() -> None:
    body = {"data": [], "paging": {"cursors": {"after": "QVFI"}, "next": LEAKY, "previous": LEAKY}}
    page = POSTS.read(Answer(200, {}, json.dumps(body).encode(), ""), Asked(handle="", now=NOW))
    assert page.cursor == "QVFI"
    assert TOKEN not in repr(page)


def test_what_does_not_fit_is_not_quoted() -> None:
    body = {"data": [{"id": LEAKY, "created_time": LEAKY}]}
    with pytest.raises(SourceChanged) as caught:
        POSTS.read(Answer(200, {}, json.dumps(body).encode(), ""), Asked(handle="", now=NOW))
    assert TOKEN not in _causes(caught.value)


# --- the fixtures -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("network", NETWORKS)
def test_every_limit_and_every_token_refusal_has_a_fixture(network: str) -> None:
    refusals = [
        answer["json"]["error"]
        for file in conformance.fixture_files(network)
        for answer in json.loads(Path(file).read_text())["answers"]
        if isinstance(answer.get("json"), dict) and "error" in answer["json"]
    ]
    codes = {refusal.get("code") for refusal in refusals}
    assert codes >= {1, 2, 4, 10, 17, 32, 100, 190, 200, 299, 341, 368, 613, 80_001, 80_002}
    subcodes = {refusal.get("error_subcode") for refusal in refusals if refusal.get("code") == 190}
    assert subcodes >= {458, 459, 460, 463, 464, 467}


def test_the_shared_part_is_no_network() -> None:
    assert "graph" not in discover()


@pytest.mark.parametrize("network", NETWORKS)
async def test_a_busy_server_is_asked_twice(network: str) -> None:
    meta = Meta(network, status=503, body={})
    outcome = await meta.look()
    assert isinstance(outcome, Unavailable)
    assert len(meta.asked) == 2
