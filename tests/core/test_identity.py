"""One name on several networks: who is shown, what ties the accounts together, and what linking them does."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from core.app import App, build
from core.connectors import manifests
from core.errors import AmbiguousHandle, NotFound, Unavailable
from core.settings import Settings
from sandbox.server import Sandbox

TEAM = "terminal"


@asynccontextmanager
async def opened(box: Sandbox, folder: Path, **more: str) -> AsyncIterator[App]:
    environment = {**box.env(), "CLOUT_DATABASE_URL": f"sqlite:///{folder}/clout.db", **more}
    async with build(Settings.read(manifests(), environment, None), clock=box.clock) as app:
        yield app


async def test_a_bare_name_asks_every_free_network_and_shows_the_strongest(box: Sandbox, tmp_path: Path) -> None:
    async with opened(box, tmp_path, CLOUT_MASTODON__DEFAULT_INSTANCE="toot.example") as app:
        reading = await app.lookups.lookup(TEAM, "@beanco")
        found = {reading.networks[0].network, *(c.network for c in reading.candidates)}
        assert found == {"bluesky", "github", "mastodon"}
        scores = [c.score for c in reading.candidates if c.score is not None]
        assert reading.score.score is not None
        assert reading.score.score >= max(scores)


async def test_profiles_that_link_each_other_are_evidence(box: Sandbox, tmp_path: Path) -> None:
    async with opened(box, tmp_path, CLOUT_MASTODON__DEFAULT_INSTANCE="toot.example") as app:
        reading = await app.lookups.lookup(TEAM, "@beanco")
        mastodon = next(c for c in reading.candidates if c.network == "mastodon")
        assert any("Mastodon" in line and "link" in line for line in mastodon.evidence)


async def test_two_people_of_one_name_have_no_evidence(box: Sandbox, tmp_path: Path) -> None:
    async with opened(box, tmp_path) as app:
        reading = await app.lookups.lookup(TEAM, "robin")
        assert [(c.network, c.evidence) for c in reading.candidates] in ([("github", ())], [("bluesky", ())])


async def test_without_a_default_server_mastodon_is_not_guessed(box: Sandbox, tmp_path: Path) -> None:
    async with opened(box, tmp_path) as app:
        reading = await app.lookups.lookup(TEAM, "beanco")
        assert "mastodon" not in {c.network for c in reading.candidates}
        assert box.requests.count("mastodon") == 0
        with pytest.raises(AmbiguousHandle, match="server"):
            await app.lookups.lookup(TEAM, "mastodon:beanco")


async def test_a_server_named_by_its_domain_is_found_through_webfinger(box: Sandbox, tmp_path: Path) -> None:
    async with opened(box, tmp_path) as app:
        reading = await app.lookups.lookup(TEAM, "@mask@mask.example")
        assert reading.networks[0].native_id is not None
        assert reading.networks[0].native_id.endswith("@toot.example")


async def test_linked_accounts_on_three_networks_give_one_score(box: Sandbox, tmp_path: Path) -> None:
    async with opened(box, tmp_path) as app:
        alone = (await app.lookups.lookup(TEAM, "bluesky:beanco")).score.score
        await app.lookups.link(TEAM, "bluesky:beanco", "beanco@toot.example")
        linked = await app.lookups.link(TEAM, "beanco", "github:beanco")
        assert {a.network for a in linked.accounts} == {"bluesky", "github", "mastodon"}
        both = await app.lookups.lookup(TEAM, "beanco")
        assert both.score.score is not None
        assert alone is not None
        assert both.score.score > alone
        assert {n.network for n in both.networks} == {"bluesky", "github", "mastodon"}


async def test_the_difficult_server_gives_a_card(box: Sandbox, tmp_path: Path) -> None:
    async with opened(box, tmp_path) as app:
        reading = await app.lookups.lookup(TEAM, "oddny@odd.example")
        assert reading.networks[0].score is not None


async def test_one_failing_network_is_named_and_the_others_answer(box: Sandbox, tmp_path: Path) -> None:
    box.faults.set("github", "503")
    async with opened(box, tmp_path) as app:
        reading = await app.lookups.lookup(TEAM, "beanco")
        assert [(n.network, n.failure.error) for n in reading.networks if n.failure] == [("github", "Unavailable")]


async def test_nobody_anywhere_is_not_found_but_a_fault_among_them_is_unavailable(box: Sandbox, tmp_path: Path) -> None:
    async with opened(box, tmp_path) as app:
        with pytest.raises(NotFound):
            await app.lookups.lookup(TEAM, "nobodyatall")
        box.faults.set("github", "503")
        with pytest.raises(Unavailable, match="GitHub"):
            await app.lookups.lookup(TEAM, "nobodyelse")
