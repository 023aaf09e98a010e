"""The use case end to end over a real store, with networks that live in memory."""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest

from core.errors import (
    BadHandle,
    NotFound,
    NotRecorded,
    RateLimited,
    Suspended,
    Unavailable,
)
from core.formats import failed_lookup_json
from core.models import Reading
from tests.core.toy_network import START, TEAM, HandClock, Toy, opened


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def alpha(clock: HandClock) -> Toy:
    return Toy("alpha", clock, {"glow": ("a1", 50)})


@pytest.fixture
def beta(clock: HandClock) -> Toy:
    return Toy("beta", clock, {"glow": ("b1", 5)})


async def test_a_first_lookup_fetches_scores_and_stores(tmp_path: Path, clock: HandClock, alpha: Toy) -> None:
    async with opened(tmp_path, clock, alpha) as app:
        reading = await app.lookups.lookup(TEAM, "@Glow")
        assert reading.score.state == "ok"
        assert reading.score.score is not None
        assert [n.native_id for n in reading.networks] == ["a1"]
        assert len(reading.history) == 1
        assert len((await app.lookups.posts(reading))["alpha", "a1"]) == 12
        assert reading.networks[0].best_posts


async def test_a_warm_lookup_asks_nobody_and_says_the_same(tmp_path: Path, clock: HandClock, alpha: Toy) -> None:
    async with opened(tmp_path, clock, alpha) as app:
        first = await app.lookups.lookup(TEAM, "glow")
        clock.move(hours=5)
        second = await app.lookups.lookup(TEAM, "glow")
        assert len(alpha.asked) == 1
        assert second.score == first.score


async def test_it_survives_a_restart(tmp_path: Path, clock: HandClock, alpha: Toy) -> None:
    async with opened(tmp_path, clock, alpha) as app:
        first = await app.lookups.lookup(TEAM, "glow")
    async with opened(tmp_path, clock, alpha) as app:
        assert (await app.lookups.lookup(TEAM, "glow")).score == first.score
    assert len(alpha.asked) == 1


async def test_after_six_hours_or_on_demand_it_asks_again_by_native_id(
    tmp_path: Path, clock: HandClock, alpha: Toy
) -> None:
    async with opened(tmp_path, clock, alpha) as app:
        await app.lookups.lookup(TEAM, "glow")
        await app.lookups.lookup(TEAM, "glow", fresh=True)
        clock.move(hours=7)
        await app.lookups.lookup(TEAM, "glow")
        assert [target.native_id for target in alpha.asked] == [None, "a1", "a1"]


async def test_a_rename_is_followed(tmp_path: Path, clock: HandClock, alpha: Toy) -> None:
    async with opened(tmp_path, clock, alpha) as app:
        await app.lookups.lookup(TEAM, "glow")
        alpha.accounts = {"glowing": ("a1", 50)}
        reading = await app.lookups.lookup(TEAM, "glow", fresh=True)
        assert reading.networks[0].handle == "glowing"
        assert (await app.lookups.lookup(TEAM, "glowing")).networks[0].native_id == "a1"


async def test_the_same_handle_asked_twice_at_once_is_one_request(tmp_path: Path, clock: HandClock, alpha: Toy) -> None:
    alpha.gate = asyncio.Event()
    async with opened(tmp_path, clock, alpha) as app:
        both = asyncio.gather(app.lookups.lookup(TEAM, "glow"), app.lookups.lookup("other team", "glow"))
        await asyncio.sleep(0)
        while not alpha.asked:
            await asyncio.sleep(0.001)
        alpha.gate.set()
        one, two = await both
        assert one.score == two.score
        assert len(alpha.asked) == 1


async def test_a_caller_who_leaves_stops_nobody_else(tmp_path: Path, clock: HandClock, alpha: Toy) -> None:
    alpha.gate = asyncio.Event()
    async with opened(tmp_path, clock, alpha) as app:
        leaving = asyncio.create_task(app.lookups.lookup(TEAM, "glow"))
        staying = asyncio.create_task(app.lookups.lookup(TEAM, "glow"))
        while not alpha.asked:
            await asyncio.sleep(0.001)
        leaving.cancel()
        await asyncio.sleep(0)
        alpha.gate.set()
        assert (await staying).score.state == "ok"
        assert len(alpha.asked) == 1


async def test_a_failing_network_is_named_and_costs_nothing(
    tmp_path: Path, clock: HandClock, alpha: Toy, beta: Toy
) -> None:
    async with opened(tmp_path, clock, alpha, beta) as app:
        await app.lookups.link(TEAM, "alpha:glow", "beta:glow")
        before = await app.lookups.lookup(TEAM, "glow")
        clock.move(hours=7)
        beta.error = Unavailable("beta", "Beta cannot be reached.")
        after = await app.lookups.lookup(TEAM, "glow")
        assert [n.failure.error for n in after.networks if n.failure] == ["Unavailable"]
        assert after.score.score is not None
        assert before.score.score is not None
        # alpha's new read may move S by its own ageing; beta's failure must not
        assert after.score.score >= before.score.score - 1
        assert after.score.state == "ok"


