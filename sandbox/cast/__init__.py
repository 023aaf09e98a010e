"""The cast: every invented creator of the sandbox. No name belongs to a real person, brand or account."""

from sandbox.cast.archetypes import ARCHETYPES
from sandbox.cast.edges import EDGES
from sandbox.cast.fediverse import FEDIVERSE
from sandbox.cast.movers import MOVERS
from sandbox.plan import Role

CAST: tuple[Role, ...] = (*ARCHETYPES, *MOVERS, *EDGES, *FEDIVERSE)
"""Everybody, in a fixed order."""
