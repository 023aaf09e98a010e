"""Slack as a service of `clout run`; imported only where Slack is set up, for it brings two libraries along."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from slack_bolt.async_app import AsyncApp

from bots.slack_app import SlackFront
from bots.slack_http import many_workspaces
from bots.slack_scopes import by_http, installs_by_oauth
from bots.slack_signatures import Signatures
from bots.slack_socket import BAD_TOKEN, Attached, SlackRefused, one_workspace
from bots.slack_socket import connected as slack_connected
from bots.supervisor import Held
from core.app import App
from core.channels import Heard
from core.messenger import Messenger

_REMOVED = "The workspace removed Clout or revoked its token. Install the app again for a new one."


class SlackService:
    """Slack as a service: Socket Mode, or the requests it sends to the web server, which `bolt` then answers.

    The one workspace of a bot token may throw the app out; then the service ends.
    """

    name = "slack"

    def __init__(self, app: App, hand: Callable[[Messenger], None], *, reference: Callable[[], str]) -> None:
        self._app = app
        self._hand = hand
        self._front = SlackFront(app, reference=reference)
        self._removed = asyncio.Event()
        self._held: Held[Callable[[], object]] | None = None
        self.made: Attached | None = None

    @property
    def called(self) -> bool:
        """Whether Slack calls us over HTTP."""
        return by_http(self._app.settings)

    @property
    def installs(self) -> bool:
        """See bots.web.SlackDoor.installs."""
        return installs_by_oauth(self._app.settings)

    @property
    def bolt(self) -> AsyncApp | None:
        """See bots.web.SlackDoor.bolt."""
        return self.made.bolt if self.made is not None else None

    def signatures(self) -> Signatures | None:
        """See bots.web.SlackDoor.signatures."""
        secret = self._app.settings.slack.signing_secret
        return Signatures(secret.get_secret_value(), self._app.clock) if secret is not None and self.called else None

    async def prepare(self) -> None:
        """Make the Bolt app; raises SlackRefused and SettingsError."""
        if self.made is None:
            gone = self._removed.set
            news = Heard(self._app.digests, self._app.watches)
            self.made = (
                many_workspaces(self._app, self._front, news=news)
                if self.installs
                else await one_workspace(self._app, self._front, gone=gone, news=news)
            )

    async def start(self) -> None:
        """See Service.start."""
        await self.prepare()
        self._front.resume()  # a standby's lease may come back after it was lost
        hold = self._over_http if self.called else self._over_socket
        self._held = Held("slack", hold, check=_said)
        await self._held.start()

    async def stop(self) -> None:
        """See Service.stop."""
        self._app.messengers.remove("slack")  # the process may go on without it
        if self._held is not None:
            await self._held.stop()

    async def healthy(self) -> bool:
        """See Service.healthy."""
        return self._held is not None and await self._held.healthy()

    async def ended(self) -> None:
        """See Ending.ended."""
        await self._removed.wait()
        raise SlackRefused(_REMOVED, BAD_TOKEN)

    @asynccontextmanager
    async def _over_http(self) -> AsyncIterator[Callable[[], object]]:
        assert self.made is not None
        self._hand(self.made.messenger)
        try:
            yield _always
        finally:
            await self.made.stop(self._front)

    @asynccontextmanager
    async def _over_socket(self) -> AsyncIterator[Callable[[], object]]:
        async with slack_connected(self._app, self._front, attached=self.made, hand=self._hand) as handler:
            yield handler.client.is_connected


async def _always() -> bool:
    return True


async def _said(answer: Callable[[], object]) -> bool:
    said = answer()
    return bool(await said) if asyncio.iscoroutine(said) else bool(said)
