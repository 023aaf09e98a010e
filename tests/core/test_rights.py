"""Creators who ask to be forgotten or let alone, from the command to every place that could ask for them again."""

import asyncio
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from cryptography.fernet import Fernet

from core.cards_errors import error_card
from core.cards_score import score_card
from core.connectors import Connector
from core.connectors.owners import Owned
from core.errors import InputError, NotFound, NotRecorded, OptedOut, Private, SettingsError, Unavailable
from core.messenger import Place
from core.suppression import KEPT
from core.wishes import Wish
from tests.core import consent_toy
from tests.core.consent_toy import CLOSED, KEY, OPEN, OTHER_TEAM, TEAM, HandClock, Net, opened
from tests.core.digest_worlds import Heard, keep_week, running

BESIDE = OPEN.model_copy(update={"name": "beside", "label": "Beside", "base_url": "https://beside.example/"})


@dataclass
class World(Net):
    """Two networks open to all, whose accounts have handles that may change; and one that owners open."""

    handles: dict[str, str] = field(default_factory=lambda: {"glow": "a1", "neon": "a2"})
    beside_handles: dict[str, str] = field(default_factory=lambda: {"glow": "b1"})

    async def open(self, target, *_):
        return await self.read("open", self.handles, target)

    async def beside(self, target, *_):
        return await self.read("beside", self.beside_handles, target)

    async def read(self, network, handles, target):
        self.asked.append((network, target.handle, ""))
        if self.gate is not None:
            self.reached.set()
            await self.gate.wait()
        if self.error is not None:
            raise self.error
        known = {native_id: handle for handle, native_id in handles.items()}
        native_id = target.native_id or handles.get(target.handle)
        if native_id not in known:
            raise NotFound(network, "no such account")
        return self.snapshot(network, native_id, known[native_id], 15)

    def connectors(self):
        return super().connectors() | {"beside": Connector(BESIDE, self.beside)}


@pytest.fixture
def net():
    return World(HandClock())


@pytest.fixture
async def app(net, tmp_path):
    async with opened(tmp_path, net, public_url="https://clout.example") as running_app:
        yield running_app


async def stored(app, *names):
    """Which of these words stand anywhere in the database."""
    from sqlalchemy import select

    from core.tables import metadata

    def words(conn):
        return " ".join(str(tuple(row)) for table in metadata.sorted_tables for row in conn.execute(select(table)))

    written = await app.store.database.read(words)
    return [name for name in names if name in written]


def said(reading, app):
    card = score_card(reading, reading.at, zone="UTC", manifests=app.manifests)
    return " | ".join(card.facts())


# --- what is asked for --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "said"),
    [("glow", "Name the network"), ("nowhere:glow", "."), ("", "."), ("open:\x1b[31m", "."), ("open:a b", ".")],
)
async def test_an_account_is_named_with_its_network(app, text, said):
    for ask in (app.rights.export, app.rights.forget, app.rights.opt_out, app.rights.held, app.rights.welcome_back):
        with pytest.raises(InputError, match=said) as told:
            await ask(text)
        assert "\x1b" not in told.value.message


async def test_what_is_stored_is_counted_given_out_and_forgotten(app, net):
    await app.lookups.lookup(TEAM, "open:glow")
    await app.store.link(TEAM, "Star", [("open", "a1")])
    await app.store.link(OTHER_TEAM, "Glow", [("open", "a1")])
    held = await app.rights.held("open:@Glow")
    assert (held.posts, held.readings, held.handles) == (12, 1, ("glow",))
    assert held.links == ((TEAM, "Star"), (OTHER_TEAM, "Glow"))
    found = await app.rights.export("open:glow")
    assert (found["format"], found["handles"], len(found["stored"]["posts"])) == ("clout.export/1", ["glow"], 12)
    await app.rights.forget("open:glow")
    assert await app.rights.held("open:glow") is None
    assert await stored(app, "glow", "Star", "a1") == []
    for ask in (app.rights.export, app.rights.forget):
        with pytest.raises(NotRecorded, match="Nothing is stored about Open @glow"):
            await ask("open:glow")
    assert (await app.lookups.lookup(TEAM, "open:glow")).networks[0].score is not None, "a lookup may read it anew"


