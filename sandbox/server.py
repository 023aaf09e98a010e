"""The sandbox on a loopback port: `async with Sandbox() as box`, or `with Sandbox.in_thread() as box`."""

import asyncio
import threading
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from uvicorn.config import Config
from uvicorn.server import ServerState

from sandbox import reddit, twitch, weather, youtube
from sandbox.blog import Blog
from sandbox.bluesky import Bluesky
from sandbox.clock import MovableClock
from sandbox.control import control_app
from sandbox.faults import Fault, Faults
from sandbox.github import GitHub
from sandbox.linkedin import LinkedIn
from sandbox.mastodon import Mastodon
from sandbox.meta import Facebook, Instagram
from sandbox.oauth import OAuthServer
from sandbox.pinterest import Pinterest
from sandbox.protocol import QuietProtocol, whole_response
from sandbox.reddit import Reddit
from sandbox.threads import Threads
from sandbox.tiktok import TikTok
from sandbox.twitch import Twitch
from sandbox.wikidata import Wikidata
from sandbox.wire import Answer, Ask, Network
from sandbox.world import World
from sandbox.x import X
from sandbox.youtube import YouTube

if TYPE_CHECKING:
    from sandbox.discord import Discord
    from sandbox.slack import Slack

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
AsgiApp = Callable[[Scope, Receive, weather.Send], Awaitable[None]]

KEYS = {"youtube": {"api_key": youtube.KEY}, "twitch": {"client_id": twitch.CLIENT_ID, "client_secret": twitch.SECRET}}
KEYS |= {name: dict(of.keys) for name, of in (("instagram", Instagram), ("facebook", Facebook))}
KEYS["reddit"] = {"client_id": reddit.CLIENT_ID, "client_secret": reddit.SECRET, "username": reddit.USERNAME}
_ON = {"enabled": "true"}
SWITCHES = {"reddit": _ON, "wikidata": _ON}  # beside a key: what is off until the operator says otherwise
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


class _HangUp(Exception):
    """The connection is to end here and now."""


