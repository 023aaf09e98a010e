"""`why` and `compare` end to end over a real store, with networks that live in memory."""

import asyncio
import json
from datetime import timedelta
from pathlib import Path

import pytest

from core.cards_why import why_card
from core.commands import Context, parse, run
from core.errors import InputError, NotFound, Unavailable
from core.explain import Explanation
from core.explaining import _first, end_of_day
from core.formats_why import compare_json, why_csv, why_json
from core.models import Post, Snapshot
from core.readings import READ_BACK
from tests.core.stored_readings import NOON, make_score
from tests.core.toy_network import START, TEAM, HandClock, Toy, opened

WEEK = timedelta(days=7)


class Moving(Toy):
    """A network whose accounts post every three days, whose posts gain likes for a week, and that may delete."""

    deleted: frozenset[str] = frozenset()
    followers = 1_000

    def snapshot(self, handle: str, native_id: str, likes: int) -> Snapshot:
        now = self.clock.now()
        first = START - timedelta(days=60)
        moments = [first + timedelta(days=3 * at) for at in range(60)]
        posts = tuple(
            Post(
                network=self.name,
                native_id=f"p{at}",
                created_at=moment,
                likes=int((likes + 7 * at % 31) * min(1.0, (now - moment) / WEEK)),
            )
            for at, moment in enumerate(moments)
            if moment <= now and f"p{at}" not in self.deleted
        )
        profile = super().snapshot(handle, native_id, likes).profile.model_copy(update={"followers": self.followers})
        return Snapshot(profile=profile, posts=posts, complete_from=now - READ_BACK)


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def alpha(clock: HandClock) -> Moving:
    return Moving("alpha", clock, {"glow": ("a1", 900), "beanco": ("a2", 90), "hush": ("a3", 20)})


@pytest.fixture
def beta(clock: HandClock) -> Moving:
    return Moving("beta", clock, {"glow": ("b1", 300)})


def rows(why: Explanation) -> dict[str, float]:
    assert why.change is not None
    assert sum(row.points for row in why.change.rows) == pytest.approx(why.change.change, abs=1e-9)
    return {row.name: row.points for row in why.change.rows}


async def test_the_change_starts_and_ends_on_what_people_saw(tmp_path: Path, clock: HandClock, alpha: Moving) -> None:
    async with opened(tmp_path, clock, alpha) as app:
        first = await app.lookups.lookup(TEAM, "glow")
        clock.move(days=7)
        alpha.followers = 1_300
        why = await app.lookups.why(TEAM, "glow", since=clock.now() - WEEK)
        found = rows(why)
        ends = (first.score.score, why.reading.score.score)
        assert (why.change.before, why.change.after) == pytest.approx(ends, abs=1e-9)
        assert why.change.since == START
        assert found["later_counts"] > 0
        assert {"ageing", "new_posts"} <= set(found)
        new = next(row for row in why.change.rows if row.name == "new_posts")
        assert {one.post.native_id for one in new.posts} == {"p21", "p22"}
        assert why.points is not None
        assert 1 + why.points.points == pytest.approx(why.points.score, abs=1e-9)


async def test_without_an_earlier_day_there_is_no_change(tmp_path: Path, clock: HandClock, alpha: Moving) -> None:
    async with opened(tmp_path, clock, alpha) as app:
        why = await app.lookups.why(TEAM, "glow", since=clock.now() - WEEK)
        assert (why.change, why.reaches_back) == (None, None)
        clock.move(hours=7)
        assert (await app.lookups.why(TEAM, "glow", since=clock.now() - WEEK)).change is None


async def test_it_names_the_day_readings_reach_back_to(tmp_path: Path, clock: HandClock, alpha: Moving) -> None:
    async with opened(tmp_path, clock, alpha) as app:
        await app.lookups.lookup(TEAM, "glow")
        clock.move(days=3)
        why = await app.lookups.why(TEAM, "glow", since=clock.now() - timedelta(days=30))
        assert why.reaches_back == START
        card = why_card(why, clock.now(), zone="UTC", manifests=app.manifests)
        assert any("stored readings reach back" in fact for fact in card.facts())


async def test_the_reading_nearest_before_is_taken(tmp_path: Path, clock: HandClock, alpha: Moving) -> None:
    async with opened(tmp_path, clock, alpha) as app:
        for _ in range(4):
            await app.lookups.lookup(TEAM, "glow")
            clock.move(days=3)
        why = await app.lookups.why(TEAM, "glow", since=START + timedelta(days=5))
        assert why.change is not None
        assert why.change.since == START + timedelta(days=3)


async def test_a_linked_network_is_a_row(tmp_path: Path, clock: HandClock, alpha: Moving, beta: Moving) -> None:
    async with opened(tmp_path, clock, alpha, beta) as app:
        await app.lookups.lookup(TEAM, "alpha:glow")
        clock.move(days=7)
        await app.lookups.link(TEAM, "alpha:glow", "beta:glow")
        why = await app.lookups.why(TEAM, "glow", since=clock.now() - WEEK)
        assert rows(why)["networks"] > 0
        assert why.points is not None
        assert [one.network for one in why.points.networks] == ["alpha", "beta"]


async def test_deleted_posts_are_in_the_row_of_posts_that_left(tmp_path: Path, clock: HandClock, alpha: Moving) -> None:
    async with opened(tmp_path, clock, alpha) as app:
        await app.lookups.lookup(TEAM, "glow")
        clock.move(days=7)
        alpha.deleted = frozenset({"p17", "p18", "p19"})
        why = await app.lookups.why(TEAM, "glow", since=clock.now() - WEEK)
        assert "ageing" in rows(why)