async def test_a_former_handle_is_known_where_nobody_bears_it_now(app, net):
    await app.lookups.lookup(TEAM, "open:glow")
    net.handles = {"shine": "a1"}
    await app.lookups.lookup(TEAM, "open:glow", fresh=True)
    assert (await app.rights.held("open:glow")).handles == ("glow", "shine")
    await app.rights.opt_out("open:glow")
    net.asked.clear()
    for name in ("open:glow", "open:shine"):
        with pytest.raises(OptedOut):
            await app.lookups.lookup(TEAM, name)
    assert net.asked == []


async def test_what_owners_granted_is_revoked_for_every_team(app, net):
    for team in (TEAM, OTHER_TEAM):
        await app.granting.grant(team, "@glow", "closed", Owned(native_id="77", handle="glow"), net.token())
    await app.consents.begin(TEAM, "@glow", "closed", "U1")
    held = await app.rights.held("closed:glow")
    assert (held.teams, held.readings) == ((TEAM, OTHER_TEAM), 2)
    found = await app.rights.export("closed:glow")
    assert [one["team"] for one in found["stored"]["permissions"]] == [TEAM, OTHER_TEAM]
    assert "a-0" not in str(found)
    await app.rights.forget("closed:glow")
    assert await stored(app, "'77'", "77 @", "post-77", "closed") == []
    assert net.revoked == ["a-0"], "told once, when nobody here is shown it any more"


# --- opted out ----------------------------------------------------------------------------------------------------


async def test_a_lookup_asks_nothing_and_names_the_network_beside_the_others(app, net):
    alone = await app.lookups.lookup(TEAM, "beside:glow")
    await app.rights.opt_out("open:glow")
    net.asked.clear()
    reading = await app.lookups.lookup(TEAM, "glow")
    assert net.asked == []
    assert reading.score.score == alone.score.score
    assert "Open" in said(reading, app)
    assert "not counted: this creator asked not to be scored here" in said(reading, app)
    assert await stored(app, "'a1'") == []
    with pytest.raises(NotRecorded):
        await app.lookups.history(TEAM, "open:glow", since=net.clock.now() - timedelta(days=90))
    assert [name for name in await app.lookups.suggestions(TEAM, "open:g") if "open" in name] == []


async def test_a_creator_whose_every_account_opted_out_is_a_plain_refusal(app, net):
    await app.lookups.lookup(TEAM, "glow")
    for name in ("open:glow", "beside:glow"):
        await app.rights.opt_out(name)
    net.asked.clear()
    for name, told in (("glow", "This creator asked"), ("open:glow", "Open: this creator asked")):
        with pytest.raises(OptedOut, match=told) as refused:
            await app.lookups.lookup(TEAM, name, fresh=True)
        card = error_card(refused.value, "7f3a")
        assert "".join(span.text for span in card.title) == "Asked not to be scored"
    assert isinstance(refused.value, Private)
    assert net.asked == []


async def test_a_new_handle_leads_to_nothing_kept_and_nothing_shown(app, net):
    await app.lookups.lookup(TEAM, "open:glow")
    await app.rights.opt_out("open:glow")
    net.handles = {"shine": "a1", "glow": "a9"}  # and somebody else has taken the old one
    with pytest.raises(OptedOut) as refused:
        await app.lookups.lookup(TEAM, "open:shine")
    assert "shine" not in refused.value.message
    assert await stored(app, "'a1'", "shine") == []
    with pytest.raises(OptedOut):
        await app.lookups.lookup(TEAM, "open:glow")


async def test_of_a_linked_creator_the_others_stay_and_the_network_is_named(app, net):
    await app.lookups.link(TEAM, "open:glow", "beside:glow")
    assert {one.network for one in (await app.lookups.lookup(TEAM, "glow")).networks} == {"open", "beside"}
    await app.rights.opt_out("open:glow")
    net.asked.clear()
    reading = await app.lookups.lookup(TEAM, "glow")
    assert reading.linked
    beside = next(one.score.score for one in reading.networks if one.network == "beside")
    assert reading.score.score == pytest.approx(beside)
    assert "asked not to be scored here" in said(reading, app)
    assert net.asked == []
    with pytest.raises(OptedOut):
        await app.lookups.link(TEAM, "glow", "open:glow")
    with pytest.raises(OptedOut):
        await app.tracking.track(TEAM, "open:glow")


