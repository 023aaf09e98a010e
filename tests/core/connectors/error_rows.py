"""Rows of the networks' tables of errors: a fixture by hand, a fault of the sandbox, and when to ask again."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta

import pytest

from core import errors
from core.errors import SourceError
from tests.core.connectors.conformance import FIXTURES
from tests.core.connectors.sandboxed import NOW

MINUTE, FIVE, QUARTER = timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=15)
SPAN = 600  # seconds until a limit ends, where the fault says when
SAID = timedelta(seconds=SPAN)


@dataclass(frozen=True)
class Row:
    """One row: its fixtures, its faults, what both are, and how far away the next try is; `error` "" is a profile.

    `notes` is a part of a note that the profile then has, `posts` whether it has posts. `reset` False takes the reset
    header away; `research` asks as an approved project does.
    """

    network: str
    name: str
    fixtures: str
    faults: str
    error: str = ""
    retry_in: timedelta | None = None
    notes: str = ""
    reset: bool = True
    posts: bool = False
    research: bool = False


def each_fault(rows: Iterable[Row]) -> pytest.MarkDecorator:
    """Try every fault of every row."""
    cases = [(row, fault) for row in rows for fault in row.faults.split()]
    return pytest.mark.parametrize(
        ("row", "fault"), cases, ids=[f"{row.network}-{row.name}-{fault}" for row, fault in cases]
    )


def check_refusal(row: Row, error: SourceError) -> None:
    """Check that an error is the one of its row, and says when to ask again where the row does and nowhere else."""
    assert type(error) is getattr(errors, row.error), error
    assert error.retry_at == (None if row.retry_in is None else NOW + row.retry_in)
    assert row.error not in ("RateLimited", "QuotaExhausted") or row.retry_in is not None


def check_fixtures(rows: Iterable[Row]) -> None:
    """Check that the fixtures of rows settle what the rows say."""
    for row in rows:
        for name in row.fixtures.split():
            expect = json.loads((FIXTURES / row.network / f"{name}.json").read_text())["expect"]
            assert expect.get("error", "") == row.error, name
            assert row.retry_in is None or expect.get("retry_at"), f"{name} does not say when to ask again"


def faults_tried(rows: Iterable[Row], network: str) -> set[str]:
    return {fault for row in rows if row.network == network for fault in row.faults.split()}


_META_TOKENS = (
    ("458 app removed", "app_removed", "app_removed"),
    ("459 checkpoint", "checkpoint", "checkpoint"),
    ("460 password changed", "password_changed", "password_changed"),
    ("463 expired", "token_expired token_expired_on_page_two", "expired"),
    ("464 unconfirmed", "unconfirmed", "unconfirmed"),
    ("467 invalid", "token_invalid", "invalid_token"),
)
_META_LIMITS = (
    ("4 app", "app_limit", "app_limit"),
    ("17 user", "user_limit", "user_limit"),
    ("32 page", "page_limit", "page_limit"),
    ("613 custom", "custom_limit", "custom_limit"),
    ("80001 pages", "page_use_case_limit", "page_use_case"),
    ("80002 instagram", "instagram_use_case_limit", "instagram_use_case"),
    ("341 temporary", "temporary_limit", "temporary_limit"),
    ("368 policy", "policy_block", "policy_block"),
)


def meta_rows(network: str, ended: str) -> Iterator[Row]:
    """Yield the table that Meta's networks share; `ended` is what a token that has ended means."""
    for name, fixtures, faults in _META_TOKENS:
        yield Row(network, f"190 {name}", fixtures, faults, ended)
    yield Row(network, "10", "permission", "permission", "SourceAuthFailed")
    yield Row(network, "200-299", "permission_200 permission_299", "permission_200", "SourceAuthFailed")
    for name, fixtures, faults in _META_LIMITS:
        yield Row(network, name, fixtures, faults, "RateLimited", SAID)
    yield Row(network, "a limit that names no time", "rate_limited_plain", "plain_429", "RateLimited", FIVE)
    yield Row(network, "1", "unknown_problem", "unknown_error", "Unavailable")
    yield Row(network, "2", "service_down", "service_down", "Unavailable")
    yield Row(network, "is_transient", "transient", "transient", "Unavailable")
    yield Row(network, "5xx", "server_error", "500 503", "Unavailable")
    yield Row(network, "100 other", "parameter", "parameter", "SourceChanged")
