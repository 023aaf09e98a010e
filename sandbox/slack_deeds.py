"""What a person did and what came of it: the record that every driver returns."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sandbox.slack_delivery import Ack
from sandbox.slack_people import Channel, Json, Message, Person, View, Workspace
from sandbox.slack_transcript import plain

if TYPE_CHECKING:
    from sandbox.slack_office import Office


@dataclass
class Interaction:
    """One deed. `messages` were shown for it, `views` opened by it, `uses` counts its response_url."""

    slack: "Office" = field(repr=False)
    kind: str
    workspace: Workspace = field(repr=False)
    user: Person
    channel: Channel | None = field(default=None, repr=False)
    trigger_id: str = ""
    born: tuple[float, float] = (0.0, 0.0)
    payload: Json = field(default_factory=dict, repr=False)
    ack: Ack = field(default_factory=lambda: Ack(0, "", 0.0))
    messages: list[Message] = field(default_factory=list)
    views: list[View] = field(default_factory=list)
    errors: dict[str, str] = field(default_factory=dict)
    options: list[Json] = field(default_factory=list)
    uses: int = 0
    spent: bool = False
    envelope_id: str = ""
    deliveries: int = 0
    _said: int = 0

    def note(self, message: Message) -> None:
        """Note a message that was shown or changed for it."""
        self._said += 1
        if message not in self.messages:
            self.messages.append(message)

    @property
    def view(self) -> View | None:
        """Return the newest view it opened."""
        return self.views[-1] if self.views else None

    async def answer(self, count: int = 1, seconds: float = 5.0) -> Message:
        """Wait until `count` messages were shown or changed for it; return the newest."""
        await self.slack.until(lambda: self._said >= count, seconds, f"answer {count} to {self.kind}")
        return self.messages[-1]

    async def says(self, text: str, seconds: float = 5.0) -> Message:
        """Wait until one of its messages shows this text; return it."""
        try:
            await self.slack.until(lambda: self._showing(text) is not None, seconds, repr(text))
        except TimeoutError as error:
            shown = " | ".join(plain(one, self.workspace) for one in self.messages) or "nothing"
            raise TimeoutError(f"{error}; shown was: {shown}") from error
        found = self._showing(text)
        assert found is not None, "was there a moment ago"
        return found

    async def opened(self, seconds: float = 5.0) -> View:
        """Wait until it opened a view; return it."""
        await self.slack.until(lambda: bool(self.views), seconds, f"a view opened by {self.kind}")
        return self.views[-1]

    def _showing(self, text: str) -> Message | None:
        shown = (one for one in self.messages if not one.deleted)
        return next((one for one in shown if text in plain(one, self.workspace)), None)
