"""From what people do on Discord to what they see there: the real client, the real core, a pretend Discord."""

from contextlib import asynccontextmanager
from datetime import timedelta
from itertools import count

import pytest

from bots.discord_bot import DiscordFront
from bots.discord_client import connected
from core.app import build
from core.connectors import manifests
from core.settings import Settings
from tests.bots.conftest import BoxClock

CREATORS = "creators"


@pytest.fixture
async def hall(box):
    """The pretend Discord; a payload that is wrong in any way fails the test that sent it."""
    yield box.discord
    assert box.discord.violations == []


@pytest.fixture
async def clout(box, hall, tmp_path):
    database = {"CLOUT_DATABASE_URL": f"sqlite:///{tmp_path / 'clout.db'}"}
    settings = Settings.read(manifests(), {**box.env(), **box.discord_env(), **database}, env_file=None)
    async with build(settings, clock=BoxClock(box)) as app:
        yield app


@asynccontextmanager
async def running(clout, hall):
    """The bot, connected and synced."""
    numbers = count(0x7F3A)
    front = DiscordFront(clout, reference=lambda: f"{next(numbers):04x}")
    async with connected(clout, front) as connection:
        await hall.ready()
        connection.front = front
        yield connection


@pytest.fixture
async def bot(clout, hall):
    async with running(clout, hall) as connection:
        yield connection


async def asked(hall, handle="@beanco", user="mia", name="influence", **options):
    return await hall.command(hall.home, CREATORS, user, name, {"handle": handle, **options})


def public(hall):
    return [m for m in hall.channel(CREATORS).messages if not m.deleted and m.only_for is None]


async def test_a_command_is_answered_with_a_card_for_everybody(hall, bot):
    deed = await asked(hall)
    shown = await deed.says("51 (49 to 54)")
    assert (deed.type, deed.ephemeral) == (5, False)
    assert public(hall) == [shown]
    assert "@beanco" in hall.read(shown).replace("\u200b", "")
