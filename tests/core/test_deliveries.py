"""The outbox: nothing is lost and nothing said twice, wherever a process stops and whatever a platform answers."""

import asyncio
import itertools
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from core import outbox
from core.card import Card, Headline, line, plain
from core.deliveries import SEND_WITHIN, Deliveries
from core.errors import ChannelGone, CloutError, DeliveryError, DeliveryForbidden, DeliveryUnknown
from core.messenger import Messengers, Place
from core.outbox import LEASE, Delivery, DeliveryState
from core.store import Store
from tests.core.digest_worlds import Heard
from tests.core.stored_readings import NOON, HandClock, open_store

STEPS = ("before claim", "after claim", "after send", "before mark")
PLATFORMS = ("discord", "slack", "terminal")


class Killed(BaseException):
    """Stands for a process that ends without another word."""


def card(words: str = "who moved") -> Card:
    title = line(words)
    return Card(kind="digest", title=title, blocks=(Headline(cells=(title,)),))


def due(platform: str = "discord", at: datetime = NOON, key: str = "digest:1:2026-W47") -> Delivery:
    place = Place(platform=platform, channel="C1", shown="#creators")  # type: ignore[arg-type]
    period = key.rsplit(":", 1)[1]
    return Delivery(key=key, kind="digest", subscription=1, period=period, team="T1", place=place, due_at=at)


class Office:
    """One process: its own outbox over a shared store, rendering a card that tells how often it was rendered."""

    def __init__(self, store: Store, clock: HandClock, *messengers: Heard, parts: int = 1) -> None:
        self.rendered, self.parts, self.stop, self.notices = 0, parts, "", []
        self.deliveries = Deliveries(
            store, clock, Messengers(*messengers), self.render, settled=self.settled, checkpoint=self.check
        )

    async def render(self, one: Delivery) -> tuple[Card, ...]:
        self.rendered += 1
        return tuple(card(f"{one.period} part {number} rendered {self.rendered}") for number in range(self.parts))

    async def settled(self, one: Delivery, state: DeliveryState, error: CloutError | None) -> tuple[str, Card] | None:
        self.notices.append((state, type(error).__name__ if error else None))
        return None

    def check(self, step: str) -> None:
        if step == self.stop:
            raise Killed(step)


async def put(store: Store, *wanted: Delivery) -> None:
    await store.database.write(outbox.put, list(wanted))


async def state_of(store: Store, key: str) -> str:
    found = await store.database.read(outbox.stored, key)
    assert found is not None
    return found.state


async def cut_off(step: str, store: Store, clock: HandClock, heard: Heard) -> tuple[Delivery, Office]:
    """Return a delivery whose process ended at a step, and a process that lives."""
    dead, one = Office(store, clock, heard), due(heard.platform)
    await put(store, one)
    dead.stop = step
    with pytest.raises(Killed):
        await dead.deliveries.deliver(one.key)
    return one, Office(store, clock, heard)


# --- processes that stop ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("step", "platform"), list(itertools.product(STEPS, PLATFORMS)))
async def test_a_process_that_ends_at_any_step_loses_and_doubles_nothing(
    tmp_path: Path, step: str, platform: str
) -> None:
    clock, heard = HandClock(NOON), Heard(platform)  # type: ignore[arg-type]
    async with open_store(tmp_path, clock) as store:
        one, alive = await cut_off(step, store, clock, heard)
        assert await alive.deliveries.deliver(one.key) in {"sending", "sent"}, "a living claim is left alone"
        clock.moment += LEASE + timedelta(seconds=20)
        for key in await alive.deliveries.waiting(clock.now()):
            await alive.deliveries.deliver(key)
        final = await state_of(store, one.key)
        assert len(heard.sent) == 1
        assert final == ("unknown" if platform == "slack" and step in {"after send", "before mark"} else "sent")
        assert await alive.deliveries.waiting(clock.now()) == ()


@pytest.mark.parametrize("platform", PLATFORMS)
async def test_two_processes_that_claim_at_once_post_once(tmp_path: Path, platform: str) -> None:
    clock, heard = HandClock(NOON), Heard(platform)  # type: ignore[arg-type]
    async with open_store(tmp_path, clock) as store, open_store(tmp_path, clock) as other:
        one = due(platform)
        await put(store, one, one)
        offices = [Office(where, clock, heard) for where in (store, other, store, other)]
        states = await asyncio.gather(*(office.deliveries.deliver(one.key) for office in offices))
        assert len(heard.sent) == 1
        assert "sent" in states
        assert sum(office.rendered for office in offices) == 1


