"""`clout why` and `clout compare` over a real store with a network in memory: card, JSON and CSV."""

import io
import json
from pathlib import Path

import pytest

from bots.statements import write_comparison, write_why
from bots.terminal import Terminal
from core.errors import InputError
from tests.core.toy_network import HandClock, Toy, opened


@pytest.mark.parametrize("form", ["card", "json", "csv"])
async def test_why_in_every_form(tmp_path: Path, form: str) -> None:
    clock = HandClock()
    async with opened(tmp_path, clock, Toy("alpha", clock, {"glow": ("a1", 50)})) as app:
        terminal = Terminal(app, reference=lambda: "1", out=io.StringIO(), err=io.StringIO(), environment={})
        told = await write_why(app, terminal, "terminal", "@glow", since=None, network=None, form=form)
        assert not told.endswith("\n")
        if form == "json":
            assert json.loads(told)["handle"] == "@glow"
        elif form == "csv":
            assert told.startswith("kind,network,native_id,name,points,")
        else:
            assert told.startswith("@glow   ")
        with pytest.raises(InputError):
            await write_why(app, terminal, "terminal", "@glow", since="soon", network=None, form=form)


async def test_a_comparison_in_both_forms(tmp_path: Path) -> None:
    clock = HandClock()
    async with opened(tmp_path, clock, Toy("alpha", clock, {"glow": ("a1", 50), "mara": ("a2", 5_000)})) as app:
        terminal = Terminal(app, reference=lambda: "1", out=io.StringIO(), err=io.StringIO(), environment={})
        card = await write_comparison(app, terminal, "terminal", ["@glow", "@mara"], as_json=False)
        assert card.startswith("@mara leads by ")
        told = json.loads(await write_comparison(app, terminal, "terminal", ["@glow", "@mara"], as_json=True))
        assert [one["handle"] for one in told["creators"]] == ["@glow", "@mara"]
