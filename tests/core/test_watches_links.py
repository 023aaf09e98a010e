"""Whose accounts are whose is the team's doing: no watch takes it for a crossing."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from core import refresh_queue as queue
from core.app import App
from core.digests import Background, Move
from tests.core.digest_worlds import TEAM, Heard, follow, keep_day, running
from tests.core.stored_readings import DAY, HandClock
from tests.core.watch_worlds import alerts, read, tell, watch


async def both(app: App, clock: HandClock) -> None:
    """Let two accounts have been read for a week: 48 of the creator, and 46 that lift both together above 50."""
    for days in range(6, -1, -1):
        await keep_day(app.store, "glow", 48, clock.now() - days * DAY)
        await keep_day(app.store, "second", 46, clock.now() - days * DAY)
    await follow(app.store, "glow", clock.now() - 60 * DAY)


@pytest.mark.parametrize("way", ["link", "track", "file"])
async def test_an_account_that_joins_or_leaves_is_no_crossing(tmp_path: Path, way: str) -> None:
    clock, heard = HandClock(), Heard()
    async with running(tmp_path, clock, heard) as app:
        await both(app, clock)
        await watch(app, "above 50")
        if way == "link":
            await app.store.link(TEAM, "glow", [("bluesky", "did:plc:second")])
        elif way == "track":
            more = ["bluesky:second.bsky.social"]
            await app.tracking.track(TEAM, "bluesky:glow.bsky.social", accounts=more)
        else:
            listed = b"handle,accounts\nbluesky:glow.bsky.social,bluesky:second.bsky.social\n"
            assert (await app.tracking.bring_in(TEAM, listed)).joined == 1
        await tell(app, clock)
        assert alerts(heard) == []
        (listed_,) = (await app.watches.page(TEAM)).rows
        assert listed_.score is not None
        assert listed_.score >= 50
        await watch(app, "below 50")
        await app.store.unlink(TEAM, "glow", "bluesky", "did:plc:second")
        await tell(app, clock)
        assert alerts(heard) == []
        await read(app, clock, 48)
        assert alerts(heard) == []
        await read(app, clock, 52)
        await tell(app, clock, DAY / 24)  # two watches in one place: told together, ten minutes later
        assert len(alerts(heard)) == 1, "what the creator does is told as before"


@pytest.mark.parametrize("typed", ["second", "second-old"])
async def test_an_imported_creator_whose_accounts_arrive_one_by_one_crosses_nothing(tmp_path: Path, typed: str) -> None:
    clock, heard = HandClock(), Heard()
    async with running(tmp_path, clock, heard) as app:
        lines = f"handle,accounts\nbluesky:glow.bsky.social,bluesky:{typed}.bsky.social\n".encode()
        assert (await app.tracking.bring_in(TEAM, lines)).made == 1
        await keep_day(app.store, "glow", 48, clock.now())
        await watch(app, "above 50")
        await tell(app, clock)
        clock.moment += DAY / 48
        await keep_day(app.store, "second", 46, clock.now())
        if typed != "second":  # its network writes the handle otherwise
            came = {f"{typed}.bsky.social": "did:plc:second"}
            await app.store.database.write(queue.arrived, "bluesky", came, clock.now())
        await tell(app, clock)
        (listed,) = (await app.watches.page(TEAM)).rows
        assert listed.score is not None
        assert listed.score >= 50
        clock.moment += DAY
        await keep_day(app.store, "second", 46, clock.now())
        await read(app, clock, 48, by=DAY / 24)
        assert alerts(heard) == []


async def test_an_alert_begins_with_the_reading_it_names_to_the_microsecond(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock, heard = HandClock(), Heard()
    clock.moment += timedelta(microseconds=999_999)
    begun: list[datetime] = []

    async def of(team: str, move: Move, *, since: datetime, **_: object) -> tuple[Background, None]:
        begun.append(since)
        return Background(), None

    async with running(tmp_path, clock, heard) as app:
        monkeypatch.setattr(app.watches._backgrounds, "of", of)
        await keep_day(app.store, "glow", 48, clock.now())
        await follow(app.store, "glow", clock.now() - 60 * DAY)
        await watch(app, "above 50")
        first = clock.now()
        await read(app, clock, 55)
        assert len(alerts(heard)) == 1
    assert all(first <= one < first + DAY for one in begun), "stored moments are cut to milliseconds"
