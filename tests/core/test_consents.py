"""Consent from the link to its withdrawal: what is refused, and that nothing is ever stored half."""

from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from pydantic import SecretStr
from sqlalchemy import text

from core.connectors.owners import Owned
from core.consents import NO_ADDRESS
from core.errors import (
    BadHandle,
    InputError,
    NeedsOwner,
    NotConfigured,
    NotRecorded,
    SettingsError,
    SourceError,
    StoreError,
    Unavailable,
)
from core.sign_ins import hashed
from tests.core import consent_toy
from tests.core.consent_toy import OTHER_TEAM, TEAM, HandClock, Net, opened

PUBLIC = "https://clout.example/app"


class Died(BaseException):
    """The end of a process, as far as a test can stand it."""


@dataclass
class Owner(Net):
    """The same networks, and an owner who may do something else than expected."""

    scopes: tuple[str, ...] = ("profile", "posts")
    owned: tuple[Owned, ...] = (Owned(native_id="77", handle="glow"),)
    revoke_error: SourceError | None = None

    async def exchange(self, *given):
        return (await super().exchange(*given)).model_copy(update={"scopes": self.scopes})

    async def accounts(self, *_):
        return self.owned

    async def revoke(self, *given):
        if self.revoke_error is not None:
            raise self.revoke_error
        await super().revoke(*given)


@pytest.fixture
def net():
    return Owner(HandClock())


@pytest.fixture
async def app(net, tmp_path):
    async with opened(tmp_path, net, public_url=PUBLIC, contact="ops@clout.example") as running:
        yield running


async def asked(app, **more):
    consent = await app.consents.begin(TEAM, "@glow", "closed", "U1", team_name="Acme", **more)
    return consent, consent.address.rpartition("/")[2]


async def signing_in(app, link):
    begun = await app.consents.start(link)
    return begun, {"state": begun.state, "browser": begun.browser}


async def connected(app):
    _, link = await asked(app)
    _, held = await signing_in(app, link)
    outcome = await app.consents.finish("closed", **held, code="good-code")
    assert outcome.kind == "connected", outcome
    return outcome, link


async def everything(app):
    """Every word in every table."""
    names = [table.name for table in (await app.store.database.read(tables))]

    def words(conn):
        return " ".join(str(tuple(row)) for name in names for row in conn.execute(text(f"SELECT * FROM {name}")))

    return await app.store.database.read(words)


def tables(conn):
    from core.tables import metadata

    return metadata.sorted_tables


async def nothing_stored(app, net, *, revoked=1):
    assert await app.credentials.owner_tokens(TEAM, "closed") == ()
    assert f"77 @{TEAM}" not in await everything(app)
    assert len(net.revoked) == revoked


# --- the whole way ------------------------------------------------------------------------------------------------


async def test_from_the_link_to_the_card(app, net):
    consent, link = await asked(app)
    assert consent.address == f"{PUBLIC}/connect/{link}"
    assert (consent.handle, consent.label, consent.team_name) == ("glow", "Closed", "Acme")
    assert consent.until - net.clock.now() == timedelta(hours=24)
    for _ in range(3):  # programs that preview links look as often as they like
        assert (await app.consents.shown(link)).kind == "open"
    begun, held = await signing_in(app, link)
    address = urlsplit(begun.address)
    query = {name: value for name, (value,) in parse_qs(address.query).items()}
    assert (address.hostname, query["redirect_uri"]) == ("closed.example", f"{PUBLIC}/connect/callback/closed")
    assert query["code_challenge_method"] == "S256"
    assert begun.browser not in begun.address
    outcome = await app.consents.finish("closed", **held, code="good-code")
    assert outcome.kind == "connected"
    linked = await app.lookups.accounts(TEAM, "@glow")
    assert {one.network for one in linked.accounts} == {"closed", "open"}
    assert (await app.credentials.owner_token(TEAM, "closed", "77")).connected_by == "U1"
    assert (await app.consents.shown(link)).kind == "used"
    assert (await app.consents.start(link)).kind == "used"


async def test_nothing_secret_is_stored_in_clear(app):
    outcome, link = await connected(app)
    written = await everything(app)
    for secret in (link, outcome.withdrawal.rpartition("/")[2], "a-0", "r-0"):
        assert f"'{secret}'" not in written
    assert hashed(link) in written


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


# --- what goes wrong ----------------------------------------------------------------------------------------------


NO_GRANT = [
    ({"error": "access_denied"}, "denied"),
    ({"error": "user_cancelled_login"}, "denied"),
    ({"error": "server_error"}, "unanswered"),
    ({"error": "invalid_scope"}, "refused"),
    ({"error": "<b>&"}, "refused"),
    ({}, "refused"),
    ({"code": "old-code"}, "late"),
]


async def test_an_answer_without_a_grant_stores_nothing_and_the_link_stays_good(app, net):
    _, link = await asked(app)
    for given, kind in NO_GRANT:
        _, held = await signing_in(app, link)
        outcome = await app.consents.finish("closed", **held, **given)
        assert outcome.kind == kind, given
        assert "<" not in outcome.reason
        assert (await app.consents.finish("closed", **held, code="good-code")).kind == "replayed"
        await nothing_stored(app, net, revoked=0)
    _, held = await signing_in(app, link)
    assert (await app.consents.finish("closed", **held, code="good-code")).kind == "connected"


