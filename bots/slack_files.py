"""A card's file in Slack: sent to the asker's direct messages, which nobody else reads."""

from typing import Any

import structlog
from aiohttp import ClientError
from slack_sdk.errors import SlackApiError, SlackRequestError
from slack_sdk.web.async_client import AsyncWebClient

from bots.render_slack import render
from bots.slack_codes import code_of
from core.card import Attachment, Card
from core.cards_remarks import file_card, file_not_sent, file_sent

log = structlog.get_logger("clout.slack")


async def with_file(client: AsyncWebClient, user: str, card: Card) -> Card:
    """Send a card's file to the asker and return the card saying so; one without a file as it is.

    A file that cannot be sent is no reason to keep the card back: the card says that.
    """
    if card.attachment is None:
        return card
    sent = await _sent(client, user, card.attachment)
    return file_sent(card) if sent else file_not_sent(card)


async def _sent(client: AsyncWebClient, user: str, file: Attachment) -> bool:
    """Upload a file into a person's direct messages; the message above it is what opens them."""
    try:
        words: dict[str, Any] = render(file_card(file.name)).payload()
        above = await client.chat_postMessage(channel=user, **words)
        await client.files_upload_v2(
            channel=str(above["channel"]),
            filename=file.name,
            content=file.content.encode(),
            title=file.name,
        )
    except SlackApiError as error:
        log.warning("a file could not be sent", error=code_of(error) or "no code")
        return False
    except (SlackRequestError, ClientError, TimeoutError, OSError) as error:
        log.warning("a file could not be sent", error=type(error).__name__)
        return False
    return True
