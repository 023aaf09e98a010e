"""The schema's history: every revision leads to today's tables, with rows in them, and a copy is kept before."""

import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, create_engine

import core.migrations
from core import database, migrations, schema
from core.errors import StoreError
from core.tables import metadata
from tests.core.stored_readings import NOON, keep_fetch, make_posts, open_store

LATER = f"{int(migrations.HEAD) + 1:04}"  # a revision that a later version would bring
OBJECTS = "SELECT type, name, tbl_name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite_%' ORDER BY name"


@pytest.fixture(autouse=True)
def _tables_are_made_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "_prepare_file", database._prepare_file.__wrapped__)  # type: ignore[attr-defined]


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    engine = create_engine(f"sqlite:///{tmp_path / 'migrated.db'}")
    yield engine
    engine.dispose()


def objects(path: Path) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(path)) as db:
        return [(kind, name, table, _words(sql)) for kind, name, table, sql in db.execute(OBJECTS)]


def _words(sql: str | None) -> list[str]:
    """The statement's lines in any order: batch mode may write constraints elsewhere, and quotes names."""
    return sorted(
        line.strip().rstrip(",") for line in (sql or "").replace("\t", "").replace('"', "").splitlines() if line.strip()
    )


def test_the_list_of_revisions_is_what_stands_in_the_folder() -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(core.migrations.__file__).parent))
    scripts = ScriptDirectory.from_config(config)
    assert tuple(script.revision for script in reversed(list(scripts.walk_revisions()))) == migrations.REVISIONS
    assert scripts.get_heads() == [migrations.HEAD]


async def test_a_new_database_and_a_migrated_one_have_the_same_tables(tmp_path: Path, engine: Engine) -> None:
    with engine.begin() as conn:
        migrations.upgrade(conn)
    async with open_store(tmp_path):
        pass
    made, migrated = objects(tmp_path / "clout.db"), objects(tmp_path / "migrated.db")
    assert [row[:3] for row in made] == [row[:3] for row in migrated]
    assert made == migrated


def test_alembic_sees_no_difference_between_tables_and_migrations(engine: Engine) -> None:
    with engine.begin() as conn:
        migrations.upgrade(conn)
        assert compare_metadata(MigrationContext.configure(conn), metadata) == []


async def test_an_old_database_is_copied_then_upgraded_with_its_rows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_store(tmp_path) as store:
        await keep_fetch(store, posts=make_posts(4))
        await store.link("T", "Glow", [("bluesky", "did:plc:glow")])
    before = dump(tmp_path / "clout.db")
    add_a_revision(tmp_path, monkeypatch)
    async with open_store(tmp_path) as store:
        found = await store.find("T", "glow", None, [], history_since=NOON)
        assert found is not None
        assert found.linked
        assert found.accounts[0].reading.score is not None
        assert len(await store.posts("bluesky", "did:plc:glow", since=NOON.replace(year=2025))) == 4, (
            "copying the accounts table must not take along what refers to it"
        )
    copy = tmp_path / f"clout.db.before-{LATER}"
    assert dump(copy) == before
    assert copy.stat().st_mode & 0o777 == 0o600
    assert [row[0] for row in query(tmp_path / "clout.db", "SELECT version_num FROM alembic_version")] == [LATER]
    assert query(tmp_path / "clout.db", "SELECT mood FROM accounts") == [("calm",)]
    assert query(tmp_path / "clout.db", "PRAGMA foreign_key_check") == []


async def test_a_failed_upgrade_leaves_the_database_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with open_store(tmp_path) as store:
        await keep_fetch(store)
    before = dump(tmp_path / "clout.db")
    add_a_revision(tmp_path, monkeypatch, then="op.execute('SELECT no_such_column FROM accounts')")
    with pytest.raises(StoreError):
        async with open_store(tmp_path):
            pass
    assert dump(tmp_path / "clout.db") == before


async def test_a_database_of_a_newer_version_is_refused_with_advice(tmp_path: Path) -> None:
    async with open_store(tmp_path):
        pass
    with closing(sqlite3.connect(tmp_path / "clout.db")) as db:
        db.execute("UPDATE alembic_version SET version_num = '0042'")
        db.commit()
    with pytest.raises(StoreError, match=r"schema 0042.*newer.*Install.*\.before-0042"):
        async with open_store(tmp_path):
            pass


async def test_a_start_with_nothing_to_do_copies_nothing(tmp_path: Path) -> None:
    for _ in range(2):
        async with open_store(tmp_path) as store:
            await keep_fetch(store)
    assert names_in(tmp_path) == ["clout.db"]


def test_alembic_is_not_imported_by_opening_a_store() -> None:
    code = (
        "import asyncio, sys\n"
        "from core.store import Store\n"
        "async def go():\n"
        "    async with Store.open('sqlite://', None): pass\n"
        "asyncio.run(go())\n"
        "sys.exit('alembic' in sys.modules)\n"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def names_in(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


def query(path: Path, sql: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(path)) as db:
        return db.execute(sql).fetchall()


def dump(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as db:
        return list(db.iterdump())


def add_a_revision(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, then: str = "pass") -> None:
    """A second migration as a later version would bring it: a column more on the table all others refer to."""
    source = Path(core.migrations.__file__).parent
    folder = tmp_path / "later"
    (folder / "versions").mkdir(parents=True)
    for path in [source / "env.py", *source.glob("versions/*.py")]:
        (folder / path.relative_to(source)).write_text(path.read_text())
    (folder / "versions" / f"{LATER}_mood.py").write_text(
        f'import sqlalchemy as sa\nfrom alembic import op\nrevision = "{LATER}"\ndown_revision = "{migrations.HEAD}"\n'
        "def upgrade() -> None:\n"
        '    with op.batch_alter_table("accounts", recreate="always") as batch:\n'
        '        batch.add_column(sa.Column("mood", sa.String(), nullable=False, server_default="calm"))\n'
        f"    {then}\n"
    )
    monkeypatch.setattr(migrations, "__file__", str(folder / "__init__.py"))
    monkeypatch.setattr(migrations, "HEAD", LATER)
    monkeypatch.setattr(schema, "HEAD", LATER)
    monkeypatch.setattr(schema, "REVISIONS", (*migrations.REVISIONS, LATER))
    monkeypatch.setattr(schema, "upgrade", lambda conn: migrations.upgrade(conn, LATER))
