"""Consents of owners: whose account a link asks for, what is taken back, and what a crash leaves."""

import pytest

from core.consents import NO_ADDRESS
from core.errors import BadHandle, InputError, NotConfigured, NotRecorded, SettingsError, Unavailable
from tests.core import consent_toy
from tests.core.consent_toy import OTHER_TEAM, TEAM, HandClock, opened
from tests.core.consenting import PUBLIC, Owner, asked, connected, everything, nothing_stored, signing_in


class Died(BaseException):
    """The end of a process, as far as a test can stand it."""


@pytest.fixture
def net():
    return Owner(HandClock())


@pytest.fixture
async def app(net, tmp_path):
    async with opened(tmp_path, net, public_url=PUBLIC, contact="ops@clout.example") as running:
        yield running


@pytest.mark.parametrize("way", ["link", "command"])
async def test_what_is_withdrawn_leaves_no_trace(app, net, way):
    outcome, _ = await connected(app)
    other, _ = await asked(app)  # a second link that nobody opened
    await app.store.unlink(TEAM, "glow", "open", "id-glow")
    secret = outcome.withdrawal.rpartition("/")[2]
    assert (await app.consents.withdrawable(secret)).kind == "standing"
    assert "77 @" in await everything(app), "looking takes nothing back"
    if way == "link":
        assert (await app.consents.withdraw(secret)).kind == "withdrawn"
    else:
        gone = await app.consents.disconnect(TEAM, "@glow", "closed")
        assert (gone.network, gone.handles) == ("closed", ("glow",))
    written = await everything(app)
    for word in ("'77'", "77 @", "post-77", "a-0", "closed"):
        assert word not in written
    assert net.revoked == ["a-0"]
    assert (await app.consents.withdraw(secret)).kind == "gone"
    assert (await app.consents.shown(other.address.rpartition("/")[2])).kind == "unknown"


async def test_a_second_sign_in_keeps_the_account_and_both_withdrawal_links_work(app, net):
    first, _ = await connected(app)
    second, _ = await connected(app)
    assert first.withdrawal != second.withdrawal
    assert (await app.consents.withdraw(first.withdrawal.rpartition("/")[2])).kind == "withdrawn"
    assert (await app.consents.withdraw(second.withdrawal.rpartition("/")[2])).kind == "gone"


async def test_a_process_that_died_while_storing_is_cleaned_up_after(app, net, monkeypatch):
    _, link = await asked(app)
    _, held = await signing_in(app, link)

    def died(*_):
        raise Died

    with monkeypatch.context() as patched:
        patched.setattr("core.consent_rows.done", died)
        with pytest.raises(Died):
            await app.consents.finish("closed", **held, code="good-code")
    net.revoked.clear()
    assert await app.credentials.owner_tokens(TEAM, "closed") != ()
    net.clock.move(minutes=9)
    assert await app.consents.sweep() == 0
    net.clock.move(minutes=2)
    assert await app.consents.sweep() == 1
    await nothing_stored(app, net)


async def test_a_sign_in_begun_anew_after_a_crash_is_cleaned_up_after_as_well(app, net, monkeypatch):
    _, link = await asked(app)
    _, held = await signing_in(app, link)

    def died(*_):
        raise Died

    with monkeypatch.context() as patched:
        patched.setattr("core.consent_rows.done", died)
        with pytest.raises(Died):
            await app.consents.finish("closed", **held, code="good-code")
    await signing_in(app, link)  # and then whoever it is goes away
    net.revoked.clear()
    net.clock.move(minutes=11)
    assert await app.consents.sweep() == 1
    await nothing_stored(app, net)


@pytest.mark.parametrize("moment", ["while the account is read", "before the last step"])
async def test_what_is_taken_back_amid_a_second_sign_in_stays_gone(app, net, monkeypatch, moment):
    await connected(app)
    _, link = await asked(app)
    _, held = await signing_in(app, link)
    at, name = (app.lookups.fetching, "first") if moment == "while the account is read" else (app.lookups, "accounts")
    real, calls = getattr(at, name), 0

    async def and_taken_back(*given):
        nonlocal calls
        calls += 1
        found = await real(*given)
        if name == "first" or calls == 2:  # the first asks whose account it is
            monkeypatch.undo()
            await app.consents.disconnect(TEAM, "@glow", "closed")
        return found

    monkeypatch.setattr(at, name, and_taken_back)
    outcome = await app.consents.finish("closed", **held, code="good-code")
    assert outcome.kind not in ("connected", "used")
    assert await app.credentials.owner_tokens(TEAM, "closed") == ()
    assert "77 @" not in await everything(app)


async def test_what_one_team_lets_go_of_stays_with_the_other(app, net):
    await connected(app)
    other = await app.consents.begin(OTHER_TEAM, "@glow", "closed", "U9")
    _, held = await signing_in(app, other.address.rpartition("/")[2])
    await app.consents.finish("closed", **held, code="good-code")
    await app.consents.disconnect(TEAM, "@glow", "closed")
    assert net.revoked == []
    assert await app.credentials.owner_token(OTHER_TEAM, "closed", "77") is not None
    await app.consents.disconnect(OTHER_TEAM, "@glow", "closed")
    assert net.revoked == ["a-0"]


async def test_a_network_that_cannot_be_told_keeps_nobody_here(app, net):
    outcome, _ = await connected(app)
    net.revoke_error = Unavailable("closed", "down")
    assert (await app.consents.withdraw(outcome.withdrawal.rpartition("/")[2])).kind == "withdrawn"
    await nothing_stored(app, net, revoked=0)


async def test_whose_account_is_asked_for(app):
    begin = app.consents.begin
    assert (await begin(TEAM, "@glow", "closed:Glowing", "U1")).handle == "glowing"
    assert (await begin(TEAM, "@glow", "Closed", "U1", account="glow.two")).handle == "glow.two"
    await app.lookups.link(TEAM, "@glow", "open:glow")
    assert (await begin(TEAM, "@glow", "closed", "U1")).creator == "glow"
    with pytest.raises(BadHandle, match="connect open:@elsewhere closed as NAME"):
        await begin(TEAM, "open:elsewhere", "closed", "U1")


async def test_what_cannot_be_connected_or_let_go_of(app):
    for network, said in (("open", "only an owner"), ("nowhere", "no network of that name")):
        with pytest.raises(InputError, match=said):
            await app.consents.begin(TEAM, "@glow", network, "U1")
    with pytest.raises(NotRecorded, match="No Closed account of @glow is connected"):
        await app.consents.disconnect(TEAM, "@glow", "closed")


async def test_what_a_link_needs_is_named(net, tmp_path, monkeypatch):
    async with opened(tmp_path, net) as app:
        with pytest.raises(NotConfigured, match="CLOUT_PUBLIC_URL"):
            await app.consents.begin(TEAM, "@glow", "closed", "U1")
        assert "clout connect" in NO_ADDRESS
    monkeypatch.setattr(consent_toy, "KEY", "")
    async with opened(tmp_path, net, public_url=PUBLIC) as app:
        with pytest.raises(SettingsError, match="clout init keys"):
            await app.consents.begin(TEAM, "@glow", "closed", "U1")
