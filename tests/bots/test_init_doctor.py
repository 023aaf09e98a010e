"""`clout init slack` and `clout doctor` against the pretend Slack."""

import os
import stat

import pytest
from typer.testing import CliRunner

from bots.cli import cli
from bots.doctor import examine
from bots.init import init_slack, merged, write_env
from bots.slack_trial import try_slack
from core.connectors import manifests
from core.errors import SettingsError
from core.settings import Settings
from sandbox.server import Sandbox


@pytest.fixture
def settings(box, slack, tmp_path):
    def made(*without, **more):
        env = {**box.env(), **box.slack_env(), "CLOUT_DATABASE_URL": f"sqlite:///{tmp_path / 'c.db'}"} | more
        return Settings.read(manifests(), {k: v for k, v in env.items() if k not in without}, env_file=None)

    return made


def answers(*lines):
    left = list(lines)
    return lambda question: left.pop(0)


async def test_init_tries_and_writes_a_private_file(slack, settings, tmp_path):
    said, file = [], tmp_path / ".env"
    file.write_text("# mine\nCLOUT_ZONE=Europe/Berlin\nCLOUT_SLACK__BOT_TOKEN=xoxb-old\nOTHER='a b'")
    file.chmod(0o644)
    assert await init_slack(settings(), answers(f" '{slack.bot_token}' ", slack.app_token), said.append, file)
    lines = file.read_text().splitlines()
    assert lines[:4] == [
        "# mine", "CLOUT_ZONE=Europe/Berlin", f"CLOUT_SLACK__BOT_TOKEN={slack.bot_token}", "OTHER='a b'",
    ]  # fmt: skip
    assert lines[4] == f"CLOUT_SLACK__APP_TOKEN={slack.app_token}"
    assert lines[5].startswith("CLOUT_SECRET_KEYS=")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [one.name for one in tmp_path.glob(".env*")] == [".env"]
    assert slack.bot_token not in "".join(said)
    read = Settings.read(manifests(), {}, file)
    assert read.slack.bot_token.get_secret_value() == slack.bot_token


async def test_init_writes_nothing_that_slack_does_not_take(slack, settings, tmp_path):
    said, file = [], tmp_path / ".env"
    assert not await init_slack(settings(), answers("xoxb-wrong", slack.app_token), said.append, file)
    assert "invalid_auth" in "".join(said)
    assert "OAuth & Permissions" in "".join(said)
    assert not file.exists()
    with pytest.raises(SettingsError, match="xoxb-") as caught:
        await init_slack(settings(), answers(slack.app_token, slack.app_token), said.append, file)
    assert slack.app_token not in caught.value.message


def test_other_lines_stay_and_a_second_of_the_same_name_goes():
    text = "A=1\r\n# CLOUT_X=no\nexport CLOUT_X = old\nCLOUT_X=older\nB=2\n"
    assert merged(text, {"CLOUT_X": "new"}) == "A=1\r\n# CLOUT_X=no\nCLOUT_X=new\nB=2\n"
    assert merged("", {"A": "1"}) == "A=1\n"


def test_a_folder_that_takes_no_file_is_told(tmp_path):
    with pytest.raises(SettingsError, match="cannot be written"):
        write_env(tmp_path / "gone" / ".env", {"A": "1"})


async def test_a_healthy_clout(settings):
    said = []
    assert await examine(settings(), said.append)
    text = "\n".join(said)
    for words in ("database opens", "Bluesky", "takes the bot token", "every scope", "opens a socket"):
        assert words in text
    assert "BAD" not in text


async def test_without_slack_it_says_how(settings):
    said = []
    assert await examine(settings("CLOUT_SLACK__BOT_TOKEN", "CLOUT_SLACK__APP_TOKEN"), said.append)
    assert "clout init slack" in "\n".join(said)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"CLOUT_SLACK__BOT_TOKEN": "xoxb-wrong"}, ("invalid_auth", "CLOUT_SLACK__BOT_TOKEN")),
        ({"CLOUT_SLACK__APP_TOKEN": "xapp-wrong"}, ("does not open a socket", "connections:write")),
        ({"CLOUT_SLACK__API_URL": "http://127.0.0.1:9/"}, ("cannot be reached", "network")),
        ({"CLOUT_SECRET_KEYS": "short"}, ("CLOUT_SECRET_KEYS", "no key")),
        ({"CLOUT_DATABASE_URL": "sqlite:////dev/null/x.db"}, ("database does not open", "database file")),
    ],
)
async def test_what_is_wrong_is_named_with_its_mend(settings, change, words):
    said = []
    assert not await examine(settings(**change), said.append)
    text = "\n".join(said)
    assert "BAD" in text
    for word in words:
        assert word in text


async def test_a_missing_scope_is_named(slack, settings):
    slack.home.installation.scopes = frozenset({"commands", "chat:write"})
    bot, scopes, _ = await try_slack(settings().slack)
    assert bot.good
    assert not scopes.good
    assert "users:read" in scopes.what
    assert "slack_manifest.yaml" in scopes.mend


@pytest.fixture
def typed(monkeypatch, tmp_path):
    """Run `clout` in an empty folder, outside of any loop and with the pretend internet's settings."""
    with Sandbox.in_thread() as box:
        for name in [name for name in os.environ if name.startswith("CLOUT_")]:
            monkeypatch.delenv(name)
        monkeypatch.chdir(tmp_path)
        env = {**box.env(), "CLOUT_DATABASE_URL": f"sqlite:///{tmp_path / 'c.db'}"}
        env["CLOUT_SLACK__API_URL"] = box.slack_env()["CLOUT_SLACK__API_URL"]

        def run(*words, given=""):
            return CliRunner().invoke(cli, words, input=given, env=env)

        yield box.slack, run


def test_the_two_commands_one_after_the_other(typed, tmp_path):
    slack, run = typed
    begun = run("init", "slack", given=f"{slack.bot_token}\n{slack.app_token}\n")
    assert begun.exit_code == 0, begun.output
    assert slack.bot_token not in begun.output
    assert (tmp_path / ".env").exists()
    healthy = run("doctor")
    assert healthy.exit_code == 0, healthy.output
    assert "takes the bot token" in healthy.output
    slack.home.installation.installed = False
    sick = run("doctor")
    assert (sick.exit_code, "account_inactive" in sick.output) == (1, True)
