"""`clout score` and `clout evaluate` as they are typed: what is printed where, and the exit codes."""

import json
from pathlib import Path

from typer.testing import CliRunner

from bots.cli import cli
from core.weights import CURRENT

PROFILE = {"network": "bluesky", "native_id": "1", "handle": "glow", "fetched_at": "2026-11-22T12:00:00Z"}
POSTS = [
    {"network": "bluesky", "native_id": f"p{n}", "created_at": f"2026-11-{n:02}T09:00:00Z", "likes": 40 + n}
    for n in range(20, 8, -1)
]
GOOD = json.dumps({"id": "glow", "profile": PROFILE, "posts": POSTS, "now": "2026-11-22T12:00:00Z"})


def test_score_writes_a_line_for_each_line(tmp_path: Path) -> None:
    path = tmp_path / "creators.jsonl"
    path.write_text(f"{GOOD}\n{{broken\n{GOOD.replace('glow', 'beanco')}\n", encoding="utf-8")
    done = CliRunner().invoke(cli, ["score", str(path), "--json"])
    first, second, third = map(json.loads, done.stdout.splitlines())
    assert done.exit_code == 2
    assert (first["id"], first["state"], second["line"], third["id"]) == ("glow", "ok", 2, "beanco")
    assert first["range"][0] <= first["score"] <= first["range"][1]
    assert "3 lines: 2 scored, 1 refused" in done.stderr


def test_score_reads_standard_input_and_aligns_its_table() -> None:
    done = CliRunner().invoke(cli, ["score", "-", "--no-range"], input=f"{GOOD}\n")
    head, row = done.stdout.splitlines()
    assert done.exit_code == 0
    assert row.startswith("glow ")
    assert row.index("ok") == head.index("state")
    assert row.rstrip()[-2:].isdigit()


def test_a_hostile_name_stays_in_its_column() -> None:
    done = CliRunner().invoke(
        cli, ["score", "-"], input=GOOD.replace('"id": "glow"', r'"id": "a\u001b[2J\nb' + "x" * 99 + '"')
    )
    _, row = done.stdout.splitlines()
    assert row.isprintable()
    assert row[26:28] == "ok"


def test_a_file_that_is_not_there_is_bad_input(tmp_path: Path) -> None:
    done = CliRunner().invoke(cli, ["score", str(tmp_path / "none")])
    assert (done.exit_code, done.stdout) == (2, "")
    assert "cannot be read" in done.stderr


def test_evaluate_prints_a_table_and_refuses_an_unknown_set(tmp_path: Path) -> None:
    done = CliRunner().invoke(cli, ["evaluate", str(tmp_path), "--sets", "peerindex", "--json"])
    assert done.exit_code == 0
    assert [row["set"] for row in json.loads(done.stdout)["rows"]] == ["peerindex"]
    assert "absent" in CliRunner().invoke(cli, ["evaluate", str(tmp_path), "--sets", "peerindex"]).stdout
    assert CliRunner().invoke(cli, ["evaluate", str(tmp_path), "--sets", "tarot"]).exit_code == 2


def test_rescore_names_the_versions_there_are(tmp_path: Path) -> None:
    env = {"CLOUT_DATABASE_URL": f"sqlite:///{tmp_path}/clout.db"}
    done = CliRunner().invoke(cli, ["rescore", "--weights", "astrology"], env=env)
    assert (done.exit_code, done.stdout) == (2, "")
    assert CURRENT.model_version in done.stderr


def test_rescore_of_an_empty_store_says_so(tmp_path: Path) -> None:
    env = {"CLOUT_DATABASE_URL": f"sqlite:///{tmp_path}/clout.db"}
    done = CliRunner().invoke(cli, ["rescore", "--weights", CURRENT.model_version, "--since", "2026-01-01"], env=env)
    assert done.exit_code == 0
    assert done.stdout == "Nothing scored again. No score is stored from that time.\n"
