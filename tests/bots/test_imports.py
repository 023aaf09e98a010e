"""What a command loads is what its user waits for: heavy libraries stay out of commands that do not need them."""

import os
import subprocess
import sys

import pytest

from sandbox.server import Sandbox

SCRIPT = """
import sys
from bots.cli import cli
try:
    cli(sys.argv[1:])
except SystemExit as ended:
    code = ended.code
print("LOADED", code, *sorted({name.partition(".")[0] for name in sys.modules}), file=sys.stderr)
"""


def loaded(*arguments, **environment):
    """The top-level packages loaded after a command that ended well."""
    env = {"PATH": os.environ["PATH"], **environment}
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, *arguments], env=env, check=True, capture_output=True, text=True, timeout=120
    )
    words = done.stderr.strip().splitlines()[-1].split()
    assert words[:2] == ["LOADED", "0"], done.stderr
    return set(words[2:])


@pytest.mark.parametrize("arguments", [("--help",), ("lookup", "--help"), ("chat", "--help"), ("--version",)])
def test_help_loads_nothing_slow(arguments):
    slow = {"pydantic_settings", "sqlalchemy", "httpx", "numpy", "rich", "matplotlib", "prompt_toolkit", "sandbox"}
    assert loaded(*arguments) & slow == set()


@pytest.mark.parametrize("arguments", [("lookup", "@beanco"), ("chat", "-c", "@beanco")])
def test_a_lookup_loads_no_bot_no_queue_and_no_picture(arguments, tmp_path):
    others = {"discord", "slack_bolt", "slack_sdk", "dbos", "matplotlib", "PIL", "prompt_toolkit", "sandbox", "uvicorn"}
    with Sandbox.in_thread(20) as box:
        found = loaded(*arguments, **box.env(), CLOUT_DATABASE_URL=f"sqlite:///{tmp_path / 'clout.db'}")
    assert found & others == set()
    assert {"httpx", "numpy", "sqlalchemy"} <= found  # the proof itself works
