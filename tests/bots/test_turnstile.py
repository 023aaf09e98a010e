"""One at a time goes on, in order; whoever only waits gives its place up, and none is ever given back twice."""

import asyncio

from bots.turnstile import Turnstile


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
