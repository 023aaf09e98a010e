"""Secrets at rest: unreadable without the key, readable after a new key was put in front."""

import pytest

from core.errors import SettingsError, StoreError
from core.vault import Vault, new_key


def test_what_is_locked_comes_back_and_shows_nothing() -> None:
    vault = Vault([new_key()])
    locked = vault.lock("xoxb-1-ü")
    assert "xoxb" not in locked
    assert vault.unlock(locked) == "xoxb-1-ü"


def test_a_new_key_in_front_reads_the_old_and_writes_the_new() -> None:
    old, new = new_key(), new_key()
    locked = Vault([old]).lock("secret")
    both = Vault.of(f" {new}, {old} ,")
    assert both.unlock(locked) == "secret"
    assert Vault([new]).unlock(both.lock("secret")) == "secret"
    with pytest.raises(StoreError, match="CLOUT_SECRET_KEYS"):
        Vault([new]).unlock(locked)


@pytest.mark.parametrize("wrong", ["", " , ", "short", "é" * 44, "A" * 43])
def test_a_wrong_key_is_told_without_being_shown(wrong: str) -> None:
    with pytest.raises(SettingsError, match="CLOUT_SECRET_KEYS") as caught:
        Vault.of(wrong)
    assert not wrong.strip(" ,") or wrong not in caught.value.message
