"""Two processes with one token: one answers, the other waits, and takes over when the first is gone or frozen."""

import asyncio
from datetime import timedelta

import pytest

from bots.standby import MOST_FAILED, Standby, lease_of
from core.database import open_database
from core.errors import CloutError, StoreError
from core.leases import LEASE, Leases
from tests.core.stored_readings import HandClock

LEASED = lease_of("discord", "a token")


class Front:
    name = "discord"

    def __init__(self):
        self.up = False
        self.greeted = []
        self.over = asyncio.get_running_loop().create_future()

    async def start(self):
        self.up = True

    async def stop(self):
        self.up = False

    async def healthy(self):
        return self.up

    async def ended(self):
        await asyncio.shield(self.over)


@pytest.fixture
async def database(tmp_path):
    async with open_database(f"sqlite:///{tmp_path}/clout.db") as opened:
        yield opened


class Waker:
    """Sleeps until the test lets time pass."""

    def __init__(self):
        self.turn = asyncio.Event()

    async def sleep(self, seconds):
        await self.turn.wait()
        self.turn.clear()


async def until(true):
    async with asyncio.timeout(20):
        while not true():
            await asyncio.sleep(0.005)


def standby(database, clock, who):
    front, waker = Front(), Waker()
    made = Standby(front, Leases(database, clock, who), LEASED, up=front.greeted.append, sleep=waker.sleep)
    return made, front, waker


async def test_one_answers_and_the_other_takes_over(database):
    clock = HandClock()
    one, first, _ = standby(database, clock, "one")
    other, second, waker = standby(database, clock, "other")
    await one.start()
    await until(lambda: first.up)
    await other.start()
    await asyncio.sleep(0.05)
    assert (second.up, second.greeted, await other.healthy()) == (False, [], True)
    await one.stop()
    assert not first.up
    waker.turn.set()
    await until(lambda: second.greeted == ["discord"])
    await other.stop()


async def test_one_that_was_frozen_falls_silent(database):
    clock = HandClock()
    one, first, slow = standby(database, clock, "one")
    await one.start()
    await until(lambda: first.up)
    clock.moment += LEASE + timedelta(seconds=1)
    assert await Leases(database, clock, "other").hold(LEASED)

    slow.turn.set()  # one look is enough: the lease is another's
    await until(lambda: not first.up)
    await one.stop()


async def test_a_database_that_is_away_is_borne_for_less_than_a_lease(database, monkeypatch):
    one, first, waker = standby(database, HandClock(), "one")
    await one.start()
    await until(lambda: first.up)

    async def away(self, lease):
        raise StoreError("The database cannot be reached.")

    monkeypatch.setattr(Leases, "hold", away)
    for _ in range(MOST_FAILED):
        assert first.up
        waker.turn.set()
        await until(lambda: not waker.turn.is_set())
        await asyncio.sleep(0.02)
    assert not first.up
    await one.stop()


async def test_a_front_that_ends_says_why(database):
    one, first, _ = standby(database, HandClock(), "one")
    await one.start()
    await until(lambda: first.up)
    first.over.set_exception(CloutError("The token was taken away."))
    with pytest.raises(CloutError, match="taken away"):
        await one.ended()
    assert not first.up
    await one.stop()


def test_the_lease_hides_the_token():
    assert "token" not in LEASED
    assert lease_of("discord", "another") != LEASED
