"""Tokens of owners: renewed before they end, by one process, outside of lookups, stored before they are used."""

import asyncio
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr

from core.app import App
from core.connectors.base import Credentials as Secrets
from core.connectors.http import Requests
from core.connectors.owners import Owned, ended
from core.errors import SourceAuthFailed, StoreError, TokenExpired, Unavailable
from core.keyring import Where, owners_ending
from core.manifest import Target
from core.models import Clock, Snapshot
from core.refreshing import Batch, Refreshed
from tests.core.consent_toy import CLOSED, TEAM, HandClock, Net, opened

GLOW = Owned(native_id="77", handle="glow")
WHERE = Where(TEAM, "closed", "77")


@pytest.fixture
def net() -> Net:
    return Net(HandClock())


async def granted(app: App, net: Net) -> None:
    await app.granting.grant(TEAM, "@glow", "closed", GLOW, net.token())


async def held(app: App) -> str:
    token = await app.credentials.owner_token(TEAM, "closed", "77")
    assert token is not None
    assert token.refresh is not None
    return f"{token.access.get_secret_value()} {token.refresh.get_secret_value()}"


async def test_a_token_is_renewed_ahead_of_its_end_and_not_before(tmp_path: Path, net: Net) -> None:
    async with opened(tmp_path, net) as app:
        await granted(app, net)
        net.clock.move(hours=17)
        assert await app.renewing.renew_due(net.clock.now()) == 0
        net.clock.move(hours=2)
        assert await app.renewing.renew_due(net.clock.now()) == 1
        assert await held(app) == "a-1 r-1"
        assert await app.renewing.renew_due(net.clock.now()) == 0
        net.clock.move(hours=7)
        assert (await app.lookups.lookup(TEAM, "closed:glow")).networks[0].status == "ok"


async def test_two_processes_renew_one_token_once(tmp_path: Path, net: Net) -> None:
    async with opened(tmp_path, net) as one, opened(tmp_path, net) as other:
        await granted(one, net)
        net.clock.move(hours=20)
        now = net.clock.now()
        counts = await asyncio.gather(*(app.renewing.renew_due(now) for app in (one, other, one, other)))
        assert sum(counts) >= 1
        assert net.renewals == 1
        assert await held(one) == await held(other) == "a-1 r-1"


async def test_a_lookup_never_waits_for_a_renewal(tmp_path: Path, net: Net) -> None:
    async with opened(tmp_path, net) as app:
        await granted(app, net)
        net.clock.move(hours=30)
        asked = len(net.asked)
        shown = await app.lookups.lookup(TEAM, "closed:glow", fresh=True)
        assert shown.networks[0].status == "token_expired"
        assert shown.networks[0].score is not None
        assert len(net.asked) == asked, "no request under a token that has ended"
        await app.renewing.aclose()  # the renewal that the lookup set off
        assert net.renewals == 1
        again = await app.lookups.lookup(TEAM, "closed:glow", fresh=True)
    assert again.networks[0].status == "ok"


async def test_a_token_revoked_amid_a_refresh_is_renewed_once_and_read_again(tmp_path: Path, net: Net) -> None:
    async with opened(tmp_path, net) as app:
        await granted(app, net)
        await app.lookups.lookup(TEAM, "@glow")
        await app.store.track(TEAM, "glow", net.clock.now())
        net.clock.move(hours=7)
        net.good = {"a-9"}  # the one we hold is refused although its time has not come
        assert await refresh(app, net) == Refreshed(read=1)
        assert await held(app) == "a-1 r-1"
        assert net.renewals == 1


async def refresh(app: App, net: Net) -> Refreshed:
    found = await app.store.find(TEAM, "glow", None, [])
    assert found is not None
    mine = next(a for a in found.accounts if a.reading.network == "closed")
    return await app.refreshing.refresh(Batch(network="closed", accounts=(mine.account_id,), at=net.clock.now()))


