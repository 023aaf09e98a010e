"""What requests cost: counted here request by request, and asked for before more is spent than was set aside."""

from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType

from core.manifest import Unit

Cost = Mapping[Unit, float]
"""How much of each unit; units that the network's manifest does not declare are counted and limit nothing."""

FREE: Cost = MappingProxyType({})

TopUp = Callable[[Cost], Awaitable[None]]
"""Sets more aside; raises QuotaExhausted or PaymentRequired when the budget does not hold it."""


class Meter:
    """Counts what one lookup spends.

    `held` was set aside before; what goes beyond it is asked of `top_up`, which may refuse. Without a `top_up` nothing
    limits. `answered` are the headers of the last answer, lower-cased, where servers tell what they counted.
    """

    __slots__ = ("_held", "_top_up", "answered", "spent")

    def __init__(self, held: Cost = FREE, top_up: TopUp | None = None) -> None:
        self._held: dict[Unit, float] = dict(held)
        self._top_up = top_up
        self.spent: dict[Unit, float] = {}
        self.answered: Mapping[str, str] = {}

    async def charge(self, cost: Cost) -> None:
        """Count one request and its `cost` before it is sent; raises QuotaExhausted or PaymentRequired."""
        taken = {**cost, "requests": cost.get("requests", 1)}
        await self.afford(taken)
        self._add(taken, 1)

    async def afford(self, cost: Cost) -> None:
        """See that `cost` can be spent, without spending it; raises QuotaExhausted or PaymentRequired.

        A connector that would pay for a profile in vain when its posts are not affordable asks here first.
        """
        if self._top_up is None:
            return
        short: dict[Unit, float] = {}
        for unit, amount in cost.items():
            missing = self.spent.get(unit, 0) + amount - self._held.get(unit, 0)
            if missing > 1e-9:  # sums of cents are not exact
                short[unit] = missing
        if short:
            await self._top_up(short)
            for unit, amount in short.items():
                self._held[unit] = self._held.get(unit, 0) + amount

    def refund(self, cost: Cost) -> None:
        """Take back what was charged and not used: an answer with fewer paid objects than asked for."""
        self._add(cost, -1)

    def _add(self, cost: Cost, sign: int) -> None:
        for unit, amount in cost.items():
            self.spent[unit] = max(0, self.spent.get(unit, 0) + sign * amount)
