"""Where an answer goes in Slack: to a response_url, or to a person directly. Both tell Slack's error code, "" for none.

Nothing is posted twice: only what surely never arrived, or what merely replaces a message, is sent again.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Protocol

import structlog
from aiohttp import ClientConnectorError, ClientError
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.webhook import WebhookResponse
from slack_sdk.webhook.async_client import AsyncWebhookClient

from bots.render_slack import SlackMessage
from bots.slack_blocks import Json
from bots.slack_codes import code_of, limited, pause_of

USES = 5  # of one response_url, within half an hour
LOST = "no_answer"  # nobody knows whether the message arrived
_PATIENCE = 10  # seconds for one post
_LONGEST_PAUSE = 15.0  # seconds; a longer Retry-After is not waited for
_PAUSE = 0.5

log = structlog.get_logger("clout.slack")


class Post(Protocol):
    """Shows a message and returns Slack's error code, empty when it is shown."""

    @property
    def left(self) -> int:
        """How many messages it still takes."""
        ...

    async def __call__(self, message: SlackMessage, *, replace: bool) -> str:
        """Show a message, in place of the one before where that is wanted."""
        ...


class Hook:
    """A response_url: five messages within half an hour, in channels where the app is no member too."""

    def __init__(self, url: str) -> None:
        self._client = AsyncWebhookClient(url, timeout=_PATIENCE, retry_handlers=[])
        self.left = USES

    async def __call__(self, message: SlackMessage, *, replace: bool) -> str:
        """Post to the address; a second try costs no use, for the first never reached Slack."""
        if self.left <= 0:
            log.warning("a response_url is used up", private=message.private)
            return "used_url"
        self.left -= 1
        body = _without_nothing(message.response(replace=replace))
        return await _patiently(lambda: self._try(body, again=replace))

    async def _try(self, body: Json, *, again: bool) -> tuple[str, float | None]:
        """Return the error code, and after how many seconds another try can do no harm."""
        try:
            answer = await self._client.send_dict(body)
        except ClientConnectorError:
            return LOST, _PAUSE
        except (ClientError, TimeoutError, OSError):
            return LOST, _PAUSE if again else None
        if answer.status_code == 429:
            return "ratelimited", _retry_after(answer)
        if answer.status_code >= 500:
            return f"http_{answer.status_code}", _PAUSE if again else None
        return ("", None) if answer.status_code == 200 else (_code(answer.body), None)


class Direct:
    """A person's direct message with the app, for what was asked where no channel is."""

    def __init__(self, client: AsyncWebClient, user: str) -> None:
        self._client = client
        self._user = user
        self._last: tuple[str, str] | None = None
        self.left = USES

    async def __call__(self, message: SlackMessage, *, replace: bool) -> str:
        """Post, or change the message before."""
        self.left -= 1
        return await _patiently(lambda: self._try(message, self._last if replace else None))

    async def _try(self, message: SlackMessage, last: tuple[str, str] | None) -> tuple[str, float | None]:
        """Return the error code, and after how many seconds another try can do no harm."""
        try:
            if last is not None:
                words, blocks = message.text, list(message.blocks)
                await self._client.chat_update(channel=last[0], ts=last[1], text=words, blocks=blocks)
                return "", None
            answer = await self._client.chat_postMessage(
                channel=self._user,
                text=message.text,
                blocks=list(message.blocks) or None,
                unfurl_links=False,
                unfurl_media=False,
            )
        except SlackApiError as error:
            return code_of(error) or LOST, pause_of(error) if limited(error) else None
        except ClientConnectorError:
            return LOST, _PAUSE
        except (ClientError, TimeoutError, OSError):
            return LOST, _PAUSE if last is not None else None
        self._last = (str(answer.get("channel")), str(answer.get("ts")))
        return "", None


async def _patiently(attempt: Callable[[], Awaitable[tuple[str, float | None]]]) -> str:
    """Return the error code of an attempt, or of the one after a pause where that can do no harm."""
    error, pause = await attempt()
    if pause is not None and pause <= _LONGEST_PAUSE:
        await asyncio.sleep(pause)
        error, _ = await attempt()
    if error:
        log.warning("Slack did not take an answer", error=error)
    return error


def _without_nothing(body: Json) -> Json:
    return {name: value for name, value in body.items() if value != []}


def _retry_after(answer: WebhookResponse) -> float:
    given = str(answer.headers.get("Retry-After", "1"))
    return float(given) if given.isdecimal() else 1.0


def _code(body: str) -> str:
    try:
        held = json.loads(body)
    except ValueError:
        return body[:60] or "unknown"
    return str(held.get("error"))[:60] if isinstance(held, dict) else "unknown"
