"""What an owner shows one team is no other team's: such an account has a native id and a handle of that team's own.

Accounts, posts and scores are stored once for everybody (DESIGN 3) under a network's native id. An account that was
read with its owner's consent is stored beside them under that id *and* the team, so that nothing that reads or deletes
by native id can mix the two up. docs/decisions/ tells why.
"""

from typing import NamedTuple

SIGN = " @"  # no network has a blank in an id or a handle


class Granted(NamedTuple):
    """An account as its network knows it, and the team its owner shows it to; empty for a public reading."""

    native_id: str
    team: str = ""


def granted_id(native_id: str, team: str) -> str:
    """Return the native id under which what an owner shows a team is stored."""
    return f"{native_id}{SIGN}{team}"


def told(native_id: str) -> Granted:
    """Return what a stored native id stands for."""
    own, _, team = native_id.partition(SIGN)
    return Granted(own, team)


def name_key(native_id: str, handle: str) -> str:
    """Return the handle an account is found by: its own, or the team's name for it."""
    team = told(native_id).team
    return f"{handle}{SIGN}{team}" if team else handle
