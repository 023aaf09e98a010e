"""A team that throws Clout out keeps its data for 30 days, and then nothing of it is left, wherever it stood."""

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Column, Connection, Integer, MetaData, String, Table, func, insert, select

from core import leaving
from core.store import Store
from core.tables import creators, metadata
from core.teams import Teams
from tests.core.stored_readings import NOON, HandClock, open_store

DAY = timedelta(days=1)
OURS, OTHERS = "slack:-:T1", "slack:-:T2"


def rows_of(conn: Connection, team: str) -> int:
    tables = [table for table in metadata.sorted_tables if "team" in table.c]
    return sum(conn.scalar(select(func.count()).select_from(one).where(one.c.team == team)) or 0 for one in tables)


async def filled(store: Store, clock: HandClock, team: str) -> None:
    await Teams(store, clock).change(team, threshold=5)
    row = {"team": team, "name": "@x", "name_key": "x", "created_at": 1}
    await store.database.write(lambda conn: conn.execute(insert(creators), row))


async def left(store: Store, team: str) -> int:
    return await store.database.read(rows_of, team)


async def test_a_months_grace_and_then_nothing_of_that_team_alone(tmp_path: Path) -> None:
    clock = HandClock(NOON)
    async with open_store(tmp_path, clock) as store:
        await filled(store, clock, OURS)
        await filled(store, clock, OTHERS)
        await store.team_left(OURS)
        clock.moment = NOON + 20 * DAY
        await store.team_left(OURS)  # heard a second time: the month does not start anew
        assert await store.left_at(OURS) == NOON
        await store.purge(NOON + 30 * DAY - timedelta(seconds=1), {})
        assert await left(store, OURS) > 2
        await store.purge(NOON + 30 * DAY, {})
        assert await left(store, OURS) == 0
        assert await left(store, OTHERS) == 2


async def test_a_team_that_comes_back_keeps_everything(tmp_path: Path) -> None:
    clock = HandClock(NOON)
    async with open_store(tmp_path, clock) as store:
        await filled(store, clock, OURS)
        assert await store.team_back(OURS) is False
        await store.team_left(OURS)
        assert await store.team_back(OURS) is True
        await store.purge(NOON + 31 * DAY, {})
        assert await left(store, OURS) == 2
        assert await store.left_at(OURS) is None


async def test_back_meanwhile_is_not_purged(tmp_path: Path) -> None:
    clock = HandClock(NOON)
    async with open_store(tmp_path, clock) as store:
        await filled(store, clock, OURS)
        assert await store.database.write(leaving.purge_team, OURS, NOON + 90 * DAY) is False
        assert await left(store, OURS) == 2


async def test_a_whole_organisation_comes_back_at_once_and_no_other(tmp_path: Path) -> None:
    async with open_store(tmp_path, HandClock(NOON)) as store:
        for team in ("slack:E1:T1", "slack:E1:T2", "slack:E10:T1", "slack:E%:T1"):
            await store.team_left(team)
        assert await store.team_back("slack:E1:") is True
        await store.team_back("slack:E%:")
        found = [await store.left_at(team) for team in ("slack:E1:T1", "slack:E1:T2", "slack:E10:T1", "slack:E%:T1")]
        assert found == [None, None, NOON, None]


async def test_tables_of_later_rooms_are_walked_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    grown = MetaData()
    for table in metadata.sorted_tables:
        table.to_metadata(grown)
    later = Table("later", grown, Column("id", Integer, primary_key=True), Column("team", String))
    monkeypatch.setattr(leaving, "metadata", grown)
    async with open_store(tmp_path, HandClock(NOON)) as store:
        await store.database.write(lambda conn: later.create(conn))
        rows = [{"team": OURS}, {"team": OTHERS}]
        await store.database.write(lambda conn: conn.execute(insert(later), rows))
        await store.team_left(OURS)
        await store.purge(NOON + 30 * DAY, {})
        assert await store.database.read(lambda conn: conn.scalars(select(later.c.team)).all()) == [OTHERS]


async def test_the_teams_that_are_here_are_known_by_how_their_names_begin(tmp_path: Path) -> None:
    clock = HandClock(NOON)
    async with open_store(tmp_path, clock) as store:
        for team in (OURS, OTHERS, "discord:7", "discord:8", "disc%rd:9"):
            await filled(store, clock, team)
        await store.team_left("discord:8")
        assert await store.teams("discord:") == ["discord:7"]
        assert await store.teams("disc%") == ["disc%rd:9"]