async def test_every_network_down_shows_the_last_score_as_stale(tmp_path: Path, clock: HandClock, alpha: Toy) -> None:
    async with opened(tmp_path, clock, alpha) as app:
        before = await app.lookups.lookup(TEAM, "glow")
        clock.move(hours=7)
        alpha.error = Unavailable("alpha", "Alpha cannot be reached.")
        after = await app.lookups.lookup(TEAM, "glow")
        assert (after.score.state, after.score.score) == ("stale", before.score.score)
        alpha.error = None
        clock.move(hours=1)
        assert (await app.lookups.lookup(TEAM, "glow")).score.state == "ok"


async def test_a_suspended_account_keeps_its_last_score_as_stale(tmp_path: Path, clock: HandClock, alpha: Toy) -> None:
    async with opened(tmp_path, clock, alpha) as app:
        await app.lookups.lookup(TEAM, "glow")
        alpha.error = Suspended("alpha", "Alpha: @glow is suspended.")
        reading = await app.lookups.lookup(TEAM, "glow", fresh=True)
        assert (reading.networks[0].status, reading.score.state) == ("suspended", "stale")


async def test_a_told_wait_is_kept(tmp_path: Path, clock: HandClock, alpha: Toy) -> None:
    async with opened(tmp_path, clock, alpha) as app:
        await app.lookups.lookup(TEAM, "glow")
        clock.move(hours=7)
        alpha.error = RateLimited("alpha", "Alpha limits.", retry_at=clock.now() + timedelta(minutes=20))
        await app.lookups.lookup(TEAM, "glow")
        alpha.error = None
        clock.move(minutes=10)
        waiting = await app.lookups.lookup(TEAM, "glow")
        assert waiting.networks[0].status == "rate_limited"
        assert len(alpha.asked) == 2
        clock.move(minutes=11)
        assert (await app.lookups.lookup(TEAM, "glow")).networks[0].status == "ok"


async def test_an_unknown_handle_is_not_found_and_leaves_nothing(tmp_path: Path, clock: HandClock, alpha: Toy) -> None:
    async with opened(tmp_path, clock, alpha) as app:
        await app.lookups.lookup(TEAM, "glow")
        with pytest.raises(NotFound, match="Did you mean"):
            await app.lookups.lookup(TEAM, "glo")
        with pytest.raises(NotFound):
            await app.lookups.lookup(TEAM, "glo")
        assert len(alpha.asked) == 2, "an unknown handle is remembered for an hour"
        clock.move(minutes=61)
        with pytest.raises(NotFound):
            await app.lookups.lookup(TEAM, "glo")
        assert len(alpha.asked) == 3
        assert "glo" not in " ".join(await app.lookups.suggestions(TEAM, "glo")).split()
        assert await app.lookups.suggestions(TEAM, "@gl") == ("alpha:glow",)
        assert await app.lookups.suggestions(TEAM, "alpha:gl") == ("alpha:glow",)
        assert await app.lookups.suggestions(TEAM, "beta:gl") == ()


async def test_no_answer_from_anybody_is_unavailable_and_names_each(
    tmp_path: Path, clock: HandClock, alpha: Toy, beta: Toy
) -> None:
    alpha.error = Unavailable("alpha", "Alpha cannot be reached.")
    async with opened(tmp_path, clock, alpha, beta) as app:
        with pytest.raises(Unavailable, match="Alpha cannot be reached"):
            await app.lookups.lookup(TEAM, "nobody")


async def test_bad_text_asks_nobody(tmp_path: Path, clock: HandClock, alpha: Toy) -> None:
    async with opened(tmp_path, clock, alpha) as app:
        with pytest.raises(BadHandle):
            await app.lookups.lookup(TEAM, "../../etc/passwd")
        assert alpha.asked == []


async def test_several_hits_show_the_strongest_and_offer_the_others(
    tmp_path: Path, clock: HandClock, alpha: Toy, beta: Toy
) -> None:
    async with opened(tmp_path, clock, alpha, beta) as app:
        reading = await app.lookups.lookup(TEAM, "glow")
        assert [n.network for n in reading.networks] == ["alpha"]
        assert [(c.network, c.evidence) for c in reading.candidates] == [("beta", ())]


async def test_linked_accounts_give_one_score_for_that_team_only(
    tmp_path: Path, clock: HandClock, alpha: Toy, beta: Toy
) -> None:
    async with opened(tmp_path, clock, alpha, beta) as app:
        alone = (await app.lookups.lookup(TEAM, "alpha:glow")).score.score
        linked = await app.lookups.link(TEAM, "alpha:glow", "beta:glow")
        assert {a.network for a in linked.accounts} == {"alpha", "beta"}
        both = await app.lookups.lookup(TEAM, "glow")
        assert both.linked
        assert both.score.score is not None
        assert alone is not None
        assert both.score.score > alone
        elsewhere = await app.lookups.lookup("other team", "glow")
        assert not elsewhere.linked
        assert len(elsewhere.networks) == 1


