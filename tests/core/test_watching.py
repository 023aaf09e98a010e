"""Watches over a real store and outbox: what is told, once, where and why, and what is not."""

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection, func, insert, select

from core.app import App
from core.card import Card, plain
from core.digests import Background
from core.errors import ChannelGone, DeliveryForbidden, InputError
from core.messenger import Place
from core.models import Failure, NetworkReading, Post, Snapshot
from core.movement import Difference
from core.scoring import score_network
from core.tables import creator_tags, creators
from core.tables_watches import watch_due
from core.watches import Rule, parse_rule
from tests.core.digest_worlds import CREATORS, TEAM, Heard, follow, keep_day, running
from tests.core.stored_readings import DAY, NOON, HandClock, make_fetch, make_posts

HOUR = timedelta(hours=1)


def said(card: Card) -> str:
    return " | ".join(card.facts())


async def begin(app: App, clock: HandClock, score: float, name: str = "glow", team: str = TEAM) -> None:
    """Let a creator be known by a score and be tracked."""
    await keep_day(app.store, name, score, clock.now())
    await follow(app.store, name, clock.now() - 60 * DAY, team)


async def watch(app: App, words: str, name: str = "glow", place: Place = CREATORS, team: str = TEAM) -> int:
    """Set a watch up on a creator that is tracked already; its lookup would ask networks, so it is stored directly."""
    rule = parse_rule(words.split(), ["bluesky"])
    done = await app.watches.add(team, rule=rule, creator=f"bluesky:{name}.bsky.social", place=place, asker="U1")
    return done.watch.number


async def read(
    app: App, clock: HandClock, score: float, by: timedelta = DAY, name: str = "glow", **more: object
) -> None:
    """Let time pass and read the creator again."""
    clock.moment += by
    await keep_day(app.store, name, score, clock.now(), **more)  # type: ignore[arg-type]
    await tell(app, clock)


async def tell(app: App, clock: HandClock, by: timedelta = timedelta(0)) -> list[str]:
    """Do what the ticker does."""
    clock.moment += by
    await app.watches.evaluate(clock.now())
    return [await app.deliveries.deliver(key) for key in await app.digests.run_due(clock.now())]


def alerts(heard: Heard) -> list[str]:
    return [said(card) for key, card, _ in heard.sent if key.startswith("alert:")]


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def heard() -> Heard:
    return Heard()


async def test_17_a_crossing_is_told_once_and_again_after_two_points_back_and_a_day(
    tmp_path: Path, clock: HandClock, heard: Heard
) -> None:
    async with running(tmp_path, clock, heard) as app:
        await begin(app, clock, 48)
        await watch(app, "above 50")
        await read(app, clock, 50.2)
        await read(app, clock, 52)
        await read(app, clock, 49)
        await read(app, clock, 51)
        assert len(alerts(heard)) == 1
        assert "@glow is above 50: 50" in alerts(heard)[0]
        await read(app, clock, 48)
        await read(app, clock, 50, by=HOUR * 25)
        assert len(alerts(heard)) == 2
        assert "@glow is back above 50: 50" in alerts(heard)[1]
        assert await tell(app, clock) == []


async def test_17_nothing_more_is_told_within_a_day_but_what_still_holds_then(
    tmp_path: Path, clock: HandClock, heard: Heard
) -> None:
    async with running(tmp_path, clock, heard) as app:
        await begin(app, clock, 48)
        await watch(app, "above 50")
        await read(app, clock, 51)
        await read(app, clock, 47, by=HOUR)
        await read(app, clock, 52, by=HOUR)
        assert len(alerts(heard)) == 1
        await read(app, clock, 53)
        assert len(alerts(heard)) == 2


@pytest.mark.parametrize("state", ["provisional", "stale", "dormant"])
async def test_17_nothing_is_told_of_a_score_that_is_not_firm(
    tmp_path: Path, clock: HandClock, heard: Heard, state: str
) -> None:
    async with running(tmp_path, clock, heard) as app:
        await begin(app, clock, 48)
        await watch(app, "above 50")
        clock.moment += DAY
        snapshot, reading = _reading(clock, 60, state)
        await app.store.record(snapshot, reading, changed=())
        if state == "stale":
            await _fail(app, clock, "glow")
        await tell(app, clock)
        assert alerts(heard) == []


def _reading(clock: HandClock, score: float, state: str) -> tuple[Snapshot, NetworkReading]:
    snapshot, reading = make_fetch("did:plc:glow", "glow.bsky.social", at=clock.now(), score=score)
    assert reading.score is not None
    shown = "ok" if state == "stale" else state
    own = reading.score.model_copy(update={"draws": b"", "state": shown})
    return snapshot, reading.model_copy(update={"score": own})


