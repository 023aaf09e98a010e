"""`clout demo`: a creator connects TikTok, the card gains the network, the ledger its row; and all goes again."""

import re
from contextlib import asynccontextmanager

from sqlalchemy import inspect, text

from bots import demo


def everything(conn):
    names = inspect(conn).get_table_names()
    return "\n".join(str(tuple(row)) for name in names for row in conn.execute(text(f'SELECT * FROM "{name}"')))


async def test_an_owner_connects_and_leaves_no_trace(capsys, monkeypatch):
    held, opened = [], demo._opened

    @asynccontextmanager
    async def watched(box, environment):
        async with opened(box, environment) as tour:
            typed = type(tour).type

            async def type_and_look(self, line, *, picture=False):
                card = await typed(self, line, picture=picture)
                held.append((line, await self.app.store.database.read(everything)))
                return card

            monkeypatch.setattr(type(tour), "type", type_and_look)
            yield tour
            monkeypatch.setattr(type(tour), "type", typed)

    async def no_weeks(seed):
        return 0

    monkeypatch.setattr(demo, "_opened", watched)
    monkeypatch.setattr(demo, "STOPS", (demo._an_owner_connects,))
    monkeypatch.setattr(demo, "weeks", no_weeks)
    assert await demo.tour(20) == 0
    told = capsys.readouterr().out
    before, rest = told.split("The card has gained the network")
    gained, gone = rest.split("clout> disconnect")
    assert "TikTok counts once @glowguru connects it" in before
    assert re.search(r"^  \| @glowguru is connected$", before, re.MULTILINE)
    assert re.search(r"^TikTok +\d+ +[\d.]+M followers +\d+ posts +connected by @glowguru$", gained, re.MULTILINE)
    assert re.search(r"^networks added or removed +[+−]?[\d.]+ +with TikTok$", gained, re.MULTILINE)
    assert "TikTok counts once @glowguru connects it" in gone
    while_connected = next(found for line, found in held if line.startswith("why"))
    after = held[-1][1]
    for trace in (" @terminal", "tiktok.com/@glowguru/video"):  # the public profile elsewhere may name it
        assert trace in while_connected, trace
        assert trace not in after, trace
