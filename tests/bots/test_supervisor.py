"""One failing stops no other; a signal stops all; the web goes last."""

import asyncio
from contextlib import asynccontextmanager

import pytest

from bots.discord_client import DiscordRefused
from bots.supervisor import Held, Supervisor


class Steady:
    """A service that notes what is done to it."""

    def __init__(self, name, deeds, *, fails=None, ends=None, slow=0.0):
        self.name, self._deeds, self._fails, self._ends, self._slow = name, deeds, fails, ends, slow

    async def start(self):
        if self._fails is not None:
            raise self._fails
        self._deeds.append(f"{self.name} up")

    async def stop(self):
        if self._slow:
            await asyncio.sleep(self._slow)
        self._deeds.append(f"{self.name} down")

    async def healthy(self):
        return True

    async def ended(self):
        if self._ends is None:
            await asyncio.Event().wait()
        raise self._ends


REFUSED = DiscordRefused("Discord does not take CLOUT_DISCORD__TOKEN.", 78)


async def ran(services, *, last=(), after=0.02, stop=None):
    said, stop = [], stop or asyncio.Event()
    supervisor = Supervisor(services, last=last, say=said.append, seconds=7)
    asyncio.get_running_loop().call_later(after, stop.set)
    return await supervisor.run(stop), said, supervisor


async def test_a_bad_token_is_one_line_and_the_other_goes_on():
    deeds = []
    code, said, _ = await ran([Steady("discord", deeds, fails=REFUSED), Steady("slack", deeds)])
    assert code == 0
    assert said == ["discord: Discord does not take CLOUT_DISCORD__TOKEN."]
    assert [deed for deed in deeds if deed.startswith("slack")] == ["slack up", "slack down"]


async def test_when_nothing_runs_any_more_the_first_failure_is_the_exit_code():
    deeds = []
    services = [Steady("discord", deeds, fails=REFUSED), Steady("slack", deeds, ends=DiscordRefused("gone", 4))]
    code, said, _ = await ran(services, after=30)
    assert (code, len(said)) == (78, 2)


async def test_one_whose_platform_is_away_is_tried_again_while_another_runs():
    deeds, pauses = [], []

    class Away(Steady):
        async def start(self):
            if len(pauses) < 6:
                raise DiscordRefused("Discord cannot be reached.", 4)
            await super().start()

    async def slept(seconds):
        pauses.append(seconds)

    said, stop = [], asyncio.Event()
    supervisor = Supervisor([Away("discord", deeds), Steady("slack", deeds)], say=said.append, sleep=slept)
    running = asyncio.create_task(supervisor.run(stop))
    async with asyncio.timeout(5):
        while "discord up" not in deeds:
            await asyncio.sleep(0)
    stop.set()
    assert await running == 0
    assert (pauses, said) == ([15, 30, 60, 120, 240, 300], ["discord: Discord cannot be reached."] * 6)


async def test_a_fault_of_one_is_said_without_its_traceback_and_stops_no_other():
    deeds = []
    code, said, _ = await ran([Steady("jobs", deeds, fails=ValueError("secret")), Steady("slack", deeds)])
    assert (code, said) == (0, ["jobs: stopped by a fault of its own; the log has it."])


async def test_the_web_goes_last_and_knows_who_is_up():
    deeds = []
    supervisor = Supervisor([Steady("slack", deeds, slow=0.05), Steady("x", deeds, fails=REFUSED)], say=deeds.append)
    stop = asyncio.Event()
    supervisor = Supervisor(
        [Steady("slack", deeds, slow=0.05), Steady("x", deeds, fails=REFUSED)],
        last=[Steady("web", deeds)],
        say=lambda line: None,
    )
    running = asyncio.create_task(supervisor.run(stop))
    while "slack up" not in deeds:
        await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert {name: await check() for name, check in supervisor.checks().items()} == {"slack": True, "x": False}
    stop.set()
    await running
    assert deeds[-2:] == ["slack down", "web down"]
    assert {name: await check() for name, check in supervisor.checks().items()} == {"slack": False, "x": False}


async def test_what_does_not_stop_in_time_is_left():
    deeds = []
    code, _, _ = await asyncio.wait_for(ran([Steady("slack", deeds, slow=60)]), 5)
    assert code == 0


async def test_a_context_manager_is_a_service():
    deeds = []

    @asynccontextmanager
    async def held():
        deeds.append("in")
        yield 7
        deeds.append("out")

    async def check(seven):
        return seven == 7

    service = Held("x", held, check=check)
    assert not await service.healthy()
    await service.start()
    assert await service.healthy()
    await service.stop()
    assert deeds == ["in", "out"]
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(service.ended(), 0.01)
