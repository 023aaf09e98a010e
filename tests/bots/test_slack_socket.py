"""`clout run slack` and `clout demo slack`: starting, being refused, stopping."""

import asyncio

import pytest
from pydantic import SecretStr

from bots.demo_chats import conversation
from bots.fronts import serve as serve_all
from core.connectors import manifests
from core.errors import SettingsError
from core.settings import Settings


@pytest.fixture
def settings(box, slack, tmp_path):
    database = {"CLOUT_DATABASE_URL": f"sqlite:///{tmp_path / 'clout.db'}"}
    return Settings.read(manifests(), {**box.env(), **box.slack_env(), **database}, env_file=None)


def serve(settings, **more):
    return serve_all(settings, only="slack", **more)


def with_slack(settings, **changes):
    return settings.model_copy(update={"slack": settings.slack.model_copy(update=changes)})


@pytest.mark.parametrize(("name", "variable"), [("bot_token", "BOT_TOKEN"), ("app_token", "APP_TOKEN")])
async def test_a_token_that_slack_does_not_take_is_one_line_and_78(settings, capsys, caplog, name, variable):
    wrong = with_slack(settings, **{name: SecretStr("xoxb-wrong-secret" if name == "bot_token" else "xapp-wrong")})
    assert await serve(wrong) == 78
    told = capsys.readouterr().err.strip().splitlines()
    assert len(told) == 1
    assert told[0].startswith(f"slack: Slack does not take CLOUT_SLACK__{variable}: invalid_auth.")
    assert "wrong" not in told[0]


async def test_missing_tokens_are_named_together(settings):
    with pytest.raises(SettingsError, match="CLOUT_SLACK__BOT_TOKEN and CLOUT_SLACK__APP_TOKEN"):
        await serve(with_slack(settings, bot_token=None, app_token=None))


async def test_when_slack_cannot_be_reached_it_says_so(settings, capsys):
    assert await serve(with_slack(settings, api_url="http://127.0.0.1:9/api/")) == 4
    assert "Slack cannot be reached" in capsys.readouterr().err


async def test_it_serves_until_it_is_asked_to_stop(settings, slack):
    stop = asyncio.Event()
    running = asyncio.create_task(serve(settings, until=lambda: stop))
    try:
        done = await slack.command("/influence", "help history")
        assert (await done.answer(seconds=60)).ephemeral
    finally:
        stop.set()
        async with asyncio.timeout(60):
            code = await running
    assert code == 0


@pytest.mark.parametrize("how", ["uninstall", "revoke_tokens"])
async def test_thrown_out_it_says_so_and_ends(settings, slack, capsys, how):
    stop = asyncio.Event()
    running = asyncio.create_task(serve(settings, until=lambda: stop))
    try:
        await slack.until(lambda: slack.sockets.greeted == 1, seconds=60, what="a connection")
        await getattr(slack, how)()
        async with asyncio.timeout(60):
            code = await running
    finally:
        stop.set()
    assert code == 78
    assert "Install the app again" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("platform", "typed", "hidden"),
    [
        ("slack", "Mia Member types: /influence @beanco", "(only Mia Member sees this)"),
        ("discord", "Mia uses /influence handle:@beanco", "(only Mia sees this)"),
    ],
)
async def test_the_demo_shows_a_conversation(capsys, platform, typed, hidden):
    assert await conversation(platform, 20) == 0
    shown = capsys.readouterr().out
    for words in (
        typed,
        "rounded from 1 +",
        "Bluesky has a problem of its own",
        "@hexed ·",
        hidden,
    ):
        assert words in shown
