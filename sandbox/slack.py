"""A pretend Slack for a real slack-bolt app: its servers, and people who type, click and fill in forms.

`box.slack` makes it on first use. Drivers return an Interaction: what the app answered at once, what it showed
later, which views it opened. Everything is kept: `slack.channel("creators").messages`, `slack.transcript("creators")`.
"""

import asyncio
from collections.abc import Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from sandbox.chat_office import driven
from sandbox.checks import Violation
from sandbox.slack_api import slack_app
from sandbox.slack_deeds import Interaction
from sandbox.slack_delivery import Ack, Parcel, deliver, new_envelope
from sandbox.slack_events import Events
from sandbox.slack_forms import Forms
from sandbox.slack_hooks import Hook
from sandbox.slack_payloads import (
    actions_payload,
    chosen,
    command_payload,
    escaped,
    find_element,
    shortcut_payload,
    suggestion_payload,
)
from sandbox.slack_people import Channel, Json, Message, Person, View, Workspace
from sandbox.slack_rules import judge_options
from sandbox.slack_transcript import plain, transcript, view_text
from sandbox.slack_wire import Refusal

if TYPE_CHECKING:
    from sandbox.server import Sandbox

T = TypeVar("T")

CAST = (
    ("ada", "Ada Admin", "admin"),
    ("otto", "Otto Owner", "primary_owner"),
    ("mia", "Mia Member", "member"),
    ("max", "Max Member", "member"),
    ("gus", "Gus Guest", "guest"),
    ("una", "Una Ultra", "single_channel_guest"),
)
"""Who works in every workspace."""


