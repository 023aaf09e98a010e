"""What a person corrects after the fact: another place, "Post now", a digest set up in a removed one's stead."""

from datetime import timedelta
from pathlib import Path

import pytest

from core import outbox
from core.card import plain
from core.errors import ChannelGone, DeliveryForbidden, DeliveryUnknown
from core.messenger import Place
from core.watches import parse_rule
from core.wishes import Wish
from tests.core.digest_worlds import CREATORS, TEAM, Heard, follow, keep_day, keep_week, running, tick
from tests.core.stored_readings import DAY, NOON, HandClock, open_store
from tests.core.test_deliveries import Office, due, put, state_of

HOUR = timedelta(hours=1)
ELSEWHERE = Place(platform="discord", channel="C2", shown="#general")
HERE = Wish(schedule="friday 13:00")


def no(key: str) -> DeliveryForbidden:
    return DeliveryForbidden("#creators", "Invite Clout first.")


@pytest.fixture
def clock() -> HandClock:
    return HandClock(NOON)  # a Friday


async def test_what_goes_to_another_channel_names_that_one(tmp_path: Path, clock: HandClock) -> None:
    heard = Heard()
    async with running(tmp_path, clock, heard) as app:
        secret = Place(platform="discord", channel="C1", shown="#secret-deal")
        await app.digests.add(TEAM, HERE, place=secret, zone="UTC", asker="U1")
        heard.failing = lambda key: no(key) if key.startswith("digest:") else None
        assert await tick(app, clock, HOUR) == ["pending"]
        heard.failing = lambda key: None
        await app.digests.edit(TEAM, 1, Wish(), place=ELSEWHERE, asker="U1")
        assert await tick(app, clock, timedelta(seconds=20)) == ["sent"]
        facts = heard.sent[-1][1].facts()
        assert "#general" in facts
        assert "#secret-deal" not in " ".join(facts), "a private channel's name is for its members"


async def test_a_thread_goes_on_where_it_began_and_a_new_place_gets_a_whole_message(
    tmp_path: Path, clock: HandClock
) -> None:
    heard = Heard()
    async with open_store(tmp_path, clock) as store:
        office = Office(store, clock, heard, parts=3)
        begun, waiting = due(), due(key="digest:1:2026-W48")
        await put(store, begun, waiting)
        heard.failing = lambda key: no(key) if key != begun.key else None
        assert [await office.deliveries.deliver(one.key) for one in (begun, waiting)] == ["sent", "pending"]
        await store.database.write(outbox.move, "digest", 1, ELSEWHERE)
        part = await store.database.read(outbox.stored, f"{begun.key}:1")
        whole = await store.database.read(outbox.stored, waiting.key)
        assert part is not None
        assert whole is not None
        assert (part.place.channel, whole.place.channel) == ("C1", "C2"), "under a message of the old channel"
        heard.failing = lambda key: None
        clock.moment += timedelta(seconds=1)
        for key in await office.deliveries.waiting(clock.now()):
            await office.deliveries.deliver(key)
        clock.moment += 2 * HOUR
        for key in await office.deliveries.waiting(clock.now()):
            await office.deliveries.deliver(key)
        posted = [plain(card.title) for key, card, _ in heard.sent if key.startswith(waiting.key)]
        assert len(posted) == 3
        assert len({words.partition(" rendered ")[2] for words in posted}) == 1, "written once for its new place"


@pytest.mark.parametrize("fate", ["unknown", "failed"])
async def test_what_is_posted_after_all_brings_its_thread(tmp_path: Path, clock: HandClock, fate: str) -> None:
    heard = Heard("slack")
    async with open_store(tmp_path, clock) as store:
        office, one = Office(store, clock, heard, parts=3), due("slack")
        await put(store, one)
        error = DeliveryUnknown("#c", "no answer") if fate == "unknown" else ChannelGone("#c", "gone")
        heard.failing = lambda key: error
        assert await office.deliveries.deliver(one.key) == fate
        clock.moment += 2 * DAY
        heard.failing = lambda key: None
        assert await store.database.write(outbox.again, "digest", 1, clock.now()) == one.key
        assert await office.deliveries.deliver(one.key) == "sent"
        assert [await state_of(store, f"{one.key}:{n}") for n in (1, 2)] == ["sent", "sent"]
        assert len(heard.sent) == 3


async def test_a_digest_in_the_place_of_a_removed_one_is_heard_in_the_terminal_too(
    tmp_path: Path, clock: HandClock
) -> None:
    place = Place(platform="terminal", channel="inbox", shown="the inbox")
    async with running(tmp_path, clock) as app:
        for hour in (1, 2):
            wish = Wish(schedule=f"friday {12 + hour}:00")
            await app.digests.add(TEAM, wish, place=place, zone="UTC", asker="U1")
            assert await tick(app, clock, HOUR) == ["sent"]
            await app.digests.remove(TEAM, 1)
        told = [plain(one.card.title) for one in await app.inbox.unread(TEAM)]
        assert len([words for words in told if words.startswith("Influence")]) == 2


