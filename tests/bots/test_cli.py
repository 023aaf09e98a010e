"""The `clout` command over the sandbox: exit codes, machine format, and what happens when things go wrong.

Most runs are in-process with the sandbox's standing clock; the few that need a process of their own use a real clock.
"""

import fcntl
import json
import os
import signal
import sqlite3
import struct
import subprocess
import sys
import termios
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic

import pytest
import structlog
from typer.testing import CliRunner

from bots.cli import cli
from core.app import SystemClock
from sandbox.server import Sandbox

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
KEYS = ["handle", "state", "score", "range", "model_version", "weights_version", "networks", "errors"]
CLOUT = (sys.executable, "-m", "bots.cli")


@pytest.fixture(scope="module")
def standing():
    with Sandbox.in_thread(20, NOW) as box:
        yield box


@pytest.fixture
def box(standing):
    standing.faults.clear()
    standing.requests.clear()
    yield standing
    standing.faults.clear()


@pytest.fixture
def environment(box, tmp_path, monkeypatch):
    """The variables of one run; nothing of the machine's own settings gets in."""
    for name in [name for name in os.environ if name.startswith(("CLOUT_", "XDG_"))]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(SystemClock, "now", lambda self: NOW)
    yield {
        **box.env(),
        "CLOUT_DATABASE_URL": f"sqlite:///{tmp_path / 'clout.db'}",
        "XDG_CACHE_HOME": str(tmp_path / "cache"),
        "XDG_STATE_HOME": str(tmp_path / "state"),
        "COLUMNS": "100",
    }
    structlog.reset_defaults()  # the log must not go on into the captured stream of a run that is over


@pytest.fixture
def run(environment):
    def running(*arguments, typed=None, **more):
        return CliRunner().invoke(cli, arguments, input=typed, env={**environment, **more}, catch_exceptions=False)

    return running


# --- exit codes -------------------------------------------------------------------------------------------------------


def test_found_is_0_and_the_card_goes_to_the_output(run):
    done = run("lookup", "@beanco")
    assert (done.exit_code, done.stderr) == (0, "")
    assert done.stdout.startswith("@beanco   ")
    assert "Bluesky" in done.stdout


@pytest.mark.parametrize(
    "arguments",
    [("two words",), ("@beanco", "--network", "nowhere"), ("",), ("@beanco", "--no-such-option"), ()],
)
def test_what_the_person_can_mend_is_2(run, arguments):
    done = run("lookup", *arguments)
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr.strip()


def test_not_found_is_3_and_says_where_was_looked(run):
    done = run("lookup", "@nobodyatall")
    assert (done.exit_code, done.stdout) == (3, "")
    assert "@nobodyatall" in done.stderr
    assert "Bluesky" in done.stderr
    assert "ref " in done.stderr


def test_a_network_that_fails_is_4(run, box):
    box.faults.set("bluesky", "500")
    done = run("lookup", "bluesky:beanco.bsky.social")
    assert (done.exit_code, done.stdout) == (4, "")
    assert "Bluesky" in done.stderr


def test_an_installation_that_cannot_work_is_1(run, tmp_path):
    done = run("lookup", "@beanco", CLOUT_DATABASE_URL=f"sqlite:///{tmp_path}")
    assert (done.exit_code, done.stdout) == (1, "")
    assert "database" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_database_of_a_newer_version_is_refused_and_left_as_it_is(run, tmp_path):
    assert run("lookup", "@beanco").exit_code == 0
    path = tmp_path / "clout.db"
    with closing(sqlite3.connect(path)) as db:
        db.execute("UPDATE alembic_version SET version_num = '9999_from_tomorrow'")
        db.commit()
        before = list(db.iterdump())
    done = run("lookup", "@beanco")
    assert (done.exit_code, done.stdout) == (1, "")
    assert "newer version of Clout" in done.stderr
    with closing(sqlite3.connect(path)) as db:
        assert list(db.iterdump()) == before


