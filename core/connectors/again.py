"""The second try: which faults and answers deserve one, and how long it waits, within the time a lookup has left."""

import asyncio
from collections.abc import Awaitable, Callable

import stamina
import structlog

from core.connectors.answers import Answer, retry_after_s
from core.connectors.faults import ConnectFailed, HttpError, TimedOut

RETRY_WAIT_S = 0.25  # plus as much again by chance
LONGEST_RETRY_AFTER_S = 2.0  # a server that wants more is not asked again within a lookup
ATTEMPTS = 2

_BUSY = frozenset({502, 503, 504})

_log = structlog.get_logger(__name__)


async def answered(
    send: Callable[[], Awaitable[Answer]], *, pause_s: float, deadline: float | None, network: str, host: str
) -> Answer:
    """Return what `send` brings, called a second time where that may help; raises what `send` raises.

    The wait is `pause_s`, plus as much again by chance, or what a busy server asks for; `deadline` is in the event
    loop's time. `network` and `host` only name whom it was about.
    """
    answer, wait_s = None, None
    try:
        answer = await send()
    except (ConnectFailed, TimedOut) as err:
        if not err.again:
            raise
        worn: HttpError = err
    else:
        if answer.status not in _BUSY:
            return answer
        wait_s = retry_after_s(answer)
        worn = HttpError(f"HTTP {answer.status}")
    longest = 2 * pause_s if wait_s is None else wait_s
    in_time = deadline is None or asyncio.get_running_loop().time() + longest < deadline
    if in_time and (wait_s is None or wait_s <= LONGEST_RETRY_AFTER_S):
        _log.debug("second try", network=network, host=host, reason=str(worn))
        return await _twice(send, worn, pause_s, wait_s)
    if answer is None:
        raise worn
    return answer


async def _twice(
    send: Callable[[], Awaitable[Answer]], worn: HttpError, pause_s: float, wait_s: float | None
) -> Answer:
    """Send once more after a jittered wait; stamina is entered only here, so a good answer does not pay for it."""
    # A failing network is said once, by those who know what it means, not at every retry.
    stamina.instrumentation.set_on_retry_hooks(())
    async for attempt in stamina.retry_context(
        on=lambda _: True if wait_s is None else wait_s,
        attempts=ATTEMPTS,
        timeout=None,
        wait_initial=pause_s,
        wait_max=2 * pause_s,
        wait_jitter=pause_s,
    ):
        with attempt:
            if attempt.num == 1:
                raise worn
            return await send()
    raise worn  # pragma: no cover - stamina raises the last failure itself
