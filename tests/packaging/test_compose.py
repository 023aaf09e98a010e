"""What compose.yaml promises, by rules of our own and, where Docker is there, by Docker's; its commands run here."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path
from urllib.request import urlopen

import pytest
import yaml
from typer.main import get_command

from bots.cli import cli
from bots.health import alive
from core.connectors import manifests
from core.database import parse_url
from core.settings import known_names
from tests import postgres

ROOT = Path(__file__).parents[2]
DESCRIPTION = yaml.safe_load((ROOT / "compose.yaml").read_text())
SERVICES = DESCRIPTION["services"]
OURS = {name: one for name, one in SERVICES.items() if "build" in one}
KEYS = {  # of the Compose specification, as far as they are used here
    "build", "cap_drop", "command", "depends_on", "env_file", "environment", "healthcheck", "image", "ports",
    "read_only", "restart", "security_opt", "shm_size", "stop_grace_period", "tmpfs", "volumes",
}  # fmt: skip


def test_there_is_an_app_a_worker_and_a_database():
    assert set(SERVICES) == {"app", "worker", "db"}
    assert set(OURS) == {"app", "worker"}
    for one in SERVICES.values():
        assert set(one) <= KEYS


@pytest.mark.parametrize("name", OURS)
def test_ours_write_nowhere_and_gain_no_rights(name):
    one = OURS[name]
    assert one["read_only"] is True
    assert "/tmp" in one["tmpfs"]
    assert one["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in one["security_opt"]
    assert not {"user", "privileged", "network_mode"} & set(one)
    kept = [*one.get("volumes", []), *one["tmpfs"]]
    assert any("/data" in place for place in kept)


@pytest.mark.parametrize("name", OURS)
def test_ours_are_told_what_clout_understands(name):
    assert set(OURS[name]["environment"]) <= set(known_names(manifests()))
    url = re.sub(r"\$\{[^}]*\}", "word", OURS[name]["environment"]["CLOUT_DATABASE_URL"])
    parsed = parse_url(url)
    asked = SERVICES["db"]["environment"]
    assert (parsed.host, parsed.username, parsed.database) == ("db", asked["POSTGRES_USER"], asked["POSTGRES_DB"])
    (command,) = OURS[name]["command"]
    assert command in get_command(cli).commands  # type: ignore[attr-defined]


def test_they_wait_for_a_database_that_is_well():
    assert SERVICES["db"]["healthcheck"]["test"][0] in ("CMD", "CMD-SHELL")
    for one in OURS.values():
        assert one["depends_on"] == {"db": {"condition": "service_healthy"}}
        assert int(one["stop_grace_period"].removesuffix("s")) > 25  # bots/supervisor.py's own limit


def test_no_password_stands_in_it_and_only_this_machine_reaches_it():
    text = (ROOT / "compose.yaml").read_text()
    assert text.count("${POSTGRES_PASSWORD:?") == 2
    assert "ports" not in SERVICES["db"]
    assert all(port.startswith("127.0.0.1:") for one in OURS.values() for port in one.get("ports", []))


def test_volumes_are_declared():
    used = {place.partition(":")[0] for one in SERVICES.values() for place in one.get("volumes", [])}
    assert used == set(DESCRIPTION["volumes"])


def has_compose():
    asked = ["docker", "compose", "version"]
    return shutil.which("docker") and not subprocess.run(asked, capture_output=True, check=False).returncode


@pytest.mark.skipif(not has_compose(), reason="Docker Compose is not installed")
def test_docker_finds_it_valid():
    env = {**os.environ, "POSTGRES_PASSWORD": "word"}
    subprocess.run(["docker", "compose", "config", "--quiet"], cwd=ROOT, env=env, check=True)


# --- the commands of the image, run without it ------------------------------------------------------------------------


def health_command():
    text = (ROOT / "Dockerfile").read_text()
    found = re.search(r"^HEALTHCHECK.* CMD (\[.*\])$", text, flags=re.MULTILINE)
    assert found
    return json.loads(found[1])


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def test_the_worker_starts_answers_its_health_check_and_stops(tmp_path):
    with postgres.database(postgres.template()) as url:
        port = free_port()
        env = {**os.environ, "CLOUT_DATABASE_URL": url, "CLOUT_PORT": str(port), "CLOUT_LOG_LEVEL": "INFO"}
        given = [sys.executable, "-c", "from bots.cli import main; main()", *OURS["worker"]["command"]]
        with subprocess.Popen(given, cwd=ROOT, env=env, stderr=subprocess.PIPE, text=True) as process:
            assert process.stderr is not None
            up = 0
            for line in process.stderr:
                up += "a service is up" in line
                if up == 2:  # the jobs and the web
                    break
            asked = [sys.executable, *health_command()[1:]]
            assert subprocess.run(asked, cwd=ROOT, env=env, check=False).returncode == 0
            with urlopen(f"http://127.0.0.1:{port}/readyz") as ready:
                assert ready.status == 200
            process.send_signal(signal.SIGTERM)
            assert process.wait(40) == 0
        assert not alive(env)
        assert alive({})
