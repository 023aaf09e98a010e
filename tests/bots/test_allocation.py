"""Where there is no glibc nothing is set, and nothing fails."""

import pytest

from bots.allocation import keep_small


def nothing(name):
    raise OSError("no such library")


@pytest.mark.parametrize(("name", "value"), [("sys.platform", "darwin"), ("ctypes.CDLL", nothing)])
def test_elsewhere_nothing_is_set(monkeypatch, name, value):
    monkeypatch.setattr(name, value)
    assert not keep_small()
