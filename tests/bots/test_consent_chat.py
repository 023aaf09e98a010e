"""`connect` in Slack and Discord: the link goes to the asker alone, opens by itself, and says whose team asks."""

from itertools import count

import pytest

from bots.discord_bot import DiscordFront
from bots.discord_client import connected
from bots.slack_app import SlackFront
from bots.slack_socket import connected as slack_connected
from core.app import build
from core.connectors import manifests
from core.settings import Settings
from core.vault import new_key

PUBLIC = "https://clout.example"


@pytest.fixture
async def app(box, slack, tmp_path):
    env = {**box.env(), **box.slack_env(), **box.discord_env(), **box.keys("tiktok"), "CLOUT_SECRET_KEYS": new_key()}
    env |= {"CLOUT_PUBLIC_URL": PUBLIC, "CLOUT_DATABASE_URL": f"sqlite:///{tmp_path / 'c.db'}"}
    async with build(Settings.read(manifests(), env, None), clock=box.clock) as running:
        yield running


def reference():
    numbers = count(0x7F3A)
    return lambda: f"{next(numbers):04x}"


async def asked_for(app, address):
    """What stands on the page of a link."""
    return (await app.consents.shown(address.rpartition("/")[2])).consent


async def test_in_slack(app, slack):
    front = SlackFront(app, reference=reference(), patience=5)
    async with slack_connected(app, front, ping=0.5):
        told = await (await slack.command("/influence", "connect @glowguru tiktok", user="ada")).answer()
        assert told.ephemeral
        (button,) = [one for block in told.blocks for one in block.get("elements", ()) if one.get("url")]
        assert button["url"].startswith(f"{PUBLIC}/connect/")
        assert slack.home.name == (await asked_for(app, button["url"])).team_name
        refused = await (await slack.command("/influence", "connect @glowguru tiktok", user="mia")).answer()
        assert "do not manage" in str(refused.blocks)
        await slack.click(told, "Look at the page", user="ada")  # Slack tells of it, and there is nothing to answer
        none = await (await slack.command("/influence", "disconnect @glowguru tiktok", user="ada")).answer()
        assert "No TikTok account" in str(none.blocks)


async def test_in_discord(app, box):
    hall = box.discord
    front = DiscordFront(app, reference=reference())
    async with connected(app, front, hand=app.messengers.add):
        await hall.ready()
        options = {"creator": "@glowguru", "network": "tiktok"}
        deed = await hall.command(hall.home, "creators", "ada", "creator connect", options)
        shown = await deed.says("Send these two lines")
        assert shown.only_for is not None
        address = next(word.strip("`") for word in hall.read(shown).split() if "/connect/" in word)
        assert (await asked_for(app, address)).team_name == hall.home.name
    assert hall.violations == []