@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize("step", STEPS)
async def test_a_clock_that_steps_back_an_hour_delays_nothing_and_doubles_nothing(
    tmp_path: Path, step: str, platform: str
) -> None:
    clock, heard = HandClock(NOON), Heard(platform)  # type: ignore[arg-type]
    async with open_store(tmp_path, clock) as store:
        one, alive = await cut_off(step, store, clock, heard)
        clock.moment -= timedelta(hours=1)
        for _ in range(8):
            clock.moment += timedelta(minutes=10)
            for key in await alive.deliveries.waiting(clock.now()):
                await alive.deliveries.deliver(key)
        assert len(heard.sent) == 1
        # how long ago it was handed over cannot be told any more, so Discord is not asked again either
        lost = step in {"after send", "before mark"} and platform != "terminal"
        assert await state_of(store, one.key) == ("unknown" if lost else "sent")


async def test_who_was_thought_dead_does_not_send_after_all(tmp_path: Path) -> None:
    clock, heard = HandClock(NOON), Heard("slack")
    async with open_store(tmp_path, clock) as store:
        one = due("slack")
        await put(store, one)
        slow, quick = Office(store, clock, heard), Office(store, clock, heard)

        async def late(delivery: Delivery) -> tuple[Card, ...]:
            clock.moment += LEASE + timedelta(seconds=1)
            assert await quick.deliveries.deliver(one.key) == "sent"
            return (card(),)

        slow.deliveries._render = late
        assert await slow.deliveries.deliver(one.key) == "sent"
        assert len(heard.sent) == 1
        assert slow.notices == []


# --- what platforms answer --------------------------------------------------------------------------------------------


async def test_an_unknown_outcome_is_repeated_on_discord_with_the_same_text_and_left_alone_on_slack(
    tmp_path: Path,
) -> None:
    clock = HandClock(NOON)
    discord, slack = Heard("discord"), Heard("slack")
    failures = iter([DeliveryUnknown("#creators", "no answer"), None])
    discord.lost = lambda key: next(failures)
    slack.lost = lambda key: DeliveryUnknown("#creators", "no answer")
    async with open_store(tmp_path, clock) as store:
        office = Office(store, clock, discord, slack)
        await put(store, due("discord"), due("slack", key="digest:2:2026-W47").model_copy(update={"subscription": 2}))
        assert await office.deliveries.deliver("digest:1:2026-W47") == "pending"
        assert await office.deliveries.deliver("digest:2:2026-W47") == "unknown"
        clock.moment += timedelta(seconds=20)
        assert await office.deliveries.waiting(clock.now()) == ("digest:1:2026-W47",)
        assert await office.deliveries.deliver("digest:1:2026-W47") == "sent"
        assert (len(discord.sent), len(slack.sent), office.rendered) == (1, 1, 2)


async def test_discord_is_not_asked_again_when_its_memory_has_gone(tmp_path: Path) -> None:
    clock, heard = HandClock(NOON), Heard("discord")
    heard.lost = lambda key: DeliveryUnknown("#creators", "no answer")
    async with open_store(tmp_path, clock) as store:
        office, one = Office(store, clock, heard), due()
        await put(store, one)
        assert await office.deliveries.deliver(one.key) == "pending"
        clock.moment += timedelta(minutes=3)
        assert await office.deliveries.deliver(one.key) == "unknown"
        assert len(heard.sent) == 1


async def test_a_lost_permission_is_tried_ever_less_often_and_works_again_by_itself(tmp_path: Path) -> None:
    clock, heard = HandClock(NOON), Heard("discord")
    heard.failing = lambda key: DeliveryForbidden("#creators", "Missing permission.")
    async with open_store(tmp_path, clock) as store:
        office, one = Office(store, clock, heard), due()
        await put(store, one)
        tries = 0
        for _ in range(12 * 6):  # twelve hours
            for key in await office.deliveries.waiting(clock.now()):
                tries += 1
                assert await office.deliveries.deliver(key) == "pending"
            clock.moment += timedelta(minutes=10)
        assert tries == 4, "at once, after 1, 3 and 7 hours"
        heard.failing = lambda key: None
        clock.moment = NOON + timedelta(hours=15, seconds=1)
        assert await office.deliveries.deliver(one.key) == "sent"
        assert office.rendered == 1
        words = [plain(one) for block in heard.sent[0][1].blocks if block.kind == "notes" for one in block.lines]
        assert words == ["Posted late; it was due Fri 20 Nov 12:00 UTC"]


