import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import discord
import httpx
import pytest
import yarl
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from sandbox.server import Sandbox
from tests.bolt_served import served

START = datetime(2026, 3, 2, 12, tzinfo=UTC)
SHARED = Path(__file__).parents[2] / "../shared/data/contracts"
QUIET = {"unfurl_links": False, "unfurl_media": False}


@pytest.fixture
async def box() -> AsyncIterator[Sandbox]:
    async with Sandbox(start=START, contracts=SHARED if SHARED.is_dir() else None) as running:
        yield running


@pytest.fixture
async def caller(box: Sandbox) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(timeout=5, trust_env=False) as client:
        yield client


@pytest.fixture
async def slack(box, monkeypatch):
    """The pretend Slack; a payload that is wrong in any way fails the test that sent it, unless it clears the list."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
        monkeypatch.delenv(name, raising=False)
    yield box.slack
    assert box.slack.violations == []


@pytest.fixture
async def client(box, slack):
    return AsyncWebClient(token=slack.bot_token, base_url=box.slack_env()["CLOUT_SLACK__API_URL"])


def tiny_app(slack, client):
    """A real Bolt app with one of everything."""
    app = AsyncApp(client=client, signing_secret=slack.signing_secret, ssl_check_enabled=False)
    seen = app.seen = []

    @app.command("/influence")
    async def influence(ack, body, respond, client):
        seen.append(body)
        if body["text"] == "help":
            await ack()
            await client.views_open(trigger_id=body["trigger_id"], view=modal())
            return
        await ack()
        await respond(text=f"Looking up {body['text']}", response_type="ephemeral", **QUIET)
        await respond(text=f"{body['text']} has 71", response_type="in_channel", blocks=card(body["text"]), **QUIET)

    @app.command("/told")
    async def told(ack, body):
        seen.append(body)
        await ack(text="Only for you", unfurl_links=False, unfurl_media=False)

    @app.action("refresh")
    async def refresh(ack, action, body, respond):
        seen.append(body)
        await ack()
        await respond(text="now 72", replace_original=True, blocks=card("72"), **QUIET)

    @app.action("part")
    async def part(ack, action, body):
        seen.append(body)
        await ack()

    @app.options("creator")
    async def creators(ack, payload):
        names = [name for name in ("nasa", "nasdaq", "glow") if name.startswith(payload["value"])]
        await ack(options=[{"text": {"type": "plain_text", "text": name}, "value": name} for name in names])

    @app.view("look")
    async def look(ack, body, view, client):
        seen.append(body)
        handle = view["state"]["values"]["who"]["handle"]["value"]
        if handle == "na sa":
            await ack(response_action="errors", errors={"who": "That is not a handle."})
            return
        await ack()
        await client.chat_postMessage(channel=body["user"]["id"], text=f"{handle}: 71", **QUIET)

    @app.shortcut("score_this")
    async def score_this(ack, body):
        seen.append(body)
        await ack()

    @app.event("app_home_opened")
    async def opened(event, body, client):
        seen.append(body)
        text = {"type": "mrkdwn", "text": "Your *trackers*"}
        await client.views_publish(
            user_id=event["user"], view={"type": "home", "blocks": [{"type": "section", "text": text}]}
        )

    @app.event("channel_archive")
    async def archived(event, body):
        seen.append(body)

    @app.event("app_uninstalled")
    async def uninstalled(event, body):
        seen.append(body)

    @app.event("tokens_revoked")
    async def revoked(event, body):
        seen.append(body)

    return app


def card(words):
    choices = [{"text": {"type": "plain_text", "text": one}, "value": one.lower()} for one in ("Reach", "Resonance")]
    return [
        {"type": "header", "text": {"type": "plain_text", "text": f"{words[:20]} · 71"}},
        {"type": "section", "text": {"type": "mrkdwn", "text": "*71* ▲ +2"}},
        {
            "type": "actions",
            "elements": [
                {
                    "type": "button",
                    "action_id": "refresh",
                    "value": "v1|nasa",
                    "text": {"type": "plain_text", "text": "Refresh"},
                },
                {
                    "type": "static_select",
                    "action_id": "part",
                    "placeholder": {"type": "plain_text", "text": "Breakdown"},
                    "options": choices,
                },
            ],
        },
    ]


def modal():
    return {
        "type": "modal",
        "callback_id": "look",
        "title": {"type": "plain_text", "text": "Look up"},
        "submit": {"type": "plain_text", "text": "Look"},
        "blocks": [
            {
                "type": "input",
                "block_id": "who",
                "label": {"type": "plain_text", "text": "Handle"},
                "element": {"type": "plain_text_input", "action_id": "handle", "max_length": 20},
            },
            {
                "type": "input",
                "optional": True,
                "label": {"type": "plain_text", "text": "Creator"},
                "element": {"type": "external_select", "action_id": "creator", "min_query_length": 2},
            },
        ],
    }


@pytest.fixture
async def over_http(slack, client):
    """The tiny app, reached by signed posts."""
    app = tiny_app(slack, client)
    async with served(app) as url:
        slack.request_url = url
        yield app


@pytest.fixture
async def over_socket(slack, client):
    """The tiny app, reached over Socket Mode."""
    app = tiny_app(slack, client)
    handler = AsyncSocketModeHandler(app, slack.app_token, ping_interval=0.5)
    await handler.connect_async()
    app.socket = handler
    yield app
    await handler.close_async()


# --- Discord ----------------------------------------------------------------------------------------------------------


@pytest.fixture
async def hall(box, monkeypatch):
    """The pretend Discord; a payload that is wrong in any way fails the test that sent it, unless it clears the list.

    The real client finds it as the bot does: by two settings of the library.
    """
    monkeypatch.setattr(discord.http.Route, "BASE", box.discord_env()["CLOUT_DISCORD__API_URL"])
    gateway = yarl.URL(box.discord_env()["CLOUT_DISCORD__GATEWAY_URL"])
    monkeypatch.setattr(discord.gateway.DiscordWebSocket, "DEFAULT_GATEWAY", gateway)
    yield box.discord
    assert box.discord.violations == []


class TinyBot(discord.AutoShardedClient):
    """A real client with its tree of commands, that notes the events it heard."""

    def __init__(self):
        super().__init__(
            intents=discord.Intents(guilds=True),
            allowed_mentions=discord.AllowedMentions.none(),
            guild_ready_timeout=0.02,
            max_ratelimit_timeout=60,
        )
        self.tree = discord.app_commands.CommandTree(self)
        self.heard = []

    async def before_identify_hook(self, shard_id, *, initial=False):
        return

    async def setup_hook(self):
        await self.tree.sync()

    def dispatch(self, event, /, *args, **kwargs):
        self.heard.append(event)
        super().dispatch(event, *args, **kwargs)


@pytest.fixture
async def bot():
    """A client that is not connected yet."""
    return TinyBot()


@pytest.fixture
async def started(hall, bot):
    """Start the client: `task = await started()`; it is closed afterwards."""
    tasks = []

    async def start():
        tasks.append(asyncio.create_task(bot.start(hall.token)))
        await hall.ready(commands=False)
        await asyncio.wait_for(bot.wait_until_ready(), 5)
        return tasks[0]

    yield start
    await bot.close()
    await asyncio.gather(*tasks, return_exceptions=True)
