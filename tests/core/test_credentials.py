"""Connected keys: each team's own, encrypted, renewed with the newest key, known before they end, never shown."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy import select
from structlog.testing import capture_logs

from core.credentials import KEPT, Credentials, OwnerToken
from core.database import Database, open_database
from core.errors import SettingsError
from core.tables_budgets import credentials as table
from core.vault import Vault, new_key
from tests.core.stored_readings import NOON, HandClock

TOKEN = "planted-token-0123456789"
FIRST, SECOND = new_key(), new_key()


@asynccontextmanager
async def opened(folder: Path) -> AsyncIterator[Database]:
    async with open_database(f"sqlite:///{folder / 'clout.db'}") as database:
        yield database


def store(database: Database, *keys: str, clock: HandClock | None = None) -> Credentials:
    return Credentials(database, clock or HandClock(), SecretStr(",".join(keys)) if keys else None)


def key(value: str = TOKEN) -> dict[str, SecretStr]:
    return {"token": SecretStr(value)}


async def rows(database: Database) -> list[Any]:
    return await database.read(lambda conn: list(conn.execute(select(table))))


async def value(kept: Credentials, team: str, network: str = "github") -> str | None:
    found = (await kept.keys(team)).get(network)
    return found.values["token"].get_secret_value() if found else None


async def test_a_key_for_all_is_everybodys_and_a_teams_own_is_nobody_elses(tmp_path: Path) -> None:
    async with opened(tmp_path) as database:
        kept = store(database, FIRST)
        await kept.connect("", "github", key("for-all"))
        await kept.connect("a", "github", key("only-a"))
        assert [await value(kept, team) for team in ("a", "b", "")] == ["only-a", "for-all", "for-all"]
        assert [await kept.owner("github", team) for team in ("a", "b", "")] == ["a", "", ""]
        assert not await kept.disconnect("b", "github")
        assert await kept.disconnect("a", "github")
        assert await value(kept, "a") == "for-all"
        assert await kept.owner("github", "a") == ""


async def test_nothing_lies_readable_in_the_file(tmp_path: Path) -> None:
    async with opened(tmp_path) as database:
        await store(database, FIRST).connect("a", "github", key())
        await store(database, FIRST).keep_owner("a", "tiktok", OwnerToken(native_id="7", access=SecretStr(TOKEN)))
    assert all(TOKEN.encode() not in file.read_bytes() for file in tmp_path.iterdir())


async def test_another_process_sees_a_connected_key_within_seconds(tmp_path: Path) -> None:
    clock = HandClock()
    async with opened(tmp_path) as database:
        here, there = store(database, FIRST, clock=clock), store(database, FIRST, clock=clock)
        assert await value(here, "a") is None
        await there.connect("", "github", key())
        clock.moment += KEPT
        assert await value(here, "a") == TOKEN


async def test_reading_encrypts_anew_with_the_newest_key(tmp_path: Path) -> None:
    async with opened(tmp_path) as database:
        await store(database, FIRST).connect("a", "github", key())
        before = (await rows(database))[0].sealed
        assert await value(store(database, FIRST), "a") == TOKEN
        assert (await rows(database))[0].sealed == before, "the newest key already: nothing to write"
        assert await value(store(database, SECOND, FIRST), "a") == TOKEN
        assert TOKEN in Vault([SECOND]).unlock((await rows(database))[0].sealed)
        assert await value(store(database, SECOND), "a") == TOKEN, "the old key may go"


@pytest.mark.parametrize("keys", [(), (SECOND,), ("no key",)], ids=["none", "another", "wrong"])
async def test_a_key_that_cannot_be_read_counts_as_none_and_is_said_once(tmp_path: Path, keys: tuple[str, ...]) -> None:
    async with opened(tmp_path) as database:
        await store(database, FIRST).connect("", "github", key())
        kept = store(database, *keys)
        with capture_logs() as logs:
            assert [await value(kept, team) for team in ("a", "b", "c")] == [None] * 3
        assert [log["event"] for log in logs] == [
            "a stored credential cannot be read: its key is not in CLOUT_SECRET_KEYS"
        ]
        assert [(one.where.network, one.at) for one in await kept.ending()] == [("github", None)]


@pytest.mark.parametrize("keys", [(), ("no key",)], ids=["none", "wrong"])
async def test_without_a_secret_key_nothing_is_stored_and_the_way_out_is_named(
    tmp_path: Path, keys: tuple[str, ...]
) -> None:
    async with opened(tmp_path) as database:
        with pytest.raises(SettingsError, match="clout init keys") as caught:
            await store(database, *keys).connect("a", "github", key())
        assert TOKEN not in str(caught.value)
        assert await rows(database) == []


async def test_an_end_is_told_a_week_before_and_once(tmp_path: Path) -> None:
    clock, ends = HandClock(), NOON + timedelta(days=30)
    async with opened(tmp_path) as database:
        kept = store(database, FIRST, clock=clock)
        await kept.connect("", "github", key(), expires_at=ends)
        with capture_logs() as logs:
            await kept.keys("a")
            assert await kept.ending() == ()
            clock.moment = ends - timedelta(days=5)
            for team in ("a", "b", "a"):
                await kept.keys(team)
                clock.moment += KEPT
        assert [(log["network"], log["log_level"]) for log in logs] == [("github", "warning")]
        assert [one.at for one in await kept.ending()] == [ends]
        assert (await kept.keys("a"))["github"].expires_at == ends


async def test_owners_tokens_are_a_teams_own(tmp_path: Path) -> None:
    token = OwnerToken(
        native_id="7",
        access=SecretStr(TOKEN),
        refresh=SecretStr("refreshing"),
        expires_at=NOON + timedelta(hours=24),
        refresh_expires_at=NOON + timedelta(days=365),
        scopes=("user.info.basic", "video.list"),
        connected_by="U1",
    )
    async with opened(tmp_path) as database:
        kept = store(database, FIRST)
        await kept.keep_owner("a", "tiktok", token)
        assert await kept.owner_token("a", "tiktok", "7") == token
        assert await kept.owner_tokens("a", "tiktok") == (token,)
        assert await kept.owner_token("b", "tiktok", "7") is None
        assert await kept.owner_token("a", "tiktok", "8") is None
        assert await kept.keys("a") == {}, "an owner's token is no key of the team's"
        assert await kept.forget_owner("a", "tiktok", "7")
        assert await kept.owner_tokens("a", "tiktok") == ()
        await kept.keep_owner("a", "tiktok", token)
        await kept.connect("a", "github", key())
        assert await kept.forget_team("a") == 2
        assert await rows(database) == []


async def test_no_token_shows_in_a_log_or_a_repr(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    clock = HandClock()
    with capture_logs() as logs:
        async with opened(tmp_path) as database:
            kept = store(database, FIRST, clock=clock)
            token = OwnerToken(native_id="7", access=SecretStr(TOKEN), expires_at=clock.moment)
            await kept.connect("a", "github", key(), expires_at=clock.moment, scopes=("read",))
            await kept.keep_owner("a", "tiktok", token)
            shown = [await kept.keys("a"), await kept.owner_tokens("a", "tiktok"), await kept.ending()]
            await store(database, SECOND).keys("a")
    everything = " ".join([repr(shown), str(shown), caplog.text, *(str(log) for log in logs)])
    assert TOKEN not in everything
    assert isinstance(shown[2][0].at, datetime)
