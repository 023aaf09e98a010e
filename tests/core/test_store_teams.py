"""A team's creators, links and settings are its own; no question of one team is answered from another's."""

from pathlib import Path

import pytest

from core.errors import InputError, NotRecorded
from core.store import Store, StoredCreator
from tests.core.stored_readings import DAY, NOON, keep_fetch, open_store

BLUESKY, GITHUB = ("bluesky", "did:plc:glow"), ("github", "7")


async def two_accounts(store: Store) -> tuple[int, int]:
    first = await keep_fetch(store, score=60.0)
    second = await keep_fetch(store, network="github", native_id="7", handle="octo-glow", score=30.0)
    return first, second


async def find(
    store: Store, team: str, name: str, *candidates: tuple[str, str], network: str | None = None
) -> StoredCreator | None:
    return await store.find(team, name, network, candidates, history_since=NOON - 90 * DAY)


async def test_a_creator_is_found_by_name_with_all_accounts(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        ids = await two_accounts(store)
        await store.link("A", "Glow Studio", [BLUESKY, GITHUB])
        found = await find(store, "A", "glow studio", ("youtube", "glow"))
    assert found is not None
    assert found.linked
    assert found.name == "Glow Studio"
    assert {account.account_id for account in found.accounts} == set(ids)
    assert {account: [p.score for p in points] for account, points in found.history.items()} == {
        ids[0]: [60.0],
        ids[1]: [30.0],
    }


async def test_a_creator_is_found_by_the_handle_of_one_of_its_accounts(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        await two_accounts(store)
        await store.link("A", "Glow", [BLUESKY, GITHUB])
        found = await find(store, "A", "octo-glow", ("github", "octo-glow"), ("bluesky", "octo-glow.bsky.social"))
        assert found is not None
        assert found.name == "Glow"
        assert len(found.accounts) == 2


async def test_a_qualified_name_means_just_that_account(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        await two_accounts(store)
        await store.link("A", "Glow", [BLUESKY, GITHUB])
        found = await find(store, "A", "glow", ("github", "octo-glow"), network="github")
    assert found is not None
    assert not found.linked
    assert [account.reading.network for account in found.accounts] == ["github"]


async def test_handles_of_two_creators_decide_for_neither(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        await two_accounts(store)
        await store.link("A", "One", [BLUESKY])
        await store.link("A", "Two", [GITHUB])
        found = await find(store, "A", "glow", ("bluesky", "glow.bsky.social"), ("github", "octo-glow"))
    assert found is not None
    assert not found.linked
    assert len(found.accounts) == 2


async def test_the_name_wins_over_somebody_elses_handle(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        await two_accounts(store)
        await store.link("A", "octo-glow", [BLUESKY])
        await store.link("A", "Other", [GITHUB])
        found = await find(store, "A", "octo-glow", ("github", "octo-glow"))
    assert found is not None
    assert found.name == "octo-glow"
    assert [account.reading.network for account in found.accounts] == ["bluesky"]


async def test_no_question_of_one_team_sees_another_teams_creators(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        await two_accounts(store)
        await store.link("A", "Secret Project", [BLUESKY, GITHUB])
        await store.track("A", "Secret Project", NOON)
        await store.set_setting("A", "zone", "Europe/Berlin")
        assert await find(store, "B", "secret project") is None
        alias = await find(store, "B", "octo-glow", ("github", "octo-glow"))
        assert alias is not None
        assert not alias.linked
        assert alias.name is None
        assert len(alias.accounts) == 1
        assert await store.creators("B") == ()
        assert [known.name for known in await store.known_handles("B", "secret")] == []
        assert await store.setting("B", "zone") is None
        assert await store.settings("B") == {}
        assert not await store.unlink("B", "Secret Project", *BLUESKY)
        assert not await store.track("B", "Secret Project", None)
        await store.set_setting("B", "zone", None)
        assert await store.setting("A", "zone") == "Europe/Berlin"
        (creator,) = await store.creators("A")
        assert creator.tracked_since == NOON
        assert len(creator.accounts) == 2


async def test_two_teams_may_link_the_same_account_under_different_names(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        await two_accounts(store)
        await store.link("A", "Glow", [BLUESKY, GITHUB])
        await store.link("B", "Shine", [BLUESKY])
        assert await store.unlink("A", "Glow", *BLUESKY)
        (a,), (b,) = await store.creators("A"), await store.creators("B")
    assert [account.network for account in a.accounts] == ["github"]
    assert [account.handle for account in b.accounts] == ["glow.bsky.social"]


async def test_linking_again_changes_nothing_and_adds_what_is_new(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        await two_accounts(store)
        await store.link("A", "Glow", [BLUESKY])
        await store.link("A", "@GLOW", [BLUESKY, GITHUB])
        (creator,) = await store.creators("A")
    assert creator.name == "Glow"
    assert len(creator.accounts) == 2


async def test_an_account_belongs_to_one_creator_of_a_team(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        await two_accounts(store)
        await store.link("A", "Glow", [BLUESKY])
        with pytest.raises(InputError, match="already belongs to Glow"):
            await store.link("A", "Shine", [GITHUB, BLUESKY])
        assert [creator.name for creator in await store.creators("A")] == ["Glow"], "nothing of the refused link"


async def test_only_accounts_that_were_read_can_be_linked(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        with pytest.raises(NotRecorded, match="Look it up first"):
            await store.link("A", "Glow", [BLUESKY])
        with pytest.raises(InputError, match="at least one"):
            await store.link("A", "Glow", [])
        assert await store.creators("A") == ()


async def test_the_last_unlink_takes_the_creator_along(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        await two_accounts(store)
        await store.link("A", "Glow", [BLUESKY, GITHUB])
        assert await store.unlink("A", "glow", *BLUESKY)
        assert not await store.unlink("A", "glow", *BLUESKY)
        assert await store.unlink("A", "glow", *GITHUB)
        assert await store.creators("A") == ()


async def test_suggestions_name_the_teams_creators_first(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        await two_accounts(store)
        await keep_fetch(store, network="github", native_id="8", handle="Glimmer")
        await store.link("A", "Glow Zone", [BLUESKY])
        assert [known.text for known in await store.known_handles("A", "@GL")] == [
            "Glow Zone",
            "github:Glimmer",
            "bluesky:glow.bsky.social",
        ]
        two = await store.known_handles("A", "gl", limit=2)
        assert [known.text for known in two] == ["Glow Zone", "github:Glimmer"]
        assert len(await store.known_handles("A")) == 4
        assert await store.known_handles("A", "zzz") == []


async def test_settings_are_kept_changed_and_deleted(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        assert await store.setting("A", "zone") is None
        await store.set_setting("A", "zone", "Europe/Berlin")
        await store.set_setting("A", "zone", "Asia/Tokyo")
        await store.set_setting("A", "locale", "ja")
        assert await store.settings("A") == {"zone": "Asia/Tokyo", "locale": "ja"}
        await store.set_setting("A", "zone", None)
    async with open_store(tmp_path) as store:
        assert await store.settings("A") == {"locale": "ja"}
