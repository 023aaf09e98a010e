"""What core hears of channels that come and go, whatever the platform; subscriptions pause and resume by it."""

from typing import Protocol


class ChannelNews(Protocol):
    """Hears what became of a channel, by the platform's own id; hearing the same twice changes nothing more."""

    async def gone(self, team: str, channel: str) -> None:
        """Hear that a channel was deleted for good."""
        ...

    async def lost(self, team: str, channel: str) -> None:
        """Hear that nothing can be posted there now: it was archived, or Clout was removed from it."""
        ...

    async def back(self, team: str, channel: str) -> None:
        """Hear that posting may work again: it was brought back, or Clout was invited."""
        ...
