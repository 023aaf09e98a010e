"""What the container promises, read from its description; no image is built here."""

import json
import re
import tomllib
from pathlib import Path

import pytest

from core.settings import Settings

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())


def instructions():
    text = re.sub(r"^#.*\n", "", (ROOT / "Dockerfile").read_text(), flags=re.MULTILINE)
    lines = re.sub(r"\\\n\s*", " ", text).splitlines()
    return [tuple(line.split(maxsplit=1)) for line in lines if line.strip()]


def last(name):
    return [value for word, value in instructions() if word == name][-1]


def copied():
    return [source for word, value in instructions() if word == "COPY" for source in value.split()[:-1]]


def environment():
    pairs = " ".join(value for word, value in instructions() if word == "ENV")
    return dict(re.findall(r"([A-Z_]+)=(\S+)", pairs))


def test_it_starts_from_the_slim_image_and_from_nothing_else():
    assert [value for word, value in instructions() if word == "FROM"] == ["python:3.13-slim"]


def test_it_does_not_run_as_root():
    user = last("USER")
    assert int(user.partition(":")[0]) >= 1_000
    position = [word for word, _ in instructions()]
    assert position.index("USER") > max(at for at, word in enumerate(position) if word == "RUN")


def test_what_it_runs_exists():
    (command,) = json.loads(last("ENTRYPOINT"))
    module, _, function = PROJECT["project"]["scripts"][command].partition(":")
    assert hasattr(__import__(module, fromlist=[function]), function)
    assert json.loads(last("CMD")) == ["chat"]


def test_libraries_are_the_pinned_ones():
    installs = [value for word, value in instructions() if word == "RUN" and "pip install" in value]
    assert installs
    assert all("-c constraints.txt" in value for value in installs)


def test_everything_that_lasts_is_in_the_volume():
    volume = last("VOLUME")
    assert volume == "/data"
    assert environment()["CLOUT_DATABASE_URL"] == "sqlite:////data/clout.db"
    assert Settings.read({}, environment(), env_file=None).database_url == "sqlite:////data/clout.db"
    assert {environment()["XDG_STATE_HOME"], environment()["XDG_CACHE_HOME"]} == {"/data/state", "/data/cache"}
    assert "--owner=clout" in next(value for word, value in instructions() if word == "RUN" and volume in value)


def test_all_that_the_build_needs_is_copied_and_nothing_else_is_sent():
    build = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    needed = {"pyproject.toml", "constraints.txt", PROJECT["project"]["readme"], *PROJECT["project"]["license-files"]}
    assert set(copied()) == needed | set(build)
    rules = (ROOT / ".dockerignore").read_text().splitlines()
    assert rules[1] == "*"
    assert {rule[1:].rstrip("/") for rule in rules if rule.startswith("!")} == set(copied())


@pytest.mark.parametrize("secret", ["**/.env", "**/*.db", "**/__pycache__/"])
def test_secrets_and_databases_stay_at_home(secret):
    rules = (ROOT / ".dockerignore").read_text().splitlines()
    allowed = max(at for at, rule in enumerate(rules) if rule.startswith("!"))
    assert rules.index(secret) > allowed