async def test_an_ended_permission_is_told_once_and_never_a_drop(tmp_path: Path, net: Net) -> None:
    async with opened(tmp_path, net) as app:
        await granted(app, net)
        before = await app.lookups.lookup(TEAM, "@glow")
        await app.store.track(TEAM, "glow", net.clock.now())
        net.clock.move(hours=20)
        net.renew_error = TokenExpired("closed", ended(CLOSED))
        net.clock.move(hours=4)
        assert await app.renewing.renew_due(net.clock.now()) == 0
        net.renew_error = AssertionError("asked again in vain")  # type: ignore[assignment]
        assert await app.store.database.read(owners_ending, net.clock.now() + timedelta(days=9)) == [], "nor looked at"
        assert await app.renewing.renew_due(net.clock.now()) == 0
        assert (await refresh(app, net)).failed == 1
        after = await app.lookups.lookup(TEAM, "@glow", fresh=True)
        assert [(e.where, e.at) for e in await app.credentials.ending()] == [(WHERE, net.clock.now())]
    closed = next(one for one in after.networks if one.network == "closed")
    assert closed.status == "token_expired"
    assert closed.score is not None
    assert after.score.score == pytest.approx(before.score.score, abs=1)


async def test_a_refusal_that_passes_costs_no_owner_another_consent(tmp_path: Path, net: Net) -> None:
    async with opened(tmp_path, net) as app:
        await granted(app, net)
        net.clock.move(hours=19)
        net.renew_error = TokenExpired("closed", ended(CLOSED))
        assert await app.renewing.renew_due(net.clock.now()) == 0
        assert (await app.lookups.lookup(TEAM, "closed:glow", fresh=True)).networks[0].status == "ok", "it still reads"
        net.renew_error = None
        net.clock.move(minutes=59)
        assert await app.renewing.renew_due(net.clock.now()) == 0, "not asked again and again"
        net.clock.move(minutes=2)
        assert await app.renewing.renew_due(net.clock.now()) == 1
        assert await held(app) == "a-1 r-1"


async def test_a_network_that_is_down_is_asked_again_later_and_seldom(tmp_path: Path, net: Net) -> None:
    async with opened(tmp_path, net) as app:
        await granted(app, net)
        net.clock.move(hours=19)
        net.renew_error = Unavailable("closed", "down")
        assert await app.renewing.renew_due(net.clock.now()) == 0
        net.renew_error = None
        net.clock.move(seconds=20)
        assert await app.renewing.renew_due(net.clock.now()) == 0, "not before a minute has passed"
        net.clock.move(seconds=60)
        assert await app.renewing.renew_due(net.clock.now()) == 1


async def test_lookups_ask_a_network_that_is_down_no_more_often_than_ticks(tmp_path: Path, net: Net) -> None:
    async with opened(tmp_path, net) as app:
        await granted(app, net)
        net.clock.move(hours=30)
        net.renew_error = Unavailable("closed", "down")
        await app.lookups.lookup(TEAM, "closed:glow")
        await app.renewing.aclose()
        net.renew_error = None
        for renewals in (0, 1):
            await app.lookups.lookup(TEAM, "closed:glow")
            await app.renewing.aclose()
            assert net.renewals == renewals
            net.clock.move(minutes=2)


async def test_a_token_taken_back_while_it_is_renewed_stays_gone(tmp_path: Path, net: Net) -> None:
    async with opened(tmp_path, net) as app:
        await granted(app, net)
        net.clock.move(hours=19)
        net.meanwhile = lambda: app.granting.withdraw(TEAM, "closed", "77")
        assert await app.renewing.renew_due(net.clock.now()) == 0
        assert net.renewals == 1
        assert await app.credentials.owner_tokens(TEAM, "closed") == ()


@pytest.mark.parametrize("refused", [False, True])
async def test_a_token_the_owner_gives_while_the_old_one_is_renewed_is_kept(
    tmp_path: Path, net: Net, refused: bool
) -> None:
    async with opened(tmp_path, net) as app:
        await granted(app, net)
        net.clock.move(hours=19)

        async def connected_anew() -> None:
            await app.credentials.keep_owner(TEAM, "closed", net.token(number=5))
            if refused:
                raise TokenExpired("closed", ended(CLOSED))

        net.meanwhile = connected_anew
        assert await app.renewing.renew_due(net.clock.now()) == (0 if refused else 1)
        assert await held(app) == "a-5 r-5"
        kept = await app.credentials.owner_token(TEAM, "closed", "77")
        assert kept is not None
        assert kept.ended_at is None


