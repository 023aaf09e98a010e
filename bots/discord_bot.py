"""Discord as a front end: their interaction becomes one of ours, our card one of theirs; core decides what it means.

Every handler defers before anything else; only what was typed is looked at before, for who sees an answer is settled
there. A server's habit of private answers is known from when the server appears. Intents are the servers' only: no
message is ever read but the one somebody points a menu at.
"""

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any

import aiohttp
import discord
import structlog
from discord import app_commands

from bots.controls import Press, again
from bots.discord_answer import GONE, Answer
from bots.discord_commands import Value, fill, shown_as
from bots.discord_controls import pressed
from bots.discord_view import entered, form, layout, missing
from bots.render_discord import render
from bots.rereading import Rereadings
from bots.running import FAREWELL, STOP_SECONDS, Running, Seen
from core.app import App
from core.card import Card
from core.cards_errors import unexpected_card
from core.cards_fronts import NO_SERVER, RESTARTING, typed_instead
from core.cards_remarks import more_named, nobody_named
from core.commands import COMMANDS, DEFAULT_COMMAND, Command, Context, Invocation, invoke, refusal, run
from core.commands.grammar import ArgumentKind, creators_of
from core.errors import AmbiguousHandle, BadHandle, CloutError, NotAllowed, UnknownNetwork
from core.handles import Handle
from core.mentions import creators_in
from core.messenger import Place
from core.models import ChartSpec
from core.schedules import zones_like

Interaction = discord.Interaction[Any]
Remark = Callable[[Card], Card]
"""Adds to a card that is no error."""

MENU = "Influence of links here"
SUGGEST_SECONDS = 0.2  # for names while somebody types
_BROKEN = (aiohttp.ClientError, TimeoutError, OSError)
AWAY = (discord.HTTPException, discord.RateLimited, discord.InteractionResponded, *_BROKEN)
"""Why something does not reach Discord."""

_TAKEN = 40060  # Discord: the interaction has been acknowledged already
_CHOICES, _CHOICE = 25, 100  # names offered, and characters of each

log = structlog.get_logger("clout.discord")


@dataclass(frozen=True, slots=True)
class Deed:
    """Who did something where, and how to answer."""

    team: str
    interaction: Interaction
    answer: Answer


