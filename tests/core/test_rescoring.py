"""Stored history scored again: the same numbers under the same constants, versions side by side and never mixed."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from core.app import App, build
from core.connectors import Connector
from core.errors import InputError, SourceError, Unavailable
from core.manifest import HandleRule, Manifest
from core.models import NetworkReading, NetworkScore, Post, Profile, Snapshot, State
from core.readings import history, total
from core.rescoring import Rescored, Rescoring, weights_named
from core.settings import Settings
from core.store import ScorePoint
from core.tables import account_scores, to_ms
from core.weights import CURRENT, WEIGHTS, Betas

START = datetime(2026, 9, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)
TEAM = "terminal"
RENAMED = CURRENT.model_copy(update={"model_version": "9.8"})
CHANGED = CURRENT.model_copy(
    update={"model_version": "9.9", "weights_version": "7", "betas": Betas(volume=0.5, consistency=0.0)}
)


@dataclass
class HandClock:
    moment: datetime = START

    def now(self) -> datetime:
        return self.moment


@dataclass
class Growing:
    """A network in memory whose one account gains reactions, posts and followers every day."""

    clock: HandClock
    manifest: Manifest
    error: SourceError | None = None
    silent_since: datetime | None = None
    pushed_at: datetime | None = None  # of a repository, where counts are running totals
    asked: list[datetime] = field(default_factory=list)

    async def fetch(self, *_: object) -> Snapshot:
        now = self.clock.now()
        self.asked.append(now)
        if self.error is not None:
            raise self.error
        days = (now - START) // DAY
        profile = Profile(
            network=self.manifest.name,
            native_id="g1",
            handle="glow",
            followers=5000 + 37 * days,
            listed=20 + days,
            fetched_at=now + timedelta(seconds=2),  # the answer takes its time
        )
        last = min(now, self.silent_since or now)
        posts = [self._post(now, START - 80 * DAY + n * 2 * DAY, n) for n in range(200)]
        kept = tuple(post for post in posts if now - 91 * DAY <= post.created_at <= last)
        return Snapshot(profile=profile, posts=kept, complete_from=now - 60 * DAY)

    def _post(self, now: datetime, created: datetime, number: int) -> Post:
        age = max((now - created) / DAY, 0.0)
        reactions = {"likes": int((40 + number % 7 * 30) * age / (age + 3)), "replies": number % 5}
        opened = {} if self.pushed_at is None else {"opened_at": created - 400 * DAY}
        moved = self.pushed_at if self.pushed_at is not None and number == 40 else created
        return Post(network=self.manifest.name, native_id=f"p{number}", created_at=moved, **reactions, **opened)


def manifest(**fields: object) -> Manifest:
    rule = HandleRule(pattern=r"[a-z]{1,30}", hint="letters", example="glow")
    return Manifest(
        name="bluesky", label="Bluesky", hosts=("b.example",), base_url="https://b.example/", handles=rule, **fields
    )


@dataclass
class House:
    app: App
    clock: HandClock
    network: Growing
    rescoring: Rescoring

    async def live(self, days: int, every: int = 1) -> None:
        """Look the creator up day after day."""
        for _ in range(days):
            await self.app.lookups.lookup(TEAM, "glow", fresh=True)
            self.clock.moment += every * DAY

    async def track(self) -> None:
        await self.app.store.link(TEAM, "glow", [("bluesky", "g1")])
        await self.app.store.track(TEAM, "glow", START)

    async def stored(self, version: str) -> dict[date, NetworkScore]:
        found = await self.app.store.scores("bluesky", "g1", since=START - 400 * DAY, model_version=version)
        return {score.as_of.date(): score for score in found}


@asynccontextmanager
async def house(folder: Path, **fields: object) -> AsyncIterator[House]:
    clock = HandClock()
    network = Growing(clock, manifest(**fields))
    settings = Settings.read({}, {"CLOUT_DATABASE_URL": f"sqlite:///{folder}/clout.db"}, None)
    connectors = {"bluesky": Connector(network.manifest, network.fetch)}
    async with build(settings, clock=clock, connectors=connectors) as app:
        yield House(app, clock, network, Rescoring(app.store, app.lookups.manifests, clock))


async def test_the_same_constants_give_the_same_history(tmp_path: Path) -> None:
    async with house(tmp_path) as at:
        await at.live(1)
        await at.track()
        await at.live(24)
        done = await at.rescoring.rescore(RENAMED)
        old, new = await at.stored(CURRENT.model_version), await at.stored("9.8")
    assert done == Rescored(accounts=1, days=25, lost=0, oldest=START.date())
    assert old.keys() == new.keys()
    for day, score in old.items():
        assert new[day].score == pytest.approx(score.score, abs=1e-6)
        assert [part.points for part in new[day].parts] == pytest.approx([p.points for p in score.parts], abs=1e-6)
        assert (new[day].state, new[day].as_of, new[day].flags) == (score.state, score.as_of, score.flags)
    assert len({round(score.score or 0, 2) for score in old.values()}) > 20  # a history that moves


async def test_running_it_twice_changes_nothing(tmp_path: Path) -> None:
    async with house(tmp_path) as at:
        await at.live(4)
        first = await at.rescoring.rescore(CHANGED)
        once = await at.stored("9.9")
        assert await at.rescoring.rescore(CHANGED) == first
        assert await at.stored("9.9") == once


async def test_old_and_new_stand_side_by_side_and_are_never_mixed(tmp_path: Path) -> None:
    async with house(tmp_path) as at:
        await at.live(1)
        await at.track()
        await at.live(11)
        before = await at.app.lookups.lookup(TEAM, "glow")
        kept = await at.stored(CURRENT.model_version)
        await at.rescoring.rescore(CHANGED)
        assert await at.stored(CURRENT.model_version) == kept
        changed = await at.stored("9.9")
        assert len(changed) == 13
        assert {score.weights_version for score in changed.values()} == {"7"}
        after = await at.app.lookups.lookup(TEAM, "glow")
    assert after.history == before.history
    assert {point.model_version for point in after.history} == {CURRENT.model_version}


async def test_since_leaves_earlier_days_alone(tmp_path: Path) -> None:
    async with house(tmp_path) as at:
        await at.live(6)
        done = await at.rescoring.rescore(CHANGED, since=(START + 4 * DAY).date())
        assert (done.days, done.oldest) == (2, (START + 4 * DAY).date())
        assert min(await at.stored("9.9")) == (START + 4 * DAY).date()


async def test_days_whose_counts_are_gone_are_counted_as_lost(tmp_path: Path) -> None:
    async with house(tmp_path) as at:
        await at.live(1)
        await at.track()
        await at.live(30, every=4)
        done = await at.rescoring.rescore(CHANGED)
        oldest = at.clock.moment - timedelta(days=190 - 91)  # raw counts reach back 190 days, a score 91
        assert done.oldest is not None
        assert timedelta(0) <= done.oldest - oldest.date() <= 4 * DAY
        assert done.lost > 0
        assert done.days + done.lost == 31
        assert len(await at.stored(CURRENT.model_version)) == 31


async def test_an_untracked_account_reaches_back_a_week(tmp_path: Path) -> None:
    async with house(tmp_path) as at:
        await at.live(12)
        done = await at.rescoring.rescore(CHANGED)
    assert (done.days, done.lost) == (7, 5)


async def test_a_network_that_limits_storage_reaches_back_so_far(tmp_path: Path) -> None:
    async with house(tmp_path, retention=30 * DAY) as at:
        await at.live(1)
        await at.track()
        await at.live(34)
        done = await at.rescoring.rescore(CHANGED)
    assert (done.days, done.lost) == (30, 5)


async def test_a_repository_that_moved_is_not_guessed_at(tmp_path: Path) -> None:
    async with house(tmp_path, counts_are="lifetime") as at:
        at.network.pushed_at = START - DAY
        await at.live(3)
        at.network.pushed_at = START + 2 * DAY + timedelta(hours=1)
        await at.live(2)
        done = await at.rescoring.rescore(RENAMED)
        old, new = await at.stored(CURRENT.model_version), await at.stored("9.8")
    assert (done.days, done.lost) == (2, 3)
    for day, score in new.items():
        assert score.score == pytest.approx(old[day].score, abs=1e-6)


async def test_a_dormant_day_stays_dormant(tmp_path: Path) -> None:
    async with house(tmp_path) as at:
        await at.live(1)
        await at.track()
        at.network.silent_since = START
        at.clock.moment = START + 70 * DAY
        await at.live(2, every=25)
        old = await at.stored(CURRENT.model_version)
        await at.rescoring.rescore(CHANGED)
        new = await at.stored("9.9")
    assert [old[day].state for day in sorted(old)][-1] == "dormant"
    assert {day: score.state for day, score in new.items()} == {(START + 70 * DAY).date(): "dormant"}


async def test_nothing_stored_is_nothing_to_do(tmp_path: Path) -> None:
    told: list[tuple[int, int | None]] = []
    async with house(tmp_path) as at:
        done = await at.rescoring.rescore(CHANGED, progress=lambda days, total: told.append((days, total)))
    assert done == Rescored()
    assert told == [(0, 0)]


async def test_progress_adds_up(tmp_path: Path) -> None:
    told: list[tuple[int, int | None]] = []
    async with house(tmp_path) as at:
        await at.live(3)
        await at.rescoring.rescore(CHANGED, progress=lambda days, total: told.append((days, total)))
    assert told == [(0, 3), (3, None)]


def test_weights_are_chosen_by_name() -> None:
    assert weights_named(CURRENT.model_version) is WEIGHTS[CURRENT.model_version]
    with pytest.raises(InputError, match=CURRENT.model_version):
        weights_named("astrology")


# --- versions after an upgrade ----------------------------------------------------------------------------------------


async def test_a_reading_of_an_earlier_version_is_not_fresh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with house(tmp_path) as at:
        await at.app.lookups.lookup(TEAM, "glow")
        await at.app.lookups.lookup(TEAM, "glow")
        assert len(at.network.asked) == 1
        monkeypatch.setattr("core.fetching.CURRENT", RENAMED)
        await at.app.lookups.lookup(TEAM, "glow")
        assert len(at.network.asked) == 2


async def test_an_old_score_keeps_its_own_label_when_the_network_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with house(tmp_path) as at:
        await at.live(1)
        await at.track()
        await at.live(8)
        monkeypatch.setattr("core.fetching.CURRENT", RENAMED)
        monkeypatch.setattr("core.readings.CURRENT", RENAMED)
        at.network.error = Unavailable("bluesky", "Bluesky did not answer.")
        reading = await at.app.lookups.lookup(TEAM, "glow")
    assert reading.score.model_version == CURRENT.model_version
    assert {point.model_version for point in reading.history} == {CURRENT.model_version}


def scored(network: str, version: str, score: float) -> NetworkReading:
    state: State = "ok"
    own = NetworkScore(
        network=network,
        state=state,
        score=score,
        low=score,
        high=score,
        as_of=START,
        model_version=version,
        weights_version="1",
    )
    return NetworkReading(network=network, status="ok", handle="glow", native_id=network, score=own)


def test_a_total_of_two_versions_carries_a_label_that_no_history_has() -> None:
    mixed = total([scored("bluesky", CURRENT.model_version, 50), scored("mastodon", "0.9", 40)], START)
    assert mixed.model_version == f"0.9 + {CURRENT.model_version}"
    points = [
        ScorePoint(START.date(), START, 50.0, 48.0, 52.0, "ok", version, "1")
        for version in (CURRENT.model_version, "0.9")
    ]
    assert history({"bluesky:1": points}, mixed.model_version) == ()


def test_history_of_one_version_holds_no_other() -> None:
    points = [
        ScorePoint((START + n * DAY).date(), START + n * DAY, 50.0 + n, 48.0, 60.0, "ok", version, "1")
        for n in range(6)
        for version in ("1.0", "1.1")
    ]
    for version in ("1.0", "1.1"):
        found = history({"bluesky:1": points}, version)
        assert len(found) == 6
        assert {point.model_version for point in found} == {version}


async def test_rebuilt_rosters_compare_with_what_was_scored_again(tmp_path: Path) -> None:
    async with house(tmp_path) as at:
        await at.live(1)
        await at.track()
        await at.live(9)
        now = at.clock.moment
        older = account_scores.update().where(account_scores.c.at < to_ms(now - 3 * DAY))
        await at.app.store.database.write(lambda conn: conn.execute(older.values(model_version="0.9")))
        assert await at.app.roster.rebuild_all(now) == 1
        (before,) = await at.app.roster.standings(TEAM, at=now, before=now - 7 * DAY)
        await at.rescoring.rescore(CURRENT)
        assert await at.app.roster.rebuild_all(now) == 1
        (after,) = await at.app.roster.standings(TEAM, at=now, before=now - 7 * DAY)
    assert (before.previous_model_version, after.previous_model_version) == ("0.9", CURRENT.model_version)
    assert after.previous is not None