def test_several_handles_are_answered_in_order_and_the_worst_code_counts(run):
    done = run("lookup", "@nobodyatall", "@beanco", "@glowguru")
    assert done.exit_code == 3
    assert done.stdout.index("@beanco") < done.stdout.index("@glowguru")
    assert "@nobodyatall" in done.stderr


def test_help_and_version_are_0(run):
    assert run("lookup", "--help").exit_code == 0
    assert run("--version").stdout.startswith("clout ")


# --- settings ---------------------------------------------------------------------------------------------------------


def test_a_setting_nobody_reads_is_named_with_the_nearest_one(run):
    done = run("lookup", "@beanco", CLOUT_ZONEE="Europe/Berlin")
    assert done.exit_code == 0
    assert done.stderr == "CLOUT_ZONEE is not a setting; did you mean CLOUT_ZONE?\n"


def test_broken_settings_are_2_and_all_named_at_once(run):
    done = run("lookup", "@beanco", CLOUT_ZONE="Mars/Olympus", CLOUT_LOOKUP_SECONDS="soon")
    assert (done.exit_code, done.stdout) == (2, "")
    assert "CLOUT_ZONE is no IANA time zone" in done.stderr
    assert "CLOUT_LOOKUP_SECONDS is not a number" in done.stderr
    assert "Traceback" not in done.stderr


def test_settings_may_stand_in_a_file_beside_the_command(run, tmp_path):
    (tmp_path / ".env").write_text("CLOUT_ZONE=Mars/Olympus\n")
    assert "CLOUT_ZONE" in run("lookup", "@beanco").stderr


# --- for machines -----------------------------------------------------------------------------------------------------


def lines(done):
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_json_of_a_lookup_has_its_keys_in_order(run):
    done = run("lookup", "@beanco", "--json")
    (found,) = lines(done)
    assert (done.exit_code, list(found), found["errors"]) == (0, KEYS, [])
    assert found["range"][0] <= found["score"] <= found["range"][1]
    network = found["networks"][0]
    assert list(network) == ["network", "native_id", "status", "score", "profile", "posts"]
    assert (network["network"], network["status"]) == ("bluesky", "ok")
    assert network["profile"]["handle"] == "beanco.bsky.social"
    assert {post["network"] for post in network["posts"]} == {"bluesky"}


@pytest.mark.parametrize(("handle", "fault", "code"), [("@nobodyatall", None, 3), ("@beanco", "503", 4)])
def test_json_of_a_failure_has_the_same_keys(run, box, handle, fault, code):
    for network in box.networks if fault else ():
        box.faults.set(network, fault)
    done = run("lookup", handle, "--json")
    (failed,) = lines(done)
    assert (done.exit_code, list(failed)) == (code, KEYS)
    assert (failed["score"], failed["range"], failed["networks"]) == (None, None, [])
    assert len(failed["errors"]) == (2 if fault else 1), "one entry for each network that failed"
    for error in failed["errors"]:
        assert list(error) == ["network", "error", "message", "retry_at"]
        assert error["message"].rstrip(".") in " ".join(done.stderr.split())


def test_json_is_one_line_a_handle_in_the_order_asked(run):
    done = run("lookup", "@glowguru", "@nobodyatall", "@beanco", "--json")
    assert [found["handle"] for found in lines(done)] == ["@glowguru", "@nobodyatall", "@beanco"]
    assert done.exit_code == 3


def test_a_second_lookup_asks_nobody_and_fresh_asks_again(run, box):
    run("lookup", "bluesky:beanco.bsky.social")
    asked = box.requests.count()
    run("lookup", "bluesky:beanco.bsky.social")
    assert box.requests.count() == asked > 0
    run("lookup", "bluesky:beanco.bsky.social", "--fresh")
    assert box.requests.count() > asked


