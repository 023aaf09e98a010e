"""The pages of consent as a browser, a preview and a stranger meet them; nothing but a POST changes anything."""

import re
from dataclasses import replace
from datetime import timedelta
from html.parser import HTMLParser
from types import SimpleNamespace
from typing import get_args

import httpx
import pytest
from starlette.applications import Starlette

from bots.consent_pages import STYLE_PATH, ConsentPages
from core.cards_consent_pages import sheet_of
from core.consent_rows import Row, add, done
from core.errors import StoreError
from core.permission import Outcome, OutcomeKind
from core.sign_ins import hashed
from tests.core.consent_toy import TEAM, HandClock, Net, opened
from tests.core.readings_by_hand import NOW
from tests.core.test_cards_consent import ALONE, CONSENT, outcome

PUBLIC = "https://clout.example/app"  # a proxy takes `/app` away


class Elements(HTMLParser):
    """Which elements a page has, with their attributes, and its text."""

    def __init__(self, page):
        super().__init__()
        self.found, self.text = [], ""
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.text += data

    def all(self, tag):
        return [attrs for name, attrs in self.found if name == tag]


@pytest.fixture
def net():
    return Net(HandClock())


@pytest.fixture
async def app(net, tmp_path):
    async with opened(tmp_path, net, public_url=PUBLIC, contact="ops@clout.example") as running:
        yield running


@pytest.fixture
def seen():
    return []


@pytest.fixture
def pages(app, seen):
    return ConsentPages(app.consents, app.clock, reference=lambda: "7f3a", done=seen.append)


@pytest.fixture(scope="module")
def drawing():
    """Pages that are drawn and never asked."""
    return ConsentPages(SimpleNamespace(base=PUBLIC), HandClock(), reference=lambda: "7f3a")


def browser(pages):
    web = httpx.ASGITransport(app=Starlette(routes=pages.routes()))
    return httpx.AsyncClient(transport=web, base_url="https://clout.example")


async def link_of(app):
    consent = await app.consents.begin(TEAM, "@glow", "closed", "U1", team_name="<b>Acme</b>")
    return consent.address.removeprefix(PUBLIC)


async def sent_off(web, link):
    """Press the button, and return what the network gets."""
    page = await web.post(link)
    assert page.status_code == 200
    (refresh,) = [one for one in Elements(page.text).all("meta") if one.get("http-equiv") == "refresh"]
    return httpx.URL(refresh["content"].removeprefix("0; url="))


async def test_the_whole_way_of_a_creator(app, pages, seen):
    async with browser(pages) as web:
        link = await link_of(app)
        for method in ("GET", "HEAD", "GET"):
            assert (await web.request(method, link)).status_code == 200
        asked = (await sent_off(web, link)).params
        back = asked["redirect_uri"].removeprefix(PUBLIC)
        given = {"state": asked["state"], "code": "good-code"}
        assert (await web.head(back, params=given)).status_code == 404
        answer = await web.get(back, params=given)
        assert answer.status_code == 200
        assert not web.cookies, "a sign-in that is over leaves no cookie"
        assert [one.kind for one in seen] == ["connected"]
        (withdraw,) = re.findall(r'href="([^"]+/withdraw/[^"]+)"', answer.text)
        withdraw = withdraw.removeprefix(PUBLIC)
        assert (await web.get(link)).status_code == 410
        asking = await web.get(withdraw)
        assert "Withdraw and delete" in asking.text
        assert await app.credentials.owner_tokens(TEAM, "closed") != ()
        assert (await web.post(withdraw)).status_code == 200
        assert await app.credentials.owner_tokens(TEAM, "closed") == ()
        assert (await web.get(withdraw)).status_code == 410
        assert (await web.post(withdraw)).status_code == 410


async def test_another_browser_cannot_finish_and_several_sign_ins_can_be_under_way(app, pages):
    async with browser(pages) as web, browser(pages) as stranger:
        first, second = await sent_off(web, await link_of(app)), await sent_off(web, await link_of(app))
        back = first.params["redirect_uri"].removeprefix(PUBLIC)
        for asked in (first, second):
            given = {"state": asked.params["state"], "code": "good-code"}
            assert (await stranger.get(back, params=given)).status_code == 403
            assert (await web.get(back, params=given)).status_code == 200
        denied = await sent_off(web, link := await link_of(app))
        page = await web.get(back, params={"state": denied.params["state"], "error": "access_denied"})
        assert f'href="/app{link}"' in page.text, "the way back to the same link"


