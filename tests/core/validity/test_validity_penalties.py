"""Who pays: accounts of people do not, cheats of two kinds do, and the table says which sets it could look at."""

import numpy as np
import pytest

from core.authenticity import counting, follow_ratio
from core.columns import ACTIONS
from core.models import FollowerReading
from core.validity import Report, flags, penalties, run
from core.validity.attack import benchmarked
from core.validity.lives import CHEATS, HISTORY_DAYS, cheating_lives, honest_lives
from core.validity.metrics import share
from core.validity.pages import LAYOUT
from core.validity.study import Study

TIKTOK = ["id", "create_time", "user_name", "n_likes", "n_shares", "n_comments", "n_plays", "n_followers"]
DAY_S = 86_400


def rows_of(report: Report) -> dict[str, dict[str, object]]:
    return {row["metric"]: row for row in report.json()["rows"] if row["set"] == "honest"}


def measured(folder, **more) -> Report:
    return run(folder, sets=["honest"], fast=True, **more)


def videos(creators: int, likes: int, plays: int, followers: int) -> list[list[object]]:
    """Creators with a video every other day, each with about the same counts."""
    return [
        [
            f"{c}-{v}",
            1_600_000_000 + 2 * v * DAY_S,
            f"c{c:02}",
            likes + 37 * v,
            likes // 9,
            likes // 20,
            plays,
            followers,
        ]
        for c in range(creators)
        for v in range(31)
    ]


# --- the table --------------------------------------------------------------------------------------------------------


def test_every_set_has_a_row_and_all_together_are_judged(tiny):
    found = rows_of(measured(tiny))
    assert list(found) == [
        "penalty.honest_rate",
        "penalty.honest_rate tiktok_posts",
        "penalty.honest_rate facebook_pages",
        "penalty.honest_rate twitter_ratio",
        "penalty.honest_rate simulated",
        "penalty.cheats_caught",
    ]
    assert found["penalty.honest_rate tiktok_posts"]["n"] == 32
    assert found["penalty.honest_rate facebook_pages"]["n"] == 31
    assert found["penalty.honest_rate twitter_ratio"]["note"].startswith("absent: no data.csv")
    own = sum(found[f"penalty.honest_rate {name}"]["n"] for name in penalties.HONEST_SETS)
    assert found["penalty.honest_rate"]["n"] == own
    assert (found["penalty.honest_rate"]["value"], found["penalty.honest_rate"]["verdict"]) == (0.0, "good")
    assert found["penalty.cheats_caught"]["verdict"] in {"pass", "good"}


def test_one_kind_of_flag_is_a_label_and_costs_nothing(tiny):
    row = rows_of(measured(tiny))["penalty.honest_rate facebook_pages"]  # every post draws the same: too even
    assert (row["value"], row["note"]) == (0.0, "31 with one kind of flag, free")


def test_people_who_pay_are_a_miss(tmp_path, write):
    """Two million followers of whom nobody reacts, and more likes than views: two kinds, however it came about."""
    write(tmp_path / "tiktok_posts" / "data.csv", TIKTOK, videos(40, likes=90, plays=20, followers=2_000_000))
    report = measured(tmp_path)
    found = rows_of(report)
    assert found["penalty.honest_rate tiktok_posts"]["value"] == 1.0
    assert found["penalty.honest_rate"]["value"] == pytest.approx(
        40 / (40 + found["penalty.honest_rate simulated"]["n"])
    )
    assert found["penalty.honest_rate"]["verdict"] == "miss"
    assert report.exit_code == 1


def test_cheats_who_get_away_are_a_miss(tmp_path, monkeypatch):
    monkeypatch.setattr(penalties, "penalty", lambda found: 1.0)
    found = rows_of(measured(tmp_path))
    assert (found["penalty.cheats_caught"]["value"], found["penalty.cheats_caught"]["verdict"]) == (0.0, "miss")


