"""Networks are told of every token that is no longer wanted, whatever ended it, and of none that is."""

from datetime import timedelta
from pathlib import Path

import pytest

from core.connectors.owners import Owned
from core.consent_rows import Row, add, begin, opening
from core.errors import Unavailable
from tests.core.consent_toy import OTHER_TEAM, TEAM, HandClock, Net, opened

GLOW = Owned(native_id="77", handle="glow")


@pytest.fixture
def net() -> Net:
    return Net(HandClock())


async def test_the_newest_token_is_revoked_when_its_owner_leaves_amid_a_renewal(tmp_path: Path, net: Net) -> None:
    async with opened(tmp_path, net) as app:
        await app.granting.grant(TEAM, "@glow", "closed", GLOW, net.token())
        net.clock.move(hours=19)
        net.meanwhile = lambda: app.consents.disconnect(TEAM, "@glow", "closed")
        assert await app.renewing.renew_due(net.clock.now()) == 0
        assert net.revoked == ["a-0", "a-1"]


@pytest.mark.parametrize(("also", "revoked"), [(False, ["a-0"]), (True, [])])
async def test_what_owners_showed_a_team_that_left_is_revoked_with_its_month(
    tmp_path: Path, net: Net, also: bool, revoked: list[str]
) -> None:
    async with opened(tmp_path, net) as app:
        await app.granting.grant(TEAM, "@glow", "closed", GLOW, net.token())
        if also:
            await app.granting.grant(OTHER_TEAM, "@glow", "closed", GLOW, net.token())
        await app.store.team_left(TEAM)
        net.clock.move(days=29)
        assert await app.consents.let_go() == 0
        net.clock.move(days=1)
        assert await app.consents.let_go() == 1
        assert net.revoked == revoked, "the same owner still shows it to another team" if also else ""
        assert await app.credentials.owner_tokens(TEAM, "closed") == ()
        assert len(await app.credentials.owner_tokens(OTHER_TEAM, "closed")) == int(also)
        await app.store.purge(net.clock.now(), {})


async def test_a_sign_in_that_was_cut_off_is_revoked_too(tmp_path: Path, net: Net) -> None:
    async with opened(tmp_path, net) as app:
        await app.granting.grant(TEAM, "@glow", "closed", GLOW, net.token())
        now = net.clock.now()
        row = Row("link", TEAM, "Team", "closed", "glow", "glow", "U1", now + timedelta(days=1))
        await app.store.database.write(add, row, now)
        await app.store.database.write(opening, "link", "77")
        await app.store.database.write(begin, "link", "state", "browser", "https://back", now)
        net.clock.move(minutes=11)
        assert await app.consents.sweep() == 1
        assert net.revoked == ["a-0"]


async def test_a_network_that_hangs_keeps_no_other_waiting(tmp_path: Path, net: Net) -> None:
    async with opened(tmp_path, net) as app:
        for number in range(3):
            owned = Owned(native_id=str(70 + number), handle=f"glow{number}")
            await app.credentials.keep_owner(TEAM, "closed", net.token(owned.native_id))
        net.clock.move(hours=19)
        tries = 0

        async def silent() -> None:
            nonlocal tries
            tries += 1
            raise Unavailable("closed", "down")

        net.meanwhile = silent
        assert await app.renewing.renew_due(net.clock.now()) == 0
        assert tries == 1, "one answer tells of all: the others wait for the next tick"
        net.clock.move(seconds=20)
        assert await app.renewing.renew_due(net.clock.now()) == 0
        assert tries == 2, "and the one that failed has its rest"
