"""What may be asked of each network: requests, units and money, counted once for all workers and for each key.

`reserve` sets aside before anything is asked, `settle` corrects it by what was used; `metered` does both around a
lookup. A team's own key has a budget of its own; everything else is spent from the installation's. What is set aside by
a process that died stays counted: never too much is spent. Networks without rules cost nothing here.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from types import MappingProxyType

from sqlalchemy import Connection

from core import figures, spending
from core.allowances import (
    BACKGROUND_SHARE,
    Spent,
    amount,
    begins_itself,
    calendar,
    ends,
    limit_of,
    millionths,
    running,
)
from core.connectors.costs import FREE, Cost, Meter
from core.connectors.resets import Told, told
from core.database import Database
from core.errors import PaymentRequired, QuotaExhausted, RateLimited, SourceError
from core.manifest import BudgetRule, BudgetState, Manifest, Unit, Window
from core.models import Clock
from core.spending import Held, Owner, Short, Take, TooMuch

OwnerOf = Callable[[str, str], Awaitable[str]]
"""Returns whose key a network is read with for a team: the team, or nothing for the installation's."""

_NOTHING: Mapping[str, str] = MappingProxyType({})
_NAMES: Mapping[Window, str] = {
    "minute": "this minute",
    "ten_minutes": "these 10 minutes",
    "quarter_hour": "these 15 minutes",
    "hour": "this hour",
    "rolling_day": "these 24 hours",
    "utc_day": "today",
    "pacific_day": "today",
    "month": "this month",
}


@dataclass(frozen=True, slots=True)
class Reservation:
    """What was set aside for one piece of work."""

    owner: Owner
    needs: Cost = field(default_factory=lambda: FREE)
    held: tuple[Held, ...] = ()
    background: bool = False


async def _installation(network: str, team: str) -> str:
    return ""


class Budgets:
    """Keeps every network's allowances; one for the whole process, and the database makes it one for all processes.

    `given` are the operator's figures by network and setting. Methods raise StoreError when the database refuses.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        manifests: Mapping[str, Manifest],
        given: Mapping[str, Mapping[str, float]],
        owner_of: OwnerOf = _installation,
    ) -> None:
        self._db = database
        self._clock = clock
        self._manifests = manifests
        self._given = given
        self._owner_of = owner_of
        self._heard: dict[Owner, Told] = {}

    async def reserve(self, network: str, team: str, needs: Cost, *, background: bool = False) -> Reservation:
        """Set `needs` aside, all or nothing, where the network declares such units.

        Work in the `background` gets at most 80 % of an allowance. Raises PaymentRequired for money, QuotaExhausted
        for the rest, with `retry_at`, when the allowance does not hold it.
        """
        if not self._rules(network):
            return Reservation((network, ""), background=background)
        empty = Reservation((network, await self._owner_of(network, team)), background=background)
        return await self.extend(empty, needs)

    async def extend(self, reservation: Reservation, more: Cost) -> Reservation:
        """Set more aside for the same work, and return both; raises as `reserve` does."""
        owner = reservation.owner
        takes = [
            Take(rule, millionths(more[rule.unit]), self._figure(owner[0], rule))
            for rule in self._rules(owner[0])
            if rule.unit in more
        ]
        if not takes:
            return reservation
        now = self._clock.now()
        try:
            held = await self._db.write(spending.take, owner, takes, now, reservation.background)
        except TooMuch as refused:
            raise self._error(owner[0], refused.short, now, background=reservation.background) from None
        units = {take.rule.unit for take in takes}
        needs = {**reservation.needs, **{unit: reservation.needs.get(unit, 0) + more[unit] for unit in units}}
        return replace(reservation, needs=needs, held=(*reservation.held, *held))

    async def settle(self, reservation: Reservation, used: Cost, answered: Mapping[str, str] = _NOTHING) -> None:
        """Give back what was not used, or add what was used beyond it.

        `answered` are the lower-cased headers of the last answer, where servers tell how many requests are left.
        """
        network, now = reservation.owner[0], self._clock.now()
        changes = [change for rule in self._rules(network) for change in _difference(rule, reservation, used)]
        figures_told = self._told(reservation.owner, answered, now)
        if changes or figures_told is not None:
            await self._db.write(_settle, reservation.owner, changes, figures_told, now)

    async def told(self, network: str, team: str, *, left: int, resets_at: datetime, limit: int | None = None) -> None:
        """Note what a server says of its window of requests: how many are left until when, and of how many."""
        rule = self._told_rule(network)
        if rule is not None:
            owner = network, await self._owner_of(network, team)
            await self._db.write(spending.tell, owner, rule, limit, left, resets_at, self._clock.now())

    async def refused(self, network: str, team: str, until: datetime) -> None:
        """Note that the network wants no request with this key until then; where it declares allowances."""
        if self._rules(network):
            await self._db.write(spending.refuse, (network, await self._owner_of(network, team)), until)

    async def left(self, network: str, team: str) -> tuple[BudgetState, ...]:
        """Return how much of each of a network's allowances is spent, in the order the network declares them."""
        rules = self._rules(network)
        if not rules:
            return ()
        owner, now = (network, await self._owner_of(network, team)), self._clock.now()
        rows = await self._db.read(spending.rows_of, owner)
        return tuple(_state(rule, self._figure(network, rule), rows, now) for rule in rules)

    @asynccontextmanager
    async def metered(
        self, network: str, team: str, *, background: bool = False, lookups: int = 1
    ) -> AsyncIterator[Meter]:
        """Set the usual need of some lookups aside and yield what counts their requests.

        It is settled at the end, whatever happens: two writes for a whole batch. Raises as `reserve` does, then and
        inside, before a request is sent that the budget does not hold.
        """
        usual: dict[Unit, float] = {}
        for rule in self._rules(network):
            usual[rule.unit] = max(rule.per_lookup * lookups, usual.get(rule.unit, 0))
        kept = await self.reserve(network, team, usual, background=background)

        async def top_up(more: Cost) -> None:
            nonlocal kept
            kept = await self.extend(kept, more)

        meter = Meter(kept.needs, top_up)
        try:
            yield meter
        except (RateLimited, QuotaExhausted, PaymentRequired) as error:
            if not error.ours and error.retry_at is not None:
                await self.refused(network, team, error.retry_at)
            raise
        finally:
            await asyncio.shield(self.settle(kept, meter.spent, meter.answered))

    def _rules(self, network: str) -> tuple[BudgetRule, ...]:
        manifest = self._manifests.get(network)
        return manifest.budgets if manifest is not None else ()

    def _figure(self, network: str, rule: BudgetRule) -> float | None:
        return self._given.get(network, {}).get(rule.setting)

    def _told_rule(self, network: str) -> BudgetRule | None:
        """Return the allowance that a server's headers are about: requests in a window that begins with the first."""
        found = (rule for rule in self._rules(network) if rule.unit == "requests" and begins_itself(rule.window))
        return next(found, None)

    def _told(self, owner: Owner, answered: Mapping[str, str], now: datetime) -> tuple[BudgetRule, Told] | None:
        network = owner[0]
        rule = self._told_rule(network) if answered else None
        stated = told(self._manifests[network].reset_headers, answered, now) if rule is not None else None
        if rule is None or stated is None or not self._is_news(owner, stated):
            return None
        self._heard[owner] = stated
        return rule, stated

    def _is_news(self, owner: Owner, stated: Told) -> bool:
        """Whether a server's figures are worth a write: a new window, or a twentieth of it spent since the last."""
        last = self._heard.get(owner)
        if last is None or stated.limit is None or last.limit != stated.limit:
            return True
        if abs(stated.resets_at - last.resets_at) > timedelta(seconds=5):  # servers that count seconds waver
            return True
        return abs(last.left - stated.left) >= stated.limit / 20

    def _error(self, network: str, short: Short, now: datetime, *, background: bool) -> SourceError:
        kind = PaymentRequired if short.rule is not None and short.rule.unit == "usd" else QuotaExhausted
        words = _refusal(self._manifests[network].label, short, background=background)
        error = kind(network, words, retry_at=max(short.until, now))
        error.ours = True
        return error