async def test_a_renewal_ends_whole_when_its_caller_is_stopped(tmp_path: Path, net: Net) -> None:
    async with opened(tmp_path, net) as app:
        await granted(app, net)
        net.clock.move(hours=19)
        answered, asked = asyncio.Event(), asyncio.Event()

        async def slow() -> None:
            asked.set()
            await answered.wait()

        net.meanwhile = slow
        ticking = asyncio.create_task(app.renewing.renew_due(net.clock.now()))
        await asked.wait()
        ticking.cancel()
        await asyncio.gather(ticking, return_exceptions=True)
        answered.set()  # the network has turned the tokens over by now
        await app.renewing.aclose()
        assert await held(app) == "a-1 r-1"


async def test_a_token_that_could_not_be_stored_is_not_lost(
    tmp_path: Path, net: Net, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> bool:
        raise StoreError("the disk is full")

    async with opened(tmp_path, net) as app:
        await granted(app, net)
        net.clock.move(hours=19)
        with monkeypatch.context() as patched:
            patched.setattr("core.keyring.renew", full)
            with pytest.raises(StoreError):
                await app.renewing.renew_due(net.clock.now())
        assert await app.renewing.renew_due(net.clock.now()) == 1
        assert net.renewals == 1, "a refresh token is good once"
        assert await held(app) == "a-1 r-1"


async def test_what_one_owner_does_not_allow_keeps_nobody_else_waiting(tmp_path: Path, net: Net) -> None:
    async with opened(tmp_path, net) as app:
        await granted(app, net)
        await app.store.track(TEAM, "glow", net.clock.now())
        net.clock.move(hours=7)
        net.error = SourceAuthFailed("closed", "Closed: a permission is missing.")
        assert await refresh(app, net) == Refreshed(failed=1)
        assert app.refreshing.paused_until("closed") is None
        after = await app.lookups.history(TEAM, "closed:glow", since=net.clock.now() - timedelta(days=7))
    assert after.networks[0].status == "permission_missing"
    assert after.networks[0].score is not None


async def test_nothing_is_read_for_a_team_that_threw_clout_out(tmp_path: Path, net: Net) -> None:
    async with opened(tmp_path, net) as app:
        await granted(app, net)
        await app.store.track(TEAM, "glow", net.clock.now())
        await app.store.team_left(TEAM)
        net.clock.move(hours=7)
        asked = len(net.asked)
        assert await refresh(app, net) == Refreshed(postponed=1)
        assert len(net.asked) == asked
        await app.store.team_back(TEAM)
        assert await refresh(app, net) == Refreshed(read=1)


async def test_a_team_with_an_app_of_its_own_is_read_with_that_one_in_the_background_too(
    tmp_path: Path, net: Net, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []
    read = net.closed

    async def spying(target: Target, since: datetime, client: Requests, clock: Clock, held: Secrets) -> Snapshot:
        seen.append(held["client_secret"].get_secret_value())
        return await read(target, since, client, clock, dict(held))

    monkeypatch.setattr(net, "closed", spying)
    async with opened(tmp_path, net) as app:
        theirs = {"client_id": SecretStr("theirs"), "client_secret": SecretStr("their own")}
        await app.credentials.connect(TEAM, "closed", theirs)
        await granted(app, net)
        await app.store.track(TEAM, "glow", net.clock.now())
        net.clock.move(hours=7)
        assert await refresh(app, net) == Refreshed(read=1)
    assert seen == ["their own", "their own"]


async def test_what_ends_is_told_by_the_refresh_token_not_by_each_day(tmp_path: Path, net: Net) -> None:
    async with opened(tmp_path, net) as app:
        await granted(app, net)
        assert await app.credentials.ending() == ()
        ends = net.clock.now() + timedelta(days=365)
        net.clock.move(days=360)
        assert [one.at for one in await app.credentials.ending()] == [ends]
