"""Work beside acknowledgements: at once in quiet times, in line in a crowd, and all of it ends at a stop."""

import asyncio
from datetime import UTC, datetime, timedelta

from structlog.testing import capture_logs

from bots.running import FAREWELL, KEPT, STOP_SECONDS, Running, Seen
from bots.supervisor import SERVICE_SECONDS


class Hand:
    moment = datetime(2026, 3, 2, tzinfo=UTC)

    def now(self):
        return self.moment


def test_an_id_is_new_once_until_it_is_forgotten():
    clock = Hand()
    seen = Seen(clock, most=3)
    assert [seen.first(name) for name in ("a", "a", None, "")] == [True, False, True, True]
    clock.moment += KEPT + timedelta(seconds=1)
    assert seen.first("a")
    assert [seen.first(name) for name in "bcdea"] == [True] * 5


async def busy(count, done, *, most):
    """Begin so many pieces of work at once; return the most that ran side by side."""
    running, now, peak = Running(), 0, 0

    async def work(number):
        nonlocal now, peak
        now += 1
        peak = max(peak, now)
        await asyncio.sleep(0.001)
        now -= 1
        done.append(number)

    for number in range(count):
        running.begin(work(number))
    assert len(running) == count
    async with asyncio.timeout(5):
        while len(running):
            await asyncio.sleep(0.001)
    assert peak <= most
    return running


async def test_few_at_once_all_run_and_a_crowd_waits_in_line():
    done = []
    await busy(5, done, most=5)
    assert done == list(range(5))
    await busy(40, done, most=8)
    assert done[5:] == list(range(40))


async def test_who_waits_for_a_network_holds_nobody_up():
    running, ended = Running(), []

    async def long():
        await asyncio.sleep(30)

    async def short():
        ended.append(1)

    for _ in range(20):
        running.begin(long())
    running.begin(short())
    async with asyncio.timeout(5):
        while not ended:
            await asyncio.sleep(0.01)
    await running.stop(0)
    assert len(running) == 0


async def test_at_a_stop_those_in_line_begin_and_say_goodbye():
    running, said = Running(), []

    async def work():
        try:
            await asyncio.sleep(30)
        except asyncio.CancelledError:
            said.append("goodbye")
            raise

    for _ in range(30):
        running.begin(work())
    await running.stop(0.05)
    assert (len(said), len(running)) == (30, 0)


async def test_what_fails_is_logged_and_the_line_goes_on():
    running, done = Running(), []

    async def broken():
        raise RuntimeError("x")

    async def work():
        done.append(1)

    with capture_logs() as logged:
        for _ in range(15):
            running.begin(broken())
        running.begin(work())
        await running.stop(5)
    assert done == [1]
    assert len([one for one in logged if one["log_level"] == "error"]) == 15


def test_whoever_waits_hears_of_the_end_before_the_service_is_cut_short():
    assert STOP_SECONDS + FAREWELL < SERVICE_SECONDS