class DiscordFront:
    """The Discord adapter; `reference` makes the codes of error cards."""

    def __init__(self, app: App, *, reference: Callable[[], str]) -> None:
        self._app = app
        self._reference = reference
        self._running = Running()
        self._seen = Seen(app.clock)
        self._rereadings = Rereadings(app.clock)
        self._habits: dict[str, bool] = {}
        self.gone: Callable[[str], None] = lambda team: None

    async def _drawn(self, spec: ChartSpec) -> bytes:
        return await self._app.draw(spec, dark=True)  # what Discord looks like unless somebody changes it

    def networks(self) -> list[tuple[str, str]]:
        """Return names and labels of the networks that can be asked, or whose accounts can be connected."""
        opened, known = self._app.consents.networks, self._app.lookups.networks()
        return [(one.manifest.name, one.manifest.label) for one in known if one.ready or one.manifest.name in opened]

    def attach(self, tree: "app_commands.CommandTree[Any]") -> None:
        """Give a tree our commands."""
        fill(tree, self, self.networks())
        tree.add_command(_menu(self))

    async def stop(self, seconds: float = STOP_SECONDS) -> None:
        """Take nothing new and wait for what runs; who has to wait longer is told to try again."""
        await self._running.stop(seconds)

    # --- what Discord brings ------------------------------------------------------------------------------------------

    async def on_command(
        self, interaction: Interaction, command: Command, values: Mapping[str, Value], private: bool | None
    ) -> None:
        """Answer a slash command."""
        wanted: Invocation | CloutError
        try:
            wanted = invoke(command.name, private=private is True, public=private is False, **dict(values))
        except CloutError as error:
            wanted = error
        await self._take_on(interaction, wanted)

    async def on_control(self, interaction: Interaction) -> None:
        """Answer a button or a select: its state is all there is, and nothing of it is trusted."""
        sent = _sent(interaction)
        wanted: Invocation | CloutError
        page, in_place, share = 0, False, False
        try:
            press = pressed(sent.get("custom_id"), [str(one) for one in sent.get("values") or ()])
            command = COMMANDS.get(press.command)
            if command is not None and press.verb == "run" and missing(command, press):
                await self._asked(interaction, command, press)
                return
            wanted = press.wanted(private=_ephemeral(interaction))
            share, page, in_place = press.verb == "share", press.page, press.replaces
        except CloutError as error:
            wanted = error
        await self._take_on(interaction, wanted, page=page, in_place=in_place, share=share)

    async def _take_on(
        self,
        interaction: Interaction,
        wanted: Invocation | CloutError | Card,
        *,
        page: int = 0,
        in_place: bool = False,
        share: bool = False,
        remark: Remark | None = None,
    ) -> None:
        """Decide who sees the answer, defer, and let the rest go on beside."""
        team = team_of(interaction)
        if in_place:
            hidden = _ephemeral(interaction)
        else:
            hidden = not isinstance(wanted, Invocation) or (not share and self._hides(team, wanted))
        if await self._deferred(interaction, private=hidden, in_place=in_place):
            answer = Answer(interaction, self._drawn, private=hidden, in_place=in_place)
            deed = Deed(team, interaction, answer)
            self._begin(deed, self._ran(deed, wanted, page=page, remark=remark))

    async def on_form(self, interaction: Interaction) -> None:
        """Answer a form that was sent."""
        wanted: Invocation | CloutError
        try:
            press, words = entered(interaction)
            known = COMMANDS.get(press.command)
            repeats = {one.name for one in known.arguments if one.repeat} if known is not None else set()
            given: dict[str, Any] = {
                name: tuple(word for value in values for word in value.split()) if name in repeats else values[0]
                for name, values in words.items()
            }
            wanted = invoke(press.command, **{**press.options, **given})
        except CloutError as error:
            wanted = error
        await self._take_on(interaction, wanted)

    async def on_message_menu(self, interaction: Interaction, message: discord.Message) -> None:
        """Look up whom a message names, for the asker alone."""
        texts = [message.content, *(text for one in message.embeds for text in (one.url, one.title) if text)]
        found = creators_in(texts, self._app.manifests)
        if not found.creators:
            await self._take_on(interaction, nobody_named())
        elif len(found.creators) == 1:
            await self._take_on(interaction, invoke(DEFAULT_COMMAND, private=True, creator=found.creators[0]))
        else:
            wanted = invoke("compare", private=True, creators=found.creators)
            await self._take_on(interaction, wanted, remark=partial(more_named, more=found.more))

    async def suggest(self, interaction: Interaction, kind: ArgumentKind, begun: str) -> Sequence[tuple[str, str]]:
        """Return names with values that could be meant, within a fifth of a second; nothing when that is not enough."""
        if kind == "zone":
            return [(name, name) for name in zones_like(begun[:_CHOICE])][:_CHOICES]
        if kind == "command":
            start = begun.casefold().removeprefix("/")
            known = (command.typed for command in COMMANDS.values() if start in command.typed)
            return [(name, name) for name in known][:_CHOICES]
        asked = asyncio.ensure_future(self._app.lookups.suggestions(team_of(interaction), begun[:_CHOICE]))
        done, _ = await asyncio.wait({asked}, timeout=SUGGEST_SECONDS)
        asked.add_done_callback(_heard)
        if not done or asked.cancelled() or asked.exception() is not None:
            return []
        names = dict.fromkeys(name for name in asked.result() if 0 < len(name) < _CHOICE)
        return [(name if ":" in name or name.startswith("@") else f"@{name}", name) for name in names][:_CHOICES]

    async def on_guild(self, guild: discord.Guild) -> None:
        """Note a server that has Clout, again or still: what it left is kept, and its habit is known in time."""
        team = f"discord:{guild.id}"
        if await self._app.store.left_at(team) is not None:
            await self._app.store.team_back(team)
        self._habits[team] = (await self._app.teams.settings(team)).private

    async def on_guild_gone(self, guild: discord.Guild) -> None:
        """Note that a server threw Clout out: its data stay for a month. An outage is told apart by Discord."""
        await self._left(f"discord:{guild.id}")

    async def _left(self, team: str) -> None:
        log.info("a server removed Clout", team=team)
        await self._app.store.team_left(team)
        self._habits.pop(team, None)
        self.gone(team)

    async def on_all_guilds(self, here: Collection[int]) -> None:
        """Note who threw Clout out while it was away: the servers that are known but not among all there are."""
        for team in await self._app.store.teams("discord:"):
            number = team.removeprefix("discord:")
            if number.isdecimal() and int(number) not in here:
                await self._left(team)

    # --- who sees it --------------------------------------------------------------------------------------------------

    def _hides(self, team: str, wanted: Invocation) -> bool:
        habit = self._habits.get(team, False) and not wanted.public
        return wanted.private or wanted.command.private or habit or not self._reads(wanted)

    def _reads(self, wanted: Invocation) -> bool:
        """Return whether every handle has a form that can be one: what surely ends in an error is said privately."""
        network = wanted.arguments.get("network")
        with suppress(AmbiguousHandle):  # the command knows more: which server is meant by default
            try:
                for name in creators_of(wanted):
                    Handle.parse(name, self._app.manifests, network)
            except (BadHandle, UnknownNetwork):
                return False
        return True

    async def _deferred(self, interaction: Interaction, *, private: bool, in_place: bool = False) -> bool:
        """Take an interaction on; False when it is too late, was taken already, or Clout is about to end."""
        if not self._seen.first(str(interaction.id)):
            return False
        stopping = self._running.stopping
        for repeated in (False, True):
            try:
                if stopping:
                    await interaction.response.send_message(RESTARTING, ephemeral=True)
                else:
                    await interaction.response.defer(ephemeral=private, thinking=not in_place)
            except discord.HTTPException as error:
                if repeated and error.code == _TAKEN:  # the first try has arrived after all
                    return not stopping
                log.warning("an interaction could not be taken on", code=error.code, late=error.code in GONE)
                return False
            except _BROKEN as error:  # one that idled may have been dead
                log.warning("the connection broke as an interaction was taken on", error=type(error).__name__)
            else:
                return not stopping
        return False

    async def _asked(self, interaction: Interaction, command: Command, press: Press) -> None:
        """Open a form for what a button leaves out."""
        made = form(command, press, self.networks())
        try:
            if made is not None and not self._running.stopping:
                await interaction.response.send_modal(made)
            else:
                words = RESTARTING if made is not None else typed_instead(shown_as(command))
                await interaction.response.send_message(words, ephemeral=True)
        except AWAY as error:
            log.warning("a form could not be opened", error=type(error).__name__)

    # --- what is done about it ----------------------------------------------------------------------------------------

    def _begin(self, deed: Deed, work: Any) -> None:
        self._running.begin(self._guarded(deed, work))

    async def _guarded(self, deed: Deed, work: Any) -> None:
        """Do the work; whatever happens, it is logged and the asker hears something."""
        try:
            await work
        except asyncio.CancelledError:
            log.warning("stopped before it was answered", team=deed.team)
            async with asyncio.timeout(FAREWELL):
                await deed.answer.line(RESTARTING)
            raise
        except Exception:  # the last resort of this adapter
            ref = self._reference()
            log.exception("a Discord handler failed", reference=ref, team=deed.team)
            await deed.answer.card(unexpected_card(ref))

    async def failed(self, interaction: Interaction, error: BaseException) -> None:
        """Log what nobody foresaw before an interaction was taken on, and tell the asker."""
        ref = self._reference()
        log.error("an interaction failed", reference=ref, team=team_of(interaction), exc_info=error)
        told = layout(render(unexpected_card(ref), picture=False).components)
        with suppress(*AWAY):
            await interaction.response.send_message(view=told, ephemeral=True)

    async def _ran(
        self, deed: Deed, wanted: Invocation | CloutError | Card, *, page: int = 0, remark: Remark | None = None
    ) -> None:
        ctx = await self._context(deed)
        self._habits[deed.team] = ctx.own.private
        if isinstance(wanted, Invocation) and wanted.command.manages and deed.team.startswith("discord:user:"):
            wanted = NotAllowed(NO_SERVER)
        if isinstance(wanted, CloutError):
            wanted = refusal(ctx, wanted, reference=self._reference)
        if isinstance(wanted, Card):
            await deed.answer.card(wanted)
            return
        reading = self._rereadings.allowed(deed.team, wanted)
        card = await run(ctx, reading.invocation, deed.answer.partial, reference=self._reference)
        card = self._rereadings.finished(reading, card, zone=ctx.zone)
        self._habits[deed.team] = (await self._app.teams.settings(deed.team)).private
        if remark is not None and card.error is None:
            card = remark(card)
        button = again(wanted) if card.error is None else None
        await deed.answer.card(card, page=page, again=button, share=not wanted.command.private)

    async def _context(self, deed: Deed) -> Context:
        interaction, asker = deed.interaction, str(deed.interaction.user.id)
        own = await self._app.teams.settings(deed.team)
        here = not deed.team.startswith("discord:user:")
        manages = here and (own.lets(asker) or interaction.permissions.manage_guild)
        server = interaction.guild.name if here and interaction.guild is not None else None
        return await self._app.context(
            deed.team, asker=asker, place=place_of(interaction), can_manage=manages, team_name=server or ""
        )


