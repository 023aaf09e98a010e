"""`clout run` as people start it: a process of its own, both chat platforms and the web server, and how it ends."""

import asyncio
import os
import signal
import sys
import urllib.error
import urllib.request
from contextlib import asynccontextmanager

import pytest

from sandbox.server import Sandbox

GREETINGS = ("Clout answers in Slack", "Clout answers in Discord")


@pytest.fixture
async def world():
    """A pretend internet by the clock of this machine, which the process goes by too."""
    async with Sandbox() as box:
        yield box


@asynccontextmanager
async def process(world, tmp_path, **changed):
    """The process, and the lines it says; it is killed when a test forgets it."""
    given = {**world.env(), **world.slack_env(), **world.discord_env()}
    del given["CLOUT_SLACK__SIGNING_SECRET"]  # so that Slack is heard over its socket, though there is a port
    given |= {"CLOUT_DATABASE_URL": f"sqlite:///{tmp_path / 'clout.db'}", "CLOUT_LOG_LEVEL": "ERROR", **changed}
    kept = {name: value for name, value in os.environ.items() if not name.upper().startswith(("CLOUT", "HTTP"))}
    command = [sys.executable, "-m", "bots.cli", "run"]
    run = await asyncio.create_subprocess_exec(*command, env=kept | given, stderr=asyncio.subprocess.PIPE)
    try:
        yield run
    finally:
        if run.returncode is None:
            run.kill()
        await run.communicate()


async def told(run, *wanted):
    """Read what it says until every one of these was said; everything, when none is wanted."""
    said = ""
    async with asyncio.timeout(30):
        while not wanted or not all(one in said for one in wanted):
            line = await run.stderr.readline()
            if not line:
                break
            said += line.decode()
    assert all(one in said for one in wanted), said
    return said


def status(port, path):
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code


async def asked_on_slack(world):
    deed = await world.slack.command("/influence", "@beanco")
    return await deed.says("@beanco", seconds=20)


async def test_both_platforms_are_answered_until_a_signal_ends_it(world, tmp_path, free_port):
    async with process(world, tmp_path, CLOUT_PORT=str(free_port)) as run:
        await told(run, *GREETINGS)
        deed = await world.discord.command(world.discord.home, "creators", "mia", "influence", {"handle": "@beanco"})
        await asyncio.gather(deed.says("beanco", seconds=20), asked_on_slack(world))
        async with asyncio.timeout(20):  # the jobs may take a moment longer than the front ends
            while await asyncio.to_thread(status, free_port, "/readyz") != 200:
                await asyncio.sleep(0.05)
        run.send_signal(signal.SIGTERM)
        async with asyncio.timeout(10):
            rest = await told(run)
            assert await run.wait() == 0
        assert "Traceback" not in rest
    assert (world.discord.violations, world.slack.violations) == ([], [])


async def test_a_wrong_token_of_one_platform_leaves_the_other_up(world, tmp_path):
    async with process(world, tmp_path, CLOUT_DISCORD__TOKEN="wrong.one.entirely") as run:
        said = await told(run, GREETINGS[0], "discord: ")
        assert said.count("Discord does not take CLOUT_DISCORD__TOKEN") == 1
        assert GREETINGS[1] not in said
        assert "Traceback" not in said
        await asked_on_slack(world)
        run.send_signal(signal.SIGTERM)
        async with asyncio.timeout(10):
            assert await run.wait() == 0


async def test_without_a_token_that_is_taken_it_ends_and_says_why(world, tmp_path):
    wrong = {"CLOUT_DISCORD__TOKEN": "wrong.one.entirely", "CLOUT_SLACK__BOT_TOKEN": "xoxb-wrong"}
    async with process(world, tmp_path, **wrong) as run:
        said = await told(run)
        assert await run.wait() == 78
    assert [said.count(f"\n{name}: ") + said.startswith(f"{name}: ") for name in ("slack", "discord")] == [1, 1]
    assert "wrong" not in said
    assert "Nacl" not in said
    assert len(said.splitlines()) == 2
