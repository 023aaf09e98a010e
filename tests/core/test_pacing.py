"""How many accounts are read again at a time: an allowance is spread over the time it has to last."""

from pathlib import Path

from core.manifest import BudgetRule
from tests.core.refreshed_toy import MANIFEST, Toy, opened, refresh_all, track
from tests.core.toy_network import HandClock


async def test_refreshes_fill_neither_more_nor_less_than_their_share(tmp_path: Path) -> None:
    clock = HandClock()
    rule = BudgetRule(unit="requests", window="hour", setting="hourly", default=25, per_lookup=1)
    toy = Toy(clock)
    async with opened(tmp_path, clock, toy, MANIFEST.model_copy(update={"budgets": (rule,)})) as app:
        for number in range(45):
            await track(app, f"c{number}")
            clock.move(minutes=10)
        clock.move(days=1)
        read = []
        for _ in range(120):
            read.append(sum(done.read for done in await refresh_all(app)))
            clock.move(minutes=1)
        assert max(read) <= 3  # spread over the hour, not all at once
        assert 15 <= sum(read[:60]) <= 20
        assert 30 <= sum(read) <= 40
        assert (await app.budgets.left("toy", ""))[0].left >= 5
