"""What a person did and what came of it: the record that every driver returns."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sandbox.discord_people import Channel, Guild, Json, Message, User
from sandbox.discord_transcript import plain

if TYPE_CHECKING:
    from sandbox.discord_office import Office

MESSAGE, THINKING, NOTHING_YET, UPDATE, CHOICES, FORM = 4, 5, 6, 7, 8, 9
"""Types of the first answer: a message, a promise of one, a promise of an edit, an edit, choices, a modal."""


@dataclass(eq=False)
class Modal:
    """A form that was opened; `components` as they were sent."""

    payload: Json
    source: "Interaction" = field(repr=False)
    open: bool = True

    @property
    def custom_id(self) -> str:
        """Return its custom_id."""
        return str(self.payload.get("custom_id"))

    @property
    def title(self) -> str:
        """Return its title."""
        return str(self.payload.get("title"))

    @property
    def components(self) -> list[Json]:
        """Return its components as they were sent."""
        return list(self.payload.get("components") or [])


@dataclass(eq=False)
class Interaction:
    """One deed: a command, autocomplete, click, modal or menu.

    `callback` is the body of the app's first answer (None as long as there is none), `seconds` how long it took;
    `original` the message it made or, for clicks answered in place, the clicked one; `followups` further messages;
    `choices` of an autocomplete; `modal` the form it opened; `failed` what the person is told when the app was late.
    """

    discord: "Office" = field(repr=False)
    kind: str
    id: int
    token: str
    user: User
    channel: Channel = field(repr=False)
    guild: Guild | None = field(default=None, repr=False)
    message: Message | None = field(default=None, repr=False)
    locale: str = ""
    owners: dict[str, str] = field(default_factory=dict)
    born: tuple[float, float] = (0.0, 0.0)
    payload: Json = field(default_factory=dict, repr=False)
    callback: Json | None = None
    seconds: float = 0.0
    original: Message | None = None
    followups: list[Message] = field(default_factory=list)
    choices: list[Json] = field(default_factory=list)
    modal: Modal | None = None
    failed: str = ""
    changes: int = 0
    deleted_original: bool = False
    from_modal: bool = False

    @property
    def type(self) -> int:
        """Return the type of the first answer, 0 without one."""
        return int((self.callback or {}).get("type") or 0)

    @property
    def ephemeral(self) -> bool:
        """Whether the first answer is for this person alone."""
        return self.original is not None and self.original.ephemeral

    @property
    def is_guest(self) -> bool:
        """Whether the app acts for the person alone, not for the guild."""
        return "0" not in self.owners

    @property
    def messages(self) -> list[Message]:
        """Return everything it shows now."""
        every = [*([self.original] if self.original is not None else []), *self.followups]
        return [one for one in every if not one.deleted]

    @property
    def done(self) -> bool:
        """Whether what the first answer promised has come; a partial card counts."""
        if self.failed:
            return True
        if self.type == THINKING:
            return self.original is None or self.original.deleted or not self.original.loading
        return self.changes > 0 if self.type == NOTHING_YET else self.type != 0

    async def answered(self, seconds: float = 5.0) -> Json:
        """Wait for the first answer; return its body."""
        await self.discord.until(lambda: self.callback is not None or bool(self.failed), seconds, self._name("answer"))
        if self.callback is None:
            raise TimeoutError(f"{self._name('answer')}: {self.failed}")
        return self.callback

    async def finished(self, seconds: float = 5.0) -> "Interaction":
        """Wait until the app kept what it promised (edit after a defer); return this deed."""
        await self.discord.until(lambda: self.done, seconds, self._name("end"))
        return self

    async def changed(self, count: int, seconds: float = 5.0) -> "Interaction":
        """Wait until messages were made, edited or deleted for it so many times; the defer itself is none."""
        await self.discord.until(lambda: self.changes >= count, seconds, self._name(f"change {count}"))
        return self

    async def says(self, text: str, seconds: float = 5.0) -> Message:
        """Wait until one of its messages shows this text; return it."""
        try:
            await self.discord.until(lambda: self._showing(text) is not None, seconds, repr(text))
        except TimeoutError as error:
            shown = " | ".join(plain(one) for one in self.messages) or "nothing"
            raise TimeoutError(f"{error}; shown was: {shown}") from error
        found = self._showing(text)
        assert found is not None, "was there a moment ago"
        return found

    async def opened(self, seconds: float = 5.0) -> Modal:
        """Wait until it opened a modal; return it."""
        await self.discord.until(lambda: self.modal is not None, seconds, self._name("modal"))
        assert self.modal is not None, "waited for"
        return self.modal

    def read(self) -> str:
        """Return all that it shows now, as people see it."""
        return "\n".join(plain(one) for one in self.messages)

    def _name(self, what: str) -> str:
        said: Any = self.payload.get("data") or {}
        return f"the {what} of {self.kind} {said.get('name') or said.get('custom_id') or ''}".rstrip()

    def _showing(self, text: str) -> Message | None:
        return next((one for one in self.messages if text in plain(one)), None)
