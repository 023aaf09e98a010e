"""A bare name is guessed on a network of many servers only where the operator has said which server is meant."""

from datetime import UTC, datetime

import httpx
import pytest
from pydantic import SecretStr

from core.connectors import discover, manifests
from core.connectors.http import HttpClient
from core.errors import AmbiguousHandle, BadHandle
from core.handles import Handle
from core.settings import NetworkSettings
from core.sources import Source
from tests.core.connectors.conformance import FixedClock


def source(network: str, **values: str) -> Source:
    http = HttpClient(user_agent="Clout/test", transport=httpx.MockTransport(lambda _: httpx.Response(500)))
    settings = NetworkSettings(values={name: SecretStr(value) for name, value in values.items()})
    return Source(discover()[network], settings, http, FixedClock(datetime(2026, 3, 2, tzinfo=UTC)))


BARE = Handle.parse("@mara", manifests())


def test_a_bare_name_is_no_mastodon_address_by_itself() -> None:
    assert source("mastodon").default_instance is None
    with pytest.raises(AmbiguousHandle):
        source("mastodon").name_for(BARE)


def test_a_bare_name_is_one_on_the_server_that_is_set() -> None:
    assert source("mastodon", default_instance="Social.Example").name_for(BARE) == "mara@social.example"


@pytest.mark.parametrize("wrong", ["localhost", "10.0.0.1", "https://social.example"])
def test_a_default_that_is_no_public_server_names_nobody(wrong: str) -> None:
    with pytest.raises(BadHandle):
        source("mastodon", default_instance=wrong).name_for(BARE)


def test_an_address_keeps_its_own_server() -> None:
    full = Handle.parse("@mara@pond.example", manifests())
    assert source("mastodon", default_instance="social.example").name_for(full) == "mara@pond.example"


def test_other_networks_know_no_such_setting() -> None:
    assert source("bluesky").name_for(BARE) == "mara.bsky.social"
