"""An account that its owner opens joins one team's creator, is nobody else's, and leaves without a trace."""

import asyncio
from collections.abc import Awaitable
from pathlib import Path

import pytest
from sqlalchemy import select

from core.connectors.owners import Owned
from core.errors import CloutError, NeedsOwner, NotFound, TokenExpired, Unavailable
from core.intake_creators import Entry
from core.rosters_intake import Entered, enter
from core.tables import creator_pending
from tests.core.consent_toy import OTHER_TEAM, TEAM, HandClock, Net, opened
from tests.core.consenting import everything
from tests.core.toy_network import START

GLOW = Owned(native_id="77", handle="glow")


@pytest.fixture
def net() -> Net:
    return Net(HandClock())


async def test_a_granted_account_counts_for_its_team_and_is_marked(tmp_path: Path, net: Net) -> None:
    async with opened(tmp_path, net) as app:
        before = (await app.lookups.lookup(TEAM, "@glow")).score.score
        linked = await app.granting.grant(TEAM, "@glow", "closed", GLOW, net.token())
        after = await app.lookups.lookup(TEAM, "@glow")
    assert {one.network for one in linked.accounts} == {"closed", "open"}
    assert {one.network: one.access for one in after.networks} == {"closed": "owner_authorised", "open": "public"}
    assert before is not None
    assert after.score.score is not None
    assert after.score.score >= before
    assert ("closed", "glow", "a-0") in net.asked


async def test_a_card_knows_which_networks_the_creator_could_connect(tmp_path: Path, net: Net) -> None:
    async with opened(tmp_path, net) as app:
        assert (await app.lookups.lookup(TEAM, "@glow")).connectable == ("closed",)
        assert (await app.lookups.lookup(TEAM, "open:glow")).connectable == ()
        await app.granting.grant(TEAM, "@glow", "closed", GLOW, net.token())
        assert (await app.lookups.lookup(TEAM, "@glow")).connectable == ()


async def test_no_other_team_sees_it_by_any_name(tmp_path: Path, net: Net) -> None:
    async with opened(tmp_path, net) as app:
        await app.granting.grant(TEAM, "@glow", "closed", GLOW, net.token())
        theirs = await app.lookups.lookup(OTHER_TEAM, "@glow")
        assert [one.network for one in theirs.networks] == ["open"]
        assert await app.lookups.suggestions(OTHER_TEAM, "closed:gl") == ()
        for name in ("closed:glow", "77", f"closed:77 @{TEAM}"):
            with pytest.raises(CloutError):
                await app.lookups.lookup(OTHER_TEAM, name)
        with pytest.raises(NeedsOwner):
            await app.lookups.lookup(OTHER_TEAM, "closed:glow")
        own = await app.lookups.lookup(TEAM, "closed:glow")
    assert [one.access for one in own.networks] == ["owner_authorised"]


async def test_two_teams_hold_the_same_account_apart(tmp_path: Path, net: Net) -> None:
    async with opened(tmp_path, net) as app:
        for team in (TEAM, OTHER_TEAM):
            await app.granting.grant(team, "@glow", "closed", GLOW, net.token())
        await app.granting.withdraw(TEAM, "closed", "77")
        theirs = await app.lookups.lookup(OTHER_TEAM, "closed:glow")
        assert theirs.networks[0].score is not None
        with pytest.raises(NeedsOwner):
            await app.lookups.lookup(TEAM, "closed:glow")


async def test_withdrawal_leaves_no_trace_and_the_rest_as_it_was(tmp_path: Path, net: Net) -> None:
    async with opened(tmp_path, net) as app:
        first = await app.lookups.lookup(TEAM, "@glow")
        await app.granting.grant(TEAM, "@glow", "closed", GLOW, net.token())
        held = await everything(app)
        assert "post-77" in held
        assert "77 @" in held
        assert await app.granting.withdraw(TEAM, "closed", "77")
        left = await everything(app)
        after = await app.lookups.lookup(TEAM, "@glow")
        assert not await app.granting.withdraw(TEAM, "closed", "77")
    for trace in ("post-77", "77 @", "closed", "a-0", "r-0"):
        assert trace not in left, trace
    assert after.score.score == first.score.score