def test_a_broken_set_says_so_and_the_others_stand(tiny):
    (tiny / "tiktok_posts" / "data.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    (tiny / "facebook_pages" / "data.csv").write_text(",".join(LAYOUT.columns()) + "\n", encoding="utf-8")
    found = rows_of(measured(tiny))
    assert "missing" in found["penalty.honest_rate tiktok_posts"]["note"]
    assert "no account has a post" in found["penalty.honest_rate facebook_pages"]["note"]
    assert found["penalty.honest_rate"]["verdict"] == "good"


def test_figures_beyond_every_count_and_calendar_are_no_crash(tmp_path, write):
    rows = videos(3, likes=900, plays=9_000, followers=20_000)
    rows[0][3] = "1e300"
    rows[40][1] = "1e18"
    rows[70][7] = ""
    write(tmp_path / "tiktok_posts" / "data.csv", TIKTOK, rows)
    row = rows_of(measured(tmp_path))["penalty.honest_rate tiktok_posts"]
    assert row["n"] in {2, 3}
    assert row["value"] == 0.0


def test_the_same_folder_and_seed_say_the_same(tiny, shuffled, monkeypatch):
    monkeypatch.setattr(penalties, "_shown", penalties._shown.__wrapped__)  # looked at anew each time
    assert rows_of(measured(tiny, seed=3)) == rows_of(measured(shuffled, seed=3))


def test_a_file_is_read_once_however_many_measures_ask(tiny, monkeypatch):
    from core.validity import study as room

    reads = []
    read = room.read
    monkeypatch.setattr(room, "read", lambda path, layout: reads.append(path) or read(path, layout))
    run(tiny, sets=["tiktok_posts", "facebook_pages", "mixed", "honest"], fast=True)
    assert len(reads) == len(set(reads)) == 3  # the third is peerindex


# --- simulated lives --------------------------------------------------------------------------------------------------


def looked_at(lives) -> list[penalties.Found]:
    return penalties.patterns([penalties._account_of(life) for life in lives])


@pytest.mark.parametrize("network", benchmarked())
def test_honest_lives_pay_nothing(network):
    found = looked_at(honest_lives(network, np.random.default_rng(5), 40))
    assert penalties.paying(found) == 0
    assert sum(bool(counting(own)) for own in found) <= 2  # hardly anybody carries a label


@pytest.mark.parametrize("name", CHEATS)
def test_most_cheats_of_each_recipe_show_two_kinds(name):
    found = [
        one
        for network in ("x", "instagram", "bluesky")
        for one in looked_at(cheating_lives(network, name, np.random.default_rng(6), 25))
    ]
    assert penalties.paying(found) >= 0.65 * len(found)


@pytest.mark.parametrize("name", ["", *CHEATS])
def test_lives_are_whole_counts_of_today_and_before(name):
    rng = np.random.default_rng(1)
    lives = cheating_lives("tiktok", name, rng, 20) if name else honest_lives("tiktok", rng, 20)
    for life in lives:
        assert life.followers.shape == (HISTORY_DAYS + 1,)
        assert life.followers.min() > 0
        assert life.ages.min() > 0
        supplied = life.counts[~np.isnan(life.counts)]
        assert life.counts.shape == (len(life.ages), len(ACTIONS))
        assert supplied.min() >= 0
        assert np.array_equal(supplied, np.rint(supplied))


def test_a_life_as_an_account_keeps_its_figures():
    life = honest_lives("x", np.random.default_rng(2), 1)[0]
    account = penalties._account_of(life)
    assert account.profile.followers == life.followers[-1]
    assert [reading.followers for reading in account.history] == life.followers[:-1].tolist()
    assert isinstance(account.history[0], FollowerReading)
    assert [post.likes for post in account.posts] == life.counts[:, ACTIONS.index("likes")].tolist()
    assert {post.views for post in account.posts} == {None}
    ages = [(account.now - post.created_at).total_seconds() / DAY_S for post in account.posts]
    assert ages == pytest.approx(life.ages.tolist(), abs=1e-6)


def test_an_account_is_looked_at_a_day_after_its_newest_post(tiny):
    for account in penalties.HONEST_SETS["facebook_pages"](Study(tiny)):
        newest = max(post.created_at for post in account.posts)
        assert (account.now - newest).total_seconds() == pytest.approx(DAY_S)
        assert len(account.posts) == 13  # one a week in 90 days


# --- shares -----------------------------------------------------------------------------------------------------------


def test_wilsons_interval_by_hand():
    none = share(0, 100)  # z2 / (n + z2) = 3.84146 / 103.84146
    assert (none.value, none.se, none.low) == (0.0, 0.0, 0.0)
    assert none.high == pytest.approx(0.036994, abs=1e-6)
    half = share(50, 100)  # 1/2 -+ z / 2 / sqrt(n + z2)
    assert half.se == pytest.approx(0.05)
    assert (half.low, half.high) == pytest.approx((0.403832, 0.596168), abs=1e-6)
    every = share(100, 100)
    assert (every.low, every.high) == (pytest.approx(1 - 0.036994, abs=1e-6), 1.0)
    assert np.isnan(share(0, 0).value)


def test_the_continuous_form_of_mass_follow_has_one_home():
    assert flags.follow_ratio is follow_ratio
