"""The use case behind `digest`: who gets one, when it is due, what it says, and what stands in its way.

`run_due` makes the deliveries, `render` writes them, `settled` hears what became of each; `core/deliveries.py` sends.
"""

from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime, timedelta

import structlog
from sqlalchemy import Connection

from core import outbox, subscriptions
from core.backgrounds import HistoryLike
from core.card import Card
from core.cards_delivery import blocked_card, gone_card, zone_card
from core.cards_subscriptions import confirmed_card
from core.digests import StandingLike
from core.editions import Editions, RosterLike, lost_zone
from core.errors import ChannelGone, CloutError, DeliveryError, DeliveryForbidden, DeliveryUnknown, InputError
from core.messenger import Messenger, Place, Platform
from core.models import Clock
from core.outbox import Delivery, DeliveryState
from core.schedules import LastPost, Run, Schedule, Subscribed, Subscription, due_runs, next_run, parse_schedule, period
from core.store import Store
from core.teams import Teams
from core.watches_told import forget_told
from core.wishes import Wish

log = structlog.get_logger("clout.posting")

KIND = subscriptions.KIND
NAMED_SKIPPED = 5  # missed runs that `digest status` names after a long silence
SAID_FOR = timedelta(days=60)  # what was not posted, or perhaps not, is kept so long
_TRIES = 3  # times an edit is applied again when somebody else was quicker
_TEST = "test-"

_CLEARED: Mapping[str, datetime | str | None] = {"last_error": None, "blocked_since": None, "told_at": None}

REMOVED = "Clout was removed from the channel, or it was archived."
DELETED = "The channel was deleted."