async def test_what_a_lost_channel_answers_late_says_nothing_of_the_new_one(tmp_path: Path, clock: HandClock) -> None:
    heard = Heard()
    async with running(tmp_path, clock, heard) as app:
        await app.digests.add(TEAM, HERE, place=CREATORS, zone="UTC", asker="U1")
        clock.moment += HOUR
        (key,) = await app.digests.run_due(clock.now())
        claimed = await app.store.database.write(outbox.claim, key, clock.now())
        assert claimed is not None
        await app.digests.edit(TEAM, 1, Wish(), place=ELSEWHERE, asker="U1")
        assert await app.digests.settled(claimed, "failed", ChannelGone("#creators", "gone")) is None
        found = await app.digests.one(TEAM, 1)
        assert (found.state, found.last_error, found.place.channel) == ("on", None, "C2")


async def test_an_alert_that_waits_goes_along_with_its_watch_alone(tmp_path: Path, clock: HandClock) -> None:
    heard = Heard()
    async with running(tmp_path, clock, heard) as app:
        for name in ("glow", "bean"):
            await keep_day(app.store, name, 48, clock.now())
            await follow(app.store, name, clock.now() - 60 * DAY)
        watched = {"glow": ("above 50",), "bean": ("above 50", "above 51")}
        for name, rules in watched.items():
            for words in rules:
                rule = parse_rule(words.split(), ["bluesky"])
                await app.watches.add(TEAM, rule=rule, creator=f"bluesky:{name}.bsky.social", place=CREATORS)
        heard.failing = lambda key: no(key) if key.startswith("alert:") else None
        clock.moment += DAY
        for name in watched:
            await keep_day(app.store, name, 55, clock.now())
        await app.watches.evaluate(clock.now())
        await tick(app, clock, HOUR)
        heard.failing = lambda key: None
        for number in (1, 2):
            await app.watches.edit(TEAM, number, place=ELSEWHERE)
        await tick(app, clock, 2 * HOUR)
        sent = {key.split(":")[1]: where for key, where in heard.where.items() if key.startswith("alert:")}
        assert sent == {"1": "C2", "2": "C1"}, "the second tells of a watch that stayed, too"


async def test_what_was_not_posted_is_forgotten_where_nobody_has_a_digest_too(tmp_path: Path, clock: HandClock) -> None:
    heard = Heard()
    heard.failing = lambda key: ChannelGone("#creators", "gone") if key.startswith("alert:") else None
    async with running(tmp_path, clock, heard) as app:
        await keep_week(app.store, "glow", 48, 48, clock.now())
        rule = parse_rule(["above", "50"], ["bluesky"])
        await app.watches.add(TEAM, rule=rule, creator="bluesky:glow.bsky.social", place=CREATORS)
        clock.moment += DAY
        await keep_day(app.store, "glow", 55, clock.now())
        await app.watches.evaluate(clock.now())
        (key,) = await app.digests.run_due(clock.now())
        assert await app.deliveries.deliver(key) == "failed"
        for days, held in ((59, True), (2, False)):
            clock.moment += days * DAY
            await app.digests.tidy(clock.now())
            kept = await app.store.database.read(outbox.stored, key)
            assert kept is not None
            assert (kept.state, kept.card is not None) == ("failed", held)


async def test_an_alert_of_a_rule_that_was_changed_is_not_told_in_the_new_ones_words(
    tmp_path: Path, clock: HandClock
) -> None:
    heard = Heard()
    async with running(tmp_path, clock, heard) as app:
        await keep_day(app.store, "glow", 48, clock.now())
        await follow(app.store, "glow", clock.now() - 60 * DAY)
        rule = parse_rule(["above", "50"], ["bluesky"])
        await app.watches.add(TEAM, rule=rule, creator="bluesky:glow.bsky.social", place=CREATORS)
        clock.moment += DAY
        await keep_day(app.store, "glow", 55, clock.now())
        await app.watches.evaluate(clock.now())
        await app.watches.edit(TEAM, 1, rule=parse_rule(["above", "60"], ["bluesky"]))
        assert await tick(app, clock) == ["skipped"]
        clock.moment += DAY
        await keep_day(app.store, "glow", 61, clock.now())
        await app.watches.evaluate(clock.now())
        assert await tick(app, clock) == ["sent"]
        assert "@glow is above 60: 61" in " ".join(heard.sent[-1][1].facts())


async def test_a_channel_that_opens_again_within_the_day_gets_its_digest(tmp_path: Path, clock: HandClock) -> None:
    heard = Heard()
    heard.failing = lambda key: DeliveryForbidden("#creators", "Missing permission.")
    async with open_store(tmp_path, clock) as store:
        office, one = Office(store, clock, heard), due()
        await put(store, one)
        for minutes in range(0, 25 * 60, 10):
            clock.moment = NOON + timedelta(minutes=minutes, seconds=minutes % 20)
            if minutes == 16 * 60:  # the next try would come 31 hours after the first
                heard.failing = lambda key: None
            for key in await office.deliveries.waiting(clock.now()):
                await office.deliveries.deliver(key)
        assert await state_of(store, one.key) == "sent"
