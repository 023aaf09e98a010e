"""Bluesky handles and DIDs against the protocol's own lists of valid and invalid ones."""

from pathlib import Path

import pytest

from core.connectors import manifests
from core.errors import InputError
from core.handles import Handle, clean

SYNTAX = Path(__file__).parents[2] / "../shared/data/networks/bluesky/spec/syntax"
BLUESKY = {"bluesky": manifests()["bluesky"]}

pytestmark = pytest.mark.skipif(not SYNTAX.is_dir(), reason="the protocol's syntax lists are not beside this checkout")


def _lines(name: str) -> list[str]:
    file = SYNTAX / name
    if not file.is_file():
        return []
    return [line for line in file.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")]


@pytest.mark.parametrize("text", _lines("handle_syntax_valid.txt"))
def test_valid_handles(text: str) -> None:
    handle = Handle.parse(text, BLUESKY, "bluesky")
    assert (handle.name, handle.native_id) == (text.lower(), None)


# A full stop at the end cannot be told from a sentence's; nobody has such a DID
@pytest.mark.parametrize("text", [t for t in _lines("did_syntax_valid.txt") if not t.endswith((".", ":"))])
def test_valid_dids(text: str) -> None:
    assert Handle.parse(text, BLUESKY).native_id == text


def _stays_itself(text: str) -> bool:
    # Space and final stops around a name are ours to take off, and a bare word is short for name.bsky.social
    try:
        return clean(text) == text and ("." in text or ":" in text)
    except InputError:
        return True


@pytest.mark.parametrize("text", [t for t in _lines("handle_syntax_invalid.txt") if _stays_itself(t)])
def test_invalid_handles(text: str) -> None:
    with pytest.raises(InputError):
        Handle.parse(text, BLUESKY, "bluesky")


@pytest.mark.parametrize("text", [t for t in _lines("did_syntax_invalid.txt") if _stays_itself(t)])
def test_invalid_dids(text: str) -> None:
    try:
        handle = Handle.parse(text, BLUESKY, "bluesky")
    except InputError:
        return
    assert handle.native_id is None, "read as a plain domain name, which it is"
