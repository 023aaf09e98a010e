"""The sandbox on a loopback port: `async with Sandbox() as box`, or `with Sandbox.in_thread() as box`."""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from uvicorn.config import Config
from uvicorn.server import ServerState

from sandbox import reddit, twitch, youtube
from sandbox.answering import Answering, HangUp
from sandbox.asgi import AsgiApp, Receive, Scope, Send, form_app, send_answer, whole_body
from sandbox.blog import Blog
from sandbox.bluesky import Bluesky
from sandbox.clock import MovableClock
from sandbox.control import control_app
from sandbox.github import GitHub
from sandbox.linkedin import LinkedIn
from sandbox.mastodon import Mastodon
from sandbox.meta import Facebook, Instagram
from sandbox.network import AppNetwork, OwnersNetwork
from sandbox.pinterest import Pinterest
from sandbox.protocol import QuietProtocol
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

NETWORKS: tuple[Callable[[World, MovableClock], Network], ...] = (
    Bluesky, Mastodon, GitHub, YouTube, X, Blog, Instagram, Facebook, Threads, LinkedIn, TikTok, Pinterest, Wikidata,
    Twitch, Reddit,
)  # fmt: skip
KEYS = {"youtube": {"api_key": youtube.KEY}, "twitch": {"client_id": twitch.CLIENT_ID, "client_secret": twitch.SECRET}}
KEYS |= {name: dict(of.keys) for name, of in (("instagram", Instagram), ("facebook", Facebook))}
KEYS["reddit"] = {"client_id": reddit.CLIENT_ID, "client_secret": reddit.SECRET, "username": reddit.USERNAME}
_ON = {"enabled": "true"}
SWITCHES = {"reddit": _ON, "wikidata": _ON}  # beside a key: what is off until the operator says otherwise


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
        made = [network(self.world, self.clock) for network in NETWORKS]
        self.networks = {network.name: network for network in made}
        self.stopping = asyncio.Event()
        self.answering = Answering(self.networks, self.clock, self.stopping)
        self.faults, self.requests = self.answering.faults, self.answering.requests
        self._apps = {one.name: one for one in made if isinstance(one, AppNetwork)}
        self.oauth = {one.name: one.oauth for one in made if isinstance(one, OwnersNetwork)}
        """Where owners let Clout in, by network."""
        self._mounts: dict[str, AsgiApp] = {"_sandbox": control_app(self)}
        self._mounts |= {f"{name}-id": form_app(network.sign_in) for name, network in self._apps.items()}
        self._mounts |= {f"{name}-id": form_app(server.answer) for name, server in self.oauth.items()}
        self._port = port
        self._server: asyncio.Server | None = None
        self._state = ServerState()
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
        sign_ins = {name: network.sign_in_path for name, network in self._apps.items()} | dict.fromkeys(self.oauth, "")
        doors = {f"CLOUT_{name.upper()}__AUTH_URL": f"{self.origin}/{name}-id{path}" for name, path in sign_ins.items()}
        return addresses | doors

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
            return QuietProtocol(self.answering.at_once, config=config, server_state=self._state, app_state={})

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

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        raw: bytes = scope.get("raw_path") or scope["path"].encode()
        first, _, rest = raw.split(b"?")[0].decode("latin-1").lstrip("/").partition("/")
        network = self.networks.get(first)
        if network is None or scope["type"] != "http":
            await self._until_stopped(self._elsewhere(first, rest, scope, receive, send), scope)
            return
        body = await whole_body(receive) if scope["method"] == "POST" else b""
        ask = Ask(first, scope["method"], rest, scope["query_string"].decode("latin-1"), tuple(scope["headers"]), body)
        try:
            await self._until_stopped(self.answering.play(network, ask, send), scope)
        except HangUp:
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

    async def _elsewhere(self, first: str, rest: str, scope: Scope, receive: Receive, send: Send) -> None:
        app = self._mounts.get(first)
        if app is None:
            if scope["type"] == "http":
                await send_answer(send, Answer(404, b"nothing here", (("content-type", "text/plain"),)), [])
            return
        await app({**scope, "path": f"/{rest}", "raw_path": f"/{rest}".encode(), "root_path": ""}, receive, send)
