"""Consent in a real browser, by keyboard alone: connect, renew, withdraw, against the pretend TikTok.

CLOUT_TEST_PICTURES names a folder that takes pictures of the pages on the way.
"""

import os
import socket
from datetime import timedelta
from pathlib import Path

import pytest

from bots.meters import Meters
from bots.web_service import WebService
from core.app import build
from core.commands import invoke, run
from core.connectors import manifests
from core.settings import Settings
from core.vault import new_key
from tests.bots.chromium import CHROMIUM, chromium
from tests.bots.conftest import BoxClock

TEAM, CREATOR = "slack:-:T1", "@glowguru"
PICTURES = os.environ.get("CLOUT_TEST_PICTURES")

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium, the Debian package `chromium`")


@pytest.fixture
async def served(box, tmp_path):
    """The app with its pages on this machine."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    env = {**box.env(), **box.keys("tiktok"), "CLOUT_SECRET_KEYS": new_key(), "CLOUT_PORT": str(port)}
    env |= {"CLOUT_PUBLIC_URL": f"http://localhost:{port}", "CLOUT_DATABASE_URL": f"sqlite:///{tmp_path / 'c.db'}"}
    async with build(Settings.read(manifests(), env, None), clock=BoxClock(box)) as app:
        web = WebService(app, Meters(), None)
        await web.start()
        yield app
        await web.stop()


async def said(app, command, **given):
    context = await app.context(TEAM, asker="U1", can_manage=True, team_name="Acme & Sons")

    async def partly(card):
        pass

    card = await run(context, invoke(command, **given), partly, reference=lambda: "7f3a")
    assert card.error is None, card.facts()
    return card


async def link_from(app):
    card = await said(app, "connect", creator=CREATOR, network="tiktok")
    return next(fact for fact in card.facts() if fact.startswith("http"))


async def pictured(page, name):
    if PICTURES:
        await page.look(Path(PICTURES) / f"{name}.png")
        await page.look(Path(PICTURES) / f"{name}_dark_phone.png", dark=True, width=390)


async def signed_in_by_keyboard(page, link):
    await page.goto(link)
    await page.until("Connect @glowguru on TikTok?")
    await pictured(page, "1_asked")
    await page.tab_to("Continue to TikTok")
    await page.press("Enter")
    await page.until("Let Clout read your TikTok account?")
    await page.tab_to("@glowguru")
    await page.press(" ")
    await page.tab_to("Allow")
    await page.press("Enter")


async def test_consent_renewal_and_withdrawal_by_keyboard(box, served, tmp_path):
    app, tiktok = served, box.oauth["tiktok"]
    before = await said(app, "influence", creator=CREATOR)
    assert any("TikTok counts once @glowguru connects it" in fact for fact in before.facts())
    async with chromium(tmp_path / "browser") as page:
        await signed_in_by_keyboard(page, await link_from(app))
        await page.until("@glowguru is connected")
        await pictured(page, "2_connected")
        heard = await page.heard()
        assert ("heading", "@glowguru is connected") in heard
        assert {"main", "banner", "list", "link"} <= {role for role, _ in heard}
        withdraw = await page.value("document.querySelector('li code').textContent")

        card = await said(app, "influence", creator=CREATOR)
        assert any("connected by" in fact for fact in card.facts())
        box.clock.advance(timedelta(hours=1, minutes=45))
        assert await app.renewing.renew_due(app.clock.now()) == 1
        assert tiktok.refreshed == 1
        box.clock.advance(timedelta(hours=7))

        await page.goto(withdraw)
        await page.until("Withdraw @glowguru on TikTok?")
        await pictured(page, "3_withdraw")
        await page.tab_to("Withdraw and delete")
        await page.press("Enter")
        await page.until("@glowguru is no longer connected")
        await pictured(page, "4_withdrawn")
        assert tiktok.consents("glowguru") == []
        assert await app.credentials.owner_tokens(TEAM, "tiktok") == ()
        after = await said(app, "influence", creator=CREATOR)
        assert not any("connected by" in fact for fact in after.facts())

        link = await link_from(app)
        await page.goto(link)
        await page.until("Connect @glowguru")
        await page.tab_to("Continue to TikTok")
        await page.press("Enter")
        await page.until("Let Clout read")
        await page.tab_to("Deny")
        await page.press(" ")
        await page.until("Not connected")
        await page.tab_to("Try again")
        await page.press("Enter")
        await page.until("Connect @glowguru")
        await page.tab_to("Continue to TikTok")
        assert "solid" in await page.value("getComputedStyle(document.activeElement).outlineStyle")
        assert not [error for error in page.errors if "Policy" in error or "efused" in error], page.errors