async def test_the_account_is_asked_for_once_where_nothing_is_stored(app, net):
    done = await app.rights.opt_out("open:glow")
    assert (done.forgotten, done.by_handle_alone) == (False, "")
    assert net.asked == [("open", "glow", "")]
    assert await stored(app, "glow", "'a1'") == []
    net.handles = {"shine": "a1"}
    with pytest.raises(OptedOut):
        await app.lookups.lookup(TEAM, "open:shine")


async def test_the_handle_of_today_is_listed_with_a_native_id_that_was_typed(net, tmp_path, monkeypatch):
    rule = OPEN.handles.model_copy(update={"native_pattern": "a[0-9]"})
    monkeypatch.setattr(consent_toy, "OPEN", OPEN.model_copy(update={"handles": rule}))
    net.handles["a1"] = "a1"  # a network takes its own ids in place of handles
    async with opened(tmp_path, net) as app:
        await app.rights.opt_out("open:a1")
        net.error = Unavailable("open", "Open did not answer.")
        assert (await app.rights.opt_out("open:a2")).by_handle_alone == ""
        net.error, net.handles = None, {"glow": "a1", "neon": "a2"}
        for name in ("a1", "a2", "neon"):
            with pytest.raises(OptedOut):
                await app.lookups.lookup(TEAM, f"open:{name}")
        net.asked.clear()
        assert not await app.rights.welcome_back("beside:neon")
        assert await app.rights.welcome_back("open:neon")


async def test_a_network_that_cannot_be_asked_leaves_the_handle_alone_on_the_list(app, net):
    net.error = Unavailable("open", "Open did not answer.")
    done = await app.rights.opt_out("open:glow")
    assert done.by_handle_alone == "Open did not answer."
    net.error = None
    with pytest.raises(OptedOut):
        await app.lookups.lookup(TEAM, "open:glow")
    assert (await app.rights.opt_out("open:glow")).by_handle_alone == "", "tried again, it is known whose it is"
    net.handles = {"shine": "a1"}
    with pytest.raises(OptedOut):
        await app.lookups.lookup(TEAM, "open:shine")


@pytest.mark.parametrize("name", ["open:GLOW", "open:shine"])
async def test_it_is_taken_back_under_either_name(app, net, name):
    await app.rights.opt_out("open:glow")
    net.handles = {"glow": "a1"} if name == "open:GLOW" else {"shine": "a1"}
    assert await app.rights.welcome_back(name)
    assert (await app.lookups.lookup(TEAM, name)).networks[0].native_id == "a1"
    assert not await app.rights.welcome_back(name)


async def test_a_rotation_of_the_secret_keeps_the_list(net, tmp_path):
    async with opened(tmp_path, net) as app:
        await app.rights.opt_out("open:glow")
    newer = Fernet.generate_key().decode()
    for keys in (f"{newer},{KEY}", newer):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(consent_toy, "KEY", keys)
            async with opened(tmp_path, net) as app:
                with pytest.raises(OptedOut):
                    await app.lookups.lookup(TEAM, "open:glow")


async def test_without_a_secret_nothing_is_done(net, tmp_path, monkeypatch):
    monkeypatch.setattr(consent_toy, "KEY", "")
    async with opened(tmp_path, net) as app:
        await app.lookups.lookup(TEAM, "open:glow")
        with pytest.raises(SettingsError, match="clout init keys"):
            await app.rights.opt_out("open:glow")
        assert await app.rights.held("open:glow") is not None


# --- wherever somebody could be asked for again -------------------------------------------------------------------


async def test_owners_are_not_asked_to_connect_it(app, net):
    link = (await app.consents.begin(TEAM, "@glow", "closed", "U1")).address.rpartition("/")[2]
    await app.granting.grant(TEAM, "@glow", "closed", Owned(native_id="77", handle="glow"), net.token())
    await app.rights.opt_out("closed:glow")
    assert net.revoked == ["a-0"]
    assert (await app.consents.shown(link)).kind == "unknown"
    with pytest.raises(OptedOut):
        await app.consents.begin(TEAM, "@glow", "closed", "U1")
    renamed = Owned(native_id="77", handle="shine")
    with pytest.raises(OptedOut):
        await app.granting.grant(TEAM, "@glow", "closed", renamed, net.token())
    assert await stored(app, "'77'", "77 @", "shine") == []
    assert CLOSED.name not in {one.network for one in (await app.lookups.lookup(TEAM, "beside:glow")).networks}


