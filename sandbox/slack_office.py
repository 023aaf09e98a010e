"""The state of the pretend Slack, and everything that may change it: posting, views, triggers, tokens, judging."""

import asyncio
from collections import deque
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sandbox.chat_office import ChatOffice
from sandbox.checks import Violation
from sandbox.slack_contract import Contract
from sandbox.slack_hooks import Hook
from sandbox.slack_people import Channel, Installation, Json, Message, Person, Upload, View, Workspace
from sandbox.slack_rules import Verdict, judge_message, judge_view, nodes, without_call
from sandbox.slack_shapes import APP_ID
from sandbox.slack_socket import Sockets
from sandbox.slack_uploads import is_ready
from sandbox.slack_views import TRIGGER_SECONDS
from sandbox.slack_weather import Weather
from sandbox.slack_wire import Call, Refusal

if TYPE_CHECKING:
    from sandbox.server import Sandbox
    from sandbox.slack_deeds import Interaction

SCOPES = frozenset(
    "commands chat:write chat:write.public channels:read groups:read channels:join users:read files:write "
    "files:read".split()
)
"""What Clout's manifest asks for."""


class Office(ChatOffice):
    """Workspaces with all that is in them, and the app's keys."""

    home: Workspace

    def __init__(self, box: "Sandbox", contracts: Path | None = None) -> None:
        super().__init__(box)
        self.workspaces: dict[str, Workspace] = {}
        self.app_token = "xapp-1-" + APP_ID + "-sandbox"
        self.signing_secret = "sandbox-signing-secret"
        self.signing_skew = timedelta(0)
        self.client_id, self.client_secret = "1.1", "sandbox-client-secret"
        self.redirect_url = ""
        self.request_url: str | None = None
        self.spent_status = 404  # of a response_url that is used up or too old
        self.rotation = True
        self.token_seconds = 43_200.0  # life of a rotated token
        self.consents = True
        self.installing: Workspace | None = None
        self.unsupported_blocks: set[str] = set()
        self.groups: set[str] = set()  # ids of user groups that a message may call, one each
        self.weather = Weather()
        self.calls: deque[Call] = deque(maxlen=20_000)
        self.files: dict[str, Upload] = {}
        self.views: list[View] = []
        self.hooks: dict[str, Hook] = {}
        self.codes: dict[str, tuple[Workspace, frozenset[str]]] = {}
        self.interactions: dict[str, Interaction] = {}
        self._contract = None if contracts is None else Contract(contracts)
        self.sockets = Sockets(self)

    # --- time and waiting ---------------------------------------------------------------------------------------------

    @property
    def stopping(self) -> asyncio.Event:
        """Return the event that is set when the sandbox ends."""
        return self.box.stopping

    # --- names --------------------------------------------------------------------------------------------------------

    def new_id(self, kind: str) -> str:
        """Return an id that nothing else has."""
        return f"{kind}{next(self._numbers):09d}"

    def new_ts(self) -> str:
        """Return a time stamp that no other message has."""
        return f"{int(self.seconds())}.{next(self._numbers):06d}"

    def new_hash(self) -> str:
        """Return a view's new hash."""
        return f"{int(self.seconds())}.{next(self._numbers):08x}"

    def with_ids(self, payload: Json) -> Json:
        """Return a payload whose blocks and elements all have an id, as Slack gives them one."""
        return {**payload, "blocks": [self._with_id(one) for one in payload.get("blocks") or []]}

    def _with_id(self, block: Json) -> Json:
        value = {**block, "block_id": block.get("block_id") or f"b{next(self._numbers)}"}
        for name in ("element", "accessory"):
            if isinstance(value.get(name), dict):
                value[name] = self._with_action(value[name])
        if block.get("type") in ("actions", "context_actions"):
            value["elements"] = [self._with_action(one) for one in block["elements"]]
        return value

    def _with_action(self, element: Json) -> Json:
        if element.get("type") == "image" or element.get("action_id"):
            return element
        return {**element, "action_id": f"a{next(self._numbers)}"}

    # --- judging ------------------------------------------------------------------------------------------------------

    def judge_message(self, where: str, payload: Json, *, unfurls: bool) -> None:
        """Judge a message; raises Refusal with the paths for what Slack would not take."""
        blocks = payload.get("blocks")
        also = self._contract.blocks(blocks, "/blocks") if self._contract is not None else []
        house = without_call(payload, frozenset(self.groups)) if self.groups else payload
        self._sentence(where, judge_message(payload, unfurls=unfurls, also=also, house=house))
        self._available(blocks, "/blocks", "invalid_blocks")

    def judge_view(self, where: str, view: Any, *, home: bool) -> None:
        """Judge a view; raises Refusal with the paths for what Slack would not take."""
        also = []
        if self._contract is not None and isinstance(view, dict):
            also = self._contract.blocks(view.get("blocks"), "/view/blocks")
        self._sentence(where, judge_view(view, home=home, also=also))
        self._available(view.get("blocks"), "/view/blocks", "invalid_arguments")

    def _sentence(self, where: str, verdict: Verdict) -> None:
        self.violations += [Violation(where, path, reason, house=True) for path, reason in verdict.house]
        self.violations += [Violation(where, path, reason) for path, reason in verdict.hard]
        if verdict.error:
            beside = {"errors": [f"{one}" for one in verdict.messages]} if verdict.error == "invalid_blocks" else {}
            raise Refusal(verdict.error, response_metadata={"messages": verdict.messages}, **beside)

    def _available(self, blocks: Any, at: str, error: str) -> None:
        """Refuse what is right but not there: blocks not rolled out here, files not looked at yet. No violation."""
        wrong = []
        for path, one in nodes(blocks, at):
            if one.get("type") in self.unsupported_blocks:
                wrong.append(f"[ERROR] unsupported type: {one['type']} [json-pointer:{path}]")
            named = one.get("slack_file")
            file = self.files.get(str(named.get("id"))) if isinstance(named, dict) else None
            if named is not None and (file is None or not is_ready(file)):
                wrong.append(f"[ERROR] invalid slack file [json-pointer:{path}/slack_file]")
        if wrong:
            raise Refusal(error, response_metadata={"messages": wrong}, errors=wrong)

    def note_arguments(self, call: Call) -> None:
        """Note arguments that a method does not know."""
        if self._contract is not None:
            for name in self._contract.unknown_arguments(call.method, set(call.args)):
                self.violations.append(Violation(call.method, f"/{name}", "is no argument of this method", house=True))

    # --- messages -----------------------------------------------------------------------------------------------------

    def visible(self, workspace: Workspace, name: str) -> Channel:
        """Return a channel the app may know of; raises Refusal for private ones it is not in."""
        try:
            channel = workspace.channel(name)
        except LookupError as error:
            raise Refusal("channel_not_found") from error
        app = workspace.installation
        inside = app is not None and app.bot_user in channel.members
        if channel.deleted or (channel.kind in ("private", "im") and not inside):
            raise Refusal("channel_not_found")
        return channel

    def direct(self, workspace: Workspace, user: str) -> Channel:
        """Return the direct message between the app and a person."""
        assert workspace.installation is not None, "only an installed app talks"
        pair = {workspace.installation.bot_user, user}
        found = next((one for one in workspace.channels.values() if one.kind == "im" and one.members == pair), None)
        if found is None:
            name = f"direct-{workspace.people[user].name}"
            found = Channel(self.new_id("D"), name, workspace.id, kind="im", members=pair)
            workspace.channels[found.id] = found
        return found

    def publish(
        self,
        workspace: Workspace,
        channel: Channel,
        payload: Json,
        *,
        via: str,
        only_for: str | None = None,
        thread_ts: str | None = None,
        author: str = "",
        kind: str = "message",
    ) -> Message:
        """Show a message in a channel; without an author it is the app's."""
        app = workspace.installation
        message = Message(
            ts=self.new_ts(),
            channel=channel.id,
            author=author or (app.bot_user if app is not None else ""),
            text=str(payload.get("text") or payload.get("markdown_text") or ""),
            blocks=self.with_ids(payload)["blocks"],
            only_for=only_for,
            thread_ts=thread_ts or None,
            attachments=list(payload.get("attachments") or []),
            metadata=payload.get("metadata"),
            via=via,
            kind=kind,
            from_bot=not author,
            at=self.box.clock.now().strftime("%H:%M"),
        )
        channel.log.append(message)
        self.wake()
        return message

    def change(self, message: Message, payload: Json, *, keep: bool = False) -> None:
        """Change a message; `keep`: blocks and attachments stay where none are given."""
        message.earlier.append((message.text, message.blocks))
        message.text = str(payload.get("text") or "")
        if not keep or payload.get("blocks") is not None:
            message.blocks = self.with_ids(payload)["blocks"]
        if not keep or payload.get("attachments") is not None:
            message.attachments = list(payload.get("attachments") or [])
        message.metadata = payload.get("metadata") or message.metadata
        self.wake()

    # --- views --------------------------------------------------------------------------------------------------------

    def spend_trigger(self, workspace: Workspace, trigger: str) -> "Interaction":
        """Return the deed a trigger stands for; it works once, within three seconds."""
        interaction = self.interactions.get(trigger)
        if interaction is None or interaction.workspace is not workspace:
            raise Refusal("invalid_trigger_id")
        if interaction.spent:
            raise Refusal("exchanged_trigger_id")
        if self.age(interaction.born) > TRIGGER_SECONDS:
            raise Refusal("expired_trigger_id")
        interaction.spent = True
        return interaction

    def make_view(self, workspace: Workspace, owner: Person, payload: Json, below: View | None = None) -> View:
        """Return a new view of a person."""
        number = self.new_id("V")
        root, previous = (below.root, below.id) if below is not None else (number, None)
        return View(number, workspace.id, owner.id, self.with_ids(payload), self.new_hash(), root, previous)

    def open_view(
        self, workspace: Workspace, interaction: "Interaction", payload: Json, *, below: View | None = None
    ) -> View:
        """Open a modal for the person of a deed."""
        view = self.make_view(workspace, interaction.user, payload, below)
        self.views.append(view)
        interaction.views.append(view)
        self.wake()
        return view

    # --- the app in a workspace ---------------------------------------------------------------------------------------

    def installer(self, workspace: Workspace) -> Person:
        """Return who let the app in: the first administrator."""
        return next(one for one in workspace.people.values() if one.kind != "bot")

    def install(self, workspace: Workspace, *, scopes: frozenset[str] = SCOPES, rotating: bool = False) -> Installation:
        """Let the app into a workspace, anew or for the first time."""
        app = workspace.installation
        if app is None:
            bot = Person(self.new_id("U"), "clout", "Clout", "bot", workspace.id)
            workspace.people[bot.id] = bot
            app = Installation(workspace.id, self.new_id("B"), bot.id, scopes)
            workspace.installation = app
        app.scopes, app.installed = scopes or SCOPES, True
        self.new_tokens(app, rotating=rotating)
        return app

    def new_tokens(self, app: Installation, *, rotating: bool) -> None:
        """Give the app another token, and one to refresh it where tokens turn over."""
        number = next(self._numbers)
        if rotating:
            app.tokens[f"xoxe.xoxb-1-sandbox-{number}"] = self.seconds() + self.token_seconds
            app.refresh_tokens.append(f"xoxe-1-sandbox-{number}")
        else:
            app.tokens[f"xoxb-sandbox-{number}"] = None

    def new_code(self, workspace: Workspace, scopes: frozenset[str]) -> str:
        """Return a code that the app may turn into tokens, once."""
        code = f"code-{next(self._numbers)}"
        self.codes[code] = (workspace, scopes)
        return code
