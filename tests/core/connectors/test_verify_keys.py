"""Trying keys with one cheap request: what is taken, what is refused, and when a token ends."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import SecretStr

from core.connectors import discover
from core.connectors.answers import Answer
from core.connectors.costs import Meter
from core.errors import PaymentRequired, SourceAuthFailed
from core.manifest import Verified

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
TOKEN = "planted-0123456789"


class FixedClock:
    def now(self) -> datetime:
        return NOW


class Client:
    """Answers every request alike and keeps what was asked."""

    def __init__(self, status: int, headers: Mapping[str, str], body: bytes = b"{}") -> None:
        self.answer = status, headers, body
        self.asked: list[tuple[str, Mapping[str, str]]] = []

    def base_for(self, host: str) -> str:
        return f"https://{host}/api/v1/"

    async def get(self, path: str, *, params: Any = None, headers: Any = None, cost: Any = None) -> Answer:
        self.asked.append((path, headers or {}))
        status, given, body = self.answer
        return Answer(status, {"content-type": "application/json", **given}, body, "https://api.example/")


async def tried(network: str, client: Client, **values: str) -> Verified:
    verify = discover()[network].verify
    assert verify is not None
    given = {name: SecretStr(value) for name, value in values.items()}
    return await verify(client, FixedClock(), given)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("stated", "ends"),
    [
        ("2026-12-20 10:00:00 UTC", datetime(2026, 12, 20, 10, tzinfo=UTC)),
        ("2026-12-20 10:00:00 +0200", datetime(2026, 12, 20, 8, tzinfo=UTC)),
        ("never", None),
        ("", None),
    ],
)
async def test_github_tells_when_a_token_ends(stated: str, ends: datetime | None) -> None:
    client = Client(200, {"github-authentication-token-expiration": stated})
    assert (await tried("github", client, token=TOKEN)).expires_at == ends
    assert client.asked[0][0] == "rate_limit", "the one request that is not counted"
    assert client.asked[0][1]["authorization"] == f"Bearer {TOKEN}"


async def test_a_refused_token_is_never_shown() -> None:
    for network, values in (("github", {"token": TOKEN}), ("mastodon", {"tokens": f"social.example={TOKEN}"})):
        with pytest.raises(SourceAuthFailed) as caught:
            await tried(network, Client(401, {}), **values)
        assert TOKEN not in str(caught.value) + repr(caught.value)


async def test_each_mastodon_token_goes_to_its_own_server() -> None:
    client = Client(200, {})
    told = await tried("mastodon", client, tokens="one.example=aaaaaaaa, two.example=bbbbbbbb")
    assert told.notes == ("one.example takes its token.", "two.example takes its token.")
    assert [(path, headers["authorization"]) for path, headers in client.asked] == [
        ("https://one.example/api/v1/apps/verify_credentials", "Bearer aaaaaaaa"),
        ("https://two.example/api/v1/apps/verify_credentials", "Bearer bbbbbbbb"),
    ]


async def test_a_meter_counts_requests_by_themselves_and_lets_a_refusal_pass() -> None:
    free = Meter()
    await free.charge({"units": 1})
    await free.charge({"requests": 0})
    free.refund({"units": 3})
    assert free.spent == {"units": 0, "requests": 1}

    async def refuse(more: Mapping[Any, float]) -> None:
        raise PaymentRequired("x", "no")

    bound = Meter({"usd": 0.01}, refuse)
    await bound.charge({"usd": 0.01, "requests": 0})
    with pytest.raises(PaymentRequired):
        await bound.charge({"usd": 0.01})
    assert bound.spent == {"usd": 0.01, "requests": 0}, "what was refused was not counted"
