"""Small worlds for digests: creators with the scores of some days, a messenger that remembers, an app on hand time."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from core.app import App, build
from core.card import Card
from core.commands import parse, run
from core.connectors import manifests
from core.messenger import Place, Platform, Sent
from core.models import NetworkScore, Post
from core.settings import Settings
from core.store import Store
from tests.core.stored_readings import DAY, HandClock, make_fetch, make_posts

TEAM = "T1"
CREATORS = Place(platform="discord", channel="C1", shown="#creators")
MONDAY = datetime(2026, 11, 23, 8, tzinfo=UTC)  # 09:00 in Berlin
BERLIN = "every monday 09:00 Europe/Berlin"


async def keep_day(
    store: Store,
    name: str,
    score: float,
    at: datetime,
    *,
    posts: Sequence[Post] | None = None,
    version: str = "1",
    half: float = 3.0,
) -> None:
    """Record one day's reading of a creator's Bluesky account with a score made up for it."""
    given = make_posts(9, at=at) if posts is None else posts
    snapshot, reading = make_fetch(f"did:plc:{name}", f"{name}.bsky.social", at=at, posts=given, score=score)
    assert reading.score is not None
    own: NetworkScore = reading.score.model_copy(
        update={
            "draws": b"",
            "low": score - half,
            "high": score + half,
            "model_version": version,
            "last_post_at": given[0].created_at if given else None,
        }
    )
    await store.record(snapshot, reading.model_copy(update={"score": own}), changed=snapshot.posts)


async def follow(store: Store, name: str, since: datetime, team: str = TEAM) -> None:
    """Let a team track a creator whose account was recorded."""
    await store.link(team, name, [("bluesky", f"did:plc:{name}")])
    await store.track(team, name, since)


async def keep_week(store: Store, name: str, before: float, after: float, now: datetime) -> None:
    """Record two weeks: `before` until eight days ago, `after` from then on, and track the creator since long ago."""
    for days in range(13, -1, -1):
        await keep_day(store, name, before if days >= 7 else after, now - days * DAY)
    await follow(store, name, now - 60 * DAY)


@dataclass
class Heard:
    """A platform that takes messages, remembers them by key, and fails as it is told to."""

    platform: Platform = "discord"
    sent: list[tuple[str, Card, str | None]] = field(default_factory=list)
    told: list[tuple[str, Card]] = field(default_factory=list)
    failing: Callable[[str], Exception | None] = lambda key: None
    lost: Callable[[str], Exception | None] = lambda key: None
    by_key: dict[str, str] = field(default_factory=dict)
    called: dict[str, str | None] = field(default_factory=dict)
    where: dict[str, str] = field(default_factory=dict)

    async def send(
        self, team: str, place: Place, card: Card, *, key: str, under: str | None = None, mention: str | None = None
    ) -> Sent:
        """Take a message, unless it is to be refused; `lost` fails after it was taken."""
        if (error := self.failing(key)) is not None:
            raise error
        if self.platform == "slack" or key not in self.by_key:
            self.sent.append((key, card, under))
            self.by_key[key] = str(len(self.sent))
            self.called[key] = mention
            self.where[key] = place.channel
        if (error := self.lost(key)) is not None:
            raise error
        return Sent(message=self.by_key[key])

    async def check(self, team: str, place: Place) -> Place:
        """Let everything be posted in."""
        if (error := self.failing("check")) is not None:
            raise error
        return place if place.shown else place.model_copy(update={"shown": f"#{place.channel.lower()}"})

    async def private(self, team: str, place: Place) -> bool:
        """Hide the channels that say so."""
        return "secret" in place.channel.lower()

    async def tell(self, team: str, person: str, card: Card) -> None:
        """Remember what one person was told."""
        self.told.append((person, card))

    @property
    def keys(self) -> list[str]:
        """The keys of what arrived, digests only."""
        return [key for key, _, _ in self.sent if not key.startswith("subscribed")]


@asynccontextmanager
async def running(folder: Path, clock: HandClock, *messengers: Heard) -> AsyncIterator[App]:
    """Run an app with these platforms connected; a digest asks no network, so none is set up to answer."""
    settings = Settings.read(manifests()).model_copy(update={"database_url": f"sqlite:///{folder / 'clout.db'}"})
    async with build(settings, clock=clock) as app:
        for messenger in messengers:
            app.messengers.add(messenger)
        yield app


async def tick(app: App, clock: HandClock, by: timedelta = timedelta(0)) -> list[str]:
    """Let some time pass, then do what the ticker does; return the states of what was delivered."""
    clock.moment += by
    return [await app.deliveries.deliver(key) for key in await app.digests.run_due(clock.now())]


def said(card: Card) -> str:
    """Return all that a card says, a line a fact."""
    return "\n".join(card.facts())


def digests(heard: Heard) -> list[Card]:
    """Return the digests that arrived."""
    return [card for key, card, _ in heard.sent if key.startswith("digest:")]


async def typed(
    app: App, words: str, *, team: str = TEAM, asker: str = "U1", manages: bool = True, member: bool = True
) -> Card:
    """Type a command in the channel and return its answer."""
    ctx = await app.context(team, asker=asker, place=CREATORS, can_manage=manages, member=member)

    async def show(card: Card) -> None:
        raise AssertionError("a digest has no partial card")

    return await run(ctx, parse(words), show, reference=lambda: "7f3a")