async def test_a_failed_network_moves_nothing(tmp_path: Path, clock: HandClock, alpha: Moving) -> None:
    async with opened(tmp_path, clock, alpha) as app:
        await app.lookups.lookup(TEAM, "glow")
        clock.move(days=5)
        await app.lookups.lookup(TEAM, "glow")
        clock.move(days=2)
        alpha.error = Unavailable("alpha", "Alpha is down.")
        why = await app.lookups.why(TEAM, "glow", since=START)
        assert rows(why)
        assert why.change is not None
        assert why.change.until == START + timedelta(days=5)


async def test_nobody_is_an_error_like_a_lookup(tmp_path: Path, clock: HandClock, alpha: Moving) -> None:
    async with opened(tmp_path, clock, alpha) as app:
        with pytest.raises(NotFound):
            await app.lookups.why(TEAM, "nobody")


# --- compare ----------------------------------------------------------------------------------------------------------


async def test_creators_are_looked_up_side_by_side(tmp_path: Path, clock: HandClock, alpha: Moving) -> None:
    alpha.gate = asyncio.Event()
    async with opened(tmp_path, clock, alpha) as app:
        comparing = asyncio.create_task(app.lookups.compare(TEAM, ["beanco", "@glow", "hush"]))
        while len(alpha.asked) < 3:
            await asyncio.sleep(0.001)
        alpha.gate.set()
        found = await comparing
        assert [reading.handle for reading in found.readings] == ["@beanco", "@glow", "@hush"]
        assert found.missing == ()


async def test_one_unknown_creator_does_not_stop_the_others(tmp_path: Path, clock: HandClock, alpha: Moving) -> None:
    async with opened(tmp_path, clock, alpha) as app:
        found = await app.lookups.compare(TEAM, ["glow", "nobody", "beanco"])
        assert [one.asked for one in found.missing] == ["nobody"]
        assert len(found.readings) == 2
        with pytest.raises(NotFound):
            await app.lookups.compare(TEAM, ["glow", "nobody"])


@pytest.mark.parametrize("asked", [[], ["glow"], ["glow", "@GLOW"], [f"c{n}" for n in range(7)]])
async def test_two_to_six_different_creators(tmp_path: Path, clock: HandClock, alpha: Moving, asked: list[str]) -> None:
    async with opened(tmp_path, clock, alpha) as app:
        with pytest.raises(InputError, match="2 to 6"):
            await app.lookups.compare(TEAM, asked)
    assert alpha.asked == []


# --- what people type -------------------------------------------------------------------------------------------------


async def test_the_commands(tmp_path: Path, clock: HandClock, alpha: Moving) -> None:
    async def show(card: object) -> None:
        return None

    async with opened(tmp_path, clock, alpha) as app:
        await app.lookups.lookup(TEAM, "glow")
        clock.move(days=7)
        ctx = Context(TEAM, clock.now(), app.lookups, app.manifests)

        async def kind(line: str) -> str:
            card = await run(ctx, parse(line), show, reference=lambda: "1")
            return card.error or card.kind

        assert await kind("why @glow") == "why"
        assert await kind("why @glow since 30d") == "why"
        assert await kind("why @glow on alpha") == "why"
        assert await kind("why @glow since yesterday") == "InputError"
        assert await kind("compare @glow @beanco") == "compare"
        assert await kind("compare @glow") == "InputError"


# --- the machine forms ------------------------------------------------------------------------------------------------


async def test_json_and_csv_hold_every_point_unrounded(tmp_path: Path, clock: HandClock, alpha: Moving) -> None:
    async with opened(tmp_path, clock, alpha) as app:
        await app.lookups.lookup(TEAM, "glow")
        clock.move(days=7)
        why = await app.lookups.why(TEAM, "glow", since=clock.now() - WEEK)
        told = json.loads(json.dumps(why_json(why), allow_nan=False))
        points = [row["points"] for network in told["networks"] for row in network["rows"]]
        assert told["base"] + sum(points) + told["penalty"] == pytest.approx(told["score"], abs=1e-9)
        assert sum(row["points"] for row in told["change"]["rows"]) == pytest.approx(
            told["change"]["after"] - told["change"]["before"], abs=1e-9
        )
        assert told["change"]["since"] == "2026-11-22T12:00:00Z"
        lines = [line.split(",") for line in why_csv(why).splitlines()]
        assert lines[0][0] == "kind"
        summed = sum(float(line[4]) for line in lines[1:] if line[0] in ("base", "point", "penalty"))
        assert summed == pytest.approx(told["score"], abs=1e-9)
        changed = sum(float(line[4]) for line in lines[1:] if line[0] == "change")
        assert changed == pytest.approx(told["change"]["change"], abs=1e-9)
        found = compare_json(await app.lookups.compare(TEAM, ["glow", "beanco"]))
        assert [one["handle"] for one in json.loads(json.dumps(found, allow_nan=False))["creators"]] == [
            "@glow",
            "@beanco",
        ]


def test_a_change_begins_with_the_day_for_people_and_with_the_moment_for_a_digest() -> None:
    morning, evening = make_score(at=NOON - timedelta(hours=4)), make_score(at=NOON + timedelta(hours=6))
    before = make_score(at=NOON - timedelta(days=1))
    for since, one in ((NOON, before), (end_of_day(NOON), evening)):
        assert _first([[before, evening]], since)[1] == [one]
    first = NOON - timedelta(days=9)
    assert _first([[morning], [evening]], first)[1] == [morning, evening], "two accounts, first read on one day"
