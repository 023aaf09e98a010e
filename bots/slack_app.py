"""Slack as a front end: their request becomes one of ours, our card one of theirs; what it means is decided in core.

Every listener acknowledges before anything else. `attach` gives the same listeners to any Bolt app, whether it serves
one workspace over Socket Mode or many over HTTP.
"""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from slack_bolt.async_app import AsyncAck, AsyncApp, AsyncBoltContext
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bots.slack_answer import Answer, Charts
from bots.slack_blocks import mrkdwn
from bots.slack_codes import scope_lacking
from bots.slack_controls import OldControl, Press, pressed
from bots.slack_people import Managers
from bots.slack_posts import Direct, Hook
from bots.slack_running import Running, Seen
from bots.slack_scopes import install_address
from bots.slack_teams import team_of, workspace_of
from bots.slack_views import LOOKUP, METADATA_LIMIT, Asked, asked, home, modal_lookup
from bots.slack_words import typed
from core.app import App
from core.card import Button, Card, outside
from core.cards_errors import unexpected_card
from core.cards_installs import reinstall_card
from core.commands import DEFAULT_COMMAND, Context, Invocation, invoke, parse, refusal, run
from core.commands.grammar import creators_of
from core.errors import CloutError, InputError

Body = Mapping[str, Any]
"""What Slack sends; only the fields that are read are looked at."""

COMMAND = "/influence"
RESTARTING = "Clout is restarting. Please try again in a minute."
PATIENCE = 0.3  # seconds without an answer until the asker is told that we look
STOP_SECONDS = 20.0  # for handlers that still run when Clout ends
COOLDOWN = timedelta(seconds=60)  # between two readings anew of one creator by the Refresh button
_EVERY_ACTION = re.compile(r"[\s\S]*")  # old cards too get an answer
_NAMED = 60  # characters of a handle in the line that says we look
_FAREWELL = 3.0  # seconds to say that we restart

log = structlog.get_logger("clout.slack")