async def test_a_state_is_good_once_in_its_own_browser_and_on_its_own_network(app, net):
    _, link = await asked(app)
    _, held = await signing_in(app, link)
    stranger = await app.consents.finish("closed", held["state"], "x" * 43, code="good-code")
    assert (stranger.kind, stranger.consent) == ("foreign", None)
    assert (await app.consents.finish("open", **held, code="good-code")).kind == "unknown"
    assert (await app.consents.finish("closed", "y" * 43, held["browser"], code="good-code")).kind == "unknown"
    await nothing_stored(app, net, revoked=0)
    assert (await app.consents.finish("closed", **held, code="good-code")).kind == "connected"
    assert (await app.consents.finish("closed", **held, code="good-code")).kind == "replayed"


async def test_only_the_newest_sign_in_of_a_link_counts(app):
    _, link = await asked(app)
    _, older = await signing_in(app, link)
    _, newer = await signing_in(app, link)
    assert (await app.consents.finish("closed", **older, code="good-code")).kind == "unknown"
    assert (await app.consents.finish("closed", **newer, code="good-code")).kind == "connected"


async def test_a_day_later_the_link_and_its_sign_ins_are_over_and_a_week_later_forgotten(app, net):
    _, link = await asked(app)
    _, held = await signing_in(app, link)
    net.clock.move(hours=24)
    assert (await app.consents.shown(link)).kind == "expired"
    assert (await app.consents.start(link)).kind == "expired"
    assert (await app.consents.finish("closed", **held, code="good-code")).kind == "expired"
    net.clock.move(days=8)
    await asked(app)
    assert (await app.consents.shown(link)).kind == "unknown"
    await nothing_stored(app, net, revoked=0)


async def test_a_link_that_never_was(app):
    for made_up in ("", "x", "y" * 43, "ü" * 43, "z" * 10_000):
        assert (await app.consents.shown(made_up)).kind == "unknown"
        assert (await app.consents.start(made_up)).kind == "unknown"
        assert (await app.consents.withdraw(made_up)).kind == "gone"


async def test_a_needed_scope_that_was_not_ticked(app, net):
    net.scopes = ("posts",)
    _, link = await asked(app)
    _, held = await signing_in(app, link)
    outcome = await app.consents.finish("closed", **held, code="good-code")
    assert (outcome.kind, outcome.missing) == ("partly", ("profile",))
    await nothing_stored(app, net)


async def test_what_one_team_is_not_allowed_ends_nothing_of_another(app, net):
    await app.granting.grant(OTHER_TEAM, "@glow", "closed", net.owned[0], net.token())
    net.scopes = ("posts",)
    _, link = await asked(app)
    _, held = await signing_in(app, link)
    assert (await app.consents.finish("closed", **held, code="good-code")).kind == "partly"
    await nothing_stored(app, net, revoked=0)  # it may be the same owner, whose tokens would all end


async def test_a_scope_that_only_reading_finds_missing(app, net):
    net.error = NeedsOwner("closed", "Closed: the posts were not allowed.")
    _, link = await asked(app)
    _, held = await signing_in(app, link)
    assert (await app.consents.finish("closed", **held, code="good-code")).kind == "partly"
    await nothing_stored(app, net)


async def test_another_account_than_the_one_of_the_link(app, net):
    _, link = await asked(app)
    for times, signed_in in enumerate([(), (Owned(native_id="9", handle="<i>other"),)], 1):
        net.owned = signed_in
        _, held = await signing_in(app, link)
        outcome = await app.consents.finish("closed", **held, code="good-code")
        assert (outcome.kind, outcome.signed_in) == ("other_account", tuple(one.handle for one in signed_in))
        await nothing_stored(app, net, revoked=times)


async def test_the_right_one_of_several_accounts_and_its_own_token(app, net):
    net.owned = (Owned(native_id="9", handle="other"), Owned(native_id="77", handle="GLOW", access=SecretStr("a-page")))
    net.good.add("a-page")
    await connected(app)
    assert (await app.credentials.owner_token(TEAM, "closed", "77")).access == SecretStr("a-page")


@pytest.mark.parametrize("error", [Unavailable("closed", "Closed is down."), InputError("Taken already.")])
async def test_an_account_that_cannot_be_read_or_added(app, net, error, monkeypatch):
    async def failing(*_):
        raise error

    monkeypatch.setattr(app.granting, "grant", failing) if isinstance(error, InputError) else setattr(
        net, "error", error
    )
    _, link = await asked(app)
    _, held = await signing_in(app, link)
    outcome = await app.consents.finish("closed", **held, code="good-code")
    assert outcome.kind == ("misfit" if isinstance(error, InputError) else "unanswered")
    assert outcome.reason == error.message
    await nothing_stored(app, net)


async def test_a_database_that_fails_at_the_last_step_leaves_nothing(app, net, monkeypatch):
    _, link = await asked(app)
    _, held = await signing_in(app, link)

    def broken(*_):
        raise StoreError("disk full")

    monkeypatch.setattr("core.consent_rows.done", broken)
    with pytest.raises(StoreError):
        await app.consents.finish("closed", **held, code="good-code")
    await nothing_stored(app, net)


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
    await nothing_stored(app, net, revoked=0)


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
    await nothing_stored(app, net, revoked=0)


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


async def test_a_failed_second_sign_in_leaves_the_first_as_it_was(app, net):
    outcome, _ = await connected(app)
    _, link = await asked(app)
    _, held = await signing_in(app, link)
    net.error = Unavailable("closed", "Closed is down.")
    assert (await app.consents.finish("closed", **held, code="good-code")).kind == "unanswered"
    assert net.revoked == [], "one token of the same owner may end them all"
    assert (await app.consents.withdrawable(outcome.withdrawal.rpartition("/")[2])).kind == "standing"
    assert await app.credentials.owner_token(TEAM, "closed", "77") is not None


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


# --- asking for a link --------------------------------------------------------------------------------------------


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
