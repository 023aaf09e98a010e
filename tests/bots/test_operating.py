"""What an operator types: workers, copies, backups; each refusal is one clear line, and SIGTERM ends in order."""

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bots.cli import cli
from bots.operating import work
from core.app import build
from core.connectors import manifests
from core.errors import SettingsError
from core.leases import beats
from core.settings import Settings
from tests import postgres

ROOT = Path(__file__).parents[2]


@pytest.fixture
def server_url():
    with postgres.database(postgres.template()) as url:
        yield url


@pytest.fixture
def typed(tmp_path, monkeypatch):
    """Types a command with the database `url`, a file of SQLite by default."""
    monkeypatch.chdir(tmp_path)

    def run(*words, url=f"sqlite:///{tmp_path}/clout.db"):
        return CliRunner().invoke(cli, words, env={"CLOUT_DATABASE_URL": url, "CLOUT_LOG_LEVEL": "ERROR"})

    return run


def test_a_backup_is_written_and_restored(typed, tmp_path):
    assert typed("chat", "-c", "settings zone Europe/Berlin").exit_code == 0
    done = typed("backup", "kept.db")
    assert done.exit_code == 0
    assert "kept.db holds the backup" in done.stdout
    again = typed("backup", "kept.db")
    assert again.exit_code == 2
    assert "there already" in again.stderr
    other = f"sqlite:///{tmp_path}/other.db"
    back = typed("restore", "kept.db", url=other)
    assert back.exit_code == 0
    assert "restored and counted" in back.stdout
    assert "Europe/Berlin" in typed("chat", "-c", "settings", url=other).stdout
    assert "already holds rows" in typed("restore", "kept.db", url=other).stderr


def test_an_installation_moves_to_postgresql(typed, tmp_path, server_url):
    typed("chat", "-c", "settings zone Europe/Berlin")
    moved = typed("db", "copy", f"sqlite:///{tmp_path}/clout.db", server_url)
    assert moved.exit_code == 0, moved.stderr
    assert "copied and counted. Set CLOUT_DATABASE_URL" in moved.stdout
    assert "Europe/Berlin" in typed("chat", "-c", "settings", url=server_url).stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("db", "copy", "sqlite:///nowhere.db", "sqlite:///x.db"), "no database file to copy from"),
        (("db", "copy", "mysql://a/b", "sqlite:///x.db"), "must begin with sqlite:/// or postgresql"),
        (("restore", "nowhere.db"), "no file nowhere.db"),
        (("worker",), "Workers need a database that several processes may use"),
    ],
)
def test_bad_input_is_one_line(typed, words, said):
    done = typed(*words)
    assert done.exit_code in (1, 2)
    assert said in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def settings_with(url):
    return Settings.read(manifests(), {"CLOUT_DATABASE_URL": url, "CLOUT_LOG_LEVEL": "ERROR"}, None)


async def test_no_worker_on_sqlite(tmp_path):
    with pytest.raises(SettingsError, match="PostgreSQL"):
        await work(settings_with(f"sqlite:///{tmp_path}/clout.db"))


async def test_nobody_copies_what_is_in_use(typed, server_url, tmp_path):
    stop = asyncio.Event()
    working = asyncio.create_task(work(settings_with(server_url), until=lambda: stop))
    async with build(settings_with(server_url)) as app, asyncio.timeout(30):
        while not await beats(app.store.database):
            await asyncio.sleep(0.05)
    refused = await asyncio.to_thread(typed, "db", "copy", server_url, f"sqlite:///{tmp_path}/new.db")
    assert refused.exit_code == 1
    assert "Clout runs with this database" in refused.stderr
    stop.set()
    assert await working == 0


def test_a_worker_ends_in_order_when_it_is_told_to(server_url):
    env = {**os.environ, "CLOUT_DATABASE_URL": server_url, "CLOUT_LOG_LEVEL": "INFO"}
    given = [sys.executable, "-c", "from bots.cli import main; main()", "worker"]
    with subprocess.Popen(given, cwd=ROOT, env=env, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if "a service is up" in line:
                break
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
        assert "Traceback" not in process.stderr.read()
