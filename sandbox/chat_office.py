"""What the state of every pretend chat server has: the sandbox's loop and clock, and waiting for what others do."""

import asyncio
import functools
import itertools
import time
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar

from sandbox.checks import Violation

if TYPE_CHECKING:
    from sandbox.server import Sandbox

P = ParamSpec("P")
T = TypeVar("T")
S = TypeVar("S", bound="ChatOffice")


def driven(
    method: Callable[Concatenate[S, P], Coroutine[Any, Any, T]],
) -> Callable[Concatenate[S, P], Coroutine[Any, Any, T]]:
    """Run a driver in the sandbox's own loop, from whatever loop it is awaited in."""

    @functools.wraps(method)
    async def run(self: S, /, *args: P.args, **kwargs: P.kwargs) -> T:
        home = self.loop
        if home is asyncio.get_running_loop():
            return await method(self, *args, **kwargs)
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(method(self, *args, **kwargs), home))

    return run


class ChatOffice:
    """A chat server's state beside the sandbox `box`; people and the app act on it from whatever loop they live in.

    `look_every` is how often (seconds) those who wait look again by themselves; None waits to be woken.
    """

    look_every: float | None = None

    def __init__(self, box: "Sandbox") -> None:
        self.box = box
        self.patience = 3.0  # seconds within which the app has to answer an interaction
        self.violations: list[Violation] = []
        self._numbers = itertools.count(1)
        self._waiting: set[asyncio.Future[None]] = set()

    @property
    def origin(self) -> str:
        """Return the sandbox's own address."""
        return self.box.origin

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        """Return the loop the sandbox runs in; raises RuntimeError before it runs."""
        if self.box.loop is None:
            raise RuntimeError("the sandbox is not running: write `async with Sandbox() as box`")
        return self.box.loop

    def seconds(self) -> float:
        """Return the sandbox's moment in epoch seconds."""
        return self.box.clock.now().timestamp()

    def moment(self) -> tuple[float, float]:
        """Return now, on the sandbox's clock and on one that only runs."""
        return self.seconds(), time.monotonic()

    def age(self, born: tuple[float, float]) -> float:
        """Return the seconds since a moment, by whichever clock went further."""
        return max(now - then for now, then in zip(self.moment(), born, strict=True))

    def wake(self) -> None:
        """Let everybody who waits for something look again."""
        if self.box.loop is not None:
            self.box.loop.call_soon_threadsafe(self._wake)

    def _wake(self) -> None:
        for waiting in self._waiting:
            if not waiting.done():
                waiting.set_result(None)

    @driven
    async def until(self, ready: Callable[[], bool], seconds: float = 5.0, what: str = "that") -> None:
        """Wait until something is so; raises TimeoutError naming it."""
        try:
            async with asyncio.timeout(seconds):
                while not ready():
                    waiting: asyncio.Future[None] = asyncio.get_running_loop().create_future()
                    self._waiting.add(waiting)
                    try:
                        await asyncio.wait([waiting], timeout=self.look_every)
                    finally:
                        self._waiting.discard(waiting)
        except TimeoutError as error:
            raise TimeoutError(f"waited {seconds:g} s in vain for {what}") from error
