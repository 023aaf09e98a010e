"""What was told of an account goes with its owner's consent; what waits is written anew without it."""

from datetime import timedelta
from pathlib import Path

from sqlalchemy import Connection, select

from core import outbox
from core.connectors.owners import Owned
from core.errors import DeliveryForbidden
from core.messenger import Place
from core.models import Post
from core.tables import creators, to_ms
from core.watches import parse_rule
from core.watches_told import Fired, Seen, announce
from core.wishes import Wish
from tests.core.consent_toy import TEAM, HandClock, Net, opened
from tests.core.consenting import everything
from tests.core.digest_worlds import Heard

PLACE = Place(platform="discord", channel="C1", shown="#creators")


async def test_posts_that_alerts_told_of_and_copies_of_messages_go_with_the_consent(tmp_path: Path) -> None:
    net, heard = Net(HandClock()), Heard()
    post = Post(
        network="closed", native_id="post-77-9", created_at=net.clock.now(), likes=99, url="https://c.example/9"
    )

    def spiked(conn: Connection) -> None:
        seen = Seen(50.0, 45.0, 55.0, to_ms(net.clock.now()), "1")
        creator = conn.scalars(select(creators.c.id)).one()
        announce(conn, [Fired(1, creator, "spiked", seen, post=post, times=9.0)], net.clock.now())

    async with opened(tmp_path, net) as app:
        app.messengers.add(heard)
        await app.lookups.lookup(TEAM, "@glow")
        await app.granting.grant(TEAM, "@glow", "closed", Owned(native_id="77", handle="glow"), net.token())
        await app.store.track(TEAM, "glow", net.clock.now() - timedelta(days=60))
        await app.watches.add(TEAM, rule=parse_rule(["spike"], []), creator="@glow", place=PLACE)
        await app.digests.add(TEAM, Wish(schedule="daily 13:00"), place=PLACE, zone="UTC", asker="U1")
        await app.store.database.write(spiked)
        (alert,) = await app.digests.run_due(net.clock.now())
        assert await app.deliveries.deliver(alert) == "sent"
        net.clock.move(hours=1)
        heard.failing = lambda key: DeliveryForbidden("#creators", "Invite Clout first.")
        (digest,) = await app.digests.run_due(net.clock.now())
        assert await app.deliveries.deliver(digest) == "pending"
        held = await everything(app)
        assert "post-77-9" in held
        assert "99 likes" not in held, "of what was posted no copy is kept"
        assert "closed" in held.partition(digest)[2], "what waits names its networks"
        await app.consents.disconnect(TEAM, "@glow", "closed")
        left = await everything(app)
        for trace in ("post-77", "99 likes", "c.example"):
            assert trace not in left, trace
        waiting = await app.store.database.read(outbox.stored, digest)
        assert waiting is not None
        assert (waiting.state, waiting.card) == ("pending", None), "written anew from what is left"
