"""The messengers of a process come and go."""

from types import SimpleNamespace

from core.messenger import Messengers


def test_they_come_and_go_while_somebody_looks_through_them():
    known = Messengers(SimpleNamespace(platform="slack"), SimpleNamespace(platform="discord"))
    for platform in known:
        known.remove(platform)
    assert len(known) == 0
