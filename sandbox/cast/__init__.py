"""The cast: every invented creator of the sandbox. No name belongs to a real person, brand or account."""

from dataclasses import replace

from sandbox.cast.archetypes import ARCHETYPES
from sandbox.cast.channels import CHANNELS
from sandbox.cast.edges import EDGES
from sandbox.cast.fediverse import FEDIVERSE
from sandbox.cast.movers import MOVERS
from sandbox.cast.pages import PAGES
from sandbox.plan import Role

_CAST = (*ARCHETYPES, *MOVERS, *EDGES, *FEDIVERSE)
CAST: tuple[Role, ...] = tuple(
    replace(role, plans=(*role.plans, *CHANNELS.get(role.slug, ()), *PAGES.get(role.slug, ()))) for role in _CAST
)
"""Everybody, in a fixed order."""
