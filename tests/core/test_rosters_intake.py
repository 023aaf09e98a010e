"""Lists of creators from a file: all of it or nothing, what waits, and what meets who is there already."""

from pathlib import Path

import pytest

from core.tables import account_refresh, creator_pending, creators
from tests.core.toy_network import TEAM, HandClock, opened, rows, standing, toys


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


async def test_an_imported_handle_waits_and_is_found_by_its_first_reading(tmp_path: Path, clock: HandClock) -> None:
    async with opened(tmp_path, clock, *toys(clock)) as app:
        report = await app.tracking.bring_in(TEAM, b"handle,network,tags\nglow,alpha,new\n")
        assert (report.made, report.bad) == (1, ())
        (row,) = (await app.tracking.tracked(TEAM, tag="new")).rows
        assert (row.score, row.account, row.problems[0].status) == (None, "alpha:glow", "waiting")
        await app.lookups.lookup(TEAM, "alpha:glow")
        assert await rows(app, creator_pending) == []
        assert (await standing(app, clock, "glow")).score is not None
        assert len(await rows(app, account_refresh)) == 1


async def test_a_handle_that_waits_is_untracked_by_its_name(tmp_path: Path, clock: HandClock) -> None:
    async with opened(tmp_path, clock, *toys(clock)) as app:
        await app.tracking.bring_in(TEAM, b"handle\nalpha:nobody\n")
        assert await app.tracking.untrack(TEAM, "alpha:nobody") == "nobody"
        assert await rows(app, creators) == await rows(app, creator_pending) == []


async def test_a_list_with_a_bad_line_changes_nothing(tmp_path: Path, clock: HandClock) -> None:
    content = (
        b"handle,alias,tags\nalpha:glow,,ok\nbeanco,,\nalpha:glow,,\nalpha:mara,two words,\nalpha:x,,b@d\ngamma:x,,\n"
    )
    async with opened(tmp_path, clock, *toys(clock)) as app:
        report = await app.tracking.bring_in(TEAM, content)
        assert [(one.line, one.field) for one in report.bad] == [
            (3, "handle"),
            (4, "handle"),
            (5, "alias"),
            (6, "tags"),
            (7, "handle"),
        ]
        assert await rows(app, creators) == []


async def test_a_list_meets_what_is_there(tmp_path: Path, clock: HandClock) -> None:
    async with opened(tmp_path, clock, *toys(clock)) as app:
        await app.tracking.track(TEAM, "alpha:glow", tags=["a"])
        await app.lookups.lookup(TEAM, "alpha:beanco")
        again = b"handle,tags,accounts\nalpha:glow,a,\nalpha:beanco,b,beta:beans\nalpha:mara,,\n"
        report = await app.tracking.bring_in(TEAM, again)
        assert (report.made, report.joined, report.already, report.bad) == (2, 0, 1, ())
        assert (await standing(app, clock, "beanco")).score is not None, "it was read before"
        report = await app.tracking.bring_in(TEAM, again)
        assert (report.made, report.joined, report.already) == (0, 0, 3)
        report = await app.tracking.bring_in(TEAM, b"handle,tags\nalpha:mara,late\n")
        assert (report.made, report.joined, report.already) == (0, 1, 0)
        taken = await app.tracking.bring_in(TEAM, b"handle,alias\nbeta:other,GLOW\n")
        assert [(one.line, one.field) for one in taken.bad] == [(2, "alias")]


async def test_progress_ends_at_its_end(tmp_path: Path, clock: HandClock) -> None:
    told: list[tuple[int, int]] = []
    lines = "\n".join(f"alpha:c{n}" for n in range(600))
    async with opened(tmp_path, clock, *toys(clock)) as app:
        await app.tracking.bring_in(TEAM, f"handle\n{lines}".encode(), lambda done, of: told.append((done, of)))
    assert [done for done, _ in told] == sorted(done for done, _ in told)
    assert told[-1] == (1200, 1200)
