"""Files of cards on Discord: below the card, for the asker alone."""

from itertools import count

import pytest

from bots.discord_bot import DiscordFront
from bots.discord_client import connected
from core.app import build
from core.connectors import manifests
from core.settings import Settings

CREATORS = "creators"
FOLLOWUP = "POST /webhooks/*/*"


@pytest.fixture
async def hall(box, tmp_path):
    """A server with a digest of one creator; a payload that is wrong in any way fails the test that sent it."""
    found = box.discord
    database = {"CLOUT_DATABASE_URL": f"sqlite:///{tmp_path / 'clout.db'}"}
    settings = Settings.read(manifests(), {**box.env(), **box.discord_env(), **database}, env_file=None)
    async with build(settings, clock=box.clock) as app:
        numbers = count(0x7F3A)
        front = DiscordFront(app, reference=lambda: f"{next(numbers):04x}")
        async with connected(app, front, hand=app.messengers.add):
            await found.ready()
            await app.tracking.track(f"discord:{found.home.id}", "@beanco")
            added = await found.command(
                found.home, CREATORS, "ada", "digest add", {"schedule": "every monday 09:00", "zone": "UTC"}
            )
            await added.says("is set up")
            yield found
    assert found.violations == []


async def export(hall):
    return await hall.command(hall.home, CREATORS, "ada", "digest export", {})


async def test_an_export_is_the_askers_alone(hall):
    before = len([one for one in hall.channel(CREATORS).messages if one.only_for is None])
    deed = await export(hall)
    await hall.until(lambda: any(one.uploads for one in deed.messages), 10, "the file")
    (message,) = [one for one in deed.messages if one.uploads]
    (file,) = message.uploads
    assert file.name.startswith("digest-1-")
    assert file.body.startswith(b"creator,score,")
    assert b"\nbeanco,51,ok," in file.body
    assert message.only_for is not None
    assert len([one for one in hall.channel(CREATORS).messages if one.only_for is None]) == before


async def test_a_file_that_cannot_be_sent_is_said_and_the_card_stays(hall):
    hall.weather.fail(FOLLOWUP, "50013", times=9)
    shown = await (await export(hall)).says("could not be sent")
    assert "1 creator" in hall.read(shown)
