"""One at a time goes on, in order; whoever only waits gives its place up, and none is ever given back twice."""

import asyncio
from types import SimpleNamespace

import pytest

from bots.slack_work import Deed, Work
from bots.turnstile import Turnstile
from core.card import Card, line
from core.commands import parse


async def test_one_at_a_time_in_order():
    inside, most, order = 0, 0, []
    stile = Turnstile(longest=60)

    async def work(number):
        nonlocal inside, most
        async with stile.turn():
            inside += 1
            most = max(most, inside)
            await asyncio.sleep(0)
            order.append(number)
            inside -= 1

    await asyncio.gather(*(work(number) for number in range(5)))
    assert most == 1
    assert order == list(range(5))


async def test_who_waits_for_a_network_gives_its_place_up_once():
    stile, network = Turnstile(longest=0), asyncio.Event()
    entered = []

    async def work(number):
        async with stile.turn():
            entered.append(number)
            await network.wait()

    tasks = [asyncio.create_task(work(number)) for number in range(3)]
    while len(entered) < 3:  # all get in although none is done
        await asyncio.sleep(0)
    network.set()
    await asyncio.gather(*tasks)
    tight = Turnstile(longest=0)
    async with tight.turn():
        await asyncio.sleep(0)
        await asyncio.sleep(0)  # the place was given back meanwhile, and is not a second time at the end
    assert tight._slots._value == 1


async def test_a_failure_gives_the_place_back():
    stile = Turnstile(longest=60)
    for _ in range(2):
        try:
            async with stile.turn():
                raise ValueError
        except ValueError:
            pass
    async with asyncio.timeout(1), stile.turn():
        pass


class Heard:
    """An answer that writes down what it is asked to show; `told` is set by a line."""

    shares = False

    def __init__(self):
        self.said, self.told = [], asyncio.Event()

    async def line(self, words):
        self.said.append(words)
        self.told.set()

    async def card(self, card, **how):
        self.said.append("the card")


@pytest.fixture
def at_work(monkeypatch):
    """A Work whose commands wait for `go`, a deed, and what it shows."""
    work = Work(SimpleNamespace(clock=None), reference=lambda: "7f3a", patience=0.0)
    go = asyncio.Event()

    async def card(deed, invocation):
        await go.wait()
        return Card(kind="score", title=line("x"), blocks=())

    monkeypatch.setattr(work, "_card", card)
    heard = Heard()
    return work, Deed("t", "T1", "U1", None, heard), heard, go


async def test_who_stands_in_line_for_long_is_told_that_we_look(at_work, monkeypatch):
    monkeypatch.setattr("bots.slack_work.IN_LINE", 0.0)
    work, deed, heard, go = at_work
    work._turnstile = Turnstile(longest=60)
    async with asyncio.timeout(5), work._turnstile.turn():  # somebody else is at it
        asking = asyncio.create_task(work.ran(deed, parse("@glow")))
        await heard.told.wait()
    go.set()
    await asking
    assert heard.said == ["Looking up @\u200bglow …", "the card"]


async def test_who_is_answered_in_time_is_told_nothing_else(at_work):
    work, deed, heard, go = at_work
    work.patience = 60.0
    go.set()
    await work.ran(deed, parse("@glow"))
    async with asyncio.timeout(5):
        async with work._turnstile.turn():
            asking = asyncio.create_task(work.ran(deed, parse("@glow")))
            await asyncio.sleep(0)
        await asking
    assert heard.said == ["the card", "the card"]


async def test_after_a_short_wait_in_line_patience_is_as_ever(at_work):
    work, deed, heard, go = at_work
    async with asyncio.timeout(5):
        async with work._turnstile.turn():
            asking = asyncio.create_task(work.ran(deed, parse("@glow")))
            await asyncio.sleep(0)
        await heard.told.wait()  # at once, not after the 1.5 s of a line
        go.set()
        await asking
    assert len(heard.said) == 2
