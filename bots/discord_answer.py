"""One person's answer on Discord: a partial card, the card, and never a private word where others read it.

Who sees an answer is settled when it is deferred. A private card after a public deferral goes by a follow-up: the
public message first becomes a neutral line, and is deleted last, for until then the follow-up would take its place.
"""

import asyncio
from collections.abc import Awaitable, Callable
from io import BytesIO
from typing import Any

import aiohttp
import discord
import structlog

from bots.discord_view import embed, layout, rows_only
from bots.render_discord import PICTURE, DiscordMessage, render
from core.card import Attachment, Button, Card, line
from core.cards_fronts import NEUTRAL
from core.cards_remarks import file_not_sent
from core.models import ChartSpec

Draw = Callable[[ChartSpec], Awaitable[bytes]]

GONE = frozenset({10062, 50027, 10015, 10008, 40060})  # token or message gone, or answered already
INVALID, TOO_LARGE = 50035, 40005
_AGAIN = 0.5  # seconds until a connection that broke is tried once more
log = structlog.get_logger("clout.discord")


class Answer:
    """What one deed is answered with.

    `private` says whether the deferral was; `in_place` that the message somebody pressed is what gets edited.
    """

    def __init__(
        self, interaction: discord.Interaction[Any], draw: Draw, *, private: bool, in_place: bool = False
    ) -> None:
        self._interaction = interaction
        self._draw = draw
        self._private = private
        self._in_place = in_place
        self._newer = in_place
        self._turn = asyncio.Lock()
        self._over = False

    @property
    def pictures(self) -> bool:
        """Whether Clout may attach files here."""
        return self._interaction.app_permissions.attach_files

    async def line(self, words: str) -> None:
        """Show a line of our own words in the place of the answer, or below a card that was to be replaced."""
        said = _of_words(words)
        async with self._turn:
            await self._attempt(self._followed(said, None) if self._in_place else self._edited(said))

    async def partial(self, card: Card) -> None:
        """Show what is known so far, unless others would read what is private."""
        async with self._turn:
            if self._private or not (card.private or self._in_place):
                await self._attempt(self._edited(render(card, picture=False)))

    async def card(self, card: Card, *, page: int = 0, again: Button | None = None, share: bool = False) -> None:
        """Show the card; without its chart where files are refused, simpler where its components are."""
        picture = card.chart is not None and self.pictures and page == 0
        message = render(card, page=page, again=again, share=share, picture=picture)
        file = await self._draw(card.chart) if message.alt is not None and card.chart is not None else None
        async with self._turn:
            if self._in_place and card.error is not None:
                await self._attempt(self._followed(message, file))
            elif card.private and not self._private:
                await self._privately(message, file)
            else:
                await self._shown(message, file)
            if card.attachment is not None:
                await self._with_file(message, card.attachment)

    async def _with_file(self, message: DiscordMessage, file: Attachment) -> None:
        """Send a card's file to the asker alone, below the card; where that is refused the card says so."""
        if self.pictures and await self._attempt(self._filed(file)) == 0:
            return
        await self._attempt(self._edited(render(file_not_sent(message.card), picture=False)))

    async def _filed(self, file: Attachment) -> None:
        sent = discord.File(BytesIO(file.content.encode()), filename=file.name)
        await self._interaction.followup.send(file=sent, ephemeral=True)

    async def _shown(self, message: DiscordMessage, file: bytes | None) -> None:
        code = await self._attempt(self._edited(message, file))
        if code == TOO_LARGE:
            message = render(message.card, picture=False)
            code = await self._attempt(self._edited(message))
        if code == INVALID and not self._newer:
            code = await self._attempt(self._as_embed(message, file))
        if code == INVALID:
            await self._attempt(self._edited(message.words_only()))

    async def _privately(self, message: DiscordMessage, file: bytes | None) -> None:
        if self._in_place:
            await self._attempt(self._followed(message, file))
            return
        await self._attempt(self._edited(_of_words(NEUTRAL)))
        if await self._attempt(self._followed(message, file)) == INVALID:
            await self._attempt(self._followed(message.words_only(), None))
        await self._attempt(self._interaction.delete_original_response())

    async def _edited(self, message: DiscordMessage, file: bytes | None = None) -> None:
        """Edit the answer, again where the connection broke: the same words a second time do no harm."""
        view = layout(message.components)
        for pause in (_AGAIN, None):
            files = [_file(message, file)] if file is not None else []
            try:
                await self._interaction.edit_original_response(view=view, attachments=files)
            except (aiohttp.ClientError, OSError):
                if pause is None:
                    raise
                await asyncio.sleep(pause)
            else:
                break
        self._newer = True

    async def _as_embed(self, message: DiscordMessage, file: bytes | None) -> None:
        files = [_file(message, file)] if file is not None else []
        await self._interaction.edit_original_response(
            embed=embed(message), view=rows_only(message.classic), attachments=files
        )

    async def _followed(self, message: DiscordMessage, file: bytes | None) -> None:
        files = [_file(message, file)] if file is not None else []
        await self._interaction.followup.send(view=layout(message.components), files=files, ephemeral=True)

    async def _attempt(self, work: Awaitable[object]) -> int:
        """Do something and return Discord's error code, 0 for none; after a dead token nothing more is tried."""
        if self._over:
            if asyncio.iscoroutine(work):
                work.close()
            return 0
        try:
            await work
        except discord.HTTPException as error:
            self._over = error.code in GONE or error.status == 401
            told = log.info if error.code in GONE else log.warning
            told("Discord refused an answer", code=error.code, status=error.status, fields=_fields(error))
            return error.code or error.status
        except (discord.RateLimited, aiohttp.ClientError, TimeoutError, OSError) as error:
            log.warning("an answer did not reach Discord", error=type(error).__name__)
            return -1
        return 0


def _file(message: DiscordMessage, png: bytes) -> discord.File:
    return discord.File(BytesIO(png), filename=PICTURE, description=message.alt)


def _of_words(words: str) -> DiscordMessage:
    card = Card(kind="line", title=line(words), blocks=())
    return DiscordMessage(({"type": 10, "content": words},), card, picture=False)


def _fields(error: discord.HTTPException) -> str:
    """Return where Discord found a payload wrong: paths of fields, whatever stands in them."""
    return "; ".join(part.partition(":")[0] for part in error.text.splitlines()[1:6]) if error.code == INVALID else ""