async def test_unlink_takes_one_account_away(tmp_path: Path, clock: HandClock, alpha: Toy, beta: Toy) -> None:
    async with opened(tmp_path, clock, alpha, beta) as app:
        await app.lookups.link(TEAM, "alpha:glow", "beta:glow")
        left = await app.lookups.unlink(TEAM, "glow", "beta:glow")
        assert [a.network for a in left.accounts] == ["alpha"]
        with pytest.raises(NotRecorded):
            await app.lookups.unlink(TEAM, "glow", "beta:glow")
        with pytest.raises(NotRecorded):
            await app.lookups.accounts("other team", "glow")


async def test_history_asks_nobody(tmp_path: Path, clock: HandClock, alpha: Toy) -> None:
    async with opened(tmp_path, clock, alpha) as app:
        with pytest.raises(NotRecorded):
            await app.lookups.history(TEAM, "glow", since=START - timedelta(days=90))
        await app.lookups.lookup(TEAM, "glow")
        clock.move(days=1)
        await app.lookups.lookup(TEAM, "glow")
        clock.move(days=1)
        reading = await app.lookups.history(TEAM, "glow", since=START - timedelta(days=90))
        assert len(reading.history) == 2
        assert len(alpha.asked) == 2


async def test_a_slow_network_shows_a_partial_card_first(
    tmp_path: Path, clock: HandClock, alpha: Toy, beta: Toy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.lookup.PARTIAL_AFTER", 0.001)
    beta.gate = asyncio.Event()
    shown: list[Reading] = []

    async def show(reading: Reading) -> None:
        shown.append(reading)
        assert beta.gate is not None
        beta.gate.set()

    async with opened(tmp_path, clock, alpha, beta) as app:
        await app.lookups.lookup(TEAM, "alpha:glow")  # stored, so that only beta is waited for
        reading = await app.lookups.lookup(TEAM, "glow", show=show)
        assert [partial.pending for partial in shown] == [("beta",)]
        assert [n.network for n in shown[0].networks] == ["alpha"]
        assert reading.pending == ()


async def test_a_network_that_is_off_is_not_asked(tmp_path: Path, clock: HandClock, alpha: Toy, beta: Toy) -> None:
    async with opened(tmp_path, clock, alpha, beta, CLOUT_BETA__ENABLED="false") as app:
        assert not (await app.lookups.lookup(TEAM, "glow")).candidates
        assert beta.asked == []
        assert [(n.manifest.name, n.ready) for n in app.lookups.networks()] == [("alpha", True), ("beta", False)]


async def test_an_account_gone_quiet_is_dormant_with_its_last_score(
    tmp_path: Path, clock: HandClock, alpha: Toy
) -> None:
    async with opened(tmp_path, clock, alpha) as app:
        before = await app.lookups.lookup(TEAM, "glow")
        clock.move(days=120)
        after = await app.lookups.lookup(TEAM, "glow")
        assert (after.score.state, after.score.score) == ("dormant", before.score.score)


async def test_two_accounts_on_one_network_are_both_asked_and_both_count(
    tmp_path: Path, clock: HandClock, alpha: Toy
) -> None:
    alpha.accounts["glowtoo"] = ("a2", 40)
    async with opened(tmp_path, clock, alpha) as app:
        alone = (await app.lookups.lookup(TEAM, "alpha:glow")).score.score
        await app.lookups.link(TEAM, "alpha:glow", "alpha:glowtoo")
        clock.move(hours=7)
        both = await app.lookups.lookup(TEAM, "glow")
        assert [n.native_id for n in both.networks] == ["a1", "a2"]
        assert both.score.score is not None
        assert alone is not None
        assert both.score.score > alone
        assert set(await app.lookups.posts(both)) == {("alpha", "a1"), ("alpha", "a2")}


async def test_several_failing_networks_keep_each_reason_and_the_first_time(
    tmp_path: Path, clock: HandClock, alpha: Toy, beta: Toy
) -> None:
    soon, later = clock.now() + timedelta(minutes=5), clock.now() + timedelta(minutes=20)
    alpha.error = RateLimited("alpha", "Alpha limits.", retry_at=later)
    beta.error = RateLimited("beta", "Beta limits.", retry_at=soon)
    async with opened(tmp_path, clock, alpha, beta) as app:
        with pytest.raises(Unavailable) as caught:
            await app.lookups.lookup(TEAM, "nobody")
        assert caught.value.retry_at == soon
        errors = failed_lookup_json("nobody", caught.value)["errors"]
        assert [(e["network"], e["error"]) for e in errors] == [  # type: ignore[attr-defined]
            ("alpha", "RateLimited"),
            ("beta", "RateLimited"),
        ]
