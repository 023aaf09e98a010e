"""`clout connect`, `disconnect`, `init keys` and doctor's rows, against the pretend GitHub."""

import logging
from datetime import timedelta
from pathlib import Path

import pytest
from structlog.testing import capture_logs
from typer.testing import CliRunner

from bots.cli import cli
from bots.connect import connect, disconnect
from bots.doctor import examine
from bots.init import init_keys
from core.app import build
from core.connectors import manifests
from core.errors import InputError, SettingsError, SourceAuthFailed, UnknownNetwork
from core.settings import Settings
from core.vault import Vault, new_key
from sandbox.github import TOKEN

FIRST, SECOND = new_key(), new_key()


@pytest.fixture
def settings(box, tmp_path):
    def made(keys=FIRST, **more):
        env = {**box.env(), "CLOUT_DATABASE_URL": f"sqlite:///{tmp_path / 'c.db'}", "CLOUT_SECRET_KEYS": keys} | more
        return Settings.read(manifests(), {k: v for k, v in env.items() if v and "GITHUB__TOKEN" not in k}, None)

    return made


def typing(*lines):
    left = list(lines)
    return lambda question: left.pop(0)


async def test_a_key_is_tried_stored_used_and_deleted(box, settings, caplog):
    caplog.set_level(logging.DEBUG)
    said = []
    with capture_logs() as logs:
        await connect(settings(), "GitHub", "", typing(f" '{TOKEN}'\n"), said.append)
        assert any("GitHub takes the key; stored, encrypted." in line for line in said)
        box.requests.clear()
        async with build(settings()) as app:
            await app.lookups.lookup("T1", "github:beanco")
        assert {r.headers.get("authorization") for r in box.requests.log} == {f"Bearer {TOKEN}"}
        assert await disconnect(settings(), "github", "", said.append)
        assert "the key is deleted" in said[-2]
        assert not await disconnect(settings(), "github", "", said.append)
        assert "no key was connected" in said[-1]
    shown = " ".join([*said, caplog.text, *map(str, logs)])
    assert TOKEN not in shown


async def test_a_refused_key_is_not_stored(settings):
    said = []
    with pytest.raises(SourceAuthFailed, match="refused") as caught:
        await connect(settings(), "github", "T1", typing("planted-wrong"), said.append)
    assert "planted" not in str(caught.value) + " ".join(said)
    async with build(settings()) as app:
        assert await app.credentials.keys("T1") == {}


@pytest.mark.parametrize(
    ("network", "error", "said"),
    [
        ("nowhere", UnknownNetwork, "no network of that name"),
        ("bluesky", InputError, "needs no key"),
    ],
)
async def test_a_network_that_takes_no_key_says_so(settings, network, error, said):
    with pytest.raises(error, match=said):
        await connect(settings(), network, "", typing(), print)


async def test_without_a_secret_key_nobody_types_a_token_in_vain(settings):
    with pytest.raises(SettingsError, match="clout init keys"):
        await connect(settings(keys=""), "github", "", typing(), print)


async def test_doctor_says_what_is_spent_and_which_key_ends_or_cannot_be_read(settings):
    async with build(settings()) as app:
        await app.credentials.connect("T1", "github", {}, expires_at=app.clock.now() + timedelta(days=5, hours=1))
        await app.budgets.reserve("youtube", "", {"units": 3})
    said = []
    more = {"CLOUT_YOUTUBE__API_KEY": "planted", "CLOUT_GITHUB__HOURLY_REQUESTS": "500"}
    assert not await examine(settings(**more), said.append)
    text = "\n".join(said)
    assert "GitHub: 0 of 500 requests spent in this hour, 500 left." in text
    assert "GitHub of the team T1: The token ends in 5 days" in text
    assert "`clout connect github --team T1` takes a new one." in text
    said.clear()
    assert not await examine(settings(keys=SECOND), said.append)
    assert "the stored GitHub key of the team T1 cannot be read" in "\n".join(said)


def test_the_command_asks_unseen_and_stores(box, settings, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    env = {**box.env(), "CLOUT_DATABASE_URL": f"sqlite:///{tmp_path / 'cli.db'}", "CLOUT_GITHUB__TOKEN": ""}
    run = CliRunner().invoke
    done = run(cli, ["connect", "github"], input="planted\n", env={**env, "CLOUT_SECRET_KEYS": ""})
    assert done.exit_code == 2
    assert "clout init keys" in done.output
    assert run(cli, ["init", "keys"], env={**env, "CLOUT_SECRET_KEYS": ""}).exit_code == 0
    written = (tmp_path / ".env").read_text()
    assert written.startswith("CLOUT_SECRET_KEYS=")


def test_a_new_key_goes_in_front(settings, tmp_path):
    file, said = tmp_path / ".env", []
    init_keys(settings(keys=""), said.append, file, rotate=False)
    first = Settings.read(manifests(), {}, file)
    init_keys(first, said.append, file, rotate=False)
    assert "there already" in said[-1]
    locked = Vault.of(first.secret_keys.get_secret_value()).lock("kept")
    init_keys(first, said.append, file, rotate=True)
    both = Settings.read(manifests(), {}, file).secret_keys.get_secret_value()
    assert both.endswith(first.secret_keys.get_secret_value())
    assert Vault.of(both).unlock(locked) == "kept"
    assert Path(file).stat().st_mode & 0o777 == 0o600
