"""The terminal as a front end: one typed line in, one card out, and a sign of life while networks answer."""

import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Protocol, TextIO

from rich.console import Console
from rich.status import Status
from rich.text import Text

from bots.render_text import render
from core.card import Card, plain
from core.cards_score import score_card
from core.commands import COMMANDS, Context, LookupsLike, Show, complete, parse, refusal, run
from core.errors import CloutError
from core.manifest import Manifest
from core.messenger import Place
from core.models import Clock, Reading

INBOX = Place(platform="terminal", channel="inbox", shown="the inbox")
ASKER = "you"
TEAM = "terminal"  # a terminal is one team (CARDS)
DEFAULT_WIDTH = 100  # columns where the output is no screen
_WIDEST = 140  # columns; longer lines are hard to read


class AppLike(Protocol):
    """What the terminal needs of `core.app.App`."""

    @property
    def clock(self) -> Clock:
        """Where the time comes from."""
        ...

    @property
    def manifests(self) -> Mapping[str, Manifest]:
        """Every network by name."""
        ...

    @property
    def lookups(self) -> LookupsLike:
        """The use case behind the commands."""
        ...

    async def context(self, team: str, *, asker: str, place: Place, can_manage: bool, zone: str) -> Context:
        """Return what a command needs to know of who asks."""
        ...


class Terminal:
    """Runs typed lines against an app and draws cards for one screen.

    Who sits at the terminal owns the installation, so they manage it too. `reference` makes the codes of error cards.
    """

    def __init__(
        self,
        app: AppLike,
        *,
        reference: Callable[[], str],
        zone: str = "UTC",
        out: TextIO | None = None,
        err: TextIO | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self._app = app
        self._reference = reference
        self._zone = zone
        self._out = out or sys.stdout
        self._err = err or sys.stderr
        self._environment = os.environ if environment is None else environment
        self._status: Status | None = None

    async def run(self, line: str, show: Show | None = None) -> Card:
        """Run one line and return its card, an error card for a line that makes no sense.

        `show` receives partial cards; without it they only change the progress line, which goes to stderr on a screen.
        """
        ctx = await self._context()
        try:
            invocation = parse(line)
        except CloutError as error:
            return refusal(ctx, error, reference=self._reference)
        with self.progress(f"{invocation.command.name}: asking") as tell:

            async def publish(card: Card) -> None:
                tell(card)
                if show is not None:
                    await show(card)

            return await run(ctx, invocation, publish, reference=self._reference)

    async def complete(self, line: str) -> tuple[str, ...]:
        """Return words that could stand in place of the last one of an unfinished line, known handles among them."""
        begun = line.split()[-1] if line and not line[-1].isspace() else ""
        known: tuple[str, ...] = ()
        with suppress(CloutError):  # a store that fails must not stop the typing
            known = await self._app.lookups.suggestions(TEAM, begun)
        return complete(line, networks=self._app.manifests, creators=known)

    def score_card(self, reading: Reading) -> Card:
        """Return the score card of a reading that was made without a typed line."""
        app = self._app
        return score_card(reading, app.clock.now(), zone=self._zone, manifests=app.manifests).offering(COMMANDS)

    async def refusal(self, error: CloutError) -> Card:
        """Return the error card of a lookup that was made without a typed line."""
        return refusal(await self._context(), error, reference=self._reference)

    async def _context(self) -> Context:
        return await self._app.context(TEAM, asker=ASKER, place=INBOX, can_manage=True, zone=self._zone)

    def text(self, card: Card) -> str:
        """Return a card drawn for the screen it goes to."""
        return render(card, width=self.columns, colour=self._colour(), unicode=self._unicode())

    def print(self, card: Card) -> None:
        """Write a card to the output."""
        self.write(f"{self.text(card)}\n")

    def write(self, words: str) -> None:
        """Write to the output as it stands; a moving sign makes room meanwhile."""
        if self._status is not None:
            self._status.stop()
        self._out.write(words)
        self._out.flush()
        if self._status is not None:
            self._status.start()

    def complain(self, card: Card) -> None:
        """Write a card to the error output, for those who read the output by machine."""
        self._err.write(f"{self.text(card)}\n")
        self._err.flush()

    # --- the screen ---------------------------------------------------------------------------------------------------

    @contextmanager
    def progress(self, words: str) -> Iterator[Callable[[Card], None]]:
        """Show a moving sign on stderr while the body runs, on a screen only."""
        if not self._err.isatty() or self._environment.get("TERM") == "dumb":
            yield lambda card: None
            return
        console = Console(file=self._err, no_color=not self._colour())
        with console.status(Text(words)) as status:
            self._status = status
            try:
                yield lambda card: status.update(Text(_waiting(card)))
            finally:
                self._status = None

    @property
    def zone(self) -> str:
        """The zone of times, by IANA name."""
        return self._zone

    @property
    def screen(self) -> bool:
        """Whether a person watches the output."""
        return self._out.isatty()

    @property
    def columns(self) -> int:
        """How wide lines may be."""
        asked = self._environment.get("COLUMNS", "")
        if asked.isdecimal() and int(asked) > 0:
            return min(int(asked), _WIDEST)
        if not self._out.isatty():
            return DEFAULT_WIDTH
        try:
            return min(os.get_terminal_size(self._out.fileno()).columns or DEFAULT_WIDTH, _WIDEST)
        except (OSError, ValueError):
            return DEFAULT_WIDTH

    def _colour(self) -> bool:
        """Return whether styles may be used: on a screen that has not been asked to do without (no-color.org)."""
        environment = self._environment
        return self._out.isatty() and not environment.get("NO_COLOR") and environment.get("TERM") != "dumb"

    def _unicode(self) -> bool:
        try:
            "▁▲·−é".encode(self._out.encoding or "ascii")
        except (UnicodeEncodeError, LookupError):
            return False
        return True


def _waiting(card: Card) -> str:
    """Return what a partial card says about who is still to answer."""
    first = card.blocks[0] if card.blocks else None
    return plain(first.aside) if first is not None and first.kind == "headline" else plain(card.title)