class Sandbox:
    """A pretend internet on 127.0.0.1.

    With a `start` the clock stands still there and the world is built around that day; without one it runs with the
    machine's clock. Signals are left to the host program. `crowd` adds plain accounts for load,
    with `crowd_rate` posts a week. With a folder of `contracts` what the chat servers get is judged by its schemas too.
    """

    def __init__(
        self,
        seed: int = 20,
        start: datetime | None = None,
        *,
        port: int = 0,
        crowd: int = 0,
        crowd_rate: float | None = None,
        contracts: Path | None = None,
    ) -> None:
        self.clock = MovableClock(start)
        self.world = World(seed, self.clock.now(), crowd, crowd_rate)
        self.networks: dict[str, Network] = {
            "bluesky": Bluesky(self.world, self.clock),
            "mastodon": Mastodon(self.world, self.clock),
            "github": GitHub(self.world, self.clock),
            "youtube": YouTube(self.world, self.clock),
            "x": X(self.world, self.clock),
            "blog": Blog(self.world, self.clock),
            "instagram": Instagram(self.world, self.clock),
            "facebook": Facebook(self.world, self.clock),
            "threads": Threads(self.world, self.clock),
            "linkedin": LinkedIn(self.world, self.clock),
            "tiktok": TikTok(self.world, self.clock),
            "pinterest": Pinterest(self.world, self.clock),
            "wikidata": Wikidata(self.world, self.clock),
        }
        streams = self.networks["twitch"] = Twitch(self.world, self.clock)
        boards = self.networks["reddit"] = Reddit(self.world, self.clock)
        self.faults = Faults(self.networks)
        self.requests = Requests()
        self._mounts: dict[str, AsgiApp] = {"_sandbox": control_app(self)}
        self._mounts |= {"twitch-id": streams.sign_in, "reddit-id": boards.sign_in}
        signing = {name: getattr(network, "oauth", None) for name, network in self.networks.items()}
        self.oauth = {name: server for name, server in signing.items() if isinstance(server, OAuthServer)}
        """Where owners let Clout in, by network."""
        self._mounts |= {f"{name}-id": server.app for name, server in self.oauth.items()}
        self._cache: dict[tuple[str, str], Answer] = {}
        self._cache_minute = -1
        self._cache_size = 0
        self._spent: Counter[str] = Counter()
        self._port = port
        self._server: asyncio.Server | None = None
        self._state = ServerState()
        self.stopping = asyncio.Event()
        self.loop: asyncio.AbstractEventLoop | None = None
        self._contracts = contracts
        self._slack: Slack | None = None
        self._discord: Discord | None = None

    # --- addresses ------------------------------------------------------------------------------------------------

    @property
    def port(self) -> int:
        """Return the port it listens on."""
        return self._port

    @property
    def origin(self) -> str:
        """Return scheme, host and port."""
        return f"http://127.0.0.1:{self._port}"

    def url(self, network: str) -> str:
        """Return a network's base URL in the form its setting wants; Mastodon's holds `{instance}`."""
        forms = {"bluesky": "/bluesky/xrpc/", "mastodon": "/mastodon/{instance}/api/v1/", "github": "/github"}
        forms |= {"x": "/x/2/", "blog": "/blog/{instance}/"}
        return self.origin + forms.get(network, f"/{network}/")

    def env(self) -> dict[str, str]:
        """Return the settings that point Clout at this sandbox; networks that want a key stay off without one."""
        addresses = {f"CLOUT_{name.upper()}__BASE_URL": self.url(name) for name in self.networks}
        addresses["CLOUT_TWITCH__AUTH_URL"] = f"{self.origin}/twitch-id/oauth2/token"
        addresses["CLOUT_REDDIT__AUTH_URL"] = f"{self.origin}/reddit-id/api/v1/access_token"
        addresses |= {f"CLOUT_{name.upper()}__AUTH_URL": f"{self.origin}/{name}-id" for name in self.oauth}
        return addresses

    def keys(self, *networks: str) -> dict[str, str]:
        """Return the settings that hold the keys which these networks, or all of them, take here."""
        named = networks or (*KEYS, *(name for name in self.oauth if name not in KEYS))
        apps = {name: server.settings for name, server in self.oauth.items()}
        held = {name: {**KEYS.get(name, {}), **SWITCHES.get(name, {}), **apps.get(name, {})} for name in named}
        return {
            f"CLOUT_{name.upper()}__{key.upper()}": value for name, own in held.items() for key, value in own.items()
        }

    @property
    def slack(self) -> "Slack":
        """Return the pretend Slack, made on first use."""
        if self._slack is None:
            from sandbox.slack import Slack  # only who talks Slack loads it

            self._slack = Slack(self, self._contracts)
            self.mount("slack", self._slack.app)
        return self._slack

    def slack_env(self, *, install: bool = False) -> dict[str, str]:
        """Return the settings that point Clout at the pretend Slack; `install`: without a bot token, by OAuth."""
        slack = self.slack
        values = {"API_URL": f"{self.origin}/slack/api/", "SIGNING_SECRET": slack.signing_secret}
        if install:
            values |= {"CLIENT_ID": slack.client_id, "CLIENT_SECRET": slack.client_secret}
            values["AUTHORIZE_URL"] = f"{self.origin}/slack/oauth/v2/authorize"
        else:
            values |= {"BOT_TOKEN": slack.bot_token, "APP_TOKEN": slack.app_token}
        return {f"CLOUT_SLACK__{name}": value for name, value in values.items()}

    @property
    def discord(self) -> "Discord":
        """Return the pretend Discord, made on first use."""
        if self._discord is None:
            from sandbox.discord import Discord  # only who talks Discord loads it

            self._discord = Discord(self, self._contracts)
            for name in ("api", "gateway", "attachments"):
                self.mount(name, self._discord.app)
        return self._discord

    def discord_env(self) -> dict[str, str]:
        """Return the settings that point Clout at the pretend Discord."""
        values = {"TOKEN": self.discord.token, "API_URL": f"{self.origin}/api/v10"}
        values["GATEWAY_URL"] = self.discord.gateway.address
        return {f"CLOUT_DISCORD__{name}": value for name, value in values.items()}

    def mount(self, name: str, app: AsgiApp) -> None:
        """Serve another ASGI application under `/name`."""
        self._mounts[name] = app

    # --- running --------------------------------------------------------------------------------------------------

    async def __aenter__(self) -> Self:
        """Listen; the port is known afterwards."""
        config = Config(
            self._serve,
            interface="asgi3",
            lifespan="off",
            http=QuietProtocol,
            log_config=None,
            access_log=False,
            proxy_headers=False,
            timeout_keep_alive=75,
        )
        config.load()
        loop = self.loop = asyncio.get_running_loop()

        def connect() -> QuietProtocol:
            return QuietProtocol(self._express, config=config, server_state=self._state, app_state={})

        self._server = await loop.create_server(connect, "127.0.0.1", self._port, backlog=2048)
        self._port = int(self._server.sockets[0].getsockname()[1])
        self.stopping.clear()
        for network in self.networks.values():
            network.origin = self.origin
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop: hanging answers end, connections close, no task is left behind."""
        self.stopping.set()
        assert self._server is not None, "entered before"
        self._server.close()
        tasks = list(self._state.tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for connection in list(self._state.connections):
            connection.shutdown()
            if (transport := getattr(connection, "transport", None)) is not None:
                transport.abort()
        await self._server.wait_closed()
        await asyncio.sleep(0)  # aborted connections report their end in the next turn of the loop
        self._server = self.loop = None

    @classmethod
    @contextmanager
    def in_thread(
        cls,
        seed: int = 20,
        start: datetime | None = None,
        *,
        port: int = 0,
        crowd: int = 0,
        crowd_rate: float | None = None,
        contracts: Path | None = None,
    ) -> Iterator[Self]:
        """Run in a background thread with a loop of its own, for programs that have none."""
        box = cls(seed, start, port=port, crowd=crowd, crowd_rate=crowd_rate, contracts=contracts)
        ready = threading.Event()
        held: dict[str, Any] = {}

        async def live() -> None:
            held["loop"], held["stop"] = asyncio.get_running_loop(), asyncio.Event()
            async with box:
                ready.set()
                await held["stop"].wait()

        def run() -> None:
            try:
                asyncio.run(live())
            except OSError as error:
                held["error"] = error
            finally:
                ready.set()

        thread = threading.Thread(target=run, name="sandbox", daemon=True)
        thread.start()
        ready.wait()
        if "error" in held:
            raise held["error"]
        try:
            yield box
        finally:
            held["loop"].call_soon_threadsafe(held["stop"].set)
            thread.join()

    # --- one request ----------------------------------------------------------------------------------------------

    async def _serve(self, scope: Scope, receive: Receive, send: weather.Send) -> None:
        raw: bytes = scope.get("raw_path") or scope["path"].encode()
        first, _, rest = raw.split(b"?")[0].decode("latin-1").lstrip("/").partition("/")
        network = self.networks.get(first)
        if network is None or scope["type"] != "http":
            await self._until_stopped(self._elsewhere(first, rest, scope, receive, send), scope)
            return
        body = await _body(receive) if scope["method"] == "POST" else b""
        ask = Ask(first, scope["method"], rest, scope["query_string"].decode("latin-1"), tuple(scope["headers"]), body)
        self.requests.add(ask)
        try:
            await self._until_stopped(self._play(network, ask, send), scope)
        except _HangUp:
            scope["state"]["hang_up"]()
            await asyncio.sleep(0)  # the protocol learns of it in the next turn of the loop

    async def _until_stopped(self, work: Awaitable[None], scope: Scope) -> None:
        """Do the work; when the sandbox ends in the middle of it, hang up without a word in the log."""
        try:
            await work
        except asyncio.CancelledError:
            if not self.stopping.is_set():
                raise
            scope["state"]["hang_up"]()

    def _express(self, target: str, headers: tuple[tuple[bytes, bytes], ...]) -> bytes | None:
        """Return the whole response of a network in good weather; None for everything else."""
        path, _, query = target.partition("?")
        name, _, rest = path.lstrip("/").partition("/")
        network = self.networks.get(name)
        if network is None or not self.faults.calm(name):
            return None
        ask = Ask(name, "GET", rest, query, headers)
        self.requests.add(ask)
        answer = network.finish(ask, self.answer(network, ask))
        return whole_response(answer.status, answer.wire_headers + self._meter(network, ask), answer.body)

    async def _elsewhere(self, first: str, rest: str, scope: Scope, receive: Receive, send: weather.Send) -> None:
        app = self._mounts.get(first)
        if app is None:
            if scope["type"] == "http":
                await weather.send_answer(send, Answer(404, b"nothing here", (("content-type", "text/plain"),)), [])
            return
        await app({**scope, "path": f"/{rest}", "raw_path": f"/{rest}".encode(), "root_path": ""}, receive, send)

    async def _play(self, network: Network, ask: Ask, send: weather.Send) -> None:
        if delay := self.faults.latency_ms(ask.network):
            await asyncio.sleep(delay / 1000)
        fault = self._fault(network, ask)
        if fault is None:
            answer = network.finish(ask, self.answer(network, ask))
            await weather.send_answer(send, answer, self._meter(network, ask))
            return
        await self._storm(network, ask, fault, send)

    def _fault(self, network: Network, ask: Ask) -> Fault | None:
        if self.faults.any_for(ask.network):
            fault = self.faults.take(ask.network, f"{ask.path}?{ask.query}", network.subjects(ask))
            if fault is not None:
                return fault
        return self.faults.spend(ask.network)

    async def _storm(self, network: Network, ask: Ask, fault: Fault, send: weather.Send) -> None:
        if fault.kind == "timeout":
            await self.stopping.wait()
            raise _HangUp
        elif fault.kind == "huge":
            await weather.send_huge(send)
        elif fault.kind == "truncated":
            await weather.send_truncated(send, self.answer(network, ask))
        elif fault.kind == "drip":
            await weather.send_dripping(send, self.answer(network, ask), fault.ms, self.stopping)
        elif fault.kind == "disconnect":
            raise _HangUp
        else:
            if fault.kind == "slow":
                await asyncio.sleep(fault.ms / 1000)
            answer = self._stormy(network, ask, fault)
            await weather.send_answer(send, answer, self._meter(network, ask) if answer.status == 200 else [])

    def _stormy(self, network: Network, ask: Ask, fault: Fault) -> Answer:
        if fault.kind == "429":
            return network.limited(fault, ask, int(self.clock.now().timestamp()) + fault.seconds)
        if fault.kind.isdigit():
            return network.broken(int(fault.kind), ask)
        if fault.kind == "bomb":
            return weather.bomb()
        here = f"{self.origin}/{ask.network}/{ask.path}" + (f"?{ask.query}" if ask.query else "")
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
        reset = (self.clock.minute() // 5 + 1) * 300
        return [(name.encode(), value.encode()) for name, value in network.meter(remaining, limit, reset)]

    def answer(self, network: Network, ask: Ask) -> Answer:
        """Return the good-weather answer, made once a minute of the sandbox's clock."""
        minute = self.clock.minute()
        if minute != self._cache_minute or self._cache_size > CACHE_BYTES:
            self._cache, self._cache_minute, self._cache_size = {}, minute, 0
        key = (ask.network, network.cache_key(ask))
        found = self._cache.get(key)
        if found is None:
            found = network.answer(ask)
            self._cache[key] = found
            self._cache_size += len(found.body)
        return found


async def _body(receive: Receive) -> bytes:
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    return body