async def test_17_a_new_model_tells_nothing(tmp_path: Path, clock: HandClock, heard: Heard) -> None:
    async with running(tmp_path, clock, heard) as app:
        await begin(app, clock, 48)
        await watch(app, "above 50")
        await read(app, clock, 60, version="2")
        await read(app, clock, 61, version="2")
        assert alerts(heard) == []
        await read(app, clock, 48, version="2")
        await read(app, clock, 51, version="2")
        assert len(alerts(heard)) == 1


async def test_below_tells_of_the_recovery(tmp_path: Path, clock: HandClock, heard: Heard) -> None:
    async with running(tmp_path, clock, heard) as app:
        await begin(app, clock, 42)
        await watch(app, "below 40")
        await read(app, clock, 40)
        assert alerts(heard) == []
        await read(app, clock, 39)
        await read(app, clock, 41)
        await read(app, clock, 43)
        assert ["is below 40: 39" in alerts(heard)[0], "is back above 40: 43" in alerts(heard)[1]] == [True, True]


async def test_what_is_true_already_is_said_and_armed_for_the_next_crossing(
    tmp_path: Path, clock: HandClock, heard: Heard
) -> None:
    async with running(tmp_path, clock, heard) as app:
        await begin(app, clock, 60)
        done = await app.watches.add(
            TEAM, rule=Rule(kind="above", threshold=50), creator="bluesky:glow.bsky.social", place=CREATORS
        )
        assert (done.already, done.score) == (True, 60)
        await read(app, clock, 61)
        assert alerts(heard) == []
        await read(app, clock, 45)
        await read(app, clock, 51)
        assert len(alerts(heard)) == 1


async def test_moves_compares_with_the_days_it_names_and_rests_a_week(
    tmp_path: Path, clock: HandClock, heard: Heard
) -> None:
    async with running(tmp_path, clock, heard) as app:
        await begin(app, clock, 50)
        await watch(app, "moves 5 in 7d")
        await read(app, clock, 52)
        assert alerts(heard) == []
        await read(app, clock, 56)
        assert "@glow moved up 6 points in 7 days: 56" in alerts(heard)[0]
        await read(app, clock, 62)
        assert len(alerts(heard)) == 1
        await read(app, clock, 62, by=8 * DAY)
        await read(app, clock, 55)
        assert "moved down 7 points" in alerts(heard)[1]


async def test_a_move_that_may_be_none_waits_until_it_surely_is_one(
    tmp_path: Path, clock: HandClock, heard: Heard, monkeypatch: pytest.MonkeyPatch
) -> None:
    spreads: list[Difference] = [(-1.0, 13.0)]

    async def of(*_: object, **__: object) -> tuple[Background, Difference | None]:
        return Background(), spreads[-1]

    async with running(tmp_path, clock, heard) as app:
        monkeypatch.setattr(app.watches._backgrounds, "of", of)
        await begin(app, clock, 50)
        await watch(app, "moves 5 in 7d")
        for spread, told in (((-1.0, 13.0), 0), ((2.0, 10.0), 1), ((3.0, 11.0), 1)):
            spreads.append(spread)
            await read(app, clock, 56)
            assert len(alerts(heard)) == told
        (listed,) = (await app.watches.page(TEAM)).rows
        assert listed.watch.fired_at == clock.now() - DAY


async def test_one_network_is_watched_by_its_own_score(tmp_path: Path, clock: HandClock, heard: Heard) -> None:
    async with running(tmp_path, clock, heard) as app:
        await begin(app, clock, 48)
        await watch(app, "bluesky above 50")
        await read(app, clock, 53)
        assert "@glow is above 50 on Bluesky: 53" in alerts(heard)[0]


async def test_a_post_far_above_the_others_is_told_once(tmp_path: Path, clock: HandClock, heard: Heard) -> None:
    async with running(tmp_path, clock, heard) as app:
        await begin(app, clock, 48)
        await watch(app, "spike")
        usual = make_posts(10, at=clock.now())
        far = usual[0].model_copy(update={"native_id": "at://far", "likes": 5_000})
        for _ in range(2):
            clock.moment += DAY
            await _spiking(app, clock, (far, *usual))
            await tell(app, clock)
        assert len(alerts(heard)) == 1
        assert "@glow: a Bluesky post has" in alerts(heard)[0]
        assert "5K likes" in alerts(heard)[0]


