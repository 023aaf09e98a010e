"""Consent in a real browser, by keyboard alone: connect, renew, withdraw, against the pretend TikTok.

CLOUT_TEST_PICTURES names a folder that takes pictures of the pages on the way.
"""

import os
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

TEAM, CREATOR = "slack:-:T1", "@glowguru"
PICTURES = os.environ.get("CLOUT_TEST_PICTURES")

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium, the Debian package `chromium`")


@pytest.fixture
async def app(box, free_port, tmp_path):
    """The app with its pages on this machine."""
    env = {**box.env(), **box.keys("tiktok"), "CLOUT_SECRET_KEYS": new_key(), "CLOUT_PORT": str(free_port)}
    env |= {"CLOUT_PUBLIC_URL": f"http://localhost:{free_port}", "CLOUT_DATABASE_URL": f"sqlite:///{tmp_path / 'c.db'}"}
    async with build(Settings.read(manifests(), env, None), clock=box.clock) as running:
        web = WebService(running, Meters(), None)
        await web.start()
        yield running
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


async def chosen(page, control, then, key="Enter"):
    """Press a control that Tab leads to, and wait for the page it leads to."""
    await page.tab_to(control)
    await page.press(key)
    await page.until(then)


async def opened(page, address, heading):
    await page.goto(address)
    await page.until(heading)


async def test_consent_renewal_and_withdrawal_by_keyboard(box, app, tmp_path):
    tiktok = box.oauth["tiktok"]
    before = await said(app, "influence", creator=CREATOR)
    assert any("TikTok counts once @glowguru connects it" in fact for fact in before.facts())
    async with chromium(tmp_path / "browser") as page:
        await opened(page, await link_from(app), "Connect @glowguru on TikTok?")
        await pictured(page, "1_asked")
        await chosen(page, "Continue to TikTok", "Let Clout read your TikTok account?")
        await page.tab_to("@glowguru")
        await page.press(" ")
        await chosen(page, "Allow", "@glowguru is connected")
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

        await opened(page, withdraw, "Withdraw @glowguru on TikTok?")
        await pictured(page, "3_withdraw")
        await chosen(page, "Withdraw and delete", "@glowguru is no longer connected")
        await pictured(page, "4_withdrawn")
        assert tiktok.consents("glowguru") == []
        assert await app.credentials.owner_tokens(TEAM, "tiktok") == ()
        after = await said(app, "influence", creator=CREATOR)
        assert not any("connected by" in fact for fact in after.facts())

        await opened(page, await link_from(app), "Connect @glowguru")
        await chosen(page, "Continue to TikTok", "Let Clout read")
        await chosen(page, "Deny", "Not connected", " ")
        await chosen(page, "Try again", "Connect @glowguru")
        await page.tab_to("Continue to TikTok")
        assert "solid" in await page.value("getComputedStyle(document.activeElement).outlineStyle")
        assert not [error for error in page.errors if "Policy" in error or "efused" in error], page.errors
