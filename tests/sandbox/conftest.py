from collections.abc import AsyncIterator
from datetime import UTC, datetime

import httpx
import pytest

from sandbox.server import Sandbox

START = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.fixture
async def box() -> AsyncIterator[Sandbox]:
    async with Sandbox(start=START) as running:
        yield running


@pytest.fixture
async def caller(box: Sandbox) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(timeout=5, trust_env=False) as client:
        yield client
