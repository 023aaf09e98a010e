"""What core asks of a front end that can post by itself: where a message goes, and how it is sent.

A front end hands a `Messenger` to the outbox (core/deliveries.py); nothing in core knows Slack or Discord.
"""

from collections.abc import Iterator, Mapping
from typing import Literal, Protocol

from core.card import Card
from core.models import Model

Platform = Literal["slack", "discord", "terminal"]
"""Who carries messages; the terminal's go to its inbox."""


class Place(Model):
    """A channel, or a thread in one, by the platform's own ids; `shown` is how people name it: `#creators`."""

    platform: Platform
    channel: str
    thread: str | None = None
    shown: str = ""

    @property
    def where(self) -> tuple[str, str, str | None]:
        """What tells it from other places, whatever it is called."""
        return self.platform, self.channel, self.thread


class Sent(Model):
    """What a platform said about a message it took: its id, by which it can be answered in a thread."""

    message: str


class Messenger(Protocol):
    """Posts finished cards on one platform; every method raises DeliveryError and nothing else.

    ChannelGone: the channel was deleted or archived. DeliveryForbidden: Clout may not post there (`retry_at` when the
    platform asked for patience). DeliveryUnknown: nobody can tell whether the message arrived.
    """

    @property
    def platform(self) -> Platform:
        """Which platform's places it posts in."""
        ...

    async def send(
        self, team: str, place: Place, card: Card, *, key: str, under: str | None = None, mention: str | None = None
    ) -> Sent:
        """Post a card; the same `key` twice within minutes is one message where the platform can tell.

        `under` is the id of a message to answer in its thread; `mention` a role or user group to call, and only that.
        """
        ...

    async def check(self, team: str, place: Place) -> Place:
        """Return the place as people name it if Clout could post there now."""
        ...

    async def private(self, team: str, place: Place) -> bool:
        """Return whether the place is not open to everybody of the team; True too where nobody can say."""
        ...

    async def tell(self, team: str, person: str, card: Card) -> None:
        """Say something to one person alone; a person who takes no messages is no error."""
        ...


class Messengers(Mapping[Platform, Messenger]):
    """The messengers of this process by platform; a front end adds its own when it is connected."""

    def __init__(self, *messengers: Messenger) -> None:
        self._known: dict[Platform, Messenger] = {one.platform: one for one in messengers}

    def add(self, messenger: Messenger) -> None:
        """Let messages of a platform be posted by this one from now on."""
        self._known[messenger.platform] = messenger

    def remove(self, platform: Platform) -> None:
        """Post nothing more on a platform from this process."""
        self._known.pop(platform, None)

    def __getitem__(self, platform: Platform) -> Messenger:
        return self._known[platform]

    def __iter__(self) -> Iterator[Platform]:
        return iter(tuple(self._known))  # front ends come and go while somebody looks through them

    def __len__(self) -> int:
        return len(self._known)
