"""Finds the networks: every module of this folder that holds a `MANIFEST` is one."""

import importlib
import pkgutil
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from core.manifest import Manifest

if TYPE_CHECKING:  # base.py brings the HTTP client with it, which a list of networks does not need
    from core.connectors.base import Call, Entries, Fetch, Verify
    from core.connectors.owners import OwnerAccess

# no networks, so not worth importing to see
_SHARED = frozenset(
    "answers base bodies costs facebook_owner faults guard http insights instagram_owner items linkedin_resources "
    "meta_login origins owners pool remembered resets restli transport".split()
)


@dataclass(frozen=True, slots=True)
class Connector:
    """One network as its module describes it; without `fetch` it parses handles and answers NotConfigured.

    `calls` are the kinds of request it makes, so that a recorded answer finds the code that reads it. `verify` tries a
    key with one cheap request. `owner` tells how its accounts are connected by their owners. `entries` is what a
    reference work has in place of `fetch`: which accounts belong together.
    """

    manifest: Manifest
    fetch: "Fetch | None" = None
    calls: "tuple[Call[Any], ...]" = ()
    verify: "Verify | None" = None
    owner: "OwnerAccess | None" = None
    entries: "Entries | None" = None


@cache
def discover() -> Mapping[str, Connector]:
    """Return every connector of this folder by network name, in alphabetical order; a broken module raises."""
    found = {}
    for name in sorted(module.name for module in pkgutil.iter_modules(__path__) if module.name not in _SHARED):
        module = importlib.import_module(f"{__name__}.{name}")
        if manifest := getattr(module, "MANIFEST", None):
            calls = tuple(getattr(module, "CALLS", ()))
            found[manifest.name] = Connector(
                manifest,
                getattr(module, "fetch", None),
                calls,
                getattr(module, "verify", None),
                getattr(module, "OWNER", None),
                getattr(module, "entries", None),
            )
    return MappingProxyType(found)


@cache
def manifests() -> Mapping[str, Manifest]:
    """Return every network's manifest by name, in alphabetical order; makes no client and reads no setting."""
    return MappingProxyType({name: connector.manifest for name, connector in discover().items()})