class Digests:
    """Subscriptions of every team; one for the whole process. Methods raise StoreError when the database refuses.

    It is also a `core.channels.ChannelNews`. `messengers` are those of this process.
    """

    def __init__(
        self,
        store: Store,
        clock: Clock,
        lookups: HistoryLike,
        roster: RosterLike,
        teams: Teams,
        *,
        messengers: Mapping[Platform, Messenger] | None = None,
    ) -> None:
        self._db = store.database
        self._clock = clock
        self._editions = Editions(store, clock, lookups, roster, teams)
        self._messengers = messengers if messengers is not None else {}

    # --- what people change -------------------------------------------------------------------------------------------

    async def add(self, team: str, wish: Wish, *, place: Place, zone: str, asker: str) -> Subscription:
        """Subscribe a place and say so in it; raises BadSchedule, LimitReached, and DeliveryError where it cannot."""
        schedule, now = parse_schedule(wish.schedule, zone), self._clock.now()
        named = await self._messenger(place).check(team, place)
        draft = Subscription(
            team=team,
            place=named,
            schedule=schedule,
            owner=asker,
            next_run=next_run(schedule, now),
            edited_by=asker,
            edited_at=now,
        )
        made = await self._db.write(subscriptions.add, wish.applied(draft))
        try:
            await self._confirm(made, now)
        except DeliveryError:
            await self._db.write(_remove, made)
            raise
        return made

    async def _confirm(self, made: Subscription, now: datetime) -> None:
        """Say in a channel that a digest comes there, the true test that it can; raises DeliveryError.

        Words that may have arrived must stay true: then the digest stands, and `digest status` tells how it fares.
        """
        with suppress(DeliveryUnknown):
            await self._messenger(made.place).send(
                made.team, made.place, confirmed_card(made, now), key=_key(made, now)
            )

    async def edit(
        self, team: str, number: int | None, wish: Wish, *, place: Place | None, asker: str
    ) -> tuple[Subscription, Subscription]:
        """Change what a wish names and return the subscription before and after; the last one to write wins.

        Raises InputError, and DeliveryError for a new place that cannot be posted in.
        """
        if place is not None:
            place = await self._messenger(place).check(team, place)
        said = False
        for _ in range(_TRIES):
            before = await self.one(team, number)
            now = self._clock.now()
            edited = await self._edited(before, wish, place, now)
            after = edited.model_copy(update={"edited_by": asker, "edited_at": now})
            moved = after.place.where != before.place.where
            if moved and not said:
                await self._confirm(after, now)
                said = True
            stored = await self._db.write(subscriptions.change, after, before.version)
            if stored is not None:
                if moved:  # what waits to be posted goes along
                    await self._db.write(outbox.move, KIND, stored.id, stored.place)
                return before, stored
        raise InputError("Somebody else is changing this digest at the same moment. Try again.")

    async def _edited(self, before: Subscription, wish: Wish, place: Place | None, now: datetime) -> Subscription:
        found, schedule = wish.applied(before), before.schedule
        if place is not None:  # a paused digest stays paused; one whose channel was deleted runs again
            found = found.model_copy(update={"place": place, "state": "on" if before.state == "gone" else before.state})
        if wish.schedule:
            schedule = parse_schedule(wish.schedule, before.schedule.zone, base=before.schedule)
        elif found.state == before.state:
            return found
        run = await self._following(before.id, schedule, now)
        return found.model_copy(update={"schedule": schedule, "next_run": run})

    async def _following(self, subscription: int, schedule: Schedule, now: datetime) -> Run:
        """Return the next run of a period that has no digest yet: moved from Monday to Thursday, it comes next week."""
        run = next_run(schedule, now)
        made = await self._db.read(outbox.stored, _name(subscription, period(schedule.cadence, run.on)))
        while made is not None and period(schedule.cadence, run.on) == made.period:
            run = next_run(schedule, run.at, after=run.on)
        return run

    async def pause(self, team: str, number: int | None, *, asker: str) -> Subscription:
        """Stop a digest until it is resumed; raises InputError."""
        return await self._switched(team, number, "paused", asker)

    async def resume(self, team: str, number: int | None, *, asker: str) -> Subscription:
        """Let a paused digest run again, from its next run on; raises InputError."""
        return await self._switched(team, number, "on", asker)

    async def _switched(self, team: str, number: int | None, state: str, asker: str) -> Subscription:
        for _ in range(_TRIES):
            before, now = await self.one(team, number), self._clock.now()
            if before.state == "gone":
                raise InputError(
                    f"The channel of digest {before.number} was deleted: `digest edit {before.number} #channel` "
                    "gives it another one."
                )
            run = await self._following(before.id, before.schedule, now)
            values = {"state": state, "next_run": run, "edited_by": asker, "edited_at": now}
            stored = await self._db.write(subscriptions.change, before.model_copy(update=values), before.version)
            if stored is not None:
                if state == "paused":
                    await self._db.write(outbox.give_up, KIND, before.id, "The digest was paused.")
                return stored
        raise InputError("Somebody else is changing this digest at the same moment. Try again.")

    async def remove(self, team: str, number: int | None) -> Subscription:
        """Delete a digest for good; raises InputError."""
        found = await self.one(team, number)
        await self._db.write(_remove, found)
        return found

    # --- what people ask ----------------------------------------------------------------------------------------------

    async def one(self, team: str, number: int | None) -> Subscription:
        """Return one of a team's digests; without a number the only one. Raises InputError naming what there is."""
        known = await self._db.read(subscriptions.of_team, team)
        if number is None and len(known) == 1:
            return known[0]
        found = next((one for one in known if one.number == number), None)
        if found is not None:
            return found
        if not known:
            raise InputError("No digest is set up yet: `digest here every monday 09:00` sets one up.")
        numbers = ", ".join(str(one.number) for one in known)
        said = "Say which digest by its number: " if number is None else f"There is no digest {number}, but "
        raise InputError(f"{said}{numbers}. `digest list` tells them apart.")

    async def subscribed(self, team: str) -> tuple[Subscribed, ...]:
        """Return a team's digests with what became of the newest post of each."""
        known = await self._db.read(subscriptions.of_team, team)
        last = await self._db.read(outbox.latest, KIND, [one.id for one in known])
        return tuple(Subscribed(subscription=one, last=_last(last.get(one.id))) for one in known)

    async def preview(self, found: Subscription) -> tuple[Card, ...]:
        """Return a digest as it would be posted now; nothing is posted."""
        remark = "A preview: only you see it, and nothing was posted."
        return await self._editions.cards(found, self._clock.now(), remarks=(remark,))

    async def written(self, found: Subscription, until: datetime) -> tuple[Card, ...]:
        """Return the digest of a subscription, stored or not, up to a moment."""
        return await self._editions.cards(found, until)

    async def current(self, team: str, number: int | None) -> tuple[Subscription, list[StandingLike]]:
        """Return where the creators of a digest stand now, for an export."""
        found, now = await self.one(team, number), self._clock.now()
        return found, [one async for page in self._editions.standings(found, now) for one in page]

    async def test(self, team: str, number: int | None) -> str:
        """Make a delivery that posts the digest now, marked as a test, and calls nobody; return its key."""
        found, now = await self.one(team, number), self._clock.now()
        made = _delivery(found, f"{_TEST}{int(now.timestamp() * 1000)}", now).model_copy(update={"mention": None})
        await self._db.write(outbox.put, [made])
        return made.key

    async def post_now(self, team: str, number: int | None) -> str:
        """Let the newest digest that was not, or perhaps not, posted be posted after all; return its key."""
        found = await self.one(team, number)
        key = await self._db.write(outbox.again, KIND, found.id, self._clock.now())
        if key is None:
            raise InputError(f"Nothing of digest {found.number} waits to be posted. `digest test` posts one now.")
        return key

    # --- when it is due -----------------------------------------------------------------------------------------------

    async def run_due(self, now: datetime) -> tuple[str, ...]:
        """Make deliveries of what is due and return the keys of everything that waits to be sent, of every kind.

        Any number of processes may call it, at any time: a period is made once. After a silence only the latest run of
        each digest is posted, and none that is more than a day late.
        """
        for one in await self._db.read(subscriptions.due, now):
            zone = lost_zone(one.schedule)
            await self._db.write(_make, one, now)
            if zone is not None:
                await self._zone_lost(one, zone, now)
        return await self._db.read(outbox.waiting, now)

    async def tidy(self, now: datetime) -> None:
        """Forget what could not be posted two months ago, of digests and alerts, and what is told by now."""
        await self._db.write(outbox.forget, now - SAID_FOR)
        await self._db.write(forget_told, now)

    async def _zone_lost(self, one: Subscription, zone: str, now: datetime) -> None:
        card = zone_card(one, zone)
        error = f"The time zone {zone} is no longer known here; the digest runs at its time in UTC."
        await self._db.write(subscriptions.note, one.id, {"zone": "UTC", "last_error": error, "told_at": now})
        await self._tell(one, card)

    # --- what it says -------------------------------------------------------------------------------------------------

    async def render(self, delivery: Delivery) -> tuple[Card, ...]:
        """Return what a delivery says; nothing when its digest is gone, or quiet and nobody moved."""
        found = await self._db.read(subscriptions.by_id, delivery.team, delivery.subscription)
        if found is None:
            return ()
        test = delivery.period.startswith(_TEST)
        remarks = ("A test: it does not stand for the digest of this time.",) if test else ()
        return await self._editions.cards(found, delivery.due_at, remarks=remarks, quiet=found.quiet and not test)

    # --- what became of it --------------------------------------------------------------------------------------------

    async def settled(
        self, delivery: Delivery, state: DeliveryState, error: CloutError | None
    ) -> tuple[str, Card] | None:
        """Note what became of a post, and return whom to tell what: its owner, once, of what lasts."""
        if delivery.kind != KIND:
            return None
        found = await self._db.read(subscriptions.by_id, delivery.team, delivery.subscription)
        if found is None or delivery.period.startswith(_TEST):
            return None
        now = self._clock.now()
        if error is None:
            await self._db.write(subscriptions.note, found.id, {**_CLEARED, "last_run_at": now})
            return None
        if found.place.where != delivery.place.where:
            return None  # it has another place by now, and nothing is wrong with that one
        if isinstance(error, ChannelGone):
            return await self._gone(found, error.message, now)
        if isinstance(error, DeliveryForbidden) and error.retry_at is None:
            return await self._blocked(found, error.message, now)
        await self._db.write(subscriptions.note, found.id, {"last_error": error.message})
        return None

    async def _gone(self, found: Subscription, error: str, now: datetime) -> tuple[str, Card] | None:
        told = found.state == "gone" and found.told_at is not None
        await self._db.write(subscriptions.note, found.id, {"state": "gone", "last_error": error, "told_at": now})
        return None if told else (found.owner, gone_card(found, error))

    async def _blocked(self, found: Subscription, error: str, now: datetime) -> tuple[str, Card] | None:
        since, told = found.blocked_since or now, found.told_at is not None
        values: dict[str, datetime | str | None]
        values = {"last_error": error, "blocked_since": since, "told_at": found.told_at or now}
        await self._db.write(subscriptions.note, found.id, values)
        return None if told else (found.owner, blocked_card(found, error))

    # --- what is heard of channels ------------------------------------------------------------------------------------

    async def gone(self, team: str, channel: str) -> None:
        """Switch off what posts in a deleted channel, and tell each owner once."""
        for found in await self._db.read(subscriptions.in_channel, team, channel):
            await self._db.write(outbox.give_up, KIND, found.id, DELETED)
            notice = await self._gone(found, DELETED, self._clock.now())
            if notice is not None:
                await self._tell(found, notice[1])

    async def lost(self, team: str, channel: str) -> None:
        """Mark what posts in a channel that Clout is out of, and tell each owner once; tries go on."""
        for found in await self._db.read(subscriptions.in_channel, team, channel):
            if found.state == "on":
                notice = await self._blocked(found, REMOVED, self._clock.now())
                if notice is not None:
                    await self._tell(found, notice[1])

    async def back(self, team: str, channel: str) -> None:
        """Let what waits for a channel be posted now."""
        for found in await self._db.read(subscriptions.in_channel, team, channel):
            if found.state != "gone":
                await self._db.write(subscriptions.note, found.id, _CLEARED)
        await self._db.write(outbox.hurry, team, channel, self._clock.now())

    # --- people and places --------------------------------------------------------------------------------------------

    def _messenger(self, place: Place) -> Messenger:
        messenger = self._messengers.get(place.platform)
        if messenger is None:
            raise InputError(f"Clout is not connected to {place.platform.title()} in this process, so it cannot post.")
        return messenger

    async def _tell(self, found: Subscription, card: Card) -> None:
        messenger = self._messengers.get(found.place.platform)
        if messenger is not None and found.owner:
            with suppress(DeliveryError):  # who cannot be told reads it in `digest status`
                await messenger.tell(found.team, found.owner, card)