async def _spiking(app: App, clock: HandClock, posts: Sequence[Post]) -> None:
    snapshot, reading = make_fetch("did:plc:glow", "glow.bsky.social", at=clock.now(), posts=posts)
    scored = score_network(snapshot.profile, posts, clock.now())
    assert scored.inputs is not None
    assert reading.score is not None
    own = reading.score.model_copy(update={"draws": b"", "inputs": scored.inputs})
    await app.store.record(snapshot, reading.model_copy(update={"score": own}), changed=posts)


async def test_alerts_of_one_creator_are_one_message(tmp_path: Path, clock: HandClock, heard: Heard) -> None:
    async with running(tmp_path, clock, heard) as app:
        await begin(app, clock, 48)
        await watch(app, "above 50")
        await watch(app, "bluesky above 52")
        await watch(app, "moves 4 in 7d")
        await read(app, clock, 51)
        assert alerts(heard) == []
        await read(app, clock, 53, by=timedelta(minutes=5))
        await tell(app, clock, timedelta(minutes=5))
        assert len(alerts(heard)) == 1
        for words in ("is above 50: 51", "is above 52 on Bluesky: 53", "moved up 5 points in 7 days: 53"):
            assert words in alerts(heard)[0]
        await tell(app, clock, DAY)
        assert len(alerts(heard)) == 1


def _tag(conn: Connection, tag: str) -> None:
    for creator_id in list(conn.scalars(select(creators.c.id))):
        conn.execute(insert(creator_tags).values(team=TEAM, tag=tag, creator_id=creator_id))


async def test_a_tag_is_watched_whoever_bears_it(tmp_path: Path, clock: HandClock, heard: Heard) -> None:
    async with running(tmp_path, clock, heard) as app:
        for name in ("glow", "mara"):
            await begin(app, clock, 48, name)
        await app.store.database.write(_tag, "beauty")
        done = await app.watches.add(TEAM, rule=Rule(kind="above", threshold=50), tag="#Beauty", place=CREATORS)
        assert done.creators == 2
        clock.moment += DAY
        for name in ("glow", "mara"):
            await keep_day(app.store, name, 55, clock.now())
        await tell(app, clock)
        assert sorted(one[:5] for one in alerts(heard)) == ["@glow", "@mara"]
        with pytest.raises(InputError, match=r"No tracked creator bears the tag food\. Tags here: beauty"):
            await app.watches.add(TEAM, rule=Rule(kind="spike"), tag="food", place=CREATORS)


async def test_a_snoozed_watch_is_silent_and_tells_afterwards(tmp_path: Path, clock: HandClock, heard: Heard) -> None:
    async with running(tmp_path, clock, heard) as app:
        await begin(app, clock, 48)
        number = await watch(app, "above 50")
        await app.watches.snooze(TEAM, number, 7 * DAY, asker="U1")
        await read(app, clock, 55)
        assert alerts(heard) == []
        await read(app, clock, 56, by=7 * DAY)
        assert len(alerts(heard)) == 1


@pytest.mark.parametrize(("hours", "told"), [(5, 1), (7, 0)])
async def test_a_source_counts_as_down_after_six_hours(
    tmp_path: Path, clock: HandClock, heard: Heard, hours: int, told: int
) -> None:
    async with running(tmp_path, clock, heard) as app:
        for name in ("glow", "second"):
            await keep_day(app.store, name, 40, clock.now())
        await app.store.link(TEAM, "glow", [("bluesky", "did:plc:glow"), ("bluesky", "did:plc:second")])
        await app.store.track(TEAM, "glow", clock.now() - 60 * DAY)
        await watch(app, "above 60")
        clock.moment += DAY
        await _fail(app, clock, "second")
        await read(app, clock, 70, by=hours * HOUR)
        assert len(alerts(heard)) == told


async def _fail(app: App, clock: HandClock, name: str) -> None:
    await app.store.record_failure(
        "bluesky",
        Failure(network="bluesky", error="Unavailable", message="It did not answer."),
        status="upstream_error",
        at=clock.now(),
        handle=f"{name}.bsky.social",
        native_id=f"did:plc:{name}",
    )


async def test_nothing_is_lost_between_the_reading_and_the_judgement(
    tmp_path: Path, clock: HandClock, heard: Heard
) -> None:
    async with running(tmp_path, clock, heard) as app:
        await begin(app, clock, 48)
        await watch(app, "above 50")
        clock.moment += DAY
        await keep_day(app.store, "glow", 55, clock.now())
    async with running(tmp_path, clock, heard) as app:
        await tell(app, clock)
        await tell(app, clock)
        assert len(alerts(heard)) == 1