def _settle(
    conn: Connection, owner: Owner, changes: Sequence[Held], said: tuple[BudgetRule, Told] | None, now: datetime
) -> None:
    spending.correct(conn, owner, changes)
    if said is not None:
        rule, figures_told = said
        spending.tell(conn, owner, rule, figures_told.limit, figures_told.left, figures_told.resets_at, now)


def _difference(rule: BudgetRule, reservation: Reservation, used: Cost) -> list[Held]:
    """Return by how much what was used differs from what was set aside, given back from the latest window first."""
    held = [one for one in reservation.held if one.rule == rule]
    if not held:
        return []
    change = millionths(used.get(rule.unit, 0)) - sum(one.amount for one in held)
    changes = []
    for one in reversed(held):
        part = max(change, -one.amount)
        if part:
            changes.append(replace(one, amount=part))
        change -= part
    return changes


def _state(rule: BudgetRule, given: float | None, rows: Sequence[Spent], now: datetime) -> BudgetState:
    current = running(rule, rows, now)
    limit, spent = limit_of(rule, given, rows), sum(row.spent for row in current)
    until = max((ends(rule, row) for row in current), default=None)
    if until is None and not begins_itself(rule.window):
        until = calendar(rule.window, now)[1]
    refused = spending.refused_until(rows, now)
    if refused is not None:
        until = max(until or refused, refused)
    left = None if limit is None else max(0, limit - spent) if refused is None else 0
    return BudgetState(
        rule=rule,
        spent=amount(spent),
        limit=None if limit is None else amount(limit),
        left=None if left is None else amount(left),
        resets_at=until,
    )


def _refusal(label: str, short: Short, *, background: bool) -> str:
    """Return why nothing more may be spent; when it is back stands beside it, in the reader's own zone."""
    if short.rule is None:
        return f"{label} asked to be left alone for a while."
    span = _NAMES[short.rule.window]
    whole, left = amount(short.limit), amount(max(0, short.limit - short.spent))
    if background and left > whole * (1 - BACKGROUND_SHARE) - 1e-9 and left > 0:
        return f"{label}: refreshes wait, for the rest of {span} is kept for people who ask."
    if short.rule.unit == "usd":
        kept = f"{label}'s budget for {span} ({figures.dollars(whole)})"
        return (
            f"{kept} is used up."
            if left < 0.005
            else f"{kept} has only {figures.dollars(left)} left, too little for this."
        )
    kept = f"{label}'s {figures.whole(whole)} {short.rule.unit} for {span}"
    return f"{kept} are used up." if left < 1 else f"{kept}: only {figures.whole(left)} left, too few for this."
