"""Modals as people use them: filling in, sending off, closing."""

from typing import Any

from sandbox.chat_office import driven
from sandbox.checks import Violation
from sandbox.slack_deeds import Interaction
from sandbox.slack_office import Office
from sandbox.slack_payloads import chosen, closed_payload, initial, submission_payload
from sandbox.slack_people import Channel, Json, Message, Person, View, Workspace
from sandbox.slack_rules import judge_errors
from sandbox.slack_wire import Refusal

TROUBLE = "We had some trouble connecting. Try again?"


class Forms(Office):
    """Drivers for modals; `Slack` brings the way to the app."""

    def deed(self, kind: str, place: Workspace, user: Person, channel: Channel | None) -> Interaction:
        """Return the record of a deed that begins now."""
        raise NotImplementedError

    def hook(self, deed: Interaction, source: Message | None = None) -> str:
        """Return a response_url."""
        raise NotImplementedError

    async def hand(self, deed: Interaction, payload: Json) -> Any:
        """Bring a deed to the app and keep its first answer."""
        raise NotImplementedError

    @driven
    async def submit(self, view: View, values: Json | None = None) -> Interaction:
        """Fill in a modal and send it off; keys are action_id, block_id or label of an input.

        What is not named keeps its initial value. Raises ValueError for what Slack's window would not send.
        `.errors` holds what the app objects to, by block_id; the view then stays open.
        """
        self._sendable(view)
        place = self.workspaces[view.team]
        self._fill(view, dict(values or {}), place)
        deed = self.deed("submit", place, place.people[view.owner], None)
        await self.hand(deed, submission_payload(deed, view, self._urls(view, deed)))
        self._outcome(deed, view)
        self.wake()
        return deed

    @driven
    async def close(self, view: View, *, clear: bool = False) -> Interaction:
        """Close a modal without sending it; `clear` closes those beneath it too."""
        place = self.workspaces[view.team]
        deed = self.deed("close", place, place.people[view.owner], None)
        self._shut(view, everything=clear)
        if view.payload.get("notify_on_close"):
            await self.hand(deed, closed_payload(deed, view, cleared=clear))
        return deed

    def _sendable(self, view: View) -> None:
        if view.type != "modal" or not view.payload.get("submit"):
            raise ValueError("this view has no submit button")
        if not view.open:
            raise ValueError("this view is closed")

    def _fill(self, view: View, values: Json, place: Workspace) -> None:
        for block in view.blocks:
            if block.get("type") != "input":
                continue
            element, label = block["element"], str(block["label"]["text"])
            names = (element["action_id"], block["block_id"], label)
            named = next((name for name in names if name in values), None)
            touched = view.state.get(block["block_id"], {}).get(element["action_id"])
            if named is None and touched is not None:
                continue
            value = values.pop(named) if named is not None else initial(element)
            if value in (None, "", []) and not block.get("optional"):
                raise ValueError(f"Slack's window would not send this: {label!r} has to be filled in")
            filled = {"type": element["type"], **chosen(element, value, place)}
            view.state.setdefault(block["block_id"], {})[element["action_id"]] = filled
        if values:
            raise LookupError(f"no input is called {', '.join(map(repr, values))} in this view")

    def _urls(self, view: View, deed: Interaction) -> list[Json]:
        """Return a response_url for each chosen channel whose select asked for one."""
        urls = []
        for block in view.blocks:
            element = block.get("element") or {}
            if not element.get("response_url_enabled"):
                continue
            state = view.state[block["block_id"]][element["action_id"]]
            chosen_id = state.get("selected_conversation") or state.get("selected_channel")
            if chosen_id in deed.workspace.channels:
                deed.channel = deed.workspace.channels[chosen_id]
                urls.append({
                    "block_id": block["block_id"],
                    "action_id": element["action_id"],
                    "channel_id": chosen_id,
                    "response_url": self.hook(deed),
                })  # fmt: skip
        return urls

    def _outcome(self, deed: Interaction, view: View) -> None:
        payload = deed.ack.json
        action = payload.get("response_action")
        try:
            if deed.ack.error:
                deed.errors = {"": TROUBLE}
            elif action == "errors":
                wrong = judge_errors(payload.get("errors"), view.payload)
                self.violations += [Violation("view_submission", path, why) for path, why in wrong]
                deed.errors = view.errors = dict(payload.get("errors") or {})
            elif action in ("update", "push"):
                self._next_view(deed, view, payload.get("view"), push=action == "push")
            elif action == "clear" or not payload:
                self._shut(view, everything=action == "clear")
            else:
                self.violations.append(Violation("view_submission", "/response_action", "is no known answer"))
                deed.errors = {"": TROUBLE}
        except Refusal:
            deed.errors = {"": TROUBLE}

    def _next_view(self, deed: Interaction, view: View, payload: Any, *, push: bool) -> None:
        self.judge_view("view_submission", payload, home=False)
        if push:
            self.open_view(deed.workspace, deed, payload, below=view)
            return
        view.show(self.with_ids(payload), self.new_hash())
        deed.views.append(view)

    def _shut(self, view: View, *, everything: bool) -> None:
        for one in self.views:
            if one is view or (everything and one.root == view.root):
                one.open = False
