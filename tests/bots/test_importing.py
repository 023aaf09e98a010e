"""`clout import`: a list goes in as a whole, or each line that has to be mended is named and nothing goes in."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bots.cli import cli
from bots.exits import BAD_INPUT, OK


@pytest.fixture(autouse=True)
def own_database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CLOUT_DATABASE_URL", f"sqlite:///{tmp_path / 'clout.db'}")


def tracked(folder: Path) -> list[str]:
    with closing(sqlite3.connect(folder / "clout.db")) as db:
        return [name for (name,) in db.execute("SELECT name FROM creators WHERE tracked_since IS NOT NULL ORDER BY 1")]


def test_a_list_goes_in(tmp_path: Path) -> None:
    (tmp_path / "list.csv").write_text("handle,alias,tags\nbluesky:glow,,a\ngithub:octo,Kraken,a b\n", encoding="utf-8")
    done = CliRunner().invoke(cli, ["import", str(tmp_path / "list.csv")])
    assert done.exit_code == OK, done.output
    assert "2 creators tracked from now on" in done.output
    assert tracked(tmp_path) == ["Kraken", "glow"]


def test_a_bad_line_is_named_and_nothing_goes_in(tmp_path: Path) -> None:
    (tmp_path / "list.csv").write_text("handle\nbluesky:glow\nglow glow\n", encoding="utf-8")
    done = CliRunner().invoke(cli, ["import", str(tmp_path / "list.csv")])
    assert done.exit_code == BAD_INPUT
    assert "Nothing was imported" in done.output
    assert "1 line of 2 to mend" in done.output
    assert tracked(tmp_path) == []


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    done = CliRunner().invoke(cli, ["import", str(tmp_path / "none.csv")])
    assert done.exit_code == BAD_INPUT
    assert "cannot be read" in done.output
