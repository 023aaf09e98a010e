"""Every invariant of the score has a test that carries its number: test_<number>_<what it says>."""

import re
from pathlib import Path

import pytest

INVARIANTS = {
    1: "bounded",
    2: "monotone_reactions",
    3: "dominance",
    4: "scale",
    5: "zero_is_floor",
    6: "followers_barely_help",
    7: "one_viral_post, one_dud",
    8: "adding_network_never_lowers",
    9: "duplicate_network_bounded",
    10: "spam_neutral",
    11: "ageing_smooth",
    12: "missing_is_not_zero",
    13: "explanation_exact",
    14: "deterministic",
    15: "interval",
    16: "penalty",
    17: "alerts",
    18: "rank_sanity",
    19: "version_pin",
}

NUMBERED = re.compile(r"^ *(?:async )?def (test_([0-9]+)(?:_\w*)?)\(", re.MULTILINE)


def numbered_tests() -> dict[int, list[str]]:
    found: dict[int, list[str]] = {}
    for path in sorted(Path(__file__).parent.rglob("test_*.py")):
        for name, number in NUMBERED.findall(path.read_text(encoding="utf-8")):
            found.setdefault(int(number), []).append(name)
    return found


FOUND = numbered_tests()


@pytest.mark.parametrize("number", sorted(INVARIANTS))
def test_every_invariant_has_a_test_of_its_number(number: int) -> None:
    assert FOUND.get(number), INVARIANTS[number]


def test_no_test_carries_a_number_that_means_nothing() -> None:
    assert set(FOUND) <= set(INVARIANTS)
