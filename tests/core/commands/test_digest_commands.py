"""`digest` and its neighbours as people type them: set up, changed, tried, and what nobody else may see."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from core.app import App
from core.cards_subscriptions import list_card
from core.commands.digest import readable
from core.errors import DeliveryForbidden, DeliveryUnknown
from core.messenger import Place
from core.wishes import Wish
from tests.core.digest_worlds import (
    BERLIN,
    MONDAY,
    TEAM,
    Heard,
    digests,
    keep_day,
    keep_week,
    running,
    said,
    tick,
    typed,
)
from tests.core.stored_readings import DAY, HandClock


@pytest.fixture
def clock() -> HandClock:
    return HandClock(MONDAY - 3 * DAY)


@pytest.fixture
def heard() -> Heard:
    return Heard()


@pytest.fixture
async def app(tmp_path: Path, clock: HandClock, heard: Heard) -> AsyncIterator[App]:
    async with running(tmp_path, clock, heard) as app:
        yield app


async def test_a_channel_that_cannot_be_posted_in_is_refused_at_set_up(app: App, heard: Heard) -> None:
    for refused in ("check", "subscribed"):
        heard.failing = lambda key, refused=refused: (  # type: ignore[misc]
            DeliveryForbidden("#creators", "Invite Clout first.") if key.partition(":")[0] == refused else None
        )
        assert (await typed(app, f"digest here {BERLIN}")).error == "DeliveryForbidden"
        assert await app.digests.subscribed(TEAM) == ()
    heard.failing = lambda key: None
    assert (await typed(app, f"digest here {BERLIN}")).error is None
    assert [key.partition(":")[0] for key, _, _ in heard.sent] == ["subscribed"], "a visible confirmation"


async def test_a_digest_that_was_removed_stands_in_no_ones_way(app: App, clock: HandClock) -> None:
    for minute in (0, 5):
        clock.moment = MONDAY + timedelta(minutes=minute - 1)
        await typed(app, f"digest here monday 09:{minute:02} Europe/Berlin")
        assert await tick(app, clock, timedelta(minutes=1)) == ["sent"], "its number may be an earlier one's"
        await typed(app, "digest remove")


async def test_a_digest_moved_within_its_week_comes_in_the_next_and_says_so(app: App, clock: HandClock) -> None:
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


async def test_a_new_channel_hears_of_its_digest_and_gets_what_waits(app: App, clock: HandClock, heard: Heard) -> None:
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


async def test_a_paused_digest_stays_paused_wherever_it_goes(app: App, clock: HandClock) -> None:
    await typed(app, f"digest here {BERLIN}")
    await typed(app, "digest pause")
    await typed(app, "digest edit 1 to <#C2|team>")
    assert (await app.digests.one(TEAM, 1)).state == "paused"
    await app.digests.gone(TEAM, "C2")
    clock.moment = MONDAY + 15 * DAY
    await typed(app, "digest edit 1 to here")
    found = await app.digests.one(TEAM, 1)
    assert (found.state, found.next_run.at) == ("on", MONDAY + 21 * DAY), "no run of the time without a channel"


async def test_a_confirmation_that_may_stand_in_the_channel_is_kept_true(app: App, heard: Heard) -> None:
    heard.lost = lambda key: DeliveryUnknown("#creators", "Slack did not say.")
    assert (await typed(app, f"digest here {BERLIN}")).error is None
    assert len(await app.digests.subscribed(TEAM)) == 1


async def test_two_people_who_edit_at_once_hear_of_each_other(app: App) -> None:
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
async def test_bad_input_is_named_and_changes_nothing(app: App, words: str, heard: Heard) -> None:
    card = await typed(app, words)
    assert card.error in {"BadSchedule", "InputError"}
    assert await app.digests.subscribed(TEAM) == ()
    assert heard.sent == []


async def test_who_does_not_manage_may_look_but_not_change(app: App) -> None:
    await typed(app, f"digest here {BERLIN}")
    for words in (f"digest here {BERLIN}", "digest edit 1 top 3", "digest pause", "digest remove 1", "digest test"):
        assert (await typed(app, words, manages=False)).error == "NotAllowed"
    for words in ("digest list", "digest status", "digest preview", "digest export"):
        assert (await typed(app, words, manages=False)).error is None
        assert (await typed(app, words, manages=False, member=False)).error == "NotAllowed"


async def test_a_private_channel_is_named_to_managers_and_in_itself_only(
    app: App, clock: HandClock, heard: Heard
) -> None:
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


async def test_no_team_sees_or_changes_another_teams_digest(app: App, clock: HandClock, heard: Heard) -> None:
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


async def test_an_export_holds_every_creator_and_no_formula(app: App, clock: HandClock) -> None:
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
