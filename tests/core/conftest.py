"""Runs the tests that say most about what is stored a second time, on a real PostgreSQL; the sandbox for a file."""

import re
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import URL

from core import database
from tests import postgres

if TYPE_CHECKING:
    from sandbox.server import Sandbox

KINDS = ("SQLite", "PostgreSQL")
ALL = ".*"
BOTH = {  # by file, a pattern of the tests that run on both
    "test_budgets.py": ALL,
    "test_consents.py": "no_trace|cleaned_up",
    "test_credentials.py": "kept|stored|rotat|team",
    "test_deliveries.py": ALL,
    "test_digest_commands.py": "no_team_sees|export|edit",
    "test_jobs.py": "lease|heartbeat|done_once|cut_off|fault_is_told",
    "test_leaving.py": ALL,
    "test_posting.py": "silence|jumps",
    "test_refreshing.py": "writes_what_a_lookup|due|oldest|fails|hidden|killed|batch",
    "test_rights.py": "another_process|given_out_and_forgotten",
    "test_rights_export.py": "stays_without",
    "test_roster.py": ALL,
    "test_rosters_intake.py": ALL,
    "test_sign_ins.py": "from_the_link|good_once",
    "test_store_accounts.py": "^(?!.*in_memory)",  # a database in memory is SQLite's alone
    "test_store_faults.py": "error_in_the_middle|many_callers|two_processes",
    "test_store_retention.py": "untracked|190|400|misses|daily|page_by_page",
    "test_store_teams.py": ALL,
    "test_teams.py": "kept_for|another_process",
    "test_tracking.py": ALL,
    "test_watches_judged.py": "told_once|nothing_is_lost|may_be_none",
    "test_watching.py": "who_edit|one_message",
}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    pattern = BOTH.get(metafunc.definition.path.name)
    if pattern and re.search(pattern, metafunc.function.__name__) and "database_kind" in metafunc.fixturenames:
        metafunc.parametrize("database_kind", KINDS, indirect=True)


@pytest.fixture(autouse=True)
def database_kind(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Where this test stores: each SQLite address a test opens stands for a PostgreSQL database of its own."""
    kind: str = getattr(request, "param", "SQLite")
    if kind == "SQLite":
        yield kind
        return
    parse, found, blank = database.parse_url, {}, postgres.template()
    with ExitStack() as made:

        def instead(url: str) -> URL:
            parsed = parse(url)
            if parsed.get_backend_name() != "sqlite":
                return parsed
            if parsed.database not in found:
                found[parsed.database] = parse(made.enter_context(postgres.database(blank)))
            return found[parsed.database]

        for name in ("core.database", "core.jobs", "bots.jobs_service"):
            if name in sys.modules:
                monkeypatch.setattr(f"{name}.parse_url", instead)
        yield kind


@pytest.fixture(scope="module")
def running() -> Iterator["Sandbox"]:
    """One sandbox for all tests of a file."""
    from sandbox.server import Sandbox  # only for those who need it
    from sandbox.world import DEFAULT_ANCHOR

    with Sandbox.in_thread(start=DEFAULT_ANCHOR) as box:
        yield box


@pytest.fixture
def box(running: "Sandbox") -> "Sandbox":
    """The file's sandbox in good weather, asked nothing yet, nobody's consent given."""
    running.faults.clear()
    running.requests.clear()
    running.clock.set(running.world.anchor)
    for server in running.oauth.values():
        server.withdraw()
        server.refreshed = server.exchanged = 0
    return running
