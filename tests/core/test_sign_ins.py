"""An owner's way from a link to a connected account: what is refused, and that nothing is ever stored half."""

from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from pydantic import SecretStr

from core.connectors.owners import Owned
from core.errors import InputError, NeedsOwner, StoreError, Unavailable
from core.sign_ins import hashed
from tests.core.consent_toy import OTHER_TEAM, TEAM, HandClock, opened
from tests.core.consenting import PUBLIC, Owner, asked, connected, everything, nothing_stored, signing_in


@pytest.fixture
def net():
    return Owner(HandClock())


@pytest.fixture
async def app(net, tmp_path):
    async with opened(tmp_path, net, public_url=PUBLIC, contact="ops@clout.example") as running:
        yield running


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


async def test_a_failed_second_sign_in_leaves_the_first_as_it_was(app, net):
    outcome, _ = await connected(app)
    _, link = await asked(app)
    _, held = await signing_in(app, link)
    net.error = Unavailable("closed", "Closed is down.")
    assert (await app.consents.finish("closed", **held, code="good-code")).kind == "unanswered"
    assert net.revoked == [], "one token of the same owner may end them all"
    assert (await app.consents.withdrawable(outcome.withdrawal.rpartition("/")[2])).kind == "standing"
    assert await app.credentials.owner_token(TEAM, "closed", "77") is not None
