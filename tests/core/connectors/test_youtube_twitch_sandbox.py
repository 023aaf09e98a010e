"""YouTube and Twitch against the sandbox: whole lookups, every fault, and what is kept between lookups."""

from collections.abc import AsyncIterator
from datetime import timedelta
from types import ModuleType

import pytest
from pydantic import SecretStr

from core.app import build
from core.connectors import manifests, twitch, youtube
from core.connectors.http import HttpClient
from core.errors import (
    Private,
    QuotaExhausted,
    RateLimited,
    SourceChanged,
    SourceError,
    Suspended,
    Unavailable,
)
from core.manifest import Target
from core.models import Snapshot
from core.settings import Settings
from sandbox.server import KEYS, Sandbox
from tests.core.connectors.conformance import FixedClock
from tests.core.connectors.sandboxed import NOW, SINCE

MODULES: dict[str, ModuleType] = {"youtube": youtube, "twitch": twitch}
CREDENTIALS = {name: {key: SecretStr(value) for key, value in own.items()} for name, own in KEYS.items()}


@pytest.fixture
async def box() -> AsyncIterator[Sandbox]:
    async with Sandbox(start=NOW) as running:
        yield running


async def read(box: Sandbox, http: HttpClient, network: str, handle: str = "glowguru") -> Snapshot:
    module, auth = MODULES[network], box.env()["CLOUT_TWITCH__AUTH_URL"]
    client = http.scoped(module.MANIFEST, base_url=box.url(network), auth_url=auth)
    found: Snapshot = await module.fetch(
        Target(handle=handle), SINCE, client, FixedClock(box.clock.now()), CREDENTIALS[network]
    )
    return found


async def test_a_channel_with_its_videos_costs_three_units(box: Sandbox, http: HttpClient) -> None:
    found = await read(box, http, "youtube")
    assert found.profile.followers == 2_390_000 or found.profile.followers == 2_400_000
    assert found.posts
    assert all(post.views and post.likes for post in found.posts)
    assert box.requests.count("youtube") == 3


async def test_a_busy_channel_is_read_page_by_page(box: Sandbox, http: HttpClient) -> None:
    found = await read(box, http, "youtube", "dailyfizz")
    assert len(found.posts) > 100
    assert found.complete_from == SINCE
    assert box.requests.count("youtube") == 7


async def test_hidden_figures_are_unknown(box: Sandbox, http: HttpClient) -> None:
    assert (await read(box, http, "youtube", "tiko.eats")).profile.followers is None
    found = await read(box, http, "youtube", "nanette-nook")
    assert found.posts
    assert all(post.likes is None and post.views is not None for post in found.posts)
    assert (await read(box, http, "youtube", "emptyhall")).posts == ()


async def test_twitch_counts_videos_and_own_clips_under_one_token(box: Sandbox, http: HttpClient) -> None:
    found = await read(box, http, "twitch")
    assert found.profile.followers
    assert {"videos" in (post.url or "") for post in found.posts} == {True, False}
    assert box.requests.count("twitch") == 4
    await read(box, http, "twitch", "tiko_eats")
    sandboxed = box.networks["twitch"]
    assert sandboxed.signed_in == 1
    sandboxed.end_tokens()
    assert (await read(box, http, "twitch")).posts
    assert sandboxed.signed_in == 2


FAULTS: list[tuple[str, str, type[SourceError]]] = [  # beside the rows of test_error_tables.py
    ("youtube", "closed", Suspended),
    ("youtube", "not_public", Private),
    *((network, "500", Unavailable) for network in MODULES),
    *((network, "html200", Unavailable) for network in MODULES),
    *((network, "truncated", Unavailable) for network in MODULES),
    *((network, "changed", SourceChanged) for network in MODULES),
]


@pytest.mark.parametrize(("network", "kind", "error"), FAULTS, ids=[f"{n}-{k}" for n, k, _ in FAULTS])
async def test_faults_of_channels(
    box: Sandbox, http: HttpClient, network: str, kind: str, error: type[SourceError]
) -> None:
    box.faults.set(network, kind)
    with pytest.raises(SourceError) as caught:
        await read(box, http, network)
    assert type(caught.value) is error
    assert not any(value in repr(caught.value) for own in KEYS.values() for value in own.values())


@pytest.mark.parametrize(
    ("network", "kind"), [("youtube", "no_uploads"), ("twitch", "no_scope"), ("twitch", "followers_401")]
)
async def test_faults_that_leave_a_profile(box: Sandbox, http: HttpClient, network: str, kind: str) -> None:
    box.faults.set(network, kind)
    found = await read(box, http, network)
    assert (found.posts == ()) is (kind == "no_uploads")
    assert (found.profile.followers is None) is (network == "twitch")


async def test_the_day_of_units_ends(box: Sandbox, http: HttpClient) -> None:
    box.networks["youtube"].quota = 3
    await read(box, http, "youtube")
    with pytest.raises(QuotaExhausted):
        await read(box, http, "youtube")
    box.clock.advance(timedelta(days=1))
    assert (await read(box, http, "youtube")).posts


async def test_a_second_refusal_doubles_the_pause(box: Sandbox, http: HttpClient) -> None:
    box.faults.set("youtube", "rate")
    for minutes in (1, 2, 4):
        with pytest.raises(RateLimited) as caught:
            await read(box, http, "youtube")
        assert caught.value.retry_at == box.clock.now() + timedelta(minutes=minutes)
        box.clock.set(caught.value.retry_at)


@pytest.mark.parametrize(("network", "combine"), [("youtube", "separate"), ("twitch", "sum")])
async def test_a_lookup_scores_a_channel(box: Sandbox, network: str, combine: str) -> None:
    values = {**box.env(), **box.keys(network), "CLOUT_DATABASE_URL": "sqlite:///:memory:"}
    async with build(Settings.read(manifests(), values, env_file=None), clock=FixedClock(NOW)) as app:
        reading = await app.lookups.lookup("terminal", f"{network}:glowguru")
    (one,) = reading.networks
    assert one.combine == combine
    assert one.score is not None
    assert one.score.score is not None
    assert (reading.score.score is None) is (combine == "separate")