async def test_what_asks_for_patience_waits_as_long_and_a_gone_channel_fails_for_good(tmp_path: Path) -> None:
    clock, heard = HandClock(NOON), Heard("discord")
    heard.failing = lambda key: DeliveryForbidden("#c", "busy", retry_at=NOON + timedelta(minutes=7))
    async with open_store(tmp_path, clock) as store:
        office, one = Office(store, clock, heard), due()
        await put(store, one)
        assert await office.deliveries.deliver(one.key) == "pending"
        clock.moment += timedelta(minutes=6)
        assert await office.deliveries.waiting(clock.now()) == ()
        clock.moment += timedelta(minutes=1)
        heard.failing = lambda key: ChannelGone("#c", "The channel was deleted.")
        assert await office.deliveries.deliver(one.key) == "failed"
        assert await office.deliveries.deliver(one.key) == "failed"
        assert office.notices[-1] == ("failed", "ChannelGone")


async def test_a_storm_of_a_day_skips_what_is_old_news_and_says_so(tmp_path: Path) -> None:
    clock, heard = HandClock(NOON), Heard("discord")
    heard.failing = lambda key: DeliveryError("#c", "Discord is down.")
    async with open_store(tmp_path, clock) as store:
        office, one = Office(store, clock, heard), due()
        await put(store, one)
        for _ in range(60):
            for key in await office.deliveries.waiting(clock.now()):
                await office.deliveries.deliver(key)
            clock.moment += timedelta(minutes=29)
        found = await store.database.read(outbox.stored, one.key)
        assert found is not None
        assert found.state == "skipped"
        assert "24 hours" in (found.error or "")
        assert heard.sent == []


async def test_a_platform_that_never_answers_is_an_unknown_outcome(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock, heard = HandClock(NOON), Heard("slack")
    assert timedelta(seconds=SEND_WITHIN) < LEASE, "whoever takes over must not meet a living send"
    monkeypatch.setattr("core.deliveries.SEND_WITHIN", 0.01)

    async def silent(*_: object, **__: object) -> None:
        await asyncio.Event().wait()

    heard.send = silent  # type: ignore[method-assign, assignment]
    async with open_store(tmp_path, clock) as store:
        office, one = Office(store, clock, heard), due("slack")
        await put(store, one)
        assert await office.deliveries.deliver(one.key) == "unknown"


async def test_a_platform_of_another_process_is_left_to_it(tmp_path: Path) -> None:
    clock = HandClock(NOON)
    async with open_store(tmp_path, clock) as store:
        here, one = Office(store, clock), due()
        await put(store, one)
        assert await here.deliveries.deliver(one.key) == "pending"
        clock.moment += timedelta(minutes=1)
        heard = Heard("discord")
        assert await Office(store, clock, heard).deliveries.deliver(one.key) == "sent"
        assert here.rendered == 0


# --- parts ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kill", range(1, 9))
async def test_parts_follow_their_message_in_order_wherever_the_process_ends(tmp_path: Path, kill: int) -> None:
    clock, heard = HandClock(NOON), Heard("discord")
    async with open_store(tmp_path, clock) as store:
        dead, alive = Office(store, clock, heard, parts=3), Office(store, clock, heard, parts=3)
        one, steps = due(), itertools.count(1)
        await put(store, one)

        def stop(step: str) -> None:
            if step != "before claim" and next(steps) == kill:
                raise Killed

        dead.deliveries._checkpoint = stop
        with pytest.raises(Killed):
            await dead.deliveries.deliver(one.key)
        for _ in range(4):
            clock.moment += timedelta(seconds=100)
            for key in await alive.deliveries.waiting(clock.now()):
                await alive.deliveries.deliver(key)
        assert [key for key, _, _ in heard.sent] == [one.key, f"{one.key}:1", f"{one.key}:2"]
        assert [under for _, _, under in heard.sent] == [None, "1", "1"]
        assert dead.rendered + alive.rendered == 1


async def test_a_message_that_cannot_be_posted_takes_its_parts_along(tmp_path: Path) -> None:
    clock, heard = HandClock(NOON), Heard("discord")
    async with open_store(tmp_path, clock) as store:
        office, one = Office(store, clock, heard, parts=3), due()
        await put(store, one)
        heard.failing = lambda key: ChannelGone("#c", "gone")
        assert await office.deliveries.deliver(one.key) == "failed"
        assert await state_of(store, f"{one.key}:1") == "skipped"
        assert await office.deliveries.waiting(clock.now()) == ()


async def test_nothing_to_say_is_skipped_without_an_error(tmp_path: Path) -> None:
    clock, heard = HandClock(NOON), Heard("discord")
    async with open_store(tmp_path, clock) as store:
        office, one = Office(store, clock, heard, parts=0), due()
        await put(store, one)
        assert await office.deliveries.deliver(one.key) == "skipped"
        assert office.notices == [("skipped", None)]


async def test_an_unknown_key_is_missing(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        assert await Office(store, HandClock(NOON)).deliveries.deliver("digest:9:2026-W01") == "missing"
