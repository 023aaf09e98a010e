"""The terminal's inbox: what came while nobody sat there is shown once, and only to its own team."""

import io
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bots.inbox import show, unread
from bots.pictures import Pictures
from bots.terminal import INBOX, Terminal
from core.app import App
from core.commands import parse, run
from tests.core.digest_worlds import keep_week, running
from tests.core.stored_readings import DAY, HandClock

MONDAY = datetime(2026, 11, 23, 8, tzinfo=UTC)


def at_a_terminal(app: App, out: io.StringIO) -> Terminal:
    return Terminal(app, reference=lambda: "7f3a", zone="Europe/Berlin", out=out, err=io.StringIO(), environment={})


@pytest.fixture
def clock() -> HandClock:
    return HandClock(MONDAY - 3 * DAY)


async def test_a_digest_waits_in_the_inbox_until_the_next_chat(tmp_path: Path, clock: HandClock) -> None:
    async with running(tmp_path, clock) as app:
        terminal = at_a_terminal(app, io.StringIO())
        await terminal.run("digest here every monday 09:00 Europe/Berlin")
        assert "Weekly digest set up here" in await unread(app, terminal, "terminal")
        for days in range(13, -1, -1):
            clock.moment = MONDAY - days * DAY - timedelta(hours=2)
        await keep_week(app.store, "glow", 58, 62, MONDAY - timedelta(hours=2))
        await app.store.link("terminal", "glow", [("bluesky", "did:plc:glow")])
        await app.store.track("terminal", "glow", MONDAY - 60 * DAY)
        clock.moment = MONDAY + timedelta(hours=3)
        shown = await unread(app, terminal, "terminal")
        assert "came Mon 23 Nov 12:00 Europe/Berlin" in shown
        assert "@glow" in shown
        assert "Posted late; it was due Mon 23 Nov 09:00 Europe/Berlin" in shown
        assert await unread(app, terminal, "terminal") == ""


async def test_the_whole_inbox_can_be_read_again(tmp_path: Path, clock: HandClock) -> None:
    out = io.StringIO()
    async with running(tmp_path, clock) as app:
        terminal = at_a_terminal(app, out)
        pictures = Pictures(app.draw, environment={}, screen=False)
        await show(app, terminal, pictures, "terminal", everything=False)
        assert "Nothing new in the inbox" in out.getvalue()
        await terminal.run("digest here daily 09:00")
        await show(app, terminal, pictures, "terminal", everything=False)
        await show(app, terminal, pictures, "terminal", everything=True)
        assert out.getvalue().count("set up here") == 2
        assert await app.inbox.unread("another") == ()
        assert await app.inbox.latest("another") == ()


async def test_the_terminal_owner_tests_and_exports(tmp_path: Path, clock: HandClock) -> None:
    async with running(tmp_path, clock) as app:
        ctx = await app.context("terminal", asker="you", place=INBOX, can_manage=True, zone="Europe/Berlin")

        async def never(card: object) -> None:
            raise AssertionError("no partial card")

        async def typed(words: str) -> str:
            card = await run(ctx, parse(words), never, reference=lambda: "7f3a")
            return "\n".join(card.facts())

        assert "is set up" in await typed("digest mon 09:00")
        assert "is posted" in await typed("digest test")
        assert len(await app.inbox.unread("terminal")) == 2
        assert "0 creators" in await typed("digest export")
