"""Answers in direct messages: patience where nothing was posted yet, and nothing posted twice."""

import pytest

from bots.render_slack import SlackMessage
from bots.slack_posts import LOST, Direct
from bots.slack_socket import web_client
from core.connectors import manifests
from core.settings import Settings

SAID = SlackMessage((), "Looking up @beanco", private=True)


@pytest.fixture
def direct(box, slack):
    settings = Settings.read(manifests(), {**box.env(), **box.slack_env()}, env_file=None).slack
    return Direct(web_client(settings, slack.bot_token), slack.person("mia").id)


def calls(slack, method):
    return sum(one.method == method for one in slack.calls)


async def test_what_slack_limits_is_said_a_moment_later(slack, direct):
    slack.weather.fail("chat.postMessage", "ratelimited", seconds=0)
    assert await direct(SAID, replace=False) == ""
    slack.weather.fail("chat.postMessage", "ratelimited", seconds=60)
    assert await direct(SAID, replace=False) == "ratelimited"


async def test_only_a_change_is_repeated_when_nobody_knows(slack, direct, monkeypatch):
    monkeypatch.setattr("bots.slack_posts._PAUSE", 0)
    await direct(SAID, replace=False)
    slack.weather.fail("chat.update", "hang_up", after=True)
    assert await direct(SAID, replace=True) == ""
    slack.weather.fail("chat.postMessage", "hang_up", after=True)
    assert await direct(SAID, replace=False) == LOST
    assert (calls(slack, "chat.postMessage"), calls(slack, "chat.update")) == (2, 2)