@dataclass(frozen=True, slots=True)
class Deed:
    """Who did something where, and how to answer."""

    team: str
    workspace: str
    user: str
    client: AsyncWebClient
    answer: Answer


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
        self._patience = patience
        self._seen = Seen(app.clock)
        self._running = Running()
        self._managers = Managers(app.clock)
        self._charts = Charts(app.draw)
        self._refreshed: dict[tuple[str, str], datetime] = {}

    def attach(self, bolt: AsyncApp) -> None:
        """Give a Bolt app our listeners."""
        bolt.command(self._command)(self._on_command)
        bolt.action(_EVERY_ACTION)(self._on_action)
        bolt.view(LOOKUP)(self._on_form)
        bolt.event("app_home_opened")(self._on_home)

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
            deed = self._deed(
                body, client, context, Answer(Hook(body["response_url"]), self._charts, client, team_of(context))
            )
            self._begin(deed, self._command_typed(deed, body))

    async def _on_action(self, ack: AsyncAck, body: Body, client: AsyncWebClient, context: AsyncBoltContext) -> None:
        await ack()
        if not self._seen.first(body.get("trigger_id")):
            return
        private = bool(body.get("container", {}).get("is_ephemeral"))
        url = body.get("response_url")
        post = Hook(url) if url else Direct(client, _user(context))
        source: Any = "none" if not url else "private" if private else "public"
        deed = self._deed(body, client, context, Answer(post, self._charts, client, team_of(context), source=source))
        if self._running.stopping:
            await deed.answer.line(RESTARTING)
            return
        self._begin(deed, self._control_pressed(deed, body))

    async def _on_form(self, ack: AsyncAck, body: Body, client: AsyncWebClient, context: AsyncBoltContext) -> None:
        wanted = asked(body["view"]["state"]["values"])
        try:
            invocation = _asked_for(wanted)
        except InputError as error:
            await ack(response_action="errors", errors={"creator": error.message[:300]})
            return
        if self._running.stopping:
            await ack(response_action="errors", errors={"creator": RESTARTING})
            return
        await ack()
        if not self._seen.first(body.get("trigger_id")):
            return
        url, source = _carried(body["view"].get("private_metadata"))
        post = Hook(url) if url else Direct(client, _user(context))
        answer = Answer(post, self._charts, client, team_of(context), source=source)
        deed = self._deed(body, client, context, answer)
        self._begin(deed, self._ran(deed, invocation))

    async def _on_home(self, event: Body, body: Body, client: AsyncWebClient, context: AsyncBoltContext) -> None:
        if event.get("tab") in (None, "home") and self._seen.first(body.get("event_id")):
            answer = Answer(Direct(client, _user(context)), self._charts, client, team_of(context))
            deed = self._deed(body, client, context, answer)
            self._begin(deed, self._home_filled(deed, str(event["user"])), quiet=True)

    def _deed(self, body: Body, client: AsyncWebClient, context: AsyncBoltContext, answer: Answer) -> Deed:
        return Deed(team_of(context), workspace_of(context), _user(context), client, answer)

    def _begin(self, deed: Deed, work: Awaitable[None], *, quiet: bool = False) -> None:
        self._running.begin(self._guarded(deed, work, quiet))

    async def _guarded(self, deed: Deed, work: Awaitable[None], quiet: bool) -> None:
        """Do the work; whatever happens, it is logged and the asker hears something."""
        try:
            await work
        except asyncio.CancelledError:
            log.warning("stopped before it was answered", team=deed.team)
            if not quiet:
                async with asyncio.timeout(_FAREWELL):
                    await deed.answer.line(RESTARTING)
            raise
        except Exception as error:  # the last resort of this adapter
            ref = self._reference()
            log.exception("a Slack handler failed", reference=ref, team=deed.team)
            if not quiet:
                await deed.answer.card(self._lacking(error, ref) or unexpected_card(ref))

    # --- what is done about it ----------------------------------------------------------------------------------------

    async def _command_typed(self, deed: Deed, body: Body) -> None:
        words = typed(str(body.get("text") or ""))
        if not words.strip() or words.strip().casefold() == "help":
            await self._form(deed, body, {"url": body["response_url"]})
            return
        try:
            invocation = parse(words)
        except CloutError as error:
            await deed.answer.card(refusal(await self._context(deed), error, reference=self._reference))
            return
        await self._ran(deed, invocation)

    async def _control_pressed(self, deed: Deed, body: Body) -> None:
        try:
            press = _press(body)
            if press.verb == "open":
                held = {"url": body.get("response_url"), "private": deed.answer.from_private}
                await self._form(
                    deed, body, held if held["url"] else {}, creator=dict(press.arguments).get("creator", "")
                )
                return
            invocation = self._wanted(deed, press)
        except OldControl as error:
            await self._refused(deed, InputError(str(error)))
            return
        except CloutError as error:
            await self._refused(deed, error)
            return
        # a new reading and another page take the place of the card, anything else stands below it
        deed.answer.in_place = press.verb == "page" or (press.verb == "run" and "fresh" in press.options)
        await self._ran(deed, invocation, page=press.page)

    def _wanted(self, deed: Deed, press: Press) -> Invocation:
        """Return what a control asks for; a creator is read anew once a minute at most, by button."""
        options = dict(press.options)
        private = deed.answer.from_private and press.verb != "share"
        invocation = invoke(press.command, private=private, **options)
        if press.verb == "run" and "fresh" in options:
            key, now = (deed.team, f"{press.command} {press.arguments}"), self._app.clock.now()
            self._refreshed = {name: at for name, at in self._refreshed.items() if now - at < COOLDOWN}
            if key in self._refreshed:
                log.info("a reading anew came too soon; the stored one is shown", team=deed.team)
                del options["fresh"]
                return invoke(press.command, private=private, **options)
            self._refreshed[key] = now
        return invocation

    async def _refused(self, deed: Deed, error: CloutError) -> None:
        await deed.answer.card(refusal(await self._context(deed), error, reference=self._reference))

    async def _form(self, deed: Deed, body: Body, carried: Mapping[str, object], *, creator: str = "") -> None:
        """Open the lookup form; where that is too late, say how commands are typed."""
        networks = [(one.manifest.name, one.manifest.label) for one in self._app.lookups.networks() if one.ready]
        metadata = json.dumps(dict(carried))
        view = modal_lookup(networks, creator=creator, metadata=metadata if len(metadata) <= METADATA_LIMIT else "")
        try:
            await deed.client.views_open(trigger_id=body["trigger_id"], view=view)
        except SlackApiError as error:
            log.warning("a form could not be opened", error=str(error.response.get("error")))
            await self._ran(deed, parse("help"))

    async def _home_filled(self, deed: Deed, user: str) -> None:
        card = await run(await self._context(deed), parse("help"), _nothing, reference=self._reference)
        await deed.client.views_publish(user_id=user, view=home(card, command=self._command))

    async def _ran(self, deed: Deed, invocation: Invocation, *, page: int = 0) -> None:
        """Run a command and show its card, with a sign of life before where that takes a while."""
        again = _again(invocation)
        async with self._sign_of_life(deed, invocation):
            card = await self._card(deed, invocation)
        share = card.error is None and not invocation.command.private and deed.answer.shares
        await deed.answer.card(card, page=page, again=again if card.error is None else None, share=share)

    async def _card(self, deed: Deed, invocation: Invocation) -> Card:
        ctx = await self._context(deed)
        try:
            if invocation.command.manages:  # asked at the press, never when a card is drawn
                allowed = await self._managers.includes(deed.client, deed.workspace, deed.user)
                ctx = await self._context(deed, can_manage=allowed)
        except CloutError as error:
            return self._lacking(error) or refusal(ctx, error, reference=self._reference)
        return await run(ctx, invocation, deed.answer.partial, reference=self._reference)

    def _lacking(self, error: BaseException, ref: str = "") -> Card | None:
        """Return how Clout is installed again, where an old install lacks a permission."""
        scope = scope_lacking(error)
        if not scope:
            return None
        log.warning("an install lacks a scope", scope=scope)
        return reinstall_card(scope, ref or self._reference(), install_address(self._app.settings))

    async def _context(self, deed: Deed, *, can_manage: bool = False) -> Context:
        return await self._app.context(deed.team, asker=deed.user, can_manage=can_manage)

    @asynccontextmanager
    async def _sign_of_life(self, deed: Deed, invocation: Invocation) -> AsyncIterator[None]:
        """Tell the asker that we look, unless the answer is there at once."""
        finished = asyncio.Event()

        async def tell() -> None:
            try:
                async with asyncio.timeout(self._patience):
                    await finished.wait()
            except TimeoutError:
                await deed.answer.line(_looking(invocation))

        telling = asyncio.create_task(tell())
        try:
            yield
        finally:
            finished.set()
            await telling


