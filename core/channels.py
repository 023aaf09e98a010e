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


class Gone(Protocol):
    """Hears only that a channel was deleted for good."""

    async def gone(self, team: str, channel: str) -> None:
        """Hear that a channel was deleted for good."""
        ...


class Heard:
    """Passes the news of channels on: all of it to digests, deletions to watches too."""

    def __init__(self, digests: ChannelNews, watches: Gone) -> None:
        self._digests = digests
        self._watches = watches

    async def gone(self, team: str, channel: str) -> None:
        """See ChannelNews.gone."""
        await self._digests.gone(team, channel)
        await self._watches.gone(team, channel)

    async def lost(self, team: str, channel: str) -> None:
        """See ChannelNews.lost."""
        await self._digests.lost(team, channel)

    async def back(self, team: str, channel: str) -> None:
        """See ChannelNews.back."""
        await self._digests.back(team, channel)