async def test_withdrawal_of_a_creators_only_account_takes_the_creator_along(tmp_path: Path, net: Net) -> None:
    net.public = frozenset()
    async with opened(tmp_path, net) as app:
        await app.granting.grant(TEAM, "@glow", "closed", GLOW, net.token())
        assert [one.name for one in await app.store.creators(TEAM)] == ["glow"]
        await app.granting.withdraw(TEAM, "closed", "77")
        assert await app.store.creators(TEAM) == ()


@pytest.mark.parametrize(
    "error", [Unavailable("closed", "down"), TokenExpired("closed", "revoked"), NotFound("closed", "gone")]
)
async def test_a_network_that_refuses_leaves_nothing_half(tmp_path: Path, net: Net, error: CloutError) -> None:
    net.error = error  # type: ignore[assignment]
    async with opened(tmp_path, net) as app:
        with pytest.raises(type(error)):
            await app.granting.grant(TEAM, "@glow", "closed", GLOW, net.token())
        assert await app.credentials.owner_tokens(TEAM, "closed") == ()
        assert await app.store.creators(TEAM) == ()
        assert "77 @" not in await everything(app)


async def test_a_team_that_left_takes_what_owners_showed_it_along(tmp_path: Path, net: Net) -> None:
    async with opened(tmp_path, net) as app:
        for team in (TEAM, OTHER_TEAM):
            await app.granting.grant(team, "@glow", "closed", GLOW, net.token())
        await app.store.team_left(TEAM)
        net.clock.move(days=31)
        await app.store.purge(net.clock.now(), {})
        left = await everything(app)
    assert f"77 @{TEAM}" not in left
    assert f"77 @{OTHER_TEAM}" in left


async def test_a_roster_knows_a_granted_account_by_the_name_everybody_uses(tmp_path: Path, net: Net) -> None:
    async with opened(tmp_path, net) as app:
        write, now = app.store.database.write, net.clock.now()

        def entered(team: str, handle: str) -> Awaitable[Entered]:
            return write(enter, team, [Entry(1, (("closed", handle),), alias="glow")], lambda _, name: name, now, None)

        await entered(TEAM, "glow.daily")  # waits for a consent
        await app.granting.grant(TEAM, "@glow", "closed", Owned(native_id="77", handle="glow.daily"), net.token())
        assert not await app.store.database.read(lambda conn: conn.execute(select(creator_pending)).all())
        assert (await entered(TEAM, "Glow.Daily")).already == 1
        assert (await entered(OTHER_TEAM, "glow.daily")).made == 1
        assert await app.tracking.known(OTHER_TEAM, "closed:glow.daily") == "glow"
        assert await app.tracking.untrack(TEAM, "closed:glow.daily") == "glow"


async def test_what_was_under_way_at_a_withdrawal_comes_back_to_nothing(tmp_path: Path, net: Net) -> None:
    async with opened(tmp_path, net) as app:
        await app.granting.grant(TEAM, "@glow", "closed", GLOW, net.token())
        net.clock.move(hours=7)
        read = asyncio.Event()
        net.gate = asyncio.Event()
        net.reached = read
        lookup = asyncio.create_task(app.lookups.lookup(TEAM, "closed:glow", fresh=True))
        await read.wait()
        assert await app.granting.withdraw(TEAM, "closed", "77")
        net.gate.set()
        await lookup
        assert "77 @" not in await everything(app)


async def test_the_change_ledger_has_a_row_for_the_network_that_joined(tmp_path: Path, net: Net) -> None:
    async with opened(tmp_path, net) as app:
        await app.lookups.link(TEAM, "@glow", "open:glow")
        await app.lookups.lookup(TEAM, "@glow")
        net.clock.move(days=7)
        await app.granting.grant(TEAM, "@glow", "closed", GLOW, net.token())
        told = await app.lookups.why(TEAM, "@glow", since=START)
    assert told.change is not None
    assert any("closed" in row.model_dump_json().lower() for row in told.change.rows)
