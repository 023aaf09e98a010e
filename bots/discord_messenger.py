"""Posts on Discord by itself: cards in channels and threads, once each, calling nobody but the one role asked for.

A nonce made of the delivery's key lets Discord answer a second send within minutes with the first message.
"""

import asyncio
import base64
import hashlib
import re
from collections.abc import Awaitable, Callable
from datetime import timedelta
from io import BytesIO
from typing import TYPE_CHECKING, Any

import aiohttp
import discord
import structlog

from bots.discord_view import embed, layout
from bots.render_discord import PICTURE, DiscordMessage, render
from core.card import Card
from core.errors import ChannelGone, DeliveryError, DeliveryForbidden, DeliveryUnknown
from core.messenger import Place, Platform, Sent
from core.models import ChartSpec, Clock

if TYPE_CHECKING:
    from bots.discord_client import Client

NONCE = 25  # characters, docs.discord.com/developers/resources/message
SECONDS = 45.0  # for one message until nobody knows whether it arrived; the library waits 30 s of them at a rate limit
_INVALID, _NO_MESSAGES, _HAS_THREAD = 50035, 50007, 160004
_THREAD_NAME = 90  # characters
_LATER = timedelta(minutes=5)
_NEEDED = ("view_channel", "send_messages", "attach_files", "embed_links")
_IN_THREADS = ("view_channel", "send_messages_in_threads", "attach_files", "embed_links")

log = structlog.get_logger("clout.discord")


def nonce_of(key: str) -> str:
    """Return the first 25 characters of base32 SHA-256 of a key."""
    return base64.b32encode(hashlib.sha256(key.encode()).digest()).decode()[:NONCE]


class DiscordMessenger:
    """See `core.messenger.Messenger`."""

    platform: Platform = "discord"

    def __init__(
        self,
        client: "Client",
        draw: Callable[[ChartSpec], Awaitable[bytes]],
        clock: Clock,
        *,
        seconds: float = SECONDS,
    ) -> None:
        self._client = client
        self._draw = draw
        self._clock = clock
        self._seconds = seconds

    async def send(
        self, team: str, place: Place, card: Card, *, key: str, under: str | None = None, mention: str | None = None
    ) -> Sent:
        """See Messenger.send."""
        message = render(card)
        png = await self._draw(card.chart) if message.alt is not None and card.chart is not None else None
        role = _role(mention, team)
        where = await self._where(team, place, card, under)
        try:
            sent = await self._asked(place, lambda: self._posted(where, message, png, key, role))
        except _Malformed as error:
            log.warning("Discord refused a payload; its simpler form is sent", fields=error.fields)
            sent = await self._simpler(place, where, message, png, key, role)
        return Sent(message=str(sent.id))

    async def check(self, team: str, place: Place) -> Place:
        """See Messenger.check."""
        number = _number(place.thread or place.channel)
        channel = self._client.get_channel(number)
        if channel is None:
            channel = await self._asked(place, lambda: self._client.fetch_channel(number))
        if not isinstance(channel, discord.abc.GuildChannel | discord.Thread) or f"discord:{channel.guild.id}" != team:
            raise ChannelGone(place.channel, "This server has no such channel.")
        if not isinstance(channel, discord.abc.Messageable):
            raise DeliveryForbidden(
                place.channel, f"#{channel.name} takes no messages: choose a text channel or a thread."
            )
        needed = _IN_THREADS if isinstance(channel, discord.Thread) else _NEEDED
        allowed = channel.permissions_for(channel.guild.me)
        missing = [name.replace("_", " ").title() for name in needed if not getattr(allowed, name)]
        if missing:
            shown = f"#{channel.name}"
            raise DeliveryForbidden(place.channel, f"Clout lacks {', '.join(missing)} in {shown}.")
        return place.model_copy(update={"shown": f"#{channel.name}"})

    async def private(self, team: str, place: Place) -> bool:
        """See Messenger.private; who may see a channel is known without asking Discord."""
        channel = self._client.get_channel(_number(place.thread or place.channel))
        if isinstance(channel, discord.Thread) and not channel.is_private():
            channel = channel.parent
        if not isinstance(channel, discord.abc.GuildChannel):
            return True
        return not channel.permissions_for(channel.guild.default_role).view_channel

    async def tell(self, team: str, person: str, card: Card) -> None:
        """See Messenger.tell."""
        place = Place(platform="discord", channel=person)
        message = render(card, picture=False)

        async def said() -> Any:
            direct = await self._client.create_dm(discord.Object(_number(person)))
            return await direct.send(view=layout(message.components))

        try:
            await self._asked(place, said)
        except _TakesNone:
            log.info("a person takes no messages", team=team)

    # --- sending ------------------------------------------------------------------------------------------------------

    async def _where(self, team: str, place: Place, card: Card, under: str | None) -> discord.PartialMessageable:
        """Return what to send to: the channel, its thread, or the thread below a message, which may be new."""
        if place.thread is not None or under is None:
            return self._client.get_partial_messageable(_number(place.thread or place.channel))
        guild = _number(team.rpartition(":")[2])
        parent = self._client.get_partial_messageable(_number(place.channel), guild_id=guild)
        name = "".join(span.text for span in card.title)[:_THREAD_NAME] or "More"
        try:
            await self._asked(place, lambda: parent.get_partial_message(_number(under)).create_thread(name=name))
        except _HasThread:
            pass
        except (ChannelGone, DeliveryForbidden):
            return parent  # no threads here, or the message is gone: what belongs below stands behind
        return self._client.get_partial_messageable(_number(under))

    async def _posted(
        self, where: discord.PartialMessageable, message: DiscordMessage, png: bytes | None, key: str, role: int | None
    ) -> Any:
        calling = [{"type": 10, "content": f"<@&{role}>"}] if role is not None else []
        return await where.send(
            view=layout([*calling, *message.components]),
            files=_files(message, png),
            nonce=nonce_of(key),
            allowed_mentions=_mentions(role),
        )

    async def _simpler(
        self,
        place: Place,
        where: discord.PartialMessageable,
        message: DiscordMessage,
        png: bytes | None,
        key: str,
        role: int | None,
    ) -> Any:
        def as_embed() -> Awaitable[Any]:
            return where.send(
                content=f"<@&{role}>" if role is not None else None,
                embed=embed(message),
                files=_files(message, png),
                nonce=nonce_of(key),
                allowed_mentions=_mentions(role),
            )

        return await self._asked(place, as_embed)

    async def _asked(self, place: Place, call: Callable[[], Awaitable[Any]]) -> Any:
        """Do something over HTTP; raises DeliveryError, of which some have a sign of their own below."""
        if self._client.is_closed():
            again = self._clock.now() + _LATER
            raise DeliveryForbidden(place.channel, "Clout is not connected to Discord.", retry_at=again)
        if self._client.refusals.many:
            again = self._clock.now() + _LATER
            raise DeliveryForbidden(place.channel, "Discord refused too much lately; Clout waits.", retry_at=again)
        try:
            async with asyncio.timeout(self._seconds):
                return await call()
        except discord.RateLimited as error:
            again = self._clock.now() + timedelta(seconds=error.retry_after)
            raise DeliveryForbidden(place.channel, "Discord asks for patience.", retry_at=again) from error
        except discord.HTTPException as error:
            raise _meaning(place, error) from error
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise DeliveryUnknown(place.channel, "Discord did not say whether the message arrived.") from error


