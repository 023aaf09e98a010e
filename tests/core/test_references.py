"""What a reference work adds: evidence under a bare name, accounts to link, and never a link or a point by itself."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
from cryptography.fernet import Fernet

from core.app import App, build
from core.card import Button, Card, Listing
from core.commands.grammar import Context
from core.commands.links import accounts
from core.connectors import manifests
from core.errors import NotConfigured, NotRecorded
from core.settings import Settings
from sandbox.server import Sandbox

TEAM = "terminal"
KEY = Fernet.generate_key().decode()


@asynccontextmanager
async def opened(box: Sandbox, *networks: str, **more: str) -> AsyncIterator[App]:
    values = {**box.env(), **(box.keys(*networks) if networks else {}), "CLOUT_DATABASE_URL": "sqlite:///:memory:"}
    async with build(Settings.read(manifests(), {**values, **more}, None), clock=box.clock) as app:
        yield app


class Typed:
    def __init__(self, creator: str) -> None:
        self.creator = creator

    def text(self, name: str) -> str:
        return self.creator


async def shown(app: App, creator: str) -> Card:
    context: Context = await app.context(TEAM)

    async def ignore(card: Card) -> None:
        pass

    return await accounts(context, Typed(creator), ignore)  # type: ignore[arg-type]


def offered(card: Card) -> list[Button]:
    return [b for block in card.blocks if isinstance(block, Listing) for item in block.items for b in item.buttons]


async def test_it_is_off_until_it_is_switched_on(box: Sandbox) -> None:
    async with opened(box, CLOUT_MASTODON__DEFAULT_INSTANCE="toot.example") as app:
        reading = await app.lookups.lookup(TEAM, "@beanco")
        assert not any("Wikidata" in line for one in reading.candidates for line in one.evidence)
        with pytest.raises(NotRecorded):
            await shown(app, "@beanco")
        with pytest.raises(NotConfigured, match="off here"):
            await app.lookups.lookup(TEAM, "wikidata:Q42")
        wikidata = next(n for n in await app.networks.of(TEAM) if n.manifest.name == "wikidata")
        assert (wikidata.ready, wikidata.implemented) == (False, True)
    assert box.requests.count("wikidata") == 0


async def test_switched_on_it_corroborates_and_changes_no_score(box: Sandbox) -> None:
    async with opened(box, CLOUT_MASTODON__DEFAULT_INSTANCE="toot.example") as app:
        plain = await app.lookups.lookup(TEAM, "@beanco")
    async with opened(box, "wikidata", CLOUT_MASTODON__DEFAULT_INSTANCE="toot.example") as app:
        reading = await app.lookups.lookup(TEAM, "@beanco")
        assert reading.score == plain.score
        assert all("Wikidata names both for" in one.evidence[-1] for one in reading.candidates)
        assert box.requests.count("wikidata") == 2
        await app.lookups.lookup(TEAM, "@beanco")
        assert box.requests.count("wikidata") == 2, "kept for a day"
        with pytest.raises(NotConfigured, match="has no scores"):
            await app.lookups.lookup(TEAM, "wikidata:Q42")
        wikidata = next(n for n in await app.networks.of(TEAM) if n.manifest.name == "wikidata")
        assert wikidata.ready
        assert [(state.spent, state.limit) for state in wikidata.budgets] == [(2, None)]


async def test_a_figure_of_the_operators_is_kept(box: Sandbox) -> None:
    figures = {"CLOUT_WIKIDATA__HOURLY_REQUESTS": "1", "CLOUT_MASTODON__DEFAULT_INSTANCE": "toot.example"}
    async with opened(box, "wikidata", **figures) as app:
        reading = await app.lookups.lookup(TEAM, "@beanco")
        assert not any("Wikidata" in line for one in reading.candidates for line in one.evidence)
    assert box.requests.count("wikidata") == 0


async def test_namesakes_get_no_evidence(box: Sandbox) -> None:
    async with opened(box, "wikidata") as app:
        reading = await app.lookups.lookup(TEAM, "robin")
        assert [one.evidence for one in reading.candidates] == [()]


async def test_an_account_alone_is_offered_the_others_of_its_item(box: Sandbox) -> None:
    async with opened(box, "wikidata", "youtube", "twitch") as app:
        await app.lookups.lookup(TEAM, "bluesky:mara.example")
        card = await shown(app, "bluesky:mara.example")
        said = " | ".join(card.facts())
        assert "Wikidata names it for Mara Quillfeather" in said
        assert "networks that are not set up here" in said
        assert "@mara.prints" in said
        links = [dict(button.arguments) for button in offered(card)]
        targets = {link["account"].partition(":")[0] for link in links}
        assert targets == {"github", "mastodon", "twitch", "youtube"}, "what can be read, and never X"
        for link in links:
            await app.lookups.link(TEAM, link["creator"], link["account"])
        linked = await app.lookups.accounts(TEAM, "mara.example")
        assert {one.network for one in linked.accounts} == {"bluesky", *targets}
        again = await shown(app, "mara.example")
        assert offered(again) == []


async def test_trouble_is_a_sentence_and_is_not_asked_again_too_soon(box: Sandbox) -> None:
    async with opened(box, "wikidata") as app:
        await app.lookups.lookup(TEAM, "bluesky:mara.example")
        box.faults.set("wikidata", "maxlag", seconds=300)
        for _ in range(2):
            assert "Wikidata limits how often it may be asked" in " ".join((await shown(app, "mara.example")).facts())
        assert box.requests.count("wikidata") == 1
        box.faults.clear()
        box.clock.advance(timedelta(minutes=6))
        assert offered(await shown(app, "mara.example"))


async def test_nobody_is_offered_who_asked_not_to_be_scored(box: Sandbox) -> None:
    async with opened(box, "wikidata", "youtube", "twitch", CLOUT_SECRET_KEYS=KEY) as app:
        await app.lookups.lookup(TEAM, "bluesky:mara.example")
        before = {dict(button.arguments)["account"] for button in offered(await shown(app, "bluesky:mara.example"))}
        (twitch,) = (account for account in before if account.startswith("twitch:"))
        await app.rights.opt_out(twitch)
        after = {dict(button.arguments)["account"] for button in offered(await shown(app, "bluesky:mara.example"))}
        assert before - after == {twitch}
