"""The outbox: every message is claimed, rendered once, stored, sent and marked, so that none is lost or said twice.

What can be known is kept: a message that was surely not taken is tried again; one whose fate is unknown is repeated
only where the platform tells a repetition from a second message, else it is left to a person (`digest status`).
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from datetime import datetime, timedelta

import structlog

from core import outbox
from core.card import Card
from core.cards_delivery import late
from core.errors import ChannelGone, CloutError, DeliveryError, DeliveryForbidden, DeliveryUnknown
from core.messenger import Messenger, Platform, Sent
from core.models import Clock
from core.outbox import Delivery, DeliveryState
from core.store import Store

log = structlog.get_logger("clout.deliveries")

SEND_WITHIN = 80.0  # seconds; less than the lease, so that whoever takes over does not meet us
REPEATABLE: Mapping[Platform, timedelta] = {
    # Discord returns the existing message for the same nonce "for a few minutes"; the terminal's inbox has a unique key
    "discord": timedelta(minutes=2),
    "terminal": timedelta.max,
}
"""How long a platform takes the same key again without a second message; any other: never."""

NOTED_LATE = timedelta(minutes=10)  # from then on a message says when it was due
BLOCKED_FIRST, REFUSED_FIRST = timedelta(hours=1), timedelta(seconds=30)  # waits, doubled after each failure
REFUSED_LONGEST = timedelta(minutes=30)
_SOON = timedelta(seconds=5)
_LAST_TRY = timedelta(minutes=2)  # before a message is too late
_ELSEWHERE = timedelta(seconds=30)  # until another process, which has the platform, may try

Render = Callable[[Delivery], Awaitable[tuple[Card, ...]]]
"""Returns what a delivery says: its message and, where it is long, further parts for its thread; nothing to skip it."""

Settled = Callable[[Delivery, DeliveryState, CloutError | None], Awaitable[tuple[str, Card] | None]]
"""Hears what became of an attempt; may return a person to be told, and what."""


async def _nobody(one: Delivery, state: DeliveryState, error: CloutError | None) -> None:
    return None


def _no_stop(step: str) -> None:
    """Stop nowhere."""


def by_kind(renders: Mapping[str, Render]) -> Render:
    """Return a render that leaves each kind of delivery to its own."""

    async def render(one: Delivery) -> tuple[Card, ...]:
        return await renders[one.kind](one)

    return render


def told_by_each(*those: Settled) -> Settled:
    """Return what lets every kind's room hear of a delivery; the first that has something to say does."""

    async def settled(one: Delivery, state: DeliveryState, error: CloutError | None) -> tuple[str, Card] | None:
        for hears in those:
            notice = await hears(one, state, error)
            if notice is not None:
                return notice
        return None

    return settled