@pytest.mark.parametrize("handle", ["@beanco", "@hexed", "@nobodyatall", "@\x1b[31mred"])
def test_no_control_code_reaches_what_is_no_screen(run, handle):
    done = run("lookup", handle)
    shown = done.stdout + done.stderr
    assert shown
    assert not [c for c in shown if (ord(c) < 32 and c != "\n") or 127 <= ord(c) < 160]


# --- clout chat -------------------------------------------------------------------------------------------------------


def test_one_command_answers_as_a_lookup_does(run):
    assert run("chat", "-c", "help").exit_code == 0
    assert run("chat", "-c", "@nobodyatall").exit_code == 3
    assert run("chat", "-c", "histroy @beanco").exit_code == 2
    card = json.loads(run("chat", "-c", "@beanco", "--json").stdout)
    assert (card["kind"], card["error"]) == ("score", None)


def test_a_pipe_is_a_script_that_ends_with_its_last_code(run):
    done = run("chat", typed="# greet\n\n@beanco\n@nobodyatall\n")
    assert done.exit_code == 3
    assert done.stdout.startswith("@beanco   ")
    assert "@nobodyatall" in done.stderr
    assert run("chat", typed="@nobodyatall\nhelp\n").exit_code == 0
    assert run("chat", typed="").exit_code == 0


def test_a_script_can_read_json(run):
    done = run("chat", "--json", typed="@beanco\n@nobodyatall\n")
    assert [(card["kind"], card["error"]) for card in lines(done)] == [("score", None), ("error", "NotFound")]


def test_a_history_leaves_its_picture_and_says_where(run, monkeypatch, tmp_path):
    later = datetime(2026, 11, 24, 9, tzinfo=UTC)
    run("lookup", "bluesky:beanco.bsky.social")
    monkeypatch.setattr(SystemClock, "now", lambda self: later)
    run("lookup", "bluesky:beanco.bsky.social")
    done = run("chat", "-c", "history bluesky:beanco.bsky.social")
    assert done.exit_code == 0
    path = Path(done.stdout.strip().splitlines()[-1].removeprefix("Picture: "))
    assert path.is_relative_to(tmp_path / "cache")
    assert path.read_bytes().startswith(b"\x89PNG")


# --- in a process of its own ------------------------------------------------------------------------------------------


@pytest.fixture
def live(tmp_path):
    """A sandbox whose clock runs, and the whole environment of a process that uses it."""
    with Sandbox.in_thread(20) as box:
        path = os.pathsep.join(filter(None, (str(Path(__file__).parents[2]), os.environ.get("PYTHONPATH"))))
        yield (
            box,
            {
                **box.env(),
                "CLOUT_DATABASE_URL": f"sqlite:///{tmp_path / 'clout.db'}",
                "HOME": str(tmp_path),
                "PATH": os.environ["PATH"],
                "PYTHONPATH": path,
                "TERM": "xterm-256color",
                "COLUMNS": "100",
            },
        )


def until(happened, seconds=60):
    """Wait for something that another process does."""
    end = monotonic() + seconds
    while not happened():
        assert monotonic() < end, "it never happened"
        signal.sigtimedwait([], 0.02)


def whole(path):
    with closing(sqlite3.connect(path)) as db:
        return db.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_a_reader_that_leaves_is_no_error(live, tmp_path):
    read, write = os.pipe()
    os.close(read)
    with os.fdopen(write, "wb") as gone:
        done = subprocess.run(
            [*CLOUT, "lookup", "@beanco", "@glowguru", "--json"],
            env=live[1],
            cwd=tmp_path,
            stdout=gone,
            stderr=subprocess.PIPE,
            timeout=120,
            check=False,
        )
    assert (done.returncode, done.stderr) == (0, b"")
    assert whole(tmp_path / "clout.db")


