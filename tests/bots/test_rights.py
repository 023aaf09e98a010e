"""What an operator types for a creator who asks: to give out, to forget, to let alone; nothing happens by mistake."""

import asyncio
import json
import stat

import pytest
from cryptography.fernet import Fernet
from typer.testing import CliRunner

from bots.cli import cli
from tests.core.stored_readings import keep_fetch, make_posts, open_store

GLOW = "bluesky:glow.bsky.social"
BAD = ("glow", "nowhere:glow", "bluesky:a b", "\x1b[31m", "")
KEY = Fernet.generate_key().decode()


@pytest.fixture
def typed(tmp_path, monkeypatch):
    """Types a command where Bluesky is off and one account of it is stored, linked by two teams."""
    monkeypatch.chdir(tmp_path)

    async def fill():
        async with open_store(tmp_path) as store:
            await keep_fetch(store, posts=make_posts(5))
            await store.link("terminal", "Glow\x1b[31m", [("bluesky", "did:plc:glow")])
            await store.link("slack:T1", "Star", [("bluesky", "did:plc:glow")])

    asyncio.run(fill())
    base = {
        "CLOUT_DATABASE_URL": f"sqlite:///{tmp_path}/clout.db",
        "CLOUT_LOG_LEVEL": "ERROR",
        "CLOUT_SECRET_KEYS": KEY,
        "CLOUT_BLUESKY__ENABLED": "false",
    }

    def run(*words, **env):
        return CliRunner().invoke(cli, words, env=base | env)

    return run


def test_an_export_is_printed_or_written_where_nothing_is_yet(typed, tmp_path):
    printed = typed("export", GLOW)
    assert printed.exit_code == 0
    found = json.loads(printed.stdout)
    assert len(found["stored"]["posts"]) == 5
    assert "\x1b" not in printed.stdout
    assert typed("export", GLOW, "--out", "-").stdout.splitlines()[0] == "{"
    written = typed("export", "https://bsky.app/profile/glow.bsky.social", "--out", "glow.json")
    assert written.exit_code == 0, written.stderr
    file = tmp_path / "glow.json"
    assert json.loads(file.read_text())["stored"] == found["stored"]
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    before = file.read_bytes()
    again = typed("export", GLOW, "--out", "glow.json")
    assert (again.exit_code, file.read_bytes()) == (2, before)
    assert "glow.json is there already" in again.stderr
    assert "cannot be written" in typed("export", GLOW, "--out", "nowhere/glow.json").stderr


def test_nothing_is_deleted_before_somebody_agrees(typed, monkeypatch):
    for command in ("forget", "optout"):
        refused = typed(command, GLOW)
        assert refused.exit_code == 2
        assert "Add --yes" in refused.stderr
        assert "5 posts" in refused.stdout
        assert "2 teams: @Star (slack:T1), @Glow (terminal)" in refused.stdout
        monkeypatch.setattr("bots.rights._agreed", lambda yes, question: False)
        assert "Nothing was changed" in typed(command, GLOW).stdout
        monkeypatch.undo()
    assert typed("export", GLOW).exit_code == 0


def test_an_account_is_forgotten(typed):
    done = typed("forget", GLOW, "--yes")
    assert done.exit_code == 0, done.stderr
    assert "Bluesky @glow.bsky.social is forgotten" in done.stdout
    for words in (("export", GLOW), ("forget", GLOW, "--yes")):
        gone = typed(*words)
        assert gone.exit_code == 2
        assert "Nothing is stored about Bluesky @glow.bsky.social." in gone.stderr


def test_an_account_opts_out_and_comes_back(typed):
    done = typed("optout", GLOW, "--yes")
    assert done.exit_code == 0, done.stderr
    assert "within a minute" in done.stdout
    assert "What was stored is deleted" in done.stdout
    assert "the name alone" not in done.stdout
    refused = typed("lookup", GLOW, CLOUT_BLUESKY__ENABLED="true")  # no test reaches the network
    assert refused.exit_code == 4
    assert "asked not to be scored here" in " ".join(refused.stderr.split())
    assert "may be looked up again" in typed("optout", "--undo", GLOW).stdout
    again = typed("optout", "--undo", GLOW)
    assert (again.exit_code, again.stderr.strip()) == (2, "Bluesky @glow.bsky.social is not on the list.")


def test_what_stands_in_the_way_is_said(typed):
    unknown = typed("optout", "bluesky:neon.bsky.social", "--yes")
    assert unknown.exit_code == 0
    assert "the list holds the name alone" in unknown.stdout
    assert "switched off here" in unknown.stdout
    without = typed("optout", GLOW, "--yes", CLOUT_SECRET_KEYS="")
    assert without.exit_code == 2
    assert "clout init keys" in without.stderr
    assert typed("export", GLOW).exit_code == 0, "nothing was deleted"
    other = Fernet.generate_key().decode()
    lost = typed("optout", GLOW, "--yes", CLOUT_SECRET_KEYS=other)
    assert lost.exit_code == 1
    assert "Put the former key back" in lost.stderr
    emptied = typed("optout", "--undo", "all", "--yes", CLOUT_SECRET_KEYS=other)
    assert "The list is empty now" in emptied.stdout
    assert "The list was empty" in typed("optout", "--undo", "all", "--yes").stdout


def test_bad_input_is_one_line(typed):
    for command, account in [*(("export", bad) for bad in BAD), ("forget", "glow"), ("optout", "glow")]:
        done = typed(command, account)
        assert done.exit_code == 2, account
        assert "\x1b" not in done.stderr
        assert len(done.stderr.strip().splitlines()) == 1
