"""What stands in a digest from end to end: who moved, who is new, and of whom there is no news."""

from datetime import timedelta
from pathlib import Path

import pytest

from tests.core.digest_worlds import (
    BERLIN,
    MONDAY,
    Heard,
    digests,
    follow,
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
        assert "Nobody moved by 2 points or more." in said(digests(heard)[-1])


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
