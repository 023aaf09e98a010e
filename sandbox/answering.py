"""How a question to a network is answered: noted, in good or bad weather, its limits counted down."""

import asyncio
from collections import Counter, deque
from collections.abc import Mapping

from sandbox import weather
from sandbox.asgi import Send, send_answer
from sandbox.clock import MovableClock
from sandbox.faults import Fault, Faults
from sandbox.protocol import whole_response
from sandbox.wire import Answer, Ask, Network

CACHE_BYTES = 64 * 1024 * 1024


class Requests:
    """What the sandbox was asked: the last 50,000 requests, and a count per network."""

    def __init__(self) -> None:
        self.log: deque[Ask] = deque(maxlen=50_000)
        self._counts: Counter[str] = Counter()

    def add(self, ask: Ask) -> None:
        """Note one request."""
        self.log.append(ask)
        self._counts[ask.network] += 1

    def count(self, network: str | None = None, path: str = "") -> int:
        """Return how many requests came; with `path` only the noted ones that hold it in path or query."""
        if path:
            return len(self.paths(network, path))
        return self._counts.total() if network is None else self._counts[network]

    def paths(self, network: str | None = None, path: str = "") -> list[str]:
        """Return path and query of the noted requests, oldest first."""
        noted = (f"{ask.path}?{ask.query}" if ask.query else ask.path for ask in self.of(network))
        return [text for text in noted if path in text]

    def of(self, network: str | None = None) -> list[Ask]:
        """Return the noted requests, oldest first."""
        return [ask for ask in self.log if network in (None, ask.network)]

    def clear(self) -> None:
        """Forget everything."""
        self.log.clear()
        self._counts.clear()


class HangUp(Exception):
    """The connection is to end here and now."""


class Answering:
    """Puts questions to the networks; answers that take their time end with `stopping`."""

    def __init__(self, networks: Mapping[str, Network], clock: MovableClock, stopping: asyncio.Event) -> None:
        self.faults = Faults(networks)
        self.requests = Requests()
        self._networks = networks
        self._clock = clock
        self._stopping = stopping
        self._cache: dict[tuple[str, str], Answer] = {}
        self._cache_minute = -1
        self._cache_size = 0
        self._spent: Counter[str] = Counter()

    def at_once(self, target: str, headers: tuple[tuple[bytes, bytes], ...]) -> bytes | None:
        """Return the whole response of a network in good weather; None for everything else."""
        path, _, query = target.partition("?")
        name, _, rest = path.lstrip("/").partition("/")
        network = self._networks.get(name)
        if network is None or not self.faults.calm(name):
            return None
        ask = Ask(name, "GET", rest, query, headers)
        self.requests.add(ask)
        answer = network.finish(ask, self.answer(network, ask))
        return whole_response(answer.status, answer.wire_headers + self._meter(network, ask), answer.body)

    async def play(self, network: Network, ask: Ask, send: Send) -> None:
        """Send what a network says in today's weather; raises HangUp where the weather ends the connection."""
        self.requests.add(ask)
        if delay := self.faults.latency_ms(ask.network):
            await asyncio.sleep(delay / 1000)
        fault = self._fault(network, ask)
        if fault is None:
            answer = network.finish(ask, self.answer(network, ask))
            await send_answer(send, answer, self._meter(network, ask))
            return
        await self._storm(network, ask, fault, send)

    def _fault(self, network: Network, ask: Ask) -> Fault | None:
        if self.faults.any_for(ask.network):
            fault = self.faults.take(ask.network, f"{ask.path}?{ask.query}", network.subjects(ask))
            if fault is not None:
                return fault
        return self.faults.spend(ask.network)

    async def _storm(self, network: Network, ask: Ask, fault: Fault, send: Send) -> None:
        if fault.kind == "timeout":
            await self._stopping.wait()
            raise HangUp
        elif fault.kind == "huge":
            await weather.send_huge(send)
        elif fault.kind == "truncated":
            await weather.send_truncated(send, self.answer(network, ask))
        elif fault.kind == "drip":
            await weather.send_dripping(send, self.answer(network, ask), fault.ms, self._stopping)
        elif fault.kind == "disconnect":
            raise HangUp
        else:
            if fault.kind == "slow":
                await asyncio.sleep(fault.ms / 1000)
            answer = self._stormy(network, ask, fault)
            await send_answer(send, answer, self._meter(network, ask) if answer.status == 200 else [])

    def _stormy(self, network: Network, ask: Ask, fault: Fault) -> Answer:
        if fault.kind == "429":
            return network.limited(fault, ask, int(self._clock.now().timestamp()) + fault.seconds)
        if fault.kind.isdigit():
            return network.broken(int(fault.kind), ask)
        if fault.kind == "bomb":
            return weather.bomb()
        here = f"{network.origin}/{ask.network}/{ask.path}" + (f"?{ask.query}" if ask.query else "")
        if (answer := weather.redirected(fault.kind, here)) is not None:
            return answer
        paged = weather.paged(network, ask, fault.kind)
        if isinstance(paged, Answer):
            return paged
        if paged is not None:
            return self.answer(network, paged)
        own = network.special(ask, fault) if fault.kind in self.faults.own(ask.network) else None
        good = own or network.finish(ask, self.answer(network, ask))
        return weather.transformed(fault.kind, good) or good

    def _meter(self, network: Network, ask: Ask) -> list[tuple[bytes, bytes]]:
        """Return the rate-limit headers, counting down as a real server would."""
        limit = network.limit(ask)
        self._spent[network.name] += 1
        left = self.faults.remaining(network.name)
        remaining = left if left is not None else max(1, limit - self._spent[network.name] % limit)
        reset = (self._clock.minute() // 5 + 1) * 300
        return [(name.encode(), value.encode()) for name, value in network.meter(remaining, limit, reset)]

    def answer(self, network: Network, ask: Ask) -> Answer:
        """Return the good-weather answer, made once a minute of the sandbox's clock."""
        minute = self._clock.minute()
        if minute != self._cache_minute or self._cache_size > CACHE_BYTES:
            self._cache, self._cache_minute, self._cache_size = {}, minute, 0
        key = (ask.network, network.cache_key(ask))
        found = self._cache.get(key)
        if found is None:
            found = network.answer(ask)
            self._cache[key] = found
            self._cache_size += len(found.body)
        return found