async def test_without_watches_nothing_is_noted(tmp_path: Path, clock: HandClock, heard: Heard) -> None:
    async with running(tmp_path, clock, heard) as app:
        await begin(app, clock, 48)
        await read(app, clock, 55)
        assert await app.store.database.read(lambda c: c.scalar(select(func.count()).select_from(watch_due))) == 0


async def test_an_alert_that_cannot_be_posted_is_named(tmp_path: Path, clock: HandClock, heard: Heard) -> None:
    async with running(tmp_path, clock, heard) as app:
        await begin(app, clock, 48)
        number = await watch(app, "above 50")
        heard.failing = lambda key: DeliveryForbidden("#creators", "Clout may not post there.")
        await read(app, clock, 55)
        assert (await app.watches.one(TEAM, number)).last_error == "Clout may not post there."
        assert [person for person, _ in heard.told] == ["U1"]
        heard.failing = lambda key: ChannelGone("#creators", "The channel was deleted.")
        await tell(app, clock, HOUR)
        assert (await app.watches.one(TEAM, number)).state == "gone"
        await read(app, clock, 40)
        await read(app, clock, 60)
        assert alerts(heard) == []


async def test_of_two_who_edit_at_once_the_last_one_wins(tmp_path: Path, clock: HandClock, heard: Heard) -> None:
    async with running(tmp_path, clock, heard) as app:
        await begin(app, clock, 48)
        number = await watch(app, "above 50")
        first = await app.watches.edit(TEAM, number, rule=Rule(kind="above", threshold=55), asker="U2")
        second = await app.watches.edit(TEAM, number, rule=Rule(kind="above", threshold=60), asker="U3")
        assert (second.before, second.after.version) == (first.after, 3)
        await read(app, clock, 57)
        assert alerts(heard) == []


async def test_the_same_watch_twice_is_one_and_there_is_a_limit(
    tmp_path: Path, clock: HandClock, heard: Heard, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running(tmp_path, clock, heard) as app:
        await begin(app, clock, 48)
        assert await watch(app, "above 50") == await watch(app, "above 50") == 1
        monkeypatch.setattr("core.watches_rows.MOST_ON_ONE", 2)
        await watch(app, "above 51")
        with pytest.raises(InputError, match="has 2 watches already"):
            await watch(app, "above 52")


async def test_no_team_sees_or_moves_anothers_watch(tmp_path: Path, clock: HandClock, heard: Heard) -> None:
    async with running(tmp_path, clock, heard) as app:
        await begin(app, clock, 48)
        number = await watch(app, "above 50")
        assert (await app.watches.page("T2")).total == 0
        for call in (
            app.watches.one("T2", number),
            app.watches.edit("T2", number, words="mine"),
            app.watches.snooze("T2", number, DAY, asker="U9"),
            app.watches.remove("T2", number),
        ):
            with pytest.raises(InputError, match="There is no watch 1"):
                await call
        await read(app, clock, 55)
        assert len(alerts(heard)) == 1


async def test_a_removed_watch_says_nothing_more(tmp_path: Path, clock: HandClock, heard: Heard) -> None:
    async with running(tmp_path, clock, heard) as app:
        await begin(app, clock, 48)
        number = await watch(app, "above 50")
        await watch(app, "above 51")
        clock.moment += DAY
        await keep_day(app.store, "glow", 55, clock.now())
        await tell(app, clock)
        await app.watches.remove(TEAM, number)
        await tell(app, clock, timedelta(minutes=10))
        assert len(alerts(heard)) == 1
        assert "is above 51: 55" in alerts(heard)[0]
        assert "above 50" not in alerts(heard)[0]


async def test_the_card_says_why_and_has_its_buttons(tmp_path: Path, clock: HandClock, heard: Heard) -> None:
    async with running(tmp_path, clock, heard) as app:
        await begin(app, clock, 48)
        number = await watch(app, "above 50")
        await app.watches.edit(TEAM, number, words="Time for a drop", mention="R1")
        await read(app, clock, 55)
        card = next(card for key, card, _ in heard.sent if key.startswith("alert:"))
        assert plain(card.title) == f"@glow is above 50: 55, {NOON:%A} 48"
        assert [one.label for one in card.buttons] == ["Why", "Snooze 1 day", "Snooze 1 week", "Edit", "Remove"]
        assert "Time for a drop" in said(card)
        assert "Watch 1: above 50" in said(card)
