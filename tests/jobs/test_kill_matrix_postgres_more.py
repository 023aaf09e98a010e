"""The rest of the faults on PostgreSQL: they take a minute, so they run only when the table is made."""

import os

import pytest

from tests.jobs.test_kill_matrix import (
    test_a_platform_that_is_away,
    test_a_storm_over_slack,
    test_an_hour_of_429,
    test_killed_when_the_inbox_has_it,
    test_the_clock_steps_back,
)
from tests.jobs.test_kill_matrix_postgres import box, filled, survived, world, zygote

pytestmark = pytest.mark.skipif(
    "CLOUT_MATRIX" not in os.environ, reason="runs when the table of docs/operate.md is made, with CLOUT_MATRIX"
)

__all__ = [
    "box",
    "filled",
    "survived",
    "test_a_platform_that_is_away",
    "test_a_storm_over_slack",
    "test_an_hour_of_429",
    "test_killed_when_the_inbox_has_it",
    "test_the_clock_steps_back",
    "world",
    "zygote",
]
