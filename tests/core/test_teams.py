"""Each team's own settings: what was changed is what is read, here and in another process, and nowhere else."""

from datetime import timedelta
from pathlib import Path

import pytest

from core.errors import InputError
from core.teams import KEPT, Teams, TeamSettings
from tests.core.stored_readings import NOON, HandClock, open_store


async def test_changes_are_kept_for_their_team_alone(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        teams = Teams(store, HandClock(NOON))
        assert await teams.settings("a") == TeamSettings()
        await teams.change("a", zone="Europe/Berlin", threshold=5, managers="list", named=("U1",), private=True)
        wanted = TeamSettings(zone="Europe/Berlin", threshold=5, managers="list", named=("U1",), private=True)
        assert await teams.settings("a") == wanted
        assert await Teams(store, HandClock(NOON)).settings("a") == wanted
        assert await teams.settings("b") == TeamSettings()


async def test_a_change_by_another_process_is_seen_after_a_while(tmp_path: Path) -> None:
    clock = HandClock(NOON)
    async with open_store(tmp_path) as store:
        here, there = Teams(store, clock), Teams(store, clock)
        await here.settings("a")
        await there.change("a", threshold=7)
        clock.moment = NOON + KEPT + timedelta(seconds=1)
        assert (await here.settings("a")).threshold == 7


@pytest.mark.parametrize("change", [{"zone": "Mars/Base"}, {"zone": "../x"}, {"threshold": 0}, {"managers": "nobody"}])
async def test_a_value_that_does_not_fit_is_refused_and_nothing_changes(
    tmp_path: Path, change: dict[str, object]
) -> None:
    async with open_store(tmp_path) as store:
        teams = Teams(store, HandClock(NOON))
        with pytest.raises(InputError) as caught:
            await teams.change("a", **change)
        assert caught.value.field == next(iter(change))
        assert await store.settings("a") == {}


async def test_a_stored_value_that_no_longer_fits_counts_as_not_set(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        await store.set_setting("a", "team.zone", '{"zone":"Mars/Base"}')
        await store.set_setting("a", "team.threshold", '{"threshold":9}')
        assert await Teams(store, HandClock(NOON)).settings("a") == TeamSettings(threshold=9)
