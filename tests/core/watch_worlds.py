"""Watches over a real store: creators with made-up scores, time that passes, and the alerts that were heard."""

from datetime import timedelta

from core.app import App
from core.card import Card
from core.messenger import Place
from core.watches import parse_rule
from tests.core.digest_worlds import CREATORS, TEAM, Heard, follow, keep_day
from tests.core.stored_readings import DAY, HandClock


def said(card: Card) -> str:
    return " | ".join(card.facts())


async def begin(app: App, clock: HandClock, score: float, name: str = "glow", team: str = TEAM) -> None:
    """Let a creator be known by a score and be tracked."""
    await keep_day(app.store, name, score, clock.now())
    await follow(app.store, name, clock.now() - 60 * DAY, team)


async def watch(app: App, words: str, name: str = "glow", place: Place = CREATORS, team: str = TEAM) -> int:
    """Set a watch up on a creator that is tracked already; its lookup would ask networks, so it is stored directly."""
    rule = parse_rule(words.split(), ["bluesky"])
    done = await app.watches.add(team, rule=rule, creator=f"bluesky:{name}.bsky.social", place=place, asker="U1")
    return done.watch.number


async def read(
    app: App, clock: HandClock, score: float, by: timedelta = DAY, name: str = "glow", **more: object
) -> None:
    """Let time pass and read the creator again."""
    clock.moment += by
    await keep_day(app.store, name, score, clock.now(), **more)  # type: ignore[arg-type]
    await tell(app, clock)


async def tell(app: App, clock: HandClock, by: timedelta = timedelta(0)) -> list[str]:
    """Do what the ticker does."""
    clock.moment += by
    await app.watches.evaluate(clock.now())
    return [await app.deliveries.deliver(key) for key in await app.digests.run_due(clock.now())]


def alerts(heard: Heard) -> list[str]:
    return [said(card) for key, card, _ in heard.sent if key.startswith("alert:")]
