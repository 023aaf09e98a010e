"""Slack as a front end: their request becomes one of ours, our card one of theirs; what it means is decided in core.

Every listener acknowledges before anything else. `attach` gives the same listeners to any Bolt app, whether it serves
one workspace over Socket Mode or many over HTTP.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial

import structlog
from aiohttp import ClientError
from slack_bolt.async_app import AsyncAck, AsyncApp, AsyncBoltContext
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bots.running import FAREWELL, STOP_SECONDS, Running, Seen
from bots.slack_answer import Answer, Charts, OrDirect
from bots.slack_posts import Direct, Hook, Post
from bots.slack_reading import (
    Body,
    Carried,
    Source,
    asked_for,
    carried,
    channel_of,
    opens_a_page,
    place_of,
    press_of,
    with_ids,
    words_of,
)
from bots.slack_teams import name_of_team, team_of, workspace_of
from bots.slack_views import KNOWN, LOOKUP, asked, home, modal_lookup, suggested
from bots.slack_words import named, typed
from bots.slack_work import Deed, Work
from core.app import App
from core.card import Card
from core.cards_errors import unexpected_card
from core.cards_fronts import RESTARTING
from core.cards_remarks import more_named, nobody_named
from core.commands import DEFAULT_COMMAND, invoke, parse, run
from core.commands.home import home_cards
from core.errors import CloutError, InputError, Unavailable
from core.mentions import creators_in
from core.messenger import Place

COMMAND = "/influence"
LINKS = "clout.links.1"
"""The `callback_id` of the shortcut on a message; slack_manifest.yaml names it."""

PATIENCE = 0.3  # seconds without an answer until the asker is told that we look
SUGGEST_SECONDS = 0.2  # for suggestions while somebody types; later ones are of no use
_EVERY_ACTION = re.compile(r"[\s\S]*")  # old cards too get an answer

log = structlog.get_logger("clout.slack")


class SlackFront:
    """The Slack adapter; `reference` makes the codes of error cards, `patience` is in seconds."""

    def __init__(
        self,
        app: App,
        *,
        reference: Callable[[], str],
        command: str = COMMAND,
        patience: float = PATIENCE,
    ) -> None:
        self._app = app
        self._reference = reference
        self._command = command
        self._seen = Seen(app.clock)
        self._running = Running()
        self._charts = Charts(app.draw)
        self.work = Work(app, reference=reference, patience=patience)

    def attach(self, bolt: AsyncApp) -> None:
        """Give a Bolt app our listeners."""
        bolt.command(self._command)(self._on_command)
        bolt.action(_EVERY_ACTION)(self._on_action)
        bolt.view(LOOKUP)(self._on_form)
        bolt.options(KNOWN)(self._on_typing)
        bolt.message_shortcut(LINKS)(self._on_links)
        bolt.event("app_home_opened")(self._on_home)

    def resume(self) -> None:
        """Take deeds on again after a stop."""
        self._running.resume()

    async def stop(self, seconds: float = STOP_SECONDS) -> None:
        """Take nothing new and wait for what runs; who has to wait longer is told to try again."""
        await self._running.stop(seconds)

    # --- what Slack brings --------------------------------------------------------------------------------------------

    async def _on_command(self, ack: AsyncAck, body: Body, client: AsyncWebClient, context: AsyncBoltContext) -> None:
        if self._running.stopping:
            await ack(text=RESTARTING, unfurl_links=False, unfurl_media=False)
            return
        await ack()
        if self._seen.first(body.get("trigger_id")):
            place = place_of(body.get("channel_id"), body.get("channel_name"))
            deed = self._deed(client, context, Hook(body["response_url"]), place=place)
            self._begin(deed, self._command_typed(deed, body))

    async def _on_action(self, ack: AsyncAck, body: Body, client: AsyncWebClient, context: AsyncBoltContext) -> None:
        await ack()
        if opens_a_page(body) or not self._seen.first(body.get("trigger_id")):
            return
        private = bool(body.get("container", {}).get("is_ephemeral"))
        url = body.get("response_url")
        source: Source = "none" if not url else "private" if private else "public"
        deed = self._deed(client, context, Hook(url) if url else None, source, channel_of(body))
        if self._running.stopping:
            await deed.answer.line(RESTARTING)
            return
        self._begin(deed, self._control_pressed(deed, body))

    async def _on_form(self, ack: AsyncAck, body: Body, client: AsyncWebClient, context: AsyncBoltContext) -> None:
        wanted = asked(body["view"]["state"]["values"])
        try:
            invocation = asked_for(wanted, self._app.lookups.handle)
        except InputError as error:
            await ack(response_action="errors", errors={"creator": error.message[:300]})
            return
        if self._running.stopping:
            await ack(response_action="errors", errors={"creator": RESTARTING})
            return
        await ack()
        if not self._seen.first(body.get("trigger_id")):
            return
        held, direct = carried(body["view"].get("private_metadata")), Direct(client, _user(context))
        hook = Hook(held.url) if held.answers(self._app.clock.now()) else None
        post = OrDirect(hook, direct) if held.url else direct
        deed = self._deed(client, context, post, held.source if hook is not None else "none", held.place)
        self._begin(deed, self.work.ran(deed, invocation))

    async def _on_typing(self, ack: AsyncAck, body: Body, context: AsyncBoltContext) -> None:
        """Suggest creators for what somebody types into the form; nothing where that takes too long or fails."""
        names: tuple[str, ...] = ()
        try:
            async with asyncio.timeout(SUGGEST_SECONDS):
                names = await self._app.lookups.suggestions(team_of(context), typed(str(body.get("value") or "")))
        except (CloutError, TimeoutError) as error:
            log.warning("no suggestions while somebody typed", error=type(error).__name__)
        await ack(suggested(names))

    async def _on_links(self, ack: AsyncAck, body: Body, client: AsyncWebClient, context: AsyncBoltContext) -> None:
        await ack()
        if not self._seen.first(body.get("trigger_id")):
            return
        # the message is another's: nothing takes its place
        deed = self._deed(client, context, Hook(body["response_url"]), "private", channel_of(body))
        if self._running.stopping:
            await deed.answer.line(RESTARTING)
            return
        self._begin(deed, self._links_asked(deed, body))

    async def _on_home(self, event: Body, body: Body, client: AsyncWebClient, context: AsyncBoltContext) -> None:
        if event.get("tab") in (None, "home") and self._seen.first(body.get("event_id")):
            deed = self._deed(client, context, None)
            self._begin(deed, self._home_filled(deed, str(event["user"])), quiet=True)

    def _deed(
        self,
        client: AsyncWebClient,
        context: AsyncBoltContext,
        post: Post | None,
        source: Source = "none",
        place: Place | None = None,
    ) -> Deed:
        """Return who did what where; without `post` the answer goes to the person directly."""
        team, user = team_of(context), _user(context)
        answer = Answer(post or Direct(client, user), self._charts, client, team, source=source)
        return Deed(team, workspace_of(context), user, client, answer, place, name_of_team(context))

    def _begin(self, deed: Deed, work: Awaitable[object], *, quiet: bool = False) -> None:
        self._running.begin(self._guarded(deed, work, quiet))

    async def _guarded(self, deed: Deed, work: Awaitable[object], quiet: bool) -> None:
        """Do the work; whatever happens, it is logged and the asker hears something."""
        try:
            await work
        except asyncio.CancelledError:
            log.warning("stopped before it was answered", team=deed.team)
            if not quiet:
                async with asyncio.timeout(FAREWELL):
                    await deed.answer.line(RESTARTING)
            raise
        except Exception as error:  # the last resort of this adapter
            ref = self._reference()
            log.exception("a Slack handler failed", reference=ref, team=deed.team)
            if not quiet:
                await deed.answer.card(self.work.lacking(error, ref) or unexpected_card(ref))

    # --- what is done about it ----------------------------------------------------------------------------------------

    async def _command_typed(self, deed: Deed, body: Body) -> None:
        text = str(body.get("text") or "")
        words = typed(text)
        if not words.strip() or words.strip().casefold() == "help":
            await self._form(deed, body, body["response_url"], "none")
            return
        try:
            invocation = with_ids(parse(words), named(text))
        except CloutError as error:
            await self.work.refused(deed, error)
            return
        await self.work.ran(deed, invocation)

    async def _control_pressed(self, deed: Deed, body: Body) -> None:
        try:
            press = press_of(body)
            if press.verb == "open":
                source: Source = "private" if deed.answer.from_private else "public"
                begun = dict(press.arguments).get("creator", "")
                await self._form(deed, body, body.get("response_url") or "", source, creator=begun)
                return
            invocation = press.wanted(private=deed.answer.from_private)
        except CloutError as error:
            await self.work.refused(deed, error)
            return
        deed.answer.in_place = press.replaces
        await self.work.ran(deed, invocation, page=press.page)

    async def _links_asked(self, deed: Deed, body: Body) -> None:
        found = creators_in(words_of(body.get("message")), self._app.manifests)
        if not found.creators:
            await deed.answer.card(nobody_named())
            return
        if len(found.creators) == 1:
            invocation = invoke(DEFAULT_COMMAND, private=True, creator=found.creators[0])
        else:
            invocation = invoke("compare", private=True, creators=found.creators)
        await self.work.ran(deed, invocation, remark=partial(more_named, more=found.more))

    async def _form(self, deed: Deed, body: Body, url: str, source: Source, *, creator: str = "") -> None:
        """Open the lookup form; where that is too late, say how commands are typed."""
        networks = [(one.manifest.name, one.manifest.label) for one in self._app.lookups.networks() if one.ready]
        own = (await self.work.context(deed)).own
        held = Carried(url, source, deed.place, self._app.clock.now())
        view = modal_lookup(networks, creator=creator, metadata=held.written(), private=own.private)
        try:
            await deed.client.views_open(trigger_id=body["trigger_id"], view=view)
        except (SlackApiError, ClientError, TimeoutError, OSError) as error:
            log.warning("a form could not be opened", error=str(error))
            await self.work.ran(deed, parse("help"))

    async def _home_filled(self, deed: Deed, user: str) -> None:
        ctx = await self.work.context(deed, member=False)
        with suppress(Unavailable):  # then it shows what a guest sees
            ctx = await self.work.knowing(deed, ctx)
        commands = await run(ctx, parse("help"), _nothing, reference=self._reference)
        view = home(commands, await home_cards(ctx), command=self._command)
        await deed.client.views_publish(user_id=user, view=view)


def _user(context: AsyncBoltContext) -> str:
    return context.user_id or ""


async def _nothing(card: Card) -> None:
    """Show no partial card."""