async def test_a_tracked_creator_is_refreshed_no_more_and_an_import_reads_nothing(app, net):
    for name in ("glow", "neon"):
        await app.tracking.track(TEAM, f"open:{name}")
    net.clock.move(days=1)
    (batch,) = await app.refreshing.due(net.clock.now(), {})  # on its way when the creator asks
    await app.rights.opt_out("open:glow")
    net.asked.clear()
    assert (await app.refreshing.refresh(batch)).read == 1
    assert net.asked == [("open", "neon", "")]
    assert (await app.tracking.bring_in(TEAM, b"handle,network\nglow,open\n")).made == 1
    net.asked.clear()
    net.clock.move(days=1)
    for batch in await app.refreshing.due(net.clock.now(), {}):
        await app.refreshing.refresh(batch)
    assert net.asked == [("open", "neon", "")]
    assert await stored(app, "'a1'") == []
    await app.rights.forget("open:glow")  # the handle that waits
    assert await stored(app, "glow") == []


async def test_a_renamed_account_of_a_batch_is_not_recorded(app, net):
    await app.rights.opt_out("open:glow")
    await app.tracking.bring_in(TEAM, b"handle,network\nshine,open\n")
    net.handles = {"shine": "a1"}
    (batch,) = await app.refreshing.due(net.clock.now(), {})
    assert (await app.refreshing.refresh(batch)).failed == 1
    assert await stored(app, "'a1'") == []


async def test_a_digest_says_nothing_of_them(tmp_path, monkeypatch):
    monkeypatch.setenv("CLOUT_SECRET_KEYS", KEY)
    clock, heard = HandClock(), Heard()
    async with running(tmp_path, clock, heard) as app:
        for name, after in (("glow", 70.0), ("neon", 60.0)):
            await keep_week(app.store, name, 50.0, after, clock.now())
        place = Place(platform="discord", channel="C1", shown="#c")
        await app.digests.add("T1", Wish(schedule="every monday 09:00 UTC"), place=place, zone="UTC", asker="U1")
        await app.rights.opt_out("bluesky:glow.bsky.social")
        clock.move(hours=21, minutes=1)
        for key in await app.digests.run_due(clock.now()):
            await app.deliveries.deliver(key)
        told = " ".join(fact for key, card, _ in heard.sent if key.startswith("digest") for fact in card.facts())
        assert "neon" in told
        assert "glow" not in told
        assert await stored(app, "'glow'", "'did:plc:glow'", "'glow.bsky.social'") == []


# --- several processes --------------------------------------------------------------------------------------------


async def test_another_process_keeps_nothing_and_asks_no_more_within_a_minute(net, tmp_path):
    async with opened(tmp_path, net) as app, opened(tmp_path, net) as other:
        net.gate, net.reached = asyncio.Event(), asyncio.Event()
        lookup = asyncio.create_task(other.lookups.lookup(TEAM, "open:glow"))
        await net.reached.wait()
        gate, net.gate = net.gate, None
        await app.rights.opt_out("open:glow")  # the other has looked at the list already
        gate.set()
        await lookup
        assert await stored(app, "'a1'") == []
        net.clock.moment += KEPT
        net.asked.clear()
        with pytest.raises(OptedOut):
            await other.lookups.lookup(TEAM, "open:glow")
        assert net.asked == []
        await app.rights.welcome_back("open:glow")
        net.clock.moment += KEPT
        assert (await other.lookups.lookup(TEAM, "open:glow")).networks[0].native_id == "a1"


async def test_a_warm_lookup_reads_no_more_than_before(app, net, monkeypatch):
    await app.lookups.lookup(TEAM, "neon")
    counts = []
    real = app.store.database.read

    async def counted(*given, **more):
        counts[-1] += 1
        return await real(*given, **more)

    monkeypatch.setattr(app.store.database, "read", counted)
    for listed in (False, True):
        if listed:
            counts.append(0)
            await app.rights.opt_out("beside:glow")
            await app.lookups.lookup(TEAM, "open:glow")
        counts.append(0)
        await app.lookups.lookup(TEAM, "neon")
    assert counts[0] == counts[-1]


async def test_a_reading_of_the_store_is_barred_one_by_one(app, net):
    await app.rights.opt_out("open:glow")
    snapshot = net.snapshot("open", "a1", "renamed", 10)
    reading = (await app.lookups.lookup(TEAM, "open:neon")).networks[0]
    assert await app.store.record(snapshot, reading, changed=()) is None
    assert await stored(app, "renamed") == []
