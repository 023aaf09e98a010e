"""Bad weather: switchable faults per network, account or path."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Protocol, TypeVar

COMMON = frozenset({
    "429", "500", "502", "503", "timeout", "slow", "drip", "truncated", "changed", "odd_counts", "not_json", "html",
    "html200", "empty", "repeat_page", "bad_cursor", "huge", "bomb", "redirect_private", "redirect_away",
    "redirect_loop", "disconnect",
})  # fmt: skip
"""Faults that every network knows."""

_META = frozenset({
    "app_limit", "app_removed", "checkpoint", "custom_limit", "expired", "expires_late", "high_usage",
    "instagram_use_case", "invalid_token", "limit_200", "missing_object", "no_access", "no_field", "page_limit",
    "page_use_case", "parameter", "password_changed", "permission", "permission_200", "plain_400", "plain_429",
    "policy_block", "service_down", "temporary_limit", "transient", "unconfirmed", "unknown_error", "user_limit",
    "wants_proof", "web_page_400",
})  # fmt: skip

OWN: dict[str, frozenset[str]] = {
    "bluesky": frozenset({"takedown", "deactivated", "blocked", "renamed", "not_found", "no_unauthenticated"}),
    "mastodon": frozenset({"suspended", "gone", "not_found", "unauthorized", "moved", "limited", "negative"}),
    "github": frozenset({"primary", "secondary", "unauthorized", "not_found", "no_user_agent", "validation", "legal"}),
    "blog": frozenset({"gone", "not_found", "forbidden", "entities", "not_well_formed", "busy"}),
    "x": frozenset({
        "not_found", "suspended", "protected", "unauthorized_timeline", "credits", "unauthorized", "forbidden",
        "capped", "included",
    }),
    "youtube": frozenset({
        "quota", "rate", "user_rate", "key_invalid", "api_key_invalid", "not_enabled", "forbidden", "not_found",
        "no_uploads", "closed", "not_public", "bad_token",
    }),
    "instagram": _META | {"not_found", "own_id_of_a_page", "no_insights", "insights_denied"},
    "facebook": _META | {"not_found", "person", "not_a_page", "merged", "no_views"},
    "threads": _META | {"no_insights", "insights_denied", "no_followers"},
    "linkedin": frozenset({
        "token_ended", "expires_late", "denied", "key_denied", "pages_denied", "not_found", "gone", "version_retired",
        "bad_request", "older_edge", "negative_likes", "no_totals",
    }),
    "reddit": frozenset({
        "not_found", "no_such_user", "suspended", "token_ended", "missing_scope", "hidden_posts",
        "hidden_posts_message", "hidden_history", "removed",
    }),
    "wikidata": frozenset({
        "maxlag", "ratelimited", "readonly", "search_busy", "internal", "no_user_agent", "bad_request", "missing",
    }),
    "tiktok": frozenset({
        "token_invalid", "scope_not_authorized", "scope_missed", "invalid_params", "no_user", "private", "search_lost",
        "not_approved", "error_200",
    }),
    "pinterest": frozenset({
        "token_ended", "not_authorized", "forbidden", "tier", "pin_gone", "not_ready", "no_analytics",
    }),
    "twitch": frozenset({"token_ended", "bad_client", "no_scope", "followers_401", "not_found", "bad_request"}),
}  # fmt: skip
"""Faults of one network."""


@dataclass(frozen=True)
class Fault:
    """One fault. Empty `handle` and `path` fit every request; `times` None lasts until it is cleared.

    `ms` is the delay of `slow`, and the pause between the bytes of `drip`. `reset` says whether a 429 carries the
    header that tells when the limit ends, `seconds` how far away that is. `path` is any part of path and query.
    """

    network: str
    kind: str
    handle: str = ""
    path: str = ""
    times: int | None = None
    ms: int = 1500
    seconds: int = 120
    reset: bool = True

    def fits(self, path_and_query: str, subjects: frozenset[str]) -> bool:
        """Return whether this request meets the fault."""
        return (not self.handle or self.handle.lower() in subjects) and self.path in path_and_query


class Passing(Protocol):
    """Anything that happens `times` times, or with None until it is switched off; a dataclass."""

    __dataclass_fields__: ClassVar[dict[str, Any]]

    @property
    def times(self) -> int | None:
        """Return how often it is still to happen."""
        ...


T = TypeVar("T", bound=Passing)


def newest(active: list[T], fits: Callable[[T], bool]) -> T | None:
    """Return the last one that fits and count it down in the list; None when none does."""
    for place in range(len(active) - 1, -1, -1):
        one = active[place]
        if fits(one):
            if one.times is not None and one.times <= 1:
                del active[place]
            elif one.times is not None:
                active[place] = replace(one, times=one.times - 1)
            return one
    return None


class Faults:
    """The faults switched on now; the newest that fits a request acts."""

    def __init__(self, networks: Iterable[str] = ("bluesky", "mastodon", "github")) -> None:
        self._networks = frozenset(networks)
        self._active: list[Fault] = []
        self._latency_ms: dict[str, int] = {}
        self._budget: dict[str, tuple[int, int]] = {}

    def set(
        self,
        network: str,
        kind: str,
        *,
        handle: str = "",
        path: str = "",
        times: int | None = None,
        ms: int | None = None,
        seconds: int = 120,
        reset: bool = True,
    ) -> Fault:
        """Switch a fault on and return it; raises ValueError for an unknown network or kind."""
        self._check(network)
        known = COMMON | OWN.get(network, frozenset())
        if kind not in known:
            raise ValueError(f"unknown fault {kind!r} for {network}; known: {', '.join(sorted(known))}")
        pause = ms if ms is not None else 20 if kind == "drip" else 1500
        fault = Fault(network, kind, handle, path, times, pause, seconds, reset)
        self._active.append(fault)
        return fault

    def clear(self, network: str | None = None) -> None:
        """Switch every fault, latency and budget off, or those of one network."""
        keep = (lambda name: False) if network is None else (lambda name: name != network)
        self._active = [fault for fault in self._active if keep(fault.network)]
        self._latency_ms = {name: ms for name, ms in self._latency_ms.items() if keep(name)}
        self._budget = {name: left for name, left in self._budget.items() if keep(name)}

    def latency(self, network: str, ms: int) -> None:
        """Delay every answer of a network."""
        self._check(network)
        self._latency_ms[network] = ms

    def latency_ms(self, network: str) -> int:
        """Return the delay of a network's answers."""
        return self._latency_ms.get(network, 0)

    def budget(self, network: str, requests: int, seconds: int = 300) -> None:
        """Allow so many requests; after them every answer is a 429 until the budget is set or cleared anew."""
        self._check(network)
        self._budget[network] = (requests, seconds)

    def remaining(self, network: str) -> int | None:
        """Return what is left of a network's budget, None without one."""
        left = self._budget.get(network)
        return None if left is None else left[0]

    def own(self, network: str) -> frozenset[str]:
        """Return the faults that only this network knows."""
        return OWN.get(network, frozenset())

    def active(self) -> tuple[Fault, ...]:
        """Return what is switched on, oldest first."""
        return tuple(self._active)

    def spend(self, network: str) -> Fault | None:
        """Take one request off the budget; return the 429 to answer when nothing is left."""
        if network not in self._budget:
            return None
        left, seconds = self._budget[network]
        if left <= 0:
            return Fault(network, "429", seconds=seconds)
        self._budget[network] = (left - 1, seconds)
        return None

    def take(self, network: str, path_and_query: str, subjects: frozenset[str]) -> Fault | None:
        """Return the newest fault that fits and count it down; None in good weather."""
        return newest(self._active, lambda one: one.network == network and one.fits(path_and_query, subjects))

    def calm(self, network: str) -> bool:
        """Return whether nothing at all is switched on for a network."""
        return not (network in self._latency_ms or network in self._budget or self.any_for(network))

    def any_for(self, network: str) -> bool:
        """Return whether a network has any fault at all: the quick way out."""
        return any(fault.network == network for fault in self._active)

    def _check(self, network: str) -> None:
        if network not in self._networks:
            raise ValueError(f"unknown network {network!r}; known: {', '.join(sorted(self._networks))}")
