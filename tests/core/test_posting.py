"""Digests from end to end on hand time: who gets one, when, what stands in its way, and what nobody else may see."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from core import subscriptions
from core.app import App
from core.card import Card
from core.cards_subscriptions import list_card
from core.commands import parse, run
from core.commands.digest import readable
from core.errors import ChannelGone, DeliveryForbidden, DeliveryUnknown
from core.messenger import Place
from core.posting import DELETED
from core.wishes import Wish
from tests.core.digest_worlds import CREATORS, TEAM, Heard, follow, keep_day, keep_week, running, tick
from tests.core.stored_readings import DAY, HandClock

MONDAY = datetime(2026, 11, 23, 8, tzinfo=UTC)  # 09:00 in Berlin
BERLIN = "every monday 09:00 Europe/Berlin"


def said(card: Card) -> str:
    return "\n".join(card.facts())


def digests(heard: Heard) -> list[Card]:
    return [card for key, card, _ in heard.sent if key.startswith("digest:")]


async def typed(
    app: App, words: str, *, team: str = TEAM, asker: str = "U1", manages: bool = True, member: bool = True
) -> Card:
    ctx = await app.context(team, asker=asker, place=CREATORS, can_manage=manages, member=member)

    async def show(card: Card) -> None:
        raise AssertionError("a digest has no partial card")

    return await run(ctx, parse(words), show, reference=lambda: "7f3a")


@pytest.fixture
def clock() -> HandClock:
    return HandClock(MONDAY - 3 * DAY)


# --- the year ---------------------------------------------------------------------------------------------------------


async def test_a_year_of_weekly_digests_in_three_zones(tmp_path: Path, clock: HandClock) -> None:
    zones = ("Europe/Berlin", "America/New_York", "Australia/Lord_Howe")
    clock.moment, heard = datetime(2026, 1, 1, tzinfo=UTC), Heard()
    posted: dict[str, list[datetime]] = {zone: [] for zone in zones}
    async with running(tmp_path, clock, heard) as app:
        for zone in zones:
            await app.digests.add(TEAM, Wish(schedule=f"mon 09:00 {zone}"), place=CREATORS, zone="UTC", asker="U1")
        while clock.moment < datetime(2027, 1, 1, tzinfo=UTC):
            ahead = [one.subscription.next_run.at for one in await app.digests.subscribed(TEAM)]
            clock.moment = min(ahead) + timedelta(seconds=7)
            before = len(heard.keys)
            await tick(app, clock)
            for key in heard.keys[before:]:
                posted[zones[int(key.split(":")[1]) - 1]].append(clock.moment)
    for zone, moments in posted.items():
        local = [
            moment.astimezone(ZoneInfo(zone)) for moment in moments if moment.astimezone(ZoneInfo(zone)).year == 2026
        ]
        assert len(local) == 52
        assert {(one.weekday(), one.hour, one.minute) for one in local} == {(0, 9, 0)}
        assert len({one.utcoffset() for one in local}) == 2
    assert len(set(heard.keys)) == len(heard.keys)


# --- what it says -----------------------------------------------------------------------------------------------------


async def test_a_digest_says_who_moved_who_is_new_and_of_whom_there_is_no_news(
    tmp_path: Path, clock: HandClock
) -> None:
    heard = Heard()
    async with running(tmp_path, clock, heard) as app:
        for name, before, after in (("glow", 58, 62), ("bean", 48, 51), ("old", 66, 61), ("calm", 40, 41)):
            await keep_week(app.store, name, before, after, MONDAY - timedelta(hours=2))
        await keep_day(app.store, "mara", 37, MONDAY - DAY)
        await follow(app.store, "mara", MONDAY - DAY)
        await typed(app, f"digest here {BERLIN}")
        clock.moment = MONDAY + timedelta(seconds=3)
        assert await tick(app, clock) == ["sent"]
        card = digests(heard)[0]
    facts = said(card)
    for words in (
        "Influence this week",
        "16 to 22 Nov",
        "#creators",
        "5 tracked, median 51 (● no",
        "▲ @glow",
        "58 to 62",
        "▲ @bean",
        "▼ @old",
        "66 to 61",
        "● 1 steady · 1 new: @mara 37",
    ):
        assert words.removesuffix(" (● no") in facts, facts
    assert card.chart is not None
    assert [series.name for series in card.chart.series] == ["@old", "@glow", "@bean"]
    assert "@old 66 to 61" in card.chart.alt
    assert [button.command for button in card.buttons] == ["digest-status", "digest-edit", "digest-pause"]
    assert not card.private


async def test_the_first_digest_compares_with_nothing_and_a_quiet_one_says_nothing(
    tmp_path: Path, clock: HandClock
) -> None:
    heard = Heard()
    async with running(tmp_path, clock, heard) as app:
        await keep_day(app.store, "glow", 58, clock.moment)
        await follow(app.store, "glow", clock.moment)
        await typed(app, f"digest here {BERLIN} quiet")
        await typed(app, f"digest here {BERLIN}")
        clock.moment = MONDAY
        assert sorted(await tick(app, clock)) == ["sent", "skipped"]
        first = said(digests(heard)[0])
        assert "No previous week yet: these are the starting scores." in first
        assert "@glow" in first
        assert "+0" not in first
        status = said(await typed(app, "digest status 1"))
        assert "nobody moved, so nothing was posted" in status
        for week in range(1, 3):
            for day in range(7):
                await keep_day(app.store, "glow", 58, MONDAY + ((week - 1) * 7 + day) * DAY + timedelta(hours=1))
            clock.moment = MONDAY + week * 7 * DAY
            assert sorted(await tick(app, clock)) == ["sent", "skipped"]
        assert "Nobody moved by 3 points or more." in said(digests(heard)[-1])


async def test_a_new_model_is_no_move(tmp_path: Path, clock: HandClock) -> None:
    heard = Heard()
    async with running(tmp_path, clock, heard) as app:
        for days in range(13, -1, -1):
            score, version = (58, "1") if days >= 7 else (70, "2")
            await keep_day(app.store, "glow", score, MONDAY - days * DAY - timedelta(hours=2), version=version)
        await follow(app.store, "glow", MONDAY - 60 * DAY)
        await typed(app, f"digest here {BERLIN}")
        clock.moment = MONDAY
        assert await tick(app, clock) == ["sent"]
        facts = said(digests(heard)[0])
        assert "1 scored by a new model" in facts
        assert "58 to 70" not in facts


async def test_long_digests_go_on_in_their_thread(tmp_path: Path, clock: HandClock) -> None:
    heard = Heard()
    async with running(tmp_path, clock, heard) as app:
        for number in range(15):
            await keep_week(app.store, f"up{number:02}", 40, 45 + number, MONDAY - timedelta(hours=2))
        await typed(app, f"digest here {BERLIN} top 25")
        clock.moment = MONDAY
        assert await tick(app, clock) == ["sent"]
        assert list(heard.keys) == ["digest:1:2026-W48", "digest:1:2026-W48:1"]
        assert [under for key, _, under in heard.sent if key.startswith("digest")][1:] == ["2"]
        everything = "\n".join(said(card) for card in digests(heard))
        assert all(f"@up{number:02}" in everything for number in range(15))
        preview = said(await typed(app, "digest preview"))
        assert "In its thread: 3 more movers" in preview
        assert all(f"@up{number:02}" in preview for number in range(15))


# --- late, doubled, skipped -------------------------------------------------------------------------------------------


async def test_after_a_silence_only_the_latest_run_is_posted_and_the_missed_are_named(
    tmp_path: Path, clock: HandClock
) -> None:
    heard = Heard()
    async with running(tmp_path, clock, heard) as app:
        await typed(app, f"digest here {BERLIN}")
        clock.moment = MONDAY + 21 * DAY + timedelta(hours=5)
        assert await tick(app, clock) == ["sent"]
        assert heard.keys == ["digest:1:2026-W51"]
        assert "Posted late; it was due" in said(digests(heard)[0])
        clock.moment = MONDAY + 30 * DAY
        assert await tick(app, clock) == []
        status = said(await typed(app, "digest status"))
        assert "2026-W52 was skipped" in status
        assert "more than a day late" in status


async def test_a_clock_that_jumps_posts_one_digest_a_week(tmp_path: Path, clock: HandClock) -> None:
    heard = Heard()
    async with running(tmp_path, clock, heard) as app:
        await typed(app, f"digest here {BERLIN}")
        clock.moment = MONDAY + timedelta(minutes=1)
        await tick(app, clock)
        clock.moment -= timedelta(hours=1)
        for _ in range(12):
            await tick(app, clock, timedelta(minutes=10))
        assert heard.keys == ["digest:1:2026-W48"]
        clock.moment = MONDAY + 300 * DAY  # a clock set wrongly far ahead, and back
        await tick(app, clock)
        clock.moment = MONDAY + 2 * DAY
        await tick(app, clock)
        clock.moment = MONDAY + 7 * DAY
        await tick(app, clock)
        assert "digest:1:2026-W49" in heard.keys
        assert len(set(heard.keys)) == len(heard.keys)


async def test_two_tickers_make_one_delivery(tmp_path: Path, clock: HandClock) -> None:
    heard = Heard()
    async with running(tmp_path, clock, heard) as app, running(tmp_path, clock, heard) as other:
        await typed(app, f"digest here {BERLIN}")
        clock.moment = MONDAY
        keys = [await one.digests.run_due(clock.now()) for one in (app, other, app)]
        assert set(keys) == {("digest:1:2026-W48",)}
        assert await other.deliveries.deliver("digest:1:2026-W48") == "sent"
        assert await app.digests.run_due(clock.now()) == ()


async def test_a_zone_that_vanished_falls_back_and_is_told(tmp_path: Path, clock: HandClock) -> None:
    heard = Heard()
    async with running(tmp_path, clock, heard) as app:
        await typed(app, f"digest here {BERLIN}")
        await app.store.database.write(subscriptions.note, 1, {"zone": "Europe/Atlantis"})
        clock.moment = MONDAY
        assert await tick(app, clock) == [], "nine o'clock is an hour later in UTC"
        assert await tick(app, clock, timedelta(hours=1)) == ["sent"]
        assert [person for person, _ in heard.told] == ["U1"]
        one = await app.digests.one(TEAM, 1)
        assert (one.schedule.zone, one.next_run.at) == ("UTC", datetime(2026, 11, 30, 9, tzinfo=UTC))


# --- what stands in its way -------------------------------------------------------------------------------------------


async def test_a_blocked_channel_is_told_once_and_resumes_by_itself(tmp_path: Path, clock: HandClock) -> None:
    heard = Heard()
    async with running(tmp_path, clock, heard) as app:
        await typed(app, f"digest here {BERLIN}")
        heard.failing = lambda key: DeliveryForbidden("#creators", "Clout may not post in #creators.")
        clock.moment = MONDAY
        for _ in range(3 * 24 * 7):
            await tick(app, clock, timedelta(minutes=20))
        assert [person for person, _ in heard.told] == ["U1"]
        status = said(await typed(app, "digest status"))
        assert "Blocked since" in status.replace("\n", " ")
        assert "Last error: Clout may not post in #creators." in status.replace("\n", " ")
        heard.failing = lambda key: None
        clock.moment = MONDAY + 14 * DAY
        assert sorted(await tick(app, clock)) == ["sent", "skipped"]
        assert "Blocked" not in said(await typed(app, "digest status"))


async def test_news_of_channels_switches_off_and_on(tmp_path: Path, clock: HandClock) -> None:
    heard = Heard()
    async with running(tmp_path, clock, heard) as app:
        await typed(app, f"digest here {BERLIN}")
        await app.digests.lost(TEAM, "C1")
        await app.digests.lost(TEAM, "C1")
        assert len(heard.told) == 1
        heard.failing = lambda key: DeliveryForbidden("#creators", "not in channel")
        clock.moment = MONDAY
        assert await tick(app, clock) == ["pending"]
        heard.failing = lambda key: None
        await app.digests.back(TEAM, "C1")
        assert await tick(app, clock, timedelta(seconds=20)) == ["sent"], "an invitation is not kept waiting"
        await app.digests.gone("T2", "C1")
        assert (await app.digests.one(TEAM, 1)).state == "on", "another team's channel"
        await app.digests.gone(TEAM, "C1")
        await app.digests.gone(TEAM, "C1")
        assert len(heard.told) == 2
        clock.moment = MONDAY + 7 * DAY
        assert await tick(app, clock) == []
        assert DELETED in said(await typed(app, "digest status"))
        assert (await typed(app, "digest resume")).error == "InputError"
        await typed(app, "digest edit 1 to <#C2|team>")
        found = await app.digests.one(TEAM, 1)
        assert (found.state, found.place.channel, found.last_error) == ("on", "C2", None)


async def test_a_channel_deleted_while_posting_disables_it(tmp_path: Path, clock: HandClock) -> None:
    heard = Heard()
    async with running(tmp_path, clock, heard) as app:
        await typed(app, f"digest here {BERLIN}")
        heard.failing = lambda key: ChannelGone("#creators", "The channel was deleted.")
        clock.moment = MONDAY
        assert await tick(app, clock) == ["failed"]
        assert (await app.digests.one(TEAM, 1)).state == "gone"
        assert len(heard.told) == 1


async def test_a_channel_that_cannot_be_posted_in_is_refused_at_set_up(tmp_path: Path, clock: HandClock) -> None:
    heard = Heard()
    async with running(tmp_path, clock, heard) as app:
        for refused in ("check", "subscribed"):
            heard.failing = lambda key, refused=refused: (  # type: ignore[misc]
                DeliveryForbidden("#creators", "Invite Clout first.") if key.partition(":")[0] == refused else None
            )
            assert (await typed(app, f"digest here {BERLIN}")).error == "DeliveryForbidden"
            assert await app.digests.subscribed(TEAM) == ()
        heard.failing = lambda key: None
        assert (await typed(app, f"digest here {BERLIN}")).error is None
        assert [key.partition(":")[0] for key, _, _ in heard.sent] == ["subscribed"], "a visible confirmation"


# --- people -----------------------------------------------------------------------------------------------------------


async def test_a_digest_that_was_removed_stands_in_no_ones_way(tmp_path: Path, clock: HandClock) -> None:
    async with running(tmp_path, clock, Heard()) as app:
        for minute in (0, 5):
            clock.moment = MONDAY + timedelta(minutes=minute - 1)
            await typed(app, f"digest here monday 09:{minute:02} Europe/Berlin")
            assert await tick(app, clock, timedelta(minutes=1)) == ["sent"], "its number may be an earlier one's"
            await typed(app, "digest remove")


async def test_a_digest_moved_within_its_week_comes_in_the_next_and_says_so(tmp_path: Path, clock: HandClock) -> None:
    heard = Heard()
    async with running(tmp_path, clock, heard) as app:
        await typed(app, f"digest here {BERLIN}")
        clock.moment = MONDAY
        assert await tick(app, clock) == ["sent"]
        clock.moment = MONDAY + DAY
        await typed(app, "digest edit 1 thursday 09:00")
        promised = (await app.digests.one(TEAM, 1)).next_run.at
        assert promised == MONDAY + 10 * DAY, "this week's was posted on Monday"
        clock.moment = promised
        assert await tick(app, clock) == ["sent"], "what is promised is kept"
        await typed(app, "digest pause")
        await typed(app, "digest resume")
        assert (await app.digests.one(TEAM, 1)).next_run.at == promised + 7 * DAY


async def test_a_new_channel_hears_of_its_digest_and_gets_what_waits(tmp_path: Path, clock: HandClock) -> None:
    heard = Heard()
    async with running(tmp_path, clock, heard) as app:
        await typed(app, f"digest here {BERLIN}")
        heard.failing = lambda key: DeliveryForbidden("#creators", "Invite Clout first.")
        clock.moment = MONDAY
        assert await tick(app, clock) == ["pending"]
        assert (await typed(app, "digest edit 1 to <#C2|team>")).error == "DeliveryForbidden"
        assert (await app.digests.one(TEAM, 1)).place.channel == "C1", "nothing changed"
        heard.failing = lambda key: None
        await typed(app, "digest edit 1 to <#C2|team>")
        assert [key.partition(":")[0] for key, _, _ in heard.sent] == ["subscribed", "subscribed"]
        assert await tick(app, clock, timedelta(seconds=20)) == ["sent"], "it is not kept for a channel it left"
        await typed(app, "digest edit 1 top 4")
        assert len(heard.sent) == 3, "only a new channel is told"


async def test_a_paused_digest_stays_paused_wherever_it_goes(tmp_path: Path, clock: HandClock) -> None:
    async with running(tmp_path, clock, Heard()) as app:
        await typed(app, f"digest here {BERLIN}")
        await typed(app, "digest pause")
        await typed(app, "digest edit 1 to <#C2|team>")
        assert (await app.digests.one(TEAM, 1)).state == "paused"
        await app.digests.gone(TEAM, "C2")
        clock.moment = MONDAY + 15 * DAY
        await typed(app, "digest edit 1 to here")
        found = await app.digests.one(TEAM, 1)
        assert (found.state, found.next_run.at) == ("on", MONDAY + 21 * DAY), "no run of the time without a channel"


async def test_a_confirmation_that_may_stand_in_the_channel_is_kept_true(tmp_path: Path, clock: HandClock) -> None:
    heard = Heard()
    async with running(tmp_path, clock, heard) as app:
        heard.lost = lambda key: DeliveryUnknown("#creators", "Slack did not say.")
        assert (await typed(app, f"digest here {BERLIN}")).error is None
        assert len(await app.digests.subscribed(TEAM)) == 1


async def test_two_people_who_edit_at_once_hear_of_each_other(tmp_path: Path, clock: HandClock) -> None:
    async with running(tmp_path, clock, Heard()) as app:
        await typed(app, f"digest here {BERLIN}")
        await typed(app, "digest edit 1 top 8", asker="U2")
        card = await typed(app, "digest edit 1 tuesday 10:00", asker="U1")
        assert "Somebody else changed it" in said(card)
        found = await app.digests.one(TEAM, 1)
        assert (found.top, found.schedule.written, found.version) == (8, "every tuesday 10:00", 3)
        assert "Somebody else" not in said(await typed(app, "digest edit 1 top 9", asker="U1"))


async def test_pause_resume_test_and_post_now(tmp_path: Path, clock: HandClock) -> None:
    heard = Heard("slack")
    here = Place(platform="slack", channel="C1", shown="#creators")
    async with running(tmp_path, clock, heard) as app:
        await app.digests.add(TEAM, Wish(schedule=BERLIN, mention="S77"), place=here, zone="UTC", asker="U1")
        await typed(app, "digest pause")
        clock.moment = MONDAY
        assert await tick(app, clock) == []
        await typed(app, "digest resume")
        assert await tick(app, clock) == [], "what was due while it was paused stays unsaid"
        assert "is posted" in said(await typed(app, "digest test"))
        assert "A test: it does not stand for the digest of this time." in said(digests(heard)[-1])
        assert heard.called[heard.keys[-1]] is None, "a test calls nobody"
        clock.moment = MONDAY + 7 * DAY
        failing = iter([DeliveryUnknown("#creators", "no answer"), None])
        heard.lost = lambda key: next(failing)
        assert await tick(app, clock) == ["unknown"]
        assert heard.called[heard.keys[-1]] == "S77"
        status = await typed(app, "digest status")
        assert "may or may not have been posted" in said(status)
        assert "digest-post" in [button.command for button in status.buttons]
        posted = len(heard.sent)
        assert "is posted" in said(await typed(app, "digest post 1"))
        assert len(heard.sent) == posted + 1
        assert (await typed(app, "digest post 1")).error == "InputError"


@pytest.mark.parametrize(
    "words",
    [
        "digest here every someday 09:00",
        "digest here mon 25:00",
        "digest here mon 09:00 Europe/Berln",
        "digest #creators mon 09:00",
        f"digest here {BERLIN} top 0",
        f"digest here {BERLIN} min 99",
        f"digest here {BERLIN} mention @everyone",
        "digest status 7",
        "digest edit 7 top 3",
        "digest pause x",
    ],
)
async def test_bad_input_is_named_and_changes_nothing(tmp_path: Path, clock: HandClock, words: str) -> None:
    heard = Heard()
    async with running(tmp_path, clock, heard) as app:
        card = await typed(app, words)
        assert card.error in {"BadSchedule", "InputError"}
        assert await app.digests.subscribed(TEAM) == ()
        assert heard.sent == []


async def test_who_does_not_manage_may_look_but_not_change(tmp_path: Path, clock: HandClock) -> None:
    async with running(tmp_path, clock, Heard()) as app:
        await typed(app, f"digest here {BERLIN}")
        for words in (f"digest here {BERLIN}", "digest edit 1 top 3", "digest pause", "digest remove 1", "digest test"):
            assert (await typed(app, words, manages=False)).error == "NotAllowed"
        for words in ("digest list", "digest status", "digest preview", "digest export"):
            assert (await typed(app, words, manages=False)).error is None
            assert (await typed(app, words, manages=False, member=False)).error == "NotAllowed"


async def test_a_private_channel_is_named_to_managers_and_in_itself_only(tmp_path: Path, clock: HandClock) -> None:
    heard = Heard()
    async with running(tmp_path, clock, heard) as app:
        await typed(app, f"digest <#C9secret> {BERLIN}")
        await typed(app, f"digest here {BERLIN}")
        error = DeliveryForbidden("#c9secret", "Clout is not in #c9secret.")
        heard.failing = lambda key: error if key.startswith("digest:1") else None
        clock.moment = MONDAY
        await tick(app, clock)
        for words in ("digest list", "digest status", "digest preview 1"):
            assert "#c9secret" in said(await typed(app, words))
            seen = said(await typed(app, words, manages=False))
            assert "secret" not in seen
            assert "a private channel" in seen
        assert "#creators" in said(await typed(app, "digest list", manages=False))
        there = await app.context(TEAM, place=Place(platform="discord", channel="C9secret"))
        assert "#c9secret" in said(list_card(await readable(there), there.now))


async def test_no_team_sees_or_changes_another_teams_digest(tmp_path: Path, clock: HandClock) -> None:
    heard = Heard()
    async with running(tmp_path, clock, heard) as app:
        await keep_week(app.store, "glow", 58, 62, MONDAY - timedelta(hours=2))
        await typed(app, f"digest here {BERLIN}")
        for words in ("status 1", "preview 1", "test 1", "edit 1 top 3", "pause 1", "resume 1", "export 1", "remove 1"):
            assert (await typed(app, f"digest {words}", team="T2")).error == "InputError"
        await typed(app, f"digest here {BERLIN}", team="T2")
        clock.moment = MONDAY
        assert await tick(app, clock) == ["sent", "sent"]
        mine, theirs = map(said, digests(heard))
        assert "@glow" in mine
        assert "@glow" not in theirs
        assert "Nobody is tracked yet" in theirs


async def test_an_export_holds_every_creator_and_no_formula(tmp_path: Path, clock: HandClock) -> None:
    async with running(tmp_path, clock, Heard()) as app:
        clock.moment = MONDAY
        await keep_week(app.store, "glow", 58, 62, MONDAY - timedelta(hours=2))
        await keep_day(app.store, "evil", 30, MONDAY - DAY)
        await app.store.link(TEAM, '=HYPERLINK("http://x")', [("bluesky", "did:plc:evil")])
        await app.store.track(TEAM, '=HYPERLINK("http://x")', MONDAY - DAY)
        await typed(app, f"digest here {BERLIN}")
        card = await typed(app, "digest export")
        assert card.attachment is not None
        assert card.attachment.name == "digest-1-2026-11-23.csv"
        rows = card.attachment.content.splitlines()
        assert rows[0].startswith("creator,score,state,previous,change")
        assert any(row.startswith("glow,62,ok,58,4,") for row in rows)
        assert any(row.startswith("\"'=HYPERLINK(") for row in rows)
