"""Who is next at one network: people who ask go before refreshes, and refreshes take few connections."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

BACKGROUND_AT_ONCE = 8  # refreshes asking one network side by side


class _Gate:
    def __init__(self, at_once: int) -> None:
        self.asking = 0
        self.quiet = asyncio.Event()
        self.quiet.set()
        self.room = asyncio.Semaphore(at_once)


class Turns:
    """The order at every network; one for the whole process, shared by lookups and refreshes."""

    def __init__(self, at_once: int = BACKGROUND_AT_ONCE) -> None:
        self._gates: defaultdict[str, _Gate] = defaultdict(lambda: _Gate(at_once))

    @asynccontextmanager
    async def live(self, network: str) -> AsyncIterator[None]:
        """Ask for somebody who waits: at once; no refresh begins meanwhile."""
        gate = self._gates[network]
        gate.asking += 1
        gate.quiet.clear()
        try:
            yield
        finally:
            gate.asking -= 1
            if not gate.asking:
                gate.quiet.set()

    @asynccontextmanager
    async def background(self, network: str) -> AsyncIterator[None]:
        """Ask for nobody in particular: when nobody waits at this network, and few others ask."""
        gate = self._gates[network]
        async with gate.room:
            while gate.asking:
                await gate.quiet.wait()
            yield