@pytest.mark.parametrize(
    ("told", "begins"),
    [
        ({"sec-fetch-site": "same-origin", "origin": "null"}, True),
        ({"origin": "null"}, True),  # a browser without Fetch Metadata, from a page without a referrer
        ({"origin": "https://clout.example"}, True),
        ({"sec-fetch-site": "cross-site", "origin": "null"}, False),
        ({"sec-fetch-site": "same-site"}, False),
        ({"origin": "https://stranger.example"}, False),
    ],
)
async def test_a_strangers_page_cannot_press_the_buttons(app, pages, told, begins):
    async with browser(pages) as web:
        page = await web.post(await link_of(app), headers=told)
        assert page.status_code == 200
        assert ("Continue to Closed</button>" in page.text, bool(web.cookies)) == (not begins, begins)
        linked = Row("l", TEAM, "", "closed", "glow", "glow", "U1", app.clock.now() + timedelta(days=1))
        await app.store.database.write(add, linked, app.clock.now())
        await app.store.database.write(done, "l", "77", hashed("w" * 43), app.clock.now())
        withdrawing = await web.post(f"/withdraw/{'w' * 43}", headers=told)
        assert ("Withdraw and delete</button>" in withdrawing.text) == (not begins)


async def test_every_page_keeps_its_secrets_and_runs_nothing(app, pages):
    async with browser(pages) as web:
        link = await link_of(app)
        gone = "x" * 43
        for page in (
            await web.get(link),
            await web.post(link),
            await web.get(f"/connect/{gone}"),
            await web.get("/connect/callback/closed"),
            await web.get("/connect/callback/closed", params={"state": gone, "code": "c" * 5_000}),
            await web.get(f"/withdraw/{gone}"),
        ):
            policy = page.headers["content-security-policy"]
            assert "default-src 'none'" in policy
            assert "form-action 'self'" in policy
            assert "unsafe" not in policy
            assert page.headers["referrer-policy"] == "no-referrer"
            assert page.headers["cache-control"] == "no-store"
            assert "noindex" in page.headers["x-robots-tag"]
            assert "script" not in page.text
            assert "style=" not in page.text
        cookie = (await web.post(link)).headers["set-cookie"]
        for part in ("__Host-clout-", "HttpOnly", "Secure", "SameSite=lax", "Path=/"):
            assert part in cookie
        style = await web.get(STYLE_PATH)
        assert style.headers["content-type"].startswith("text/css")
        assert "url(" not in style.text
        assert "@import" not in style.text


async def test_names_of_strangers_are_words_and_nothing_else(app, pages):
    async with browser(pages) as web:
        page = await web.get(await link_of(app))
    assert "&lt;b&gt;Acme" in page.text
    assert "<b>Acme" not in page.text
    bad = '"><img src=x onerror=alert(1)>'
    hostile = CONSENT.model_copy(update=dict.fromkeys(("team_name", "handle", "creator", "contact", "label"), bad))
    hostile = hostile.model_copy(update={"reads": (bad,), "withdraw_url": "javascript:alert(1)"})
    for kind in get_args(OutcomeKind):
        held = Outcome(
            kind=kind, consent=None if kind in ALONE else hostile, signed_in=(bad,), missing=(bad,), reason=bad,
            withdrawal="javascript:alert(1)",
        )  # fmt: skip
        drawn = pages._shown(sheet_of(held, NOW), 200, action=bad, again=bad, onward=bad).body.decode()
        elements = Elements(drawn)
        assert not elements.all("img")
        assert not any("onerror" in attrs for _, attrs in elements.found)
        assert not any(attrs.get("href", "").startswith("javascript") for attrs in elements.all("a"))


@pytest.mark.parametrize("kind", get_args(OutcomeKind))
def test_every_page_can_be_heard_and_walked_by_keyboard(drawing, kind):
    drawn = drawing._shown(sheet_of(outcome(kind), NOW), 200, action="/here", again="/there").body.decode()
    page = Elements(drawn)
    assert drawn.startswith("<!DOCTYPE html>")
    assert page.all("html") == [{"lang": "en"}]
    assert [len(page.all(tag)) for tag in ("main", "h1", "title", "header")] == [1, 1, 1, 1]
    assert "width=device-width" in drawn
    labelled = [one["aria-labelledby"] for one in page.all("section")]
    assert labelled == [one["id"] for one in page.all("h2")]
    assert len(page.all("button")) <= 1
    assert all(one == {"method": "post", "action": "/app/here"} for one in page.all("form"))
    assert not any("tabindex" in attrs for _, attrs in page.found)
    assert not re.search(r"\s[.,:]", page.text), "no blank before a stop"


async def test_what_our_side_cannot_do_is_a_page_too(app, pages, monkeypatch):
    async def broken(*_):
        raise StoreError("disk full")

    async with browser(pages) as web:
        monkeypatch.setattr(app.consents, "shown", broken)
        page = await web.get("/connect/" + "x" * 43)
        assert page.status_code == 503
        assert "ref 7f3a" in page.text
        assert "disk full" not in page.text


async def test_over_plain_http_on_this_machine_the_cookie_works_too(app):
    local = replace(app, consents=app.consents.at("http://localhost:8737"))
    pages = ConsentPages(local.consents, app.clock, reference=lambda: "7f3a")
    async with browser(pages) as web:
        consent = await local.consents.begin(TEAM, "@glow", "closed", "terminal")
        cookie = (await web.post(consent.address.removeprefix("http://localhost:8737"))).headers["set-cookie"]
    assert "Secure" not in cookie
    assert "__Host-" not in cookie