def _key(made: Subscription, now: datetime) -> str:
    """Name the words that say a digest is set up; an id may come again, its moment does not."""
    return f"subscribed:{made.id}:{int(now.timestamp() * 1000)}"


def _remove(conn: Connection, found: Subscription) -> None:
    outbox.drop(conn, KIND, found.id)
    subscriptions.remove(conn, found.team, found.id)


def _make(conn: Connection, one: Subscription, now: datetime) -> None:
    """Make the delivery of a subscription's latest due run, name the missed ones, and set the next; one transaction."""
    runs = due_runs(one.schedule, one.next_run.on, now) if one.next_run.at <= now else ()
    after = runs[-1].on if runs else None
    if not subscriptions.advance(conn, one, next_run(one.schedule, now, after=after)):
        return  # another process was quicker, or somebody edited it just now
    posted = [run for run in runs[-1:] if now - run.at <= outbox.LATEST]
    missed = runs[: len(runs) - len(posted)][-NAMED_SKIPPED:]
    outbox.note_skipped(conn, [_skipped(one, run) for run in missed])
    outbox.put(conn, [_delivery(one, period(one.schedule.cadence, run.on), run.at) for run in posted])
    if missed and not posted:
        subscriptions.note(conn, one.id, {"last_error": _MISSED})


_MISSED = "Clout was not running when the digest was due, and more than a day late it is not posted."


def _name(subscription: int, named: str) -> str:
    return f"{KIND}:{subscription}:{named}"


def _delivery(one: Subscription, named: str, due: datetime) -> Delivery:
    return Delivery(
        key=_name(one.id, named),
        kind=KIND,
        subscription=one.id,
        period=named,
        team=one.team,
        place=one.place,
        mention=one.mention,
        zone=one.schedule.zone,
        due_at=due,
    )


def _skipped(one: Subscription, run: Run) -> Delivery:
    missed = _delivery(one, period(one.schedule.cadence, run.on), run.at)
    return missed.model_copy(update={"error": _MISSED})


def _last(found: Delivery | None) -> LastPost | None:
    if found is None:
        return None
    return LastPost(
        period=found.period, state=found.state, due_at=found.due_at, sent_at=found.sent_at, error=found.error
    )