# --- reading what Slack sends -----------------------------------------------------------------------------------------


def _user(context: AsyncBoltContext) -> str:
    return context.user_id or ""


def _press(body: Body) -> Press:
    """Return what a control asks for; raises OldControl."""
    action = (body.get("actions") or [{}])[0]
    option = action.get("selected_option") or {}
    return pressed(action.get("action_id", ""), action.get("value") or option.get("value"))


def _asked_for(wanted: Asked) -> Invocation:
    if not wanted.creator:
        raise InputError("Type a handle or a profile address.", field="creator")
    return invoke(DEFAULT_COMMAND, private=wanted.private, creator=typed(wanted.creator), network=wanted.network)


def _carried(metadata: object) -> tuple[str, Any]:
    """Return the response_url that a form carried along, empty without one, and what it belongs to."""
    try:
        held = json.loads(metadata) if isinstance(metadata, str) and metadata else {}
    except ValueError:
        held = {}
    url = held.get("url") if isinstance(held, dict) else None
    if not isinstance(url, str) or not url:
        return "", "none"
    return url, "none" if "private" not in held else "private" if held["private"] else "public"


def _again(invocation: Invocation) -> Button:
    """Return the command as a button: asked again for another page or to be shared, but not read anew."""
    flags = {argument.name for argument in invocation.command.arguments if argument.kind == "flag"}
    given = invocation.arguments.values.items()
    pairs = tuple((name, value) for name, values in given if name not in flags for value in values)
    return Button(label="Again", command=invocation.command.name, arguments=pairs)


def _looking(invocation: Invocation) -> str:
    names = [mrkdwn(outside(f"@{name.removeprefix('@')}", _NAMED)) for name in creators_of(invocation)]
    return f"Looking up {', '.join(names)} …" if names else "One moment …"


async def _nothing(card: Card) -> None:
    """Show no partial card."""