class _Malformed(DeliveryForbidden):
    """The payload is wrong; `fields` says where."""

    def __init__(self, channel: str, fields: str) -> None:
        super().__init__(channel, "Discord does not take this message.")
        self.fields = fields


class _HasThread(DeliveryForbidden):
    """The message has a thread already."""


class _TakesNone(DeliveryForbidden):
    """The person takes no messages."""


def _meaning(place: Place, error: discord.HTTPException) -> DeliveryError:
    if error.code == _INVALID:
        return _Malformed(place.channel, "; ".join(line.partition(":")[0] for line in error.text.splitlines()[1:6]))
    if error.code == _HAS_THREAD:
        return _HasThread(place.channel, "The message has a thread already.")
    if error.code == _NO_MESSAGES:
        return _TakesNone(place.channel, "Discord lets nobody but this person's friends write to them.")
    return delivery_error(place, error)


def delivery_error(place: Place, error: discord.HTTPException) -> DeliveryError:
    """Return what a refusal means for a delivery."""
    name = place.shown or "the channel"
    if error.status == 404:
        return ChannelGone(place.channel, f"Discord knows no channel {name} any more.")
    if error.status in (401, 403):
        return DeliveryForbidden(place.channel, f"Clout may not post in {name}.")
    if error.status >= 500:
        return DeliveryUnknown(place.channel, "Discord did not say whether the message arrived.")
    return DeliveryForbidden(place.channel, f"Discord refused to post in {name} (code {error.code}).")


def _files(message: DiscordMessage, png: bytes | None) -> list[discord.File]:
    return [] if png is None else [discord.File(BytesIO(png), filename=PICTURE, description=message.alt)]


def _mentions(role: int | None) -> discord.AllowedMentions:
    roles: Any = [discord.Object(role)] if role is not None else []
    return discord.AllowedMentions(everyone=False, users=False, roles=roles, replied_user=False)


def _role(mention: str | None, team: str) -> int | None:
    """Return the role to call; never everyone, which is the role with the server's own number."""
    found = re.fullmatch(r"(?:<@&)?([0-9]{1,20})>?", mention or "")
    return int(found[1]) if found is not None and team != f"discord:{found[1]}" else None


def _number(text: str) -> int:
    """Return an id; raises ChannelGone for what is none."""
    if not re.fullmatch(r"[0-9]{1,20}", text):
        raise ChannelGone(text, "That is no channel of Discord.")
    return int(text)