@pytest.mark.parametrize("handles", [["@beanco"], [f"bluesky:nobody{n}" for n in range(9)]], ids=["one", "nine"])
def test_control_c_ends_with_130_and_the_database_whole(live, tmp_path, handles):
    box, environment = live
    box.faults.latency("bluesky", 60_000)
    box.requests.clear()
    with subprocess.Popen(
        [*CLOUT, "lookup", *handles],
        env=environment,
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        # a shell's background jobs ignore Ctrl-C, and their children inherit that
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    ) as running:
        until(lambda: box.requests.count("bluesky"))
        running.send_signal(signal.SIGINT)
        out, err = running.communicate(timeout=60)
    assert (running.returncode, out) == (130, b"")
    assert err == b"", "those still waiting for their turn must not find the database closed"
    assert whole(tmp_path / "clout.db")
    box.faults.clear()
    again = subprocess.run(
        [*CLOUT, "lookup", "@beanco"], env=environment, cwd=tmp_path, capture_output=True, check=False
    )
    assert again.returncode == 0


ON_A_SCREEN = (
    "import fcntl, termios\n"
    "fcntl.ioctl(0, termios.TIOCSCTTY, 0)\n"  # from now on Ctrl-C on this terminal is a signal to this process
    "from bots.cli import main\n"
    "main()"
)


class Screen:
    """A terminal with a `clout` in it."""

    def __init__(self, arguments, environment, folder):
        pty = pytest.importorskip("pty")
        self.shown, self._read_to = b"", 0
        self._ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 100, 0, 0))
        self.process = subprocess.Popen(
            [sys.executable, "-c", ON_A_SCREEN, *arguments],
            env=environment,
            cwd=folder,
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
        )
        os.close(theirs)
        os.set_blocking(self._ours, False)

    def type(self, keys):
        os.write(self._ours, keys)

    def look(self):
        try:
            new = os.read(self._ours, 65_536)
        except (BlockingIOError, OSError):  # nothing yet, or the other end is closed
            return self.shown
        self.shown += new
        for _ in range(new.count(b"\x1b[6n")):  # where is the cursor? a real terminal answers
            os.write(self._ours, b"\x1b[1;1R")
        return self.shown

    def until(self, words):
        """Wait for words after those waited for before."""
        until(lambda: self.look().find(words, self._read_to) >= 0)
        self._read_to = self.shown.find(words, self._read_to) + len(words)

    def ended(self):
        until(lambda: (self.look(), self.process.poll())[1] is not None)
        self.look()
        return self.process.returncode

    def __enter__(self):
        return self

    def __exit__(self, *failure):
        with self.process:
            self.process.kill()
        os.close(self._ours)


def test_a_chat_on_a_screen_cancels_with_control_c_and_leaves_with_control_d(live, tmp_path):
    box, environment = live
    with Screen(["chat"], environment, tmp_path) as screen:
        screen.until(b"clout>")
        box.faults.latency("bluesky", 60_000)
        screen.type(b"bluesky:beanco.bsky.social\r")
        until(lambda: (screen.look(), box.requests.count("bluesky"))[1])
        screen.type(b"\x03")
        screen.until(b"Cancelled.")
        screen.until(b"clout>")
        box.faults.clear()
        screen.type(b"@nobodyatall\r")
        screen.until(b"ref ")
        screen.until(b"clout>")
        screen.type(b"\x04")
        assert screen.ended() == 3
    history = tmp_path / ".local" / "state" / "clout" / "history"
    assert "+@nobodyatall" in history.read_text().splitlines()
    assert whole(tmp_path / "clout.db")


@pytest.mark.parametrize(("no_color", "styled"), [("1", False), ("", True)])
def test_a_screen_has_styles_unless_it_asks_for_none(live, tmp_path, no_color, styled):
    with Screen(["lookup", "@beanco"], {**live[1], "NO_COLOR": no_color}, tmp_path) as screen:
        assert screen.ended() == 0
    assert b"@beanco" in screen.shown
    assert (b"\x1b[1m" in screen.shown or b"\x1b[3" in screen.shown) is styled