class Slack(Events, Forms):
    """The whole of it: one workspace with the app installed, more on demand.

    #general (public, app outside), #creators (public, app inside), #leads (private, app outside), #attic (archived)
    and #partners (shared with another workspace; sam comes from there).
    """

    def __init__(self, box: "Sandbox", contracts: Path | None = None) -> None:
        super().__init__(box, contracts)
        self.home = self.add_workspace("Beanworks")
        self.install(self.home)
        self.channel("creators").members.add(self._bot(self.home))
        self._partners()
        self.app = slack_app(self)

    # --- who and where ------------------------------------------------------------------------------------------------

    def add_workspace(self, name: str) -> Workspace:
        """Return a new workspace with its people and channels, and without the app."""
        workspace = Workspace(self.new_id("T"), name, "".join(filter(str.isalnum, name.lower())))
        self.workspaces[workspace.id] = workspace
        for short, real, kind in CAST:
            self.add_person(short, kind, real_name=real, workspace=workspace)
        for channel, kind in (("general", "public"), ("creators", "public"), ("leads", "private"), ("attic", "public")):
            self.add_channel(channel, kind, workspace=workspace)
        workspace.channel("attic").archived = True
        return workspace

    def add_person(
        self,
        name: str,
        kind: str = "member",
        *,
        real_name: str = "",
        workspace: Workspace | None = None,
        team: str = "",
    ) -> Person:
        """Return a new person of a kind: member, admin, owner, guest, single_channel_guest, stranger, deactivated."""
        place = workspace or self.home
        person = Person(self.new_id("U"), name, real_name or name.title(), kind, team or place.id)
        place.people[person.id] = person
        return person

    def add_channel(self, name: str, kind: str = "public", *, workspace: Workspace | None = None) -> Channel:
        """Return a new channel of a kind (public, private, connect) with everybody but the app in it."""
        place = workspace or self.home
        people = {one.id for one in place.people.values() if one.kind != "bot"}
        channel = Channel(self.new_id("C"), name, place.id, kind, members=people)
        place.channels[channel.id] = channel
        return channel

    def _partners(self) -> None:
        abroad = self.new_id("T")
        sam = self.add_person("sam", "stranger", real_name="Sam Stranger", team=abroad)
        channel = self.add_channel("partners", "connect")
        channel.teams = (self.home.id, abroad)
        channel.members |= {sam.id, self._bot(self.home)}
        for other in ("general", "creators", "leads"):
            self.channel(other).members.discard(sam.id)

    def _bot(self, workspace: Workspace) -> str:
        assert workspace.installation is not None, "asked only where the app is"
        return workspace.installation.bot_user

    @property
    def bot_token(self) -> str:
        """Return the bot token of the first workspace."""
        assert self.home.installation is not None, "installed from the start"
        return self.home.installation.token

    def channel(self, name: str, workspace: Workspace | None = None) -> Channel:
        """Return a channel by name or id."""
        return (workspace or self.home).channel(name)

    def person(self, name: str, workspace: Workspace | None = None) -> Person:
        """Return a person by name or id."""
        return (workspace or self.home).person(name)

    # --- what people see ----------------------------------------------------------------------------------------------

    def transcript(self, channel: str, workspace: Workspace | None = None) -> str:
        """Return a conversation as people see it, in plain text."""
        place = workspace or self.home
        return transcript(place.channel(channel), place)

    def read(self, shown: Message | View) -> str:
        """Return one message, modal or home tab as people see it, in plain text."""
        if isinstance(shown, View):
            return view_text(shown, self.workspaces[shown.team])
        return plain(shown, self._workspace_of(shown))

    def home_tab(self, user: str, workspace: Workspace | None = None) -> View | None:
        """Return a person's home tab, None as long as the app has published none."""
        place = workspace or self.home
        return place.homes.get(place.person(user).id)

    def _workspace_of(self, where: Message | View) -> Workspace:
        if isinstance(where, View):
            return self.workspaces[where.team]
        return next(one for one in self.workspaces.values() if where.channel in one.channels)

    # --- what people do -----------------------------------------------------------------------------------------------

    def run(self, driver: Coroutine[Any, Any, T], seconds: float = 30.0) -> T:
        """Run a driver from a program without a loop, beside `Sandbox.in_thread()`."""
        return asyncio.run_coroutine_threadsafe(driver, self.loop).result(seconds)

    @driven
    async def command(
        self,
        command: str,
        text: str = "",
        *,
        user: str = "mia",
        channel: str = "creators",
        workspace: Workspace | None = None,
        escape: bool = True,
    ) -> Interaction:
        """Type a slash command; `escape`: as with `should_escape`, names, channels and links arrive marked up."""
        place = workspace or self.home
        deed = self.deed("command", place, place.person(user), place.channel(channel))
        self._may_type(deed)
        self.publish(
            place, place.channel(channel), {"text": f"{command} {text}".strip()}, via="typed", kind="typed",
            author=deed.user.id, only_for=deed.user.id,
        )  # fmt: skip
        said = escaped(text, place) if escape else text
        await self.hand(deed, command_payload(deed, command, said, self.hook(deed)))
        if deed.ack.error:
            line = f'{command} failed with the error "{deed.ack.error}"'
            self._whisper(deed, {"text": line}, author="slackbot")
        elif deed.ack.json.get("text") or deed.ack.json.get("blocks"):
            self._first_line(deed)
        return deed

    def _may_type(self, deed: Interaction) -> None:
        assert deed.channel is not None, "a command is typed in a channel"
        if deed.channel.archived:
            raise ValueError(f"#{deed.channel.name} is archived: nobody can type there")
        if deed.user.kind == "stranger":
            raise ValueError(f"{deed.user.name} belongs to another workspace and is not offered the command")
        if deed.user.id not in deed.channel.members:
            raise ValueError(f"{deed.user.name} is not in #{deed.channel.name}")

    def _first_line(self, deed: Interaction) -> None:
        """Show what the app said in its acknowledgement."""
        assert deed.channel is not None, "a command is typed in a channel"
        payload = deed.ack.json
        try:
            self.judge_message("ack", payload, unfurls=deed.ack.body.startswith("{"))
        except Refusal:
            return
        if payload.get("response_type") == "in_channel":
            deed.note(self.publish(deed.workspace, deed.channel, payload, via="ack"))
        else:
            self._whisper(deed, payload)

    def _whisper(self, deed: Interaction, payload: Json, author: str = "") -> None:
        assert deed.channel is not None, "whispered in a channel"
        only = deed.user.id
        deed.note(self.publish(deed.workspace, deed.channel, payload, via="ack", only_for=only, author=author))

    @driven
    async def click(
        self, where: Message | View, action: str | tuple[str, str], value: Any = None, *, user: str = ""
    ) -> Interaction:
        """Click a button, or choose `value` in a select, on a message or in a view.

        `action` is the action_id, the words on the button, or (block_id, action_id). `value` is an option's value or
        words, a person's or channel's name, a date, or a list of these.
        """
        place = self._workspace_of(where)
        block, element = find_element(where, action)
        picked = chosen(element, value, place)
        deed = self.deed("click", place, self._who(where, place, user), self._channel_of(where, place))
        done = {"type": element["type"], "action_id": element["action_id"], "block_id": block["block_id"], **picked}
        hook = "" if isinstance(where, View) else self.hook(deed, where)
        if isinstance(where, View):
            where.state.setdefault(block["block_id"], {})[element["action_id"]] = {"type": element["type"], **picked}
        await self.hand(deed, actions_payload(deed, where, done | {"action_ts": self.new_ts()}, hook))
        return deed

    def _who(self, where: Message | View, place: Workspace, user: str) -> Person:
        only = where.owner if isinstance(where, View) else where.only_for
        person = place.person(user or only or "mia")
        if only is not None and person.id != only:
            raise ValueError(f"{person.name} does not see this: only {place.person(only).name} does")
        if isinstance(where, View) and not where.open:
            raise ValueError("this view is closed")
        if isinstance(where, Message) and where.deleted:
            raise ValueError("this message is gone")
        return person

    def _channel_of(self, where: Message | View, place: Workspace) -> Channel | None:
        return None if isinstance(where, View) else place.channels[where.channel]

    @driven
    async def suggest(
        self, where: Message | View, action: str | tuple[str, str], query: str, *, user: str = ""
    ) -> Interaction:
        """Type into an external select; `.options` are the suggestions."""
        place = self._workspace_of(where)
        found = find_element(where, action)
        if len(query) < int(found[1].get("min_query_length") or 3):
            raise ValueError("Slack asks only from min_query_length characters on (3 when it is not set)")
        deed = self.deed("suggest", place, self._who(where, place, user), self._channel_of(where, place))
        await self.hand(deed, suggestion_payload(deed, where, found, query))
        payload = deed.ack.json
        self.violations += [Violation("suggestions", path, why) for path, why in judge_options(payload)]
        groups = payload.get("option_groups") or []
        deed.options = list(payload.get("options") or [one for group in groups for one in group["options"]])
        return deed

    @driven
    async def shortcut(
        self, callback_id: str, *, user: str = "mia", message: Message | None = None, workspace: Workspace | None = None
    ) -> Interaction:
        """Use a global shortcut, or one on a message."""
        place = self._workspace_of(message) if message is not None else workspace or self.home
        channel = place.channels[message.channel] if message is not None else None
        deed = self.deed("shortcut", place, place.person(user), channel)
        hook = self.hook(deed, message) if message is not None else ""
        await self.hand(deed, shortcut_payload(deed, callback_id, self.new_ts(), message, hook))
        return deed

    def say(self, channel: str, text: str, *, user: str = "mia", workspace: Workspace | None = None) -> Message:
        """Let a person write a plain message."""
        place = workspace or self.home
        return self.publish(place, place.channel(channel), {"text": text}, via="say", author=place.person(user).id)

    # --- the way to the app -------------------------------------------------------------------------------------------

    def deed(self, kind: str, place: Workspace, user: Person, channel: Channel | None) -> Interaction:
        """Return the record of a deed that begins now."""
        trigger = f"{self.new_id('')}.{place.id}"
        deed = Interaction(self, kind, place, user, channel, trigger, self.moment())
        self.interactions[trigger] = deed
        return deed

    def hook(self, deed: Interaction, source: Message | None = None) -> str:
        """Return a response_url."""
        assert deed.channel is not None, "answers go to a channel"
        secret = self.new_id("h")
        self.hooks[secret] = Hook(deed.workspace, deed.channel, deed.user, deed, self.moment(), source)
        return f"{self.origin}/slack/commands/{deed.workspace.id}/{self.new_id('')}/{secret}"

    async def hand(self, deed: Interaction, payload: Json) -> Ack:
        """Bring a deed to the app and keep its first answer."""
        deed.payload = payload
        kind = deed.kind if deed.kind in ("command", "event") else "interaction"
        deed.envelope_id = new_envelope()
        deed.ack = await deliver(self, Parcel(kind, payload, deed.envelope_id))
        self.wake()
        return deed.ack
