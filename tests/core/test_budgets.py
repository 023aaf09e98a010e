"""Budgets: nothing beyond an allowance, whoever spends it, and everything back when its window is over."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from core.budgets import Budgets
from core.database import open_database
from core.errors import PaymentRequired, QuotaExhausted, RateLimited
from core.manifest import BudgetRule, HandleRule, Manifest
from tests.core.stored_readings import NOON, HandClock

RULE = HandleRule(pattern="[a-z]+", hint="letters", example="glow")


def manifest(name: str, *rules: BudgetRule) -> Manifest:
    return Manifest(
        name=name,
        label=name.title(),
        hosts=(f"{name}.example",),
        base_url=f"https://{name}.example/",
        handles=RULE,
        budgets=rules,
        reset_headers=("github", "retry-after"),
    )


DOLLARS = BudgetRule(unit="usd", window="utc_day", setting="daily_usd", required=True, per_lookup=0.01)
UNITS = BudgetRule(unit="units", window="pacific_day", setting="daily_units", default=100, per_lookup=3)
MINUTE = BudgetRule(unit="requests", window="minute", setting="per_minute", default=10, per_lookup=2)
MONTH = BudgetRule(unit="requests", window="month", setting="per_month", default=1000, per_lookup=2)
TOLD = BudgetRule(unit="requests", window="hour", setting="hourly", per_lookup=2)
MANIFESTS = {
    one.name: one
    for one in (
        manifest("paid", DOLLARS),
        manifest("units", UNITS),
        manifest("both", MINUTE, MONTH),
        manifest("told", TOLD),
        manifest("free"),
    )
}


async def own_key(network: str, team: str) -> str:
    return team if team.startswith("own") else ""


@asynccontextmanager
async def opened(folder: Path, clock: HandClock, **given: Mapping[str, float]) -> AsyncIterator[Budgets]:
    figures = {"paid": {"daily_usd": 2.0}} | given
    async with open_database(f"sqlite:///{folder / 'clout.db'}") as database:
        yield Budgets(database, clock, MANIFESTS, figures, own_key)


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
async def budgets(tmp_path: Path, clock: HandClock) -> AsyncIterator[Budgets]:
    async with opened(tmp_path, clock) as made:
        yield made


async def spent(budgets: Budgets, network: str, team: str = "t") -> float:
    return (await budgets.left(network, team))[0].spent


# --- directions -------------------------------------------------------------------------------------------------------


async def test_a_network_without_rules_costs_nothing_and_limits_nothing(budgets: Budgets) -> None:
    kept = await budgets.reserve("free", "t", {"requests": 1e9})
    await budgets.settle(kept, {"requests": 5})
    assert (await budgets.left("free", "t"), await budgets.left("nowhere", "t")) == ((), ())


async def test_what_is_not_used_comes_back_and_what_was_used_beyond_counts(budgets: Budgets) -> None:
    kept = await budgets.reserve("units", "t", {"units": 10})
    assert await spent(budgets, "units") == 10
    await budgets.settle(kept, {"units": 4})
    assert await spent(budgets, "units") == 4
    await budgets.settle(await budgets.reserve("units", "t", {"units": 1}), {"units": 6})
    assert await spent(budgets, "units") == 10


async def test_all_or_nothing_is_set_aside(budgets: Budgets) -> None:
    await budgets.reserve("both", "t", {"requests": 9})
    with pytest.raises(QuotaExhausted) as caught:
        await budgets.reserve("both", "t", {"requests": 2})
    assert caught.value.ours
    assert [state.spent for state in await budgets.left("both", "t")] == [9, 9], "the month was not charged either"
    assert caught.value.retry_at == NOON + timedelta(minutes=1)


async def test_a_cap_in_dollars_holds_to_the_cent(budgets: Budgets) -> None:
    for _ in range(3):
        await budgets.settle(await budgets.reserve("paid", "t", {"usd": 0.51}), {"usd": 0.51})
    with pytest.raises(PaymentRequired, match=r"Paid's budget for today \(\$2\.00\) has only \$0\.47 left") as caught:
        await budgets.reserve("paid", "t", {"usd": 0.51})
    assert caught.value.retry_at == datetime(2026, 11, 21, tzinfo=UTC)
    await budgets.reserve("paid", "t", {"usd": 0.47})
    with pytest.raises(PaymentRequired, match=r"Paid's budget for today \(\$2\.00\) is used up\."):
        await budgets.reserve("paid", "t", {"usd": 0.005})
    state = (await budgets.left("paid", "t"))[0]
    assert (state.spent, state.limit, state.left) == (2.0, 2.0, 0.0)


async def test_refreshes_leave_a_fifth_to_people_who_ask(budgets: Budgets) -> None:
    await budgets.reserve("units", "t", {"units": 80}, background=True)
    with pytest.raises(QuotaExhausted, match="refreshes wait"):
        await budgets.reserve("units", "t", {"units": 1}, background=True)
    await budgets.reserve("units", "t", {"units": 20})
    with pytest.raises(QuotaExhausted, match="Units's 100 units for today are used up"):
        await budgets.reserve("units", "t", {"units": 1})


# --- whose key --------------------------------------------------------------------------------------------------------


async def test_teams_share_the_installations_key_and_nobody_shares_a_teams_own(budgets: Budgets) -> None:
    await budgets.reserve("units", "a", {"units": 100})
    with pytest.raises(QuotaExhausted):
        await budgets.reserve("units", "b", {"units": 1})
    await budgets.reserve("units", "own-c", {"units": 60})
    assert await spent(budgets, "units", "own-c") == 60
    assert await spent(budgets, "units", "own-d") == 0
    assert await spent(budgets, "units", "b") == 100


# --- windows ----------------------------------------------------------------------------------------------------------


async def test_a_new_day_in_los_angeles_brings_everything_back(budgets: Budgets, clock: HandClock) -> None:
    clock.moment = datetime(2026, 11, 1, 7, 30, tzinfo=UTC)  # half past midnight there, on the day of 25 hours
    await budgets.reserve("units", "t", {"units": 100})
    for hours in (12, 24):
        clock.moment = datetime(2026, 11, 1, 7, 30, tzinfo=UTC) + timedelta(hours=hours)
        with pytest.raises(QuotaExhausted) as caught:
            await budgets.reserve("units", "t", {"units": 1})
        assert caught.value.retry_at == datetime(2026, 11, 2, 8, tzinfo=UTC)
    clock.moment = datetime(2026, 11, 2, 8, tzinfo=UTC)
    await budgets.reserve("units", "t", {"units": 100})


async def test_a_clock_that_steps_back_over_midnight_gives_nothing_twice(budgets: Budgets, clock: HandClock) -> None:
    clock.moment = datetime(2026, 11, 20, 23, 50, tzinfo=UTC)
    await budgets.reserve("paid", "t", {"usd": 2})
    clock.moment = datetime(2026, 11, 21, 0, 10, tzinfo=UTC)
    await budgets.reserve("paid", "t", {"usd": 1.5})
    clock.moment = datetime(2026, 11, 20, 23, 55, tzinfo=UTC)
    with pytest.raises(PaymentRequired):
        await budgets.reserve("paid", "t", {"usd": 0.01})
    clock.moment = datetime(2026, 11, 21, 0, 15, tzinfo=UTC)
    assert await spent(budgets, "paid") == 1.5


async def test_a_minute_begins_with_its_first_request_and_survives_a_clock_set_back(
    budgets: Budgets, clock: HandClock
) -> None:
    await budgets.reserve("both", "t", {"requests": 10})
    clock.moment = NOON - timedelta(seconds=40)
    with pytest.raises(QuotaExhausted):
        await budgets.reserve("both", "t", {"requests": 1})
    clock.moment = NOON + timedelta(seconds=60)
    await budgets.reserve("both", "t", {"requests": 1})
    assert [state.spent for state in await budgets.left("both", "t")] == [1, 11]


async def test_work_over_midnight_is_settled_in_the_day_it_was_paid(budgets: Budgets, clock: HandClock) -> None:
    clock.moment = datetime(2026, 11, 20, 23, 59, tzinfo=UTC)
    kept = await budgets.reserve("paid", "t", {"usd": 1})
    clock.moment = datetime(2026, 11, 21, 0, 1, tzinfo=UTC)
    await budgets.settle(kept, {"usd": 0.2})
    assert await spent(budgets, "paid") == 0
    clock.moment = datetime(2026, 11, 20, 23, 59, tzinfo=UTC)
    assert await spent(budgets, "paid") == pytest.approx(0.2)


# --- what servers tell ------------------------------------------------------------------------------------------------


def hour(left: int, at: datetime) -> dict[str, str]:
    return {
        "x-ratelimit-limit": "60",
        "x-ratelimit-remaining": str(left),
        "x-ratelimit-reset": str(int(at.timestamp())),
    }


async def test_the_servers_own_count_is_shown_and_binds_refreshes_only(budgets: Budgets, clock: HandClock) -> None:
    until = NOON + timedelta(minutes=20)
    kept = await budgets.reserve("told", "t", {"requests": 2})
    await budgets.settle(kept, {"requests": 2}, hour(11, until))
    state = (await budgets.left("told", "t"))[0]
    assert (state.spent, state.limit, state.left, state.resets_at) == (49, 60, 11, until)
    with pytest.raises(QuotaExhausted):
        await budgets.reserve("told", "t", {"requests": 2}, background=True)
    await budgets.reserve("told", "t", {"requests": 20})
    clock.moment = until
    assert (await budgets.left("told", "t"))[0].spent == 0
    await budgets.reserve("told", "t", {"requests": 2}, background=True)


async def test_a_network_that_said_no_is_left_alone_until_its_time(budgets: Budgets, clock: HandClock) -> None:
    until = NOON + timedelta(minutes=20)
    with pytest.raises(RateLimited):
        async with budgets.metered("told", "t"):
            raise RateLimited("told", "no more", retry_at=until)
    with pytest.raises(QuotaExhausted, match="Told asked to be left alone") as caught:
        await budgets.reserve("told", "t", {"requests": 1})
    assert caught.value.retry_at == until
    await budgets.reserve("told", "own-team", {"requests": 1})
    clock.moment = until
    await budgets.reserve("told", "t", {"requests": 1})


# --- metering ---------------------------------------------------------------------------------------------------------


async def test_a_meter_asks_for_more_before_more_is_spent(budgets: Budgets) -> None:
    async with budgets.metered("paid", "t") as meter:
        await meter.charge({"usd": 0.01})
        await meter.charge({"usd": 1.99})
        meter.refund({"usd": 0.99})
        with pytest.raises(PaymentRequired):
            await meter.charge({"usd": 1.00})
    assert await spent(budgets, "paid") == 1.01, "the third request was never sent"
    async with budgets.metered("paid", "t") as meter:
        with pytest.raises(PaymentRequired):
            await meter.afford({"usd": 1.0})
        await meter.afford({"usd": 0.5})
    assert await spent(budgets, "paid") == 1.01


async def test_a_batch_has_one_reservation(budgets: Budgets) -> None:
    async with budgets.metered("units", "t", background=True, lookups=20) as meter:
        assert await spent(budgets, "units") == 60
        for _ in range(50):
            await meter.charge({"units": 1})
    assert await spent(budgets, "units") == 50
    assert meter.spent == {"units": 50, "requests": 50}


async def test_a_cancelled_lookup_pays_for_what_it_asked(budgets: Budgets) -> None:
    started = asyncio.Event()

    async def lookup() -> None:
        async with budgets.metered("units", "t") as meter:
            await meter.charge({"units": 1})
            started.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(lookup())
    begun = asyncio.ensure_future(started.wait())
    await asyncio.wait({task, begun}, return_when="FIRST_COMPLETED")
    if task.done():
        begun.cancel()
        task.result()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert await spent(budgets, "units") == 1


# --- several processes ------------------------------------------------------------------------------------------------


async def test_two_engines_on_one_file_never_spend_too_much(tmp_path: Path, clock: HandClock) -> None:
    async def spend(budgets: Budgets) -> int:
        got = 0
        for _ in range(40):
            try:
                await budgets.settle(await budgets.reserve("units", "t", {"units": 3}), {"units": 2})
            except QuotaExhausted:
                break
            got += 2
        return got

    async with opened(tmp_path, clock) as one, opened(tmp_path, clock) as two:
        shares = await asyncio.gather(spend(one), spend(two), spend(two))
        total = sum(shares)
        assert await spent(one, "units") == await spent(two, "units") == total
    assert 92 <= total <= 100, "three at a time may each leave up to two units lie"
    assert all(shares)


async def test_what_a_process_that_died_had_set_aside_stays_counted(tmp_path: Path, clock: HandClock) -> None:
    async with opened(tmp_path, clock) as first:
        await first.reserve("paid", "t", {"usd": 1.5})
    async with opened(tmp_path, clock) as second:
        with pytest.raises(PaymentRequired):
            await second.reserve("paid", "t", {"usd": 1})


async def test_old_rows_go(tmp_path: Path, clock: HandClock) -> None:
    async with opened(tmp_path, clock) as budgets:
        await budgets.reserve("units", "t", {"units": 1})
        clock.moment = NOON + timedelta(days=70)
        await budgets.reserve("units", "t", {"units": 2})
        clock.moment = NOON
        assert await spent(budgets, "units") == 0