# --- reading what Discord sends ---------------------------------------------------------------------------------------


def team_of(interaction: Interaction) -> str:
    """Return whose things an interaction concerns: a server that has Clout, else the person alone."""
    if interaction.guild_id is not None and interaction.is_guild_integration():
        return f"discord:{interaction.guild_id}"
    return f"discord:user:{interaction.user.id}"


def place_of(interaction: Interaction) -> Place | None:
    """Return where Clout could post by itself; None in direct messages and in servers that do not have it."""
    channel = interaction.channel
    if channel is None or team_of(interaction).startswith("discord:user:"):
        return None
    name = f"#{getattr(channel, 'name', '') or channel.id}"
    if isinstance(channel, discord.Thread):
        return Place(platform="discord", channel=str(channel.parent_id), thread=str(channel.id), shown=name)
    return Place(platform="discord", channel=str(channel.id), shown=name)


def _sent(interaction: Interaction) -> Mapping[str, Any]:
    sent: Any = interaction.data or {}
    return sent if isinstance(sent, dict) else {}


def _ephemeral(interaction: Interaction) -> bool:
    return interaction.message is not None and interaction.message.flags.ephemeral


def _heard(task: "asyncio.Future[Any]") -> None:
    """Take note of how a question ended that nobody waits for any more."""
    if not task.cancelled() and task.exception() is not None:
        log.info("names could not be suggested", error=type(task.exception()).__name__)


def _menu(front: DiscordFront) -> app_commands.ContextMenu:
    async def named(interaction: discord.Interaction[Any], message: discord.Message) -> None:
        await front.on_message_menu(interaction, message)

    menu = app_commands.ContextMenu(name=MENU, callback=named, auto_locale_strings=False)
    menu.allowed_installs = app_commands.AppInstallationType(guild=True, user=True)
    menu.allowed_contexts = app_commands.AppCommandContext(guild=True, dm_channel=True, private_channel=True)
    return menu
