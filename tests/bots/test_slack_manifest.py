"""The manifest asks for what the code uses, and for nothing that reads messages."""

from pathlib import Path

import pytest
import yaml
from slack_bolt.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from bots import slack_app
from bots.slack_life import SlackLife
from bots.slack_scopes import EVENTS, SCOPES

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def manifest():
    return yaml.safe_load((ROOT / "slack_manifest.yaml").read_text("utf-8"))


def listened(front, clout):
    """The events a Bolt app with our listeners hears."""
    heard = []

    class Ear(AsyncApp):
        def event(self, event, *args, **kwargs):
            heard.append(event)
            return super().event(event, *args, **kwargs)

    bolt = Ear(client=AsyncWebClient(), signing_secret="s", token=None, authorize=nobody)
    front.attach(bolt)
    SlackLife(None, clout.clock).attach(bolt)
    return heard


async def nobody(**_):
    return None


def test_its_command_is_the_one_the_app_answers(manifest):
    (command,) = manifest["features"]["slash_commands"]
    assert command["command"] == slack_app.COMMAND
    assert command["should_escape"] is True, "names and links are read in Slack's escaped form"
    assert len(command["usage_hint"]) <= 1000


def test_its_shortcut_is_the_one_that_is_listened_for(manifest):
    (shortcut,) = manifest["features"]["shortcuts"]
    assert (shortcut["callback_id"], shortcut["type"]) == (slack_app.LINKS, "message")
    assert len(shortcut["name"]) <= 24
    assert len(shortcut["description"]) <= 150


def test_its_scopes_are_those_the_install_link_asks_for(manifest):
    scopes = manifest["oauth_config"]["scopes"]
    assert tuple(scopes["bot"]) == SCOPES
    assert "user" not in scopes
    assert not [scope for scope in SCOPES if "history" in scope or scope.startswith(("im:", "mpim:"))]


def test_its_events_are_those_that_are_heard(manifest, front, clout):
    assert tuple(manifest["settings"]["event_subscriptions"]["bot_events"]) == EVENTS
    assert set(listened(front, clout)) == set(EVENTS)


def test_it_starts_with_two_tokens_and_no_address(manifest):
    settings = manifest["settings"]
    assert settings["socket_mode_enabled"] is True
    assert settings["interactivity"]["is_enabled"] is True
    assert settings["token_rotation_enabled"] is False, "a token in a file cannot turn over"


def test_the_home_tab_is_on_because_the_app_fills_it(manifest):
    assert manifest["features"]["app_home"]["home_tab_enabled"] is True


def test_it_is_within_slacks_limits(manifest):
    shown = manifest["display_information"]
    assert len(shown["name"]) <= 35
    assert len(shown["description"]) <= 140
    assert 175 <= len(shown["long_description"]) <= 4000
    assert len(manifest["features"]["bot_user"]["display_name"]) <= 80
