"""What an app's home shows of a team: whom it tracks, what it watches, which digests it gets."""

from pathlib import Path

from core.card import plain
from core.commands import parse, run
from core.commands.home import home_cards
from tests.core.digest_worlds import CREATORS, TEAM, Heard, follow, keep_day, running
from tests.core.stored_readings import HandClock


async def test_a_home_shows_creators_watches_and_digests_without_names_of_private_channels(tmp_path: Path) -> None:
    clock = HandClock()

    async def show(card: object) -> None:
        return None

    async with running(tmp_path, clock, Heard()) as app:
        anybody = await app.context(TEAM, asker="U2")
        titles = [plain(card.title) for card in await home_cards(anybody)]
        assert titles == ["Tracked here: nobody yet", "Watches: none yet", "Digests: none yet"]
        await keep_day(app.store, "glow", 60, clock.now())
        await follow(app.store, "glow", clock.now())
        manager = await app.context(TEAM, asker="U1", place=CREATORS, can_manage=True)
        for words in (
            "watch @glow above 50",
            "watch @glow spike in <#C9secret>",
            "digest here daily 08:00",
            "digest <#C9secret> mon 9am",
        ):
            assert (await run(manager, parse(words), show, reference=lambda: "7f3a")).error is None
        tracked, watches, digests = await home_cards(anybody)
        titles = [plain(card.title) for card in (tracked, watches, digests)]
        assert titles == ["Tracked here: 1 creator", "Watches: 2", "Digests: 2"]
        said = " ".join(fact for card in (watches, digests) for fact in card.facts())
        assert said.count("#creators") == said.count("a private channel") == 2
        assert "secret" not in said
        assert ["secret" in " ".join(card.facts()) for card in await home_cards(manager)] == [False, True, True]
