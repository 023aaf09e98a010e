"""Installations in our database: encrypted, one a workspace, gone after an uninstall."""

from datetime import UTC, datetime, timedelta

import pytest
from slack_sdk.oauth.installation_store.models.installation import Installation

from bots.slack_installs import SlackInstalls, SlackStates
from core.database import open_database
from core.vault import Vault, new_key

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
T1 = {"enterprise_id": None, "team_id": "T1"}


class Hand:
    def __init__(self):
        self.moment = NOW

    def now(self):
        return self.moment


@pytest.fixture
def clock():
    return Hand()


@pytest.fixture
async def database(tmp_path):
    async with open_database(f"sqlite:///{tmp_path / 'clout.db'}") as opened:
        yield opened


@pytest.fixture
def store(database, clock):
    return SlackInstalls(database, Vault([new_key()]), clock, "1.2")


def made(token="xoxb-first", **more):
    values = {
        "app_id": "A1", "team_id": "T1", "team_name": "Beanworks", "user_id": "U1", "bot_token": token, "bot_id": "B1",
        "bot_user_id": "UB", "bot_scopes": ["commands", "chat:write"], "bot_refresh_token": "xoxe-refresh",
        "bot_token_expires_at": 1_800_000_000, "installed_at": NOW.timestamp(),
    }  # fmt: skip
    return Installation(**values | more)


async def test_an_installation_comes_back_as_it_was(store):
    given = made()
    await store.async_save(given)
    assert (await store.async_find_installation(**T1)).to_dict() == given.to_dict()
    bot = await store.async_find_bot(**T1)
    assert (bot.bot_token, bot.bot_scopes, bot.bot_token_expires_at) == (
        "xoxb-first", ["commands", "chat:write"], 1_800_000_000,
    )  # fmt: skip
    assert await store.async_find_bot(enterprise_id=None, team_id="T2") is None
    assert await store.async_find_installation(**T1, user_id="U2") is None


async def test_no_token_stands_in_the_file(tmp_path):
    clock = Hand()
    async with open_database(f"sqlite:///{tmp_path / 'clout.db'}") as database:
        store = SlackInstalls(database, Vault([new_key()]), clock, "1.2")
        await store.async_save(made(user_token="xoxp-user", incoming_webhook_url="https://hooks.example/secret"))
        files = list(tmp_path.iterdir())
        written = b"".join(file.read_bytes() for file in files)
    assert b"slack_installs" in written
    for secret in (b"xoxb-", b"xoxe-", b"xoxp-", b"hooks.example"):
        assert secret not in written


async def test_a_new_install_replaces_the_tokens(store, database):
    await store.async_save(made())
    await store.async_save(made("xoxb-second", user_id="U2"))
    assert (await store.async_find_bot(**T1)).bot_token == "xoxb-second"
    assert await database.read(lambda conn: conn.exec_driver_sql("SELECT count(*) FROM slack_installs").scalar()) == 1


async def test_tokens_that_turned_over_are_kept(store):
    await store.async_save(made())
    bot = await store.async_find_bot(**T1)
    bot.bot_token, bot.bot_refresh_token, bot.bot_token_expires_at = "xoxb-next", "xoxe-next", 1_900_000_000
    await store.async_save_bot(bot)
    found = await store.async_find_installation(**T1)
    assert (found.bot_token, found.bot_refresh_token, found.bot_token_expires_at) == (
        "xoxb-next", "xoxe-next", 1_900_000_000,
    )  # fmt: skip
    assert (found.user_id, found.team_name) == ("U1", "Beanworks")


async def test_turned_over_after_an_uninstall_it_stays_gone(store):
    await store.async_save(made())
    bot = await store.async_find_bot(**T1)
    await store.async_delete_all(**T1)
    await store.async_save_bot(bot)
    assert await store.async_find_bot(**T1) is None


@pytest.mark.parametrize("how", ["async_delete_all", "async_delete_bot", "async_delete_installation"])
async def test_an_uninstall_forgets_that_workspace_only(store, how):
    await store.async_save(made())
    await store.async_save(made("xoxb-other", team_id="T2"))
    await getattr(store, how)(**T1)
    assert await store.async_find_installation(**T1) is None
    assert (await store.async_find_bot(enterprise_id=None, team_id="T2")).bot_token == "xoxb-other"


async def test_a_persons_own_token_takes_nothing_along(store):
    await store.async_save(made())
    await store.async_delete_installation(**T1, user_id="U1")
    assert (await store.async_find_bot(**T1)).bot_token == "xoxb-first"


async def test_an_organisation_is_found_from_each_of_its_workspaces(store):
    await store.async_save(made(enterprise_id="E1", team_id=None, is_enterprise_install=True))
    found = await store.async_find_bot(enterprise_id="E1", team_id="T9", is_enterprise_install=True)
    assert found.bot_token == "xoxb-first"
    assert await store.async_find_bot(enterprise_id="E1", team_id="T9") is None


async def test_keys_turn_over_and_a_lost_key_means_not_installed(database, clock, caplog):
    old, new = new_key(), new_key()
    await SlackInstalls(database, Vault([old]), clock, "1.2").async_save(made())
    both = SlackInstalls(database, Vault([new, old]), clock, "1.2")
    assert (await both.async_find_bot(**T1)).bot_token == "xoxb-first"
    lost = SlackInstalls(database, Vault([new]), clock, "1.2")
    assert await lost.async_find_bot(**T1) is None
    assert "CLOUT_SECRET_KEYS" in caplog.text
    assert "xoxb" not in caplog.text
    await both.async_save(made("xoxb-again"))
    assert (await lost.async_find_bot(**T1)).bot_token == "xoxb-again"


async def test_a_state_is_good_once_and_for_ten_minutes(database, clock):
    states = SlackStates(database, clock)
    first, second = await states.async_issue(), await states.async_issue()
    assert first != second
    assert await states.async_consume(first) is True
    assert await states.async_consume(first) is False
    assert await states.async_consume("guessed") is False
    clock.moment += timedelta(minutes=10)
    assert await states.async_consume(second) is False
    await states.async_issue()
    assert await database.read(lambda conn: conn.exec_driver_sql("SELECT count(*) FROM slack_states").scalar()) == 1
