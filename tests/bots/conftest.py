"""A real Bolt app with Clout's Slack front, before the pretend Slack and the pretend internet."""

import socket
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

import pytest

from core.app import build
from core.connectors import manifests
from core.settings import Settings
from sandbox.server import Sandbox
from tests.bolt_served import served

START = datetime(2026, 3, 2, 12, tzinfo=UTC)
SHARED = Path(__file__).parents[2] / "../shared/data/contracts"


@pytest.fixture
def free_port():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return taken.getsockname()[1]


@pytest.fixture
async def box(monkeypatch) -> AsyncIterator[Sandbox]:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
        monkeypatch.delenv(name, raising=False)
    async with Sandbox(start=START, contracts=SHARED if SHARED.is_dir() else None) as running:
        yield running


@pytest.fixture
async def slack(box):
    """The pretend Slack; a payload that is wrong in any way fails the test that sent it."""
    yield box.slack
    assert box.slack.violations == []


@pytest.fixture
async def clout(box, slack, tmp_path):
    """The running app behind the front."""
    database = {"CLOUT_DATABASE_URL": f"sqlite:///{tmp_path / 'clout.db'}"}
    settings = Settings.read(manifests(), {**box.env(), **box.slack_env(), **database}, env_file=None)
    async with build(settings, clock=box.clock) as app:
        yield app


@pytest.fixture
def front(clout):
    from bots.slack_app import SlackFront

    numbers = count(0x7F3A)
    return SlackFront(clout, reference=lambda: f"{next(numbers):04x}", patience=5)


@pytest.fixture
async def over_http(slack, clout, front):
    """The front, reached by signed posts."""
    from bots.slack_socket import one_workspace

    made = await one_workspace(clout, front)
    async with served(made.bolt) as url:
        slack.request_url = url
        yield front
        await front.stop(5)


@pytest.fixture
async def over_socket(slack, clout, front):
    """The front, reached over Socket Mode."""
    from bots.slack_socket import connected

    async with connected(clout, front, ping=0.5):
        yield front
