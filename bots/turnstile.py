"""Lets few at a time go on with their work in the event loop, so that a crowd of it does not keep answers waiting.

Every acknowledgement needs a few rounds of the loop, and each round runs a piece of whatever is ready. At 200 commands
a second the 99th percentile of Slack's acknowledgements was 2.1 to 2.5 times a bare app's without a turnstile, and 1.4
behind it (benchmarks/bench_slack.py).
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

AT_ONCE = 1  # the work is processor time: a second one at once would make both late
LONGEST = 0.01  # seconds, what a card takes; whoever takes longer waits for a network and is in nobody's way


class Turnstile:
    """Admits `at_once`, each until it is done or `longest` seconds have passed, and the others in their order."""

    def __init__(self, at_once: int = AT_ONCE, longest: float = LONGEST) -> None:
        self._slots = asyncio.Semaphore(at_once)
        self._longest = longest

    @property
    def busy(self) -> bool:
        """Whether whoever comes now has to wait."""
        return self._slots.locked()

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Wait for a turn, and hold it for the body as long as one may."""
        await self._slots.acquire()
        held = True

        def give_back() -> None:
            nonlocal held
            if held:
                held = False
                self._slots.release()

        timer = asyncio.get_running_loop().call_later(self._longest, give_back)
        try:
            yield
        finally:
            timer.cancel()
            give_back()
