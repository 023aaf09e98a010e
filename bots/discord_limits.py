"""Refusals of Discord counted: ten thousand of them in ten minutes, and it answers this address no more."""

from collections import deque
from collections.abc import Callable
from types import SimpleNamespace

import aiohttp

LIMIT, WINDOW = 10_000, 600.0  # refusals and seconds, docs.discord.com/developers/topics/rate-limits
MARGIN = 2_000  # of them never used
_REFUSALS = frozenset({401, 403, 429})


class Refusals:
    """Answers 401, 403 and 429 of the last ten minutes; a 429 shared with others does not count."""

    def __init__(self, seconds: Callable[[], float], *, most: int = LIMIT - MARGIN) -> None:
        self._seconds = seconds
        self._most = most
        self._when: deque[float] = deque(maxlen=LIMIT)

    def note(self, status: int, scope: str = "") -> None:
        """Count an answer if it is a refusal."""
        if status in _REFUSALS and scope != "shared":
            self._when.append(self._seconds())

    @property
    def count(self) -> int:
        """How many there were in ten minutes."""
        while self._when and self._seconds() - self._when[0] > WINDOW:
            self._when.popleft()
        return len(self._when)

    @property
    def many(self) -> bool:
        """Whether nothing must be sent that could be refused."""
        return self.count >= self._most

    def trace(self) -> aiohttp.TraceConfig:
        """Return what the library's HTTP client counts with."""
        config = aiohttp.TraceConfig()

        async def ended(
            session: aiohttp.ClientSession, context: SimpleNamespace, params: aiohttp.TraceRequestEndParams
        ) -> None:
            self.note(params.response.status, params.response.headers.get("X-RateLimit-Scope", ""))

        config.on_request_end.append(ended)
        return config
