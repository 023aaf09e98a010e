"""`clout connect NETWORK --creator`: the whole consent on the creator's own machine, against the pretend sign-ins."""

import asyncio
import re
import socket

import httpx
import pytest

from bots.asking import TEAM
from bots.owner_connect import Asked, Person, connect_owner, disconnect_owner
from core.app import build
from core.connectors import manifests
from core.errors import InputError, NotRecorded, SettingsError
from core.settings import Settings
from core.vault import new_key

KEY = new_key()


@pytest.fixture
def settings(box, tmp_path):
    env = {**box.env(), **box.keys("tiktok", "threads"), "CLOUT_SECRET_KEYS": KEY}
    return Settings.read(manifests(), {**env, "CLOUT_DATABASE_URL": f"sqlite:///{tmp_path / 'c.db'}"}, None)


class Walker:
    """Opens the page it is shown, presses the button, and goes where it is sent."""

    def __init__(self):
        self.said, self.shown, self.tasks = [], [], []

    def open(self, address):
        self.tasks.append(asyncio.create_task(self.walk(address)))

    async def walk(self, address):
        async with httpx.AsyncClient(trust_env=False, follow_redirects=True, timeout=20) as web:
            page = await web.post(address)
            onward = re.search(r'content="0; url=([^"]+)"', page.text)[1].replace("&amp;", "&")
            self.shown.append(await web.get(onward))


async def stored(settings):
    async with build(settings) as app:
        return await app.credentials.owner_tokens(TEAM, "tiktok")


async def test_an_owner_connects_here_tries_twice_and_is_let_go_of(box, settings, free_port, capsys):
    walker = Walker()
    tiktok = box.oauth["tiktok"]
    (handle, *_) = [account.handle for account in box.world.accounts("tiktok")]
    tiktok.decide(deny=True)

    def again(words):
        walker.said.append(words)
        if "another try" in words:
            tiktok.decide(handle)
            walker.open(
                next(re.findall(r"http://localhost\S+/connect/\S{43}", one)[0] for one in walker.said if "\n" in one)
            )

    person = Person(lambda question: "", again, walker.open)
    outcome = await connect_owner(settings, Asked("tiktok", f"@{handle}", TEAM), person, port=free_port)
    await asyncio.gather(*walker.tasks)
    assert outcome.kind == "connected"
    assert [page.status_code for page in walker.shown] == [200, 200]
    assert f"clout disconnect tiktok --creator @{handle}" in walker.shown[-1].text
    assert f"http://localhost:{free_port}/connect/callback/tiktok" in walker.said[0]
    shown = capsys.readouterr().out
    assert "Not connected" in shown
    assert f"@{handle} is connected" in shown
    (token,) = await stored(settings)
    assert token.connected_by == "terminal"
    await disconnect_owner(settings, "tiktok", f"@{handle}", TEAM)
    assert "is disconnected" in capsys.readouterr().out
    assert await stored(settings) == ()
    assert tiktok.consents(handle) == []
    with pytest.raises(NotRecorded):
        await disconnect_owner(settings, "tiktok", f"@{handle}", TEAM)


async def test_where_a_network_refuses_loopback_the_address_is_pasted(box, settings, capsys):
    settings = settings.model_copy(update={"public_url": "https://clout.example/"})
    said, asked = [], []
    (handle, *_) = [account.handle for account in box.world.accounts("threads")]
    box.oauth["threads"].decide(handle)

    def paste(question):
        asked.append(question)
        if len(asked) == 1:
            return "https://localhost/nonsense"
        (address,) = [words.rpartition("\n")[2] for words in said if "Allow it" in words]
        with httpx.Client(trust_env=False) as web:
            return web.get(address).headers["location"]

    outcome = await connect_owner(settings, Asked("threads", f"@{handle}", TEAM), Person(paste, said.append), port=0)
    assert outcome.kind == "connected"
    assert len(asked) == 2
    shown = capsys.readouterr().out
    assert "What is read" in shown
    assert "https://clout.example/connect/callback/threads" in " ".join(said)
    unread = Person(lambda question: "x", said.append)
    with pytest.raises(InputError, match="Nothing was stored"):
        await connect_owner(settings, Asked("threads", f"@{handle}", TEAM), unread, port=0)


async def test_a_taken_port_is_told(box, settings):
    (handle, *_) = [account.handle for account in box.world.accounts("tiktok")]
    with socket.create_server(("127.0.0.1", 0)) as taken:
        used = taken.getsockname()[1]
        with pytest.raises(SettingsError, match="--port"):
            await connect_owner(settings, Asked("tiktok", handle, TEAM), Person(str, print), port=used)
