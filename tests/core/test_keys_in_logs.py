"""Keys of every network: pasted badly, tried, refused, used in all weathers; what was logged holds none of them."""

import asyncio
import logging
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta

import pytest
import structlog

from core.app import App, build
from core.connectors import manifests
from core.connectors.http import HttpClient
from core.errors import NotConfigured, SourceAuthFailed
from core.settings import Settings
from core.vault import new_key
from sandbox.reddit import Reddit
from sandbox.server import KEYS, Sandbox
from sandbox.twitch import Twitch
from sandbox.x import TOKEN

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
ACCOUNTS = (
    "youtube:glowguru",
    "x:glowguru",
    "twitch:glowguru",
    "reddit:glow-guru",
    "instagram:glow.guru",
    "facebook:glowguru.page",
)
HELD = {**{name: own for name, own in KEYS.items() if own}, "x": {"bearer_token": TOKEN}}
WRONG = "planted-wrong-key-0123456789"
WEATHERS: Mapping[str, Mapping[str, str]] = {
    "429": {},
    "500": {},
    "redirect_away": {},
    "refused": {
        "twitch": "token_ended",
        "reddit": "token_ended",
        "x": "unauthorized",
        "youtube": "key_invalid",
        "instagram": "expired",
        "facebook": "expired",
    },
}


@pytest.fixture(autouse=True)
def everything(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Log all there is."""
    caplog.set_level(logging.DEBUG)
    yield
    structlog.reset_defaults()  # the app has set its own


def _values(given: dict[str, str]) -> set[str]:
    return {value for value in given.values() if len(value) > 8}


async def connected(app: App) -> None:
    """Connect every network: a wrong key is not stored, and the right one is taken with quotes and line ends."""
    for network, own in HELD.items():
        with pytest.raises((SourceAuthFailed, NotConfigured)) as caught:
            await app.networks.connect(network, "", dict.fromkeys(own, WRONG))
        assert WRONG not in str(caught.value) + repr(caught.value)
        assert await app.networks.connect(network, "", {name: f' "{value}"\r\n' for name, value in own.items()})


async def test_no_key_in_any_log(caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]) -> None:
    with Sandbox.in_thread(start=NOW) as box:
        values = {**box.env(), "CLOUT_DATABASE_URL": "sqlite:///:memory:", "CLOUT_SECRET_KEYS": new_key()}
        values |= {"CLOUT_LOG_LEVEL": "DEBUG", "CLOUT_X__DAILY_USD": "50", "CLOUT_REDDIT__ENABLED": "true"}
        settings = Settings.read(manifests(), values, env_file=None)
        said: list[str] = []
        http = HttpClient(user_agent="Clout/test", retry_wait=0, allow_hosts=settings.allowed_hosts)
        async with build(settings, clock=box.clock, http=http) as app:
            await connected(app)
            for weather in ("good", *WEATHERS):
                box.faults.clear()
                for account in ACCOUNTS if weather != "good" else ():
                    network = account.partition(":")[0]
                    box.faults.set(network, WEATHERS[weather].get(network, weather))
                asked = (app.lookups.lookup("terminal", account, fresh=True) for account in ACCOUNTS)
                said += map(repr, await asyncio.gather(*asked, return_exceptions=True))
                box.clock.advance(timedelta(days=2))
            assert [await app.networks.disconnect(network, "") for network in HELD] == [True] * len(HELD)
        streams, boards = box.networks["twitch"], box.networks["reddit"]
        assert isinstance(streams, Twitch)
        assert isinstance(boards, Reddit)
        secrets = {value for own in HELD.values() for value in _values(own)} | {WRONG}
        secrets |= streams.given | boards.given
    out, err = capsys.readouterr()
    logged = "\n".join([caplog.text, out, err, *said])
    assert len(said) == len(ACCOUNTS) * (len(WEATHERS) + 1)
    assert logged.count("network failed") == len(ACCOUNTS) * len(WEATHERS)
    assert not [secret for secret in secrets if secret in logged]