class Deliveries:
    """Carries deliveries out; any number of processes may be asked for the same one.

    `checkpoint` is called at "before claim", "after claim", "after send" and "before mark": tests stop a process there.
    """

    def __init__(
        self,
        store: Store,
        clock: Clock,
        messengers: Mapping[Platform, Messenger],
        render: Render,
        *,
        settled: Settled = _nobody,
        checkpoint: Callable[[str], None] = _no_stop,
    ) -> None:
        self._db = store.database
        self._clock = clock
        self._messengers = messengers
        self._render = render
        self._settled = settled
        self._checkpoint = checkpoint

    async def waiting(self, now: datetime, platform: Platform | None = None) -> tuple[str, ...]:
        """Return the keys of everything that could be sent now, of every kind; on one platform when it is given."""
        return await self._db.read(outbox.waiting, now, platform)

    async def deliver(self, key: str) -> str:
        """Send one delivery and what belongs in its thread; return its state, `missing` for an unknown key.

        Doing so twice, at once or after a crash at any step, posts no second message. Raises StoreError only.
        """
        self._checkpoint("before claim")
        claimed = await self._db.write(outbox.claim, key, self._clock.now())
        if claimed is None:
            return await self._as_it_stands(key)
        self._checkpoint("after claim")
        state = await self._attempt(claimed)
        if state == "sent" and claimed.parent is None:
            for part in await self._db.read(outbox.parts_of, key):
                if await self.deliver(part) != "sent":
                    break
        return state

    async def _as_it_stands(self, key: str) -> str:
        found = await self._db.read(outbox.stored, key)
        return "missing" if found is None else found.state

    async def _attempt(self, one: Delivery) -> str:
        now = self._clock.now()
        if one.tried_at is not None and not _repeatable(one, now):
            return await self._settle(one, "unknown", DeliveryUnknown(one.place.shown, _UNKNOWN), known=False)
        if one.tried_at is None and now - one.due_at > outbox.LATEST:
            return await self._settle(one, "skipped", DeliveryError(one.place.shown, _TOO_LATE))
        messenger = self._messengers.get(one.place.platform)
        if messenger is None:
            error = DeliveryError(one.place.shown, f"Clout is not connected to {one.place.platform.title()} now.")
            return await self._settle(one, "pending", error, wait=_ELSEWHERE, known=one.tried_at is None, strike=False)
        try:
            cards = (one.card,) if one.card is not None else await self._render(one)
        except CloutError as error:
            return await self._settle(one, "pending", error, wait=self._backed_off(REFUSED_FIRST, one, REFUSED_LONGEST))
        if not cards:
            return await self._settle(one, "skipped", None)
        return await self._send(one, messenger, *cards)

    async def _send(self, one: Delivery, messenger: Messenger, card: Card, *further: Card) -> str:
        now = self._clock.now()
        if one.tried_at is None and one.part == 0 and now - one.due_at >= NOTED_LATE:
            card = late(card, one.due_at, now, one.zone)
        if not await self._db.write(outbox.handing_over, one, card, further, now):
            return await self._as_it_stands(one.key)
        # from here on a crash leaves it open whether the message was posted; the row says since when
        under = await self._db.read(outbox.stored, one.parent) if one.parent is not None else None
        try:
            async with asyncio.timeout(SEND_WITHIN):
                sent = await messenger.send(
                    one.team,
                    one.place,
                    card,
                    key=one.key,
                    under=under.message if under is not None else None,
                    mention=one.mention,
                )
        except TimeoutError:
            return await self._refused(one, DeliveryUnknown(one.place.shown, _UNKNOWN))
        except DeliveryError as error:
            return await self._refused(one, error)
        self._checkpoint("after send")
        return await self._settle(one, "sent", None, sent=sent)

    async def _refused(self, one: Delivery, error: DeliveryError) -> str:
        if isinstance(error, DeliveryUnknown):
            if one.place.platform in REPEATABLE:  # the next attempt asks whether it is still time
                return await self._settle(one, "pending", error, wait=_SOON, known=False)
            return await self._settle(one, "unknown", error, known=False)
        if isinstance(error, ChannelGone):
            return await self._settle(one, "failed", error)
        if error.retry_at is not None:
            return await self._settle(one, "pending", error, wait=max(error.retry_at - self._clock.now(), _SOON))
        if isinstance(error, DeliveryForbidden):
            return await self._settle(
                one, "pending", error, wait=self._backed_off(BLOCKED_FIRST, one, outbox.LONGEST_WAIT)
            )
        return await self._settle(one, "pending", error, wait=self._backed_off(REFUSED_FIRST, one, REFUSED_LONGEST))

    async def _settle(
        self,
        one: Delivery,
        state: DeliveryState,
        error: CloutError | None,
        *,
        sent: Sent | None = None,
        wait: timedelta = timedelta(0),
        known: bool = True,
        strike: bool = True,
    ) -> str:
        self._checkpoint("before mark")
        message = sent.message if sent is not None else None
        said = error.message if error is not None else None
        done = await self._db.write(
            outbox.settle,
            one,
            state,
            now=self._clock.now(),
            message=message,
            error=said,
            wait=wait,
            known=known,
            strike=strike,
        )
        if not done:  # we were thought dead, and another process went on
            return await self._as_it_stands(one.key)
        if error is not None:
            log.warning("not posted", key=one.key, state=state, error=type(error).__name__, attempt=one.attempt)
        notice = await self._settled(one, state, error)
        if notice is not None:
            await self._tell(one, *notice)
        return state

    def _backed_off(self, first: timedelta, one: Delivery, longest: timedelta) -> timedelta:
        """Return twice the last wait; a message is tried once more right before it is old news."""
        doubled: timedelta = first * 2 ** min(one.failures, 16)
        last = one.due_at + outbox.LATEST - _LAST_TRY - self._clock.now()
        return min(doubled, longest, last if last > timedelta(0) else longest)

    async def _tell(self, one: Delivery, person: str, card: Card) -> None:
        messenger = self._messengers.get(one.place.platform)
        if messenger is not None:
            with suppress(DeliveryError):  # who cannot be told reads it in `digest status`
                await messenger.tell(one.team, person, card)


_UNKNOWN = (
    "The platform never said whether the message arrived. Look in the channel, and post it again if it is missing."
)
_TOO_LATE = "It could not be posted within 24 hours, so it was skipped."


def _repeatable(one: Delivery, now: datetime) -> bool:
    allowed = REPEATABLE.get(one.place.platform)
    if allowed is None or one.tried_at is None:
        return False
    # after a step back of the clock nobody knows how long ago it was
    return allowed == timedelta.max or timedelta(0) <= now - one.tried_at <= allowed
