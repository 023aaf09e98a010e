"""What a team can read, with whose key and within which budget: over a real store, with a network that lives here."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from core.app import App, build
from core.cards_networks import networks_card
from core.cards_score import score_card
from core.connectors import Connector
from core.errors import InputError, PaymentRequired, SettingsError, SourceAuthFailed, UnknownNetwork
from core.manifest import BudgetRule, Credential, HandleRule, Manifest, Target, Verified
from core.models import Post, Profile, Snapshot
from core.settings import Settings
from core.vault import new_key
from tests.core.stored_readings import NOON, HandClock

TOKEN = "planted-0123456789abcdef"
MANIFEST = Manifest(
    name="paid",
    label="Paid",
    hosts=("paid.example",),
    base_url="https://paid.example/",
    handles=HandleRule(pattern=r"[a-z0-9]{1,30}", hint="letters", example="glow"),
    free=False,
    credentials=(
        Credential(name="token", help="From Paid."),
        Credential(name="place", help="", required=False, asked=False),
    ),
    budgets=(BudgetRule(unit="usd", window="utc_day", setting="daily_usd", required=True, per_lookup=0.01),),
    counts=frozenset({"likes"}),
    off_wording="Paid charges for every read.",
)


@dataclass
class Paid:
    """A network that takes half a dollar a lookup and one of two tokens."""

    clock: HandClock
    tokens: list[str] = field(default_factory=list)
    ends: datetime | None = None

    async def fetch(self, target: Target, since: datetime, client: Any, clock: Any, credentials: Any) -> Snapshot:
        self.tokens.append(credentials["token"].get_secret_value())
        await client.meter.charge({"usd": 0.01})
        await client.meter.charge({"usd": 0.5})
        now = self.clock.now()
        profile = Profile(network="paid", native_id=target.handle, handle=target.handle, followers=900, fetched_at=now)
        posts = tuple(
            Post(network="paid", native_id=f"{n}", created_at=NOON - timedelta(days=n + 2), likes=40) for n in range(12)
        )
        return Snapshot(profile=profile, posts=posts, complete_from=now - timedelta(days=91))

    async def verify(self, client: Any, clock: Any, credentials: Any) -> Verified:
        if credentials["token"].get_secret_value() != TOKEN:
            raise SourceAuthFailed("paid", "Paid refused our key.")
        return Verified(whose="@us", expires_at=self.ends, scopes=("read",))


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def paid(clock: HandClock) -> Paid:
    return Paid(clock)


@asynccontextmanager
async def opened(folder: Path, paid: Paid, **env: str) -> AsyncIterator[App]:
    given = {"CLOUT_DATABASE_URL": f"sqlite:///{folder}/clout.db", "CLOUT_PAID__DAILY_USD": "1.2"} | env
    settings = Settings.read({"paid": MANIFEST}, {name: value for name, value in given.items() if value}, None)
    connectors = {"paid": Connector(MANIFEST, paid.fetch, (), paid.verify)}
    async with build(settings, clock=paid.clock, connectors=connectors) as app:
        yield app


async def test_a_connected_key_works_at_once_for_its_team_alone(tmp_path: Path, paid: Paid) -> None:
    async with opened(tmp_path, paid, CLOUT_SECRET_KEYS=new_key()) as app:
        assert "token missing" in await app.networks.obstacle("paid", "a")
        await app.networks.connect("paid", "a", {"token": f' "{TOKEN}"\r\n'})
        assert await app.networks.obstacle("paid", "a") == ""
        assert "token missing" in await app.networks.obstacle("paid", "b")
        assert (await app.lookups.lookup("a", "paid:glow")).score.score is not None
        assert paid.tokens == [TOKEN]
        assert [n.ready for team in ("a", "b") for n in await app.networks.of(team)] == [True, False]
        await app.networks.disconnect("paid", "a")
        assert "token missing" in await app.networks.obstacle("paid", "a")


async def test_the_environments_key_wins_over_the_installations_and_a_teams_own_over_both(
    tmp_path: Path, paid: Paid
) -> None:
    async with opened(tmp_path, paid, CLOUT_SECRET_KEYS=new_key(), CLOUT_PAID__TOKEN="of-the-environment") as app:
        await app.networks.connect("paid", "", {"token": TOKEN})
        await app.lookups.lookup("b", "paid:one")
        await app.networks.connect("paid", "a", {"token": TOKEN})
        await app.lookups.lookup("a", "paid:two")
        assert paid.tokens == ["of-the-environment", TOKEN]
        spent = [(await app.budgets.left("paid", team))[0].spent for team in ("a", "b")]
        assert spent == [0.51, 0.51], "each key has a budget of its own"


async def test_a_lookup_beyond_the_budget_says_so_and_shows_the_stored_score(
    tmp_path: Path, paid: Paid, clock: HandClock
) -> None:
    async with opened(tmp_path, paid, CLOUT_PAID__TOKEN=TOKEN) as app:
        first = await app.lookups.lookup("a", "paid:glow")
        await app.lookups.lookup("a", "paid:other")
        clock.moment += timedelta(hours=6)
        again = await app.lookups.lookup("a", "paid:glow", fresh=True)
        assert len(paid.tokens) == 2 + 1
        assert again.score.score == first.score.score
        reading = again.networks[0]
        assert reading.status == "rate_limited"
        assert reading.failure is not None
        assert reading.failure.error == "PaymentRequired"
        assert reading.failure.message.startswith("Paid's budget for today ($1.20) has only $0.1")
        said = " | ".join(score_card(again, clock.now(), zone="UTC", manifests=app.lookups.manifests).facts())
        assert "Paid's budget for today ($1.20)" in said
        assert "asked again from" in said
        with pytest.raises(PaymentRequired) as caught:
            await app.lookups.lookup("a", "paid:never")
        assert caught.value.retry_at == datetime.fromisoformat("2026-11-21T00:00:00+00:00")
        clock.moment += timedelta(hours=12)
        assert (await app.lookups.lookup("a", "paid:glow", fresh=True)).networks[0].status == "ok"


async def test_no_cap_means_off_and_the_card_names_the_setting(tmp_path: Path, paid: Paid, clock: HandClock) -> None:
    for cap in ("", "0"):
        async with opened(tmp_path, paid, CLOUT_PAID__TOKEN=TOKEN, CLOUT_PAID__DAILY_USD=cap) as app:
            assert "daily_usd missing" in await app.networks.obstacle("paid", "a")
            said = " | ".join(networks_card(await app.networks.of("a"), clock.now(), "UTC").facts())
            assert "CLOUT_PAID__DAILY_USD" in said


@pytest.mark.parametrize("wrong", ["two dollars", "-1", "inf", "nan"])
def test_a_budget_that_is_no_amount_is_named(wrong: str) -> None:
    with pytest.raises(SettingsError, match="CLOUT_PAID__DAILY_USD is"):
        Settings.read({"paid": MANIFEST}, {"CLOUT_PAID__DAILY_USD": wrong}, None)


async def test_the_card_says_what_is_left_and_when_a_token_ends(tmp_path: Path, paid: Paid, clock: HandClock) -> None:
    paid.ends = NOON + timedelta(days=5, hours=2)
    async with opened(tmp_path, paid, CLOUT_SECRET_KEYS=new_key()) as app:
        tried = await app.networks.connect("paid", "", {"token": TOKEN})
        assert tried is not None
        assert tried.whose == "@us"
        await app.lookups.lookup("a", "paid:glow")
        said = " | ".join(networks_card(await app.networks.of("a"), clock.now(), "UTC").facts())
    assert "$0.51 of $1.20 spent today, $0.69 left; anew at 21 Nov 00:00 UTC." in said
    assert "The token ends in 5 days." in said


@pytest.mark.parametrize(
    ("network", "typed", "kind", "said"),
    [
        ("paid", {"token": "another"}, SourceAuthFailed, "refused"),
        ("paid", {"token": " ' ' "}, InputError, "Paid needs token"),
        ("paid", {}, InputError, "Paid needs token"),
        ("paid", {"token": "planted\nplanted"}, InputError, "letters, digits and signs"),
        ("nowhere", {"token": TOKEN}, UnknownNetwork, "There are paid"),
    ],
)
async def test_a_key_that_is_not_taken_is_not_stored_and_never_shown(
    tmp_path: Path,
    paid: Paid,
    network: str,
    typed: dict[str, str],
    kind: type[Exception],
    said: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    with capture_logs() as logs:
        async with opened(tmp_path, paid, CLOUT_SECRET_KEYS=new_key()) as app:
            with pytest.raises(kind, match=said) as caught:
                await app.networks.connect(network, "a", typed)
            assert await app.credentials.keys("a") == {}
    everything = " ".join([str(caught.value), repr(caught.value), caplog.text, *map(str, logs)])
    assert "planted" not in everything
    assert "another" not in everything
