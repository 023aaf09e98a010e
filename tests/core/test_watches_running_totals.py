"""Spikes where counts are running totals: what was gained is compared, never what was gathered in years."""

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from core.app import App
from core.gains import gains
from core.models import Post
from core.scoring import score_network
from tests.core.digest_worlds import Heard, running
from tests.core.stored_readings import DAY, HandClock, make_fetch, make_posts
from tests.core.watch_worlds import alerts, begin, tell, watch

YEARS = timedelta(days=1_500)


async def read(app: App, clock: HandClock, posts: Sequence[Post]) -> None:
    """Read counters that have run for years, as a connector of running totals stores them."""
    past = await app.store.past("bluesky", "did:plc:glow", since=clock.now() - 91 * DAY)
    snapshot, reading = make_fetch("did:plc:glow", "glow.bsky.social", at=clock.now(), posts=posts)
    scored = score_network(snapshot.profile, gains(posts, past.baselines, clock.now()).posts, clock.now())
    assert reading.score is not None
    own = reading.score.model_copy(update={"draws": b"", "inputs": scored.inputs})
    await app.store.record(snapshot, reading.model_copy(update={"score": own}), changed=posts)


async def test_a_spike_of_running_totals_is_one_of_what_was_gained(tmp_path: Path) -> None:
    clock, heard = HandClock(), Heard()
    async with running(tmp_path, clock, heard) as app:
        await begin(app, clock, 48)
        opened = clock.now() - YEARS
        usual = [p.model_copy(update={"opened_at": opened, "likes": 300}) for p in make_posts(10, at=clock.now())]
        await read(app, clock, usual)
        await watch(app, "spike")
        for day in range(1, 12):
            clock.moment += DAY
            touched = usual[0].model_copy(
                update={"native_id": "at://old", "likes": 90_000, "created_at": clock.now() - DAY}
            )
            grown = [p.model_copy(update={"likes": 300 + day}) for p in usual]
            await read(app, clock, [touched, *grown] if day > 8 else grown)
            await tell(app, clock)
        assert alerts(heard) == [], "stars of five years came with one push, not in a day"
        clock.moment += DAY
        rising = grown[3].model_copy(update={"likes": 4_000})
        await read(app, clock, [touched, rising, *grown[:3], *grown[4:]])
        await tell(app, clock)
        assert len(alerts(heard)) == 1
